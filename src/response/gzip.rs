//! Bytes that come compressed, decompressed as they arrive.

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
    /// Decompresses gzip of one member or several, in constant memory. Zeros after the last member are skipped.
    ///
    /// Anything that is not gzip passes unchanged, a ZIP archive too: an export can be one. Use
    /// `ExportJob::download_to` to unpack it, or examine the first bytes, which are `PK` followed by the bytes 3 and 4.
    ///
    /// The stream ends with an error that [`is_decode`](crate::Error::is_decode) if the gzip is damaged or incomplete, or if it
    /// goes on without producing anything.
    pub fn decompressed(self) -> Self {
        self.steps(Decompressing::Begin, damaged)
    }

    /// The same bytes without the gzip that they have to come in.
    pub(crate) fn decoded(self) -> Self {
        self.steps(Decompressing::Encoded, undecoded)
    }

    fn steps(self, begin: Decompressing, failed: fn(io::Error) -> Failure) -> Self {
        let context = self.context().clone();
        let steps = stream::try_unfold((self, begin), move |(bytes, step)| decompress(bytes, step, failed));
        Self::new(context, steps)
    }
}

/// Where [`ByteStream::decompressed`] is.
enum Decompressing {
    /// Nothing was read.
    Begin,
    /// Nothing was read of what is gzip, unless it is empty.
    Encoded,
    /// It is not gzip.
    Plain,
    /// It is gzip: the decoder and what it has yet to read.
    Gzip(Box<Members>, Bytes),
    /// The last bytes were handed out.
    End,
}

/// The next decompressed chunk.
async fn decompress(
    mut bytes: ByteStream,
    mut step: Decompressing,
    failed: fn(io::Error) -> Failure,
) -> Result<Option<(Bytes, (ByteStream, Decompressing))>, Failure> {
    loop {
        step = match step {
            Decompressing::Begin => match sniff(&mut bytes, MAGIC.len()).await? {
                (head, true) => Decompressing::Gzip(Box::default(), head),
                (head, false) => return Ok((!head.is_empty()).then_some((head, (bytes, Decompressing::Plain)))),
            },
            Decompressing::Encoded => match bytes.next_bytes().await? {
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
                            members.finish().map_err(failed)?;
                            let rest = std::mem::take(members.output());
                            return Ok((!rest.is_empty()).then(|| (rest.into(), (bytes, Decompressing::End))));
                        }
                    }
                }
                input.advance(members.push(&input).map_err(failed)?);
                let output = std::mem::take(members.output());
                let step = Decompressing::Gzip(members, input);
                if !output.is_empty() {
                    return Ok(Some((output.into(), (bytes, step))));
                }
                // Nothing to hand out, while the next bytes may be there already: other tasks get their turn.
                consume_budget().await;
                step
            }
            Decompressing::End => return Ok(None),
        };
    }
}

/// What a gzip file begins with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The first bytes, at `least` so many where there are, and whether they begin a gzip file.
pub(crate) async fn sniff(bytes: &mut ByteStream, least: usize) -> Result<(Bytes, bool), Failure> {
    let mut head = BytesMut::new();
    while head.len() < least {
        let Some(chunk) = bytes.next_bytes().await? else { break };
        if head.is_empty() && chunk.len() >= least {
            let gzip = chunk.starts_with(&MAGIC);
            return Ok((chunk, gzip));
        }
        head.extend_from_slice(&chunk);
    }
    let gzip = head.starts_with(&MAGIC);
    Ok((head.freeze(), gzip))
}

/// The error of gzip that is damaged or incomplete.
pub(crate) fn damaged(error: io::Error) -> Failure {
    let found = match is_unproductive(&error) {
        true => "gzip that goes on without producing anything",
        false => "damaged or missing bytes",
    };
    let unread = DecodeError {
        path: String::new(),
        expected: "a whole gzip file",
        found: found.to_owned(),
    };
    Failure::new(Kind::Decode(Box::new(unread)), error)
}

/// The error of a body whose gzip is damaged, or incomplete: then the rest was lost.
pub(crate) fn undecoded(error: io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof => Kind::Lost,
        _ if is_unproductive(&error) => return damaged(error),
        _ => Kind::Protocol,
    };
    Failure::new(kind, error)
}

/// The error of gzip that is valid so far, but has far more bytes or members than what it contains justifies. Without it a
/// server could keep a client busy for ever, since limits of what is decompressed are never reached.
#[derive(Debug)]
struct Unproductive;

impl std::fmt::Display for Unproductive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the gzip goes on without producing anything")
    }
}

impl std::error::Error for Unproductive {}

fn is_unproductive(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Unproductive>)
}

/// How many bytes of gzip may come beyond twice the bytes that they decompress to: flushed blocks, and zeros at the end.
const MAX_OVERHEAD_BYTES: u64 = 1 << 20;
/// How many members there may be beyond one for each byte that they decompress to.
const MAX_EXTRA_MEMBERS: u64 = 1000;

/// Decompresses gzip: the members one after another, and zeros after the last one, which some writers add to fill a block. Any
/// other bytes there are an error, as is a damaged member.
pub(crate) struct Members {
    member: GzDecoder<Vec<u8>>,
    /// Whether zeros came after the last member.
    filled_up: bool,
    /// How many members there were, and how many bytes went in and came out.
    members: u64,
    read: u64,
    decompressed: u64,
}

impl Default for Members {
    fn default() -> Self {
        Self {
            member: GzDecoder::new(Vec::new()),
            filled_up: false,
            members: 1,
            read: 0,
            decompressed: 0,
        }
    }
}

impl Members {
    /// Decompresses some of `bytes`, and returns how many: as many as fill the decoder's own buffer, so that a few bytes cannot
    /// expand to very many at once.
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
        if !self.filled_up {
            match self.member.write(bytes)? {
                // The member has ended.
                0 if !bytes.is_empty() => self.member.try_finish()?,
                read => return Ok(read),
            }
            self.filled_up = bytes.starts_with(&[0]);
        }
        match self.filled_up {
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

    /// What was decompressed, to be taken out.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        self.member.get_mut()
    }

    /// Puts what the decoder still holds into the output, as far as it is sound, once nothing more comes. An error of an end that
    /// came too early is one of `UnexpectedEof`.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.filled_up {
            return Ok(());
        }
        // What cannot be had is told below.
        let _ = self.member.flush();
        let sound = self.member.get_ref().len();
        // One that has ended takes nothing more.
        if let Ok(0) = self.member.write(&[0]) {
            return self.member.try_finish();
        }
        self.member.get_mut().truncate(sound);
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// A body that came compressed by gzip, of any number of members; one that is empty has none.
#[derive(Default)]
pub(crate) struct Gunzip {
    members: Members,
    begun: bool,
}

impl Gunzip {
    /// Decompresses a chunk onto what there is; `false` when that gets longer than `limit`.
    pub(crate) fn push(&mut self, mut chunk: &[u8], limit: u64) -> io::Result<bool> {
        self.begun |= !chunk.is_empty();
        while !chunk.is_empty() {
            let read = self.members.push(chunk)?;
            chunk = chunk.get(read..).unwrap_or_default();
            if self.members.output().len() as u64 > limit {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was decompressed, once nothing more comes, and whether that is the whole.
    pub(crate) fn finish(mut self) -> (Vec<u8>, io::Result<()>) {
        let whole = self.members.finish();
        let whole = if self.begun { whole } else { Ok(()) };
        (std::mem::take(self.members.output()), whole)
    }
}
