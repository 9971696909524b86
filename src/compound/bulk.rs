//! Bulk calls: one call per input, several at a time, within the rate limit.
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
//!     let event = CreateDataEventRequest::builder().event_name("placed-order");
//!     event.created_at(1_730_419_200).user_id(format!("customer-{number}"))
//! });
//! let mut bulk = client.bulk(orders, |client, event| client.create_data_event().body(event));
//! while let Some(done) = bulk.next().await {
//!     if let Err(error) = done.result {
//!         let unknown = error.may_have_been_carried_out();
//!         println!("input {}: {error}, outcome unknown: {unknown}", done.index);
//!     }
//! }
//! assert_eq!(bulk.progress().succeeded, 100);
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

/// The default of [`Bulk::concurrency`].
const DEFAULT_CONCURRENCY: usize = 10;

impl Client {
    /// Runs one call per input, up to ten concurrently, and returns a stream of the results.
    ///
    /// `call` receives the client and the input, and returns a request builder or any future that
    /// fails with an [`Error`](crate::Error). The results are in the order of the inputs; see
    /// [`Bulk`].
    ///
    /// ```
    /// # use futures_util::StreamExt;
    /// # use intercom_client::mock::MockIntercom;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = MockIntercom::new();
    /// # let client = intercom.client();
    /// let tags = ["vip", "trial", "churned"];
    /// let mut bulk = client.bulk(tags, |client, name| {
    ///     client.create_tag().body_map(|body| body.name(*name))
    /// });
    /// while let Some(done) = bulk.next().await {
    ///     println!("{}: {:?}", done.input, done.result?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "batch")]
    #[doc(alias = "import")]
    #[doc(alias = "push")]
    pub fn bulk<'a, I, T, F>(
        &self,
        inputs: impl IntoIterator<Item = I, IntoIter: Send + 'a>,
        call: impl FnMut(&Client, &I) -> F + Send + 'a,
    ) -> Bulk<'a, I, T>
    where
        I: Send + 'a,
        T: Send + 'a,
        F: IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'a>,
    {
        self.bulk_stream(stream::iter(inputs), call)
    }

    /// Runs one call per item of a stream of inputs, such as the lines of a file or the [items of a
    /// list](crate::paging).
    ///
    /// Like [`bulk`](Self::bulk). An input is requested from the stream when its call can start.
    #[doc(alias = "push_stream")]
    pub fn bulk_stream<'a, I, T, F>(
        &self,
        inputs: impl Stream<Item = I> + Send + 'a,
        mut call: impl FnMut(&Client, &I) -> F + Send + 'a,
    ) -> Bulk<'a, I, T>
    where
        I: Send + 'a,
        T: Send + 'a,
        F: IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'a>,
    {
        Bulk {
            client: self.in_background(),
            inputs: Box::pin(inputs),
            start_call: Box::new(move |client, input| {
                let call = call(client, &input).into_future();
                Box::pin(async move {
                    let result = call.await;
                    (input, result)
                })
            }),
            concurrency: DEFAULT_CONCURRENCY,
            in_flight: FuturesOrdered::new(),
            no_more_inputs: false,
            progress: BulkProgress::default(),
        }
    }
}

/// A running call. It returns the input together with the result.
type RunningCall<'a, I, T> = BoxFuture<'a, (I, Result<T, Error>)>;
/// Starts the call for an input.
type StartCall<'a, I, T> = Box<dyn FnMut(&Client, I) -> RunningCall<'a, I, T> + Send + 'a>;

/// A stream of the results of many calls, started by [`Client::bulk`].
///
/// # Order
///
/// Yields one [`BulkResult`] per input, in the order of the inputs, so the number of results
/// received is the position from which to resume. A slow call delays the results after it.
///
/// # Errors
///
/// A failed call does not end the stream. Call [`stop`](Self::stop) on errors that every further
/// call would return as well, such as [`is_unauthorized`](Error::is_unauthorized).
///
/// Each input is passed to one call. That call is retried under its
/// [`RetryPolicy`](crate::RetryPolicy), so a request that is not idempotent is not sent twice. If
/// its response is lost, the result is an error for which
/// [`may_have_been_carried_out`](Error::may_have_been_carried_out) is `true`, and the caller
/// decides whether to send the input again.
///
/// # Execution
///
/// Nothing is sent before the first poll. Inputs are read only when their call can start, so memory
/// use is bounded by the calls in flight. On a tokio runtime, calls in flight proceed while the
/// stream is not polled, and time spent by the caller between two results does not count against
/// their timeouts.
///
/// Dropping the stream cancels the calls in flight; the server may have carried them out. To finish
/// them, call [`stop`](Self::stop) and read the stream to its end.
#[must_use = "streams do nothing unless polled"]
pub struct Bulk<'a, I, T> {
    client: Client,
    inputs: BoxStream<'a, I>,
    start_call: StartCall<'a, I, T>,
    concurrency: usize,
    in_flight: FuturesOrdered<RunningCall<'a, I, T>>,
    no_more_inputs: bool,
    progress: BulkProgress,
}

/// The result of the call for one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkResult<I, T> {
    /// The position of the input, counted from 0.
    pub index: u64,
    /// The input.
    pub input: I,
    /// The response of the call, or the error that it failed with.
    pub result: Result<T, Error>,
}

/// The progress of a [`Bulk`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkProgress {
    /// Results returned so far that are successful.
    pub succeeded: u64,
    /// Results returned so far that are errors.
    pub failed: u64,
    /// Errors among them after which the request [may have been carried
    /// out](Error::may_have_been_carried_out).
    pub outcome_unknown: u64,
    /// Calls that were started and whose results have not been returned yet.
    pub in_flight: usize,
    /// The time until the rate limit allows the next request; zero if it allows one now.
    pub rate_limit_wait: Duration,
}

impl<I, T> Bulk<'_, I, T> {
    /// Sets the maximum number of calls in flight. Default: 10. 0 is treated as 1.
    ///
    /// The rate limit and the client's [`max_in_flight`](crate::ClientBuilder::max_in_flight) apply
    /// as well.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Returns the progress so far.
    ///
    /// To display waits, call this periodically, for example with `tokio::select!` over this stream
    /// and an interval.
    pub fn progress(&self) -> BulkProgress {
        BulkProgress {
            in_flight: self.in_flight.len(),
            rate_limit_wait: self.client.rate_limit_wait(),
            ..self.progress.clone()
        }
    }

    /// Stops reading inputs. The stream ends after the results of the calls in flight.
    pub fn stop(&mut self) {
        self.no_more_inputs = true;
    }
}

impl<'a, I: 'a, T> Bulk<'a, I, T> {
    /// Returns the inputs that have not been read. Calls in flight are canceled;
    /// [`stop`](Self::stop) finishes them.
    pub fn into_remaining_inputs(self) -> impl Stream<Item = I> + Send + 'a {
        self.inputs
    }
}

impl<I, T> Stream for Bulk<'_, I, T> {
    type Item = BulkResult<I, T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.no_more_inputs && this.in_flight.len() < this.concurrency {
            match this.inputs.as_mut().poll_next(context) {
                Poll::Ready(Some(input)) => this.in_flight.push_back((this.start_call)(&this.client, input)),
                Poll::Ready(None) => this.no_more_inputs = true,
                Poll::Pending => break,
            }
        }
        match Pin::new(&mut this.in_flight).poll_next(context) {
            Poll::Ready(Some((input, result))) => {
                let progress = &mut this.progress;
                let index = progress.succeeded + progress.failed;
                match &result {
                    Ok(_) => progress.succeeded += 1,
                    Err(error) => {
                        progress.failed += 1;
                        progress.outcome_unknown += u64::from(error.may_have_been_carried_out());
                    }
                }
                Poll::Ready(Some(BulkResult { index, input, result }))
            }
            Poll::Ready(None) if this.no_more_inputs => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let in_flight = self.in_flight.len();
        match self.no_more_inputs {
            true => (in_flight, Some(in_flight)),
            false => {
                let (lower, upper) = self.inputs.size_hint();
                let total = |inputs: usize| inputs.saturating_add(in_flight);
                (total(lower), upper.map(total))
            }
        }
    }
}

impl<I, T> FusedStream for Bulk<'_, I, T> {
    fn is_terminated(&self) -> bool {
        self.no_more_inputs && self.in_flight.is_empty()
    }
}

impl<I, T> Unpin for Bulk<'_, I, T> {}

impl<I, T> fmt::Debug for Bulk<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("concurrency", &self.concurrency)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}
