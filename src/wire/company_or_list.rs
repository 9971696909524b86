//! The answer of `GET /companies`: a page of companies, or the one that was asked for.

use std::fmt;
use std::{slice, vec};

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::types::{Company, CompanyList};
use crate::wire::lenient::Lenient;

/// One page of companies, or the one company that `company_id` or `name` picks.
///
/// ```
/// use intercom_client::CompanyOrList;
///
/// let one: CompanyOrList = serde_json::from_str(r#"{"type":"company","name":"Fernhill"}"#)?;
/// let page: CompanyOrList = serde_json::from_str(r#"{"type":"list","data":[{"name":"Fernhill"}]}"#)?;
/// assert_eq!(one.companies()[0].name, page.companies()[0].name);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CompanyOrList {
    /// A page of companies, as without a filter, or with one by tag or segment.
    List(Box<CompanyList>),
    /// The one company with that `company_id` or `name`.
    Company(Box<Company>),
}

impl CompanyOrList {
    /// The companies: all on the page, or the one.
    pub fn companies(&self) -> &[Company] {
        match self {
            Self::List(list) => &list.data,
            Self::Company(company) => slice::from_ref(company),
        }
    }

    /// The companies: all on the page, or the one.
    pub fn into_companies(self) -> Vec<Company> {
        match self {
            Self::List(list) => list.data,
            Self::Company(company) => vec![*company],
        }
    }
}

/// Which of the two an object is.
enum Kind {
    List,
    Company,
}

impl Kind {
    /// What a key says of the object it is in, when it says something.
    fn of_key(key: &str) -> Option<Self> {
        match key {
            "data" | "pages" | "total_count" => Some(Self::List),
            "id" | "company_id" | "app_id" => Some(Self::Company),
            _ => None,
        }
    }

    /// What an object says of itself.
    fn of_type(kind: &Value) -> Option<Self> {
        match kind.as_str() {
            Some("list" | "company.list") => Some(Self::List),
            Some("company") => Some(Self::Company),
            _ => None,
        }
    }
}

/// An object some of whose entries have been read: those, then a key whose value has not been read, then the rest.
struct Resumed<A> {
    held: vec::IntoIter<(String, Value)>,
    value: Option<Value>,
    key: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Resumed<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if let Some((key, value)) = self.held.next() {
            self.value = Some(value);
            self.key_from(key, seed)
        } else if let Some(key) = self.key.take() {
            self.key_from(key, seed)
        } else {
            self.rest.next_key_seed(seed)
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value).map_err(A::Error::custom),
            None => self.rest.next_value_seed(seed),
        }
    }
}

impl<'de, A: MapAccess<'de>> Resumed<A> {
    fn key_from<K: DeserializeSeed<'de>>(&self, key: String, seed: K) -> Result<Option<K::Value>, A::Error> {
        let key: StringDeserializer<A::Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }
}

impl<'de> Lenient<'de> for CompanyOrList {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = CompanyOrList;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a company or a list of companies")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CompanyOrList, A::Error> {
                // Only what comes before the telling key is held; servers send `type` first.
                let mut held = Vec::new();
                let (kind, key) = loop {
                    let Some(key) = map.next_key::<String>()? else {
                        break (Kind::Company, None);
                    };
                    if let Some(kind) = Kind::of_key(&key) {
                        break (kind, Some(key));
                    }
                    let value: Value = map.next_value()?;
                    let told = (key == "type").then(|| Kind::of_type(&value)).flatten();
                    held.push((key, value));
                    if let Some(kind) = told {
                        break (kind, None);
                    }
                };
                let whole = MapAccessDeserializer::new(Resumed {
                    held: held.into_iter(),
                    value: None,
                    key,
                    rest: map,
                });
                match kind {
                    Kind::List => CompanyList::lenient(whole).map(|list| CompanyOrList::List(Box::new(list))),
                    Kind::Company => Company::lenient(whole).map(|one| CompanyOrList::Company(Box::new(one))),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for CompanyOrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_str, json, to_value};

    fn read(text: &str) -> CompanyOrList {
        from_str(text).unwrap()
    }

    #[test]
    fn a_list_is_told_by_its_type_or_its_keys_wherever_they_stand() {
        for text in [
            r#"{"type":"list","data":[{"id":"1"},{"id":"2"}],"total_count":2}"#,
            r#"{"data":[{"id":"1"},{"id":"2"}],"type":"list","total_count":2}"#,
            r#"{"new":{"id":1},"data":[{"id":"1"},{"id":"2"}],"total_count":2}"#,
            r#"{"type":null,"total_count":"2","data":[{"id":1},null,{"id":2}]}"#,
        ] {
            let answer = read(text);
            let ids: Vec<_> = answer.companies().iter().filter_map(|c| c.id.as_deref()).collect();
            assert_eq!(ids, ["1", "2"], "{text}");
            assert!(matches!(&answer, CompanyOrList::List(list) if list.total_count == Some(2)));
            assert_eq!(answer.into_companies().len(), 2);
        }
    }

    #[test]
    fn a_company_is_a_list_of_one() {
        for text in [
            r#"{"type":"company","id":"1","name":"Fernhill"}"#,
            r#"{"name":"Fernhill","id":"1"}"#,
            r#"{"new":[],"name":"Fernhill","type":"company","id":"1"}"#,
            r#"{"name":"Fernhill"}"#,
        ] {
            let answer = read(text);
            assert_eq!(answer.companies().len(), 1, "{text}");
            let names: Vec<_> = answer.into_companies().into_iter().map(|c| c.name).collect();
            assert_eq!(names, [Some("Fernhill".to_owned())], "{text}");
        }
    }

    #[test]
    fn it_is_sent_as_it_came() {
        let one = json!({"type": "company", "id": "1", "name": "Fernhill"});
        let again = to_value(read(&one.to_string())).unwrap();
        assert_eq!(
            (&again["type"], &again["id"], &again["name"]),
            (&one["type"], &one["id"], &one["name"])
        );
        assert!(again.get("data").is_none());
        let page = json!({"type": "list", "data": [], "total_count": 0});
        assert_eq!(to_value(read(&page.to_string())).unwrap(), page);
    }

    #[test]
    fn nothing_else_is_either() {
        for text in ["[]", "\"company\"", "1"] {
            let error = from_str::<CompanyOrList>(text).unwrap_err().to_string();
            assert!(error.contains("a company or a list"), "{error}");
        }
    }
}
