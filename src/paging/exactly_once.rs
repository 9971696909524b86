//! A list as a stream of its items, each of them once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::ledger::{Check, Ledger};
use super::position::NOTHING_NEW;
use super::{Cursor, Identified, Items, Page, Retrievable, RetrieveEach};
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::{Counts, Kind};
use crate::wire::read::Mismatch;

/// Every item of a list exactly once: made by [`Items::exactly_once`].
///
/// Page-numbered lists are not stable. They are sorted by the time of the last change, and items with equal times change order
/// between requests, so a plain walk can return one item twice and skip another. If an item is deleted, the items behind it move
/// up, and one of them is skipped. This walk delivers each id once, and compares at the end what it met with the `total_count` of
/// the list. If items may be missing, it makes [another pass](Self::passes) if allowed. Otherwise it ends with an error for
/// which [`is_incomplete`](Error::is_incomplete) is true.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # intercom.seed("list_articles", (0..30).map(|i| serde_json::json!({"type": "article", "id": i.to_string()})));
/// # let client = intercom.client();
/// use futures_util::TryStreamExt;
///
/// let mut articles = client.list_articles().per_page(250).stream().exactly_once().passes(3);
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
/// For page-numbered lists the walk is complete if as many items as the list counted at the start of a pass existed at that
/// moment and were met. An item that was [created or changed](Identified::existed_at) during the pass does not count, so it cannot
/// hide a missing one. Items without dates are taken as older than the walk, unless the count fell. For other lists, whose items
/// do not move between pages, the number of items found is compared with the smallest count of the pass.
///
/// If the list counts more than it shows, such as entries that are not objects, two passes that agree on the difference settle it.
/// Nothing is compared if the server does not count, or if the walk starts in the middle of the list, unless it is given the ids
/// [that came before](Self::seen). Items without an id cannot be deduplicated; only the first pass returns them. Memory: the ids.
#[must_use = "streams do nothing unless polled"]
pub struct ExactlyOnce<P: Page> {
    items: Items<P>,
    ledger: Ledger,
    check: Check,
    /// How many passes may still be begun.
    passes: u32,
    /// How many items in a row were delivered before.
    known: u64,
    /// How many passes in a row were begun since an item was found.
    idle: u32,
    end: End,
}

/// So many items in a row may have been delivered before, or twice as many as there are: more are a list without an end.
const KNOWN: u64 = 1000;

/// So many passes in a row may find nothing: a count that is too high is never reached.
const IDLE: u32 = 10;

/// How the walk ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// It goes on.
    Not,
    /// With the last item.
    Complete,
    /// With fewer items than the list counts.
    Incomplete,
    /// With a call that failed.
    Failed,
}

/// What the items of a list are compared with: those of numbered pages move from page to page when others are deleted.
fn check_of<P: Page>(items: &Items<P>) -> Check {
    match items.pages().paging() {
        Some(Paging::Page) => Check::Moments { strict: false },
        _ => Check::Count,
    }
}

impl<P: Page<Item: Identified>> ExactlyOnce<P> {
    pub(super) fn new(items: Items<P>) -> Self {
        let is_whole = items.is_whole();
        Self {
            check: if is_whole { check_of(&items) } else { Check::Nothing },
            items,
            ledger: Ledger::new(is_whole),
            passes: 0,
            known: 0,
            idle: 0,
            end: End::Not,
        }
    }

    /// Replaces what is compared with the list's count.
    pub(super) fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// How many passes over the list are made at the most, until no item is missing, or ten in a row found none. Default, and at
    /// least: 1.
    pub fn passes(mut self, passes: u32) -> Self {
        self.passes = passes.saturating_sub(1);
        self
    }

    /// The [ids](Self::ids) of the items that an earlier walk delivered: they are not delivered again, and count as found.
    ///
    /// So a walk that was stopped goes on: from its cursor, or with the first page, which finds what is missing too. Another pass
    /// begins where this walk began.
    pub fn seen<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        ids.into_iter().for_each(|id| self.ledger.met_before(id.into()));
        self.check = check_of(&self.items);
        self
    }

    /// The ids of the items that were delivered, and those of [`seen`](Self::seen), in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ledger.ids()
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

    /// Where the list goes on after the items of this page: see [`Items::cursor`].
    pub fn cursor(&self) -> Option<&Cursor> {
        self.items.cursor()
    }

    /// How many items the whole list has, as the last page fetched says: see [`Items::total_count`].
    pub fn total_count(&self) -> Option<i64> {
        self.items.total_count()
    }

    /// What of the page that the items come from is of another kind than described: see [`Items::mismatches`].
    pub fn mismatches(&self) -> &[Mismatch] {
        self.items.mismatches()
    }

    /// Goes on after an error: with the page that failed or did not tell where the list goes on, or with another pass when items
    /// were missing. Does nothing while the stream has not ended, and when it ended without an error.
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
        match self.end {
            End::Not | End::Complete => return,
            End::Incomplete => {
                self.idle = 0;
                self.begin_pass();
            }
            End::Failed => self.items.resume(),
        }
        self.end = End::Not;
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
        &self.items
    }

    fn begin_pass(&mut self) {
        self.known = 0;
        self.ledger.start_pass();
        self.items.restart();
    }

    /// Remembers an item; returns `true` if it is to be delivered.
    fn is_new(&mut self, item: &P::Item) -> bool {
        let id = item.identity().filter(|id| !id.is_empty());
        let existed = || item.existed_at().map(|moment| moment.as_seconds());
        self.ledger.item(id.as_deref(), existed)
    }

    /// The error if items may be missing at the end of a pass.
    fn missing(&self) -> Option<Error> {
        if self.ledger.is_complete(self.check) {
            return None;
        }
        let (found, total) = (self.ledger.found(), self.ledger.count(self.check));
        let operation = self.items.pages().operation();
        Some(ErrorContext::of(operation).error(Kind::Incomplete(Counts { found, total })))
    }

    /// The server's clock when the walk began, see [`Items::begun`]; `None` until the walk is complete.
    pub(super) fn begun(&self) -> Option<i64> {
        self.ledger.begun().filter(|_| self.end == End::Complete)
    }
}

impl<P: Page<Item: Identified>> Stream for ExactlyOnce<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.end == End::Not {
            let next = ready!(Pin::new(&mut this.items).poll_next(context));
            let items = &this.items;
            this.ledger
                .page(items.pages_read(), items.total_count(), items.begun(), items.has_hole());
            match next {
                Some(Ok(item)) if this.is_new(&item) => {
                    (this.known, this.idle) = (0, 0);
                    return Poll::Ready(Some(Ok(item)));
                }
                Some(Ok(_)) if this.known < KNOWN.max(this.ledger.found().saturating_mul(2)) => this.known += 1,
                Some(Ok(_)) => {
                    this.known = 0;
                    this.end = End::Failed;
                    let operation = this.items.pages().operation();
                    let mut context = ErrorContext::of(operation);
                    context.attempts = 1;
                    let error = context.error(Kind::Contradiction(NOTHING_NEW));
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Err(error)) => {
                    this.end = End::Failed;
                    return Poll::Ready(Some(Err(error)));
                }
                None => match this.missing() {
                    None => this.end = End::Complete,
                    Some(_) if this.passes > 0 && this.idle < IDLE => {
                        this.passes -= 1;
                        this.idle += 1;
                        this.begin_pass();
                    }
                    Some(error) => {
                        this.end = End::Incomplete;
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
        self.end != End::Not
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
