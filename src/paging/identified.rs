//! What tells items apart, and when they changed.

use std::borrow::Cow;

use serde_json::Value;

use crate::wire::id::{Id, text_of};
use crate::wire::timestamp::Timestamp;

/// An item that is told from others by its id.
///
/// The types of the description that lists hold and that have an `id` are, and so is JSON. Implement it for a type of your own
/// to walk a list of the [raw call](crate::Request::stream) by it.
pub trait Identified {
    /// The id, as text; `None` when the item came without one.
    fn identity(&self) -> Option<Cow<'_, str>>;

    /// A time at which the item existed already: when it was created, or when it last changed. Default: `None`, for unknown.
    ///
    /// [`ExactlyOnce`](super::ExactlyOnce) compares it with the time at which a walk began, so that an item that was created
    /// during the walk cannot hide a missing one.
    fn existed_at(&self) -> Option<Timestamp> {
        None
    }
}

/// An item that tells when it last changed.
///
/// The types of the description that lists hold and that have `id` and `updated_at` are, and so is JSON.
pub trait Dated: Identified {
    /// When it last changed; `None` when the item does not tell.
    fn last_changed(&self) -> Option<Timestamp>;
}

/// By the names `id`, `created_at` and `updated_at`.
impl Identified for Value {
    fn identity(&self) -> Option<Cow<'_, str>> {
        text_of(&self["id"])
    }

    fn existed_at(&self) -> Option<Timestamp> {
        let date = |name: &str| serde_json::from_value(self[name].clone()).ok();
        date("created_at").or_else(|| date("updated_at"))
    }
}

/// By the name `updated_at`.
impl Dated for Value {
    fn last_changed(&self) -> Option<Timestamp> {
        serde_json::from_value(self["updated_at"].clone()).ok()
    }
}

/// An `id` of a type that the description has, as text.
pub(crate) trait Identity {
    /// It.
    fn text(&self) -> Cow<'_, str>;
}

impl Identity for String {
    fn text(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Identity for i64 {
    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl Identity for Id {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.to_string().into(),
        }
    }
}
