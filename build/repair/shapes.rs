//! Shapes of schemas: what typify cannot take, or would make types of that are hard to use.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::formats::{self, Over};
use super::super::document::names::{ident, pascal};
use super::super::document::schema::{
    self, Kind, component, components, components_mut, for_each_schema, kind, needs_name, reference, request_reach,
    response_reach, single_member,
};
use super::super::warnings::Warnings;

/// What says nothing of a value's shape goes. typify names types by titles, which collide; makes a type of its own for
/// each length, range or pattern, which only say what the server refuses; and fills in defaults, though a response
/// shows what was sent and a request sends what the caller set.
pub fn shape_only(document: &mut Value, _: &mut Warnings) -> usize {
    const ANNOTATIONS: [&str; 22] = [
        "title",
        "example",
        "externalDocs",
        "xml",
        "discriminator",
        "default",
        "deprecated",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "readOnly",
        "writeOnly",
    ];
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        changed += ANNOTATIONS.iter().filter(|key| schema.remove(**key).is_some()).count();
    });
    changed
}

/// `properties` beside `anyOf`/`oneOf` whose members only say what is required is one struct: which combination the
/// server wants is a matter of the request at hand.
pub fn required_sets(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        for key in ["anyOf", "oneOf"] {
            let only_required = schema.contains_key("properties")
                && schema.get(key).and_then(Value::as_array).is_some_and(|members| {
                    members.iter().all(|m| {
                        m.as_object()
                            .is_some_and(|m| m.keys().all(|k| ["required", "description"].contains(&k.as_str())))
                    })
                });
            if only_required {
                schema.remove(key);
                changed += 1;
            }
        }
    });
    changed
}

/// A schema with properties is an object, unless it says that it is a scalar; one with a union is only the union, a list
/// without items holds JSON.
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

/// A free-form object is a map of JSON values: customers define its keys, and servers send every kind of value.
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

/// Enums hold distinct texts that can be named in Rust; any other list of values is dropped, `null` among texts too.
pub fn text_enums_only(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let text = schema.get("type").is_none_or(|kind| kind == "string");
        let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) else {
            return;
        };
        let before = values.len();
        values.retain(|v| !v.is_null());
        // The same value twice is one.
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

/// Integers that are moments become `Timestamp`; every other format is advice and goes: `uuid`, `uri` and `email` are
/// not always what arrives, and `float` would halve the precision.
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

/// A hand-written type that is made over types of the description stands only where the description has those, and over
/// the same ones everywhere.
pub fn hand_written_types(document: &mut Value, warnings: &mut Warnings) -> usize {
    let requests = request_reach(document);
    let mut unfit = Vec::new();
    let mut made: Vec<(&str, &Value)> = Vec::new();
    schema::walk_all(document, &mut |schema, pointer| {
        let Some(format) = schema["format"].as_str().and_then(formats::find) else {
            return;
        };
        let first = made
            .iter()
            .find(|(name, _)| *name == format.name)
            .map(|(_, over)| *over);
        let fits = is_over(document, schema, format.over, &requests);
        if format.over.is_empty() || fits && first.is_none_or(|first| *first == schema["x-of"]) {
            made.push((format.name, &schema["x-of"]));
        } else {
            unfit.push((pointer.to_owned(), format));
        }
    });
    for (pointer, format) in &unfit {
        let what = format!(
            "`format: {}` is not made over the types that it needs; any JSON stands for it",
            format.name
        );
        warnings.add("hand_written_types", pointer, what);
        if let Some(object) = document.pointer_mut(pointer).and_then(Value::as_object_mut) {
            object.retain(|key, _| key == "description" || key == "nullable");
        }
    }
    unfit.len()
}

/// Whether `x-of` of the schema names what `over` asks for.
fn is_over(document: &Value, schema: &Value, over: &[Over], requests: &BTreeSet<String>) -> bool {
    let members = schema["x-of"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fits = |(place, wanted): (usize, &Over)| {
        let Some(name) = members.get(place).and_then(reference) else {
            return false;
        };
        let found = &document["components"]["schemas"][name];
        match wanted {
            Over::Enum => kind(found) == Kind::Enum,
            Over::Object => kind(found) == Kind::Object,
            Over::List => {
                // The hand-written code reads the field `data`, which another property could take the name of.
                let named = |(name, _): &(&String, &Value)| ident(name, "") == "data";
                let data = found["properties"].as_object().into_iter().flatten().find(named);
                let items = data.filter(|(name, _)| *name == "data").map(|(_, list)| &list["items"]);
                let objects =
                    items.is_some_and(|items| place > 0 && reference(items).is_some() && *items == members[place - 1]);
                objects && !requests.contains(name) && members[place] != members[place - 1]
            }
        }
    };
    members.len() == over.len() && over.iter().enumerate().all(fits)
}

/// A union of one, or `allOf` of one, is that one. typify makes an enum with one variant. A member that is only null makes
/// the others nullable, and one that is there twice is one.
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
        let whole = Value::Object(schema.clone());
        if let Some((key, member)) = single_member(&whole) {
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

/// `allOf` becomes one object with all properties, in order: the members' first, then its own.
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

/// Components without `allOf`, each merged once.
struct Merged {
    all: Map<String, Value>,
    done: Map<String, Value>,
    /// Those that are being merged: one that is made of itself adds nothing.
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
        let mut whole = own.clone();
        whole.remove("allOf");
        let own = Value::Object(whole.clone());
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
                // A schema that is made of a webhook's item is not one itself.
                if !whole.contains_key(key) && !key.starts_with("x-webhook-") {
                    whole.insert(key.clone(), value.clone());
                }
            }
        }
        if !properties.is_empty() {
            whole.insert("type".into(), json!("object"));
            whole.insert("properties".into(), Value::Object(properties));
        }
        required.dedup();
        if !required.is_empty() {
            whole.insert("required".into(), Value::Array(required));
        }
        Value::Object(whole)
    }
}

/// An object beside a union of objects is one object: the properties of the forms come after its own, and need not be there.
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

/// A component that is only a scalar, a list or a map stands where it is used: typify would wrap it in a newtype. One that
/// holds itself, such as a list of such lists, stays.
pub fn inline_aliases(document: &mut Value, _: &mut Warnings) -> usize {
    let all: Map<String, Value> = components(document)
        .into_iter()
        .filter(|(_, schema)| !needs_name(schema))
        .collect();
    let holds_itself = |name: &str| {
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
        .filter(|(name, _)| !holds_itself(name))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let mut changed = 0;
    // An alias may use another one; each pass goes one level deeper.
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

/// A component that no operation leads to becomes no type.
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
