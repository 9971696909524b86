//! The messages of errors.

use std::borrow::Cow;
use std::fmt;

use super::Error;
use super::kind::Kind;
use crate::wire::one_line::{line, one_line};

/// Maximum number of characters of a source that `Debug` shows.
const MAX_SOURCE_TEXT: usize = 1000;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = &self.0.context;
        if !context.operation.is_empty() {
            write!(f, "{}: ", context.operation)?;
        }
        self.0.kind.write(self, f)?;
        if context.response.is_some() {
            self.write_request_id(f)?;
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
        if let Some(reason) = self.reason() {
            write!(f, ": {reason}")?;
        }
        if context.response.is_none() && context.earlier_response.is_some() {
            f.write_str("; the last response was ")?;
            self.write_response(f)?;
            self.write_request_id(f)?;
        }
        if self.is_page_limit() {
            f.write_str("; the scroll over all companies has no such limit")?;
        }
        if let Some(hint) = context.hint {
            write!(f, "; {hint}")?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if context.unknown_outcome {
            f.write_str("; it may have been carried out")?;
        }
        Ok(())
    }
}

impl Error {
    /// Writes the status of the response and the server's messages.
    pub(super) fn write_response(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(status) = self.status() else { return Ok(()) };
        f.write_str(status.as_str())?;
        if self.is_challenge() {
            return f.write_str(", a captcha or challenge of the firewall before the server");
        }
        let reason = status.canonical_reason().unwrap_or("unknown status");
        match self.code() {
            Some(code) => write!(f, " {}", one_line(code))?,
            None => write!(f, " {}", reason.to_lowercase())?,
        }
        /// Number of messages that are shown; `errors` has all of them.
        const MAX_SHOWN: usize = 3;
        let more = self.errors().len().saturating_sub(MAX_SHOWN);
        let messages = self.errors().iter().take(MAX_SHOWN).filter_map(|error| {
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

    fn write_request_id(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.request_id() {
            Some(id) => write!(f, " (request {})", one_line(id)),
            None => Ok(()),
        }
    }

    /// Returns the message of the innermost source, if it adds something to that of the kind.
    fn reason(&self) -> Option<String> {
        let mut innermost: &(dyn std::error::Error + 'static) = self.0.source.as_deref()?;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let reason = one_line(&innermost.to_string());
        let is_known = match &self.0.kind {
            Kind::Builder(message) => message.contains(&reason),
            // These sources of the default HTTP service only repeat the message.
            Kind::Timeout | Kind::ConnectTimeout => reason.contains("timed out") || reason.contains("elapsed"),
            Kind::Proxy | Kind::ProxyCredentials => reason.starts_with("tunnel error"),
            _ => false,
        };
        (!is_known && !reason.is_empty()).then_some(reason)
    }

    /// Returns advice for the user, if the solution is not obvious.
    fn advice(&self) -> Option<Cow<'static, str>> {
        if let Some(advice) = self.0.kind.advice() {
            return Some(advice.into());
        }
        let status = self.0.context.status().filter(|_| self.0.kind == Kind::Status)?;
        match status.as_u16() {
            401 if !self.is_token_suspended() => {
                let advice = "check the token and the region: a token is valid only in the region of its workspace";
                Some(match &self.0.context.server {
                    Some(server) => format!("{advice}, and this call went to {server}").into(),
                    None => advice.into(),
                })
            }
            403 => Some("check the permissions of the token and the workspace's plan".into()),
            _ => None,
        }
    }
}

/// Shows the message of `Display`. `{:#?}` adds the source, on one line of bounded length.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match &self.0.source {
            Some(source) if f.alternate() => {
                write!(f, " (caused by: {})", line(&format!("{source:?}"), MAX_SOURCE_TEXT))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use crate::response::error::context::ErrorContext;
    use crate::response::error::kind::Kind;

    #[test]
    fn message_has_advice_if_the_token_is_rejected() {
        for (status, kind, advice) in [
            (401, Kind::Status, Some("; check the token and the region")),
            (403, Kind::Status, Some("; check the permissions of the token")),
            (404, Kind::Status, None),
            (403, Kind::Lost, None),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let context = ErrorContext::of("find_tag").with_response(status, HeaderMap::new(), Bytes::new());
            let text = context.error(kind).to_string();
            assert_eq!(text.contains("; check"), advice.is_some(), "{text}");
            assert!(text.contains(advice.unwrap_or_default()), "{text}");
        }
    }
}
