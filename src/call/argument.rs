//! What generated builders share: taking values, finishing bodies, saying which field is wrong.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::SystemTime;

use chrono::{DateTime, TimeZone};
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use crate::wire::avatar::Avatar;
use crate::wire::decode::Decode;
use crate::wire::extra::Extra;
use crate::wire::id::Id;
use crate::wire::list::List;
use crate::wire::map::Map;
use crate::wire::nullable::Nullable;
use crate::wire::timestamp::Timestamp;
use crate::wire::{deserialize, read};

/// Why a request cannot be built: the fields and what is wrong with them. All that is required and missing is told at once.
///
/// Never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// None where the whole body is meant.
    fields: Vec<String>,
    reason: Reason,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    /// It is required, and was not set.
    Missing,
    /// The whole body is required, and was not set: what sets it.
    MissingBody(&'static str),
    /// Its value cannot be sent.
    Unfit(String),
}

impl InvalidField {
    /// Refuses a value for this reason; the setter adds the field's name.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            fields: Vec::new(),
            reason: Reason::Unfit(reason.into()),
        }
    }

    /// Required fields that were not set.
    pub(crate) fn missing(fields: Vec<String>) -> Self {
        Self {
            fields,
            reason: Reason::Missing,
        }
    }

    /// A required body that was not set; `help` says what sets it.
    pub(crate) fn missing_body(help: &'static str) -> Self {
        Self {
            fields: Vec::new(),
            reason: Reason::MissingBody(help),
        }
    }

    /// The fields that are missing, when that is why; the error itself otherwise.
    pub(crate) fn into_missing(self) -> Result<Vec<String>, Self> {
        match self.reason {
            Reason::Missing => Ok(self.fields),
            _ => Err(self),
        }
    }

    /// The same with what else is wrong: the first mistake is told, and all that is missing.
    fn and(mut self, other: Self) -> Self {
        if self.reason == Reason::Missing
            && let Ok(missing) = other.into_missing()
        {
            self.fields.extend(missing);
        }
        self
    }

    /// Whether it is a whole body that is missing.
    pub(crate) fn is_missing_body(&self) -> bool {
        matches!(self.reason, Reason::MissingBody(_))
    }

    /// The path of the field's names on the wire, such as `from.id`, the first one where several are missing; empty when the
    /// whole body is meant.
    pub fn field(&self) -> &str {
        self.fields.first().map_or("", String::as_str)
    }

    /// The paths of all fields at fault; none when the whole body is meant.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// The same of a value that stands in a field, or in a list.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        match self.fields.is_empty() {
            true => self.fields.push(outer.to_owned()),
            false => self.fields.iter_mut().for_each(|inner| *inner = join(outer, inner)),
        }
        self
    }
}

/// The path of what stands in a field.
fn join(outer: &str, inner: &str) -> String {
    let dot = if inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many are shown.
        const SHOWN: usize = 10;
        for (place, field) in self.fields().take(SHOWN).enumerate() {
            write!(f, "{}`{field}`", if place == 0 { "" } else { ", " })?;
        }
        if let Some(more) = self.fields.len().checked_sub(SHOWN + 1) {
            write!(f, " and {} more", more + 1)?;
        }
        if !self.fields.is_empty() {
            f.write_str(": ")?;
        }
        match &self.reason {
            Reason::Missing if self.fields.len() > 1 => f.write_str("required, and were not set"),
            Reason::Missing => f.write_str("required, and was not set"),
            Reason::MissingBody(help) => write!(f, "the request body is required: {help}"),
            Reason::Unfit(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for InvalidField {}

/// What a setter takes for a parameter or field of the type `T`: a `T`, what converts to one, a reference to it, or an
/// `Option` of these.
///
/// `None` means "not known" and leaves the field out. To clear a field, say [`Nullable::Null`]. Lists are taken from vectors,
/// arrays and slices, objects with free names from maps, pairs and JSON objects. What cannot be sent, such as a number that
/// is not finite, is an error of the call before anything is sent.
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
/// Implement it to give your own types to setters:
///
/// ```
/// use intercom_client::{Argument, Id, InvalidField};
///
/// struct ContactId(String);
///
/// impl Argument<Id> for ContactId {
///     fn argument(self) -> Result<Option<Id>, InvalidField> {
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
    message = "`{Self}` cannot be given for a value of the type `{T}`",
    label = "expected something that becomes `{T}`",
    note = "a body is given as its request, the builder or a constructor of that, or as a `serde_json::Value`; a struct of \
            your own by `serde_json::to_value`",
    note = "a moment is given as `Timestamp`, epoch seconds, `SystemTime` or chrono's `DateTime`: give a naive date and time \
            its zone, as by `.and_utc()`"
)]
pub trait Argument<T> {
    /// The value; `None` leaves the field out.
    ///
    /// # Errors
    ///
    /// When there is a value that cannot be sent.
    fn argument(self) -> Result<Option<T>, InvalidField>;
}

/// `None` leaves the field out.
impl<T, A: Argument<T>> Argument<T> for Option<A> {
    fn argument(self) -> Result<Option<T>, InvalidField> {
        self.map_or(Ok(None), A::argument)
    }
}

/// `None` leaves the field out.
impl<'a, T, A> Argument<T> for &'a Option<A>
where
    &'a A: Argument<T>,
{
    fn argument(self) -> Result<Option<T>, InvalidField> {
        self.as_ref().argument()
    }
}

impl<T> Argument<Self> for Nullable<T> {
    fn argument(self) -> Result<Option<Self>, InvalidField> {
        Ok(Some(self))
    }
}

/// Null in JSON with free names, such as a custom attribute that is to be cleared.
impl<A: Argument<Value>> Argument<Value> for Nullable<A> {
    fn argument(self) -> Result<Option<Value>, InvalidField> {
        match self {
            Self::Null => Ok(Some(Value::Null)),
            Self::Value(value) => value.argument(),
        }
    }
}

/// Implements [`Argument`] for a type and for where it can be null. Of hundreds a program uses a few: they are compiled
/// there.
macro_rules! arguments {
    ($( $({$($generics:tt)*})? $target:ty: $source:ty $(where [$($bounds:tt)*])? = |$value:ident| $convert:expr; )*) => {$(
        #[diagnostic::do_not_recommend]
        impl $(<$($generics)*>)? $crate::Argument<$target> for $source $(where $($bounds)*)? {
            #[inline]
            fn argument(self) -> ::std::result::Result<::std::option::Option<$target>, $crate::InvalidField> {
                let $value = self;
                $convert.map(Some)
            }
        }

        #[diagnostic::do_not_recommend]
        impl $(<$($generics)*>)? $crate::Argument<$crate::Nullable<$target>> for $source $(where $($bounds)*)? {
            #[inline]
            fn argument(
                self,
            ) -> ::std::result::Result<::std::option::Option<$crate::Nullable<$target>>, $crate::InvalidField> {
                let $value = self;
                $convert.map($crate::Nullable::Value).map(Some)
            }
        }
    )*};
}
pub(crate) use arguments;

/// Implements [`Argument`] for sources that convert by `Into`.
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
    Timestamp: Timestamp, i64, i32, u32, SystemTime;
    Avatar: Avatar, &str, String;
    Value: Value, bool, i64, i32, i16, i8, u64, u32, u16, u8, usize, &str, String, Cow<'_, str>,
        serde_json::Map<String, Value>, Map;
}

/// Implements [`Argument`] for references to small values.
macro_rules! copied {
    ($($target:ty: $($source:ty),+;)*) => {$($(
        arguments! { $target: &$source = |value| Ok((*value).into()); }
    )+)*};
}
copied! {
    i64: i64, i32, u32;
    bool: bool;
    Id: i64, i32, u32, u64;
    Timestamp: Timestamp, i64;
    Value: bool, i64;
}

arguments! {
    {Tz: TimeZone} Timestamp: DateTime<Tz> = |value| Ok(value.into());
    {Tz: TimeZone} Timestamp: &DateTime<Tz> = |value| Ok(value.clone().into());
    i64: u64 = |value| fitting(value);
    i64: usize = |value| fitting(value);
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
    {A: Argument<Value>} Value: Vec<A> = |value| items(value).map(Value::Array);
    {A: Argument<Value>, const N: usize} Value: [A; N] = |value| items(value).map(Value::Array);
    {T, A: Argument<T>} List<T>: Vec<A> = |value| items(value).map(List::from);
    {T, A: Argument<T>} List<T>: List<A> = |value| items(value).map(List::from);
    {T, A: Argument<T>, const N: usize} List<T>: [A; N] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a [A] where [&'a A: Argument<T>] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a Vec<A> where [&'a A: Argument<T>] = |value| items(value).map(List::from);
    {'a, T, A} List<T>: &'a List<A> where [&'a A: Argument<T>] = |value| items(value).map(List::from);
    {'a, T, A, const N: usize} List<T>: &'a [A; N] where [&'a A: Argument<T>] = |value| items(value).map(List::from);
    {T, K: Into<String>, A: Argument<T>} Map<T>: Vec<(K, A)> = |value| entries(value);
    {T, K: Into<String>, A: Argument<T>, const N: usize} Map<T>: [(K, A); N] = |value| entries(value);
    {T, K: Into<String>, A: Argument<T>} Map<T>: BTreeMap<K, A> = |value| entries(value);
    {T, K: Into<String>, A: Argument<T>, S} Map<T>: HashMap<K, A, S> = |value| entries(value);
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
        false => Err(InvalidField::new("is not a finite number")),
    }
}

fn fitting(number: impl TryInto<i64>) -> Result<i64, InvalidField> {
    number
        .try_into()
        .map_err(|_| InvalidField::new("is larger than an integer of 64 bits"))
}

/// The items of a list; what is not known is left out.
fn items<T, A: Argument<T>>(items: impl IntoIterator<Item = A>) -> Result<Vec<T>, InvalidField> {
    let (mut list, mut invalid) = (Vec::new(), None);
    for (i, item) in items.into_iter().enumerate() {
        match item.argument() {
            Ok(item) => list.extend(item),
            Err(mistake) => add(&mut invalid, mistake.within(&format!("[{i}]"))),
        }
    }
    invalid.map_or(Ok(list), Err)
}

/// The entries of an object; what is not known is left out.
fn entries<T, K: Into<String>, A: Argument<T>>(
    entries: impl IntoIterator<Item = (K, A)>,
) -> Result<Map<T>, InvalidField> {
    let (mut map, mut invalid) = (Vec::new(), None);
    for (name, item) in entries {
        match item.argument() {
            Ok(item) => map.extend(item.map(|item| (name.into(), item))),
            // A name of the workspace's own can be a customer's data.
            Err(mistake) => add(&mut invalid, mistake.within("*")),
        }
    }
    match invalid {
        None => Ok(map.into_iter().collect()),
        Some(invalid) => Err(invalid),
    }
}

/// A type of the description that setters take as it is.
pub trait Described: Sized {}

/// A type of the description that setters take as JSON too.
pub trait Written: Described {
    /// Reads it from JSON.
    fn written(value: &Value) -> Result<Self, InvalidField>;
}

/// An enum of texts, which setters take as text too.
pub trait Worded: Described + From<String> + for<'a> From<&'a str> {}

arguments! {
    {T: Described} T: T = |value| Ok(value);
    {T: Described + Clone} T: &T = |value| Ok(value.clone());
    {T: Written} T: Value = |value| T::written(&value);
    {T: Written} T: &Value = |value| T::written(value);
    {T: Worded} T: &str = |value| Ok(value.into());
    {T: Worded} T: String = |value| Ok(value.into());
    {T: Worded} T: &String = |value| Ok(value.as_str().into());
}

/// Lets setters of text enums take texts.
macro_rules! texts {
    ($($name:ident),* $(,)?) => {$(
        impl crate::call::argument::Described for $name {}
        impl crate::call::argument::Worded for $name {}
    )*};
}
pub(crate) use texts;

/// Lets setters of a union, or of a list of its own kind, take it or JSON. Only some descriptions have such.
#[allow(unused_macros)]
macro_rules! others {
    ($($name:ident),* $(,)?) => {$(
        impl crate::call::argument::Described for $name {}
        impl crate::call::argument::Written for $name {
            fn written(value: &::serde_json::Value) -> ::std::result::Result<Self, crate::InvalidField> {
                crate::call::argument::read_json(value)
            }
        }
    )*};
}
#[allow(unused_imports)]
pub(crate) use others;

/// Lets setters of an object take it, its builder, or JSON.
macro_rules! objects {
    ($($name:ident: $builder:ident),* $(,)?) => {$(
        impl crate::call::argument::Described for $name {}
        impl crate::call::argument::Written for $name {
            #[inline]
            fn written(value: &::serde_json::Value) -> ::std::result::Result<Self, crate::InvalidField> {
                crate::call::argument::from_json(value)
            }
        }

        crate::call::argument::arguments! {
            $name: builder::$builder = |value| value.build();
        }

        crate::call::argument::arguments! {
            $name: &builder::$builder = |value| value.clone().build();
        }

        impl ::std::convert::TryFrom<builder::$builder> for $name {
            type Error = crate::InvalidField;

            #[inline]
            fn try_from(builder: builder::$builder) -> ::std::result::Result<Self, crate::InvalidField> {
                builder.build()
            }
        }

        impl ::std::convert::From<$name> for builder::$builder {
            #[inline]
            fn from(value: $name) -> Self {
                Self { value, invalid: None }
            }
        }
    )*};
}
pub(crate) use objects;

/// What every builder of a body has.
macro_rules! finish {
    ($name:ty) => {
        /// Sets a field that the description does not have, or not in this form: sent as it is. `None` leaves it out.
        pub fn extra(
            mut self,
            name: impl ::std::convert::Into<String>,
            value: impl crate::Argument<::serde_json::Value>,
        ) -> Self {
            crate::call::argument::set_extra(&mut self.invalid, &mut self.value.extra, name.into(), value);
            self
        }

        /// What is set so far.
        #[inline]
        pub fn as_value(&self) -> &$name {
            &self.value
        }

        /// The finished value.
        ///
        /// # Errors
        ///
        /// When something that is required is missing, or a setter was given what cannot be sent; names the field.
        #[inline]
        pub fn build(self) -> ::std::result::Result<$name, crate::InvalidField> {
            crate::call::argument::build(self.value, self.invalid)
        }
    };
}
pub(crate) use finish;

/// A parameter of a builder: not set, set, or set to something that cannot be sent.
pub(crate) type Slot<T> = Result<Option<T>, InvalidField>;

/// Takes a value.
pub(crate) fn value<T>(field: &str, value: impl Argument<T>) -> Slot<T> {
    value.argument().map_err(|invalid| invalid.within(field))
}

/// Takes a whole body.
pub(crate) fn body<T, B: From<T>>(value: impl Argument<T>) -> Slot<B> {
    Ok(value.argument()?.map(B::from))
}

/// Insists on a value.
pub(crate) fn required<T>(field: &str, slot: Slot<T>) -> Result<T, InvalidField> {
    slot?.ok_or_else(|| InvalidField::missing(vec![field.to_owned()]))
}

/// Insists on a body.
pub(crate) fn required_body<T>(slot: Slot<T>) -> Result<T, InvalidField> {
    let help = "give it to `body`, or fill it in with `body_map`";
    slot?.ok_or_else(|| InvalidField::missing_body(help))
}

/// Insists on the body of a search. Only some descriptions have such.
#[allow(dead_code)]
pub(crate) fn required_query<T>(slot: Slot<T>) -> Result<T, InvalidField> {
    let help = "say what to look for by `query`, or give the whole of it to `body`";
    slot?.ok_or_else(|| InvalidField::missing_body(help))
}

/// Sets a field of a body.
pub(crate) fn set<S: Default, T: Into<S>>(
    invalid: &mut Option<InvalidField>,
    extra: &mut Extra,
    (field, slot): (&str, &mut S),
    value: impl Argument<T>,
) {
    extra.remove(field);
    match self::value(field, value) {
        Ok(value) => *slot = value.map(T::into).unwrap_or_default(),
        Err(mistake) => add(invalid, mistake),
    }
}

/// Adds a mistake to those that were made before.
fn add(invalid: &mut Option<InvalidField>, mistake: InvalidField) {
    *invalid = Some(match invalid.take() {
        Some(first) => first.and(mistake),
        None => mistake,
    });
}

/// Sets a name that the description does not have.
pub(crate) fn set_extra(
    invalid: &mut Option<InvalidField>,
    extra: &mut Extra,
    name: String,
    value: impl Argument<Value>,
) {
    match self::value(&name, value) {
        Ok(Some(value)) => extra.insert(name, value),
        Ok(None) => drop(extra.remove(&name)),
        Err(mistake) => add(invalid, mistake),
    }
}

/// What a request has to have before it can be sent.
pub(crate) trait Check {
    /// The paths of what is required and not there.
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<T: Check> Check for Option<T> {
    fn missing(&self) -> Vec<String> {
        self.as_ref().map(T::missing).unwrap_or_default()
    }
}

impl<T: Check> Check for Box<T> {
    fn missing(&self) -> Vec<String> {
        T::missing(self)
    }
}

impl<T: Check> Check for Nullable<T> {
    fn missing(&self) -> Vec<String> {
        self.as_option().map(T::missing).unwrap_or_default()
    }
}

impl<T: Check> Check for List<T> {
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (place, item) in self.iter().enumerate() {
            check_within(&format!("[{place}]"), item, &mut missing);
        }
        missing
    }
}

impl<T: Check> Check for Map<T> {
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        // A name of the workspace's own can be a customer's data.
        self.values().for_each(|item| check_within("*", item, &mut missing));
        missing
    }
}

/// Insists on a field, which may be there in another form than described.
pub(crate) fn insist(field: &str, absent: bool, extra: &Extra, missing: &mut Vec<String>) {
    if absent && extra.json(field).is_none() {
        missing.push(field.to_owned());
    }
}

/// Checks the value of a field.
pub(crate) fn check_within(field: &str, value: &impl Check, missing: &mut Vec<String>) {
    missing.extend(value.missing().iter().map(|inner| join(field, inner)));
}

/// Lets only pass what has all that is required.
fn check<T: Check>(value: T) -> Result<T, InvalidField> {
    match value.missing() {
        missing if missing.is_empty() => Ok(value),
        missing => Err(InvalidField::missing(missing)),
    }
}

/// Finishes a body.
pub(crate) fn build<T: Check>(value: T, invalid: Option<InvalidField>) -> Result<T, InvalidField> {
    let Some(invalid) = invalid else {
        return check(value);
    };
    // A field that was given incomplete is told by what it lacks.
    let inside = |path: &str, field: &str| {
        path.strip_prefix(field)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let given = |field: &String| invalid.fields().any(|path| inside(path, field));
    let missing = value.missing().into_iter().filter(|field| !given(field)).collect();
    Err(invalid.clone().and(InvalidField::missing(missing)))
}

/// Reads a request from JSON: all of it is sent as it is.
pub(crate) fn from_json<T: Decode + Check>(value: &Value) -> Result<T, InvalidField> {
    check(read_json(value)?)
}

/// Reads a value from JSON.
pub(crate) fn read_json<T: Decode>(value: &Value) -> Result<T, InvalidField> {
    let read = read::text::<T>(&value.to_string());
    read.map(|(value, _)| value)
        .map_err(|unread| InvalidField::new(unread.to_string()))
}

/// Reads a request from any format.
pub(crate) fn deserialize_request<'de, T: Decode + Check, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    check(deserialize::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Lets serde read requests.
macro_rules! readable {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                crate::call::argument::deserialize_request(deserializer)
            }
        }

        impl crate::wire::decode::Keeps for $name {}
    )*};
}
pub(crate) use readable;

/// Gives a value to a field that holds it in a box.
#[allow(dead_code)] // whether there are any depends on the description
pub(crate) struct Boxed<A>(pub A);

impl<T, A: Argument<T>> Argument<Box<T>> for Boxed<A> {
    fn argument(self) -> Result<Option<Box<T>>, InvalidField> {
        Ok(self.0.argument()?.map(Box::new))
    }
}

impl<T, A: Argument<T>> Argument<Nullable<Box<T>>> for Boxed<A> {
    fn argument(self) -> Result<Option<Nullable<Box<T>>>, InvalidField> {
        Ok(self.0.argument()?.map(|value| Nullable::Value(Box::new(value))))
    }
}
