//! Bytes that come compressed, decompressed as they arrive.

use std::io::{self, Write};

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
        let operation = self.operation();
        let steps = stream::try_unfold((self, Decompressing::Begin), |(bytes, step)| decompress(bytes, step));
        Self::new(operation, steps)
    }
}

/// Where [`ByteStream::decompressed`] is.
enum Decompressing {
    /// Nothing was read.
    Begin,
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
) -> Result<Option<(Bytes, (ByteStream, Decompressing))>, Error> {
    loop {
        step = match step {
            Decompressing::Begin => match sniff(&mut bytes).await? {
                (head, true) => Decompressing::Gzip(Box::new(MultiGzDecoder::new(Vec::new())), head),
                (head, false) => return Ok((!head.is_empty()).then_some((head, (bytes, Decompressing::Plain)))),
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
                            let rest = decoder.finish().map_err(|error| broken(bytes.operation(), error))?;
                            return Ok((!rest.is_empty()).then(|| (rest.into(), (bytes, Decompressing::End))));
                        }
                    }
                }
                // Reads only as much as fills the decoder's own buffer.
                let read = decoder
                    .write(&input)
                    .map_err(|error| broken(bytes.operation(), error))?;
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
pub async fn sniff(bytes: &mut ByteStream) -> Result<(Bytes, bool), Error> {
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

/// A failure of the disk, or of the gzip decoder: only the former comes from the operating system.
pub fn broken(operation: &'static str, error: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let gzip = error.raw_os_error().is_none() && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof);
    let kind = if gzip {
        Kind::Decode(Box::new(Unread {
            path: String::new(),
            expected: "a whole gzip file",
            found: "damaged or missing bytes".to_owned(),
        }))
    } else {
        Kind::Io
    };
    Error::kind(operation, kind).caused(error).after(1)
}
