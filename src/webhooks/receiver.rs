//! Verifies and reads notifications.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha1::Sha1;

use super::{Notification, WebhookError};
use crate::{ConfigError, json};

/// Default of [`Receiver::max_bytes`]: 4 MiB.
const MAX_BYTES: usize = 4 << 20;

/// Verifies notifications by the client secret of an app, and reads them. Cheap to clone, to be shared by all requests.
#[derive(Clone)]
pub struct Receiver {
    key: Hmac<Sha1>,
    max_bytes: usize,
}

impl Receiver {
    /// A receiver for the notifications of the app with this client secret, which stands under "Basic information" in the
    /// Developer Hub. It is not the access token.
    ///
    /// # Errors
    ///
    /// When the secret is empty, or has whitespace or other characters that none has, such as a line break at its end.
    pub fn new(client_secret: impl AsRef<str>) -> Result<Self, ConfigError> {
        let secret = client_secret.as_ref();
        if secret.is_empty() || !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(ConfigError::InvalidClientSecret);
        }
        let key = Hmac::new_from_slice(secret.as_bytes()).map_err(|_| ConfigError::InvalidClientSecret)?;
        Ok(Self {
            key,
            max_bytes: MAX_BYTES,
        })
    }

    /// The longest body that is read, in bytes. Default: 4 MiB. Give the same limit to the web framework, which has the body
    /// in memory before this looks at it.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Verifies that a request comes from Intercom, and reads the notification that it carries.
    ///
    /// `body` is the request's body as it came, before anything parses it: the signature in `X-Hub-Signature` is an HMAC-SHA1
    /// of its bytes. It is compared in constant time.
    ///
    /// # Errors
    ///
    /// [`WebhookError`] says why it is refused, and which [`status`](WebhookError::status) to answer with. The body is looked at
    /// only when its signature is right.
    pub fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Notification, WebhookError> {
        if body.len() > self.max_bytes {
            return Err(WebhookError::TooLarge(self.max_bytes));
        }
        let signature = signature(headers)?;
        let mut mac = self.key.clone();
        mac.update(body);
        mac.verify_slice(&signature).map_err(|_| WebhookError::WrongSignature)?;
        let read = json::from_slice::<Notification>(body).map_err(WebhookError::Unreadable)?;
        Ok(read.value.with_mismatches(read.mismatches))
    }

    /// The value of `X-Hub-Signature` that Intercom sends with this body: `sha1=` and 40 hexadecimal digits. With it a test
    /// sends notifications of its own to an endpoint.
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
        let mut mac = self.key.clone();
        mac.update(body);
        let digits = mac.finalize().into_bytes().into_iter();
        digits.fold("sha1=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }
}

/// The bytes of the signature in the headers.
fn signature(headers: &HeaderMap) -> Result<[u8; 20], WebhookError> {
    let mut values = headers.get_all("x-hub-signature").iter();
    let value = values.next().ok_or(WebhookError::MissingSignature)?;
    if values.next().is_some() {
        return Err(WebhookError::MalformedSignature);
    }
    let digits = value.as_bytes().strip_prefix(b"sha1=").unwrap_or_default();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(WebhookError::MalformedSignature)
}

/// Shows the limit, never the secret.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
