//! Pages that repeat the contents of earlier ones.
//!
//! A repeated cursor ends most walks in circles, and [`Pages`](super::Pages) checks for it. Some faults show no repeated cursor:
//!
//! - The client counts the pages of a numbered list itself. A server or cache that ignores `page` sends the first page for ever, and
//!   the client asks for page 2, 3, 4 and so on. Unless the response has a page number, only the contents tell.
//! - A scroll has the same cursor on every page. One that does not move looks like one that does.
//! - A `total_pages` that grows with each page, or a cursor that is new on each page, leads on for ever.
//!
//! The tests of `tests/paging.rs` have one of each: `a_server_that_ignores_the_page_is_not_walked_for_ever` and
//! `a_list_that_goes_on_and_brings_nothing_new_is_an_error`.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::outline::Outline;
use super::{Page, Position};
use crate::response::typed::Response;
use crate::wire::read::utf8_text;

/// So many pages in a row may be empty.
const EMPTY: u32 = 100;
/// So many pages in a row that are compared may hold what one before them did.
const REPEATED: u32 = 3;
/// Fewer items than that come as the same page by chance, where ties are in another order in each answer.
const FEW: usize = 10;
/// One of so many pages is compared, where they can repeat: to compare costs a fourth of reading them.
const COMPARED: u32 = 32;

/// What the pages of a walk held so far.
#[derive(Default)]
pub(super) struct Repeats {
    hasher: RandomState,
    /// Hashes of what the pages held that were compared: eight bytes for each.
    contents: HashSet<u64>,
    /// That of the last one.
    last: Option<u64>,
    /// How many pages came since.
    since: u32,
    /// How many pages in a row were empty.
    empty: u32,
    /// How many of those compared in a row held what one before them did.
    repeated: u32,
}

impl Repeats {
    /// Remembers a page; whether it is the one before once more, as a server sends it that ignores where the list goes on.
    pub(super) fn is_same<P: Page>(&mut self, page: &Response<P>) -> bool {
        if page.items().is_empty() {
            self.empty += 1;
            return false;
        }
        self.empty = 0;
        // Where pages are counted, or what changes moves items from page to page, a page can come twice.
        let can_repeat = match page.position() {
            Position::Page {
                page: number,
                total_pages,
                ..
            } => total_pages.is_some() && (number.is_some() || page.items().len() < FEW),
            Position::Cursor(_) | Position::Unpaged => true,
            Position::Scroll { .. } | Position::Events { .. } => false,
        };
        self.since += 1;
        if can_repeat && self.since < COMPARED {
            return false;
        }
        let content = self.hasher.hash_one(Outline::of(&utf8_text(page.body())).lists());
        let same = !can_repeat && self.since == 1 && self.last == Some(content);
        self.since = 0;
        self.last = Some(content);
        self.repeated = if self.contents.insert(content) {
            0
        } else {
            self.repeated + 1
        };
        same
    }

    /// Whether the pages bring nothing new, and have not done so for a while.
    pub(super) fn bring_nothing(&self) -> bool {
        self.empty >= EMPTY || self.repeated >= REPEATED
    }
}
