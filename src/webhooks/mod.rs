//! Notifications that Intercom sends to an endpoint of yours: verified, and read as this crate's types.
//!
//! A [`Receiver`] takes the headers and the raw body of a request, whatever the web framework, and gives a
//! [`Notification`]: its topic, and the item that it is about.
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
//! # What an endpoint has to do
//!
//! By Intercom's documentation of
//! [webhooks](https://developers.intercom.com/docs/webhooks/webhook-notifications):
//!
//! - When its URL is set up it gets a `HEAD` request, without signature and body: answer 200. A [`PING`](topics::PING) is sent
//!   to every endpoint now and then, signed like the others.
//! - It answers within 5 seconds: take the notification, answer 200, and do the work afterwards.
//! - What is answered by an error or too late is sent once more a minute later, so that a notification can come twice: its `id`
//!   tells. A 429 slows all notifications down; **a 410 ends the subscription**.
//! - Topics that end in `.deleted` carry little more than the item's `id`.

mod error;
pub(crate) mod item;
mod notification;
mod receiver;
pub mod topics;

pub use crate::generated::webhooks::Item;
pub use error::WebhookError;
pub use notification::{Data, Notification};
pub use receiver::Receiver;
