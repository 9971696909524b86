//! The server's rate limit, from the headers of responses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName};

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The state of the rate limit, from the headers of a response.
///
/// Intercom counts requests in windows of 10 seconds: a limit of 167 corresponds to 1,000 requests
/// a minute.
#[doc(alias = "throttle")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests allowed per 10-second window, from `X-RateLimit-Limit`.
    pub limit: u64,
    /// Requests remaining in the current window, from `X-RateLimit-Remaining`.
    pub remaining: u64,
    /// End of the window in epoch seconds, from `X-RateLimit-Reset`.
    pub reset: i64,
}

impl RateLimit {
    /// Reads the headers; `None` unless all three are present and valid.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            limit: number(headers, &LIMIT)?.try_into().ok()?,
            // Negative values count rejected requests.
            remaining: number(headers, &REMAINING)?.try_into().unwrap_or_default(),
            reset: number(headers, &RESET)?,
        })
    }
}

impl RateLimit {
    /// Returns `true` if the reset is plausible for a server clock that is at most an hour off.
    pub(crate) fn is_plausible(&self) -> bool {
        (self.reset as f64 - local_time()).abs() <= LARGEST_CLOCK_ERROR.as_secs_f64()
    }
}

/// Returns the integer in a header.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let digits = headers.get(name)?.as_bytes().trim_ascii();
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The length of Intercom's rate-limit windows.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// A reset further ahead than this comes from a wrong clock, not from a window of 10 seconds.
pub(crate) const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// A reset further than this from the local clock is ignored, if the response has no `Date` to
/// compare it with.
const LARGEST_CLOCK_ERROR: Duration = Duration::from_secs(3600);

/// Returns the server's time from the `Date` header, in epoch seconds.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<f64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    Some(epoch_seconds(httpdate::parse_http_date(date).ok()?))
}

/// Returns the local time in epoch seconds.
pub(crate) fn local_time() -> f64 {
    epoch_seconds(SystemTime::now())
}

fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Returns the time until the window ends, by the server's clock; `None` if a header is missing or
/// the times are inconsistent.
pub(crate) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let wait = Duration::try_from_secs_f64(number(headers, &RESET)? as f64 - server_time(headers)?).ok()?;
    (wait <= LONGEST_WINDOW).then_some(wait)
}

/// Returns the time until the window ends. If the response has no `Date`, it is computed with the
/// local clock and is at most the length of a window.
pub(crate) fn estimated_until_reset(headers: &HeaderMap) -> Option<Duration> {
    if server_time(headers).is_some() {
        return until_reset(headers);
    }
    let wait = Duration::try_from_secs_f64(number(headers, &RESET)? as f64 - local_time()).ok()?;
    (wait <= WINDOW).then_some(wait)
}

/// Returns the wait from a `Retry-After` header, which contains seconds or a date.
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{DATE, RETRY_AFTER};

    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date_by_the_clock_of_the_server() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (text, seconds) in [
            ("90", Some(90.0)),
            ("1.5", Some(1.5)),
            ("Sun, 06 Nov 1994 08:51:07 GMT", Some(90.0)),
            (date, Some(0.0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, HeaderValue::from_static(date));
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            assert_eq!(retry_after(&headers).map(|wait| wait.as_secs_f64()), seconds, "{text}");
        }
    }
}
