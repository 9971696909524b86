//! What the build makes of a description, and what is different from an older one:
//!
//! ```sh
//! cargo run -p describe -- [--markdown] [FILE [OLDER-FILE]]
//! ```
//!
//! Without a file it is the description that this crate is built from. The overlay applies as in the build, and so does
//! the one that `INTERCOM_OVERLAY` names.

mod compare;
mod layout;
mod report;
// Only the steps up to the model are used here.
#[allow(dead_code)]
#[path = "../../../build.rs"]
mod script;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use report::Asked;

const USAGE: &str = "usage: cargo run -p describe -- [--markdown] [FILE [OLDER-FILE]]";

fn main() -> ExitCode {
    let Some(asked) = Asked::read(std::env::args_os().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match answer(asked) {
        // Whoever reads the report may stop before its end.
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The report. Files that are asked for are found from where the command runs, those of the build from the package's
/// folder, as the build finds them.
fn answer(asked: Asked) -> Result<String, Box<dyn Error>> {
    let folder = report::repository();
    let asked = asked.named_in(folder)?;
    std::env::set_current_dir(folder)?;
    let more = std::env::var_os("INTERCOM_OVERLAY").filter(|file| !file.is_empty());
    let overlays: Vec<PathBuf> = [script::OVERLAY.into()]
        .into_iter()
        .chain(more.map(PathBuf::from))
        .collect();
    Ok(report::report(&asked, &overlays)?)
}
