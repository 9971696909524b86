//! Bytes that come compressed, decompressed as they arrive.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use futures_util::stream;

use super::bytes::ByteStream;
use super::error::{Error, Kind};
use crate::wire::read::Unread;

impl ByteStream {
    /// The same bytes decompressed from gzip, of one member or several, in constant memory. What is not gzip passes as it is.
    ///
    /// Ends with an error that [`is_decode`](Error::is_decode) when the gzip is damaged or cut off.
    pub fn decompressed(self) -> Self {
        self.steps(Decompressing::Begin, damaged)
    }

    /// The same bytes without the gzip that they have to come in.
    pub(crate) fn decoded(self) -> Self {
        self.steps(Decompressing::Encoded, undecoded)
    }

    fn steps(self, begin: Decompressing, as_error: AsError) -> Self {
        let (operation, say) = (self.operation(), self.say());
        let failed = Arc::clone(&say);
        let failed = move |error| failed(as_error(operation, error));
        let steps = stream::try_unfold((self, begin), move |(bytes, step)| {
            decompress(bytes, step, failed.clone())
        });
        Self::new(operation, steps).with_say(say)
    }
}

/// The error of an operation whose gzip is damaged or cut off.
type AsError = fn(&'static str, io::Error) -> Error;

/// Where [`ByteStream::decompressed`] is.
enum Decompressing {
    /// Nothing was read.
    Begin,
    /// Nothing was read of what is gzip, unless it is empty.
    Encoded,
    /// It is not gzip.
    Plain,
    /// It is gzip: the decoder and what it has yet to read.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>, Bytes),
    /// The last bytes were handed out.
    End,
}

/// The next decompressed chunk.
async fn decompress(
    mut bytes: ByteStream,
    mut step: Decompressing,
    failed: impl Fn(io::Error) -> Error,
) -> Result<Option<(Bytes, (ByteStream, Decompressing))>, Error> {
    loop {
        step = match step {
            Decompressing::Begin => match sniff(&mut bytes).await? {
                (head, true) => Decompressing::Gzip(Box::new(MultiGzDecoder::new(Vec::new())), head),
                (head, false) => return Ok((!head.is_empty()).then_some((head, (bytes, Decompressing::Plain)))),
            },
            Decompressing::Encoded => match bytes.next_chunk().await? {
                Some(head) => Decompressing::Gzip(Box::new(MultiGzDecoder::new(Vec::new())), head),
                None => Decompressing::End,
            },
            Decompressing::Plain => {
                let chunk = bytes.next_chunk().await?;
                return Ok(chunk.map(|chunk| (chunk, (bytes, Decompressing::Plain))));
            }
            Decompressing::Gzip(mut decoder, mut input) => {
                if input.is_empty() {
                    match bytes.next_chunk().await? {
                        Some(chunk) => input = chunk,
                        None => {
                            let rest = decoder.finish().map_err(&failed)?;
                            return Ok((!rest.is_empty()).then(|| (rest.into(), (bytes, Decompressing::End))));
                        }
                    }
                }
                // Reads only as much as fills the decoder's own buffer.
                let read = decoder.write(&input).map_err(&failed)?;
                input.advance(read);
                let output = std::mem::take(decoder.get_mut());
                let step = Decompressing::Gzip(decoder, input);
                if !output.is_empty() {
                    return Ok(Some((output.into(), (bytes, step))));
                }
                step
            }
            Decompressing::End => return Ok(None),
        };
    }
}

/// The first bytes, and whether they begin a gzip file.
pub(crate) async fn sniff(bytes: &mut ByteStream) -> Result<(Bytes, bool), Error> {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    let mut head = Bytes::new();
    while head.len() < MAGIC.len() {
        match bytes.next_chunk().await? {
            Some(chunk) if head.is_empty() => head = chunk,
            Some(chunk) => head = [head, chunk].concat().into(),
            None => break,
        }
    }
    let gzip = head.starts_with(&MAGIC);
    Ok((head, gzip))
}

/// The error of gzip that is damaged or cut off.
pub(crate) fn damaged(operation: &'static str, error: io::Error) -> Error {
    let unread = Unread {
        path: String::new(),
        expected: "a whole gzip file",
        found: "damaged or missing bytes".to_owned(),
    };
    Error::new(operation, Kind::Decode(Box::new(unread))).with_source(error)
}

/// The error of a body whose gzip is damaged, or cut off before its end: then the rest was lost.
pub(crate) fn undecoded(operation: &'static str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof => Kind::Lost,
        _ => Kind::Protocol,
    };
    Error::new(operation, kind).with_source(error)
}

/// A body that came compressed by gzip, of any number of members; one that is empty has none.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    begun: bool,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            begun: false,
        }
    }

    /// Decompresses a chunk onto what there is; `false` when that gets longer than `limit`.
    pub(crate) fn push(&mut self, mut chunk: &[u8], limit: u64) -> io::Result<bool> {
        self.begun |= !chunk.is_empty();
        while !chunk.is_empty() {
            // Reads only as much as fills the decoder's own buffer, so that a little cannot become very much at once.
            let read = self.decoder.write(chunk)?;
            chunk = chunk.get(read..).unwrap_or_default();
            if self.decoder.get_ref().len() as u64 > limit {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was decompressed, once nothing more comes, and whether that is the whole.
    pub(crate) fn finish(mut self) -> (Vec<u8>, io::Result<()>) {
        let whole = match self.begun {
            true => self.decoder.try_finish(),
            false => Ok(()),
        };
        (self.so_far(), whole)
    }

    /// What was decompressed so far.
    pub(crate) fn so_far(mut self) -> Vec<u8> {
        // What the decoder still holds comes out, as far as it is sound.
        let _ = self.decoder.flush();
        std::mem::take(self.decoder.get_mut())
    }
}
