//! Lists as streams: pages, items, and cursors to continue from.
//!
//! Every list operation's builder has `stream()`, a stream of items, and `pages()`, a stream of whole answers. Both ask
//! for a page when they need it, end when the answer says that it is the last, and stop at the first error; after
//! the end or an error they give `None`. Dropping one, or a future that polls it, loses nothing but what it had fetched.
//!
//! | shape | operations | continued by |
//! |---|---|---|
//! | cursor | contacts, conversations, both searches, a company's contacts | `starting_after` |
//! | page number | companies, articles, collections, sections, news, notes, activity logs | `page` |
//! | scroll | companies, all of them | `scroll_param`, which the server moves |
//! | events | a contact's events | the query of the next page's URL |
//!
//! A page's number or cursor is all that is taken from an answer: no URL that a server names is ever followed. An answer
//! that leads back to a page already seen is an error, not an endless walk.
//!
//! ```
//! # async fn example(client: intercom_client::Client) -> Result<(), intercom_client::Error> {
//! use futures_util::TryStreamExt;
//!
//! let mut contacts = client.list_contacts().per_page(150).stream();
//! while let Some(contact) = contacts.try_next().await? {
//!     println!("{:?} of {:?}", contact.id, contacts.total_count());
//! }
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
//! # async fn example(client: intercom_client::Client) {
//! let mut list = client.list_contacts();
//! 'walk: loop {
//!     let mut contacts = list.clone().stream();
//!     while let Some(contact) = contacts.next().await {
//!         match contact {
//!             Ok(contact) => println!("{:?}", contact.id),
//!             Err(error) if error.is_retryable() => {
//!                 eprintln!("{error}; going on");
//!                 if let Some(cursor) = contacts.cursor() {
//!                     list = list.from_cursor(cursor.clone());
//!                 }
//!                 continue 'walk;
//!             }
//!             Err(error) => return eprintln!("{error}"),
//!         }
//!     }
//!     break;
//! }
//! # }
//! ```
//!
//! # Scrolls
//!
//! A workspace has one scroll at a time, and the server moves it with every page it sends, so no page is asked for
//! twice. Errors tell what became of it: [`is_scroll_exists`](Error::is_scroll_exists),
//! [`is_scroll_expired`](Error::is_scroll_expired), [`is_scroll_restart`](Error::is_scroll_restart).

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::answer::error::{Error, Kind};
use crate::call::operation::{Call, Paging};
use crate::wire::lenient::Lenient;
use crate::{Client, CompanyOrList, NextPage, Response, types};

/// Where a list goes on: text that only the operation it came from understands.
///
/// For cursor lists it is the value of `starting_after`, for numbered pages the page number, for scrolls the
/// `scroll_param`, for events the query of the next page. Opaque otherwise; store it with `to_string` or serde.
///
/// ```
/// # async fn example(client: intercom_client::Client) -> Result<(), intercom_client::Error> {
/// let page = client.list_contacts().send().await?;
/// if let Some(cursor) = page.next_cursor() {
///     let next = client.list_contacts().from_cursor(cursor).send().await?;
///     println!("{} more", next.data.len());
/// }
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

/// One page of a list: what list operations answer with. Only this crate's types are pages.
pub trait Page: for<'de> Lenient<'de> + Send + 'static {
    /// What the list holds.
    type Item: Send + 'static;

    /// The items of this page, in the server's order.
    fn items(&self) -> &[Self::Item];

    /// The items of this page, taken out of it.
    fn into_items(self) -> Vec<Self::Item>;

    /// How many items the whole list has, when the server says.
    fn total_count(&self) -> Option<i64>;

    /// What the page says of its place in the list.
    #[doc(hidden)]
    fn position(&self) -> Position<'_>;
}

impl<P: Page> Response<P> {
    /// Where the list goes on after this page; `None` on the last one, and when the answer does not tell.
    ///
    /// A builder of the same operation, with the same parameters, starts there with `from_cursor`.
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.position().next(None).ok().flatten()
    }
}

/// One company stands for a list of one.
impl Page for CompanyOrList {
    type Item = types::Company;

    fn items(&self) -> &[types::Company] {
        self.companies()
    }

    fn into_items(self) -> Vec<types::Company> {
        self.into_companies()
    }

    fn total_count(&self) -> Option<i64> {
        match self {
            Self::List(list) => list.total_count(),
            Self::Company(_) => Some(1),
        }
    }

    fn position(&self) -> Position<'_> {
        match self {
            Self::List(list) => list.position(),
            Self::Company(_) => Position::Page {
                page: Some(1),
                total_pages: Some(1),
                next: None,
            },
        }
    }
}

/// What a page says of its place in the list, by the shape of the list.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Position<'a> {
    Cursor(Option<&'a NextPage>),
    Page {
        page: Option<i64>,
        total_pages: Option<i64>,
        next: Option<&'a NextPage>,
    },
    Scroll {
        scroll_param: Option<&'a str>,
        empty: bool,
    },
    Events {
        next: Option<&'a NextPage>,
        empty: bool,
    },
}

/// A page without the cursor to the next one that it announces.
const NO_CURSOR: &str = "the page announces another one, but no cursor that leads there";
/// A page whose cursor leads back.
const REPEATS: &str = "the cursor to the next page repeats an earlier one";
/// A numbered page that is not the one asked for.
const OTHER_PAGE: &str = "the answer is another page than the one that was asked for";

impl Position<'_> {
    /// The cursor of the next page. `asked` is the number of this one, for servers that do not repeat it.
    fn next(&self, asked: Option<i64>) -> Result<Option<Cursor>, &'static str> {
        match *self {
            Self::Cursor(next) => match next.filter(|next| !next.is_blank()) {
                None => Ok(None),
                Some(next) => next.starting_after().map(|text| Some(text.into())).ok_or(NO_CURSOR),
            },
            Self::Page {
                page,
                total_pages,
                next,
            } => {
                let next = next.filter(|next| !next.is_blank());
                let this = page.or(asked).or_else(|| next?.page()?.checked_sub(1));
                match (this, total_pages) {
                    (Some(this), Some(last)) if this >= last => Ok(None),
                    (None, None) | (Some(_), None) if next.is_none() => Ok(None),
                    (Some(this), _) => Ok(Some(this.saturating_add(1).to_string().into())),
                    (None, Some(..=1)) => Ok(None),
                    (None, _) => Err(NO_CURSOR),
                }
            }
            Self::Scroll { empty: true, .. } => Ok(None),
            Self::Scroll { scroll_param, .. } => scroll_param.map(|text| Some(text.into())).ok_or(NO_CURSOR),
            // An empty page can still name another one.
            Self::Events { empty: true, .. } => Ok(None),
            Self::Events { next, .. } => match next.filter(|next| !next.is_blank()) {
                None => Ok(None),
                Some(next) => next.query().map(|query| Some(query.into())).ok_or(NO_CURSOR),
            },
        }
    }
}

impl Call {
    /// Asks for the page that `cursor` stands for.
    pub(crate) fn turn_to(&mut self, cursor: Option<&Cursor>) -> Result<(), Error> {
        let Some(Cursor(text)) = cursor else { return Ok(()) };
        match self.operation.paging {
            Some(Paging::Cursor) => self.replace("starting_after", text),
            Some(Paging::Scroll) => self.replace("scroll_param", text),
            Some(Paging::Page) => match text.parse::<u32>() {
                Ok(number) => self.replace("page", &number.to_string()),
                Err(_) => {
                    return Err(Error::builder(
                        self.operation,
                        "the cursor is no page number".to_owned(),
                    ));
                }
            },
            Some(Paging::CursorInBody) => {
                let mut body = self.json();
                match &mut body["pagination"] {
                    Value::Object(pagination) => {
                        pagination.insert("starting_after".to_owned(), text.as_str().into());
                    }
                    other => *other = json!({ "starting_after": text }),
                }
                self.body = Some(body.to_string().into());
            }
            Some(Paging::Events) => {
                let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
                self.query
                    .retain(|(name, _)| pairs.iter().all(|(other, _)| other != name));
                self.query
                    .extend(pairs.into_iter().map(|(name, value)| (name.into(), value)));
            }
            None => {}
        }
        Ok(())
    }

    /// The cursor that the parameters name, where they do.
    fn cursor(&self) -> Option<Cursor> {
        let query = |wanted: &str| {
            self.query
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        match self.operation.paging? {
            Paging::Cursor => query("starting_after"),
            Paging::CursorInBody => self.json()["pagination"]["starting_after"].as_str().map(str::to_owned),
            Paging::Page => query("page"),
            Paging::Scroll => query("scroll_param"),
            Paging::Events => None,
        }
        .map(Cursor)
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.into(), value.to_owned()));
    }

    fn json(&self) -> Value {
        let body = self.body.as_deref().unwrap_or_default();
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// A page on its way.
type Fetch<P> = Pin<Box<dyn Future<Output = Result<Response<P>, Error>> + Send>>;

/// All pages of a list, as whole answers: made by `pages()` of a list operation's builder.
///
/// Items: `Result<Response<P>, Error>`. Ends after the last page or the first error. The empty page that ends a scroll
/// is a page too.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<P: Page> {
    client: Client,
    step: Step,
    /// The page that is asked for next, or on its way; `None` for the first one.
    cursor: Option<Cursor>,
    /// Hashes of the cursors so far: eight bytes a page.
    seen: HashSet<u64>,
    hasher: RandomState,
    fetch: Option<Fetch<P>>,
    /// A page to deliver once the runtime has had its chance to begin with the one after it, and its own cursor.
    held: Option<(Response<P>, Option<Cursor>)>,
    read_ahead: bool,
}

/// What to do when the next page is wanted.
enum Step {
    /// Ask for it.
    Ask(Call),
    /// Say why that cannot be.
    Fail(Error),
    /// There is none.
    Done,
}

impl<P: Page> Pages<P> {
    pub(crate) fn new(client: &Client, call: Result<Call, Error>, cursor: Option<Cursor>) -> Self {
        let cursor = cursor.or_else(|| call.as_ref().ok()?.cursor());
        let mut pages = Self {
            client: client.clone(),
            step: call.map_or_else(Step::Fail, Step::Ask),
            cursor: None,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            fetch: None,
            held: None,
            read_ahead: false,
        };
        if let Some(cursor) = cursor {
            pages.is_new(&cursor);
            pages.cursor = Some(cursor);
        }
        pages
    }

    /// Whether the next page is fetched while the caller works on this one, in a task of its own. Default: false, so that
    /// nothing is fetched that is not wanted.
    ///
    /// Of a scroll, a page that was fetched ahead and dropped is lost: the server has moved on.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
    }

    /// Where the list goes on after the pages that were delivered: after an error, the page that failed.
    ///
    /// `None` at the beginning of a walk that starts with the first page, at the end, and while a scroll cannot be
    /// continued: a page is on its way, or was lost.
    pub fn cursor(&self) -> Option<&Cursor> {
        let lost = self.fetch.is_some() && matches!(&self.step, Step::Ask(call) if is_scroll(call));
        let cursor = match &self.held {
            Some((_, cursor)) => cursor,
            None => &self.cursor,
        };
        cursor.as_ref().filter(|_| !lost)
    }

    /// Remembers a cursor; `false` when it was there already.
    fn is_new(&mut self, cursor: &Cursor) -> bool {
        self.seen.insert(self.hasher.hash_one(cursor))
    }

    /// Asks for the next page, or says why there is none.
    fn begin(&mut self, ahead: bool) -> Option<Result<Fetch<P>, Error>> {
        let mut call = match std::mem::replace(&mut self.step, Step::Done) {
            Step::Ask(call) => call,
            Step::Fail(error) => return Some(Err(error)),
            Step::Done => return None,
        };
        self.step = Step::Ask(call.clone());
        if let Err(error) = call.turn_to(self.cursor.as_ref()) {
            self.step = Step::Done;
            return Some(Err(error));
        }
        let client = self.client.clone();
        let fetch = async move { client.decoded(call).await };
        // A task of its own would leave the caller's span.
        #[cfg(feature = "tracing")]
        let fetch = tracing::Instrument::in_current_span(fetch);
        Some(Ok(match tokio::runtime::Handle::try_current() {
            Ok(runtime) if ahead => Box::pin(Task(runtime.spawn(fetch))),
            _ => Box::pin(fetch),
        }))
    }

    /// Looks where the list goes on after `page`.
    fn advance(&mut self, call: Call, page: &Response<P>) -> Result<(), Error> {
        let contradiction = |what| {
            Error::kind(call.operation, Kind::Contradiction(what))
                .answered(page.status(), page.headers().clone(), page.body().clone())
                .after(1)
        };
        let position = page.position();
        let asked = self.cursor.as_ref().and_then(|cursor| cursor.0.parse().ok());
        if let Position::Page { page: Some(page), .. } = position
            && asked.is_some_and(|asked| asked != page)
        {
            return Err(contradiction(OTHER_PAGE));
        }
        self.cursor = None;
        self.step = match position.next(asked.or(Some(1))) {
            Ok(None) => Step::Done,
            Ok(Some(cursor)) => {
                let new = self.is_new(&cursor);
                if new || is_scroll(&call) {
                    self.cursor = Some(cursor);
                    Step::Ask(call)
                } else {
                    Step::Fail(contradiction(REPEATS))
                }
            }
            Err(what) => Step::Fail(contradiction(what)),
        };
        Ok(())
    }
}

fn is_scroll(call: &Call) -> bool {
    call.operation.paging == Some(Paging::Scroll)
}

impl<P: Page> Stream for Pages<P> {
    type Item = Result<Response<P>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some((page, _)) = this.held.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        let mut fetch = match this.fetch.take() {
            Some(fetch) => fetch,
            None => match this.begin(false) {
                Some(Ok(fetch)) => fetch,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            },
        };
        let Poll::Ready(answer) = fetch.as_mut().poll(context) else {
            this.fetch = Some(fetch);
            return Poll::Pending;
        };
        let cursor = this.cursor.clone();
        let step = std::mem::replace(&mut this.step, Step::Done);
        let answer = match (answer, step) {
            (Ok(page), Step::Ask(call)) => this.advance(call, &page).map(|()| page),
            (answer, _) => answer,
        };
        match answer {
            Ok(page) if this.read_ahead && matches!(this.step, Step::Ask(_)) => {
                match this.begin(true) {
                    Some(Ok(fetch)) => this.fetch = Some(fetch),
                    // What is wrong with the next page is said when it is wanted.
                    Some(Err(error)) => this.step = Step::Fail(error),
                    None => {}
                }
                // A task that this one spawned waits until this one pauses. The caller may not pause before it has worked
                // on the page, so that nothing would be fetched meanwhile.
                this.held = Some((page, cursor));
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(error) => {
                if error.is_scroll_restart() || error.is_scroll_expired() {
                    this.cursor = None;
                }
                Poll::Ready(Some(Err(error)))
            }
            Ok(page) => Poll::Ready(Some(Ok(page))),
        }
    }
}

impl<P: Page> Unpin for Pages<P> {}

impl<P: Page> FusedStream for Pages<P> {
    fn is_terminated(&self) -> bool {
        self.fetch.is_none() && self.held.is_none() && matches!(self.step, Step::Done)
    }
}

impl<P: Page> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("cursor", &self.cursor)
            .field("read_ahead", &self.read_ahead)
            .finish_non_exhaustive()
    }
}

/// A spawned task that ends when it is no longer waited for.
struct Task<T>(JoinHandle<T>);

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(value) => Poll::Ready(value),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down: nothing will be polled again.
                Err(_) => Poll::Pending,
            },
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// All items of a list: made by `stream()` of a list operation's builder.
///
/// Items: `Result<P::Item, Error>`, in the server's order. Ends after the last item or the first error.
#[must_use = "streams do nothing unless polled"]
pub struct Items<P: Page> {
    pages: Pages<P>,
    page: std::vec::IntoIter<P::Item>,
    total_count: Option<i64>,
}

impl<P: Page> Items<P> {
    pub(crate) fn new(pages: Pages<P>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
            total_count: None,
        }
    }

    /// Whether the next page is fetched while the caller works on the items of this one; see [`Pages::read_ahead`].
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.pages = self.pages.read_ahead(read_ahead);
        self
    }

    /// Where the list goes on after the items of this page: after an error, or when [`left_in_page`](Self::left_in_page) is 0,
    /// exactly after the items that were delivered. `None` where [`Pages::cursor`] is.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.pages.cursor()
    }

    /// How many items of this page are still to be delivered.
    pub fn left_in_page(&self) -> usize {
        self.page.len()
    }

    /// How many items the whole list has, as the last page fetched says; `None` before the first one, and where the
    /// server does not say.
    pub fn total_count(&self) -> Option<i64> {
        self.total_count
    }
}

impl<P: Page> Stream for Items<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => {
                    self.total_count = page.total_count().or(self.total_count);
                    self.page = page.into_inner().into_items().into_iter();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.page.len(), None)
    }
}

impl<P: Page> FusedStream for Items<P> {
    fn is_terminated(&self) -> bool {
        self.page.len() == 0 && self.pages.is_terminated()
    }
}

impl<P: Page> Unpin for Items<P> {}

impl<P: Page> fmt::Debug for Items<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("left_in_page", &self.left_in_page())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_value;

    fn page(value: Value, asked: Option<i64>) -> Result<Option<String>, &'static str> {
        let list: types::CompanyList = from_value(json!({ "pages": value })).unwrap();
        list.position().next(asked).map(|cursor| cursor.map(|cursor| cursor.0))
    }

    fn after(next: Value) -> Result<Option<String>, &'static str> {
        let list: types::ContactList = from_value(json!({"pages": {"next": next}})).unwrap();
        list.position().next(None).map(|cursor| cursor.map(|cursor| cursor.0))
    }

    #[test]
    fn numbered_pages_are_counted() {
        let url = "https://api.intercom.io/companies?page=4";
        let to = |page: &str| Ok(Some(page.to_owned()));
        assert_eq!(
            page(json!({"page": 3, "total_pages": 4, "next": url}), Some(3)),
            to("4")
        );
        assert_eq!(
            page(json!({"page": 3, "total_pages": 4, "next": null}), Some(3)),
            to("4")
        );
        assert_eq!(
            page(json!({"page": 4, "total_pages": 4, "next": url}), Some(4)),
            Ok(None)
        );
        assert_eq!(page(json!({"page": 1, "total_pages": 0}), None), Ok(None));
        assert_eq!(
            page(json!({"total_pages": 4}), Some(3)),
            to("4"),
            "by what was asked for"
        );
        assert_eq!(
            page(json!({"total_pages": 4, "next": url}), None),
            to("4"),
            "by the next one's number"
        );
        assert_eq!(page(json!({"page": 3, "next": url}), Some(3)), to("4"));
        assert_eq!(page(json!({"page": 3}), Some(3)), Ok(None));
        assert_eq!(page(json!({"total_pages": 1}), None), Ok(None));
        assert_eq!(page(json!({"total_pages": 4}), None), Err(NO_CURSOR));
        assert_eq!(page(json!(null), Some(1)), Ok(None));
    }

    #[test]
    fn cursors_are_found_in_objects_and_urls() {
        assert_eq!(
            after(json!({"starting_after": "a=+", "page": 2})),
            Ok(Some("a=+".to_owned()))
        );
        assert_eq!(
            after(json!("https://x/y?starting_after=a%3D%2B")),
            Ok(Some("a=+".to_owned()))
        );
        for end in [json!(null), json!({}), json!({"starting_after": null}), json!("")] {
            assert_eq!(after(end.clone()), Ok(None), "{end}");
        }
        for odd in [json!({"page": 2}), json!("https://x/y?page=2")] {
            assert_eq!(
                after(odd.clone()),
                Err(NO_CURSOR),
                "{odd}: ending here would lose the rest"
            );
        }
    }

    #[test]
    fn an_empty_page_ends_scrolls_and_events() {
        let company = json!([{"id": "1"}]);
        for (data, scroll_param, next) in [
            (&company, json!("s"), Ok(Some("s".into()))),
            (&company, json!(null), Err(NO_CURSOR)),
            (&json!([]), json!("s"), Ok(None)),
        ] {
            let scroll: types::CompanyScroll = from_value(json!({"data": data, "scroll_param": scroll_param})).unwrap();
            assert_eq!(scroll.position().next(None), next);
        }
        let url = "https://x/events?type=user&before=7";
        for (events, next, cursor) in [
            (json!([{}]), json!(url), Some("type=user&before=7".into())),
            (json!([{}]), json!(null), None),
            (json!([]), json!(url), None),
        ] {
            let list: types::DataEventList = from_value(json!({"events": events, "pages": {"next": next}})).unwrap();
            assert_eq!(list.position().next(None), Ok(cursor));
        }
    }

    #[test]
    fn one_company_is_a_list_of_one() {
        let answer: CompanyOrList = from_value(json!({"type": "company", "id": "7"})).unwrap();
        assert_eq!((answer.items().len(), answer.total_count()), (1, Some(1)));
        assert_eq!(answer.position().next(None), Ok(None));
        assert_eq!(answer.into_items()[0].id.as_deref(), Some("7"));
    }
}
