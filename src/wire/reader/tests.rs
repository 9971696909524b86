use super::*;
use crate::wire::decode::Decode;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(text: &str) -> Option<Value> {
    let mut reader = Reader::new(text);
    let value = Value::decode(&mut reader).ok()?;
    reader.end().ok().map(|()| value)
}

/// Reads a text, and checks that `skip` accepts and rejects the same texts.
fn read_and_skip(text: &str) -> Option<Value> {
    let value = read(text);
    let mut reader = Reader::new(text);
    let skipped = reader.skip().is_ok() && reader.end().is_ok();
    assert_eq!(skipped, value.is_some(), "{text}");
    value
}

#[test]
fn values_equal_those_of_serde_json() {
    for text in [
        r#"{"type":"list","data":[{"id":"7","name":null,"open":true,"read":false}],"pages":{"next":null}}"#,
        " { \"a\" :\t[ 1 , -2 , 0 ] ,\r\n \"b\" : { } , \"c\" : [ ] } ",
        r#"{"body":"<p class=\"x\">caf\u00e9 \ud83d\ude00 \/</p>\n","emoji":"😀","key \"quoted\"":"\\"}"#,
        "[0.5,-1.25e3,1E-2,99.90,-0,0e0,1e+2]",
        "[999999999999999999,-999999999999999999,9223372036854775807,-9223372036854775808,18446744073709551615]",
        "\"\"",
        "\"twelve bytes\"",
        r#""\"\\\/\b\f\n\r\t""#,
    ] {
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read_and_skip(text), Some(expected), "{text}");
    }
    assert_eq!(
        read_and_skip(r#"{"a":1,"a":2}"#),
        Some(json!({"a": 2})),
        "the last value counts"
    );
}

#[test]
fn floats_equal_those_of_the_standard_library() {
    for text in [
        "449.49106478873813",
        "0.1",
        "-7.0e-10",
        "1.7976931348623157e308",
        "5e-324",
        "123456789.12345678",
    ] {
        let value = read(text).unwrap().as_f64().unwrap();
        assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn unpaired_surrogates_become_replacement_characters() {
    let mut reader = Reader::new(r#"["a\ud83db","\ud83d\u0041","\udc00","\ud83d\ud83d\ude00"]"#);
    let value = Value::decode(&mut reader).unwrap();
    assert_eq!(value, json!(["a\u{fffd}b", "\u{fffd}A", "\u{fffd}", "\u{fffd}😀"]));
    assert!(reader.keep_text);
}

#[test]
fn invalid_json_is_rejected() {
    let deep = "[".repeat(MAX_DEPTH as usize + 1) + &"]".repeat(MAX_DEPTH as usize + 1);
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1,}",
        "{a:1}",
        "{,}",
        "[}",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"\u{0}\"",
        "nul",
        "nulls",
        "truth",
        "+1",
        "-",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 1",
        "NaN",
        "\u{a0}1",
        "{\"a\":}",
        "{1:2}",
        "]",
        "}",
    ] {
        assert_eq!(read_and_skip(text), None, "{text}");
    }
    assert_eq!(read_and_skip(&deep), None);
    assert!(read_and_skip(&deep[1..deep.len() - 1]).is_some());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-999..999_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\]{0,12}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn valid_and_invalid_texts_read_as_by_serde_json(
        value in values(),
        pretty in any::<bool>(),
        position in any::<prop::sample::Index>(),
        cut in 0..3_usize,
        insertion in prop_oneof![Just(String::new()), "[\\[\\]{}\",:\\\\0-9eE.+\\- tfn\n]{1,3}", any::<char>().prop_map(String::from)],
    ) {
        let mut text = if pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert_eq!(read_and_skip(&text), serde_json::from_str(&text).ok(), "{}", text);
        // The same text with a mistake.
        let positions: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let start = position.index(positions.len());
        let end = positions.get(start + cut).copied().unwrap_or(text.len());
        text.replace_range(positions[start]..end, &insertion);
        let expected = serde_json::from_str::<Value>(&text);
        match expected {
            Ok(expected) => prop_assert_eq!(read_and_skip(&text), Some(expected), "{}", text),
            // `serde_json` rejects numbers out of range and unpaired surrogates.
            Err(error) if error.to_string().contains("out of range") => {}
            Err(error) if error.to_string().contains("surrogate") || error.to_string().contains("hex escape") => {}
            Err(_) => prop_assert_eq!(read_and_skip(&text), None, "{}", text),
        }
    }

    #[test]
    fn plain_length_ends_at_the_first_special_byte(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a')], 0..40)) {
        let end = bytes.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'));
        prop_assert_eq!(plain_length(&bytes), end.unwrap_or(bytes.len()));
    }
}
