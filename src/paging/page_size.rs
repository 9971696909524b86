//! The page size of a walk, which is reduced while the server is too slow.

use http::StatusCode;

use crate::response::error::Error;

/// The smallest page size, in items.
const MIN_PAGE_SIZE: u32 = 10;
/// The largest number of pages that are read before a larger size is tried.
const MAX_PAGES_BEFORE_GROWTH: u32 = 32;

/// The page size of a walk.
///
/// If a page fails because the server is too slow, its size is halved until it succeeds. After a success the size doubles. A larger
/// size that fails again is tried less and less often, because each try costs all attempts of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSize {
    /// The caller's page size, or else the largest number of items in a page; `None` if neither is known.
    full: Option<u32>,
    /// The size in use if it is not the caller's.
    reduced: Option<u32>,
    /// The number of successful pages of the reduced size in a row.
    successes: u32,
    /// The number of successes after which a larger size is tried.
    pages_before_growth: u32,
    /// Whether the current size is the result of growth.
    has_grown: bool,
}

impl PageSize {
    pub(super) fn new(full: Option<u32>) -> Self {
        Self {
            full,
            reduced: None,
            successes: 0,
            pages_before_growth: 1,
            has_grown: false,
        }
    }

    /// Returns the size to request if it is not the caller's.
    pub(super) fn reduced(&self) -> Option<u32> {
        self.reduced
    }

    /// Reduces the size; returns `false` if it is already the smallest.
    pub(super) fn reduce(&mut self) -> bool {
        let size = match self.reduced.or(self.full) {
            None => MIN_PAGE_SIZE,
            Some(size) if size > MIN_PAGE_SIZE => (size / 2).max(MIN_PAGE_SIZE),
            Some(_) => return false,
        };
        if self.has_grown {
            self.pages_before_growth = self.pages_before_growth.saturating_mul(2).min(MAX_PAGES_BEFORE_GROWTH);
        }
        (self.reduced, self.successes, self.has_grown) = (Some(size), 0, false);
        true
    }

    /// Counts a successful page with this many items.
    pub(super) fn succeeded(&mut self, items: usize) {
        let Some(size) = self.reduced else {
            let items = u32::try_from(items).unwrap_or(u32::MAX);
            self.full = self.full.max(Some(items));
            (self.pages_before_growth, self.has_grown) = (1, false);
            return;
        };
        self.successes += 1;
        if self.successes < self.pages_before_growth {
            return;
        }
        (self.successes, self.has_grown) = (0, true);
        let larger = size.saturating_mul(2);
        // If the full size is unknown, the next page has the server's default size.
        self.reduced = self.full.is_some_and(|full| larger < full).then_some(larger);
    }
}

/// Returns `true` if a smaller page can succeed after this error.
pub(super) fn is_too_slow(error: &Error) -> bool {
    let timeout = error.is_timeout() && !error.is_connect();
    timeout || error.status() == Some(StatusCode::BAD_GATEWAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_halved_down_to_ten() {
        let mut size = PageSize::new(Some(150));
        let mut sizes = Vec::new();
        while size.reduce() {
            sizes.extend(size.reduced());
        }
        assert_eq!(sizes, [75, 37, 18, 10]);
        let mut unknown = PageSize::new(None);
        assert!(unknown.reduce() && unknown.reduced() == Some(10) && !unknown.reduce());
        assert!(!PageSize::new(Some(10)).reduce());
    }

    #[test]
    fn a_size_grows_again_and_is_tried_less_often_if_it_fails() {
        let mut size = PageSize::new(Some(150));
        (0..4).for_each(|_| assert!(size.reduce()));
        let mut sizes = Vec::new();
        for _ in 0..4 {
            size.succeeded(10);
            sizes.push(size.reduced());
        }
        assert_eq!(sizes, [Some(20), Some(40), Some(80), None]);
        size.succeeded(150);

        // A server that never returns more than 20 items in time fails less and less often.
        let mut failures = 0;
        for _ in 0..200 {
            match size.reduced().unwrap_or(150) {
                too_many if too_many > 20 => {
                    failures += 1;
                    assert!(size.reduce());
                }
                items => size.succeeded(items as usize),
            }
        }
        assert!((4..=15).contains(&failures), "{failures}");
    }

    #[test]
    fn the_size_of_a_full_page_is_learned() {
        let mut size = PageSize::new(None);
        size.succeeded(50);
        assert!(size.reduce());
        assert_eq!(size.reduced(), Some(25));
    }
}
