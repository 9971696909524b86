//! What an answer has around its items, as it came: what of it is of another kind than described does not end a walk unsaid.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Page, Position};
use crate::wire::reader::Reader;

/// The names of an answer's outermost object, with their values as text.
pub(super) struct Outline<'t> {
    text: &'t str,
    /// `None` where the answer is no object.
    values: Option<Values<'t>>,
}

type Values<'t> = BTreeMap<Cow<'t, str>, &'t str>;

/// The names of an object with their values as text; `None` for what is none.
fn values(text: &str) -> Option<Values<'_>> {
    let mut values = Values::new();
    let mut reader = Reader::new(text);
    let read = reader.object("", |reader, name| {
        let start = reader.position();
        reader.skip()?;
        values.insert(name, reader.text_since(start));
        Ok(())
    });
    read.is_ok().then_some(values)
}

impl<'t> Outline<'t> {
    /// That of the text of an answer.
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            values: values(text),
        }
    }

    /// The lists in it, which stay the same where the server names the page, the time or the request anew; all of it where there
    /// are none.
    pub(super) fn lists(&self) -> Vec<&'t str> {
        let values = self.values.iter().flat_map(BTreeMap::values);
        let lists: Vec<_> = values.copied().filter(|text| text.starts_with('[')).collect();
        if lists.is_empty() { vec![self.text] } else { lists }
    }

    /// Returns `true` if `page`, which was read from this response, lacks its list: it is missing or of another kind. A list that
    /// holds nothing that is an item is a list, and its entries are mismatches.
    pub(super) fn lacks_list(&self, page: &impl Page) -> bool {
        let (Some(name), Some(values)) = (page.list(), &self.values) else {
            return false;
        };
        let is_list = values
            .get(name)
            .is_some_and(|value| value.starts_with('[') || *value == "null");
        page.items().is_empty() && page.total_count() != Some(0) && !is_list
    }

    /// Whether it says something of other pages that `position`, which was read from it, does not have.
    pub(super) fn hides_next(&self, position: &Position<'_>) -> bool {
        let Some(pages) = self.values.as_ref().and_then(|values| values.get("pages")) else {
            return false;
        };
        let Some(pages) = values(pages) else {
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
fn says_something(value: &str) -> bool {
    !is_one_of(value, &["null", "false", "\"\"", "[]", "{}"])
}

fn is_one_of(value: &str, texts: &[&str]) -> bool {
    // Of an empty list or object nothing else is left.
    let text: String = value.split_ascii_whitespace().collect();
    texts.contains(&text.as_str())
}
