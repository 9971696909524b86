//! Decoding what servers really send: numbers as text, text as numbers, null anywhere.
//!
//! Generated fields decode through [`field`]; each type says by [`Lenient`] what it accepts. Everything is read in one
//! pass: nothing is buffered.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Serializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A type that decodes from every kind of value that servers send for it.
pub trait Lenient<'de>: Sized {
    /// Whether there is nothing to decode, so that any body will do: empty, blank, `null` or text.
    const NOTHING: bool = false;

    /// Decodes one value.
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Decodes one value onto the end of a list; null is none.
    #[inline]
    fn append<D: Deserializer<'de>>(deserializer: D, list: &mut Vec<Self>) -> Result<(), D::Error> {
        list.extend(Option::lenient(deserializer)?);
        Ok(())
    }
}

/// Decodes a field whose type says what is accepted.
pub fn field<'de, D: Deserializer<'de>, T: Lenient<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::lenient(deserializer)
}

/// Decodes a field that is there, be it null: absence is told apart from null by the field's default.
pub fn present<'de, D: Deserializer<'de>, T: Lenient<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::lenient(deserializer).map(Some)
}

/// A number that a field may hold.
pub trait Number {
    /// The number, unless it is absent or null.
    fn number(&self) -> Option<f64>;
}

impl Number for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<T: Number> Number for Option<T> {
    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}

impl<T: Number> Number for crate::Nullable<T> {
    fn number(&self) -> Option<f64> {
        self.as_option().and_then(T::number)
    }
}

/// Writes a whole number without a fraction: servers send `0`, and get `0` back.
pub fn number<S: Serializer>(value: &impl Number, serializer: S) -> Result<S::Ok, S::Error> {
    match value.number() {
        None => serializer.serialize_none(),
        Some(number) => match integer_of(number) {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(number),
        },
    }
}

/// Hands a [`Lenient`] type to code that wants a seed.
struct Whole<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Whole<T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::lenient(deserializer)
    }
}

/// What the seed reads, or null.
struct Perhaps<S>(S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Perhaps<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value or null")
    }

    #[inline]
    fn visit_none<E>(self) -> Result<Option<S::Value>, E> {
        Ok(None)
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<Option<S::Value>, E> {
        Ok(None)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<S::Value>, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Option<T> {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Perhaps(Whole(PhantomData)))
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Box<T> {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::lenient(deserializer).map(Box::new)
    }
}

impl<'de> Lenient<'de> for Value {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer)
    }
}

/// The body of an operation whose success says nothing.
impl<'de> Lenient<'de> for () {
    const NOTHING: bool = true;

    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| ())
    }
}

impl<'de> Lenient<'de> for String {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }
            #[inline]
            fn visit_str<E>(self, v: &str) -> Result<String, E> {
                Ok(v.to_owned())
            }
            #[inline]
            fn visit_string<E>(self, v: String) -> Result<String, E> {
                Ok(v)
            }
            fn visit_i64<E>(self, v: i64) -> Result<String, E> {
                Ok(v.to_string())
            }
            fn visit_u64<E>(self, v: u64) -> Result<String, E> {
                Ok(v.to_string())
            }
            fn visit_f64<E>(self, v: f64) -> Result<String, E> {
                Ok(serde_json::Number::from_f64(v).map_or_else(|| v.to_string(), |n| n.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// The integer that `v` is, when it is one.
pub(crate) fn integer_of(v: f64) -> Option<i64> {
    let integer = v as i64;
    (integer as f64 == v && integer != i64::MAX).then_some(integer)
}

impl<'de> Lenient<'de> for i64 {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Integer;
        impl Visitor<'_> for Integer {
            type Value = i64;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an integer")
            }
            #[inline]
            fn visit_i64<E>(self, v: i64) -> Result<i64, E> {
                Ok(v)
            }
            #[inline]
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<i64, E> {
                i64::try_from(v).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(v), &self))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<i64, E> {
                integer_of(v).ok_or_else(|| E::invalid_value(de::Unexpected::Float(v), &self))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<i64, E> {
                let text = v.trim();
                text.parse()
                    .ok()
                    .or_else(|| text.parse().ok().and_then(integer_of))
                    .ok_or_else(|| E::invalid_value(TEXT, &self))
            }
        }
        deserializer.deserialize_any(Integer)
    }
}

impl<'de> Lenient<'de> for f64 {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = f64;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, v: i64) -> Result<f64, E> {
                Ok(v as f64)
            }
            fn visit_u64<E>(self, v: u64) -> Result<f64, E> {
                Ok(v as f64)
            }
            fn visit_f64<E>(self, v: f64) -> Result<f64, E> {
                Ok(v)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<f64, E> {
                v.trim()
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite())
                    .ok_or_else(|| E::invalid_value(TEXT, &self))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl<'de> Lenient<'de> for bool {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Truth;
        impl Visitor<'_> for Truth {
            type Value = bool;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a boolean")
            }
            #[inline]
            fn visit_bool<E>(self, v: bool) -> Result<bool, E> {
                Ok(v)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<bool, E> {
                v.parse().map_err(|_| E::invalid_value(TEXT, &self))
            }
        }
        deserializer.deserialize_any(Truth)
    }
}

/// What an error calls a text that does not fit: never the text itself, which can be a customer's data.
pub(crate) const TEXT: de::Unexpected<'static> = de::Unexpected::Other("another string");

impl<'de, T: Lenient<'de>> Lenient<'de> for Vec<T> {
    #[inline]
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Lenient<'de>> Visitor<'de> for List<T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<Vec<T>, E> {
                Ok(Vec::new())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while items.next_element_seed(Append(&mut list))?.is_some() {}
                Ok(list)
            }
        }

        struct Append<'a, T>(&'a mut Vec<T>);
        impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Append<'_, T> {
            type Value = ();
            #[inline]
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                T::append(deserializer, self.0)
            }
        }
        deserializer.deserialize_any(List(PhantomData))
    }
}

impl<'de> Lenient<'de> for Map<String, Value> {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Self>::deserialize(deserializer)?.unwrap_or_default())
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for BTreeMap<String, T> {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Lenient<'de>> Visitor<'de> for Entries<T> {
            type Value = BTreeMap<String, T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(BTreeMap::new())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(key) = map.next_key()? {
                    if let Some(value) = value(&mut map)? {
                        entries.insert(key, value);
                    }
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_any(Entries(PhantomData))
    }
}

/// A deserializer that reads structs from objects only: serde's derived code would take a list for one, field by field.
pub struct MapOnly<D>(pub D);

macro_rules! forward {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for MapOnly<D> {
    type Error = D::Error;

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_option deserialize_unit deserialize_seq deserialize_map deserialize_identifier
        deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }
}

/// A struct that any object will do for, since every field has a default: what responses are made of.
///
/// Of a name that comes twice the last value counts. What serde derives keeps all fields twice on their way, which costs
/// lists of large objects a tenth of their time.
pub trait Object: Default {
    /// The place of the field with this name.
    fn place(name: &str) -> Option<usize>;

    /// Decodes the field at this place.
    fn set<'de, A: MapAccess<'de>>(&mut self, place: usize, map: &mut A) -> Result<(), A::Error>;
}

/// Decodes an object.
#[inline]
pub fn object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut object = T::default();
    Fields(&mut object).deserialize(deserializer)?;
    Ok(object)
}

/// Decodes an object where it will stay, at the end of a list: copying large ones there takes time.
#[inline]
pub fn append<'de, T: Object, D: Deserializer<'de>>(deserializer: D, list: &mut Vec<T>) -> Result<(), D::Error> {
    list.push(T::default());
    let read = match list.last_mut() {
        Some(object) => deserializer.deserialize_option(Perhaps(Fields(object)))?,
        None => None,
    };
    if read.is_none() {
        list.pop();
    }
    Ok(())
}

/// Fills an object, passing over what its type does not have.
struct Fields<'a, T>(&'a mut T);

impl<'de, T: Object> DeserializeSeed<'de> for Fields<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Object> Visitor<'de> for Fields<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Name::<T>(PhantomData))? {
            match place {
                Some(place) => self.0.set(place, &mut map)?,
                None => map.next_value().map(|de::IgnoredAny| ())?,
            }
        }
        Ok(())
    }
}

/// Finds the place of a name.
struct Name<T>(PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for Name<T> {
    type Value = Option<usize>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Object> Visitor<'_> for Name<T> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name")
    }

    #[inline]
    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(T::place(name))
    }
}

/// Decodes the value of the name that was read last.
#[inline]
pub fn value<'de, A: MapAccess<'de>, T: Lenient<'de>>(map: &mut A) -> Result<T, A::Error> {
    map.next_value_seed(Whole(PhantomData))
}

/// Lets an [`Object`] be decoded as such, here and by serde.
macro_rules! objects {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> crate::wire::lenient::Lenient<'de> for $name {
            #[inline]
            fn lenient<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                crate::wire::lenient::object(deserializer)
            }

            #[inline]
            fn append<D: ::serde::Deserializer<'de>>(
                deserializer: D,
                list: &mut ::std::vec::Vec<Self>,
            ) -> ::std::result::Result<(), D::Error> {
                crate::wire::lenient::append(deserializer, list)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                crate::wire::lenient::object(deserializer)
            }
        }
    )*};
}
pub(crate) use objects;

/// Makes structs [`Lenient`] by what serde derived: from an object, nothing else.
macro_rules! derived {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> crate::wire::lenient::Lenient<'de> for $name {
            #[inline]
            fn lenient<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                <Self as ::serde::Deserialize>::deserialize(crate::wire::lenient::MapOnly(deserializer))
            }
        }
    )*};
}
pub(crate) use derived;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn read<T: for<'de> Lenient<'de>>(text: &str) -> Result<T, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = T::lenient(&mut reader).map_err(|e| e.to_string())?;
        reader.end().map(|()| value).map_err(|e| e.to_string())
    }

    #[test]
    fn text_takes_numbers() {
        assert_eq!(read::<String>("\"a\"").unwrap(), "a");
        assert_eq!(read::<String>("12").unwrap(), "12");
        assert_eq!(read::<String>("-1.5").unwrap(), "-1.5");
        assert_eq!(read::<String>("18446744073709551615").unwrap(), "18446744073709551615");
        assert_eq!(read::<Option<String>>("null").unwrap(), None);
        for wrong in ["{}", "[]", "true"] {
            assert!(read::<String>(wrong).unwrap_err().contains("expected a string"));
        }
    }

    #[test]
    fn integers_take_their_text_and_whole_floats() {
        for (text, number) in [
            ("12", 12),
            ("\"12\"", 12),
            ("12.0", 12),
            ("\"12.0\"", 12),
            ("-9e3", -9000),
        ] {
            assert_eq!(read::<i64>(text).unwrap(), number, "{text}");
        }
        for wrong in ["12.5", "\"a\"", "\"\"", "18446744073709551615", "1e300", "true", "{}"] {
            assert!(read::<i64>(wrong).is_err(), "{wrong}");
        }
        assert!(!read::<i64>("\"secret\"").unwrap_err().contains("secret"));
    }

    #[test]
    fn numbers_and_booleans_take_their_text() {
        assert_eq!(read::<f64>("\"1.5\"").unwrap(), 1.5);
        assert_eq!(read::<f64>("3").unwrap(), 3.0);
        assert!(read::<f64>("\"inf\"").is_err());
        assert!(read::<bool>("\"true\"").unwrap());
        assert!(!read::<bool>("false").unwrap());
        assert!(read::<bool>("1").is_err());
    }

    #[test]
    fn null_is_an_empty_list_or_map_and_no_item() {
        assert_eq!(read::<Vec<i64>>("null").unwrap(), Vec::<i64>::new());
        assert_eq!(read::<Vec<i64>>("[1,null,\"2\"]").unwrap(), [1, 2]);
        assert_eq!(read::<Map<String, Value>>("null").unwrap(), Map::new());
        assert_eq!(read::<Map<String, Value>>(r#"{"a":null}"#).unwrap()["a"], json!(null));
        let map = read::<BTreeMap<String, i64>>(r#"{"a":"1","b":null}"#).unwrap();
        assert_eq!(map, BTreeMap::from([("a".to_owned(), 1)]));
        assert!(read::<Vec<i64>>("{}").is_err());
        assert!(read::<BTreeMap<String, i64>>("[]").is_err());
    }

    #[derive(Debug, Default, PartialEq)]
    struct Point {
        x: i64,
        y: Option<i64>,
    }
    objects! { Point }
    impl Object for Point {
        fn place(name: &str) -> Option<usize> {
            ["x", "y"].iter().position(|known| *known == name)
        }
        fn set<'de, A: MapAccess<'de>>(&mut self, place: usize, map: &mut A) -> Result<(), A::Error> {
            match place {
                0 => self.x = value(map)?,
                _ => self.y = value(map)?,
            }
            Ok(())
        }
    }

    #[test]
    fn objects_are_filled_by_name() {
        let point = |x, y| Point { x, y };
        assert_eq!(read::<Point>(r#"{"z":[{}],"y":"2","x":1}"#).unwrap(), point(1, Some(2)));
        assert_eq!(
            read::<Point>(r#"{"x":1,"y":2,"x":3,"y":null}"#).unwrap(),
            point(3, None)
        );
        assert_eq!(
            read::<Vec<Point>>(r#"[{"x":1},null,{},{"y":2},null]"#).unwrap(),
            [point(1, None), point(0, None), point(0, Some(2))]
        );
        assert_eq!(read::<Option<Point>>("null").unwrap(), None);
        // serde holds what is flattened in a form of its own, in which null is a unit.
        #[derive(serde::Deserialize)]
        struct Page {
            #[serde(flatten)]
            content: Content,
        }
        #[derive(serde::Deserialize)]
        struct Content {
            #[serde(deserialize_with = "field")]
            points: Vec<Point>,
        }
        let page: Page = from_value(json!({"points": [{"x": 1}, null]})).unwrap();
        assert_eq!(page.content.points, [point(1, None)]);
        for wrong in ["null", "[1,2]", "\"x\"", r#"{"x":{}}"#] {
            assert!(read::<Point>(wrong).is_err(), "{wrong}");
        }
        assert!(
            read::<Vec<Point>>("[[1,2]]")
                .unwrap_err()
                .contains("expected an object")
        );
    }

    #[test]
    fn a_list_is_not_an_object() {
        #[derive(Debug, serde::Deserialize)]
        struct Pair {
            #[serde(default, deserialize_with = "field")]
            a: Option<i64>,
        }
        derived! { Pair }
        assert_eq!(read::<Pair>(r#"{"a":"1","b":{}}"#).unwrap().a, Some(1));
        assert_eq!(read::<Pair>("{}").unwrap().a, None);
        assert!(read::<Pair>("[1]").is_err());
    }
}
