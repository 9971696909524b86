//! JSON to the digit, read by another reader than the crate's: numbers are kept as they are written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A JSON value whose numbers are text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub(crate) fn read(text: &str) -> Self {
        let items = |items: Vec<&RawValue>| items.into_iter().map(|item| Self::read(item.get())).collect();
        let text = text.trim();
        match text.as_bytes()[0] {
            b'{' => {
                let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
                let read = |(name, value): (String, &RawValue)| (name, Self::read(value.get()));
                Self::Object(entries.into_iter().map(read).collect())
            }
            b'[' => Self::List(items(serde_json::from_str(text).unwrap())),
            b'"' => Self::Text(serde_json::from_str(text).unwrap()),
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A number as sign, digits without zeros around them, and the power of ten of the last digit: equal where the numbers are.
/// `None` for what is no number.
pub(crate) fn number(text: &str) -> Option<(bool, String, i64)> {
    let text = text.trim();
    serde_json::from_str::<&RawValue>(text).ok()?;
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    rest.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    let digits = format!("{whole}{fraction}");
    let last = exponent - fraction.len() as i64;
    let significant = digits.trim_start_matches('0');
    let bare = significant.trim_end_matches('0');
    if bare.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((
        negative,
        bare.to_owned(),
        last + (significant.len() - bare.len()) as i64,
    ))
}

#[test]
fn numbers_are_equal_by_their_value() {
    for (a, b) in [
        ("100", "1e2"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("12.0", "12"),
        ("0.5e1", "5"),
        ("1E-2", "0.01"),
    ] {
        assert_eq!(number(a), number(b), "{a} {b}");
        assert!(number(a).is_some());
    }
    for (a, b) in [
        ("449.49106478873813", "449.4910647887382"),
        ("9007199254740993", "9007199254740992"),
        ("1", "-1"),
    ] {
        assert_ne!(number(a), number(b), "{a} {b}");
    }
    assert_eq!((number("true"), number("012"), number("")), (None, None, None));
}
