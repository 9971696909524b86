//! Verifies and reads the requests to an endpoint.

use std::fmt;

use http::HeaderMap;

use super::signature::Keys;
use super::{Incoming, InvalidClientSecret, Notification, Signature, WebhookError};
use crate::wire::json;

/// Default of [`Receiver::max_bytes`]: 4 MiB.
const MAX_BYTES: usize = 4 << 20;

/// Verifies requests to an endpoint by the client secret of an app, and reads them. Cheap to clone, to be shared by all requests.
#[derive(Clone)]
pub struct Receiver {
    keys: Keys,
    max_bytes: usize,
}

impl Receiver {
    /// A receiver for the requests to the app with this client secret, which stands under "Basic information" in the Developer
    /// Hub. It is not the access token.
    ///
    /// # Errors
    ///
    /// When the secret is empty, or has whitespace or other characters that none has, such as a line break at its end.
    pub fn new(client_secret: impl AsRef<str>) -> Result<Self, InvalidClientSecret> {
        let secret = client_secret.as_ref();
        if secret.is_empty() || !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidClientSecret);
        }
        Ok(Self {
            keys: Keys::new(secret).ok_or(InvalidClientSecret)?,
            max_bytes: MAX_BYTES,
        })
    }

    /// The longest body that is read, in bytes. Default: 4 MiB. Give the same limit to the web framework, which has the body
    /// in memory before this looks at it.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Verifies that a request comes from Intercom, and returns the signature that proves it.
    ///
    /// `body` is the request's body as it arrived, before anything parses it: a signature is an HMAC of its bytes. Digits can be
    /// upper or lower case, and the comparison takes constant time. If the request has both headers, each of them must be right,
    /// and [`Signature::Hub`] is returned.
    ///
    /// # Errors
    ///
    /// [`WebhookError`] says why the request is refused, and which [`status`](WebhookError::status) to respond with.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Signature, WebhookError> {
        if body.len() > self.max_bytes {
            return Err(WebhookError::TooLarge(self.max_bytes));
        }
        self.keys.verify(headers, body)
    }

    /// Verifies that a request comes from Intercom, as [`verify`](Self::verify) does, and reads the notification that it carries.
    ///
    /// # Errors
    ///
    /// [`WebhookError`] says why the request is refused, and which [`status`](WebhookError::status) to respond with. The body is
    /// only looked at if its signature is right.
    pub fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Notification, WebhookError> {
        self.verify(headers, body)?;
        notification(body)
    }

    /// Verifies that a request comes from Intercom, as [`verify`](Self::verify) does, and reads whichever kind of request it is:
    /// for one endpoint that is set as the URL of notifications, uninstall calls, health checks and Canvas Kit requests.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_any(&self, headers: &HeaderMap, body: &[u8]) -> Result<Incoming, WebhookError> {
        self.verify(headers, body)?;
        Incoming::read(body, notification)
    }

    /// The value of `X-Hub-Signature` for a body, with which Intercom signs notifications: for tests of an endpoint.
    ///
    /// ```
    /// use intercom_client::http::HeaderMap;
    /// use intercom_client::webhooks::{Receiver, topics};
    ///
    /// let receiver = Receiver::new("5e0c27a1")?;
    /// let body = r#"{"type": "notification_event", "id": "notif_1", "topic": "conversation.user.replied",
    ///     "data": {"type": "notification_event_data", "item": {"type": "conversation", "id": "215478120045"}}}"#;
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

    /// The value of either signature's header for a body: for tests of an endpoint.
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

/// The notification in a body that is verified.
fn notification(body: &[u8]) -> Result<Notification, WebhookError> {
    let read = json::from_slice::<Notification>(body).map_err(WebhookError::Unreadable)?;
    Ok(read.value.with_mismatches(read.mismatches))
}

/// Shows the limit, never the secret.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
