//! A call of an operation, and its result.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::description::MockOperation;
use super::received::ReceivedRequest;
use super::response::MockResponse;
use super::store::RecordKind;
use crate::wire::id::text_of;

/// The base URL of URLs in the responses of a mock without a port. The client must never send a
/// request to it.
const PLACEHOLDER_URL: &str = "https://elsewhere.invalid";

/// A call of an operation.
pub(super) struct MockCall<'c> {
    pub operation: &'static MockOperation,
    /// The values of the path parameters.
    pub path_values: &'c [String],
    pub request: &'c ReceivedRequest,
    /// The fields of the request body.
    pub body: Map<String, Value>,
    /// The kinds and ids of the records in the path. The last one is the subject of the call.
    pub path_records: Vec<(RecordKind, String)>,
}

impl MockCall<'_> {
    /// Returns the record that the call is about.
    pub(super) fn subject(&self) -> Option<(RecordKind, &str)> {
        self.path_records.last().map(|(kind, id)| (*kind, id.as_str()))
    }

    /// Returns the first path parameter, or an empty string.
    pub(super) fn first_path_value(&self) -> &str {
        self.path_values.first().map_or("", String::as_str)
    }

    /// Returns the last path parameter, or an empty string.
    pub(super) fn last_path_value(&self) -> &str {
        self.path_values.last().map_or("", String::as_str)
    }

    /// Returns the base URL of URLs in the response: the server that received the request, or a
    /// placeholder without one.
    pub(super) fn base_url(&self) -> Cow<'static, str> {
        match self.request.header(http::header::HOST.as_str()) {
            Some(host) => format!("http://{host}").into(),
            None => PLACEHOLDER_URL.into(),
        }
    }

    /// Returns a string or number field of the body as text. Empty strings count as absent.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        text_in(&self.body, name)
    }

    /// Returns an object field of the body.
    pub(super) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.body.get(name)?.as_object()
    }
}

/// Returns a string or number field as text. Empty strings count as absent.
pub(super) fn text_in<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<Cow<'v, str>> {
    fields.get(name).and_then(text_of).filter(|text| !text.is_empty())
}

/// The response to a call, or an error of the API.
pub(super) type CallResult = Result<MockResponse, ApiError>;

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    pub(super) fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "parameter_invalid", message)
    }

    pub(super) fn missing_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "parameter_not_found", message)
    }

    /// Reports something that Intercom supports and the mock does not.
    pub(super) fn not_modelled(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(501, "not_modelled", message)
    }

    /// Returns the description's error example with this status whose name contains a word.
    pub(super) fn from_example(operation: &MockOperation, status: u16, word: &str) -> Option<Self> {
        let mut errors = operation.errors.iter();
        let (_, _, body) = errors.find(|(other, name, _)| *other == status && name.contains(word))?;
        let body: Value = serde_json::from_str(body).ok()?;
        let error = body["errors"].get(0)?;
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Some(Self::new(status, text("code"), text("message")))
    }

    /// Creates the 404 for an unknown record of a kind.
    pub(super) fn record_not_found(operation: &MockOperation, kind: RecordKind) -> Self {
        use super::catalog::{VISITOR, kind};
        let (name, code, message) = match kind {
            _ if kind == kind::contact() => ("contact", "not_found", "User Not Found"),
            _ if kind == kind::company() => ("company", "company_not_found", "Company Not Found"),
            _ if kind == kind::admin() => ("admin", "admin_not_found", "Admin not found"),
            _ if kind == kind::team() => ("team", "team_not_found", "Team not found"),
            _ if kind == kind::tag() => ("tag", "not_found", "Resource Not Found"),
            _ if kind == kind::conversation() => ("conversation", "not_found", "Resource Not Found"),
            _ if kind == kind::data_attribute() => (
                "attribute",
                "field_not_found",
                "We couldn't find that data attribute to update",
            ),
            VISITOR => ("visitor", "not_found", "Visitor Not Found"),
            _ => ("", "not_found", "Resource Not Found"),
        };
        // Source: the published error examples. A few operations use a message of their own.
        let message = match (operation.shape, name) {
            ("/admins/{}/away", "admin") => "Admin for admin_id not found",
            ("/conversations/{}/tags" | "/conversations/{}/tags/{}", "conversation") => "Conversation not found",
            ("/conversations/{}/tags/{}", "tag") => "Tag not found",
            _ => message,
        };
        // The code depends on the operation. The messages of the description are its own wording.
        match Self::from_example(operation, 404, name) {
            Some(example) if !name.is_empty() => Self::new(404, example.code, message),
            _ => Self::new(404, code, message),
        }
    }

    /// Creates the response to a request.
    pub(super) fn response(&self, request: &ReceivedRequest) -> MockResponse {
        let errors = json!([{"code": self.code, "message": self.message}]);
        let body = json!({"type": "error.list", "request_id": request.request_id(), "errors": errors});
        MockResponse::json(body).status(self.status)
    }
}

/// Creates the success of an operation with this body.
pub(super) fn success(operation: &MockOperation, body: &Value) -> CallResult {
    Ok(MockResponse::json(body).status(operation.success))
}

/// Creates the success of an operation with an empty body.
pub(super) fn empty_success(operation: &MockOperation) -> CallResult {
    Ok(MockResponse::bytes("application/json", "").status(operation.success))
}

/// Creates the short form in which the API returns a deleted, archived or unarchived record.
pub(super) fn short_record(object: &str, id: &str, flag: &str, value: bool) -> Value {
    json!({"id": id, "object": object, flag: value})
}
