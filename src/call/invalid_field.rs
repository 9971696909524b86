//! The error of a request that cannot be built.

use std::fmt;

/// The error of a request that cannot be built: the fields at fault, and the reason. It reports all missing fields at once, and
/// never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The paths of the fields, empty if the error is about the complete body.
    fields: Vec<String>,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    /// Required fields are not set.
    Missing,
    /// The body is required and not set. Contains a hint how to set it.
    MissingBody(&'static str),
    /// The value of a field cannot be sent.
    Invalid(String),
}

impl InvalidField {
    /// Creates the error of a value that cannot be sent. The setter adds the name of its field.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            fields: Vec::new(),
            reason: Reason::Invalid(reason.into()),
        }
    }

    /// Creates the error of required fields that are not set.
    pub(crate) fn missing(fields: Vec<String>) -> Self {
        Self {
            fields,
            reason: Reason::Missing,
        }
    }

    /// Creates the error of a required body that is not set. `hint` says how to set it.
    pub(crate) fn missing_body(hint: &'static str) -> Self {
        Self {
            fields: Vec::new(),
            reason: Reason::MissingBody(hint),
        }
    }

    /// Returns the missing fields, or the error itself if it has another reason.
    pub(crate) fn into_missing(self) -> Result<Vec<String>, Self> {
        match self.reason {
            Reason::Missing => Ok(self.fields),
            _ => Err(self),
        }
    }

    /// Combines two errors: the missing fields of both, or the first error if it has another reason.
    pub(super) fn and(mut self, other: Self) -> Self {
        if self.reason == Reason::Missing
            && let Ok(missing) = other.into_missing()
        {
            self.fields.extend(missing);
        }
        self
    }

    /// Returns `true` if the complete body is missing.
    pub(crate) fn is_missing_body(&self) -> bool {
        matches!(self.reason, Reason::MissingBody(_))
    }

    /// Returns the JSON path of the first field at fault, for example `from.id`. Empty if the error is about the complete body.
    pub fn field(&self) -> &str {
        self.fields.first().map_or("", String::as_str)
    }

    /// Returns the JSON paths of all fields at fault. Empty if the error is about the complete body.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// Adds the field or list that contains the value to the paths.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        match self.fields.is_empty() {
            true => self.fields.push(outer.to_owned()),
            false => self.fields.iter_mut().for_each(|inner| *inner = join(outer, inner)),
        }
        self
    }
}

/// Returns the path of the value at `inner` in the field `outer`.
pub(super) fn join(outer: &str, inner: &str) -> String {
    let dot = if inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_FIELDS_SHOWN: usize = 10;
        match &self.reason {
            Reason::Missing if self.fields.len() > 1 => f.write_str("missing required values ")?,
            Reason::Missing => f.write_str("missing required value ")?,
            Reason::MissingBody(hint) => write!(f, "missing request body ({hint})")?,
            Reason::Invalid(_) => {}
        }
        for (index, field) in self.fields().take(MAX_FIELDS_SHOWN).enumerate() {
            write!(f, "{}`{field}`", if index == 0 { "" } else { ", " })?;
        }
        if let Some(more) = self.fields.len().checked_sub(MAX_FIELDS_SHOWN + 1) {
            write!(f, " and {} more", more + 1)?;
        }
        match &self.reason {
            Reason::Invalid(reason) if self.fields.is_empty() => f.write_str(reason),
            Reason::Invalid(reason) => write!(f, ": {reason}"),
            Reason::Missing | Reason::MissingBody(_) => Ok(()),
        }
    }
}

impl std::error::Error for InvalidField {}

/// Adds an error to the errors found before.
pub(super) fn add(invalid: &mut Option<InvalidField>, error: InvalidField) {
    *invalid = Some(match invalid.take() {
        Some(first) => first.and(error),
        None => error,
    });
}
