//! description → overlay → repair rules → progenitor → passes over the syntax tree → `OUT_DIR`.
//!
//! `INTERCOM_OPENAPI` names another description to build from. Each step is a file in `build/`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[path = "build/mod.rs"]
mod steps;

use std::path::Path;

use steps::document::schema;
use steps::failure::Failure;
use steps::input::{check, overlay as apply_overlay, read};
use steps::model::generate;
use steps::write::{calls as operations, constants as client, registry, types as tolerance};
use steps::{emit, repair};

/// The description that is built from when `INTERCOM_OPENAPI` does not name another.
pub const DESCRIPTION: &str = "openapi/intercom-2.9.yaml";
const OVERLAY: &str = "openapi/overlay.yaml";

// Tests include this file and call `build` themselves.
#[cfg(not(test))]
fn main() {
    // An empty variable counts as unset.
    let named = std::env::var_os("INTERCOM_OPENAPI").filter(|path| !path.is_empty());
    let description = named.unwrap_or_else(|| DESCRIPTION.into());
    let description = Path::new(&description);
    println!("cargo::rerun-if-env-changed=INTERCOM_OPENAPI");
    println!("cargo::rerun-if-changed={}", description.display());
    println!("cargo::rerun-if-changed={OVERLAY}");
    let out = std::env::var_os("OUT_DIR").unwrap_or_else(|| ".".into());
    match build(description, Path::new(&out)) {
        Ok(counts) => build_print::info!("Intercom API {counts}"),
        // cargo shows it as an error and stops the build; a line break would end it early.
        Err(failure) => println!("cargo::error={}", failure.to_string().replace('\n', " ")),
    }
}

/// The pipeline from files to `OUT_DIR`. Returns what was built from, in numbers.
pub fn build(description: &Path, out: &Path) -> Result<String, Failure> {
    let overlay = read::read(Path::new(OVERLAY))?;
    let mut document = read::read(description)?;
    run(&mut document, overlay, out).map_err(|failure| failure.in_file(description.display().to_string()))
}

/// The pipeline over values, one line a step.
pub fn run(document: &mut serde_json::Value, overlay: serde_json::Value, out: &Path) -> Result<String, Failure> {
    check::openapi_3_0(document)?;
    let counts = schema::counts(document);
    for warning in apply_overlay::apply_overlay(document, overlay).map_err(|failure| failure.in_file(OVERLAY))? {
        build_print::warn!("{warning}");
    }
    emit::write_text(out, "description.json", &document.to_string())?;
    check::references(document)?;
    check::operation_ids(document)?;
    check::path_parameters(document)?;
    check::content_types(document)?;
    let constants = client::constants(document)?;
    for idle in repair::repair(document)? {
        build_print::warn!("repair rule {idle} finds nothing to do; see openapi/README.md");
    }
    let raw = generate::generate(document)?;
    let types = tolerance::tolerate(&raw, document)?;
    let operations = operations::collect(&raw, document)?;
    emit::write(out, "client.rs", &client::client(&types, &operations, constants)?)?;
    emit::write(out, "registry.rs", &registry::operations(&operations)?)?;
    emit::write(out, "twins.rs", &registry::twins(&raw, &types)?)?;
    Ok(counts)
}
