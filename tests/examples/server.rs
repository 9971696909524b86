//! A server on loopback that gives the answer it is told to and keeps what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use intercom_client::{Client, RetryPolicy};
use serde_json::Value;

/// One request as it arrived.
#[derive(Debug)]
pub struct Received {
    pub method: String,
    /// Path, percent-decoded by segment.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The JSON body; `None` when there is none.
    pub body: Option<Value>,
}

#[derive(Default)]
struct Script {
    answer: (u16, Vec<u8>),
    received: Vec<Received>,
}

/// The server; calls are made one at a time.
pub struct Server {
    script: Arc<Mutex<Script>>,
    /// A client of it that sends every request once.
    pub client: Client,
}

impl Server {
    pub async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = script.clone();
        let app = Router::new().fallback(move |request: Request| answer(shared.clone(), request));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = Client::builder("token")
            .base_url(url)
            .retry(RetryPolicy::none())
            .wait_for_rate_limit(false)
            .build()
            .unwrap();
        Self { script, client }
    }

    /// What every request is answered with from now on.
    pub fn answers(&self, status: u16, body: impl Into<Vec<u8>>) {
        self.script.lock().unwrap().answer = (status, body.into());
    }

    /// What was asked since the last look.
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.script.lock().unwrap().received)
    }
}

async fn answer(script: Arc<Mutex<Script>>, request: Request) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let url = url::Url::parse("http://localhost").unwrap();
    let query = url.join(&head.uri.to_string()).unwrap();
    let mut script = script.lock().unwrap();
    script.received.push(Received {
        method: head.method.to_string(),
        path: head
            .uri
            .path()
            .split('/')
            .map(|segment| {
                percent_encoding::percent_decode_str(segment)
                    .decode_utf8()
                    .unwrap()
                    .replace('/', "%2F")
            })
            .collect::<Vec<_>>()
            .join("/"),
        query: query.query_pairs().into_owned().collect(),
        body: (!body.is_empty()).then(|| serde_json::from_slice(&body).unwrap()),
    });
    let (status, body) = script.answer.clone();
    (
        StatusCode::from_u16(status).unwrap(),
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::HeaderName::from_static("x-request-id"), "from-header"),
        ],
        body,
    )
}
