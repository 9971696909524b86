//! Moments as Intercom sends them: epoch seconds, mostly.

use std::fmt;
use std::num::NonZeroU32;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use serde::{Serialize, Serializer};

use super::decode::{Decode, integer_of, number_in};
use super::reader::{Fault, Number, Reader};

/// A moment: epoch seconds as an integer, or ISO 8601 text where the server sends that.
///
/// An integer is kept as it is, before 1970 and far beyond 2038 too. Some servers send milliseconds in a few places; they
/// are not guessed into seconds. [`Timestamp::to_datetime`] reads an integer as seconds,
/// [`Timestamp::to_datetime_from_millis`] as milliseconds.
///
/// By itself it is written as epoch seconds, rounded down, which is what requests take. An object that it was read with as
/// text or with a fraction gives that back, for as long as the field is not changed. `Display` writes RFC 3339, or the bare
/// number where the calendar ends.
///
/// ```
/// use intercom_client::Timestamp;
///
/// let created = Timestamp::from(1_731_500_000);
/// assert_eq!(created.to_string(), "2024-11-13T12:13:20Z");
/// assert_eq!(created, serde_json::from_str("\"2024-11-13T12:13:20Z\"")?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    /// One more than the nanoseconds, so that an absent timestamp takes no more memory.
    nanoseconds: NonZeroU32,
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timestamp")
            .field("seconds", &self.seconds)
            .field("nanoseconds", &(self.nanoseconds.get() - 1))
            .finish()
    }
}

/// The first second of the year 2200: a larger number of seconds is one of milliseconds, most likely.
pub(crate) const YEAR_2200: i64 = 7_258_118_400;

/// A [`Timestamp`] that lies outside the calendar, about 262,000 years either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange(());

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timestamp lies outside the calendar")
    }
}

impl std::error::Error for OutOfRange {}

impl Timestamp {
    /// A moment given in epoch seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: NonZeroU32::MIN,
        }
    }

    /// Epoch seconds, rounded down when it came with a fraction.
    pub const fn as_seconds(&self) -> i64 {
        self.seconds
    }

    /// The moment as a date and time; an integer counts seconds.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] when the calendar does not reach that far, as for an integer that counts milliseconds or less.
    pub fn to_datetime(&self) -> Result<DateTime<Utc>, OutOfRange> {
        DateTime::from_timestamp(self.seconds, self.nanoseconds.get() - 1).ok_or(OutOfRange(()))
    }

    /// The moment as a date and time when it came as an integer that counts milliseconds.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] when the calendar does not reach that far.
    pub fn to_datetime_from_millis(&self) -> Result<DateTime<Utc>, OutOfRange> {
        DateTime::from_timestamp_millis(self.seconds).ok_or(OutOfRange(()))
    }

    fn from_text(text: &str) -> Option<Self> {
        let bare = text.trim();
        let moment = DateTime::parse_from_rfc3339(bare)
            .or_else(|_| DateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .or_else(|_| DateTime::parse_from_str(bare, "%Y-%m-%d %H:%M:%S%.f %z"))
            .or_else(|_| DateTime::parse_from_rfc2822(bare))
            .map(|moment| moment.with_timezone(&Utc))
            .or_else(|_| {
                let local = bare.trim_end_matches(" UTC");
                NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f")
                    .or_else(|_| NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f"))
                    .map(|moment| moment.and_utc())
            })
            .ok()
            .or_else(|| {
                let day = NaiveDate::parse_from_str(bare, "%Y-%m-%d").ok()?;
                Some(day.and_hms_opt(0, 0, 0)?.and_utc())
            })?;
        Some(Self {
            seconds: moment.timestamp(),
            nanoseconds: NonZeroU32::MIN.saturating_add(moment.timestamp_subsec_nanos()),
        })
    }

    fn from_number(number: Number<'_>) -> Option<Self> {
        let seconds: f64 = match number {
            Number::Integer(seconds) => return Some(Self::from_seconds(seconds)),
            Number::Text(text) => text.parse().ok()?,
        };
        if let Some(whole) = integer_of(seconds) {
            return Some(Self::from_seconds(whole));
        }
        let whole = seconds.floor();
        // Beyond that a float has no fraction, and not every integer.
        const LARGEST: f64 = (1_i64 << 53) as f64;
        (whole.abs() < LARGEST).then(|| Self {
            seconds: whole as i64,
            nanoseconds: NonZeroU32::MIN.saturating_add(((seconds - whole) * 1e9).round().min(999_999_999.0) as u32),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Ok(moment) => f.write_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Err(_) => self.as_seconds().fmt(f),
        }
    }
}

impl From<i64> for Timestamp {
    fn from(seconds: i64) -> Self {
        Self::from_seconds(seconds)
    }
}

impl From<i32> for Timestamp {
    fn from(seconds: i32) -> Self {
        Self::from_seconds(seconds.into())
    }
}

impl From<u32> for Timestamp {
    fn from(seconds: u32) -> Self {
        Self::from_seconds(seconds.into())
    }
}

/// Becomes epoch seconds, rounded down.
impl<Tz: TimeZone> From<DateTime<Tz>> for Timestamp {
    fn from(moment: DateTime<Tz>) -> Self {
        Self::from_seconds(moment.timestamp())
    }
}

/// Becomes epoch seconds, rounded down.
impl From<SystemTime> for Timestamp {
    fn from(moment: SystemTime) -> Self {
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self::from_seconds(match moment.duration_since(UNIX_EPOCH) {
            Ok(after) => seconds(after),
            Err(before) => -seconds(before.duration()) - i64::from(before.duration().subsec_nanos() > 0),
        })
    }
}

impl TryFrom<Timestamp> for DateTime<Utc> {
    type Error = OutOfRange;
    fn try_from(timestamp: Timestamp) -> Result<Self, OutOfRange> {
        timestamp.to_datetime()
    }
}

impl TryFrom<&Timestamp> for DateTime<Utc> {
    type Error = OutOfRange;
    fn try_from(timestamp: &Timestamp) -> Result<Self, OutOfRange> {
        timestamp.to_datetime()
    }
}

/// Epoch seconds, rounded down.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.seconds)
    }
}

impl Decode for Timestamp {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if let Some(number) = reader.number()? {
            reader.kept = !matches!(number, Number::Integer(_));
            let found = Self::from_number(number);
            return found.ok_or_else(|| reader.other(EXPECTED));
        }
        let begin = reader.place();
        if let Some(moment) = number_in(reader, Self::from_number)? {
            reader.kept = true;
            return Ok(moment);
        }
        reader.back(begin);
        let text = reader.string()?;
        reader.kept = true;
        text.as_deref()
            .and_then(Self::from_text)
            .ok_or_else(|| reader.other(EXPECTED))
    }
}

/// What is expected where there is no moment.
const EXPECTED: &str = "a timestamp, epoch seconds or ISO 8601 text";

super::deserialize::readable! { Timestamp }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn every_notation_is_read_and_written_as_epoch_seconds() {
        for (value, seconds) in [
            (json!(1731500000), 1731500000),
            (json!(1731500000123_i64), 1731500000123),
            (json!(-86400), -86400),
            (json!(2738966400_i64), 2738966400),
            (json!(0), 0),
            (json!(1731500000.25), 1731500000),
            (json!(-0.5), -1),
            (json!("1731500000"), 1731500000),
            (json!("2024-11-13T12:13:20Z"), 1731500000),
            (json!("2024-11-13T12:13:20.123+02:00"), 1731492800),
            (json!("2024-11-13T12:13:20.000+0000"), 1731500000),
            (json!("2024-11-13"), 1731456000),
            (json!("2024-11-13 12:13:20 UTC"), 1731500000),
        ] {
            let timestamp: Timestamp = from_value(value.clone()).unwrap();
            assert_eq!(timestamp.as_seconds(), seconds, "{value}");
            assert_eq!(to_value(timestamp).unwrap(), json!(seconds), "{value}");
        }
    }

    /// What is no integer is kept by the object around it.
    #[test]
    fn only_integers_are_not_kept() {
        for (text, kept) in [
            ("1731500000", false),
            ("\"1731500000\"", true),
            ("1731500000.0", true),
            ("1731500000.25", true),
            ("\"2024-11-13T12:13:20Z\"", true),
        ] {
            let mut reader = Reader::new(text);
            Timestamp::decode(&mut reader).unwrap();
            assert_eq!(reader.kept, kept, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_without_showing_it() {
        for value in [
            json!("soon"),
            json!(""),
            json!({}),
            json!([]),
            json!(true),
            json!(u64::MAX),
        ] {
            let error = from_value::<Timestamp>(value).unwrap_err().to_string();
            assert!(!error.contains("soon"), "{error}");
        }
        assert!(from_value::<Timestamp>(Value::Null).is_err());
    }

    #[test]
    fn order_and_equality_go_by_the_moment() {
        let early = Timestamp::from(-1);
        let late: Timestamp = from_value(json!("1970-01-01T00:00:00.5Z")).unwrap();
        assert!(early < Timestamp::from(0) && Timestamp::from(0) < late && late < Timestamp::from(1));
        assert_eq!(
            Timestamp::from(0),
            from_value(json!("1970-01-01T02:00:00+02:00")).unwrap()
        );
    }

    #[test]
    fn chrono_both_ways() {
        let moment = DateTime::from_timestamp(2738966400, 0).unwrap();
        assert_eq!(DateTime::try_from(Timestamp::from(moment)), Ok(moment));
        let milliseconds = Timestamp::from(1731500000123_i64);
        assert_eq!(milliseconds.to_datetime_from_millis().unwrap().timestamp(), 1731500000);
        assert_eq!(Timestamp::from(i64::MAX).to_datetime(), Err(OutOfRange(())));
        assert_eq!(Timestamp::from(i64::MAX).to_string(), i64::MAX.to_string());
        assert_eq!(Timestamp::from(-86400).to_string(), "1969-12-31T00:00:00Z");
    }
}
