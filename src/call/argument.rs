//! The values that setters accept.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use chrono::{DateTime, TimeZone};
use serde_json::Value;

use super::invalid_field::{InvalidField, add};
use super::moment::in_seconds;
use crate::wire::avatar::Avatar;
use crate::wire::id::Id;
use crate::wire::list::List;
use crate::wire::map::Map;
use crate::wire::nullable::Nullable;
use crate::wire::timestamp::Timestamp;

/// A value that a setter accepts for a parameter or field of type `T`.
///
/// It is implemented for `T`, for types that convert to `T`, for references to them and for `Option`s of them:
///
/// - `None` leaves the field out. [`Nullable::Null`] clears it.
/// - Lists are created from vectors, arrays and slices.
/// - Objects with free names are created from maps, arrays of pairs and JSON objects.
///
/// If a value cannot be sent, for example a number that is not finite, the call fails before anything is sent.
///
/// ```
/// use intercom_client::{Nullable, types::UpdateContactRequest};
/// use serde_json::json;
///
/// let (name, phone): (Option<String>, Option<&str>) = (Some("Ada".to_owned()), None);
/// let body = UpdateContactRequest::builder().name(&name).phone(phone).email(Nullable::Null).build()?;
/// assert_eq!(serde_json::to_value(&body)?, json!({"name": "Ada", "email": null}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Implement it for your own types to pass them to setters:
///
/// ```
/// use intercom_client::{Id, IntoArgument, InvalidField};
///
/// struct ContactId(String);
///
/// impl IntoArgument<Id> for ContactId {
///     fn into_argument(self) -> Result<Option<Id>, InvalidField> {
///         Ok(Some(self.0.into()))
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # let client = intercom.client();
/// let contact = client.show_contact().id(ContactId("66f1c2a9d04b7e8351aa0c11".to_owned())).send().await?;
/// # assert_eq!(intercom.received()[0].line(), "GET /contacts/66f1c2a9d04b7e8351aa0c11");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not convert to a value of type `{T}`",
    label = "expected a value that converts to `{T}`",
    note = "pass a request body as the request type, its builder, one of its constructors or a `serde_json::Value`; convert your \
            own struct with `serde_json::to_value`",
    note = "pass a time as `Timestamp`, epoch seconds, `SystemTime` or chrono's `DateTime`; convert a naive date and time with \
            a time zone, for example with `.and_utc()`"
)]
pub trait IntoArgument<T> {
    /// Converts to the value to send. `None` leaves the field out.
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be sent.
    fn into_argument(self) -> Result<Option<T>, InvalidField>;
}

/// `None` leaves the field out.
impl<T, A: IntoArgument<T>> IntoArgument<T> for Option<A> {
    fn into_argument(self) -> Result<Option<T>, InvalidField> {
        self.map_or(Ok(None), A::into_argument)
    }
}

/// `None` leaves the field out.
impl<'a, T, A> IntoArgument<T> for &'a Option<A>
where
    &'a A: IntoArgument<T>,
{
    fn into_argument(self) -> Result<Option<T>, InvalidField> {
        self.as_ref().into_argument()
    }
}

impl<T> IntoArgument<Self> for Nullable<T> {
    fn into_argument(self) -> Result<Option<Self>, InvalidField> {
        Ok(Some(self))
    }
}

/// A value in an object with free names, for example a custom attribute that is cleared with null.
impl<A: IntoArgument<Value>> IntoArgument<Value> for Nullable<A> {
    fn into_argument(self) -> Result<Option<Value>, InvalidField> {
        match self {
            Self::Null => Ok(Some(Value::Null)),
            Self::Value(value) => value.into_argument(),
        }
    }
}

/// Implements [`IntoArgument`] for a type and for `Nullable` of it: `target: source = |value| conversion;`.
///
/// The methods are `#[inline]` so that a program compiles only the conversions that it uses.
macro_rules! arguments {
    ($( $({$($generics:tt)*})? $target:ty: $source:ty $(where [$($bounds:tt)*])? = |$value:ident| $convert:expr; )*) => {$(
        #[diagnostic::do_not_recommend]
        impl $(<$($generics)*>)? $crate::IntoArgument<$target> for $source $(where $($bounds)*)? {
            #[inline]
            fn into_argument(self) -> ::std::result::Result<::std::option::Option<$target>, $crate::InvalidField> {
                let $value = self;
                $convert.map(Some)
            }
        }

        #[diagnostic::do_not_recommend]
        impl $(<$($generics)*>)? $crate::IntoArgument<$crate::Nullable<$target>> for $source $(where $($bounds)*)? {
            #[inline]
            fn into_argument(
                self,
            ) -> ::std::result::Result<::std::option::Option<$crate::Nullable<$target>>, $crate::InvalidField> {
                let $value = self;
                $convert.map($crate::Nullable::Value).map(Some)
            }
        }
    )*};
}
pub(crate) use arguments;

/// Implements [`IntoArgument`] for sources that convert with `Into`.
macro_rules! into {
    ($($target:ty: $($source:ty),+;)*) => {$($(
        arguments! { $target: $source = |value| Ok(value.into()); }
    )+)*};
}
into! {
    String: String, &str, &String, Box<str>, Cow<'_, str>, char;
    i64: i64, i32, i16, i8, u32, u16, u8;
    bool: bool;
    Id: Id, &Id, &str, String, &String, i16, i32, i64, u16, u32, u64, usize;
    Avatar: Avatar, &str, String;
    Value: Value, bool, i64, i32, i16, i8, u64, u32, u16, u8, usize, &str, String, Cow<'_, str>,
        serde_json::Map<String, Value>, Map;
}

/// Implements [`IntoArgument`] for references to `Copy` types.
macro_rules! copied {
    ($($target:ty: $($source:ty),+;)*) => {$($(
        arguments! { $target: &$source = |value| Ok((*value).into()); }
    )+)*};
}
copied! {
    i64: i64, i32, u32;
    bool: bool;
    Id: i64, i32, u32, u64;
    Value: bool, i64;
}

arguments! {
    Timestamp: Timestamp = |value| in_seconds(value);
    Timestamp: &Timestamp = |value| in_seconds(*value);
    Timestamp: i64 = |value| in_seconds(value);
    Timestamp: &i64 = |value| in_seconds(*value);
    Timestamp: i32 = |value| in_seconds(value);
    Timestamp: u32 = |value| in_seconds(value);
    Timestamp: SystemTime = |value| in_seconds(value);
    {Tz: TimeZone} Timestamp: DateTime<Tz> = |value| in_seconds(value);
    {Tz: TimeZone} Timestamp: &DateTime<Tz> = |value| in_seconds(value.clone());
    i64: u64 = |value| to_i64(value);
    i64: usize = |value| to_i64(value);
    f64: f64 = |value| finite(value);
    f64: &f64 = |value| finite(*value);
    f64: f32 = |value| finite(value.into());
    f64: i32 = |value| finite(value.into());
    f64: u32 = |value| finite(value.into());
    f64: i16 = |value| finite(value.into());
    f64: u16 = |value| finite(value.into());
    f64: i8 = |value| finite(value.into());
    f64: u8 = |value| finite(value.into());
    Avatar: &Avatar = |value| Ok(value.clone());
    Value: f64 = |value| finite(value).map(Value::from);
    Value: f32 = |value| finite(value.into()).map(Value::from);
    Value: &f64 = |value| finite(*value).map(Value::from);
    Value: &Value = |value| Ok(value.clone());
    Value: &String = |value| Ok(value.as_str().into());
    {A: IntoArgument<Value>} Value: Vec<A> = |value| items(value).map(Value::Array);
    {A: IntoArgument<Value>, const N: usize} Value: [A; N] = |value| items(value).map(Value::Array);
    {T, A: IntoArgument<T>} List<T>: Vec<A> = |value| items(value).map(List::from);
    {T, A: IntoArgument<T>} List<T>: List<A> = |value| items(value).map(List::from);
    {T, A: IntoArgument<T>, const N: usize} List<T>: [A; N] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a [A] where [&'a A: IntoArgument<T>] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a Vec<A> where [&'a A: IntoArgument<T>] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a List<A> where [&'a A: IntoArgument<T>] = |value| items(value).map(List::from);
    {'a, T, A, const N: usize} List<T>: &'a [A; N] where [&'a A: IntoArgument<T>] = |value| items(value).map(List::from);
    {T, K: Into<String>, A: IntoArgument<T>} Map<T>: Vec<(K, A)> = |value| entries(value);
    {T, K: Into<String>, A: IntoArgument<T>, const N: usize} Map<T>: [(K, A); N] = |value| entries(value);
    {T, K: Into<String>, A: IntoArgument<T>} Map<T>: BTreeMap<K, A> = |value| entries(value);
    {T, K: Into<String>, A: IntoArgument<T>, S} Map<T>: HashMap<K, A, S> = |value| entries(value);
    {T} Map<T>: Map<T> = |value| Ok(value);
    {T: Clone} Map<T>: &Map<T> = |value| Ok(value.clone());
    Map: serde_json::Map<String, Value> = |value| Ok(value.into());
    Map: Value = |value| match value {
        Value::Object(entries) => Ok(entries.into()),
        _ => Err(InvalidField::new("expected a JSON object")),
    };
}

fn finite(number: f64) -> Result<f64, InvalidField> {
    match number.is_finite() {
        true => Ok(number),
        false => Err(InvalidField::new("number is not finite")),
    }
}

fn to_i64(number: impl TryInto<i64>) -> Result<i64, InvalidField> {
    number
        .try_into()
        .map_err(|_| InvalidField::new("number exceeds 64 bits"))
}

/// Converts the items of a list. `None` is left out.
fn items<T, A: IntoArgument<T>>(items: impl IntoIterator<Item = A>) -> Result<Vec<T>, InvalidField> {
    let (mut list, mut invalid) = (Vec::new(), None);
    for (index, item) in items.into_iter().enumerate() {
        match item.into_argument() {
            Ok(item) => list.extend(item),
            Err(error) => add(&mut invalid, error.within(&format!("[{index}]"))),
        }
    }
    invalid.map_or(Ok(list), Err)
}

/// Converts the entries of an object. `None` is left out.
fn entries<T, K: Into<String>, A: IntoArgument<T>>(
    entries: impl IntoIterator<Item = (K, A)>,
) -> Result<Map<T>, InvalidField> {
    let (mut map, mut invalid) = (Vec::new(), None);
    for (name, item) in entries {
        match item.into_argument() {
            Ok(item) => map.extend(item.map(|item| (name.into(), item))),
            // The name can be personal data.
            Err(error) => add(&mut invalid, error.within("*")),
        }
    }
    match invalid {
        None => Ok(map.into_iter().collect()),
        Some(invalid) => Err(invalid),
    }
}
