//! The items of a list, each of them in full.

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

/// An item that an operation shows in full, by its id.
///
/// The types of the description that lists hold are, where it has an operation that gets one of them. Implement it for a type
/// of your own to retrieve what a [raw list](crate::Request::stream) holds.
pub trait Retrievable: Identified + Send + 'static {
    /// What the operation answers with.
    type Full: Send + 'static;

    /// Begins the call.
    fn retrieve(client: &Client, id: &str) -> Retrieving<Self::Full>;
}

/// An item on its way.
pub type Retrieving<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

/// A walk over the items of a list: [`Items`], [`ExactlyOnce`] or [`Changes`]. Sealed.
pub trait Walk: sealed::Walks + Stream<Item = Result<<Self::Page as Page>::Item, Error>> + Unpin {
    /// A page of the list.
    type Page: Page;

    /// The items that are walked.
    #[doc(hidden)]
    fn walked(&self) -> &Items<Self::Page>;

    /// Goes on after an error.
    #[doc(hidden)]
    fn go_on(&mut self);

    /// When an item last changed, where the walk knows.
    #[doc(hidden)]
    fn last_changed(_: &<Self::Page as Page>::Item) -> Option<Timestamp> {
        None
    }
}

impl<P: Page> sealed::Walks for Items<P> {}
impl<P: Page> sealed::Walks for ExactlyOnce<P> {}
impl<P: Page> sealed::Walks for Changes<P> {}

impl<P: Page> Walk for Items<P> {
    type Page = P;

    fn walked(&self) -> &Items<P> {
        self
    }

    fn go_on(&mut self) {
        self.resume();
    }
}

impl<P: Page<Item: Identified>> Walk for ExactlyOnce<P> {
    type Page = P;

    fn walked(&self) -> &Items<P> {
        self.items()
    }

    fn go_on(&mut self) {
        self.resume();
    }
}

impl<P: Page<Item: Dated>> Walk for Changes<P> {
    type Page = P;

    fn last_changed(item: &P::Item) -> Option<Timestamp> {
        item.last_changed()
    }

    fn walked(&self) -> &Items<P> {
        self.items()
    }

    fn go_on(&mut self) {
        self.resume();
    }
}

/// The items of a list, each in full: made by `retrieve_each()` of [`Items`], [`ExactlyOnce`] and [`Changes`].
///
/// Lists and searches leave parts of their items out: a conversation comes without its parts, an article without its
/// statistics. This asks for each item by the operation that shows one, [some at a time](Self::concurrency), and delivers them
/// in the order of the list.
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
/// An item that was deleted after it was listed is left out, and [`not_found`](Self::not_found) has its id. Any other error ends
/// the stream, after the items before it were delivered. If an item failed, [`Error::item`] is its id. [`resume`](Self::resume)
/// asks for that item again, and [`skip_failed`](Self::skip_failed) leaves it out, so that an item that always fails does not stop the walk:
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
///         // A later run may succeed with what `is_retryable`, and no item succeeds without a token.
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
/// Alternatively, start again [from the cursor](Self::cursor). To set more for each call than the id, give the items to
/// [`Client::push_stream`](crate::Client::push_stream).
///
/// # What an item lacks
///
/// A conversation holds at most its 500 newest parts, while `conversation_parts.total_count` counts all of them: `is_truncated()`
/// of its `conversation_parts` tells. The API has no way to the others.
///
/// # Slow callers
///
/// On a runtime, items that were asked for make progress while this is not polled, and the time counts against no timeout.
/// Memory: a page of the list, and as many items as are under way. Dropping it gives up what is under way.
#[must_use = "streams do nothing unless polled"]
pub struct RetrieveEach<W: Walk<Page: Page<Item: Retrievable>>> {
    walk: W,
    concurrency: usize,
    calls: FuturesOrdered<Retrieving<Full<W>>>,
    /// What is under way, in its order.
    asked: VecDeque<Asked>,
    walk_ended: bool,
    /// What ended the walk, until it is delivered.
    walk_error: Option<Error>,
    /// Whether an error was delivered.
    failed: bool,
    not_found: Vec<String>,
    skipped: Vec<String>,
    /// The earliest last change of a skipped item; `None` within for an item without one.
    earliest_skipped: Option<Option<Timestamp>>,
}

/// What the operation that shows an item answers with.
type Full<W> = <<<W as Walk>::Page as Page>::Item as Retrievable>::Full;

/// An item that is asked for.
struct Asked {
    /// `None` when it came without one.
    id: Option<String>,
    /// The cursor of the page that it came from.
    page: Option<Cursor>,
    /// When it last changed, where the walk knows.
    changed: Option<Timestamp>,
}

impl<W: Walk<Page: Page<Item: Retrievable>>> RetrieveEach<W> {
    pub(super) fn new(walk: W) -> Self {
        Self {
            walk,
            concurrency: 10,
            calls: FuturesOrdered::new(),
            asked: VecDeque::new(),
            walk_ended: false,
            walk_error: None,
            failed: false,
            not_found: Vec::new(),
            skipped: Vec::new(),
            earliest_skipped: None,
        }
    }

    /// How many items are asked for at once. Default: 10; 0 counts as 1.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.concurrency = items.max(1);
        self
    }

    /// The ids of items that were listed and then answered by 404: they were deleted meanwhile, or this app may not see them.
    pub fn not_found(&self) -> &[String] {
        &self.not_found
    }

    /// How many items the whole list has, as the last page fetched says: see [`Items::total_count`].
    pub fn total_count(&self) -> Option<i64> {
        self.walk.walked().total_count()
    }

    /// Goes on after an error: with the item that failed, or with the page. A page that did not tell where the list goes on is
    /// asked for again, and a scroll that lost a page begins anew: what was delivered of them comes again, unless the walk is
    /// [`ExactlyOnce`] or [`Changes`]. Does nothing while the stream has not ended, and when it ended without an error.
    pub fn resume(&mut self) {
        if !std::mem::take(&mut self.failed) {
            return;
        }
        // Where an item failed, it is still the first of those asked for; else the walk did.
        match self.asked.front() {
            Some(Asked { id: Some(id), .. }) => {
                let call = <W::Page as Page>::Item::retrieve(self.walk.walked().pages().client(), id);
                self.calls.push_front(call);
            }
            Some(Asked { id: None, .. }) => drop(self.asked.pop_front()),
            None => {
                self.walk_ended = false;
                self.walk.go_on();
            }
        }
    }

    /// Leaves out the item that failed, so that the stream continues with the next one; [`failed`](Self::failed) lists it.
    ///
    /// Returns `false`, and changes nothing, if no item failed: the stream has not ended, or the list itself failed, which
    /// [`resume`](Self::resume) asks for again.
    pub fn skip_failed(&mut self) -> bool {
        if !self.failed {
            return false;
        }
        let Some(asked) = self.asked.pop_front() else {
            return false;
        };
        self.failed = false;
        self.earliest_skipped = Some(match self.earliest_skipped {
            Some(earliest) => earliest.min(asked.changed),
            None => asked.changed,
        });
        self.skipped.extend(asked.id);
        true
    }

    /// The ids of the items that were [skipped](Self::skip_failed) after they failed.
    pub fn failed(&self) -> &[String] {
        &self.skipped
    }

    /// Whether all items were delivered.
    fn is_complete(&self) -> bool {
        self.walk_ended && self.walk_error.is_none() && self.asked.is_empty() && !self.failed
    }

    fn ask(&mut self, item: &<W::Page as Page>::Item) {
        let items = self.walk.walked();
        let id = item.identity().filter(|id| !id.is_empty());
        let id = id.map(std::borrow::Cow::into_owned);
        let call = match &id {
            Some(id) => <W::Page as Page>::Item::retrieve(items.pages().client(), id),
            None => {
                let what = "an item of the list has no id to retrieve it by";
                let mut context = ErrorContext::of(items.pages().operation());
                context.attempts = 1;
                let error = context.error(Kind::Contradiction(what));
                Box::pin(ready(Err(error)))
            }
        };
        let page = items.page_cursor().cloned();
        self.calls.push_back(call);
        let changed = W::last_changed(item);
        self.asked.push_back(Asked { id, page, changed });
    }
}

impl<P: Page<Item: Retrievable>> RetrieveEach<Items<P>> {
    /// Where the list goes on so that no item is passed over: the page of the first item that was not delivered. What was delivered
    /// of that page comes again. `None` where [`Items::cursor`] is; for scrolls also while items of a page are left, since
    /// no page comes twice.
    pub fn cursor(&self) -> Option<&Cursor> {
        let pages = self.walk.pages();
        let (asked, left) = (self.asked.front(), self.walk.left_in_page());
        let page = match asked {
            Some(asked) => asked.page.as_ref(),
            None if left > 0 => self.walk.page_cursor(),
            None => return pages.cursor(),
        };
        page.filter(|_| pages.paging() != Some(Paging::Scroll))
    }
}

impl<P: Page<Item: Retrievable + Dated>> RetrieveEach<Changes<P>> {
    /// The moment to begin with next time, once every item was delivered or skipped: see [`Changes::watermark`].
    ///
    /// It never passes a change that was not delivered: if items were [skipped](Self::skip_failed), it is at most the earliest of their
    /// last changes, so that the next run asks for them again, and for everything that changed since. To keep the ids of
    /// [`failed`](Self::failed) items elsewhere instead, use [`watermark_without_failed`](Self::watermark_without_failed).
    pub fn watermark(&self) -> Option<Timestamp> {
        let watermark = self.watermark_without_failed()?;
        let since = self.walk.since();
        Some(match self.earliest_skipped {
            Some(changed) => watermark.min(changed.unwrap_or(since)).max(since),
            None => watermark,
        })
    }

    /// The moment to begin with next time as if no item had been skipped. It does not cover the [`failed`](Self::failed) items: the
    /// caller stores their ids and retrieves them by itself.
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
            while !this.walk_ended && this.asked.len() < this.concurrency {
                match Pin::new(&mut this.walk).poll_next(context) {
                    Poll::Ready(Some(Ok(item))) => this.ask(&item),
                    Poll::Ready(Some(Err(error))) => {
                        this.walk_ended = true;
                        this.walk_error = Some(error);
                    }
                    Poll::Ready(None) => this.walk_ended = true,
                    Poll::Pending => break,
                }
            }
            match Pin::new(&mut this.calls).poll_next(context) {
                Poll::Ready(Some(Ok(answer))) => {
                    this.asked.pop_front();
                    return Poll::Ready(Some(Ok(answer.into_inner())));
                }
                Poll::Ready(Some(Err(error))) if error.is_not_found() => {
                    let asked = this.asked.pop_front();
                    this.not_found.extend(asked.and_then(|asked| asked.id));
                }
                Poll::Ready(Some(Err(error))) => {
                    this.failed = true;
                    let item = this.asked.front().and_then(|asked| asked.id.as_deref());
                    return Poll::Ready(Some(Err(
                        error.in_context(|context| context.item = item.map(Into::into))
                    )));
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
            .field("items", self.walk.walked())
            .field("concurrency", &self.concurrency)
            .field("under_way", &self.asked.len())
            .finish_non_exhaustive()
    }
}
