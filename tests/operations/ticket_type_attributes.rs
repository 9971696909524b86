//! Ticket type attributes.

use intercom_client::Nullable;
use intercom_client::types::TicketTypeAttributeDataType;
use serde_json::json;

use crate::wire::respond;

#[tokio::test]
async fn create_ticket_type_attribute() {
    let wire = respond("POST /ticket_types/{ticket_type_id}/attributes").await;
    let call = wire.client().create_ticket_type_attribute().id(5102);
    let attribute = call
        .body_map(|b| {
            b.name("Container number")
                .description("Four letters and seven digits, as painted on the door")
                .data_type("string")
                .required_to_create(false)
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /ticket_types/5102/attributes");
    assert_eq!(
        sent.body,
        json!({
            "name": "Container number",
            "description": "Four letters and seven digits, as painted on the door",
            "data_type": "string",
            "required_to_create": false,
        })
    );
    assert_eq!(attribute.id.as_deref(), Some("64113"));
    assert_eq!(attribute.data_type.as_deref(), Some("string"));
    assert_eq!(attribute.input_options["multiline"], false);
    assert_eq!(attribute.ticket_type_id, Some(5102));
    assert_eq!(attribute.created_at, Some(1731401400.into()));
}

#[tokio::test]
async fn create_ticket_type_attribute_with_a_list() {
    let wire = respond("POST /ticket_types/{ticket_type_id}/attributes").await;
    let call = wire.client().create_ticket_type_attribute().id("5102");
    call.body_map(|b| {
        b.name("Severity")
            .description("How much cargo is at risk")
            .data_type(TicketTypeAttributeDataType::List)
            .list_items("Low,Medium,High")
            .required_to_create_for_contacts(true)
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "name": "Severity",
            "description": "How much cargo is at risk",
            "data_type": "list",
            "list_items": "Low,Medium,High",
            "required_to_create_for_contacts": true,
        })
    );
}

#[tokio::test]
async fn create_ticket_type_attribute_needs_a_type() {
    let wire = respond("POST /ticket_types/{ticket_type_id}/attributes").await;
    let call = wire.client().create_ticket_type_attribute().id(5102);
    let error = call
        .body_map(|b| b.name("Severity").description("How much cargo is at risk"))
        .send()
        .await
        .unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_ticket_type_attribute: missing required value `data_type`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn update_ticket_type_attribute() {
    let wire = respond("PUT /ticket_types/{ticket_type_id}/attributes/{id}").await;
    let call = wire.client().update_ticket_type_attribute();
    let attribute = call
        .ticket_type_id("51/02")
        .id("641 12")
        .body_map(|b| b.description("How many containers of the booking are hit"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /ticket_types/51%2F02/attributes/641%2012");
    assert_eq!(
        sent.body,
        json!({"description": "How many containers of the booking are hit"})
    );
    assert_eq!(attribute.id.as_deref(), Some("64112"));
    assert_eq!(attribute.order, Some(2));
    assert!(attribute.input_options.is_empty());
    assert_eq!(attribute.updated_at, Some(1731490200.into()));
}

#[tokio::test]
async fn update_ticket_type_attribute_clears_fields() {
    let wire = respond("PUT /ticket_types/{ticket_type_id}/attributes/{id}").await;
    let call = wire.client().update_ticket_type_attribute();
    call.ticket_type_id(5102)
        .id(64112)
        .body_map(|b| b.list_items(Nullable::Null).archived(true).visible_on_create(false))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"list_items": null, "archived": true, "visible_on_create": false})
    );
}
