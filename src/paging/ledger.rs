//! The items that a walk has received, and the proof that none is missing.
//!
//! A page-numbered list is read through a window that moves over a changing list. If an item is deleted, the items behind it move
//! up, and the item at the start of the next page is never read, while the deleted one was counted as found. So the number of items
//! found proves nothing. The proof is about the start of a pass: the list counted N items then, and N items are known to have
//! existed then and were received since. Those N are all items that the list had at that time.
//!
//! An item is known to have existed at the start of a pass in three cases: an earlier pass received it; it was on the first page of
//! the pass, in the same response as the count; or, by the server's clock, it was created or last changed before the pass started.
//! The server's clock is read from the `Date` header. This machine's clock is never compared with the dates of items, because it
//! can be ahead of the server's, and then an item that was created during the pass would look older.

use std::collections::HashMap;

/// The items and passes of a walk.
#[derive(Default)]
pub(super) struct Ledger {
    items: HashMap<Box<str>, Receipt>,
    /// The passes so far. The last one may not have ended.
    passes: Vec<Pass>,
    /// Whether the walk starts with the first page, so that each pass covers the entire list.
    covers_list: bool,
}

/// When an item was received. Passes are counted from 1; 0 is an earlier walk.
struct Receipt {
    first_pass: u32,
    last_pass: u32,
    /// Whether the item was on the first page of `first_pass`.
    on_first_page: bool,
    /// A time at which the item existed, in epoch seconds of the server's clock.
    existed_at: Option<i64>,
}

/// The time at which a pass started, in epoch seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartTime {
    /// By the server's clock; `None` if the first response had no `Date`.
    pub(super) server: Option<i64>,
    /// By the server's or this machine's clock, whichever is earlier.
    pub(super) earliest: i64,
}

/// One pass over the list.
#[derive(Default)]
struct Pass {
    start: Option<StartTime>,
    /// The count of the list on the first page.
    first_count: Option<u64>,
    /// The count of the list on the newest page.
    last_count: Option<u64>,
    /// The smallest count of the list on any page.
    smallest_count: Option<u64>,
    /// Whether the count fell between two pages.
    count_fell: bool,
    pages: u64,
    /// The number of items on all pages, with duplicates.
    rows: u64,
    /// The number of items without an id.
    unidentified: u64,
    /// The number of distinct ids.
    ids: u64,
    /// The number of ids that no earlier pass received.
    new_ids: u64,
    /// Whether a page was empty although the list continued after it.
    has_empty_page: bool,
}

impl Pass {
    /// Returns the number of items that the list counts but does not contain, for example entries that are not objects: the count
    /// on the last page, less the rows of all pages. `None` if that is unknown.
    fn excess(&self) -> Option<u64> {
        self.last_count?.checked_sub(self.rows).filter(|_| !self.has_empty_page)
    }
}

/// How a walk checks that no item is missing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Check {
    /// Not at all.
    Nothing,
    /// By the number of items received, for lists whose items do not move between pages.
    Count,
    /// By the items that existed at the start of a pass and were received since.
    ExistedAtStart {
        /// Whether items without a date must be proved to be older than the first pass. Otherwise they are taken as older.
        strict: bool,
    },
}

impl Ledger {
    pub(super) fn new(covers_list: bool) -> Self {
        Self {
            passes: vec![Pass::default()],
            covers_list,
            ..Self::default()
        }
    }

    /// Adds the id of an item that an earlier walk received.
    pub(super) fn add_earlier(&mut self, id: String) {
        self.items.entry(id.into_boxed_str()).or_insert(Receipt {
            first_pass: 0,
            last_pass: 0,
            on_first_page: false,
            existed_at: None,
        });
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.keys().map(|id| &**id)
    }

    /// Returns the number of items that all passes received.
    pub(super) fn found(&self) -> u64 {
        let unidentified = self.passes.first().map_or(0, |pass| pass.unidentified);
        self.items.len() as u64 + unidentified
    }

    fn pass_number(&self) -> u32 {
        u32::try_from(self.passes.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn start_pass(&mut self) {
        self.passes.push(Pass::default());
    }

    /// Returns the time at which the first pass started.
    pub(super) fn start_time(&self) -> Option<StartTime> {
        self.passes.first()?.start
    }

    /// Adds the newest page: the number of pages so far, the count of the list, and the start of the pass.
    pub(super) fn add_page(&mut self, pages: u64, count: Option<i64>, start: Option<StartTime>, has_empty_page: bool) {
        let Some(pass) = self.passes.last_mut() else { return };
        pass.has_empty_page = has_empty_page;
        if pass.pages == pages {
            return;
        }
        let count = count.and_then(|count| u64::try_from(count).ok());
        if pass.pages == 0 {
            (pass.start, pass.first_count) = (start, count);
        }
        pass.count_fell |= count < pass.last_count;
        pass.smallest_count = pass.smallest_count.into_iter().chain(count).min();
        (pass.pages, pass.last_count) = (pages, count);
    }

    /// Adds an item; returns `true` if it was not received before.
    pub(super) fn add_item(&mut self, id: Option<&str>, existed_at: impl FnOnce() -> Option<i64>) -> bool {
        let number = self.pass_number();
        let Some(pass) = self.passes.last_mut() else {
            return true;
        };
        pass.rows += 1;
        let Some(id) = id else {
            pass.unidentified += 1;
            return number == 1;
        };
        match self.items.get_mut(id) {
            Some(receipt) => {
                pass.ids += u64::from(receipt.last_pass != number);
                receipt.last_pass = number;
                false
            }
            None => {
                (pass.ids, pass.new_ids) = (pass.ids + 1, pass.new_ids + 1);
                let receipt = Receipt {
                    first_pass: number,
                    last_pass: number,
                    on_first_page: pass.pages == 1,
                    existed_at: existed_at(),
                };
                self.items.insert(id.into(), receipt);
                true
            }
        }
    }

    /// Returns `true` if no item is missing.
    pub(super) fn is_complete(&self, check: Check) -> bool {
        let Some(newest) = self.passes.last() else { return true };
        match (check, newest.first_count) {
            (Check::Nothing, _) => true,
            (Check::Count, _) => {
                let count = newest.smallest_count.unwrap_or_default();
                self.found() >= count.saturating_sub(self.agreed_excess())
            }
            (Check::ExistedAtStart { strict }, None) => !strict || self.last_passes_agree(),
            (Check::ExistedAtStart { strict }, Some(_)) => (1..).zip(&self.passes).any(|(number, pass)| {
                let count = pass.first_count.map(|count| count.saturating_sub(self.agreed_excess()));
                count.is_some_and(|count| self.known_at_start(number, pass, strict) >= count)
            }),
        }
    }

    /// Returns the number of items that are known to have existed at the start of a pass and were received since.
    fn known_at_start(&self, number: u32, pass: &Pass, strict: bool) -> u64 {
        let start = pass.start.and_then(|start| start.server);
        let is_older = |existed_at: Option<i64>| match existed_at {
            Some(existed_at) => start.is_some_and(|start| existed_at < start),
            None => number == 1 && !strict && !pass.count_fell,
        };
        let known = self.items.values().filter(|receipt| {
            let on_first_page = receipt.first_pass == number && receipt.on_first_page;
            let existed = receipt.first_pass < number || on_first_page || is_older(receipt.existed_at);
            // A walk from the middle of a list does not receive the items before that again.
            let received_since = receipt.last_pass >= number || !self.covers_list && receipt.first_pass == 0;
            existed && received_since
        });
        known.count() as u64 + pass.unidentified
    }

    /// Returns the number of items that the list counts but does not contain, if the last two passes agree on it.
    fn agreed_excess(&self) -> u64 {
        match self.passes.as_slice() {
            [.., previous, newest] if previous.excess() == newest.excess() => newest.excess().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Returns `true` if the last two passes received the same items, each of them once: for lists without a count.
    fn last_passes_agree(&self) -> bool {
        let [.., previous, newest] = self.passes.as_slice() else {
            return false;
        };
        let number = self.pass_number();
        let without_duplicates = |pass: &Pass| pass.ids + pass.unidentified == pass.rows && !pass.has_empty_page;
        let none_vanished = || self.items.values().all(|receipt| receipt.last_pass + 1 != number);
        newest.new_ids == 0
            && previous.rows == newest.rows
            && without_duplicates(previous)
            && without_duplicates(newest)
            && none_vanished()
    }

    /// Returns the number of items that the list counts.
    pub(super) fn count(&self, check: Check) -> u64 {
        let newest = self.passes.last();
        let count = newest.and_then(|pass| match check {
            Check::ExistedAtStart { .. } => pass.first_count,
            _ => pass.smallest_count,
        });
        count.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Check = Check::ExistedAtStart { strict: true };
    const LOOSE: Check = Check::ExistedAtStart { strict: false };

    /// Walks pages of items with the times at which they existed.
    fn pass_at(ledger: &mut Ledger, start: StartTime, pages: &[(i64, &[(&str, i64)])]) {
        for (number, (count, items)) in (1..).zip(pages) {
            ledger.add_page(number, Some(*count), Some(start), false);
            for (id, existed_at) in *items {
                ledger.add_item(Some(id), || Some(*existed_at));
            }
        }
    }

    /// Walks pages of a server whose clock shows `start` at the start of the pass.
    fn pass(ledger: &mut Ledger, start: i64, pages: &[(i64, &[(&str, i64)])]) {
        let start = StartTime {
            server: Some(start),
            earliest: start,
        };
        pass_at(ledger, start, pages);
    }

    #[test]
    fn an_unchanged_list_takes_one_pass() {
        let mut ledger = Ledger::new(true);
        pass(&mut ledger, 100, &[(3, &[("a", 99), ("b", 98)]), (3, &[("c", 97)])]);
        assert!(ledger.is_complete(STRICT) && ledger.is_complete(LOOSE));
    }

    #[test]
    fn a_deletion_on_an_earlier_page_is_noticed() {
        let mut ledger = Ledger::new(true);
        // `a` is deleted after the first page, so that `c` moves to it and is not read.
        pass(&mut ledger, 100, &[(4, &[("a", 1), ("b", 1)]), (3, &[("d", 1)])]);
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE));
        ledger.start_pass();
        pass(&mut ledger, 110, &[(3, &[("b", 1), ("c", 1)]), (3, &[("d", 1)])]);
        assert!(ledger.is_complete(STRICT) && ledger.is_complete(LOOSE));
    }

    #[test]
    fn an_item_created_during_the_pass_hides_no_missing_one() {
        let mut ledger = Ledger::new(true);
        // As above, but an item is created between the same two pages, so the count stays.
        pass(
            &mut ledger,
            100,
            &[(4, &[("a", 1), ("b", 1)]), (4, &[("d", 1), ("new", 101)])],
        );
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE));
    }

    /// Without a `Date`, this machine's clock says nothing of the dates of items, whether it is ahead of the server's or behind.
    #[test]
    fn items_are_not_older_than_a_pass_by_the_local_clock() {
        for earliest in [50, 100, 1000] {
            let mut ledger = Ledger::new(true);
            let start = StartTime { server: None, earliest };
            // `a` is deleted after the first page, so that `c` moves to it and is not read, and `new` is created.
            let first = [("a", 1), ("b", 1)];
            pass_at(&mut ledger, start, &[(4, &first), (4, &[("d", 1), ("new", 101)])]);
            assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE), "{earliest}");
            ledger.start_pass();
            let first = [("b", 1), ("c", 1)];
            pass_at(&mut ledger, start, &[(4, &first), (4, &[("d", 1), ("new", 101)])]);
            assert!(ledger.is_complete(STRICT) && ledger.is_complete(LOOSE), "{earliest}");
        }
    }

    #[test]
    fn passes_that_agree_settle_a_count_that_is_too_high() {
        let mut ledger = Ledger::new(true);
        let pages: &[(i64, &[(&str, i64)])] = &[(4, &[("a", 1), ("b", 1)]), (4, &[("c", 1)])];
        pass(&mut ledger, 100, pages);
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE) && !ledger.is_complete(Check::Count));
        ledger.start_pass();
        pass(&mut ledger, 110, pages);
        assert!(ledger.is_complete(STRICT) && ledger.is_complete(LOOSE) && ledger.is_complete(Check::Count));
    }

    #[test]
    fn passes_that_lack_the_same_item_do_not_agree() {
        let mut ledger = Ledger::new(true);
        let pages: &[(i64, &[(&str, i64)])] = &[(3, &[("a", 1), ("b", 1)]), (3, &[("b", 1)])];
        pass(&mut ledger, 100, pages);
        ledger.start_pass();
        pass(&mut ledger, 110, pages);
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE));
    }

    #[test]
    fn items_without_a_date_are_older_than_the_walk_unless_the_count_fell() {
        for (count, complete) in [(3, true), (2, false)] {
            let mut ledger = Ledger::new(true);
            ledger.add_page(1, Some(3), None, false);
            ledger.add_item(Some("a"), || None);
            ledger.add_item(Some("b"), || None);
            ledger.add_page(2, Some(count), None, false);
            ledger.add_item(Some("c"), || None);
            assert_eq!(ledger.is_complete(LOOSE), complete, "{count} items at the end");
            assert!(!ledger.is_complete(STRICT));
        }
    }

    #[test]
    fn items_of_an_earlier_walk_count_unless_this_walk_must_receive_them_again() {
        for covers_list in [true, false] {
            let mut ledger = Ledger::new(covers_list);
            ledger.add_earlier("x".to_owned());
            ledger.add_page(1, Some(2), None, false);
            ledger.add_item(Some("a"), || None);
            assert_eq!(ledger.is_complete(LOOSE), !covers_list);
        }
    }

    #[test]
    fn passes_over_a_list_without_a_count_agree_if_both_received_the_same_items_once() {
        fn pass(ledger: &mut Ledger, ids: &[&str]) {
            ledger.add_page(1, None, None, false);
            for id in ids {
                ledger.add_item(Some(id), || None);
            }
        }
        for (second, agree) in [
            (&["a", "b"][..], true),
            (&["b", "a"], true),
            (&["a"], false),
            (&["a", "a"], false),
            (&["a", "c"], false),
            (&["a", "b", "b"], false),
            (&["a", "b", "c"], false),
        ] {
            let mut ledger = Ledger::new(true);
            pass(&mut ledger, &["a", "b"]);
            assert!(!ledger.is_complete(STRICT) && ledger.is_complete(LOOSE));
            ledger.start_pass();
            pass(&mut ledger, second);
            assert_eq!(ledger.is_complete(STRICT), agree, "{second:?}");
        }
    }
}
