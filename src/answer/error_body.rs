//! What an error's body says, whatever its form.

use std::borrow::Cow;

use serde_json::Value;

use crate::wire::id::text_of;

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

/// A longer body holds something else than errors.
const LONGEST_ERROR_BODY: usize = 1 << 20;

/// What could be read from an error body, whatever its form.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub request_id: Option<String>,
    pub errors: Vec<ApiError>,
}

impl ErrorBody {
    pub(crate) fn parse(body: &[u8]) -> Self {
        if body.len() > LONGEST_ERROR_BODY {
            return Self::default();
        }
        // One bad byte in a message is no reason to lose the rest.
        let Ok(Value::Object(object)) = serde_json::from_str(&String::from_utf8_lossy(body)) else {
            return Self::default();
        };
        let text = |value: Option<&Value>| text_of(value?).map(Cow::into_owned);
        let entry = |entry: &Value| match entry {
            Value::Object(entry) => Some(ApiError {
                code: text(entry.get("code").or(entry.get("error_key"))),
                message: text(entry.get("message")),
                field: text(entry.get("field")),
            }),
            Value::String(message) => Some(ApiError {
                message: Some(message.clone()),
                ..Default::default()
            }),
            _ => None,
        };
        let mut errors: Vec<ApiError> = match object.get("errors") {
            Some(Value::Array(entries)) => entries.iter().filter_map(entry).collect(),
            // What is wrong with each field, by its name.
            Some(Value::Object(fields))
                if !["code", "error_key", "message"]
                    .iter()
                    .any(|key| fields.contains_key(*key)) =>
            {
                let messages = |value: &Value| match value {
                    Value::Array(messages) => messages.iter().filter_map(|message| text(Some(message))).collect(),
                    message => Vec::from_iter(text(Some(message))),
                };
                let error = |field: &String, message| ApiError {
                    field: Some(field.clone()),
                    message: Some(message),
                    ..Default::default()
                };
                let of_field = |(field, value)| messages(value).into_iter().map(move |message| error(field, message));
                fields.iter().flat_map(of_field).collect()
            }
            Some(one) => entry(one).into_iter().collect(),
            None => Vec::new(),
        };
        if errors.is_empty() {
            // The form of the phone switch, and what proxies say. A code has no blank, a sentence has.
            let error = text(object.get("error"));
            let (sentence, word) = match error {
                Some(text) if text.contains(char::is_whitespace) => (Some(text), None),
                word => (None, word),
            };
            let code = text(object.get("error_key").or(object.get("code"))).or(word);
            let message = text(object.get("message").or(object.get("error_description"))).or(sentence);
            if code.is_some() || message.is_some() {
                errors.push(ApiError {
                    code,
                    message,
                    field: text(object.get("field")),
                });
            }
        }
        Self {
            request_id: text(object.get("request_id")).filter(|id| !id.is_empty()),
            errors,
        }
    }
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
