//! Applies OpenAPI Overlays, which correct a description.
//!
//! Consecutive actions with the same description are one correction: either all of them apply, or
//! none. A correction that would leave a dangling `$ref` does not apply, so that an overlay can be
//! applied to other descriptions too.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::super::document::schema;
use super::super::failure::Failure;
use super::super::warnings::Warnings;

/// A parsed overlay.
pub struct Overlay {
    /// The file.
    pub file: String,
    actions: Vec<Action>,
}

#[derive(Clone)]
struct Action {
    target: JsonPath,
    text: String,
    description: String,
    change: Change,
    /// The first version to which it applies, and the first one to which it no longer applies.
    versions: (Option<String>, Option<String>),
}

#[derive(Clone)]
enum Change {
    Remove,
    Update(Value),
    Copy(JsonPath),
}

/// The result of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The document was changed.
    Changed,
    /// The target is missing.
    TargetMissing,
    /// The target already has this content.
    Unchanged,
    /// The action applies to other versions of the API.
    OtherVersion,
    /// The action cannot be applied to this document, for this reason.
    Refused(String),
}

/// An action and its result.
pub struct Applied {
    /// The target.
    pub target: String,
    /// The evidence.
    pub description: String,
    /// The result.
    pub outcome: Outcome,
}

impl Overlay {
    /// Parses an overlay of the OpenAPI Overlay Specification 1.0 or 1.1.
    pub fn parse(value: &Value, file: &str) -> Result<Self, Failure> {
        let refuse = |problem: String, at: String| {
            Failure::new(
                "overlay",
                problem,
                "correct it according to the OpenAPI Overlay Specification 1.1 (targets are RFC 9535 JSONPath)",
            )
            .at(at)
            .in_file(file)
        };
        let version = value["overlay"].as_str().unwrap_or_default();
        if !version.starts_with("1.") {
            let problem = "is not an OpenAPI Overlay 1.0 or 1.1";
            return Err(refuse(problem.to_owned(), "/overlay".to_owned()));
        }
        let actions = value["actions"].as_array().filter(|actions| !actions.is_empty());
        let actions = actions.ok_or_else(|| refuse("has no actions".to_owned(), "/actions".to_owned()))?;
        let read = |(index, action): (usize, &Value)| {
            let at = |key: &str| format!("/actions/{index}{key}");
            let path = |key: &str, text: &str| {
                JsonPath::parse(text).map_err(|error| refuse(format!("is not a JSONPath: {error}"), at(key)))
            };
            let text = action["target"].as_str();
            let text = text.ok_or_else(|| refuse("has no `target`".to_owned(), at("")))?;
            let change = if action["remove"] == true {
                Change::Remove
            } else if let Some(source) = action["copy"].as_str() {
                Change::Copy(path("/copy", source)?)
            } else if let Some(update) = action.get("update") {
                Change::Update(update.clone())
            } else {
                let problem = "has no `remove`, `update` or `copy`".to_owned();
                return Err(refuse(problem, at("")));
            };
            let bound = |key: &str| action["x-versions"][key].as_str().map(str::to_owned);
            Ok(Action {
                target: path("/target", text)?,
                text: text.to_owned(),
                description: action["description"].as_str().unwrap_or_default().trim().to_owned(),
                change,
                versions: (bound("from"), bound("before")),
            })
        };
        Ok(Self {
            file: file.to_owned(),
            actions: actions.iter().enumerate().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// Applies the corrections, and adds a warning for each one that cannot be applied.
    pub fn apply(&self, document: &mut Value, warnings: &mut Warnings) -> Vec<Applied> {
        self.apply_without(None, document, warnings)
    }

    /// Applies all corrections but one action.
    pub fn apply_without(
        &self,
        left_out: Option<usize>,
        document: &mut Value,
        warnings: &mut Warnings,
    ) -> Vec<Applied> {
        let retargeted = Self {
            file: self.file.clone(),
            actions: self.actions.iter().map(|action| action.retargeted(document)).collect(),
        };
        retargeted.apply_retargeted(left_out, document, warnings)
    }

    fn apply_retargeted(&self, left_out: Option<usize>, document: &mut Value, warnings: &mut Warnings) -> Vec<Applied> {
        let version = document["info"]["version"].as_str().unwrap_or_default().to_owned();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; self.actions.len()];
        for (action, outcome) in self.actions.iter().zip(&mut outcomes) {
            if !action.is_for(&version) {
                *outcome = Some(Outcome::OtherVersion);
            }
        }
        if let Some(outcome) = left_out.and_then(|action| outcomes.get_mut(action)) {
            *outcome = Some(Outcome::Unchanged);
        }
        self.refuse_dangling(document, &mut outcomes);
        for (action, outcome) in self.actions.iter().zip(&mut outcomes) {
            if outcome.is_none() {
                *outcome = Some(action.apply(document));
            }
        }
        let mut reported = BTreeSet::new();
        let applied = self
            .actions
            .iter()
            .zip(outcomes)
            .enumerate()
            .map(|(index, (action, outcome))| {
                let outcome = outcome.unwrap_or(Outcome::Unchanged);
                if let Outcome::Refused(why) = &outcome
                    && reported.insert((why.clone(), action.description.clone()))
                {
                    let problem = format!("cannot be applied to {}: {why}", action.text);
                    warnings.add_in(&self.file, "overlay", format!("/actions/{index}"), problem);
                }
                Applied {
                    target: action.text.clone(),
                    description: action.description.clone(),
                    outcome,
                }
            });
        applied.collect()
    }

    /// Refuses the corrections with dangling references. A schema that the overlay adds is a valid
    /// target as long as the correction that adds it applies.
    fn refuse_dangling(&self, document: &Value, outcomes: &mut [Option<Outcome>]) {
        loop {
            let applying = || {
                self.actions
                    .iter()
                    .zip(&*outcomes)
                    .filter(|(_, outcome)| outcome.is_none())
            };
            let defined: BTreeSet<&str> = applying().flat_map(|(action, _)| action.defines()).collect();
            let dangles = |action: &Action| match &action.change {
                Change::Update(update) => schema::dangling(update, |target| is_defined(document, &defined, target))
                    .into_iter()
                    .find(|_| !action.target.query(document).is_empty()),
                _ => None,
            };
            let found = self
                .actions
                .iter()
                .zip(&*outcomes)
                .enumerate()
                .find_map(|(index, (action, outcome))| {
                    let dangling = if outcome.is_none() { dangles(action) } else { None };
                    dangling.map(|dangling| (index, dangling.target))
                });
            let Some((index, target)) = found else { return };
            let together = self.together(index);
            // No warning about parts that this description does not have.
            let outcome_of_all = match self.actions[together.clone()]
                .iter()
                .any(|action| action.has_target(document))
            {
                true => Outcome::Refused(format!(
                    "the target of its `$ref` {target} is missing in this description"
                )),
                false => Outcome::TargetMissing,
            };
            for outcome in &mut outcomes[together] {
                outcome.get_or_insert_with(|| outcome_of_all.clone());
            }
        }
    }

    /// Returns the actions of the correction to which the action `index` belongs.
    fn together(&self, index: usize) -> std::ops::Range<usize> {
        let description = &self.actions[index].description;
        let same = |action: &&Action| !description.is_empty() && action.description == *description;
        let before = self.actions[..index].iter().rev().take_while(same).count();
        let after = self.actions[index + 1..].iter().take_while(same).count();
        index - before..index + after + 1
    }
}

/// The target of actions that add component schemas.
const COMPONENTS: &str = "$.components.schemas";

/// Returns `true` if `target` is in the document or among the schemas `defined` by the overlay.
fn is_defined(document: &Value, defined: &BTreeSet<&str>, target: &str) -> bool {
    schema::find(document, target).is_some() || schema::component(target).is_some_and(|name| defined.contains(name))
}

impl Action {
    /// Returns `true` if the action applies to a version. A version that is not a number, such as
    /// `Preview`, counts as the newest.
    fn is_for(&self, version: &str) -> bool {
        let number = |version: &str| -> Vec<u32> {
            let parts = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
            parts.collect()
        };
        let (from, before) = &self.versions;
        from.as_ref().is_none_or(|from| number(version) >= number(from))
            && before.as_ref().is_none_or(|before| number(version) < number(before))
    }

    /// Returns the action with the paths as spelled in the document: the names of path parameters
    /// differ between versions.
    fn retargeted(&self, document: &Value) -> Self {
        let paths = document["paths"].as_object();
        let known = |path: &str| paths.is_some_and(|paths| paths.contains_key(path));
        let respelled = |path: &str| {
            let same = paths
                .into_iter()
                .flatten()
                .map(|(other, _)| other)
                .filter(|other| schema::shape(other) == schema::shape(path));
            same.min_by_key(|other| *other != path).filter(|_| !known(path))
        };
        let mut action = self.clone();
        for path in self.text.split('\'').filter(|part| part.starts_with('/')) {
            if let Some(other) = respelled(path).filter(|other| !other.contains('\'')) {
                action.text = action.text.replace(&format!("'{path}'"), &format!("'{other}'"));
            }
        }
        if action.text != self.text
            && let Ok(target) = JsonPath::parse(&action.text)
        {
            action.target = target;
        }
        action
    }

    /// Returns `true` if the document has the target.
    fn has_target(&self, document: &Value) -> bool {
        let has = |name: &str| document["components"]["schemas"].get(name).is_some();
        match self.text == COMPONENTS {
            true => self.defines().any(has),
            false => !self.target.query(document).is_empty(),
        }
    }

    /// Returns the component schemas that the action adds or changes.
    fn defines(&self) -> impl Iterator<Item = &str> {
        let update = match &self.change {
            Change::Update(update) if self.text == COMPONENTS => update.as_object(),
            _ => None,
        };
        update.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    fn apply(&self, document: &mut Value) -> Outcome {
        let located = self.target.query_located(document);
        let mut pointers: Vec<String> = located
            .locations()
            .map(serde_json_path::NormalizedPath::to_json_pointer)
            .collect();
        if pointers.is_empty() {
            return Outcome::TargetMissing;
        }
        let source = match &self.change {
            Change::Copy(source) => source.query(document).first().cloned(),
            _ => None,
        };
        let update = match (&self.change, &source) {
            (Change::Update(update), _) => update,
            (Change::Copy(_), Some(source)) => source,
            (Change::Copy(_), None) => return Outcome::Refused("the source of the copy is missing".to_owned()),
            (Change::Remove, _) => {
                if let Some(user) = used_elsewhere(document, &pointers) {
                    return Outcome::Refused(format!("{user} refers to the removed part"));
                }
                // From the end of a list to its start, so that the remaining indexes stay valid.
                pointers.sort_by_key(|pointer| std::cmp::Reverse(place(pointer)));
                pointers.iter().for_each(|pointer| remove(document, pointer));
                return Outcome::Changed;
            }
        };
        let fits = |pointer: &String| {
            let target = document.pointer(pointer);
            target.is_some_and(|target| target.is_array() || (target.is_object() && update.is_object()))
        };
        if let Some(other) = pointers.iter().find(|pointer| !fits(pointer)) {
            return Outcome::Refused(format!("{other} is neither an object nor a list"));
        }
        let mut changed = false;
        for pointer in &pointers {
            match document.pointer_mut(pointer) {
                Some(Value::Array(items)) => {
                    match update {
                        Value::Array(more) => items.extend(more.iter().cloned()),
                        more => items.push(more.clone()),
                    }
                    changed = true;
                }
                Some(target) => changed |= merge(target, update),
                None => {}
            }
        }
        if changed { Outcome::Changed } else { Outcome::Unchanged }
    }
}

/// Returns the last segment of a pointer as an index.
fn place(pointer: &str) -> usize {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    last.parse().unwrap_or_default()
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            // `Map::remove` would change the order of the other keys.
            let name = super::super::document::names::unescape(last);
            object.retain(|key, _| *key != name);
        }
        Some(Value::Array(items)) if place(pointer) < items.len() => {
            items.remove(place(pointer));
        }
        _ => {}
    }
}

/// Returns the place of a reference from outside of `pointers` to a part inside.
fn used_elsewhere(document: &Value, pointers: &[String]) -> Option<String> {
    // Other parts are not targets of references.
    if !pointers.iter().any(|pointer| pointer.starts_with("/components/")) {
        return None;
    }
    let inside = |pointer: &str| {
        let within = |outer: &String| pointer.strip_prefix(outer.as_str());
        pointers
            .iter()
            .filter_map(within)
            .any(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let references = schema::dangling(document, |target| !target.strip_prefix('#').is_some_and(inside));
    let users = references.into_iter().map(|reference| reference.at);
    users.into_iter().find(|user| !inside(user))
}

/// Merges as specified: objects by key, lists by appending, other values by replacing. Returns
/// `true` if the target changed.
fn merge(target: &mut Value, update: &Value) -> bool {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            let mut changed = false;
            for (key, value) in update {
                match target.get_mut(key) {
                    Some(inner) => changed |= merge(inner, value),
                    None => {
                        target.insert(key.clone(), value.clone());
                        changed = true;
                    }
                }
            }
            changed
        }
        (Value::Array(target), Value::Array(update)) => {
            target.extend(update.iter().cloned());
            !update.is_empty()
        }
        (target, update) if *target != *update => {
            *target = update.clone();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Applies actions. Returns the document, the results and the warnings.
    fn applied(mut document: Value, actions: Value) -> (Value, Vec<Outcome>, String) {
        let overlay = json!({"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": actions});
        let mut warnings = Warnings::default();
        let applied = Overlay::parse(&overlay, "overlay.yaml")
            .unwrap()
            .apply(&mut document, &mut warnings);
        let outcomes = applied.into_iter().map(|applied| applied.outcome);
        (document, outcomes.collect(), warnings.to_string())
    }

    #[test]
    fn objects_are_merged_and_lists_are_extended() {
        let (document, outcomes, _) = applied(
            json!({"a": {"b": [1], "c": {"d": 1}}, "list": [1, 2, 3]}),
            json!([
                {"target": "$.a", "update": {"b": [2], "c": {"e": 2}}},
                {"target": "$.list[?@ < 3]", "remove": true},
                {"target": "$.list", "update": 4},
                {"target": "$.a.c", "copy": "$.a"},
                {"target": "$.a.c", "update": {"e": 2}},
                {"target": "$.missing", "remove": true},
            ]),
        );
        assert_eq!(document["list"], json!([3, 4]));
        assert_eq!(document["a"]["b"], json!([1, 2]));
        assert_eq!(
            document["a"]["c"],
            json!({"d": 1, "e": 2, "b": [1, 2], "c": {"d": 1, "e": 2}})
        );
        let changed = Outcome::Changed;
        let expected = [
            &changed,
            &changed,
            &changed,
            &changed,
            &Outcome::Unchanged,
            &Outcome::TargetMissing,
        ];
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn paths_match_by_shape() {
        let (document, outcomes, _) = applied(
            json!({"paths": {"/tags/{tag_id}": {"get": {}}, "/tags/{id}/x": {"get": {}}, "/tags/{key}/x": {"get": {}}}}),
            json!([
                {"target": "$.paths['/tags/{id}'].get", "update": {"a": 1}},
                {"target": "$.paths['/tags/{id}/x'].get", "update": {"b": 1}},
                {"target": "$.paths['/tags'].get", "update": {"c": 1}},
            ]),
        );
        assert_eq!(outcomes, [Outcome::Changed, Outcome::Changed, Outcome::TargetMissing]);
        assert_eq!(document["paths"]["/tags/{tag_id}"]["get"], json!({"a": 1}));
        assert_eq!(
            document["paths"]["/tags/{id}/x"]["get"],
            json!({"b": 1}),
            "an exact match is preferred"
        );
    }

    #[test]
    fn actions_apply_to_their_versions_only() {
        for (version, changed) in [
            ("2.9", [true, false]),
            ("2.10", [false, true]),
            ("Preview", [false, true]),
        ] {
            let (_, outcomes, _) = applied(
                json!({"info": {"version": version}}),
                json!([
                    {"target": "$.info", "x-versions": {"before": "2.10"}, "update": {"a": 1}},
                    {"target": "$.info", "x-versions": {"from": "2.10"}, "update": {"a": 2}},
                ]),
            );
            assert_eq!(
                outcomes
                    .iter()
                    .map(|outcome| *outcome == Outcome::Changed)
                    .collect::<Vec<_>>(),
                changed
            );
        }
    }

    #[test]
    fn all_actions_of_a_correction_apply_or_none() {
        let document = json!({"components": {"schemas": {"tag": {"oneOf": [{}], "properties": {}}}}});
        let refers = |name: &str| json!({"properties": {"owner": {"$ref": format!("#/components/schemas/{name}")}}});
        let actions = |name: &str| {
            json!([
                {"target": "$.components.schemas.tag.oneOf", "description": "Tags have owners.", "remove": true},
                {"target": "$.components.schemas.tag", "description": "Tags have owners.", "update": refers(name)},
                {"target": "$.components.schemas", "description": "Owners.", "update": {"owner": {}}},
            ])
        };
        let (_, outcomes, warnings) = applied(document.clone(), actions("owner"));
        assert!(
            outcomes.iter().all(|outcome| *outcome == Outcome::Changed) && warnings.is_empty(),
            "{warnings}"
        );
        let (unchanged, outcomes, warnings) = applied(document.clone(), actions("missing"));
        assert!(
            matches!(outcomes[..2], [Outcome::Refused(_), Outcome::Refused(_)]),
            "{outcomes:?}"
        );
        assert_eq!(
            (&unchanged["components"]["schemas"]["tag"], warnings.lines().count()),
            (&document["components"]["schemas"]["tag"], 1)
        );
        // No warning about parts that the document does not have.
        let (_, outcomes, warnings) = applied(json!({}), actions("missing"));
        assert!(
            !outcomes.contains(&Outcome::Changed) && warnings.is_empty(),
            "{warnings}"
        );
    }

    #[test]
    fn parts_in_use_are_not_removed() {
        let of = |user: &str| {
            json!({"components": {"schemas": {
                "tag": {"items": {"$ref": "#/components/schemas/tag"}},
                user: {"items": {"$ref": "#/components/schemas/tag/items"}},
            }}})
        };
        let remove = |names: &str| json!([{"target": format!("$.components.schemas[{names}]"), "remove": true}]);
        let (_, outcomes, warnings) = applied(of("user"), remove("'tag'"));
        assert!(matches!(outcomes[..], [Outcome::Refused(_)]), "{outcomes:?}");
        assert!(
            warnings.contains("/components/schemas/user/items refers to the removed part"),
            "{warnings}"
        );
        assert_eq!(applied(of("user"), remove("'tag', 'user'")).1, [Outcome::Changed]);
        assert_eq!(applied(of("tags"), remove("'tags'")).1, [Outcome::Changed]);
    }
}
