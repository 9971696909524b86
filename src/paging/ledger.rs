//! The items that a walk has met, and whether they are all that the list has.
//!
//! Page-numbered lists are read through a window that moves over a list that changes. If an item is deleted, those behind it move
//! up, and the one at the start of the next page is never read, while the deleted item was counted as found. So the number of
//! items found proves nothing. The proof is taken at the start of a pass: as many items as the list counted then are known to have
//! existed then, and were met since. Each of them was in the list at that moment, so no other item was.
//!
//! An item is known to have existed at the start of a pass if it was met by an earlier pass, if it was on the first page of
//! the pass, whose response has the count, or if it was created or last changed before.

use std::collections::HashMap;

/// The items and passes of a walk.
#[derive(Default)]
pub(super) struct Ledger {
    met: HashMap<Box<str>, Met>,
    /// The passes so far; the last one may still be under way.
    passes: Vec<Pass>,
    /// Whether the walk starts with the first page, so that each pass meets the entire list.
    is_whole: bool,
}

/// When an item was met. Passes are counted from 1; 0 is an earlier walk.
struct Met {
    first: u32,
    last: u32,
    /// Whether it was on the first page of its first pass.
    on_first_page: bool,
    /// A time at which the item existed, in epoch seconds.
    existed_at: Option<i64>,
}

/// One pass over the list.
#[derive(Default)]
struct Pass {
    /// The server's clock at its start.
    begun: Option<i64>,
    /// The counts of the list, as its first page, its last page so far, and the page with the smallest one had it.
    first_count: Option<u64>,
    last_count: Option<u64>,
    smallest_count: Option<u64>,
    /// Whether the count fell between two pages.
    fell: bool,
    pages: u64,
    /// Items on all pages.
    rows: u64,
    /// Those without an id.
    unidentified: u64,
    /// Different ids.
    ids: u64,
    /// Ids that no pass had met before.
    new: u64,
    has_hole: bool,
}

impl Pass {
    /// The number of items that the list counts but does not show, for example entries that are not objects: the count on the last
    /// page, less the rows of all pages. `None` if that is unknown.
    fn excess(&self) -> Option<u64> {
        self.last_count?.checked_sub(self.rows).filter(|_| !self.has_hole)
    }
}

/// How a walk finds out whether items are missing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Check {
    /// Not at all.
    Nothing,
    /// By the number of items found. Items do not move between the pages of such a list.
    Count,
    /// By the items that existed at the start of a pass and were met since.
    Moments {
        /// Whether items without a date count as older than the first pass only if that is proved.
        strict: bool,
    },
}

impl Ledger {
    pub(super) fn new(is_whole: bool) -> Self {
        Self {
            passes: vec![Pass::default()],
            is_whole,
            ..Self::default()
        }
    }

    /// Adds the id of an item that an earlier walk has met.
    pub(super) fn met_before(&mut self, id: String) {
        self.met.entry(id.into_boxed_str()).or_insert(Met {
            first: 0,
            last: 0,
            on_first_page: false,
            existed_at: None,
        });
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.met.keys().map(|id| &**id)
    }

    /// The number of items found by all passes.
    pub(super) fn found(&self) -> u64 {
        let unidentified = self.passes.first().map_or(0, |pass| pass.unidentified);
        self.met.len() as u64 + unidentified
    }

    /// Returns `true` if this is the first pass.
    fn is_first(&self) -> bool {
        self.passes.len() == 1
    }

    pub(super) fn start_pass(&mut self) {
        self.passes.push(Pass::default());
    }

    /// The server's clock at the start of the first pass.
    pub(super) fn begun(&self) -> Option<i64> {
        self.passes.first()?.begun
    }

    /// Takes what the newest page says of the list.
    pub(super) fn page(&mut self, pages: u64, count: Option<i64>, begun: Option<i64>, has_hole: bool) {
        let Some(pass) = self.passes.last_mut() else { return };
        pass.has_hole = has_hole;
        if pass.pages == pages {
            return;
        }
        let count = count.and_then(|count| u64::try_from(count).ok());
        if pass.pages == 0 {
            (pass.begun, pass.first_count) = (begun, count);
        }
        pass.fell |= count < pass.last_count;
        pass.smallest_count = pass.smallest_count.into_iter().chain(count).min();
        (pass.pages, pass.last_count) = (pages, count);
    }

    /// Takes an item; returns `true` if it is to be delivered.
    pub(super) fn item(&mut self, id: Option<&str>, existed_at: impl FnOnce() -> Option<i64>) -> bool {
        let number = u32::try_from(self.passes.len()).unwrap_or(u32::MAX);
        let is_first = self.is_first();
        let Some(pass) = self.passes.last_mut() else {
            return true;
        };
        pass.rows += 1;
        let Some(id) = id else {
            pass.unidentified += 1;
            return is_first;
        };
        match self.met.get_mut(id) {
            Some(met) => {
                pass.ids += u64::from(met.last != number);
                met.last = number;
                false
            }
            None => {
                (pass.ids, pass.new) = (pass.ids + 1, pass.new + 1);
                let met = Met {
                    first: number,
                    last: number,
                    on_first_page: pass.pages == 1,
                    existed_at: existed_at(),
                };
                self.met.insert(id.into(), met);
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
            (Check::Moments { strict }, None) => !strict || self.passes_agree(),
            (Check::Moments { strict }, Some(_)) => (1..).zip(&self.passes).any(|(number, pass)| {
                let count = pass.first_count.map(|count| count.saturating_sub(self.agreed_excess()));
                count.is_some_and(|count| self.known_at(number, pass, strict) >= count)
            }),
        }
    }

    /// The number of items that are known to have existed at the start of a pass.
    fn known_at(&self, number: u32, pass: &Pass, strict: bool) -> u64 {
        let is_older = |existed: Option<i64>| match existed {
            Some(existed) => pass.begun.is_some_and(|begun| existed < begun),
            None => number == 1 && !strict && !pass.fell,
        };
        let known = self.met.values().filter(|met| {
            let earlier = met.first < number || met.first == number && met.on_first_page;
            // A walk from the middle of a list cannot meet again what came before.
            let again = met.last >= number || !self.is_whole && met.first == 0;
            again && (earlier || is_older(met.existed_at))
        });
        known.count() as u64 + pass.unidentified
    }

    /// The number of items that the list counts but does not show, if the last two passes agree on it.
    fn agreed_excess(&self) -> u64 {
        match self.passes.as_slice() {
            [.., before, newest] if before.excess() == newest.excess() => newest.excess().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Returns `true` if the last two passes met the same items, each of them once: for lists without a count.
    fn passes_agree(&self) -> bool {
        let [.., before, newest] = self.passes.as_slice() else {
            return false;
        };
        let number = u32::try_from(self.passes.len()).unwrap_or(u32::MAX);
        let once = |pass: &Pass| pass.ids + pass.unidentified == pass.rows && !pass.has_hole;
        let met_again = || self.met.values().all(|met| met.last + 1 != number);
        newest.new == 0 && before.rows == newest.rows && once(before) && once(newest) && met_again()
    }

    /// The number of items that the list counts.
    pub(super) fn count(&self, check: Check) -> u64 {
        let newest = self.passes.last();
        let count = newest.and_then(|pass| match check {
            Check::Moments { .. } => pass.first_count,
            _ => pass.smallest_count,
        });
        count.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Check = Check::Moments { strict: true };
    const LOOSE: Check = Check::Moments { strict: false };

    /// Walks pages of items with the times at which they existed; the pass starts at `begun`.
    fn pass(ledger: &mut Ledger, begun: i64, pages: &[(i64, &[(&str, i64)])]) {
        for (number, (count, items)) in (1..).zip(pages) {
            ledger.page(number, Some(*count), Some(begun), false);
            for (id, existed) in *items {
                ledger.item(Some(id), || Some(*existed));
            }
        }
    }

    #[test]
    fn a_quiet_list_takes_one_pass() {
        let mut ledger = Ledger::new(true);
        pass(&mut ledger, 100, &[(3, &[("a", 99), ("b", 98)]), (3, &[("c", 97)])]);
        assert!(ledger.is_complete(STRICT) && ledger.is_complete(LOOSE));
    }

    #[test]
    fn a_deletion_behind_the_window_is_noticed() {
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
        // The same with a creation in the same gap: the count stays.
        pass(
            &mut ledger,
            100,
            &[(4, &[("a", 1), ("b", 1)]), (4, &[("d", 1), ("new", 101)])],
        );
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE));
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
    fn a_tie_that_hides_the_same_item_twice_is_no_agreement() {
        let mut ledger = Ledger::new(true);
        let pages: &[(i64, &[(&str, i64)])] = &[(3, &[("a", 1), ("b", 1)]), (3, &[("b", 1)])];
        pass(&mut ledger, 100, pages);
        ledger.start_pass();
        pass(&mut ledger, 110, pages);
        assert!(!ledger.is_complete(STRICT) && !ledger.is_complete(LOOSE));
    }
}
