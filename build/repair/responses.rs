//! Rules for responses: one success response, no required properties.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::document::schema::{
    self, components, for_each_operation, for_each_schema, reference, request_reach, response_reach,
};
use super::super::warnings::Warnings;

/// Reduces the responses of an operation to one success. The transport decodes all error responses
/// alike, and progenitor panics at several success types.
pub fn one_success_response(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_operation(document, |_, method, operation| {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            return;
        };
        let chosen = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .min_by_key(|(status, response)| (response.get("content").is_none(), (*status).clone()))
            .or_else(|| responses.get_key_value("default"))
            .map(|(_, response)| response.clone());
        let mut response = chosen.unwrap_or_else(|| json!({"description": "success"}));
        // A response to HEAD has no body.
        if method == "head"
            && let Some(response) = response.as_object_mut()
        {
            response.remove("content");
        }
        changed += responses.len().abs_diff(1);
        *responses = Map::from_iter([("200".to_owned(), response)]);
    });
    changed
}

/// Converts enums of one value in responses to strings.
pub fn constant_text_in_responses(document: &mut Value, _: &mut Warnings) -> usize {
    let requests = request_reach(document);
    let constants: BTreeSet<String> = components(document)
        .into_iter()
        .filter(|(name, schema)| {
            !requests.contains(name) && schema["enum"].as_array().is_some_and(|values| values.len() == 1)
        })
        .map(|(name, _)| name)
        .collect();
    for_each_schema(document, &mut |schema| {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(schema::component);
        if target.is_some_and(|name| constants.contains(name)) {
            schema.remove("$ref");
            schema.insert("type".into(), json!("string"));
        }
    });
    if let Some(schemas) = schema::components_mut(document) {
        schemas.retain(|name, _| !constants.contains(name));
    }
    constants.len()
}

/// Makes the properties of responses optional, and drops `nullable`: servers omit keys and send
/// null for them.
pub fn responses_require_nothing(document: &mut Value, _: &mut Warnings) -> usize {
    let responses = response_reach(document);
    let requests = request_reach(document);
    let mut changed = 0;
    for (name, schema) in schema::components_mut(document).into_iter().flatten() {
        schema::walk_mut(schema, &mut |inner| {
            if responses.contains(name) || !requests.contains(name) {
                changed += usize::from(inner.remove("required").is_some());
            }
            if !requests.contains(name) {
                changed += usize::from(inner.remove("nullable").is_some());
            }
        });
    }
    changed
}

/// Documents embedded lists with `has_more`, which contain some of the items: the property names
/// the operation that lists all of them, whose path is that of the object and the name of the
/// property.
pub fn embedded_lists(document: &mut Value, _: &mut Warnings) -> usize {
    let operations = schema::operations(document);
    let gets = operations.iter().filter(|(_, method, _)| *method == "get");
    let gets: BTreeMap<String, &Value> = gets
        .map(|(path, _, operation)| (schema::shape(path), *operation))
        .collect();
    let all = components(document);
    let has_more = |property: &Value| {
        let target = reference(property).and_then(|name| all.get(name));
        target.is_some_and(|list| list["properties"]["has_more"].is_object())
    };
    let mut notes = Vec::new();
    for (path, operation) in gets
        .iter()
        .filter(|(path, _)| path.ends_with("/{}") && path.matches("{}").count() == 1)
    {
        let shown = schema::response_schema(operation).and_then(|(_, body)| reference(body));
        let Some((name, shown)) = shown.and_then(|name| Some((name, all.get(name)?))) else {
            continue;
        };
        let properties = shown["properties"].as_object().into_iter().flatten();
        for (property, _) in properties.filter(|(_, property)| has_more(property)) {
            let list = gets.get(&format!("{path}/{property}"));
            if let Some(id) = list.and_then(|list| list["operationId"].as_str()) {
                notes.push((
                    name.to_owned(),
                    property.clone(),
                    format!("Only the first ones; `{id}` returns all."),
                ));
            }
        }
    }
    for (name, property, note) in &notes {
        let property = &mut document["components"]["schemas"][name]["properties"][property];
        let description = property["description"].as_str();
        let description = description.map(|text| format!("{} {note}", text.trim()));
        property["description"] = json!(description.as_ref().unwrap_or(note));
    }
    notes.len()
}
