//! Decodes response bodies and other JSON texts. Every other way to a value ends here.

use std::borrow::Cow;
use std::fmt;

use super::decode::Decode;
use super::reader::{Fault, MAX_DEPTH, MEMORY_PER_BYTE, PathStep, RawMismatch, Reader, SyntaxError, type_of};

/// A value in a response whose type differs from the description. The value itself is kept in the
/// [`extra`](crate::Extra) of the object that contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The path to the value, for example `data[3].statistics.median_time_to_reply`. A name that the description does not
    /// have can be personal data, and is replaced by `*`.
    pub path: String,
    /// The described type, for example `an integer`.
    pub expected: &'static str,
    /// The type of the value: `an object`, `a list`, `a string`, `an integer`, `a fraction`, `a boolean` or `null`.
    pub found: &'static str,
}

/// `path: expected …, found …`
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.path, self.expected, self.found)
    }
}

/// The reason why a text cannot be decoded. It never contains a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub path: String,
    pub expected: &'static str,
    pub found: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "expected {}, found {}", self.expected, self.found),
            path => write!(f, "{path}: expected {}, found {}", self.expected, self.found),
        }
    }
}

/// Removes byte order marks at the start of a text.
pub(crate) fn without_bom(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
        text = rest;
    }
    text
}

/// Describes a body that is obviously not JSON: an empty one, HTML or XML. Returns `None` for any other body.
pub(crate) fn non_json(body: &[u8]) -> Option<&'static str> {
    match without_bom(body).trim_ascii_start().first() {
        None => Some("nothing"),
        Some(b'<') => Some("HTML or XML"),
        Some(_) => None,
    }
}

/// Returns `true` if a body has no content: it is empty, white space or `null`.
pub(crate) fn is_blank_body(body: &[u8]) -> bool {
    matches!(without_bom(body).trim_ascii(), b"" | b"null")
}

/// Decodes a body as UTF-8, replacing invalid bytes and skipping a byte order mark.
pub(crate) fn utf8_text(body: &[u8]) -> Cow<'_, str> {
    let body = without_bom(body);
    // Validating the complete body at once is faster than validating each string.
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// Decodes a response body.
pub(crate) fn body<T: Decode>(body: &[u8]) -> Result<(T, Vec<Mismatch>), DecodeError> {
    match T::IGNORES_BODY {
        true => text("null"),
        false => text(&utf8_text(body)),
    }
}

/// Decodes the value at the start of a body and ignores the rest.
pub(crate) fn prefix<T: Decode>(body: &[u8]) -> Result<T, Fault> {
    T::decode(&mut Reader::bounded(&utf8_text(body)))
}

/// Decodes a text, and reports unknown names as mismatches too.
#[cfg(feature = "mock")]
pub(crate) fn strict<T: Decode>(text: &str) -> Result<(T, Vec<Mismatch>), DecodeError> {
    decode(Reader::strict(text), text)
}

/// Decodes a text.
pub(crate) fn text<T: Decode>(text: &str) -> Result<(T, Vec<Mismatch>), DecodeError> {
    decode(Reader::bounded(text), text)
}

fn decode<T: Decode>(mut reader: Reader<'_>, text: &str) -> Result<(T, Vec<Mismatch>), DecodeError> {
    let value = T::decode(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(value) => Ok((value, reader.into_mismatches().into_iter().map(mismatch).collect())),
        Err(Fault::Malformed) => Err(error(text, &reader, Fault::Malformed)),
        Err(Fault::WrongType) => {
            // Report a syntax error in the rest of the text rather than the type of its value.
            reader.rewind(0);
            let skipped = reader.skip().and_then(|()| reader.end());
            Err(error(text, &reader, skipped.err().unwrap_or(Fault::WrongType)))
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

/// Formats a path whose innermost step is the first. `name` is the name of that step, if it may be shown.
fn path(steps: &[PathStep], name: Option<&str>) -> String {
    let mut path = String::new();
    for (index, step) in steps.iter().enumerate().rev() {
        let dot = if path.is_empty() { "" } else { "." };
        path += &match (step, name) {
            (PathStep::Field(name), _) => format!("{dot}{name}"),
            (PathStep::UnknownName, Some(name)) if index == 0 => format!("{dot}{name}"),
            (PathStep::UnknownName, _) => format!("{dot}*"),
            (PathStep::Item(item), _) => format!("[{item}]"),
        };
    }
    path
}

#[cold]
fn error(text: &str, reader: &Reader<'_>, fault: Fault) -> DecodeError {
    let (failure, position) = (reader.failure(), reader.position());
    let (expected, found) = match (fault, failure.syntax_error) {
        _ if text.trim_ascii().is_empty() => ("JSON", "nothing".to_owned()),
        (Fault::WrongType, _) => (failure.expected, type_of(text).to_owned()),
        (_, SyntaxError::UnexpectedEnd) => ("JSON", format!("the end of the text after {position} bytes")),
        (_, SyntaxError::Depth) => (
            "JSON",
            format!("lists and objects nested more than {MAX_DEPTH} levels deep at byte {position}"),
        ),
        (_, SyntaxError::Memory) => (
            "JSON",
            format!("values that need more than {MEMORY_PER_BYTE} times the memory of the text at byte {position}"),
        ),
        _ => match non_json(text.as_bytes()) {
            Some(found) => ("JSON", found.to_owned()),
            None => ("JSON", format!("an invalid character at byte {position}")),
        },
    };
    DecodeError {
        path: path(&failure.path, None),
        expected,
        found,
    }
}
