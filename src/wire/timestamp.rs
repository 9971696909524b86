//! Moments as Intercom sends them: epoch seconds, mostly.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::lenient::{Lenient, TEXT, integer_of};

/// A moment, as it came: epoch seconds as an integer, or ISO 8601 text where the server sends that.
///
/// An integer is kept as it is and sent back as it is, before 1970 and far beyond 2038 too. Some servers send
/// milliseconds in a few places; they are not guessed into seconds. [`Timestamp::to_datetime`] reads an integer as
/// seconds, [`Timestamp::to_datetime_from_millis`] as milliseconds.
///
/// Equality and order go by the moment, not by its notation. `Display` writes RFC 3339, or the bare number where the
/// calendar ends.
///
/// ```
/// use intercom_client::Timestamp;
///
/// let created = Timestamp::from(1_731_500_000);
/// assert_eq!(created.to_string(), "2024-11-13T12:13:20Z");
/// assert_eq!(created, serde_json::from_str("\"2024-11-13T12:13:20Z\"")?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Timestamp(Notation);

#[derive(Clone)]
enum Notation {
    Integer(i64),
    Fraction(f64),
    /// Rare, and boxed so that the others stay small.
    Text(Box<Text>),
}

#[derive(Clone)]
struct Text {
    text: String,
    moment: DateTime<Utc>,
}

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
        Self(Notation::Integer(seconds))
    }

    /// Epoch seconds, rounded down when it came with a fraction.
    pub fn as_seconds(&self) -> i64 {
        self.key().0
    }

    /// The moment as a date and time; an integer counts seconds.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] when the calendar does not reach that far, as for an integer that counts milliseconds or less.
    pub fn to_datetime(&self) -> Result<DateTime<Utc>, OutOfRange> {
        let (seconds, nanoseconds) = self.key();
        DateTime::from_timestamp(seconds, nanoseconds).ok_or(OutOfRange(()))
    }

    /// The moment as a date and time when an integer counts milliseconds; text is read as it is.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] when the calendar does not reach that far.
    pub fn to_datetime_from_millis(&self) -> Result<DateTime<Utc>, OutOfRange> {
        match &self.0 {
            Notation::Integer(milliseconds) => DateTime::from_timestamp_millis(*milliseconds).ok_or(OutOfRange(())),
            Notation::Fraction(milliseconds) => {
                DateTime::from_timestamp_millis(*milliseconds as i64).ok_or(OutOfRange(()))
            }
            Notation::Text(text) => Ok(text.moment),
        }
    }

    /// Seconds and nanoseconds since the epoch: what equality and order go by.
    fn key(&self) -> (i64, u32) {
        match &self.0 {
            Notation::Integer(seconds) => (*seconds, 0),
            Notation::Fraction(seconds) => {
                let whole = seconds.floor();
                let nanoseconds = ((seconds - whole) * 1e9).round().min(999_999_999.0);
                (whole as i64, nanoseconds as u32)
            }
            Notation::Text(text) => (text.moment.timestamp(), text.moment.timestamp_subsec_nanos()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let bare = text.trim();
        if let Ok(seconds) = bare.parse() {
            return Some(Self(Notation::Integer(seconds)));
        }
        if let Ok(seconds) = bare.parse::<f64>() {
            return Self::from_float(seconds);
        }
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
        let text = text.to_owned();
        Some(Self(Notation::Text(Box::new(Text { text, moment }))))
    }

    fn from_float(seconds: f64) -> Option<Self> {
        let whole = integer_of(seconds).map(Notation::Integer);
        seconds
            .is_finite()
            .then(|| Self(whole.unwrap_or(Notation::Fraction(seconds))))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
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

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Notation::Integer(seconds) => write!(f, "Timestamp({seconds})"),
            Notation::Fraction(seconds) => write!(f, "Timestamp({seconds})"),
            Notation::Text(text) => write!(f, "Timestamp({:?})", text.text),
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
impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::from_seconds(moment.timestamp())
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

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Notation::Integer(seconds) => serializer.serialize_i64(*seconds),
            Notation::Fraction(seconds) => serializer.serialize_f64(*seconds),
            Notation::Text(text) => serializer.serialize_str(&text.text),
        }
    }
}

impl<'de> Lenient<'de> for Timestamp {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moment;
        impl Visitor<'_> for Moment {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a timestamp, epoch seconds or ISO 8601 text")
            }
            #[inline]
            fn visit_i64<E>(self, seconds: i64) -> Result<Timestamp, E> {
                Ok(Timestamp::from_seconds(seconds))
            }
            #[inline]
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
                i64::try_from(seconds)
                    .map(Timestamp::from_seconds)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
            }
            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
                Timestamp::from_float(seconds).ok_or_else(|| E::invalid_value(de::Unexpected::Float(seconds), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::invalid_value(TEXT, &self))
            }
        }
        deserializer.deserialize_any(Moment)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn everything_round_trips_as_it_came() {
        for value in [
            json!(1731500000),
            json!(1731500000123_i64),
            json!(-86400),
            json!(2738966400_i64),
            json!(0),
            json!(1731500000.25),
            json!("2024-11-13T12:13:20Z"),
            json!("2024-11-13T12:13:20.123+02:00"),
            json!("2024-11-13T12:13:20.000+0000"),
            json!("2024-11-13"),
            json!("2024-11-13 12:13:20 UTC"),
        ] {
            let timestamp: Timestamp = from_value(value.clone()).unwrap();
            assert_eq!(to_value(&timestamp).unwrap(), value);
        }
        let text: Timestamp = from_value(json!("1731500000")).unwrap();
        assert_eq!(to_value(text).unwrap(), json!(1731500000));
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
