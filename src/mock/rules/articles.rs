//! The help center: articles, collections and sections.

use serde_json::{Map, Value};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge, set_present};
use super::respond;
use super::text::{html, slug};
use crate::wire::id::text_of;

/// The HTML attributes of paragraphs in articles.
const PARAGRAPH_ATTRIBUTES: &str = " class=\"no-margin\"";

pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::article();
    if call.text("title").is_none() {
        return Err(ApiError::missing_parameter("title is required"));
    }
    if call.text("author_id").is_none() {
        let message = "author_id must be in the main body or default locale translated_content object";
        return Err(ApiError::missing_parameter(message));
    }
    let mut record = workspace.new_record(call.operation, kind);
    if record.get("state").is_none_or(Value::is_null) {
        record.insert("state".to_owned(), "draft".into());
    }
    set_present(&mut record, "description", "".into());
    set_present(&mut record, "body", "".into());
    set_fields(call, &mut record);
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let id = call.last_path_value();
    workspace.change(kind::article(), id, |fields| set_fields(call, fields));
    workspace.show(call, kind::article(), id)
}

/// Sets the fields of an article to those of the request, and updates its URL.
fn set_fields(call: &MockCall<'_>, fields: &mut Map<String, Value>) {
    let Some(object) = &call.operation.record else { return };
    let mut body = call.body.clone();
    // The recorded response to a request with translations has none.
    body.remove("translated_content");
    if let Some(text) = call.text("body") {
        body.insert("body".to_owned(), html(&text, PARAGRAPH_ATTRIBUTES).into());
    }
    merge(object, fields, &body, "id");
    let id = fields.get("id").and_then(text_of).unwrap_or_default().into_owned();
    let title = fields
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    // Only published articles have a URL. Source: a recorded draft.
    if fields.get("state").is_some_and(|state| state == "draft") {
        set_present(fields, "url", Value::Null);
    } else if fields.get("url").is_some_and(Value::is_null)
        && let Some(url) = catalog().blank_record("POST", "/articles").remove("url")
    {
        fields.insert("url".to_owned(), url);
    }
    if let Some(Value::String(url)) = fields.get_mut("url")
        && let Some((path, _)) = url.rsplit_once('/')
    {
        *url = format!("{path}/{id}-{}", slug(&title));
    }
}

/// Creates a collection or a section.
pub(super) fn create_group(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let Some(kind) = catalog().kind_of(call.operation) else {
        return respond(call, &Value::Null);
    };
    if call.text("name").is_none() {
        return Err(ApiError::missing_parameter("Name is a required parameter."));
    }
    let order = workspace.store.all(kind).count() + 1;
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge(object, &mut record, &call.body, "id");
    }
    set_present(&mut record, "order", order.into());
    if let Some(description) = record
        .get_mut("description")
        .filter(|description| description.is_null())
    {
        *description = "".into();
    }
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}
