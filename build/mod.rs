//! The steps between the OpenAPI description and the generated client, one file a concern.
//!
//! Every step is a plain function over values; `build.rs` strings them together and `tests/build.rs` runs their unit
//! tests. No step reaches back to an earlier one.

pub mod apply_overlay;
pub mod check;
pub mod client;
pub mod emit;
pub mod failure;
pub mod generate;
pub mod operations;
pub mod paging;
pub mod read;
pub mod registry;
pub mod repair;
pub mod requests;
#[cfg(test)]
mod sample;
pub mod schema;
pub mod tolerance;
