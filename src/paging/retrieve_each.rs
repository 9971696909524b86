//! The items of a list, each retrieved in full.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::stream::FuturesOrdered;

use super::{Changes, Cursor, Dated, ExactlyOnce, Identified, Items, Page, sealed};
use crate::call::operation::Paging;
use crate::client::Client;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;
use crate::response::typed::Response;
use crate::wire::timestamp::Timestamp;

/// An item that can be retrieved in full by its id.
///
/// Implemented for the list items of the description for which an operation returns one item. Implement it for your own types to
/// retrieve the items of a [raw list](crate::Request::stream).
pub trait Retrievable: Identified + Send + 'static {
    /// The type that the operation returns.
    type Full: Send + 'static;

    /// Starts the call.
    fn retrieve(client: &Client, id: &str) -> RetrieveFuture<Self::Full>;
}

/// The future of a call that retrieves an item.
pub type RetrieveFuture<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

/// A stream over the items of a list: [`Items`], [`ExactlyOnce`] or [`Changes`].
///
/// This trait is sealed: only types of this crate implement it.
pub trait Walk: sealed::SealedWalk + Stream<Item = Result<<Self::Page as Page>::Item, Error>> + Unpin {
    /// The type of the pages.
    type Page: Page;

    #[doc(hidden)]
    fn list_items(&self) -> &Items<Self::Page>;

    #[doc(hidden)]
    fn resume_walk(&mut self);

    /// Returns the time at which an item last changed, if the walk is one of changes.
    #[doc(hidden)]
    fn last_changed(_: &<Self::Page as Page>::Item) -> Option<Timestamp> {
        None
    }
}

impl<P: Page> sealed::SealedWalk for Items<P> {}
impl<P: Page> sealed::SealedWalk for ExactlyOnce<P> {}
impl<P: Page> sealed::SealedWalk for Changes<P> {}

impl<P: Page> Walk for Items<P> {
    type Page = P;

    fn list_items(&self) -> &Items<P> {
        self
    }

    fn resume_walk(&mut self) {
        self.resume();
    }
}

impl<P: Page<Item: Identified>> Walk for ExactlyOnce<P> {
    type Page = P;

    fn list_items(&self) -> &Items<P> {
        self.items()
    }

    fn resume_walk(&mut self) {
        self.resume();
    }
}

impl<P: Page<Item: Dated>> Walk for Changes<P> {
    type Page = P;

    fn last_changed(item: &P::Item) -> Option<Timestamp> {
        item.last_changed()
    }

    fn list_items(&self) -> &Items<P> {
        self.items()
    }

    fn resume_walk(&mut self) {
        self.resume();
    }
}

/// A stream of the items of a list, each retrieved in full: returned by `retrieve_each()` of [`Items`], [`ExactlyOnce`] and
/// [`Changes`].
///
/// Lists and searches leave out parts of their items: a conversation has no parts there, an article no statistics. This stream
/// retrieves each item with the operation that returns one item, [several at a time](Self::concurrency), and returns them in the
/// order of the list.
///
/// ```
/// use futures_util::TryStreamExt;
/// use intercom_client::mock::MockIntercom;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = MockIntercom::new();
/// # let client = intercom.client();
/// let mut conversations = client.list_conversations().stream().retrieve_each();
/// while let Some(conversation) = conversations.try_next().await? {
///     let parts = conversation.conversation_parts.unwrap_or_default();
///     println!("{:?}: {} parts", conversation.id, parts.conversation_parts.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Items that fail
///
/// An item that was deleted after it was listed is left out, and [`not_found`](Self::not_found) returns its id. Any other error ends
/// the stream, after the items before it were returned. If an item failed, [`Error::item`] returns its id. [`resume`](Self::resume)
/// retries that item. [`skip_failed`](Self::skip_failed) leaves it out, so that an item that always fails does not stop the walk:
///
/// ```
/// use futures_util::StreamExt;
/// # use intercom_client::mock::{MockResponse, MockIntercom};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = MockIntercom::new();
/// # intercom.on("retrieve_conversation").respond_once(MockResponse::error(422, "odd", "this one always fails"));
/// # let client = intercom.client();
/// let mut conversations = client.list_conversations().stream().retrieve_each();
/// while let Some(conversation) = conversations.next().await {
///     match conversation {
///         Ok(conversation) => println!("{:?}", conversation.id),
///         // A retryable error may not occur again in a later run, and without a valid token every item fails.
///         Err(error) if error.is_retryable() || error.is_unauthorized() => return Err(error),
///         Err(error) if conversations.skip_failed() => eprintln!("skipped: {error}"),
///         Err(error) => return Err(error),
///     }
/// }
/// println!("failed: {:?}", conversations.failed());
/// # assert_eq!(conversations.failed().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// Alternatively, start again [from the cursor](Self::cursor). To set more parameters of each call than the id, pass the items to
/// [`Client::bulk_stream`](crate::Client::bulk_stream).
///
/// # Truncated conversations
///
/// A conversation contains at most its 500 newest parts, while `conversation_parts.total_count` counts all of them. In that case
/// `is_truncated()` of its `conversation_parts` returns `true`. The API offers no way to read the other parts.
///
/// # Slow callers
///
/// On a tokio runtime, calls make progress while the stream is not polled, so a slow caller causes no timeout. The stream holds one
/// page of the list and as many items as are retrieved concurrently. Dropping it cancels these calls.
#[must_use = "streams do nothing unless polled"]
pub struct RetrieveEach<W: Walk<Page: Page<Item: Retrievable>>> {
    walk: W,
    concurrency: usize,
    calls: FuturesOrdered<RetrieveFuture<Full<W>>>,
    /// The items of `calls`, in the same order.
    pending: VecDeque<PendingItem>,
    walk_ended: bool,
    /// The error that ended the walk, until it is returned.
    walk_error: Option<Error>,
    /// Whether the stream ended with an error.
    failed: bool,
    not_found: Vec<String>,
    skipped: Vec<String>,
    /// The earliest last change of the skipped items; the inner `None` is a skipped item without that time.
    earliest_skipped: Option<Option<Timestamp>>,
}

/// The type that the operation for one item returns.
type Full<W> = <<<W as Walk>::Page as Page>::Item as Retrievable>::Full;

/// An item that is being retrieved.
struct PendingItem {
    /// `None` if the item of the list has no id.
    id: Option<String>,
    /// The cursor of the page that the item is from.
    page: Option<Cursor>,
    /// When the item last changed, if the walk is one of changes.
    last_changed: Option<Timestamp>,
}

/// The default of [`RetrieveEach::concurrency`].
const DEFAULT_CONCURRENCY: usize = 10;

impl<W: Walk<Page: Page<Item: Retrievable>>> RetrieveEach<W> {
    pub(super) fn new(walk: W) -> Self {
        Self {
            walk,
            concurrency: DEFAULT_CONCURRENCY,
            calls: FuturesOrdered::new(),
            pending: VecDeque::new(),
            walk_ended: false,
            walk_error: None,
            failed: false,
            not_found: Vec::new(),
            skipped: Vec::new(),
            earliest_skipped: None,
        }
    }

    /// Sets the maximum number of items that are retrieved at a time. Default: 10; 0 counts as 1.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.concurrency = items.max(1);
        self
    }

    /// Returns the ids of items for which the server returned 404: they were deleted after they were listed, or this app has no access
    /// to them.
    pub fn not_found(&self) -> &[String] {
        &self.not_found
    }

    /// Returns the number of items in the entire list, as reported by the newest page; see [`Items::total_count`].
    pub fn total_count(&self) -> Option<i64> {
        self.walk.list_items().total_count()
    }

    /// Continues after an error, with the item or the page that failed. Does nothing if the stream has not ended, or has ended without
    /// an error.
    ///
    /// A page that did not lead to the next page is requested again, and a scroll that lost a page starts again. Items of these that
    /// were already returned are returned again, unless the walk is [`ExactlyOnce`] or [`Changes`].
    pub fn resume(&mut self) {
        if !std::mem::take(&mut self.failed) {
            return;
        }
        // An item that failed is still the first pending one. Without one, the walk failed.
        match self.pending.front() {
            Some(PendingItem { id: Some(id), .. }) => {
                let call = <W::Page as Page>::Item::retrieve(self.walk.list_items().pages().client(), id);
                self.calls.push_front(call);
            }
            Some(PendingItem { id: None, .. }) => drop(self.pending.pop_front()),
            None => {
                self.walk_ended = false;
                self.walk.resume_walk();
            }
        }
    }

    /// Leaves out the item that failed, so that the stream continues with the next one; [`failed`](Self::failed) returns its id.
    ///
    /// Returns `false` and changes nothing if no item failed: the stream has not ended, or a page of the list failed, which
    /// [`resume`](Self::resume) requests again.
    pub fn skip_failed(&mut self) -> bool {
        if !self.failed {
            return false;
        }
        let Some(item) = self.pending.pop_front() else {
            return false;
        };
        self.failed = false;
        self.earliest_skipped = Some(match self.earliest_skipped {
            Some(earliest) => earliest.min(item.last_changed),
            None => item.last_changed,
        });
        self.skipped.extend(item.id);
        true
    }

    /// Returns the ids of the items that were [skipped](Self::skip_failed) after they failed.
    pub fn failed(&self) -> &[String] {
        &self.skipped
    }

    /// Returns `true` if all items were returned or skipped.
    fn is_complete(&self) -> bool {
        self.walk_ended && self.walk_error.is_none() && self.pending.is_empty() && !self.failed
    }

    fn start_call(&mut self, item: &<W::Page as Page>::Item) {
        let items = self.walk.list_items();
        let id = item.identity().filter(|id| !id.is_empty());
        let id = id.map(std::borrow::Cow::into_owned);
        let call = match &id {
            Some(id) => <W::Page as Page>::Item::retrieve(items.pages().client(), id),
            None => {
                let message = "an item of the list has no id, so it cannot be retrieved";
                let mut context = ErrorContext::of(items.pages().operation());
                context.attempts = 1;
                let error = context.error(Kind::Contradiction(message));
                Box::pin(ready(Err(error)))
            }
        };
        let page = items.page_cursor().cloned();
        self.calls.push_back(call);
        let last_changed = W::last_changed(item);
        self.pending.push_back(PendingItem { id, page, last_changed });
    }
}

impl<P: Page<Item: Retrievable>> RetrieveEach<Items<P>> {
    /// Returns the cursor from which to resume so that no item is skipped: that of the page of the first item that was not returned.
    ///
    /// Items of that page that were already returned are returned again. `None` in the same cases as [`Items::cursor`], and for a
    /// scroll until all items of its page were returned, because no page of a scroll can be requested twice.
    pub fn cursor(&self) -> Option<&Cursor> {
        let pages = self.walk.pages();
        let (first, left) = (self.pending.front(), self.walk.left_in_page());
        let page = match first {
            Some(item) => item.page.as_ref(),
            None if left > 0 => self.walk.page_cursor(),
            None => return pages.cursor(),
        };
        page.filter(|_| pages.paging() != Some(Paging::Scroll))
    }
}

impl<P: Page<Item: Retrievable + Dated>> RetrieveEach<Changes<P>> {
    /// Returns the time from which to start the next run, after every item was returned or skipped; see [`Changes::watermark`].
    ///
    /// It is never later than a change that was not returned. If items were [skipped](Self::skip_failed), it is at most the earliest of
    /// their last changes, so that the next run retrieves them again, with everything that changed since. If your program stores the
    /// ids of [`failed`](Self::failed) items instead, use [`watermark_without_failed`](Self::watermark_without_failed).
    pub fn watermark(&self) -> Option<Timestamp> {
        let watermark = self.watermark_without_failed()?;
        let since = self.walk.since();
        Some(match self.earliest_skipped {
            Some(changed) => watermark.min(changed.unwrap_or(since)).max(since),
            None => watermark,
        })
    }

    /// Returns the time from which to start the next run as if no item had been skipped. The next run does not cover the
    /// [`failed`](Self::failed) items: the caller must store their ids and retrieve them.
    pub fn watermark_without_failed(&self) -> Option<Timestamp> {
        self.walk.watermark().filter(|_| self.is_complete())
    }
}

impl<W: Walk<Page: Page<Item: Retrievable>>> Stream for RetrieveEach<W> {
    type Item = Result<Full<W>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        loop {
            while !this.walk_ended && this.pending.len() < this.concurrency {
                match Pin::new(&mut this.walk).poll_next(context) {
                    Poll::Ready(Some(Ok(item))) => this.start_call(&item),
                    Poll::Ready(Some(Err(error))) => {
                        this.walk_ended = true;
                        this.walk_error = Some(error);
                    }
                    Poll::Ready(None) => this.walk_ended = true,
                    Poll::Pending => break,
                }
            }
            match Pin::new(&mut this.calls).poll_next(context) {
                Poll::Ready(Some(Ok(response))) => {
                    this.pending.pop_front();
                    return Poll::Ready(Some(Ok(response.into_inner())));
                }
                Poll::Ready(Some(Err(error))) if error.is_not_found() => {
                    let item = this.pending.pop_front();
                    this.not_found.extend(item.and_then(|item| item.id));
                }
                Poll::Ready(Some(Err(error))) => {
                    this.failed = true;
                    let id = this.pending.front().and_then(|item| item.id.as_deref());
                    return Poll::Ready(Some(Err(error.in_context(|context| context.item = id.map(Into::into)))));
                }
                Poll::Ready(None) if this.walk_ended => {
                    let error = this.walk_error.take();
                    this.failed = error.is_some();
                    return Poll::Ready(error.map(Err));
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<W: Walk<Page: Page<Item: Retrievable>>> FusedStream for RetrieveEach<W> {
    fn is_terminated(&self) -> bool {
        self.failed || self.is_complete()
    }
}

impl<W: Walk<Page: Page<Item: Retrievable>>> Unpin for RetrieveEach<W> {}

impl<W: Walk<Page: Page<Item: Retrievable>>> fmt::Debug for RetrieveEach<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetrieveEach")
            .field("items", self.walk.list_items())
            .field("concurrency", &self.concurrency)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}
