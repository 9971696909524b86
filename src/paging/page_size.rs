//! The size of the pages that a walk asks for, which shrinks while the server is too slow.

use http::StatusCode;

use crate::response::error::Error;

/// Pages are not made smaller than this many items.
const SMALLEST: u32 = 10;
/// At most this many pages are read before larger ones are tried again.
const MOST_PATIENCE: u32 = 32;

/// The size of the pages that a walk asks for.
///
/// A page that fails because the server is too slow is halved until it succeeds. After a success the size doubles again. A larger
/// size that fails again is tried less and less often, since each try costs all attempts of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSize {
    /// The size that the caller asked for, or else the most items that a page had; `None` if neither is known.
    full: Option<u32>,
    reduced: Option<u32>,
    /// Pages of the reduced size in a row.
    successes: u32,
    /// The number of successes after which larger pages are tried.
    patience: u32,
    /// Whether the current size was reached by growing.
    grown: bool,
}

impl PageSize {
    pub(super) fn new(full: Option<u32>) -> Self {
        Self {
            full,
            reduced: None,
            successes: 0,
            patience: 1,
            grown: false,
        }
    }

    /// The size to ask for, if it is not the caller's.
    pub(super) fn reduced(&self) -> Option<u32> {
        self.reduced
    }

    /// Reduces the size; `false` if it is the smallest already.
    pub(super) fn reduce(&mut self) -> bool {
        let size = match self.reduced.or(self.full) {
            None => SMALLEST,
            Some(size) if size > SMALLEST => (size / 2).max(SMALLEST),
            Some(_) => return false,
        };
        if self.grown {
            self.patience = self.patience.saturating_mul(2).min(MOST_PATIENCE);
        }
        (self.reduced, self.successes, self.grown) = (Some(size), 0, false);
        true
    }

    /// Counts a page that came with this many items.
    pub(super) fn succeeded(&mut self, items: usize) {
        let Some(size) = self.reduced else {
            let items = u32::try_from(items).unwrap_or(u32::MAX);
            self.full = self.full.max(Some(items));
            (self.patience, self.grown) = (1, false);
            return;
        };
        self.successes += 1;
        if self.successes < self.patience {
            return;
        }
        (self.successes, self.grown) = (0, true);
        let larger = size.saturating_mul(2);
        // Without a known size, the next one is the server's default.
        self.reduced = self.full.is_some_and(|full| larger < full).then_some(larger);
    }
}

/// Returns `true` if a page failed in a way in which smaller pages can succeed.
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
    fn a_size_grows_back_and_is_tried_less_often_where_it_fails() {
        let mut size = PageSize::new(Some(150));
        (0..4).for_each(|_| assert!(size.reduce()));
        let mut sizes = Vec::new();
        for _ in 0..4 {
            size.succeeded(10);
            sizes.push(size.reduced());
        }
        assert_eq!(sizes, [Some(20), Some(40), Some(80), None]);
        size.succeeded(150);

        // A server that never manages more than 20 items fails less and less often.
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
