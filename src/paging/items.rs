//! A list as a stream of its items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{Changes, Cursor, Dated, ExactlyOnce, Identified, Page, Pages, Retrievable, RetrieveEach};
use crate::response::error::Error;
use crate::response::rate_limit::{local_time, server_time};
use crate::wire::read::Mismatch;
use crate::wire::timestamp::Timestamp;

/// All items of a list: made by `stream()` of a list operation's builder.
///
/// Items: `Result<P::Item, Error>`, in the server's order. Ends after the last item or the first error.
#[must_use = "streams do nothing unless polled"]
pub struct Items<P: Page> {
    pages: Pages<P>,
    page: std::vec::IntoIter<P::Item>,
    /// The cursor of the page that the items come from; `None` for the first one.
    page_cursor: Option<Cursor>,
    total_count: Option<i64>,
    mismatches: Vec<Mismatch>,
    /// Whether a page was asked for.
    started: bool,
    /// When the first page of this pass was asked for.
    asked: Option<Instant>,
    /// The server's clock at that moment or a little before, in epoch seconds.
    begun: Option<i64>,
    /// The number of pages of this pass so far.
    pages_read: u64,
    /// Whether a page of this pass was empty though the list continued after it.
    has_hole: bool,
}

impl<P: Page> Items<P> {
    pub(crate) fn new(pages: Pages<P>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
            page_cursor: None,
            total_count: None,
            mismatches: Vec::new(),
            started: false,
            asked: None,
            begun: None,
            pages_read: 0,
            has_hole: false,
        }
    }

    /// Whether the next page is fetched while the caller works on the items of this one; see [`Pages::read_ahead`].
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.pages = self.pages.read_ahead(read_ahead);
        self
    }

    /// Sets whether pages are made smaller when the server is too slow. Default: true; see [`Pages::reduce_page_size`].
    pub fn reduce_page_size(mut self, reduces: bool) -> Self {
        self.pages = self.pages.reduce_page_size(reduces);
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

    /// What of the page that the items come from is of another kind than described; see [`Response::mismatches`]. An item
    /// that is no object at all is told here, and left out of the stream.
    ///
    /// [`Response::mismatches`]: crate::Response::mismatches
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// The same list with every item once, told by its id, and an error at the end when items are missing: see
    /// [`ExactlyOnce`]. Items that were taken from this stream before are unknown to it.
    pub fn exactly_once(self) -> ExactlyOnce<P>
    where
        P::Item: Identified,
    {
        ExactlyOnce::new(self)
    }

    /// Returns the items that changed at `moment` or later, see [`Changes`]. Builders have a method of the same name; this one is
    /// for lists that the description does not have.
    ///
    /// The entire list is walked. Give a search a filter by `updated_at`, with a margin of two days if its dates may count whole
    /// days, and sort it by the last change, newest first:
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
    /// A ticket's `updated_at` can lie before its newest part: a change of the state has been seen not to move it. The stream
    /// delivers everything that the server's own search finds, but a change that the search does not find is not delivered.
    pub fn changed_since(self, moment: impl Into<Timestamp>) -> Changes<P>
    where
        P::Item: Dated,
    {
        Changes::new(self, moment.into())
    }

    /// Each item in full, as the operation that shows one of them gives it: see [`RetrieveEach`].
    pub fn retrieve_each(self) -> RetrieveEach<Self>
    where
        P::Item: Retrievable,
    {
        RetrieveEach::new(self)
    }

    /// The cursor of the page that the items come from; `None` for the first one.
    pub(super) fn page_cursor(&self) -> Option<&Cursor> {
        self.page_cursor.as_ref()
    }

    /// The pages that the items come from.
    pub(super) fn pages(&self) -> &Pages<P> {
        &self.pages
    }

    /// Whether the walk begins with the first page, and has not begun yet.
    pub(super) fn is_whole(&self) -> bool {
        !self.started && self.pages.is_whole()
    }

    /// The server's clock when the first page of this pass was asked for, or a little before, in epoch seconds; `None` until that
    /// page came.
    pub(super) fn begun(&self) -> Option<i64> {
        self.begun
    }

    /// The number of pages of this pass so far.
    pub(super) fn pages_read(&self) -> u64 {
        self.pages_read
    }

    /// Returns `true` if a page of this pass was empty though the list continued after it.
    pub(super) fn has_hole(&self) -> bool {
        self.has_hole
    }

    /// Makes no walk of it, and says why.
    pub(super) fn refuse(&mut self, why: &str) {
        self.page = Vec::new().into_iter();
        self.pages.refuse(why);
    }

    /// Walks the list once more, from where the walk began.
    pub(super) fn restart(&mut self) {
        self.total_count = None;
        (self.asked, self.begun) = (None, None);
        (self.pages_read, self.has_hole) = (0, false);
        self.pages.restart();
    }

    /// Goes on after an error, with the page that failed.
    pub(super) fn resume(&mut self) {
        self.pages.resume();
    }
}

impl<P: Page> Stream for Items<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.started = true;
        let asked = *self.asked.get_or_insert_with(Instant::now);
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let cursor = self.pages.cursor().cloned();
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(mut page)) => {
                    self.page_cursor = cursor;
                    self.begun.get_or_insert_with(|| {
                        let waited = asked.elapsed().as_secs_f64();
                        // The earlier of the two clocks: a watermark in the future would pass over changes.
                        let now =
                            server_time(page.headers()).map_or_else(local_time, |server| server.min(local_time()));
                        (now - waited).floor() as i64
                    });
                    self.mismatches = page.take_mismatches();
                    self.total_count = page.total_count().or(self.total_count);
                    self.pages_read += 1;
                    self.has_hole |= page.items().is_empty() && !self.pages.is_terminated();
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
