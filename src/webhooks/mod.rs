//! Notifications that Intercom sends to an endpoint of yours: verified, and read as this crate's types.
//!
//! A [`Receiver`] takes the headers and the raw body of a request, whatever the web framework, and gives a
//! [`Notification`]: its topic, and the item that it is about.
//!
//! ```toml
//! [dependencies]
//! intercom-client = { version = "0.1", features = ["webhooks"] }
//! ```
//!
//! ```
//! use intercom_client::http::{HeaderMap, StatusCode};
//! use intercom_client::webhooks::{Item, Receiver, topics};
//!
//! /// What a POST to the endpoint is answered with.
//! fn received(receiver: &Receiver, headers: &HeaderMap, body: &[u8]) -> StatusCode {
//!     let notification = match receiver.read(headers, body) {
//!         Ok(notification) => notification,
//!         Err(error) => return error.status(),
//!     };
//!     match (notification.topic.as_deref(), notification.item()) {
//!         (Some(topics::PING), _) => {}
//!         (Some(topic), Some(item)) => println!("{topic}: {item:?}"),
//!         _ => {}
//!     }
//!     StatusCode::OK
//! }
//! # let receiver = Receiver::new("5e0c27a1")?;
//! # assert_eq!(received(&receiver, &HeaderMap::new(), b"{}"), StatusCode::UNAUTHORIZED);
//! # Ok::<(), intercom_client::ConfigError>(())
//! ```
//!
//! `examples/webhooks_axum.rs` is a whole endpoint, `examples/support_bot.rs` a bot behind one.
//!
//! # What an endpoint has to do
//!
//! By Intercom's documentation of
//! [webhooks](https://developers.intercom.com/docs/webhooks/webhook-notifications):
//!
//! - Answer a `HEAD` request, without signature and body, by 200: it comes when the URL is set up. A [`PING`](topics::PING),
//!   signed like any notification, comes then and now and again: there is nothing to do but to answer 200.
//! - Answer within 5 seconds: take the notification, answer 200, and do the work afterwards.
//! - Expect a notification twice: one that was answered by an error or too late is sent once more a minute later, with the same
//!   `id`. Remember the ids of those that are done.
//! - Choose the status with care. A 429 slows all notifications down; **a 410 ends the subscription**.
//!   [`WebhookError::status`] gives neither.
//!
//! # What is verified, and what is not
//!
//! The signature proves that who sent the body knows the app's client secret. It covers the body alone: a notification that
//! someone recorded and sends again is as valid as it was, which is why an endpoint is reached by https and remembers ids.
//! One endpoint that serves several workspaces tells them by [`Notification::app_id`].
//!
//! # What an item holds
//!
//! An item has the fields that the API's answers have, as far as the notification carries them: those of topics that end in
//! `.deleted` hold little more than the `id`, and a conversation comes with the part that was added last, so ask the API for
//! the whole of it. Times are text with milliseconds where the API sends seconds; a [`Timestamp`](crate::Timestamp) reads both.
//! What the item's type has no field for is in its `extra`, and an item of a type that the crate does not have is
//! [`Item::Other`], as it came.
//!
//! # Testing
//!
//! [`Receiver::sign`] signs what a test sends to its own endpoint. With the feature `mock`, `mock::MockIntercom` stands for the
//! API that the endpoint then calls; `tests/support_bot.rs` in the repository tests a bot so.

mod error;
pub(crate) mod item;
mod notification;
mod receiver;
pub mod topics;

pub use crate::generated::webhooks::Item;
pub use error::WebhookError;
pub use notification::{Data, Notification};
pub use receiver::Receiver;
