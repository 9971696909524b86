//! The format of a download, detected from its first bytes.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::response::unsupported_coding;
use crate::wire::read::without_bom;

/// How many bytes of a download or file are examined, in bytes. A tar header has 512.
pub(super) const HEAD_BYTES: usize = 1024;

/// What bytes are that no text contains.
const BINARY: &str = "binary data";

/// What a download or a file of it contains.
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
    /// Detects the format from the first bytes. The error names what was found instead of an export.
    pub(super) fn detect(head: &[u8]) -> Result<Self, &'static str> {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        match head {
            [0x1f, 0x8b, ..] => return Ok(Self::Gzip),
            // A local file header, the end of an empty archive, and the marker of an archive that was made to be split.
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

    /// Detects the format of what gzip or an archive contains, which its checksum proves to be what was exported. Bytes that look
    /// like nothing else are taken for CSV in an unusual encoding.
    pub(super) fn detect_within(head: &[u8]) -> Result<Self, &'static str> {
        match Self::detect(head) {
            Err(BINARY) => Ok(Self::Csv),
            detected => detected,
        }
    }
}

/// Returns `true` if the bytes start with a tar header, which is recognized by its checksum: the oldest form has no magic.
fn is_tar_header(head: &[u8]) -> bool {
    const HEADER_BYTES: usize = 512;
    let Some(header) = head.get(..HEADER_BYTES) else {
        return false;
    };
    let mut bytes = [0; HEADER_BYTES];
    bytes.copy_from_slice(header);
    let header = tar::Header::from_byte_slice(&bytes);
    // The checksum counts its own field as blanks.
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let sum: u32 = bytes
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }))
        .sum();
    // Text contains no zeros; a header is padded with them.
    bytes.contains(&0) && header.cksum().is_ok_and(|told| told == sum)
}

/// Returns what the headers of a download announce if that cannot be an export.
pub(super) fn announced(headers: &HeaderMap) -> Option<&'static str> {
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
        assert_eq!(Format::detect_within(&old), Ok(Format::Csv));
        assert_eq!(Format::detect_within(b"<html>"), Err("HTML or XML"));
    }
}
