//! What users of the API have reported that its servers send and take, with what has to come of it.

#[path = "operations/wire.rs"]
#[allow(dead_code)]
mod wire;

use futures_util::TryStreamExt;
use intercom_client::search::{Order, contacts, field};
use intercom_client::types::CreateContactRequest;
use intercom_client::{Nullable, Timestamp};
use serde_json::{Value, json};
use wire::{answer, answer_raw, answer_with};

/// Statistics come as fractions, ids as numbers, sizes of attachments as texts: none of it loses a page.
#[tokio::test]
async fn a_fraction_where_an_integer_is_described() {
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
    let wire = answer_with(body.clone()).await;
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

    let wire = answer_with(body).await;
    let all: Vec<_> = wire.client().list_conversations().stream().try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
}

/// Activity logs announce a next page by bare text, with neither `page` nor `total_pages`: an empty one is the last.
#[tokio::test]
async fn a_next_page_that_is_bare_text() {
    let body = json!({
        "type": "activity_log.list", "activity_logs": [],
        "pages": {"type": "pages", "next": "cursor-1", "per_page": 50},
    });
    let wire = answer_with(body.clone()).await;
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

    let wire = answer_with(body).await;
    let logs = wire
        .client()
        .list_activity_logs()
        .created_at_after(1_700_000_000)
        .stream();
    assert_eq!(logs.try_collect::<Vec<_>>().await.unwrap(), []);
    assert!(
        wire.sent().line.ends_with("created_at_after=1700000000"),
        "the walk ends"
    );
}

/// A conversation that a workflow made has no source, and parts of kinds that nobody listed.
#[tokio::test]
async fn a_conversation_without_a_source() {
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
    let wire = answer_with(body.clone()).await;
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

/// Attaching a contact answers with the company's notes, which no other company has.
#[tokio::test]
async fn a_company_with_notes() {
    let notes =
        json!({"type": "note.list", "data": [], "url": "/companies/61e8/notes", "total_count": 0, "has_more": false});
    let body = json!({"type": "company", "id": "61e8", "plan": {}, "monthly_spend": 0, "tag_ids": [7], "notes": notes});
    let wire = answer_with(body.clone()).await;
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
async fn an_article_with_a_content_id() {
    let body = json!({
        "id": "32538451", "type": "article", "content_id": "36021262", "parent_ids": [], "description": "", "state": "draft",
        "author_id": 24_458_313, "body": "<p class=\"no-margin\">Text</p>",
    });
    let wire = answer_with(body.clone()).await;
    let article = wire.client().retrieve_article().id("32538451").send().await.unwrap();
    assert_eq!(serde_json::to_value(&*article).unwrap(), body);
}

/// A lead is created without an external id, and gets one of the server's.
#[tokio::test]
async fn a_lead_gets_an_external_id_of_the_servers() {
    let uuid = "c777d8c9-301d-43f3-8b0a-8752e3b02b66";
    let wire = answer_with(json!({"type": "contact", "id": "61b2", "role": "lead", "external_id": uuid})).await;
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

/// The sentence stands where other answers have a code.
#[tokio::test]
async fn a_body_that_the_server_cannot_read() {
    let sentence = "There was a problem in the JSON you submitted [ddf8]: logged with error code";
    let wire = answer_raw(400, json!({"status": 400, "error": sentence}).to_string()).await;
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
async fn a_page_that_is_too_big() {
    let body = json!({
        "type": "error.list", "request_id": "00066ltg",
        "errors": [{"code": "parameter_invalid", "message": "Per Page is too big"}],
    });
    let wire = answer_raw(400, body.to_string()).await;
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

/// Now and then a read is answered by a page that asks for a captcha; the same call works a minute later.
#[tokio::test]
async fn a_captcha_in_the_place_of_an_answer() {
    let html = "<!DOCTYPE html><html><body><div id=\"captcha-container\"></div></body></html>";
    let wire = answer_raw(405, html).await;
    let call = wire.client().list_conversations();
    let error = call
        .retry(intercom_client::RetryPolicy::none())
        .send()
        .await
        .unwrap_err();
    assert!(error.is_retryable() && !error.is_decode());
    assert_eq!(error.status().map(|status| status.as_u16()), Some(405));
    assert_eq!(error.body().unwrap(), html);
    // A change that is refused so is refused by its method.
    let wire = answer_raw(405, html).await;
    let error = wire.client().delete_contact().id("5f").send().await.unwrap_err();
    assert!(!error.is_retryable());
}

/// Of a workspace that was closed no token works, whereas a wrong token is replaced.
#[tokio::test]
async fn a_workspace_that_was_closed() {
    for (code, suspended) in [("token_suspended", true), ("unauthorized", false)] {
        let body = json!({"type": "error.list", "request_id": "0001", "errors": [{"code": code, "message": "Token suspended"}]});
        let wire = answer_raw(401, body.to_string()).await;
        let error = wire.client().identify_admin().send().await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_retryable());
        assert_eq!(error.is_token_suspended(), suspended, "{error}");
    }
}

#[tokio::test]
async fn a_search_that_is_sorted() {
    let wire = answer("POST /contacts/search").await;
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

/// Webhooks carry ISO 8601 times where the API has epoch seconds.
#[test]
fn a_contact_of_a_webhook() {
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
async fn ticket_types_with_a_category() {
    let attribute = json!({
        "type": "ticket_type_attribute", "id": "1311280", "data_type": "string", "input_options": {"multiline": false},
        "ticket_type_id": 1,
    });
    let body = json!({"type": "list", "data": [{
        "type": "ticket_type", "id": "1", "name": "Feature request", "category": "Back-office", "is_internal": false,
        "ticket_type_attributes": {"type": "list", "data": [attribute]},
    }]});
    let wire = answer_with(body.clone()).await;
    let types = wire.client().list_ticket_types().send().await.unwrap();
    assert_eq!(serde_json::to_value(&*types).unwrap(), body);
    let category = serde_json::to_value(&types.data[0]).unwrap()["category"].take();
    assert_eq!(category, "Back-office");
}
