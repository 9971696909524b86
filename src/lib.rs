#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! [`operations`] lists the methods of [`Client`] by group, [`builder`] has what a call of each can set, [`types`] what they
//! send and return. [`ClientBuilder`] has the settings of a client, [`Error`] what can go wrong, [`RetryPolicy`] what is repeated.
//! [`paging`] is about lists, changes and cursors, `search` about searches, [`bulk`] about many calls at once, [`json`] about
//! JSON that came by another way; `mock` and `webhooks` come with their features.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// What a slice of the description, or another one, does not use.
#![cfg_attr(
    not(intercom_whole),
    allow(dead_code, unreachable_pub, unused_imports, unused_macros)
)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod call;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod compound;
mod generated;
#[cfg(feature = "client")]
pub mod http;
#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "client")]
pub mod paging;
#[cfg(feature = "client")]
mod response;
#[cfg(all(feature = "client", intercom_search))]
pub mod search;
#[cfg(feature = "client")]
mod transport;
#[cfg(feature = "webhooks")]
pub mod webhooks;
mod wire;

pub use call::argument::IntoArgument;
pub use call::invalid_field::InvalidField;
#[cfg(feature = "client")]
pub use call::retry_policy::RetryPolicy;
#[cfg(feature = "client")]
pub use client::Client;
#[cfg(feature = "client")]
pub use client::builder::ClientBuilder;
#[cfg(feature = "client")]
pub use client::config_error::ConfigError;
#[cfg(feature = "client")]
pub use client::request::Request;
#[cfg(feature = "client")]
pub use client::token::AccessToken;
#[cfg(feature = "client")]
pub use client::version::ApiVersion;
#[cfg(feature = "client")]
pub use compound::bulk;
#[cfg(all(feature = "client", feature = "data-export", intercom_export))]
pub use compound::export::{ExportFile, ExportFiles, ExportJob, ExportProgress};
#[cfg(all(feature = "client", intercom_upsert))]
pub use compound::upsert::{UpsertOutcome, Upserted};
pub use generated::mixed::*;
pub use generated::types;
#[cfg(feature = "client")]
pub use generated::{Region, builder, operations};
#[cfg(feature = "client")]
pub use http::attempt::Attempt;
#[cfg(feature = "client")]
pub use http::error::{HttpError, HttpErrorKind};
#[cfg(feature = "client")]
pub use http::service::{HttpBody, HttpService};
#[cfg(feature = "client")]
pub use response::bytes::ByteStream;
#[cfg(feature = "client")]
pub use response::error::Error;
#[cfg(feature = "client")]
pub use response::error::body::ApiError;
#[cfg(feature = "client")]
pub use response::error::kind::ErrorKind;
#[cfg(feature = "client")]
pub use response::rate_limit::RateLimit;
#[cfg(feature = "client")]
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

#[cfg(feature = "client")]
/// HTTP methods, for [`Client::request`].
pub use ::http::Method;
#[cfg(feature = "client")]
/// The HTTP client underneath, in the version that [`ClientBuilder::http_client`] takes.
pub use ::reqwest;
