//! What depends on the whole description, so that a type is the same in whatever slice of it is built.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::document::schema;

/// Facts about the whole of a repaired description.
pub struct Whole {
    /// The components that requests send.
    pub requests: BTreeSet<String>,
    /// The components that answers carry.
    pub responses: BTreeSet<String>,
}

impl Whole {
    /// Reads them.
    pub fn of(document: &Value) -> Self {
        Self {
            requests: schema::request_reach(document),
            responses: schema::response_reach(document),
        }
    }
}
