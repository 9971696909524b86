//! Webhooks: verify and read the requests that Intercom sends to an endpoint.
//!
//! A [`Receiver`] takes the headers and the raw body of a request from any web framework, and
//! returns a [`Notification`] with a topic and an item.
//!
//! ```toml
//! [dependencies]
//! intercom-client = { version = "0.1", features = ["webhooks"] }
//! ```
//!
//! ```
//! use intercom_client::http::{HeaderMap, StatusCode};
//! use intercom_client::webhooks::{Receiver, topics};
//!
//! /// Returns the status for a POST request to the endpoint.
//! fn receive(receiver: &Receiver, headers: &HeaderMap, body: &[u8]) -> StatusCode {
//!     let notification = match receiver.read(headers, body) {
//!         Ok(notification) => notification,
//!         Err(error) => return error.status(),
//!     };
//!     match notification.topic.as_deref() {
//!         Some(topics::CONTACT_UNSUBSCRIBED) => {
//!             println!("{:?} unsubscribed", notification.contact_id());
//!         }
//!         Some(topics::CONVERSATION_DELETED) => {
//!             println!("{:?} was deleted", notification.conversation_id());
//!         }
//!         Some(topic) => println!("{topic}: {:?}", notification.item()),
//!         None => {}
//!     }
//!     StatusCode::OK
//! }
//! # let receiver = Receiver::new("5e0c27a1")?;
//! # assert_eq!(receive(&receiver, &HeaderMap::new(), b"{}"), StatusCode::UNAUTHORIZED);
//! # Ok::<(), intercom_client::webhooks::InvalidClientSecret>(())
//! ```
//!
//! Examples in the repository: `examples/webhooks_axum.rs` is a complete endpoint,
//! `examples/support_bot.rs` a bot, and `examples/sync_to_sqlite` combines an endpoint with a walk
//! over changed records.
//!
//! # Kinds of requests
//!
//! | request | body | signature | response |
//! |---|---|---|---|
//! | notification | a [`Notification`] | `X-Hub-Signature`, [`Signature::Hub`] | 200 |
//! | uninstall call | `{"app_id": …}` | `X-Body-Signature`, [`Signature::Body`] | 200 |
//! | health check | `{"workspace_id": …}` | `X-Body-Signature` | a [`HealthReport`] |
//! | Canvas Kit request | an object with `workspace_id` and other fields | `X-Body-Signature` | a canvas |
//!
//! The Developer Hub has a separate URL setting for each kind. Use [`Receiver::read`] for the URL
//! of notifications, [`Receiver::verify`] for other URLs, and [`Receiver::read_any`] for an
//! endpoint that receives several kinds.
//!
//! # Requirements for an endpoint
//!
//! According to Intercom's documentation of
//! [webhooks](https://developers.intercom.com/docs/webhooks/webhook-notifications):
//!
//! - **Respond with 200 to `HEAD` requests and pings.** Intercom sends a `HEAD` request without
//!   signature when the URL is configured. A [`PING`](topics::PING) is a signed notification, sent
//!   at the same time and occasionally later.
//! - **Respond quickly**, within 5 seconds, and if possible within 500 ms: slower responses lower
//!   the priority of later notifications. Store the notification, respond, and process it
//!   afterwards.
//! - **Expect duplicates.** A notification that failed or timed out is sent again a minute later
//!   with the same `id`. Store the ids of processed notifications.
//! - **Expect gaps.** More than 1,000 errors in 15 minutes pause the subscription, and 7 days of
//!   errors suspend it. After a 429, notifications are delayed and later dropped. Use
//!   `changed_since` to find missed changes: see [`Changes`](crate::paging::Changes).
//! - **Do not respond with 410**, which ends the subscription. [`WebhookError::status`] returns
//!   neither 410 nor 429.
//!
//! # Security
//!
//! A valid signature proves that the sender of the body knows the client secret of the app. It
//! covers only the body, without a timestamp, so a recorded notification remains valid: use HTTPS
//! and store the ids of processed notifications. An endpoint for several workspaces distinguishes
//! them by [`Notification::app_id`].
//!
//! # Items
//!
//! [`topics`] lists the type of the item for each topic. An item is either the record itself, or an
//! object that contains one record (`contact_unsubscribe`) or two (`company.contact.attached`).
//! Methods of [`Notification`] find the record in all cases: `contact()` and `contact_id()`, for
//! example, and likewise for the other types of records.
//!
//! - **Deleted and archived records** are sent as a [`Stub`] with little more than an id.
//!   [`Notification::is_stub`] then returns `true`, and the methods that return records return
//!   `None`, so that a stub is not stored as a record. Deleted articles are sent complete.
//! - **Conversations** contain only the parts of the event. Retrieve the conversation to get all
//!   parts.
//! - **Conversations of `conversation.contact.attached` and `.detached`, and tickets of
//!   `ticket.contact.attached` and `.detached`,** have a different format than in the API. Their
//!   ids are found; retrieve the records.
//! - **Contacts of conversations and tickets** are references. `contact_id()` returns the id if
//!   there is exactly one contact.
//! - **Times** are ISO 8601 text in many items. [`Timestamp`](crate::Timestamp) reads text and
//!   numbers.
//! - **Unknown fields** are in `extra`, and items of unknown types are [`Item::Other`].
//!
//! # Testing
//!
//! [`Receiver::sign`] and [`Receiver::sign_with`] sign requests in tests of an endpoint. The
//! feature `mock` has a `mock::MockIntercom` for the requests that the endpoint sends;
//! `tests/support_bot.rs` in the repository is an example.

mod code;
mod error;
mod incoming;
pub(crate) mod item;
mod notification;
mod receiver;
mod signature;
mod stub;

pub use crate::generated::webhooks::{Item, topics};
pub use error::{InvalidClientSecret, WebhookError};
pub use incoming::{CanvasKitRequest, HealthCheck, HealthReport, Incoming, Uninstall};
pub use notification::{Data, Notification};
pub use receiver::Receiver;
pub use signature::Signature;
pub use stub::Stub;
