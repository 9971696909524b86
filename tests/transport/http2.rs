//! Faults of HTTP/2, produced frame by frame by a test server.

use std::io;
use std::sync::{Arc, Mutex};

use intercom_client::{Client, Method, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::calls::{Op, TOKEN, provider, quick};
use crate::server::Stream;
use Move::{Begin, BeginNine, Close, Data, End, GoAway, Hang, OnlyNine, Refuse, Reset};

/// An action of the server after it has read a request.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Sends the headers of a 200.
    Begin,
    /// Sends the headers of a 200 whose body has nine bytes.
    BeginNine,
    /// Sends the headers of a 200 whose body would have nine bytes, and no body.
    OnlyNine,
    /// Sends a part of the body.
    Data,
    /// Sends the rest of the body.
    End,
    /// Ends the stream with an error code.
    Refuse(u32),
    /// Sends GOAWAY with an error code; `taken` says whether the current stream is processed.
    GoAway { code: u32, taken: bool },
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
    /// Waits for the client.
    Hang,
}

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// A complete response.
const OK: &[Move] = &[Begin, End];

/// A server that responds to each request with the next script, and to all further requests with
/// the last one.
struct Server {
    url: String,
    /// The connection of each request, counted from 0.
    requests: Arc<Mutex<Vec<usize>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn new(scripts: &[&[Move]]) -> Self {
        let scripts: Vec<Vec<Move>> = scripts.iter().map(|script| script.to_vec()).collect();
        Self::start("http", scripts, None).await
    }

    async fn start(scheme: &str, scripts: Vec<Vec<Move>>, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            // Ends with the server.
            let mut running = tokio::task::JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (scripts, record, acceptor) = (scripts.clone(), Arc::clone(&record), acceptor.clone());
                running.spawn(async move {
                    // The client reports errors of the connection.
                    let _ = match acceptor {
                        None => serve(stream, number, &scripts, &record).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, number, &scripts, &record).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { url, requests, task }
    }

    fn requests(&self) -> Vec<usize> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl Stream,
    number: usize,
    scripts: &[Vec<Move>],
    record: &Mutex<Vec<usize>>,
) -> io::Result<()> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    stream.read_exact(&mut [0; PREFACE.len()]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        stream.read_exact(&mut vec![0; length]).await?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            HEADERS | DATA if flags & END_STREAM != 0 => {
                let count = {
                    let mut requests = record.lock().unwrap();
                    requests.push(number);
                    requests.len()
                };
                for next in &scripts[(count - 1).min(scripts.len() - 1)] {
                    match next {
                        // Index of `:status: 200` in the static table.
                        Begin => stream.write_all(&frame(HEADERS, END_HEADERS, id, &[0x88])).await?,
                        // Index of `content-length` in the static table.
                        BeginNine | OnlyNine => {
                            let headers = [0x88, 0x0f, 28 - 15, 1, b'9'];
                            let end = if matches!(next, OnlyNine) { END_STREAM } else { 0 };
                            let frame = frame(HEADERS, END_HEADERS | end, id, &headers);
                            stream.write_all(&frame).await?;
                        }
                        Data => stream.write_all(&frame(DATA, 0, id, b"{")).await?,
                        End => stream.write_all(&frame(DATA, END_STREAM, id, b"{}")).await?,
                        Refuse(code) => stream.write_all(&frame(RST_STREAM, 0, id, &code.to_be_bytes())).await?,
                        GoAway { code, taken } => {
                            let last = if *taken { id } else { id.saturating_sub(2) };
                            let mut payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
                            if !taken {
                                // The debug data can have any length.
                                payload.extend(b"because\n".repeat(1500));
                            }
                            stream.write_all(&frame(GOAWAY, 0, 0, &payload)).await?;
                        }
                        Close => {
                            stream.shutdown().await?;
                            return Ok(());
                        }
                        Reset => {
                            // Gives the client time to read the earlier frames.
                            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                            return stream.tcp().set_zero_linger();
                        }
                        Hang => {}
                    }
                }
            }
            _ => {}
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

thread_local! {
    /// HTTP clients for all calls of a test, because each client reads all certificates of the platform: one with reqwest's
    /// retries of refused requests, and one without them.
    static HTTP: [reqwest::Client; 2] = {
        provider();
        let http = || reqwest::Client::builder().http2_prior_knowledge();
        [http(), http().retry(reqwest::retry::never())].map(|http| http.build().unwrap())
    };
}

/// A client with HTTP/2 prior knowledge, with or without reqwest's retries of refused requests.
fn client(server: &Server, policy: RetryPolicy, own_repeats: bool) -> Client {
    let [repeating, once] = HTTP.with(Clone::clone);
    let http = if own_repeats { repeating } else { once };
    let settings = Client::builder(TOKEN).base_url(&server.url).http_client(http);
    settings.retry(policy).build().unwrap()
}

#[tokio::test]
async fn unprocessed_request_is_retried_for_every_call() {
    for (refusal, connections) in [
        (&[Refuse(REFUSED_STREAM)][..], [0, 0]),
        (
            &[
                GoAway {
                    code: NO_ERROR,
                    taken: false,
                },
                Hang,
            ],
            [0, 1],
        ),
        (
            &[
                GoAway {
                    code: NO_ERROR,
                    taken: false,
                },
                Close,
            ],
            [0, 1],
        ),
        (
            &[
                GoAway {
                    code: ENHANCE_YOUR_CALM,
                    taken: false,
                },
                Close,
            ],
            [0, 1],
        ),
    ] {
        for (op, own_repeats) in Op::ALL.iter().flat_map(|op| [(*op, true), (*op, false)]) {
            let context = format!("{refusal:?}, {op:?}, {own_repeats}");
            let server = Server::new(&[refusal, OK]).await;
            let status = op.call(&client(&server, quick(), own_repeats)).await;
            assert_eq!(status.unwrap_or_else(|error| panic!("{context}: {error:?}")), 200);
            assert_eq!(server.requests(), connections, "{context}");
        }
    }
}

#[tokio::test]
async fn unprocessed_requests_are_reported() {
    for refusal in [
        Refuse(REFUSED_STREAM),
        GoAway {
            code: NO_ERROR,
            taken: false,
        },
    ] {
        for op in [Op::Get, Op::Post, Op::Scroll] {
            let context = format!("{refusal:?}, {op:?}");
            let server = Server::new(&[&[refusal]]).await;
            let error = op.call(&client(&server, quick(), false)).await.expect_err(&context);
            let text = "the server refused the request before processing it after 3 attempts";
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("{}: {text}: ", op.operation())),
                "{context}: {message}"
            );
            assert!(error.is_retryable() && !error.may_have_been_carried_out(), "{context}");
            assert!(
                !error.is_connect() && !error.is_timeout() && !error.is_scroll_restart(),
                "{context}"
            );
            assert!(
                std::error::Error::source(&error).is_some(),
                "{context}: the source is kept"
            );
            let mut causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
            assert!(
                causes.all(|cause| cause.to_string().len() <= 1000) && format!("{error:?}").len() < 2000,
                "{context}: the debug data is truncated"
            );
            assert_eq!((error.attempts(), server.requests().len()), (3, 3), "{context}");
        }
    }
}

#[tokio::test]
async fn lost_http2_request_is_retried_if_safe() {
    let late = |code| GoAway { code, taken: false };
    let going = GoAway {
        code: NO_ERROR,
        taken: true,
    };
    for (fault, answered) in [
        (&[Close][..], false),
        (&[Reset], false),
        (&[Refuse(INTERNAL_ERROR)], false),
        (&[Refuse(CANCEL)], false),
        (&[going, Close], false),
        (&[Begin, Data, Close], true),
        (&[Begin, Data, Reset], true),
        (&[Begin, Data, Refuse(INTERNAL_ERROR)], true),
        // The response had started, so the request was processed.
        (&[Begin, Data, Refuse(REFUSED_STREAM)], true),
        (&[Begin, Data, late(ENHANCE_YOUR_CALM), Hang], true),
        (&[BeginNine, Data, late(NO_ERROR), Hang], true),
        (&[BeginNine, Data, Refuse(NO_ERROR)], true),
        (&[Begin, Data, going, Close], true),
    ] {
        for (op, times) in [
            (Op::Get, 3),
            (Op::Put, 3),
            (Op::Delete, 3),
            (Op::Post, 1),
            (Op::Scroll, 1),
        ] {
            let context = format!("{fault:?}, {op:?}");
            let server = Server::new(&[fault]).await;
            let error = op.call(&client(&server, quick(), true)).await.expect_err(&context);
            let text = "connection lost before the response was complete";
            assert!(error.to_string().contains(text), "{context}: {error:?}");
            let changes = op != Op::Get && op != Op::Scroll;
            assert_eq!(error.may_have_been_carried_out(), changes, "{context}");
            assert_eq!(
                error.to_string().ends_with("; it may have been carried out"),
                changes,
                "{context}"
            );
            assert_eq!(error.status().is_some(), answered, "{context}");
            assert_eq!(
                (error.attempts(), server.requests().len()),
                (times, times as usize),
                "{context}"
            );
            let server = Server::new(&[fault, OK]).await;
            let passed = op.call(&client(&server, quick(), true)).await.is_ok();
            assert_eq!(passed, times == 3, "{context}");
        }
    }
}

/// A stream that is reset with `NO_ERROR` ends like a complete body.
#[tokio::test]
async fn http2_download_shorter_than_announced_is_an_error() {
    for end in [Refuse(NO_ERROR), Refuse(CANCEL), Close] {
        let server = Server::new(&[&[BeginNine, Data, end]]).await;
        let error = Op::Download.call(&client(&server, quick(), true)).await.unwrap_err();
        let text = "download_data_export: connection lost before the response was complete";
        assert!(error.to_string().starts_with(text), "{end:?}: {error}");
        assert!(error.is_retryable() && error.attempts() == 1, "{end:?}");
    }
}

/// The response has the content length of the response to a GET.
#[tokio::test]
async fn response_to_head_has_no_body() {
    let server = Server::new(&[&[OnlyNine]]).await;
    let client = client(&server, quick(), true);
    let head = || client.request(Method::HEAD, "/me");
    let response = head().bytes().await.unwrap();
    assert_eq!(
        (response.headers()["content-length"].as_bytes(), response.len()),
        (&b"9"[..], 0)
    );
    let mut stream = head().byte_stream().await.unwrap().into_inner();
    assert!(stream.next_chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn response_after_goaway_is_read_and_the_next_call_reconnects() {
    let going = GoAway {
        code: NO_ERROR,
        taken: true,
    };
    let server = Server::new(&[&[going, Begin, End, Close], OK]).await;
    let client = client(&server, RetryPolicy::none(), false);
    Op::Post.call(&client).await.unwrap();
    Op::Post.call(&client).await.unwrap();
    assert_eq!(server.requests(), [0, 1]);
}

/// Runs in a child process of [`only_the_policy_decides_the_number_of_attempts`].
#[test]
fn trusting_child() {
    let Ok(url) = std::env::var("TRUSTING_CHILD") else {
        return;
    };
    // ring needs no provider of the process.
    if !cfg!(feature = "rustls-ring") {
        provider();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for policy in [RetryPolicy::none(), quick()] {
        let client = Client::builder(TOKEN).base_url(&url).retry(policy).build().unwrap();
        println!("=> {}", runtime.block_on(Op::Post.call(&client)).unwrap_err());
    }
}

/// Runs a test in a child process that trusts the server's authority, so that the default HTTP
/// client negotiates HTTP/2, and returns its output.
#[cfg(target_os = "linux")] // where a variable says whom to trust
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
async fn trusting(test: &str, authority: &crate::tls::Authority, url: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("root.pem");
    std::fs::write(&trusted, &authority.pem).unwrap();
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("TRUSTING_CHILD", url)
        .env("SSL_CERT_FILE", &trusted)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once("=> "));
    lines.map(|(_, line)| line.to_owned()).collect()
}

/// The TLS of a server that negotiates HTTP/2.
#[cfg(target_os = "linux")]
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
fn agreeing(authority: &crate::tls::Authority) -> TlsAcceptor {
    let mut config = (**authority.acceptor.config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

#[cfg(target_os = "linux")]
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
#[tokio::test]
async fn only_the_policy_decides_the_number_of_attempts() {
    let authority = crate::tls::authority(|_| {});
    let scripts = vec![vec![Refuse(REFUSED_STREAM)]];
    let server = Server::start("https", scripts, Some(agreeing(&authority))).await;
    let lines = trusting("http2::trusting_child", &authority, &server.url).await;
    let refused = "create_contact: the server refused the request before processing it";
    let reason = ": stream error received: refused stream before processing any application logic";
    let expected = [
        format!("{refused}{reason}"),
        format!("{refused} after 3 attempts{reason}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(server.requests(), [0, 1, 1, 1], "one, and three");
}

/// Runs in a child process of [`unread_downloads_do_not_hold_up_other_calls`].
#[test]
fn keeping_child() {
    let Ok(url) = std::env::var("TRUSTING_CHILD") else {
        return;
    };
    // ring needs no provider of the process.
    if !cfg!(feature = "rustls-ring") {
        provider();
    }
    let client = Client::builder(TOKEN).base_url(&url).retry(RetryPolicy::none());
    let client = client.timeout(std::time::Duration::from_secs(10)).build().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut downloads = Vec::new();
        for _ in 0..8 {
            let download = client.download_data_export().job_identifier("1");
            downloads.push(download.send().await.unwrap().into_inner());
        }
        // Gives the server time to fill the windows.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        println!("=> {:?}", Op::Get.call(&client).await);
        let mut length = 0;
        while let Some(chunk) = downloads[7].next_chunk().await.unwrap() {
            length += chunk.len();
        }
        println!("=> {length}");
    });
}

/// Each stream of a connection has its own window for unread bytes.
#[cfg(target_os = "linux")]
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
#[tokio::test]
async fn unread_downloads_do_not_hold_up_other_calls() {
    const LONG: usize = 3 << 20;
    let authority = crate::tls::authority(|_| {});
    let acceptor = agreeing(&authority);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(acceptor.accept(stream).await.unwrap())
            .await
            .unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let body = match request.uri().path() {
                "/me" => "{}".into(),
                _ => vec![b'x'; LONG].into(),
            };
            let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
            stream.send_data(body, true).unwrap();
        }
    });
    let lines = trusting("http2::keeping_child", &authority, &url).await;
    assert_eq!(lines, ["Ok(200)".to_owned(), LONG.to_string()]);
    serving.abort();
}
