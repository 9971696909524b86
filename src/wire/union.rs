//! Unions without a discriminator: the variant that fits best, or the JSON value itself.

// Whether anything here is used depends on the description; the overlay leaves none of the unions of 2.9.
#![allow(dead_code, unused_imports, unused_macros)]

use super::reader::{Attempt, Fault, Reader};

/// Declares a union of forms that only their content tells apart.
macro_rules! union {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident($ty:ty), )* }
    ) => {
        $(#[$meta])*
        ///
        /// Decodes to the form that keeps most of what was sent, and to `Other` when none fits or when telling the forms apart
        /// would take more time than is in proportion to the text.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($ty), )*
            /// None of the known forms, as it came.
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
                let readers: &[crate::wire::union::Form<Self>] = &[$(
                    |reader| <$ty as crate::wire::decode::Decode>::decode(reader).map(Self::$variant),
                )*];
                match crate::wire::union::best(readers, reader)? {
                    Some(value) => Ok(value),
                    None => crate::wire::decode::Decode::decode(reader).map(Self::Other),
                }
            }

            fn empty() -> ::std::option::Option<Self> {
                Some(Self::Other(::serde_json::Value::Null))
            }
        }

        crate::wire::deserialize::readable! { $name }
    };
}
pub(crate) use union;

/// Reads one form of a union.
pub(crate) type Form<T> = fn(&mut Reader<'_>) -> Result<T, Fault>;

/// Reads the value as the form that it fits best, the first of those that fit alike; `None` when it fits none, and is then
/// still to be read. Each form is tried once.
///
/// Unions that contain each other multiply the tries with each level. A text for which they are out of proportion is read
/// without: what is still to come fits none.
pub(crate) fn best<T>(forms: &[Form<T>], reader: &mut Reader<'_>) -> Result<Option<T>, Fault> {
    reader.peek()?;
    let mut best: Option<Attempt<T>> = None;
    for form in forms {
        if !reader.may_try() {
            break;
        }
        match reader.attempt(form) {
            Ok(attempt) if best.as_ref().is_none_or(|best| attempt.lost < best.lost) => {
                let fits = attempt.lost == 0;
                best = Some(attempt);
                if fits {
                    break;
                }
            }
            Ok(_) => {}
            Err(Fault::Malformed) => return Err(Fault::Malformed),
            Err(Fault::Kind) => {}
        }
    }
    best.map(|best| reader.adopt(best)).transpose()
}

#[cfg(test)]
#[allow(unreachable_pub)] // what the macro makes is public
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
            /// Only named.
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
        /// A union whose forms hold it.
        pub enum Nested {
            /// Red.
            Red(Red),
            /// Blue.
            Blue(Blue),
            /// Red again.
            Third(Box<Red>),
        }
    }

    /// Tried form by form at each level, a hundred levels would not come to an end.
    #[test]
    fn unions_in_unions_are_read_in_proportion_to_the_text() {
        for (name, value) in [("green", "1"), ("red", "1"), ("red", "[]"), ("blue", "1")] {
            let open = format!(r#"{{"{name}":{value},"inner":"#);
            let text = open.repeat(100) + "null" + &"}".repeat(100);
            let mut reader = Reader::bounded(&text);
            let nested = Nested::decode(&mut reader).unwrap();
            assert!(reader.tried() < 200 * text.len() + 200_000, "{}", reader.tried());
            let written = serde_json::to_string(&nested).unwrap();
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&written), value(&text), "{name}");
        }
    }

    #[test]
    fn a_form_that_is_dropped_gives_back_its_memory() {
        let text = format!("[{}]", vec![r#"{"name":"a","side":2,"new":1}"#; 1000].join(","));
        let mut reader = Reader::bounded(&text);
        let shapes = Vec::<Shape>::decode(&mut reader).unwrap();
        assert!(shapes.iter().all(|shape| matches!(shape, Shape::Square(_))));
    }

    #[test]
    fn the_best_fit_wins_not_the_first_and_nothing_is_lost() {
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
