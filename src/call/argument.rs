//! What generated builders share: taking values, finishing bodies, saying which field is wrong.

use std::fmt;

/// Why a request cannot be built: the field and what is wrong with it.
///
/// Never shows the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    field: String,
    reason: String,
}

impl InvalidField {
    fn new(field: &str, reason: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            reason: reason.into(),
        }
    }

    /// The field's name on the wire, empty when the whole body is meant.
    pub fn field(&self) -> &str {
        &self.field
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.reason),
            field => write!(f, "`{field}`: {}", self.reason),
        }
    }
}

impl std::error::Error for InvalidField {}

/// A field of a builder: not set, set, or set to something that does not convert.
pub type Slot<T> = Result<Option<T>, InvalidField>;

/// Takes a value.
pub fn value<T, V>(field: &str, value: V) -> Slot<T>
where
    V: TryInto<T>,
    V::Error: fmt::Display,
{
    value
        .try_into()
        .map(Some)
        .map_err(|error| InvalidField::new(field, error.to_string()))
}

/// Takes the items of a list.
pub fn list<T, I>(field: &str, items: I) -> Slot<Vec<T>>
where
    I: IntoIterator,
    I::Item: TryInto<T, Error: fmt::Display>,
{
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| {
            item.try_into()
                .map_err(|error| InvalidField::new(&format!("{field}[{i}]"), error.to_string()))
        })
        .collect::<Result<Vec<T>, _>>()
        .map(Some)
}

/// Takes the entries of a map.
pub fn map<M, K, V, T>(entries: impl IntoIterator<Item = (K, V)>) -> Slot<M>
where
    K: Into<String>,
    V: Into<T>,
    M: FromIterator<(String, T)>,
{
    Ok(Some(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect(),
    ))
}

/// Takes a whole body.
pub fn body<T, V>(value: V) -> Result<T, InvalidField>
where
    V: TryInto<T>,
    V::Error: fmt::Display,
{
    value
        .try_into()
        .map_err(|error| InvalidField::new("", error.to_string()))
}

/// Insists on a value.
pub fn required<T>(field: &str, slot: Slot<T>) -> Result<T, InvalidField> {
    slot?.ok_or_else(|| InvalidField::new(field, "required, and was not set"))
}
