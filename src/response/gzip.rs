//! Decompresses gzip streams.

use std::io::{self, Write};

use bytes::{Buf, Bytes, BytesMut};
use flate2::write::GzDecoder;
use futures_util::stream;
use tokio::task::coop::consume_budget;

use super::bytes::ByteStream;
use super::error::context::Failure;
use super::error::kind::Kind;
use crate::wire::read::DecodeError;

impl ByteStream {
    /// Decompresses gzip with any number of members, in constant memory. Zeros after the last
    /// member are skipped.
    ///
    /// Bytes that are not gzip are passed through unchanged. This includes ZIP archives, which
    /// exports can be: unpack them with `ExportJob::download_to`, or check for the first bytes
    /// `PK\x03\x04`.
    ///
    /// # Errors
    ///
    /// The stream ends with an error that [`is_decode`](crate::Error::is_decode) if the gzip is
    /// damaged or incomplete, or if it contains far more members or bytes than it decompresses to.
    #[doc(alias = "gzip")]
    #[doc(alias = "gunzip")]
    pub fn decompressed(self) -> Self {
        self.steps(Decompressing::Start, damaged)
    }

    /// Decompresses gzip; other bytes are an error.
    pub(crate) fn decoded(self) -> Self {
        self.steps(Decompressing::StartGzip, undecoded)
    }

    fn steps(self, start: Decompressing, to_failure: fn(io::Error) -> Failure) -> Self {
        let context = self.context().clone();
        let steps = stream::try_unfold((self, start), move |(bytes, step)| decompress(bytes, step, to_failure));
        Self::new(context, steps)
    }
}

/// The state of [`ByteStream::decompressed`].
enum Decompressing {
    /// Nothing was read.
    Start,
    /// Nothing was read of a stream that must be gzip or empty.
    StartGzip,
    /// The stream is not gzip.
    Plain,
    /// The stream is gzip: the decoder and its unread input.
    Gzip(Box<Members>, Bytes),
    /// All bytes were returned.
    End,
}

/// Returns the next decompressed chunk.
async fn decompress(
    mut bytes: ByteStream,
    mut step: Decompressing,
    to_failure: fn(io::Error) -> Failure,
) -> Result<Option<(Bytes, (ByteStream, Decompressing))>, Failure> {
    loop {
        step = match step {
            Decompressing::Start => match sniff(&mut bytes, MAGIC.len()).await? {
                (head, true) => Decompressing::Gzip(Box::default(), head),
                (head, false) => return Ok((!head.is_empty()).then_some((head, (bytes, Decompressing::Plain)))),
            },
            Decompressing::StartGzip => match bytes.next_bytes().await? {
                Some(head) => Decompressing::Gzip(Box::default(), head),
                None => Decompressing::End,
            },
            Decompressing::Plain => {
                let chunk = bytes.next_bytes().await?;
                return Ok(chunk.map(|chunk| (chunk, (bytes, Decompressing::Plain))));
            }
            Decompressing::Gzip(mut members, mut input) => {
                if input.is_empty() {
                    match bytes.next_bytes().await? {
                        Some(chunk) => input = chunk,
                        None => {
                            members.finish().map_err(to_failure)?;
                            let rest = std::mem::take(members.output());
                            return Ok((!rest.is_empty()).then(|| (rest.into(), (bytes, Decompressing::End))));
                        }
                    }
                }
                input.advance(members.push(&input).map_err(to_failure)?);
                let output = std::mem::take(members.output());
                let step = Decompressing::Gzip(members, input);
                if !output.is_empty() {
                    return Ok(Some((output.into(), (bytes, step))));
                }
                // The next input may be ready without producing output, so let other tasks run.
                consume_budget().await;
                step
            }
            Decompressing::End => return Ok(None),
        };
    }
}

/// The first bytes of a gzip file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Returns at least the first `min_length` bytes if the stream has as many, and whether they are
/// the start of a gzip file.
pub(crate) async fn sniff(bytes: &mut ByteStream, min_length: usize) -> Result<(Bytes, bool), Failure> {
    let mut head = BytesMut::new();
    while head.len() < min_length {
        let Some(chunk) = bytes.next_bytes().await? else { break };
        if head.is_empty() && chunk.len() >= min_length {
            let gzip = chunk.starts_with(&MAGIC);
            return Ok((chunk, gzip));
        }
        head.extend_from_slice(&chunk);
    }
    let gzip = head.starts_with(&MAGIC);
    Ok((head.freeze(), gzip))
}

/// Returns the error of a gzip file that is damaged or incomplete.
pub(crate) fn damaged(error: io::Error) -> Failure {
    let found = match is_unproductive(&error) {
        true => "gzip that decompresses to almost nothing",
        false => "damaged or missing bytes",
    };
    let unread = DecodeError {
        path: String::new(),
        expected: "a complete gzip file",
        found: found.to_owned(),
    };
    Failure::new(Kind::Decode(Box::new(unread)), error)
}

/// Returns the error of a body whose gzip is damaged, or incomplete because the connection was
/// lost.
pub(crate) fn undecoded(error: io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof => Kind::Lost,
        _ if is_unproductive(&error) => return damaged(error),
        _ => Kind::Protocol,
    };
    Failure::new(kind, error)
}

/// The error of valid gzip that has far more bytes or members than it decompresses to.
///
/// Without this error, a server could keep a client busy without end, because the limits of the
/// decompressed size are never reached.
#[derive(Debug)]
struct Unproductive;

impl std::fmt::Display for Unproductive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the gzip has too many bytes or members for its content")
    }
}

impl std::error::Error for Unproductive {}

fn is_unproductive(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Unproductive>)
}

/// Maximum number of compressed bytes in addition to twice the decompressed bytes, for flushed
/// blocks and zeros at the end.
const MAX_OVERHEAD_BYTES: u64 = 1 << 20;
/// Maximum number of members in addition to one per decompressed byte.
const MAX_EXTRA_MEMBERS: u64 = 1000;

/// Decompresses gzip members one after another.
///
/// Zeros after the last member, which some writers add as padding, are skipped. Other bytes and
/// damaged members are errors.
pub(crate) struct Members {
    member: GzDecoder<Vec<u8>>,
    /// Whether zeros were read after the last member.
    is_padded: bool,
    /// Number of members.
    members: u64,
    /// Number of compressed bytes.
    read: u64,
    /// Number of decompressed bytes.
    decompressed: u64,
}

impl Default for Members {
    fn default() -> Self {
        Self {
            member: GzDecoder::new(Vec::new()),
            is_padded: false,
            members: 1,
            read: 0,
            decompressed: 0,
        }
    }
}

impl Members {
    /// Decompresses some of `bytes` and returns their number. The decoder's buffer limits the
    /// output of one call.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.member.get_ref().len();
        let read = self.decompress(bytes)?;
        self.read += read as u64;
        self.decompressed += self.member.get_ref().len().saturating_sub(before) as u64;
        let max_read = self.decompressed.saturating_mul(2).saturating_add(MAX_OVERHEAD_BYTES);
        let max_members = self.decompressed.saturating_add(MAX_EXTRA_MEMBERS);
        match self.read > max_read || self.members > max_members {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, Unproductive)),
            false => Ok(read),
        }
    }

    fn decompress(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_padded {
            match self.member.write(bytes)? {
                // The member has ended.
                0 if !bytes.is_empty() => self.member.try_finish()?,
                read => return Ok(read),
            }
            self.is_padded = bytes.starts_with(&[0]);
        }
        match self.is_padded {
            true if bytes.iter().all(|byte| *byte == 0) => Ok(bytes.len()),
            true => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "bytes after the last member",
            )),
            false => {
                let output = std::mem::take(self.member.get_mut());
                self.member = GzDecoder::new(output);
                self.members += 1;
                self.member.write(bytes)
            }
        }
    }

    /// Returns the decompressed bytes, which the caller takes out.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        self.member.get_mut()
    }

    /// Moves the remaining valid bytes from the decoder to the output, after the last input.
    /// Returns an error of the kind `UnexpectedEof` if the input is incomplete.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.is_padded {
            return Ok(());
        }
        // Errors are reported below.
        let _ = self.member.flush();
        let valid_length = self.member.get_ref().len();
        // A complete member accepts no more input.
        if let Ok(0) = self.member.write(&[0]) {
            return self.member.try_finish();
        }
        self.member.get_mut().truncate(valid_length);
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Decompresses a body that is gzip with any number of members, or empty.
#[derive(Default)]
pub(crate) struct Gunzip {
    members: Members,
    has_input: bool,
}

impl Gunzip {
    /// Decompresses a chunk; returns `false` if the output exceeds `limit` bytes.
    pub(crate) fn push(&mut self, mut chunk: &[u8], limit: u64) -> io::Result<bool> {
        self.has_input |= !chunk.is_empty();
        while !chunk.is_empty() {
            let read = self.members.push(chunk)?;
            chunk = chunk.get(read..).unwrap_or_default();
            if self.members.output().len() as u64 > limit {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the decompressed bytes after the last input, and an error if the input is
    /// incomplete.
    pub(crate) fn finish(mut self) -> (Vec<u8>, io::Result<()>) {
        let finished = match self.has_input {
            true => self.members.finish(),
            false => Ok(()),
        };
        (std::mem::take(self.members.output()), finished)
    }
}
