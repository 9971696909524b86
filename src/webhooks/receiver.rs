//! Verifies and reads requests to an endpoint.

use std::fmt;

use http::HeaderMap;

use super::signature::Keys;
use super::{Incoming, InvalidClientSecret, Notification, Signature, WebhookError};
use crate::wire::json;

/// The default of [`Receiver::max_bytes`]: 4 MiB.
const DEFAULT_MAX_BYTES: usize = 4 << 20;

/// Verifies requests to an endpoint with the client secret of the app, and reads them. Cheap to
/// clone.
#[derive(Clone)]
pub struct Receiver {
    keys: Keys,
    max_bytes: usize,
}

impl Receiver {
    /// Creates a receiver from the client secret of the app.
    ///
    /// The client secret is listed under "Basic information" in the Developer Hub. It is not the
    /// access token.
    ///
    /// # Errors
    ///
    /// If the secret is empty, or contains whitespace, control or non-ASCII characters, such as a
    /// trailing line break.
    pub fn new(client_secret: impl AsRef<str>) -> Result<Self, InvalidClientSecret> {
        let secret = client_secret.as_ref();
        if secret.is_empty() || !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidClientSecret);
        }
        Ok(Self {
            keys: Keys::new(secret).ok_or(InvalidClientSecret)?,
            max_bytes: DEFAULT_MAX_BYTES,
        })
    }

    /// Sets the maximum size of a body, in bytes. Default: 4 MiB.
    ///
    /// Set the same limit in the web framework, which reads the body into memory first.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Verifies that a request comes from Intercom, and returns the kind of its signature.
    ///
    /// `body` is the raw request body, not parsed and serialized again: a signature is an HMAC of
    /// its bytes. Signatures are compared in constant time. If the request has both signature
    /// headers, both must be valid, and [`Signature::Hub`] is returned.
    ///
    /// # Errors
    ///
    /// If a signature is missing, malformed or wrong, or the body is too large. Respond with
    /// [`WebhookError::status`].
    #[doc(alias = "signature")]
    #[doc(alias = "hmac")]
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Signature, WebhookError> {
        if body.len() > self.max_bytes {
            return Err(WebhookError::TooLarge(self.max_bytes));
        }
        self.keys.verify(headers, body)
    }

    /// [Verifies](Self::verify) a request and reads its notification.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify), and [`WebhookError::Unreadable`] if the body is not a
    /// JSON object. The body is parsed only if its signature is valid.
    pub fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Notification, WebhookError> {
        self.verify(headers, body)?;
        notification(body)
    }

    /// [Verifies](Self::verify) a request and reads it, whatever its kind.
    ///
    /// For an endpoint that receives notifications, uninstall calls, health checks and Canvas Kit
    /// requests.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn read_any(&self, headers: &HeaderMap, body: &[u8]) -> Result<Incoming, WebhookError> {
        self.verify(headers, body)?;
        Incoming::read(body, notification)
    }

    /// Returns the value of the header `X-Hub-Signature` for a body, to test an endpoint with
    /// signed notifications.
    ///
    /// ```
    /// use intercom_client::http::HeaderMap;
    /// use intercom_client::webhooks::{Receiver, topics};
    ///
    /// let receiver = Receiver::new("5e0c27a1")?;
    /// let body = r#"{"type": "notification_event", "topic": "conversation.user.replied",
    ///     "data": {"item": {"type": "conversation", "id": "215478120045"}}}"#;
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-hub-signature", receiver.sign(body.as_bytes()).parse()?);
    ///
    /// let notification = receiver.read(&headers, body.as_bytes())?;
    /// assert_eq!(notification.topic.as_deref(), Some(topics::CONVERSATION_USER_REPLIED));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign(&self, body: &[u8]) -> String {
        self.sign_with(Signature::Hub, body)
    }

    /// Returns the value of a signature's header for a body, to test an endpoint.
    ///
    /// ```
    /// use intercom_client::http::HeaderMap;
    /// use intercom_client::webhooks::{Incoming, Receiver, Signature};
    ///
    /// let receiver = Receiver::new("5e0c27a1")?;
    /// let body = br#"{"app_id": "fh5pc001"}"#;
    /// let mut headers = HeaderMap::new();
    /// headers.insert(Signature::Body.header(), receiver.sign_with(Signature::Body, body).parse()?);
    ///
    /// assert_eq!(receiver.verify(&headers, body)?, Signature::Body);
    /// assert!(matches!(receiver.read_any(&headers, body)?, Incoming::Uninstall(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_with(&self, signature: Signature, body: &[u8]) -> String {
        self.keys.sign(signature, body)
    }
}

/// Reads the notification in a verified body.
fn notification(body: &[u8]) -> Result<Notification, WebhookError> {
    let read = json::from_slice::<Notification>(body).map_err(WebhookError::Unreadable)?;
    Ok(read.value.with_mismatches(read.mismatches))
}

/// Omits the client secret.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
