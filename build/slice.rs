//! Which groups of operations are built: a cargo feature for each, and `full` for all.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::names::{fold, snake};
use super::document::schema::{METHODS, operations};

/// The groups that are built.
pub enum Slice {
    /// All, those that only another description has included.
    Full,
    /// Those of these features, by their folded names.
    Groups(BTreeSet<String>),
}

impl Slice {
    /// From the names of cargo's features, however they are spelt.
    pub fn of_features(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(|name| fold(&name)).collect();
        match names.contains("full") {
            true => Self::Full,
            false => Self::Groups(names),
        }
    }

    /// Whether a group is built. Operations without one come with `full`.
    pub fn has(&self, group: Option<&str>) -> bool {
        match self {
            Self::Full => true,
            Self::Groups(names) => group.is_some_and(|group| names.contains(&fold(group))),
        }
    }

    /// Leaves only the operations of the groups that are built.
    pub fn cut(&self, document: &mut Value) {
        for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                item.retain(|method, operation| !METHODS.contains(&method.as_str()) || self.has(group(operation)));
            }
        }
    }
}

/// The group that an operation belongs to: its first tag.
pub fn group(operation: &Value) -> Option<&str> {
    operation["tags"].get(0)?.as_str()
}

/// Returns the name of the cargo feature of a group.
pub fn feature(group: &str) -> String {
    snake(group).replace('_', "-")
}

/// The groups of a document, in the order of their operations.
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
