//! Lists as streams: pages, items, and cursors to resume from.
//!
//! The builder of every list operation has `stream()`, a stream of items, and `pages()`, a stream of complete responses. Lists
//! without pages have both too. The streams request a page when it is needed, end after the last page, and stop at the first error.
//! After that they return `None`. Dropping a stream, or a future that polls it, only discards items that were fetched but not yet
//! returned.
//!
//! | kind | operations | next page |
//! |---|---|---|
//! | cursor | contacts, conversations, both searches, a company's contacts | `starting_after` |
//! | page number | companies, articles, collections, sections, news, notes, activity logs | `page` |
//! | scroll | all companies | `scroll_param`, which the server moves |
//! | events | a contact's events | the query of the next page's URL |
//! | one response | tags, admins, teams, segments, ticket types, data attributes, subscription types | none |
//!
//! Only a page number or cursor is read from a response. The client never requests a URL that a server names.
//!
//! No walk is endless, and no walk ends early without an error. These are errors:
//!
//! - a cursor that leads back to an earlier page;
//! - a page that the server returns twice: its items are not returned again;
//! - many pages in a row that are empty or equal earlier pages;
//! - a response without its list;
//! - a response that announces another page in an unknown form.
//!
//! After such an error, `cursor` is that of the page that did not lead to the next one. An empty page ends scrolls and events. It also
//! ends numbered lists, unless `total_pages` is larger. Entries of a list that are not objects are left out and reported as
//! [`mismatches`](Items::mismatches).
//!
//! On a tokio runtime, a page that was requested makes progress while the stream is not polled, so a slow caller causes no timeout.
//! If the server is too slow for a page of a cursor list, smaller pages are requested; see [`Pages::reduce_page_size`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = intercom_client::mock::MockIntercom::new();
//! # intercom.seed("list_contacts", (0..200).map(|i| serde_json::json!({"type": "contact", "id": i.to_string()})));
//! # let client = intercom.client();
//! use futures_util::TryStreamExt;
//!
//! let mut contacts = client.list_contacts().per_page(150).stream();
//! # let mut delivered = 0;
//! while let Some(contact) = contacts.try_next().await? {
//!     println!("{:?} of {:?}", contact.id, contacts.total_count());
//! #     delivered += 1;
//! }
//! # assert_eq!((delivered, contacts.total_count()), (200, Some(200)));
//! # assert_eq!(intercom.calls("list_contacts").len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Resuming
//!
//! A [`Cursor`] marks the page at which to resume a list. It is a string, so it can be stored, and every list builder starts from one
//! with `from_cursor`. After an error, [`Items::cursor`] returns the cursor of the page that failed: the items before that page were
//! returned, and the items from that page on were not.
//!
//! ```
//! # use futures_util::StreamExt;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = intercom_client::mock::MockIntercom::new();
//! # intercom.seed("list_contacts", (0..200).map(|i| serde_json::json!({"type": "contact", "id": i.to_string()})));
//! # intercom.on("list_contacts").respond_with(|request| (request.number == 1).then(intercom_client::mock::MockResponse::dropped));
//! # let client = intercom.client_builder().retry(intercom_client::RetryPolicy::none()).build()?;
//! # let mut delivered = 0;
//! let mut list = client.list_contacts();
//! 'walk: loop {
//!     let mut contacts = list.clone().stream();
//!     while let Some(contact) = contacts.next().await {
//! #         delivered += usize::from(contact.is_ok());
//!         match contact {
//!             Ok(contact) => println!("{:?}", contact.id),
//!             Err(error) if error.is_retryable() => {
//!                 eprintln!("{error}; resuming");
//!                 if let Some(cursor) = contacts.cursor() {
//!                     list = list.from_cursor(cursor.clone());
//!                 }
//!                 continue 'walk;
//!             }
//!             Err(error) => return Err(error),
//!         }
//!     }
//!     break;
//! }
//! # assert_eq!(delivered, 200);
//! # Ok(())
//! # }
//! ```
//!
//! # Every item once
//!
//! Page-numbered lists change their order while they are read. [`Items::exactly_once`] returns every item once, and ends with an
//! error if items may be missing; see [`ExactlyOnce`].
//!
//! # Changes
//!
//! Builders whose items have `id` and `updated_at` have `changed_since(moment)`: a stream of the items that changed at that time or
//! later, with the time from which to start the next run. See [`Changes`].
//!
//! # Items in full
//!
//! Lists leave out parts of their items. [`Items::retrieve_each`] retrieves each item with the operation that returns one item, for
//! example conversations with their parts; see [`RetrieveEach`].
//!
//! # Scrolls
//!
//! A workspace has one scroll at a time. The server moves it with every page that it sends, so no page can be requested twice. The
//! error of a failed page shows the state of the scroll: [`is_scroll_exists`](crate::Error::is_scroll_exists),
//! [`is_scroll_expired`](crate::Error::is_scroll_expired), [`is_scroll_restart`](crate::Error::is_scroll_restart).

mod changes;
mod exactly_once;
mod identified;
mod items;
mod ledger;
mod outline;
mod page_size;
mod pages;
mod position;
mod raw;
mod repeats;
mod retrieve_each;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use changes::Changes;
pub use exactly_once::ExactlyOnce;
pub(crate) use identified::IdField;
pub use identified::{Dated, Identified};
pub use items::Items;
use outline::Outline;
pub use pages::Pages;
pub(crate) use position::Position;
pub use raw::RawPage;
pub use retrieve_each::{Retrievable, RetrieveEach, RetrieveFuture, Walk};

pub use crate::call::operation::Paging;
use crate::response::typed::Response;
use crate::wire::read::utf8_text;

/// The page at which to resume a list: an opaque string, valid only for the operation that returned it.
///
/// It is the value of `starting_after` for cursor lists, the page number for numbered lists, the `scroll_param` for scrolls, and the
/// query of the next page for events. Store it with `to_string` or serde.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # intercom.seed("list_contacts", (0..200).map(|i| serde_json::json!({"type": "contact", "id": i.to_string()})));
/// # let client = intercom.client();
/// let page = client.list_contacts().send().await?;
/// if let Some(cursor) = page.next_cursor() {
///     let next = client.list_contacts().from_cursor(cursor).send().await?;
///     println!("{} more", next.data.len());
/// #     assert_eq!(next.data[0].id.as_deref(), Some("10"));
/// }
/// # assert_eq!(intercom.calls("list_contacts").len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[doc(alias = "pagination")]
#[doc(alias = "starting_after")]
pub struct Cursor(String);

impl Cursor {
    /// Returns the cursor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Cursor {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

/// One page of a list: the response of a list operation.
///
/// This trait is sealed: only types of this crate implement it.
pub trait Page: sealed::Paged + Send + 'static {
    /// The type of the items.
    type Item: Send + 'static;

    /// Returns the items of this page in the server's order.
    fn items(&self) -> &[Self::Item];

    /// Converts the page into its items.
    fn into_items(self) -> Vec<Self::Item>;

    /// Returns the number of items in the entire list, if the server reports it.
    fn total_count(&self) -> Option<i64>;
}

/// Prevents implementations of [`Page`] and [`Walk`] outside of this crate.
pub(crate) mod sealed {
    use super::Position;

    /// The parts of a page that are not public.
    pub trait Paged {
        /// Returns the field of the response that contains the list; `None` if the list cannot be missing.
        fn list_name(&self) -> Option<&'static str>;

        /// Returns the fields of the page that lead to the next one.
        fn position(&self) -> Position<'_>;
    }

    pub trait SealedWalk {}
}

impl<P: Page> Response<P> {
    /// Returns the cursor of the page after this one. `None` on the last page, and if the response does not contain the cursor.
    ///
    /// Pass it to `from_cursor` of a builder of the same operation with the same parameters.
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.next(None).ok().flatten()
    }

    /// Returns `true` if the response shows that this is the last page. `false` if it announces another page, even without its cursor,
    /// and if it does not contain the list.
    pub fn is_last(&self) -> bool {
        matches!(self.next(None), Ok(None))
    }

    /// Returns the cursor of the next page. `requested` is the number of this page, for responses without one.
    fn next(&self, requested: Option<i64>) -> Result<Option<Cursor>, &'static str> {
        let position = self.position();
        match position.next(requested, false) {
            // A field of an unexpected type is read as absent, so the text is checked before this counts as the last page.
            Ok(None) => {
                let text = utf8_text(self.body());
                let outline = Outline::of(&text);
                match outline.lacks_list(&**self) {
                    true => Err(position::MISSING_LIST),
                    false => position.next(requested, outline.hides_next(&position)),
                }
            }
            Ok(Some(_)) if self.items().is_empty() && Outline::of(&utf8_text(self.body())).lacks_list(&**self) => {
                Err(position::MISSING_LIST)
            }
            next => next,
        }
    }
}
