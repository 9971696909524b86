//! A list as a stream of its pages.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::outline::Outline;
use super::page_size::{PageSize, is_too_slow};
use super::position::{MISSING_LIST, NO_NEW_ITEMS, Position, REPEATED_CURSOR, REPEATED_PAGE, WRONG_PAGE};
use super::repeats::{Repeats, SeenCursor};
use super::{Cursor, Page};
use crate::call::call::Call;
use crate::call::operation::Paging;
use crate::client::Client;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;
use crate::response::typed::Response;
use crate::transport::task::Task;
use crate::wire::decode::Decode;
use crate::wire::read::{DecodeError, utf8_text};

/// Sends a call and reads its response as a page.
type FetchPage<P> = Box<dyn Fn(Client, Call) -> PageFuture<P> + Send + Sync>;
/// A request for a page.
type PageFuture<P> = Pin<Box<dyn Future<Output = Result<Response<P>, Error>> + Send>>;

/// A stream of the pages of a list, returned by `pages()` of a list operation's builder.
///
/// Yields `Result<Response<P>, Error>` and ends after the last page or the first error. The empty page at the end of a scroll is
/// also returned.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<P: Page> {
    client: Client,
    fetch_page: FetchPage<P>,
    /// The call for the first page of the walk; `None` if the call is invalid.
    call: Option<Box<Call>>,
    /// The operation and the reason if the call is invalid: each resumed walk fails with it again.
    mistake: Option<(&'static str, String)>,
    /// The cursor from which the walk starts; `None` for the first page.
    start: Option<Cursor>,
    next_step: NextStep,
    /// The cursor of the page that is requested now or next; `None` for the first page.
    cursor: Option<Cursor>,
    /// Whether the page of `cursor` was returned, but did not lead to the next page.
    is_dead_end: bool,
    page_size: PageSize,
    reduces_page_size: bool,
    repeats: Repeats,
    fetch: Option<PageFuture<P>>,
    /// A page that is returned by the next poll, and its own cursor. The runtime can start the request for the page after it
    /// before that.
    ready: Option<(Response<P>, Option<Cursor>)>,
    read_ahead: bool,
}

/// The action of the stream when it is polled for the next page.
enum NextStep {
    Request(Box<Call>),
    Fail(Error),
    End,
}

impl<P: Page + Decode> Pages<P> {
    pub(crate) fn new(client: &Client, call: Result<Call, Error>, cursor: Option<Cursor>) -> Self {
        Self::fetched(client.clone(), call, cursor, |client, call| {
            Box::pin(async move { client.decoded(&call).await })
        })
    }
}

impl<P: Page> Pages<P> {
    /// Returns the pages that `fetch_page` reads.
    pub(crate) fn fetched(
        client: Client,
        call: Result<Call, Error>,
        cursor: Option<Cursor>,
        fetch_page: impl Fn(Client, Call) -> PageFuture<P> + Send + Sync + 'static,
    ) -> Self {
        let start = cursor.or_else(|| call.as_ref().ok()?.cursor());
        let page_size = PageSize::new(call.as_ref().ok().and_then(Call::per_page));
        let (call, mistake, next_step) = match call {
            Ok(call) => (Some(Box::new(call)), None, NextStep::End),
            Err(error) => {
                let mistake = match error.details() {
                    Kind::Builder(mistake) => mistake.clone(),
                    _ => error.to_string(),
                };
                (None, Some((error.context().operation, mistake)), NextStep::Fail(error))
            }
        };
        let mut pages = Self {
            client: client.in_background(),
            fetch_page: Box::new(fetch_page),
            call,
            mistake,
            start,
            next_step,
            cursor: None,
            is_dead_end: false,
            page_size,
            reduces_page_size: true,
            repeats: Repeats::default(),
            fetch: None,
            ready: None,
            read_ahead: false,
        };
        pages.restart();
        pages
    }

    /// Starts another pass over the list, from the page at which the walk started.
    pub(super) fn restart(&mut self) {
        self.cursor = self.start.clone();
        self.repeats = Repeats::starting_from(self.start.as_ref());
        self.is_dead_end = false;
        self.resume();
    }

    /// Continues after an error, with the page that failed or did not lead to the next page.
    pub(super) fn resume(&mut self) {
        if std::mem::take(&mut self.is_dead_end) {
            self.repeats.forget_contents();
        }
        match (&self.call, &self.mistake) {
            (Some(call), _) => self.next_step = NextStep::Request(call.clone()),
            // A walk that cannot start must not end as if it were complete.
            (None, Some((operation, mistake))) => {
                self.next_step = NextStep::Fail(ErrorContext::builder_error(operation, mistake));
            }
            (None, None) => {}
        }
    }

    /// Makes the walk fail with this reason, unless its call is already invalid.
    pub(super) fn refuse(&mut self, reason: &str) {
        if let Some(call) = self.call.take() {
            self.next_step = NextStep::Fail(ErrorContext::builder_error(call.operation.id, reason));
            self.mistake = Some((call.operation.id, reason.to_owned()));
            (self.fetch, self.ready) = (None, None);
        }
    }

    /// Returns the client that requests the pages.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the operation's id.
    pub(super) fn operation(&self) -> &'static str {
        let call = self.call.as_ref().map(|call| call.operation.id);
        call.or(self.mistake.as_ref().map(|(operation, _)| *operation))
            .unwrap_or_default()
    }

    /// Returns the time after which a search asks for changes, in epoch seconds.
    pub(super) fn asks_for_changes_since(&self) -> Option<i64> {
        self.call.as_ref()?.asks_for_changes_since()
    }

    /// Returns the kind of paging of the list.
    pub(super) fn paging(&self) -> Option<Paging> {
        self.call.as_ref()?.operation.paging
    }

    /// Returns `true` if the walk starts with the first page.
    pub(super) fn starts_at_first_page(&self) -> bool {
        let first = |cursor: &Cursor| self.paging() == Some(Paging::Page) && cursor.as_str() == "1";
        self.start.as_ref().is_none_or(first)
    }

    /// Sets whether the next page is fetched in the background while the caller works on this one. Default: `false`, so no page is
    /// fetched that the caller does not read.
    ///
    /// If a page of a scroll is fetched ahead and then dropped, it is lost, because the server has already moved the scroll.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
    }

    /// Sets whether smaller pages are requested if the server is too slow. Default: `true`.
    ///
    /// A search of large conversations can take longer than the server allows. If a page of a cursor list fails with 502, 504 or
    /// a timeout after all attempts, the walk requests a page of half the size from the same cursor, down to 10 items. After
    /// successful pages the size grows again. [`Response::reduced_page_size`] returns the size in use. Page-numbered lists keep
    /// their size, because another size would change the page numbers; set a smaller `per_page` for them.
    pub fn reduce_page_size(mut self, reduce: bool) -> Self {
        self.reduces_page_size = reduce;
        self
    }

    /// Returns the cursor from which to resume after the pages returned so far: after an error, that of the page that failed or did
    /// not lead to the next page.
    ///
    /// `None` before the first page of a walk that starts there, after the last page, and if a scroll cannot be resumed because a
    /// page is being fetched or was lost.
    pub fn cursor(&self) -> Option<&Cursor> {
        let is_scroll_moving =
            self.fetch.is_some() && matches!(&self.next_step, NextStep::Request(call) if call.is_scroll());
        let cursor = match &self.ready {
            Some((_, cursor)) => cursor,
            None => &self.cursor,
        };
        cursor.as_ref().filter(|_| !is_scroll_moving)
    }

    /// Starts the request for the next page; `None` after the last page.
    fn start_fetch(&mut self, in_background: bool) -> Option<Result<PageFuture<P>, Error>> {
        let mut call = match std::mem::replace(&mut self.next_step, NextStep::End) {
            NextStep::Request(call) => call,
            NextStep::Fail(error) => return Some(Err(error)),
            NextStep::End => return None,
        };
        self.next_step = NextStep::Request(call.clone());
        let turned = call.turn_to(self.cursor.as_ref());
        let sized = turned.and_then(|()| self.page_size.reduced().map_or(Ok(()), |size| call.set_per_page(size)));
        if let Err(error) = sized {
            self.next_step = NextStep::End;
            return Some(Err(error));
        }
        let mut context = call.context();
        context.attempts = 1;
        let fetch = (self.fetch_page)(self.client.clone(), *call);
        // A spawned task has no span unless it is given one.
        #[cfg(feature = "tracing")]
        let fetch = tracing::Instrument::in_current_span(fetch);
        if !in_background {
            return Some(Ok(Box::pin(fetch)));
        }
        Some(Ok(match Task::spawn(fetch) {
            Ok(task) => Box::pin(async move {
                // The task was cancelled with its runtime, so the response is lost.
                task.await.unwrap_or_else(|| Err(context.error(Kind::Lost)))
            }),
            Err(fetch) => Box::pin(fetch),
        }))
    }

    /// Finds the page after `page`. Fails without a change of the cursor if the items of `page` must not be returned.
    fn advance(&mut self, call: Box<Call>, page: &Response<P>) -> Result<(), Error> {
        let contradiction = |message| page.error(Kind::Contradiction(message));
        let position = page.position();
        let requested = self.cursor.as_ref().and_then(|cursor| cursor.0.parse().ok());
        let is_requested = |page: i64| match requested {
            Some(requested) => page == requested,
            // The first page, whether the server counts from 0 or 1.
            None => page == 0 || page == 1,
        };
        if let Position::Page { page: Some(page), .. } = position
            && !is_requested(page)
        {
            return Err(contradiction(WRONG_PAGE));
        }
        let next = page.next(requested.or(Some(1)));
        if next == Err(MISSING_LIST) {
            let name = page.list_name().unwrap_or_default();
            let unread = DecodeError {
                path: name.to_owned(),
                expected: "a list",
                found: Outline::of(&utf8_text(page.body())).kind_of_list(name).to_owned(),
            };
            return Err(page.error(unread));
        }
        if self.repeats.is_repeated(page) {
            return Err(contradiction(REPEATED_PAGE));
        }
        let next = match next {
            Ok(Some(cursor)) if call.is_scroll() => Ok(Some(cursor)),
            Ok(Some(cursor)) => match self.repeats.add_cursor(&cursor, page) {
                SeenCursor::New => Ok(Some(cursor)),
                SeenCursor::OnOtherPage => Err(REPEATED_CURSOR),
                SeenCursor::OnSamePage => return Err(contradiction(REPEATED_PAGE)),
            },
            next => next,
        };
        let next = match next {
            Ok(Some(_)) if self.repeats.has_no_new_items() => Err(NO_NEW_ITEMS),
            next => next,
        };
        self.next_step = match next {
            Ok(None) => {
                self.cursor = None;
                NextStep::End
            }
            Ok(Some(cursor)) => {
                self.cursor = Some(cursor);
                NextStep::Request(call)
            }
            Err(message) => {
                self.is_dead_end = true;
                NextStep::Fail(contradiction(message))
            }
        };
        Ok(())
    }
}

impl<P: Page> Stream for Pages<P> {
    type Item = Result<Response<P>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some((page, _)) = this.ready.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        let (result, cursor) = loop {
            let mut fetch = match this.fetch.take() {
                Some(fetch) => fetch,
                None => match this.start_fetch(false) {
                    Some(Ok(fetch)) => fetch,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                },
            };
            let Poll::Ready(result) = fetch.as_mut().poll(context) else {
                this.fetch = Some(fetch);
                return Poll::Pending;
            };
            let cursor = this.cursor.clone();
            let step = std::mem::replace(&mut this.next_step, NextStep::End);
            match (result, step) {
                (Ok(page), NextStep::Request(call)) => {
                    let page = page.with_reduced_page_size(this.page_size.reduced());
                    this.page_size.succeeded(page.items().len());
                    break (this.advance(call, &page).map(|()| page), cursor);
                }
                (Err(error), NextStep::Request(call)) if is_too_slow(&error) => match this.paging() {
                    Some(Paging::Cursor | Paging::CursorInBody)
                        if this.reduces_page_size && this.page_size.reduce() =>
                    {
                        this.next_step = NextStep::Request(call);
                    }
                    Some(Paging::Cursor | Paging::CursorInBody | Paging::Page) => {
                        let hint = Some("a smaller `per_page` can help");
                        break (Err(error.in_context(|context| context.hint = hint)), cursor);
                    }
                    _ => break (Err(error), cursor),
                },
                (result, _) => break (result, cursor),
            }
        };
        match result {
            Ok(page) if this.read_ahead && matches!(this.next_step, NextStep::Request(_)) => {
                match this.start_fetch(true) {
                    Some(Ok(fetch)) => this.fetch = Some(fetch),
                    // An error of the next page is returned when that page is polled for.
                    Some(Err(error)) => this.next_step = NextStep::Fail(error),
                    None => {}
                }
                // A spawned task starts when the current task yields. Without this, a caller that does not yield while it
                // works on the page would delay the request for the next one.
                this.ready = Some((page, cursor));
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(error) => {
                if error.is_scroll_restart() || error.is_scroll_expired() {
                    this.cursor = None;
                }
                Poll::Ready(Some(Err(error)))
            }
            Ok(page) => Poll::Ready(Some(Ok(page))),
        }
    }
}

impl<P: Page> Unpin for Pages<P> {}

impl<P: Page> FusedStream for Pages<P> {
    fn is_terminated(&self) -> bool {
        self.fetch.is_none() && self.ready.is_none() && matches!(self.next_step, NextStep::End)
    }
}

impl<P: Page> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("read_ahead", &self.read_ahead)
            .finish_non_exhaustive()
    }
}
