//! A scripted TCP server that can misbehave, and records the requests.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// One move of the server on a connection. After the last one it closes the connection.
#[derive(Clone)]
pub(crate) enum Move {
    /// Reads a request and records it; ends the connection if the client has closed it.
    Read,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends a chunked body whose chunks are created one by one.
    Chunks(Chunks),
    /// Pauses.
    Wait(Duration),
    /// Waits until the client closes the connection.
    Hang,
    /// Resets the connection.
    Reset,
    /// Calls the function.
    Do(Arc<dyn Fn() + Send + Sync>),
    /// Reads requests, and makes the moves that the function returns for each.
    Serve(Handler),
}

pub(crate) type Chunks = Arc<dyn Fn() -> Box<dyn Iterator<Item = Bytes> + Send> + Send + Sync>;
pub(crate) type Handler = Arc<dyn Fn(&Request) -> Vec<Move> + Send + Sync>;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The time of its last byte.
    pub at: Instant,
    /// The number of its connection, counted from 0.
    pub connection: usize,
    pub method: String,
    pub target: String,
    pub version: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The request line.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {}", self.method, self.target, self.version)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is sent twice");
        value
    }
}

/// A running server and its record.
pub(crate) struct Server {
    pub url: String,
    record: Arc<Record>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Record {
    connections: Mutex<usize>,
    requests: Mutex<Vec<Request>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server with the moves of each connection; further connections are reset.
    pub(crate) async fn new(connections: impl IntoIterator<Item = Vec<Move>>) -> Self {
        Self::start("http", connections.into_iter().collect(), vec![Move::Reset], None).await
    }

    /// A server that makes the same moves on every connection.
    pub(crate) async fn always(moves: Vec<Move>) -> Self {
        Self::start("http", VecDeque::new(), moves, None).await
    }

    /// A server that handles every request with the function.
    pub(crate) async fn serve(handler: impl Fn(&Request) -> Vec<Move> + Send + Sync + 'static) -> Self {
        Self::always(vec![Move::Serve(Arc::new(handler))]).await
    }

    /// A server that makes the same moves on every connection, with TLS.
    #[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
    pub(crate) async fn tls(acceptor: TlsAcceptor, moves: Vec<Move>) -> Self {
        Self::start("https", VecDeque::new(), moves, Some(acceptor)).await
    }

    async fn start(
        scheme: &str,
        mut scripts: VecDeque<Vec<Move>>,
        further: Vec<Move>,
        acceptor: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
        let record = Arc::new(Record::default());
        let shared = Arc::clone(&record);
        let task = tokio::spawn(async move {
            // Ends with the server.
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let number = {
                    let mut connections = shared.connections.lock().unwrap();
                    *connections += 1;
                    *connections - 1
                };
                let moves = scripts.pop_front().unwrap_or_else(|| further.clone());
                let (record, acceptor) = (Arc::clone(&shared), acceptor.clone());
                running.spawn(async move {
                    // The client reports errors of the connection.
                    let _ = match acceptor {
                        None => run(stream, moves, number, &record).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => run(stream, moves, number, &record).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { url, record, task }
    }

    /// The requests so far, in the order in which they arrived.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.record.requests.lock().unwrap().clone()
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        *self.record.connections.lock().unwrap()
    }

    /// The time between consecutive requests.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let requests = self.requests();
        requests.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }
}

/// A connection that can be reset.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn run(mut stream: impl Stream, moves: Vec<Move>, connection: usize, record: &Record) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut moves = VecDeque::from(moves);
    while let Some(next) = moves.pop_front() {
        match next {
            Move::Read => {
                let Some(request) = read(&mut stream, &mut buffer, connection).await? else {
                    return Ok(());
                };
                record.requests.lock().unwrap().push(request);
            }
            Move::Send(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Move::Chunks(chunks) => {
                for chunk in chunks() {
                    stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
                    stream.write_all(&chunk).await?;
                    stream.write_all(b"\r\n").await?;
                    stream.flush().await?;
                }
                stream.write_all(b"0\r\n\r\n").await?;
                stream.flush().await?;
            }
            Move::Wait(time) => tokio::time::sleep(time).await,
            Move::Hang => while stream.read(&mut [0; 1024]).await? > 0 {},
            Move::Do(function) => function(),
            Move::Reset => {
                stream.tcp().set_zero_linger()?;
                return Ok(());
            }
            Move::Serve(handler) => {
                let Some(request) = read(&mut stream, &mut buffer, connection).await? else {
                    return Ok(());
                };
                let then = handler(&request);
                record.requests.lock().unwrap().push(request);
                moves.extend(then);
                moves.push_back(Move::Serve(handler));
            }
        }
    }
    stream.shutdown().await
}

/// Reads one request; returns `None` if the client has closed the connection.
async fn read(stream: &mut impl Stream, buffer: &mut Vec<u8>, connection: usize) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let first: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let [method, target, version] = first.as_slice() else {
        panic!("invalid request line: {first:?}")
    };
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Request {
        at: Instant::now(),
        connection,
        method: (*method).to_owned(),
        target: (*target).to_owned(),
        version: (*version).to_owned(),
        headers,
        body: buffer.drain(..length).collect(),
    }))
}

/// A complete response with its content length.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Move {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status} Whatever\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        head.push_str("content-type: application/json\r\n");
    }
    // These statuses have no body and no length.
    if status != 204 && status != 304 {
        write!(head, "content-length: {}\r\n", body.len()).unwrap();
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Move::Send(bytes)
}

/// A success with a chunked body.
pub(crate) fn chunked<I>(chunks: impl Fn() -> I + Send + Sync + 'static) -> [Move; 2]
where
    I: Iterator<Item = Bytes> + Send + 'static,
{
    let head = raw("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    [head, Move::Chunks(Arc::new(move || Box::new(chunks())))]
}

/// Raw bytes.
pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Move {
    Move::Send(bytes.as_ref().to_vec())
}
