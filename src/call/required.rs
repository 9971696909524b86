//! Checks that requests have their required fields.

use super::invalid_field::{InvalidField, join};
use crate::wire::extra::Extra;
use crate::wire::list::List;
use crate::wire::map::Map;
use crate::wire::nullable::Nullable;

/// A request, or an object in a request, with required fields.
pub(crate) trait Check {
    /// Returns the paths of the required fields that are not set.
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
        for (index, item) in self.iter().enumerate() {
            check_inner(&format!("[{index}]"), item, &mut missing);
        }
        missing
    }
}

impl<T: Check> Check for Map<T> {
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        // The name can be personal data.
        self.values().for_each(|item| check_inner("*", item, &mut missing));
        missing
    }
}

/// Adds a required field to `missing` if it is unset and `extra` has no value for it.
pub(crate) fn check_set(field: &str, unset: bool, extra: &Extra, missing: &mut Vec<String>) {
    if unset && extra.json(field).is_none() {
        missing.push(field.to_owned());
    }
}

/// Adds the missing fields of the value of a field to `missing`.
pub(crate) fn check_inner(field: &str, value: &impl Check, missing: &mut Vec<String>) {
    missing.extend(value.missing().iter().map(|inner| join(field, inner)));
}

/// Returns the value if all its required fields are set.
pub(super) fn check<T: Check>(value: T) -> Result<T, InvalidField> {
    match value.missing() {
        missing if missing.is_empty() => Ok(value),
        missing => Err(InvalidField::missing(missing)),
    }
}
