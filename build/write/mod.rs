//! Writers of the generated Rust.

pub mod builders;
pub mod calls;
pub mod constants;
pub mod paging;
pub mod registry;
pub mod types;
