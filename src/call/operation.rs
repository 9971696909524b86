//! One call: an operation with its parameters and body, ready to be sent as often as need be.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::answer::error::Error;
use crate::call::argument::InvalidField;
use crate::transport::retry::RetryPolicy;

/// What the transport knows of an operation, read from the description at build time.
#[derive(Debug)]
pub struct Operation {
    /// Operation id in snake_case, the method's name.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template.
    pub path: &'static str,
    /// Whether it changes nothing, so that it can be repeated.
    pub reads_only: bool,
    /// How its list goes on, when it has pages.
    pub paging: Option<Paging>,
    /// Whether a success is a byte stream instead of JSON.
    pub bytes: bool,
}

/// How a list goes on: what tells the next page, and where the request says which page it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// An opaque cursor, asked for by the query parameter `starting_after`.
    Cursor,
    /// An opaque cursor, asked for by `pagination.starting_after` in the body.
    CursorInBody,
    /// The query parameter `page`, counted from 1.
    Page,
    /// A cursor that the server moves, named by the query parameter `scroll_param`: a lost answer cannot be asked for
    /// again.
    Scroll,
    /// The query of the next page, taken from a URL.
    Events,
}

/// What a caller can set for one call.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The retry policy, in the place of the client's.
    pub retry: Option<RetryPolicy>,
}

/// One call of an operation.
#[derive(Clone)]
pub struct Call {
    pub(crate) operation: &'static Operation,
    pub(crate) options: Options,
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Bytes>,
}

/// Everything but the unreserved characters of RFC 3986 is encoded, so that a value stays inside its path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Call {
    pub(crate) fn new(operation: &'static Operation, options: &Options) -> Self {
        Self {
            operation,
            options: options.clone(),
            path: operation.path.to_owned(),
            query: Vec::new(),
            body: None,
        }
    }

    fn invalid(&self, field: InvalidField) -> Error {
        Error::builder(self.operation, field.to_string())
    }

    /// Puts a path parameter in its place, percent-encoded.
    pub(crate) fn path(
        &mut self,
        name: &'static str,
        value: Result<impl std::fmt::Display, InvalidField>,
    ) -> Result<(), Error> {
        let text = value.map_err(|field| self.invalid(field))?.to_string();
        // An empty segment or a dot segment would lead to another operation.
        if text.is_empty() || text == "." || text == ".." {
            return Err(Error::builder(
                self.operation,
                format!("`{name}`: is {text:?}, which cannot be a path segment"),
            ));
        }
        let encoded = utf8_percent_encode(&text, SEGMENT).to_string();
        self.path = self.path.replacen(&format!("{{{name}}}"), &encoded, 1);
        Ok(())
    }

    /// Adds a query parameter when it is set; a list is repeated.
    pub(crate) fn query(
        &mut self,
        name: &'static str,
        value: Result<Option<impl Serialize>, InvalidField>,
    ) -> Result<(), Error> {
        let value = value.map_err(|field| self.invalid(field))?;
        let value = serde_json::to_value(value)
            .map_err(|_| Error::builder(self.operation, format!("`{name}`: cannot be written")))?;
        let mut add = |value: Value| match value {
            Value::Null => {}
            Value::String(text) => self.query.push((name.into(), text)),
            other => self.query.push((name.into(), other.to_string())),
        };
        match value {
            Value::Array(values) => values.into_iter().for_each(add),
            value => add(value),
        }
        Ok(())
    }

    /// Sets the JSON body.
    pub(crate) fn body(&mut self, value: Result<impl Serialize, InvalidField>) -> Result<(), Error> {
        let value = value.map_err(|field| self.invalid(field))?;
        let bytes = serde_json::to_vec(&value)
            .map_err(|_| Error::builder(self.operation, "the body cannot be written as JSON".to_owned()))?;
        self.body = Some(bytes.into());
        Ok(())
    }
}
