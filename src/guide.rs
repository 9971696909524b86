//! The guide: one page per job, each with a complete program.
//!
//! | page | job |
//! |---|---|
//! | [`authenticate`] | connect a client to a workspace: token, region, version, settings |
//! | [`calls`] | call operations: parameters, bodies, responses, unknown fields |
//! | [`pages`] | walk lists: items, pages, cursors, items in full |
//! | [`search`] | find contacts and conversations |
//! | [`sync`] | keep a copy of a workspace up to date; delete a person's data |
//! | [`write_many`] | import or update many records |
//! | [`export`] | export message data to files |
//! | [`webhooks`] | receive notifications |
//! | [`testing`] | test against a mock Intercom |
//! | [`errors`] | handle errors; which calls are retried |
//! | [`observe`] | log, measure and trace calls |
//! | [`descriptions`] | call newer endpoints; build from another description |
//!
//! The programs need these dependencies. Some of them also need `serde`, `serde_json`, `axum`, `tower` or `bytes`:
//!
//! ```sh
//! cargo add intercom-client futures-util
//! cargo add tokio --features full
//! ```

#[doc = include_str!("guide/authenticate.md")]
pub mod authenticate {}

#[doc = include_str!("guide/calls.md")]
pub mod calls {}

#[doc = include_str!("guide/descriptions.md")]
pub mod descriptions {}

#[doc = include_str!("guide/errors.md")]
pub mod errors {}

#[doc = include_str!("guide/export.md")]
pub mod export {}

#[doc = include_str!("guide/observe.md")]
pub mod observe {}

#[doc = include_str!("guide/pages.md")]
pub mod pages {}

#[doc = include_str!("guide/search.md")]
pub mod search {}

#[doc = include_str!("guide/sync.md")]
pub mod sync {}

#[cfg(feature = "mock")]
#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[cfg(feature = "webhooks")]
#[doc = include_str!("guide/webhooks.md")]
pub mod webhooks {}

#[doc = include_str!("guide/write_many.md")]
pub mod write_many {}
