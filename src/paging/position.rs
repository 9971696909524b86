//! Where a list goes on: what a page says of it, and how a call asks for it.

use serde_json::{Value, json};

use super::Cursor;
use crate::call::call::Call;
use crate::call::operation::Paging;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::wire::next_page::NextPage;

/// What a page says of its place in the list, by the shape of the list.
#[doc(hidden)]
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
            // Some servers go on announcing a next page for ever.
            Self::Page { empty: true, .. } => Ok(None),
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
        let Some(Cursor(text)) = cursor else { return Ok(()) };
        if text.trim().is_empty() {
            // It would ask for the first page.
            return Err(ErrorContext::mistake(self.operation.id, "the cursor is empty"));
        }
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
                let mut body = self.json();
                match &mut body["pagination"] {
                    Value::Object(pagination) => {
                        pagination.insert("starting_after".to_owned(), text.as_str().into());
                    }
                    other => *other = json!({ "starting_after": text }),
                }
                self.body = Some(body.to_string().into());
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
