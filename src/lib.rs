#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod call;
mod client;
mod export;
mod generated;
pub mod paging;
pub mod search;
mod transport;
mod wire;

pub use answer::bytes::ByteStream;
pub use answer::error::{ApiError, Error};
pub use answer::response::Response;
pub use call::argument::InvalidField;
pub use client::version::ApiVersion;
pub use client::{Client, ClientBuilder, ConfigError};
pub use export::{ExportJob, ExportProgress};
pub use generated::{Region, builder, types};
pub use transport::rate_limit::RateLimit;
pub use transport::retry::RetryPolicy;
pub use wire::avatar::Avatar;
pub use wire::company_or_list::CompanyOrList;
pub use wire::id::Id;
pub use wire::next_page::NextPage;
pub use wire::nullable::Nullable;
pub use wire::ticket_state::TicketState;
pub use wire::timestamp::{OutOfRange, Timestamp};
