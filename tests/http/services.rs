//! Custom services instead of reqwest.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::Full;
use intercom_client::{Attempt, Client, ErrorKind, HttpError, HttpErrorKind, RetryPolicy, http};
use tower_service::Service;

/// A service that always fails with the same kind of error.
#[derive(Clone)]
struct Failing(HttpErrorKind, Arc<Mutex<u32>>);

impl Service<http::Request<Bytes>> for Failing {
    type Response = http::Response<Full<Bytes>>;
    type Error = HttpError;
    type Future = std::future::Ready<Result<Self::Response, HttpError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Bytes>) -> Self::Future {
        *self.1.lock().unwrap() += 1;
        std::future::ready(Err(HttpError::new(self.0, "a reason of the test")))
    }
}

fn client<S, B>(service: S) -> Client
where
    S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let quick = RetryPolicy::default()
        .base(Duration::from_millis(1))
        .cap(Duration::from_millis(2));
    Client::builder("dG9rOnNlcnZpY2Vz")
        .http_service(service)
        .retry(quick)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_failure_has_its_kind_retries_and_outcome() {
    use HttpErrorKind as From;
    // The kind of the error, whether reads and POSTs are retried, and whether a POST may have been
    // carried out.
    for (kind, to, retried, may_have_been) in [
        (From::Request, ErrorKind::Builder, [false, false], false),
        (From::Connect, ErrorKind::Connect, [true, true], false),
        (From::ConnectTimeout, ErrorKind::ConnectTimeout, [true, true], false),
        (From::Proxy, ErrorKind::Proxy, [true, true], false),
        (
            From::ProxyCredentials,
            ErrorKind::ProxyCredentials,
            [false, false],
            false,
        ),
        (From::Certificate, ErrorKind::Certificate, [false, false], false),
        (From::Tls, ErrorKind::Tls, [false, false], false),
        (From::Unprocessed, ErrorKind::Unprocessed, [true, true], false),
        (From::Timeout, ErrorKind::Timeout, [true, false], true),
        (From::Lost, ErrorKind::Lost, [true, false], true),
        (From::Protocol, ErrorKind::Protocol, [false, false], true),
        (From::Other, ErrorKind::Http, [true, false], true),
    ] {
        for (creates, retried) in [false, true].into_iter().zip(retried) {
            let service = Failing(kind, Arc::default());
            let client = client(service.clone());
            let error = match creates {
                false => client.identify_admin().await.map(drop).unwrap_err(),
                true => {
                    let body = client.create_contact().body_map(|b| b.email("a@b.example"));
                    body.await.map(drop).unwrap_err()
                }
            };
            assert_eq!(error.kind(), to, "{kind:?}");
            let called = *service.1.lock().unwrap();
            assert_eq!(called, if retried { 3 } else { 1 }, "{kind:?}, creates: {creates}");
            assert_eq!(error.may_have_been_carried_out(), creates && may_have_been, "{kind:?}");
            assert_eq!(kind.may_have_been_sent(), may_have_been, "{kind:?}");
            assert!(format!("{error:?}").contains("a reason of the test"), "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_error_counts_as_sent() {
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    let client = client(tower::service_fn(move |_: http::Request<Bytes>| {
        *counted.lock().unwrap() += 1;
        async { Err::<http::Response<Full<Bytes>>, _>(std::io::Error::other("signing failed")) }
    }));
    let error = client
        .create_contact()
        .body_map(|b| b.email("a@b.example"))
        .await
        .unwrap_err();
    assert!(error.may_have_been_carried_out());
    assert_eq!((error.kind(), *calls.lock().unwrap()), (ErrorKind::Http, 1));
    client.identify_admin().await.unwrap_err();
    assert_eq!(*calls.lock().unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn timeout_while_connecting_counts_as_not_sent() {
    for connecting in [true, false] {
        let client = client(tower::service_fn(move |request: http::Request<Bytes>| {
            request
                .extensions()
                .get::<Attempt>()
                .unwrap()
                .set_connecting(connecting);
            std::future::pending::<Result<http::Response<Full<Bytes>>, HttpError>>()
        }));
        let error = client
            .create_contact()
            .body_map(|b| b.email("a@b.example"))
            .await
            .unwrap_err();
        let kind = if connecting {
            ErrorKind::ConnectTimeout
        } else {
            ErrorKind::Timeout
        };
        assert_eq!((error.kind(), error.may_have_been_carried_out()), (kind, !connecting));
    }
}

/// A body of these frames and an optional error at the end.
struct Frames(Vec<Result<Bytes, HttpError>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(next.map(|frame| frame.map(Frame::data)))
    }
}

#[tokio::test(start_paused = true)]
async fn failed_body_is_a_lost_response_and_chunks_are_joined() {
    let client = client(tower::service_fn(|request: http::Request<Bytes>| async move {
        let mut frames = vec![Ok(r#"{"type":"admin","#.into()), Ok(r#""id":"814"}"#.into())];
        if request.method() != http::Method::GET {
            frames.push(Err(HttpError::from(HttpErrorKind::Lost)));
        }
        Ok::<_, HttpError>(http::Response::new(Frames(frames)))
    }));
    assert_eq!(client.identify_admin().await.unwrap().id.as_deref(), Some("814"));
    let error = client
        .create_contact()
        .body_map(|b| b.email("a@b.example"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    // The status says that the contact was created.
    assert!(error.may_have_been_carried_out() && !error.is_retryable());
}

#[tokio::test]
async fn service_gets_complete_requests() {
    let seen = Arc::new(Mutex::new(None));
    let sees = seen.clone();
    let client = client(tower::service_fn(move |request: http::Request<Bytes>| {
        *sees.lock().unwrap() = Some(request);
        async { Ok::<_, HttpError>(http::Response::new(Full::from(r#"{"type":"contact","id":"1"}"#))) }
    }));
    client
        .update_contact()
        .id("a/b")
        .body_map(|b| b.name("Ada"))
        .header("x-tenant-key", "k3y")
        .await
        .unwrap();
    let request = seen.lock().unwrap().take().unwrap();
    assert_eq!(
        (request.method(), request.uri().to_string()),
        (&http::Method::PUT, "https://api.intercom.io/contacts/a%2Fb".to_owned())
    );
    assert_eq!(request.body(), r#"{"name":"Ada"}"#);
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("authorization"), "Bearer dG9rOnNlcnZpY2Vz");
    assert_eq!(header("intercom-version"), "2.9");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-tenant-key"), "k3y");
    // Both can be secrets, which HTTP/2 must not put into its header table.
    for name in ["authorization", "x-tenant-key"] {
        assert!(request.headers()[name].is_sensitive(), "{name}");
    }
}
