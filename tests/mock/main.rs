//! The mock rejects what the API rejects, stores records, and sends the responses that a test sets.

mod errors;
mod programs;
mod published;
mod sdks;
mod state;
mod users;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use intercom_client::mock::{self, MockIntercom, MockResponse};
use intercom_client::search::{Order, field};
use intercom_client::types::{Contact, ContactList, CreateContactRequest, CreateTagRequest, ReplyConversationRequest};
use intercom_client::{ApiVersion, Client, Method, Nullable, RetryPolicy};
use operation_tables::OPERATIONS;
use serde_json::{Value, json};

/// Creates a mock, and a client without retries.
fn start() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    (intercom, client)
}

#[tokio::test]
async fn requests_with_a_wrong_token_or_version_are_rejected() {
    let intercom = MockIntercom::builder().token("right").serve().await;
    let wrong = Client::builder("wrong").base_url(intercom.url()).build().unwrap();
    let error = wrong.identify_admin().send().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let old = intercom.client_builder().api_version(ApiVersion::V1_0).build().unwrap();
    let error = old.identify_admin().send().await.unwrap_err();
    assert_eq!(error.code(), Some("intercom_version_invalid"));
    let without_version = reqwest::Client::new()
        .get(format!("{}/me", intercom.url()))
        .bearer_auth("right");
    assert_eq!(without_version.send().await.unwrap().status(), 400);
    intercom.client().identify_admin().send().await.unwrap();
}

#[tokio::test]
async fn api_version_can_be_set() {
    let newer: ApiVersion = "2.14".parse().unwrap();
    let intercom = MockIntercom::builder().api_version(newer).build();
    let me = intercom.client().identify_admin().send().await.unwrap();
    assert_eq!(me.headers().get("intercom-version").unwrap(), "2.14");
    assert_eq!(intercom.received()[0].header("intercom-version"), Some("2.14"));
    let default = intercom.client_builder().api_version(ApiVersion::default()).build();
    let error = default.unwrap().identify_admin().send().await.unwrap_err();
    assert_eq!(error.code(), Some("intercom_version_invalid"));
}

#[tokio::test]
async fn unknown_records_and_paths_are_not_found() {
    let (_intercom, client) = start();
    let known = client.retrieve_conversation().id("215478120045").send().await.unwrap();
    assert_eq!(known.id.as_deref(), Some("215478120045"));
    let documented = client.retrieve_conversation().id("1").send().await.unwrap_err();
    assert!(
        documented.is_not_found() && documented.request_id().is_some(),
        "{documented}"
    );
    let undocumented = client.show_contact().id("nobody").send().await.unwrap_err();
    assert!(undocumented.is_not_found(), "{undocumented}");
    let notes = client.list_notes().id("nobody").send().await.unwrap_err();
    assert!(notes.is_not_found(), "{notes}");
    let unknown_path = client
        .request(Method::GET, "/nowhere")
        .send::<Value>()
        .await
        .unwrap_err();
    assert!(unknown_path.is_not_found(), "{unknown_path}");
    let missing_parameter = client
        .request(Method::GET, "/events")
        .send::<Value>()
        .await
        .unwrap_err();
    assert_eq!(missing_parameter.code(), Some("parameter_not_found"));
}

/// Calls every operation with the request and the records of the description's examples.
#[tokio::test]
async fn every_operation_responds_as_described() {
    let description: Value = serde_json::from_str(operation_tables::DESCRIPTION).unwrap();
    let mut mismatches = Vec::new();
    for operation in OPERATIONS {
        let intercom = MockIntercom::new();
        let described = &description["paths"][operation.path][operation.method.to_lowercase()];
        let body = operation.request.map(|_| {
            let examples = described["requestBody"]["content"]["application/json"]["examples"].as_object();
            examples
                .and_then(|examples| examples.values().next())
                .map_or(json!({}), |example| example["value"].clone())
        });
        let mut arguments = BTreeMap::new();
        for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
            let value = match parameter.in_path {
                true => example_id(&description, operation.path, parameter.name),
                false if parameter.name == "type" => "user".to_owned(),
                false if parameter.name == "user_id" => "3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90".to_owned(),
                false => "1700000000".to_owned(),
            };
            arguments.insert(parameter.name.to_owned(), value);
        }
        let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
        let mut body = body;
        let conversation = "215478120045";
        match operation.id {
            "list_data_events" => drop(arguments.insert("user_id".to_owned(), "usr-1001".to_owned())),
            "redact_conversation" => {
                let note = ReplyConversationRequest::admin_note(4021337, "A secret");
                let reply = client.reply_conversation().id(conversation).body(note).await.unwrap();
                let part = &reply.conversation_parts.as_ref().unwrap().conversation_parts[0];
                body.as_mut().unwrap()["conversation_part_id"] = json!(part.id);
            }
            "detach_tag_from_conversation" => {
                let attach = client.attach_tag_to_conversation().id(conversation);
                attach.body(json!({"id": "88121", "admin_id": 4021337})).await.unwrap();
                arguments.insert("id".to_owned(), "88121".to_owned());
            }
            "detach_contact_from_conversation" => {
                let contact = "66f1c2a9d04b7e8351aa0c15";
                let add = json!({"admin_id": 4021337, "customer": {"intercom_user_id": contact}});
                let path = format!("/conversations/{conversation}/customers");
                client
                    .request(Method::POST, &path)
                    .json(&add)
                    .send::<Value>()
                    .await
                    .unwrap();
                arguments.insert("contact_id".to_owned(), contact.to_owned());
            }
            _ => {}
        }
        match (operation.call)(&client, &arguments, body).await {
            Ok(response) => {
                let calls = intercom.calls(operation.id);
                assert_eq!(calls.len(), 1, "{}", operation.id);
                if let Err(error) = (operation.response)(&response.value) {
                    mismatches.push(format!("{}: {error}", operation.id));
                }
            }
            Err(error) => mismatches.push(format!("{} {arguments:?}: {error}", operation.id)),
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

/// Returns the id of an example record for a path parameter, from an operation on the path up to
/// this parameter.
fn example_id(description: &Value, path: &str, name: &str) -> String {
    let shape = |path: &str| {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let example = |item: &Value, method: &str| {
        let examples = &item[method]["responses"]["200"]["content"]["application/json"]["examples"];
        Some(examples.as_object()?.values().next()?["value"].clone())
    };
    let text = |id: &Value| id.as_str().map_or(id.to_string(), str::to_owned);
    let list_path = shape(path.split_once(&format!("{{{name}}}")).unwrap().0.trim_end_matches('/'));
    let paths = description["paths"].as_object().unwrap();
    let example_at = |wanted: &str, method: &'static str| {
        let found = paths.iter().filter(|(other, _)| shape(other) == wanted);
        found.filter_map(|(_, item)| example(item, method)).next()
    };
    let record_path = format!("{list_path}/{{}}");
    if let Some(record) = example_at(&record_path, "get").or(example_at(&record_path, "put")) {
        return text(record.get(name).unwrap_or(&record["id"]));
    }
    if let Some(list) = example_at(&list_path, "get") {
        let items = list.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        return items
            .iter()
            .map(|item| &item["id"])
            .find(|id| !id.is_null())
            .map(text)
            .unwrap();
    }
    let ends = paths
        .iter()
        .filter(|(other, _)| other.ends_with(&format!("{{{name}}}")));
    let mut ids = ends.filter_map(|(_, item)| example(item, "get")?.get(name).map(text));
    // No example has this id, so any id will do.
    ids.next_back().unwrap_or("1".to_owned())
}

#[tokio::test]
async fn contact_can_be_created_retrieved_changed_listed_searched_and_deleted() {
    let (_intercom, client) = start();
    let ada = CreateContactRequest::with_email("ada@juniper.example").custom_attributes([("plan", json!("scale"))]);
    let created = client.create_contact().body(ada).send().await.unwrap();
    assert_eq!(created.mismatches(), []);
    let found = client.show_contact().id(&created.id).send().await.unwrap();
    assert_eq!(*found, *created);
    assert_eq!(found.email.as_deref(), Some("ada@juniper.example"));

    let change = client.update_contact().id(&created.id);
    let change = change.body_map(|b| {
        b.name("Ada")
            .phone(Nullable::Null)
            .custom_attributes([("seats", json!(40))])
    });
    let changed = change.send().await.unwrap();
    assert_eq!((changed.name.as_deref(), &changed.phone), (Some("Ada"), &None));
    assert_eq!(
        serde_json::to_value(&changed.custom_attributes).unwrap(),
        json!({"plan": "scale", "seats": 40})
    );

    let search = client
        .search_contacts()
        .query(field("email").eq("ADA@juniper.example") | field("name").eq("Ada"));
    let contacts: Vec<Contact> = search.stream().try_collect().await.unwrap();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0], *changed);
    let listed: Vec<Contact> = client.list_contacts().stream().try_collect().await.unwrap();
    assert!(listed.contains(&contacts[0]));

    let deleted = client.delete_contact().id(&created.id).send().await.unwrap();
    assert_eq!(deleted.id, created.id);
    assert!(
        client
            .show_contact()
            .id(&created.id)
            .send()
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        client
            .update_contact()
            .id(&created.id)
            .body(json!({"name": "x"}))
            .send()
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn attached_records_are_listed() {
    let (_intercom, client) = start();
    let contact = client
        .create_contact()
        .body(CreateContactRequest::with_role("lead"))
        .send()
        .await
        .unwrap();
    let vip = client
        .create_tag()
        .body(CreateTagRequest::create("vip"))
        .send()
        .await
        .unwrap();
    let tags = || client.list_tags_for_contact().id(&contact.id).send();
    assert_eq!(tags().await.unwrap().data.len(), 0);
    let attach = client.attach_tag_to_contact().id(&contact.id);
    attach.body_map(|b| b.id(&vip.id)).send().await.unwrap();
    let attached = tags().await.unwrap();
    assert_eq!(
        (attached.data.len(), attached.data[0].name.as_deref()),
        (1, Some("vip"))
    );
    let detach = || {
        client
            .detach_tag_from_contact()
            .contact_id(&contact.id)
            .id(&vip.id)
            .send()
    };
    detach().await.unwrap();
    assert_eq!(tags().await.unwrap().data.len(), 0);
    assert!(detach().await.unwrap_err().is_not_found());

    let note = client.create_note().id(&contact.id).body_map(|b| b.body("Called back"));
    let note = note.send().await.unwrap();
    let notes = client.list_notes().id(&contact.id).send().await.unwrap();
    assert_eq!((notes.data.len(), &notes.data[0].id), (1, &note.id));
}

#[tokio::test]
async fn seeded_records_are_paged_and_sorted() {
    const DAY: i64 = 86_400;
    let (intercom, client) = start();
    let contact =
        |i: i64| json!({"type": "contact", "id": i.to_string(), "role": "user", "created_at": 1_700_000_000 - i * DAY});
    intercom.seed("list_contacts", (0..120).map(contact));
    let sizes: Vec<usize> = client
        .list_contacts()
        .pages()
        .map_ok(|page| page.data.len())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(sizes, [10; 12]);
    let search = client
        .search_contacts()
        .query(field("created_at").lt(1_700_000_000 - 99 * DAY));
    let found: Vec<Contact> = search
        .sort("created_at", Order::Ascending)
        .per_page(7)
        .stream()
        .try_collect()
        .await
        .unwrap();
    let ids: Vec<_> = found.iter().filter_map(|contact| contact.id.clone()).collect();
    assert_eq!(ids, (100..120).rev().map(|i| i.to_string()).collect::<Vec<_>>());
    assert_eq!(intercom.calls("search_contacts").len(), 3);
    assert_eq!(
        client.show_contact().id("77").send().await.unwrap().id.as_deref(),
        Some("77")
    );
}

#[tokio::test]
async fn records_without_the_sort_field_are_sorted_first() {
    let (intercom, client) = start();
    let contact = |i: i64| match i % 3 {
        0 => json!({"type": "contact", "id": i.to_string(), "name": null}),
        1 => json!({"type": "contact", "id": i.to_string(), "name": format!("{}", 1000 - i)}),
        _ => json!({"type": "contact", "id": i.to_string(), "name": format!("{i}x")}),
    };
    intercom.seed("list_contacts", (0..300).map(contact));
    let search = client.search_contacts().query(field("id").ne("none"));
    let found = search.sort("name", Order::Ascending).per_page(150).stream();
    let names: Vec<_> = found.map_ok(|contact| contact.name).try_collect().await.unwrap();
    assert_eq!(names.len(), 300);
    assert!(names[..100].iter().all(Option::is_none));
    assert_eq!(
        (names[100].as_deref(), names[199].as_deref()),
        (Some("702"), Some("999"))
    );
}

#[tokio::test]
async fn pages_above_the_maximum_size_are_rejected() {
    let (_intercom, client) = start();
    client.list_contacts().per_page(150).send().await.unwrap();
    let error = client.list_contacts().per_page(151).send().await.unwrap_err();
    assert!(error.is_invalid_request(), "{error}");
    let search = client.search_contacts().query(field("id").ne("none")).per_page(151);
    assert!(search.send().await.unwrap_err().is_invalid_request());
}

#[tokio::test]
async fn seeded_fields_without_a_description_are_listed() {
    let (intercom, client) = start();
    intercom.seed_unchecked("list_conversations", [
        json!({"type": "conversation", "id": "7", "ai_topic": "maps", "conversation_parts": {"conversation_parts": []}}),
    ]);
    let shown = client.retrieve_conversation().id("7").await.unwrap();
    assert_eq!(shown.extra.get("ai_topic"), Some(json!("maps")));
    let page = client.list_conversations().await.unwrap();
    let listed: Value = serde_json::from_slice(page.body()).unwrap();
    let listed = &listed["conversations"][0];
    assert_eq!(listed["ai_topic"], "maps");
    assert_eq!(listed.get("conversation_parts"), None, "list items have no parts");
}

#[tokio::test]
async fn seeding_replaces_the_list_of_every_record() {
    let (intercom, client) = start();
    let lead = || {
        client
            .create_contact()
            .body(CreateContactRequest::with_role("lead"))
            .send()
    };
    let (ada, bob) = (lead().await.unwrap(), lead().await.unwrap());
    let note = client.create_note().id(&ada.id).body_map(|b| b.body("Called back"));
    note.send().await.unwrap();
    intercom.seed("list_notes", [json!({"type": "note", "id": "7", "body": "Seeded"})]);
    for (id, notes) in [(&ada.id, 1), (&bob.id, 1), (&lead().await.unwrap().id, 0)] {
        let listed = client.list_notes().id(id).send().await.unwrap();
        assert_eq!(listed.data.len(), notes);
    }
    let note = client.create_note().id(&bob.id).body_map(|b| b.body("Called back"));
    note.send().await.unwrap();
    assert_eq!(client.list_notes().id(&bob.id).send().await.unwrap().data.len(), 2);
}

#[tokio::test]
async fn stubbed_responses_replace_the_usual_ones() {
    let (intercom, client) = start();
    intercom
        .on("identify_admin")
        .respond_once(MockResponse::rate_limited().retry_after(3))
        .respond_once(MockResponse::dropped());
    let limited = client.identify_admin().send().await.unwrap_err();
    assert!(limited.is_rate_limited() && limited.rate_limit().is_some(), "{limited}");
    assert!(client.identify_admin().send().await.unwrap_err().status().is_none());
    client.identify_admin().send().await.unwrap();

    let start_time = std::time::Instant::now();
    intercom
        .on("identify_admin")
        .respond(MockResponse::error(503, "service_unavailable", "Try again later").delay(Duration::from_millis(30)));
    for _ in 0..2 {
        assert_eq!(client.identify_admin().send().await.unwrap_err().status().unwrap(), 503);
    }
    assert!(start_time.elapsed() >= Duration::from_millis(60));
    intercom.on("identify_admin").reset();
    client.identify_admin().send().await.unwrap();

    intercom
        .on("create_contact")
        .respond_once(MockResponse::json(json!({"id": "1"})).truncate(3).after_carrying_out());
    let lost = client
        .create_contact()
        .body(CreateContactRequest::with_email("lost@juniper.example"))
        .send()
        .await;
    assert!(lost.unwrap_err().may_have_been_carried_out());
    let search = client
        .search_contacts()
        .query(field("email").eq("lost@juniper.example"));
    assert_eq!(search.send().await.unwrap().data.len(), 1, "the contact was created");

    intercom
        .on_any()
        .respond_with(|request| (request.path == "/me").then(|| MockResponse::json(json!({"id": "any"}))));
    assert_eq!(client.identify_admin().send().await.unwrap().id.as_deref(), Some("any"));
    intercom
        .on("identify_admin")
        .respond(MockResponse::json(json!({"id": "one"})));
    assert_eq!(client.identify_admin().send().await.unwrap().id.as_deref(), Some("one"));
}

#[tokio::test]
async fn responder_can_read_the_received_requests() {
    let intercom = Arc::new(MockIntercom::new());
    let weak = Arc::downgrade(&intercom);
    intercom.on("identify_admin").respond_with(move |request| {
        let received = weak.upgrade()?.received();
        (received.len() == request.number + 1).then(|| MockResponse::json(json!({"id": received.len().to_string()})))
    });
    for id in ["1", "2"] {
        let me = intercom.client().identify_admin().send().await.unwrap();
        assert_eq!(me.id.as_deref(), Some(id));
    }
}

#[tokio::test]
async fn requests_are_recorded_and_formatted_without_the_token() {
    let (intercom, client) = start();
    client.list_contacts().per_page(5).send().await.unwrap();
    client
        .create_tag()
        .body(CreateTagRequest::create("vip"))
        .send()
        .await
        .unwrap();
    assert_eq!(intercom.received().len(), 2);
    let calls = intercom.calls("create_tag");
    assert_eq!(
        (calls.len(), calls[0].number, calls[0].json()),
        (1, 1, json!({"name": "vip"}))
    );
    let list = &intercom.received()[0];
    assert_eq!(
        (list.line().as_str(), list.query("per_page")),
        ("GET /contacts?per_page=5", Some("5"))
    );
    assert_eq!(list.header("authorization"), Some("Bearer mock-access-token"));
    assert!(!format!("{intercom:?} {:?}", intercom.received()).contains("access-token"));
    intercom.clear_received();
    assert!(intercom.received().is_empty());
}

#[tokio::test]
#[should_panic(
    expected = "response of list_contacts does not match the description: contacts: expected no such name, found a list; \
                           data[0].emial: expected no such name, found a string"
)]
async fn response_with_unknown_fields_panics() {
    let intercom = MockIntercom::new();
    let fixture = json!({"contacts": [], "data": [{"id": "1", "emial": "a"}]});
    intercom.on("list_contacts").respond(MockResponse::json(fixture));
}

#[tokio::test]
async fn unchecked_response_may_have_unknown_fields() {
    let (intercom, client) = start();
    intercom
        .on("list_contacts")
        .respond(MockResponse::json(json!({"data": [], "ai": 1})).unchecked());
    assert!(client.list_contacts().send().await.unwrap().extra.get("ai").is_some());
    let mismatches = mock::check::<ContactList>(r#"{"data": [{"tags": {"data": {}}}]}"#).unwrap();
    assert_eq!(
        mismatches[0].to_string(),
        "data[0].tags.data: expected a list, found an object"
    );
    assert!(mock::check::<ContactList>("[]").is_err());
}

#[tokio::test]
#[should_panic(expected = "unknown operation list_contact; did you mean list_contacts?")]
async fn stub_of_an_unknown_operation_panics() {
    let _ = MockIntercom::new().on("list_contact");
}

#[tokio::test]
async fn note_is_added_to_the_conversation() {
    let (_intercom, client) = start();
    let reply = client.reply_conversation().id("215478120045");
    let note = reply
        .body(ReplyConversationRequest::admin_note(4021337, "All is well."))
        .send()
        .await
        .unwrap();
    assert_eq!(note.id.as_deref(), Some("215478120045"));
    let parts = &note.conversation_parts.as_ref().unwrap().conversation_parts;
    assert!(parts.iter().any(|part| part.part_type.as_deref() == Some("note")));
}

#[tokio::test]
async fn existing_contact_is_a_conflict() {
    let (intercom, client) = start();
    let user = || CreateContactRequest::with_email("ada@juniper.example").role("user");
    let created = client.create_contact().body(user()).send().await.unwrap();
    let conflict = client.create_contact().body(user()).send().await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    assert_eq!(conflict.conflicting_id(), created.id.as_deref());
    // Leads can share email addresses.
    let lead = CreateContactRequest::with_email("ada@juniper.example").role("lead");
    client.create_contact().body(lead).send().await.unwrap();
    intercom.seed(
        "list_contacts",
        [json!({"type": "contact", "id": "7", "external_id": "u-7", "role": "lead"})],
    );
    let seeded = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("u-7"))
        .send()
        .await;
    assert_eq!(seeded.unwrap_err().conflicting_id(), Some("7"));
    let updated = client
        .upsert_contact()
        .body(CreateContactRequest::with_external_id("u-7").name("Ada"))
        .await;
    assert_eq!(updated.unwrap().id.as_deref(), Some("7"));
}

#[tokio::test]
async fn response_to_a_change_can_be_empty() {
    let (intercom, client) = start();
    let contact = "66f1c2a9d04b7e8351aa0c11";
    intercom
        .on("delete_contact")
        .respond(MockResponse::bytes("application/json", "").status(204));
    let response = client.delete_contact().id(contact).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.id), (204, &None));
    assert!(
        client.show_contact().id(contact).await.is_ok(),
        "the contact must not be deleted"
    );
}

#[tokio::test]
async fn error_of_a_truncated_response_has_its_status_and_headers() {
    let (intercom, client) = start();
    let contact = json!({"type": "contact", "id": "66f1", "name": "Ada"});
    for bytes in [0, 5, 20] {
        intercom.on("create_contact").respond_once(
            MockResponse::json(&contact)
                .status(202)
                .header("x-request-id", "truncated")
                .truncate(bytes),
        );
        let create = client
            .create_contact()
            .body(CreateContactRequest::with_email("ada@juniper.example"));
        let error = create.send().await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(202), "{error}");
        assert_eq!(error.request_id(), Some("truncated"));
        assert_eq!(error.body().unwrap().len(), bytes);
        assert!(error.may_have_been_carried_out() && !error.is_retryable(), "{error}");
    }
}
