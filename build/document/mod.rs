//! Views of an OpenAPI document: its operations and schemas, its private formats, its names as names of Rust, its prose as
//! documentation.

pub mod formats;
pub mod media;
pub mod names;
pub mod prose;
pub mod schema;
