//! Upserts of contacts: create a contact, or update the existing one.

use std::fmt;
use std::ops::Deref;

use http::StatusCode;
use serde_json::{Value, json};

use super::backoff::Backoff;
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

/// The record that an upsert created or updated. Dereferences to the [`Response`] of the last
/// request.
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
/// # Which contact is updated
///
/// The server identifies contacts by `external_id`, and users also by `email`. An upsert first
/// sends a creation:
///
/// - If the contact exists, the server responds with a 409. The message contains the id of the
///   contact (`A contact matching those details already exists with id=…`), and the upsert updates
///   that contact.
/// - If the contact is archived (`An archived contact matching …`), it is unarchived first.
/// - If the message contains no id, the contact is searched for by `external_id`, then by `email`
///   and `role`. The search index lags, so the contact found is retrieved, and updated only if its
///   `external_id` or `email` still matches. The search is repeated until the deadline of the
///   [`RetryPolicy`](crate::RetryPolicy).
///
/// # What is updated
///
/// Fields in the body are set, `null` clears a field, and absent fields keep their value. If the
/// update fails because it conflicts with another contact, for example one with the same email, no
/// field is changed. A contact that was unarchived for the update stays unarchived.
///
/// # Concurrent changes
///
/// - If two calls create the same contact at the same time, the server rejects one of them with a
///   404, `User Not Found`. The upsert then searches for the contact, or creates it again after a
///   pause.
/// - If the contact is deleted or merged before the update, the upsert creates a new contact or
///   updates the one it was merged into.
/// - If another client changes the same field between the conflict and the update, the last write
///   wins.
///
/// # Retries
///
/// A failed upsert can be repeated. A creation whose response was lost is retried like a PUT, and
/// the retry finds the contact that the first attempt created;
/// [`may_have_been_created`](Self::may_have_been_created) is then `true`. A lead without an
/// `external_id` is an exception, because the server accepts several leads with one email: its
/// creation is not retried, and the error reports
/// [`may_have_been_carried_out`](Error::may_have_been_carried_out).
///
/// # Testing
///
/// The mock responds with a 409 for contacts that the test created or seeded. Set other responses
/// with `on("create_contact")`.
#[derive(Clone)]
pub struct Upserted<T> {
    response: Response<T>,
    outcome: UpsertOutcome,
    may_have_been_created: bool,
}

/// The action of an upsert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpsertOutcome {
    /// A new record was created.
    Created,
    /// An existing record was updated.
    Updated,
    /// An archived record was unarchived and updated.
    Unarchived,
}

impl<T> Upserted<T> {
    /// Returns whether the record was created, updated, or unarchived and updated.
    #[doc(alias = "created")]
    #[doc(alias = "is_created")]
    pub fn outcome(&self) -> UpsertOutcome {
        self.outcome
    }

    /// Returns `true` if the updated record may have been created by an earlier attempt of this
    /// upsert, whose response was lost.
    ///
    /// Always `false` if the outcome is [`Created`](UpsertOutcome::Created).
    pub fn may_have_been_created(&self) -> bool {
        self.may_have_been_created
    }

    /// Returns the response of the last request.
    pub fn into_response(self) -> Response<T> {
        self.response
    }

    /// Returns the record.
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

/// The maximum number of creations sent when the contact is deleted before the update, or a race is
/// lost.
const MAX_CREATIONS: u32 = 3;
/// The maximum number of pauses while the search index does not contain the contact.
const MAX_PAUSES: u32 = 30;
/// The words in the message of a 400 that rejects unarchiving, if the contact is going to be
/// deleted. Its code is unknown.
const PERMANENTLY_DELETED: &str = "marked for permanent deletion";

/// Creates a record, or updates the existing one.
pub(crate) async fn upsert(
    client: &Client,
    options: &Options,
    request: Result<Request, InvalidField>,
) -> Result<Upserted<Record>, Error> {
    let invalid = |what: String| ErrorContext::builder_error(ID, what);
    let request = request.map_err(|field| invalid(field.to_string()))?;
    let body = serde_json::to_value(&request).map_err(|_| invalid("the body cannot be written as JSON".to_owned()))?;
    let key = ContactKey::of(&body);
    if key.external_id.is_none() && key.email.is_none() {
        let what = "the body has neither `email` nor `external_id` to identify the contact by";
        return Err(invalid(what.to_owned()));
    }
    let mut create_options = options.clone();
    create_options.idempotent.get_or_insert(key.is_unique());
    let mut backoff = Backoff::new(client.retry_policy(options), MAX_PAUSES);
    // A creation with an unknown outcome makes the outcome of every later error unknown.
    let after = |created: bool, error: Error| error.in_context(|context| context.unknown_outcome |= created);
    let (mut may_have_been_created, mut creations) = (false, 1);
    loop {
        let call = api::create(client, create_options.clone(), request.clone())?;
        let rejection = match client.decoded(&call).await {
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
        may_have_been_created |= rejection.may_have_been_carried_out();
        let existing = existing(client, options, &key, &rejection, &mut backoff).await;
        let existing = existing.map_err(|error| after(may_have_been_created, error))?;
        let archived = rejection.is_conflict_with_archived();
        let updated = match &existing {
            Some(id) => update(client, options, id, &body, archived).await,
            None if rejection.is_conflict() => return Err(after(may_have_been_created, rejection)),
            // A lost race. After a pause, the creation either is rejected with the contact's id, or
            // succeeds.
            None if creations < MAX_CREATIONS && backoff.pause().await => Ok(None),
            None => return Err(after(may_have_been_created, rejection)),
        };
        match updated {
            Ok(Some((response, outcome))) => {
                return Ok(Upserted {
                    response,
                    outcome,
                    may_have_been_created,
                });
            }
            Ok(None) if creations < MAX_CREATIONS => {}
            Ok(None) => return Err(after(may_have_been_created, rejection)),
            // A contact that was not archived when the conflict was reported may have been merged
            // since. The next conflict reports the contact it was merged into.
            Err(error) if error.is_permanently_deleted() && !archived && creations == 1 => {}
            Err(error) => return Err(after(may_have_been_created, error)),
        }
        creations += 1;
    }
}

/// Returns the id of the existing contact for which a creation was rejected, if it can be
/// determined.
async fn existing(
    client: &Client,
    options: &Options,
    key: &ContactKey<'_>,
    rejection: &Error,
    backoff: &mut Backoff<'_>,
) -> Result<Option<String>, Error> {
    if let Some(id) = rejection.conflicting_id() {
        return Ok(Some(id.to_owned()));
    }
    // Several leads can have this email, so a lead found by it may be another person.
    if !rejection.is_conflict() && !key.is_unique() {
        return Ok(None);
    }
    loop {
        match find(client, options, key).await? {
            Lookup::One(id) => return Ok(Some(id)),
            Lookup::Several => return Ok(None),
            // The search index may lag. After a 404, another creation is more conclusive than
            // another search.
            Lookup::Missing if rejection.is_conflict() && backoff.pause().await => {}
            Lookup::Missing => return Ok(None),
        }
    }
}

/// The fields by which the server identifies a contact.
struct ContactKey<'a> {
    external_id: Option<&'a str>,
    email: Option<&'a str>,
    role: &'a str,
}

impl<'a> ContactKey<'a> {
    fn of(contact: &'a Value) -> Self {
        let text = |name: &str| contact.get(name)?.as_str().filter(|text| !text.is_empty());
        Self {
            external_id: text("external_id"),
            email: text("email"),
            role: text("role").unwrap_or("user"),
        }
    }

    /// Returns `true` if the contact has this key.
    fn matches(&self, contact: &Value) -> bool {
        let other = ContactKey::of(contact);
        let same_email = self
            .email
            .zip(other.email)
            .is_some_and(|(email, other)| email.trim().to_lowercase() == other.trim().to_lowercase());
        match (self.external_id, other.external_id) {
            (Some(id), Some(other)) => id == other,
            _ => same_email && self.role == other.role,
        }
    }

    /// Returns `true` if the server rejects a second contact with this key.
    fn is_unique(&self) -> bool {
        self.external_id.is_some() || self.role != "lead"
    }
}

/// The result of a search for an existing contact.
enum Lookup {
    /// The id of the only contact that matches.
    One(String),
    /// Several contacts match, so it is unknown which one the request is about.
    Several,
    /// No contact matches.
    Missing,
}

/// Searches for the contact of a rejection that contains no id.
async fn find(client: &Client, options: &Options, key: &ContactKey<'_>) -> Result<Lookup, Error> {
    let equals = |field: &str, value: &str| json!({"field": field, "operator": "=", "value": value});
    let by_external_id = key.external_id.map(|id| equals("external_id", id));
    let by_email = key
        .email
        .map(|email| json!({"operator": "AND", "value": [equals("email", email), equals("role", key.role)]}));
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
        // The index can be older than the contact, whose email or external id may have changed
        // since.
        match client.decoded::<Value>(&api::show(client, options.clone(), &id)?).await {
            Ok(record) if key.matches(&record) => return Ok(Lookup::One(id)),
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lookup)
}

/// Updates a contact, and unarchives it first if necessary. Returns `None` if it no longer exists.
async fn update(
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
            // The server responds with a 404 for an archived contact.
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

/// Unarchives a contact. Returns `false` if it no longer exists.
async fn unarchive(client: &Client, options: &Options, id: &str) -> Result<bool, Error> {
    let mut options = options.clone();
    options.idempotent.get_or_insert(true);
    let not_unarchived = |error: &Error| error.context().error(Kind::NotUnarchived(id.into()));
    match client.bytes(&api::unarchive(client, options, id)?).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(match error.context().status() {
            Some(StatusCode::BAD_REQUEST) if is_marked_for_deletion(&error) => not_unarchived(&error),
            // For leads, the server responds with a persistent 500 instead.
            Some(StatusCode::INTERNAL_SERVER_ERROR) => not_unarchived(&error),
            _ => error,
        }),
    }
}

/// Returns `true` if the server rejected unarchiving because the contact is going to be deleted.
fn is_marked_for_deletion(error: &Error) -> bool {
    let messages = error.errors().iter().filter_map(|error| error.message.as_deref());
    messages
        .map(str::to_lowercase)
        .any(|message| message.contains(PERMANENTLY_DELETED))
}
