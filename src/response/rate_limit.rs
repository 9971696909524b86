//! The server's rate limit, as an answer's headers tell it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName};

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The state of the rate limit as a response's headers tell it.
///
/// Intercom counts requests in windows of 10 seconds: a limit of 167 stands for 1,000 a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests allowed per 10-second window, `X-RateLimit-Limit`.
    pub limit: u64,
    /// Requests left in the current window, `X-RateLimit-Remaining`.
    pub remaining: u64,
    /// When the window ends, in epoch seconds, `X-RateLimit-Reset`.
    pub reset: i64,
}

impl RateLimit {
    /// Reads the headers; `None` unless all three are there and well-formed.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            limit: number(headers, &LIMIT)?.try_into().ok()?,
            // Below zero are those that were asked in vain.
            remaining: number(headers, &REMAINING)?.try_into().unwrap_or_default(),
            reset: number(headers, &RESET)?,
        })
    }
}

impl RateLimit {
    /// Returns `true` if the reset can be the end of a window by a clock that is at most an hour off.
    pub(crate) fn is_plausible(&self) -> bool {
        (self.reset as f64 - local_time()).abs() <= LARGEST_CLOCK_ERROR.as_secs_f64()
    }
}

/// The whole number that a header is.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// How long a window of Intercom's lasts.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// A reset further ahead than this is a clock that disagrees, not a window of 10 seconds.
pub(crate) const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// A reset further than this from this machine's clock is no time, if the response has no `Date` to compare it with.
const LARGEST_CLOCK_ERROR: Duration = Duration::from_secs(3600);

/// The server's clock by its `Date` header, in epoch seconds; `None` without one.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<f64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    Some(epoch_seconds(httpdate::parse_http_date(date).ok()?))
}

/// This machine's clock, in epoch seconds.
pub(crate) fn local_time() -> f64 {
    epoch_seconds(SystemTime::now())
}

fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// How long until the window ends by the server's own clock; `None` if the headers do not tell, or their times contradict.
pub(crate) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let wait = Duration::try_from_secs_f64(number(headers, &RESET)? as f64 - server_time(headers)?).ok()?;
    (wait <= LONGEST_WINDOW).then_some(wait)
}

/// How long until the window ends, by this machine's clock if the response has no `Date`: then at most as long as a window.
pub(crate) fn estimated_until_reset(headers: &HeaderMap) -> Option<Duration> {
    if server_time(headers).is_some() {
        return until_reset(headers);
    }
    let wait = Duration::try_from_secs_f64(number(headers, &RESET)? as f64 - local_time()).ok()?;
    (wait <= WINDOW).then_some(wait)
}

/// The wait that a `Retry-After` header asks for, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    if let Some(seconds) = text.parse().ok().filter(|_| text.contains('.')) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let until = epoch_seconds(until) - server_time(headers).unwrap_or_else(local_time);
    Duration::try_from_secs_f64(until).ok()
}
