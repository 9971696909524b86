//! The steps between the OpenAPI description and the generated client, one file a concern.
//!
//! Every step is a plain function over values; `build.rs` strings them together and `tests/build.rs` runs their unit
//! tests. The arrows run input → repair → model → write; no step reaches back to an earlier one.

pub mod document;
pub mod emit;
pub mod failure;
pub mod input;
pub mod model;
pub mod repair;
pub mod slice;
pub mod warnings;
pub mod write;
