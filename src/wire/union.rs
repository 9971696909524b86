//! Unions without a discriminator: the variant that fits best, or the JSON value itself.

// Whether anything here is used depends on the description; the overlay leaves none of the unions of 2.9.
#![allow(dead_code, unused_imports, unused_macros)]

use super::reader::{Fault, Reader};

/// Declares a union of forms that only their content tells apart.
macro_rules! union {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident($ty:ty), )* }
    ) => {
        $(#[$meta])*
        ///
        /// Decodes to the form that keeps most of what was sent, and to `Other` when none fits.
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
/// still to be read.
pub(crate) fn best<T>(forms: &[Form<T>], reader: &mut Reader<'_>) -> Result<Option<T>, Fault> {
    reader.peek()?;
    let begin = reader.place();
    let (mismatches, unmatched) = (reader.mismatches.len(), reader.unmatched);
    let mut best: Option<(usize, Form<T>)> = None;
    for form in forms {
        let read = form(reader);
        let lost = reader.unmatched - unmatched;
        reader.back(begin);
        reader.mismatches.truncate(mismatches);
        reader.unmatched = unmatched;
        match read {
            Ok(_) if best.as_ref().is_none_or(|(least, _)| lost < *least) => best = Some((lost, *form)),
            Err(Fault::Malformed) => return Err(Fault::Malformed),
            _ => {}
        }
    }
    best.map(|(_, form)| form(reader)).transpose()
}

#[cfg(test)]
#[allow(unreachable_pub)] // what the macro makes is public
mod tests {
    use serde_json::json;

    use crate::wire::extra::Extra;
    use crate::wire::object::object;

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
