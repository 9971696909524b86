//! Repair rules: what progenitor cannot take, or would turn into types that are hard to use, mended for the whole
//! document. A fact about one operation or field belongs in the overlay instead.
//!
//! Each rule is one function that returns how many places it changed, and warns of what it had to leave out. The reasons
//! are listed in `openapi/README.md`.

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

/// A repair rule: its name and what it does.
pub type Rule = (&'static str, fn(&mut Value, &mut Warnings) -> usize);

/// The rules in the order in which they run.
pub const RULES: [Rule; 33] = [
    ("well_formed", well_formed::well_formed),
    ("one_tag", names::one_tag),
    ("operation_ids", names::operation_ids),
    ("parameters", requests::parameters),
    ("path_parameters", requests::path_parameters),
    ("one_success_response", responses::one_success_response),
    ("response_media", responses::response_media),
    ("request_media", requests::request_media),
    ("shape_only", shapes::shape_only),
    ("required_sets", shapes::required_sets),
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

/// Leaves only the components that operations lead to.
pub fn reachable_only(document: &mut Value) {
    shapes::reachable_only(document, &mut Warnings::default());
}

/// The rules that find nothing to do.
#[cfg(test)]
pub fn idle(mut document: Value) -> Vec<&'static str> {
    let mut warnings = Warnings::default();
    let idle = |(name, rule): &Rule| (rule(&mut document, &mut warnings) == 0).then_some(*name);
    RULES.iter().filter_map(idle).collect()
}

/// Mends the document. `before` are the references that led nowhere before the overlay, in `overlay`, was applied.
pub fn repair(document: &mut Value, before: &BTreeSet<String>, overlay: &str, warnings: &mut Warnings) {
    well_formed::references(document, before, overlay, warnings);
    for (_, rule) in RULES {
        rule(document, warnings);
    }
}
