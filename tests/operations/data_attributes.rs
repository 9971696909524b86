//! Data attributes of contacts and companies.

use intercom_client::Nullable;
use intercom_client::types::{DataAttributeDataType, DataAttributeModel, DataAttributeOption};
use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_data_attributes() {
    let wire = respond("GET /data_attributes").await;
    let call = wire.client().list_data_attributes();
    let list = call.model("company").include_archived(true).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /data_attributes?model=company&include_archived=true");
    assert_eq!(sent.body, json!(null));
    assert_eq!(list.data.len(), 17);
    let spend = list
        .data
        .iter()
        .find(|a| a.name.as_deref() == Some("monthly_spend"))
        .unwrap();
    assert_eq!(spend.id, None, "built-in attributes have no id");
    assert_eq!(spend.model, Some(DataAttributeModel::Company));
    assert_eq!(spend.data_type, Some(DataAttributeDataType::Float));
    assert_eq!(spend.custom, Some(false));
    let fleet = list.data.iter().find(|a| a.custom == Some(true)).unwrap();
    assert_eq!(fleet.id, Some(3120077));
    assert_eq!(fleet.full_name.as_deref(), Some("custom_attributes.fleet_size"));
    assert_eq!(fleet.created_at, Some(1731330000.into()));
}

#[tokio::test]
async fn list_data_attributes_of_every_model() {
    let wire = respond_with(json!({"type": "list", "data": [
        {"id": 3120078, "model": "order", "data_type": "relationship", "options": null, "admin_id": 4021337},
    ]}))
    .await;
    let list = wire.client().list_data_attributes().send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /data_attributes");
    let attribute = &list.data[0];
    assert_eq!(attribute.model, Some(DataAttributeModel::Unknown("order".into())));
    assert_eq!(attribute.data_type.as_ref().unwrap().as_str(), "relationship");
    assert_eq!(attribute.options, [""; 0]);
    assert_eq!(attribute.admin_id.as_deref(), Some("4021337"));
}

#[tokio::test]
async fn create_data_attribute() {
    let wire = respond("POST /data_attributes").await;
    let call = wire.client().create_data_attribute();
    let attribute = call
        .body_map(|b| {
            b.name("fleet_size")
                .model(DataAttributeModel::Company)
                .data_type("string")
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /data_attributes");
    assert_eq!(
        sent.body,
        json!({"name": "fleet_size", "model": "company", "data_type": "string"})
    );
    assert_eq!(attribute.id, Some(3120077));
    assert_eq!(attribute.label.as_deref(), Some("fleet_size"));
    assert_eq!(attribute.api_writable, Some(true));
    assert_eq!(attribute.created_at, Some(1731330000.into()));
    assert_eq!(attribute.description, None);
}

#[tokio::test]
async fn create_data_attribute_with_options() {
    let wire = respond("POST /data_attributes").await;
    let call = wire.client().create_data_attribute();
    call.body_map(|b| {
        b.name("plan")
            .model("contact")
            .data_type("string")
            .description("What they pay for")
            .options(["trial", "scale"])
            .messenger_writable(false)
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "name": "plan",
            "model": "contact",
            "data_type": "string",
            "description": "What they pay for",
            "options": ["trial", "scale"],
            "messenger_writable": false,
        })
    );
}

#[tokio::test]
async fn create_data_attribute_needs_a_model() {
    let wire = respond("POST /data_attributes").await;
    let call = wire.client().create_data_attribute();
    let error = call
        .body_map(|b| b.name("plan").data_type("string"))
        .send()
        .await
        .unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_data_attribute: missing required value `model`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn update_data_attribute() {
    let wire = respond("PUT /data_attributes/{id}").await;
    let bands = ["1-25", "26-100", "over 100"].map(DataAttributeOption::with_value);
    let attribute = wire
        .client()
        .update_data_attribute()
        .id(3120077)
        .body_map(|b| {
            b.description("Vehicles the company runs itself, by band")
                .options(bands)
                .archived(false)
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /data_attributes/3120077");
    assert_eq!(
        sent.body,
        json!({
            "description": "Vehicles the company runs itself, by band",
            "options": [{"value": "1-25"}, {"value": "26-100"}, {"value": "over 100"}],
            "archived": false,
        })
    );
    assert_eq!(attribute.options, ["1-25", "26-100", "over 100"]);
    assert_eq!(attribute.updated_at, Some(1731416400.into()));
}

#[tokio::test]
async fn update_data_attribute_clears_what_it_had() {
    let wire = respond("PUT /data_attributes/{id}").await;
    let call = wire.client().update_data_attribute().id("31/20 077");
    call.body_map(|b| b.description(Nullable::Null).options(Vec::<DataAttributeOption>::new()))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /data_attributes/31%2F20%20077");
    assert_eq!(sent.body, json!({"description": null, "options": []}));
}
