//! The code blocks of the README and the guide as macros. Each macro expands to the items of its block.

include!(concat!(env!("OUT_DIR"), "/blocks.rs"));
