//! Profile pictures, which servers send as a URL or as an object.

use serde::{Serialize, Serializer};

use super::decode::Decode;
use super::extra::Extra;
use super::object::object;
use super::reader::{Fault, Reader};

/// The picture of an admin, a contact or a visitor.
///
/// Servers send the URL of the picture, or an object that contains the URL. Both are read by [`image_url`](Self::image_url) and
/// serialized unchanged. If the server sends null, the field of the avatar is `None`.
///
/// ```
/// use intercom_client::Avatar;
///
/// let bare: Avatar = serde_json::from_str(r#""https://example.com/ada.png""#)?;
/// let object: Avatar = serde_json::from_str(r#"{"type":"avatar","image_url":"https://example.com/ada.png"}"#)?;
/// assert_eq!(bare.image_url(), Some("https://example.com/ada.png"));
/// assert_eq!(object.image_url(), bare.image_url());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Avatar(Notation);

#[derive(Clone, Debug, PartialEq)]
enum Notation {
    Url(String),
    Object(Box<Picture>),
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Picture {
    kind: Option<String>,
    image_url: Option<String>,
    extra: Extra,
}

object! { Picture { 0 "type" kind field; 1 "image_url" image_url field; } }

impl Avatar {
    /// Returns the values of the object other than its URL. Empty if the server sent only a URL.
    pub fn extra(&self) -> &Extra {
        match &self.0 {
            Notation::Url(_) => const { &Extra::new() },
            Notation::Object(picture) => &picture.extra,
        }
    }

    /// Returns the URL of the picture, or `None` if the server sent an object without one.
    pub fn image_url(&self) -> Option<&str> {
        match &self.0 {
            Notation::Url(url) => Some(url),
            Notation::Object(picture) => picture.image_url.as_deref(),
        }
    }
}

impl From<&str> for Avatar {
    fn from(url: &str) -> Self {
        Self::from(url.to_owned())
    }
}

impl From<String> for Avatar {
    fn from(url: String) -> Self {
        Self(Notation::Url(url))
    }
}

impl Serialize for Avatar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Notation::Url(url) => serializer.serialize_str(url),
            Notation::Object(picture) => picture.serialize(serializer),
        }
    }
}

impl Decode for Avatar {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'{' => Box::decode(reader).map(|picture| Self(Notation::Object(picture))),
            _ => match reader.string()? {
                Some(url) => Ok(url.into_owned().into()),
                None => Err(reader.wrong_type("an avatar, a URL or an object")),
            },
        }
    }
}

super::deserialize::readable! { Avatar }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn avatar_has_a_url_and_is_serialized_as_received() {
        for (value, url) in [
            (json!("https://example.com/a.png"), Some("https://example.com/a.png")),
            (
                json!({"type": "avatar", "image_url": "https://example.com/a.png"}),
                Some("https://example.com/a.png"),
            ),
            (json!({"type": "avatar"}), None),
            (json!({}), None),
        ] {
            let avatar: Avatar = from_value(value.clone()).unwrap();
            assert_eq!(avatar.image_url(), url, "{value}");
            assert_eq!(to_value(&avatar).unwrap(), value);
        }
        let more = json!({"image_url": null, "size": 128});
        let avatar: Avatar = from_value(more).unwrap();
        assert_eq!(
            (avatar.image_url(), avatar.extra().get("size")),
            (None, Some(json!(128)))
        );
        assert_eq!(to_value(&avatar).unwrap(), json!({"image_url": null, "size": 128}));
    }

    #[test]
    fn other_types_are_rejected() {
        for value in [json!(1), json!(true), json!(["https://example.com/a.png"])] {
            let error = from_value::<Avatar>(value).unwrap_err().to_string();
            assert!(error.contains("a URL or an object"), "{error}");
        }
    }
}
