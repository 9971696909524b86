//! What the build reads: the description, what every client needs of it, and the overlays.

pub mod basics;
pub mod check;
pub mod overlay;
pub mod read;
