//! JSON of types that the user defines: read and written by serde.

use serde::de::DeserializeOwned;
use serde::ser::{self, Serialize, Serializer};

use std::fmt;

/// Decodes JSON by serde. Invalid UTF-8 and unpaired surrogates, which serde rejects, become U+FFFD.
pub(crate) fn from_json<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(text).or_else(|error| match replace_invalid_characters(text) {
        Some(repaired) => serde_json::from_slice(&repaired),
        None => Err(error),
    })
}

/// Replaces invalid UTF-8 and unpaired surrogates by U+FFFD. Returns `None` if the text contains neither.
fn replace_invalid_characters(text: &[u8]) -> Option<Vec<u8>> {
    let mut repaired = String::from_utf8_lossy(text).into_owned().into_bytes();
    let unit = |text: &[u8], at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(br"\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(escape) = repaired
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\\'))
    {
        at += escape;
        at += match (unit(&repaired, at), unit(&repaired, at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                repaired[at..at + 6].copy_from_slice(br"\ufffd");
                6
            }
            _ => 2,
        };
    }
    (repaired != text).then_some(repaired)
}

/// Encodes a value as JSON. Fails for a number that is NaN or infinite, which serde would write as null.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Vec<u8>> {
    value
        .serialize(FiniteCheck)
        .map_err(<serde_json::Error as ser::Error>::custom)?;
    serde_json::to_vec(value)
}

/// A serializer without output that fails at a number that is not finite.
#[derive(Clone, Copy)]
struct FiniteCheck;

/// The reason why a value cannot be serialized.
#[derive(Debug)]
struct CheckError(String);

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CheckError {}

impl ser::Error for CheckError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

/// Implements methods that accept any value.
macro_rules! accept {
    ($($method:ident($($ty:ty),*);)*) => {$(
        fn $method(self, $(_: $ty),*) -> Result<(), CheckError> {
            Ok(())
        }
    )*};
}

impl Serializer for FiniteCheck {
    type Ok = ();
    type Error = CheckError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    accept! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_f32(self, number: f32) -> Result<(), CheckError> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), CheckError> {
        match number.is_finite() {
            true => Ok(()),
            false => Err(ser::Error::custom("number is not finite")),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CheckError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), CheckError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), CheckError> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, CheckError> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, CheckError> {
        Ok(self)
    }
}

/// Implements the traits for the parts of a value: `trait method(parameters before the value)`.
macro_rules! check_parts {
    ($($part:ident $method:ident($($ty:ty),*);)*) => {$(
        impl ser::$part for FiniteCheck {
            type Ok = ();
            type Error = CheckError;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $ty,)* value: &T) -> Result<(), CheckError> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), CheckError> {
                Ok(())
            }
        }
    )*};
}

check_parts! {
    SerializeSeq serialize_element();
    SerializeTuple serialize_element();
    SerializeTupleStruct serialize_field();
    SerializeTupleVariant serialize_field();
    SerializeStruct serialize_field(&'static str);
    SerializeStructVariant serialize_field(&'static str);
}

impl ser::SerializeMap for FiniteCheck {
    type Ok = ();
    type Error = CheckError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CheckError> {
        key.serialize(*self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CheckError> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), CheckError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Serialize)]
    enum Score {
        None,
        One(f64),
        Two(f32, f64),
        Named { value: f64 },
    }

    #[derive(serde::Serialize)]
    struct Body {
        name: Option<f64>,
        scores: Vec<Score>,
        #[serde(flatten)]
        more: BTreeMap<String, (f64,)>,
    }

    #[test]
    fn numbers_that_are_not_finite_are_rejected_everywhere() {
        let body = |odd: f64, place: usize| {
            let at = |here: usize| if here == place { odd } else { 0.5 };
            Body {
                name: Some(at(0)),
                scores: vec![
                    Score::None,
                    Score::One(at(1)),
                    Score::Two(at(2) as f32, at(3)),
                    Score::Named { value: at(4) },
                ],
                more: [("x".to_owned(), (at(5),))].into(),
            }
        };
        for place in 0..6 {
            for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let error = to_json(&body(odd, place)).unwrap_err().to_string();
                assert_eq!(error, "number is not finite", "{place}");
            }
        }
        let written = to_json(&body(0.5, 0)).unwrap();
        assert_eq!(written, serde_json::to_vec(&body(0.5, 0)).unwrap());
        assert!(to_json(&serde_json::json!({"a": null, "b": [1, "x"]})).is_ok());
    }

    #[test]
    fn invalid_characters_are_replaced() {
        let read = |text: &[u8]| from_json::<serde_json::Value>(text).ok();
        assert_eq!(read(br#""a\ud83d""#), Some("a\u{fffd}".into()));
        assert_eq!(read(b"\"a\xff\""), Some("a\u{fffd}".into()));
        assert_eq!(read(br#""\ud83d\ude00""#), Some("\u{1f600}".into()));
        assert_eq!(read(b"[1"), None);
    }
}
