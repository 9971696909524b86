//! Strings and their escapes.

use std::borrow::Cow;

use super::{Fault, Reader};

impl<'t> Reader<'t> {
    /// Reads a string. Returns `None`, without reading anything, if the next value is not a string.
    ///
    /// An unpaired surrogate becomes U+FFFD and sets [`keep_text`](Self::keep_text).
    #[inline(always)]
    pub fn string(&mut self) -> Result<Option<Cow<'t, str>>, Fault> {
        match self.peek()? {
            b'"' => self.quoted().map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the string at the current position.
    #[inline(always)]
    pub(super) fn quoted(&mut self) -> Result<Cow<'t, str>, Fault> {
        match self.plain_string() {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err((start, plain_end)) => self.escaped_string(start, plain_end).map(Cow::Owned),
        }
    }

    /// Reads the string at the current position into a [`String`].
    #[inline]
    pub fn quoted_owned(&mut self) -> Result<String, Fault> {
        match self.plain_string() {
            Ok(text) => Ok(text.to_owned()),
            Err((start, plain_end)) => self.escaped_string(start, plain_end),
        }
    }

    /// Reads the string at the current position if it contains no escapes. Otherwise returns the positions where its content
    /// starts and where the part without escapes ends.
    #[inline(always)]
    fn plain_string(&mut self) -> Result<&'t str, (usize, usize)> {
        let start = self.position + 1;
        let bytes = self.text.as_bytes();
        let end = start + plain_length(bytes.get(start..).unwrap_or_default());
        match self.text.get(start..end) {
            Some(text) if bytes.get(end) == Some(&b'"') => {
                self.position = end + 1;
                Ok(text)
            }
            _ => Err((start, end)),
        }
    }

    /// Reads a string whose content starts at `start` and contains no escapes before `plain_end`.
    fn escaped_string(&mut self, start: usize, plain_end: usize) -> Result<String, Fault> {
        // The buffer is reused, and its content copied into an allocation of the right size.
        let mut buffer = std::mem::take(&mut self.string_buffer);
        buffer.clear();
        let bytes = self.text.as_bytes();
        buffer.extend_from_slice(bytes.get(start..plain_end).unwrap_or_default());
        self.position = plain_end;
        let read = self.unescape(bytes, &mut buffer);
        // The buffer is always valid UTF-8.
        let text = read.map(|()| String::from_utf8_lossy(&buffer).into_owned());
        self.string_buffer = buffer;
        text
    }

    /// Decodes the rest of a string into `out`.
    fn unescape(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            let rest = bytes.get(self.position..).unwrap_or_default();
            if let Some(word) = rest.first_chunk::<8>() {
                // Copying eight bytes and truncating is faster than copying a variable number.
                out.extend_from_slice(word);
                let length = plain_length_of_word(word);
                self.position += length;
                out.truncate(out.len() + length - 8);
                if length == 8 {
                    continue;
                }
            } else {
                let length = plain_length(rest);
                out.extend_from_slice(rest.get(..length).unwrap_or_default());
                self.position += length;
            }
            match bytes.get(self.position) {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(b'\\') => {}
                _ => return Err(self.malformed()),
            }
            self.position += 1;
            let escaped = match bytes.get(self.position) {
                Some(b'"') => b'"',
                Some(b'\\') => b'\\',
                Some(b'/') => b'/',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'u') => {
                    self.position += 1;
                    match self.unicode_escape(bytes)? {
                        character if character.is_ascii() => out.push(character as u8),
                        character => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                    continue;
                }
                _ => return Err(self.malformed()),
            };
            out.push(escaped);
            self.position += 1;
        }
    }

    /// Reads the four digits after `\u`, and the second escape of a surrogate pair.
    #[inline]
    fn unicode_escape(&mut self, bytes: &[u8]) -> Result<char, Fault> {
        let first = self.hexadecimal(bytes)?;
        if let Some(character) = char::from_u32(first.into()) {
            return Ok(character);
        }
        let position = self.position;
        let rest = bytes.get(position..).unwrap_or_default();
        if first < 0xdc00 && rest.starts_with(b"\\u") {
            self.position += 2;
            let second = self.hexadecimal(bytes)?;
            if let Some(Ok(character)) = char::decode_utf16([first, second]).next() {
                return Ok(character);
            }
            self.position = position;
        }
        self.keep_text = true;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    #[inline]
    fn hexadecimal(&mut self, bytes: &[u8]) -> Result<u16, Fault> {
        let digits: &[u8; 4] = bytes
            .get(self.position..)
            .and_then(<[u8]>::first_chunk)
            .unwrap_or(&[0; 4]);
        let values = digits.map(|digit| HEXADECIMAL[usize::from(digit)]);
        if let Some(invalid) = values.iter().position(|value| *value > 15) {
            self.position += invalid;
            return Err(self.malformed());
        }
        self.position += 4;
        Ok(values.iter().fold(0, |number, digit| number << 4 | u16::from(*digit)))
    }
}

/// The value of each byte as a hexadecimal digit, 255 for other bytes.
const HEXADECIMAL: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// Returns the number of bytes before the first quote, backslash or control character.
#[inline(always)]
fn plain_length_of_word(word: &[u8; 8]) -> usize {
    specials(u64::from_le_bytes(*word)).trailing_zeros() as usize / 8
}

/// Returns a number whose lowest bit that is set belongs to the first quote, backslash or control character of a word.
#[inline(always)]
fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Flipping bit 1 maps the quote to 0x20, directly above the control characters.
    let quote = (word ^ (ONES << 1)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote | backslash) & !word & HIGH
}

/// Returns the number of bytes before the first quote, backslash or control character.
#[inline(always)]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((words, after)) = rest.split_first_chunk::<16>() {
        // Two words take one branch.
        let words = u128::from_le_bytes(*words);
        let (first, second) = (specials(words as u64), specials((words >> 64) as u64));
        if first | second != 0 {
            let length = match first {
                0 => 8 + second.trailing_zeros() as usize / 8,
                _ => first.trailing_zeros() as usize / 8,
            };
            return bytes.len() - rest.len() + length;
        }
        rest = after;
    }
    let tail = rest.iter().take_while(|byte| !matches!(byte, 0..b' ' | b'"' | b'\\'));
    bytes.len() - rest.len() + tail.count()
}
