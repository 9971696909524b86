//! One HTTP exchange as a boxed service.

use std::fmt;
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use url::Url;

use super::attempt::{Attempt, ConnectingFlag};
use super::error::{BoxError, HttpError, HttpErrorKind};
use super::{DefaultBody, DefaultService};

/// The HTTP service of a client, which [`ClientBuilder::layer`](crate::ClientBuilder::layer) wraps.
#[derive(Clone)]
pub struct HttpService(Inner);

#[derive(Clone)]
enum Inner {
    /// The default service without layers.
    Default(DefaultService),
    Any(BoxCloneSyncService<http::Request<Bytes>, http::Response<HttpBody>, HttpError>),
}

/// The future of a response.
pub(crate) type ResponseFuture = Pin<Box<dyn Future<Output = Result<http::Response<HttpBody>, HttpError>> + Send>>;

/// A request of the transport. The default service sends it without converting it to an
/// [`http::Request`], which takes time.
pub(crate) struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub attempt: Option<Attempt>,
}

impl Outgoing {
    /// Returns the flag of the attempt.
    pub(crate) fn connecting(&self) -> ConnectingFlag {
        let attempt = self.attempt.as_ref();
        attempt.map(|attempt| attempt.connecting.clone()).unwrap_or_default()
    }

    fn from_request(request: http::Request<Bytes>) -> Result<Self, HttpError> {
        let (mut parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        Ok(Self {
            method: parts.method,
            url,
            headers: parts.headers,
            body,
            attempt: parts.extensions.remove(),
        })
    }

    fn into_request(self) -> Result<http::Request<Bytes>, HttpError> {
        let uri =
            http::Uri::try_from(self.url.as_str()).map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        if let Some(attempt) = self.attempt {
            request.extensions_mut().insert(attempt);
        }
        Ok(request)
    }
}

impl HttpService {
    /// Boxes a service.
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let boxed = service
            .map_response(|response: http::Response<B>| response.map(HttpBody::new))
            .map_err(|error: S::Error| HttpError::from_any(error.into()));
        Self(Inner::Any(BoxCloneSyncService::new(boxed)))
    }

    /// Creates the default service.
    pub(crate) fn from_default(service: DefaultService) -> Self {
        Self(Inner::Default(service))
    }

    /// Sends a request when the service is ready.
    pub(crate) fn send(&self, request: Outgoing) -> ResponseFuture {
        let mut service = match &self.0 {
            Inner::Default(service) => return service.send(request),
            Inner::Any(service) => service.clone(),
        };
        Box::pin(async move {
            poll_fn(|context| service.poll_ready(context)).await?;
            service.call(request.into_request()?).await
        })
    }
}

impl Service<http::Request<Bytes>> for HttpService {
    type Response = http::Response<HttpBody>;
    type Error = HttpError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        match &mut self.0 {
            Inner::Default(_) => Poll::Ready(Ok(())),
            Inner::Any(service) => service.poll_ready(context),
        }
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        match &mut self.0 {
            Inner::Default(service) => match Outgoing::from_request(request) {
                Ok(request) => service.send(request),
                Err(error) => Box::pin(ready(Err(error))),
            },
            Inner::Any(service) => service.call(request),
        }
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpService")
    }
}

/// The body of a response of an [`HttpService`]. The default service drops trailers.
pub struct HttpBody(BodyKind);

enum BodyKind {
    /// The body of a response of the default service, which is not converted.
    Default(DefaultBody),
    Any(UnsyncBoxBody<Bytes, HttpError>),
}

impl HttpBody {
    /// Boxes a body.
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = body.map_err(|error| HttpError::from_any(error.into()));
        Self(BodyKind::Any(UnsyncBoxBody::new(body)))
    }

    pub(crate) fn from_default(body: DefaultBody) -> Self {
        Self(BodyKind::Default(body))
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match &mut self.0 {
            BodyKind::Default(body) => body.poll_chunk(context).map_ok(Frame::data),
            BodyKind::Any(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            // Without a length, only the next frame shows the end.
            BodyKind::Default(body) => body.remaining() == Some(0),
            BodyKind::Any(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodyKind::Default(body) => body.remaining().map_or_else(SizeHint::default, SizeHint::with_exact),
            BodyKind::Any(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpBody")
    }
}
