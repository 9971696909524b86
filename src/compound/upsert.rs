//! Creating what is not there, and updating what is: several calls as one.

use std::fmt;
use std::ops::Deref;

use http::StatusCode;
use serde_json::{Value, json};

use super::patience::Patience;
use crate::call::invalid_field::InvalidField;
use crate::call::options::Options;
use crate::client::Client;
use crate::generated::upsert as api;
use crate::generated::upsert::{Found, ID, Record, Request};
use crate::paging::{Identified, Page};
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;
use crate::response::typed::Response;

/// What an upsert made or changed, as it is now, and which of them it did. It derefs to the [`Response`] of the last call.
///
/// ```
/// use intercom_client::UpsertOutcome;
/// # use intercom_client::mock::MockIntercom;
/// use intercom_client::types::CreateContactRequest;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = MockIntercom::new();
/// # let client = intercom.client();
/// let ada = CreateContactRequest::with_email("ada@juniper.example").name("Ada Lovelace");
/// let contact = client.upsert_contact().body(ada.clone()).send().await?;
/// assert_eq!(contact.outcome(), UpsertOutcome::Created);
///
/// let again = client.upsert_contact().body(ada.name("Ada King")).send().await?;
/// assert_eq!(again.outcome(), UpsertOutcome::Updated);
/// assert_eq!((&again.id, again.name.as_deref()), (&contact.id, Some("Ada King")));
/// # Ok(())
/// # }
/// ```
///
/// # What holds
///
/// - The server decides what exists: by the external id, and by the email of users. It rejects a creation with a 409 whose message
///   names the existing contact: `A contact matching those details already exists with id=…`, or `An archived contact matching …`,
///   which is then unarchived. If the message names none, it is searched for by the external id, and then by email and role. The
///   search index lags: the contact that was found is retrieved, and only updated if it still has the external id or email of the
///   body. If none is found, the search is repeated within the deadline of the [`RetryPolicy`](crate::RetryPolicy).
/// - If two calls create one contact at the same moment, the server rejects one of them with a 404, `User Not Found`. That call
///   searches for the contact, and creates it again after a pause.
/// - What the body says is set, null clears, and what it leaves out stays. When the update is a conflict too, such as with
///   another contact that has the email, that is the error, and nothing was set; one that was archived is unarchived by then.
/// - After an error an upsert can be begun again. A creation whose answer was lost is repeated at once, as a PUT is, and then
///   finds what it made; [`may_have_been_created`](Self::may_have_been_created) tells so. A lead without an external id is the
///   exception, since the server can hold two of them with one email: its creation is not repeated, and the error
///   [`may_have_been_carried_out`](Error::may_have_been_carried_out).
/// - One that is archived, or is archived meanwhile, is unarchived and updated. In the place of one that is deleted or merged
///   meanwhile, another is created or updated.
/// - Somebody else can change the same contact between the conflict and the update: of a field that both set, the last value holds.
/// - The mock Intercom answers the first of the two messages where a test made or seeded such a contact; set the other by
///   `on("create_contact")`.
#[derive(Clone)]
pub struct Upserted<T> {
    response: Response<T>,
    outcome: UpsertOutcome,
    may_have_been_created: bool,
}

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpsertOutcome {
    /// There was none, and now there is.
    Created,
    /// There was one, which was updated.
    Updated,
    /// There was an archived one, which was unarchived and updated.
    Unarchived,
}

impl<T> Upserted<T> {
    /// Which of them it did.
    pub fn outcome(&self) -> UpsertOutcome {
        self.outcome
    }

    /// Whether what was updated may be what this very call created before: the answer to its first attempt was lost. Always
    /// false where the outcome is [`Created`](UpsertOutcome::Created).
    pub fn may_have_been_created(&self) -> bool {
        self.may_have_been_created
    }

    /// The answer of the last call.
    pub fn into_response(self) -> Response<T> {
        self.response
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.response.into_inner()
    }
}

impl<T> Deref for Upserted<T> {
    type Target = Response<T>;

    fn deref(&self) -> &Response<T> {
        &self.response
    }
}

impl<T: fmt::Debug> fmt::Debug for Upserted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upserted")
            .field("outcome", &self.outcome)
            .field("may_have_been_created", &self.may_have_been_created)
            .field("response", &self.response)
            .finish()
    }
}

/// How often a creation is sent if the existing contact is deleted before it is updated, or a race is lost.
const MAX_CREATIONS: u32 = 3;
/// How often the search index is asked for a contact that it does not know yet.
const MAX_PAUSES: u32 = 30;

/// Creates a record, or updates the existing one.
pub(crate) async fn upsert(
    client: &Client,
    options: &Options,
    request: Result<Request, InvalidField>,
) -> Result<Upserted<Record>, Error> {
    let refuse = |what: String| ErrorContext::builder_error(ID, what);
    let request = request.map_err(|field| refuse(field.to_string()))?;
    let body = serde_json::to_value(&request).map_err(|_| refuse("the body cannot be written as JSON".to_owned()))?;
    let identity = Identity::of(&body);
    if identity.external_id.is_none() && identity.email.is_none() {
        let what = "the body has neither `email` nor `external_id`, by which it could be there already";
        return Err(refuse(what.to_owned()));
    }
    let mut creating = options.clone();
    creating.idempotent.get_or_insert(identity.is_unique());
    let mut patience = Patience::new(client.retry_policy(options), MAX_PAUSES);
    // A creation that may have been carried out stays one, whatever fails after it.
    let after = |created: bool, error: Error| error.in_context(|context| context.unknown_outcome |= created);
    let (mut may_have_been_created, mut creations) = (false, 1);
    loop {
        let call = api::create(client, creating.clone(), request.clone())?;
        let refused = match client.decoded(&call).await {
            Ok(response) => {
                return Ok(Upserted {
                    response,
                    outcome: UpsertOutcome::Created,
                    may_have_been_created: false,
                });
            }
            Err(error) if error.is_conflict() || error.is_not_found() => error,
            Err(error) => return Err(after(may_have_been_created, error)),
        };
        may_have_been_created |= refused.may_have_been_carried_out();
        let existing = existing(client, options, &identity, &refused, &mut patience).await;
        let existing = existing.map_err(|error| after(may_have_been_created, error))?;
        let archived = refused.is_conflict_with_archived();
        let changed = match &existing {
            Some(id) => change(client, options, id, &body, archived).await,
            None if refused.is_conflict() => return Err(after(may_have_been_created, refused)),
            // A race that was lost. The creation after the pause is rejected with the contact's id, or succeeds.
            None if creations < MAX_CREATIONS && patience.pause().await => Ok(None),
            None => return Err(after(may_have_been_created, refused)),
        };
        match changed {
            Ok(Some((response, outcome))) => {
                return Ok(Upserted {
                    response,
                    outcome,
                    may_have_been_created,
                });
            }
            Ok(None) if creations < MAX_CREATIONS => {}
            Ok(None) => return Err(after(may_have_been_created, refused)),
            // A contact that was not archived when it was named may have been merged into another one, which is named next.
            Err(error) if error.is_permanently_deleted() && !archived && creations == 1 => {}
            Err(error) => return Err(after(may_have_been_created, error)),
        }
        creations += 1;
    }
}

/// Returns the id of the existing contact that a creation was rejected for, if it can be found.
async fn existing(
    client: &Client,
    options: &Options,
    identity: &Identity<'_>,
    refused: &Error,
    patience: &mut Patience<'_>,
) -> Result<Option<String>, Error> {
    if let Some(id) = refused.conflicting_id() {
        return Ok(Some(id.to_owned()));
    }
    // One of several leads with this email may be another person.
    if !refused.is_conflict() && !identity.is_unique() {
        return Ok(None);
    }
    loop {
        match find(client, options, identity).await? {
            Lookup::One(id) => return Ok(Some(id)),
            Lookup::Several => return Ok(None),
            // The search index may not know it yet. After a 404, creating it again tells more.
            Lookup::Missing if refused.is_conflict() && patience.pause().await => {}
            Lookup::Missing => return Ok(None),
        }
    }
}

/// What tells one from others.
struct Identity<'a> {
    external_id: Option<&'a str>,
    email: Option<&'a str>,
    role: &'a str,
}

impl<'a> Identity<'a> {
    fn of(body: &'a Value) -> Self {
        let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty());
        Self {
            external_id: text("external_id"),
            email: text("email"),
            role: text("role").unwrap_or("user"),
        }
    }

    /// Returns `true` if a contact is the one that the request describes.
    fn matches(&self, contact: &Value) -> bool {
        let found = Identity::of(contact);
        let has_email = self
            .email
            .zip(found.email)
            .is_some_and(|(email, found)| email.trim().to_lowercase() == found.trim().to_lowercase());
        match (self.external_id, found.external_id) {
            (Some(id), Some(found)) => id == found,
            _ => has_email && self.role == found.role,
        }
    }

    /// Whether the server refuses a second one.
    fn is_unique(&self) -> bool {
        self.external_id.is_some() || self.role != "lead"
    }
}

/// What a search came to.
enum Lookup {
    /// One contact that matches the request, by its id.
    One(String),
    /// Several, so that it is unknown which of them is meant.
    Several,
    /// None, or none that still matches.
    Missing,
}

/// Searches for the contact that a rejection did not name.
async fn find(client: &Client, options: &Options, identity: &Identity<'_>) -> Result<Lookup, Error> {
    let equals = |field: &str, value: &str| json!({"field": field, "operator": "=", "value": value});
    let by_external_id = identity.external_id.map(|id| equals("external_id", id));
    let by_email = identity
        .email
        .map(|email| json!({"operator": "AND", "value": [equals("email", email), equals("role", identity.role)]}));
    let mut lookup = Lookup::Missing;
    for query in [by_external_id, by_email].into_iter().flatten() {
        let call = api::search(client, options.clone(), &json!({"query": query}))?;
        let page = client.decoded::<Found>(&call).await?;
        let found = match page.items() {
            [] => continue,
            [found] => found.identity().map(std::borrow::Cow::into_owned),
            _ => None,
        };
        let Some(id) = found else {
            lookup = Lookup::Several;
            continue;
        };
        // The index can be older than the contact, which by now may be another person's.
        match client.decoded::<Value>(&api::show(client, options.clone(), &id)?).await {
            Ok(record) if identity.matches(&record) => return Ok(Lookup::One(id)),
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lookup)
}

/// Updates the one of this id, unarchived before where that is needed; `None` when it is gone.
async fn change(
    client: &Client,
    options: &Options,
    id: &str,
    body: &Value,
    archived: bool,
) -> Result<Option<(Response<Record>, UpsertOutcome)>, Error> {
    let mut outcome = UpsertOutcome::Updated;
    if archived {
        if !unarchive(client, options, id).await? {
            return Ok(None);
        }
        outcome = UpsertOutcome::Unarchived;
    }
    loop {
        let call = api::update(client, options.clone(), id, body)?;
        match client.decoded(&call).await {
            Ok(response) => return Ok(Some((response, outcome))),
            // What is archived is not found.
            Err(error) if error.is_not_found() && outcome == UpsertOutcome::Updated => {
                if !unarchive(client, options, id).await? {
                    return Ok(None);
                }
                outcome = UpsertOutcome::Unarchived;
            }
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Unarchives the one of this id; `false` when it is gone.
async fn unarchive(client: &Client, options: &Options, id: &str) -> Result<bool, Error> {
    let mut options = options.clone();
    options.idempotent.get_or_insert(true);
    let not_unarchived = |error: &Error| error.context().error(Kind::NotUnarchived(id.into()));
    match client.bytes(&api::unarchive(client, options, id)?).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(match error.context().status() {
            Some(StatusCode::BAD_REQUEST) if says_deleted(&error) => not_unarchived(&error),
            // Of leads the server says no more than this.
            Some(StatusCode::INTERNAL_SERVER_ERROR) => not_unarchived(&error),
            _ => error,
        }),
    }
}

/// Returns `true` if the server says, by code or message, that a contact is deleted or merged, and will not be restored.
fn says_deleted(error: &Error) -> bool {
    let texts = error.errors().iter().flat_map(|error| [&error.code, &error.message]);
    texts.flatten().any(|text| {
        let text = text.to_lowercase();
        ["delet", "merged", "restor", "permanent"]
            .iter()
            .any(|word| text.contains(word))
    })
}
