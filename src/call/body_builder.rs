//! The builders of request bodies.

use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::argument::{IntoArgument, arguments};
use super::invalid_field::{InvalidField, add};
use super::parameter;
use super::required::{Check, check};
use crate::wire::decode::Decode;
use crate::wire::extra::Extra;
use crate::wire::nullable::Nullable;
use crate::wire::{deserialize, read};

/// A generated type, which setters accept by value and by reference.
pub trait ApiType: Sized {}

/// A generated type that setters also accept as JSON.
pub trait FromValue: ApiType {
    /// Decodes it from JSON.
    fn from_value(value: &Value) -> Result<Self, InvalidField>;
}

/// A generated enum of strings, which setters also accept as a string.
pub trait StringEnum: ApiType + From<String> + for<'a> From<&'a str> {}

arguments! {
    {T: ApiType} T: T = |value| Ok(value);
    {T: ApiType + Clone} T: &T = |value| Ok(value.clone());
    {T: FromValue} T: Value = |value| T::from_value(&value);
    {T: FromValue} T: &Value = |value| T::from_value(value);
    {T: StringEnum} T: &str = |value| Ok(value.into());
    {T: StringEnum} T: String = |value| Ok(value.into());
    {T: StringEnum} T: &String = |value| Ok(value.as_str().into());
}

/// Declares the arguments of setters of string enums.
macro_rules! string_enums {
    ($($name:ident),* $(,)?) => {$(
        impl crate::call::body_builder::ApiType for $name {}
        impl crate::call::body_builder::StringEnum for $name {}
    )*};
}
pub(crate) use string_enums;

/// Declares the arguments of setters of unions and newtypes.
#[allow(unused_macros)] // not every description has them
macro_rules! unions {
    ($($name:ident),* $(,)?) => {$(
        impl crate::call::body_builder::ApiType for $name {}
        impl crate::call::body_builder::FromValue for $name {
            fn from_value(value: &::serde_json::Value) -> ::std::result::Result<Self, crate::InvalidField> {
                crate::call::body_builder::decode(value)
            }
        }
    )*};
}
#[allow(unused_imports)]
pub(crate) use unions;

/// Declares the arguments of setters of objects, and the conversions between an object and its builder.
macro_rules! objects {
    ($($name:ident: $builder:ident),* $(,)?) => {$(
        impl crate::call::body_builder::ApiType for $name {}
        impl crate::call::body_builder::FromValue for $name {
            #[inline]
            fn from_value(value: &::serde_json::Value) -> ::std::result::Result<Self, crate::InvalidField> {
                crate::call::body_builder::decode_request(value)
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

/// Declares the methods that every builder of a body has in addition to its setters.
macro_rules! common_methods {
    ($name:ty) => {
        /// Sets a field that the description does not have, or sets a field to a value of another type. The value is sent
        /// unchanged. `None` leaves the field out.
        pub fn extra(
            mut self,
            name: impl ::std::convert::Into<String>,
            value: impl crate::IntoArgument<::serde_json::Value>,
        ) -> Self {
            crate::call::body_builder::set_extra(&mut self.invalid, &mut self.value.extra, name.into(), value);
            self
        }

        /// Returns the value as set so far.
        #[inline]
        pub fn as_value(&self) -> &$name {
            &self.value
        }

        /// Builds the value.
        ///
        /// # Errors
        ///
        /// Fails if a required field is missing, or if a setter was called with a value that cannot be sent. The error names
        /// the fields.
        #[inline]
        pub fn build(self) -> ::std::result::Result<$name, crate::InvalidField> {
            crate::call::body_builder::build(self.value, self.invalid)
        }
    };
}
pub(crate) use common_methods;

/// Sets a field of a body.
pub(crate) fn set<F: Default, T: Into<F>>(
    invalid: &mut Option<InvalidField>,
    extra: &mut Extra,
    (name, field): (&str, &mut F),
    value: impl IntoArgument<T>,
) {
    extra.remove(name);
    match parameter::value(name, value) {
        Ok(value) => *field = value.map(T::into).unwrap_or_default(),
        Err(error) => add(invalid, error),
    }
}

/// Sets a name that the description does not have.
pub(crate) fn set_extra(
    invalid: &mut Option<InvalidField>,
    extra: &mut Extra,
    name: String,
    value: impl IntoArgument<Value>,
) {
    match parameter::value(&name, value) {
        Ok(Some(value)) => extra.insert(name, value),
        Ok(None) => drop(extra.remove(&name)),
        Err(error) => add(invalid, error),
    }
}

/// Builds a body from the value of a builder and the errors of its setters.
pub(crate) fn build<T: Check>(value: T, invalid: Option<InvalidField>) -> Result<T, InvalidField> {
    let Some(invalid) = invalid else {
        return check(value);
    };
    // If an object was set but lacks a field, the error names only that field, and not the object as missing.
    let is_inside = |path: &str, field: &str| {
        path.strip_prefix(field)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let was_set = |field: &String| invalid.fields().any(|path| is_inside(path, field));
    let missing = value.missing().into_iter().filter(|field| !was_set(field)).collect();
    Err(invalid.and(InvalidField::missing(missing)))
}

/// Decodes a request from JSON, and checks its required fields.
pub(crate) fn decode_request<T: Decode + Check>(value: &Value) -> Result<T, InvalidField> {
    check(decode(value)?)
}

/// Decodes a value from JSON.
pub(crate) fn decode<T: Decode>(value: &Value) -> Result<T, InvalidField> {
    match read::text::<T>(&value.to_string()) {
        Ok((value, _)) => Ok(value),
        Err(error) => Err(InvalidField::new(error.to_string())),
    }
}

/// Deserializes a request from any format, and checks its required fields.
pub(crate) fn deserialize_request<'de, T: Decode + Check, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    check(deserialize::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Implements `Deserialize` for types of requests.
macro_rules! readable {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                crate::call::body_builder::deserialize_request(deserializer)
            }
        }

        impl crate::wire::decode::Lossless for $name {}
    )*};
}
pub(crate) use readable;

/// The argument of a setter whose field is boxed.
#[allow(dead_code)] // not every description has boxed fields
pub(crate) struct Boxed<A>(pub A);

impl<T, A: IntoArgument<T>> IntoArgument<Box<T>> for Boxed<A> {
    fn into_argument(self) -> Result<Option<Box<T>>, InvalidField> {
        Ok(self.0.into_argument()?.map(Box::new))
    }
}

impl<T, A: IntoArgument<T>> IntoArgument<Nullable<Box<T>>> for Boxed<A> {
    fn into_argument(self) -> Result<Option<Nullable<Box<T>>>, InvalidField> {
        Ok(self.0.into_argument()?.map(|value| Nullable::Value(Box::new(value))))
    }
}
