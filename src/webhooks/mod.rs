//! Requests that Intercom sends to an endpoint of yours: verified, and read as this crate's types.
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
//! use intercom_client::webhooks::{Receiver, topics};
//!
//! /// The response to a POST to the endpoint.
//! fn received(receiver: &Receiver, headers: &HeaderMap, body: &[u8]) -> StatusCode {
//!     let notification = match receiver.read(headers, body) {
//!         Ok(notification) => notification,
//!         Err(error) => return error.status(),
//!     };
//!     match notification.topic.as_deref() {
//!         Some(topics::CONTACT_UNSUBSCRIBED) => println!("{:?} unsubscribed", notification.contact_id()),
//!         Some(topics::CONVERSATION_DELETED) => println!("{:?} is gone", notification.conversation_id()),
//!         Some(topic) => println!("{topic}: {:?}", notification.item()),
//!         None => {}
//!     }
//!     StatusCode::OK
//! }
//! # let receiver = Receiver::new("5e0c27a1")?;
//! # assert_eq!(received(&receiver, &HeaderMap::new(), b"{}"), StatusCode::UNAUTHORIZED);
//! # Ok::<(), intercom_client::webhooks::InvalidClientSecret>(())
//! ```
//!
//! `examples/webhooks_axum.rs` is a complete endpoint, `examples/support_bot.rs` a bot behind one, and
//! `examples/sync_to_sqlite` keeps a database up to date with an endpoint and a walk together.
//!
//! # Kinds of requests
//!
//! | request | body | signature | response |
//! |---|---|---|---|
//! | notification | the envelope that [`Notification`] is | `X-Hub-Signature`, [`Signature::Hub`] | 200 |
//! | uninstall call | `{"app_id": …}` | `X-Body-Signature`, [`Signature::Body`] | 200 |
//! | health check | `{"workspace_id": …}` | `X-Body-Signature` | a [`HealthReport`] |
//! | Canvas Kit | an object with `workspace_id` and more | `X-Body-Signature` | a canvas |
//!
//! Each kind has a URL of its own in the Developer Hub. [`Receiver::read`] is for the URL of notifications,
//! [`Receiver::verify`] for any other, and [`Receiver::read_any`] for one endpoint that is all of them: it returns an
//! [`Incoming`].
//!
//! # What an endpoint has to do
//!
//! By Intercom's documentation of
//! [webhooks](https://developers.intercom.com/docs/webhooks/webhook-notifications):
//!
//! - Respond to a `HEAD` request, without signature and body, with 200: it is sent when the URL is set up. A
//!   [`PING`](topics::PING), signed like any notification, is sent then and from time to time: respond with 200.
//! - Respond within 5 seconds, better within 500 ms: slower responses lower the priority of further notifications. Take the
//!   notification, respond with 200, and do the work afterwards.
//! - Expect a notification twice: one that was answered by an error or too late is sent once more a minute later, with the same
//!   `id`. Remember the ids of those that are done.
//! - Expect to miss some. More than 1,000 errors within 15 minutes pause the subscription, and errors for 7 days suspend it. A
//!   429 slows notifications down, and later ones are dropped. So walk what changed from time to time as well, by `changed_since`:
//!   see [`Changes`](crate::paging::Changes).
//! - Choose the status with care. **A 410 ends the subscription**. [`WebhookError::status`] returns neither 410 nor 429.
//!
//! # What is verified, and what is not
//!
//! The signature proves that the sender of the body knows the app's client secret. It covers the body alone: a notification that
//! someone recorded and sends again is still valid, which is why an endpoint is reached by https and remembers ids.
//! One endpoint that serves several workspaces tells them apart by [`Notification::app_id`].
//!
//! # What an item holds
//!
//! The table of [`topics`] says which type each topic's item has. Where the record lies differs: an item is the record itself, or
//! wraps it, alone (`contact_unsubscribe`) or with another (`company.contact.attached`). The methods of [`Notification`] find it
//! in either case, such as `contact()` and `contact_id()`; there is a pair for each kind of record.
//!
//! - **Stubs.** Of a record that was deleted or archived there is a [`Stub`]: its id, and little else.
//!   [`Notification::is_stub`] is `true` then, and the methods that return records return `None`, so that a stub is not stored over
//!   the record. An article that was deleted comes complete.
//! - **Conversations** come with the part that made the event, not with all parts: retrieve the conversation for the others.
//! - **Tickets** of `ticket.contact.attached` and conversations of `conversation.contact.attached`, and of their counterparts, are
//!   other objects than the API's. Their ids are found, so retrieve the records.
//! - **Contacts** of conversations and tickets are references. `contact_id()` returns the contact's id if there is one contact.
//! - **Times** are text with milliseconds in many items, where the API has seconds; a [`Timestamp`](crate::Timestamp) reads both.
//! - **Everything else** that an item has is in its `extra`, and an item of a type that the crate does not have is
//!   [`Item::Other`], as it was sent.
//!
//! # Testing
//!
//! [`Receiver::sign`] and [`Receiver::sign_with`] sign what a test sends to its own endpoint. With the feature `mock`,
//! `mock::MockIntercom` is the API that the endpoint then calls; `tests/support_bot.rs` in the repository tests a bot so.

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
