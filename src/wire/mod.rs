//! What is on the wire: from bytes to values and back.

pub mod avatar;
pub mod company_or_list;
pub mod id;
pub mod json;
pub mod lenient;
pub mod next_page;
pub mod nullable;
pub mod open_enum;
pub mod ticket_state;
pub mod timestamp;
pub mod union;
