//! Searches: matching records against a query, and the order of values.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::call::ApiError;

/// The number of levels of nested groups that a query may have.
const MAX_GROUP_LEVELS: usize = 2;
/// The number of filters and groups that a group may contain.
const MAX_GROUP_FILTERS: usize = 15;
const DAY_SECONDS: f64 = 86_400.0;

/// The comparison of values in a search. The API documents it per kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ComparisonMode {
    /// Timestamps are compared by UTC day. Only `=`, `>` and `<` are supported on them.
    WholeDays,
    /// `>` and `<` include equal values.
    Inclusive,
}

/// The values of a field of a record. Empty if the field is null.
pub(super) type FieldValues<'r> = Vec<Cow<'r, Value>>;

/// Returns `true` if a field contains a timestamp.
fn is_timestamp(field: &str) -> bool {
    field.ends_with("_at")
}

/// Checks that a query is valid. `is_searchable` reports whether a field can be compared.
pub(super) fn check(
    query: &Value,
    comparison: ComparisonMode,
    is_searchable: &dyn Fn(&str) -> bool,
) -> Result<(), ApiError> {
    check_at(query, 0, comparison, is_searchable)
}

fn check_at(
    query: &Value,
    level: usize,
    comparison: ComparisonMode,
    is_searchable: &dyn Fn(&str) -> bool,
) -> Result<(), ApiError> {
    let (operator, value) = (query["operator"].as_str().unwrap_or_default(), &query["value"]);
    if let Some(field) = query["field"].as_str() {
        let operators = ["=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$"];
        if !operators.contains(&operator) {
            return Err(ApiError::invalid_parameter(format!("{operator:?} is not an operator")));
        }
        if !is_searchable(field) {
            return Err(ApiError::not_modelled(format!(
                "the mock cannot compare the field {field}"
            )));
        }
        let takes_list = ["IN", "NIN"].contains(&operator);
        if takes_list != value.is_array() {
            return Err(ApiError::invalid_parameter(format!(
                "the value of {field} does not fit the operator {operator}"
            )));
        }
        if comparison == ComparisonMode::WholeDays && is_timestamp(field) && !["=", ">", "<"].contains(&operator) {
            return Err(ApiError::invalid_parameter(format!(
                "{operator} is not supported on the date {field}"
            )));
        }
        return Ok(());
    }
    let Some(group) = value.as_array().filter(|_| ["AND", "OR"].contains(&operator)) else {
        return Err(ApiError::invalid_parameter(
            "a query is a filter, or a group of filters with AND or OR",
        ));
    };
    if level == MAX_GROUP_LEVELS || group.len() > MAX_GROUP_FILTERS {
        return Err(ApiError::invalid_parameter(format!(
            "a query has at most {MAX_GROUP_LEVELS} levels of groups, with {MAX_GROUP_FILTERS} filters each"
        )));
    }
    group
        .iter()
        .try_for_each(|query| check_at(query, level + 1, comparison, is_searchable))
}

/// Returns the field and value of an equality filter that every result must match, if the query has
/// one.
pub(super) fn required_equality(query: &Value) -> Option<(&str, &Value)> {
    match (query["field"].as_str(), query["operator"].as_str()?) {
        (Some(field), "=") if !is_timestamp(field) => Some((field, &query["value"])),
        (None, "AND") => query["value"].as_array()?.iter().find_map(required_equality),
        _ => None,
    }
}

/// Returns `true` if a record matches a query. `values_of` returns the values of a field.
pub(super) fn matches<'r>(
    query: &Value,
    comparison: ComparisonMode,
    values_of: &dyn Fn(&str) -> FieldValues<'r>,
) -> bool {
    let (operator, value) = (query["operator"].as_str().unwrap_or_default(), &query["value"]);
    let Some(field) = query["field"].as_str() else {
        let mut group = value.as_array().into_iter().flatten();
        return match operator {
            "OR" => group.any(|query| matches(query, comparison, values_of)),
            _ => group.all(|query| matches(query, comparison, values_of)),
        };
    };
    let held = values_of(field);
    let by_day = comparison == ComparisonMode::WholeDays && is_timestamp(field);
    let any = |predicate: &dyn Fn(&Value, &Value) -> bool| match value {
        Value::Array(values) => values.iter().any(|value| any_of(&held, value, predicate)),
        value => any_of(&held, value, predicate),
    };
    let same = |held: &Value, value: &Value| match by_day {
        true => compare(held, value, by_day) == Some(Ordering::Equal),
        false => is_same(held, value),
    };
    let ordered = |is: fn(Ordering) -> bool| any(&|held, value| compare(held, value, by_day).is_some_and(is));
    let inclusive = comparison == ComparisonMode::Inclusive;
    match operator {
        "=" | "IN" => any(&same),
        "!=" | "NIN" => !any(&same),
        ">" if !inclusive => ordered(Ordering::is_gt),
        "<" if !inclusive => ordered(Ordering::is_lt),
        ">" | ">=" => ordered(Ordering::is_ge),
        "<" | "<=" => ordered(Ordering::is_le),
        "~" => any(&|held, value| text(held).contains(&text(value))),
        "!~" => !any(&|held, value| text(held).contains(&text(value))),
        "^" => any(&|held, value| text(held).starts_with(&text(value))),
        "$" => any(&|held, value| text(held).ends_with(&text(value))),
        _ => false,
    }
}

/// Returns `true` if the predicate holds for a value of the field, or for null if the field has no
/// values.
fn any_of(held: &[Cow<'_, Value>], value: &Value, predicate: &dyn Fn(&Value, &Value) -> bool) -> bool {
    match held.is_empty() {
        true => predicate(&Value::Null, value),
        false => held.iter().any(|held| predicate(held, value)),
    }
}

fn text(value: &Value) -> String {
    text_of(value).to_lowercase()
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        Value::Null => "".into(),
        other => other.to_string().into(),
    }
}

/// Compares two values. Numbers may be sent as strings.
fn is_same(held: &Value, value: &Value) -> bool {
    held == value || (!held.is_null() && !value.is_null() && text_of(held) == text_of(value))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn compare(held: &Value, value: &Value, by_day: bool) -> Option<Ordering> {
    match (number(held), number(value)) {
        (Some(held), Some(value)) if by_day => (held / DAY_SECONDS).floor().partial_cmp(&(value / DAY_SECONDS).floor()),
        (Some(held), Some(value)) => held.partial_cmp(&value),
        _ => Some(held.as_str()?.cmp(value.as_str()?)),
    }
}

/// Compares any two values for sorting. Numbers are less than other strings, and greater than the
/// remaining types.
pub(super) fn compare_any(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match (number(value), value) {
        (Some(_), _) => 1,
        (None, Value::String(_)) => 2,
        _ => 0,
    };
    rank(one)
        .cmp(&rank(other))
        .then_with(|| match (number(one), number(other)) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => one.as_str().cmp(&other.as_str()),
        })
}

#[cfg(test)]
mod tests {
    use super::super::store::field_of;
    use super::*;
    use serde_json::json;

    fn record_matches(record: &Value, query: &Value, comparison: ComparisonMode) -> bool {
        matches(query, comparison, &|field| match field_of(record, field) {
            Value::Array(values) => values.iter().map(Cow::Borrowed).collect(),
            Value::Null => Vec::new(),
            value => vec![Cow::Borrowed(value)],
        })
    }

    #[test]
    fn query_matches_by_filters_and_groups() {
        let record =
            json!({"role": "user", "seats": 40, "ids": ["1", "2"], "author": {"email": "Ada@juniper.example"}});
        let is = |field: &str, operator: &str, value: Value| {
            let query = json!({"field": field, "operator": operator, "value": value});
            record_matches(&record, &query, ComparisonMode::WholeDays)
        };
        assert!(is("role", "=", json!("user")) && !is("role", "!=", json!("user")));
        assert!(is("seats", "=", json!("40")) && is("seats", ">", json!("39")) && is("seats", "<", json!(41)));
        assert!(!is("seats", ">", json!(40)) && !is("seats", "<", json!(40)));
        assert!(is("seats", ">=", json!(40)) && is("seats", "<=", json!(40)));
        assert!(!is("seats", ">=", json!(41)) && !is("seats", "<=", json!(39)));
        assert!(is("role", "IN", json!(["lead", "user"])) && is("role", "NIN", json!(["lead"])));
        assert!(is("author.email", "$", json!("@JUNIPER.example")) && is("author.email", "^", json!("ada")));
        assert!(is("gone", "=", json!(null)) && !is("gone", ">", json!(0)) && !is("role", "?", json!("user")));
        assert!(is("ids", "=", json!("2")) && is("ids", "!=", json!("3")) && !is("ids", "NIN", json!(["1"])));
        let group = |operator: &str| {
            let one = json!({"field": "role", "operator": "=", "value": "user"});
            let other = json!({"field": "role", "operator": "=", "value": "lead"});
            record_matches(
                &record,
                &json!({"operator": operator, "value": [one, other]}),
                ComparisonMode::WholeDays,
            )
        };
        assert!(group("OR") && !group("AND"));
    }

    #[test]
    fn timestamps_compare_by_day_or_inclusively() {
        // Noon of a day, and the offsets of its first and last second.
        let (noon, first, last) = (1_700_049_600 - 1_700_049_600 % 86_400 + 43_200, -43_200, 43_199);
        let record = json!({"created_at": noon});
        let is = |operator: &str, offset: i64, comparison| {
            let query = json!({"field": "created_at", "operator": operator, "value": noon + offset});
            record_matches(&record, &query, comparison)
        };
        for offset in [first, 0, last] {
            assert!(is("=", offset, ComparisonMode::WholeDays), "{offset}");
            assert!(
                !is(">", offset, ComparisonMode::WholeDays) && !is("<", offset, ComparisonMode::WholeDays),
                "{offset}"
            );
        }
        assert!(is(">", first - 1, ComparisonMode::WholeDays) && is("<", last + 1, ComparisonMode::WholeDays));
        assert!(is(">", 0, ComparisonMode::Inclusive) && is("<", 0, ComparisonMode::Inclusive));
        assert!(!is(">", 1, ComparisonMode::Inclusive) && !is("<", -1, ComparisonMode::Inclusive));
    }

    #[test]
    fn invalid_queries_are_rejected() {
        let check =
            |query: Value| check(&query, ComparisonMode::WholeDays, &|field| field != "unknown").map_err(|e| e.status);
        let filter =
            |field: &str, operator: &str, value: Value| json!({"field": field, "operator": operator, "value": value});
        let valid = filter("email", "=", json!("a"));
        assert_eq!(check(valid.clone()), Ok(()));
        assert_eq!(check(filter("unknown", "=", json!("a"))), Err(501));
        for query in [
            filter("email", "?", json!("a")),
            filter("email", "IN", json!("a")),
            filter("email", "=", json!(["a"])),
            filter("created_at", ">=", json!(1)),
            json!({"operator": "XOR", "value": [valid]}),
            json!({"operator": "AND", "value": vec![valid.clone(); 16]}),
            json!({"operator": "AND", "value": [{"operator": "OR", "value": [{"operator": "AND", "value": [valid]}]}]}),
        ] {
            assert_eq!(check(query.clone()), Err(400), "{query}");
        }
    }

    #[test]
    fn values_of_all_types_are_ordered() {
        let values = [json!(null), json!(9), json!("10"), json!("a"), json!("b")];
        assert!(values.is_sorted_by(|one, other| compare_any(one, other).is_le()));
    }
}
