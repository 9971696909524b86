//! Reads JSON (RFC 8259): one pass over text that is known to be UTF-8, strings borrowed from it where nothing is escaped.
//!
//! This is the only reader of the crate. Types say by [`Decode`](super::decode::Decode) what they take; at a value of
//! another kind the reader goes on after it, so that one odd value loses nothing around it.

use std::borrow::Cow;

use super::names::{Name, Order};

/// Why a value was not read. The reader knows where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is of another kind than expected: see [`Reader::expected`].
    Kind,
    /// The text is no JSON, or takes more than is allowed: see [`Reader::syntax_error`].
    Malformed,
}

/// Why a text is no JSON that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// A character that cannot stand there.
    Syntax,
    /// The text ends too early.
    End,
    /// Lists and objects lie in each other deeper than [`DEPTH`].
    Depth,
    /// The values would take more memory than [`BYTES_PER_BYTE`] allows.
    Memory,
}

/// A value of another kind than expected.
#[derive(Clone, Debug)]
pub struct RawMismatch {
    /// Where it is, the innermost step first.
    pub path: Vec<Step>,
    /// What was expected there.
    pub expected: &'static str,
    /// What kind of value it is.
    pub found: &'static str,
    /// The name that the description does not have, where that is what is told.
    pub name: Option<Box<str>>,
}

/// One step of the way to a value.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A field of the description.
    Field(&'static str),
    /// A name that the description does not have: it can be a customer's data, and is not remembered.
    Name,
    /// An item of a list, counted from 0.
    Item(usize),
}

/// How deep lists and objects may lie in each other.
pub(crate) const DEPTH: u8 = 128;
/// How many values of another kind are remembered one by one.
pub(crate) const MAX_MISMATCHES: usize = 1000;
/// Bounds how many steps all remembered paths have together.
const MAX_STEPS: usize = 16_000;
/// Bytes of memory that decoding may take for each byte of text, in addition to [`BYTES_AT_LEAST`].
pub(crate) const BYTES_PER_BYTE: usize = 40;
/// Bytes of memory that decoding may take whatever the length of the text.
pub(crate) const BYTES_AT_LEAST: usize = 1 << 20;
/// A list smaller than this many bytes doubles when it grows; a larger one grows by half.
const DOUBLES_BELOW: usize = 4096;
/// How often each byte of a text may be read to tell the forms of unions apart, in addition to [`TRIES_AT_LEAST`].
const TRIES_PER_BYTE: usize = 64;
/// How many bytes may be read to tell the forms of unions apart whatever the length of the text.
const TRIES_AT_LEAST: usize = 1 << 16;
/// Integers of so many digits fit 64 bits.
const DIGITS: usize = 18;

/// A place in a JSON text.
#[derive(Debug)]
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: u8,
    /// Whether the value read last says more than what was made of it, so that its text has to be kept.
    pub kept: bool,
    /// Whether the value read last was null where there is no value for it.
    pub null: bool,
    /// In which order the names of each type come.
    orders: Vec<Order>,
    /// Where strings are put together in which something is escaped.
    scratch: Vec<u8>,
    /// What was expected where a value is of another kind.
    pub expected: &'static str,
    /// Why the text is no JSON.
    pub syntax_error: SyntaxError,
    /// The values of another kind so far, the first [`MAX_MISMATCHES`] of them.
    pub mismatches: Vec<RawMismatch>,
    /// Where a text that is no JSON was left, the innermost step first.
    pub trail: Vec<Step>,
    /// The steps of all of them, as many as there will be once their paths are complete.
    steps: usize,
    /// How much has not matched so far: unknown names and values of another kind.
    pub unmatched: usize,
    /// Bytes of memory that may still be allocated.
    room: usize,
    /// Bytes of text that forms of unions were tried on.
    tried: usize,
    /// Whether names that the description does not have are told like values of another kind, and by name.
    pub strict: bool,
}

/// A name in an object.
#[derive(Debug)]
pub enum Key<'t> {
    /// That of a field: its place among the names, and the name.
    Field(usize, &'static str),
    /// One that no field has.
    Other(Cow<'t, str>),
}

/// A value that was read in one of several ways, and what the reader has found in it.
#[derive(Debug)]
pub struct Attempt<T> {
    value: T,
    end: usize,
    /// How much of it has not matched.
    pub lost: usize,
    kept: bool,
    steps: usize,
    taken: usize,
    mismatches: Vec<RawMismatch>,
}

/// A number as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number<'t> {
    /// An integer of 64 bits.
    Integer(i64),
    /// Anything else: a fraction, an exponent, `-0`, or more digits than 64 bits hold.
    Text(&'t str),
}

impl<'t> Reader<'t> {
    /// Creates a reader whose values may take only as much memory as is in proportion to the text.
    pub fn bounded(text: &'t str) -> Self {
        Self {
            room: text.len().saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES_AT_LEAST),
            ..Self::new(text)
        }
    }

    /// Creates a reader without a memory limit, for text that was accepted before.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            kept: false,
            null: false,
            orders: Vec::new(),
            scratch: Vec::new(),
            expected: "",
            syntax_error: SyntaxError::Syntax,
            mismatches: Vec::new(),
            trail: Vec::new(),
            steps: 0,
            unmatched: 0,
            room: usize::MAX,
            tried: 0,
            strict: false,
        }
    }

    /// Reads a value that is read in several ways, and goes back to its beginning.
    pub fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<Attempt<T>, Fault> {
        let (begin, mismatches) = (self.at, self.mismatches.len());
        let (steps, unmatched, room) = (self.steps, self.unmatched, self.room);
        let value = read(self);
        self.tried += self.at - begin;
        let value = match value {
            Ok(value) => value,
            Err(Fault::Malformed) => return Err(Fault::Malformed),
            Err(Fault::Kind) => {
                self.mismatches.truncate(mismatches);
                (self.at, self.steps, self.unmatched, self.room) = (begin, steps, unmatched, room);
                return Err(Fault::Kind);
            }
        };
        let attempt = Attempt {
            value,
            end: self.at,
            lost: self.unmatched - unmatched,
            kept: self.kept,
            steps: self.steps - steps,
            taken: room.saturating_sub(self.room),
            mismatches: self.mismatches.split_off(mismatches),
        };
        (self.at, self.steps, self.unmatched) = (begin, steps, unmatched);
        // A value that is dropped gives back what it took; one that is kept is charged for it when it is adopted.
        self.room = room;
        Ok(attempt)
    }

    /// Goes on after a value that was read before.
    pub fn adopt<T>(&mut self, attempt: Attempt<T>) -> Result<T, Fault> {
        self.charge(attempt.taken)?;
        self.at = attempt.end;
        self.kept = attempt.kept;
        self.steps += attempt.steps;
        self.unmatched += attempt.lost;
        self.mismatches.extend(attempt.mismatches);
        Ok(attempt.value)
    }

    /// Whether the forms of one more union may be tried.
    pub fn may_try(&self) -> bool {
        self.tried
            <= self
                .text
                .len()
                .saturating_mul(TRIES_PER_BYTE)
                .saturating_add(TRIES_AT_LEAST)
    }

    /// How much text the forms of unions were tried on, in bytes.
    #[cfg(test)]
    pub fn tried(&self) -> usize {
        self.tried
    }

    /// Accounts for an allocation of so many bytes.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.room.checked_sub(bytes) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => Err(self.exhausted()),
        }
    }

    #[cold]
    fn exhausted(&mut self) -> Fault {
        self.syntax_error = SyntaxError::Memory;
        Fault::Malformed
    }

    /// Makes room for one more item if the list is full.
    #[inline]
    pub fn make_room<T>(&mut self, list: &mut Vec<T>) -> Result<(), Fault> {
        match list.len() == list.capacity() {
            true => self.grow(list),
            false => Ok(()),
        }
    }

    #[cold]
    fn grow<T>(&mut self, list: &mut Vec<T>) -> Result<(), Fault> {
        let size = size_of::<T>().max(1);
        let more = match list.capacity() {
            // One large item is often the only one.
            0 => (DOUBLES_BELOW / 16 / size).clamp(1, 4),
            items if items * size < DOUBLES_BELOW => items,
            items => items / 2 + 1,
        };
        self.reserve(list, more)
    }

    /// Makes room for so many more items.
    pub fn reserve<T>(&mut self, list: &mut Vec<T>, more: usize) -> Result<(), Fault> {
        let before = list.capacity().saturating_mul(size_of::<T>());
        // Both copies exist while the items move.
        self.charge((list.len() + more).saturating_mul(size_of::<T>()))?;
        list.reserve_exact(more);
        self.room = self.room.saturating_add(before);
        Ok(())
    }

    /// Accounts for one more entry of a [`BTreeMap`](std::collections::BTreeMap) that has `entries` of them.
    #[inline]
    pub fn charge_entry<T>(&mut self, entries: usize) -> Result<(), Fault> {
        // The first entry allocates a node for 11; nodes that are split are about half full.
        let entry = size_of::<T>() + size_of::<usize>();
        self.charge(if entries == 0 { entry * 11 } else { entry * 5 / 2 })
    }

    /// Where the reader is, in bytes.
    pub fn place(&self) -> usize {
        self.at
    }

    /// Goes back to a place at the same depth.
    pub fn back(&mut self, place: usize) {
        self.at = place;
    }

    /// How many bytes of the text are left.
    pub fn left(&self) -> usize {
        self.text.len() - self.at
    }

    /// Whether what is read stands in a list that is the text itself, or in the object that is.
    #[inline]
    pub fn is_outermost_list(&self) -> bool {
        self.depth <= 2
    }

    /// The text from `begin` to here.
    pub fn since(&self, begin: usize) -> &'t str {
        self.text.get(begin..self.at).unwrap_or_default()
    }

    /// Succeeds when nothing but white space is left.
    pub fn end(&mut self) -> Result<(), Fault> {
        self.blank();
        match self.at == self.text.len() {
            true => Ok(()),
            false => Err(self.malformed()),
        }
    }

    /// The fault of a text that is no JSON here.
    #[cold]
    pub fn malformed(&mut self) -> Fault {
        self.syntax_error = match self.at < self.text.len() {
            true => SyntaxError::Syntax,
            false => SyntaxError::End,
        };
        Fault::Malformed
    }

    /// The fault of a value that is not what was `expected`.
    #[cold]
    pub fn other(&mut self, expected: &'static str) -> Fault {
        self.expected = expected;
        Fault::Kind
    }

    /// Passes over a value that begins at `begin` and is not what was expected.
    #[cold]
    pub fn mismatch(&mut self, begin: usize) -> Result<(), Fault> {
        self.unmatched += 1;
        if self.remembers() {
            self.mismatches.push(RawMismatch {
                path: Vec::new(),
                expected: self.expected,
                found: kind(self.text.get(begin..).unwrap_or_default()),
                name: None,
            });
        }
        self.at = begin;
        self.skip()
    }

    /// Tells a name that the description does not have, whose value begins at `begin`.
    #[cold]
    pub fn undescribed(&mut self, name: &str, begin: usize) {
        if self.remembers() {
            self.mismatches.push(RawMismatch {
                path: vec![Step::Name],
                expected: "no such name",
                found: kind(self.text.get(begin..).unwrap_or_default()),
                name: Some(name.into()),
            });
        }
    }

    /// Whether one more mismatch is remembered here.
    fn remembers(&mut self) -> bool {
        let steps = self.steps + usize::from(self.depth);
        let remembers = self.mismatches.len() < MAX_MISMATCHES && steps <= MAX_STEPS;
        if remembers {
            self.steps = steps;
        }
        remembers
    }

    /// Says of the values of another kind from the one numbered `first` on that they are one step further in.
    #[cold]
    pub fn locate(&mut self, first: usize, step: Step) {
        for mismatch in self.mismatches.iter_mut().skip(first) {
            mismatch.path.push(step);
        }
    }

    /// The fault of a value that is one step further in.
    #[cold]
    pub fn failed(&mut self, fault: Fault, step: Step) -> Fault {
        self.trail.push(step);
        fault
    }

    #[inline(always)]
    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is not white space, still to be read.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<u8, Fault> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(&byte) if byte > b' ' => return Ok(byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return Err(self.malformed()),
            }
        }
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, word: &[u8; N]) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.first_chunk() != Some(word) {
            let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
            self.at += same;
            return Err(self.malformed());
        }
        self.at += N;
        Ok(())
    }

    /// Reads null, if that is what comes.
    #[inline(always)]
    pub fn null(&mut self) -> Result<bool, Fault> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.word(b"null")?;
        Ok(true)
    }

    /// Reads a boolean, if that is what comes.
    #[inline]
    pub fn boolean(&mut self) -> Result<Option<bool>, Fault> {
        match self.peek()? {
            b't' => self.word(b"true").map(|()| Some(true)),
            b'f' => self.word(b"false").map(|()| Some(false)),
            _ => Ok(None),
        }
    }

    /// Reads a string, if that is what comes. Half a surrogate pair becomes U+FFFD, and its text is kept.
    #[inline(always)]
    pub fn string(&mut self) -> Result<Option<Cow<'t, str>>, Fault> {
        match self.peek()? {
            b'"' => self.quoted().map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the string that begins here.
    #[inline(always)]
    fn quoted(&mut self) -> Result<Cow<'t, str>, Fault> {
        match self.plain_string() {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err((begin, end)) => self.escaped(begin, end).map(Cow::Owned),
        }
    }

    /// Reads the string that begins here, to be kept.
    #[inline]
    pub fn owned(&mut self) -> Result<String, Fault> {
        match self.plain_string() {
            Ok(text) => Ok(text.to_owned()),
            Err((begin, end)) => self.escaped(begin, end),
        }
    }

    /// Reads the string that begins here when nothing in it is escaped; else tells where its content begins, and up to where
    /// it is plain.
    #[inline(always)]
    fn plain_string(&mut self) -> Result<&'t str, (usize, usize)> {
        let begin = self.at + 1;
        let bytes = self.text.as_bytes();
        let end = begin + plain(bytes.get(begin..).unwrap_or_default());
        match self.text.get(begin..end) {
            Some(text) if bytes.get(end) == Some(&b'"') => {
                self.at = end + 1;
                Ok(text)
            }
            _ => Err((begin, end)),
        }
    }

    /// Reads a string whose content begins at `begin` and is plain up to `end`.
    fn escaped(&mut self, begin: usize, end: usize) -> Result<String, Fault> {
        // Filled anew for each string, and copied when its length is known.
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let bytes = self.text.as_bytes();
        scratch.extend_from_slice(bytes.get(begin..end).unwrap_or_default());
        self.at = end;
        let read = self.unescape(bytes, &mut scratch);
        // Whole characters are put together from whole characters.
        let text = read.map(|()| String::from_utf8_lossy(&scratch).into_owned());
        self.scratch = scratch;
        text
    }

    /// Reads up to the end of a string into `out`.
    fn unescape(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            if let Some(word) = rest.first_chunk::<8>() {
                // Eight bytes at once, of which those from the first special one on are taken back.
                out.extend_from_slice(word);
                let found = special(word);
                self.at += found;
                out.truncate(out.len() + found - 8);
                if found == 8 {
                    continue;
                }
            } else {
                let tail = plain(rest);
                out.extend_from_slice(rest.get(..tail).unwrap_or_default());
                self.at += tail;
            }
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {}
                _ => return Err(self.malformed()),
            }
            self.at += 1;
            let escaped = match bytes.get(self.at) {
                Some(b'"') => b'"',
                Some(b'\\') => b'\\',
                Some(b'/') => b'/',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'u') => {
                    self.at += 1;
                    match self.unicode(bytes)? {
                        character if character.is_ascii() => out.push(character as u8),
                        character => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    continue;
                }
                _ => return Err(self.malformed()),
            };
            out.push(escaped);
            self.at += 1;
        }
    }

    /// Reads the digits of `\u`, and those of the other half of a pair.
    #[inline]
    fn unicode(&mut self, bytes: &[u8]) -> Result<char, Fault> {
        let first = self.hexadecimal(bytes)?;
        if let Some(character) = char::from_u32(first.into()) {
            return Ok(character);
        }
        let place = self.at;
        let rest = bytes.get(place..).unwrap_or_default();
        if first < 0xdc00 && rest.starts_with(b"\\u") {
            self.at += 2;
            let second = self.hexadecimal(bytes)?;
            if let Some(Ok(character)) = char::decode_utf16([first, second]).next() {
                return Ok(character);
            }
            self.at = place;
        }
        self.kept = true;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    #[inline]
    fn hexadecimal(&mut self, bytes: &[u8]) -> Result<u16, Fault> {
        let digits: &[u8; 4] = bytes.get(self.at..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; 4]);
        let values = digits.map(|digit| HEXADECIMAL[usize::from(digit)]);
        if let Some(wrong) = values.iter().position(|value| *value > 15) {
            self.at += wrong;
            return Err(self.malformed());
        }
        self.at += 4;
        Ok(values.iter().fold(0, |number, digit| number << 4 | u16::from(*digit)))
    }

    /// Reads a number, if that is what comes.
    #[inline]
    pub fn number(&mut self) -> Result<Option<Number<'t>>, Fault> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return Ok(None);
        }
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let negative = rest.first() == Some(&b'-');
        let unsigned = rest.get(usize::from(negative)..).unwrap_or_default();
        let digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let zero = unsigned.first() == Some(&b'0');
        let plain = !matches!(unsigned.get(digits), Some(b'.' | b'e' | b'E'));
        if digits > DIGITS || !plain || digits == 0 || zero && (digits > 1 || negative) {
            return self.long(negative, digits, zero).map(Some);
        }
        let value = unsigned
            .iter()
            .take(digits)
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.at += usize::from(negative) + digits;
        Ok(Some(Number::Integer(if negative { -value } else { value })))
    }

    /// Reads a number that is no short integer.
    #[cold]
    fn long(&mut self, negative: bool, digits: usize, zero: bool) -> Result<Number<'t>, Fault> {
        let begin = self.at;
        self.at += usize::from(negative) + digits;
        if digits == 0 || zero && digits > 1 {
            return Err(self.malformed());
        }
        let bytes = self.text.as_bytes();
        let mut integer = true;
        if bytes.get(self.at) == Some(&b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.since(begin);
        Ok(match text.parse() {
            Ok(value) if integer && !(zero && negative) => Number::Integer(value),
            _ => Number::Text(text),
        })
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let begin = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        match self.at > begin {
            true => Ok(()),
            false => Err(self.malformed()),
        }
    }

    /// Reads a list; `item` reads each of its values.
    #[inline]
    pub fn list(
        &mut self,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.peek()? != b'[' {
            return Err(self.other(expected));
        }
        self.enter()?;
        if self.peek()? != b']' {
            loop {
                item(self)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return Err(self.malformed()),
                }
                // A value has to follow: `peek` in `item` would take the bracket for a value of another kind.
                if self.peek()? == b']' {
                    return Err(self.malformed());
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads an object; `entry` reads the value of each name.
    #[inline]
    pub fn object(
        &mut self,
        expected: &'static str,
        mut entry: impl FnMut(&mut Self, Cow<'t, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.entries(expected, Self::quoted, |reader, name| entry(reader, name))
    }

    /// Reads an object of a type with these names; `entry` reads the value of each.
    #[inline]
    pub fn fields(
        &mut self,
        names: &'static [Name],
        entry: impl FnMut(&mut Self, Key<'t>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let order = self.order(names);
        let mut last = Order::BEGIN;
        let key = |reader: &mut Self| {
            let expected = reader.orders.get(order).map_or(Order::BEGIN, |order| order.next(last));
            let place = reader.at + 1;
            let rest = reader.text.as_bytes().get(place..).unwrap_or_default();
            if let Some(name) = names.get(expected).filter(|name| name.begins(rest)) {
                reader.at = place + name.text().len() + 1;
                last = expected;
                return Ok(Key::Field(expected, name.text()));
            }
            let key = reader.unexpected(order, last)?;
            if let Key::Field(place, _) = key {
                last = place;
            }
            Ok(key)
        };
        self.entries("an object", key, entry)
    }

    /// Where the order of a type's names is kept.
    #[inline]
    fn order(&mut self, names: &'static [Name]) -> usize {
        let known = self.orders.iter().position(|order| std::ptr::eq(order.names, names));
        known.unwrap_or_else(|| {
            self.orders.push(Order::new(names));
            self.orders.len() - 1
        })
    }

    /// Reads a name that is not the one that was expected.
    #[cold]
    fn unexpected(&mut self, order: usize, last: usize) -> Result<Key<'t>, Fault> {
        let name = self.quoted()?;
        let order = self.orders.get_mut(order);
        let found = order.and_then(|order| {
            let place = order.find(&name, last)?;
            Some((place, order.names.get(place)?.text()))
        });
        Ok(found.map_or(Key::Other(name), |(place, name)| Key::Field(place, name)))
    }

    #[inline(always)]
    fn entries<K>(
        &mut self,
        expected: &'static str,
        mut key: impl FnMut(&mut Self) -> Result<K, Fault>,
        mut entry: impl FnMut(&mut Self, K) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.peek()? != b'{' {
            return Err(self.other(expected));
        }
        self.enter()?;
        if self.peek()? != b'}' {
            loop {
                if self.peek()? != b'"' {
                    return Err(self.malformed());
                }
                let key = key(self)?;
                if self.peek()? != b':' {
                    return Err(self.malformed());
                }
                self.at += 1;
                self.peek()?;
                entry(self, key)?;
                match self.peek()? {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return Err(self.malformed()),
                }
            }
        }
        self.leave();
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth == DEPTH {
            self.syntax_error = SyntaxError::Depth;
            return Err(Fault::Malformed);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Passes over any value, and nothing that is none.
    pub fn skip(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            b'{' => self.object("", |reader, _| reader.skip()),
            b'[' => self.list("", Self::skip),
            b'"' => self.quoted().map(drop),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => match self.number()? {
                Some(_) => Ok(()),
                None => Err(self.malformed()),
            },
        }
    }
}

/// What kind of value begins with this text.
pub(crate) fn kind(text: &str) -> &'static str {
    match text.trim_start().as_bytes() {
        [b'{', ..] => "an object",
        [b'[', ..] => "a list",
        [b'"', ..] => "a string",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        number => {
            let end = number
                .iter()
                .position(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace());
            let number = number.get(..end.unwrap_or(number.len())).unwrap_or_default();
            match number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
                true => "a fraction",
                false => "an integer",
            }
        }
    }
}

/// What each byte is worth as a hexadecimal digit; 255 for those that are none.
const HEXADECIMAL: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// How many bytes stand before the first quote, backslash or control character.
#[inline(always)]
fn special(word: &[u8; 8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(*word);
    // Without its second bit a quote is the first character above the control characters.
    let quote = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let found = (quote | backslash) & !word & HIGH;
    found.trailing_zeros() as usize / 8
}

/// How many bytes stand before the next quote, backslash or control character.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let found = special(word);
        if found < 8 {
            return bytes.len() - rest.len() + found;
        }
        rest = after;
    }
    let tail = rest.iter().take_while(|byte| !matches!(byte, 0..b' ' | b'"' | b'\\'));
    bytes.len() - rest.len() + tail.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode::Decode;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(text: &str) -> Option<Value> {
        let mut reader = Reader::new(text);
        let value = Value::decode(&mut reader).ok()?;
        reader.end().ok().map(|()| value)
    }

    /// What was read as a value and what was passed over, if it was.
    fn both(text: &str) -> Option<Value> {
        let value = read(text);
        let mut reader = Reader::new(text);
        let passed = reader.skip().is_ok() && reader.end().is_ok();
        assert_eq!(passed, value.is_some(), "{text}");
        value
    }

    #[test]
    fn it_reads_what_servers_write() {
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
            let known: Value = serde_json::from_str(text).unwrap();
            assert_eq!(both(text), Some(known), "{text}");
        }
        assert_eq!(both(r#"{"a":1,"a":2}"#), Some(json!({"a": 2})), "the last one counts");
    }

    #[test]
    fn floats_are_exact_by_the_standard_librarys_judgement() {
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
    fn half_a_surrogate_pair_loses_nothing_around_it() {
        let mut reader = Reader::new(r#"["a\ud83db","\ud83d\u0041","\udc00","\ud83d\ud83d\ude00"]"#);
        let value = Value::decode(&mut reader).unwrap();
        assert_eq!(value, json!(["a\u{fffd}b", "\u{fffd}A", "\u{fffd}", "\u{fffd}😀"]));
        assert!(reader.kept);
    }

    #[test]
    fn nothing_else_is_json() {
        let deep = "[".repeat(DEPTH as usize + 1) + &"]".repeat(DEPTH as usize + 1);
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
            assert_eq!(both(text), None, "{text}");
        }
        assert_eq!(both(&deep), None);
        assert!(both(&deep[1..deep.len() - 1]).is_some());
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

        // `serde_json` with `float_roundtrip` is another reader: what one reads the other does, and the same.
        #[test]
        fn texts_and_flawed_texts_read_as_another_reader_reads_them(
            value in values(),
            pretty in any::<bool>(),
            place in any::<prop::sample::Index>(),
            cut in 0..3_usize,
            put in prop_oneof![Just(String::new()), "[\\[\\]{}\",:\\\\0-9eE.+\\- tfn\n]{1,3}", any::<char>().prop_map(String::from)],
        ) {
            let mut text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(both(&text), serde_json::from_str(&text).ok(), "{}", text);
            // And again with a mistake in it.
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let begin = place.index(places.len());
            let end = places.get(begin + cut).copied().unwrap_or(text.len());
            text.replace_range(places[begin]..end, &put);
            let known = serde_json::from_str::<Value>(&text);
            match known {
                Ok(known) => prop_assert_eq!(both(&text), Some(known), "{}", text),
                // What it finds out of range is there in the text, as are half surrogate pairs.
                Err(error) if error.to_string().contains("out of range") => {}
                Err(error) if error.to_string().contains("surrogate") || error.to_string().contains("hex escape") => {}
                Err(_) => prop_assert_eq!(both(&text), None, "{}", text),
            }
        }

        #[test]
        fn plain_text_ends_where_it_ends(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a')], 0..40)) {
            let end = bytes.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(plain(&bytes), end.unwrap_or(bytes.len()));
        }
    }
}
