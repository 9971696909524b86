//! A list as a stream of its items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use http::HeaderMap;

use super::ledger::StartTime;
use super::{Changes, Cursor, Dated, ExactlyOnce, Identified, Page, Pages, Retrievable, RetrieveEach};
use crate::response::error::Error;
use crate::response::rate_limit::{local_time, server_time};
use crate::wire::read::Mismatch;
use crate::wire::timestamp::Timestamp;

/// A stream of the items of a list, returned by `stream()` of a list operation's builder.
///
/// Yields `Result<P::Item, Error>` in the server's order and ends after the last item or the first error.
#[must_use = "streams do nothing unless polled"]
pub struct Items<P: Page> {
    pages: Pages<P>,
    page: std::vec::IntoIter<P::Item>,
    /// The cursor of the page that the current items are from; `None` for the first page.
    page_cursor: Option<Cursor>,
    total_count: Option<i64>,
    mismatches: Vec<Mismatch>,
    /// Whether the stream was polled.
    is_started: bool,
    /// When the first page of this pass was requested.
    requested_at: Option<Instant>,
    /// The time of that request, or a little before.
    start_time: Option<StartTime>,
    /// The number of pages of this pass so far.
    pages_read: u64,
    /// Whether a page of this pass was empty although the list continued after it.
    has_empty_page: bool,
}

impl<P: Page> Items<P> {
    pub(crate) fn new(pages: Pages<P>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
            page_cursor: None,
            total_count: None,
            mismatches: Vec::new(),
            is_started: false,
            requested_at: None,
            start_time: None,
            pages_read: 0,
            has_empty_page: false,
        }
    }

    /// Sets whether the next page is fetched while the caller works on the items of this page. Default: `false`; see
    /// [`Pages::read_ahead`].
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.pages = self.pages.read_ahead(read_ahead);
        self
    }

    /// Sets whether smaller pages are requested if the server is too slow. Default: `true`; see [`Pages::reduce_page_size`].
    pub fn reduce_page_size(mut self, reduce: bool) -> Self {
        self.pages = self.pages.reduce_page_size(reduce);
        self
    }

    /// Returns the cursor of the page after the current one.
    ///
    /// After an error, or if [`left_in_page`](Self::left_in_page) is 0, a walk from this cursor starts after the items returned so
    /// far. `None` in the same cases as [`Pages::cursor`].
    pub fn cursor(&self) -> Option<&Cursor> {
        self.pages.cursor()
    }

    /// Returns the number of items of the current page that were not returned yet.
    pub fn left_in_page(&self) -> usize {
        self.page.len()
    }

    /// Returns the number of items in the entire list, as reported by the newest page. `None` before the first page, and if the
    /// server does not report it.
    pub fn total_count(&self) -> Option<i64> {
        self.total_count
    }

    /// Returns the values of the current page whose type differs from the description; see [`Response::mismatches`].
    ///
    /// An item that is not an object is reported here and left out of the stream.
    ///
    /// [`Response::mismatches`]: crate::Response::mismatches
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// Returns each item of the list once, by its id, and an error at the end if items may be missing; see [`ExactlyOnce`].
    ///
    /// Call it on a stream that was not polled: items that this stream has returned before can be returned again.
    #[doc(alias = "deduplicate")]
    pub fn exactly_once(self) -> ExactlyOnce<P>
    where
        P::Item: Identified,
    {
        ExactlyOnce::new(self)
    }

    /// Returns the items that changed at `moment` or later; see [`Changes`]. Builders have a method of the same name. This one is
    /// for lists that the description lacks.
    ///
    /// The entire list is read. For a search, add a filter by `updated_at`, two days earlier if the search may compare whole days,
    /// and sort by `updated_at`, newest first:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # intercom.on_any().respond(intercom_client::mock::MockResponse::json(serde_json::json!({
    /// #     "tickets": [{"id": "1", "updated_at": 1_800_000_000}, {"id": "2", "updated_at": 1_699_990_000}], "pages": {},
    /// # })));
    /// # let stored = 1_700_000_000;
    /// # let client = intercom.client();
    /// use futures_util::TryStreamExt;
    /// use intercom_client::{Method, paging::Paging};
    /// use serde_json::{Value, json};
    ///
    /// let search = client.request(Method::POST, "/tickets/search").json(&json!({
    ///     "query": {"field": "updated_at", "operator": ">", "value": stored - 2 * 86_400},
    ///     "sort": {"field": "updated_at", "order": "descending"},
    /// }));
    /// let mut tickets = search.stream::<Value>(Paging::CursorInBody, "tickets").changed_since(stored);
    /// # let mut changed = Vec::new();
    /// while let Some(ticket) = tickets.try_next().await? {
    ///     println!("{} changed at {}", ticket["id"], ticket["updated_at"]);
    /// #     changed.push(ticket["id"].clone());
    /// }
    /// println!("next time from {:?} on", tickets.watermark());
    /// # assert_eq!(changed, ["1"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A ticket's `updated_at` can be earlier than its newest part, because some changes of the state do not update it. The stream
    /// returns everything that the server's search finds. A change that the search does not find is not returned.
    #[doc(alias = "sync")]
    #[doc(alias = "updated_since")]
    pub fn changed_since(self, moment: impl Into<Timestamp>) -> Changes<P>
    where
        P::Item: Dated,
    {
        Changes::new(self, moment.into())
    }

    /// Retrieves each item in full with the operation that returns one item; see [`RetrieveEach`].
    #[doc(alias = "details")]
    #[doc(alias = "hydrate")]
    pub fn retrieve_each(self) -> RetrieveEach<Self>
    where
        P::Item: Retrievable,
    {
        RetrieveEach::new(self)
    }

    /// Returns the cursor of the page that the current items are from; `None` for the first page.
    pub(super) fn page_cursor(&self) -> Option<&Cursor> {
        self.page_cursor.as_ref()
    }

    /// Returns the pages of the list.
    pub(super) fn pages(&self) -> &Pages<P> {
        &self.pages
    }

    /// Returns `true` if the walk starts with the first page and was not polled yet.
    pub(super) fn covers_list(&self) -> bool {
        !self.is_started && self.pages.starts_at_first_page()
    }

    /// Returns the time at which the first page of this pass was requested, or a little before; `None` until that page was
    /// received.
    pub(super) fn start_time(&self) -> Option<StartTime> {
        self.start_time
    }

    /// Returns the number of pages of this pass so far.
    pub(super) fn pages_read(&self) -> u64 {
        self.pages_read
    }

    /// Returns `true` if a page of this pass was empty although the list continued after it.
    pub(super) fn has_empty_page(&self) -> bool {
        self.has_empty_page
    }

    /// Makes the walk fail with this reason.
    pub(super) fn refuse(&mut self, reason: &str) {
        self.page = Vec::new().into_iter();
        self.pages.refuse(reason);
    }

    /// Starts another pass over the list, from the page at which the walk started.
    pub(super) fn restart(&mut self) {
        self.total_count = None;
        (self.requested_at, self.start_time) = (None, None);
        (self.pages_read, self.has_empty_page) = (0, false);
        self.pages.restart();
    }

    /// Continues after an error, with the page that failed.
    pub(super) fn resume(&mut self) {
        self.pages.resume();
    }
}

/// Returns the time of a request that was sent at `requested_at`, from the `Date` of its response.
fn start_time(requested_at: Instant, headers: &HeaderMap) -> StartTime {
    let elapsed = requested_at.elapsed().as_secs_f64();
    let started = |now: f64| (now - elapsed).floor() as i64;
    let server = server_time(headers).map(started);
    let local = started(local_time());
    StartTime {
        server,
        // A watermark must not be later than the start by either clock, or the next run would miss changes.
        earliest: server.map_or(local, |server| server.min(local)),
    }
}

impl<P: Page> Stream for Items<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_started = true;
        let requested_at = *self.requested_at.get_or_insert_with(Instant::now);
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let cursor = self.pages.cursor().cloned();
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(mut page)) => {
                    self.page_cursor = cursor;
                    self.start_time
                        .get_or_insert_with(|| start_time(requested_at, page.headers()));
                    self.mismatches = page.take_mismatches();
                    self.total_count = page.total_count().or(self.total_count);
                    self.pages_read += 1;
                    self.has_empty_page |= page.items().is_empty() && !self.pages.is_terminated();
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
