#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! [`operations`] lists the methods of [`Client`] by group, [`builder`] has what a call of each can set, [`types`] what they
//! send and return. [`ClientBuilder`] has the settings of a client, [`Error`] what can go wrong, [`RetryPolicy`] what is repeated.
//! [`paging`] is about lists, changes and cursors, `search` about searches, [`bulk`] about many calls at once, [`json`] about
//! JSON that came by another way; `mock` and `webhooks` come with their features.
#![forbid(unsafe_code)]
// What a slice of the description, or another one, does not use.
#![cfg_attr(
    not(intercom_whole),
    allow(dead_code, unreachable_pub, unused_imports, unused_macros)
)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod call;
mod client;
mod compound;
mod generated;
pub mod http;
#[cfg(feature = "mock")]
pub mod mock;
pub mod paging;
mod response;
#[cfg(intercom_search)]
pub mod search;
mod transport;
#[cfg(feature = "webhooks")]
pub mod webhooks;
mod wire;

pub use call::argument::{Argument, InvalidField};
pub use call::retry_policy::RetryPolicy;
pub use client::Client;
pub use client::builder::ClientBuilder;
pub use client::config_error::ConfigError;
pub use client::request::Request;
pub use client::token::AccessToken;
pub use client::version::ApiVersion;
pub use compound::bulk;
#[cfg(intercom_export)]
pub use compound::export::{ExportJob, ExportProgress};
#[cfg(intercom_upsert)]
pub use compound::upsert::{UpsertOutcome, Upserted};
pub use generated::mixed::*;
pub use generated::{Region, builder, operations, types};
pub use http::attempt::Attempt;
pub use http::error::{HttpError, HttpErrorKind};
pub use http::service::{HttpBody, HttpService};
pub use response::bytes::ByteStream;
pub use response::error::Error;
pub use response::error::body::ApiError;
pub use response::error::kind::ErrorKind;
pub use response::rate_limit::RateLimit;
pub use response::typed::{Response, ResponseParts};
pub use wire::avatar::Avatar;
pub use wire::extra::Extra;
pub use wire::id::Id;
pub use wire::json;
pub use wire::list::List;
pub use wire::map::Map;
pub use wire::next_page::NextPage;
pub use wire::nullable::Nullable;
pub use wire::read::Mismatch;
pub use wire::timestamp::{OutOfRange, Timestamp};

/// HTTP methods, for [`Client::request`].
pub use ::http::Method;
/// The HTTP client underneath, in the version that [`ClientBuilder::http_client`] takes.
pub use ::reqwest;
