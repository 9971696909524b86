//! What is on the wire: from bytes to values and back.
//!
//! [`read`] is the one way from bytes to a value: a [`reader`] of JSON text, [`decode`] for what a value may be, [`object`] for
//! objects and [`extra`] for what they hold beyond their fields. `serde::Deserialize` of the types leads there too.

pub(crate) mod avatar;
pub(crate) mod callers;
pub(crate) mod company_or_list;
pub(crate) mod decode;
pub(crate) mod deserialize;
pub(crate) mod extra;
pub(crate) mod id;
pub mod json;
pub(crate) mod kept;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod names;
pub(crate) mod next_page;
pub(crate) mod nullable;
pub(crate) mod object;
pub(crate) mod one_line;
pub(crate) mod open_enum;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod ticket_state;
pub(crate) mod timestamp;
pub(crate) mod union;
