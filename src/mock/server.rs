//! The mock's HTTP server: records each request, and refuses or answers it.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::Answer;
use super::on::{Rules, Told};
use super::operations;
use super::received::Received;
use super::workspace::Workspace;
use crate::ApiVersion;

/// What all connections share.
pub(super) struct Shared {
    pub token: String,
    pub api_version: ApiVersion,
    pub latency: Duration,
    pub state: Mutex<State>,
}

/// What changes with the calls.
pub(super) struct State {
    pub workspace: Workspace,
    pub received: Vec<Received>,
    pub rules: Rules,
}

impl Shared {
    /// The state. A test that failed while it held it fails by itself.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until it is dropped, connections included.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&shared)))),
            // Such as too many open files: others may close theirs.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| handle(request, Arc::clone(&shared)));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // What a connection ends by is the client's to tell.
    let _ = connection.await;
}

type Body = BoxBody<Bytes, io::Error>;

async fn handle(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, io::Error> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    // What is recorded keeps bytes of its own, not hyper's buffer of 8 KiB that they were read into.
    let body = Bytes::copy_from_slice(&body);
    for value in head.headers.values_mut() {
        if let Ok(own) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = own;
        }
    }
    let uri = head.uri;
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: Vec<(String, String)> = query.into_owned().collect();
    let found = operations::find(head.method.as_str(), uri.path(), &query);
    let mut received = Received {
        number: 0,
        operation: found.as_ref().map(|(operation, _)| operation.id),
        path: uri.path().to_owned(),
        query,
        target: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        method: head.method,
        headers: head.headers,
        body,
    };
    {
        let mut state = shared.state();
        received.number = state.received.len();
        state.received.push(received.clone());
    }
    let told = refusal(&shared, &received).or_else(|| told(&shared, &received));
    let answer = match (told, found) {
        (Some(answer), found) => {
            if let Some((operation, values)) = found.filter(|_| answer.carried_out) {
                let _ = shared.state().workspace.answer(operation, &values, &received);
            }
            answer
        }
        (None, Some((operation, values))) => shared.state().workspace.answer(operation, &values, &received),
        (None, None) => {
            let message = format!(
                "No operation of the description is {} {}",
                received.method, received.path
            );
            Answer::error(404, "not_found", &message)
        }
    };
    let pause = shared.latency.saturating_add(answer.delay);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    sent(answer, received.number, &shared.api_version)
}

/// What a test told to answer: what it told of the operation goes before what it told of all. Its function is called while
/// nothing is locked, so that it may ask what was received.
fn told(shared: &Shared, received: &Received) -> Option<Answer> {
    let of_operation = received.operation.map(Some);
    of_operation.into_iter().chain([None]).find_map(|operation| {
        let told = shared.state().rules.told(operation);
        match told? {
            Told::Once(answer) => Some(answer),
            Told::Always(choose) => choose(received),
        }
    })
}

/// What the API refuses before it looks at the call.
fn refusal(shared: &Shared, received: &Received) -> Option<Answer> {
    if received.header(AUTHORIZATION.as_str()) != Some(&format!("Bearer {}", shared.token)) {
        return Some(Answer::error(401, "unauthorized", "Access Token Invalid"));
    }
    let version = &shared.api_version;
    if received.header("intercom-version") != Some(version.as_str()) {
        let message = format!("The Intercom-Version header is not {version}");
        return Some(Answer::error(400, "intercom_version_invalid", &message));
    }
    None
}

/// The answer with the headers that every one has. An error closes the connection.
fn sent(answer: Answer, number: usize, version: &ApiVersion) -> Result<Response<Body>, io::Error> {
    if answer.dropped {
        return Err(io::Error::other("the connection is dropped, as told"));
    }
    let empty = answer.body.is_empty();
    let body: Body = match answer.cut {
        None => Full::new(answer.body).map_err(infallible).boxed(),
        Some(length) => {
            let part = answer.body.slice(..length.min(answer.body.len()));
            let breaks = async {
                // hyper sends what it holds once the body pauses, and drops it when the body fails before that.
                tokio::task::yield_now().await;
                Err(io::Error::other("the connection breaks, as told"))
            };
            let begin = futures_util::stream::iter([Ok(Frame::data(part))]);
            let frames = begin.chain(futures_util::stream::once(breaks));
            BodyExt::boxed(StreamBody::new(frames))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    headers.insert("x-request-id", text(&format!("mock-{number}")));
    headers.insert("intercom-version", version.header());
    headers.insert("x-ratelimit-limit", HeaderValue::from_static("167"));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("166"));
    headers.insert("x-ratelimit-reset", now.as_secs().into());
    headers.extend(answer.headers);
    if empty {
        headers.remove(CONTENT_TYPE);
    }
    Ok(response)
}

fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("mock"))
}

fn infallible(never: Infallible) -> io::Error {
    match never {}
}
