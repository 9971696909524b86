//! Stubs of deleted or archived records.

use crate::wire::extra::Extra;
use crate::wire::object::object;

/// The id of a record that was deleted or archived, with few other fields.
///
/// A stub is not a complete record. Storing it in place of the record would erase the record's
/// data.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stub {
    /// The type of the record, such as `contact`.
    pub type_: Option<String>,
    /// The field `id`. [`record_id`](Self::record_id) also finds ids in fields with another name.
    pub id: Option<String>,
    /// The id of the record in the app's own system.
    pub external_id: Option<String>,
    /// `true` if the record was deleted.
    pub deleted: Option<bool>,
    /// `true` if the record was archived.
    pub archived: Option<bool>,
    /// Fields that this type does not have; see [`Extra`].
    pub extra: Extra,
    /// The id in a field with another name than `id`.
    other_id: Option<String>,
}

object! {
    Stub {
        0 "type" type_ field;
        1 "id" id field;
        2 "external_id" external_id field;
        3 "deleted" deleted field;
        4 "archived" archived field;
    }
}
crate::wire::deserialize::readable! { Stub }

impl Stub {
    /// Returns the id of the record, from `id` or from a field named after the record, such as
    /// `conversation_id`.
    pub fn record_id(&self) -> Option<&str> {
        self.id.as_deref().or(self.other_id.as_deref())
    }

    /// Returns the id of the record, if its type is one of `types`.
    #[allow(dead_code)] // whether there are records depends on the description
    pub(crate) fn id_of(&self, types: &[&str]) -> Option<&str> {
        let has_type = self.type_.as_deref().is_some_and(|name| types.contains(&name));
        has_type.then(|| self.record_id()).flatten()
    }

    /// Takes the id from a field with this name, if `id` is absent.
    pub(super) fn with_id_field(mut self, name: Option<&str>) -> Self {
        self.other_id = name.and_then(|name| match self.extra.get(name)? {
            serde_json::Value::String(id) => Some(id),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
        self
    }
}
