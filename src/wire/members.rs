//! The parts of a JSON object or list as text, for code that changes one part and must not rewrite the others.

use std::borrow::Cow;

use super::reader::Reader;

/// A member of an object: its name and the text of its value.
pub(crate) type Member<'t> = (Cow<'t, str>, &'t str);

/// Returns the members of a JSON object in their order; `None` if the text is not an object.
pub(crate) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Vec::new();
    let mut reader = Reader::new(text);
    let read = reader.object("", |reader, name| {
        let start = reader.position();
        reader.skip()?;
        members.push((name, reader.text_since(start)));
        Ok(())
    });
    read.ok()?;
    reader.end().is_ok().then_some(members)
}

/// Returns the text of a member of a JSON object. The last member of a name counts, as in serde_json.
pub(crate) fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let found = members(text)?.into_iter().rfind(|(other, _)| other == name);
    found.map(|(_, value)| value)
}

/// Returns the JSON object with these members after `name` is set to `value`, which is JSON text.
pub(crate) fn with_member(members: &[Member<'_>], name: &str, value: &str) -> String {
    let others = members.iter().filter(|(other, _)| other != name);
    let others = others.map(|(other, value)| (other.as_ref(), *value));
    let mut text = String::new();
    for (name, value) in others.chain([(name, value)]) {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// Returns the values of a JSON list as text; `None` if the text is not a list.
#[allow(dead_code)] // only descriptions with searches need it
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let mut reader = Reader::new(text);
    let read = reader.list("", |reader| {
        let start = reader.position();
        reader.skip()?;
        elements.push(reader.text_since(start));
        Ok(())
    });
    read.ok()?;
    reader.end().is_ok().then_some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_set_without_a_change_to_the_others() {
        let text = r#" {"a" : 1.50, "b":{"c": 123456789012345678901234567890 }, "b":[ 1e400],"\n":null} "#;
        let read = members(text).unwrap();
        assert_eq!(
            with_member(&read, "a", "2"),
            r#"{"b":{"c": 123456789012345678901234567890 },"b":[ 1e400],"\n":null,"a":2}"#
        );
        assert_eq!(
            (member(text, "b"), member(text, "\n")),
            (Some("[ 1e400]"), Some("null"))
        );
        assert_eq!(member(text, "c"), None);
        assert_eq!(with_member(&[], "a", "{}"), r#"{"a":{}}"#);
        for text in ["", "[]", "7", "null", "{", r#"{"a"}"#, "{} {}"] {
            assert!(members(text).is_none(), "{text}");
        }
        assert_eq!(elements("[ 1.50,[2 ] , {}]"), Some(vec!["1.50", "[2 ]", "{}"]));
        assert_eq!(
            (elements("[]"), elements("{}"), elements("[1")),
            (Some(Vec::new()), None, None)
        );
    }
}
