//! Tickets.

use intercom_client::Nullable;
use intercom_client::types::{
    CreateTicketReplyRequest, TicketAssignment, TicketCategory, TicketContactRequest, TicketStateCategory,
    UpdateTicketRequestState,
};
use serde_json::json;

use crate::wire::{example, respond, respond_with};

#[tokio::test]
async fn create_ticket() {
    let wire = respond("POST /tickets").await;
    let call = wire.client().create_ticket();
    let ticket = call
        .body_map(|b| {
            b.ticket_type_id(5102)
                .contacts([TicketContactRequest::by_id("66f1c2a9d04b7e8351aa0c11")])
                .ticket_attributes([
                    ("_default_title_", "42 containers missing from the map"),
                    (
                        "_default_description_",
                        "Juniper Freight: the table lists 42 containers, the map shows none since Saturday.",
                    ),
                ])
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /tickets");
    assert_eq!(
        sent.body,
        json!({
            "ticket_type_id": 5102,
            "contacts": [{"id": "66f1c2a9d04b7e8351aa0c11"}],
            "ticket_attributes": {
                "_default_title_": "42 containers missing from the map",
                "_default_description_":
                    "Juniper Freight: the table lists 42 containers, the map shows none since Saturday.",
            },
        })
    );
    assert_eq!(ticket.id.as_deref(), Some("71540"));
    assert_eq!(
        ticket.ticket_attributes["_default_title_"],
        "42 containers missing from the map"
    );
    assert_eq!(ticket.admin_assignee_id.as_deref(), Some("0"), "nobody");
    let contacts = &ticket.contacts.as_ref().unwrap().contacts;
    assert_eq!(contacts[0].id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(contacts[0].role.as_deref(), Some("user"));
    let ticket_type = ticket.ticket_type.as_ref().unwrap();
    assert_eq!(ticket_type.name.as_deref(), Some("Shipment problem"));
    assert_eq!(ticket_type.is_internal, Some(false));
    let attributes = &ticket_type.ticket_type_attributes.as_ref().unwrap().data;
    assert_eq!(attributes[0].name.as_deref(), Some("_default_title_"));
    let part = &ticket.ticket_parts.as_ref().unwrap().ticket_parts[0];
    assert_eq!(part.author.as_ref().unwrap().name.as_deref(), Some("Operator"));
}

#[tokio::test]
async fn create_ticket_for_external_id() {
    let wire = respond("POST /tickets").await;
    let call = wire.client().create_ticket();
    call.body_map(|b| {
        b.ticket_type_id("5102")
            .contacts([TicketContactRequest::by_external_id("usr-1001")])
            .company_id("juniper-freight")
            .ticket_attributes([
                ("Containers affected", json!(42)),
                ("Seen at", json!(1732006200)),
                ("Urgent", json!(true)),
                ("Port", json!(null)),
            ])
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "ticket_type_id": "5102",
            "contacts": [{"external_id": "usr-1001"}],
            "company_id": "juniper-freight",
            "ticket_attributes": {"Containers affected": 42, "Seen at": 1732006200, "Urgent": true, "Port": null},
        })
    );
}

#[tokio::test]
async fn create_ticket_for_email() {
    let wire = respond("POST /tickets").await;
    let call = wire.client().create_ticket();
    call.body_map(|b| {
        b.ticket_type_id(5102)
            .contacts([TicketContactRequest::by_email("noor@saltmarsh.example")])
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"ticket_type_id": 5102, "contacts": [{"email": "noor@saltmarsh.example"}]})
    );
}

#[tokio::test]
async fn create_ticket_needs_contacts() {
    let wire = respond("POST /tickets").await;
    let call = wire.client().create_ticket();
    let error = call.body_map(|b| b.ticket_type_id(5102)).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_ticket: missing required value `contacts`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn get_ticket() {
    let mut ticket = example("GET /tickets/{id}");
    ticket["open"] = json!(true);
    ticket["snoozed_until"] = json!(null);
    ticket["category"] = json!("Back-office");
    ticket["linked_objects"] = json!({
        "type": "list", "total_count": 1, "has_more": false,
        "data": [{"type": "conversation", "id": "215478120045", "category": null}],
    });
    let wire = respond_with(ticket).await;
    let ticket = wire.client().get_ticket().id("71541/a b").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /tickets/71541%2Fa%20b");
    assert_eq!(sent.body, json!(null));
    assert_eq!(ticket.id.as_deref(), Some("71541"));
    assert_eq!(
        ticket.ticket_attributes["_default_title_"],
        "Pallet shown in the wrong port"
    );
    assert_eq!(ticket.ticket_attributes["_default_description_"], json!(null));
    let state = ticket.ticket_state.as_ref().unwrap();
    assert_eq!(state.category(), Some(&TicketStateCategory::Submitted));
    assert_eq!(ticket.ticket_state_internal_label.as_deref(), Some("Submitted"));
    assert_eq!(ticket.open, Some(true));
    assert_eq!(ticket.snoozed_until, None);
    assert_eq!(ticket.category, Some(TicketCategory::BackOffice));
    let linked = ticket.linked_objects.as_ref().unwrap();
    assert_eq!(linked.data[0].id.as_deref(), Some("215478120045"));
    let contacts = &ticket.contacts.as_ref().unwrap().contacts;
    assert_eq!(contacts[0].role.as_deref(), Some("lead"));
    assert_eq!(ticket.ticket_parts.as_ref().unwrap().total_count, Some(1));
}

#[tokio::test]
async fn update_ticket() {
    let wire = respond("PUT /tickets/{id}").await;
    let text = "Juniper Freight: the table lists 42 containers, the map shows none since Saturday. The Northline feed \
                was paused by an expired key; Ada has been sent the steps to renew it.";
    let call = wire.client().update_ticket().id(71540);
    let ticket = call
        .body_map(|b| {
            b.ticket_attributes([
                ("_default_title_", "Map empty: carrier feed paused on Saturday"),
                ("_default_description_", text),
            ])
            .state(UpdateTicketRequestState::InProgress)
            .assignment(TicketAssignment::builder().admin_id("4021337").assignee_id("4021338"))
            .open(true)
            .snoozed_until(1732176000)
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /tickets/71540");
    assert_eq!(
        sent.body,
        json!({
            "ticket_attributes": {
                "_default_title_": "Map empty: carrier feed paused on Saturday",
                "_default_description_": text,
            },
            "state": "in_progress",
            "assignment": {"admin_id": "4021337", "assignee_id": "4021338"},
            "open": true,
            "snoozed_until": 1732176000,
        })
    );
    let state = ticket.ticket_state.as_ref().unwrap();
    assert_eq!(state.category(), Some(&TicketStateCategory::InProgress));
    assert_eq!(ticket.admin_assignee_id.as_deref(), Some("4021338"));
    assert_eq!(ticket.updated_at, Some(1732010401.into()));
    let parts = &ticket.ticket_parts.as_ref().unwrap().ticket_parts;
    assert_eq!(parts.len(), 5);
    assert_eq!(parts[3].part_type.as_deref(), Some("ticket_state_updated_by_admin"));
    assert_eq!(parts[3].ticket_state, Some(TicketStateCategory::InProgress));
    assert_eq!(parts[3].previous_ticket_state, Some(TicketStateCategory::Submitted));
    assert_eq!(parts[4].assigned_to.as_ref().unwrap().id.as_deref(), Some("4021338"));
    assert!(parts[0].assigned_to.is_none());
}

#[tokio::test]
async fn update_ticket_clears_fields() {
    let wire = respond("PUT /tickets/{id}").await;
    let call = wire.client().update_ticket().id("71540");
    call.body_map(|b| {
        b.ticket_attributes([("Port", json!(null))])
            .snoozed_until(Nullable::Null)
            .is_shared(false)
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"ticket_attributes": {"Port": null}, "snoozed_until": null, "is_shared": false})
    );
}

#[tokio::test]
async fn reply_ticket() {
    let wire = respond("POST /tickets/{id}/reply").await;
    let text = "<html> <body>  <h2>What we know</h2>  <ul> <li>Northline key expired on 16 November at 06:00</li> \
                <li>No position for any of the 42 containers since then</li> </ul>  <h2>Next steps</h2>  <ol> \
                <li>Wait for the renewed key from Ada</li> <li>Press Reconnect and wait ten minutes</li> <li>Check \
                that the pins are back</li> </ol>  </body> </html>";
    let note = CreateTicketReplyRequest::admin_note(4021338, text);
    let call = wire.client().reply_ticket().id("71540");
    let part = call.body(note).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /tickets/71540/reply");
    assert_eq!(
        sent.body,
        json!({"message_type": "note", "type": "admin", "admin_id": 4021338, "body": text})
    );
    assert_eq!(part.id.as_deref(), Some("8830406"));
    assert_eq!(part.part_type.as_deref(), Some("note"));
    assert!(part.body.as_deref().unwrap().starts_with("<h2>What we know</h2>\n"));
    assert_eq!(part.author.as_ref().unwrap().name.as_deref(), Some("Idris Okafor"));
    assert_eq!(part.created_at, Some(1732014000.into()));
    assert_eq!(part.redacted, Some(false));
    assert!(part.attachments.is_empty());
}

#[tokio::test]
async fn reply_ticket_as_admin_comment() {
    let wire = respond("POST /tickets/{id}/reply").await;
    let reply = CreateTicketReplyRequest::admin_comment("4021338", "The pins are back.")
        .created_at(1732014000)
        .attachment_urls(["https://cdn.fernhill.example/map.png"]);
    let call = wire.client().reply_ticket().id(71540);
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment",
            "type": "admin",
            "admin_id": "4021338",
            "body": "The pins are back.",
            "created_at": 1732014000,
            "attachment_urls": ["https://cdn.fernhill.example/map.png"],
        })
    );
}

#[tokio::test]
async fn reply_ticket_as_contact() {
    let wire = respond("POST /tickets/{id}/reply").await;
    let reply = CreateTicketReplyRequest::contact_comment("66f1c2a9d04b7e8351aa0c11", "Renewed, thank you.");
    let call = wire.client().reply_ticket().id("71540");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment",
            "type": "user",
            "intercom_user_id": "66f1c2a9d04b7e8351aa0c11",
            "body": "Renewed, thank you.",
        })
    );
}

#[tokio::test]
async fn reply_ticket_by_user_id() {
    let wire = respond("POST /tickets/{id}/reply").await;
    let reply = CreateTicketReplyRequest::contact_comment_by_user_id("usr-1001", "Renewed, thank you.");
    let call = wire.client().reply_ticket().id("71540");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"message_type": "comment", "type": "user", "user_id": "usr-1001", "body": "Renewed, thank you."})
    );
}

#[tokio::test]
async fn reply_ticket_by_email() {
    let wire = respond("POST /tickets/{id}/reply").await;
    let reply = CreateTicketReplyRequest::contact_comment_by_email("ada@juniper-freight.example", "Renewed!");
    let call = wire.client().reply_ticket().id("71540");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment", "type": "user", "email": "ada@juniper-freight.example", "body": "Renewed!",
        })
    );
}
