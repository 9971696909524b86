//! What responses carry: one success, one media type, nothing that has to be there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::document::media::{JSON, chosen, is_json};
use super::super::document::schema::{
    self, components, for_each_operation, for_each_schema, reference, request_reach, response_reach,
};
use super::super::warnings::Warnings;

/// An operation has one success response. Error responses are dropped, whatever their status: the transport reads
/// every one of them alike, described or not. progenitor panics on several success types, or on a body without schema.
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
        // An answer to HEAD has no body.
        if method == "head"
            && let Some(response) = response.as_object_mut()
        {
            response.remove("content");
        }
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        for (_, media) in content.into_iter().flatten() {
            if let Some(media) = media.as_object_mut()
                && !media.contains_key("schema")
            {
                media.insert("schema".into(), json!({}));
                changed += 1;
            }
        }
        changed += responses.len().abs_diff(1);
        *responses = Map::from_iter([("200".to_owned(), response)]);
    });
    changed
}

/// An answer is JSON where it can be, else bytes of its media type, which `x-media-type` keeps.
pub fn response_media(document: &mut Value, warnings: &mut Warnings) -> usize {
    const BYTES: &str = "application/octet-stream";
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        let at = format!("{}/responses", schema::pointer(path, method));
        let Some(response) = operation.pointer_mut("/responses/200") else {
            return;
        };
        let Some(content) = response["content"].as_object() else {
            return;
        };
        let Some((media, others)) = chosen(content) else {
            if let Some(response) = response.as_object_mut() {
                response.remove("content");
            }
            return;
        };
        if content.len() == 1 && (media == JSON || media == BYTES) {
            return;
        }
        changed += 1;
        let described = content[&media].clone();
        let json_like = is_json(&media);
        if !others.is_empty() {
            let what = format!("an answer is read as `{media}`; `{}` is left out", others.join("`, `"));
            warnings.add("response_media", &at, what);
        }
        if !json_like && media != BYTES {
            warnings.add(
                "response_media",
                at,
                format!("an answer of `{media}` is handed on as bytes"),
            );
        }
        response["content"] = json!({(if json_like { JSON } else { BYTES }): described});
        if media != JSON {
            response["x-media-type"] = json!(media);
        }
    });
    changed
}

/// In responses, a text with one published value is plain text: an enum of one says nothing.
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

/// What responses carry is never required and never told apart from null: servers leave keys out as they like.
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

/// A list that is embedded in an object and says whether it `has_more` holds a part of the items: its property names the
/// operation that lists all of them, at the path of the object and the property's name.
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
        let shown = schema::response_schema(operation).and_then(|(_, answer)| reference(answer));
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
                    format!("The first of them; `{id}` lists all."),
                ));
            }
        }
    }
    for (name, property, note) in &notes {
        let property = &mut document["components"]["schemas"][name]["properties"][property];
        let said = property["description"]
            .as_str()
            .map(|said| format!("{} {note}", said.trim()));
        property["description"] = json!(said.as_ref().unwrap_or(note));
    }
    notes.len()
}
