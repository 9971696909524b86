//! What happens to every request: headers, limits, attempts, and the bytes of the answer.
//!
//! It moves bytes and decodes nothing, so all operations share one retry loop.

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
use attempt::{Answer, next_chunk, timeout_at};
use attempts::{Attempts, Time};
use authorization::Authorization;
use budget::Budget;
use gate::{Expired, Gate, Permit, SharedPermit};
use sleep::sleep;
use task::Task;

/// How long an attempt may take, and a token may take to be supplied, where nothing else is said.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to one server: what all clones of a client share.
pub(crate) struct Transport {
    pub http: HttpService,
    pub base_url: Url,
    /// Host and port of the server.
    pub server: Arc<str>,
    pub authorization: Authorization,
    pub version: HeaderValue,
    pub user_agent: HeaderValue,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// How long connecting may take, where that is known.
    pub connect_timeout: Option<Duration>,
    pub retry: RetryPolicy,
    pub max_response_bytes: u64,
    pub gate: Arc<Gate>,
    /// What may be spent on repeats; `None` where nothing limits them.
    pub budget: Option<Budget>,
}

/// How long ago the token of a call that was refused may have been supplied; after a longer wait it is asked for again.
const FRESH: Duration = Duration::from_secs(1);

/// What came of an attempt.
enum Attempted {
    /// The request was sent, or it failed before that for another reason than the token.
    Sent {
        /// The header that was sent, if it is known.
        authorization: Option<HeaderValue>,
        result: Result<Answer, Error>,
    },
    /// No token was supplied.
    NoToken(Failure),
    /// The token took the time that was left.
    Late,
}

/// A call that was answered with success.
pub(crate) struct Exchange {
    answer: Answer,
    context: ErrorContext,
    pub span: trace::Span,
}

impl Transport {
    /// Sends a call and gathers the bytes of its answer.
    pub(crate) async fn whole(self: &Arc<Self>, call: &Call) -> Result<Response<Bytes>, Error> {
        Ok(self.exchange(call).await?.whole())
    }

    /// Sends a call and hands on the bytes of its answer as they arrive.
    pub(crate) async fn stream(self: &Arc<Self>, call: &Call) -> Result<Response<ByteStream>, Error> {
        let Exchange {
            answer, mut context, ..
        } = self.exchange(call).await?;
        context.limit = call.options.timeout.or(self.timeout);
        let limit = context.limit;
        let chunks = futures_util::stream::try_unfold(answer.stream, move |body| async move {
            let Some(mut body) = body else { return Ok(None) };
            let end = limit.and_then(|limit| Instant::now().checked_add(limit));
            let chunk = timeout_at(end, pin!(next_chunk(&mut body)))
                .await
                .unwrap_or_else(|| Err(Kind::Timeout.into()))?;
            Ok(chunk.map(|chunk| (chunk, Some(body))))
        });
        let errors = context.with_response(answer.status, answer.headers.clone(), Bytes::new());
        let stream = ByteStream::new(errors, futures_util::StreamExt::fuse(chunks));
        let stream = if answer.gzip { stream.decoded() } else { stream };
        Ok(Response::received(
            stream,
            answer.status,
            answer.headers,
            answer.body,
            context,
        ))
    }

    /// Sends a call as often as its policy allows, until it is answered with success.
    pub(crate) async fn exchange(self: &Arc<Self>, call: &Call) -> Result<Exchange, Error> {
        let policy = call.options.retry.as_ref().unwrap_or(&self.retry);
        let mut attempts = Attempts::of(call, policy, call.options.timeout.or(self.timeout));
        let span = trace::Span::call(call, &self.base_url);
        let (mut rate_limit_wait, mut permit_wait) = (Duration::ZERO, Duration::ZERO);
        let failed = |error: Error| {
            span.fail(&error);
            error
        };
        // Why the attempt before failed.
        let mut before = None;
        // The header of the next attempt after one that was refused, and when it was supplied; a call asks for it once.
        let mut renewed: Option<(HeaderValue, Instant)> = None;
        let mut may_renew = true;
        loop {
            let asked = Instant::now();
            let permit = match self.permit(&span, attempts.left()).await {
                Ok(permit) => permit,
                // Nothing was sent, so an attempt before it says more.
                Err(Expired) => {
                    span.waited(rate_limit_wait, permit_wait + asked.elapsed());
                    let expired = || {
                        let mut context = attempts.context(&self.server, self.connect_timeout);
                        // This attempt was not started.
                        context.attempts -= 1;
                        context.limit = Some(policy.deadline);
                        context.error(Kind::NotSent)
                    };
                    return Err(failed(before.unwrap_or_else(expired)));
                }
            };
            attempts.wait(permit.waited);
            rate_limit_wait += asked.elapsed().saturating_sub(permit.waited);
            permit_wait += permit.waited;
            // The wait may have taken the time that was left.
            if let Some(error) = before.take_if(|_| !attempts.have_time(Duration::ZERO)) {
                return Err(failed(error));
            }
            let header = renewed.take().filter(|(_, supplied)| supplied.elapsed() < FRESH);
            let begun = Instant::now();
            let context = attempts.context(&self.server, self.connect_timeout);
            let time = attempts.time();
            let attempt = span.attempt(call, &self.base_url, attempts.number);
            let attempted = self
                .permitted(permit, call, header.map(|(header, _)| header), &context, time, &attempt)
                .await;
            span.waited(rate_limit_wait, permit_wait);
            attempts.spend(begun);
            let (authorization, result) = match attempted {
                Attempted::Sent { authorization, result } => (authorization, result),
                Attempted::NoToken(failure) => {
                    self.gate.unsent();
                    let mut context = context;
                    // This attempt was not started.
                    context.attempts -= 1;
                    return Err(failed(context.error(failure)));
                }
                Attempted::Late => {
                    self.gate.unsent();
                    let mut context = context;
                    context.attempts -= 1;
                    return Err(failed(before.unwrap_or_else(|| context.error(Kind::NotSent))));
                }
            };
            let error = match result {
                Ok(answer) => {
                    if let Some(budget) = &self.budget {
                        budget.succeeded(attempts.number > 1);
                    }
                    span.response(answer.status, &answer.headers);
                    span.end(attempts.number);
                    let secret = authorization.as_ref().map(Secret::of);
                    let context = ErrorContext { secret, ..context };
                    return Ok(Exchange { answer, context, span });
                }
                Err(error) => error,
            };
            attempt.fail_attempt(&error);
            attempts.failed(&error);
            if error.is_unauthorized() && attempts.are_left() && may_renew {
                // The token may have been replaced meanwhile. Nothing was carried out with the old one.
                may_renew = false;
                let begun = Instant::now();
                let supplied = self.authorization.renewed(authorization.as_ref(), time.limit).await;
                attempts.spend(begun);
                match supplied {
                    Ok(Some(header)) if attempts.have_time(Duration::ZERO) => {
                        renewed = Some((header, Instant::now()));
                        attempts.go_on(Duration::ZERO);
                        before = Some(error);
                        continue;
                    }
                    Ok(_) => {}
                    // The error keeps the response that refused the token.
                    Err(failure) => return Err(failed(error.context().error(failure))),
                }
            }
            let pause = attempts.pause(&error);
            let budgeted = |_: &Duration| self.budget.as_ref().is_none_or(|budget| budget.take(&error));
            let Some(pause) = pause.filter(budgeted) else {
                return Err(failed(error));
            };
            span.pause(attempts.number, pause, &error);
            sleep(pause).await;
            attempts.go_on(pause);
            before = Some(error);
        }
    }

    /// Waits for the permit to send one request.
    async fn permit(&self, span: &trace::Span, limit: Duration) -> Result<Permit, Expired> {
        self.gate.permit(limit, |waiting| span.wait(waiting)).await
    }

    /// Asks for a token if there is none, sends a call once, and gives the permit back.
    async fn permitted(
        self: &Arc<Self>,
        permit: Permit,
        call: &Call,
        header: Option<HeaderValue>,
        context: &ErrorContext,
        time: Time,
        span: &trace::Span,
    ) -> Attempted {
        if !self.gate.is_limited() {
            // Boxed, since it is large and is moved with the futures of callers.
            let attempt = Box::pin(self.authorized(call, header, context, time, span));
            let attempted = span.run(attempt).await;
            drop(permit);
            return attempted;
        }
        // Others wait for this permit: the call goes on when nobody polls it, so that it is given back. So it is when nobody
        // waits for the call any more, though its runtime does not run to end it.
        let permit = SharedPermit::from(permit);
        let held = permit.clone();
        let (transport, call, span) = (Arc::clone(self), call.clone(), span.clone());
        let context = context.clone();
        let lost = context.clone();
        let attempt = async move {
            let attempt = transport.authorized(&call, header, &context, time, &span);
            let attempted = span.run(attempt).await;
            drop(permit);
            attempted
        };
        let attempted = match Task::spawn(Box::pin(attempt)) {
            Ok(task) => task.await.unwrap_or_else(|| Attempted::Sent {
                authorization: None,
                result: Err(lost.error(Kind::Lost)),
            }),
            Err(attempt) => attempt.await,
        };
        drop(held);
        attempted
    }

    /// Asks for a token if there is none, and sends a call once.
    async fn authorized(
        &self,
        call: &Call,
        header: Option<HeaderValue>,
        context: &ErrorContext,
        time: Time,
        span: &trace::Span,
    ) -> Attempted {
        let begun = Instant::now();
        let header = match header {
            Some(header) => header,
            None => match self.authorization.header(time.limit).await {
                Ok(header) => header,
                Err(failure) => return Attempted::NoToken(failure),
            },
        };
        let Some(limit) = time.after(begun.elapsed()) else {
            return Attempted::Late;
        };
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let context = ErrorContext {
            secret: Some(Secret::of(&header)),
            ..context.clone()
        };
        let result = self.attempt(call, &header, &context, end, span).await;
        Attempted::Sent {
            authorization: Some(header),
            result,
        }
    }
}

impl Exchange {
    /// Returns the bytes of the response.
    pub(crate) fn whole(self) -> Response<Bytes> {
        let Answer {
            status, headers, body, ..
        } = self.answer;
        Response::received(body.clone(), status, headers, body, self.context)
    }
}
