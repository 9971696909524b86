//! Unions without a discriminator: the variant that fits best, or the JSON value itself.

// Whether anything here is used depends on the description; the overlay leaves none of the unions of 2.9.
#![allow(dead_code, unused_imports, unused_macros)]

use serde::Serialize;
use serde_json::Value;

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

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                <Self as crate::wire::lenient::Lenient>::lenient(deserializer)
            }
        }

        impl<'de> crate::wire::lenient::Lenient<'de> for $name {
            fn lenient<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let value = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                let mut best: ::std::option::Option<(usize, Self)> = None;
                $( crate::wire::union::consider::<$ty, _>(&value, &mut best, Self::$variant); )*
                Ok(best.map_or(Self::Other(value), |(_, fit)| fit))
            }
        }
    };
}
pub(crate) use union;

/// Tries `value` as a `T` and keeps it in `best` when it loses less than what is there.
pub fn consider<T, U>(value: &Value, best: &mut Option<(usize, U)>, wrap: fn(T) -> U)
where
    T: for<'de> crate::wire::lenient::Lenient<'de> + Serialize,
{
    let Ok(decoded) = T::lenient(value) else { return };
    let Ok(again) = serde_json::to_value(&decoded) else {
        return;
    };
    let lost = difference(value, &again);
    if best.as_ref().is_none_or(|(least, _)| lost < *least) {
        *best = Some((lost, wrap(decoded)));
    }
}

/// How many leaves of `sent` are missing from `kept` or stand there as another kind.
fn difference(sent: &Value, kept: &Value) -> usize {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => sent
            .iter()
            .map(|(key, value)| difference(value, kept.get(key).unwrap_or(&Value::Null)))
            .sum(),
        (Value::Array(sent), Value::Array(kept)) => sent
            .iter()
            .enumerate()
            .map(|(i, value)| difference(value, kept.get(i).unwrap_or(&Value::Null)))
            .sum(),
        (Value::Null, _) => 0,
        (sent, kept) if sent == kept => 0,
        (Value::Object(sent), _) => {
            sent.values()
                .map(|value| difference(value, &Value::Null))
                .sum::<usize>()
                + 1
        }
        (Value::Array(sent), _) => sent.iter().map(|value| difference(value, &Value::Null)).sum::<usize>() + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Circle {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        radius: Option<i64>,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Square {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        side: Option<i64>,
    }
    crate::wire::lenient::derived! { Circle, Square }
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
    fn the_best_fit_wins_not_the_first() {
        let square: Shape = serde_json::from_value(json!({"name": "a", "side": 2})).unwrap();
        assert!(matches!(square, Shape::Square(_)), "{square:?}");
        let named: Shape = serde_json::from_value(json!("b")).unwrap();
        assert_eq!(named, Shape::Name("b".into()));
        for value in [
            json!({"name": "a", "radius": 1}),
            json!([1, {"x": null}]),
            json!(true),
            json!("t"),
        ] {
            let shape: Shape = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(
                super::difference(&value, &serde_json::to_value(&shape).unwrap()),
                0,
                "{shape:?}"
            );
        }
    }
}
