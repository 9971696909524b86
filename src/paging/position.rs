//! Where a list goes on: what a page says of it, and how a call asks for it.

use serde_json::{Value, json};

use super::Cursor;
use crate::call::call::Call;
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::wire::next_page::NextPage;
use crate::wire::raw_json::patched;
use crate::wire::read::utf8_text;

/// What a page says of its place in the list, by the shape of the list.
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

/// A page without the cursor to the next one that it announces.
pub(super) const NO_CURSOR: &str = "the page announces another one, but no cursor that leads there";
/// A page whose cursor leads back.
pub(super) const REPEATS: &str = "the cursor to the next page repeats an earlier one";
/// A page that has the items of the one before it.
pub(super) const SAME: &str = "the answer is the page before once more";
/// A page without its list.
pub(super) const NO_LIST: &str = "the list that was asked for";
/// Pages that go on and bring nothing.
pub(super) const NOTHING_NEW: &str = "the list goes on, but its pages bring nothing new";
/// A numbered page that is not the one asked for.
pub(super) const OTHER_PAGE: &str = "the answer is another page than the one that was asked for";

impl Position<'_> {
    /// The cursor of the next page. `asked` is the number of this one, for servers that do not repeat it; `hidden` tells that
    /// another page is announced in a form that was not read.
    pub(super) fn next(&self, asked: Option<i64>, hidden: bool) -> Result<Option<Cursor>, &'static str> {
        let end = if hidden { Err(NO_CURSOR) } else { Ok(None) };
        let cursor = |text: Option<&str>| match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(Some(text.into())),
            None => Err(NO_CURSOR),
        };
        match *self {
            Self::Cursor(next) => match next.filter(|next| !next.is_blank()) {
                None => end,
                Some(next) => cursor(next.starting_after()),
            },
            // Some servers announce a next page for ever: after an empty page, only the number of pages counts.
            Self::Page {
                page,
                total_pages,
                empty: true,
                ..
            } => match (page.or(asked), total_pages) {
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
                let announced = next.is_some() || hidden;
                let this = page.or(asked).or_else(|| next?.page()?.checked_sub(1));
                match (this, total_pages) {
                    (Some(this), Some(last)) if this == last => Ok(None),
                    // A count that leaves out this very page says nothing of those after it.
                    (Some(this), Some(last)) if this > last && !announced => Ok(None),
                    (None | Some(_), None) if !announced => Ok(None),
                    (Some(this), _) => Ok(Some(this.saturating_add(1).to_string().into())),
                    (None, Some(..=1)) => Ok(None),
                    (None, _) => Err(NO_CURSOR),
                }
            }
            Self::Scroll { empty: true, .. } => Ok(None),
            Self::Scroll { scroll_param, .. } => cursor(scroll_param),
            Self::Unpaged => Ok(None),
            // An empty page can still name another one.
            Self::Events { empty: true, .. } => Ok(None),
            Self::Events { next, .. } => match next.filter(|next| !next.is_blank()) {
                None => end,
                Some(next) => cursor(next.query()),
            },
        }
    }
}

impl Call {
    /// Asks for the page that `cursor` stands for.
    pub(crate) fn turn_to(&mut self, cursor: Option<&Cursor>) -> Result<(), Error> {
        let named = if cursor.is_none() { self.cursor() } else { None };
        if cursor
            .or(named.as_ref())
            .is_some_and(|Cursor(text)| text.trim().is_empty())
        {
            // The server would return the first page, or fail.
            return Err(ErrorContext::mistake(self.operation.id, "the cursor is empty"));
        }
        let Some(Cursor(text)) = cursor else { return Ok(()) };
        self.page = Some(text.as_str().into());
        match self.operation.paging {
            Some(Paging::Cursor) => self.replace("starting_after", text),
            Some(Paging::Scroll) => self.replace("scroll_param", text),
            Some(Paging::Page) => match text.parse::<u32>() {
                Ok(number @ 1..) => self.replace("page", &number.to_string()),
                // Servers take page 0 for the first, which would then come twice.
                Ok(0) | Err(_) => {
                    let what = "the cursor is no page number, which are counted from 1";
                    return Err(ErrorContext::mistake(self.operation.id, what));
                }
            },
            Some(Paging::CursorInBody) => {
                let text = text.as_str().into();
                self.paginate("starting_after", text)?;
            }
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

    /// The cursor that the parameters name, where they do.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        let query = |wanted: &str| {
            self.query
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        match self.operation.paging? {
            Paging::Cursor => query("starting_after"),
            Paging::CursorInBody => self.json()["pagination"]["starting_after"].as_str().map(str::to_owned),
            Paging::Page => query("page"),
            Paging::Scroll => query("scroll_param"),
            Paging::Events | Paging::Unpaged => None,
        }
        .map(Cursor)
    }

    /// The page size that the parameters name, if any.
    pub(super) fn per_page(&self) -> Option<u32> {
        match self.operation.paging? {
            Paging::CursorInBody => {
                let size = &self.json()["pagination"]["per_page"];
                size.as_u64().or_else(|| size.as_str()?.parse().ok())?.try_into().ok()
            }
            _ => {
                let (_, size) = self.query.iter().find(|(name, _)| name == "per_page")?;
                size.parse().ok()
            }
        }
    }

    /// Asks for pages of this size.
    pub(super) fn set_per_page(&mut self, size: u32) -> Result<(), Error> {
        match self.operation.paging {
            Some(Paging::CursorInBody) => self.paginate("per_page", size.into()),
            _ => {
                self.replace("per_page", &size.to_string());
                Ok(())
            }
        }
    }

    /// The time after which a search asks for changes by `updated_at`, in epoch seconds: the earliest if there are several.
    pub(super) fn asks_for_changes_since(&self) -> Option<i64> {
        fn earliest(filter: &Value) -> Option<i64> {
            match (filter["operator"].as_str()?, &filter["value"]) {
                ("AND" | "OR", Value::Array(filters)) => filters.iter().filter_map(earliest).min(),
                (">" | ">=", value) if filter["field"] == "updated_at" => {
                    value.as_i64().or_else(|| value.as_str()?.parse().ok())
                }
                _ => None,
            }
        }
        match self.operation.paging? {
            Paging::CursorInBody => earliest(&self.json()["query"]),
            _ => None,
        }
    }

    /// Sets an entry of `pagination` in the body.
    fn paginate(&mut self, name: &str, value: Value) -> Result<(), Error> {
        let mut body = match self.json() {
            Value::Object(body) => body,
            Value::Null => serde_json::Map::new(),
            _ => {
                let what = "the body is not a JSON object, so it has no place for a cursor or page size";
                return Err(ErrorContext::mistake(self.operation.id, what));
            }
        };
        match body.get_mut("pagination") {
            Some(Value::Object(pagination)) => {
                pagination.insert(name.to_owned(), value);
            }
            _ => {
                body.insert("pagination".to_owned(), json!({ name: value }));
            }
        }
        // The rest of the body keeps its digits.
        let body = Value::Object(body);
        let text = self
            .body
            .as_deref()
            .and_then(|before| patched(&body, &utf8_text(before)));
        self.body = Some(text.unwrap_or_else(|| body.to_string()).into());
        Ok(())
    }

    fn replace(&mut self, name: &'static str, value: &str) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.into(), value.to_owned()));
    }

    fn json(&self) -> Value {
        let body = self.body.as_deref().unwrap_or_default();
        serde_json::from_slice(body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::Page;
    use crate::paging::sealed::Paged;
    use crate::{CompanyOrList, types};
    use serde_json::from_value;

    fn page(value: Value, asked: Option<i64>) -> Result<Option<String>, &'static str> {
        let list: types::CompanyList = from_value(json!({ "data": [{}], "pages": value })).unwrap();
        list.position()
            .next(asked, false)
            .map(|cursor| cursor.map(|cursor| cursor.0))
    }

    fn after(next: Value) -> Result<Option<String>, &'static str> {
        let list: types::ContactList = from_value(json!({"pages": {"next": next}})).unwrap();
        list.position()
            .next(None, false)
            .map(|cursor| cursor.map(|cursor| cursor.0))
    }

    #[test]
    fn numbered_pages_are_counted() {
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
            "by what was asked for"
        );
        assert_eq!(
            page(json!({"total_pages": 4, "next": url}), None),
            to("4"),
            "by the next one's number"
        );
        assert_eq!(page(json!({"page": 3, "next": url}), Some(3)), to("4"));
        assert_eq!(page(json!({"page": 3}), Some(3)), Ok(None));
        assert_eq!(page(json!({"total_pages": 1}), None), Ok(None));
        assert_eq!(page(json!({"total_pages": 4}), None), Err(NO_CURSOR));
        assert_eq!(page(json!(null), Some(1)), Ok(None));
        let empty: types::CompanyList = from_value(json!({"data": [], "pages": {"next": url}})).unwrap();
        assert_eq!(
            empty.position().next(Some(3), false),
            Ok(None),
            "an empty page is the last"
        );
        let empty = |page: i64| {
            let pages = json!({"page": page, "total_pages": 6, "next": url});
            from_value::<types::CompanyList>(json!({"data": [], "pages": pages})).unwrap()
        };
        let next = |page: i64| empty(page).position().next(Some(page), false);
        assert_eq!(
            next(3),
            Ok(Some("4".into())),
            "unless the number of pages says that more follow"
        );
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
                Err(NO_CURSOR),
                "{odd}: ending here would lose the rest"
            );
        }
    }

    #[test]
    fn an_empty_page_ends_scrolls_and_events() {
        let company = json!([{"id": "1"}]);
        for (data, scroll_param, next) in [
            (&company, json!("s"), Ok(Some("s".into()))),
            (&company, json!(null), Err(NO_CURSOR)),
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
    fn one_company_is_a_list_of_one() {
        let answer: CompanyOrList = from_value(json!({"type": "company", "id": "7"})).unwrap();
        assert_eq!((answer.items().len(), answer.total_count()), (1, Some(1)));
        assert_eq!(answer.position().next(None, false), Ok(None));
        assert_eq!(answer.into_items()[0].id.as_deref(), Some("7"));
    }
}
