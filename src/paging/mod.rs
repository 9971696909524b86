//! Lists as streams: pages, items, and cursors to continue from.
//!
//! Every list operation's builder has `stream()`, a stream of items, and `pages()`, a stream of whole answers, those of
//! lists without pages too. Both ask for a page when they need it, end when the answer says that it is the last, and stop at
//! the first error; after the end or an error they give `None`. Dropping one, or a future that polls it, loses nothing but
//! what it had fetched.
//!
//! | shape | operations | continued by |
//! |---|---|---|
//! | cursor | contacts, conversations, both searches, a company's contacts | `starting_after` |
//! | page number | companies, articles, collections, sections, news, notes, activity logs | `page` |
//! | scroll | companies, all of them | `scroll_param`, which the server moves |
//! | events | a contact's events | the query of the next page's URL |
//! | one answer | tags, admins, teams, segments, ticket types, data attributes, subscription types | nothing |
//!
//! A page's number or cursor is all that is taken from an answer: no URL that a server names is ever followed.
//!
//! No walk is endless, and none ends early in silence. These are errors: a cursor that leads back to a page already seen, the
//! previous page once more, pages without end that are empty or the same as earlier ones, a response without the list, and one
//! that announces another page in an unknown form. After such an error, `cursor` is the page that did not lead on. An empty page
//! ends scrolls and events, and numbered lists unless `total_pages` says that more pages follow. Entries of a list that are no
//! objects are left out and reported as [`mismatches`](Items::mismatches).
//!
//! On a runtime, a page that was asked for makes progress while the stream is not polled, and the time counts against no timeout. If
//! the server is too slow for a page of a cursor list, smaller pages are asked for: see [`Pages::reduce_page_size`].
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
//! # Continuing
//!
//! A [`Cursor`] stands for the pages from one on. It is text, so it can be stored, and every list builder begins from
//! one with `from_cursor`. A stream that failed tells by [`Items::cursor`] where it stopped: the items before are
//! delivered, those after are still to come.
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
//!                 eprintln!("{error}; going on");
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
//! Numbered lists change their order while they are read: [`Items::exactly_once`] walks them so that every item comes once,
//! and tells when some are missing.
//!
//! # What changed
//!
//! Builders whose items have `id` and `updated_at` have `changed_since(moment)`: a stream of what changed at that moment or
//! later, which tells with what moment to begin next time. See [`Changes`].
//!
//! # In full
//!
//! Lists leave parts of their items out. [`Items::retrieve_each`] asks for each item by the operation that shows one, so that
//! conversations come with their parts: see [`RetrieveEach`].
//!
//! # Scrolls
//!
//! A workspace has one scroll at a time, and the server moves it with every page it sends, so no page is asked for
//! twice. Errors tell what became of it: [`is_scroll_exists`](crate::Error::is_scroll_exists),
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
pub(crate) use identified::Identity;
pub use identified::{Dated, Identified};
pub use items::Items;
use outline::Outline;
pub use pages::Pages;
pub(crate) use position::Position;
pub use raw::RawPage;
pub use retrieve_each::{Retrievable, RetrieveEach, Retrieving, Walk};

pub use crate::call::operation::Paging;
use crate::response::typed::Response;
use crate::wire::read::utf8_text;

/// Where a list goes on: text that only the operation it came from understands.
///
/// For cursor lists it is the value of `starting_after`, for numbered pages the page number, for scrolls the
/// `scroll_param`, for events the query of the next page. Opaque otherwise; store it with `to_string` or serde.
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
pub struct Cursor(String);

impl Cursor {
    /// The text.
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

/// One page of a list: the response of a list operation. Sealed: only this crate's types are pages.
pub trait Page: sealed::Paged + Send + 'static {
    /// What the list holds.
    type Item: Send + 'static;

    /// The items of this page, in the server's order.
    fn items(&self) -> &[Self::Item];

    /// The items of this page, taken out of it.
    fn into_items(self) -> Vec<Self::Item>;

    /// The number of items in the entire list, if the server reports it.
    fn total_count(&self) -> Option<i64>;
}

/// Keeps [`Page`] and [`Walk`] to the types of this crate.
pub(crate) mod sealed {
    use super::Position;

    /// The place of a page in its list.
    pub trait Paged {
        /// The name of the list in the response; `None` if the list is known to be there.
        fn list(&self) -> Option<&'static str>;

        /// The fields of the page that lead to the next one.
        fn position(&self) -> Position<'_>;
    }

    /// A walk of this crate.
    pub trait Walks {}
}

impl<P: Page> Response<P> {
    /// Where the list goes on after this page; `None` on the last one, and when the answer does not tell.
    ///
    /// A builder of the same operation, with the same parameters, starts there with `from_cursor`.
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.next(None).ok().flatten()
    }

    /// Whether the answer says that this is the last page. `false` where it announces another one, be it without a cursor
    /// that leads there, and where it does not have the list.
    pub fn is_last(&self) -> bool {
        matches!(self.next(None), Ok(None))
    }

    /// The cursor of the next page; `asked` is the number of this one, for servers that do not repeat it.
    fn next(&self, asked: Option<i64>) -> Result<Option<Cursor>, &'static str> {
        let position = self.position();
        match position.next(asked, false) {
            // What was not read is no end.
            Ok(None) => {
                let text = utf8_text(self.body());
                let outline = Outline::of(&text);
                match outline.lacks_list(&**self) {
                    true => Err(position::NO_LIST),
                    false => position.next(asked, outline.hides_next(&position)),
                }
            }
            Ok(Some(_)) if self.items().is_empty() && Outline::of(&utf8_text(self.body())).lacks_list(&**self) => {
                Err(position::NO_LIST)
            }
            next => next,
        }
    }
}
