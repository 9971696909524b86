//! Decodes values leniently, and without losing data.
//!
//! [`Decode`] reads one value. Numbers are accepted as strings, strings as numbers, and null everywhere. A value of any other
//! type leaves its field unset; its text is kept in the object's [`Extra`](super::extra::Extra), and reading continues.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::raw_json::{compact, patched};
use super::reader::{Fault, Number, PathStep, Reader};

/// A type that is decoded from JSON.
pub trait Decode: Sized {
    /// Whether null is a value of this type, and not an absent value.
    const ACCEPTS_NULL: bool = false;
    /// Whether every JSON value is of this type.
    const ACCEPTS_ANY: bool = false;
    /// Whether any response body is accepted, because there is nothing to decode.
    const IGNORES_BODY: bool = false;

    /// Reads one value. After [`Fault::WrongType`] the caller continues with [`Reader::skip_mismatch`].
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault>;

    /// Reads one value and appends it to a list.
    #[inline]
    fn append(reader: &mut Reader<'_>, list: &mut Vec<Self>) -> Result<(), Fault> {
        let item = Self::decode(reader)?;
        reader.make_room(list)?;
        list.push(item);
        Ok(())
    }

    /// Returns the value for the empty body of a successful response, or `None` if a body is required.
    fn from_empty_body() -> Option<Self> {
        None
    }

    /// Returns the JSON text of this value, which was decoded from `text` and then edited, with the unchanged parts as in
    /// `text`. Returns `None` if the value has no parts of which the text matters.
    fn patched(&self, text: &str) -> Option<String> {
        let _ = text;
        None
    }
}

/// Returns the JSON text for a value that was decoded from `text`: `text` itself while the value is unchanged. Returns `None`
/// if the value was changed and has to be serialized.
pub(crate) fn original_text<'a, T: Decode + PartialEq>(value: &T, text: &'a str) -> Option<Cow<'a, str>> {
    match T::decode(&mut Reader::new(text)) {
        Ok(decoded) if decoded == *value => Some(Cow::Borrowed(text)),
        _ => value.patched(text).map(Cow::Owned),
    }
}

/// A type that keeps everything it is decoded from.
pub trait Lossless: Decode {}

impl Lossless for () {}

/// A field of an object, set or unset.
pub(crate) trait Field {
    /// Reads the value of the field. A value of another type leaves the field unset, and its text is kept.
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault>;

    /// Returns `true` if the field is unset and is not serialized.
    fn is_unset(&self) -> bool;

    /// Returns the JSON text for a field that was read from `text`, like [`original_text`].
    fn original_text<'a>(&self, text: &'a str) -> Option<Cow<'a, str>>;
}

impl<T: Decode + PartialEq> Field for Option<T> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        if self.is_some() {
            *self = None;
        }
        let start = reader.position();
        if !T::ACCEPTS_NULL && read_null(reader)? {
            return Ok(());
        }
        match T::decode(reader) {
            Ok(value) => {
                *self = Some(value);
                Ok(())
            }
            Err(fault) => keep_mismatch(reader, start, fault),
        }
    }

    fn is_unset(&self) -> bool {
        self.is_none()
    }

    fn original_text<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Some(value) => original_text(value, text),
            None => {
                let mut decoded: Self = None;
                let unset = decoded.read(&mut Reader::new(text)).is_ok() && decoded.is_none();
                unset.then_some(Cow::Borrowed(text))
            }
        }
    }
}

/// Reads null and sets [`Reader::was_null`]. Returns `false`, without reading anything, if the next value is not null.
#[inline]
pub(super) fn read_null(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let null = reader.null()?;
    reader.was_null |= null;
    Ok(null)
}

/// Skips a value of another type, and marks its text to be kept.
#[cold]
pub(super) fn keep_mismatch(reader: &mut Reader<'_>, start: usize, fault: Fault) -> Result<(), Fault> {
    if fault != Fault::WrongType {
        return Err(fault);
    }
    reader.skip_mismatch(start)?;
    reader.keep_text = true;
    Ok(())
}

/// Number of items after which the length of a list is estimated.
const ITEMS_BEFORE_ESTIMATE: usize = 4;
/// Maximum number of items for which memory is reserved by the estimate.
const MAX_RESERVED_ITEMS: usize = 256;

/// An item of a list that its type cannot hold, or would serialize differently.
#[derive(Clone, Debug)]
pub(crate) struct RawItem {
    /// The number of decoded items before it.
    pub index: usize,
    pub json: Box<str>,
    /// Whether it is missing among the decoded items. Otherwise it is the text of the item at `index`.
    pub left_out: bool,
}

/// A list that is being decoded, whatever the type of its items.
trait Target {
    /// Returns `true` if null is an item like any other.
    fn accepts_null(&self) -> bool;

    /// Returns the number of items.
    fn count(&self) -> usize;

    /// Reserves capacity for `additional` more items if the memory limit allows it.
    fn reserve(&mut self, reader: &mut Reader<'_>, additional: usize);

    /// Reads one item and appends it.
    fn append(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault>;
}

impl<T: Decode> Target for Vec<T> {
    fn accepts_null(&self) -> bool {
        T::ACCEPTS_NULL
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn reserve(&mut self, reader: &mut Reader<'_>, additional: usize) {
        // If this fails, the list fails later at the item that exceeds the limit.
        let _ = reader.reserve(self, additional);
    }

    fn append(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        T::append(reader, self)
    }
}

/// Keeps the text of the item that starts at `start`.
#[cold]
fn keep_item(
    reader: &mut Reader<'_>,
    raw_items: &mut Vec<RawItem>,
    (index, start): (usize, usize),
    left_out: bool,
) -> Result<(), Fault> {
    let json = reader.text_since(start);
    reader.charge(json.len())?;
    reader.make_room(raw_items)?;
    let json = compact(json).into();
    raw_items.push(RawItem { index, json, left_out });
    Ok(())
}

/// Reads the items of a list. Items of another type are left out and added to `raw_items`.
///
/// Takes a trait object so that it is compiled once for all types.
fn items(reader: &mut Reader<'_>, list: &mut dyn Target, raw_items: &mut Vec<RawItem>) -> Result<(), Fault> {
    let accepts_null = list.accepts_null();
    let (mut next, mut located) = (0, reader.mismatch_count());
    let start = reader.position();
    reader.list("a list", |reader| {
        let item = next;
        next += 1;
        if item == ITEMS_BEFORE_ESTIMATE && reader.is_outermost_list() {
            // Moving a page of large objects each time it grows takes time, so its length is estimated once.
            let item_length = (reader.position() - start) / ITEMS_BEFORE_ESTIMATE;
            let items = reader.remaining().checked_div(item_length).unwrap_or_default();
            list.reserve(reader, items.min(MAX_RESERVED_ITEMS));
        }
        reader.peek()?;
        let start = reader.position();
        if !accepts_null && reader.null()? {
            return keep_item(reader, raw_items, (list.count(), start), true);
        }
        reader.keep_text = false;
        match list.append(reader) {
            Ok(()) if reader.keep_text => keep_item(reader, raw_items, (list.count() - 1, start), false)?,
            Ok(()) => {}
            Err(Fault::WrongType) => {
                reader.skip_mismatch(start)?;
                keep_item(reader, raw_items, (list.count(), start), true)?;
            }
            Err(fault) => return Err(reader.fail_at(PathStep::Item(item), fault)),
        }
        if reader.mismatch_count() > located {
            reader.add_step(located, PathStep::Item(item));
            located = reader.mismatch_count();
        }
        Ok(())
    })?;
    reader.keep_text = false;
    Ok(())
}

/// Reads a list, and the texts of the items that have to be kept.
pub(crate) fn list<T: Decode>(reader: &mut Reader<'_>) -> Result<(Vec<T>, Vec<RawItem>), Fault> {
    let (mut list, mut raw_items) = (Vec::new(), Vec::new());
    items(reader, &mut list, &mut raw_items)?;
    Ok((list, raw_items))
}

/// A `Vec` cannot keep texts. If an item needs it, the text of the complete list is kept by the object around it.
impl<T: Decode> Decode for Vec<T> {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (list, raw_items) = list(reader)?;
        reader.keep_text = !raw_items.is_empty();
        Ok(list)
    }

    fn from_empty_body() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Decode> Decode for Box<T> {
    const ACCEPTS_NULL: bool = T::ACCEPTS_NULL;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.charge(size_of::<T>())?;
        T::decode(reader).map(Box::new)
    }

    fn from_empty_body() -> Option<Self> {
        T::from_empty_body().map(Box::new)
    }

    fn patched(&self, text: &str) -> Option<String> {
        T::patched(self, text)
    }
}

/// The body of an operation whose successful response has no content.
impl Decode for () {
    const ACCEPTS_NULL: bool = true;
    const IGNORES_BODY: bool = true;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        reader.skip()
    }

    fn from_empty_body() -> Option<Self> {
        Some(())
    }
}

impl Decode for String {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'"' => reader.quoted_owned(),
            _ => text(reader, "a string").map(Cow::into_owned),
        }
    }
}

/// Reads a string, or a number as its text. The number is kept as a number.
#[inline]
pub(crate) fn text<'t>(reader: &mut Reader<'t>, expected: &'static str) -> Result<Cow<'t, str>, Fault> {
    if let Some(text) = reader.string()? {
        return Ok(text);
    }
    let start = reader.position();
    if reader.number()?.is_none() {
        return Err(reader.wrong_type(expected));
    }
    reader.keep_text = true;
    Ok(Cow::Borrowed(reader.text_since(start)))
}

/// Number of decimal digits that survive the conversion to a float and back.
const EXACT_DECIMAL_DIGITS: usize = 15;

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Returns `true` if a float is serialized as the text that it was parsed from.
fn is_written(value: f64, text: &str) -> bool {
    // A short fraction is written with the same digits, unless it is so small that it gets an exponent.
    let plain = text.contains('.')
        && !text.ends_with('0')
        && !text.contains(['e', 'E'])
        && digits(text) <= EXACT_DECIMAL_DIGITS;
    plain && value.abs() > 1e-4 || serde_json::to_string(&value).is_ok_and(|written| written == text)
}

/// Returns the value of a number that is an integer of 64 bits, and whether it is written as an integer.
fn integer(number: Number<'_>) -> Option<(i64, bool)> {
    match number {
        Number::Integer(value) => Some((value, true)),
        Number::Text(text) => {
            let value = text.parse().ok().filter(|_| digits(text) <= EXACT_DECIMAL_DIGITS);
            value.and_then(integer_of).map(|value| (value, false))
        }
    }
}

/// Converts a float to an integer if it has no fraction and no other integer rounds to the same float.
pub(crate) fn integer_of(v: f64) -> Option<i64> {
    const EXACT: f64 = (1_i64 << 53) as f64;
    (v.fract() == 0.0 && v.abs() < EXACT).then_some(v as i64)
}

/// Reads a string that contains a number. Returns `None` if the next value is not a string, or not of a number.
pub(crate) fn number_in_string<T>(
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

/// Reads a number, or a string that contains one. The text is kept if the value is serialized differently.
#[inline]
fn number<T>(
    reader: &mut Reader<'_>,
    expected: &'static str,
    parse: impl Fn(Number<'_>) -> Option<(T, bool)>,
) -> Result<T, Fault> {
    let found = match reader.number()? {
        Some(number) => parse(number),
        // The value is serialized as a number, so the string is kept.
        None => number_in_string(reader, parse)?.map(|(value, _)| (value, false)),
    };
    let (value, exact) = found.ok_or_else(|| reader.wrong_type(expected))?;
    reader.keep_text |= !exact;
    Ok(value)
}

impl Decode for i64 {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        number(reader, "an integer", integer)
    }
}

/// Returns the float nearest to a number, and whether the float is serialized as that number.
fn float(number: Number<'_>) -> Option<(f64, bool)> {
    const EXACT: u64 = 1 << 53;
    match number {
        Number::Integer(value) => Some((value as f64, value.unsigned_abs() < EXACT)),
        Number::Text(text) => {
            let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
            // A float without a fraction is serialized as an integer.
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
        if let Some(value) = reader.boolean()? {
            return Ok(value);
        }
        let value = match reader.string()?.as_deref() {
            Some("true") => true,
            Some("false") => false,
            _ => return Err(reader.wrong_type("a boolean")),
        };
        reader.keep_text = true;
        Ok(value)
    }
}

/// Any JSON. A number that [`serde_json::Number`] cannot hold or serializes differently becomes the nearest number, and its
/// text is kept.
impl Decode for Value {
    const ACCEPTS_NULL: bool = true;
    const ACCEPTS_ANY: bool = true;

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

    fn from_empty_body() -> Option<Self> {
        Some(Value::Null)
    }

    fn patched(&self, text: &str) -> Option<String> {
        patched(self, text)
    }
}

/// Skips a value, and deducts the memory that [`Value::decode`] needs for it, which is called later without a memory limit.
/// Returns `true` if the value contains a number that may be serialized differently.
pub(super) fn skip_and_charge(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let mut may_differ = false;
    match reader.peek()? {
        b'{' => {
            let mut entries = 0;
            reader.object("an object", |reader, _| {
                reader.charge_entry::<(String, Value)>(entries)?;
                entries += 1;
                may_differ |= skip_and_charge(reader)?;
                Ok(())
            })?;
        }
        b'[' => {
            // Like the capacity of a list: four items at first, then at most twice the length. While it grows, a list needs up to
            // half as much again.
            let mut items = 4;
            reader.list("a list", |reader| {
                reader.charge(size_of::<Value>() * items)?;
                items = 2;
                may_differ |= skip_and_charge(reader)?;
                Ok(())
            })?;
        }
        b'"' | b't' | b'f' | b'n' => reader.skip()?,
        _ => match reader.number()? {
            Some(number) => may_differ = matches!(number, Number::Text(_)),
            None => return Err(reader.malformed()),
        },
    }
    Ok(may_differ)
}

/// Returns the nearest value to a number that does not fit in an `i64`.
fn nearest(text: &str, reader: &mut Reader<'_>) -> Value {
    if let Ok(value) = text.parse::<u64>() {
        return value.into();
    }
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    // A longer integer becomes a float, which is serialized differently.
    let is_float = text.contains(['.', 'e', 'E']);
    let exact = value.is_some_and(|value| is_float && is_written(value, text));
    reader.keep_text |= !exact;
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

    /// Returns the decoded value, and whether its text has to be kept.
    fn read<T: Decode>(text: &str) -> Option<(T, bool)> {
        let mut reader = Reader::new(text);
        let value = T::decode(&mut reader).ok()?;
        reader.end().ok().map(|()| (value, reader.keep_text))
    }

    #[test]
    fn string_accepts_numbers_and_keeps_their_text() {
        assert_eq!(read::<String>("\"a\""), Some(("a".to_owned(), false)));
        for number in ["12", "-1.5", "18446744073709551616", "1e400"] {
            assert_eq!(read::<String>(number), Some((number.to_owned(), true)));
        }
        for other in ["{}", "[]", "true", "null"] {
            assert_eq!(read::<String>(other), None, "{other}");
        }
    }

    #[test]
    fn integer_accepts_other_notations_and_keeps_their_text() {
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
    fn float_is_serialized_as_received_or_keeps_its_text() {
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
    fn boolean_accepts_its_name_as_a_string() {
        assert_eq!(read::<bool>("\"true\""), Some((true, true)));
        assert_eq!(read::<bool>("false"), Some((false, false)));
        assert_eq!(read::<bool>("1"), None);
    }

    #[test]
    fn list_leaves_out_items_of_another_type_and_keeps_them() {
        assert_eq!(read::<Vec<i64>>("[1,2]"), Some((vec![1, 2], false)));
        assert_eq!(read::<Vec<i64>>("[1,null,\"2\",{},[3]]"), Some((vec![1, 2], true)));
        assert_eq!(
            read::<Vec<Value>>("[1,null]"),
            Some((vec![json!(1), json!(null)], false))
        );
        assert_eq!(read::<Vec<i64>>("{}"), None);
    }

    #[test]
    fn any_json_keeps_numbers_that_a_value_cannot_hold() {
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
