//! Unresponsive hosts: a call that times out while connecting was not sent.

use std::net::SocketAddr;
use std::time::Duration;

use intercom_client::{Client, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::calls::{Op, TOKEN, own_settings, provider, quick};
use crate::server::{Move, Server};

/// Far below the default timeout for connecting.
const SHORT: Duration = Duration::from_millis(200);

/// A call that changes data, with a timeout.
async fn create(client: &Client, timeout: Duration) -> Result<(), Error> {
    let create = client.create_contact().body_map(|body| body.email("ada@example.com"));
    create.timeout(timeout).send().await.map(drop)
}

fn client(url: String) -> Client {
    provider();
    Client::builder(TOKEN).base_url(url).retry(quick()).build().unwrap()
}

/// A listener with a short queue of connections.
fn listener() -> (TcpListener, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Connects until the queue is full.
async fn fill(address: SocketAddr) -> Vec<TcpStream> {
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    waiting
}

fn assert_unsent(error: &Error) {
    let line = error.to_string();
    assert!(
        line.starts_with("create_contact: could not connect to ") && line.contains(" after 3 attempts"),
        "{line}"
    );
    assert!(
        error.is_connect() && error.is_timeout() && error.is_retryable(),
        "{error:?}"
    );
    assert!(!error.may_have_been_carried_out());
}

#[cfg(target_os = "linux")] // elsewhere a full queue refuses
#[tokio::test]
async fn unresponsive_host_was_sent_nothing() {
    let (_listener, address) = listener();
    let _waiting = fill(address).await;
    let url = format!("http://{address}");
    assert_unsent(&create(&client(url.clone()), SHORT).await.unwrap_err());
    for settings in [
        Client::builder(TOKEN).timeout(SHORT),
        Client::builder(TOKEN).connect_timeout(SHORT),
        // With a limit, calls run in tasks.
        Client::builder(TOKEN).timeout(SHORT).max_in_flight(1),
    ] {
        let client = settings.base_url(&url).retry(quick()).build().unwrap();
        assert_unsent(&Op::Post.call(&client).await.unwrap_err());
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
#[tokio::test]
async fn endless_handshake_has_sent_nothing() {
    let server = Server::always(vec![Move::Hang]).await;
    let client = client(server.url.replace("http:", "https:"));
    assert_unsent(&create(&client, SHORT).await.unwrap_err());
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn timeout_after_connecting_may_have_been_carried_out() {
    let server = Server::always(vec![Move::Read, Move::Hang]).await;
    let client = own_settings(&server).build().unwrap();
    let error = create(&client, SHORT).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
    assert!(error.may_have_been_carried_out());
    assert_eq!((error.attempts(), server.requests().len()), (1, 1));
}

/// The new connection for the call is not complete when the call times out.
#[cfg(target_os = "linux")] // elsewhere a full queue refuses
#[tokio::test]
async fn timeout_on_a_reused_connection_may_have_been_carried_out() {
    let (listener, address) = listener();
    let client = client(format!("http://{address}"));
    let reading = tokio::spawn({
        let client = client.clone();
        async move { Op::Get.call(&client).await }
    });
    let (mut first, _) = listener.accept().await.unwrap();
    let mut request = [0; 4096];
    assert!(first.read(&mut request).await.unwrap() > 0);
    let _waiting = fill(address).await;
    let creating = tokio::spawn(async move { create(&client, 4 * SHORT).await });
    tokio::time::sleep(SHORT).await;
    first
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        .await
        .unwrap();
    reading.await.unwrap().unwrap();
    let read = first.read(&mut request).await.unwrap();
    assert!(
        request[..read].starts_with(b"POST /contacts"),
        "the call uses the first connection"
    );
    let error = creating.await.unwrap().unwrap_err();
    assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
    assert!(error.may_have_been_carried_out());
    assert_eq!(error.attempts(), 1);
}
