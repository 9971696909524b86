//! The client that the build generates from `openapi/`; the only place where generated code enters.

// `large_enum_variant` and the like weigh hand-made choices; here the description decides what a type holds.
#![allow(
    clippy::large_enum_variant,
    clippy::enum_variant_names,
    clippy::wrong_self_convention
)]
include!(concat!(env!("OUT_DIR"), "/client.rs"));
