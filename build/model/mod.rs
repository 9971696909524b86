//! What progenitor makes of the document.

pub mod generate;
