//! A call of an operation, which can be sent several times.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::invalid_field::InvalidField;
use super::operation::{Idempotency, Operation, OperationRef, Paging};
use super::options::Options;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;

/// A call of an operation: its path, query, body and options.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) operation: OperationRef,
    pub(crate) options: Options,
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Bytes>,
    /// Whether the body has the property that makes the call idempotent: see [`Idempotency::WithProperty`].
    has_key: bool,
    /// The cursor of the requested page, if the call is part of a walk.
    pub(crate) page: Option<Arc<str>>,
    /// The required parameters and fields that are not set.
    missing: Vec<String>,
    /// The error of a required body that is not set.
    missing_body: Option<Box<InvalidField>>,
}

/// How lists and objects are encoded in a query.
#[allow(dead_code)] // not every description uses all variants
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryStyle {
    /// The parameter is repeated for each item of a list. Each entry of an object is a separate parameter.
    Form,
    /// The parameter is repeated for each item of a list. Each entry of an object is a parameter `name[entry]`.
    Deep,
    /// Items are separated by commas.
    Comma,
    /// Items are separated by spaces.
    Space,
    /// Items are separated by vertical bars.
    Pipe,
}

/// Converts a value for a path or query: a string unchanged, other values to JSON.
pub(crate) fn parameter_text(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// The characters to encode in a path segment: all except the unreserved characters of RFC 3986.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Call {
    pub(crate) fn new(operation: &'static Operation, options: Options) -> Result<Self, Error> {
        Self::with_path(operation.into(), operation.path.to_owned(), options)
    }

    /// Creates a call with a path that has no placeholders.
    pub(crate) fn with_path(operation: OperationRef, path: String, options: Options) -> Result<Self, Error> {
        let query = options.query.iter().cloned();
        let call = Self {
            operation,
            path,
            query: query.map(|(name, value)| (name.into(), value)).collect(),
            body: None,
            has_key: false,
            page: None,
            missing: Vec::new(),
            missing_body: None,
            options,
        };
        match &call.options.invalid {
            Some(invalid) => Err(call.invalid(invalid.clone())),
            None => Ok(call),
        }
    }

    /// Returns the context for errors of this call before anything is sent.
    pub(crate) fn context(&self) -> ErrorContext {
        let operation = &self.operation;
        ErrorContext {
            operation: operation.id,
            get: operation.method == Method::GET,
            changes: !operation.reads_only,
            scroll: self.is_scroll(),
            page: self.page.clone(),
            ..ErrorContext::default()
        }
    }

    fn invalid(&self, field: InvalidField) -> Error {
        self.context().error(Kind::Builder(field.to_string()))
    }

    /// Returns the value, or `None` if it is missing. [`complete`](Self::complete) reports everything that is missing.
    fn unless_missing<T>(&mut self, value: Result<T, InvalidField>) -> Result<Option<T>, Error> {
        let invalid = match value {
            Ok(value) => return Ok(Some(value)),
            Err(invalid) => invalid,
        };
        if invalid.is_missing_body() {
            self.missing_body = Some(Box::new(invalid));
            return Ok(None);
        }
        match invalid.into_missing() {
            Ok(missing) => self.missing.extend(missing),
            Err(invalid) => return Err(self.invalid(invalid)),
        }
        Ok(None)
    }

    /// Returns the call if all required values are set.
    pub(crate) fn complete(mut self) -> Result<Self, Error> {
        let fields = std::mem::take(&mut self.missing);
        let fields = (!fields.is_empty()).then(|| InvalidField::missing(fields));
        let missing: Vec<String> = fields
            .iter()
            .chain(self.missing_body.as_deref())
            .map(ToString::to_string)
            .collect();
        match missing.is_empty() {
            true => Ok(self),
            false => Err(self.context().error(Kind::Builder(missing.join("; ")))),
        }
    }

    /// Returns `true` if the call can be carried out twice without harm.
    pub(crate) fn is_idempotent(&self) -> bool {
        let described = match self.operation.idempotency {
            Idempotency::Never => false,
            Idempotency::Always => true,
            Idempotency::WithProperty(_) => self.has_key,
        };
        self.options.idempotent.unwrap_or(described)
    }

    /// Returns `true` if the call requests a page of a scroll, which the server does not send twice.
    pub(crate) fn is_scroll(&self) -> bool {
        self.operation.paging == Some(Paging::Scroll)
    }

    /// Replaces a placeholder in the path by the percent-encoded value. `name` is the name of the setter.
    pub(crate) fn path(
        &mut self,
        placeholder: &'static str,
        name: &'static str,
        value: Result<impl std::fmt::Display, InvalidField>,
    ) -> Result<(), Error> {
        let Some(value) = self.unless_missing(value)? else {
            return Ok(());
        };
        let text = value.to_string();
        // An empty segment or a dot segment would result in the path of another operation.
        if text.is_empty() || text == "." || text == ".." {
            let reason = format!("{text:?} is not a valid path segment");
            return Err(self.invalid(InvalidField::new(reason).within(name)));
        }
        let encoded = utf8_percent_encode(&text, PATH_SEGMENT).to_string();
        self.path = self.path.replace(&format!("{{{placeholder}}}"), &encoded);
        Ok(())
    }

    /// Adds a query parameter if it is set, in the default style.
    pub(crate) fn query(
        &mut self,
        name: &'static str,
        value: Result<Option<impl Serialize>, InvalidField>,
    ) -> Result<(), Error> {
        self.query_as(name, QueryStyle::Form, value)
    }

    /// Adds a query parameter if it is set, in the style of the description.
    pub(crate) fn query_as(
        &mut self,
        name: &'static str,
        style: QueryStyle,
        value: Result<Option<impl Serialize>, InvalidField>,
    ) -> Result<(), Error> {
        let Some(value) = self.unless_missing(value)? else {
            return Ok(());
        };
        let value = serde_json::to_value(value)
            .map_err(|_| self.invalid(InvalidField::new("value cannot be serialized").within(name)))?;
        let separator = match style {
            QueryStyle::Form | QueryStyle::Deep => None,
            QueryStyle::Comma => Some(","),
            QueryStyle::Space => Some(" "),
            QueryStyle::Pipe => Some("|"),
        };
        let parameters: Vec<(Cow<'static, str>, Value)> = match (value, separator) {
            (Value::Array(values), Some(separator)) => {
                let texts: Vec<String> = values.iter().map(parameter_text).collect();
                vec![(name.into(), texts.join(separator).into())]
            }
            (Value::Array(values), None) => values.into_iter().map(|value| (name.into(), value)).collect(),
            (Value::Object(entries), None) => {
                let deep = style == QueryStyle::Deep;
                let key = |inner: String| if deep { format!("{name}[{inner}]") } else { inner };
                entries
                    .into_iter()
                    .map(|(inner, value)| (key(inner).into(), value))
                    .collect()
            }
            (value, _) => vec![(name.into(), value)],
        };
        let set = parameters.into_iter().filter(|(_, value)| !value.is_null());
        self.query
            .extend(set.map(|(name, value)| (name, parameter_text(&value))));
        Ok(())
    }

    /// Sets a body that is not JSON.
    #[allow(dead_code)] // not every description has such bodies
    pub(crate) fn bytes(&mut self, body: Option<Bytes>, required: bool) -> Result<(), Error> {
        if required && body.is_none() {
            self.missing_body = Some(Box::new(InvalidField::missing_body("set it with `body`")));
        }
        self.body = body;
        Ok(())
    }

    /// Sets the JSON body, if there is one.
    pub(crate) fn optional_body(&mut self, value: Result<Option<impl Serialize>, InvalidField>) -> Result<(), Error> {
        match value.transpose() {
            Some(value) => self.body(value),
            None => Ok(()),
        }
    }

    /// Sets the JSON body.
    pub(crate) fn body(&mut self, value: Result<impl Serialize, InvalidField>) -> Result<(), Error> {
        let missing_parameters = self.missing.len();
        let Some(value) = self.unless_missing(value)? else {
            // Distinguishes a field of the body from a parameter of the same name.
            let (parameters, fields) = self.missing.split_at_mut(missing_parameters);
            let same = fields.iter_mut().filter(|field| parameters.contains(field));
            same.for_each(|field| field.insert_str(0, "body."));
            return Ok(());
        };
        let bytes = serde_json::to_vec(&value).map_err(|error| {
            let reason = format!("cannot serialize the request body as JSON: {error}");
            self.invalid(InvalidField::new(reason))
        })?;
        if let Idempotency::WithProperty(name) = self.operation.idempotency {
            self.has_key = has_property(&bytes, name);
        }
        self.body = Some(bytes.into());
        Ok(())
    }
}

/// Returns `true` if a JSON object has a property that is not null or empty.
fn has_property(json: &[u8], name: &str) -> bool {
    let value: Option<Value> = serde_json::from_slice(json).ok();
    let property = value.as_ref().and_then(|value| value.get(name));
    property.is_some_and(|value| !value.is_null() && value != "")
}
