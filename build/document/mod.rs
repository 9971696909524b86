//! Views of an OpenAPI document: operations and schemas, private formats, Rust names, and text as
//! documentation.

pub mod formats;
pub mod media;
pub mod names;
pub mod prose;
pub mod schema;
