//! What pages say of themselves: sizes, numbers, cursors and addresses of the next one.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::call::{Call, Refusal};
use super::operations::List;
use super::workspace::recorded;
use crate::paging::Paging;
use crate::wire::id::text_of;

/// The host of the addresses that responses name: one that nobody may ever call.
pub(super) const ELSEWHERE: &str = "https://elsewhere.invalid";
/// Items on a page of a list whose recording does not say how many.
const PER_PAGE: usize = 50;
/// The last item that a page of `POST /companies/list` can reach; later ones need a scroll.
const COMPANIES_REACH: usize = 10_000;

/// Which records a page holds, and what it says of the others.
pub(super) struct Page {
    pub range: Range<usize>,
    pub total: Value,
    pub pages: Option<Value>,
    pub scroll_param: Option<String>,
}

impl Page {
    /// All records of a list that is one response.
    pub(super) fn whole(count: usize) -> Self {
        Self {
            range: 0..count,
            total: count.into(),
            pages: None,
            scroll_param: None,
        }
    }
}

/// Whether a parameter says which page is asked for.
pub(super) fn is_of_page(name: &str) -> bool {
    ["page", "per_page", "starting_after", "before", "scroll_param"].contains(&name)
}

/// The largest page of a list, by its path; recordings of connectors and the description have no other limits.
fn most_per_page(call: &Call<'_>) -> Option<usize> {
    match call.operation.shape {
        "/companies/list" => Some(60),
        "/contacts"
        | "/contacts/search"
        | "/conversations"
        | "/conversations/search"
        | "/tickets/search"
        | "/companies/{}/contacts" => Some(150),
        "/articles" | "/help_center/collections" => Some(250),
        _ => None,
    }
}

/// The size of the pages that the description shows of a list.
fn shown_per_page(call: &Call<'_>) -> usize {
    // The recordings of searches show the size that was asked for.
    match call.operation.shape {
        "/contacts/search" => return PER_PAGE,
        "/conversations/search" | "/tickets/search" => return 20,
        _ => {}
    }
    let recorded = recorded(call.operation);
    let shown = recorded.get("pages").and_then(|pages| pages["per_page"].as_u64());
    shown.and_then(|shown| usize::try_from(shown).ok()).unwrap_or(PER_PAGE)
}

/// Reads a parameter of the page: from the query, or the body of a search.
pub(super) fn said<'c>(call: &'c Call<'_>, list: &List) -> impl Fn(&str) -> Option<Cow<'c, str>> {
    let in_body = list.paging == Paging::CursorInBody;
    move |name| match in_body {
        true => call.object("pagination")?.get(name).and_then(text_of),
        false => call.request.query(name).map(Cow::Borrowed),
    }
}

/// The size of the page that a call asks for.
pub(super) fn per_page(call: &Call<'_>, list: &List, said: Option<Cow<'_, str>>) -> Result<usize, Refusal> {
    // Lists that are one response take no notice of it.
    let Some(said) = said.filter(|_| list.paging != Paging::Unpaged) else {
        return Ok(shown_per_page(call));
    };
    let per_page = said.parse::<usize>().ok().filter(|per_page| *per_page > 0);
    let per_page = per_page.ok_or_else(|| Refusal::invalid("Per Page is not a number above 0"))?;
    match most_per_page(call) {
        Some(most) if per_page > most => Err(Refusal::invalid("Per Page is too big")),
        _ => Ok(per_page),
    }
}

/// The `pages` of a list. The last page has a `next` of null where the recording shows one, and none otherwise.
fn pages(call: &Call<'_>, page: usize, per_page: usize, count: usize, next: Option<Value>) -> Value {
    let recorded = recorded(call.operation);
    let shown = recorded.get("pages").and_then(Value::as_object);
    let total_pages = count.div_ceil(per_page);
    let mut pages = Map::new();
    pages.insert("type".to_owned(), "pages".into());
    let shows_null = shown.is_some_and(|pages| pages.contains_key("next"));
    if let Some(next) = next.or(shows_null.then_some(Value::Null)) {
        pages.insert("next".to_owned(), next);
    }
    pages.insert("page".to_owned(), page.into());
    pages.insert("per_page".to_owned(), per_page.into());
    pages.insert("total_pages".to_owned(), total_pages.into());
    Value::Object(pages)
}

/// A page of a list that continues after a cursor.
pub(super) fn with_cursor(
    call: &Call<'_>,
    per_page: usize,
    range: Range<usize>,
    count: usize,
    next: Option<Cursor>,
) -> Page {
    let page = range.start / per_page + 1;
    let next = next.map(|next| json!({"page": page + 1, "starting_after": next.write()}));
    Page {
        range,
        total: count.into(),
        pages: Some(pages(call, page, per_page, count, next)),
        scroll_param: None,
    }
}

/// A page of a list that continues by page number.
pub(super) fn numbered(call: &Call<'_>, list: &List, count: usize) -> Result<Page, Refusal> {
    let said = said(call, list);
    let page = said("page").map_or(Ok(1), |page| page.parse::<usize>());
    let page = page.ok().filter(|page| *page > 0);
    let page = page.ok_or_else(|| Refusal::invalid("page is not a number above 0"))?;
    let per_page = per_page(call, list, said("per_page"))?;
    let from = (page - 1).saturating_mul(per_page);
    if call.operation.shape == "/companies/list" && from >= COMPANIES_REACH {
        return Err(Refusal::invalid("page limit reached, please use scroll API"));
    }
    let from = from.min(count);
    let next = (page < count.div_ceil(per_page)).then(|| {
        let (page, per_page) = ((page + 1).to_string(), per_page.to_string());
        next_address(call, &[("page", &page), ("per_page", &per_page)])
    });
    Ok(Page {
        range: from..from.saturating_add(per_page).min(count),
        total: count.into(),
        pages: Some(pages(call, page, per_page, count, next)),
        scroll_param: None,
    })
}

/// A page of a list whose next page is an address only.
pub(super) fn events(call: &Call<'_>, count: usize) -> Result<Page, Refusal> {
    let no_such_page = || Refusal::invalid("there is no such page");
    let position = |cursor: &str| cursor.strip_prefix("Wz+")?.strip_suffix("==")?.parse::<usize>().ok();
    let from = call.request.query("before").map_or(Some(0), position);
    let from = from.ok_or_else(no_such_page)?.min(count);
    let per_page = call.request.query("per_page").map_or(Ok(PER_PAGE), str::parse);
    let per_page = per_page
        .ok()
        .filter(|per_page| *per_page > 0)
        .ok_or_else(no_such_page)?;
    let to = from.saturating_add(per_page).min(count);
    let mut pages = json!({});
    if to < count {
        pages["next"] = next_address(call, &[("before", &format!("Wz+{to}=="))]);
    }
    Ok(Page {
        range: from..to,
        total: count.into(),
        pages: Some(pages),
        scroll_param: None,
    })
}

/// The address of the next page: with the parameters of this one, and these in place of the same.
fn next_address(call: &Call<'_>, parameters: &[(&str, &str)]) -> Value {
    let of_page = |name: &str| parameters.iter().any(|(other, _)| *other == name);
    let others = call.request.query.iter().filter(|(name, _)| !of_page(name));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(others).extend_pairs(parameters).finish();
    json!(format!("{ELSEWHERE}{}?{query}", call.request.path))
}

/// A place in the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The number of records before it.
    pub position: usize,
    /// Which of the cursors that were given out for this position.
    pub variant: usize,
}

impl Cursor {
    /// As text that breaks when it is not percent-encoded.
    pub(super) fn write(self) -> String {
        match self.variant {
            0 => format!("Wz+{}/+A==", self.position),
            variant => format!("Wz+{}.{variant}/+A==", self.position),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let content = text.strip_prefix("Wz+")?.strip_suffix("/+A==")?;
        let (position, variant) = content.split_once('.').unwrap_or((content, "0"));
        Some(Self {
            position: position.parse().ok()?,
            variant: variant.parse().ok()?,
        })
    }
}
