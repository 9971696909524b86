//! The groups of operations that are built: one cargo feature for each group, and `full` for all of
//! them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::names::{fold, snake};
use super::document::schema::{METHODS, has_word, operations};

/// The groups of operations that are built.
pub enum Slice {
    /// All groups of the description.
    Full,
    /// The groups with these names, as returned by [`fold`].
    Groups(BTreeSet<String>),
}

impl Slice {
    /// Reads the names of cargo features, in any spelling.
    pub fn of_features(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(|name| fold(&name)).collect();
        match names.contains("full") {
            true => Self::Full,
            false => Self::Groups(names),
        }
    }

    /// Returns `true` if a group is built. Operations without a group need `full`.
    pub fn has(&self, group: Option<&str>) -> bool {
        match self {
            Self::Full => true,
            Self::Groups(names) => group.is_some_and(|group| names.contains(&fold(group))),
        }
    }

    /// Removes the operations of the other groups from a document.
    pub fn cut(&self, document: &mut Value) {
        for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                item.retain(|method, operation| !METHODS.contains(&method.as_str()) || self.has(group(operation)));
            }
        }
    }
}

/// Returns the group of an operation: its first tag.
pub fn group(operation: &Value) -> Option<&str> {
    operation["tags"].get(0)?.as_str()
}

/// The cargo features of this crate that build one group of operations each.
pub const FEATURES: &str = "admins articles companies contacts conversations data-attributes data-events data-export \
    help-center messages news notes segments subscription-types switch tags teams ticket-type-attributes ticket-types \
    tickets visitors";

/// Returns the name of a group as cargo spells features.
pub fn kebab(group: &str) -> String {
    snake(group).replace('_', "-")
}

/// Returns the cargo feature that builds a group: its own if the crate has one, else `full`.
pub fn feature(group: Option<&str>) -> String {
    let known = group.map(kebab).filter(|feature| has_word(FEATURES, feature));
    known.unwrap_or_else(|| "full".to_owned())
}

/// Returns the groups of a document, in the order of their operations.
pub fn groups(document: &Value) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in operations(document)
        .into_iter()
        .filter_map(|(_, _, operation)| group(operation))
    {
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn features_choose_groups_and_full_chooses_all() {
        let document = json!({"paths": {
            "/a": {"get": {"tags": ["Data Events"]}, "put": {"tags": ["Tags"]}},
            "/b": {"post": {}},
        }});
        let left = |features: &[&str]| {
            let mut document = document.clone();
            Slice::of_features(features.iter().map(|name| (*name).to_owned())).cut(&mut document);
            let left = operations(&document)
                .into_iter()
                .map(|(path, method, _)| format!("{method} {path}"));
            left.collect::<Vec<_>>()
        };
        assert_eq!(left(&["DATA_EVENTS", "RUSTLS"]), ["get /a"]);
        assert_eq!(left(&["data-events", "tags"]), ["get /a", "put /a"]);
        assert_eq!(left(&["full"]), ["get /a", "put /a", "post /b"]);
        assert!(left(&[]).is_empty());
        assert_eq!(groups(&document), ["Data Events", "Tags"]);
    }
}
