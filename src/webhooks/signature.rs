//! The two signatures of requests to an endpoint.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha1::Sha1;
use sha2::Sha256;

use super::WebhookError;
use super::code::Code;

/// A kind of signature: an HMAC of the request body with the app's client secret, in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signature {
    /// `X-Hub-Signature`, the signature of notifications: `sha1=` and the HMAC-SHA1 as 40
    /// hexadecimal digits.
    Hub,
    /// `X-Body-Signature`, the signature of uninstall calls, health checks and Canvas Kit requests:
    /// the HMAC-SHA256 as 64 hexadecimal digits.
    Body,
}

impl Signature {
    /// Returns the name of the header, in lower case.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Hub => "x-hub-signature",
            Self::Body => "x-body-signature",
        }
    }

    /// Returns the text before the digits.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Hub => "sha1=",
            Self::Body => "",
        }
    }

    /// Returns the code in the headers, if they have this signature.
    fn received<M: Mac + Clone>(self, headers: &HeaderMap) -> Result<Option<Code<M>>, WebhookError> {
        let mut values = headers.get_all(self.header()).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(WebhookError::MalformedSignature);
        }
        let digits = value.as_bytes().strip_prefix(self.prefix().as_bytes());
        let code = digits.and_then(Code::parse);
        code.map(Some).ok_or(WebhookError::MalformedSignature)
    }

    /// Verifies this signature. Returns `false` if the headers do not have it.
    fn verify<M: Mac + Clone>(self, mac: &M, headers: &HeaderMap, body: &[u8]) -> Result<bool, WebhookError> {
        let Some(received) = self.received::<M>(headers)? else {
            return Ok(false);
        };
        match Code::compute(mac, body).matches(&received) {
            true => Ok(true),
            false => Err(WebhookError::WrongSignature),
        }
    }
}

/// The client secret, as the keys of both signatures.
#[derive(Clone)]
pub(super) struct Keys {
    hub: Hmac<Sha1>,
    body: Hmac<Sha256>,
}

impl Keys {
    /// Returns the keys of a secret. HMAC accepts keys of any length.
    pub(super) fn new(secret: &str) -> Option<Self> {
        Some(Self {
            hub: Hmac::new_from_slice(secret.as_bytes()).ok()?,
            body: Hmac::new_from_slice(secret.as_bytes()).ok()?,
        })
    }

    /// Verifies all signatures in the headers, and returns the first one.
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Signature, WebhookError> {
        let hub = Signature::Hub.verify(&self.hub, headers, body)?;
        let body = Signature::Body.verify(&self.body, headers, body)?;
        match (hub, body) {
            (true, _) => Ok(Signature::Hub),
            (false, true) => Ok(Signature::Body),
            (false, false) => Err(WebhookError::MissingSignature),
        }
    }

    /// Returns the header value of a signature.
    pub(super) fn sign(&self, signature: Signature, body: &[u8]) -> String {
        let digits = match signature {
            Signature::Hub => Code::compute(&self.hub, body).to_digits(),
            Signature::Body => Code::compute(&self.body, body).to_digits(),
        };
        format!("{}{digits}", signature.prefix())
    }
}
