//! The format of a download, detected from its first bytes.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::response::unsupported_coding;
use crate::wire::read::without_bom;

/// The number of bytes at the start of a download or file from which its format is detected. A tar
/// header has 512.
pub(super) const HEAD_BYTES: usize = 1024;

/// The name of data that contains control characters, in errors.
pub(super) const BINARY: &str = "binary data";

/// The format of a download, or of a file in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text that is not HTML, XML or JSON.
    Csv,
    /// One or more gzip members.
    Gzip,
    /// A ZIP archive, possibly an empty one.
    Zip,
    /// A tar archive.
    Tar,
}

impl Format {
    /// Detects the format from the first bytes. The error is the name of data that is not an
    /// export.
    pub(super) fn detect(head: &[u8]) -> Result<Self, &'static str> {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        match head {
            [0x1f, 0x8b, ..] => return Ok(Self::Gzip),
            // A local file header, the end of an empty archive, and the marker of a split archive.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => return Ok(Self::Zip),
            _ if is_tar_header(head) => return Ok(Self::Tar),
            _ => {}
        }
        let text = without_bom(head).trim_ascii_start();
        match text.first() {
            None => Err("nothing"),
            Some(b'<') => Err("HTML or XML"),
            Some(b'{' | b'[') => Err("JSON"),
            Some(_) if text.iter().any(|byte| matches!(byte, 0..b'\t' | 0x0e..b' ')) => Err(BINARY),
            Some(_) => Ok(Self::Csv),
        }
    }
}

/// Returns `true` if the bytes start with a tar header. It is recognized by its checksum, because
/// the oldest format has no magic bytes.
fn is_tar_header(head: &[u8]) -> bool {
    const HEADER_BYTES: usize = 512;
    let Some(header) = head.get(..HEADER_BYTES) else {
        return false;
    };
    let mut bytes = [0; HEADER_BYTES];
    bytes.copy_from_slice(header);
    let header = tar::Header::from_byte_slice(&bytes);
    // In the checksum, its own field counts as spaces.
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let sum: u32 = bytes
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }))
        .sum();
    // A header is padded with zeros, which text does not contain.
    bytes.contains(&0) && header.cksum().is_ok_and(|checksum| checksum == sum)
}

/// Returns the content that the response headers declare, if it cannot be an export.
pub(super) fn declared(headers: &HeaderMap) -> Option<&'static str> {
    const HTML: &[u8] = b"text/html";
    let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let start = media_type.and_then(|media_type| media_type.get(..HTML.len()));
    match start.is_some_and(|start| start.eq_ignore_ascii_case(HTML)) {
        true => Some("HTML or XML"),
        false => unsupported_coding(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(name: &str) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_size(0);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    #[test]
    fn formats_are_detected_from_the_first_bytes() {
        for (head, expected) in [
            (&b"\x1f\x8b\x08"[..], Ok(Format::Gzip)),
            (b"PK\x03\x04", Ok(Format::Zip)),
            (b"PK\x05\x06", Ok(Format::Zip)),
            (b"PK\x07\x08PK\x03\x04", Ok(Format::Zip)),
            (b"PK,name\n", Ok(Format::Csv)),
            (b"\xef\xbb\xbfuser_id\r\n", Ok(Format::Csv)),
            (b"\"user_id\",\"e\xf3\"\n", Ok(Format::Csv)),
            (b"", Err("nothing")),
            (b"\xef\xbb\xbf \r\n", Err("nothing")),
            (b" <html>", Err("HTML or XML")),
            (b"[]", Err("JSON")),
            (b"\x1f", Err("binary data")),
            (b"u\0s\0e\0r\0", Err("binary data")),
        ] {
            assert_eq!(Format::detect(head), expected, "{}", head.escape_ascii());
        }
        assert_eq!(Format::detect(&tar_of("receipt.csv")), Ok(Format::Tar));
        let mut old = [0; 512];
        old[..11].copy_from_slice(b"receipt.csv");
        let sum: u32 = b"receipt.csv".iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        old[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(Format::detect(&old), Ok(Format::Tar), "a header without magic");
        old[0] = b'R';
        assert_eq!(Format::detect(&old), Err("binary data"), "a wrong checksum");
    }
}
