//! Layers see every attempt with its labels.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use intercom_client::{Attempt, Client, HttpError, HttpErrorKind, HttpService, RetryPolicy, http};
use tower::ServiceExt;
use tower::layer::layer_fn;
use tower_service::Service;

/// An attempt that a layer saw.
type Seen = Arc<Mutex<Vec<(&'static str, Option<&'static str>, &'static str, u32, bool, String)>>>;

/// A layer that wraps any service in a struct.
#[derive(Clone)]
struct Counting<S>(S, Seen);

impl<S: Service<http::Request<Bytes>>> Service<http::Request<Bytes>> for Counting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Bytes>) -> S::Future {
        let attempt = request.extensions().get::<Attempt>().unwrap().clone();
        self.1.lock().unwrap().push((
            attempt.operation(),
            attempt.group(),
            attempt.path_template(),
            attempt.number(),
            attempt.reads_only(),
            request.uri().to_string(),
        ));
        self.0.call(request)
    }
}

/// A service that responds with these statuses in order.
fn statuses(statuses: impl IntoIterator<Item = u16>) -> impl Clone + Send + Sync + 'static + Serves {
    let left = Arc::new(Mutex::new(statuses.into_iter().collect::<Vec<_>>().into_iter()));
    tower::service_fn(move |_: http::Request<Bytes>| {
        let status = left.lock().unwrap().next().unwrap_or(200);
        async move {
            let response = http::Response::builder().status(status);
            Ok::<_, HttpError>(response.body(Full::from(r#"{"type":"list","data":[]}"#)).unwrap())
        }
    })
}

trait Serves:
    Service<http::Request<Bytes>, Response = http::Response<Full<Bytes>>, Error = HttpError, Future: Send>
{
}
impl<S> Serves for S where
    S: Service<http::Request<Bytes>, Response = http::Response<Full<Bytes>>, Error = HttpError, Future: Send>
{
}

fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .base(Duration::from_millis(1))
        .cap(Duration::from_millis(2))
}

#[tokio::test(start_paused = true)]
async fn layer_sees_each_attempt_with_its_labels() {
    let seen = Seen::default();
    let counting = seen.clone();
    let client = Client::builder("dG9rOmxheWVycw")
        .layer(layer_fn(move |service: HttpService| {
            Counting(service, counting.clone())
        }))
        .http_service(statuses([503, 502, 200, 200]))
        .retry(quick())
        .build()
        .unwrap();
    let tags = client.list_tags().await.unwrap();
    assert_eq!(tags.attempts(), 3);
    client
        .request(http::Method::POST, "/brand/new")
        .send::<serde_json::Value>()
        .await
        .unwrap();
    let url = "https://api.intercom.io/tags".to_owned();
    let expected: Vec<_> = (1..=3)
        .map(|number| ("list_tags", Some("tags"), "/tags", number, true, url.clone()))
        .chain([(
            "request",
            None,
            "(raw)",
            1,
            false,
            "https://api.intercom.io/brand/new".to_owned(),
        )])
        .collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn last_layer_is_the_outermost() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let named = |name: &'static str| {
        let order = order.clone();
        layer_fn(move |service: HttpService| {
            let order = order.clone();
            tower::service_fn(move |mut request: http::Request<Bytes>| {
                order.lock().unwrap().push(name);
                request
                    .headers_mut()
                    .append("x-layers", http::HeaderValue::from_static(name));
                service.clone().oneshot(request)
            })
        })
    };
    let service = tower::service_fn(|request: http::Request<Bytes>| async move {
        let layers: Vec<_> = request.headers().get_all("x-layers").iter().collect();
        let names: Vec<_> = layers.iter().map(|name| name.to_str().unwrap()).collect();
        let body = serde_json::json!({"type": "admin", "id": "814", "name": names.join(" ")});
        Ok::<_, HttpError>(http::Response::new(Full::from(body.to_string())))
    });
    let client = Client::builder("dG9rOmxheWVycw")
        .http_service(service)
        .layer(named("inner"))
        .layer(named("outer"))
        .build()
        .unwrap();
    let me = client.identify_admin().await.unwrap();
    assert_eq!(me.name.as_deref(), Some("outer inner"));
    // A client for another workspace has the same layers.
    let other = client.with_token("dG9rOm90aGVy").unwrap();
    assert_eq!(
        other.identify_admin().await.unwrap().name.as_deref(),
        Some("outer inner")
    );
    assert_eq!(*order.lock().unwrap(), ["outer", "inner", "outer", "inner"]);
}

#[tokio::test(start_paused = true)]
async fn kind_is_found_in_errors_wrapped_by_a_layer() {
    #[derive(Debug)]
    struct Traced(HttpError);
    impl std::fmt::Display for Traced {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("traced")
        }
    }
    impl std::error::Error for Traced {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let service = tower::service_fn(|_: http::Request<Bytes>| async {
        Err::<http::Response<Full<Bytes>>, _>(HttpError::from(HttpErrorKind::Unprocessed))
    });
    let layer = layer_fn(|service: HttpService| service.map_err(Traced));
    let client = Client::builder("dG9rOmxheWVycw")
        .http_service(service)
        .layer(layer)
        .retry(quick())
        .build()
        .unwrap();
    let error = client
        .create_contact()
        .body_map(|b| b.email("a@b.example"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), intercom_client::ErrorKind::Unprocessed);
    // The request was not processed, so a POST is retried too.
    assert_eq!(error.attempts(), 3);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "traced");
}

/// The default service sends what the layers made of the request.
#[tokio::test]
async fn a_layer_can_change_the_url_for_the_default_service() {
    let intercom = intercom_client::mock::MockIntercom::builder()
        .token("dG9rOnRva2Vu")
        .serve()
        .await;
    let client = Client::builder("dG9rOnRva2Vu")
        .base_url(intercom.url())
        .http_client(reqwest::Client::new())
        .layer(layer_fn(|service: HttpService| {
            service.map_request(|mut request: http::Request<Bytes>| {
                let changed = request.uri().to_string().replace("/me", "/admins?page=2");
                *request.uri_mut() = changed.parse().unwrap();
                request
            })
        }))
        .build()
        .unwrap();
    client.identify_admin().send().await.unwrap();
    client.list_tags().send().await.unwrap();
    let lines: Vec<String> = intercom.received().iter().map(|request| request.line()).collect();
    assert_eq!(lines, ["GET /admins?page=2", "GET /tags"]);
}

/// Readiness passes through the layers, as a layer that sheds load or limits concurrency needs.
#[tokio::test]
async fn a_layer_sees_that_the_service_below_is_busy() {
    #[derive(Clone)]
    struct Busy;
    impl Service<http::Request<Bytes>> for Busy {
        type Response = http::Response<Full<Bytes>>;
        type Error = HttpError;
        type Future = std::future::Pending<Result<Self::Response, HttpError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
            Poll::Pending
        }

        fn call(&mut self, _: http::Request<Bytes>) -> Self::Future {
            std::future::pending()
        }
    }
    #[derive(Clone)]
    struct Shed(HttpService);
    impl Service<http::Request<Bytes>> for Shed {
        type Response = <HttpService as Service<http::Request<Bytes>>>::Response;
        type Error = HttpError;
        type Future = <HttpService as Service<http::Request<Bytes>>>::Future;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
            match self.0.poll_ready(context) {
                Poll::Pending => Poll::Ready(Err(HttpErrorKind::Unprocessed.into())),
                ready => ready,
            }
        }

        fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
            self.0.call(request)
        }
    }
    let seen = Seen::default();
    let below = Arc::clone(&seen);
    let client = Client::builder("dG9rOmxheWVycw")
        .http_service(Busy)
        .layer(layer_fn(move |service: HttpService| {
            Counting(service, Arc::clone(&below))
        }))
        .layer(layer_fn(Shed))
        .retry(quick())
        .build()
        .unwrap();
    let error = client.list_tags().send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (intercom_client::ErrorKind::Unprocessed, 3)
    );
    assert!(seen.lock().unwrap().is_empty());
}
