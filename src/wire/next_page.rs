//! The reference of a list to its next page: an object with a cursor, or a URL.

use serde::{Serialize, Serializer};

use super::decode::{self, Decode};
use super::raw_json::RawJson;
use super::reader::{Fault, Reader};

/// The reference of a list to its next page: an object such as `{"page": 2, "starting_after": "…"}`, or a URL.
///
/// The streams of [`paging`](crate::paging) use it to request the next page, so most programs do not need it. The URL is only
/// parsed and never requested, so that the access token is sent to the configured server only.
///
/// ```
/// use intercom_client::NextPage;
///
/// let next: NextPage = serde_json::from_str(r#"{"page":2,"starting_after":"WzE2+A=="}"#)?;
/// assert_eq!((next.page(), next.starting_after()), (Some(2), Some("WzE2+A==")));
///
/// let next: NextPage = serde_json::from_str(r#""https://api.intercom.io/contacts?page=2&starting_after=WzE2%2BA%3D%3D""#)?;
/// assert_eq!((next.page(), next.starting_after()), (Some(2), Some("WzE2+A==")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NextPage {
    notation: Notation,
    page: Option<i64>,
    starting_after: Option<String>,
    blank: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Notation {
    /// The JSON text of the object.
    Object(Box<str>),
    Url(String),
}

impl NextPage {
    /// Returns the decoded cursor of the next page, from the object or from the query of the URL.
    pub fn starting_after(&self) -> Option<&str> {
        self.starting_after.as_deref()
    }

    /// Returns the number of the next page, from the object or from the query of the URL.
    pub fn page(&self) -> Option<i64> {
        self.page
    }

    /// Returns the URL, or `None` if the server sent an object.
    pub fn as_url(&self) -> Option<&str> {
        match &self.notation {
            Notation::Object(_) => None,
            Notation::Url(url) => Some(url),
        }
    }

    /// Returns the query of the URL without decoding it.
    pub(crate) fn query(&self) -> Option<&str> {
        let (_, query) = self.as_url()?.split_once('?')?;
        Some(query.split('#').next().unwrap_or_default()).filter(|query| !query.is_empty())
    }

    /// Returns `true` if it does not refer to a page: it is empty or contains only nulls.
    pub(crate) fn is_blank(&self) -> bool {
        self.blank
    }

    /// Reads an object, and keeps its text.
    fn from_object(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let start = reader.position();
        let (mut page, mut starting_after, mut blank) = (None, None, true);
        reader.object("", |reader, name| {
            let start = reader.position();
            let target = match &*name {
                "page" => &mut page,
                "starting_after" => &mut starting_after,
                _ => {
                    reader.skip()?;
                    blank &= name == "per_page" || matches!(reader.text_since(start), "null" | "\"\"");
                    return Ok(());
                }
            };
            let text: Option<String> = match decode::text(reader, "") {
                Ok(text) => Some(text.into_owned()),
                Err(Fault::WrongType) => {
                    reader.rewind(start);
                    reader.skip()?;
                    None
                }
                Err(fault) => return Err(fault),
            };
            blank &= matches!(reader.text_since(start), "null" | "\"\"");
            *target = text.filter(|text| !text.is_empty());
            Ok(())
        })?;
        reader.keep_text = false;
        Ok(Self {
            notation: Notation::Object(reader.text_since(start).into()),
            page: page.and_then(|page| page.parse().ok()),
            starting_after,
            blank,
        })
    }

    fn from_url(url: String) -> Self {
        let mut next = Self {
            blank: url.trim().is_empty(),
            notation: Notation::Url(url),
            page: None,
            starting_after: None,
        };
        // Cursors are base64, where `+` is not an encoded space.
        let query = next.query().unwrap_or_default().replace('+', "%2B");
        let value = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, value)| name == wanted && !value.is_empty())
                .map(|(_, value)| value.into_owned())
        };
        next.page = value("page").and_then(|page| page.parse().ok());
        next.starting_after = value("starting_after");
        next
    }
}

/// Serializes the reference as received.
impl Serialize for NextPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.notation {
            Notation::Object(object) => RawJson(object).serialize(serializer),
            Notation::Url(url) => serializer.serialize_str(url),
        }
    }
}

impl Decode for NextPage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'{' => Self::from_object(reader),
            _ => match reader.string()? {
                Some(url) => Ok(Self::from_url(url.into_owned())),
                None => Err(reader.wrong_type("an object with a cursor, or a URL")),
            },
        }
    }
}

super::deserialize::readable! { NextPage }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn reference_is_serialized_as_received() {
        for value in [
            json!({"page": 2, "starting_after": "a=+", "per_page": 50}),
            json!({"starting_after": null, "page": "2", "more": [1]}),
            json!({}),
            json!("https://api.intercom.io/contacts/5/companies?per_page=1&page=2"),
            json!(""),
        ] {
            let next: NextPage = from_value(value.clone()).unwrap();
            assert_eq!(to_value(&next).unwrap(), value);
        }
        for wrong in [json!(null), json!(7), json!([]), json!(true)] {
            assert!(from_value::<NextPage>(wrong).is_err());
        }
    }

    #[test]
    fn cursor_and_page_are_read_from_objects_and_urls() {
        let read = |value: Value| {
            let next: NextPage = from_value(value).unwrap();
            (next.page(), next.starting_after().map(str::to_owned))
        };
        let cursor = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(json!({"page": 2, "starting_after": "a=+"})),
            (Some(2), cursor("a=+"))
        );
        assert_eq!(read(json!({"page": "2", "starting_after": 7})), (Some(2), cursor("7")));
        assert_eq!(read(json!({"starting_after": ""})), (None, None));
        assert_eq!(read(json!("https://x/y?page=3")), (Some(3), None));
        assert_eq!(read(json!("/y?starting_after=a%3D%2B#z")), (None, cursor("a=+")));
        assert_eq!(read(json!("/y?starting_after=a=+")), (None, cursor("a=+")));
        assert_eq!(read(json!("starting_after=a")), (None, None));
    }

    #[test]
    fn reference_without_page_is_blank() {
        for (value, blank) in [
            (json!({}), true),
            (json!({"starting_after": null, "per_page": 5}), true),
            (json!({"page": 2}), false),
            (json!(" "), true),
            (json!("https://x"), false),
        ] {
            assert_eq!(
                from_value::<NextPage>(value.clone()).unwrap().is_blank(),
                blank,
                "{value}"
            );
        }
    }
}
