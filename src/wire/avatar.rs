//! Pictures of people, which servers send in three shapes.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::lenient::Lenient;

/// The picture of an admin, a contact or a visitor.
///
/// Servers send the address of the picture, or an object that holds it; both read alike here, and are sent as they
/// came. Where servers send null, the field that would hold the avatar is `None`.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Avatar(Notation);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Notation {
    Url(String),
    Object(Object),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
struct Object {
    #[serde(
        rename = "type",
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<String>,
    #[serde(
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    image_url: Option<String>,
}

impl Avatar {
    /// The address of the picture; `None` when the server sent an object without one.
    pub fn image_url(&self) -> Option<&str> {
        match &self.0 {
            Notation::Url(url) => Some(url),
            Notation::Object(object) => object.image_url.as_deref(),
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
            Notation::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'de> Lenient<'de> for Avatar {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Picture;
        impl<'de> Visitor<'de> for Picture {
            type Value = Avatar;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an avatar, a URL or an object")
            }
            fn visit_str<E>(self, url: &str) -> Result<Avatar, E> {
                Ok(url.into())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Avatar, A::Error> {
                Object::deserialize(MapAccessDeserializer::new(map)).map(|object| Avatar(Notation::Object(object)))
            }
        }
        deserializer.deserialize_any(Picture)
    }
}

impl<'de> Deserialize<'de> for Avatar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn every_shape_gives_its_address_and_is_sent_as_it_came() {
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
        let null: Avatar = from_value(json!({"image_url": null, "size": 128})).unwrap();
        assert_eq!(null.image_url(), None);
        assert!(Option::<Avatar>::lenient(Value::Null).unwrap().is_none());
    }

    #[test]
    fn nothing_else_is_an_avatar() {
        for value in [json!(1), json!(true), json!(["https://example.com/a.png"])] {
            let error = from_value::<Avatar>(value).unwrap_err().to_string();
            assert!(error.contains("a URL or an object"), "{error}");
        }
    }
}
