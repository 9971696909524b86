//! Ticket types.

use intercom_client::Nullable;
use serde_json::json;

use crate::wire::respond;

#[tokio::test]
async fn list_ticket_types() {
    let wire = respond("GET /ticket_types").await;
    let types = wire.client().list_ticket_types().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /ticket_types");
    assert_eq!(sent.body, json!(null));
    let [shipment, invoice] = types.data.as_slice() else {
        panic!("{:?}", types.data)
    };
    assert_eq!(shipment.id.as_deref(), Some("5102"));
    assert_eq!(shipment.icon.as_deref(), Some("🚚"));
    assert_eq!(shipment.archived, Some(false));
    assert_eq!(invoice.name.as_deref(), Some("Invoice question"));
    assert_eq!(invoice.created_at, Some(1731402600.into()));
    let attributes = &shipment.ticket_type_attributes.as_ref().unwrap().data;
    assert_eq!(attributes.len(), 4);
    assert_eq!(attributes[1].name.as_deref(), Some("Containers affected"));
    assert_eq!(attributes[1].data_type.as_deref(), Some("integer"));
    assert!(attributes[1].input_options.is_empty());
    assert_eq!(attributes[2].input_options["multiline"], true);
    assert_eq!(attributes[3].order, Some(3));
    assert_eq!(attributes[3].ticket_type_id, Some(5102));
    assert_eq!(attributes[0].default, Some(true));
}

#[tokio::test]
async fn create_ticket_type() {
    let wire = respond("POST /ticket_types").await;
    let call = wire.client().create_ticket_type();
    let created = call
        .body_map(|b| {
            b.name("Shipment problem")
                .description("A shipment is late, lost or wrongly shown")
                .icon("🚚")
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /ticket_types");
    assert_eq!(
        sent.body,
        json!({
            "name": "Shipment problem",
            "description": "A shipment is late, lost or wrongly shown",
            "icon": "🚚",
        })
    );
    assert_eq!(created.id.as_deref(), Some("5102"));
    assert_eq!(created.workspace_id.as_deref(), Some("fh2k9wq7"));
    assert_eq!(created.is_internal, Some(false));
    let attributes = &created.ticket_type_attributes.as_ref().unwrap().data;
    assert_eq!(attributes[1].name.as_deref(), Some("_default_description_"));
}

#[tokio::test]
async fn create_ticket_type_needs_a_name() {
    let wire = respond("POST /ticket_types").await;
    let call = wire.client().create_ticket_type();
    let error = call.body_map(|b| b.is_internal(true)).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_ticket_type: missing required value `name`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn get_ticket_type() {
    let wire = respond("GET /ticket_types/{id}").await;
    let found = wire.client().get_ticket_type().id("51/02 a").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /ticket_types/51%2F02%20a");
    assert_eq!(sent.body, json!(null));
    assert_eq!(found.name.as_deref(), Some("Shipment problem"));
    assert_eq!(found.updated_at, Some(1731401400.into()));
    let attributes = &found.ticket_type_attributes.as_ref().unwrap().data;
    assert_eq!(attributes[3].name.as_deref(), Some("Container number"));
    assert_eq!(attributes[3].visible_to_contacts, Some(true));
}

#[tokio::test]
async fn update_ticket_type() {
    let wire = respond("PUT /ticket_types/{id}").await;
    let call = wire.client().update_ticket_type().id(5102);
    let updated = call
        .body_map(|b| b.name("Shipment problem or delay"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /ticket_types/5102");
    assert_eq!(sent.body, json!({"name": "Shipment problem or delay"}));
    assert_eq!(updated.name.as_deref(), Some("Shipment problem or delay"));
    assert_eq!(updated.updated_at, Some(1732179600.into()));
}

#[tokio::test]
async fn update_ticket_type_clears_its_description() {
    let wire = respond("PUT /ticket_types/{id}").await;
    let call = wire.client().update_ticket_type().id("5102");
    call.body_map(|b| b.description(Nullable::Null).archived(true).is_internal(false))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"description": null, "archived": true, "is_internal": false})
    );
}
