//! Generates the client: description → overlays → repair rules → progenitor → model → writers →
//! `OUT_DIR`.
//!
//! `INTERCOM_OPENAPI` sets another description, and `INTERCOM_OVERLAY` an overlay to apply after
//! ours. Cargo features select the groups of operations. `build/` contains the steps.

// Derived `Debug` implementations would be compiled in each clean build, and nothing prints these
// values. Items are public for tests and examples, which include this file. All errors are a
// `Failure`, which explains itself.
#![allow(missing_debug_implementations, unreachable_pub, clippy::missing_errors_doc)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[path = "build/mod.rs"]
pub mod steps;

use std::path::{Path, PathBuf};

use steps::failure::Failure;
use steps::input::overlay::{Applied, Overlay};
use steps::input::{basics, check, read};
use steps::model::examples::ExamplesByOperation;
use steps::model::reach::Reach;
use steps::model::{Model, generate, join, type_names};
use steps::slice::Slice;
use steps::warnings::Warnings;
use steps::{emit, repair, write};

/// The default description.
pub const DESCRIPTION: &str = "openapi/intercom-2.9.yaml";
/// The overlay, which corrects the description.
pub const OVERLAY: &str = "openapi/overlay.yaml";

// Tests include this file and call its functions themselves.
#[cfg(not(test))]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=`OUT_DIR` is not set: run this program with cargo, which sets it");
        return ExitCode::FAILURE;
    };
    let features = std::env::vars_os().filter_map(|(name, _)| {
        let feature = name.to_str()?.strip_prefix("CARGO_FEATURE_")?;
        Some(feature.to_owned())
    });
    let input = Input::from_env(Slice::of_features(features));
    for helper in ["export", "search", "upsert", "whole"] {
        println!("cargo::rustc-check-cfg=cfg(intercom_{helper})");
    }
    match build(&input, &out) {
        Ok(built) => {
            for helper in built.helpers() {
                println!("cargo::rustc-cfg=intercom_{helper}");
            }
            // Another description, or a slice, may leave parts of the crate unused.
            if input.is_own() && matches!(input.slice, Slice::Full) {
                println!("cargo::rustc-cfg=intercom_whole");
            }
            for line in built.warnings.block() {
                build_print::warn!("{line}");
            }
        }
        // cargo prints the error and stops the build.
        Err(failure) => println!("cargo::error={failure}"),
    }
    ExitCode::SUCCESS
}

/// The input of the build.
pub struct Input {
    /// The description.
    pub description: PathBuf,
    /// The overlays, in the order in which they apply.
    pub overlays: Vec<PathBuf>,
    /// The groups of operations.
    pub slice: Slice,
    /// Whether the mock server is built.
    pub mock: bool,
}

impl Input {
    /// Returns `true` for this crate's description without further overlays.
    pub fn is_own(&self) -> bool {
        self.description == Path::new(DESCRIPTION) && self.overlays.len() == 1
    }

    /// Reads the input from the environment, or uses the default files. Makes cargo watch the files
    /// and variables.
    pub fn from_env(slice: Slice) -> Self {
        let path_in = |variable: &str| {
            println!("cargo::rerun-if-env-changed={variable}");
            // An empty variable counts as unset.
            std::env::var_os(variable)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        let input = Self {
            description: path_in("INTERCOM_OPENAPI").unwrap_or_else(|| DESCRIPTION.into()),
            overlays: [OVERLAY.into()]
                .into_iter()
                .chain(path_in("INTERCOM_OVERLAY"))
                .collect(),
            slice,
            mock: std::env::var_os("CARGO_FEATURE_MOCK").is_some(),
        };
        for file in input.overlays.iter().chain([&input.description]) {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        input
    }
}

/// A description after its overlays.
pub struct Described {
    /// The document.
    pub document: serde_json::Value,
    /// The dangling references before the overlays were applied.
    dangling: std::collections::BTreeSet<String>,
    /// The result of each action of each overlay.
    pub applied: Vec<Applied>,
    /// The warnings so far.
    warnings: Warnings,
}

/// The result of the build.
pub struct Built {
    /// The model of the client.
    pub model: Model,
    /// The document that progenitor read: the repaired one, without the parts that it rejects.
    pub document: serde_json::Value,
    /// The result of each action of each overlay.
    pub applied: Vec<Applied>,
    /// The parts that were repaired or left out.
    pub warnings: Warnings,
}

impl Built {
    /// Returns the hand-written helpers whose operations are in the description.
    pub fn helpers(&self) -> impl Iterator<Item = &'static str> {
        let export = self.model.export.as_ref().map(|_| "export");
        let search = (!self.model.searches.is_empty()).then_some("search");
        let upsert = self.model.upsert.as_ref().map(|_| "upsert");
        export.into_iter().chain(search).chain(upsert)
    }
}

/// Builds the client from files, and writes it to `out`.
pub fn build(input: &Input, out: &Path) -> Result<Built, Failure> {
    let built = model(describe(input)?, input)?;
    emit::write(out, "client.rs", &write::client(&built.model)?)?;
    if input.mock {
        emit::write(out, "mock.rs", &write::parse(write::mock::operations(&built.model))?)?;
    }
    emit::write_text(out, "warnings.txt", &built.warnings.to_string())?;
    Ok(built)
}

/// Reads the description, and applies the overlays.
pub fn describe(input: &Input) -> Result<Described, Failure> {
    let file = input.description.display().to_string();
    let mut warnings = Warnings::about(&file);
    let mut document = read::read(&input.description)?;
    check::openapi_3_0(&document).map_err(|failure| failure.in_file(&file))?;
    basics::complete(&mut document, || read::read(Path::new(DESCRIPTION)), &mut warnings)?;
    let dangling = check::dangling(&document);
    let mut applied = Vec::new();
    for file in &input.overlays {
        let overlay = Overlay::parse(&read::read(file)?, &file.display().to_string())?;
        applied.extend(overlay.apply(&mut document, &mut warnings));
    }
    Ok(Described {
        document,
        dangling,
        applied,
        warnings,
    })
}

/// Converts a document to the model.
pub fn model(described: Described, input: &Input) -> Result<Built, Failure> {
    let Described {
        mut document,
        dangling,
        applied,
        mut warnings,
    } = described;
    let basics = basics::read(&document);
    let examples = ExamplesByOperation::of(&document);
    let type_names = type_names::of(&document, &examples);
    let overlay = input
        .overlays
        .last()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    repair::repair(&mut document, &dangling, &overlay, &mut warnings);
    let reach = Reach::of(&document);
    input.slice.cut(&mut document);
    repair::reachable_only(&mut document);
    let generated = generate::generate(&mut document, &mut warnings)?;
    let model = join::join(
        &document,
        &generated,
        &reach,
        &examples,
        type_names,
        basics,
        &mut warnings,
    );
    Ok(Built {
        model,
        document,
        applied,
        warnings,
    })
}
