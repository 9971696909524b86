//! Sends every request: headers, time limits, attempts, and the bytes of the response.
//!
//! This module decodes no JSON, so that all operations share one retry loop.

pub(crate) mod attempt;
mod attempts;
pub(crate) mod authorization;
pub(crate) mod budget;
pub(crate) mod classify;
pub(crate) mod gate;
mod queue;
pub(crate) mod sleep;
pub(crate) mod task;
pub(crate) mod trace;
mod window;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::Instant;
use url::Url;

use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::http::service::HttpService;
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::response::secret::Secret;
use crate::response::typed::Response;
use attempt::{SuccessResponse, next_chunk, timeout_at};
use attempts::{Attempts, Time};
use authorization::Authorization;
use budget::Budget;
use gate::{Gate, Permit, SharedPermit};
use sleep::sleep;
use task::Task;

/// Default timeout of an attempt, and of a request for a token.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to one server; all clones of a client share it.
pub(crate) struct Transport {
    pub http: HttpService,
    pub base_url: Url,
    /// Host and port of the server.
    pub server: Arc<str>,
    pub authorization: Authorization,
    pub version: HeaderValue,
    pub user_agent: HeaderValue,
    /// Time limit of one attempt.
    pub timeout: Option<Duration>,
    /// Time limit for connecting, if it is known.
    pub connect_timeout: Option<Duration>,
    pub retry: RetryPolicy,
    pub max_response_bytes: u64,
    pub gate: Arc<Gate>,
    /// The retry budget; `None` if the number of retries is not limited.
    pub budget: Option<Budget>,
}

/// The longest time for which a token that was supplied after a 401 is kept while the call waits
/// for a permit.
const RENEWED_TOKEN_MAX_AGE: Duration = Duration::from_secs(1);

/// The result of an attempt.
enum Attempted {
    /// The request was sent, or could not be sent for another reason than the token.
    Sent(Result<SuccessResponse, Error>),
    /// No token was supplied.
    NoToken(Failure),
    /// The token was supplied too late for the attempt to start.
    TooLate,
}

/// A call that succeeded.
pub(crate) struct Exchange {
    pub response: SuccessResponse,
    pub span: trace::Span,
}

impl Transport {
    /// Sends a call and collects the bytes of the response.
    pub(crate) async fn bytes(self: &Arc<Self>, call: &Call) -> Result<Response<Bytes>, Error> {
        Ok(self.exchange(call).await?.response.bytes)
    }

    /// Sends a call and returns the body of the response as a stream.
    pub(crate) async fn stream(self: &Arc<Self>, call: &Call) -> Result<Response<ByteStream>, Error> {
        let SuccessResponse {
            bytes: mut response,
            stream,
            is_gzip,
        } = self.exchange(call).await?.response;
        let limit = call.options.timeout.or(self.timeout);
        response.set_limit(limit);
        let chunks = futures_util::stream::try_unfold(stream, move |body| async move {
            let Some(mut body) = body else { return Ok(None) };
            let end = limit.and_then(|limit| Instant::now().checked_add(limit));
            let chunk = timeout_at(end, pin!(next_chunk(&mut body)))
                .await
                .unwrap_or_else(|| Err(Kind::Timeout.into()))?;
            Ok(chunk.map(|chunk| (chunk, Some(body))))
        });
        let stream = ByteStream::new(response.context(), futures_util::StreamExt::fuse(chunks));
        let stream = if is_gzip { stream.decoded() } else { stream };
        Ok(response.map(|_| stream))
    }

    /// Sends a call until it succeeds, as often as its retry policy allows.
    pub(crate) async fn exchange(self: &Arc<Self>, call: &Call) -> Result<Exchange, Error> {
        let policy = call.options.retry.as_ref().unwrap_or(&self.retry);
        let timeout = call.options.timeout.or(self.timeout);
        let mut attempts = Attempts::new(call, policy, timeout, self.connect_timeout, &self.server);
        let span = trace::Span::call(call, &self.base_url);
        let (mut rate_limit_wait, mut permit_wait) = (Duration::ZERO, Duration::ZERO);
        let fail = |attempts: &Attempts<'_>, error: Error| {
            let error = attempts.error(error);
            span.fail(&error);
            Err(error)
        };
        let mut previous_error = None;
        // The header of the next attempt after a 401, and when it was supplied. A call renews its
        // token once.
        let mut renewed: Option<(HeaderValue, Instant)> = None;
        let mut may_renew = true;
        loop {
            let permit = self.gate.permit(attempts.remaining(), |wait| span.wait(wait)).await;
            let permit = match permit {
                Ok(permit) => permit,
                // This attempt was not sent, so the error of the previous one says more.
                Err(expired) => {
                    span.waited(rate_limit_wait + expired.rate_limit_wait, permit_wait + expired.waited);
                    let error = previous_error.unwrap_or_else(|| attempts.unsent(Kind::NotSent));
                    return fail(&attempts, error);
                }
            };
            attempts.add_time(permit.waited);
            rate_limit_wait += permit.rate_limit_wait;
            permit_wait += permit.waited;
            // The wait may have used up the remaining time.
            if let Some(error) = previous_error.take_if(|_| !attempts.have_time(Duration::ZERO)) {
                return fail(&attempts, error);
            }
            let header = renewed
                .take()
                .filter(|(_, supplied)| supplied.elapsed() < RENEWED_TOKEN_MAX_AGE);
            let start = Instant::now();
            let mut context = Box::new(attempts.context());
            context.secret = header.map(|(header, _)| Secret::of(header));
            let time = attempts.time();
            let attempt_span = span.attempt(call, &self.base_url, attempts.number);
            let attempted = self.permitted(permit, call, context, &time, &attempt_span).await;
            span.waited(rate_limit_wait, permit_wait);
            attempts.add_time_since(start);
            let result = match attempted {
                Attempted::Sent(result) => result,
                Attempted::NoToken(failure) => {
                    self.gate.unsent();
                    return fail(&attempts, attempts.unsent(failure));
                }
                Attempted::TooLate => {
                    self.gate.unsent();
                    let error = previous_error.unwrap_or_else(|| attempts.unsent(Kind::NotSent));
                    return fail(&attempts, error);
                }
            };
            let error = match result {
                Ok(response) => {
                    if let Some(budget) = &self.budget {
                        budget.succeeded(attempts.number > 1);
                    }
                    span.response(response.bytes.status(), response.bytes.headers());
                    span.end(attempts.number);
                    return Ok(Exchange { response, span });
                }
                Err(error) => error,
            };
            attempt_span.fail_attempt(&error);
            attempts.record(&error);
            if error.is_unauthorized() && attempts.allow_another() && may_renew {
                // The token may have been replaced since it was supplied. The server did not
                // process the request.
                may_renew = false;
                let start = Instant::now();
                let rejected = error.context().secret.as_ref().map(Secret::header);
                // Boxed, like the pause, because few calls need it and the future would be larger.
                let supplied = Box::pin(self.authorization.renewed(rejected, time.limit)).await;
                attempts.add_time_since(start);
                match supplied {
                    Ok(Some(header)) if attempts.have_time(Duration::ZERO) => {
                        renewed = Some((header, Instant::now()));
                        attempts.start_next(Duration::ZERO);
                        previous_error = Some(error);
                        continue;
                    }
                    Ok(_) => {}
                    // The error keeps the response that rejected the token.
                    Err(failure) => return fail(&attempts, error.context().error(failure)),
                }
            }
            let pause = attempts.pause(&error);
            let in_budget = |_: &Duration| self.budget.as_ref().is_none_or(|budget| budget.take(&error));
            let Some(pause) = pause.filter(in_budget) else {
                return fail(&attempts, error);
            };
            span.pause(attempts.number, pause, &error);
            Box::pin(sleep(pause)).await;
            attempts.start_next(pause);
            previous_error = Some(error);
        }
    }

    /// Requests a token unless the context has one, sends a call once, and returns the permit.
    async fn permitted(
        self: &Arc<Self>,
        permit: Permit,
        call: &Call,
        context: Box<ErrorContext>,
        time: &Time,
        span: &trace::Span,
    ) -> Attempted {
        if !self.gate.is_limited() {
            // Boxed because it is large and would be moved with the futures of callers.
            let attempt = Box::pin(self.authorized(call, context, time, span));
            let attempted = span.run(attempt).await;
            drop(permit);
            return attempted;
        }
        // Other calls wait for this permit. The attempt runs in a task, so that the permit is
        // returned although the caller does not poll the call. If the caller drops the call, the
        // permit is returned although the task's runtime is blocked.
        let permit = SharedPermit::from(permit);
        let callers_permit = permit.clone();
        let (transport, call, time, span) = (Arc::clone(self), call.clone(), *time, span.clone());
        let lost = context.clone();
        let attempt = async move {
            let attempt = Box::pin(transport.authorized(&call, context, &time, &span));
            let attempted = span.run(attempt).await;
            drop(permit);
            attempted
        };
        let attempted = match Task::spawn(Box::pin(attempt)) {
            Ok(task) => task
                .await
                .unwrap_or_else(|| Attempted::Sent(Err(lost.error(Kind::Lost)))),
            Err(attempt) => attempt.await,
        };
        drop(callers_permit);
        attempted
    }

    /// Requests a token unless the context has one, and sends a call once.
    async fn authorized(
        &self,
        call: &Call,
        mut context: Box<ErrorContext>,
        time: &Time,
        span: &trace::Span,
    ) -> Attempted {
        let start = Instant::now();
        if context.secret.is_none() {
            match self.authorization.header(time.limit).await {
                Ok(header) => context.secret = Some(Secret::of(header)),
                Err(failure) => return Attempted::NoToken(failure),
            }
        }
        let now = Instant::now();
        let Some(limit) = time.after_token(now - start) else {
            return Attempted::TooLate;
        };
        let end = limit.and_then(|limit| now.checked_add(limit));
        Attempted::Sent(self.attempt(call, context, end, span).await)
    }
}
