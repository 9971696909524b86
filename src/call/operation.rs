//! What the transport knows of an operation.

use http::Method;

/// What the transport knows of an operation, read from the description at build time.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Operation id in snake_case, the method's name.
    pub id: &'static str,
    /// The group, which is the feature that brings it.
    pub group: Option<&'static str>,
    /// HTTP method.
    pub method: Method,
    /// Path template.
    pub path: &'static str,
    /// Whether it changes nothing, so that it can be repeated.
    pub reads_only: bool,
    /// Whether it starts an export job, of which a workspace has one at a time.
    pub starts_export: bool,
    /// Whether a call can be carried out twice without harm.
    pub repeats: Repeats,
    /// How its list goes on, when it is one.
    pub paging: Option<Paging>,
    /// The media type of a body.
    pub sends: &'static str,
    /// The media type of a success that is a byte stream instead of JSON.
    pub bytes: Option<&'static str>,
}

/// Whether a call of an operation can be carried out twice without harm. Which variants there are depends on the description.
#[allow(dead_code)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// A second call can do harm, such as a message that is sent twice.
    Never,
    /// A second call leaves the same state.
    Always,
    /// A second call leaves the same state if the body has this property, such as the key of a create-or-update.
    With(&'static str),
}

/// How a list goes on: what tells the next page, and where the request says which page it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// An opaque cursor, asked for by the query parameter `starting_after`; the answer has it in `pages.next`.
    Cursor,
    /// An opaque cursor, asked for by `pagination.starting_after` in the body; the answer has it in `pages.next`.
    CursorInBody,
    /// The query parameter `page`, counted from 1, up to the answer's `pages.total_pages`.
    Page,
    /// A cursor that the server moves, named by the query parameter `scroll_param`: a lost answer cannot be asked for
    /// again.
    Scroll,
    /// The query of the next page, taken from the URL in the answer's `pages.next`.
    Events,
    /// The whole list is one answer.
    Unpaged,
}
