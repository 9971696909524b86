//! One call, and what becomes of it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::operations::Operation;
use super::received::Received;
use super::store::Kind;
use crate::wire::id::text_of;

/// A call of an operation.
pub(super) struct Call<'c> {
    pub operation: &'static Operation,
    /// The values of the path parameters.
    pub values: &'c [String],
    pub request: &'c Received,
    /// The fields of the request's body.
    pub body: Map<String, Value>,
    /// The records that the path names, with their kinds; the last one is what the call is about.
    pub path: Vec<(Kind, String)>,
}

impl Call<'_> {
    /// The record that the call is about.
    pub(super) fn subject(&self) -> Option<(Kind, &str)> {
        self.path.last().map(|(kind, id)| (*kind, id.as_str()))
    }

    /// The last value of the path.
    pub(super) fn last_value(&self) -> &str {
        self.values.last().map_or("", String::as_str)
    }

    /// A field of the body that is a text or a number, as text. Empty texts count as absent.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        text_in(&self.body, name)
    }

    /// A field of the body that is an object.
    pub(super) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.body.get(name)?.as_object()
    }
}

/// A field that is a text or a number, as text. Empty texts count as absent.
pub(super) fn text_in<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<Cow<'v, str>> {
    fields.get(name).and_then(text_of).filter(|text| !text.is_empty())
}

/// The response to a call, or the error.
pub(super) type Outcome = Result<Answer, Refusal>;

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// A parameter that the server does not take.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "parameter_invalid", message)
    }

    /// A parameter that is missing.
    pub(super) fn absent(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "parameter_not_found", message)
    }

    /// Something that Intercom has and the mock has not.
    pub(super) fn not_modelled(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(501, "not_modelled", message)
    }

    /// The error that the description shows for an operation under a status and a name that contains these words.
    pub(super) fn recorded(operation: &Operation, status: u16, words: &str) -> Option<Self> {
        let mut errors = operation.errors.iter();
        let (_, _, body) = errors.find(|(other, name, _)| *other == status && name.contains(words))?;
        let body: Value = serde_json::from_str(body).ok()?;
        let error = body["errors"].get(0)?;
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Some(Self::new(status, text("code"), text("message")))
    }

    /// What the server says of a record that is not there.
    pub(super) fn missing(operation: &Operation, kind: Kind) -> Self {
        use super::catalog::{VISITOR, kind};
        let (name, code, message) = match kind {
            _ if kind == kind::contact() => ("contact", "not_found", "User Not Found"),
            _ if kind == kind::company() => ("company", "company_not_found", "Company Not Found"),
            _ if kind == kind::admin() => ("admin", "admin_not_found", "Admin not found"),
            _ if kind == kind::team() => ("team", "team_not_found", "Team not found"),
            _ if kind == kind::tag() => ("tag", "not_found", "Resource Not Found"),
            _ if kind == kind::conversation() => ("conversation", "not_found", "Resource Not Found"),
            _ if kind == kind::data_attribute() => ("attribute", "field_not_found", "Data attribute not found"),
            VISITOR => ("visitor", "not_found", "Visitor Not Found"),
            _ => ("", "not_found", "Resource Not Found"),
        };
        // The description shows which code an operation uses; it words messages in its own way.
        match Self::recorded(operation, 404, name) {
            Some(recorded) if !name.is_empty() => Self::new(404, recorded.code, message),
            _ => Self::new(404, code, message),
        }
    }
}

impl Refusal {
    /// The response to a request.
    pub(super) fn answer(&self, request: &Received) -> Answer {
        let errors = json!([{"code": self.code, "message": self.message}]);
        let body = json!({"type": "error.list", "request_id": request.request_id(), "errors": errors});
        Answer::json(body).status(self.status)
    }
}

/// A success of an operation with this body.
pub(super) fn success(operation: &Operation, body: &Value) -> Outcome {
    Ok(Answer::bytes("application/json", body.to_string()).status(operation.success))
}

/// A success of an operation without a body.
pub(super) fn nothing(operation: &Operation) -> Outcome {
    Ok(Answer::bytes("application/json", "").status(operation.success))
}

/// What the API says of a deleted, archived or unarchived record.
pub(super) fn stub(object: &str, id: &str, flag: &str, value: bool) -> Value {
    json!({"id": id, "object": object, flag: value})
}
