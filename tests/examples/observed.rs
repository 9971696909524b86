//! Values that servers were observed to send and that the examples do not contain.

use serde_json::{Value, json};

use crate::compare::differences;
use operation_tables::OPERATIONS;

/// Asserts that `value` survives decoding as a response of `operation` and encoding.
fn assert_lossless(operation: &str, value: Value) {
    let operation = OPERATIONS.iter().find(|candidate| candidate.id == operation);
    let operation = operation.expect("the operation exists");
    let sent = value.to_string();
    let kept = (operation.response)(&sent).unwrap_or_else(|error| panic!("{} {value}: {error}", operation.id));
    assert_eq!(differences(&sent, &kept), [], "{} {value}", operation.id);
}

#[test]
fn contacts_and_admins_are_lossless() {
    for avatar in [
        json!("https://example.com/a.png"),
        Value::Null,
        json!({"type": "avatar", "image_url": null}),
    ] {
        assert_lossless(
            "show_contact",
            json!({"id": "6762f09c1bb69f9f2193bb02", "avatar": avatar}),
        );
        assert_lossless(
            "retrieve_admin",
            json!({"id": "991267459", "avatar": avatar, "team_ids": null}),
        );
    }
    // Contacts and leads that were created long ago.
    assert_lossless(
        "show_contact",
        json!({
            "role": "lead", "email": "", "marked_email_as_spam": null, "has_hard_bounced": null,
            "unsubscribed_from_emails": null, "owner_id": null, "signed_up_at": null, "tags": null,
            "android_last_seen_at": "2024-11-13T12:13:20Z", "ios_last_seen_at": 2_738_966_400_i64,
        }),
    );
    for person in ["show_contact", "retrieve_visitor_with_user_id"] {
        assert_lossless(person, json!({"custom_attributes": attributes()}));
    }
    assert_lossless("show_contact", json!({"custom_attributes": null}));
}

/// Returns custom attributes with values of every type.
fn attributes() -> Value {
    json!({
        "text": "a", "integer": 9_007_199_254_740_993_i64, "float": 1.5, "yes": true, "list": [1, "b", {"c": 2}],
        "orders": {"type": "Order.list", "instances": [{"id": "21", "external_id": "o-21", "type": "Order"}]},
    })
}

#[test]
fn companies_are_lossless() {
    let company = json!({
        "type": "company", "id": "6762f09c1bb69f9f2193bb02", "monthly_spend": 155.98, "plan": {}, "website": null,
        "custom_attributes": attributes(), "tags": {"type": "tag.list", "tags": [{"id": 1}, {"id": "2", "name": "a"}]},
        "segments": {"type": "segment.list", "segments": []}, "created_at": "1731500000",
    });
    assert_lossless("retrieve_company_by_id", company.clone());
    assert_lossless("retrieve_company", company.clone());
    assert_lossless(
        "retrieve_company",
        json!({"type": "list", "data": [company], "total_count": 1, "pages": null}),
    );
    assert_lossless(
        "scroll_over_all_companies",
        json!({"type": "list", "data": [], "total_count": null, "pages": null}),
    );
}

#[test]
fn conversations_are_lossless() {
    assert_lossless(
        "retrieve_conversation",
        json!({
            "type": "conversation", "id": 471, "admin_assignee_id": 0, "team_assignee_id": "0", "priority": "later",
            "custom_attributes": attributes(), "tags": null, "sla_applied": null, "snoozed_until": null,
            "statistics": {"last_closed_by_id": 991267459, "time_to_assignment": null, "first_close_at": "1731500000"},
            "teammates": {"type": "admin.list", "admins": [{"type": "admin", "id": "991267459"}]},
            "source": {"type": "whatsapp", "delivered_as": "telepathy", "attachments": null, "redacted": "false",
                       "author": {"type": "bot", "id": 8, "email": null}},
            "conversation_parts": {"total_count": "2", "conversation_parts": [
                {"part_type": "quick_reply", "body": null, "external_id": null,
                 "assigned_to": {"type": "nobody_admin", "id": null},
                 "attachments": [{"width": "100", "height": null}, {"width": 100, "height": 20.0}]},
                {"part_type": "assignment", "assigned_to": null, "attachments": null, "author": {"type": "fin"}},
            ]},
        }),
    );
    for next in [
        json!({"page": 2, "starting_after": "WzE3==", "per_page": 20}),
        json!({"starting_after": "WzE3=="}),
        json!("https://api.intercom.io/conversations?page=2"),
        Value::Null,
    ] {
        let pages = json!({"type": "pages", "page": 1, "per_page": 20, "total_pages": 8, "next": next});
        let conversations = json!([{"id": "471", "state": "dormant"}]);
        assert_lossless(
            "list_conversations",
            json!({"type": "conversation.list", "conversations": conversations, "pages": pages}),
        );
        assert_lossless(
            "list_contacts",
            json!({"type": "list", "data": [{"id": "a"}], "pages": pages}),
        );
    }
}

#[test]
fn tickets_are_lossless() {
    for state in [
        json!("in_progress"),
        json!("parked"),
        json!({"type": "ticket_state", "id": "8", "category": "resolved"}),
    ] {
        assert_lossless(
            "get_ticket",
            json!({
                "type": "ticket", "ticket_state": state, "admin_assignee_id": "0", "open": true, "category": "Customer",
                "snoozed_until": 1_731_500_000, "linked_objects": {"type": "list", "total_count": 1, "has_more": false,
                    "data": [{"type": "conversation", "id": "7", "category": null}]},
                "ticket_attributes": {"_default_title_": "a", "count": 3, "when": 1_731_500_000, "files": [], "yes": false},
            }),
        );
    }
}

#[test]
fn events_and_attributes_are_lossless() {
    assert_lossless(
        "list_data_events",
        json!({"type": "event.list", "events": [{"created_at": 1_389_913_941, "metadata": {
            "price": {"amount": 300, "currency": "eur"}, "order": {"url": "https://example.com", "value": 3.5}, "x": [1],
        }}], "pages": {"next": "https://api.intercom.io/events?before=1"}}),
    );
    assert_lossless(
        "list_data_attributes",
        json!({"type": "list", "data": [
            {"type": "data_attribute", "name": "name", "options": null, "data_type": "date"},
            {"type": "data_attribute", "id": 12_878, "options": ["1-10", "11-50"], "data_type": "relationship"},
        ]}),
    );
    assert_lossless(
        "list_admins",
        json!({"type": "admin.list", "admins": [null, {"id": 1, "team_ids": [5, null]}]}),
    );
}
