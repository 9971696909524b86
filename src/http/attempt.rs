//! Information about the attempt that a request belongs to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Information about the attempt that a request belongs to, an extension of every [`http::Request`]
/// that a client sends.
///
/// A layer or service reads it with `request.extensions().get::<Attempt>()`, for example to label
/// metrics without parsing URLs. It contains no ids, query values or headers.
///
/// ```
/// use bytes::Bytes;
/// use intercom_client::{Attempt, http};
///
/// fn label(request: &http::Request<Bytes>) -> String {
///     match request.extensions().get::<Attempt>() {
///         Some(attempt) => format!("{} #{}", attempt.operation(), attempt.number()),
///         None => "unknown".to_owned(),
///     }
/// }
/// # assert_eq!(label(&http::Request::new(Bytes::new())), "unknown");
/// ```
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(crate) operation: &'static str,
    pub(crate) group: Option<&'static str>,
    pub(crate) path: &'static str,
    pub(crate) number: u32,
    pub(crate) reads_only: bool,
    pub(crate) connecting: ConnectingFlag,
}

impl Attempt {
    /// Returns the operation id in snake_case, which is the name of the client's method; `request`
    /// for [`Client::request`](crate::Client::request).
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the group of the operation, which is the name of the crate's feature for it; `None`
    /// for [`Client::request`](crate::Client::request).
    pub fn group(&self) -> Option<&'static str> {
        self.group
    }

    /// Returns the path template, such as `/contacts/{id}`; `(raw)` for
    /// [`Client::request`](crate::Client::request).
    pub fn path_template(&self) -> &'static str {
        self.path
    }

    /// Returns the number of the attempt within its call: 1 for the first, 2 for the first retry.
    #[doc(alias = "retry")]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Returns `true` if the call changes nothing on the server.
    pub fn reads_only(&self) -> bool {
        self.reads_only
    }

    /// Records whether the service is still connecting and has not sent any part of the request.
    ///
    /// A service calls this method with `true` before it connects and with `false` before it sends.
    /// If the attempt times out in between, the error is a connect timeout, after which every call
    /// is retried. If a service never calls this method, the request counts as sent.
    pub fn set_connecting(&self, connecting: bool) {
        self.connecting.set(connecting);
    }
}

/// `true` while a request waits for a connection; shared between the transport and the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectingFlag(Arc<AtomicBool>);

impl ConnectingFlag {
    pub(crate) fn set(&self, connecting: bool) {
        self.0.store(connecting, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
