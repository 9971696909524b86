//! A list as a stream of its items, each of them once.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::position::NOTHING_NEW;
use super::{Cursor, Identified, Items, Page, Retrievable, RetrieveEach};
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::{Counts, Kind};
use crate::wire::read::Mismatch;

/// Every item of a list exactly once: made by [`Items::exactly_once`].
///
/// Numbered lists are not stable. They are sorted by the time of the last change, and items of the same second stand in
/// another order in each answer, so that a plain walk gets one item twice and its neighbour never. This walk leaves out what
/// it has delivered before, told by the id, and compares at the end how many items it found with the `total_count` of
/// the list. When some are missing it makes [another pass](Self::passes), if it may, and else ends with an error that
/// [`is_incomplete`](Error::is_incomplete).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::start().await;
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
/// The count is the smallest that a page of the pass told, so that what is created meanwhile is not missed. An item that was
/// delivered and is then deleted, or that was created meanwhile, can hide one that is missing. Nothing is compared where the
/// server does not count, and where the walk begins in the middle of the list, unless it is told
/// [what came before](Self::seen). An item that came without an id is told from no other: the first pass delivers it. Memory:
/// the ids.
#[must_use = "streams do nothing unless polled"]
pub struct ExactlyOnce<P: Page> {
    items: Items<P>,
    ids: HashSet<Box<str>>,
    /// How many items came without an id.
    unidentified: usize,
    /// Whether what was found is compared with the list's count.
    compares: bool,
    /// How many passes may still be begun.
    passes: u32,
    /// Whether this is the first pass.
    first: bool,
    /// How many items in a row were delivered before.
    known: usize,
    /// How many passes in a row were begun since an item was found.
    idle: u32,
    /// The smallest count of this pass.
    total_count: Option<i64>,
    end: End,
}

/// So many items in a row may have been delivered before, or twice as many as there are: more are a list without an end.
const KNOWN: usize = 1000;

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

impl<P: Page<Item: Identified>> ExactlyOnce<P> {
    pub(super) fn new(items: Items<P>) -> Self {
        Self {
            compares: items.is_whole(),
            items,
            ids: HashSet::new(),
            unidentified: 0,
            passes: 0,
            first: true,
            known: 0,
            idle: 0,
            total_count: None,
            end: End::Not,
        }
    }

    /// Whether what was found is compared with the list's count, where the server counts.
    pub(super) fn compares(mut self, compares: bool) -> Self {
        self.compares &= compares;
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
        self.ids.extend(ids.into_iter().map(|id| id.into().into_boxed_str()));
        self.compares = true;
        self
    }

    /// The ids of the items that were delivered, and those of [`seen`](Self::seen), in no order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(|id| &**id)
    }

    /// Whether the next page is fetched while the caller works on the items of this one; see
    /// [`Pages::read_ahead`](super::Pages::read_ahead).
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.items = self.items.read_ahead(read_ahead);
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
    /// # let intercom = intercom_client::mock::MockIntercom::start().await;
    /// # intercom.seed("list_articles", (0..30).map(|i| serde_json::json!({"type": "article", "id": i.to_string()})));
    /// # intercom.on("list_articles").answer_once(intercom_client::mock::Answer::error(503, "unavailable", "later"));
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
        self.first = false;
        self.known = 0;
        self.total_count = None;
        self.items.restart();
    }

    /// Remembers an item; whether it is to be delivered.
    fn is_new(&mut self, item: &P::Item) -> bool {
        match item.identity().filter(|id| !id.is_empty()) {
            Some(id) if self.ids.contains(&*id) => false,
            Some(id) => self.ids.insert(id.into()),
            None => {
                self.unidentified += usize::from(self.first);
                self.first
            }
        }
    }

    /// Remembers what the last page says of the list's count.
    fn count(&mut self) {
        let counts = self.items.total_count().into_iter().chain(self.total_count);
        self.total_count = counts.min();
    }

    /// How many items were found.
    fn found(&self) -> usize {
        self.ids.len() + self.unidentified
    }

    /// What is wrong when the list has ended.
    fn missing(&self) -> Option<Error> {
        let total = u64::try_from(self.total_count?).ok().filter(|_| self.compares)?;
        let found = self.found() as u64;
        let operation = self.items.pages().operation();
        (found < total).then(|| ErrorContext::of(operation).error(Kind::Incomplete(Counts { found, total })))
    }

    /// The server's clock when the walk began, see [`Items::begun`]; `None` until the walk has come to its end.
    pub(super) fn begun(&self) -> Option<i64> {
        self.items.begun().filter(|_| self.end == End::Complete)
    }
}

impl<P: Page<Item: Identified>> Stream for ExactlyOnce<P> {
    type Item = Result<P::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.end == End::Not {
            let next = ready!(Pin::new(&mut this.items).poll_next(context));
            this.count();
            match next {
                Some(Ok(item)) if this.is_new(&item) => {
                    (this.known, this.idle) = (0, 0);
                    return Poll::Ready(Some(Ok(item)));
                }
                Some(Ok(_)) if this.known < KNOWN.max(2 * this.found()) => this.known += 1,
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
            .field("ids", &self.ids.len())
            .finish_non_exhaustive()
    }
}
