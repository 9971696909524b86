//! What an answer has around its items, as it came: what of it is of another kind than described does not end a walk unsaid.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Page, Position};

/// The names of an answer's outermost object, with their values as text.
pub(super) struct Outline<'b> {
    body: &'b [u8],
    /// `None` where the body is no object.
    values: Option<Values<'b>>,
}

type Values<'b> = BTreeMap<String, &'b RawValue>;

impl<'b> Outline<'b> {
    pub(super) fn of(body: &'b [u8]) -> Self {
        Self {
            body,
            values: serde_json::from_slice(body).ok(),
        }
    }

    /// The lists in it, which stay the same where the server names the page, the time or the request anew; all of it where there
    /// are none.
    pub(super) fn lists(&self) -> Vec<&'b [u8]> {
        let values = self.values.iter().flat_map(BTreeMap::values);
        let texts = values.map(|value| value.get().as_bytes());
        let lists: Vec<_> = texts.filter(|text| text.starts_with(b"[")).collect();
        if lists.is_empty() { vec![self.body] } else { lists }
    }

    /// Whether `page`, which was read from it, has no items though it is not said that there are none: its list is missing, is of
    /// another kind, or holds nothing that is an item.
    pub(super) fn lacks_list(&self, page: &impl Page) -> bool {
        let lists_none = |values: &Values<'_>| values.values().any(|value| is_one_of(value, &["[]", "null"]));
        page.items().is_empty()
            && page.total_count() != Some(0)
            && self.values.as_ref().is_some_and(|values| !lists_none(values))
    }

    /// Whether it says something of other pages that `position`, which was read from it, does not have.
    pub(super) fn hides_next(&self, position: &Position<'_>) -> bool {
        let Some(pages) = self.values.as_ref().and_then(|values| values.get("pages")) else {
            return false;
        };
        let Ok(pages) = serde_json::from_str::<Values<'_>>(pages.get()) else {
            return says_something(pages);
        };
        let hides = |name: &str, read: bool| !read && pages.get(name).is_some_and(|value| says_something(value));
        match position {
            Position::Cursor(next) | Position::Events { next, .. } => hides("next", next.is_some()),
            Position::Page { next, total_pages, .. } => {
                hides("next", next.is_some()) || hides("total_pages", total_pages.is_some())
            }
            Position::Scroll { .. } | Position::Unpaged => false,
        }
    }
}

/// Whether a value is not one of those by which servers say that there is nothing.
fn says_something(value: &RawValue) -> bool {
    !is_one_of(value, &["null", "false", "\"\"", "[]", "{}"])
}

fn is_one_of(value: &RawValue, texts: &[&str]) -> bool {
    let mut text = value.get().to_owned();
    // Of an empty list or object nothing else is left.
    text.retain(|c| !c.is_ascii_whitespace());
    texts.contains(&text.as_str())
}
