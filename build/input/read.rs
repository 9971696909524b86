//! Reads a description or an overlay, a YAML or JSON file, as a JSON value.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Value};

use super::super::failure::Failure;

/// Reads a file as YAML or JSON. A file that starts with `{` is parsed as JSON, so that errors are
/// those of JSON.
pub fn read(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            "read",
            format!("cannot be read: {error}"),
            "make sure that the file exists, is readable, and is UTF-8; relative paths in INTERCOM_OPENAPI and INTERCOM_OVERLAY \
             are relative to the folder of intercom-client, so set them in .cargo/config.toml as `[env]` NAME = { value = \
             \"api.yaml\", relative = true }",
        )
        .in_file(path.display().to_string())
    })?;
    parse(&text).map_err(|failure| failure.in_file(path.display().to_string()))
}

/// Parses YAML or JSON text.
pub fn parse(text: &str) -> Result<Value, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| {
            Failure::new(
                "read",
                format!("is not valid JSON: {error}"),
                "correct the JSON at this place",
            )
            .at(format!("line {} column {}", error.line(), error.column()))
        });
    }
    let Yaml(value) = serde_norway::from_str(text).map_err(|error| {
        let place = error
            .location()
            .map(|l| format!("line {} column {}", l.line(), l.column()))
            .unwrap_or_default();
        Failure::new(
            "read",
            format!("is not valid YAML: {error}"),
            "correct the YAML at this place",
        )
        .at(place)
    })?;
    Ok(value)
}

/// A YAML value as JSON. Keys become strings, merge keys are merged, tags are ignored, and numbers
/// that JSON cannot represent become strings.
struct Yaml(Value);

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyYaml).map(Self)
    }
}

struct AnyYaml;

impl<'de> Visitor<'de> for AnyYaml {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(value.to_string().into())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        Ok(value.to_string().into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(match serde_json::Number::from_f64(value) {
            Some(number) => number.into(),
            None => value.to_string().into(),
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Yaml(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut merged = Vec::new();
        while let Some((Yaml(key), Yaml(value))) = entries.next_entry()? {
            match key {
                Value::String(key) if key == "<<" => merged.push(value),
                Value::String(key) => drop(object.insert(key, value)),
                key => drop(object.insert(key.to_string(), value)),
            }
        }
        // Own keys override merged ones, and earlier merges override later ones.
        while let Some(value) = merged.pop() {
            match value {
                Value::Array(several) => merged.extend(several.into_iter().rev()),
                Value::Object(other) => {
                    for (key, value) in other {
                        object.entry(key).or_insert(value);
                    }
                }
                _ => {}
            }
        }
        Ok(object.into())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (Yaml(_), value) = tagged.variant()?;
        value.newtype_variant().map(|Yaml(value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_and_json_are_read_alike() {
        let yaml = parse("a:\n  200: [1, 1.5, null, 'x']\n  true: yes\n").unwrap();
        assert_eq!(yaml, json!({"a": {"200": [1, 1.5, null, "x"], "true": "yes"}}));
        assert_eq!(parse(r#"  {"a": 1}"#).unwrap(), json!({"a": 1}));
        assert_eq!(parse("\u{feff}a: 1").unwrap(), parse("\u{feff}{\"a\": 1}").unwrap());
    }

    #[test]
    fn syntax_errors_name_line_and_column() {
        let failure = parse("a: 1\nb: [1,\n").unwrap_err();
        assert!(failure.at.starts_with("line "), "{failure}");
        assert!(failure.problem.contains("not valid YAML"), "{failure}");
        let failure = parse("{\n  \"a\": 1,,\n}").unwrap_err();
        assert_eq!(failure.at, "line 2 column 10", "{failure}");
        assert!(failure.problem.contains("not valid JSON"), "{failure}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let failure = read(Path::new("/nowhere/api.yaml")).unwrap_err();
        assert_eq!(failure.file, "/nowhere/api.yaml");
        assert!(failure.problem.starts_with("cannot be read"), "{failure}");
    }

    #[test]
    fn yaml_without_json_equivalent_is_converted() {
        let value = parse("a: .nan\nb: !odd 1\n? [1]\n: 2\nc: 123456789012345678901234567890\n").unwrap();
        let expected = json!({"a": "NaN", "b": 1, "[1]": 2, "c": "123456789012345678901234567890"});
        assert_eq!(value, expected);
    }

    #[test]
    fn merge_keys_are_merged() {
        let value = parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\nd: {<<: *a}\n").unwrap();
        assert_eq!(value["c"], json!({"x": 0, "y": 2, "z": 4}));
        assert_eq!(value["d"], json!({"x": 1, "y": 2}));
    }
}
