//! A list as a stream of its items, each once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::ledger::{Check, Ledger, StartTime};
use super::position::NO_NEW_ITEMS;
use super::{Cursor, Identified, Items, Page, Retrievable, RetrieveEach};
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::{Counts, Kind};
use crate::wire::read::Mismatch;

/// A stream of the items of a list, each exactly once, returned by [`Items::exactly_once`].
///
/// Page-numbered lists are not stable. They are sorted by the time of the last change, and items with equal times change order
/// between requests, so a plain walk can return one item twice and skip another. If an item is deleted, the items behind it move
/// up, and one of them is skipped. This walk returns each id once and compares at the end the items it received with the
/// `total_count` of the list. If items may be missing, it makes [another pass](Self::max_passes) if allowed. Otherwise it ends with
/// an error for which [`is_incomplete`](Error::is_incomplete) returns `true`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # intercom.seed("list_articles", (0..30).map(|i| serde_json::json!({"type": "article", "id": i.to_string()})));
/// # let client = intercom.client();
/// use futures_util::TryStreamExt;
///
/// let mut articles = client.list_articles().per_page(250).stream().exactly_once().max_passes(3);
/// # let mut delivered = 0;
/// while let Some(article) = articles.try_next().await? {
///     println!("{:?}", article.title);
/// #     delivered += 1;
/// }
/// # assert_eq!(delivered, 30);
/// # Ok(())
/// # }
/// ```
///
/// # When a walk is complete
///
/// - A walk of a page-numbered list is complete if it received as many items that existed at the start of a pass as the list counted
///   then. An item that was [created or changed](Identified::existed_at) during the pass does not count, so it cannot hide a missing
///   one. The dates of items are compared with the `Date` header of the responses; without that header, a list of several pages
///   needs a second pass. Items without dates are taken as older than the walk, unless the count fell.
/// - For other lists, whose items do not move between pages, the number of items received is compared with the smallest count of the
///   pass.
/// - If the list counts more items than it contains, for example entries that are not objects, two passes that agree on the
///   difference are enough.
/// - Nothing is compared if the server does not count, or if the walk starts in the middle of the list without the
///   [ids of the items before](Self::seen).
///
/// Items without an id cannot be deduplicated; only the first pass returns them. The stream keeps all ids in memory.
#[must_use = "streams do nothing unless polled"]
pub struct ExactlyOnce<P: Page> {
    items: Items<P>,
    ledger: Ledger,
    check: Check,
    /// The number of passes that may still be started.
    passes_left: u32,
    /// The number of items in a row that were received before.
    duplicates: u64,
    /// The number of passes in a row that found no new item.
    idle_passes: u32,
    state: State,
}

/// The largest number of items in a row that were received before. In long lists, twice the number of items found are allowed.
/// After that, the list is taken as endless.
const MAX_CONSECUTIVE_DUPLICATES: u64 = 1000;

/// The largest number of passes in a row that find no new item: a count that is too high is never reached.
const MAX_IDLE_PASSES: u32 = 10;

/// The state of a walk.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Running,
    Complete,
    /// Items may be missing.
    Incomplete,
    /// A request failed, or the list does not end.
    Failed,
}

/// Returns the check for a kind of list: the items of page-numbered lists move to other pages when items are deleted.
fn default_check<P: Page>(items: &Items<P>) -> Check {
    match items.pages().paging() {
        Some(Paging::Page) => Check::ExistedAtStart { strict: false },
        _ => Check::Count,
    }
}

impl<P: Page<Item: Identified>> ExactlyOnce<P> {
    pub(super) fn new(items: Items<P>) -> Self {
        let covers_list = items.covers_list();
        Self {
            check: if covers_list {
                default_check(&items)
            } else {
                Check::Nothing
            },
            items,
            ledger: Ledger::new(covers_list),
            passes_left: 0,
            duplicates: 0,
            idle_passes: 0,
            state: State::Running,
        }
    }

    /// Replaces the check for missing items.
    pub(super) fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// Sets the maximum number of passes over the list. Default: 1, which is also the minimum.
    ///
    /// The walk ends before that if no item is missing, or if ten passes in a row found no new item.
    #[doc(alias = "passes")]
    pub fn max_passes(mut self, passes: u32) -> Self {
        self.passes_left = passes.saturating_sub(1);
        self
    }

    /// Adds the [ids](Self::ids) of items that an earlier walk returned. This walk does not return them and counts them as found.
    ///
    /// This continues a walk that was stopped, either from its cursor, or from the first page, which also finds missing items.
    /// Further passes start at the same page.
    pub fn seen<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        ids.into_iter().for_each(|id| self.ledger.add_earlier(id.into()));
        self.check = default_check(&self.items);
        self
    }

    /// Returns the ids of the items returned so far and those of [`seen`](Self::seen), in any order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ledger.ids()
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

    /// Returns the cursor of the page after the current one; see [`Items::cursor`].
    pub fn cursor(&self) -> Option<&Cursor> {
        self.items.cursor()
    }

    /// Returns the number of items in the entire list, as reported by the newest page; see [`Items::total_count`].
    pub fn total_count(&self) -> Option<i64> {
        self.items.total_count()
    }

    /// Returns the values of the current page whose type differs from the description; see [`Items::mismatches`].
    pub fn mismatches(&self) -> &[Mismatch] {
        self.items.mismatches()
    }

    /// Continues after an error.
    ///
    /// The stream requests the page again that failed or did not lead to the next page. If items were missing, it makes another
    /// pass. Does nothing if the stream has not ended, or has ended without an error.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # intercom.seed("list_articles", (0..30).map(|i| serde_json::json!({"type": "article", "id": i.to_string()})));
    /// # intercom.on("list_articles").respond_once(intercom_client::mock::MockResponse::error(503, "unavailable", "later"));
    /// # let client = intercom.client_builder().retry(intercom_client::RetryPolicy::none()).build()?;
    /// use futures_util::StreamExt;
    ///
    /// let mut articles = client.list_articles().stream().exactly_once();
    /// # let mut delivered = 0;
    /// while let Some(article) = articles.next().await {
    /// #     delivered += usize::from(article.is_ok());
    ///     match article {
    ///         Ok(article) => println!("{:?}", article.title),
    ///         Err(error) if error.is_retryable() => articles.resume(),
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # assert_eq!(delivered, 30);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(&mut self) {
        match self.state {
            State::Running | State::Complete => return,
            State::Incomplete => {
                self.idle_passes = 0;
                self.start_pass();
            }
            State::Failed => self.items.resume(),
        }
        self.state = State::Running;
    }

    /// Retrieves each item in full with the operation that returns one item; see [`RetrieveEach`].
    pub fn retrieve_each(self) -> RetrieveEach<Self>
    where
        P::Item: Retrievable,
    {
        RetrieveEach::new(self)
    }

    /// Returns the items of the list, with duplicates.
    pub(super) fn items(&self) -> &Items<P> {
        &self.items
    }

    fn start_pass(&mut self) {
        self.duplicates = 0;
        self.ledger.start_pass();
        self.items.restart();
    }

    /// Adds an item to the ledger; returns `true` if it was not received before.
    fn is_new(&mut self, item: &P::Item) -> bool {
        let id = item.identity().filter(|id| !id.is_empty());
        let existed_at = || item.existed_at().map(|moment| moment.as_seconds());
        self.ledger.add_item(id.as_deref(), existed_at)
    }

    /// Returns the error for a pass after which items may be missing.
    fn incomplete(&self) -> Option<Error> {
        if self.ledger.is_complete(self.check) {
            return None;
        }
        let (found, total) = (self.ledger.found(), self.ledger.count(self.check));
        let operation = self.items.pages().operation();
        Some(ErrorContext::of(operation).error(Kind::Incomplete(Counts { found, total })))
    }

    /// Returns the time at which the walk started, in epoch seconds, by the earlier of two clocks, see [`StartTime`]; `None` until
    /// the walk is complete.
    pub(super) fn start_time(&self) -> Option<i64> {
        let start = self.ledger.start_time().filter(|_| self.state == State::Complete);
        start.map(|StartTime { earliest, .. }| earliest)
    }
}

impl<P: Page<Item: Identified>> Stream for ExactlyOnce<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.state == State::Running {
            let next = ready!(Pin::new(&mut this.items).poll_next(context));
            let items = &this.items;
            this.ledger.add_page(
                items.pages_read(),
                items.total_count(),
                items.start_time(),
                items.has_empty_page(),
            );
            match next {
                Some(Ok(item)) if this.is_new(&item) => {
                    (this.duplicates, this.idle_passes) = (0, 0);
                    return Poll::Ready(Some(Ok(item)));
                }
                Some(Ok(_))
                    if this.duplicates < MAX_CONSECUTIVE_DUPLICATES.max(this.ledger.found().saturating_mul(2)) =>
                {
                    this.duplicates += 1;
                }
                Some(Ok(_)) => {
                    this.duplicates = 0;
                    this.state = State::Failed;
                    let operation = this.items.pages().operation();
                    let mut context = ErrorContext::of(operation);
                    context.attempts = 1;
                    let error = context.error(Kind::Contradiction(NO_NEW_ITEMS));
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Err(error)) => {
                    this.state = State::Failed;
                    return Poll::Ready(Some(Err(error)));
                }
                None => match this.incomplete() {
                    None => this.state = State::Complete,
                    Some(_) if this.passes_left > 0 && this.idle_passes < MAX_IDLE_PASSES => {
                        this.passes_left -= 1;
                        this.idle_passes += 1;
                        this.start_pass();
                    }
                    Some(error) => {
                        this.state = State::Incomplete;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
            }
        }
        Poll::Ready(None)
    }
}

impl<P: Page<Item: Identified>> FusedStream for ExactlyOnce<P> {
    fn is_terminated(&self) -> bool {
        self.state != State::Running
    }
}

impl<P: Page> Unpin for ExactlyOnce<P> {}

impl<P: Page> fmt::Debug for ExactlyOnce<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactlyOnce")
            .field("items", &self.items)
            .field("found", &self.ledger.found())
            .finish_non_exhaustive()
    }
}
