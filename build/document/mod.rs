//! Views of an OpenAPI document.

pub mod schema;
