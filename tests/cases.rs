//! Requests and responses from public reports, with the correct result for each.

#[path = "operations/wire.rs"]
#[allow(dead_code)]
mod wire;

use std::io::{Cursor, Write};
use std::time::Duration;

use futures_util::TryStreamExt;
use intercom_client::http::HeaderMap;
use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::paging::Paging;
use intercom_client::search::{Order, contacts, field};
use intercom_client::types::CreateContactRequest;
use intercom_client::webhooks::{Incoming, Item, Notification, Receiver, Signature};
use intercom_client::{Client, ExportFiles, Method, Nullable, RetryPolicy, Timestamp, UpsertOutcome};
use serde_json::{Value, json};
use wire::{respond, respond_raw, respond_with};

/// Statistics can be fractions, ids numbers, and sizes of attachments text.
#[tokio::test]
async fn statistics_can_be_fractions() {
    let body = json!({
        "type": "conversation.list",
        "conversations": [{
            "type": "conversation", "id": "471",
            "source": {"attachments": [{"type": "upload", "width": "640", "height": "480", "filesize": "1234"}]},
            "statistics": {
                "median_time_to_reply": 11.5, "last_closed_by_id": 999,
                "assigned_team_first_response_time": [{"response_time": 8.0, "team_id": 42}],
            },
        }],
        "total_count": 1,
    });
    let wire = respond_with(body.clone()).await;
    let page = wire.client().list_conversations().send().await.unwrap();
    let statistics = page.conversations[0].statistics.as_ref().unwrap();
    assert_eq!(statistics.median_time_to_reply, Some(11.5));
    assert_eq!(statistics.last_closed_by_id, Some(999.into()));
    let team = &statistics.assigned_team_first_response_time[0];
    assert_eq!((team.team_id, team.response_time), (Some(42), Some(8.0)));
    assert!(page.mismatches().is_empty());
    let again = serde_json::to_value(&*page).unwrap();
    assert_eq!(
        again["conversations"][0]["statistics"],
        body["conversations"][0]["statistics"]
    );

    let wire = respond_with(body).await;
    let all: Vec<_> = wire.client().list_conversations().stream().try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
}

/// The next page of activity logs is bare text, without `page` and `total_pages`. An empty page is
/// the last one.
#[tokio::test]
async fn the_next_page_can_be_bare_text() {
    let body = json!({
        "type": "activity_log.list", "activity_logs": [],
        "pages": {"type": "pages", "next": "cursor-1", "per_page": 50},
    });
    let wire = respond_with(body.clone()).await;
    let page = wire
        .client()
        .list_activity_logs()
        .created_at_after(1_700_000_000)
        .send()
        .await
        .unwrap();
    let next = page.pages.as_ref().unwrap().next.as_ref().unwrap();
    assert_eq!(
        (next.as_url(), next.page(), next.starting_after()),
        (Some("cursor-1"), None, None)
    );
    assert_eq!(serde_json::to_value(&*page).unwrap(), body);

    let wire = respond_with(body).await;
    let logs = wire
        .client()
        .list_activity_logs()
        .created_at_after(1_700_000_000)
        .stream();
    assert_eq!(logs.try_collect::<Vec<_>>().await.unwrap(), []);
    assert!(
        wire.sent().line.ends_with("created_at_after=1700000000"),
        "the walk ended after the first page"
    );
}

/// A conversation created by a workflow has no source, and its parts have types that are not
/// documented.
#[tokio::test]
async fn a_conversation_can_lack_a_source() {
    let body = json!({
        "type": "conversation", "id": "491849230532845", "state": "snoozed", "source": null, "title": null,
        "snoozed_until": 1_778_737_917, "ticket": null, "ai_agent": null, "ai_agent_participated": false,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": false},
        "custom_attributes": {"Has attachments": false, "QA Notes Count": 0},
        "conversation_parts": {"type": "conversation_part.list", "total_count": 3, "conversation_parts": [
            {"part_type": "company_updated", "body": null, "assigned_to": null},
            {"part_type": "conversation_tags_updated", "body": null},
            {"part_type": "snoozed", "body": null},
        ]},
    });
    let wire = respond_with(body.clone()).await;
    let conversation = wire
        .client()
        .retrieve_conversation()
        .id("491849230532845")
        .send()
        .await
        .unwrap();
    assert!(conversation.source.is_none() && conversation.mismatches().is_empty());
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    let types: Vec<_> = parts.iter().filter_map(|part| part.part_type.as_deref()).collect();
    assert_eq!(types, ["company_updated", "conversation_tags_updated", "snoozed"]);
    let again = serde_json::to_value(&*conversation).unwrap();
    for name in [
        "linked_objects",
        "ai_agent_participated",
        "custom_attributes",
        "snoozed_until",
    ] {
        assert_eq!(again[name], body[name], "{name}");
    }
}

/// The response to attaching a contact contains the notes of the company.
#[tokio::test]
async fn a_company_can_contain_notes() {
    let notes =
        json!({"type": "note.list", "data": [], "url": "/companies/61e8/notes", "total_count": 0, "has_more": false});
    let body = json!({"type": "company", "id": "61e8", "plan": {}, "monthly_spend": 0, "tag_ids": [7], "notes": notes});
    let wire = respond_with(body.clone()).await;
    let company = wire
        .client()
        .attach_contact_to_company()
        .id("5f")
        .body(json!({"id": "61e8"}))
        .send()
        .await
        .unwrap();
    assert_eq!(serde_json::to_value(&*company).unwrap(), body);
    assert!(company.mismatches().is_empty());
}

#[tokio::test]
async fn an_article_can_have_a_content_id() {
    let body = json!({
        "id": "32538451", "type": "article", "content_id": "36021262", "parent_ids": [], "description": "", "state": "draft",
        "author_id": 24_458_313, "body": "<p class=\"no-margin\">Text</p>",
    });
    let wire = respond_with(body.clone()).await;
    let article = wire.client().retrieve_article().id("32538451").send().await.unwrap();
    assert_eq!(serde_json::to_value(&*article).unwrap(), body);
}

/// The server assigns an external id to a lead that is created without one.
#[tokio::test]
async fn a_lead_is_assigned_an_external_id() {
    let uuid = "c777d8c9-301d-43f3-8b0a-8752e3b02b66";
    let wire = respond_with(json!({"type": "contact", "id": "61b2", "role": "lead", "external_id": uuid})).await;
    let lead = CreateContactRequest::with_email("lead@fernhill.example")
        .role("lead")
        .extra("external_id", Nullable::<Value>::Null);
    let contact = wire.client().create_contact().body(lead).send().await.unwrap();
    assert_eq!(
        wire.sent().body,
        json!({"email": "lead@fernhill.example", "role": "lead", "external_id": null})
    );
    assert_eq!(contact.external_id.as_deref(), Some(uuid));
}

/// The field `error`, which is a code in other responses, contains a sentence.
#[tokio::test]
async fn the_error_of_a_malformed_body_is_a_sentence() {
    let sentence = "There was a problem in the JSON you submitted [ddf8]: logged with error code";
    let wire = respond_raw(400, json!({"status": 400, "error": sentence}).to_string()).await;
    let error = wire
        .client()
        .create_article()
        .body(json!({"title": "a", "author_id": 1}))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_invalid_request());
    assert_eq!(
        (error.code(), error.errors()[0].message.as_deref()),
        (None, Some(sentence))
    );
    assert!(error.to_string().contains(sentence), "{error}");
}

#[tokio::test]
async fn a_page_size_beyond_the_limit_is_an_invalid_request() {
    let body = json!({
        "type": "error.list", "request_id": "00066ltg",
        "errors": [{"code": "parameter_invalid", "message": "Per Page is too big"}],
    });
    let wire = respond_raw(400, body.to_string()).await;
    let error = wire
        .client()
        .list_all_companies()
        .per_page(61)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_invalid_request());
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("parameter_invalid"), Some("00066ltg"))
    );
    assert!(error.to_string().contains("Per Page is too big"), "{error}");
}

/// Occasionally the response to a GET is a captcha page. The same request succeeds a minute later.
#[tokio::test]
async fn a_captcha_page_is_retryable() {
    let html = "<!DOCTYPE html><html><body><div id=\"captcha-container\"></div></body></html>";
    let wire = respond_raw(405, html).await;
    let call = wire.client().list_conversations();
    let error = call
        .retry(intercom_client::RetryPolicy::none())
        .send()
        .await
        .unwrap_err();
    assert!(error.is_retryable() && !error.is_decode());
    assert_eq!(error.status().map(|status| status.as_u16()), Some(405));
    assert_eq!(error.body().unwrap(), html);
    // For other methods, the status means that the method is not allowed.
    let wire = respond_raw(405, html).await;
    let error = wire.client().delete_contact().id("5f").send().await.unwrap_err();
    assert!(!error.is_retryable());
}

/// In a closed workspace, all tokens are invalid.
#[tokio::test]
async fn the_token_of_a_closed_workspace_is_suspended() {
    for (code, suspended) in [("token_suspended", true), ("unauthorized", false)] {
        let body = json!({"type": "error.list", "request_id": "0001", "errors": [{"code": code, "message": "Token suspended"}]});
        let wire = respond_raw(401, body.to_string()).await;
        let error = wire.client().identify_admin().send().await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_retryable());
        assert_eq!(error.is_token_suspended(), suspended, "{error}");
    }
}

#[tokio::test]
async fn a_search_can_be_sorted() {
    let wire = respond("POST /contacts/search").await;
    let query = field(contacts::UPDATED_AT).gt(0) & field(contacts::ROLE).eq("user");
    let search = wire.client().search_contacts().query(query).per_page(150);
    search
        .sort(contacts::UPDATED_AT, Order::Descending)
        .send()
        .await
        .unwrap();
    assert_eq!(
        wire.sent().body["sort"],
        json!({"field": "updated_at", "order": "descending"})
    );
}

/// Webhooks contain ISO 8601 times, the API Unix seconds.
#[test]
fn a_contact_in_a_webhook_has_iso_8601_times() {
    let item = json!({
        "type": "contact", "id": "66b4", "role": "lead", "created_at": "2025-02-10T08:33:35.910+00:00",
        "updated_at": "2025-02-10T08:33:35.907+00:00", "sms_consent": false, "unsubscribed_from_sms": false,
        "enabled_push_messaging": "perhaps", "utm_term": "maps",
    });
    let contact: intercom_client::types::Contact = serde_json::from_value(item.clone()).unwrap();
    let created: Timestamp = contact.created_at.unwrap();
    assert_eq!(
        (created.as_seconds(), created.to_string().as_str()),
        (1_739_176_415, "2025-02-10T08:33:35.910Z")
    );
    assert_eq!(contact.extra.get("enabled_push_messaging"), Some(json!("perhaps")));
    assert_eq!(serde_json::to_value(&contact).unwrap(), item);
}

#[tokio::test]
async fn ticket_types_have_a_category() {
    let attribute = json!({
        "type": "ticket_type_attribute", "id": "1311280", "data_type": "string", "input_options": {"multiline": false},
        "ticket_type_id": 1,
    });
    let body = json!({"type": "list", "data": [{
        "type": "ticket_type", "id": "1", "name": "Feature request", "category": "Back-office", "is_internal": false,
        "ticket_type_attributes": {"type": "list", "data": [attribute]},
    }]});
    let wire = respond_with(body.clone()).await;
    let types = wire.client().list_ticket_types().send().await.unwrap();
    assert_eq!(serde_json::to_value(&*types).unwrap(), body);
    let category = serde_json::to_value(&types.data[0]).unwrap()["category"].take();
    assert_eq!(category, "Back-office");
}

/// Downloads an export that consists of these bytes.
async fn exported(body: Vec<u8>, folder: &std::path::Path) -> ExportFiles {
    let intercom = MockIntercom::new();
    let job = json!({"job_identifier": "mx7qk3w9zt2hv5rd", "status": "completed"});
    intercom.on("get_data_export").respond(MockResponse::json(job));
    let download = MockResponse::bytes("application/octet-stream", body);
    intercom.on("download_data_export").respond(download);
    let mut job = intercom.client().export_job("mx7qk3w9zt2hv5rd");
    job.download_to(folder).await.unwrap()
}

fn zipped<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Case 61. A finished export is a ZIP archive of several CSV files.
#[tokio::test]
async fn an_export_can_be_a_zip_archive() {
    let entries = [
        (
            "receipt_20260413.csv",
            "user_id,user_external_id,company_id,company_external_id,email,name,ruleset_id,content_id,content_type,\
             content_title,receipt_id,received_at\n66b41de1409ad1c5e8b53a7d,usr-2207,'-1,,rowan@fernhill.example,Rowan Ashby,\
             70112233,70445566,survey,\"Quarterly check, Q2\",900000000001,2026-04-13T12:32:22.000Z\n",
        ),
        (
            "open_20260413.csv",
            "receipt_id,opened_at\n900000000001,2026-04-13T12:40:01.000Z\n",
        ),
        (
            "answer_20260413.csv",
            "receipt_id,answered_at,question_id,question,response_type,response\n900000000001,2026-04-13T12:41:10.000Z,5001,\
             How likely are you to recommend us?,scale,9\n",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let files = exported(zipped(entries), folder.path()).await;
    assert_eq!(files.len(), 3);
    for (file, (name, text)) in files.iter().zip(entries) {
        assert_eq!(file.path(), folder.path().join(name));
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }
    let receipts = files.statistic("receipt").unwrap();
    let text = std::fs::read_to_string(receipts).unwrap();
    assert!(
        text.contains(",'-1,,") && text.contains(",\"Quarterly check, Q2\",900000000001,"),
        "{text}"
    );
    assert_eq!(files.statistic("click"), None, "no message was clicked");
}

/// Case 62. The files of an export are named after statistic and date.
#[tokio::test]
async fn the_files_of_an_export_are_found_by_statistic() {
    let statistics = [
        "receipt",
        "open",
        "click",
        "answer",
        "answer_combined",
        "hard_bounce",
        "series_completion",
        "series_disengagement",
        "series_exit",
        "goal_success",
        "checkpoint",
    ];
    let names = statistics.map(|statistic| format!("{statistic}_20260413.csv"));
    let entries = names.iter().map(|name| (name.as_str(), "receipt_id\n900000000001\n"));
    let folder = tempfile::tempdir().unwrap();
    let files = exported(zipped(entries), folder.path()).await;
    assert_eq!(files.len(), statistics.len());
    for (statistic, name) in statistics.iter().zip(&names) {
        let file = files.statistic(statistic).unwrap();
        assert_eq!(
            (file.path(), file.statistic()),
            (folder.path().join(name).as_path(), Some(*statistic))
        );
    }
}

/// Case 64. The state of a failed job is a 504 that contains the job.
#[tokio::test]
async fn a_failed_export_is_reported_as_a_504() {
    let intercom = MockIntercom::new();
    let job = json!({
        "job_identifier": "mx7qk3w9zt2hv5rd", "status": "failed", "download_expires_at": "", "download_url": "",
    });
    intercom
        .on("get_data_export")
        .respond(MockResponse::json(job).status(504));
    let error = intercom
        .client()
        .export_job("mx7qk3w9zt2hv5rd")
        .wait()
        .await
        .unwrap_err();
    assert!(error.is_export_failed() && !error.is_retryable(), "{error}");
    assert_eq!(error.export_job(), Some("mx7qk3w9zt2hv5rd"));
    assert_eq!(intercom.calls("get_data_export").len(), 1);
}

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";

/// Case 67. Uninstall calls and health checks are signed with `X-Body-Signature`.
#[test]
fn uninstall_calls_and_health_checks_have_a_body_signature() {
    let receiver = Receiver::new(SECRET).unwrap();
    // Computed in Python: `hmac.new(SECRET, body, hashlib.sha256).hexdigest()`.
    let [uninstall, health_check] = [
        (
            r#"{"app_id":"wk5pc001"}"#,
            "edc5fd5d799cf5f9459373b9fd6dd5bfbdb25605d161a366e94a02984c592987",
        ),
        (
            r#"{"workspace_id":"wk5pc001"}"#,
            "88280842e9546f3e52c06832ae314085f7184b356df94d8f9fdac9a14266f75f",
        ),
    ]
    .map(|(body, digits)| {
        let mut headers = HeaderMap::new();
        headers.insert("x-body-signature", digits.parse().unwrap());
        assert_eq!(receiver.verify(&headers, body.as_bytes()), Ok(Signature::Body));
        receiver.read_any(&headers, body.as_bytes()).unwrap()
    });
    assert!(matches!(uninstall, Incoming::Uninstall(call) if call.app_id == "wk5pc001"));
    assert!(matches!(health_check, Incoming::HealthCheck(check) if check.workspace_id == "wk5pc001"));
}

/// Signs and reads the notification of an item.
fn notification(topic: &str, item: &Value) -> Notification {
    let body = json!({
        "type": "notification_event", "app_id": "wk5pc001", "topic": topic, "links": {}, "self": null,
        "data": {"type": "notification_event_data", "item": item}, "id": "notif_7c1b9d52-3e4f-4a8e-9a55-6d0f2b8e1c77",
        "delivery_status": "pending", "delivery_attempts": 1, "delivered_at": 0, "first_sent_at": 1_768_023_485,
        "created_at": 1_768_023_484,
    });
    let body = body.to_string();
    let receiver = Receiver::new(SECRET).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature", receiver.sign(body.as_bytes()).parse().unwrap());
    receiver.read(&headers, body.as_bytes()).unwrap()
}

fn rowan(id: &str) -> Value {
    json!({
        "type": "contact", "id": id, "workspace_id": "wk5pc001", "external_id": "usr-2207", "role": "user",
        "email": "rowan@fernhill.example", "name": "Rowan Ashby", "unsubscribed_from_emails": true,
        "created_at": "2026-01-10T04:03:04.963+00:00", "updated_at": "2026-01-10T05:38:04.931+00:00",
        "custom_attributes": {}, "sms_consent": false, "unsubscribed_from_sms": false,
    })
}

/// Case 68. Items of subscriptions contain the contact.
#[test]
fn subscriptions_contain_the_contact() {
    const ID: &str = "66b41de1409ad1c5e8b53a7d";
    let types = json!({"type": "list", "data": [
        {"type": "subscription", "id": "1943066", "state": "live", "consent_type": "opt_in"},
    ]});
    for (topic, item, variant) in [
        (
            "contact.unsubscribed",
            json!({"type": "contact_unsubscribe", "contact": rowan(ID), "created_at": 1_712_092_942}),
            "ContactUnsubscribe",
        ),
        (
            "contact.subscribed",
            json!({"type": "contact_subscribe", "contact": rowan(ID), "subscription_types": types, "created_at": 1_712_092_942}),
            "ContactSubscribe",
        ),
        (
            "granular.subscribe",
            json!({"type": "granular_subscribe", "contact": rowan(ID), "subscription_types": types}),
            "GranularSubscribe",
        ),
    ] {
        let read = notification(topic, &item);
        assert!(format!("{:?}", read.item().unwrap()).starts_with(variant), "{topic}");
        assert!(read.mismatches().is_empty() && !read.is_stub(), "{topic}");
        assert_eq!(read.contact_id(), Some(ID));
        let contact = read.contact().unwrap();
        assert_eq!(contact.email.as_deref(), Some("rowan@fernhill.example"));
        assert_eq!(contact.updated_at.unwrap().as_seconds(), 1_768_023_484);
    }
}

/// Case 69. A deleted conversation has no `id`, but a `conversation_id`.
#[test]
fn a_deleted_conversation_is_found_by_its_conversation_id() {
    let item = json!({"type": "conversation", "conversation_id": "215472621305755"});
    let read = notification("conversation.deleted", &item);
    assert_eq!(read.conversation_id(), Some("215472621305755"));
    assert!(read.is_stub() && read.conversation().is_none());
}

/// Case 71. Items of attached contacts have no type. The id of the ticket is a number.
#[test]
fn items_of_attached_contacts_contain_two_records() {
    let contact = rowan("6961d162fb0ef1f1ac90ce01");
    let company = json!({
        "type": "company", "id": "6961d175205cf6a4438f0c01", "company_id": "6961d175205cf6a4438f0c02-qualification-company",
        "app_id": "wk5pc001", "name": null, "plan_id": null, "created_at": "2026-01-10T04:11:34.013+00:00",
        "updated_at": "2026-01-10T04:11:34.091+00:00", "monthly_spend": 0, "session_count": 0, "user_count": 1,
        "tag_ids": [], "custom_attributes": {},
    });
    let read = notification(
        "company.contact.attached",
        &json!({"company": company, "contact": contact}),
    );
    assert_eq!(read.contact_id(), Some("6961d162fb0ef1f1ac90ce01"));
    assert_eq!(read.company_id(), Some("6961d175205cf6a4438f0c01"));
    let company = read.company().unwrap();
    assert_eq!(
        company.company_id.as_deref(),
        Some("6961d175205cf6a4438f0c02-qualification-company")
    );
    assert_eq!(company.updated_at.unwrap().as_seconds(), 1_768_018_294);

    let ticket = json!({
        "type": "ticket", "id": 215_472_629_353_001_i64, "state": "submitted", "ticket_type": "Tickets",
        "custom_attributes": {"_default_title_": {"value": null, "type": "string"}},
        "ticket_custom_state_admin_label": "Submitted",
    });
    let read = notification(
        "ticket.contact.attached",
        &json!({"ticket": ticket, "contact": contact}),
    );
    assert_eq!(read.ticket_id(), Some("215472629353001"));
    assert_eq!(read.contact_id(), Some("6961d162fb0ef1f1ac90ce01"));
    assert_eq!(read.contact().unwrap().name.as_deref(), Some("Rowan Ashby"));
}

/// Case 73. Items of ticket events contain the ticket and the part of the event.
#[test]
fn ticket_events_contain_the_ticket_and_the_part() {
    let part = json!({
        "type": "ticket_part", "id": "37403000811", "part_type": "ticket_attribute_updated_by_admin",
        "updated_attribute_data": {
            "attribute": {"type": "attribute", "id": "8514003", "label": "Platforms"},
            "value": {"type": "value", "id": "ios", "label": "ios", "previous": ""},
        },
        "created_at": 1_768_114_679, "updated_at": 1_768_114_679,
    });
    let state =
        json!({"type": "ticket_state", "id": "4517001", "category": "submitted", "internal_label": "Submitted"});
    let ticket = json!({
        "type": "ticket", "id": "215472629311001", "ticket_id": "66040001", "ticket_state": state,
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "696346bbaebb5a479d385101"}]},
        "ticket_parts": {"type": "ticket_part.list", "ticket_parts": [part], "total_count": 3},
    });
    let item = json!({"type": "ticket_ticket_part", "ticket": ticket, "ticket_part": part});
    for topic in ["ticket.attribute.updated", "ticket.note.created"] {
        let read = notification(topic, &item);
        assert_eq!(read.ticket_id(), Some("215472629311001"));
        assert_eq!(read.contact_id(), Some("696346bbaebb5a479d385101"));
        let part = read.ticket_part().unwrap();
        assert_eq!(part.id.as_deref(), Some("37403000811"));
        assert_eq!(part.updated_attribute_data.get("value").unwrap()["id"], "ios");
    }
}

/// Case 75. The item of `visitor.signed_up` has the type `user` and the fields of a visitor.
#[test]
fn a_visitor_that_signed_up_is_a_visitor() {
    let item = json!({
        "type": "user", "id": "6961e6de046e053d93e4da01", "user_id": "usr-41", "anonymous": false,
        "email": "rowan@fernhill.example", "pseudonym": "Pink Lightbulb from Leeds",
        "companies": {"type": "company.list", "companies": []},
        "location_data": {"type": "location_data", "city_name": "Leeds", "country_code": "GBR"},
        "created_at": "2026-01-10T05:42:55.079+00:00", "updated_at": "2026-01-10T05:42:57.000Z",
    });
    let read = notification("visitor.signed_up", &item);
    let Some(Item::Visitor(visitor)) = read.item() else {
        panic!("{:?}", read.item())
    };
    assert_eq!(visitor.pseudonym.as_deref(), Some("Pink Lightbulb from Leeds"));
    assert_eq!(visitor.updated_at.unwrap().as_seconds(), 1_768_023_777);
    assert_eq!(read.contact_id(), Some("6961e6de046e053d93e4da01"));
}

/// Case 82. A part contains the package code of the app that created it.
#[tokio::test]
async fn a_part_contains_the_package_code_of_its_app() {
    let part = |code: Option<&str>, author: Value| {
        json!({
            "type": "conversation_part", "part_type": "comment", "body": "<p>Thanks!</p>", "author": author, "state": "open",
            "app_package_code": code, "event_details": {}, "metadata": {}, "email_message_metadata": null,
            "tags": [{"type": "tag", "id": "7", "name": "bug"}],
        })
    };
    let admin =
        json!({"type": "admin", "id": "9608001", "name": "Juno Hale", "from_ai_agent": false, "is_ai_answer": false});
    let fin = json!({"type": "bot", "id": "9608002", "name": "Fin", "from_ai_agent": true, "is_ai_answer": true});
    let parts = [part(Some("fernhill-bridge-3kd2"), admin), part(None, fin)];
    let body = json!({
        "type": "conversation", "id": "215472621202001",
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": parts, "total_count": 2},
    });
    let wire = respond_with(body.clone()).await;
    let call = wire.client().retrieve_conversation().id("215472621202001");
    let conversation = call.send().await.unwrap();
    assert!(conversation.mismatches().is_empty());
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    let codes: Vec<_> = parts.iter().map(|part| part.app_package_code.as_deref()).collect();
    assert_eq!(codes, [Some("fernhill-bridge-3kd2"), None]);
    let authors: Vec<_> = parts.iter().filter_map(|part| part.author.as_ref()).collect();
    assert_eq!(
        (authors[0].from_ai_agent, authors[0].is_ai_answer),
        (Some(false), Some(false))
    );
    assert_eq!(
        (authors[1].from_ai_agent, authors[1].is_ai_answer),
        (Some(true), Some(true))
    );
    assert_eq!(parts[0].tags[0].name.as_deref(), Some("bug"));
    assert_eq!(serde_json::to_value(&*conversation).unwrap(), body);
}

/// Case 85. The server responds to an empty `starting_after` with a persistent 500.
#[tokio::test]
async fn an_empty_cursor_is_not_sent() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    let contacts = client.list_contacts().starting_after("").send().await.unwrap_err();
    let conversations = client.list_conversations().starting_after("").send().await.unwrap_err();
    let stream = client.list_contacts().starting_after("").stream();
    let stream = stream.try_collect::<Vec<_>>().await.unwrap_err();
    for error in [contacts, conversations, stream] {
        assert!(error.is_builder(), "{error}");
    }
    assert!(intercom.received().is_empty());
}

/// Returns a mock server, and a client with short pauses between attempts.
async fn with_short_pauses() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    let policy = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom.client_builder().retry(policy).build().unwrap();
    (intercom, client)
}

/// Case 87. If two calls create a company at the same time, one of them is rejected.
#[tokio::test]
async fn a_company_upsert_that_lost_the_race_is_sent_again() {
    for lost in [
        MockResponse::error(400, "unique_company_constraint", "Company already exists."),
        MockResponse::error(404, "company_not_found", "Company Not Found"),
    ] {
        let (intercom, client) = with_short_pauses().await;
        intercom.on("create_or_update_company").respond_once(lost);
        let upsert = client.upsert_company().body_map(|body| body.company_id("fernhill"));
        let company = upsert.send().await.unwrap();
        assert_eq!(company.company_id.as_deref(), Some("fernhill"));
        assert_eq!(intercom.calls("create_or_update_company").len(), 2);
    }
}

/// Case 88. If two calls create a contact at the same time, one of them gets a 404.
#[tokio::test]
async fn a_contact_upsert_that_lost_the_race_updates_the_contact() {
    let (intercom, client) = with_short_pauses().await;
    let contact = rowan("66b41de1409ad1c5e8b53a7d");
    intercom.seed("list_contacts", [contact]);
    let lost = MockResponse::error(404, "not_found", "User Not Found");
    intercom.on("create_contact").respond_once(lost);
    let body = CreateContactRequest::with_email("rowan@fernhill.example").name("Rowan");
    let contact = client.upsert_contact().body(body).send().await.unwrap();
    assert_eq!(contact.outcome(), UpsertOutcome::Updated);
    assert_eq!(
        (contact.id.as_deref(), contact.name.as_deref()),
        (Some("66b41de1409ad1c5e8b53a7d"), Some("Rowan"))
    );
}

/// Case 90. The server times out on large pages of a search.
#[tokio::test]
async fn pages_of_a_search_that_time_out_are_requested_in_smaller_pages() {
    let (intercom, client) = with_short_pauses().await;
    let conversation = |id: u32| json!({"type": "conversation", "id": id.to_string(), "updated_at": 1_768_000_000});
    intercom.seed("list_conversations", (0..250).map(conversation));
    intercom.on("search_conversations").respond_with(|request| {
        let per_page = request.json()["pagination"]["per_page"].as_i64()?;
        let timed_out = || MockResponse::error(504, "server_timeout", "Server timed out when making request");
        (per_page > 20).then(timed_out)
    });
    let search = client
        .search_conversations()
        .query(field("updated_at").gt(0))
        .per_page(100);
    let found: Vec<_> = search.stream().try_collect().await.unwrap();
    let mut ids: Vec<u32> = found
        .iter()
        .map(|conversation| conversation.id.as_deref().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..250).collect::<Vec<_>>());
    let sizes: Vec<_> = intercom
        .calls("search_conversations")
        .iter()
        .map(|request| request.json()["pagination"]["per_page"].as_i64().unwrap())
        .collect();
    assert_eq!(sizes[0], 100);
    assert!(sizes.iter().all(|size| *size >= 10), "{sizes:?}");
}

/// Case 95. A change of the state did not change the `updated_at` of a ticket.
#[tokio::test]
async fn a_ticket_found_by_the_search_is_returned_despite_an_older_updated_at() {
    const SINCE: i64 = 1_737_064_700;
    let part = |id: &str, state: &str, at: i64| {
        json!({
            "type": "ticket_part", "id": id, "part_type": "ticket_state_updated_by_admin", "ticket_state": state,
            "previous_ticket_state": "submitted", "created_at": at, "updated_at": at,
        })
    };
    let parts = [
        part("7", "submitted", 1_737_064_623),
        part("13", "in_progress", 1_737_064_781),
    ];
    let body = json!({
        "type": "ticket.list", "total_count": 1,
        "pages": {"type": "pages", "page": 1, "per_page": 150, "total_pages": 1},
        "tickets": [{
            "type": "ticket", "id": "2", "ticket_id": "1", "category": "Tracker", "created_at": 1_737_064_622,
            "updated_at": 1_737_064_623, "ticket_state": {"type": "ticket_state", "id": "2", "category": "in_progress"},
            "ticket_parts": {"type": "ticket_part.list", "ticket_parts": parts, "total_count": 2},
        }],
    });
    let wire = respond_with(body).await;
    let query = json!({"query": {"field": "updated_at", "operator": ">", "value": SINCE}});
    let search = wire.client().request(Method::POST, "/tickets/search").json(&query);
    let changes = search
        .stream::<Value>(Paging::CursorInBody, "tickets")
        .changed_since(SINCE);
    let tickets: Vec<Value> = changes.try_collect().await.unwrap();
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0]["ticket_state"]["category"], "in_progress");
}

/// Case 99. `/companies/list` ends after 10,000 companies.
#[tokio::test]
async fn the_page_limit_of_companies_is_an_error_that_names_the_scroll() {
    let intercom = MockIntercom::new();
    let body = |page: i64| {
        json!({
            "type": "list", "data": [{"type": "company", "id": page.to_string()}], "total_count": 12_000,
            "pages": {"type": "pages", "page": page, "per_page": 60, "total_pages": 200},
        })
    };
    intercom.on("list_all_companies").respond_with(move |request| {
        let page: i64 = request.query("page").map_or(1, |page| page.parse().unwrap());
        Some(match page > 167 {
            true => MockResponse::error(400, "client_error", "page limit reached, please use scroll API"),
            false => MockResponse::json(body(page)),
        })
    });
    let mut companies = intercom.client().list_all_companies().per_page(60).stream();
    let mut count = 0;
    let error = loop {
        match companies.try_next().await {
            Ok(company) => {
                assert!(company.is_some(), "the list must not end silently");
                count += 1;
            }
            Err(error) => break error,
        }
    };
    assert_eq!(count, 167);
    assert!(error.is_page_limit() && error.is_invalid_request(), "{error}");
    assert!(error.to_string().contains("scroll"), "{error}");
}

/// Some workspaces send the contacts and teammates of a conversation as bare lists.
#[tokio::test]
async fn contacts_and_teammates_can_be_bare_lists() {
    let body = json!({
        "type": "conversation", "id": "471",
        "contacts": [{"type": "contact", "id": "66f1a2b3c4d5e6f7a8b9c0d1"}],
        "teammates": [{"type": "admin", "id": "814865"}],
    });
    let wire = respond_with(body.clone()).await;
    let conversation = wire.client().retrieve_conversation().id("471").send().await.unwrap();
    assert_eq!(conversation.id.as_deref(), Some("471"));
    let paths: Vec<&str> = conversation
        .mismatches()
        .iter()
        .map(|mismatch| mismatch.path.as_str())
        .collect();
    assert_eq!(paths, ["contacts", "teammates"]);
    assert_eq!(serde_json::to_value(&*conversation).unwrap(), body);
}

/// A deleted company can be a 404 without JSON, and a merged contact a 410.
#[tokio::test]
async fn deleted_and_merged_records_are_not_retried() {
    let page = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
    let wire = respond_raw(404, page).await;
    let error = wire
        .client()
        .retrieve_company_by_id()
        .id("5f1")
        .send()
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() && !error.is_decode() && !error.is_retryable(),
        "{error}"
    );

    let merged = json!({"type": "error.list", "errors": [{"code": "gone", "message": "Contact was merged"}]});
    let wire = respond_raw(410, merged.to_string()).await;
    let error = wire.client().show_contact().id("66f1").send().await.unwrap_err();
    assert!(!error.is_retryable() && !error.may_have_been_carried_out(), "{error}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(410));
}

/// Attributes of conversations that Intercom defines have no id, and several have the same name.
#[tokio::test]
async fn attributes_of_conversations_need_no_id() {
    let attribute = |label: &str, data_type: &str| {
        json!({
            "type": "data_attribute", "name": "id", "full_name": "id", "label": label, "data_type": data_type,
            "model": "conversation", "custom": false, "archived": false,
        })
    };
    let body = json!({
        "type": "list",
        "data": [attribute("Teammate", "string"), attribute("Company", "string"), attribute("Started", "datetime")],
    });
    let wire = respond_with(body.clone()).await;
    let attributes = wire
        .client()
        .list_data_attributes()
        .model("conversation")
        .send()
        .await
        .unwrap();
    assert!(attributes.mismatches().is_empty(), "{:?}", attributes.mismatches());
    assert_eq!(serde_json::to_value(&*attributes).unwrap(), body);
    assert_eq!(wire.sent().line, "GET /data_attributes?model=conversation");
}

/// A search accepts numbers as text with a fraction.
#[tokio::test]
async fn a_search_accepts_numeric_text() {
    let wire = respond("POST /contacts/search").await;
    let query = field(contacts::CREATED_AT).gt("1765843200.0");
    wire.client().search_contacts().query(query).send().await.unwrap();
    assert_eq!(wire.sent().body["query"]["value"], json!("1765843200.0"));
}
