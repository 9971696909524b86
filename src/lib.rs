//! A typed client for [Intercom's REST API](https://developers.intercom.com/docs/) 2.9. It is not made or supported by Intercom.
//!
//! | to find | see |
//! |---|---|
//! | the method for an endpoint | [`operations`]: all methods of [`Client`] by group |
//! | the parameters and the body of a call | its builder in [`builder`] |
//! | the types of requests and responses | [`types`] |
//! | how to do a job, with a complete program | [`guide`] |
//! | lists, cursors and changes | [`paging`] |
//! | searches | [`search`] |
//! | many calls at once | [`bulk`] |
//! | errors and retries | [`Error`], [`RetryPolicy`] |
//! | settings | [`ClientBuilder`] |
#![cfg_attr(feature = "mock", doc = "| a mock Intercom for tests | [`mock`] |")]
#![cfg_attr(
    not(feature = "mock"),
    doc = "| a mock Intercom for tests | `mock`, with the feature of that name |"
)]
#![cfg_attr(feature = "webhooks", doc = "| notifications, verified and typed | [`webhooks`] |")]
#![cfg_attr(
    not(feature = "webhooks"),
    doc = "| notifications, verified and typed | `webhooks`, with the feature of that name |"
)]
//! | JSON that another program stored or received | [`json`] |
//!
//! ```no_run
//! use intercom_client::types::CreateContactRequest;
//! use intercom_client::{Client, Error, Region};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let client = Client::builder("the access token of your app").region(Region::Eu).build()?;
//!
//!     let me = client.identify_admin().await?;
//!     println!("I am {:?}, {:?}", me.name, me.email);
//!
//!     let ada = CreateContactRequest::with_email("ada@example.com").name("Ada Lovelace");
//!     let contact = client.create_contact().body(ada).await?;
//!     println!("contact {:?}, request {:?}", contact.id, contact.request_id());
//!     Ok(())
//! }
//! ```
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `client` | yes | the client. Without it, the crate has [`types`], [`json`] and `webhooks`, and compiles for wasm32 |
//! | `full` | yes | all groups of operations |
//! | `rustls` | yes | TLS in Rust with the platform's trusted certificates; its crypto provider aws-lc is used unless the program installs another one |
//! | `rustls-ring` | | the same with ring instead of aws-lc |
//! | `rustls-no-provider` | | the same without aws-lc. The program installs a crypto provider before it builds a client |
//! | `native-tls` | | TLS by the operating system's library. If several are enabled, this one is used |
//! | `tracing` | yes | a span for each call, events for retries and waits |
//! | `mock` | | a mock Intercom for tests |
//! | `webhooks` | | verified and typed webhook requests |
//!
//! Each group of operations is a feature as well, named like the group in [`operations`]: `admins`, `articles`, `companies`,
//! `contacts`, `conversations`, `data-attributes`, `data-events`, `data-export`, `help-center`, `messages`, `news`, `notes`, `segments`,
//! `subscription-types`, `switch`, `tags`, `teams`, `ticket-type-attributes`, `ticket-types`, `tickets` and `visitors`. Enable only
//! those you need to compile less code:
//!
//! ```toml
//! intercom-client = { version = "0.1", default-features = false, features = ["rustls", "contacts", "tags"] }
//! ```
//!
//! If no TLS feature is enabled, `build` rejects https URLs unless the builder has its own [HTTP
//! client](ClientBuilder::http_client) or [HTTP service](ClientBuilder::http_service).
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Some items are unused in builds of a few groups, or of another description.
#![cfg_attr(
    not(all(feature = "client", intercom_whole)),
    allow(dead_code, unreachable_pub, unused_imports, unused_macros)
)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod call;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod compound;
mod generated;
#[cfg(all(feature = "client", feature = "full", intercom_whole))]
pub mod guide;
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
pub use generated::mixed::*;
pub use generated::types;
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
pub use with_client::*;

/// The items that need the feature `client`.
#[cfg(feature = "client")]
mod with_client {
    pub use crate::call::retry_policy::RetryPolicy;
    pub use crate::client::Client;
    pub use crate::client::builder::ClientBuilder;
    pub use crate::client::config_error::ConfigError;
    pub use crate::client::request::Request;
    pub use crate::client::token::AccessToken;
    pub use crate::client::version::ApiVersion;
    pub use crate::compound::bulk;
    #[cfg(all(feature = "data-export", intercom_export))]
    pub use crate::compound::export::{ExportFile, ExportFiles, ExportJob, ExportProgress};
    #[cfg(intercom_upsert)]
    pub use crate::compound::upsert::{UpsertOutcome, Upserted};
    pub use crate::generated::{Region, builder, operations};
    pub use crate::http::attempt::Attempt;
    pub use crate::http::error::{HttpError, HttpErrorKind};
    pub use crate::http::service::{HttpBody, HttpService};
    pub use crate::response::bytes::ByteStream;
    pub use crate::response::error::Error;
    pub use crate::response::error::body::ApiError;
    pub use crate::response::error::kind::ErrorKind;
    pub use crate::response::rate_limit::RateLimit;
    pub use crate::response::typed::{Response, ResponseParts};
    /// HTTP methods, for [`Client::request`].
    pub use ::http::Method;
    /// The HTTP client of the default service, in the version that [`ClientBuilder::http_client`] takes.
    pub use ::reqwest;
}

/// The code of the README, compiled by the doctests.
#[cfg(all(doctest, feature = "client", feature = "full", intercom_whole))]
#[doc = include_str!("../README.md")]
struct Readme;
