//! The command line that the examples have in common.

#![allow(dead_code)] // not every example uses all functions

use std::env::VarError;
use std::process::ExitCode;

/// Returns the arguments of the program. Prints the help and exits if `--help` is among them; prints the reason and exits with
/// status 2 if there is an unknown option, or more than `max` arguments.
pub(crate) fn arguments(help: &str, max: usize) -> Vec<String> {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    match parse(arguments.collect(), max) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{help}");
            std::process::exit(0)
        }
        Err(reason) => {
            eprintln!("error: {reason}\n\n{help}");
            std::process::exit(2)
        }
    }
}

/// Checks arguments: `None` if they ask for help, an error if there is an unknown option, or more than `max` of them.
pub(crate) fn parse(arguments: Vec<String>, max: usize) -> Result<Option<Vec<String>>, String> {
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        return Ok(None);
    }
    let option = arguments.iter().find(|argument| argument.starts_with('-'));
    match option.or_else(|| arguments.get(max)) {
        Some(unknown) => Err(format!("unexpected argument `{unknown}`")),
        None => Ok(Some(arguments)),
    }
}

/// Returns the value of an environment variable. An empty variable counts as unset.
pub(crate) fn variable(name: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(VarError::NotPresent) => Err(format!("{name} is not set")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// Returns `true` if the environment has an access token, even an invalid one. Otherwise announces the mock.
pub(crate) fn has_token() -> bool {
    let has_token = std::env::var_os("INTERCOM_ACCESS_TOKEN").is_some_and(|token| !token.is_empty());
    if !has_token {
        eprintln!("INTERCOM_ACCESS_TOKEN is not set: this run uses a mock Intercom");
    }
    has_token
}

/// Reports a failure to stderr and by the exit status.
pub(crate) fn exit(result: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
