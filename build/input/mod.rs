//! Reads the input of the build: the description and the overlays.

pub mod basics;
pub mod check;
pub mod overlay;
pub mod read;
