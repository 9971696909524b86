//! Applies the OpenAPI Overlay: what is known to be different on the wire, one action a correction.

use roas_overlay::apply::Apply;
use roas_overlay::v1_1::Overlay;
use roas_overlay::validation::Validate;
use serde_json::Value;

use super::super::failure::Failure;

/// Applies `overlay` to `document` and returns a warning for every action that found nothing to do.
pub fn apply_overlay(document: &mut Value, overlay: Value) -> Result<Vec<String>, Failure> {
    let refuse = |what: String, at: String| {
        Failure::new(
            "apply_overlay",
            what,
            "correct the action by the OpenAPI Overlay Specification 1.1 (targets are RFC 9535 JSONPath)",
        )
        .at(at)
    };
    let overlay: Overlay = serde_json::from_value(overlay)
        .map_err(|error| refuse(format!("is not an OpenAPI Overlay: {error}"), String::new()))?;
    if let Err(invalid) = overlay.validate(Default::default())
        && let Some(first) = invalid.errors.first()
    {
        return Err(refuse(
            format!("is not a valid OpenAPI Overlay: {}", first.message),
            pointer(&first.path),
        ));
    }
    let report = overlay.apply(document, Default::default()).map_err(|error| {
        refuse(
            format!("the action on {} cannot be applied: {}", error.target, error.kind),
            format!("/actions/{}", error.action_index),
        )
    })?;
    Ok(report
        .actions
        .iter()
        .filter(|outcome| outcome.matched == 0)
        .map(|outcome| {
            let why = overlay.actions[outcome.index]
                .description
                .as_deref()
                .unwrap_or_default();
            format!(
                "overlay action {} finds nothing at {}: {}",
                outcome.index,
                outcome.target,
                why.trim()
            )
        })
        .collect())
}

/// A place as the validation names it, `#.actions[3].target`, as a JSON pointer.
fn pointer(place: &str) -> String {
    place.trim_start_matches('#').replace(['.', '['], "/").replace(']', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn overlay(actions: Value) -> Value {
        json!({"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": actions})
    }

    #[test]
    fn actions_change_the_document_and_idle_ones_are_quoted() {
        let mut document = json!({"a": {"b": 1}});
        let warnings = apply_overlay(
            &mut document,
            overlay(json!([
                {"target": "$.a", "description": "b is 2", "update": {"b": 2}},
                {"target": "$.gone", "description": "no longer there", "remove": true},
            ])),
        )
        .unwrap();
        assert_eq!(document, json!({"a": {"b": 2}}));
        assert_eq!(warnings, ["overlay action 1 finds nothing at $.gone: no longer there"]);
    }

    #[test]
    fn invalid_overlays_are_refused_with_the_action() {
        let failure = apply_overlay(&mut json!({}), json!({"actions": []})).unwrap_err();
        assert!(failure.what.contains("not an OpenAPI Overlay"), "{failure}");
        let bad_path = overlay(json!([{"target": "$.a["  , "remove": true}]));
        let failure = apply_overlay(&mut json!({"a": {}}), bad_path).unwrap_err();
        assert_eq!(failure.at, "/actions/0/target");
        assert!(failure.what.contains("invalid JSONPath"), "{failure}");
        let failure = apply_overlay(&mut json!({}), overlay(json!([]))).unwrap_err();
        assert_eq!(failure.at, "/actions");
        let primitive = overlay(json!([{"target": "$.a", "update": {"b": 1}}]));
        let failure = apply_overlay(&mut json!({"a": 1}), primitive).unwrap_err();
        assert_eq!(failure.at, "/actions/0");
    }
}
