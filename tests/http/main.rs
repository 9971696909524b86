//! The HTTP boundary: custom services and layers, with retries, rate limits and errors.

mod faults;
mod layers;
mod services;
