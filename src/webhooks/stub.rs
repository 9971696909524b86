//! What is left of a record that was deleted or archived.

use crate::wire::extra::Extra;
use crate::wire::object::object;

/// What is left of a record that was deleted or archived: its id, and little else.
///
/// A stub names the record; stored over it, the stub would erase it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stub {
    /// The kind of record, such as `contact`.
    pub type_: Option<String>,
    /// The record's id, if the stub has it under this name: [`record_id`](Self::record_id) finds it under any.
    pub id: Option<String>,
    /// The record's id in the app's own system, if it has one.
    pub external_id: Option<String>,
    /// `true` if the record was deleted.
    pub deleted: Option<bool>,
    /// `true` if the record was archived.
    pub archived: Option<bool>,
    /// What it holds beyond these fields: see [`Extra`].
    pub extra: Extra,
    /// The id, if it has another name than `id`.
    named: Option<String>,
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
    /// Returns the record's id, whatever its name on the wire: a deleted conversation has `conversation_id`.
    pub fn record_id(&self) -> Option<&str> {
        self.id.as_deref().or(self.named.as_deref())
    }

    /// The record's id, if it is of one of these kinds.
    #[allow(dead_code)] // whether there are records depends on the description
    pub(crate) fn id_of(&self, kinds: &[&str]) -> Option<&str> {
        let is_one = self.type_.as_deref().is_some_and(|kind| kinds.contains(&kind));
        is_one.then(|| self.record_id()).flatten()
    }

    /// The same with the id that has this name.
    pub(super) fn named_by(mut self, name: Option<&str>) -> Self {
        self.named = name.and_then(|name| match self.extra.get(name)? {
            serde_json::Value::String(id) => Some(id),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
        self
    }
}
