//! Data attributes: what custom attributes there are.

use serde_json::{Map, Value};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{catalog, kind};
use super::super::store::ANY_CASE;
use super::super::workspace::{Workspace, merge, set_present};
use super::Lists;

const TYPES: [&str; 6] = ["string", "integer", "float", "boolean", "date", "datetime"];

pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::data_attribute();
    let invalid = |message: String| Err(Refusal::invalid(message));
    let model = call.text("model").unwrap_or_default();
    if !["contact", "company"].contains(&model.as_ref()) {
        return invalid("The Data Attribute model field must be either contact or company".to_owned());
    }
    let name = call.text("name").unwrap_or_default();
    let is_allowed = |c: char| c.is_alphanumeric() || " -_$€£¥".contains(c);
    if name.is_empty() || !name.chars().all(is_allowed) {
        let message =
            "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens";
        return invalid(message.to_owned());
    }
    let data_type = call.text("data_type").unwrap_or_default();
    // A list is a text with options.
    if !TYPES.contains(&data_type.as_ref()) && data_type != "options" {
        return invalid("Data Type isn't an option".to_owned());
    }
    let field = format!("name{ANY_CASE}");
    let known = workspace
        .live_having(kind, &field, &name.to_lowercase())
        .into_iter()
        .next();
    let held = known
        .and_then(|id| workspace.store.get(kind, &id))
        .filter(|record| !record.described);
    if let Some(held) = held {
        let place = held.value["model"].as_str().unwrap_or_default();
        let wanted = if model == "contact" { "people" } else { "company" };
        let message = format!(
            "You already have '{name}' in your {place} data. To save this as new {wanted} data, use a different name."
        );
        return invalid(message);
    }
    let options = options(&call.body)?;
    let mut record = workspace.new_record(call.operation, kind);
    set(call, &mut record, options);
    set_present(&mut record, "label", name.as_ref().into());
    set_present(&mut record, "full_name", format!("custom_attributes.{name}").into());
    set_present(&mut record, "custom", true.into());
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let id = call.last_value();
    let options = options(&call.body)?;
    workspace.change(kind::data_attribute(), id, |fields| set(call, fields, options));
    workspace.show(call, kind::data_attribute(), id)
}

/// The options of a request, objects with a `value`, as responses have them: texts.
fn options(body: &Map<String, Value>) -> Result<Option<Value>, Refusal> {
    let Some(options) = body.get("options").filter(|options| !options.is_null()) else {
        return Ok(None);
    };
    let options = options
        .as_array()
        .ok_or_else(|| Refusal::invalid("Options isn't an array"))?;
    let texts = options
        .iter()
        .map(|option| option.get("value").unwrap_or(option).clone());
    Ok(Some(texts.collect()))
}

fn set(call: &Call<'_>, fields: &mut Map<String, Value>, options: Option<Value>) {
    let mut body = call.body.clone();
    body.remove("options");
    if let Some(object) = &call.operation.record {
        merge(object, fields, &body, catalog().identifier(kind::data_attribute()));
    }
    if let Some(options) = options {
        fields.insert("options".to_owned(), options);
    }
}

/// Attributes of a model, and archived ones when they are asked for.
pub(super) fn listed(model: Option<String>, include_archived: Option<String>) -> Lists {
    let archived = include_archived.as_deref() == Some("true");
    Box::new(move |_, record| {
        let is_of_model = model.as_deref().is_none_or(|model| record.value["model"] == model);
        is_of_model && (archived || record.value["archived"] != true)
    })
}
