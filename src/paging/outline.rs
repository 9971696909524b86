//! The members around the items of a list response, as text.
//!
//! A field of an unexpected type is read as absent. Without a look at the text, a walk would take an unreadable `next` for the end
//! of the list.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Page, Position};
use crate::wire::members::members;
use crate::wire::reader::type_of;

/// The members of the outermost object of a response, as text.
pub(super) struct Outline<'t> {
    text: &'t str,
    /// `None` if the response is not an object.
    members: Option<Members<'t>>,
}

type Members<'t> = BTreeMap<Cow<'t, str>, &'t str>;

fn by_name(text: &str) -> Option<Members<'_>> {
    Some(members(text)?.into_iter().collect())
}

impl<'t> Outline<'t> {
    /// Reads the outline of a response.
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            members: by_name(text),
        }
    }

    /// Returns the lists in the response, or the entire response if it has none.
    ///
    /// Two responses with the same items have the same lists, even if they differ in a page number, a time or a request id.
    pub(super) fn lists(&self) -> Vec<&'t str> {
        let values = self.members.iter().flat_map(BTreeMap::values);
        let lists: Vec<_> = values.copied().filter(|text| text.starts_with('[')).collect();
        if lists.is_empty() { vec![self.text] } else { lists }
    }

    /// Returns `true` if `page`, which was read from this response, lacks its list: the list is missing or of another type. A list
    /// without a single valid item is still a list, and its entries are reported as mismatches.
    pub(super) fn lacks_list(&self, page: &impl Page) -> bool {
        let (Some(name), Some(members)) = (page.list_name(), &self.members) else {
            return false;
        };
        let is_list = members
            .get(name)
            .is_some_and(|value| value.starts_with('[') || *value == "null");
        page.items().is_empty() && page.total_count() != Some(0) && !is_list
    }

    /// Returns the type of the value that the response has in place of its list.
    pub(super) fn kind_of_list(&self, name: &str) -> &'static str {
        let value = self.members.as_ref().and_then(|members| members.get(name));
        value.map_or("nothing", |value| type_of(value))
    }

    /// Returns `true` if the response announces another page in a form that `position`, which was read from it, does not have.
    pub(super) fn hides_next(&self, position: &Position<'_>) -> bool {
        let Some(pages) = self.members.as_ref().and_then(|members| members.get("pages")) else {
            return false;
        };
        let Some(pages) = by_name(pages) else {
            return !is_empty(pages);
        };
        let hides = |name: &str, read: bool| !read && pages.get(name).is_some_and(|value| !is_empty(value));
        match position {
            Position::Cursor(next) | Position::Events { next, .. } => hides("next", next.is_some()),
            Position::Page { next, total_pages, .. } => {
                hides("next", next.is_some()) || hides("total_pages", total_pages.is_some())
            }
            Position::Scroll { .. } | Position::Unpaged => false,
        }
    }
}

/// Returns `true` for the values with which servers mark the last page.
fn is_empty(value: &str) -> bool {
    // Without its white space, an empty list or object is two characters.
    let text: String = value.split_ascii_whitespace().collect();
    ["null", "false", "\"\"", "[]", "{}"].contains(&text.as_str())
}
