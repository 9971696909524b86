//! The ids and dates of items.

use std::borrow::Cow;

use serde_json::Value;

use crate::wire::id::{Id, text_of};
use crate::wire::timestamp::Timestamp;

/// An item with an id.
///
/// Implemented for all list items of the description that have an `id`, and for [`Value`]. Implement it for your own types to use
/// [`ExactlyOnce`](super::ExactlyOnce) with the items of a [raw call](crate::Request::stream).
pub trait Identified {
    /// Returns the id as text; `None` if the item has no id.
    fn identity(&self) -> Option<Cow<'_, str>>;

    /// Returns a time at which the item existed: when it was created, or when it last changed. Default: `None`, which means that
    /// no such time is known.
    ///
    /// [`ExactlyOnce`](super::ExactlyOnce) compares it with the start of the walk, so that an item that was created during the walk
    /// cannot hide a missing one.
    fn existed_at(&self) -> Option<Timestamp> {
        None
    }
}

/// An item with the time of its last change.
///
/// Implemented for all list items of the description that have `id` and `updated_at`, and for [`Value`].
pub trait Dated: Identified {
    /// Returns the time of the last change; `None` if the item does not have it.
    fn last_changed(&self) -> Option<Timestamp>;
}

/// Reads `id`, `created_at` and `updated_at`.
impl Identified for Value {
    fn identity(&self) -> Option<Cow<'_, str>> {
        text_of(&self["id"])
    }

    fn existed_at(&self) -> Option<Timestamp> {
        let date = |name: &str| serde_json::from_value(self[name].clone()).ok();
        date("created_at").or_else(|| date("updated_at"))
    }
}

/// Reads `updated_at`.
impl Dated for Value {
    fn last_changed(&self) -> Option<Timestamp> {
        serde_json::from_value(self["updated_at"].clone()).ok()
    }
}

/// An `id` field of any type.
pub(crate) trait IdField {
    /// Returns the id as text.
    fn text(&self) -> Cow<'_, str>;
}

impl IdField for String {
    fn text(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl IdField for i64 {
    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl IdField for Id {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) => number.to_string().into(),
        }
    }
}
