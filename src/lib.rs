#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod byte_stream;
mod client;
mod error;
mod generated;
mod id;
mod lenient;
mod nullable;
mod open_enum;
mod operation;
mod rate_limit;
mod region;
mod request;
mod response;
mod retry;
mod timestamp;
mod token;
mod trace;
mod transport;
mod union;
mod version;

pub use byte_stream::ByteStream;
pub use client::{Client, ClientBuilder, ConfigError};
pub use error::{ApiError, Error};
pub use generated::{Region, builder, types};
pub use id::Id;
pub use nullable::Nullable;
pub use rate_limit::RateLimit;
pub use request::InvalidField;
pub use response::Response;
pub use retry::RetryPolicy;
pub use timestamp::{OutOfRange, Timestamp};
pub use version::ApiVersion;
