//! The properties of operations that the transport needs.

use std::ops::Deref;
use std::sync::Arc;

use http::Method;

/// The properties of an operation, read from the description at build time.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Operation id in `snake_case`, which is also the name of the method.
    pub id: &'static str,
    /// The group, which is also the name of the feature that enables the operation.
    pub group: Option<&'static str>,
    /// HTTP method.
    pub method: Method,
    /// Path template.
    pub path: &'static str,
    /// Whether the operation changes nothing on the server.
    pub reads_only: bool,
    /// Whether the operation starts an export job. A workspace can run one job at a time.
    pub starts_export: bool,
    /// Whether the operation can be carried out twice without harm.
    pub idempotency: Idempotency,
    /// How the pages of a list are requested, for operations that return a list.
    pub paging: Option<Paging>,
    /// Media type of the request body.
    pub request_media_type: &'static str,
    /// Media type of the response if it is a byte stream instead of JSON.
    pub stream_media_type: Option<&'static str>,
}

/// The operation of a call.
#[derive(Clone)]
pub(crate) enum OperationRef {
    /// An operation of the description.
    Described(&'static Operation),
    /// The properties of a raw request.
    Raw(Arc<Operation>),
}

impl Deref for OperationRef {
    type Target = Operation;

    fn deref(&self) -> &Operation {
        match self {
            Self::Described(operation) => operation,
            Self::Raw(operation) => operation,
        }
    }
}

impl From<&'static Operation> for OperationRef {
    fn from(operation: &'static Operation) -> Self {
        Self::Described(operation)
    }
}

impl From<Operation> for OperationRef {
    fn from(operation: Operation) -> Self {
        Self::Raw(Arc::new(operation))
    }
}

/// Whether an operation can be carried out twice without harm.
#[allow(dead_code)] // not every description uses all variants
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// A second call can do harm, for example send a message twice.
    Never,
    /// A second call results in the same state.
    Always,
    /// A second call results in the same state if the body has this property, for example the key of a create-or-update.
    WithProperty(&'static str),
}

/// How the pages of a list are requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// An opaque cursor in the query parameter `starting_after`. The response contains the next cursor in `pages.next`.
    Cursor,
    /// An opaque cursor in `pagination.starting_after` of the body. The response contains the next cursor in `pages.next`.
    CursorInBody,
    /// A page number in the query parameter `page`, starting at 1. The response contains the last number in
    /// `pages.total_pages`.
    Page,
    /// A scroll id in the query parameter `scroll_param`. Each response advances the scroll on the server, so a page whose
    /// response is lost cannot be requested again.
    Scroll,
    /// The query of the URL that the response contains in `pages.next`.
    Events,
    /// No pages: one response contains the complete list.
    Unpaged,
}
