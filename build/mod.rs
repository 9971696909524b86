//! The steps from the OpenAPI description to the generated client.
//!
//! Each step is a function over values. `build.rs` calls them, and `tests/build.rs` runs their unit
//! tests. Data flows in one direction: input → repair → model → write.

pub mod document;
pub mod emit;
pub mod failure;
pub mod input;
pub mod model;
pub mod repair;
pub mod slice;
pub mod warnings;
pub mod write;
