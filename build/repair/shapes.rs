//! Rules for schemas that typify rejects or converts to types that are hard to use.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::formats::{self, ComponentKind};
use super::super::document::names::{ident, pascal};
use super::super::document::schema::{
    self, Kind, component, components, components_mut, for_each_schema, kind, needs_name, reference, request_reach,
    response_reach, single_member,
};
use super::super::warnings::Warnings;

/// The keywords that decide the type of a value, and `description`.
const KEYWORDS: &str = "$ref additionalProperties allOf anyOf description enum format items nullable oneOf properties \
    required type";

/// Removes other keywords. typify names types after titles, which collide; generates a type for each
/// length, range or pattern, which only the server checks; and fills in defaults, which would hide
/// absent values.
pub fn shape_only(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let before = schema.len();
        schema.retain(|key, _| key.starts_with("x-") || schema::has_word(KEYWORDS, key));
        changed += before - schema.len();
    });
    changed
}

/// Makes keywords consistent: a schema with properties is an object unless its type is a scalar, a
/// union has no type, and a list without `items` contains any JSON.
pub fn objects_say_so(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let properties = schema.get("properties").and_then(Value::as_object).map(Map::len);
        if properties == Some(0) {
            schema.remove("properties");
            schema.entry("type").or_insert(json!("object"));
            changed += 1;
        }
        if schema.contains_key("properties") && schema.get("type") != Some(&json!("object")) {
            match schema.contains_key("type") {
                true => schema.remove("properties"),
                false => schema.insert("type".into(), json!("object")),
            };
            changed += 1;
        }
        let union = schema.contains_key("oneOf") || schema.contains_key("anyOf");
        if union && !schema.contains_key("properties") && schema.remove("type").is_some() {
            changed += 1;
        }
        if schema.get("type") == Some(&json!("array")) && !schema.contains_key("items") {
            schema.insert("items".into(), json!({}));
            changed += 1;
        }
    });
    changed
}

/// Makes free-form objects maps of any JSON: customers define the keys, and servers send values of
/// all types.
pub fn maps_hold_json(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let is_object = schema.get("type") == Some(&json!("object"));
        let closed = schema.get("additionalProperties") == Some(&json!(false));
        if closed || (schema.contains_key("properties") && schema.contains_key("additionalProperties")) {
            schema.remove("additionalProperties");
            changed += 1;
        }
        let composed = ["allOf", "oneOf", "anyOf"].iter().any(|key| schema.contains_key(*key));
        let plain = !schema.contains_key("properties") && !composed;
        let typed = schema.get("additionalProperties").is_some_and(|inner| {
            let object = inner["type"] == "object" || inner.get("properties").is_some();
            reference(inner).is_some() || object
        });
        let free = schema.get("additionalProperties") == Some(&json!(true));
        if is_object && plain && !typed && !free {
            schema.insert("additionalProperties".into(), json!(true));
            changed += 1;
        }
    });
    changed
}

/// Reduces enums to distinct strings that have Rust names. Other enums, and `null` as a value, are
/// dropped.
pub fn text_enums_only(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let text = schema.get("type").is_none_or(|kind| kind == "string");
        let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) else {
            return;
        };
        let before = values.len();
        values.retain(|v| !v.is_null());
        let mut seen = Vec::new();
        values.retain(|value| {
            !seen.contains(value) && {
                seen.push(value.clone());
                true
            }
        });
        changed += before - values.len();
        let names: BTreeSet<String> = values.iter().filter_map(|v| v.as_str().map(pascal)).collect();
        let nameable = names.iter().all(|n| n.starts_with(|c: char| c.is_ascii_alphabetic()));
        if !text || values.is_empty() || names.len() != values.len() || !nameable {
            schema.remove("enum");
            changed += 1;
        }
    });
    changed
}

/// Makes integers with a time format timestamps, and removes other formats: servers also send
/// values that are not a valid `uuid`, `uri` or `email`, and `float` would reduce the precision.
pub fn timestamps(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let Some(format) = schema.get("format").and_then(Value::as_str) else {
            return;
        };
        match format {
            "date-time" | "timestamp" => {
                schema.insert("type".into(), json!("integer"));
                schema.insert("format".into(), json!("timestamp"));
            }
            "binary" => return,
            private if formats::find(private).is_some() => return,
            _ => {
                schema.remove("format");
            }
        }
        changed += 1;
    });
    changed
}

/// Removes formats of hand-written types whose components are missing in the description, or differ
/// from those of the same format elsewhere.
pub fn hand_written_types(document: &mut Value, warnings: &mut Warnings) -> usize {
    let requests = request_reach(document);
    let mut invalid = Vec::new();
    let mut made: Vec<(&str, &Value)> = Vec::new();
    schema::walk_all(document, &mut |schema, pointer| {
        let Some(format) = schema["format"].as_str().and_then(formats::find) else {
            return;
        };
        let first = made
            .iter()
            .find(|(name, _)| *name == format.name)
            .map(|(_, components)| *components);
        let fits = has_components(document, schema, format.components, &requests);
        if format.components.is_empty() || fits && first.is_none_or(|first| *first == schema["x-of"]) {
            made.push((format.name, &schema["x-of"]));
        } else {
            invalid.push((pointer.to_owned(), format));
        }
    });
    for (pointer, format) in &invalid {
        let problem = format!(
            "`format: {}` lacks the components that it needs; replaced by any JSON",
            format.name
        );
        warnings.add("hand_written_types", pointer, problem);
        if let Some(object) = document.pointer_mut(pointer).and_then(Value::as_object_mut) {
            object.retain(|key, _| key == "description" || key == "nullable");
        }
    }
    invalid.len()
}

/// Returns `true` if `x-of` of the schema lists components of these kinds.
fn has_components(document: &Value, schema: &Value, kinds: &[ComponentKind], requests: &BTreeSet<String>) -> bool {
    let members = schema["x-of"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fits = |(place, wanted): (usize, &ComponentKind)| {
        let Some(name) = members.get(place).and_then(reference) else {
            return false;
        };
        let found = &document["components"]["schemas"][name];
        match wanted {
            ComponentKind::Enum => kind(found) == Kind::Enum,
            ComponentKind::Object => kind(found) == Kind::Object,
            ComponentKind::List => {
                // The hand-written code reads the field `data`, whose name another property could
                // get.
                let named = |(name, _): &(&String, &Value)| ident(name, "") == "data";
                let data = found["properties"].as_object().into_iter().flatten().find(named);
                let items = data.filter(|(name, _)| *name == "data").map(|(_, list)| &list["items"]);
                let objects =
                    items.is_some_and(|items| place > 0 && reference(items).is_some() && *items == members[place - 1]);
                objects && !requests.contains(name) && members[place] != members[place - 1]
            }
        }
    };
    members.len() == kinds.len() && kinds.iter().enumerate().all(fits)
}

/// Replaces a union or `allOf` of one member by the member, for which typify would generate an enum
/// with one variant. Removes repeated members, and converts a member for null to `nullable`.
pub fn single_member_unions(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let mut null = false;
        for key in ["oneOf", "anyOf"] {
            if let Some(members) = schema.get_mut(key).and_then(Value::as_array_mut)
                && members.len() > 1
            {
                let before = members.len();
                members.retain(|member| *member != json!({"nullable": true}));
                null |= members.len() < before;
                let mut seen = Vec::new();
                members.retain(|member| {
                    !seen.contains(member) && {
                        seen.push(member.clone());
                        true
                    }
                });
            }
        }
        if null {
            schema.insert("nullable".into(), json!(true));
            changed += 1;
        }
        let copy = Value::Object(schema.clone());
        if let Some((key, member)) = single_member(&copy) {
            let member = member.clone();
            schema.remove(key);
            if reference(&member).is_some() {
                schema.remove("type");
            }
            for (k, v) in member.as_object().into_iter().flatten() {
                schema.insert(k.clone(), v.clone());
            }
            changed += 1;
        }
    });
    changed
}

/// Merges `allOf` into one object with the properties of the members, followed by its own.
pub fn merge_all_of(document: &mut Value, _: &mut Warnings) -> usize {
    let mut merged = Merged {
        all: components(document),
        done: Map::new(),
        inside: Vec::new(),
    };
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        if !schema.contains_key("allOf") {
            return;
        }
        changed += 1;
        if let Value::Object(object) = merged.schema(&Value::Object(std::mem::take(schema))) {
            *schema = object;
        }
    });
    changed
}

/// The components without `allOf`, each merged once.
struct Merged {
    all: Map<String, Value>,
    done: Map<String, Value>,
    /// The components that are being merged; a recursive one adds nothing.
    inside: Vec<String>,
}

impl Merged {
    fn component(&mut self, name: &str) -> Value {
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        let Some(schema) = self
            .all
            .get(name)
            .filter(|_| !self.inside.iter().any(|outer| outer == name))
            .cloned()
        else {
            return json!({});
        };
        self.inside.push(name.to_owned());
        let merged = self.schema(&schema);
        self.inside.pop();
        self.done.insert(name.to_owned(), merged.clone());
        merged
    }

    fn schema(&mut self, schema: &Value) -> Value {
        let (Some(members), Some(own)) = (schema["allOf"].as_array(), schema.as_object()) else {
            return schema.clone();
        };
        let mut merged = own.clone();
        merged.remove("allOf");
        let own = Value::Object(merged.clone());
        let mut properties = Map::new();
        let mut required = Vec::new();
        for member in members.iter().chain([&own]) {
            let member = match reference(member) {
                Some(name) => self.component(name),
                None => self.schema(member),
            };
            properties.extend(member["properties"].as_object().cloned().unwrap_or_default());
            required.extend(member["required"].as_array().cloned().unwrap_or_default());
            for (key, value) in member.as_object().into_iter().flatten() {
                // The mark of a webhook item applies to the member only.
                if !merged.contains_key(key) && !key.starts_with("x-webhook-") {
                    merged.insert(key.clone(), value.clone());
                }
            }
        }
        if !properties.is_empty() {
            merged.insert("type".into(), json!("object"));
            merged.insert("properties".into(), Value::Object(properties));
        }
        required.dedup();
        if !required.is_empty() {
            merged.insert("required".into(), Value::Array(required));
        }
        Value::Object(merged)
    }
}

/// Merges a union of objects, or of combinations of required properties, into the object that contains it. The properties of the members follow
/// its own, and are optional.
pub fn unions_beside_properties(document: &mut Value, _: &mut Warnings) -> usize {
    let all = components(document);
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        if !schema.contains_key("properties") {
            return;
        }
        for key in ["oneOf", "anyOf"] {
            let Some(Value::Array(members)) = schema.remove(key) else {
                continue;
            };
            changed += 1;
            let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
                continue;
            };
            for member in &members {
                let member = reference(member).and_then(|name| all.get(name)).unwrap_or(member);
                for (name, property) in member["properties"].as_object().into_iter().flatten() {
                    properties.entry(name.clone()).or_insert_with(|| property.clone());
                }
            }
        }
    });
    changed
}

/// Inlines components that are a scalar, a list or a map, for which typify would generate a
/// newtype. Recursive components, such as a list of such lists, remain.
pub fn inline_aliases(document: &mut Value, _: &mut Warnings) -> usize {
    let all: Map<String, Value> = components(document)
        .into_iter()
        .filter(|(_, schema)| !needs_name(schema))
        .collect();
    let is_recursive = |name: &str| {
        let mut open = vec![name];
        let mut seen = BTreeSet::new();
        while let Some(schema) = open.pop().and_then(|name| all.get(name)) {
            let mut found = false;
            schema::walk(schema, "", &mut |inner, _| {
                let next = reference(inner).filter(|next| all.contains_key(*next));
                found |= next == Some(name);
                open.extend(next.filter(|next| seen.insert((*next).to_owned())));
            });
            if found {
                return true;
            }
        }
        false
    };
    let aliases: Map<String, Value> = all
        .iter()
        .filter(|(name, _)| !is_recursive(name))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let mut changed = 0;
    // An alias can refer to another one; each pass resolves one level.
    loop {
        let before = changed;
        for_each_schema(document, &mut |schema| {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(component);
            if let Some(alias) = target.and_then(|name| aliases.get(name)).and_then(Value::as_object) {
                schema.remove("$ref");
                for (key, value) in alias {
                    schema.entry(key.clone()).or_insert_with(|| value.clone());
                }
                changed += 1;
            }
        });
        if changed == before {
            break;
        }
    }
    if let Some(schemas) = components_mut(document) {
        schemas.retain(|name, _| !aliases.contains_key(name));
    }
    changed
}

/// Removes components that no operation refers to.
pub fn reachable_only(document: &mut Value, _: &mut Warnings) -> usize {
    let mut reached = request_reach(document);
    reached.extend(response_reach(document));
    let Some(schemas) = components_mut(document) else {
        return 0;
    };
    let before = schemas.len();
    schemas.retain(|name, _| reached.contains(name));
    before - schemas.len()
}
