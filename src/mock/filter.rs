//! Searches: which records a query finds, and in which order.

use std::cmp::Ordering;

use serde_json::Value;

/// Whether a record is what the query of a search asks for: filters, and groups of them.
pub(super) fn finds(query: &Value, record: &Value) -> bool {
    let (operator, value) = (query["operator"].as_str().unwrap_or_default(), &query["value"]);
    let Some(field) = query["field"].as_str() else {
        let mut group = value.as_array().into_iter().flatten();
        return match operator {
            "OR" => group.any(|query| finds(query, record)),
            _ => group.all(|query| finds(query, record)),
        };
    };
    let held = field_of(record, field);
    let any = |holds: &dyn Fn(&Value) -> bool| match value {
        Value::Array(values) => values.iter().any(holds),
        value => holds(value),
    };
    let text = |value: &Value| text_of(value).to_lowercase();
    match operator {
        "=" | "IN" => any(&|value| is_same(held, value)),
        "!=" | "NIN" => !any(&|value| is_same(held, value)),
        ">" => compare(held, value) == Some(Ordering::Greater),
        "<" => compare(held, value) == Some(Ordering::Less),
        ">=" => compare(held, value).is_some_and(Ordering::is_ge),
        "<=" => compare(held, value).is_some_and(Ordering::is_le),
        "~" => text(held).contains(&text(value)),
        "!~" => !text(held).contains(&text(value)),
        "^" => text(held).starts_with(&text(value)),
        "$" => text(held).ends_with(&text(value)),
        _ => false,
    }
}

/// Orders records as the `sort` of a search asks.
pub(super) fn order(sort: &Value, one: &Value, other: &Value) -> Ordering {
    let Some(field) = sort["field"].as_str() else {
        return Ordering::Equal;
    };
    let order = in_order(field_of(one, field), field_of(other, field));
    match sort["order"].as_str() {
        Some("ascending") => order,
        _ => order.reverse(),
    }
}

/// What a record has under a name such as `source.author.email`.
fn field_of<'a>(record: &'a Value, name: &str) -> &'a Value {
    name.split('.').fold(record, |value, name| &value[name])
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Numbers come as text too.
fn is_same(held: &Value, value: &Value) -> bool {
    held == value || (!held.is_null() && !value.is_null() && text_of(held) == text_of(value))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn compare(held: &Value, value: &Value) -> Option<Ordering> {
    match (number(held), number(value)) {
        (Some(held), Some(value)) => held.partial_cmp(&value),
        _ => Some(held.as_str()?.cmp(value.as_str()?)),
    }
}

/// An order of all values, which sorting needs: what is neither number nor text, then numbers, then texts.
fn in_order(one: &Value, other: &Value) -> Ordering {
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
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_and_groups_find_records() {
        let record = json!({"role": "user", "seats": 40, "source": {"author": {"email": "Ada@juniper.example"}}});
        let is = |field: &str, operator: &str, value: Value| {
            finds(&json!({"field": field, "operator": operator, "value": value}), &record)
        };
        assert!(is("role", "=", json!("user")) && !is("role", "!=", json!("user")));
        assert!(is("seats", "=", json!("40")) && is("seats", ">", json!("39")) && is("seats", "<", json!(41)));
        assert!(is("seats", ">=", json!(40)) && is("seats", "<=", json!(40)));
        assert!(!is("seats", ">=", json!(41)) && !is("seats", "<=", json!(39)));
        assert!(is("role", "IN", json!(["lead", "user"])) && is("role", "NIN", json!(["lead"])));
        assert!(
            is("source.author.email", "$", json!("@JUNIPER.example")) && is("source.author.email", "^", json!("ada"))
        );
        assert!(is("gone", "=", json!(null)) && !is("gone", ">", json!(0)) && !is("role", "?", json!("user")));
        let group = |operator: &str| {
            let one = json!({"field": "role", "operator": "=", "value": "user"});
            let other = json!({"field": "role", "operator": "=", "value": "lead"});
            finds(&json!({"operator": operator, "value": [one, other]}), &record)
        };
        assert!(group("OR") && !group("AND"));
    }

    #[test]
    fn sorts_order_by_numbers_and_texts() {
        let (one, other) = (json!({"at": 9, "name": "b"}), json!({"at": 10, "name": "a"}));
        let by = |field: &str, way: &str| order(&json!({"field": field, "order": way}), &one, &other);
        assert_eq!(
            (by("at", "ascending"), by("at", "descending")),
            (Ordering::Less, Ordering::Greater)
        );
        assert_eq!(
            (by("name", "ascending"), by("gone", "ascending")),
            (Ordering::Greater, Ordering::Equal)
        );
    }
}
