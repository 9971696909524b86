//! The HTTP boundary, and a re-export of the `http` crate.
//!
//! One HTTP exchange is a call of a [`Service`](tower_service::Service) that takes an
//! `http::Request<Bytes>` and returns an `http::Response` whose body is an [`http_body::Body`].
//! Retries, rate limits and decoding are above this boundary; the network, a mock or another HTTP
//! stack are below it.
//!
//! - [`ClientBuilder::http_service`](crate::ClientBuilder::http_service) replaces the service,
//!   [`ClientBuilder::layer`](crate::ClientBuilder::layer) wraps it. Both see every attempt,
//!   retries included.
//! - [`Attempt`](crate::Attempt) is an extension of each request: the operation, its group and path
//!   template, and the number of the attempt.
//! - [`HttpError`](crate::HttpError) is the error of a service. Its kind says whether the request
//!   can have reached the server.

pub use ::http::*;

pub(crate) mod attempt;
pub(crate) mod error;
pub(crate) mod loopback;
pub(crate) mod reqwest;
#[cfg(feature = "mock")]
pub(crate) mod serve;
pub(crate) mod service;

pub(crate) use reqwest::{DefaultBody, DefaultService};
