//! Tests with every example of the description, and properties of all operations.
//!
//! `INTERCOM_EXAMPLES=FILE cargo test --test examples` uses the examples of another description.

mod any_description;
mod compare;
mod description;
mod exact;
mod observed;
mod over_http;
mod properties;
mod server;
mod statuses;

/// The build's view of a description.
#[allow(dead_code)]
#[allow(unreachable_pub)] // public in the build script
#[path = "../../build/document/mod.rs"]
mod document;
