//! Reads the marks for idempotence and for the announced removal of an operation.

use serde_json::Value;

use super::{Idempotent, Operation, Removal, Types};

/// Returns why a call of an operation can be carried out twice without harm: by its `x-idempotent`,
/// or else by its method.
///
/// The mark is the reason, or an object with the reason `why` and the property `with` that the body
/// needs. `false` overrides a method that is idempotent by HTTP.
pub fn idempotent(described: &Value, operation: &Operation, types: &Types) -> Result<Option<Idempotent>, String> {
    let because = |why: &str| {
        Some(Idempotent {
            why: why.to_owned(),
            with: None,
        })
    };
    let by_method = match operation.method.as_str() {
        _ if operation.reads_only => because("it changes nothing"),
        "PUT" => because("a repeated PUT leaves the same state"),
        "DELETE" => because("a repeated DELETE leaves the same state"),
        "OPTIONS" | "TRACE" => because("it changes nothing"),
        _ => None,
    };
    let reason = |text: &Value| {
        let text = text.as_str().map(|text| text.trim().trim_end_matches('.'));
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    match described.get("x-idempotent") {
        None => Ok(by_method),
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::Object(mark)) => {
            let why = mark.get("why").and_then(reason).ok_or("it has no reason")?;
            let with = mark.get("with").and_then(Value::as_str);
            let body = operation
                .body
                .as_ref()
                .and_then(|body| types.struct_of(body.json.as_ref()?));
            match with {
                Some(name) if body.is_none_or(|body| body.field(name).is_none()) => {
                    Err(format!("the body has no property `{name}`"))
                }
                with => Ok(Some(Idempotent {
                    why,
                    with: with.map(str::to_owned),
                })),
            }
        }
        Some(mark) => {
            let why = reason(mark).ok_or("it has no reason")?;
            Ok(Some(Idempotent { why, with: None }))
        }
    }
}

/// Returns the announced removal of an operation by its `x-removed`: the day `on`, and the method
/// to `use` instead.
pub fn removal(described: &Value) -> Result<Option<Removal>, String> {
    let Some(mark) = described.get("x-removed") else {
        return Ok(None);
    };
    let on = mark["on"].as_str().unwrap_or_default();
    let is_day = on.len() == 10
        && on.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    match is_day {
        true => Ok(Some(Removal {
            on: on.to_owned(),
            instead: mark["use"].as_str().map(str::to_owned),
        })),
        false => Err("`on` is not a date such as 2026-12-31".to_owned()),
    }
}

/// Drops replacements that the description does not have.
pub fn known_replacements(operations: &mut [Operation]) {
    let known: Vec<String> = operations.iter().map(|operation| operation.ident.clone()).collect();
    for removed in operations.iter_mut().filter_map(|operation| operation.removed.as_mut()) {
        removed.instead.take_if(|method| !known.contains(method));
    }
}
