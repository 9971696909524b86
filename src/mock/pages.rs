//! The metadata of pages: sizes, numbers, cursors and URLs of the next page.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::call::{ApiError, MockCall};
use super::description::ListType;
use super::workspace::example_response;
use crate::paging::Paging;
use crate::wire::id::text_of;

/// The page size of lists whose recorded response does not have one.
const DEFAULT_PER_PAGE: usize = 50;
/// The number of items that `POST /companies/list` can return. The others require a scroll.
const MAX_COMPANY_OFFSET: usize = 10_000;

/// The records of a page, and its metadata.
pub(super) struct PageSlice {
    pub range: Range<usize>,
    pub total: Value,
    pub pages: Option<Value>,
    pub scroll_param: Option<String>,
}

impl PageSlice {
    /// Creates the page of a list without paging.
    pub(super) fn all(count: usize) -> Self {
        Self {
            range: 0..count,
            total: count.into(),
            pages: None,
            scroll_param: None,
        }
    }
}

/// Returns `true` if a parameter selects a page.
pub(super) fn is_page_parameter(name: &str) -> bool {
    ["page", "per_page", "starting_after", "before", "scroll_param"].contains(&name)
}

/// Returns the maximum page size of a list. The description and the recordings of connectors show
/// no other limits.
fn max_per_page(call: &MockCall<'_>) -> Option<usize> {
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

/// Returns the default page size of a list, as the description shows it.
fn default_per_page(call: &MockCall<'_>) -> usize {
    // The recorded responses of searches have the requested size, not the default.
    match call.operation.shape {
        "/contacts/search" => return DEFAULT_PER_PAGE,
        "/conversations/search" | "/tickets/search" => return 20,
        _ => {}
    }
    let example = example_response(call.operation);
    let per_page = example.get("pages").and_then(|pages| pages["per_page"].as_u64());
    per_page
        .and_then(|per_page| usize::try_from(per_page).ok())
        .unwrap_or(DEFAULT_PER_PAGE)
}

/// Returns a function that reads a page parameter from the query, or from the body of a search.
pub(super) fn page_parameter<'c>(call: &'c MockCall<'_>, list: &ListType) -> impl Fn(&str) -> Option<Cow<'c, str>> {
    let in_body = list.paging == Paging::CursorInBody;
    move |name| match in_body {
        true => call.object("pagination")?.get(name).and_then(text_of),
        false => call.request.query(name).map(Cow::Borrowed),
    }
}

/// Returns the size of the requested page.
pub(super) fn per_page(
    call: &MockCall<'_>,
    list: &ListType,
    requested: Option<Cow<'_, str>>,
) -> Result<usize, ApiError> {
    // Lists without paging ignore the parameter.
    let Some(requested) = requested.filter(|_| list.paging != Paging::Unpaged) else {
        return Ok(default_per_page(call));
    };
    let per_page = requested.parse::<usize>().ok().filter(|per_page| *per_page > 0);
    let per_page = per_page.ok_or_else(|| ApiError::invalid_parameter("Per Page must be a number greater than 0"))?;
    match max_per_page(call) {
        Some(max) if per_page > max => Err(ApiError::invalid_parameter("Per Page is too big")),
        _ => Ok(per_page),
    }
}

/// Returns the `pages` of a list. On the last page, `next` is null if the recorded response has it,
/// and absent otherwise.
fn pages(call: &MockCall<'_>, page: usize, per_page: usize, count: usize, next: Option<Value>) -> Value {
    let example = example_response(call.operation);
    let example = example.get("pages").and_then(Value::as_object);
    let total_pages = count.div_ceil(per_page);
    let mut pages = Map::new();
    pages.insert("type".to_owned(), "pages".into());
    let has_next = example.is_some_and(|pages| pages.contains_key("next"));
    if let Some(next) = next.or(has_next.then_some(Value::Null)) {
        pages.insert("next".to_owned(), next);
    }
    pages.insert("page".to_owned(), page.into());
    pages.insert("per_page".to_owned(), per_page.into());
    pages.insert("total_pages".to_owned(), total_pages.into());
    Value::Object(pages)
}

/// Creates a page of a list with cursors.
pub(super) fn with_cursor(
    call: &MockCall<'_>,
    per_page: usize,
    range: Range<usize>,
    count: usize,
    next: Option<PageCursor>,
) -> PageSlice {
    let page = range.start / per_page + 1;
    let next = next.map(|next| json!({"page": page + 1, "starting_after": next.write()}));
    PageSlice {
        range,
        total: count.into(),
        pages: Some(pages(call, page, per_page, count, next)),
        scroll_param: None,
    }
}

/// Creates a page of a list with page numbers.
pub(super) fn numbered(call: &MockCall<'_>, list: &ListType, count: usize) -> Result<PageSlice, ApiError> {
    let parameter = page_parameter(call, list);
    let page = parameter("page").map_or(Ok(1), |page| page.parse::<usize>());
    let page = page.ok().filter(|page| *page > 0);
    let page = page.ok_or_else(|| ApiError::invalid_parameter("page must be a number greater than 0"))?;
    let per_page = per_page(call, list, parameter("per_page"))?;
    let from = (page - 1).saturating_mul(per_page);
    if call.operation.shape == "/companies/list" && from >= MAX_COMPANY_OFFSET {
        return Err(ApiError::invalid_parameter("page limit reached, please use scroll API"));
    }
    let from = from.min(count);
    let next = (page < count.div_ceil(per_page)).then(|| {
        let (page, per_page) = ((page + 1).to_string(), per_page.to_string());
        next_url(call, &[("page", &page), ("per_page", &per_page)])
    });
    Ok(PageSlice {
        range: from..from.saturating_add(per_page).min(count),
        total: count.into(),
        pages: Some(pages(call, page, per_page, count, next)),
        scroll_param: None,
    })
}

/// Creates a page of events, whose `pages` only contain the URL of the next page.
pub(super) fn events(call: &MockCall<'_>, count: usize) -> Result<PageSlice, ApiError> {
    let unknown_page = || ApiError::invalid_parameter("unknown page");
    let position = |cursor: &str| cursor.strip_prefix("Wz+")?.strip_suffix("==")?.parse::<usize>().ok();
    let from = call.request.query("before").map_or(Some(0), position);
    let from = from.ok_or_else(unknown_page)?.min(count);
    let per_page = call.request.query("per_page").map_or(Ok(DEFAULT_PER_PAGE), str::parse);
    let per_page = per_page
        .ok()
        .filter(|per_page| *per_page > 0)
        .ok_or_else(unknown_page)?;
    let to = from.saturating_add(per_page).min(count);
    let mut pages = json!({});
    if to < count {
        pages["next"] = next_url(call, &[("before", &format!("Wz+{to}=="))]);
    }
    Ok(PageSlice {
        range: from..to,
        total: count.into(),
        pages: Some(pages),
        scroll_param: None,
    })
}

/// Returns the URL of the next page: the URL of this page with some parameters replaced.
fn next_url(call: &MockCall<'_>, parameters: &[(&str, &str)]) -> Value {
    let is_replaced = |name: &str| parameters.iter().any(|(other, _)| *other == name);
    let others = call.request.query.iter().filter(|(name, _)| !is_replaced(name));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(others).extend_pairs(parameters).finish();
    json!(format!("{}{}?{query}", call.base_url(), call.request.path))
}

/// A position in the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageCursor {
    /// The number of preceding records.
    pub position: usize,
    /// Distinguishes the cursors issued for this position.
    pub variant: usize,
}

impl PageCursor {
    /// Formats the cursor with characters that must be percent-encoded, as Intercom's cursors have.
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
