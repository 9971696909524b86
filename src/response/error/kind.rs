//! The kinds of errors: one table, one row for each.

use std::fmt;
use std::time::Duration;

use super::Error;
use crate::wire::one_line::{line, one_line};
use crate::wire::read::DecodeError;

/// Which calls are retried after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Every call: nothing was processed.
    Always,
    /// Calls that are safe to repeat.
    IfRepeatable,
    /// What the status says.
    ByStatus,
    /// None.
    Never,
}

/// What an error says about the call on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not carried out, or its response says what became of it.
    Known,
    /// It may have been carried out.
    Unknown,
    /// What the status says.
    ByStatus,
}

/// How many characters are shown of a mistake of the caller, which can name many fields.
const LONGEST_MISTAKE: usize = 1000;

/// How many items a walk found, and how many the list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub found: u64,
    pub total: u64,
}

macro_rules! kinds {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $(($data:ident: $type:ty))?, $label:literal, $retry:ident, $outcome:ident,
        |$error:ident, $f:ident| $text:expr;
    )+) => {
        /// What went wrong with a call, without details: for `match` and for labels of metrics.
        ///
        /// [`Error::kind`](crate::Error::kind) returns it. [`as_str`](Self::as_str) and `Display` give a short label in
        /// snake_case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns a label in snake_case, such as `connect_timeout`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
        }

        /// What went wrong, with its details.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $($(#[doc = $doc])+ $name $(($type))?,)+
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

            /// Returns what it says about the call on the server.
            pub(crate) fn outcome(&self) -> Outcome {
                match self { $(Self::$name { .. } => Outcome::$outcome,)+ }
            }

            /// Writes its text.
            #[allow(unused_variables, reason = "not every text needs everything")]
            pub(super) fn text(&self, error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

kinds! {
    /// The caller's mistake, such as a required field that was not set. Nothing was sent.
    Builder(what: String), "builder", Never, Known, |error, f| f.write_str(&line(what, LONGEST_MISTAKE));

    /// The function that supplies the access token failed. Nothing was sent.
    Token, "token_unavailable", Never, Known, |error, f| match error.status() {
        Some(status) => write!(f, "{} and no other access token was supplied", status.as_str()),
        None => f.write_str("no access token was supplied"),
    };

    /// The call did not get its turn before its deadline. Nothing was sent.
    NotSent, "not_sent", Always, Known, |error, f| match error.response_limit() {
        Some(limit) => write!(f, "not sent: other requests were ahead of it for {}", rounded(limit)),
        None => f.write_str("not sent: other requests were ahead of it"),
    };

    /// No connection could be made. Nothing was sent.
    Connect, "connect", Always, Known, |error, f| write!(f, "could not connect to {}", error.server());

    /// No connection could be made in time. Nothing was sent.
    ConnectTimeout, "connect_timeout", Always, Known, |error, f| match error.connect_limit() {
        Some(limit) => write!(f, "could not connect to {} within {}", error.server(), rounded(limit)),
        None => write!(f, "could not connect to {} in time", error.server()),
    };

    /// A proxy refused to connect. Nothing was sent.
    Proxy, "proxy", Always, Known, |error, f| write!(f, "the proxy refused to connect to {}", error.server());

    /// A proxy requires credentials. Nothing was sent.
    ProxyCredentials, "proxy_credentials", Never, Known, |error, f| f.write_str("the proxy requires credentials (407)");

    /// The server's certificate is unknown, expired or for another name. Nothing was sent.
    Certificate, "certificate", Never, Known, |error, f| {
        write!(f, "the certificate of {} is not trusted", error.server())
    };

    /// The TLS handshake failed for another reason. Nothing was sent.
    Tls, "tls", Never, Known, |error, f| write!(f, "the TLS handshake with {} failed", error.server());

    /// The server refused the request before processing it.
    Unprocessed, "unprocessed", Always, Known, |error, f| {
        f.write_str("the server refused the request before processing it")
    };

    /// The response was not complete in time.
    Timeout, "timeout", IfRepeatable, Unknown, |error, f| match error.response_limit() {
        Some(limit) => write!(f, "no complete response within {}", rounded(limit)),
        None => f.write_str("no complete response in time"),
    };

    /// The connection was lost before the response was complete.
    Lost, "connection_lost", IfRepeatable, Unknown, |error, f| {
        f.write_str("connection lost before the response was complete")
    };

    /// The HTTP service failed without saying how. The request may have been sent.
    Http, "http", IfRepeatable, Unknown, |error, f| f.write_str("the HTTP exchange failed");

    /// The bytes received are not valid HTTP.
    Protocol, "protocol", Never, Unknown, |error, f| f.write_str("the response is not valid HTTP");

    /// The response has an error status: see [`Error::status`](crate::Error::status).
    Status, "status", ByStatus, ByStatus, |error, f| error.write_status(f);

    /// The response is a success whose body is not as described.
    Decode(unread: Box<DecodeError>), "decode", Never, Unknown, |error, f| write!(f, "cannot decode the response: {unread}");

    /// The response body is larger than allowed.
    TooLarge(limit: u64), "too_large", Never, Unknown, |error, f| write!(f, "the response is larger than {limit} bytes");

    /// What was received could not be written to disk.
    Io, "io", Never, Known, |error, f| f.write_str("cannot write what was received");

    /// The responses contradict each other.
    Contradiction(what: &'static str), "contradiction", Never, Known, |error, f| f.write_str(what);

    /// A walk ended, and items may be missing.
    Incomplete(counts: Counts), "incomplete", Never, Known, |error, f| match counts.found < counts.total {
        true => write!(f, "the walk found {} of the {} items that the list counts", counts.found, counts.total),
        // The items that were found may have been deleted since.
        false => f.write_str("the list changed during the walk, so items may be missing"),
    };

    /// An archived record, named by its id, that the server does not unarchive.
    NotUnarchived(id: Box<str>), "permanently_deleted", ByStatus, Known, |error, f| {
        write!(f, "{} is archived and cannot be unarchived because it is marked for permanent deletion: ", one_line(id))?;
        error.write_status(f)
    };

    /// The server gave up the export job.
    ExportFailed, "export_failed", Never, Known, |error, f| f.write_str("the export job failed on the server");

    /// The export job was canceled.
    ExportCanceled, "export_canceled", Never, Known, |error, f| f.write_str("the export job was canceled");
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Formats a limit in whole milliseconds.
fn rounded(limit: Duration) -> String {
    let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    format!("{:?}", Duration::from_millis(milliseconds))
}
