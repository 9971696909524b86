//! Reads the bodies of error responses, which have several forms.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::wire::id::text_of;
use crate::wire::read;

/// One entry of an error response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// Machine-readable code such as `not_found`; a numeric code is converted to text. New codes
    /// can appear at any time.
    pub code: Option<String>,
    /// Message in English.
    pub message: Option<String>,
    /// Name of the invalid field, if the error is about one.
    pub field: Option<String>,
}

/// Maximum length in bytes of a body that is parsed. A longer body does not contain errors.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Maximum number of errors read from one body. A power of two, so that the capacity of the list does
/// not exceed it.
const MAX_ERRORS: usize = 8192;

/// The content of an error body.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub request_id: Option<String>,
    pub errors: Vec<ApiError>,
    /// The identifier and state of an export job, if the body is one instead of an error.
    pub job: Option<(String, String)>,
}

impl ErrorBody {
    pub(crate) fn parse(body: &[u8]) -> Self {
        if body.len() > MAX_BODY_BYTES {
            return Self::default();
        }
        // Some servers do not escape control characters in strings.
        let plain: Vec<u8> = body
            .iter()
            .map(|byte| if *byte < b' ' { b' ' } else { *byte })
            .collect();
        // A proxy can append text to the JSON.
        let Ok(value) = read::prefix::<Value>(&plain) else {
            return Self::default();
        };
        let mut errors = Errors {
            entries: Vec::new(),
            field_bytes: body.len(),
        };
        let object = value.as_object();
        let [list, one] = ["errors", "error"].map(|name| object.and_then(|object| object.get(name)));
        if let Some(list) = list {
            collect(list, None, &mut errors);
        }
        if let Some(one @ (Value::Array(_) | Value::Object(_))) = one
            && errors.entries.is_empty()
        {
            collect(one, None, &mut errors);
        }
        if errors.entries.is_empty() {
            match object {
                Some(object) => errors.entries.extend(entry(object)),
                None => collect(&value, None, &mut errors),
            }
        }
        Self {
            request_id: object
                .and_then(|object| text(object.get("request_id")))
                .filter(|id| !id.is_empty()),
            errors: errors.entries,
            job: object.and_then(|object| {
                let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
                Some((text("job_identifier")?, text("status")?))
            }),
        }
    }
}

/// Returns a string or number as text.
fn text(value: Option<&Value>) -> Option<String> {
    text_of(value?).map(Cow::into_owned)
}

/// The errors of a body.
struct Errors {
    entries: Vec<ApiError>,
    /// Number of bytes of field names that may still be copied into entries. Without this limit, a
    /// long name with many errors would take many times the memory of the body.
    field_bytes: usize,
}

impl Errors {
    /// Adds an error. `field` is the name of the surrounding field, for errors that do not name
    /// one.
    fn push(&mut self, mut error: ApiError, field: Option<&str>) {
        if let (None, Some(field)) = (&error.field, field)
            && let Some(left) = self.field_bytes.checked_sub(field.len())
        {
            self.field_bytes = left;
            error.field = Some(field.to_owned());
        }
        if self.entries.len() < MAX_ERRORS {
            self.entries.push(error);
        }
    }
}

/// Adds the errors in a value: a single error, a list of errors, or an object with the errors of
/// each field.
fn collect(value: &Value, field: Option<&str>, errors: &mut Errors) {
    match value {
        Value::String(message) => {
            let error = ApiError {
                message: Some(message.clone()),
                ..Default::default()
            };
            errors.push(error, field);
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, field, errors)),
        Value::Object(object) => match entry(object) {
            Some(error) => errors.push(error, field),
            None => object
                .iter()
                .for_each(|(name, value)| collect(value, Some(name), errors)),
        },
        _ => {}
    }
}

/// Reads an object as an error, with the field names of Intercom or of proxies and gateways; `None`
/// if it has none of them.
fn entry(object: &Map<String, Value>) -> Option<ApiError> {
    let first = |names: &[&str]| names.iter().find_map(|name| text(object.get(*name)));
    // `error` is a code, or a sentence if it contains whitespace.
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
    let is_error = error.code.is_some() || error.message.is_some() || error.field.is_some();
    is_error.then_some(error)
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
        let entries: Vec<_> = by_field
            .iter()
            .map(|error| (error.field.as_deref(), error.message.as_deref()))
            .collect();
        assert_eq!(
            entries,
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
        // A text in `error` is a code if it is one word, otherwise a message.
        for (text, code, message) in [
            ("unauthorized", Some("unauthorized"), None),
            ("Retry later", None, Some("Retry later")),
        ] {
            let errors = parse(&format!(r#"{{"error":"{text}"}}"#)).errors;
            assert_eq!(
                (errors[0].code.as_deref(), errors[0].message.as_deref()),
                (code, message)
            );
        }
        assert_eq!(parse(r#"{"errors":[],"request_id":null}"#).errors, []);
        for odd in ["", "null", "<html>", "[1]", "{\"errors\":", "{\"errors\":[null,3]}"] {
            assert!(parse(odd).errors.is_empty(), "{odd}");
        }
    }

    #[test]
    fn body_of_more_than_8_mib_is_not_parsed() {
        let mut body = br#"{"errors":[{"code":"not_found"}]}"#.to_vec();
        body.resize(8 * 1024 * 1024, b' ');
        assert_eq!(ErrorBody::parse(&body).errors.len(), 1);
        body.push(b' ');
        assert!(ErrorBody::parse(&body).errors.is_empty());
    }
}
