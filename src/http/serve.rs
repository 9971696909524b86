//! Serves an HTTP service on a port, over HTTP/1.1 without TLS.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

use super::error::{BoxError, HttpError, HttpErrorKind};

/// The delay before accepting again after an error.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(10);

/// Serves a service on a listener until the future is dropped, which also closes all connections.
///
/// An error of the service closes the connection.
pub(crate) async fn serve<S, B>(listener: TcpListener, service: S)
where
    S: Service<Request<Bytes>, Response = Response<B>, Error = HttpError, Future: Send> + Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, service.clone()))),
            // Usually too many open files: wait for other connections to close.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection<S, B>(stream: TcpStream, service: S)
where
    S: Service<Request<Bytes>, Response = Response<B>, Error = HttpError, Future: Send> + Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(request, service.clone()));
    // A failed connection is the client's to report.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond<S, B>(request: Request<Incoming>, mut service: S) -> Result<Response<B>, HttpError>
where
    S: Service<Request<Bytes>, Response = Response<B>, Error = HttpError>,
{
    let (mut head, body) = request.into_parts();
    let body = body.collect().await;
    let body = body
        .map_err(|error| HttpError::new(HttpErrorKind::Lost, error))?
        .to_bytes();
    // Copies the body and the headers, so that a stored request does not keep hyper's 8 KiB read
    // buffer alive.
    let body = Bytes::copy_from_slice(&body);
    for value in head.headers.values_mut() {
        if let Ok(copy) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = copy;
        }
    }
    std::future::poll_fn(|context| service.poll_ready(context)).await?;
    service.call(Request::from_parts(head, body)).await
}
