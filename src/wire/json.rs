//! Reads JSON as servers write it: one pass over text that is known to be UTF-8, strings borrowed from it.
//!
//! Most of what a walk through a list costs is reading its pages, so this crate reads by itself what is plain: objects,
//! lists, strings, words and numbers of up to 18 digits. At anything else, right or wrong, [`Reader`] gives up without
//! saying why, and `serde_json` decides what the text means: where both read a text, they read the same.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// What the reader does not read, or what the type does not take.
#[derive(Debug)]
pub struct GaveUp;

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not read")
    }
}

impl std::error::Error for GaveUp {}

impl de::Error for GaveUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A place in a JSON text.
pub struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

/// How deep lists and objects may lie in each other: less than `serde_json` allows.
const DEPTH: u8 = 100;
/// Integers of so many digits fit any integer type of 64 bits.
const DIGITS: usize = 18;

impl<'de> Reader<'de> {
    pub fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Succeeds when nothing but white space is left.
    pub fn end(&mut self) -> Result<(), GaveUp> {
        match self.next() {
            Err(GaveUp) if self.at == self.text.len() => Ok(()),
            _ => Err(GaveUp),
        }
    }

    /// The next byte that is not white space, still to be read.
    #[inline(always)]
    fn next(&mut self) -> Result<u8, GaveUp> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(&byte) if byte > b' ' => return Ok(byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                _ => return Err(GaveUp),
            }
        }
    }

    /// Reads `byte`, after white space.
    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), GaveUp> {
        if self.next()? != byte {
            return Err(GaveUp);
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, word: &[u8; N]) -> Result<(), GaveUp> {
        let rest = self.text.as_bytes().get(self.at..).ok_or(GaveUp)?;
        if rest.first_chunk() != Some(word) {
            return Err(GaveUp);
        }
        self.at += N;
        Ok(())
    }

    /// Reads the string that begins here, unless something in it is escaped or wrong.
    #[inline(always)]
    fn string(&mut self) -> Option<&'de str> {
        let begin = self.at + 1;
        let bytes = self.text.as_bytes();
        let end = begin + plain(bytes.get(begin..)?);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(begin..end)
    }

    /// Reads the string that begins here, whatever is escaped in it.
    #[cold]
    fn escaped(&mut self) -> Result<String, GaveUp> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            end += plain(bytes.get(end..).unwrap_or_default());
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                _ => return Err(GaveUp),
            }
        }
        let quoted = self.text.get(self.at..=end).ok_or(GaveUp)?;
        self.at = end + 1;
        serde_json::from_str(quoted).map_err(|_| GaveUp)
    }

    #[inline]
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let negative = rest.first() == Some(&b'-');
        let unsigned = &rest[usize::from(negative)..];
        let digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let Some(b'.' | b'e' | b'E') = unsigned.get(digits) {
            return self.float(visitor);
        }
        // "-0" is a float.
        if digits == 0 || digits > DIGITS || unsigned[0] == b'0' && (digits > 1 || negative) {
            return Err(GaveUp);
        }
        let value = unsigned[..digits]
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.at += usize::from(negative) + digits;
        match negative {
            true => visitor.visit_i64(-value),
            false => visitor.visit_u64(value.unsigned_abs()),
        }
    }

    #[cold]
    fn float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let rest = self.text.get(self.at..).ok_or(GaveUp)?;
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let number = &rest[..end.unwrap_or(rest.len())];
        self.at += number.len();
        visitor.visit_f64(serde_json::from_str(number).map_err(|_| GaveUp)?)
    }

    /// Reads what is between this bracket and the `close` that belongs to it.
    #[inline]
    fn inside<T>(
        &mut self,
        close: u8,
        read: impl FnOnce(&mut Entries<'_, 'de>) -> Result<T, GaveUp>,
    ) -> Result<T, GaveUp> {
        if self.depth == DEPTH {
            return Err(GaveUp);
        }
        self.depth += 1;
        self.at += 1;
        let mut entries = Entries {
            reader: self,
            close,
            state: State::First,
        };
        let value = read(&mut entries)?;
        if !matches!(entries.state, State::Closed) {
            return Err(GaveUp);
        }
        self.depth -= 1;
        Ok(value)
    }
}

/// How many bytes stand before the next quote, backslash or control character.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // Without its second bit a quote is the first character above the control characters.
        let quote = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let found = (quote | backslash) & !word & HIGH;
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let tail = rest.iter().take_while(|byte| !matches!(byte, 0..b' ' | b'"' | b'\\'));
    bytes.len() - rest.len() + tail.count()
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = GaveUp;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        match self.next()? {
            b'"' => match self.string() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_string(self.escaped()?),
            },
            b'{' => self.inside(b'}', |entries| visitor.visit_map(entries)),
            b'[' => self.inside(b']', |entries| visitor.visit_seq(entries)),
            b'n' => {
                self.word(b"null")?;
                visitor.visit_unit()
            }
            b't' => {
                self.word(b"true")?;
                visitor.visit_bool(true)
            }
            b'f' => {
                self.word(b"false")?;
                visitor.visit_bool(false)
            }
            _ => self.number(visitor),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        if self.next()? == b'n' {
            self.word(b"null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, GaveUp> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// What stands in a list or an object.
struct Entries<'a, 'de> {
    reader: &'a mut Reader<'de>,
    close: u8,
    state: State,
}

enum State {
    First,
    Later,
    Closed,
}

impl Entries<'_, '_> {
    /// Goes to the next entry; `false` when there is none.
    #[inline(always)]
    fn advance(&mut self) -> Result<bool, GaveUp> {
        if matches!(self.state, State::Closed) {
            return Ok(false);
        }
        let byte = self.reader.next()?;
        if byte == self.close {
            self.reader.at += 1;
            self.state = State::Closed;
            return Ok(false);
        }
        if matches!(self.state, State::First) {
            self.state = State::Later;
            return Ok(true);
        }
        if byte != b',' {
            return Err(GaveUp);
        }
        self.reader.at += 1;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Entries<'_, 'de> {
    type Error = GaveUp;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, GaveUp> {
        if !self.advance()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = GaveUp;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, GaveUp> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.reader.next()? != b'"' {
            return Err(GaveUp);
        }
        match self.reader.string() {
            Some(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            None => seed.deserialize(self.reader.escaped()?.into_deserializer()),
        }
        .map(Some)
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, GaveUp> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;
    use serde_json::{Value, json};

    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
        let mut reader = Reader::new(text);
        let value = T::deserialize(&mut reader).ok()?;
        reader.end().ok().map(|()| value)
    }

    /// What was read as a value and what was passed over, if it was.
    fn both(text: &str) -> Option<Value> {
        let value = read::<Value>(text);
        assert_eq!(read::<IgnoredAny>(text).is_some(), value.is_some(), "{text}");
        value
    }

    #[test]
    fn it_reads_what_servers_write() {
        for text in [
            r#"{"type":"list","data":[{"id":"7","name":null,"open":true,"read":false}],"pages":{"next":null}}"#,
            " { \"a\" :\t[ 1 , -2 , 0 ] ,\r\n \"b\" : { } , \"c\" : [ ] } ",
            r#"{"body":"<p class=\"x\">caf\u00e9 \ud83d\ude00 \/</p>\n","emoji":"😀","key \"quoted\"":"\\"}"#,
            "[0.5,-1.25e3,1E-2,99.90]",
            "999999999999999999",
            "-999999999999999999",
            "\"\"",
            "\"twelve bytes\"",
        ] {
            let known: Value = serde_json::from_str(text).unwrap();
            assert_eq!(both(text), Some(known), "{text}");
        }
        assert_eq!(both(r#"{"a":1,"a":2}"#), Some(json!({"a": 2})), "the last one counts");
    }

    #[test]
    fn it_gives_up_on_everything_else() {
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
            "\"\\ud800\"",
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
            "0x1",
            "1 1",
            "NaN",
            "\u{feff}{}",
            "\u{a0}1",
            "-0",
            "1e400",
            "1000000000000000000",
            &deep,
        ] {
            assert_eq!(both(text), None, "{text}");
        }
        assert!(both(&deep[1..deep.len() - 1]).is_some());
    }

    #[test]
    fn what_is_left_unread_is_not_lost_in_silence() {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = Option<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<u8>, A::Error> {
                items.next_element()
            }
        }
        assert!(Reader::new("[1,2]").deserialize_any(First).is_err());
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
        fn what_both_read_they_read_the_same(
            value in values(),
            pretty in any::<bool>(),
            place in any::<prop::sample::Index>(),
            cut in 0..3_usize,
            put in prop_oneof![Just(String::new()), "[\\[\\]{}\",:\\\\0-9eE.+\\- tfn\n]{1,3}", any::<char>().prop_map(String::from)],
        ) {
            let mut text = if pretty { format!("{value:#}") } else { value.to_string() };
            let exact = both(&text);
            prop_assert!(exact.is_none() || exact == serde_json::from_str(&text).ok(), "{text}");
            // And again with a flaw.
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let begin = place.index(places.len());
            let end = places.get(begin + cut).copied().unwrap_or(text.len());
            text.replace_range(places[begin]..end, &put);
            let flawed = both(&text);
            prop_assert!(flawed.is_none() || flawed == serde_json::from_str(&text).ok(), "{text}");
        }

        #[test]
        fn plain_text_ends_where_it_ends(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a')], 0..40)) {
            let end = bytes.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(plain(&bytes), end.unwrap_or(bytes.len()));
        }
    }
}
