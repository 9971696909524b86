//! Upserts: the requests and their order, and the outcome, for any state of the server and any
//! failure.

use std::time::Duration;

use futures_util::StreamExt;
use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::types::CreateContactRequest;
use intercom_client::types::builder::CreateContactRequestBuilder;
use intercom_client::{Client, Nullable, RetryPolicy, UpsertOutcome};
use serde_json::json;

/// A mock server with a contact, and a client with short pauses between attempts.
async fn start() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    let ada = json!({"type": "contact", "id": "66f1", "role": "user", "email": "ada@juniper.example",
        "external_id": "customer-1", "name": "Ada", "phone": "+44"});
    let other = json!({"type": "contact", "id": "77a2", "role": "lead", "email": "ada@juniper.example"});
    intercom.seed("list_contacts", [ada, other]);
    let policy = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom.client_builder().retry(policy).build().unwrap();
    (intercom, client)
}

fn ada() -> CreateContactRequestBuilder {
    CreateContactRequest::with_email("ada@juniper.example")
        .name("Ada King")
        .phone(Nullable::Null)
}

fn conflict(id: &str) -> MockResponse {
    MockResponse::error(
        409,
        "conflict",
        &format!("A contact matching those details already exists with id={id}"),
    )
}

fn conflict_with_archived(id: &str) -> MockResponse {
    let message = format!("An archived contact matching those details already exists with id={id}");
    MockResponse::error(409, "conflict", &message)
}

fn not_found() -> MockResponse {
    MockResponse::error(404, "not_found", "User Not Found")
}

/// Returns the request lines in order.
fn lines(intercom: &MockIntercom) -> Vec<String> {
    intercom
        .received()
        .iter()
        .map(intercom_client::mock::ReceivedRequest::line)
        .collect()
}

const CREATE: &str = "POST /contacts";
const UPDATE: &str = "PUT /contacts/66f1";
const UNARCHIVE: &str = "POST /contacts/66f1/unarchive";
const SEARCH: &str = "POST /contacts/search";
const SHOW: &str = "GET /contacts/66f1";

#[tokio::test]
async fn a_missing_contact_is_created_with_one_request() {
    let (intercom, client) = start().await;
    let grace = CreateContactRequest::with_external_id("customer-2").custom_attributes([("plan", json!("scale"))]);
    let created = client.upsert_contact().body(&grace).send().await.unwrap();
    assert_eq!(
        (created.outcome(), created.may_have_been_created()),
        (UpsertOutcome::Created, false)
    );
    let debug = format!("{created:?}");
    assert!(debug.starts_with("Upserted { outcome: Created, "), "{debug}");
    assert_eq!(lines(&intercom), [CREATE]);
    assert_eq!(
        intercom.received()[0].json(),
        json!({"external_id": "customer-2", "custom_attributes": {"plan": "scale"}})
    );
    let shown = client.show_contact().id(&created.id).send().await.unwrap();
    assert_eq!(*shown, created.into_inner());
}

#[tokio::test]
async fn an_existing_contact_is_updated_with_the_same_body() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict("66f1"));
    let upsert = client
        .upsert_contact()
        .body(ada())
        .body_map(|b| b.extra("sms_consent", true));
    let updated = upsert.send().await.unwrap();
    assert_eq!(
        (updated.outcome(), updated.may_have_been_created()),
        (UpsertOutcome::Updated, false)
    );
    assert_eq!(
        (updated.id.as_deref(), updated.name.as_deref()),
        (Some("66f1"), Some("Ada King"))
    );
    assert_eq!(
        (&updated.phone, updated.external_id.as_deref()),
        (&None, Some("customer-1")),
        "null clears a field, an absent field is kept"
    );
    assert!(updated.request_id().is_some());
    assert_eq!(lines(&intercom), [CREATE, UPDATE]);
    let [created, updated] = [0, 1].map(|number| intercom.received()[number].json());
    assert_eq!(created, updated);
    assert_eq!(
        updated,
        json!({"email": "ada@juniper.example", "name": "Ada King", "phone": null, "sms_consent": true})
    );
}

#[tokio::test]
async fn an_archived_contact_is_unarchived_first() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict_with_archived("66f1"));
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(
        (contact.outcome(), contact.name.as_deref()),
        (UpsertOutcome::Unarchived, Some("Ada King"))
    );
    assert_eq!(lines(&intercom), [CREATE, UNARCHIVE, UPDATE]);
}

#[tokio::test]
async fn a_contact_that_is_archived_before_the_update_is_unarchived() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict("66f1"));
    intercom.on("update_contact").respond_once(not_found());
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Unarchived);
    assert_eq!(lines(&intercom), [CREATE, UPDATE, UNARCHIVE, UPDATE]);
}

#[tokio::test]
async fn a_contact_that_is_deleted_before_the_update_is_created() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond_once(conflict("66f1"));
    client.delete_contact().id("66f1").send().await.unwrap();
    intercom.clear_received();
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Created);
    assert_eq!(lines(&intercom), [CREATE, UPDATE, UNARCHIVE, CREATE]);

    // A server that reports a contact that does not exist is not asked forever.
    intercom.on("create_contact").respond(conflict("66f1"));
    intercom.clear_received();
    let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
    assert_eq!((error.is_conflict(), error.conflicting_id()), (true, Some("66f1")));
    assert_eq!(lines(&intercom), [CREATE, UPDATE, UNARCHIVE].repeat(3));
}

#[tokio::test]
async fn a_contact_that_is_merged_before_the_update_is_replaced_by_the_other() {
    let (intercom, client) = start().await;
    intercom
        .on("create_contact")
        .respond_once(conflict("77a2"))
        .respond_once(conflict("66f1"));
    client.delete_contact().id("77a2").send().await.unwrap();
    intercom.clear_received();
    let rejection = MockResponse::error(400, "parameter_invalid", "The contact is marked for permanent deletion");
    intercom.on("unarchive_contact").respond(rejection);
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(
        (contact.outcome(), contact.id.as_deref()),
        (UpsertOutcome::Updated, Some("66f1"))
    );
    let merged = ["PUT /contacts/77a2", "POST /contacts/77a2/unarchive"];
    assert_eq!(lines(&intercom), [CREATE, merged[0], merged[1], CREATE, UPDATE]);

    // If the server reports the same contact again, that is the error.
    intercom.on("create_contact").respond(conflict("77a2"));
    intercom.clear_received();
    let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
    assert!(error.is_permanently_deleted(), "{error}");
    assert_eq!(lines(&intercom).len(), 6);
}

#[tokio::test]
async fn contacts_are_upserted_in_bulk() {
    let (intercom, client) = start().await;
    intercom
        .on("create_contact")
        .respond_with(|request| (request.json()["email"] == "ada@juniper.example").then(|| conflict("66f1")));
    let contacts = ["grace@juniper.example", "ada@juniper.example"].map(CreateContactRequest::with_email);
    let bulk = client.bulk(&contacts, |client, contact| {
        client.upsert_contact().body(*contact).send()
    });
    let outcomes: Vec<_> = bulk.map(|done| done.result.unwrap().outcome()).collect().await;
    assert_eq!(outcomes, [UpsertOutcome::Created, UpsertOutcome::Updated]);
}

#[tokio::test]
async fn a_contact_that_cannot_be_unarchived_is_a_clear_error() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict_with_archived("66f1"));
    let rejection = MockResponse::error(400, "parameter_invalid", "marked for permanent deletion");
    intercom.on("unarchive_contact").respond(rejection);
    let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
    assert!(error.is_permanently_deleted() && error.is_invalid_request() && !error.is_retryable());
    assert_eq!(error.conflicting_id(), Some("66f1"));
    let text = error.to_string();
    let start = "unarchive_contact: 66f1 is archived and cannot be unarchived because it is marked for permanent deletion: \
                  400 parameter_invalid: marked for permanent deletion (request mock-";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(lines(&intercom), [CREATE, UNARCHIVE]);

    // For leads, the server responds with a persistent 500.
    intercom
        .on("unarchive_contact")
        .respond(MockResponse::error(500, "server_error", "oops"));
    intercom.clear_received();
    let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
    assert!(error.is_permanently_deleted() && error.is_retryable(), "{error}");
    assert_eq!(lines(&intercom), [CREATE, UNARCHIVE, UNARCHIVE]);

    // Any other error is returned unchanged: only the words of the server mean that the contact is
    // going to be deleted.
    for (status, code, message) in [
        (403, "forbidden", "no"),
        (
            400,
            "intercom_version_invalid",
            "The requested version could not be found",
        ),
        (400, "parameter_invalid", "no"),
        (400, "parameter_deleted", "The parameter was deleted from this version"),
        (400, "parameter_invalid", "permanent tags cannot be merged or restored"),
        (422, "parameter_invalid", "marked for permanent deletion"),
    ] {
        intercom
            .on("unarchive_contact")
            .respond(MockResponse::error(status, code, message));
        let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert!(!error.is_permanently_deleted(), "{error}");
    }
}

#[tokio::test]
async fn a_creation_whose_response_is_lost_is_retried_and_finds_the_contact() {
    let (intercom, client) = start().await;
    let grace = CreateContactRequest::with_email("grace@juniper.example");
    // The contact of the first attempt, whose id the second attempt reports.
    let created = client.create_contact().body(grace.clone()).send().await.unwrap();
    let id = created.id.as_deref().unwrap();
    intercom.clear_received();
    intercom
        .on("create_contact")
        .respond_once(MockResponse::dropped())
        .respond_once(conflict(id));
    let contact = client.upsert_contact().body(grace.clone()).send().await.unwrap();
    assert_eq!(
        (contact.outcome(), contact.may_have_been_created()),
        (UpsertOutcome::Updated, true)
    );
    assert_eq!(lines(&intercom), [CREATE, CREATE, &format!("PUT /contacts/{id}")]);

    // The error of a later request also reports it.
    intercom
        .on("create_contact")
        .respond_once(MockResponse::dropped())
        .respond_once(conflict(id));
    intercom
        .on("update_contact")
        .respond_once(MockResponse::error(422, "parameter_invalid", "no"));
    let error = client.upsert_contact().body(grace.clone()).send().await.unwrap_err();
    assert!(
        error.is_invalid_request() && error.may_have_been_carried_out(),
        "{error}"
    );

    // The caller can disable the retry.
    intercom.clear_received();
    intercom.on("create_contact").respond_once(MockResponse::dropped());
    let error = client
        .upsert_contact()
        .body(grace)
        .idempotent(false)
        .send()
        .await
        .unwrap_err();
    assert!(error.may_have_been_carried_out(), "{error}");
    assert_eq!(lines(&intercom), [CREATE]);
}

/// Two leads can have the same email.
#[tokio::test]
async fn a_lead_is_not_created_twice_if_the_response_is_lost() {
    let (intercom, client) = start().await;
    intercom
        .on("create_contact")
        .respond_once(MockResponse::dropped().after_carrying_out());
    let lead = CreateContactRequest::with_role("lead").email("lead@juniper.example");
    let error = client.upsert_contact().body(lead.clone()).send().await.unwrap_err();
    assert!(error.may_have_been_carried_out(), "{error}");
    assert_eq!(lines(&intercom), [CREATE]);
    // An external id is unique.
    intercom.on("create_contact").respond_once(MockResponse::dropped());
    client
        .upsert_contact()
        .body(lead.external_id("lead-1"))
        .send()
        .await
        .unwrap();
    assert_eq!(lines(&intercom), [CREATE; 3]);
}

#[tokio::test]
async fn a_later_request_whose_response_is_lost_is_retried() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict_with_archived("66f1"));
    intercom
        .on("unarchive_contact")
        .respond_once(MockResponse::dropped().after_carrying_out());
    intercom.on("update_contact").respond_once(
        MockResponse::json(json!({"id": "66f1"}))
            .truncate(3)
            .after_carrying_out(),
    );
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Unarchived);
    assert_eq!(lines(&intercom), [CREATE, UNARCHIVE, UNARCHIVE, UPDATE, UPDATE]);
    // An upsert that failed can be repeated.
    intercom
        .on("update_contact")
        .respond(MockResponse::error(503, "unavailable", "later"));
    assert!(
        client
            .upsert_contact()
            .body(ada())
            .send()
            .await
            .unwrap_err()
            .is_retryable()
    );
    intercom.on("update_contact").reset();
    intercom.on("create_contact").respond(conflict("66f1"));
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Updated);
}

#[tokio::test]
async fn the_contact_of_a_conflict_without_an_id_is_searched_for() {
    let (intercom, client) = start().await;
    // `external_id` is not the id of the contact.
    intercom.on("create_contact").respond(MockResponse::error(
        409,
        "conflict",
        "exists already with external_id=77",
    ));
    // By email and role, because a lead has the same email.
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(
        (contact.outcome(), contact.id.as_deref()),
        (UpsertOutcome::Updated, Some("66f1"))
    );
    assert_eq!(lines(&intercom), [CREATE, SEARCH, SHOW, UPDATE]);
    // By external id first.
    intercom.clear_received();
    let upsert = client.upsert_contact().body(ada().external_id("customer-1"));
    assert_eq!(upsert.send().await.unwrap().id.as_deref(), Some("66f1"));
    let query = json!({"field": "external_id", "operator": "=", "value": "customer-1"});
    assert_eq!(intercom.calls("search_contacts")[0].json(), json!({"query": query}));
    // If several contacts match, none is updated.
    let twins =
        ["1", "2"].map(|id| json!({"type": "contact", "id": id, "role": "user", "email": "ada@juniper.example"}));
    intercom.seed("list_contacts", twins);
    intercom.clear_received();
    let error = client
        .upsert_contact()
        .body(ada().external_id("customer-1"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_conflict() && error.conflicting_id().is_none(), "{error}");
    assert_eq!(lines(&intercom), [CREATE, SEARCH, SEARCH]);
}

#[tokio::test]
async fn a_conflict_of_the_update_is_returned() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict("66f1"));
    intercom.on("update_contact").respond(conflict("77a2"));
    let error = client.upsert_contact().body(ada()).send().await.unwrap_err();
    assert_eq!(
        (error.operation(), error.conflicting_id()),
        ("update_contact", Some("77a2"))
    );
    assert_eq!(lines(&intercom), [CREATE, UPDATE]);
}

#[tokio::test]
async fn settings_apply_to_all_requests_and_invalid_bodies_are_not_sent() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond(conflict_with_archived("66f1"));
    client
        .upsert_contact()
        .body(ada())
        .header("x-batch", "7")
        .send()
        .await
        .unwrap();
    let headers: Vec<_> = intercom
        .received()
        .iter()
        .map(|request| request.header("x-batch").map(str::to_owned))
        .collect();
    assert_eq!(headers, vec![Some("7".to_owned()); 3]);

    intercom.clear_received();
    for (body, message) in [
        (
            json!({"role": "lead"}),
            "upsert_contact: the body has neither `email` nor `external_id`",
        ),
        (
            json!({"email": ""}),
            "upsert_contact: the body has neither `email` nor `external_id`",
        ),
        (
            json!({"email": null, "external_id": 7}),
            "upsert_contact: the body has neither `email` nor `external_id`",
        ),
    ] {
        let error = client.upsert_contact().body(body).send().await.unwrap_err();
        assert!(error.is_builder() && error.to_string().starts_with(message), "{error}");
    }
    let error = client.upsert_contact().send().await.unwrap_err();
    assert!(error.is_builder() && error.to_string().contains("body"), "{error}");
    assert_eq!(lines(&intercom), [""; 0]);
    let unauthorized = intercom.client_builder().token("wrong").build().unwrap();
    let error = unauthorized.upsert_contact().body(json!({"email": "a"}));
    assert!(error.send().await.unwrap_err().is_unauthorized());
}

/// If two calls create a contact at the same time, the server rejects one of them with a 404.
#[tokio::test]
async fn a_creation_that_lost_the_race_finds_the_contact() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond_once(not_found());
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(
        (
            contact.outcome(),
            contact.id.as_deref(),
            contact.may_have_been_created()
        ),
        (UpsertOutcome::Updated, Some("66f1"), false)
    );
    assert_eq!(lines(&intercom), [CREATE, SEARCH, SHOW, UPDATE]);

    // While the search index lags, the next creation is rejected with the id.
    intercom.clear_received();
    intercom
        .on("create_contact")
        .respond_once(not_found())
        .respond_once(conflict("66f1"));
    intercom
        .on("search_contacts")
        .respond(MockResponse::json(json!({"data": []})));
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Updated);
    assert_eq!(lines(&intercom), [CREATE, SEARCH, CREATE, UPDATE]);

    // Or the next creation succeeds.
    intercom.clear_received();
    intercom.on("create_contact").respond_once(not_found());
    let grace = CreateContactRequest::with_email("grace@juniper.example");
    let contact = client.upsert_contact().body(grace.clone()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Created);
    assert_eq!(lines(&intercom), [CREATE, SEARCH, CREATE]);

    // The number of attempts is limited.
    intercom.clear_received();
    intercom.on("create_contact").respond(not_found());
    let error = client.upsert_contact().body(grace.clone()).send().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(lines(&intercom), [CREATE, SEARCH].repeat(3));

    // A policy of one attempt has no further creation.
    intercom.clear_received();
    let single = client.upsert_contact().body(grace).retry(RetryPolicy::none());
    assert!(single.send().await.unwrap_err().is_not_found());
    assert_eq!(lines(&intercom), [CREATE, SEARCH]);
}

/// Several leads can have the same email.
#[tokio::test]
async fn a_lead_that_lost_the_race_does_not_update_another_lead() {
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond_once(not_found());
    let lead = CreateContactRequest::with_role("lead").email("ada@juniper.example");
    let contact = client.upsert_contact().body(lead).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Created);
    assert_eq!(lines(&intercom), [CREATE, CREATE]);
}

/// The search index can lag behind the conflict.
#[tokio::test]
async fn the_search_is_repeated_while_the_index_lags() {
    let (intercom, client) = start().await;
    intercom
        .on("create_contact")
        .respond(MockResponse::error(409, "conflict", "exists already"));
    let empty = MockResponse::json(json!({"type": "list", "data": []}));
    for _ in 0..4 {
        intercom.on("search_contacts").respond_once(empty.clone());
    }
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Updated);
    let searches = [CREATE, SEARCH, SEARCH, SEARCH, SEARCH, SEARCH, SHOW, UPDATE];
    assert_eq!(lines(&intercom), searches);

    // The deadline limits it, and a policy of one attempt has no pauses.
    intercom.on("search_contacts").respond(empty);
    let short = RetryPolicy::default()
        .base(Duration::from_millis(20))
        .deadline(Duration::from_millis(200));
    for (policy, max) in [(short, 5), (RetryPolicy::none(), 1)] {
        intercom.clear_received();
        let error = client
            .upsert_contact()
            .body(ada())
            .retry(policy)
            .send()
            .await
            .unwrap_err();
        assert!(error.is_conflict(), "{error}");
        let searches = intercom.calls("search_contacts").len();
        assert!((1..=max).contains(&searches), "{searches}");
    }
}

/// The search index can be older than the contact.
#[tokio::test]
async fn another_persons_contact_is_not_updated() {
    for found in [
        // The email was removed or changed.
        json!({"email": "other@juniper.example", "role": "user"}),
        json!({"email": null, "role": "user"}),
        json!({"email": "ada@juniper.example", "role": "lead"}),
        json!({"email": "ada@juniper.example", "role": "user", "external_id": "customer-9"}),
    ] {
        let (intercom, client) = start().await;
        intercom
            .on("create_contact")
            .respond(MockResponse::error(409, "conflict", "exists already"));
        let stale = json!({"type": "contact", "id": "66f1", "role": "user", "email": "ada@juniper.example"});
        let stale = json!({"type": "list", "data": [stale]});
        intercom.on("search_contacts").respond(MockResponse::json(stale));
        let mut record = found.clone();
        record["id"] = "66f1".into();
        intercom.on("show_contact").respond(MockResponse::json(record));
        let short = RetryPolicy::default()
            .base(Duration::from_millis(1))
            .deadline(Duration::from_millis(100));
        let upsert = client.upsert_contact().body(ada().external_id("customer-1"));
        let error = upsert.retry(short).send().await.unwrap_err();
        assert!(error.is_conflict(), "{found}: {error}");
        assert!(intercom.calls("update_contact").is_empty(), "{found}");
    }
    // The comparison of emails is case-insensitive.
    let (intercom, client) = start().await;
    intercom
        .on("create_contact")
        .respond(MockResponse::error(409, "conflict", "exists already"));
    let record = json!({"type": "contact", "id": "66f1", "role": "user", "email": "Ada@Juniper.example"});
    intercom.on("show_contact").respond(MockResponse::json(record));
    let contact = client.upsert_contact().body(ada()).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Updated);
}

const COMPANIES: &str = "POST /companies";

fn unique_company_constraint() -> MockResponse {
    MockResponse::error(400, "unique_company_constraint", "Company already exists.")
}

/// If two calls create a company at the same time, the rejected one succeeds when it is sent again.
#[tokio::test]
async fn a_company_that_lost_the_race_is_sent_again() {
    let (intercom, client) = start().await;
    for lost in [
        unique_company_constraint(),
        MockResponse::error(404, "company_not_found", "Company Not Found"),
        MockResponse::dropped(),
    ] {
        intercom.clear_received();
        intercom.on("create_or_update_company").respond_once(lost);
        let company = client
            .upsert_company()
            .body_map(|b| b.company_id("c-1").name("Juniper"));
        let company = company.send().await.unwrap();
        assert_eq!(company.company_id.as_deref(), Some("c-1"));
        assert_eq!(lines(&intercom), [COMPANIES, COMPANIES]);
        let [first, second] = [0, 1].map(|number| intercom.received()[number].json());
        assert_eq!(first, second);
    }
}

#[tokio::test]
async fn a_company_that_is_always_rejected_is_an_error() {
    let (intercom, client) = start().await;
    let company = || client.upsert_company().body_map(|b| b.company_id("c-1"));
    for (answer, sent) in [
        (unique_company_constraint(), 6),
        (MockResponse::error(400, "parameter_invalid", "no"), 1),
        (MockResponse::error(404, "intercom_version_invalid", "no"), 1),
        (MockResponse::error(403, "forbidden", "no"), 1),
    ] {
        intercom.clear_received();
        intercom.on("create_or_update_company").respond(answer);
        let error = company().send().await.unwrap_err();
        assert!(!error.may_have_been_carried_out(), "{error}");
        assert_eq!(lines(&intercom), [COMPANIES].repeat(sent), "{error}");
    }
    intercom.clear_received();
    intercom
        .on("create_or_update_company")
        .respond(unique_company_constraint());
    let error = company().retry(RetryPolicy::none()).send().await.unwrap_err();
    assert_eq!(error.code(), Some("unique_company_constraint"));
    assert_eq!(lines(&intercom), [COMPANIES]);
}

#[tokio::test]
async fn a_company_without_its_key_is_not_sent() {
    let (intercom, client) = start().await;
    for upsert in [
        client.upsert_company(),
        client.upsert_company().body_map(|b| b.name("Juniper")),
        client.upsert_company().body(json!({"company_id": ""})),
        client.upsert_company().body(json!({"company_id": null})),
    ] {
        let error = upsert.send().await.unwrap_err();
        assert!(error.is_builder(), "{error}");
        assert_eq!(
            error.to_string(),
            "upsert_company: the body has no `company_id` to identify the record by"
        );
    }
    assert!(lines(&intercom).is_empty());
}
