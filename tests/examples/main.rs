//! Every example of the API's description, and everything that is true of all operations alike.
//!
//! `INTERCOM_EXAMPLES=FILE cargo test --test examples` measures any other description file by its own examples.

mod any_description;
mod compare;
mod description;
mod exact;
mod observed;
mod over_http;
mod properties;
mod server;
mod statuses;

/// What the build looks at descriptions with.
#[allow(dead_code)]
#[allow(unreachable_pub)] // it belongs to the build
#[path = "../../build/document/mod.rs"]
mod document;
