//! The response of `GET /companies`: a page of companies, or one company.

/// Declares `CompanyOrList` for the types of a company and of a list of companies.
macro_rules! company_or_list {
    ($company:ident $list:ident paged) => {
        crate::wire::company_or_list::company_or_list! { $company $list }

        /// One company is a page with one item.
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
            fn list_name(&self) -> ::std::option::Option<&'static str> {
                match self {
                    Self::List(list) => crate::paging::sealed::Paged::list_name(&**list),
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
        /// A page of companies, or the company with the requested `company_id` or `name`.
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
            /// A page of companies: the response without a filter, or with a tag or segment as the filter.
            List(::std::boxed::Box<$list>),
            /// The company with the requested `company_id` or `name`.
            Company(::std::boxed::Box<$company>),
        }

        impl CompanyOrList {
            /// Returns the companies of the page, or the one company.
            pub fn companies(&self) -> &[$company] {
                match self {
                    Self::List(list) => &list.data,
                    Self::Company(company) => ::std::slice::from_ref(company),
                }
            }

            /// Converts to the companies of the page, or the one company.
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

/// Returns `true` if the next object is a list of companies, judged by its `type` or by the first name that only a list or only a
/// company has. The reader stays at the start of the object.
pub(crate) fn is_list(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    let start = reader.position();
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
    reader.rewind(start);
    // An object without any of these names is read as an empty list rather than as an empty company.
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
    fn list_is_recognized_by_type_or_names_in_any_order() {
        for text in [
            r#"{"type":"list","data":[{"id":"1"},{"id":"2"}],"total_count":2}"#,
            r#"{"data":[{"id":"1"},{"id":"2"}],"type":"list","total_count":2}"#,
            r#"{"new":{"id":1},"data":[{"id":"1"},{"id":"2"}],"total_count":2}"#,
            r#"{"type":null,"total_count":"2","data":[{"id":1},null,{"id":2}]}"#,
        ] {
            let response = read(text);
            let ids: Vec<_> = response.companies().iter().filter_map(|c| c.id.as_deref()).collect();
            assert_eq!(ids, ["1", "2"], "{text}");
            assert!(matches!(&response, CompanyOrList::List(list) if list.total_count == Some(2)));
            assert_eq!(response.into_companies().len(), 2);
        }
    }

    #[test]
    fn company_is_a_list_of_one() {
        for text in [
            r#"{"type":"company","id":"1","name":"Fernhill"}"#,
            r#"{"name":"Fernhill","id":"1"}"#,
            r#"{"new":[],"name":"Fernhill","type":"company","id":"1"}"#,
            r#"{"name":"Fernhill"}"#,
        ] {
            let response = read(text);
            assert_eq!(response.companies().len(), 1, "{text}");
            let names: Vec<_> = response.into_companies().into_iter().map(|c| c.name).collect();
            assert_eq!(names, [Some("Fernhill".to_owned())], "{text}");
        }
    }

    #[test]
    fn both_are_serialized_as_received() {
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
    fn other_types_are_rejected() {
        for text in ["[]", "\"company\"", "1"] {
            let error = from_str::<CompanyOrList>(text).unwrap_err().to_string();
            assert!(error.contains("a company or a list"), "{error}");
        }
    }
}
