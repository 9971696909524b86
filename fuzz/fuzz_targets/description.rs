//! Applies an overlay to a description and repairs it, as the build does.
//!
//! The input is a description and, after a line `---`, an overlay: YAML or JSON.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../build.rs"]
mod script;

use script::steps::input::overlay::{Outcome, Overlay};
use script::steps::input::{check, read};
use script::steps::repair;
use script::steps::warnings::Warnings;

fuzz_target!(|text: &str| {
    let (description, overlay) = text.split_once("\n---\n").unwrap_or((text, ""));
    let Ok(mut document) = read::parse(description) else {
        return;
    };
    if check::openapi_3_0(&document).is_err() {
        return;
    }
    let mut warnings = Warnings::about("description.yaml");
    let dangling: BTreeSet<String> = check::dangling(&document);
    let overlay = read::parse(overlay).ok();
    if let Some(overlay) = overlay.and_then(|overlay| Overlay::parse(&overlay, "overlay.yaml").ok()) {
        let before = document.clone();
        let applied = overlay.apply(&mut document, &mut warnings);
        let changed = applied.iter().any(|action| action.outcome == Outcome::Changed);
        // Two actions can cancel each other out, but without an action nothing changes.
        assert!(
            changed || document == before,
            "the overlay changed the document without an action"
        );
    }
    repair::repair(&mut document, &dangling, "overlay.yaml", &mut warnings);
    let after = check::dangling(&document);
    assert!(after.is_empty(), "references without a target after repair: {after:?}");
    let _ = warnings.to_string();
    // A second run finds little to do, and must not fail.
    let mut again = document.clone();
    repair::repair(
        &mut again,
        &BTreeSet::new(),
        "overlay.yaml",
        &mut Warnings::about("description.yaml"),
    );
});
