//! What of a list changed since a moment.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{Dated, ExactlyOnce, Items, Page, Retrievable, RetrieveEach};
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::wire::read::Mismatch;
use crate::wire::timestamp::Timestamp;

/// What of a list changed at a moment or later, each item once, and the moment to begin with next time: made by
/// `changed_since` of the builders whose items have `id` and `updated_at`, and by [`Items::changed_since`] for raw calls.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::start().await;
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
/// Run after run, each beginning with the [`watermark`](Self::watermark) of the one before, every item that changed is
/// delivered as it is after its last change, by this run or by a later one, whatever else changes while the pages are read:
///
/// - The watermark is the time by the server's clock at which the walk began, less an [`overlap`](Self::overlap). What
///   changes during the walk has changed after that: it may be delivered at once, and is delivered by the next run. This
///   machine's clock is used if the response has no `Date`, or one that is ahead of it: a watermark in the future would skip
///   changes.
/// - There is a watermark only when the walk came to its end. After an error [`resume`](Self::resume) goes on; or begin anew
///   with the watermark before.
/// - An item can be delivered by two runs: store items by their id.
/// - What was deleted is in no list. Nothing tells that it is gone.
/// - The API does not say what the cursor of a search stands for. Changes are found whatever it is. What leaves the search while
///   it is read, since it is deleted or no longer matches the query, hides no other item if the cursor names a place in the
///   order, and can hide one if it counts items.
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
/// | searches | The server is asked for what changed, together with the builder's own query, the last change first, so that what changes meanwhile moves to the pages that were read. Dates of contacts count whole days in the workspace's time zone: they are asked for from two days before, and the seconds are compared here. |
/// | other lists | The API has no filter by the time of the last change: the whole list is walked, and compared here. Prefer the search where there is one; of companies, numbered pages end after 10,000, the scroll has all. |
///
/// Numbered lists are walked as [`ExactlyOnce`] does it, with three passes at the most; the walk ends with an error that
/// [`is_incomplete`](Error::is_incomplete) when items are missing even then. An item that does not tell when it changed is
/// delivered by every run. Memory: the ids.
#[must_use = "streams do nothing unless polled"]
pub struct Changes<P: Page> {
    items: ExactlyOnce<P>,
    since: Timestamp,
    overlap: Duration,
}

/// So many passes are made over a numbered list at the most.
const PASSES: u32 = 3;

impl<P: Page<Item: Dated>> Changes<P> {
    pub(crate) fn new(mut items: Items<P>, since: Timestamp) -> Self {
        if !items.is_whole() {
            items.refuse("changes are walked from the first page on: leave the cursor or page out");
        }
        // A search counts what changes meanwhile, and need not find it.
        let numbered = items.pages().paging() == Some(Paging::Page);
        Self {
            items: items.exactly_once().compares(numbered).passes(PASSES),
            since,
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
                Some(Ok(item)) if item.last_changed().is_some_and(|changed| changed < this.since) => {}
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
