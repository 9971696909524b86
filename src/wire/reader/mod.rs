//! A JSON reader (RFC 8259). It makes one pass over UTF-8 text and borrows strings that contain no escapes.
//!
//! Types implement [`Decode`](super::decode::Decode). A value of another type than expected is skipped, so that it does not
//! discard the values around it.

mod findings;
mod limits;
mod number;
mod string;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::names::{Names, Next};
use findings::Findings;
use limits::Limits;

pub(crate) use findings::{PathStep, RawMismatch, type_of};
pub(crate) use limits::{Candidate, MEMORY_PER_BYTE};
pub(crate) use number::Number;
pub(crate) use string::plain_length;

/// The reason why a value was not decoded. [`Reader::failure`] has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The value is of another type than expected.
    WrongType,
    /// The text is not valid JSON, or exceeds a limit.
    Malformed,
}

/// The reason why a text was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// An unexpected character.
    Syntax,
    /// The text is incomplete.
    UnexpectedEnd,
    /// Lists and objects are nested deeper than [`MAX_DEPTH`].
    Depth,
    /// The values need more memory than [`MEMORY_PER_BYTE`] allows.
    Memory,
}

/// Why and where decoding failed.
#[derive(Debug)]
pub struct Failure {
    /// The expected type, after [`Fault::WrongType`].
    pub expected: &'static str,
    /// The reason for [`Fault::Malformed`].
    pub syntax_error: SyntaxError,
    /// The path to the value, innermost step first.
    pub path: Vec<PathStep>,
}

/// Maximum nesting depth of lists and objects.
pub(crate) const MAX_DEPTH: u8 = 128;

/// A position in a JSON text.
#[derive(Debug)]
pub struct Reader<'t> {
    text: &'t str,
    position: usize,
    depth: u8,
    /// Whether the decoded form of the last value does not reproduce its text, so that the text has to be kept.
    pub keep_text: bool,
    /// Whether the last value was null and was read as absent.
    pub was_null: bool,
    /// Holds a string while its escapes are decoded.
    string_buffer: Vec<u8>,
    limits: Limits,
    findings: Findings,
    failure: Failure,
}

/// A name in an object.
#[derive(Debug)]
pub enum Key<'t> {
    /// The index of a field.
    Field(usize),
    /// A name without a field.
    Unknown(Cow<'t, str>),
}

impl<'t> Reader<'t> {
    /// Creates a reader with a memory limit in proportion to the length of the text.
    pub fn bounded(text: &'t str) -> Self {
        Self {
            limits: Limits::of(text.len()),
            ..Self::new(text)
        }
    }

    /// Creates a reader with a memory limit that also records unknown names as mismatches.
    #[cfg(feature = "mock")]
    pub fn strict(text: &'t str) -> Self {
        Self {
            findings: Findings::strict(),
            ..Self::bounded(text)
        }
    }

    /// Creates a reader without a memory limit, for text that has been read before.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            keep_text: false,
            was_null: false,
            string_buffer: Vec::new(),
            limits: Limits::UNLIMITED,
            findings: Findings::default(),
            failure: Failure {
                expected: "",
                syntax_error: SyntaxError::Syntax,
                path: Vec::new(),
            },
        }
    }

    /// Returns why and where decoding failed, after a [`Fault`].
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// Returns the position in bytes.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns to a position at the same nesting depth.
    pub fn rewind(&mut self, position: usize) {
        self.position = position;
    }

    /// Returns the number of bytes that are still to be read.
    pub fn remaining(&self) -> usize {
        self.text.len() - self.position
    }

    /// Returns `true` inside a list that is the text itself or a field of the outermost object.
    #[inline]
    pub fn is_outermost_list(&self) -> bool {
        self.depth <= 2
    }

    /// Returns the text between `start` and the current position.
    pub fn text_since(&self, start: usize) -> &'t str {
        self.text.get(start..self.position).unwrap_or_default()
    }

    /// Reads the end of the text, after optional white space.
    pub fn end(&mut self) -> Result<(), Fault> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.as_bytes().get(self.position) {
            self.position += 1;
        }
        match self.remaining() {
            0 => Ok(()),
            _ => Err(self.malformed()),
        }
    }

    /// Returns the fault of a text that is not valid at the current position.
    #[cold]
    pub fn malformed(&mut self) -> Fault {
        self.failure.syntax_error = match self.remaining() {
            0 => SyntaxError::UnexpectedEnd,
            _ => SyntaxError::Syntax,
        };
        Fault::Malformed
    }

    /// Returns the fault of a value that is not of the type `expected`.
    ///
    /// The caller returns the fault, or calls [`skip_mismatch`](Self::skip_mismatch) and continues.
    #[cold]
    pub fn wrong_type(&mut self, expected: &'static str) -> Fault {
        self.failure.expected = expected;
        Fault::WrongType
    }

    /// Adds the next outer step to the path of the failure, and returns its fault.
    #[cold]
    pub fn fail_at(&mut self, step: PathStep, fault: Fault) -> Fault {
        self.failure.path.push(step);
        fault
    }

    /// Skips white space and returns the next byte without reading it.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<u8, Fault> {
        loop {
            match self.text.as_bytes().get(self.position) {
                Some(&byte) if byte > b' ' => return Ok(byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                _ => return Err(self.malformed()),
            }
        }
    }

    /// Reads `null`, `true` or `false`.
    #[inline(always)]
    fn literal<const N: usize>(&mut self, literal: &[u8; N]) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.position..).unwrap_or_default();
        if rest.first_chunk() != Some(literal) {
            let same = rest.iter().zip(literal).take_while(|(a, b)| a == b).count();
            self.position += same;
            return Err(self.malformed());
        }
        self.position += N;
        Ok(())
    }

    /// Reads null. Returns `false`, without reading anything, if the next value is not null.
    #[inline(always)]
    pub fn null(&mut self) -> Result<bool, Fault> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.literal(b"null")?;
        Ok(true)
    }

    /// Reads a boolean. Returns `None`, without reading anything, if the next value is not a boolean.
    #[inline]
    pub fn boolean(&mut self) -> Result<Option<bool>, Fault> {
        match self.peek()? {
            b't' => self.literal(b"true").map(|()| Some(true)),
            b'f' => self.literal(b"false").map(|()| Some(false)),
            _ => Ok(None),
        }
    }

    /// Reads a list. `item` reads each of its values.
    #[inline]
    pub fn list(
        &mut self,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.peek()? != b'[' {
            return Err(self.wrong_type(expected));
        }
        self.enter()?;
        if self.peek()? != b']' {
            loop {
                item(self)?;
                match self.peek()? {
                    b',' => self.position += 1,
                    b']' => break,
                    _ => return Err(self.malformed()),
                }
                // `item` would take the bracket after a trailing comma for a value of another type.
                if self.peek()? == b']' {
                    return Err(self.malformed());
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads an object. `entry` reads the value of each name.
    #[inline]
    pub fn object(
        &mut self,
        expected: &'static str,
        mut entry: impl FnMut(&mut Self, Cow<'t, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.entries(expected, |reader| {
            let name = reader.name()?;
            entry(reader, name)
        })
    }

    /// Reads an object of a type with the fields `names`. `entry` reads the value of each name.
    ///
    /// Returns `true` if a name contains an unpaired surrogate, so that it cannot be serialized as received.
    #[inline]
    pub fn fields(
        &mut self,
        names: &'static Names,
        mut entry: impl FnMut(&mut Self, Key<'t>) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        let mut expected = names.first();
        let mut lost_name = false;
        self.entries("an object", |reader| {
            reader.peek()?;
            let rest = reader.text.as_bytes().get(reader.position..).unwrap_or_default();
            let index = expected.get();
            let found = names.get(index).and_then(|name| Some((name, name.prefix_of(rest)?)));
            let key = match found {
                Some((name, length)) => {
                    reader.position += length;
                    reader.peek()?;
                    expected = name.next();
                    Key::Field(index)
                }
                None => {
                    let key = reader.unexpected_name(names, &mut expected)?;
                    lost_name |= std::mem::take(&mut reader.keep_text);
                    key
                }
            };
            entry(reader, key)
        })?;
        Ok(lost_name)
    }

    /// Reads a name that is not the expected one, or that has white space before its colon.
    #[inline(never)]
    fn unexpected_name(&mut self, names: &'static Names, expected: &mut &'static Next) -> Result<Key<'t>, Fault> {
        let text = self.name()?;
        let Some((index, name)) = names.find(&text) else {
            return Ok(Key::Unknown(text));
        };
        if expected.get() != index {
            expected.learn(index);
        }
        *expected = name.next();
        Ok(Key::Field(index))
    }

    /// Reads a name, the colon after it, and the white space before its value.
    #[inline]
    fn name(&mut self) -> Result<Cow<'t, str>, Fault> {
        if self.peek()? != b'"' {
            return Err(self.malformed());
        }
        let name = self.quoted()?;
        if self.peek()? != b':' {
            return Err(self.malformed());
        }
        self.position += 1;
        self.peek()?;
        Ok(name)
    }

    /// Reads an object. `entry` reads each name with its value.
    #[inline(always)]
    fn entries(
        &mut self,
        expected: &'static str,
        mut entry: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.peek()? != b'{' {
            return Err(self.wrong_type(expected));
        }
        self.enter()?;
        if self.peek()? != b'}' {
            loop {
                entry(self)?;
                match self.peek()? {
                    b',' => self.position += 1,
                    b'}' => break,
                    _ => return Err(self.malformed()),
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads an opening bracket or brace.
    #[inline(always)]
    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            self.failure.syntax_error = SyntaxError::Depth;
            return Err(Fault::Malformed);
        }
        self.depth += 1;
        self.position += 1;
        Ok(())
    }

    /// Reads a closing bracket or brace.
    #[inline(always)]
    fn leave(&mut self) {
        self.depth -= 1;
        self.position += 1;
    }

    /// Skips a value of any type.
    pub fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            b'{' => self.object("", |reader, _| reader.skip()),
            b'[' => self.list("", Self::skip),
            b'"' => self.quoted().map(drop),
            b'n' => self.literal(b"null"),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            _ => match self.number()? {
                Some(_) => Ok(()),
                None => Err(self.malformed()),
            },
        }
    }
}
