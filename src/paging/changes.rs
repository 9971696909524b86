//! The items of a list that changed since a point in time.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::ledger::Check;
use super::{Dated, ExactlyOnce, Items, Page, Retrievable, RetrieveEach};
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::wire::read::Mismatch;
use crate::wire::timestamp::{Timestamp, YEAR_2200};

/// A stream of the items of a list that changed since a point in time, each once, with the time to start from next: made by
/// `changed_since` of the builders whose items have `id` and `updated_at`, and by [`Items::changed_since`] for raw calls.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # let stored = 1_700_000_000;
/// # let client = intercom.client();
/// use futures_util::TryStreamExt;
///
/// let mut changes = client.search_contacts().per_page(150).changed_since(stored);
/// while let Some(contact) = changes.try_next().await? {
///     println!("{:?} changed at {:?}", contact.id, contact.updated_at);
/// }
/// // Store it in the place of the one before, once the contacts are stored.
/// let next = changes.watermark().map_or(stored, |watermark| watermark.as_seconds());
/// # assert!(next > stored && intercom.calls("search_contacts").len() == 1);
/// # Ok(())
/// # }
/// ```
///
/// # What holds
///
/// If every run starts at the [`watermark`](Self::watermark) of the previous run, each changed item is returned in its latest state
/// by this run or a later one, even if items change while pages are being fetched:
///
/// - The watermark is the time at which the walk began, less an [`overlap`](Self::overlap). It is read from the server's clock,
///   or from this machine's if that is earlier or the response has no `Date`. An item that changes during the walk has changed
///   after that time: this run may return it, and the next run does.
/// - There is a watermark only if the walk is complete. After an error, [`resume`](Self::resume) the walk, or start again with the
///   previous watermark.
/// - Two runs can return the same item: store items by their id.
/// - A deleted item is in no list, so its deletion is not reported.
/// - A search continues from a position in the order, not from a number of items. An item that is deleted or stops matching during
///   the walk hides no other item.
/// - A change that does not move `updated_at` is not found. A ticket's `updated_at` can lie before its newest part: a change of
///   the state has been seen not to move it.
///
/// # The first run
///
/// Begin with 0: everything has changed since. A run that was stopped begins again with the watermark before, and what it delivers
/// once more replaces what is stored under the same id. Where a first run takes too long for that, walk the list itself with
/// `pages()`, store the cursor of each page, and take as the first watermark the time at which the walk began, less ten minutes;
/// by the server's clock, that is the `Date` header of the first page.
///
/// # What is asked for
///
/// | builders of | |
/// |---|---|
/// | searches | The server is asked for what changed, together with the builder's own query, the last change first, so that what changes meanwhile moves to the pages that were read. Dates of contacts count whole days in the workspace's time zone: they are asked for from two days before, and the seconds are compared here. An item that the search finds although its own `updated_at` is earlier than asked for is delivered: the server's index can be ahead of the record. |
/// | other lists | The API has no filter by the time of the last change: the whole list is walked, and compared here. Prefer the search where there is one; of companies, numbered pages end after 10,000, the scroll has all. |
///
/// Page-numbered lists are walked as by [`ExactlyOnce`], with at most five passes. One pass is enough if nothing changes
/// meanwhile; two are needed if items without dates are on other pages than the first. If items may be missing even then, the
/// walk ends with an error for which [`is_incomplete`](Error::is_incomplete) is true, and without a watermark. An item that has
/// no date of its last change is returned by every run. Memory: the ids.
///
/// A moment beyond the year 2200 is refused, since it is most likely given in milliseconds.
#[must_use = "streams do nothing unless polled"]
pub struct Changes<P: Page> {
    items: ExactlyOnce<P>,
    since: Timestamp,
    /// The time after which the search asks for changes, if the list is one.
    asked: Option<Timestamp>,
    overlap: Duration,
}

/// The most passes over a page-numbered list.
const PASSES: u32 = 5;

impl<P: Page<Item: Dated>> Changes<P> {
    pub(crate) fn new(mut items: Items<P>, since: Timestamp) -> Self {
        if !items.is_whole() {
            items.refuse("changes are walked from the first page on: leave the cursor or page out");
        }
        if since.as_seconds() >= YEAR_2200 {
            items.refuse("the moment is beyond the year 2200, and counts seconds: milliseconds?");
        }
        let check = match items.pages().paging() {
            Some(Paging::Page) => Check::Moments { strict: true },
            // A search counts items that change meanwhile, and need not find them. Its cursor is a position in the order.
            _ => Check::Nothing,
        };
        let asked = items.pages().asks_for_changes_since().map(Timestamp::from_seconds);
        Self {
            items: items.exactly_once().check(check).passes(PASSES),
            since,
            asked,
            overlap: Duration::from_secs(600),
        }
    }

    /// How far the watermark lies before the beginning of the walk. Default: 10 minutes.
    ///
    /// It makes up for searches, which can show a change minutes after it was made, and for clocks of servers that differ. What
    /// changed within it is delivered by the next run once more.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// Whether the next page is fetched while the caller works on the items of this one; see
    /// [`Pages::read_ahead`](super::Pages::read_ahead).
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.items = self.items.read_ahead(read_ahead);
        self
    }

    /// Sets whether pages are made smaller when the server is too slow. Default: true; see
    /// [`Pages::reduce_page_size`](super::Pages::reduce_page_size).
    pub fn reduce_page_size(mut self, reduces: bool) -> Self {
        self.items = self.items.reduce_page_size(reduces);
        self
    }

    /// The moment that the walk began with.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns `true` if an item did not change at the moment or later. Of a search, only items that its margin explains are left
    /// out: one that it found although its own date is earlier was found by the server's index.
    fn is_older(&self, item: &P::Item) -> bool {
        let older = |changed| changed < self.since && self.asked.is_none_or(|asked| changed >= asked);
        item.last_changed().is_some_and(older)
    }

    /// The moment to begin with next time, never before the one that this walk began with. `None` until the walk has come to
    /// its end without an error.
    pub fn watermark(&self) -> Option<Timestamp> {
        let overlap = i64::try_from(self.overlap.as_secs()).unwrap_or(i64::MAX);
        let begun = self.items.begun()?;
        Some(self.since.max(begun.saturating_sub(overlap).into()))
    }

    /// How many items the list has that is walked, as the last page fetched says: not only those that changed.
    pub fn total_count(&self) -> Option<i64> {
        self.items.total_count()
    }

    /// Each item in full, as the operation that shows one of them gives it: see [`RetrieveEach`].
    pub fn retrieve_each(self) -> RetrieveEach<Self>
    where
        P::Item: Retrievable,
    {
        RetrieveEach::new(self)
    }

    /// The items that it walks.
    pub(super) fn items(&self) -> &Items<P> {
        self.items.items()
    }

    /// What of the page that the items come from is of another kind than described: see [`Items::mismatches`].
    pub fn mismatches(&self) -> &[Mismatch] {
        self.items.mismatches()
    }

    /// Goes on after an error, see [`ExactlyOnce::resume`].
    pub fn resume(&mut self) {
        self.items.resume();
    }
}

impl<P: Page<Item: Dated>> Stream for Changes<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match ready!(Pin::new(&mut this.items).poll_next(context)) {
                Some(Ok(item)) if this.is_older(&item) => {}
                next => return Poll::Ready(next),
            }
        }
    }
}

impl<P: Page<Item: Dated>> FusedStream for Changes<P> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated()
    }
}

impl<P: Page> Unpin for Changes<P> {}

impl<P: Page> fmt::Debug for Changes<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("items", &self.items)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}
