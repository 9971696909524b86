//! The code blocks of the README as macros: each gives the block's items where it is called.

include!(concat!(env!("OUT_DIR"), "/blocks.rs"));
