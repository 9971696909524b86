//! Ticket types and their attributes.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge, recorded};

/// Creates a ticket type with the attributes that every one has from the beginning.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::ticket_type();
    if call.text("name").is_none() {
        return Err(Refusal::absent("name is required"));
    }
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge(object, &mut record, &call.body, "id");
    }
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    let shown = recorded(call.operation);
    let attributes = shown
        .get("ticket_type_attributes")
        .and_then(|list| list["data"].as_array().cloned());
    let by_default = attributes
        .into_iter()
        .flatten()
        .filter(|attribute| attribute["default"] == true);
    for mut attribute in by_default {
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
        put(workspace, &id, attribute);
    }
    workspace.show(call, kind, &id)
}

fn put(workspace: &mut Workspace, of: &str, attribute: Value) -> String {
    let id = workspace.put(kind::attribute(), attribute).unwrap_or_default();
    workspace.attach((kind::ticket_type(), of), (kind::attribute(), &id), &Value::Null);
    id
}

/// Ids of types are numbers in attributes, and texts elsewhere.
fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Value::from)
}

pub(super) fn create_attribute(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::attribute();
    let of = call.values.first().map_or("", String::as_str);
    if call.text("name").is_none() || call.text("data_type").is_none() {
        return Err(Refusal::absent("name and data_type are required"));
    }
    let order = workspace.links.count((kind::ticket_type(), of), kind);
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge(object, &mut record, &call.body, catalog().identifier(kind));
    }
    record.insert("ticket_type_id".to_owned(), number(of));
    record.insert("order".to_owned(), order.into());
    let id = put(workspace, of, Value::Object(record));
    workspace.show(call, kind, &id)
}

/// A type shows all its attributes.
pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    let (of, kind) = ((kind::ticket_type(), id), kind::attribute());
    if workspace.links.count(of, kind) == 0 {
        return;
    }
    let attributes = workspace.links.of(of, kind);
    let shown: Vec<Value> = attributes
        .filter_map(|id| Some(workspace.store.get(kind, id)?.value.clone()))
        .collect();
    if let Some(Value::Object(list)) = fields.get_mut("ticket_type_attributes") {
        list.insert("data".to_owned(), shown.into());
    }
}
