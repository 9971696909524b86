//! Many calls of one kind: inputs go through one operation, some at a time, inside the rate limit.
//!
//! ```
//! use futures_util::StreamExt;
//! use intercom_client::mock::MockIntercom;
//! use intercom_client::types::CreateDataEventRequest;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = MockIntercom::new();
//! # let client = intercom.client();
//! let orders = (0..100).map(|number| {
//!     let event = CreateDataEventRequest::builder().event_name("placed-order").created_at(1_730_419_200);
//!     event.user_id(format!("customer-{number}"))
//! });
//! let mut push = client.push(orders, |client, event| client.create_data_event().body(event));
//! while let Some(pushed) = push.next().await {
//!     match pushed.result {
//!         Ok(_) => {}
//!         Err(error) if error.may_have_been_carried_out() => println!("number {} is unknown: {error}", pushed.index),
//!         Err(error) => println!("number {} failed: {error}", pushed.index),
//!     }
//! }
//! assert_eq!(push.progress().succeeded, 100);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesOrdered};

use crate::client::Client;
use crate::response::error::Error;

impl Client {
    /// Makes one call for each of the inputs, [some at a time](Push::concurrency), as a stream of what became of each: see
    /// [`Push`]. What `call` returns is awaited: a builder, or any future with an [`Error`](crate::Error).
    ///
    /// ```
    /// # use futures_util::StreamExt;
    /// # use intercom_client::mock::MockIntercom;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = MockIntercom::new();
    /// # let client = intercom.client();
    /// let tags = ["vip", "trial", "churned"];
    /// let push = client.push(tags, |client, name| client.create_tag().body_map(|b| b.name(*name)));
    /// let failed: Vec<_> = push.filter(|pushed| std::future::ready(pushed.result.is_err())).collect().await;
    /// assert!(failed.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn push<'a, I, T, F>(
        &self,
        inputs: impl IntoIterator<Item = I, IntoIter: Send + 'a>,
        call: impl FnMut(&Client, &I) -> F + Send + 'a,
    ) -> Push<'a, I, T>
    where
        I: Send + 'a,
        T: Send + 'a,
        F: IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'a>,
    {
        self.push_stream(stream::iter(inputs), call)
    }

    /// The same for inputs that come as a stream, such as the lines of a file or what [walks a list](crate::paging). A next
    /// one is taken when there is room for its call.
    pub fn push_stream<'a, I, T, F>(
        &self,
        inputs: impl Stream<Item = I> + Send + 'a,
        mut call: impl FnMut(&Client, &I) -> F + Send + 'a,
    ) -> Push<'a, I, T>
    where
        I: Send + 'a,
        T: Send + 'a,
        F: IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'a>,
    {
        Push {
            client: self.in_background(),
            inputs: Box::pin(inputs),
            call: Box::new(move |client, input| {
                let call = call(client, &input).into_future();
                Box::pin(async move {
                    let result = call.await;
                    (input, result)
                })
            }),
            concurrency: 10,
            under_way: FuturesOrdered::new(),
            ended: false,
            progress: Progress::default(),
        }
    }
}

/// A call with its input, which comes back with the result.
type Call<'a, I, T> = BoxFuture<'a, (I, Result<T, Error>)>;
/// Begins the call of an input.
type Begin<'a, I, T> = Box<dyn FnMut(&Client, I) -> Call<'a, I, T> + Send + 'a>;

/// Many calls of one kind, some at a time: made by [`Client::push`].
///
/// A stream of one [`Pushed`] for each input, in the order of the inputs: what came so far is a count to go on from. A call
/// that takes long, or is repeated after a pause, holds back what comes after it. A failed call ends nothing;
/// [`stop`](Self::stop) where an error says that none can succeed, such as [`is_unauthorized`](Error::is_unauthorized).
///
/// Nothing is sent twice: each input is given to one call, and that is repeated by its [`RetryPolicy`](crate::RetryPolicy) only
/// where a second attempt does no harm. A call that is no read, PUT or DELETE and whose answer was lost is an error that
/// [`may_have_been_carried_out`](Error::may_have_been_carried_out); whether to send its input again, only you know.
///
/// Nothing is sent before this is polled, and no input is taken while there is no room for its call. Dropping it stops: calls
/// under way are given up, and may have been carried out. To stop without that, [`stop`](Self::stop) and take what is left of
/// the stream. Memory: the inputs and answers of the calls under way.
///
/// On a runtime, calls that were begun make progress while this is not polled, and the time counts against no timeout: the
/// caller can take as long as it needs between two results.
#[must_use = "streams do nothing unless polled"]
pub struct Push<'a, I, T> {
    client: Client,
    inputs: BoxStream<'a, I>,
    call: Begin<'a, I, T>,
    concurrency: usize,
    under_way: FuturesOrdered<Call<'a, I, T>>,
    /// Whether no further input is taken.
    ended: bool,
    progress: Progress,
}

/// What became of one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct Pushed<I, T> {
    /// The place of the input among all, counted from 0.
    pub index: u64,
    /// The input as it was given.
    pub input: I,
    /// What its call answered, or why it failed.
    pub result: Result<T, Error>,
}

/// How far a [`Push`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Calls that succeeded, of those that the stream has delivered.
    pub succeeded: u64,
    /// Calls that failed, of those that the stream has delivered.
    pub failed: u64,
    /// Failed calls that [may have been carried out](Error::may_have_been_carried_out).
    pub unknown: u64,
    /// Calls that were begun and not delivered yet.
    pub under_way: usize,
    /// How long the next request waits for the rate limit; zero while it does not have to.
    pub waiting: Duration,
}

impl<I, T> Push<'_, I, T> {
    /// How many calls are under way at once. Default: 10; 0 counts as 1.
    ///
    /// More make it faster as far as the rate limit and the client's
    /// [`max_in_flight`](crate::ClientBuilder::max_in_flight) let them.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// How far it is. To show a wait, ask from time to time, as `tokio::select!` over this stream and an interval does.
    pub fn progress(&self) -> Progress {
        Progress {
            under_way: self.under_way.len(),
            waiting: self.client.rate_limit_wait(),
            ..self.progress.clone()
        }
    }

    /// Takes no further input: the stream ends with the calls that are under way.
    pub fn stop(&mut self) {
        self.ended = true;
    }
}

impl<'a, I: 'a, T> Push<'a, I, T> {
    /// The inputs that were not taken. Those of calls under way are not among them: see [`stop`](Self::stop).
    pub fn into_inputs(self) -> impl Stream<Item = I> + Send + 'a {
        self.inputs
    }
}

impl<I, T> Stream for Push<'_, I, T> {
    type Item = Pushed<I, T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.ended && this.under_way.len() < this.concurrency {
            match this.inputs.as_mut().poll_next(context) {
                Poll::Ready(Some(input)) => this.under_way.push_back((this.call)(&this.client, input)),
                Poll::Ready(None) => this.ended = true,
                Poll::Pending => break,
            }
        }
        match Pin::new(&mut this.under_way).poll_next(context) {
            Poll::Ready(Some((input, result))) => {
                let progress = &mut this.progress;
                let index = progress.succeeded + progress.failed;
                match &result {
                    Ok(_) => progress.succeeded += 1,
                    Err(error) => {
                        progress.failed += 1;
                        progress.unknown += u64::from(error.may_have_been_carried_out());
                    }
                }
                Poll::Ready(Some(Pushed { index, input, result }))
            }
            Poll::Ready(None) if this.ended => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let under_way = self.under_way.len();
        match self.ended {
            true => (under_way, Some(under_way)),
            false => {
                let (least, most) = self.inputs.size_hint();
                let all = |inputs: usize| inputs.saturating_add(under_way);
                (all(least), most.map(all))
            }
        }
    }
}

impl<I, T> FusedStream for Push<'_, I, T> {
    fn is_terminated(&self) -> bool {
        self.ended && self.under_way.is_empty()
    }
}

impl<I, T> Unpin for Push<'_, I, T> {}

impl<I, T> fmt::Debug for Push<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push")
            .field("concurrency", &self.concurrency)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}
