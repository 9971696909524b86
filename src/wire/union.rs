//! Unions without a discriminator. They decode to the variant that matches best, or to the JSON value itself.

// Not every description has unions. The overlay replaces those of API 2.9.
#![allow(dead_code, unused_imports, unused_macros)]

use super::reader::{Candidate, Fault, Reader};

/// Declares a union whose variants are distinguished only by their content.
macro_rules! union {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident($ty:ty), )* }
    ) => {
        $(#[$meta])*
        ///
        /// Decodes to the variant whose fields hold most of the value. Decodes to `Other` if no variant matches, or if finding the
        /// best match takes too much time for the length of the text.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($ty), )*
            /// A value that matches no variant.
            Other(::serde_json::Value),
        }

        $( impl ::std::convert::From<$ty> for $name {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        } )*

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(value) => value.serialize(serializer), )*
                    Self::Other(value) => value.serialize(serializer),
                }
            }
        }

        impl crate::wire::decode::Decode for $name {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                let variants: &[crate::wire::union::ReadVariant<Self>] = &[$(
                    |reader| <$ty as crate::wire::decode::Decode>::decode(reader).map(Self::$variant),
                )*];
                match crate::wire::union::best(variants, reader)? {
                    Some(value) => Ok(value),
                    None => crate::wire::decode::Decode::decode(reader).map(Self::Other),
                }
            }

            fn from_empty_body() -> ::std::option::Option<Self> {
                Some(Self::Other(::serde_json::Value::Null))
            }
        }

        crate::wire::deserialize::readable! { $name }
    };
}
pub(crate) use union;

/// Reads a value as one variant of a union.
pub(crate) type ReadVariant<T> = fn(&mut Reader<'_>) -> Result<T, Fault>;

/// Reads a value as the variant that matches best, the first of several equal ones. Returns `None`, without reading anything, if
/// no variant matches.
///
/// Nested unions multiply the number of tries with each level. When the limit of [`Reader::may_try`] is reached, the remaining
/// unions match no variant.
pub(crate) fn best<T>(variants: &[ReadVariant<T>], reader: &mut Reader<'_>) -> Result<Option<T>, Fault> {
    reader.peek()?;
    let mut best: Option<Candidate<T>> = None;
    for variant in variants {
        if !reader.may_try() {
            break;
        }
        match reader.try_read(variant) {
            Ok(candidate)
                if best
                    .as_ref()
                    .is_none_or(|best| candidate.unmatched() < best.unmatched()) =>
            {
                let perfect = candidate.unmatched() == 0;
                best = Some(candidate);
                if perfect {
                    break;
                }
            }
            Ok(_) => {}
            Err(Fault::Malformed) => return Err(Fault::Malformed),
            Err(Fault::WrongType) => {}
        }
    }
    best.map(|best| reader.adopt(best)).transpose()
}

#[cfg(test)]
#[allow(unreachable_pub)] // the macro declares public items
mod tests {
    use serde_json::json;

    use crate::wire::decode::Decode;
    use crate::wire::extra::Extra;
    use crate::wire::object::object;
    use crate::wire::reader::Reader;

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct Circle {
        name: Option<String>,
        radius: Option<i64>,
        extra: Extra,
    }
    object! { Circle { 0 "name" name field; 1 "radius" radius field; } }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct Square {
        name: Option<String>,
        side: Option<i64>,
        extra: Extra,
    }
    object! { Square { 0 "name" name field; 1 "side" side field; } }

    union! {
        /// A shape.
        pub enum Shape {
            /// Round.
            Circle(Circle),
            /// Not round.
            Square(Square),
            /// Only a name.
            Name(String),
        }
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct Red {
        inner: Option<Box<Nested>>,
        red: Option<i64>,
        extra: Extra,
    }
    object! { Red { 0 "inner" inner field; 1 "red" red field; } }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct Blue {
        inner: Option<Box<Nested>>,
        blue: Option<i64>,
        extra: Extra,
    }
    object! { Blue { 0 "inner" inner field; 1 "blue" blue field; } }

    union! {
        /// A union whose variants contain it.
        pub enum Nested {
            /// Red.
            Red(Red),
            /// Blue.
            Blue(Blue),
            /// Another red one.
            Third(Box<Red>),
        }
    }

    /// Without a limit, a hundred nested unions would take exponential time.
    #[test]
    fn nested_unions_are_read_in_linear_time() {
        for (name, value) in [("green", "1"), ("red", "1"), ("red", "[]"), ("blue", "1")] {
            let open = format!(r#"{{"{name}":{value},"inner":"#);
            let text = open.repeat(100) + "null" + &"}".repeat(100);
            let mut reader = Reader::bounded(&text);
            let nested = Nested::decode(&mut reader).unwrap();
            assert!(
                reader.tried_bytes() < 200 * text.len() + 200_000,
                "{}",
                reader.tried_bytes()
            );
            let written = serde_json::to_string(&nested).unwrap();
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&written), value(&text), "{name}");
        }
    }

    #[test]
    fn dropped_candidates_do_not_count_against_the_memory_limit() {
        let text = format!("[{}]", vec![r#"{"name":"a","side":2,"new":1}"#; 1000].join(","));
        let mut reader = Reader::bounded(&text);
        let shapes = Vec::<Shape>::decode(&mut reader).unwrap();
        assert!(shapes.iter().all(|shape| matches!(shape, Shape::Square(_))));
    }

    #[test]
    fn best_match_wins_and_loses_nothing() {
        let square: Shape = serde_json::from_value(json!({"name": "a", "side": 2})).unwrap();
        assert!(matches!(square, Shape::Square(_)), "{square:?}");
        let named: Shape = serde_json::from_value(json!("b")).unwrap();
        assert_eq!(named, Shape::Name("b".into()));
        for value in [
            json!({"name": "a", "radius": 1}),
            json!({"name": ["a"], "side": 1, "depth": {"x": 1}}),
            json!([1, {"x": null}]),
            json!(true),
            json!("t"),
        ] {
            let shape: Shape = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&shape).unwrap(), value, "{shape:?}");
        }
    }
}
