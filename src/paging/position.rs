//! The position of a page in its list: how to find the next page in a response, and how to request it.

use serde_json::Value;

use super::Cursor;
use crate::call::call::Call;
use crate::call::moment;
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::wire::members::{member, members, with_member};
use crate::wire::next_page::NextPage;
use crate::wire::raw_json;
use crate::wire::read::utf8_text;

/// The fields of a page that lead to the next one, by the kind of list.
#[derive(Clone, Copy, Debug)]
pub enum Position<'a> {
    Cursor(Option<&'a NextPage>),
    Page {
        page: Option<i64>,
        total_pages: Option<i64>,
        next: Option<&'a NextPage>,
        empty: bool,
    },
    Scroll {
        scroll_param: Option<&'a str>,
        empty: bool,
    },
    Events {
        next: Option<&'a NextPage>,
        empty: bool,
    },
    Unpaged,
}

/// The response announces another page, but the cursor of that page is missing or unreadable.
pub(super) const MISSING_CURSOR: &str = "the response announces a next page but contains no cursor for it";
/// The response does not contain its list.
pub(super) const MISSING_LIST: &str = "the response contains no list";
/// The cursor of the next page was seen before.
pub(super) const REPEATED_CURSOR: &str = "the cursor of the next page repeats an earlier cursor";
/// The page was received before.
pub(super) const REPEATED_PAGE: &str = "the server returned the same page twice";
/// Many pages in a row had no new items.
pub(super) const NO_NEW_ITEMS: &str = "the list does not end: the last pages contained no new items";
/// The response has another page number than the request.
pub(super) const WRONG_PAGE: &str = "the server returned another page than the requested one";

impl Position<'_> {
    /// Returns the cursor of the next page, or `None` on the last page.
    ///
    /// `requested` is the number of this page, for responses without one. `announced` is set if the response announces another
    /// page in a form that could not be read.
    pub(super) fn next(&self, requested: Option<i64>, announced: bool) -> Result<Option<Cursor>, &'static str> {
        let end = if announced { Err(MISSING_CURSOR) } else { Ok(None) };
        let cursor = |text: Option<&str>| match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(Some(text.into())),
            None => Err(MISSING_CURSOR),
        };
        match *self {
            Self::Cursor(next) => match next.filter(|next| !next.is_blank()) {
                None => end,
                Some(next) => cursor(next.starting_after()),
            },
            // Some servers always announce a next page. After an empty page, only `total_pages` is trusted.
            Self::Page {
                page,
                total_pages,
                empty: true,
                ..
            } => match (page.or(requested), total_pages) {
                (Some(this), Some(last)) if this < last => Ok(Some(this.saturating_add(1).to_string().into())),
                _ => Ok(None),
            },
            Self::Page {
                page,
                total_pages,
                next,
                empty: false,
            } => {
                let next = next.filter(|next| !next.is_blank());
                let announced = next.is_some() || announced;
                let this = page.or(requested).or_else(|| next?.page()?.checked_sub(1));
                match (this, total_pages) {
                    (Some(this), Some(last)) if this == last => Ok(None),
                    // A `total_pages` below the number of this page is wrong, so it does not prove that the list ends here.
                    (Some(this), Some(last)) if this > last && !announced => Ok(None),
                    (None | Some(_), None) if !announced => Ok(None),
                    (Some(this), _) => Ok(Some(this.saturating_add(1).to_string().into())),
                    (None, Some(..=1)) => Ok(None),
                    (None, _) => Err(MISSING_CURSOR),
                }
            }
            Self::Scroll { empty: true, .. } => Ok(None),
            Self::Scroll { scroll_param, .. } => cursor(scroll_param),
            Self::Unpaged => Ok(None),
            // The last page of events is empty and can still have a `next`.
            Self::Events { empty: true, .. } => Ok(None),
            Self::Events { next, .. } => match next.filter(|next| !next.is_blank()) {
                None => end,
                Some(next) => cursor(next.query()),
            },
        }
    }
}

impl Call {
    /// Makes the call request the page of `cursor`, and checks the query of a search.
    pub(crate) fn turn_to(&mut self, cursor: Option<&Cursor>) -> Result<(), Error> {
        self.check_moments()?;
        let own = if cursor.is_none() { self.cursor() } else { None };
        if cursor
            .or(own.as_ref())
            .is_some_and(|Cursor(text)| text.trim().is_empty())
        {
            // The server would return the first page, or fail.
            return Err(ErrorContext::builder_error(self.operation.id, "the cursor is empty"));
        }
        let Some(Cursor(text)) = cursor else { return Ok(()) };
        self.page = Some(text.as_str().into());
        match self.operation.paging {
            Some(Paging::Cursor) => self.replace("starting_after", text),
            Some(Paging::Scroll) => self.replace("scroll_param", text),
            Some(Paging::Page) => match text.parse::<u32>() {
                Ok(number @ 1..) => self.replace("page", &number.to_string()),
                // Servers treat page 0 as page 1, so the first page would be returned twice.
                Ok(0) | Err(_) => {
                    let mistake = "the cursor is not a page number; pages are counted from 1";
                    return Err(ErrorContext::builder_error(self.operation.id, mistake));
                }
            },
            Some(Paging::CursorInBody) => self.set_pagination("starting_after", &text.as_str().into())?,
            Some(Paging::Events) => {
                let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
                self.query
                    .retain(|(name, _)| pairs.iter().all(|(other, _)| other != name));
                self.query
                    .extend(pairs.into_iter().map(|(name, value)| (name.into(), value)));
            }
            Some(Paging::Unpaged) | None => {}
        }
        Ok(())
    }

    /// Returns the cursor that the caller set as a parameter or in the body.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        let query = |wanted: &str| {
            self.query
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        match self.operation.paging? {
            Paging::Cursor => query("starting_after"),
            Paging::CursorInBody => self.pagination("starting_after")?.as_str().map(str::to_owned),
            Paging::Page => query("page"),
            Paging::Scroll => query("scroll_param"),
            Paging::Events | Paging::Unpaged => None,
        }
        .map(Cursor)
    }

    /// Returns the page size that the caller set.
    pub(super) fn per_page(&self) -> Option<u32> {
        match self.operation.paging? {
            Paging::CursorInBody => {
                let size = self.pagination("per_page")?;
                size.as_u64().or_else(|| size.as_str()?.parse().ok())?.try_into().ok()
            }
            _ => {
                let (_, size) = self.query.iter().find(|(name, _)| name == "per_page")?;
                size.parse().ok()
            }
        }
    }

    /// Sets the page size.
    pub(super) fn set_per_page(&mut self, size: u32) -> Result<(), Error> {
        match self.operation.paging {
            Some(Paging::CursorInBody) => self.set_pagination("per_page", &size.into()),
            _ => {
                self.replace("per_page", &size.to_string());
                Ok(())
            }
        }
    }

    /// Returns the time after which a search asks for changes by `updated_at`, in epoch seconds: the earliest if there are
    /// several.
    pub(super) fn asks_for_changes_since(&self) -> Option<i64> {
        fn earliest(filter: &Value) -> Option<i64> {
            match (filter.get("operator")?.as_str()?, filter.get("value")?) {
                ("AND" | "OR", Value::Array(filters)) => filters.iter().filter_map(earliest).min(),
                (">" | ">=", value) if filter.get("field")? == "updated_at" => {
                    value.as_i64().or_else(|| value.as_str()?.parse().ok())
                }
                _ => None,
            }
        }
        earliest(&self.search_query()?)
    }

    /// Refuses the query of a search that compares one of the API's dates with a time in milliseconds.
    fn check_moments(&self) -> Result<(), Error> {
        let query = self.search_query();
        match query.as_ref().and_then(moment::field_in_milliseconds) {
            None => Ok(()),
            Some(field) => {
                let mistake = format!("`{field}`: {}", moment::MILLISECONDS);
                Err(ErrorContext::builder_error(self.operation.id, mistake))
            }
        }
    }

    /// Returns the query in the body of a search.
    fn search_query(&self) -> Option<Value> {
        match self.operation.paging? {
            Paging::CursorInBody => {
                let body = utf8_text(self.body.as_deref()?);
                Some(raw_json::value(member(&body, "query")?))
            }
            _ => None,
        }
    }

    /// Returns a member of `pagination` in the body.
    fn pagination(&self, name: &str) -> Option<Value> {
        let body = utf8_text(self.body.as_deref()?);
        Some(raw_json::value(member(member(&body, "pagination")?, name)?))
    }

    /// Sets a member of `pagination` in the body. Everything else in the body keeps its text, so numbers keep their digits.
    fn set_pagination(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        let body = utf8_text(self.body.as_deref().unwrap_or_default());
        let object = match body.trim() {
            "" | "null" => "{}",
            object => object,
        };
        let Some(outer) = members(object) else {
            let mistake = "the body is not a JSON object, so the cursor or page size cannot be set";
            return Err(ErrorContext::builder_error(self.operation.id, mistake));
        };
        let inner = member(object, "pagination").and_then(members);
        let pagination = with_member(&inner.unwrap_or_default(), name, &value.to_string());
        let changed = with_member(&outer, "pagination", &pagination);
        self.body = Some(changed.into());
        Ok(())
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.into(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::Page;
    use crate::paging::sealed::Paged;
    use crate::{CompanyOrList, types};
    use serde_json::{from_value, json};

    fn page(value: Value, requested: Option<i64>) -> Result<Option<String>, &'static str> {
        let list: types::CompanyList = from_value(json!({ "data": [{}], "pages": value })).unwrap();
        list.position()
            .next(requested, false)
            .map(|cursor| cursor.map(|cursor| cursor.0))
    }

    fn after(next: Value) -> Result<Option<String>, &'static str> {
        let list: types::ContactList = from_value(json!({"pages": {"next": next}})).unwrap();
        list.position()
            .next(None, false)
            .map(|cursor| cursor.map(|cursor| cursor.0))
    }

    #[test]
    fn the_next_page_number_is_computed_from_the_response_or_the_request() {
        let url = "https://api.intercom.io/companies?page=4";
        let to = |page: &str| Ok(Some(page.to_owned()));
        assert_eq!(
            page(json!({"page": 3, "total_pages": 4, "next": url}), Some(3)),
            to("4")
        );
        assert_eq!(
            page(json!({"page": 3, "total_pages": 4, "next": null}), Some(3)),
            to("4")
        );
        assert_eq!(
            page(json!({"page": 4, "total_pages": 4, "next": url}), Some(4)),
            Ok(None)
        );
        assert_eq!(page(json!({"page": 1, "total_pages": 0}), None), Ok(None));
        assert_eq!(
            page(json!({"total_pages": 4}), Some(3)),
            to("4"),
            "the requested number is used"
        );
        assert_eq!(
            page(json!({"total_pages": 4, "next": url}), None),
            to("4"),
            "the number in `next` is used"
        );
        assert_eq!(page(json!({"page": 3, "next": url}), Some(3)), to("4"));
        assert_eq!(page(json!({"page": 3}), Some(3)), Ok(None));
        assert_eq!(page(json!({"total_pages": 1}), None), Ok(None));
        assert_eq!(page(json!({"total_pages": 4}), None), Err(MISSING_CURSOR));
        assert_eq!(page(json!(null), Some(1)), Ok(None));
        let empty: types::CompanyList = from_value(json!({"data": [], "pages": {"next": url}})).unwrap();
        assert_eq!(
            empty.position().next(Some(3), false),
            Ok(None),
            "an empty page is the last one"
        );
        let empty = |page: i64| {
            let pages = json!({"page": page, "total_pages": 6, "next": url});
            from_value::<types::CompanyList>(json!({"data": [], "pages": pages})).unwrap()
        };
        let next = |page: i64| empty(page).position().next(Some(page), false);
        assert_eq!(next(3), Ok(Some("4".into())), "unless `total_pages` is larger");
        assert_eq!((next(6), next(7)), (Ok(None), Ok(None)));
    }

    #[test]
    fn cursors_are_found_in_objects_and_urls() {
        assert_eq!(
            after(json!({"starting_after": "a=+", "page": 2})),
            Ok(Some("a=+".to_owned()))
        );
        assert_eq!(
            after(json!("https://x/y?starting_after=a%3D%2B")),
            Ok(Some("a=+".to_owned()))
        );
        for end in [json!(null), json!({}), json!({"starting_after": null}), json!("")] {
            assert_eq!(after(end.clone()), Ok(None), "{end}");
        }
        for odd in [json!({"page": 2}), json!("https://x/y?page=2")] {
            assert_eq!(
                after(odd.clone()),
                Err(MISSING_CURSOR),
                "{odd}: to end here would lose the rest"
            );
        }
    }

    #[test]
    fn an_empty_page_ends_scrolls_and_events() {
        let company = json!([{"id": "1"}]);
        for (data, scroll_param, next) in [
            (&company, json!("s"), Ok(Some("s".into()))),
            (&company, json!(null), Err(MISSING_CURSOR)),
            (&json!([]), json!("s"), Ok(None)),
        ] {
            let scroll: types::CompanyScroll = from_value(json!({"data": data, "scroll_param": scroll_param})).unwrap();
            assert_eq!(scroll.position().next(None, false), next);
        }
        let url = "https://x/events?type=user&before=7";
        for (events, next, cursor) in [
            (json!([{}]), json!(url), Some("type=user&before=7".into())),
            (json!([{}]), json!(null), None),
            (json!([]), json!(url), None),
        ] {
            let list: types::DataEventList = from_value(json!({"events": events, "pages": {"next": next}})).unwrap();
            assert_eq!(list.position().next(None, false), Ok(cursor));
        }
    }

    #[test]
    fn a_single_company_is_a_list_of_one() {
        let response: CompanyOrList = from_value(json!({"type": "company", "id": "7"})).unwrap();
        assert_eq!((response.items().len(), response.total_count()), (1, Some(1)));
        assert_eq!(response.position().next(None, false), Ok(None));
        assert_eq!(response.into_items()[0].id.as_deref(), Some("7"));
    }
}
