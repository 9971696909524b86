//! Reports what the build generates from a description, and the differences from an older one:
//!
//! ```sh
//! cargo run -p describe -- [--markdown] [FILE [OLDER-FILE]]
//! ```
//!
//! The default file is the description that this crate is built from. The overlays apply as in the build, including the one in
//! `INTERCOM_OVERLAY`.

mod compare;
mod layout;
mod report;
// Only the steps up to the model are used here.
#[allow(dead_code)]
#[path = "../../../build.rs"]
mod script;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use report::Asked;

const USAGE: &str = "usage: cargo run -p describe -- [--markdown] [FILE [OLDER-FILE]]";

fn main() -> ExitCode {
    let Some(asked) = Asked::read(std::env::args_os().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match answer(asked) {
        // A reader such as `head` can close the pipe early.
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

/// Returns the report. Files in arguments are relative to the current folder, files of the build to the package's folder.
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
