//! The kinds of errors: one table, one row for each.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::Error;
use crate::wire::one_line::{line, one_line};
use crate::wire::read::DecodeError;

/// Which calls are retried after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Every call: the server processed nothing.
    Always,
    /// Calls that are safe to repeat.
    IfRepeatable,
    /// Calls that are safe to repeat, once.
    OnceIfRepeatable,
    /// Depends on the status: see [`Retry::after_status`].
    ByStatus,
    /// No call.
    Never,
}

impl Retry {
    /// Returns which calls are retried after a response with this status.
    pub(crate) fn after_status(status: StatusCode) -> Self {
        match status.as_u16() {
            429 => Self::Always,
            408 | 502 | 503 | 504 | 520..=524 | 529 | 530 => Self::IfRepeatable,
            500 => Self::OnceIfRepeatable,
            _ => Self::Never,
        }
    }
}

/// The state of a failed call on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The call was not carried out, or the response reports its result.
    Known,
    /// The call may have been carried out.
    Unknown,
    /// Depends on the status.
    ByStatus,
}

/// Maximum number of characters shown of a builder error, which can list many fields.
const MAX_BUILDER_TEXT: usize = 1000;

/// The number of items that a walk found, and the number that the list reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub found: u64,
    pub total: u64,
}

macro_rules! kinds {
    ($(
        #[doc = $doc:literal]
        $name:ident $(($data:ident: $type:ty))? {
            label: $label:literal,
            retry: $retry:ident,
            outcome: $outcome:ident,
            message: $message:literal,
            advice: $advice:literal $($shown:ident)?,
        } |$error:ident, $f:ident| $text:expr;
    )+) => {
        /// The kind of an [`Error`](crate::Error), for `match` and for labels of metrics.
        ///
        /// [`Error::kind`](crate::Error::kind) returns it. [`as_str`](Self::as_str) and `Display`
        /// give a short label in snake_case. In the messages of errors, values replace the words in
        /// capitals:
        ///
        /// | kind | message | meaning | what to do |
        /// |---|---|---|---|
        $(#[doc = concat!(
            "| [`", stringify!($name), "`](Self::", stringify!($name), ") | ", $message, " |", $doc, " | ", $advice, " |"
        )])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $(#[doc = $doc] $name,)+
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns a label in snake_case, such as `connect_timeout`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            /// Returns the documented form of the message.
            #[cfg(test)]
            fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }
        }

        /// What went wrong, with its details.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $(#[doc = $doc] $name $(($type))?,)+
        }

        impl Kind {
            /// Returns the kind without its details.
            pub(crate) fn public(&self) -> ErrorKind {
                match self { $(Self::$name { .. } => ErrorKind::$name,)+ }
            }

            /// Returns which calls are retried after it.
            pub(crate) fn retry(&self) -> Retry {
                match self { $(Self::$name { .. } => Retry::$retry,)+ }
            }

            /// Returns what it means for the state of the call on the server.
            pub(crate) fn outcome(&self) -> Outcome {
                match self { $(Self::$name { .. } => Outcome::$outcome,)+ }
            }

            /// Returns the advice that the message contains.
            pub(super) fn advice(&self) -> Option<&'static str> {
                match self { $(Self::$name { .. } => advice!($advice $($shown)?),)+ }
            }

            /// Writes the message.
            #[allow(unused_variables, reason = "not every message needs the error and the data")]
            pub(super) fn write(&self, error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $(($data))? => {
                        let ($error, $f) = (error, f);
                        $text
                    })+
                }
            }
        }
    };
}

/// The advice of a kind: `shown` puts it into the message as well as into the table.
macro_rules! advice {
    ($advice:literal shown) => {
        Some($advice)
    };
    ($advice:literal) => {
        None
    };
}

kinds! {
    /// The call is invalid, for example because a required field is missing. Nothing was sent.
    Builder(reason: String) {
        label: "builder", retry: Never, outcome: Known,
        message: "REASON",
        advice: "fix the call",
    } |error, f| f.write_str(&line(reason, MAX_BUILDER_TEXT));

    /// The function that supplies the access token failed. Nothing was sent.
    Token {
        label: "token_unavailable", retry: Never, outcome: Known,
        message: "no access token was supplied: REASON",
        advice: "fix the function given to `AccessToken::from_fn`, or its token store",
    } |error, f| match error.context().status() {
        Some(status) => write!(f, "{} and no other access token was supplied", status.as_str()),
        None => f.write_str("no access token was supplied"),
    };

    /// The call reached its deadline while it waited for other calls. Nothing was sent.
    NotSent {
        label: "not_sent", retry: Always, outcome: Known,
        message: "not sent: other requests were ahead of it for LIMIT",
        advice: "make fewer calls at once, or raise `max_in_flight` or the deadline" shown,
    } |error, f| match error.response_limit() {
        Some(limit) => write!(f, "not sent: other requests were ahead of it for {}", rounded(limit)),
        None => f.write_str("not sent: other requests were ahead of it"),
    };

    /// No connection could be made. Nothing was sent.
    Connect {
        label: "connect", retry: Always, outcome: Known,
        message: "could not connect to SERVER: REASON",
        advice: "check the base URL, the network and the proxy" shown,
    } |error, f| write!(f, "could not connect to {}", error.server());

    /// No connection could be made in time. Nothing was sent.
    ConnectTimeout {
        label: "connect_timeout", retry: Always, outcome: Known,
        message: "could not connect to SERVER within LIMIT",
        advice: "check the base URL, the network and the proxy" shown,
    } |error, f| match error.connect_limit() {
        Some(limit) => write!(f, "could not connect to {} within {}", error.server(), rounded(limit)),
        None => write!(f, "could not connect to {} in time", error.server()),
    };

    /// A proxy refused to connect. Nothing was sent.
    Proxy {
        label: "proxy", retry: Always, outcome: Known,
        message: "the proxy refused to connect to SERVER",
        advice: "check the base URL and the rules of the proxy" shown,
    } |error, f| write!(f, "the proxy refused to connect to {}", error.server());

    /// A proxy requires credentials. Nothing was sent.
    ProxyCredentials {
        label: "proxy_credentials", retry: Never, outcome: Known,
        message: "the proxy requires credentials (407)",
        advice: "add the credentials to the URL of the proxy" shown,
    } |error, f| f.write_str("the proxy requires credentials (407)");

    /// The server's certificate is unknown, expired or for another name. Nothing was sent.
    Certificate {
        label: "certificate", retry: Never, outcome: Known,
        message: "the certificate of SERVER is not trusted: REASON",
        advice: "check the base URL and the trusted certificates" shown,
    } |error, f| write!(f, "the certificate of {} is not trusted", error.server());

    /// The TLS handshake failed for another reason. Nothing was sent.
    Tls {
        label: "tls", retry: Never, outcome: Known,
        message: "the TLS handshake with SERVER failed: REASON",
        advice: "check the base URL and the proxy" shown,
    } |error, f| write!(f, "the TLS handshake with {} failed", error.server());

    /// The server refused the request before processing it.
    Unprocessed {
        label: "unprocessed", retry: Always, outcome: Known,
        message: "the server refused the request before processing it: REASON",
        advice: "retry later",
    } |error, f| f.write_str("the server refused the request before processing it");

    /// The response was not complete in time. The request may have been processed.
    Timeout {
        label: "timeout", retry: IfRepeatable, outcome: Unknown,
        message: "no complete response within LIMIT",
        advice: "retry later, or raise the timeout; check first whether a change was made",
    } |error, f| match error.response_limit() {
        Some(limit) => write!(f, "no complete response within {}", rounded(limit)),
        None => f.write_str("no complete response in time"),
    };

    /// The connection was lost. The request may have been processed.
    Lost {
        label: "connection_lost", retry: IfRepeatable, outcome: Unknown,
        message: "connection lost before the response was complete: REASON",
        advice: "retry later; check first whether a change was made",
    } |error, f| f.write_str("connection lost before the response was complete");

    /// The HTTP service failed with an unknown error. The request may have been processed.
    Http {
        label: "http", retry: IfRepeatable, outcome: Unknown,
        message: "the HTTP exchange failed: REASON",
        advice: "check the service or layer given to the client builder",
    } |error, f| f.write_str("the HTTP exchange failed");

    /// The bytes received are not valid HTTP. The request may have been processed.
    Protocol {
        label: "protocol", retry: Never, outcome: Unknown,
        message: "the response is not valid HTTP: REASON",
        advice: "check the base URL and the proxy",
    } |error, f| f.write_str("the response is not valid HTTP");

    /// The response has an error status.
    Status {
        label: "status", retry: ByStatus, outcome: ByStatus,
        message: "STATUS CODE: MESSAGES",
        advice: "depends on the status: see the predicates of [`Error`](crate::Error)",
    } |error, f| error.write_response(f);

    /// The response is a success whose body does not match the description.
    Decode(unread: Box<DecodeError>) {
        label: "decode", retry: Never, outcome: Unknown,
        message: "cannot decode the response: PATH: expected TYPE, found VALUE TYPE",
        advice: "check the base URL if the response is HTML; otherwise report a bug",
    } |error, f| write!(f, "cannot decode the response: {unread}");

    /// The response body exceeds the limit.
    TooLarge(limit: u64) {
        label: "too_large", retry: Never, outcome: Unknown,
        message: "the response is larger than N bytes",
        advice: "raise the limit, or ask for less",
    } |error, f| write!(f, "the response is larger than {limit} bytes");

    /// A download could not be written to disk.
    Io {
        label: "io", retry: Never, outcome: Known,
        message: "cannot write the download: REASON",
        advice: "check the path, its permissions and the free space",
    } |error, f| f.write_str("cannot write the download");

    /// The responses contradict each other.
    Contradiction(reason: &'static str) {
        label: "contradiction", retry: Never, outcome: Known,
        message: "REASON",
        advice: "report it to Intercom's support",
    } |error, f| f.write_str(reason);

    /// A walk ended, and items may be missing.
    Incomplete(counts: Counts) {
        label: "incomplete", retry: Never, outcome: Known,
        message: "the walk found N of the N items that the list counts",
        advice: "walk the list again",
    } |error, f| match counts.found < counts.total {
        true => write!(f, "the walk found {} of the {} items that the list counts", counts.found, counts.total),
        // The items that were found may have been deleted since.
        false => f.write_str("the list changed during the walk, so items may be missing"),
    };

    /// An archived contact cannot be unarchived.
    NotUnarchived(id: Box<str>) {
        label: "permanently_deleted", retry: ByStatus, outcome: Known,
        message: "ID is archived and cannot be unarchived because it is marked for permanent deletion: STATUS CODE: MESSAGES",
        advice: "wait until the contact is deleted, or use another email and external id",
    } |error, f| {
        write!(f, "{} is archived and cannot be unarchived because it is marked for permanent deletion: ", one_line(id))?;
        error.write_response(f)
    };

    /// The export job failed on the server.
    ExportFailed {
        label: "export_failed", retry: Never, outcome: Known,
        message: "the export job failed on the server",
        advice: "start another job",
    } |error, f| f.write_str("the export job failed on the server");

    /// The export job was canceled.
    ExportCanceled {
        label: "export_canceled", retry: Never, outcome: Known,
        message: "the export job was canceled",
        advice: "start another job, if it is still needed",
    } |error, f| f.write_str("the export job was canceled");
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Formats a limit, rounded down to milliseconds.
fn rounded(limit: Duration) -> String {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    format!("{:?}", Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::response::error::context::{ErrorContext, Failure};

    /// One error of each kind, with a source where the message has a reason.
    fn errors() -> Vec<Error> {
        let unread = DecodeError {
            path: "data[3]".to_owned(),
            expected: "an object",
            found: "a list".to_owned(),
        };
        let context = ErrorContext {
            server: Some(Arc::from("api.intercom.io:443")),
            limit: Some(Duration::from_secs(2)),
            ..ErrorContext::default()
        };
        let body = r#"{"errors":[{"code":"not_found","message":"No such contact"}]}"#;
        let response = context.with_response(StatusCode::NOT_FOUND, HeaderMap::new(), Bytes::from(body));
        let failed = |kind| context.error(Failure::new(kind, "a reason"));
        vec![
            context.error(Kind::Builder("a reason".to_owned())),
            failed(Kind::Token),
            context.error(Kind::NotSent),
            failed(Kind::Connect),
            context.error(Kind::ConnectTimeout),
            context.error(Kind::Proxy),
            context.error(Kind::ProxyCredentials),
            failed(Kind::Certificate),
            failed(Kind::Tls),
            failed(Kind::Unprocessed),
            context.error(Kind::Timeout),
            failed(Kind::Lost),
            failed(Kind::Http),
            failed(Kind::Protocol),
            response.error(Kind::Status),
            context.error(unread),
            context.error(Kind::TooLarge(64)),
            failed(Kind::Io),
            context.error(Kind::Contradiction("a reason")),
            context.error(Kind::Incomplete(Counts { found: 1, total: 2 })),
            response.error(Kind::NotUnarchived("5f".into())),
            context.error(Kind::ExportFailed),
            context.error(Kind::ExportCanceled),
        ]
    }

    /// Returns `true` if a text has the documented form, in which words in capitals are values.
    fn matches(form: &str, text: &str) -> bool {
        let is_value = |word: &str| {
            let word = word.trim_end_matches([':', ',']);
            word.chars().all(|c| c.is_ascii_uppercase()) && !matches!(word, "HTTP" | "TLS")
        };
        let mut rest = text;
        for word in form.split(' ').filter(|word| !is_value(word)) {
            match rest.split_once(word) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }

    #[test]
    fn table_of_kinds_has_the_message_of_each() {
        let errors = errors();
        let tested: HashSet<ErrorKind> = errors.iter().map(Error::kind).collect();
        let all: HashSet<ErrorKind> = ErrorKind::ALL.iter().copied().collect();
        assert_eq!(tested, all);
        let labels: HashSet<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(labels.len(), ErrorKind::ALL.len());
        for error in errors {
            let (form, text) = (error.kind().message(), error.to_string());
            assert!(
                matches(form, &text),
                "{:?} is documented as {form:?}: {text}",
                error.kind()
            );
            assert_eq!(text.contains("a reason"), form.contains("REASON"), "{text}");
            assert!(
                error.details().advice().is_none_or(|advice| text.ends_with(advice)),
                "{text}"
            );
            assert!(
                !text.ends_with('.') && !text.starts_with(|c: char| c.is_uppercase()),
                "{text}"
            );
        }
    }
}
