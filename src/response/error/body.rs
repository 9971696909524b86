//! What an error's body says, whatever its form.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::wire::id::text_of;
use crate::wire::read;

/// One entry of an error response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// Machine-readable code such as `not_found`; a number arrives as its text. An open set.
    pub code: Option<String>,
    /// What happened, in English.
    pub message: Option<String>,
    /// The field at fault, when one is.
    pub field: Option<String>,
}

/// A longer body, in bytes, contains something else than errors.
const LONGEST_ERROR_BODY: usize = 8 << 20;
/// Maximum number of errors that are kept of one body.
const MAX_ERRORS: usize = 10_000;

/// What could be read from an error body, whatever its form.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub request_id: Option<String>,
    pub errors: Vec<ApiError>,
    /// The export job that the body is instead, by its identifier and state.
    pub job: Option<(String, String)>,
}

impl ErrorBody {
    pub(crate) fn parse(body: &[u8]) -> Self {
        if body.len() > LONGEST_ERROR_BODY {
            return Self::default();
        }
        // One bad character in a message is no reason to lose the rest.
        let plain: Vec<u8> = body
            .iter()
            .map(|byte| if *byte < b' ' { b' ' } else { *byte })
            .collect();
        // Nor is what a proxy wrote behind it.
        let Ok(value) = read::prefix::<Value>(&plain) else {
            return Self::default();
        };
        let mut errors = Errors {
            told: Vec::new(),
            room: body.len(),
        };
        let object = value.as_object();
        let [list, one] = ["errors", "error"].map(|name| object.and_then(|object| object.get(name)));
        if let Some(list) = list {
            gather(list, None, &mut errors);
        }
        if let Some(one @ (Value::Array(_) | Value::Object(_))) = one
            && errors.told.is_empty()
        {
            gather(one, None, &mut errors);
        }
        if errors.told.is_empty() {
            match object {
                Some(object) => errors.told.extend(entry(object)),
                None => gather(&value, None, &mut errors),
            }
        }
        Self {
            request_id: object
                .and_then(|object| text(object.get("request_id")))
                .filter(|id| !id.is_empty()),
            errors: errors.told,
            job: object.and_then(|object| {
                let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
                Some((text("job_identifier")?, text("status")?))
            }),
        }
    }
}

/// The text or number that a value is, as text.
fn text(value: Option<&Value>) -> Option<String> {
    text_of(value?).map(Cow::into_owned)
}

/// The errors that were gathered, and how many bytes of names of fields may still be copied to them: a name that has many
/// errors would else take many times the room of the body.
struct Errors {
    told: Vec<ApiError>,
    room: usize,
}

impl Errors {
    /// Adds an error, of a field where it names none of its own.
    fn push(&mut self, mut error: ApiError, field: Option<&str>) {
        if let (None, Some(field)) = (&error.field, field)
            && let Some(left) = self.room.checked_sub(field.len())
        {
            self.room = left;
            error.field = Some(field.to_owned());
        }
        if self.told.len() < MAX_ERRORS {
            self.told.push(error);
        }
    }
}

/// Gathers the errors that a value tells: one, a list of them, or what is wrong with each field by its name.
fn gather(value: &Value, field: Option<&str>, errors: &mut Errors) {
    match value {
        Value::String(message) => {
            let error = ApiError {
                message: Some(message.clone()),
                ..Default::default()
            };
            errors.push(error, field);
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, field, errors)),
        Value::Object(object) => match entry(object) {
            Some(error) => errors.push(error, field),
            None => object
                .iter()
                .for_each(|(name, value)| gather(value, Some(name), errors)),
        },
        _ => {}
    }
}

/// The error that an object is, when it has anything of one: in Intercom's words, or in those of proxies and gateways.
fn entry(object: &Map<String, Value>) -> Option<ApiError> {
    let first = |names: &[&str]| names.iter().find_map(|name| text(object.get(*name)));
    // A code has no blank, a sentence has.
    let (sentence, word) = match first(&["error"]) {
        Some(text) if text.contains(char::is_whitespace) => (Some(text), None),
        word => (None, word),
    };
    let texts = object.get("message").and_then(Value::as_array);
    let message = texts.map(|texts| {
        let texts: Vec<String> = texts.iter().filter_map(|one| text(Some(one))).collect();
        texts.join("; ")
    });
    let message = message.filter(|message| !message.is_empty());
    let error = ApiError {
        code: first(&["code", "error_key"]).or(word),
        message: message
            .or_else(|| first(&["message", "error_description", "detail"]))
            .or(sentence),
        field: first(&["field"]),
    };
    let tells = error.code.is_some() || error.message.is_some() || error.field.is_some();
    tells.then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_body_is_read() {
        let parse = |text: &str| ErrorBody::parse(text.as_bytes());
        let list =
            parse(r#"{"type":"error.list","request_id":"001fk","errors":[{"code":7,"message":"a"},{"field":"b"}]}"#);
        assert_eq!(list.request_id.as_deref(), Some("001fk"));
        assert_eq!(list.errors[0].code.as_deref(), Some("7"));
        assert_eq!(list.errors[1].field.as_deref(), Some("b"));
        assert_eq!(
            parse(r#"{"error_key":"sms","message":"no"}"#).errors[0].code.as_deref(),
            Some("sms")
        );
        let by_field = parse(r#"{"errors":{"email":["is taken","is odd"],"name":"is blank"}}"#).errors;
        let told: Vec<_> = by_field
            .iter()
            .map(|error| (error.field.as_deref(), error.message.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (Some("email"), Some("is taken")),
                (Some("email"), Some("is odd")),
                (Some("name"), Some("is blank")),
            ]
        );
        assert_eq!(
            parse(r#"{"errors":{"message":"a"}}"#).errors[0].message.as_deref(),
            Some("a")
        );
        assert_eq!(parse(r#"{"errors":[],"request_id":null}"#).errors, []);
        for odd in ["", "null", "<html>", "[1]", "{\"errors\":", "{\"errors\":[null,3]}"] {
            assert!(parse(odd).errors.is_empty(), "{odd}");
        }
    }
}
