//! How an error reads.

use std::fmt;

use super::Error;
use super::kind::Kind;
use crate::wire::one_line::{line, one_line};

/// How many characters are shown of a cause.
const LONGEST_CAUSE: usize = 1000;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = &self.0.context;
        if !context.operation.is_empty() {
            write!(f, "{}: ", context.operation)?;
        }
        self.0.kind.text(self, f)?;
        if let Some(id) = self.request_id() {
            write!(f, " (request {})", one_line(id))?;
        }
        match context.attempts {
            0 => {}
            1 if self.0.kind == Kind::Timeout => f.write_str(" after 1 attempt")?,
            1 => {}
            attempts => write!(f, " after {attempts} attempts")?,
        }
        if let Some(job) = &context.job {
            write!(f, " (export job {})", one_line(job))?;
        }
        if let Some(item) = &context.item {
            write!(f, " (item {})", one_line(item))?;
        }
        if self.is_page_limit() {
            f.write_str("; the scroll over all companies has no such limit")?;
        }
        if let Some(hint) = context.hint {
            write!(f, "; {hint}")?;
        }
        if context.unknown_outcome {
            f.write_str("; it may have been carried out")?;
        }
        Ok(())
    }
}

impl Error {
    /// Writes the status with what the server says.
    pub(super) fn write_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(status) = self.status() else { return Ok(()) };
        f.write_str(status.as_str())?;
        if self.is_challenge() {
            return f.write_str(", a captcha or challenge of the firewall before the server");
        }
        let known = status.canonical_reason().unwrap_or("unknown status");
        match self.code() {
            Some(code) => write!(f, " {}", one_line(code))?,
            None => write!(f, " {}", known.to_lowercase())?,
        }
        // All of them are in `errors`.
        const SHOWN: usize = 3;
        let more = self.errors().len().saturating_sub(SHOWN);
        let messages = self.errors().iter().take(SHOWN).filter_map(|error| {
            let message = one_line(error.message.as_deref()?);
            Some(match &error.field {
                Some(field) => format!("{message} [{}]", one_line(field)),
                None => message,
            })
        });
        for (i, message) in messages.enumerate() {
            write!(f, "{}{message}", if i == 0 { ": " } else { "; " })?;
        }
        match more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Shows the line of `Display` and then the cause, on one line of bounded length.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match &self.0.source {
            Some(source) => write!(f, " (caused by: {})", line(&format!("{source:?}"), LONGEST_CAUSE)),
            None => Ok(()),
        }
    }
}
