//! Finds pages that repeat earlier ones.
//!
//! A repeated cursor shows most loops, and [`Pages`](super::Pages) checks for it. Some faults show no repeated cursor:
//!
//! - The client counts the pages of a numbered list itself. A server or cache that ignores `page` sends the first page every time,
//!   while the client requests page 2, 3, 4 and so on. Unless the response has a page number, only the contents show it.
//! - A scroll has the same cursor on every page. A scroll that is stuck looks like one that works.
//! - If `total_pages` grows with each page, or if every page has a new cursor, the list never ends.
//!
//! `tests/paging.rs` has a test for each: `a_server_that_ignores_the_page_number_ends_the_walk_with_an_error` and
//! `a_list_without_new_items_ends_with_an_error`.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use super::outline::Outline;
use super::{Cursor, Page, Position};
use crate::response::typed::Response;
use crate::wire::read::utf8_text;

/// The largest number of empty pages in a row.
const MAX_EMPTY_PAGES: u32 = 100;
/// The largest number of compared pages in a row that equal an earlier page.
const MAX_REPEATED_PAGES: u32 = 3;
/// Pages with fewer items can be equal by chance, because the server orders items with equal times differently in each response.
const MIN_DISTINCT_ITEMS: usize = 10;
/// If pages may be equal, one page in this many is compared: comparing costs about a fourth of decoding.
const COMPARE_INTERVAL: u32 = 32;
/// The number of places of a body that its fingerprint reads, and the number of bytes at each place.
const SAMPLES: usize = 64;
const SAMPLE_BYTES: usize = 16;

/// How a cursor relates to the earlier pages of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeenCursor {
    /// No page had it.
    New,
    /// Another page had it.
    OnOtherPage,
    /// The same page had it, or a page that an earlier walk received.
    OnSamePage,
}

/// The contents and cursors of the pages of a walk, as hashes.
#[derive(Default)]
pub(super) struct Repeats {
    hasher: RandomState,
    /// The cursors so far, each with the fingerprint of the page that had it; `None` for the cursor that the walk started from.
    cursors: HashMap<u64, Option<u64>>,
    /// The contents of the pages that were compared.
    contents: HashSet<u64>,
    /// The contents of the last compared page.
    last: Option<u64>,
    /// The number of pages since the last compared page.
    pages_since: u32,
    /// The number of empty pages in a row.
    empty: u32,
    /// The number of compared pages in a row that equal an earlier page.
    repeated: u32,
}

impl Repeats {
    /// Starts a walk from a cursor, or from the first page.
    pub(super) fn starting_from(cursor: Option<&Cursor>) -> Self {
        let mut repeats = Self::default();
        repeats.cursors = cursor
            .map(|cursor| (repeats.hasher.hash_one(cursor), None))
            .into_iter()
            .collect();
        repeats
    }

    /// Forgets the contents of pages, but not their cursors.
    pub(super) fn forget_contents(&mut self) {
        *self = Self {
            hasher: self.hasher.clone(),
            cursors: std::mem::take(&mut self.cursors),
            ..Self::default()
        };
    }

    /// Adds the cursor of the next page that a response has.
    pub(super) fn add_cursor<P: Page>(&mut self, cursor: &Cursor, page: &Response<P>) -> SeenCursor {
        let fingerprint = self.fingerprint(page.body());
        match self.cursors.insert(self.hasher.hash_one(cursor), Some(fingerprint)) {
            None => SeenCursor::New,
            Some(Some(earlier)) if earlier != fingerprint => SeenCursor::OnOtherPage,
            Some(_) => SeenCursor::OnSamePage,
        }
    }

    /// Hashes the length of a body and some of its bytes, in a small part of the time that decoding takes.
    fn fingerprint(&self, body: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_usize(body.len());
        let distance = (body.len() / SAMPLES).max(SAMPLE_BYTES);
        for sample in body.chunks(distance) {
            hasher.write(sample.get(..SAMPLE_BYTES).unwrap_or(sample));
        }
        hasher.finish()
    }

    /// Adds a page; returns `true` if it equals the previous page, as from a server that ignores the cursor.
    pub(super) fn is_repeated<P: Page>(&mut self, page: &Response<P>) -> bool {
        if page.items().is_empty() {
            self.empty += 1;
            return false;
        }
        self.empty = 0;
        // Two pages may be equal if the server counts its pages, or if items move from page to page when they change. Cursors are
        // checked by `add_cursor`.
        let may_be_equal = match page.position() {
            Position::Page {
                page: number,
                total_pages,
                ..
            } => total_pages.is_some() && (number.is_some() || page.items().len() < MIN_DISTINCT_ITEMS),
            Position::Cursor(_) | Position::Unpaged => true,
            Position::Scroll { .. } | Position::Events { .. } => false,
        };
        self.pages_since += 1;
        if may_be_equal && self.pages_since < COMPARE_INTERVAL {
            return false;
        }
        let content = self.hasher.hash_one(Outline::of(&utf8_text(page.body())).lists());
        let is_repeated = !may_be_equal && self.pages_since == 1 && self.last == Some(content);
        self.pages_since = 0;
        self.last = Some(content);
        self.repeated = if self.contents.insert(content) {
            0
        } else {
            self.repeated + 1
        };
        is_repeated
    }

    /// Returns `true` if many pages in a row had no new items.
    pub(super) fn has_no_new_items(&self) -> bool {
        self.empty >= MAX_EMPTY_PAGES || self.repeated >= MAX_REPEATED_PAGES
    }
}
