//! What a field is compared with.

use std::time::SystemTime;

use chrono::{DateTime, TimeZone};
use serde_json::Value;

use crate::wire::id::Id;
use crate::wire::timestamp::Timestamp;

/// What a field is compared with: text, an integer, a boolean, a moment, null ([`NULL`], or an `Option` that is `None`), or a
/// list of them.
///
/// Moments become epoch seconds, rounded down. What has no conversion of its own, such as a fraction, can be given as a
/// [`serde_json::Value`].
#[derive(Clone, Debug, PartialEq)]
pub struct Operand(pub(super) Value);

/// No value: `field("phone").eq(NULL)` finds who has no phone number.
pub const NULL: Operand = Operand(Value::Null);

macro_rules! operands {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Operand {
            fn from(value: $ty) -> Self {
                Self(value.into())
            }
        }
    )*};
}
operands!(
    &str, String, bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, Value
);

impl From<&String> for Operand {
    fn from(text: &String) -> Self {
        Self(text.as_str().into())
    }
}

impl From<Timestamp> for Operand {
    fn from(moment: Timestamp) -> Self {
        Self::from(&moment)
    }
}

impl From<&Timestamp> for Operand {
    fn from(moment: &Timestamp) -> Self {
        Self(moment.as_seconds().into())
    }
}

impl<Tz: TimeZone> From<DateTime<Tz>> for Operand {
    fn from(moment: DateTime<Tz>) -> Self {
        Timestamp::from(moment).into()
    }
}

impl From<SystemTime> for Operand {
    fn from(moment: SystemTime) -> Self {
        Timestamp::from(moment).into()
    }
}

impl From<Id> for Operand {
    fn from(id: Id) -> Self {
        match id {
            Id::Number(number) => number.into(),
            Id::Text(text) => text.into(),
        }
    }
}

/// `None` is null.
impl<T: Into<Operand>> From<Option<T>> for Operand {
    fn from(value: Option<T>) -> Self {
        value.map_or(NULL, Into::into)
    }
}

impl<T: Into<Operand>> FromIterator<T> for Operand {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(|value| value.into().0).collect())
    }
}

impl<T: Into<Operand>> From<Vec<T>> for Operand {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Operand> + Clone> From<&[T]> for Operand {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

impl<T: Into<Operand> + Clone> From<&Vec<T>> for Operand {
    fn from(values: &Vec<T>) -> Self {
        values.as_slice().into()
    }
}

impl<T: Into<Operand>, const N: usize> From<[T; N]> for Operand {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}
