//! description → overlays → repair rules → progenitor → model → writers → `OUT_DIR`.
//!
//! `INTERCOM_OPENAPI` names another description to build from, `INTERCOM_OVERLAY` corrections to apply after ours; a cargo
//! feature for each group of operations says what is built. Each step is a file in `build/`.

// Nobody prints the steps' values, and every derived `Debug` would be compiled in each clean build. What is public here is
// so for other steps, tests and examples, that include this file. What fails is a `Failure`, which says all of it.
#![allow(missing_debug_implementations, unreachable_pub, clippy::missing_errors_doc)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[path = "build/mod.rs"]
pub mod steps;

use std::path::{Path, PathBuf};

use steps::failure::Failure;
use steps::input::overlay::{Applied, Overlay};
use steps::input::{basics, check, read};
use steps::model::examples::Shown;
use steps::model::whole::Whole;
use steps::model::{Model, generate, join};
use steps::slice::Slice;
use steps::warnings::Warnings;
use steps::{emit, repair, write};

/// The description that is built from when `INTERCOM_OPENAPI` does not name another.
pub const DESCRIPTION: &str = "openapi/intercom-2.9.yaml";
/// What is known to be different on the wire.
pub const OVERLAY: &str = "openapi/overlay.yaml";

// Tests include this file and call its functions themselves.
#[cfg(not(test))]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=`OUT_DIR` is not set: cargo runs this program, and says where it writes");
        return ExitCode::FAILURE;
    };
    let features = std::env::vars_os().filter_map(|(name, _)| {
        let feature = name.to_str()?.strip_prefix("CARGO_FEATURE_")?;
        Some(feature.to_owned())
    });
    let input = Input::named(Slice::of_features(features));
    for helper in ["export", "search", "upsert", "whole"] {
        println!("cargo::rustc-check-cfg=cfg(intercom_{helper})");
    }
    match build(&input, &out) {
        Ok(built) => {
            for helper in built.helpers() {
                println!("cargo::rustc-cfg=intercom_{helper}");
            }
            // What the crate has is all used by its own description; another, or a slice of it, may use less.
            if input.is_own() && matches!(input.slice, Slice::Full) {
                println!("cargo::rustc-cfg=intercom_whole");
            }
            for line in built.warnings.block() {
                build_print::warn!("{line}");
            }
        }
        // cargo shows it as an error and stops the build.
        Err(failure) => println!("cargo::error={failure}"),
    }
    ExitCode::SUCCESS
}

/// What is built from.
pub struct Input {
    /// The description.
    pub description: PathBuf,
    /// The overlays, in the order in which they apply.
    pub overlays: Vec<PathBuf>,
    /// The groups of operations.
    pub slice: Slice,
    /// Whether the test kit is built.
    pub mock: bool,
}

impl Input {
    /// Whether it is our own description with our own corrections alone.
    pub fn is_own(&self) -> bool {
        self.description == Path::new(DESCRIPTION) && self.overlays.len() == 1
    }

    /// Our files, or those that the environment names. Tells cargo to watch them.
    pub fn named(slice: Slice) -> Self {
        let named = |variable: &str| {
            println!("cargo::rerun-if-env-changed={variable}");
            // An empty variable counts as unset.
            std::env::var_os(variable)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        };
        let input = Self {
            description: named("INTERCOM_OPENAPI").unwrap_or_else(|| DESCRIPTION.into()),
            overlays: [OVERLAY.into()].into_iter().chain(named("INTERCOM_OVERLAY")).collect(),
            slice,
            mock: std::env::var_os("CARGO_FEATURE_MOCK").is_some(),
        };
        for file in input.overlays.iter().chain([&input.description]) {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        input
    }
}

/// A description with the overlays applied.
pub struct Described {
    /// The document.
    pub document: serde_json::Value,
    /// The references that led nowhere before the overlays were applied.
    dangling: std::collections::BTreeSet<String>,
    /// What became of each action of each overlay.
    pub applied: Vec<Applied>,
    /// What was mended so far.
    warnings: Warnings,
}

/// What came of a description.
pub struct Built {
    /// The model of the client.
    pub model: Model,
    /// What became of each action of each overlay.
    pub applied: Vec<Applied>,
    /// What was mended or left out.
    pub warnings: Warnings,
}

impl Built {
    /// The hand-written helpers that have what they need.
    pub fn helpers(&self) -> impl Iterator<Item = &'static str> {
        let export = self.model.export.as_ref().map(|_| "export");
        let search = (!self.model.searches.is_empty()).then_some("search");
        let upsert = self.model.upsert.as_ref().map(|_| "upsert");
        export.into_iter().chain(search).chain(upsert)
    }
}

/// From files to `OUT_DIR`.
pub fn build(input: &Input, out: &Path) -> Result<Built, Failure> {
    let built = model(describe(input)?, input)?;
    emit::write(out, "client.rs", &write::client(&built.model)?)?;
    if input.mock {
        emit::write(out, "mock.rs", &write::parse(write::mock::operations(&built.model))?)?;
    }
    emit::write_text(out, "warnings.txt", &built.warnings.to_string())?;
    Ok(built)
}

/// From files to one document.
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

/// From a document to the model, one line a step.
pub fn model(described: Described, input: &Input) -> Result<Built, Failure> {
    let Described {
        mut document,
        dangling,
        applied,
        mut warnings,
    } = described;
    let basics = basics::read(&document);
    let shown = Shown::of(&document);
    let overlay = input
        .overlays
        .last()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    repair::repair(&mut document, &dangling, &overlay, &mut warnings);
    let whole = Whole::of(&document);
    input.slice.cut(&mut document);
    repair::reachable_only(&mut document);
    let generated = generate::generate(&mut document, &mut warnings)?;
    let model = join::join(&document, &generated, &whole, &shown, basics, &mut warnings);
    Ok(Built {
        model,
        applied,
        warnings,
    })
}
