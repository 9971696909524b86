//! Reads a description or an overlay: YAML or JSON, from a file into a JSON value.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::failure::Failure;

/// Reads `path` as YAML or JSON. A file that begins with `{` is taken for JSON, so that its errors are JSON's.
pub fn read(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            "read",
            format!("cannot be read: {error}"),
            "supply the file, readable and in UTF-8; a relative path in INTERCOM_OPENAPI or INTERCOM_OVERLAY starts in the \
             folder of intercom-client, so give it in .cargo/config.toml as `[env]` NAME = { value = \"api.yaml\", \
             relative = true }",
        )
        .in_file(path.display().to_string())
    })?;
    parse(&text).map_err(|failure| failure.in_file(path.display().to_string()))
}

/// Parses YAML or JSON text.
pub fn parse(text: &str) -> Result<Value, Failure> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| {
            Failure::new("read", format!("is not valid JSON: {error}"), "correct the JSON there").at(format!(
                "line {} column {}",
                error.line(),
                error.column()
            ))
        });
    }
    let yaml: serde_norway::Value = serde_norway::from_str(text).map_err(|error| {
        let place = error
            .location()
            .map(|l| format!("line {} column {}", l.line(), l.column()))
            .unwrap_or_default();
        Failure::new("read", format!("is not valid YAML: {error}"), "correct the YAML there").at(place)
    })?;
    to_json(yaml, "")
}

/// YAML to JSON: numeric and boolean keys (an unquoted `200:`) become their text, tags are refused.
fn to_json(yaml: serde_norway::Value, pointer: &str) -> Result<Value, Failure> {
    use serde_norway::Value as Yaml;
    let refuse = |what: &str| {
        Failure::new(
            "read",
            format!("holds {what}, which JSON cannot say"),
            "write plain YAML there",
        )
        .at(if pointer.is_empty() { "/" } else { pointer })
    };
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => Value::Bool(b),
        Yaml::String(s) => Value::String(s),
        // Infinite or not a number: `to_value` would make null of it.
        Yaml::Number(n) if n.as_f64().is_some_and(|float| !float.is_finite()) => {
            return Err(refuse(&format!("the number {n}")));
        }
        Yaml::Number(n) => serde_json::to_value(&n).map_err(|_| refuse(&format!("the number {n}")))?,
        Yaml::Sequence(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(i, item)| to_json(item, &format!("{pointer}/{i}")))
                .collect::<Result<_, _>>()?,
        ),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = match key {
                    Yaml::String(s) => s,
                    Yaml::Number(n) => n.to_string(),
                    Yaml::Bool(b) => b.to_string(),
                    _ => return Err(refuse("a key that is not text")),
                };
                let inner = format!("{pointer}/{}", super::super::document::names::escape(&key));
                object.insert(key, to_json(value, &inner)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(_) => return Err(refuse("a tagged value")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_and_json_read_alike() {
        let yaml = parse("a:\n  200: [1, 1.5, null, 'x']\n  true: yes\n").unwrap();
        assert_eq!(yaml, json!({"a": {"200": [1, 1.5, null, "x"], "true": "yes"}}));
        assert_eq!(parse(r#"  {"a": 1}"#).unwrap(), json!({"a": 1}));
    }

    #[test]
    fn syntax_errors_name_line_and_column() {
        let failure = parse("a: 1\nb: [1,\n").unwrap_err();
        assert!(failure.at.starts_with("line "), "{failure}");
        assert!(failure.what.contains("not valid YAML"), "{failure}");
        let failure = parse("{\n  \"a\": 1,,\n}").unwrap_err();
        assert_eq!(failure.at, "line 2 column 10", "{failure}");
        assert!(failure.what.contains("not valid JSON"), "{failure}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let failure = read(Path::new("/nowhere/api.yaml")).unwrap_err();
        assert_eq!(failure.file, "/nowhere/api.yaml");
        assert!(failure.what.starts_with("cannot be read"), "{failure}");
    }

    #[test]
    fn what_json_cannot_say_is_refused_with_its_place() {
        assert_eq!(parse("a:\n  b: .nan\n").unwrap_err().at, "/a/b");
        assert_eq!(parse("a: !odd 1\n").unwrap_err().at, "/a");
        assert_eq!(parse("? [1]\n: 2\n").unwrap_err().at, "/");
    }
}
