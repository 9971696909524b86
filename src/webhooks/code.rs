//! Message authentication codes that can only be compared in constant time.

use hmac::Mac;
use hmac::digest::{CtOutput, Output};

/// An HMAC of a body, either computed or received.
///
/// This type has no `PartialEq`, so that `==` cannot replace [`matches`](Self::matches), which
/// takes constant time.
pub(super) struct Code<M: Mac>(CtOutput<M>);

impl<M: Mac + Clone> Code<M> {
    /// Computes the code of a body with the key in `mac`.
    pub(super) fn compute(mac: &M, body: &[u8]) -> Self {
        Self(mac.clone().chain_update(body).finalize())
    }

    /// Parses a code from hexadecimal digits, in upper or lower case. Returns `None` if it has the
    /// wrong length.
    pub(super) fn parse(digits: &[u8]) -> Option<Self> {
        let mut bytes = Output::<M>::default();
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        let digit = |digit: u8| char::from(digit).to_digit(16);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let [high, low] = pair else { return None };
            *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
        }
        Some(Self(CtOutput::new(bytes)))
    }

    /// Compares two codes in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        // This `==` is that of `CtOutput`.
        self.0 == other.0
    }

    /// Returns the code as lower-case hexadecimal digits.
    pub(super) fn to_digits(&self) -> String {
        let bytes = self.0.as_bytes().iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, KeyInit};
    use sha1::Sha1;

    /// Does not compile if a code can be compared with `==`: the call is then ambiguous.
    #[allow(dead_code)]
    fn codes_have_no_partial_eq() {
        trait NotPartialEq<Marker> {
            fn check() {}
        }
        struct IsPartialEq;
        impl<T> NotPartialEq<()> for T {}
        impl<T: PartialEq> NotPartialEq<IsPartialEq> for T {}
        <Code<Hmac<Sha1>> as NotPartialEq<_>>::check();
    }

    #[test]
    fn codes_match_if_all_bytes_are_equal() {
        let mac: Hmac<Sha1> = Hmac::new_from_slice(b"secret").unwrap();
        let code = Code::compute(&mac, b"body");
        let digits = code.to_digits();
        for digits in [digits.clone(), digits.to_uppercase()] {
            assert!(code.matches(&Code::parse(digits.as_bytes()).unwrap()));
        }
        for at in 0..digits.len() {
            let mut changed = digits.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert!(!code.matches(&Code::parse(&changed).unwrap()), "digit {at}");
        }
        assert!(!code.matches(&Code::compute(&mac, b"other")));
        for malformed in [
            "",
            &digits[1..],
            &digits[2..],
            &format!("{digits}00"),
            &format!("g{}", &digits[1..]),
        ] {
            assert!(Code::<Hmac<Sha1>>::parse(malformed.as_bytes()).is_none(), "{malformed}");
        }
    }
}
