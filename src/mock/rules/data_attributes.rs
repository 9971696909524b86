//! Data attributes, which define the custom attributes of contacts and companies.

use serde_json::{Map, Value};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::description::OPERATIONS;
use super::super::store::IGNORE_CASE_SUFFIX;
use super::super::workspace::{Workspace, example_response, merge, set_present};
use super::ListFilter;
use crate::wire::id::text_of;

const DATA_TYPES: [&str; 6] = ["string", "integer", "float", "boolean", "date", "datetime"];

pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::data_attribute();
    let invalid = |message: String| Err(ApiError::invalid_parameter(message));
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
    // A list is a string with options.
    if !DATA_TYPES.contains(&data_type.as_ref()) && data_type != "options" {
        return invalid("Data Type isn't an option".to_owned());
    }
    let field = format!("name{IGNORE_CASE_SUFFIX}");
    let existing = workspace
        .active_with(kind, &field, &name.to_lowercase())
        .into_iter()
        .next();
    let existing = existing
        .and_then(|id| workspace.store.get(kind, &id))
        .filter(|record| !record.is_example);
    if let Some(existing) = existing {
        let model_name = existing.value["model"].as_str().unwrap_or_default();
        let requested_model = if model == "contact" { "people" } else { "company" };
        let message = format!(
            "You already have '{name}' in your {model_name} data. To save this as new {requested_model} data, use a different name."
        );
        return invalid(message);
    }
    let options = options(&call.body)?;
    let mut record = workspace.new_record(call.operation, kind);
    set_fields(call, &mut record, options);
    set_present(&mut record, "label", name.as_ref().into());
    set_present(&mut record, "full_name", format!("custom_attributes.{name}").into());
    set_present(&mut record, "custom", true.into());
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let id = call.last_path_value();
    let options = options(&call.body)?;
    workspace.change(kind::data_attribute(), id, |fields| set_fields(call, fields, options));
    workspace.show(call, kind::data_attribute(), id)
}

/// Converts the options of a request, which are objects with a `value`, to the strings of
/// responses.
fn options(body: &Map<String, Value>) -> Result<Option<Value>, ApiError> {
    let Some(options) = body.get("options").filter(|options| !options.is_null()) else {
        return Ok(None);
    };
    let options = options
        .as_array()
        .ok_or_else(|| ApiError::invalid_parameter("Options isn't an array"))?;
    let values = options
        .iter()
        .map(|option| option.get("value").unwrap_or(option).clone());
    Ok(Some(values.collect()))
}

fn set_fields(call: &MockCall<'_>, fields: &mut Map<String, Value>, options: Option<Value>) {
    let mut body = call.body.clone();
    body.remove("options");
    if let Some(object) = &call.operation.record {
        merge(object, fields, &body, catalog().id_field(kind::data_attribute()));
    }
    if let Some(options) = options {
        fields.insert("options".to_owned(), options);
    }
}

/// Adds the built-in attributes that the description shows.
pub(super) fn add_built_in(workspace: &mut Workspace) {
    let mut lists = OPERATIONS
        .iter()
        .filter(|operation| operation.shape == "/data_attributes");
    let Some(operation) = lists.find(|operation| operation.list.is_some()) else {
        return;
    };
    let example = example_response(operation);
    let attributes = example.get("data").and_then(Value::as_array).into_iter().flatten();
    for attribute in attributes.filter(|attribute| attribute["custom"] == false) {
        workspace.put(kind::data_attribute(), attribute.clone());
    }
}

/// Fails if a custom attribute with options has another value than these. Source: reports of
/// connectors.
pub(super) fn check_options(workspace: &mut Workspace, model: &str, body: &Map<String, Value>) -> Result<(), ApiError> {
    let attributes = body.get("custom_attributes").and_then(Value::as_object);
    for (name, value) in attributes.into_iter().flatten() {
        let Some(text) = text_of(value) else { continue };
        for slot in workspace.store.with_text(kind::data_attribute(), "name", name) {
            let attribute = workspace.store.at(kind::data_attribute(), slot);
            let attribute = attribute.filter(|attribute| !attribute.is_example && attribute.value["archived"] != true);
            let Some(attribute) = attribute.filter(|attribute| attribute.value["model"] == model) else {
                continue;
            };
            let options = attribute.value["options"]
                .as_array()
                .filter(|options| !options.is_empty());
            if options.is_some_and(|options| options.iter().all(|option| text_of(option).as_deref() != Some(&*text))) {
                return Err(ApiError::invalid_parameter(format!(
                    "{text:?} is not an option of {name}"
                )));
            }
        }
    }
    Ok(())
}

/// Selects the attributes of a model, and archived ones if requested.
pub(super) fn list_filter(model: Option<String>, include_archived: Option<String>) -> ListFilter {
    let archived = include_archived.as_deref() == Some("true");
    Box::new(move |_, record| {
        let has_model = model.as_deref().is_none_or(|model| record.value["model"] == model);
        has_model && (archived || record.value["archived"] != true)
    })
}
