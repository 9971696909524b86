//! What is on the wire: from bytes to values and back.
//!
//! [`read`] is the one way from bytes to a value: a [`reader`] of JSON text, [`decode`] for what a value may be, [`object`] for
//! objects and [`extra`] for what they hold beyond their fields. `serde::Deserialize` of the types leads there too.

pub mod avatar;
pub mod company_or_list;
pub mod decode;
pub mod deserialize;
pub mod extra;
pub mod id;
pub mod list;
pub mod map;
pub mod names;
pub mod next_page;
pub mod nullable;
pub mod object;
pub mod open_enum;
pub mod read;
pub mod reader;
pub mod ticket_state;
pub mod timestamp;
pub mod union;
