//! Facts about the complete description, so that a type is the same whichever groups are built.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::document::schema;

/// The components that requests and responses of the complete description can contain.
pub struct Reach {
    /// The components in requests.
    pub requests: BTreeSet<String>,
    /// The components in responses.
    pub responses: BTreeSet<String>,
}

impl Reach {
    /// Collects the components of a repaired document.
    pub fn of(document: &Value) -> Self {
        Self {
            requests: schema::request_reach(document),
            responses: schema::response_reach(document),
        }
    }
}
