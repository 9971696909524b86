//! The items of a list that changed since a point in time.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::ledger::Check;
use super::{Dated, ExactlyOnce, Items, Page, Retrievable, RetrieveEach};
use crate::call::moment::MILLISECONDS;
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::wire::read::Mismatch;
use crate::wire::timestamp::{Timestamp, YEAR_2200};

/// A stream of the items of a list that changed since a point in time, each once, with the time from which to start the next run.
///
/// Returned by `changed_since` of the builders whose items have `id` and `updated_at`, and by [`Items::changed_since`] for raw calls.
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
/// // Store the watermark after the contacts are stored: the next run starts from it.
/// let next = changes.watermark().map_or(stored, |watermark| watermark.as_seconds());
/// # assert!(next > stored && intercom.calls("search_contacts").len() == 1);
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// If every run starts at the [`watermark`](Self::watermark) of the previous run, each changed item is returned in its latest state
/// by this run or a later one, even if items change while pages are being fetched:
///
/// - The watermark is the time at which the walk started, less an [`overlap`](Self::overlap). The time is the server's, or this
///   machine's if that is earlier or if the response has no `Date` header. An item that changes during the walk changes after
///   that time: this run may return it, and the next run does.
/// - There is a watermark only if the walk is complete. After an error, [`resume`](Self::resume) the walk, or start again from the
///   previous watermark.
/// - Two runs can return the same item, so store items by their id.
/// - A deleted item is not in the list, so its deletion is not reported.
/// - A search continues from a position in the order, not from a number of items. An item that is deleted or stops matching during
///   the walk hides no other item.
/// - A change that does not update `updated_at` is not found. A ticket's `updated_at` can be earlier than its newest part, because
///   some changes of the state do not update it.
///
/// # The first run
///
/// Start from 0, which returns every item. A first run that was stopped starts again from 0; the items that it returns again
/// replace those stored under the same id. If a first run takes too long for that, walk the list itself with `pages()` and store the
/// cursor of each page. The first watermark is then ten minutes before the start of that walk, by the `Date` header of its first
/// page.
///
/// # Requests
///
/// | builders of | requests |
/// |---|---|
/// | searches | The search asks for items by `updated_at` in addition to the builder's own query, newest first, so that items that change during the walk move to pages that were already read. Dates of contacts count whole days in the workspace's time zone, so the search starts two days earlier and the client compares the seconds. An item that the search finds although its own `updated_at` is too early is returned, because the search index can be ahead of the record. |
/// | other lists | The API has no filter by `updated_at`, so the entire list is read and filtered by the client. Prefer a search if there is one. For companies, use the scroll, because the page-numbered list ends at 10,000. |
///
/// Page-numbered lists are read like [`ExactlyOnce`], in at most five passes. One pass is enough if the list does not change during
/// the walk. Two are needed if responses have no `Date` header, or if items without dates are on other pages than the first. If
/// items may still be missing, the walk ends with an error for which [`is_incomplete`](Error::is_incomplete) returns `true`, and
/// without a watermark. An item without `updated_at` is returned by every run. The stream keeps all ids in memory.
///
/// # Errors
///
/// A start after the year 2200 is refused, because it is most likely in milliseconds.
#[must_use = "streams do nothing unless polled"]
pub struct Changes<P: Page> {
    items: ExactlyOnce<P>,
    since: Timestamp,
    /// The time after which the search asks for changes; `None` for other lists.
    searched_from: Option<Timestamp>,
    overlap: Duration,
}

/// The maximum number of passes over a page-numbered list.
const MAX_PASSES: u32 = 5;

/// The default of [`Changes::overlap`].
const DEFAULT_OVERLAP: Duration = Duration::from_secs(600);

impl<P: Page<Item: Dated>> Changes<P> {
    pub(crate) fn new(mut items: Items<P>, since: Timestamp) -> Self {
        if !items.covers_list() {
            items.refuse("a walk of changes starts at the first page: remove the cursor or page number");
        }
        if since.as_seconds() >= YEAR_2200 {
            items.refuse(MILLISECONDS);
        }
        let check = match items.pages().paging() {
            Some(Paging::Page) => Check::ExistedAtStart { strict: true },
            // The count of a search includes items that change during the walk, which it need not return. No item is skipped,
            // because its cursor is a position in the order.
            _ => Check::Nothing,
        };
        let searched_from = items.pages().asks_for_changes_since().map(Timestamp::from_seconds);
        Self {
            items: items.exactly_once().check(check).max_passes(MAX_PASSES),
            since,
            searched_from,
            overlap: DEFAULT_OVERLAP,
        }
    }

    /// Sets the time by which the watermark is earlier than the start of the walk. Default: 10 minutes.
    ///
    /// The overlap covers the delay of the search index, which can take minutes to show a change, and clocks of servers that
    /// differ. The next run returns the items again that changed within the overlap.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// Sets whether the next page is fetched while the caller works on the items of this page. Default: `false`; see
    /// [`Pages::read_ahead`](super::Pages::read_ahead).
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.items = self.items.read_ahead(read_ahead);
        self
    }

    /// Sets whether smaller pages are requested if the server is too slow. Default: `true`; see
    /// [`Pages::reduce_page_size`](super::Pages::reduce_page_size).
    pub fn reduce_page_size(mut self, reduce: bool) -> Self {
        self.items = self.items.reduce_page_size(reduce);
        self
    }

    /// Returns the time since which the walk returns changes.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns `true` if an item changed too early to be returned.
    ///
    /// A search returns older items because it starts earlier than asked for. An item that is even older than the start of the search
    /// was found by the server's index, which can be ahead of the record, so it counts as changed.
    fn is_older(&self, item: &P::Item) -> bool {
        let is_older = |changed| changed < self.since && self.searched_from.is_none_or(|from| changed >= from);
        item.last_changed().is_some_and(is_older)
    }

    /// Returns the time from which to start the next run. It is never before the start of this run. `None` until the walk has ended
    /// without an error.
    pub fn watermark(&self) -> Option<Timestamp> {
        let overlap = i64::try_from(self.overlap.as_secs()).unwrap_or(i64::MAX);
        let start = self.items.start_time()?;
        Some(self.since.max(start.saturating_sub(overlap).into()))
    }

    /// Returns the number of items in the list or search being read, as reported by the newest page. It is not the number of changed
    /// items.
    pub fn total_count(&self) -> Option<i64> {
        self.items.total_count()
    }

    /// Retrieves each item in full with the operation that returns one item; see [`RetrieveEach`].
    pub fn retrieve_each(self) -> RetrieveEach<Self>
    where
        P::Item: Retrievable,
    {
        RetrieveEach::new(self)
    }

    /// Returns the items of the list, changed or not.
    pub(super) fn items(&self) -> &Items<P> {
        self.items.items()
    }

    /// Returns the values of the current page whose type differs from the description; see [`Items::mismatches`].
    pub fn mismatches(&self) -> &[Mismatch] {
        self.items.mismatches()
    }

    /// Continues after an error; see [`ExactlyOnce::resume`].
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
