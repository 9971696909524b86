//! Ticket types and their attributes.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, example_response, merge};

/// Creates a ticket type with the default attributes.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::ticket_type();
    if call.text("name").is_none() {
        return Err(ApiError::missing_parameter("name is required"));
    }
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge(object, &mut record, &call.body, "id");
    }
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    let example = example_response(call.operation);
    let attributes = example
        .get("ticket_type_attributes")
        .and_then(|list| list["data"].as_array().cloned());
    let default_attributes = attributes
        .into_iter()
        .flatten()
        .filter(|attribute| attribute["default"] == true);
    for mut attribute in default_attributes {
        let now = workspace.now.seconds();
        let own = json!({
            "id": workspace.new_id(""),
            "ticket_type_id": number(&id),
            "created_at": now,
            "updated_at": now,
        });
        if let (Value::Object(attribute), Value::Object(own)) = (&mut attribute, own) {
            attribute.extend(own);
        }
        put_attribute(workspace, &id, attribute);
    }
    workspace.show(call, kind, &id)
}

fn put_attribute(workspace: &mut Workspace, ticket_type: &str, attribute: Value) -> String {
    let id = workspace.put(kind::attribute(), attribute).unwrap_or_default();
    workspace.attach(
        (kind::ticket_type(), ticket_type),
        (kind::attribute(), &id),
        &Value::Null,
    );
    id
}

/// Converts the id of a ticket type to a number, as in attributes.
fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Value::from)
}

pub(super) fn create_attribute(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::attribute();
    let ticket_type = call.first_path_value();
    if call.text("name").is_none() || call.text("data_type").is_none() {
        return Err(ApiError::missing_parameter("name and data_type are required"));
    }
    let order = workspace.relations.count((kind::ticket_type(), ticket_type), kind);
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge(object, &mut record, &call.body, catalog().id_field(kind));
    }
    record.insert("ticket_type_id".to_owned(), number(ticket_type));
    record.insert("order".to_owned(), order.into());
    let id = put_attribute(workspace, ticket_type, Value::Object(record));
    workspace.show(call, kind, &id)
}

/// Adds all attributes to a ticket type.
pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    let (ticket_type, kind) = ((kind::ticket_type(), id), kind::attribute());
    if workspace.relations.count(ticket_type, kind) == 0 {
        return;
    }
    let attributes = workspace.relations.ids(ticket_type, kind);
    let shown: Vec<Value> = attributes
        .filter_map(|id| Some(workspace.store.get(kind, id)?.value.clone()))
        .collect();
    if let Some(Value::Object(list)) = fields.get_mut("ticket_type_attributes") {
        list.insert("data".to_owned(), shown.into());
    }
}
