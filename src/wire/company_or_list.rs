//! The answer of `GET /companies`: a page of companies, or the one that was asked for.

/// Declares `CompanyOrList` over the company and the list that the description has.
macro_rules! company_or_list {
    ($company:ident $list:ident paged) => {
        crate::wire::company_or_list::company_or_list! { $company $list }

        /// One company stands for a list of one.
        #[cfg(feature = "client")]
        impl crate::paging::Page for CompanyOrList {
            type Item = $company;
            fn items(&self) -> &[$company] {
                self.companies()
            }
            fn into_items(self) -> ::std::vec::Vec<$company> {
                self.into_companies()
            }
            fn total_count(&self) -> ::std::option::Option<i64> {
                match self {
                    Self::List(list) => crate::paging::Page::total_count(&**list),
                    Self::Company(_) => Some(1),
                }
            }
        }

        #[cfg(feature = "client")]
        impl crate::paging::sealed::Paged for CompanyOrList {
            fn list(&self) -> ::std::option::Option<&'static str> {
                match self {
                    Self::List(list) => crate::paging::sealed::Paged::list(&**list),
                    Self::Company(_) => None,
                }
            }
            fn position(&self) -> crate::paging::Position<'_> {
                match self {
                    Self::List(list) => crate::paging::sealed::Paged::position(&**list),
                    Self::Company(_) => crate::paging::Position::Page {
                        page: Some(1),
                        total_pages: Some(1),
                        next: None,
                        empty: false,
                    },
                }
            }
        }
    };
    ($company:ident $list:ident) => {
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
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        #[serde(untagged)]
        pub enum CompanyOrList {
            /// A page of companies, as without a filter, or with one by tag or segment.
            List(::std::boxed::Box<$list>),
            /// The one company with that `company_id` or `name`.
            Company(::std::boxed::Box<$company>),
        }

        impl CompanyOrList {
            /// The companies: all on the page, or the one.
            pub fn companies(&self) -> &[$company] {
                match self {
                    Self::List(list) => &list.data,
                    Self::Company(company) => ::std::slice::from_ref(company),
                }
            }

            /// The companies: all on the page, or the one.
            pub fn into_companies(self) -> ::std::vec::Vec<$company> {
                match self {
                    Self::List(list) => list.data.into_vec(),
                    Self::Company(company) => vec![*company],
                }
            }
        }

        impl crate::wire::decode::Decode for CompanyOrList {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                match crate::wire::company_or_list::is_list(reader)? {
                    true => crate::wire::decode::Decode::decode(reader).map(Self::List),
                    false => crate::wire::decode::Decode::decode(reader).map(Self::Company),
                }
            }
        }

        crate::wire::deserialize::readable! { CompanyOrList }
    };
}
pub(crate) use company_or_list;

use super::reader::{Fault, Reader};

/// Looks into an object, which is then still to be read, for what tells a list from a company: `type`, or the first name
/// that only one of them has.
pub(crate) fn is_list(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let begin = reader.place();
    let (mut by_type, mut by_name) = (None, None);
    reader.object("a company or a list of companies", |reader, name| {
        match &*name {
            "type" => {
                by_type = match reader.string()?.as_deref() {
                    Some("list" | "company.list") => Some(true),
                    Some("company") => Some(false),
                    Some(_) => None,
                    None => return reader.skip(),
                };
                return Ok(());
            }
            "data" | "pages" | "total_count" if by_name.is_none() => by_name = Some(true),
            "id" | "company_id" | "app_id" | "name" if by_name.is_none() => by_name = Some(false),
            _ => {}
        }
        reader.skip()
    })?;
    reader.back(begin);
    // What has nothing of either is a list that is missing, not a company of which nothing is known.
    Ok(by_type.or(by_name).unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use crate::CompanyOrList;
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
