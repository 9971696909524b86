//! Points in time, which Intercom sends as epoch seconds or as text.

use std::fmt;
use std::num::NonZeroU32;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use serde::{Serialize, Serializer};

use super::decode::{Decode, integer_of, number_in_string};
use super::reader::{Fault, Number, Reader};

/// A point in time, decoded from epoch seconds or from ISO 8601 text.
///
/// Any 64-bit integer is accepted, including times before 1970 and after 2038. Some servers send milliseconds in a few fields.
/// They are not converted automatically: [`Timestamp::to_datetime`] interprets an integer as seconds,
/// [`Timestamp::to_datetime_from_millis`] as milliseconds.
///
/// A timestamp is serialized as epoch seconds, rounded down, as requests require. In an object that was received with text or a
/// fraction, an unchanged timestamp is serialized as received. `Display` shows RFC 3339, or the number of seconds if it is
/// outside the range of the calendar.
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
    /// Nanoseconds plus one. A non-zero field allows `Option<Timestamp>` to have the same size.
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

/// The first second of the year 2200. A larger value is most likely in milliseconds.
pub(crate) const YEAR_2200: i64 = 7_258_118_400;

/// The error for a [`Timestamp`] that is outside the range of the calendar, about 262,000 years before and after the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange(());

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timestamp out of range")
    }
}

impl std::error::Error for OutOfRange {}

impl Timestamp {
    /// Creates a timestamp from epoch seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: NonZeroU32::MIN,
        }
    }

    /// Returns the epoch seconds, rounded down.
    pub const fn as_seconds(&self) -> i64 {
        self.seconds
    }

    /// Converts to a date and time, interpreting an integer as seconds.
    ///
    /// # Errors
    ///
    /// Returns [`OutOfRange`] if the calendar does not contain the date. This is often a sign of milliseconds.
    pub fn to_datetime(&self) -> Result<DateTime<Utc>, OutOfRange> {
        DateTime::from_timestamp(self.seconds, self.nanoseconds.get() - 1).ok_or(OutOfRange(()))
    }

    /// Converts to a date and time, interpreting an integer as milliseconds.
    ///
    /// # Errors
    ///
    /// Returns [`OutOfRange`] if the calendar does not contain the date.
    pub fn to_datetime_from_millis(&self) -> Result<DateTime<Utc>, OutOfRange> {
        DateTime::from_timestamp_millis(self.seconds).ok_or(OutOfRange(()))
    }

    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let date_time = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z"))
            .or_else(|_| DateTime::parse_from_rfc2822(text))
            .map(|date_time| date_time.with_timezone(&Utc))
            .or_else(|_| {
                let local = text.trim_end_matches(" UTC");
                NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f")
                    .or_else(|_| NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f"))
                    .map(|date_time| date_time.and_utc())
            })
            .ok()
            .or_else(|| {
                let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                Some(day.and_hms_opt(0, 0, 0)?.and_utc())
            })?;
        Some(Self {
            seconds: date_time.timestamp(),
            nanoseconds: NonZeroU32::MIN.saturating_add(date_time.timestamp_subsec_nanos()),
        })
    }

    fn from_number(number: Number<'_>) -> Option<Self> {
        let seconds: f64 = match number {
            Number::Integer(seconds) => return Some(Self::from_seconds(seconds)),
            Number::Text(text) => text.parse().ok()?,
        };
        if let Some(seconds) = integer_of(seconds) {
            return Some(Self::from_seconds(seconds));
        }
        let floor = seconds.floor();
        // Larger floats have no fraction and do not represent every integer.
        const EXACT: f64 = (1_i64 << 53) as f64;
        (floor.abs() < EXACT).then(|| Self {
            seconds: floor as i64,
            nanoseconds: NonZeroU32::MIN.saturating_add(((seconds - floor) * 1e9).round().min(999_999_999.0) as u32),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Ok(date_time) => f.write_str(&date_time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
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

/// Converts to epoch seconds, rounded down.
impl<Tz: TimeZone> From<DateTime<Tz>> for Timestamp {
    fn from(date_time: DateTime<Tz>) -> Self {
        Self::from_seconds(date_time.timestamp())
    }
}

/// Converts to epoch seconds, rounded down.
impl From<SystemTime> for Timestamp {
    fn from(date_time: SystemTime) -> Self {
        let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self::from_seconds(match date_time.duration_since(UNIX_EPOCH) {
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

/// Serializes epoch seconds, rounded down.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.seconds)
    }
}

impl Decode for Timestamp {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if let Some(number) = reader.number()? {
            reader.keep_text = !matches!(number, Number::Integer(_));
            let timestamp = Self::from_number(number);
            return timestamp.ok_or_else(|| reader.wrong_type(EXPECTED));
        }
        let start = reader.position();
        if let Some(timestamp) = number_in_string(reader, Self::from_number)? {
            reader.keep_text = true;
            return Ok(timestamp);
        }
        reader.rewind(start);
        let text = reader.string()?;
        reader.keep_text = true;
        text.as_deref()
            .and_then(Self::from_text)
            .ok_or_else(|| reader.wrong_type(EXPECTED))
    }
}

/// The expected type, for error messages.
const EXPECTED: &str = "a timestamp, epoch seconds or ISO 8601 text";

super::deserialize::readable! { Timestamp }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn every_notation_is_decoded_and_serialized_as_epoch_seconds() {
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

    #[test]
    fn text_is_kept_unless_it_is_an_integer() {
        for (text, kept) in [
            ("1731500000", false),
            ("\"1731500000\"", true),
            ("1731500000.0", true),
            ("1731500000.25", true),
            ("\"2024-11-13T12:13:20Z\"", true),
        ] {
            let mut reader = Reader::new(text);
            Timestamp::decode(&mut reader).unwrap();
            assert_eq!(reader.keep_text, kept, "{text}");
        }
    }

    #[test]
    fn other_values_are_rejected_without_showing_them() {
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
    fn timestamps_are_compared_by_time() {
        let early = Timestamp::from(-1);
        let late: Timestamp = from_value(json!("1970-01-01T00:00:00.5Z")).unwrap();
        assert!(early < Timestamp::from(0) && Timestamp::from(0) < late && late < Timestamp::from(1));
        assert_eq!(
            Timestamp::from(0),
            from_value(json!("1970-01-01T02:00:00+02:00")).unwrap()
        );
    }

    #[test]
    fn timestamps_convert_from_and_to_chrono() {
        let date_time = DateTime::from_timestamp(2738966400, 0).unwrap();
        assert_eq!(DateTime::try_from(Timestamp::from(date_time)), Ok(date_time));
        let milliseconds = Timestamp::from(1731500000123_i64);
        assert_eq!(milliseconds.to_datetime_from_millis().unwrap().timestamp(), 1731500000);
        assert_eq!(Timestamp::from(i64::MAX).to_datetime(), Err(OutOfRange(())));
        assert_eq!(Timestamp::from(i64::MAX).to_string(), i64::MAX.to_string());
        assert_eq!(Timestamp::from(-86400).to_string(), "1969-12-31T00:00:00Z");
    }
}
