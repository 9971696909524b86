//! Numbers.

use super::{Fault, Reader};

/// Number of decimal digits that always fit in 64 bits.
const SHORT_DIGITS: usize = 18;

/// A number, before it is converted to the type of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number<'t> {
    /// An integer of 64 bits.
    Integer(i64),
    /// The text of any other number: with a fraction or an exponent, `-0`, or with more digits than 64 bits hold.
    Text(&'t str),
}

impl<'t> Reader<'t> {
    /// Reads a number. Returns `None`, without reading anything, if the next value is not a number.
    #[inline]
    pub fn number(&mut self) -> Result<Option<Number<'t>>, Fault> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return Ok(None);
        }
        let rest = self.text.as_bytes().get(self.position..).unwrap_or_default();
        let negative = rest.first() == Some(&b'-');
        let unsigned = rest.get(usize::from(negative)..).unwrap_or_default();
        let digits = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let zero = unsigned.first() == Some(&b'0');
        let integer = !matches!(unsigned.get(digits), Some(b'.' | b'e' | b'E'));
        if digits > SHORT_DIGITS || !integer || digits == 0 || zero && (digits > 1 || negative) {
            return self.other_number(negative, digits, zero).map(Some);
        }
        let value = unsigned
            .iter()
            .take(digits)
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.position += usize::from(negative) + digits;
        Ok(Some(Number::Integer(if negative { -value } else { value })))
    }

    /// Reads a number that is not a short integer.
    #[cold]
    fn other_number(&mut self, negative: bool, digits: usize, zero: bool) -> Result<Number<'t>, Fault> {
        let start = self.position;
        self.position += usize::from(negative) + digits;
        if digits == 0 || zero && digits > 1 {
            return Err(self.malformed());
        }
        let bytes = self.text.as_bytes();
        let mut integer = true;
        if bytes.get(self.position) == Some(&b'.') {
            integer = false;
            self.position += 1;
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.position) {
            integer = false;
            self.position += 1;
            if let Some(b'+' | b'-') = bytes.get(self.position) {
                self.position += 1;
            }
            self.skip_digits()?;
        }
        let text = self.text_since(start);
        Ok(match text.parse() {
            Ok(value) if integer && !(zero && negative) => Number::Integer(value),
            _ => Number::Text(text),
        })
    }

    /// Skips one or more digits.
    fn skip_digits(&mut self) -> Result<(), Fault> {
        let start = self.position;
        while self.text.as_bytes().get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
        match self.position > start {
            true => Ok(()),
            false => Err(self.malformed()),
        }
    }
}
