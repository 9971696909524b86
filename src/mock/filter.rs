//! Searches: which records a query finds, and in which order.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::call::Refusal;

/// Groups of filters in one another that a search takes.
const MOST_LEVELS: usize = 2;
/// Filters and groups that one group holds.
const MOST_FILTERS: usize = 15;
const DAY: f64 = 86_400.0;

/// How a search compares, as the API documents it for each kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Moments are whole days: `>` begins with the next one, `<` ends before that one, other operators are errors.
    WholeDays,
    /// `>` and `<` include the bound.
    Inclusive,
}

/// The values that a record has for a field; none where it has null.
pub(super) type Held<'r> = Vec<Cow<'r, Value>>;

/// Whether a field is a moment.
fn is_moment(field: &str) -> bool {
    field.ends_with("_at")
}

/// Checks a query before it is carried out. `knows` says whether records have a field.
pub(super) fn check(query: &Value, comparison: Comparison, knows: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    check_at(query, 0, comparison, knows)
}

fn check_at(query: &Value, level: usize, comparison: Comparison, knows: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    let (operator, value) = (query["operator"].as_str().unwrap_or_default(), &query["value"]);
    if let Some(field) = query["field"].as_str() {
        let known = ["=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$"];
        if !known.contains(&operator) {
            return Err(Refusal::invalid(format!("{operator:?} is not an operator")));
        }
        if !knows(field) {
            return Err(Refusal::not_modelled(format!(
                "the mock cannot compare the field {field}"
            )));
        }
        let listed = ["IN", "NIN"].contains(&operator);
        if listed != value.is_array() {
            return Err(Refusal::invalid(format!(
                "the value of {field} does not fit the operator {operator}"
            )));
        }
        if comparison == Comparison::WholeDays && is_moment(field) && !["=", ">", "<"].contains(&operator) {
            return Err(Refusal::invalid(format!(
                "{operator} is not supported on the date {field}"
            )));
        }
        return Ok(());
    }
    let Some(group) = value.as_array().filter(|_| ["AND", "OR"].contains(&operator)) else {
        return Err(Refusal::invalid(
            "a query is a filter, or AND or OR with a list of them",
        ));
    };
    if level == MOST_LEVELS || group.len() > MOST_FILTERS {
        return Err(Refusal::invalid(format!(
            "a query has at most {MOST_LEVELS} levels of groups, with {MOST_FILTERS} filters each"
        )));
    }
    group
        .iter()
        .try_for_each(|query| check_at(query, level + 1, comparison, knows))
}

/// A filter by equality that each record has to pass: its field and value.
pub(super) fn narrowest(query: &Value) -> Option<(&str, &Value)> {
    match (query["field"].as_str(), query["operator"].as_str()?) {
        (Some(field), "=") if !is_moment(field) => Some((field, &query["value"])),
        (None, "AND") => query["value"].as_array()?.iter().find_map(narrowest),
        _ => None,
    }
}

/// Whether a record is what a query asks for. `held` has the values of a field.
pub(super) fn finds<'r>(query: &Value, comparison: Comparison, held: &dyn Fn(&str) -> Held<'r>) -> bool {
    let (operator, value) = (query["operator"].as_str().unwrap_or_default(), &query["value"]);
    let Some(field) = query["field"].as_str() else {
        let mut group = value.as_array().into_iter().flatten();
        return match operator {
            "OR" => group.any(|query| finds(query, comparison, held)),
            _ => group.all(|query| finds(query, comparison, held)),
        };
    };
    let held = held(field);
    let days = comparison == Comparison::WholeDays && is_moment(field);
    let any = |holds: &dyn Fn(&Value, &Value) -> bool| match value {
        Value::Array(values) => values.iter().any(|value| any_of(&held, value, holds)),
        value => any_of(&held, value, holds),
    };
    let same = |held: &Value, value: &Value| match days {
        true => compare(held, value, days) == Some(Ordering::Equal),
        false => is_same(held, value),
    };
    let ordered = |is: fn(Ordering) -> bool| any(&|held, value| compare(held, value, days).is_some_and(is));
    let inclusive = comparison == Comparison::Inclusive;
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

/// Whether one of the values holds; of no values, whether null does.
fn any_of(held: &[Cow<'_, Value>], value: &Value, holds: &dyn Fn(&Value, &Value) -> bool) -> bool {
    match held.is_empty() {
        true => holds(&Value::Null, value),
        false => held.iter().any(|held| holds(held, value)),
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

/// Numbers are sent as text too.
fn is_same(held: &Value, value: &Value) -> bool {
    held == value || (!held.is_null() && !value.is_null() && text_of(held) == text_of(value))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn compare(held: &Value, value: &Value, days: bool) -> Option<Ordering> {
    match (number(held), number(value)) {
        (Some(held), Some(value)) if days => (held / DAY).floor().partial_cmp(&(value / DAY).floor()),
        (Some(held), Some(value)) => held.partial_cmp(&value),
        _ => Some(held.as_str()?.cmp(value.as_str()?)),
    }
}

/// An order of all values, which sorting needs: what is neither number nor text, then numbers, then texts.
pub(super) fn in_order(one: &Value, other: &Value) -> Ordering {
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

    fn finds_in(record: &Value, query: &Value, comparison: Comparison) -> bool {
        finds(query, comparison, &|field| match field_of(record, field) {
            Value::Array(values) => values.iter().map(Cow::Borrowed).collect(),
            Value::Null => Vec::new(),
            value => vec![Cow::Borrowed(value)],
        })
    }

    #[test]
    fn filters_and_groups_find_records() {
        let record =
            json!({"role": "user", "seats": 40, "ids": ["1", "2"], "author": {"email": "Ada@juniper.example"}});
        let is = |field: &str, operator: &str, value: Value| {
            let query = json!({"field": field, "operator": operator, "value": value});
            finds_in(&record, &query, Comparison::WholeDays)
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
            finds_in(
                &record,
                &json!({"operator": operator, "value": [one, other]}),
                Comparison::WholeDays,
            )
        };
        assert!(group("OR") && !group("AND"));
    }

    #[test]
    fn moments_are_compared_by_days_or_with_the_bound() {
        // Noon of a day, and the beginning and the end of that day.
        let (noon, begin, end) = (1_700_049_600 - 1_700_049_600 % 86_400 + 43_200, -43_200, 43_199);
        let record = json!({"created_at": noon});
        let is = |operator: &str, by: i64, comparison| {
            let query = json!({"field": "created_at", "operator": operator, "value": noon + by});
            finds_in(&record, &query, comparison)
        };
        for by in [begin, 0, end] {
            assert!(is("=", by, Comparison::WholeDays), "{by}");
            assert!(
                !is(">", by, Comparison::WholeDays) && !is("<", by, Comparison::WholeDays),
                "{by}"
            );
        }
        assert!(is(">", begin - 1, Comparison::WholeDays) && is("<", end + 1, Comparison::WholeDays));
        assert!(is(">", 0, Comparison::Inclusive) && is("<", 0, Comparison::Inclusive));
        assert!(!is(">", 1, Comparison::Inclusive) && !is("<", -1, Comparison::Inclusive));
    }

    #[test]
    fn queries_that_the_api_does_not_take_are_refused() {
        let check =
            |query: Value| check(&query, Comparison::WholeDays, &|field| field != "unknown").map_err(|e| e.status);
        let filter =
            |field: &str, operator: &str, value: Value| json!({"field": field, "operator": operator, "value": value});
        let fine = filter("email", "=", json!("a"));
        assert_eq!(check(fine.clone()), Ok(()));
        assert_eq!(check(filter("unknown", "=", json!("a"))), Err(501));
        for query in [
            filter("email", "?", json!("a")),
            filter("email", "IN", json!("a")),
            filter("email", "=", json!(["a"])),
            filter("created_at", ">=", json!(1)),
            json!({"operator": "XOR", "value": [fine]}),
            json!({"operator": "AND", "value": vec![fine.clone(); 16]}),
            json!({"operator": "AND", "value": [{"operator": "OR", "value": [{"operator": "AND", "value": [fine]}]}]}),
        ] {
            assert_eq!(check(query.clone()), Err(400), "{query}");
        }
    }

    #[test]
    fn values_have_an_order() {
        let values = [json!(null), json!(9), json!("10"), json!("a"), json!("b")];
        assert!(values.is_sorted_by(|one, other| in_order(one, other).is_le()));
    }
}
