//! The unit tests of the build's steps.

#[path = "../build/mod.rs"]
mod steps;
