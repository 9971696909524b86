//! Views of an OpenAPI document: its operations and schemas, its private formats, its names as names of Rust.

pub mod formats;
pub mod names;
pub mod schema;
