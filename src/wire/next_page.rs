//! What a list says of its next page: an object with a cursor, or a URL.

use serde::{Serialize, Serializer};

use super::decode::{self, Decode};
use super::extra::Raw;
use super::reader::{Fault, Reader};

/// What a list says of its next page, as it came: an object such as `{"page": 2, "starting_after": "…"}`, or a URL.
///
/// A URL is only read, never followed: the token goes to the client's own server alone. The streams of
/// [`paging`](crate::paging) ask for the next page by parameters; there is no need to look in here for walking a list.
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
    form: Form,
    page: Option<i64>,
    starting_after: Option<String>,
    blank: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// The text of the object.
    Object(Box<str>),
    Url(String),
}

impl NextPage {
    /// The cursor that continues after this page: in the object, or in the URL's query, decoded.
    pub fn starting_after(&self) -> Option<&str> {
        self.starting_after.as_deref()
    }

    /// The number of the next page: in the object, or in the URL's query.
    pub fn page(&self) -> Option<i64> {
        self.page
    }

    /// The URL, when it is one.
    pub fn as_url(&self) -> Option<&str> {
        match &self.form {
            Form::Object(_) => None,
            Form::Url(url) => Some(url),
        }
    }

    /// The query of the URL, as it stands there.
    pub(crate) fn query(&self) -> Option<&str> {
        let (_, query) = self.as_url()?.split_once('?')?;
        Some(query.split('#').next().unwrap_or_default()).filter(|query| !query.is_empty())
    }

    /// Whether it says nothing: an empty object or text, or one that has nulls only.
    pub(crate) fn is_blank(&self) -> bool {
        self.blank
    }

    /// Reads an object for its cursor and number, and keeps it as it is.
    fn from_object(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let begin = reader.place();
        let (mut page, mut starting_after, mut blank) = (None, None, true);
        reader.object("", |reader, name| {
            let begin = reader.place();
            let slot = match &*name {
                "page" => &mut page,
                "starting_after" => &mut starting_after,
                _ => {
                    reader.skip()?;
                    blank &= name == "per_page" || matches!(reader.since(begin), "null" | "\"\"");
                    return Ok(());
                }
            };
            let text: Option<String> = match decode::text(reader, "") {
                Ok(text) => Some(text.into_owned()),
                Err(Fault::Kind) => {
                    reader.back(begin);
                    reader.skip()?;
                    None
                }
                Err(fault) => return Err(fault),
            };
            blank &= matches!(reader.since(begin), "null" | "\"\"");
            *slot = text.filter(|text| !text.is_empty());
            Ok(())
        })?;
        reader.kept = false;
        Ok(Self {
            form: Form::Object(reader.since(begin).into()),
            page: page.and_then(|page| page.parse().ok()),
            starting_after,
            blank,
        })
    }

    fn from_url(url: String) -> Self {
        let mut next = Self {
            blank: url.trim().is_empty(),
            form: Form::Url(url),
            page: None,
            starting_after: None,
        };
        // Cursors are base64, in which a bare `+` is no space.
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

/// Writes what came.
impl Serialize for NextPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.form {
            Form::Object(object) => Raw(object).serialize(serializer),
            Form::Url(url) => serializer.serialize_str(url),
        }
    }
}

impl Decode for NextPage {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.peek()? {
            b'{' => Self::from_object(reader),
            _ => match reader.string()? {
                Some(url) => Ok(Self::from_url(url.into_owned())),
                None => Err(reader.other("an object with a cursor, or a URL")),
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
    fn it_is_written_as_it_came() {
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
    fn cursor_and_page_are_read_from_either_form() {
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
    fn blank_is_blank_body() {
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
