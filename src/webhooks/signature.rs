//! The two signatures of requests to an endpoint.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha1::Sha1;
use sha2::Sha256;

use super::WebhookError;

/// A signature of a request: an HMAC of its body with the app's client secret, in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signature {
    /// `X-Hub-Signature`: `sha1=` and the HMAC-SHA1 as 40 hexadecimal digits. Notifications are signed so.
    Hub,
    /// `X-Body-Signature`: the HMAC-SHA256 as 64 hexadecimal digits. Uninstall calls, health checks and Canvas Kit requests are
    /// signed so.
    Body,
}

impl Signature {
    /// Name of the header that carries the signature, in lower case.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Hub => "x-hub-signature",
            Self::Body => "x-body-signature",
        }
    }

    /// The text before the digits.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Hub => "sha1=",
            Self::Body => "",
        }
    }

    /// The length of the code, in bytes.
    const fn length(self) -> usize {
        match self {
            Self::Hub => 20,
            Self::Body => 32,
        }
    }

    /// The code in the headers, if they have one.
    fn code(self, headers: &HeaderMap) -> Result<Option<Vec<u8>>, WebhookError> {
        let mut values = headers.get_all(self.header()).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(WebhookError::MalformedSignature);
        }
        let digits = value.as_bytes().strip_prefix(self.prefix().as_bytes());
        let code = digits.and_then(bytes).filter(|code| code.len() == self.length());
        code.map(Some).ok_or(WebhookError::MalformedSignature)
    }
}

/// The bytes that pairs of hexadecimal digits stand for.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// The client secret, as the keys of both signatures.
#[derive(Clone)]
pub(super) struct Keys {
    hub: Hmac<Sha1>,
    body: Hmac<Sha256>,
}

impl Keys {
    /// The keys of a secret; HMAC takes any.
    pub(super) fn new(secret: &str) -> Option<Self> {
        Some(Self {
            hub: Hmac::new_from_slice(secret.as_bytes()).ok()?,
            body: Hmac::new_from_slice(secret.as_bytes()).ok()?,
        })
    }

    /// Verifies every signature that the headers have, in constant time for the code itself.
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Signature, WebhookError> {
        let mut verified = None;
        for signature in [Signature::Hub, Signature::Body] {
            let Some(code) = signature.code(headers)? else {
                continue;
            };
            let fits = match signature {
                Signature::Hub => self.hub.clone().chain_update(body).verify_slice(&code),
                Signature::Body => self.body.clone().chain_update(body).verify_slice(&code),
            };
            fits.map_err(|_| WebhookError::WrongSignature)?;
            verified.get_or_insert(signature);
        }
        verified.ok_or(WebhookError::MissingSignature)
    }

    /// The value of a signature's header.
    pub(super) fn sign(&self, signature: Signature, body: &[u8]) -> String {
        let code = match signature {
            Signature::Hub => self.hub.clone().chain_update(body).finalize().into_bytes().to_vec(),
            Signature::Body => self.body.clone().chain_update(body).finalize().into_bytes().to_vec(),
        };
        let digits = code.into_iter();
        digits.fold(signature.prefix().to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }
}
