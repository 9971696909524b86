//! From bytes to a value: the one place where it happens.

use std::borrow::Cow;
use std::fmt;

use super::decode::Decode;
use super::reader::{DEPTH, Fault, RawMismatch, Reader, Step, SyntaxError, kind};

/// A value in an answer that is of another kind than described. The value itself is kept in the
/// [`extra`](crate::Extra) of the object it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Where it is, such as `data[3].statistics.median_time_to_reply`. Names that the API's description does not have can be
    /// a customer's data and are shown as `*`.
    pub path: String,
    /// What the description says, such as `an integer`.
    pub expected: &'static str,
    /// What came: `an object`, `a list`, `a string`, `an integer`, `a fraction`, `a boolean` or `null`.
    pub found: &'static str,
}

/// `path: expected …, found …`
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.path, self.expected, self.found)
    }
}

/// Why a text cannot be read: where, what was expected there, and what was found; never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub path: String,
    pub expected: &'static str,
    pub found: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "expected {}, found {}", self.expected, self.found),
            path => write!(f, "{path}: expected {}, found {}", self.expected, self.found),
        }
    }
}

/// A text without the byte order mark that some put before it.
pub(crate) fn without_mark(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
        text = rest;
    }
    text
}

/// What a body is that does not even begin like JSON.
pub(crate) fn no_json(body: &[u8]) -> Option<&'static str> {
    match without_mark(body).trim_ascii_start().first() {
        None => Some("nothing"),
        Some(b'<') => Some("HTML or XML"),
        Some(_) => None,
    }
}

/// Whether a body says nothing: empty, blank or `null`.
pub(crate) fn is_blank_body(body: &[u8]) -> bool {
    matches!(without_mark(body).trim_ascii(), b"" | b"null")
}

/// The text of a body. What is no UTF-8 is shown as such, a byte order mark is passed over.
pub(crate) fn characters(body: &[u8]) -> Cow<'_, str> {
    let body = without_mark(body);
    // Checked once as a whole, which is cheaper than string by string.
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// Reads a body.
pub(crate) fn body<T: Decode>(body: &[u8]) -> Result<(T, Vec<Mismatch>), Unread> {
    match T::NOTHING {
        true => text("null"),
        false => text(&characters(body)),
    }
}

/// Reads the value that a body begins with, whatever comes after it.
pub(crate) fn beginning<T: Decode>(body: &[u8]) -> Result<T, Fault> {
    T::decode(&mut Reader::bounded(&characters(body)))
}

/// Reads a text, and tells the names too that the description does not have.
#[cfg(feature = "mock")]
pub(crate) fn strictly<T: Decode>(text: &str) -> Result<(T, Vec<Mismatch>), Unread> {
    let mut reader = Reader::bounded(text);
    reader.strict = true;
    whole(reader, text)
}

/// Reads a text.
pub(crate) fn text<T: Decode>(text: &str) -> Result<(T, Vec<Mismatch>), Unread> {
    whole(Reader::bounded(text), text)
}

fn whole<T: Decode>(mut reader: Reader<'_>, text: &str) -> Result<(T, Vec<Mismatch>), Unread> {
    let value = T::decode(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(value) => Ok((value, reader.mismatches.into_iter().map(mismatch).collect())),
        Err(Fault::Malformed) => Err(unread(text, &reader, Fault::Malformed)),
        Err(Fault::Kind) => {
            // Only JSON is of another kind.
            reader.back(0);
            let passed = reader.skip().and_then(|()| reader.end());
            Err(unread(text, &reader, passed.err().unwrap_or(Fault::Kind)))
        }
    }
}

fn mismatch(raw: RawMismatch) -> Mismatch {
    Mismatch {
        path: path(&raw.path, raw.name.as_deref()),
        expected: raw.expected,
        found: raw.found,
    }
}

/// A path as people write it, from steps of which the innermost comes first. That one is `name`, where it is to be told.
fn path(steps: &[Step], name: Option<&str>) -> String {
    let mut path = String::new();
    for (depth, step) in steps.iter().enumerate().rev() {
        let dot = if path.is_empty() { "" } else { "." };
        path += &match (step, name) {
            (Step::Field(name), _) => format!("{dot}{name}"),
            (Step::Name, Some(name)) if depth == 0 => format!("{dot}{name}"),
            (Step::Name, _) => format!("{dot}*"),
            (Step::Item(item), _) => format!("[{item}]"),
        };
    }
    path
}

#[cold]
fn unread(text: &str, reader: &Reader<'_>, fault: Fault) -> Unread {
    let place = reader.place();
    let (expected, found) = match (fault, reader.syntax_error) {
        _ if text.trim_ascii().is_empty() => ("JSON", "nothing".to_owned()),
        (Fault::Kind, _) => (reader.expected, kind(text).to_owned()),
        (_, SyntaxError::End) => ("JSON", format!("its end after {place} bytes")),
        (_, SyntaxError::Depth) => (
            "JSON",
            format!("lists and objects more than {DEPTH} deep at byte {place}"),
        ),
        (_, SyntaxError::Memory) => (
            "JSON that decodes to at most 40 times its size",
            format!("more at byte {place}"),
        ),
        _ => match no_json(text.as_bytes()) {
            Some(found) => ("JSON", found.to_owned()),
            None => ("JSON", format!("something else at byte {place}")),
        },
    };
    Unread {
        path: path(&reader.trail, None),
        expected,
        found,
    }
}
