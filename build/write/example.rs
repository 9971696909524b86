//! Writes an example call of each operation: parameters by their types, and the body from the
//! example in the description.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::document::names;
use super::super::model::helpers::Search;
use super::super::model::paging;
use super::super::model::ty::Ty;
use super::super::model::{Constant, Constructor, Model, Operation, ResponseBody, Struct, Types};

/// The number of columns of a line, which rendered pages show without scrolling.
const WIDTH: usize = 88;

/// The number of characters of a text that are shown.
const TEXT_CHARS: usize = 40;

/// Returns a code block, which doctests run against the mock server. Returns an empty text if a
/// required value has no example.
pub fn block(operation: &Operation, model: &Model) -> String {
    let Some(chain) = CallChain::of(operation, model) else {
        return String::new();
    };
    let code = chain.statement(operation, model);
    let mut uses = Vec::new();
    if code.contains(".try_next()") {
        uses.push("use futures_util::TryStreamExt;".to_owned());
    }
    if code.contains("Nullable::") {
        uses.push("use intercom_client::Nullable;".to_owned());
    }
    if chain.is_search {
        let null = if code.contains("NULL") {
            "{NULL, field}"
        } else {
            "field"
        };
        uses.push(format!("use intercom_client::search::{null};"));
    }
    let constructed = model
        .types
        .structs
        .values()
        .filter(|made| !made.constructors.is_empty());
    let constructed: Vec<&str> = constructed
        .map(|made| made.name.as_str())
        .filter(|name| constructs(&code, name))
        .collect();
    match constructed.as_slice() {
        [] => {}
        [name] => uses.push(format!("use intercom_client::types::{name};")),
        names => {
            let line = format!("use intercom_client::types::{{{}}};", names.join(", "));
            uses.push(match line.len() <= WIDTH {
                true => line,
                false => line.replace("::{", "::{\n    ").replace("};", ",\n};"),
            });
        }
    }
    if code.contains("json!(") {
        uses.push("use serde_json::json;".to_owned());
    }
    let gap = if uses.is_empty() { "" } else { "\n\n" };
    let (id, uses) = (&operation.ident, uses.join("\n"));
    // rustdoc hides the lines that start with `#`.
    format!("```\n# intercom_client::__example!({id}, client, {{\n{uses}{gap}{code}\n# }});\n```")
}

/// Returns `true` if the code calls a constructor of this type.
fn constructs(code: &str, name: &str) -> bool {
    let mut calls = code
        .match_indices(name)
        .filter(|(at, _)| code[at + name.len()..].starts_with("::"));
    calls.any(|(at, _)| !code[..at].ends_with(char::is_alphanumeric))
}

/// The chain of calls that builds a request, each call with its dot.
struct CallChain {
    links: Vec<String>,
    is_search: bool,
}

impl CallChain {
    fn of(operation: &Operation, model: &Model) -> Option<Self> {
        let mut links = vec![format!(".{}()", operation.ident)];
        for parameter in &operation.parameters {
            let shown = parameter.example.as_ref();
            let shown = shown.and_then(|example| argument(&parameter.ty, example, &model.types));
            match shown.or_else(|| placeholder(&parameter.ty, &model.types).filter(|_| parameter.required)) {
                Some(value) => links.push(format!(".{}({value})", parameter.ident)),
                None if parameter.required => return None,
                None => {}
            }
        }
        let search = model
            .searches
            .iter()
            .find(|search| search.builder == operation.builder)
            .and_then(|search| searched(search, operation));
        let is_search = search.is_some();
        match (search, &operation.body) {
            (Some(search), _) => links.extend(search),
            (None, Some(body)) => match (&body.json, operation.examples.requests.first()) {
                (None, _) => links.push(".body(\"…\")".to_owned()),
                (Some(ty), Some(example)) => links.push(body_call(ty, &example.value, &model.types)),
                (Some(_), None) if body.required => return None,
                (Some(_), None) => {}
            },
            (None, None) => {}
        }
        Some(Self { links, is_search })
    }

    fn statement(&self, operation: &Operation, model: &Model) -> String {
        let name = |ty: &Ty| names::ident(ty.name().unwrap_or("response"), "response");
        match &operation.response {
            ResponseBody::Bytes(_) => {
                let call = self.formatted("let mut bytes = ", &[".send()", ".await?", ".into_inner();"]);
                format!(
                    "{call}\nwhile let Some(chunk) = bytes.next_chunk().await? {{\n    println!(\"{{}} bytes\", chunk.len());\n}}"
                )
            }
            ResponseBody::Json(ty) => match operation.paging.and(paging::page_item(ty, model)) {
                Some(item) => {
                    let call = self.formatted("let mut items = ", &[".stream();"]);
                    let made = model.types.struct_of(item);
                    let shown = made.is_some_and(|made| made.wire_named_field("id").is_some());
                    let item = match name(item).as_str() {
                        "items" => "item".to_owned(),
                        item => item.to_owned(),
                    };
                    let shown = match shown {
                        true => format!("println!(\"{{:?}}\", {item}.id);"),
                        false => format!("println!(\"{{{item}:?}}\");"),
                    };
                    format!("{call}\nwhile let Some({item}) = items.try_next().await? {{\n    {shown}\n}}")
                }
                None if *ty == Ty::unit() => self.formatted("", &[".send()", ".await?;"]),
                None => self.formatted(&format!("let {} = ", name(ty)), &[".send()", ".await?;"]),
            },
        }
    }

    /// Formats the chain in one line if it fits, else in one line for each call.
    fn formatted(&self, start: &str, end: &[&str]) -> String {
        let links = || self.links.iter().map(String::as_str).chain(end.iter().copied());
        let line = format!("{start}client{}", links().collect::<String>());
        if line.len() <= WIDTH && !line.contains('\n') {
            return line;
        }
        let lines = links().map(|link| format!("\n    {}", link.replace('\n', "\n    ")));
        format!("{start}client{}", lines.collect::<String>())
    }
}

/// Returns a value for a parameter that has no example.
fn placeholder(ty: &Ty, types: &Types) -> Option<String> {
    match ty {
        Ty::Known(path) => match path.as_str() {
            "i64" => Some("1234".to_owned()),
            "f64" => Some("0.5".to_owned()),
            "bool" => Some("true".to_owned()),
            "crate::Id" | "::std::string::String" => Some("\"1234\"".to_owned()),
            "crate::Timestamp" => Some("1_731_500_000".to_owned()),
            _ => None,
        },
        Ty::Named(name) => Some(format!("{:?}", types.enums.get(name)?.variants.first()?.1)),
        Ty::Boxed(inner) | Ty::Nullable(inner) => placeholder(inner, types),
        Ty::List(_) | Ty::Map(_) => None,
    }
}

/// Returns the call that sets a body: with a constructor if one fits, with setters if each value
/// has one, else with JSON.
fn body_call(ty: &Ty, example: &Value, types: &Types) -> String {
    let made = types
        .struct_of(ty)
        .filter(|made| made.has_builder())
        .zip(example.as_object());
    if let Some((start, others)) = made.and_then(|(made, example)| constructed(made, example, types, 10)) {
        let line = format!(".body({start}{})", others.concat());
        return match line.len() + 4 <= WIDTH && !line.contains('\n') || others.is_empty() {
            true => line,
            false => format!(".body(\n    {}\n)", chained(&start, &others).replace('\n', "\n    ")),
        };
    }
    match made.and_then(|(made, example)| setters(made, example.iter(), types)) {
        Some(setters) => in_place(&setters),
        None => format!(".body({})", json(example)),
    }
}

/// Returns `true` if a constructor can build the example.
fn fits(constructor: &Constructor, made: &Struct, example: &Map<String, Value>) -> bool {
    let value = |setter: &str| {
        let field = made.fields.iter().find(|field| field.setter == setter)?;
        example.get(&field.wire)
    };
    let sets = constructor.sets.iter().all(|(setter, constant)| match constant {
        Constant::Text(text) => value(setter).is_some_and(|value| value == text),
        Constant::Boolean(truth) => value(setter).is_some_and(|value| value == truth),
    });
    sets && constructor.takes.iter().all(|(setter, _)| value(setter).is_some())
}

/// Returns the call of the constructor that sets most of an object, and the setters of the other
/// values. `indent` is the number of columns before the call.
fn constructed(
    made: &Struct,
    example: &Map<String, Value>,
    types: &Types,
    indent: usize,
) -> Option<(String, Vec<String>)> {
    let fitting = made
        .constructors
        .iter()
        .filter(|constructor| fits(constructor, made, example));
    let constructor = fitting.max_by_key(|constructor| constructor.sets.len() + constructor.takes.len())?;
    let field = |setter: &str| made.fields.iter().find(|field| field.setter == setter);
    let takes = constructor
        .takes
        .iter()
        .map(|(setter, ty)| argument(ty, example.get(&field(setter)?.wire)?, types));
    let takes = takes.collect::<Option<Vec<_>>>()?;
    let known = |wire: &str| {
        let setters = constructor.sets.iter().map(|(setter, _)| setter);
        let mut setters = setters.chain(constructor.takes.iter().map(|(setter, _)| setter));
        setters.any(|setter| field(setter).is_some_and(|field| field.wire == wire))
    };
    let others = setters(made, example.iter().filter(|(wire, _)| !known(wire)), types)?;
    let line = format!("{}::{}({})", made.name, constructor.ident, takes.join(", "));
    let start = match line.len() + indent <= WIDTH {
        true => line,
        false => {
            let takes = takes
                .iter()
                .map(|value| format!("\n    {},", value.replace('\n', "\n    ")));
            format!("{}::{}({}\n)", made.name, constructor.ident, takes.collect::<String>())
        }
    };
    Some((start, others))
}

/// Returns the call that sets the fields of a body.
fn in_place(setters: &[String]) -> String {
    let line = format!(".body_map(|b| b{})", setters.concat());
    if line.len() + 4 <= WIDTH && !line.contains('\n') {
        return line;
    }
    match setters.split_first() {
        Some((first, rest)) => {
            let lines = chained(&format!("b{first}"), rest).replace('\n', "\n    ");
            format!(".body_map(|b| {{\n    {lines}\n}})")
        }
        None => line,
    }
}

/// Formats calls in one line each, indented like rustfmt does.
fn chained(start: &str, calls: &[String]) -> String {
    let indent = if start.contains('\n') { "\n" } else { "\n    " };
    let calls = calls
        .iter()
        .map(|call| format!("{indent}{}", call.replace('\n', indent)));
    format!("{start}{}", calls.collect::<String>())
}

/// Returns the calls of the setters of an object; `None` if a setter does not accept the type of
/// its value.
fn setters<'a>(
    made: &Struct,
    example: impl Iterator<Item = (&'a String, &'a Value)>,
    types: &Types,
) -> Option<Vec<String>> {
    let setters = example.map(|(wire, value)| match made.field(wire) {
        Some(field) => Some(format!(".{}({})", field.setter, argument(&field.ty, value, types)?)),
        None => Some(format!(".extra({wire:?}, {})", json(value))),
    });
    setters.collect()
}

/// Returns a value as an argument of its setter.
fn argument(ty: &Ty, value: &Value, types: &Types) -> Option<String> {
    match (ty, value) {
        (Ty::Nullable(_), Value::Null) => Some("Nullable::Null".to_owned()),
        (Ty::Nullable(inner) | Ty::Boxed(inner), value) => argument(inner, value, types),
        (Ty::Known(path), value) => match (path.as_str(), value) {
            ("::serde_json::Value", Value::String(text)) => Some(text_literal(text)),
            ("::serde_json::Value", value) => Some(json(value)),
            ("::std::string::String" | "crate::Id" | "crate::Avatar", Value::String(text)) => Some(text_literal(text)),
            ("crate::Id" | "crate::Timestamp" | "i64", Value::Number(number)) if number.is_i64() => literal(value),
            // `f64` cannot represent every `i64`.
            ("f64", Value::Number(number)) => literal(value).filter(|text| number.is_f64() || !text.ends_with("_i64")),
            ("bool", Value::Bool(_)) => literal(value),
            _ => None,
        },
        (Ty::Named(name), Value::String(text)) if types.enums.contains_key(name) => Some(text_literal(text)),
        (Ty::Named(name), Value::Object(object)) if types.structs.contains_key(name) => {
            let made = types.structs.get(name).filter(|made| made.has_builder())?;
            let constructed = constructed(made, object, types, 28);
            Some(constructed.map_or_else(|| json(value), |(start, others)| start + &others.concat()))
        }
        (Ty::Named(name), value) => {
            let known = types.unions.contains_key(name) || types.newtypes.contains_key(name);
            known.then(|| json(value))
        }
        (Ty::List(inner), Value::Array(values)) => list(inner, values, types),
        (Ty::Map(inner), Value::Object(_)) if **inner == Ty::json() => Some(json(value)),
        _ => None,
    }
}

/// Returns a list whose items have one Rust type. Items of different types become JSON.
fn list(item: &Ty, values: &[Value], types: &Types) -> Option<String> {
    let items = values.iter().map(|value| argument(item, value, types));
    let items = items.collect::<Option<Vec<_>>>()?;
    if have_one_type(&items) {
        return Some(array(&items));
    }
    let takes_json = *item == Ty::json() || item.name().is_some_and(|name| !types.enums.contains_key(name));
    let items: Vec<String> = values.iter().map(json).collect();
    takes_json.then(|| array(&items))
}

/// Returns an array in one line if it is short, else in one line for each item.
fn array(items: &[String]) -> String {
    let line = format!("[{}]", items.join(", "));
    match line.len() > WIDTH / 2 || line.contains('\n') {
        true => format!("[\n    {},\n]", items.join(",\n").replace('\n', "\n    ")),
        false => line,
    }
}

/// Returns `true` if these expressions have one type.
fn have_one_type(items: &[String]) -> bool {
    let kind = |item: &String| match item.chars().next()? {
        '"' => Some("text"),
        '0'..='9' | '-' if item.contains('.') => Some("fraction"),
        '0'..='9' | '-' => Some("integer"),
        't' | 'f' => Some("boolean"),
        'j' => Some("JSON"),
        'A'..='Z' => Some("path"),
        _ => None,
    };
    let kinds: BTreeSet<_> = items.iter().map(kind).collect();
    kinds.len() == 1 && !kinds.contains(&None)
}

/// Returns a string literal. Long prose is truncated.
fn text_literal(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) if text[..end].contains(' ') => {
            let words = text[..end].rsplit_once(' ').map_or("", |(words, _)| words);
            format!("{:?}", format!("{words} …"))
        }
        _ => format!("{text:?}"),
    }
}

/// Returns the literal of a number or boolean. Integers beyond 32 bits get a suffix, and long ones
/// get underscores.
fn literal(value: &Value) -> Option<String> {
    let text = value.to_string();
    let Some(number) = value.as_i64() else {
        let is_float = value.is_f64() && !text.contains(['e', 'E']);
        return (value.is_boolean() || is_float).then_some(text);
    };
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if digits.len() > 9 && place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    let sign = if number < 0 { "-" } else { "" };
    let suffix = if i32::try_from(number).is_ok() { "" } else { "_i64" };
    Some(format!("{sign}{grouped}{suffix}"))
}

/// Returns a call of the macro `json!`.
fn json(value: &Value) -> String {
    format!("json!({})", inner_json(value, 0))
}

fn inner_json(value: &Value, depth: usize) -> String {
    let indent = "    ".repeat(depth);
    let list = |open: char, close: char, items: Vec<String>| {
        let line = format!("{open}{}{close}", items.join(", "));
        match line.len() + 4 * depth > WIDTH - 40 || line.contains('\n') {
            true => format!(
                "{open}\n{indent}    {}\n{indent}{close}",
                items.join(&format!(",\n{indent}    "))
            ),
            false => line,
        }
    };
    match value {
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(name, value)| format!("{name:?}: {}", inner_json(value, depth + 1)));
            list('{', '}', entries.collect())
        }
        Value::Array(items) => list('[', ']', items.iter().map(|item| inner_json(item, depth + 1)).collect()),
        Value::String(text) => text_literal(text),
        Value::Null => "null".to_owned(),
        value if value.as_i64().is_none() && value.is_u64() => format!("{value}_u64"),
        value => literal(value).unwrap_or_else(|| value.to_string()),
    }
}

/// Returns the calls of a search; `None` if its body has more than a query and a page size.
fn searched(search: &Search, operation: &Operation) -> Option<Vec<String>> {
    let example = operation.examples.requests.first()?.value.as_object()?;
    if example.keys().any(|key| key != "query" && key != "pagination") {
        return None;
    }
    let mut links = vec![format!(".query({})", query(example.get("query")?, false)?)];
    let per_page = example.get("pagination").and_then(|paging| paging["per_page"].as_i64());
    if let Some(items) = per_page.filter(|_| search.pagination.is_some()) {
        links.push(format!(".per_page({items})"));
    }
    Some(links)
}

/// Returns a filter or group as an expression.
fn query(value: &Value, inside: bool) -> Option<String> {
    let operator = value["operator"].as_str()?;
    let Some(field) = value["field"].as_str() else {
        let join = match operator {
            "AND" => " & ",
            "OR" => " | ",
            _ => return None,
        };
        let parts = value["value"].as_array()?.iter().map(|part| query(part, true));
        let joined = parts.collect::<Option<Vec<_>>>()?.join(join);
        return Some(if inside { format!("({joined})") } else { joined });
    };
    let method = match operator {
        "=" => "eq",
        "!=" => "ne",
        "IN" => "is_in",
        "NIN" => "not_in",
        "<" => "lt",
        ">" => "gt",
        "~" => "contains",
        "!~" => "not_contains",
        "^" => "starts_with",
        "$" => "ends_with",
        _ => return None,
    };
    let operand = |value: &Value| match value {
        Value::Null => Some("NULL".to_owned()),
        Value::String(text) => Some(text_literal(text)),
        value => literal(value).filter(|_| !value.is_f64()),
    };
    let operand = match &value["value"] {
        Value::Array(values) => {
            let values = values.iter().map(operand).collect::<Option<Vec<_>>>()?;
            have_one_type(&values).then(|| array(&values))?
        }
        value => operand(value)?,
    };
    Some(format!("field({field:?}).{method}({operand})"))
}
