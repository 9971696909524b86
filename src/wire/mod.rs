//! Decodes and encodes JSON.
//!
//! - [`read`] decodes response bodies. Every other way to a value, including `serde::Deserialize`, ends there.
//! - [`reader`] reads JSON text, [`decode`] converts it to values, [`object`] reads and writes objects.
//! - [`extra`] and [`raw_json`] keep the values that fields cannot hold.
//! - The other modules contain hand-written types of the API.

pub(crate) mod avatar;
pub(crate) mod company_or_list;
pub(crate) mod decode;
pub(crate) mod deserialize;
pub(crate) mod extra;
pub(crate) mod id;
pub mod json;
pub(crate) mod list;
pub(crate) mod map;
#[cfg(feature = "client")]
pub(crate) mod members;
pub(crate) mod names;
pub(crate) mod next_page;
pub(crate) mod nullable;
pub(crate) mod object;
pub(crate) mod one_line;
pub(crate) mod open_enum;
pub(crate) mod raw_json;
pub(crate) mod read;
pub(crate) mod reader;
pub(crate) mod ticket_state;
pub(crate) mod timestamp;
pub(crate) mod type_name;
pub(crate) mod union;
pub(crate) mod user_types;
