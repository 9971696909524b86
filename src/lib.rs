#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod avatar;
mod byte_stream;
mod client;
mod company_or_list;
mod error;
mod export;
mod generated;
mod id;
mod json;
mod lenient;
mod next_page;
mod nullable;
mod open_enum;
mod operation;
pub mod paging;
mod rate_limit;
mod region;
mod request;
mod response;
mod retry;
pub mod search;
mod ticket_state;
mod timestamp;
mod token;
mod trace;
mod transport;
mod union;
mod version;

pub use avatar::Avatar;
pub use byte_stream::ByteStream;
pub use client::{Client, ClientBuilder, ConfigError};
pub use company_or_list::CompanyOrList;
pub use error::{ApiError, Error};
pub use export::{ExportJob, ExportProgress};
pub use generated::{Region, builder, types};
pub use id::Id;
pub use next_page::NextPage;
pub use nullable::Nullable;
pub use rate_limit::RateLimit;
pub use request::InvalidField;
pub use response::Response;
pub use retry::RetryPolicy;
pub use ticket_state::TicketState;
pub use timestamp::{OutOfRange, Timestamp};
pub use version::ApiVersion;
