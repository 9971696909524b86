//! Checks that times are given in epoch seconds and not in milliseconds.

#[cfg(feature = "client")]
use serde_json::Value;

use super::invalid_field::InvalidField;
use crate::wire::timestamp::{Timestamp, YEAR_2200};

/// The reason for which a time after the year 2200 is refused.
pub(crate) const MILLISECONDS: &str = "the time is after the year 2200, but the API takes seconds: milliseconds?";

/// Returns the time if it can be in seconds.
pub(crate) fn in_seconds(time: impl Into<Timestamp>) -> Result<Timestamp, InvalidField> {
    let time = time.into();
    match time.as_seconds() < YEAR_2200 {
        true => Ok(time),
        false => Err(InvalidField::new(MILLISECONDS)),
    }
}

/// Returns `true` if a search field is one of the API's own dates, judged by its name.
#[cfg(feature = "client")]
pub(crate) fn is_date_field(name: &str) -> bool {
    let date = ["_at", "_since", "_until"].iter().any(|end| name.ends_with(end));
    date && !name.starts_with("custom_attributes.")
}

/// Returns `true` if a search value, or an entry of a list of values, is a number of seconds after the year 2200.
#[cfg(feature = "client")]
pub(crate) fn is_in_milliseconds(value: &Value) -> bool {
    let late = |seconds: f64| seconds >= YEAR_2200 as f64;
    match value {
        Value::Number(number) => number.as_f64().is_some_and(late),
        Value::String(text) => text.parse().is_ok_and(late),
        Value::Array(values) => values.iter().any(is_in_milliseconds),
        _ => false,
    }
}

/// Returns the name of the first date field that a search filter compares with a time in milliseconds.
#[cfg(feature = "client")]
pub(crate) fn field_in_milliseconds(filter: &Value) -> Option<&str> {
    let (operator, value) = (filter.get("operator")?.as_str()?, filter.get("value")?);
    match value {
        Value::Array(filters) if matches!(operator, "AND" | "OR") => filters.iter().find_map(field_in_milliseconds),
        value => {
            let field = filter.get("field")?.as_str()?;
            (is_date_field(field) && is_in_milliseconds(value)).then_some(field)
        }
    }
}
