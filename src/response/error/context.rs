//! The context of a call, which creates all of its errors.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::body::ErrorBody;
use super::kind::{Kind, Outcome};
use super::{Error, Inner};
use crate::http::error::{BoxError, HttpError, HttpErrorKind};
use crate::response::secret::Secret;
use crate::wire::read::DecodeError;

/// Information about a call for its errors. Every [`Error`] is created by a context.
#[derive(Clone, Default)]
pub(crate) struct ErrorContext {
    /// The operation id in snake_case.
    pub operation: &'static str,
    /// The number of the attempt; 0 if nothing was sent.
    pub attempts: u32,
    /// Whether the call is a GET.
    pub get: bool,
    /// Whether the call can change data on the server.
    pub changes: bool,
    /// Whether the call requests a page of a scroll.
    pub scroll: bool,
    /// Whether an earlier attempt may have been carried out.
    pub unknown_outcome: bool,
    /// Time limit of the attempt.
    pub limit: Option<Duration>,
    /// Time limit for connecting, if the HTTP service has one.
    pub connect_limit: Option<Duration>,
    /// Host and port of the server.
    pub server: Option<Arc<str>>,
    /// The cursor of the requested page.
    pub page: Option<Arc<str>>,
    /// The export job.
    pub job: Option<Arc<str>>,
    /// The id of the list item that was being retrieved.
    pub item: Option<Arc<str>>,
    /// How the caller can avoid the error.
    pub hint: Option<&'static str>,
    /// The access token that was sent, which no error shows.
    pub secret: Option<Secret>,
    /// The response to the attempt, if the server sent one.
    pub response: Option<Arc<Received>>,
    /// The last response to an earlier attempt, if this one got no response.
    pub earlier_response: Option<Arc<Received>>,
}

/// A response that caused an error.
pub(crate) struct Received {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub parsed: ErrorBody,
}

/// The kind and source of an error, without the context of the call.
pub(crate) struct Failure {
    pub kind: Kind,
    pub source: Option<BoxError>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }
}

impl From<Kind> for Failure {
    fn from(kind: Kind) -> Self {
        Self { kind, source: None }
    }
}

impl From<DecodeError> for Failure {
    fn from(unread: DecodeError) -> Self {
        Kind::Decode(Box::new(unread)).into()
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let kind = match error.kind() {
            HttpErrorKind::Request => Kind::Builder("the request cannot be built".to_owned()),
            HttpErrorKind::Connect => Kind::Connect,
            HttpErrorKind::ConnectTimeout => Kind::ConnectTimeout,
            HttpErrorKind::Proxy => Kind::Proxy,
            HttpErrorKind::ProxyCredentials => Kind::ProxyCredentials,
            HttpErrorKind::Certificate => Kind::Certificate,
            HttpErrorKind::Tls => Kind::Tls,
            HttpErrorKind::Unprocessed => Kind::Unprocessed,
            HttpErrorKind::Timeout => Kind::Timeout,
            HttpErrorKind::Lost => Kind::Lost,
            HttpErrorKind::Protocol => Kind::Protocol,
            HttpErrorKind::Other => Kind::Http,
        };
        Self {
            kind,
            source: error.into_source(),
        }
    }
}

impl ErrorContext {
    /// Returns the context of an operation before anything is sent.
    pub(crate) fn of(operation: &'static str) -> Self {
        Self {
            operation,
            ..Self::default()
        }
    }

    /// Creates the error of an invalid call of an operation.
    pub(crate) fn builder_error(operation: &'static str, reason: impl Into<String>) -> Error {
        Self::of(operation).error(Kind::Builder(reason.into()))
    }

    /// Returns the context with the server's response.
    pub(crate) fn with_response(&self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let body = match &self.secret {
            Some(secret) => secret.remove_from_body(body),
            None => body,
        };
        let parsed = match status.is_success() {
            true => ErrorBody::default(),
            false => ErrorBody::parse(&body),
        };
        Self {
            response: Some(Arc::new(Received {
                status,
                headers,
                body,
                parsed,
            })),
            ..self.clone()
        }
    }

    /// Creates an error.
    pub(crate) fn error(&self, failure: impl Into<Failure>) -> Error {
        let Failure { mut kind, mut source } = failure.into();
        if let Some(secret) = &self.secret {
            source = source.map(|source| secret.remove_from_error(source));
            if let Kind::Decode(unread) = &mut kind {
                unread.path = secret.remove_from_text(&unread.path).into_owned();
                unread.found = secret.remove_from_text(&unread.found).into_owned();
            }
        }
        let mut context = self.clone();
        context.unknown_outcome |= self.changes && leaves_open(&kind, self.status());
        if matches!(kind, Kind::Builder(_)) {
            // Nothing was sent.
            context.attempts = 0;
        }
        Error(Box::new(Inner { kind, context, source }))
    }

    /// Returns the status of the response to the attempt; an earlier response does not count.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.response.as_ref().map(|response| response.status)
    }
}

/// Returns `true` if it is unknown whether the failed attempt was carried out.
pub(super) fn leaves_open(kind: &Kind, status: Option<StatusCode>) -> bool {
    match kind.outcome() {
        Outcome::Known => false,
        Outcome::Unknown => true,
        Outcome::ByStatus => {
            status.is_some_and(|status| status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT)
        }
    }
}
