//! The clock of the mock, which follows the test's clock: it can be paused and advanced.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The length of a rate-limit window in seconds. Windows start at multiples of it.
pub(super) const WINDOW_SECONDS: i64 = 10;

/// The system time at which the mock started, advanced by tokio's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Duration,
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self {
            started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            origin: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> MockTime {
        MockTime(self.started + self.origin.elapsed())
    }
}

/// A point in time, as the duration since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MockTime(pub Duration);

impl MockTime {
    /// Returns the whole seconds since the epoch.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }

    /// Returns the end of the current rate-limit window, in seconds since the epoch.
    pub(super) fn window_end(self) -> i64 {
        (self.seconds() / WINDOW_SECONDS + 1) * WINDOW_SECONDS
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<MockTime> for SystemTime {
    fn from(MockTime(since): MockTime) -> Self {
        UNIX_EPOCH + since
    }
}
