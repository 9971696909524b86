//! Repair rules for parts of a document that progenitor rejects or converts to types that are hard
//! to use. Rules hold for any description; facts about single operations or fields belong in the
//! overlay.
//!
//! Each rule is a function that returns the number of changes, and adds a warning for each part
//! that it leaves out. `openapi/README.md` lists the reasons.

mod names;
mod plain;
mod requests;
mod responses;
mod shapes;
#[cfg(test)]
mod tests;
mod well_formed;

use std::collections::BTreeSet;

use serde_json::Value;

use super::warnings::Warnings;

/// The name and the function of a repair rule.
pub type Rule = (&'static str, fn(&mut Value, &mut Warnings) -> usize);

/// All rules in the order in which they run.
pub const RULES: [Rule; 30] = [
    ("well_formed", well_formed::well_formed),
    ("operation_ids", names::operation_ids),
    ("parameters", requests::parameters),
    ("path_parameters", requests::path_parameters),
    ("one_success_response", responses::one_success_response),
    ("one_media_type", requests::one_media_type),
    ("shape_only", shapes::shape_only),
    ("objects_say_so", shapes::objects_say_so),
    ("maps_hold_json", shapes::maps_hold_json),
    ("text_enums_only", shapes::text_enums_only),
    ("timestamps", shapes::timestamps),
    ("single_member_unions", shapes::single_member_unions),
    ("ids_in_requests", requests::ids_in_requests),
    ("updates_can_clear", requests::updates_can_clear),
    ("name_bodies", names::name_bodies),
    ("name_parts", names::name_parts),
    ("merge_all_of", shapes::merge_all_of),
    ("unions_beside_properties", shapes::unions_beside_properties),
    ("circles", well_formed::circles),
    ("inline_aliases", shapes::inline_aliases),
    ("constant_text_in_responses", responses::constant_text_in_responses),
    ("responses_require_nothing", responses::responses_require_nothing),
    ("hand_written_types", shapes::hand_written_types),
    ("embedded_lists", responses::embedded_lists),
    ("property_names", names::property_names),
    ("component_names", names::component_names),
    ("parameter_names", requests::parameter_names),
    ("bare_document", plain::bare_document),
    ("one_shape", plain::one_shape),
    ("reachable_only", shapes::reachable_only),
];

/// Removes the components that no operation refers to.
pub fn reachable_only(document: &mut Value) {
    shapes::reachable_only(document, &mut Warnings::default());
}

/// Returns the rules that change nothing.
#[cfg(test)]
pub fn idle(mut document: Value) -> Vec<&'static str> {
    let mut warnings = Warnings::default();
    let idle = |(name, rule): &Rule| (rule(&mut document, &mut warnings) == 0).then_some(*name);
    RULES.iter().filter_map(idle).collect()
}

/// Repairs the document. `before` contains the dangling references before the file `overlay` was
/// applied.
pub fn repair(document: &mut Value, before: &BTreeSet<String>, overlay: &str, warnings: &mut Warnings) {
    well_formed::references(document, before, overlay, warnings);
    for (_, rule) in RULES {
        rule(document, warnings);
    }
}
