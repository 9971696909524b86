//! Services with invalid responses.

use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use intercom_client::{Client, ErrorKind, HttpError, RetryPolicy, http};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that is shorter than announced.
struct Short(Option<Bytes>, u64);

impl Body for Short {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let next = self.0.take();
        self.1 -= next.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

/// A body that returns empty chunks without end.
struct Empty;

impl Body for Empty {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
    }
}

#[tokio::test(start_paused = true)]
async fn body_shorter_than_announced_is_a_lost_response() {
    let client = Client::builder("dG9rOmZhdWx0cw")
        .http_service(tower::service_fn(|_: http::Request<Bytes>| async {
            Ok::<_, HttpError>(http::Response::new(Short(Some("{}".into()), 10)))
        }))
        .build()
        .unwrap();
    let error = client.identify_admin().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Lost, 3));
}

#[tokio::test]
async fn endless_empty_chunks_time_out() {
    let client = Client::builder("dG9rOmZhdWx0cw")
        .http_service(tower::service_fn(|_: http::Request<Bytes>| async {
            Ok::<_, HttpError>(http::Response::new(Empty))
        }))
        .timeout(Duration::from_millis(100))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = client.identify_admin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn three_windows_pass_in_paused_time() {
    let real = std::time::Instant::now();
    let start = tokio::time::Instant::now();
    let windows = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeMap::<u64, u64>::new()));
    let counted = windows.clone();
    let service = tower::service_fn(move |_: http::Request<Bytes>| {
        let now = start.elapsed().as_secs();
        let window = now / 10;
        let mut windows = counted.lock().unwrap();
        let used = windows.entry(window).or_default();
        *used += 1;
        let used = *used;
        async move {
            let epoch = 1_767_225_600;
            let response = http::Response::builder()
                .status(if used > 20 { 429 } else { 200 })
                .header(
                    "date",
                    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(epoch + now)),
                )
                .header("x-ratelimit-limit", "20")
                .header("x-ratelimit-remaining", 20u64.saturating_sub(used))
                .header("x-ratelimit-reset", epoch + (window + 1) * 10);
            Ok::<_, HttpError>(response.body(Full::from(r#"{"type":"admin","id":"814"}"#)).unwrap())
        }
    });
    let client = Client::builder("dG9rOmZhdWx0cw").http_service(service).build().unwrap();
    let calls = (0..60).map(|_| client.identify_admin().send());
    for called in futures_util::future::join_all(calls).await {
        called.unwrap();
    }
    let windows = windows.lock().unwrap();
    assert!(
        windows.len() >= 3 && windows.values().all(|used| *used <= 20),
        "{windows:?}"
    );
    assert!(start.elapsed() >= Duration::from_secs(20));
    assert!(real.elapsed() < Duration::from_secs(10), "the time is paused");
}
