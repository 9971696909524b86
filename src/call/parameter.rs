//! The parameters and bodies of call builders.

use super::argument::IntoArgument;
use super::invalid_field::InvalidField;

/// A parameter of a builder: unset, set, or set to a value that cannot be sent.
pub(crate) type Parameter<T> = Result<Option<T>, InvalidField>;

/// Converts the argument of a setter.
pub(crate) fn value<T>(field: &str, value: impl IntoArgument<T>) -> Parameter<T> {
    value.into_argument().map_err(|invalid| invalid.within(field))
}

/// Converts the argument of `body`.
pub(crate) fn body<T, B: From<T>>(value: impl IntoArgument<T>) -> Parameter<B> {
    Ok(value.into_argument()?.map(B::from))
}

/// Returns the value of a required parameter.
pub(crate) fn required<T>(field: &str, parameter: Parameter<T>) -> Result<T, InvalidField> {
    parameter?.ok_or_else(|| InvalidField::missing(vec![field.to_owned()]))
}

/// Returns a required body.
pub(crate) fn required_body<T>(body: Parameter<T>) -> Result<T, InvalidField> {
    body?.ok_or_else(|| InvalidField::missing_body("set it with `body` or `body_map`"))
}

/// Returns the required body of a search.
#[allow(dead_code)] // not every description has searches
pub(crate) fn required_query<T>(body: Parameter<T>) -> Result<T, InvalidField> {
    body?.ok_or_else(|| InvalidField::missing_body("set a search query with `query`, or the complete body with `body`"))
}
