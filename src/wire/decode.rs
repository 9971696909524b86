//! What a value may be on the wire: numbers as text, text as numbers, null anywhere, and what nobody foresaw.
//!
//! [`Decode`] reads one value. Where it comes in another kind than described, the field is absent, its text is kept in the
//! object's [`Extra`](super::extra::Extra), and reading goes on.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::kept::{compact, patched};
use super::reader::{Fault, Number, Reader, Step};

/// A type that is read from JSON.
pub trait Decode: Sized {
    /// Whether null is a value of its own, told from absence.
    const NULL: bool = false;
    /// Whether there is nothing to decode, so that any body will do: empty, blank, `null` or text.
    const NOTHING: bool = false;

    /// Reads one value. After [`Fault::Kind`] the caller goes on after it with [`Reader::mismatch`].
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault>;

    /// Reads one value onto the end of a list.
    #[inline]
    fn append(reader: &mut Reader<'_>, list: &mut Vec<Self>) -> Result<(), Fault> {
        let item = Self::decode(reader)?;
        reader.make_room(list)?;
        list.push(item);
        Ok(())
    }

    /// What an answer without content stands for where the call was carried out.
    fn empty() -> Option<Self> {
        None
    }

    /// The JSON text of this value, which was read from `text` and edited, when its parts have texts of their own to keep.
    fn patched(&self, text: &str) -> Option<String> {
        let _ = text;
        None
    }
}

/// The JSON text to write for a value that was read from `text`: that text while the value is unchanged. `None` when the
/// value was changed and writes itself.
pub(crate) fn text_of<'a, T: Decode + PartialEq>(value: &T, text: &'a str) -> Option<Cow<'a, str>> {
    match T::decode(&mut Reader::new(text)) {
        Ok(read) if read == *value => Some(Cow::Borrowed(text)),
        _ => value.patched(text).map(Cow::Owned),
    }
}

/// A type that keeps all of what it is read from, as far as it is of its kind.
pub trait Keeps: Decode {}

impl Keeps for () {}

/// A field of an object: a value, or none.
pub(crate) trait Slot {
    /// Reads the field. A value that does not fit leaves it empty and is marked to be kept.
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault>;

    /// Whether there is no value, so that nothing is written.
    fn is_empty(&self) -> bool;

    /// The JSON text to write for a field that was read from `text`, as [`text_of`].
    fn text_of<'a>(&self, text: &'a str) -> Option<Cow<'a, str>>;
}

impl<T: Decode + PartialEq> Slot for Option<T> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        if self.is_some() {
            *self = None;
        }
        let begin = reader.place();
        if !T::NULL && null(reader)? {
            return Ok(());
        }
        match T::decode(reader) {
            Ok(value) => {
                *self = Some(value);
                Ok(())
            }
            Err(fault) => skip_mismatch(reader, begin, fault),
        }
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn text_of<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Some(value) => text_of(value, text),
            None => {
                let mut other: Self = None;
                let absent = other.read(&mut Reader::new(text)).is_ok() && other.is_none();
                absent.then_some(Cow::Borrowed(text))
            }
        }
    }
}

/// Whether the value is null, which is then marked.
#[inline]
pub(super) fn null(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let null = reader.null()?;
    reader.null |= null;
    Ok(null)
}

/// Passes over a value that does not fit, which is marked to be kept.
#[cold]
pub(super) fn skip_mismatch(reader: &mut Reader<'_>, begin: usize, fault: Fault) -> Result<(), Fault> {
    if fault != Fault::Kind {
        return Err(fault);
    }
    reader.mismatch(begin)?;
    reader.kept = true;
    Ok(())
}

/// After so many items of a page it is guessed how many there are.
const MEASURED: usize = 4;
/// So many items are made room for at the most before they come.
const RESERVED: usize = 256;

/// The text of an item of a list that its type cannot hold, or would write differently.
#[derive(Clone, Debug)]
pub(crate) struct OddItem {
    /// How many items stand before it.
    pub at: usize,
    pub json: Box<str>,
    /// Whether it is no item of the list; otherwise it is the text of the one at `at`.
    pub left_out: bool,
}

/// A list that is being read, whatever its items are.
trait Items {
    /// Whether null is an item like any other.
    fn takes_null(&self) -> bool;

    /// How many items there are.
    fn count(&self) -> usize;

    /// Makes room for so many items, if the memory limit allows it.
    fn reserve(&mut self, reader: &mut Reader<'_>, items: usize);

    /// Reads one item onto the end.
    fn append(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault>;
}

impl<T: Decode> Items for Vec<T> {
    fn takes_null(&self) -> bool {
        T::NULL
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn reserve(&mut self, reader: &mut Reader<'_>, items: usize) {
        // A page that exceeds the limit fails at the item that does.
        let _ = reader.reserve(self, items);
    }

    fn append(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        T::append(reader, self)
    }
}

/// Keeps the text of an item that begins at `begin`.
#[cold]
fn keep_item(
    reader: &mut Reader<'_>,
    odd: &mut Vec<OddItem>,
    (at, begin): (usize, usize),
    left_out: bool,
) -> Result<(), Fault> {
    let json = reader.since(begin);
    reader.charge(json.len())?;
    reader.make_room(odd)?;
    let json = compact(json).into();
    odd.push(OddItem { at, json, left_out });
    Ok(())
}

/// Reads the items of a list. Those that do not fit are left out, and are added to `odd`. Compiled once for all types.
fn items(reader: &mut Reader<'_>, list: &mut dyn Items, odd: &mut Vec<OddItem>) -> Result<(), Fault> {
    let null = list.takes_null();
    let (mut next, mut located) = (0, reader.mismatches.len());
    let begin = reader.place();
    reader.list("a list", |reader| {
        let item = next;
        next += 1;
        if item == MEASURED && reader.is_outermost_list() {
            // A page of large objects is not to be copied each time it grows. What is still to come is a guess.
            let length = (reader.place() - begin) / MEASURED;
            let items = reader.left().checked_div(length).unwrap_or_default().min(RESERVED);
            list.reserve(reader, items);
        }
        reader.peek()?;
        let begin = reader.place();
        if !null && reader.null()? {
            return keep_item(reader, odd, (list.count(), begin), true);
        }
        reader.kept = false;
        match list.append(reader) {
            Ok(()) if reader.kept => keep_item(reader, odd, (list.count() - 1, begin), false)?,
            Ok(()) => {}
            Err(Fault::Kind) => {
                reader.mismatch(begin)?;
                keep_item(reader, odd, (list.count(), begin), true)?;
            }
            Err(fault) => return Err(reader.failed(fault, Step::Item(item))),
        }
        if reader.mismatches.len() > located {
            reader.locate(located, Step::Item(item));
            located = reader.mismatches.len();
        }
        Ok(())
    })?;
    reader.kept = false;
    Ok(())
}

/// Reads a list, and what of it is kept.
pub(crate) fn list<T: Decode>(reader: &mut Reader<'_>) -> Result<(Vec<T>, Vec<OddItem>), Fault> {
    let (mut list, mut odd) = (Vec::new(), Vec::new());
    items(reader, &mut list, &mut odd)?;
    Ok((list, odd))
}

/// A bare list has no place to keep what does not fit, which marks all of it to be kept.
impl<T: Decode> Decode for Vec<T> {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (list, odd) = list(reader)?;
        reader.kept = !odd.is_empty();
        Ok(list)
    }

    fn empty() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Decode> Decode for Box<T> {
    const NULL: bool = T::NULL;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.charge(size_of::<T>())?;
        T::decode(reader).map(Box::new)
    }

    fn empty() -> Option<Self> {
        T::empty().map(Box::new)
    }

    fn patched(&self, text: &str) -> Option<String> {
        T::patched(self, text)
    }
}

/// The body of an operation whose success says nothing.
impl Decode for () {
    const NULL: bool = true;
    const NOTHING: bool = true;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.skip()
    }

    fn empty() -> Option<Self> {
        Some(())
    }
}

impl Decode for String {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'"' => reader.owned(),
            _ => text(reader, "a string").map(Cow::into_owned),
        }
    }
}

/// Reads a text. A number stands for its own text, and is kept as a number.
#[inline]
pub(crate) fn text<'t>(reader: &mut Reader<'t>, expected: &'static str) -> Result<Cow<'t, str>, Fault> {
    if let Some(text) = reader.string()? {
        return Ok(text);
    }
    let begin = reader.place();
    if reader.number()?.is_none() {
        return Err(reader.other(expected));
    }
    reader.kept = true;
    Ok(Cow::Borrowed(reader.since(begin)))
}

/// So many decimal digits are told apart by a float, and come back from it as they went in.
const FLOAT_DIGITS: usize = 15;

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether a float is written as the text that it was read from.
fn is_written(value: f64, text: &str) -> bool {
    // A fraction of so few digits is written with the same ones, unless it is small enough for an exponent.
    let plain =
        text.contains('.') && !text.ends_with('0') && !text.contains(['e', 'E']) && digits(text) <= FLOAT_DIGITS;
    plain && value.abs() > 1e-4 || serde_json::to_string(&value).is_ok_and(|written| written == text)
}

/// The integer of 64 bits that a number is, when it is one, and whether it is written as such.
fn integer(number: Number<'_>) -> Option<(i64, bool)> {
    match number {
        Number::Integer(value) => Some((value, true)),
        Number::Text(text) => {
            let value = text.parse().ok().filter(|_| digits(text) <= FLOAT_DIGITS);
            value.and_then(integer_of).map(|value| (value, false))
        }
    }
}

/// The integer that `v` is, when it is one that no other number shares its float with.
pub(crate) fn integer_of(v: f64) -> Option<i64> {
    const EXACT: f64 = (1_i64 << 53) as f64;
    (v.fract() == 0.0 && v.abs() < EXACT).then_some(v as i64)
}

/// Reads the number that a text is.
pub(crate) fn number_in<T>(
    reader: &mut Reader<'_>,
    parse: impl Fn(Number<'_>) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = reader.string()? else {
        return Ok(None);
    };
    let mut inner = Reader::new(text.trim());
    let number = inner.number().ok().flatten().filter(|_| inner.end().is_ok());
    Ok(number.and_then(parse))
}

/// Reads a number, or the text of one, and keeps what the value is not written as.
#[inline]
fn number<T>(
    reader: &mut Reader<'_>,
    expected: &'static str,
    parse: impl Fn(Number<'_>) -> Option<(T, bool)>,
) -> Result<T, Fault> {
    let found = match reader.number()? {
        Some(number) => parse(number),
        // Written as a number, it is kept as a text.
        None => number_in(reader, parse)?.map(|(value, _)| (value, false)),
    };
    let (value, exact) = found.ok_or_else(|| reader.other(expected))?;
    reader.kept |= !exact;
    Ok(value)
}

impl Decode for i64 {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        number(reader, "an integer", integer)
    }
}

/// The nearest float to a number, and whether the float is written as that number.
fn float(number: Number<'_>) -> Option<(f64, bool)> {
    const EXACT: u64 = 1 << 53;
    match number {
        Number::Integer(value) => Some((value as f64, value.unsigned_abs() < EXACT)),
        Number::Text(text) => {
            let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
            // One without a fraction is written without one.
            Some((value, integer_of(value).is_none() && is_written(value, text)))
        }
    }
}

impl Decode for f64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        number(reader, "a number", float)
    }
}

impl Decode for bool {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if let Some(truth) = reader.boolean()? {
            return Ok(truth);
        }
        let truth = match reader.string()?.as_deref() {
            Some("true") => true,
            Some("false") => false,
            _ => return Err(reader.other("a boolean")),
        };
        reader.kept = true;
        Ok(truth)
    }
}

/// Free-form JSON. A number that [`serde_json::Number`] cannot hold or writes differently becomes the nearest one, and its
/// text is kept.
impl Decode for Value {
    const NULL: bool = true;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'"' => Ok(Value::String(reader.string()?.unwrap_or_default().into_owned())),
            b'{' => Map::decode(reader).map(Value::Object),
            b'[' => {
                let mut list = Vec::new();
                reader.list("", |reader| Value::append(reader, &mut list))?;
                Ok(Value::Array(list))
            }
            b'n' => reader.null().map(|_| Value::Null),
            b't' | b'f' => Ok(reader.boolean()?.into()),
            _ => match reader.number()? {
                Some(Number::Integer(value)) => Ok(value.into()),
                Some(Number::Text(text)) => Ok(nearest(text, reader)),
                None => Err(reader.malformed()),
            },
        }
    }

    fn empty() -> Option<Self> {
        Some(Value::Null)
    }

    fn patched(&self, text: &str) -> Option<String> {
        patched(self, text)
    }
}

/// The value of a number that no `i64` holds.
fn nearest(text: &str, reader: &mut Reader<'_>) -> Value {
    if let Ok(value) = text.parse::<u64>() {
        return value.into();
    }
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    // Integers of any length are told by their digits, the others by their float.
    let float = text.contains(['.', 'e', 'E']);
    let exact = value.is_some_and(|value| float && is_written(value, text));
    reader.kept |= !exact;
    value.map_or(Value::Null, Value::from)
}

impl Decode for Map<String, Value> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut map = Map::new();
        reader.object("an object", |reader, name| {
            reader.charge_entry::<(String, Value)>(map.len())?;
            map.insert(name.into_owned(), Value::decode(reader)?);
            Ok(())
        })?;
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is read, and whether the text has to be kept beside it.
    fn read<T: Decode>(text: &str) -> Option<(T, bool)> {
        let mut reader = Reader::new(text);
        let value = T::decode(&mut reader).ok()?;
        reader.end().ok().map(|()| (value, reader.kept))
    }

    #[test]
    fn text_takes_numbers_and_keeps_them() {
        assert_eq!(read::<String>("\"a\""), Some(("a".to_owned(), false)));
        for number in ["12", "-1.5", "18446744073709551616", "1e400"] {
            assert_eq!(read::<String>(number), Some((number.to_owned(), true)));
        }
        for other in ["{}", "[]", "true", "null"] {
            assert_eq!(read::<String>(other), None, "{other}");
        }
    }

    #[test]
    fn integers_take_what_is_one_and_keep_how_it_is_written() {
        for (text, kept) in [
            ("12", false),
            ("\"12\"", true),
            ("12.0", true),
            ("\"12.0\"", true),
            ("1.2e1", true),
        ] {
            assert_eq!(read::<i64>(text), Some((12, kept)), "{text}");
        }
        assert_eq!(read::<i64>("-0"), Some((0, true)));
        assert_eq!(read::<i64>("\" 12\""), Some((12, true)));
        for text in [
            "12.5",
            "\"a\"",
            "\"\"",
            "\"012\"",
            "18446744073709551615",
            "1e300",
            "9007199254740993.0",
            "true",
            "{}",
        ] {
            assert_eq!(read::<i64>(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_came_or_kept() {
        for (text, number) in [
            ("1.5", 1.5),
            ("3", 3.0),
            ("449.49106478873813", 449.49106478873813),
            ("-0.25", -0.25),
        ] {
            assert_eq!(read::<f64>(text), Some((number, false)), "{text}");
        }
        for text in [
            "8.0",
            "1e2",
            "1.50",
            "\"1.5\"",
            "0.0000001",
            "9007199254740993",
            "9223372036854775808",
            "123456789012345678901234567890",
            "0.10000000000000000555",
        ] {
            let number = text.trim_matches('"').parse().unwrap();
            assert_eq!(read::<f64>(text), Some((number, true)), "{text}");
        }
        assert!(read::<f64>("-0").unwrap().0.is_sign_negative());
        for text in ["\"inf\"", "1e400", "\"\"", "\"0x1\""] {
            assert_eq!(read::<f64>(text), None, "{text}");
        }
    }

    #[test]
    fn booleans_take_their_text() {
        assert_eq!(read::<bool>("\"true\""), Some((true, true)));
        assert_eq!(read::<bool>("false"), Some((false, false)));
        assert_eq!(read::<bool>("1"), None);
    }

    #[test]
    fn lists_leave_out_what_does_not_fit_and_keep_it() {
        assert_eq!(read::<Vec<i64>>("[1,2]"), Some((vec![1, 2], false)));
        assert_eq!(read::<Vec<i64>>("[1,null,\"2\",{},[3]]"), Some((vec![1, 2], true)));
        assert_eq!(
            read::<Vec<Value>>("[1,null]"),
            Some((vec![json!(1), json!(null)], false))
        );
        assert_eq!(read::<Vec<i64>>("{}"), None);
    }

    #[test]
    fn free_json_keeps_numbers_that_a_value_cannot_hold() {
        assert_eq!(
            read::<Value>("[1.5,18446744073709551615,-0.0,8.0,1e-7]").map(|(_, kept)| kept),
            Some(false)
        );
        for text in [
            "1.50",
            "-0",
            "1e2",
            "0.0000001",
            "[18446744073709551616]",
            "{\"a\":[-9223372036854775809]}",
            "1e400",
        ] {
            assert_eq!(read::<Value>(text).map(|(_, kept)| kept), Some(true), "{text}");
        }
    }
}
