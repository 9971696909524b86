//! A list as a stream of whole answers.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::page_size::{PageSize, is_too_slow};
use super::position::{NO_LIST, NOTHING_NEW, OTHER_PAGE, Position, REPEATS, SAME};
use super::repeats::Repeats;
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
use crate::wire::read::DecodeError;

/// Asks for the page of a call.
type Ask<P> = Box<dyn Fn(Client, Call) -> Fetch<P> + Send + Sync>;
/// A page on its way.
type Fetch<P> = Pin<Box<dyn Future<Output = Result<Response<P>, Error>> + Send>>;

/// All pages of a list, as whole answers: made by `pages()` of a list operation's builder.
///
/// Items: `Result<Response<P>, Error>`. Ends after the last page or the first error. The empty page that ends a scroll
/// is a page too.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<P: Page> {
    client: Client,
    ask: Ask<P>,
    /// The call for the page that the walk starts with; `None` if there is a mistake in it.
    call: Option<Box<Call>>,
    /// The operation and the caller's mistake, for each time that the walk is resumed.
    mistake: Option<(&'static str, String)>,
    /// The page that the walk begins with; `None` for the first one.
    from: Option<Cursor>,
    step: Step,
    /// The page that is asked for next, or on its way; `None` for the first one.
    cursor: Option<Cursor>,
    /// Whether the page of `cursor` was delivered, but did not lead to the next one.
    without_next: bool,
    /// The size of the pages, and whether it is reduced when the server is too slow.
    size: PageSize,
    reduces: bool,
    /// Hashes of the cursors so far: eight bytes a page.
    seen: HashSet<u64>,
    repeats: Repeats,
    hasher: RandomState,
    fetch: Option<Fetch<P>>,
    /// A page to deliver once the runtime has had its chance to begin with the one after it, and its own cursor.
    held: Option<(Response<P>, Option<Cursor>)>,
    read_ahead: bool,
}

/// What to do when the next page is wanted.
enum Step {
    /// Ask for it.
    Ask(Box<Call>),
    /// Say why that cannot be.
    Fail(Error),
    /// There is none.
    Done,
}

impl<P: Page + Decode> Pages<P> {
    pub(crate) fn new(client: &Client, call: Result<Call, Error>, cursor: Option<Cursor>) -> Self {
        Self::fetched(client.clone(), call, cursor, |client, call| {
            Box::pin(async move { client.decoded(&call).await })
        })
    }
}

impl<P: Page> Pages<P> {
    /// The pages that `ask` gets for a call.
    pub(crate) fn fetched(
        client: Client,
        call: Result<Call, Error>,
        cursor: Option<Cursor>,
        ask: impl Fn(Client, Call) -> Fetch<P> + Send + Sync + 'static,
    ) -> Self {
        let from = cursor.or_else(|| call.as_ref().ok()?.cursor());
        let size = PageSize::new(call.as_ref().ok().and_then(Call::per_page));
        let (call, mistake, step) = match call {
            Ok(call) => (Some(Box::new(call)), None, Step::Done),
            Err(error) => {
                let mistake = match error.details() {
                    Kind::Builder(what) => what.clone(),
                    _ => error.to_string(),
                };
                (None, Some((error.context().operation, mistake)), Step::Fail(error))
            }
        };
        let mut pages = Self {
            client: client.in_background(),
            ask: Box::new(ask),
            call,
            mistake,
            from,
            step,
            cursor: None,
            without_next: false,
            size,
            reduces: true,
            seen: HashSet::new(),
            repeats: Repeats::default(),
            hasher: RandomState::new(),
            fetch: None,
            held: None,
            read_ahead: false,
        };
        pages.restart();
        pages
    }

    /// Walks the list once more, from where the walk began.
    pub(super) fn restart(&mut self) {
        self.cursor = self.from.clone();
        self.seen.clear();
        if let Some(cursor) = &self.from {
            self.seen.insert(self.hasher.hash_one(cursor));
        }
        self.repeats = Repeats::default();
        self.without_next = false;
        self.resume();
    }

    /// Goes on after an error, with the page that failed, or the one that did not tell where the list goes on.
    pub(super) fn resume(&mut self) {
        if std::mem::take(&mut self.without_next) {
            self.repeats = Repeats::default();
        }
        match (&self.call, &self.mistake) {
            (Some(call), _) => self.step = Step::Ask(call.clone()),
            // A walk that cannot start does not end as if it were complete.
            (None, Some((operation, what))) => self.step = Step::Fail(ErrorContext::mistake(operation, what)),
            (None, None) => {}
        }
    }

    /// Makes no walk of it, and says why, where nothing else is wrong with it.
    pub(super) fn refuse(&mut self, why: &str) {
        if let Some(call) = self.call.take() {
            self.step = Step::Fail(ErrorContext::mistake(call.operation.id, why));
            self.mistake = Some((call.operation.id, why.to_owned()));
            (self.fetch, self.held) = (None, None);
        }
    }

    /// The client that asks for the pages.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The operation's id.
    pub(super) fn operation(&self) -> &'static str {
        let call = self.call.as_ref().map(|call| call.operation.id);
        call.or(self.mistake.as_ref().map(|(operation, _)| *operation))
            .unwrap_or_default()
    }

    /// The time after which a search asks for changes, in epoch seconds.
    pub(super) fn asks_for_changes_since(&self) -> Option<i64> {
        self.call.as_ref()?.asks_for_changes_since()
    }

    /// How the list goes on.
    pub(super) fn paging(&self) -> Option<Paging> {
        self.call.as_ref()?.operation.paging
    }

    /// Whether the walk begins with the first page.
    pub(super) fn is_whole(&self) -> bool {
        let first = |cursor: &Cursor| self.paging() == Some(Paging::Page) && cursor.as_str() == "1";
        self.from.as_ref().is_none_or(first)
    }

    /// Whether the next page is fetched while the caller works on this one, in a task of its own. Default: false, so that
    /// nothing is fetched that is not wanted.
    ///
    /// Of a scroll, a page that was fetched ahead and dropped is lost: the server has moved on.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
    }

    /// Sets whether pages are made smaller when the server is too slow. Default: true.
    ///
    /// Searches of large conversations can take longer than the server allows. If a page of a cursor list fails with 502, 504 or
    /// a timeout after all attempts, the walk asks for a page of half the size from the same cursor, down to 10 items, and grows
    /// back after pages that succeed. [`Response::reduced_page_size`] shows it. Page-numbered lists keep their size, since
    /// another size would number their pages differently; set a smaller `per_page` for them.
    pub fn reduce_page_size(mut self, reduces: bool) -> Self {
        self.reduces = reduces;
        self
    }

    /// The place to continue from after the pages that were delivered: after an error, the page that failed, or the page that did
    /// not lead to the next one.
    ///
    /// `None` at the start of a walk from the first page, at the end, and while a scroll cannot be continued: a page is on its
    /// way, or was lost.
    pub fn cursor(&self) -> Option<&Cursor> {
        let lost = self.fetch.is_some() && matches!(&self.step, Step::Ask(call) if call.is_scroll());
        let cursor = match &self.held {
            Some((_, cursor)) => cursor,
            None => &self.cursor,
        };
        cursor.as_ref().filter(|_| !lost)
    }

    /// Remembers a cursor; `false` when it was there already.
    fn is_new(&mut self, cursor: &Cursor) -> bool {
        self.seen.insert(self.hasher.hash_one(cursor))
    }

    /// Asks for the next page, or says why there is none.
    fn begin(&mut self, ahead: bool) -> Option<Result<Fetch<P>, Error>> {
        let mut call = match std::mem::replace(&mut self.step, Step::Done) {
            Step::Ask(call) => call,
            Step::Fail(error) => return Some(Err(error)),
            Step::Done => return None,
        };
        self.step = Step::Ask(call.clone());
        let turned = call.turn_to(self.cursor.as_ref());
        let sized = turned.and_then(|()| self.size.reduced().map_or(Ok(()), |size| call.set_per_page(size)));
        if let Err(error) = sized {
            self.step = Step::Done;
            return Some(Err(error));
        }
        let mut context = call.context();
        context.attempts = 1;
        let fetch = (self.ask)(self.client.clone(), *call);
        // A task of its own would leave the caller's span.
        #[cfg(feature = "tracing")]
        let fetch = tracing::Instrument::in_current_span(fetch);
        if !ahead {
            return Some(Ok(Box::pin(fetch)));
        }
        Some(Ok(match Task::spawn(fetch) {
            Ok(task) => Box::pin(async move {
                // The server was asked, and nobody will tell what it said.
                task.await.unwrap_or_else(|| Err(context.error(Kind::Lost)))
            }),
            Err(fetch) => Box::pin(fetch),
        }))
    }

    /// Looks where the list goes on after `page`.
    fn advance(&mut self, call: Box<Call>, page: &Response<P>) -> Result<(), Error> {
        let contradiction = |what| page.error(Kind::Contradiction(what));
        let position = page.position();
        let asked = self.cursor.as_ref().and_then(|cursor| cursor.0.parse().ok());
        let is_asked = |page: i64| match asked {
            Some(asked) => page == asked,
            // The first one, wherever the server begins to count.
            None => page == 0 || page == 1,
        };
        if let Position::Page { page: Some(page), .. } = position
            && !is_asked(page)
        {
            return Err(contradiction(OTHER_PAGE));
        }
        let next = page.next(asked.or(Some(1)));
        if next == Err(NO_LIST) {
            let unread = DecodeError {
                path: String::new(),
                expected: NO_LIST,
                found: "an answer without it".to_owned(),
            };
            return Err(page.error(unread));
        }
        if self.repeats.is_same(page) {
            return Err(contradiction(SAME));
        }
        let next = match next {
            Ok(Some(cursor)) if !self.is_new(&cursor) && !call.is_scroll() => Err(REPEATS),
            Ok(Some(_)) if self.repeats.bring_nothing() => Err(NOTHING_NEW),
            next => next,
        };
        self.step = match next {
            Ok(None) => {
                self.cursor = None;
                Step::Done
            }
            Ok(Some(cursor)) => {
                self.cursor = Some(cursor);
                Step::Ask(call)
            }
            Err(what) => {
                self.without_next = true;
                Step::Fail(contradiction(what))
            }
        };
        Ok(())
    }
}

impl<P: Page> Stream for Pages<P> {
    type Item = Result<Response<P>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some((page, _)) = this.held.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        let (answer, cursor) = loop {
            let mut fetch = match this.fetch.take() {
                Some(fetch) => fetch,
                None => match this.begin(false) {
                    Some(Ok(fetch)) => fetch,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                },
            };
            let Poll::Ready(answer) = fetch.as_mut().poll(context) else {
                this.fetch = Some(fetch);
                return Poll::Pending;
            };
            let cursor = this.cursor.clone();
            let step = std::mem::replace(&mut this.step, Step::Done);
            match (answer, step) {
                (Ok(page), Step::Ask(call)) => {
                    let page = page.with_reduced_page_size(this.size.reduced());
                    this.size.succeeded(page.items().len());
                    break (this.advance(call, &page).map(|()| page), cursor);
                }
                (Err(error), Step::Ask(call)) if is_too_slow(&error) => match this.paging() {
                    Some(Paging::Cursor | Paging::CursorInBody) if this.reduces && this.size.reduce() => {
                        this.step = Step::Ask(call);
                    }
                    Some(Paging::Cursor | Paging::CursorInBody | Paging::Page) => {
                        let hint = Some("a smaller `per_page` can help");
                        break (Err(error.in_context(|context| context.hint = hint)), cursor);
                    }
                    _ => break (Err(error), cursor),
                },
                (answer, _) => break (answer, cursor),
            }
        };
        match answer {
            Ok(page) if this.read_ahead && matches!(this.step, Step::Ask(_)) => {
                match this.begin(true) {
                    Some(Ok(fetch)) => this.fetch = Some(fetch),
                    // An error of the next page is delivered when that page is wanted.
                    Some(Err(error)) => this.step = Step::Fail(error),
                    None => {}
                }
                // A task that this one spawned waits until this one pauses. The caller may not pause before it has worked
                // on the page, so that nothing would be fetched meanwhile.
                this.held = Some((page, cursor));
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
        self.fetch.is_none() && self.held.is_none() && matches!(self.step, Step::Done)
    }
}

impl<P: Page> fmt::Debug for Pages<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("read_ahead", &self.read_ahead)
            .finish_non_exhaustive()
    }
}
