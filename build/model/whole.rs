//! What depends on the whole description, so that a type is the same in whatever slice of it is built.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::document::names::{Taken, type_ident};
use super::super::document::schema;

/// Names that are something else where generated code stands: those of Rust's prelude.
const PRELUDE: [&str; 37] = [
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "Vec",
];

/// Facts about the whole of a repaired description.
pub struct Whole {
    /// The type's name for each component.
    pub types: BTreeMap<String, String>,
    /// The builder's name for each operation id.
    pub builders: BTreeMap<String, String>,
    /// The components that requests send.
    pub requests: BTreeSet<String>,
    /// The components that answers carry.
    pub responses: BTreeSet<String>,
}

impl Whole {
    /// Reads them.
    pub fn of(document: &Value) -> Self {
        let mut taken = Taken::types_beside(PRELUDE);
        let components = document["components"]["schemas"].as_object().into_iter().flatten();
        let types = components.enumerate().map(|(place, (component, _))| {
            let name = taken.free(&type_ident(component, &format!("Schema{}", place + 1)));
            (component.clone(), name)
        });
        let types = types.collect();
        let mut taken = Taken::types_beside(PRELUDE);
        let ids = schema::operations(document)
            .into_iter()
            .filter_map(|(_, _, operation)| operation["operationId"].as_str());
        let builders = ids
            .map(|id| (id.to_owned(), taken.free(&type_ident(id, "Operation"))))
            .collect();
        Self {
            types,
            builders,
            requests: schema::request_reach(document),
            responses: schema::response_reach(document),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_rust_and_distinct() {
        let document = json!({
            "paths": {"/a": {"get": {"operationId": "a_b1"}, "put": {"operationId": "a_b_1"}}},
            "components": {"schemas": {"ticket-state": {}, "ticket_state": {}, "option": {}, "2": {}, "€": {}}},
        });
        let whole = Whole::of(&document);
        let names: Vec<&str> = whole.types.values().map(String::as_str).collect();
        assert_eq!(names, ["X2", "OptionValue", "TicketState", "TicketState2", "Schema5"]);
        assert_eq!(whole.builders["a_b1"], "AB1");
        assert_eq!(whole.builders["a_b_1"], "AB12");
    }
}
