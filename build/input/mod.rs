//! What the build reads: the description and the overlay, checked.

pub mod check;
pub mod overlay;
pub mod read;
