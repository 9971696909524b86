//! The HTTP boundary: services and layers of the caller's, under retries, pacing and errors.

mod faults;
mod layers;
mod services;
