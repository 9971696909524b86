//! The mock's time: that of the test, which can stand still or be advanced.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Length of a rate-limit window in seconds. Windows begin on multiples of it.
pub(super) const WINDOW: i64 = 10;

/// Tells the time: the system's when the mock started, moved on by tokio's clock.
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

    pub(super) fn now(&self) -> Moment {
        Moment(self.started + self.origin.elapsed())
    }
}

/// A point in time since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub Duration);

impl Moment {
    /// Whole seconds since the epoch.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }

    /// The end of the rate-limit window that it lies in, in seconds since the epoch.
    pub(super) fn window_end(self) -> i64 {
        (self.seconds() / WINDOW + 1) * WINDOW
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<Moment> for SystemTime {
    fn from(Moment(since): Moment) -> Self {
        UNIX_EPOCH + since
    }
}
