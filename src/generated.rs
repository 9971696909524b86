//! The code that the build generates from `openapi/`. No other module includes generated code.

// The description decides about these names and sizes.
#![allow(
    clippy::large_enum_variant,
    clippy::enum_variant_names,
    clippy::wrong_self_convention
)]
include!(concat!(env!("OUT_DIR"), "/client.rs"));
