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
        let first = self.peek()?;
        if first.is_ascii_digit()
            && let Some(value) = self.short_integer()
        {
            return Ok(Some(Number::Integer(value)));
        }
        match first {
            b'-' | b'0'..=b'9' => self.other_number().map(Some),
            _ => Ok(None),
        }
    }

    /// Reads an integer that starts with a digit. Returns `None`, without reading anything, if the number has a fraction, an
    /// exponent, a leading zero or more than [`SHORT_DIGITS`] digits.
    #[inline(always)]
    fn short_integer(&mut self) -> Option<i64> {
        let rest = self.text.as_bytes().get(self.position..)?;
        let (value, digits) = leading_digits(rest);
        let is_fraction = matches!(rest.get(digits), Some(b'.' | b'e' | b'E'));
        let has_leading_zero = digits > 1 && rest.first() == Some(&b'0');
        if digits > SHORT_DIGITS || is_fraction || has_leading_zero {
            return None;
        }
        self.position += digits;
        Some(value)
    }

    /// Reads a number that is not a short integer.
    #[cold]
    fn other_number(&mut self) -> Result<Number<'t>, Fault> {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let negative = bytes.get(start) == Some(&b'-');
        self.position += usize::from(negative);
        let zero = bytes.get(self.position) == Some(&b'0');
        let first_digit = self.position;
        self.skip_digits()?;
        if zero && self.position - first_digit > 1 {
            return Err(self.malformed());
        }
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

/// Returns the value and the number of the digits at the start of a text. The value is undefined for more than [`SHORT_DIGITS`].
#[inline(always)]
fn leading_digits(text: &[u8]) -> (i64, usize) {
    // Most long numbers are times of ten digits.
    let (mut value, mut digits) = match text.first_chunk().and_then(eight_digits) {
        Some(value) => (value, 8),
        None => (0, 0),
    };
    while let Some(digit) = text
        .get(digits)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        digits += 1;
    }
    (value, digits)
}

/// Returns the value of eight digits, which are combined in pairs.
#[inline(always)]
fn eight_digits(text: &[u8; 8]) -> Option<i64> {
    let text = u64::from_le_bytes(*text);
    let digits = text ^ 0x3030_3030_3030_3030;
    // Adding 6 sets the upper four bits of a byte above 9.
    if (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((quads as u32 as i64) * 10_000 + (quads >> 32) as i64)
}
