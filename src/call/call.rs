//! One call: an operation with its parameters and body, ready to be sent as often as need be.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::argument::InvalidField;
use super::operation::{Operation, Paging, Repeats};
use super::options::Options;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;

/// One call of an operation.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) operation: Cow<'static, Operation>,
    pub(crate) options: Options,
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Bytes>,
    /// Whether the body has the property by which a repeated call finds what the first one made.
    keyed: bool,
    /// The cursor of the page that it asks for, in a walk.
    pub(crate) page: Option<Arc<str>>,
    /// What is required and was not set.
    missing: Vec<String>,
    /// The body, when it is required and was not set.
    missing_body: Option<InvalidField>,
}

/// How lists and objects are written into a query. Which styles there are depends on the description.
#[allow(dead_code)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryStyle {
    /// A list repeats the parameter, an object's entries are parameters of their own.
    Form,
    /// A list repeats the parameter, an object's entries are `name[entry]`.
    Deep,
    /// A list is joined by commas.
    Comma,
    /// A list is joined by spaces.
    Space,
    /// A list is joined by bars.
    Pipe,
}

/// A value as it stands in a path or query: a text as it is, anything else as JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// Everything but the unreserved characters of RFC 3986 is encoded, so that a value stays inside its path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Call {
    pub(crate) fn new(operation: &'static Operation, options: Options) -> Result<Self, Error> {
        Self::to(Cow::Borrowed(operation), operation.path.to_owned(), options)
    }

    /// A call to a path that is written out.
    pub(crate) fn to(operation: Cow<'static, Operation>, path: String, options: Options) -> Result<Self, Error> {
        let query = options.query.iter().cloned();
        let call = Self {
            operation,
            path,
            query: query.map(|(name, value)| (name.into(), value)).collect(),
            body: None,
            keyed: false,
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

    /// Returns the context of errors of this call, before anything is sent.
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

    /// The value of an argument; `None` when it is missing, which is told with all that is.
    fn taken<T>(&mut self, value: Result<T, InvalidField>) -> Result<Option<T>, Error> {
        let invalid = match value {
            Ok(value) => return Ok(Some(value)),
            Err(invalid) => invalid,
        };
        if invalid.is_missing_body() {
            self.missing_body = Some(invalid);
            return Ok(None);
        }
        match invalid.into_missing() {
            Ok(missing) => self.missing.extend(missing),
            Err(invalid) => return Err(self.invalid(invalid)),
        }
        Ok(None)
    }

    /// The call, when it has all that is required.
    pub(crate) fn complete(mut self) -> Result<Self, Error> {
        let fields = std::mem::take(&mut self.missing);
        let fields = (!fields.is_empty()).then(|| InvalidField::missing(fields));
        let missing: Vec<String> = fields
            .iter()
            .chain(&self.missing_body)
            .map(ToString::to_string)
            .collect();
        match missing.is_empty() {
            true => Ok(self),
            false => Err(self.context().error(Kind::Builder(missing.join("; ")))),
        }
    }

    /// Whether carrying it out twice does no harm.
    pub(crate) fn is_idempotent(&self) -> bool {
        let described = match self.operation.repeats {
            Repeats::Never => false,
            Repeats::Always => true,
            Repeats::With(_) => self.keyed,
        };
        self.options.idempotent.unwrap_or(described)
    }

    /// Whether it asks for a page of a scroll, which the server does not send twice.
    pub(crate) fn is_scroll(&self) -> bool {
        self.operation.paging == Some(Paging::Scroll)
    }

    /// Puts a path parameter in its place, percent-encoded. `name` is that of its setter.
    pub(crate) fn path(
        &mut self,
        place: &'static str,
        name: &'static str,
        value: Result<impl std::fmt::Display, InvalidField>,
    ) -> Result<(), Error> {
        let Some(value) = self.taken(value)? else { return Ok(()) };
        let text = value.to_string();
        // An empty segment or a dot segment would lead to another operation.
        if text.is_empty() || text == "." || text == ".." {
            let reason = format!("is {text:?}, which cannot be a path segment");
            return Err(self.invalid(InvalidField::new(reason).within(name)));
        }
        let encoded = utf8_percent_encode(&text, SEGMENT).to_string();
        self.path = self.path.replace(&format!("{{{place}}}"), &encoded);
        Ok(())
    }

    /// Adds a query parameter when it is set: a list is repeated, an object is spread.
    pub(crate) fn query(
        &mut self,
        name: &'static str,
        value: Result<Option<impl Serialize>, InvalidField>,
    ) -> Result<(), Error> {
        self.query_as(name, QueryStyle::Form, value)
    }

    /// Adds a query parameter when it is set, in a style that its description names.
    pub(crate) fn query_as(
        &mut self,
        name: &'static str,
        style: QueryStyle,
        value: Result<Option<impl Serialize>, InvalidField>,
    ) -> Result<(), Error> {
        let Some(value) = self.taken(value)? else { return Ok(()) };
        let value = serde_json::to_value(value)
            .map_err(|_| self.invalid(InvalidField::new("cannot be written").within(name)))?;
        let between = match style {
            QueryStyle::Form | QueryStyle::Deep => None,
            QueryStyle::Comma => Some(","),
            QueryStyle::Space => Some(" "),
            QueryStyle::Pipe => Some("|"),
        };
        let parts: Vec<(Cow<'static, str>, Value)> = match (value, between) {
            (Value::Array(values), Some(between)) => {
                let texts: Vec<String> = values.iter().map(text).collect();
                vec![(name.into(), texts.join(between).into())]
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
        let set = parts.into_iter().filter(|(_, value)| !value.is_null());
        self.query.extend(set.map(|(name, value)| (name, text(&value))));
        Ok(())
    }

    /// Sets a body that is sent as it is, which only some descriptions have.
    #[allow(dead_code)]
    pub(crate) fn bytes(&mut self, body: Option<Bytes>, required: bool) -> Result<(), Error> {
        if required && body.is_none() {
            self.missing_body = Some(InvalidField::missing_body("give it to `body`"));
        }
        self.body = body;
        Ok(())
    }

    /// Sets the JSON body where there is one.
    pub(crate) fn optional_body(&mut self, value: Result<Option<impl Serialize>, InvalidField>) -> Result<(), Error> {
        match value.transpose() {
            Some(value) => self.body(value),
            None => Ok(()),
        }
    }

    /// Sets the JSON body.
    pub(crate) fn body(&mut self, value: Result<impl Serialize, InvalidField>) -> Result<(), Error> {
        let others = self.missing.len();
        let Some(value) = self.taken(value)? else {
            // A field of the name of a parameter.
            let (parameters, fields) = self.missing.split_at_mut(others);
            let same = fields.iter_mut().filter(|field| parameters.contains(field));
            same.for_each(|field| field.insert_str(0, "body."));
            return Ok(());
        };
        let bytes = serde_json::to_vec(&value).map_err(|error| {
            self.invalid(InvalidField::new(format!(
                "the body cannot be written as JSON: {error}"
            )))
        })?;
        if let Repeats::With(name) = self.operation.repeats {
            self.keyed = has(&bytes, name);
        }
        self.body = Some(bytes.into());
        Ok(())
    }
}

/// Whether a JSON object has a property with a value.
fn has(json: &[u8], name: &str) -> bool {
    let value: Option<Value> = serde_json::from_slice(json).ok();
    let property = value.as_ref().and_then(|value| value.get(name));
    property.is_some_and(|value| !value.is_null() && value != "")
}
