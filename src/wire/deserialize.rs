//! `serde::Deserialize` for the types of the crate. The input is converted to JSON text, which the crate's reader decodes.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use serde::de::{self, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::decode::Decode;
use super::read;
use super::reader::Reader;

/// The struct name by which a `RawValue` asks `serde_json` for the text of a value. If a later `serde_json` uses another name,
/// a test fails, and values are still read piece by piece as from other formats.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// The name under which `serde_json` passes numbers if its feature `arbitrary_precision` is enabled.
const NUMBER: &str = "$serde_json::private::Number";

/// Decodes a value from any format.
pub(crate) fn deserialize<'de, T: Decode, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = deserializer.deserialize_newtype_struct(RAW_VALUE, TextVisitor)?;
    let (value, _) = read::text(&text).map_err(D::Error::custom)?;
    Ok(value)
}

/// Implements `Deserialize` for these types.
macro_rules! readable {
    ($($name:ty),* $(,)?) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                crate::wire::deserialize::deserialize(deserializer)
            }
        }

        impl crate::wire::decode::Lossless for $name {}
    )*};
}
pub(crate) use readable;

/// Returns the JSON text of a value. `serde_json` passes the text itself, other formats pass the parts of the value.
struct TextVisitor;

/// Converts a value of any format to JSON text.
fn json_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    let mut text = String::new();
    deserializer.deserialize_any(TextWriter(&mut text))?;
    Ok(text.into())
}

macro_rules! visit_by_writer {
    ($($visit:ident $ty:ty),*) => {$(
        fn $visit<E: de::Error>(self, value: $ty) -> Result<Cow<'de, str>, E> {
            let mut text = String::new();
            TextWriter(&mut text).$visit(value).map(|()| Cow::Owned(text))
        }
    )*};
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    visit_by_writer!(
        visit_bool bool, visit_i64 i64, visit_i128 i128, visit_u64 u64, visit_u128 u128, visit_f64 f64, visit_str &str
    );

    fn visit_unit<E>(self) -> Result<Cow<'de, str>, E> {
        Ok("null".into())
    }

    fn visit_none<E>(self) -> Result<Cow<'de, str>, E> {
        Ok("null".into())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        json_text(deserializer)
    }

    // Called by formats that do not know `RAW_VALUE`. A field with this name in their data is ordinary data.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        json_text(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Cow<'de, str>, A::Error> {
        let mut text = String::new();
        TextWriter(&mut text).visit_seq(items).map(|()| Cow::Owned(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Cow<'de, str>, A::Error> {
        let first = entries.next_key_seed(BorrowedString)?;
        if first.as_deref() == Some(RAW_VALUE) {
            return entries.next_value_seed(BorrowedString);
        }
        let mut text = String::new();
        write_object(&mut text, first, entries).map(|()| Cow::Owned(text))
    }
}

/// Writes an object whose first name has been read.
fn write_object<'de, A: MapAccess<'de>>(
    text: &mut String,
    first: Option<Cow<'de, str>>,
    mut entries: A,
) -> Result<(), A::Error> {
    let start = text.len();
    let may_be_number = first.as_deref() == Some(NUMBER);
    let mut name = first;
    let (mut separator, mut value_start) = ('{', start);
    let mut count = 0;
    while let Some(current) = name {
        text.push(separator);
        TextWriter(text).visit_str(&current)?;
        text.push(':');
        value_start = text.len();
        entries.next_value_seed(TextWriter(text))?;
        separator = ',';
        count += 1;
        name = entries.next_key_seed(BorrowedString)?;
    }
    // `serde_json` passes a number as a map with one entry named `NUMBER`, whose value is a string of digits.
    let digits = text
        .get(value_start..)
        .and_then(|quoted| quoted.strip_prefix('"')?.strip_suffix('"'));
    if let Some(digits) = digits.filter(|digits| may_be_number && count == 1 && is_number(digits)) {
        let digits = digits.to_owned();
        text.truncate(start);
        text.push_str(&digits);
        return Ok(());
    }
    text.push_str(if separator == '{' { "{}" } else { "}" });
    Ok(())
}

/// Returns `true` if a text is one JSON number.
fn is_number(text: &str) -> bool {
    let mut reader = Reader::new(text);
    matches!(reader.number(), Ok(Some(_))) && reader.remaining() == 0
}

/// Appends a value to a JSON text.
struct TextWriter<'a>(&'a mut String);

macro_rules! visit_by_display {
    ($($visit:ident $ty:ty),*) => {$(
        fn $visit<E: de::Error>(self, value: $ty) -> Result<(), E> {
            write!(self.0, "{value}").map_err(E::custom)
        }
    )*};
}

impl<'de> Visitor<'de> for TextWriter<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    visit_by_display!(visit_bool bool, visit_i64 i64, visit_i128 i128, visit_u64 u64, visit_u128 u128);

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        match value.is_finite() {
            true => write!(self.0, "{value:?}").map_err(E::custom),
            false => Err(E::custom("number is not finite")),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.0.push_str(&serde_json::to_string(value).map_err(E::custom)?);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_str("null");
        Ok(())
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let start = self.0.len();
        self.0.push('[');
        loop {
            let end = self.0.len();
            if end > start + 1 {
                self.0.push(',');
            }
            if items.next_element_seed(TextWriter(self.0))?.is_none() {
                self.0.truncate(end);
                self.0.push(']');
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let first = entries.next_key_seed(BorrowedString)?;
        write_object(self.0, first, entries)
    }
}

impl<'de> DeserializeSeed<'de> for TextWriter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Reads a string, borrowed if the format allows it.
struct BorrowedString;

impl<'de> DeserializeSeed<'de> for BorrowedString {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for BorrowedString {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(text.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(text.to_owned().into())
    }

    fn visit_string<E>(self, text: String) -> Result<Cow<'de, str>, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::ser::{Impossible, Serialize, Serializer};
    use serde_json::value::RawValue;

    /// A serializer that returns the name of a struct as its error.
    struct StructName;

    #[derive(Debug)]
    struct Message(String);

    impl fmt::Display for Message {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl std::error::Error for Message {}

    impl serde::ser::Error for Message {
        fn custom<T: fmt::Display>(text: T) -> Self {
            Self(text.to_string())
        }
    }

    macro_rules! reject {
        ($($method:ident($($ty:ty),*) -> $result:ty;)*) => {$(
            fn $method(self, $(_: $ty),*) -> Result<$result, Message> {
                Err(Message("something else".to_owned()))
            }
        )*};
    }

    impl Serializer for StructName {
        type Ok = ();
        type Error = Message;
        type SerializeSeq = Impossible<(), Message>;
        type SerializeTuple = Impossible<(), Message>;
        type SerializeTupleStruct = Impossible<(), Message>;
        type SerializeTupleVariant = Impossible<(), Message>;
        type SerializeMap = Impossible<(), Message>;
        type SerializeStruct = Impossible<(), Message>;
        type SerializeStructVariant = Impossible<(), Message>;

        fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, Message> {
            Err(Message(name.to_owned()))
        }

        fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<(), Message> {
            Err(Message("something else".to_owned()))
        }

        fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<(), Message> {
            Err(Message("something else".to_owned()))
        }

        fn serialize_newtype_variant<T: ?Sized + Serialize>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), Message> {
            Err(Message("something else".to_owned()))
        }

        reject! {
            serialize_bool(bool) -> ();
            serialize_i8(i8) -> ();
            serialize_i16(i16) -> ();
            serialize_i32(i32) -> ();
            serialize_i64(i64) -> ();
            serialize_u8(u8) -> ();
            serialize_u16(u16) -> ();
            serialize_u32(u32) -> ();
            serialize_u64(u64) -> ();
            serialize_f32(f32) -> ();
            serialize_f64(f64) -> ();
            serialize_char(char) -> ();
            serialize_str(&str) -> ();
            serialize_bytes(&[u8]) -> ();
            serialize_none() -> ();
            serialize_unit() -> ();
            serialize_unit_struct(&'static str) -> ();
            serialize_unit_variant(&'static str, u32, &'static str) -> ();
            serialize_seq(Option<usize>) -> Self::SerializeSeq;
            serialize_tuple(usize) -> Self::SerializeTuple;
            serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
            serialize_map(Option<usize>) -> Self::SerializeMap;
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
        }
    }

    #[test]
    fn raw_value_name_is_the_one_of_serde_json() {
        let raw = RawValue::from_string("1".to_owned()).unwrap();
        assert_eq!(raw.serialize(StructName).unwrap_err().0, RAW_VALUE);
    }

    #[test]
    fn private_names_of_serde_json_in_data_are_data() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Own {
            own: String,
            #[serde(flatten)]
            contact: crate::types::Contact,
        }
        for text in [
            r#"{"own":"a","new":{"$serde_json::private::Number":"1,\"id\":\"evil\""}}"#,
            r#"{"own":"a","new":{"$serde_json::private::Number":"abc"}}"#,
            r#"{"own":"a","new":{"$serde_json::private::Number":"1","more":2}}"#,
            r#"{"own":"a","$serde_json::private::RawValue":"{\"id\":7}"}"#,
        ] {
            let own: Own = serde_json::from_str(text).unwrap();
            assert_eq!(own.contact.id, None, "{text}");
            assert_eq!(serde_json::to_string(&own).unwrap(), text);
        }
    }

    #[test]
    fn arbitrary_precision_numbers_are_numbers() {
        // This is how `serde_json` passes numbers with `arbitrary_precision`.
        let number = || [(NUMBER, "123456789012345678901234567890")].into_iter();
        let entries = de::value::MapDeserializer::<_, de::value::Error>::new(number());
        assert_eq!(
            TextVisitor.visit_map(entries).unwrap(),
            "123456789012345678901234567890"
        );
    }
}
