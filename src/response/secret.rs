//! Removes the access token of a call from responses and errors.
//!
//! A server or proxy that reports a request can echo its headers. The token is also recognized if
//! it is truncated, or if its characters are escaped as in JSON, URLs or HTML.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use crate::http::error::BoxError;

/// The access token of a call.
#[derive(Clone)]
pub(crate) struct Secret(HeaderValue);

/// Replaces a token.
const REDACTED: &[u8] = b"[redacted]";

/// Minimum number of characters of a token that are recognized. Shorter tokens could be ordinary
/// words.
const MIN_TOKEN_LENGTH: usize = 8;

impl Secret {
    /// Returns the token of an `Authorization` header.
    pub(crate) fn of(authorization: HeaderValue) -> Self {
        Self(authorization)
    }

    /// Returns the `Authorization` header with the token.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0
    }

    fn token(&self) -> &[u8] {
        let header = self.0.as_bytes();
        header.strip_prefix(b"Bearer ").unwrap_or(header)
    }

    /// Returns the bytes without the token; `None` if they do not contain it.
    fn removed(&self, text: &[u8]) -> Option<Vec<u8>> {
        let token = self.token();
        if token.len().min(text.len()) < MIN_TOKEN_LENGTH {
            return None;
        }
        let mut clean: Option<Vec<u8>> = None;
        let mut copied = 0;
        let mut at = 0;
        let starts = |byte: &u8| *byte == token[0] || matches!(byte, b'\\' | b'%' | b'&');
        while let Some(next) = text[at..].iter().position(starts) {
            at += next;
            match length(&text[at..], token) {
                Some(length) => {
                    let clean = clean.get_or_insert_default();
                    clean.extend_from_slice(&text[copied..at]);
                    clean.extend_from_slice(REDACTED);
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        clean.map(|mut clean| {
            clean.extend_from_slice(&text[copied..]);
            clean
        })
    }

    /// Removes the token from a body.
    pub(crate) fn remove_from_body(&self, body: Bytes) -> Bytes {
        self.removed(&body).map_or(body, Bytes::from)
    }

    /// Removes the token from a text.
    pub(crate) fn remove_from_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.removed(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned().into(),
            None => text.into(),
        }
    }

    /// Removes the token from an error and its sources. An error that contains the token is
    /// replaced by its text.
    pub(crate) fn remove_from_error(&self, error: BoxError) -> BoxError {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        let debug = format!("{error:?}");
        match (self.removed(text.as_bytes()), self.removed(debug.as_bytes())) {
            (None, None) => error,
            _ => self.remove_from_text(&text).into_owned().into(),
        }
    }

    /// Removes the token from the values of headers.
    pub(crate) fn remove_from_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(clean) = self.removed(value.as_bytes()) {
                *value = HeaderValue::try_from(clean).unwrap_or(HeaderValue::from_static("[redacted]"));
            }
        }
    }
}

/// Returns the length in bytes of the token at the start of a text; `None` if too few of its
/// characters match.
fn length(text: &[u8], token: &[u8]) -> Option<usize> {
    let mut rest = text;
    let mut matched = 0;
    for expected in token {
        match character(rest) {
            Some((found, length)) if found == u32::from(*expected) => rest = &rest[length..],
            _ => break,
        }
        matched += 1;
    }
    (matched >= MIN_TOKEN_LENGTH).then_some(text.len() - rest.len())
}

/// Returns the first character of a text, which can be escaped, and its length in bytes.
fn character(text: &[u8]) -> Option<(u32, usize)> {
    let hexadecimal = |digits: Option<&[u8]>| number(digits?, 16);
    let first = *text.first()?;
    let escaped = match first {
        b'\\' => match text.get(1) {
            Some(b'u') => hexadecimal(text.get(2..6)).map(|code| (code, 6)),
            Some(next @ (b'/' | b'"' | b'\\')) => Some((u32::from(*next), 2)),
            _ => None,
        },
        b'%' => hexadecimal(text.get(1..3)).map(|code| (code, 3)),
        b'&' => entity(text),
        _ => None,
    };
    Some(escaped.unwrap_or((u32::from(first), 1)))
}

/// Decodes an HTML entity.
fn entity(text: &[u8]) -> Option<(u32, usize)> {
    const MAX_LENGTH: usize = 10;
    let end = text.iter().take(MAX_LENGTH).position(|byte| *byte == b';')?;
    let name = text.get(1..end)?;
    let code = match name {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    Some((code, end + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "dG9rOjE/ab+c=&<x";

    fn secret() -> Secret {
        Secret::of(HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap())
    }

    #[test]
    fn token_is_removed_in_every_encoding() {
        let url: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let json: String = TOKEN.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let decimal: String = TOKEN.bytes().map(|byte| format!("&#{byte};")).collect();
        let hexadecimal: String = TOKEN.bytes().map(|byte| format!("&#x{byte:x};")).collect();
        for written in [
            TOKEN,
            &url,
            &json,
            &decimal,
            &hexadecimal,
            &TOKEN.replace('/', "\\/"),
            &TOKEN.replace('/', "%2f").replace('+', "%2B").replace('=', "%3D"),
            &TOKEN.replace('&', "&amp;").replace('<', "&lt;"),
            &TOKEN.replace('&', "\\u0026").replace('<', "\\u003c"),
        ] {
            let text = format!("a Bearer {written} b {written}");
            assert_eq!(secret().remove_from_text(&text), "a Bearer [redacted] b [redacted]");
        }
    }

    #[test]
    fn truncated_token_is_removed_and_other_text_is_kept() {
        assert_eq!(secret().remove_from_text("dG9rOjE/ab…"), "[redacted]…");
        assert_eq!(secret().remove_from_text("ü dG9rOjE/a"), "ü [redacted]");
        for other in [
            "",
            "dG9rOjE",
            "G9rOjE/ab+c=&<x",
            "%",
            "\\u00",
            "&#;",
            "&",
            "100 % & more;",
        ] {
            assert_eq!(secret().remove_from_text(other), other);
        }
        let short = Secret::of(HeaderValue::from_static("Bearer token-7"));
        assert_eq!(short.remove_from_text("invalid token-7"), "invalid token-7");
        let shortest = Secret::of(HeaderValue::from_static("Bearer token-08"));
        assert_eq!(shortest.remove_from_text("invalid token-08"), "invalid [redacted]");
    }

    #[test]
    fn token_is_removed_from_errors_and_their_sources() {
        let inner = std::io::Error::other(format!("debug data: {TOKEN}"));
        let outer = crate::http::error::HttpError::new(crate::http::error::HttpErrorKind::Lost, inner);
        let clean = secret().remove_from_error(outer.into());
        let text = "connection lost before the response was complete: debug data: [redacted]";
        assert_eq!((clean.to_string().as_str(), clean.source().is_none()), (text, true));
        assert!(!format!("{clean:?}").contains(TOKEN));
        let other = secret().remove_from_error(std::io::Error::other("reset").into());
        assert!(other.is::<std::io::Error>());
    }

    #[test]
    fn token_is_removed_from_headers_and_bodies() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_str(&format!("id-{TOKEN}")).unwrap());
        headers.insert("x-other", HeaderValue::from_static("unchanged"));
        secret().remove_from_headers(&mut headers);
        assert_eq!(
            (&headers["x-request-id"], &headers["x-other"]),
            (
                &HeaderValue::from_static("id-[redacted]"),
                &HeaderValue::from_static("unchanged")
            )
        );
        let body = Bytes::from_static(b"\xff nothing");
        assert_eq!(secret().remove_from_body(body.clone()), body);
        let body = Bytes::from(["\u{ff}".as_bytes(), b"\xff", TOKEN.as_bytes()].concat());
        assert_eq!(
            secret().remove_from_body(body),
            "\u{ff}".bytes().chain(*b"\xff[redacted]").collect::<Bytes>()
        );
    }
}
