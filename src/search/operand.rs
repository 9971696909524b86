//! The values that fields are compared with.

use std::time::SystemTime;

use chrono::{DateTime, TimeZone};
use serde_json::Value;

use crate::wire::id::Id;
use crate::wire::timestamp::Timestamp;

/// A value that a field is compared with: text, an integer, a boolean, a time, null, or a list of these.
///
/// [`IntoOperand`] converts Rust types. Null is [`NULL`] or an `Option` that is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub(super) value: Value,
    /// Whether the value was converted from a type for times.
    pub(super) is_time: bool,
}

impl Operand {
    const fn new(value: Value) -> Self {
        Self { value, is_time: false }
    }
}

/// Null, which matches records without a value: `field("phone").eq(NULL)` finds contacts without a phone number.
pub const NULL: Operand = Operand::new(Value::Null);

/// Converts to the value that a field is compared with.
///
/// Times are converted to epoch seconds, rounded down. Other values, for example fractions, can be given as a
/// [`serde_json::Value`]. Implement this trait to compare fields with your own types:
///
/// ```
/// use intercom_client::search::{IntoOperand, Operand, field};
///
/// struct Plan(&'static str);
///
/// impl IntoOperand for Plan {
///     fn into_operand(self) -> Operand {
///         self.0.into_operand()
///     }
/// }
/// let query = field("custom_attributes.plan").eq(Plan("pro"));
/// ```
#[diagnostic::on_unimplemented(
    message = "a field cannot be compared with `{Self}`",
    label = "expected text, an integer, a boolean, a time, or a list of these",
    note = "times are `Timestamp`, `SystemTime` and chrono's `DateTime`; add a time zone to a naive date and time, for example by `.and_utc()`",
    note = "fractions and other values can be given as a `serde_json::Value`"
)]
pub trait IntoOperand {
    /// Returns the value to send.
    fn into_operand(self) -> Operand;
}

macro_rules! operands {
    ($($ty:ty),*) => {$(
        impl IntoOperand for $ty {
            fn into_operand(self) -> Operand {
                Operand::new(self.into())
            }
        }
    )*};
}
operands!(
    &str, String, bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, Value
);

impl IntoOperand for Operand {
    fn into_operand(self) -> Operand {
        self
    }
}

impl IntoOperand for &String {
    fn into_operand(self) -> Operand {
        self.as_str().into_operand()
    }
}

impl IntoOperand for Timestamp {
    fn into_operand(self) -> Operand {
        Operand {
            value: self.as_seconds().into(),
            is_time: true,
        }
    }
}

impl IntoOperand for &Timestamp {
    fn into_operand(self) -> Operand {
        (*self).into_operand()
    }
}

impl<Tz: TimeZone> IntoOperand for DateTime<Tz> {
    fn into_operand(self) -> Operand {
        Timestamp::from(self).into_operand()
    }
}

impl<Tz: TimeZone> IntoOperand for &DateTime<Tz> {
    fn into_operand(self) -> Operand {
        Timestamp::from_seconds(self.timestamp()).into_operand()
    }
}

impl IntoOperand for SystemTime {
    fn into_operand(self) -> Operand {
        Timestamp::from(self).into_operand()
    }
}

impl IntoOperand for Id {
    fn into_operand(self) -> Operand {
        match self {
            Self::Number(number) => number.into_operand(),
            Self::Text(text) => text.into_operand(),
        }
    }
}

/// `None` is converted to null.
impl<T: IntoOperand> IntoOperand for Option<T> {
    fn into_operand(self) -> Operand {
        self.map_or(NULL, T::into_operand)
    }
}

impl<T: IntoOperand> FromIterator<T> for Operand {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut is_time = false;
        let values = values.into_iter().map(|value| {
            let operand = value.into_operand();
            is_time |= operand.is_time;
            operand.value
        });
        let value = values.collect();
        Self { value, is_time }
    }
}

impl<T: IntoOperand> IntoOperand for Vec<T> {
    fn into_operand(self) -> Operand {
        self.into_iter().collect()
    }
}

impl<T: IntoOperand + Clone> IntoOperand for &[T] {
    fn into_operand(self) -> Operand {
        self.iter().cloned().collect()
    }
}

impl<T: IntoOperand + Clone> IntoOperand for &Vec<T> {
    fn into_operand(self) -> Operand {
        self.as_slice().into_operand()
    }
}

impl<T: IntoOperand, const N: usize> IntoOperand for [T; N] {
    fn into_operand(self) -> Operand {
        self.into_iter().collect()
    }
}
