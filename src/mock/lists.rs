//! Lists, searches and scrolls of the records, paged as the API pages them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::filter::{finds, order};
use super::operations::{List, Operation};
use super::received::Received;
use super::resources::Member;
use super::store::Record;
use super::workspace::{Workspace, not_found};
use crate::paging::Paging;
use crate::wire::id::text_of;

/// Why a page is not given: status, code and message of the error.
struct Refusal(u16, &'static str, &'static str);

impl From<Refusal> for Answer {
    fn from(Refusal(status, code, message): Refusal) -> Self {
        Self::error(status, code, message)
    }
}

/// An open scroll.
pub(super) struct Scroll {
    parameter: String,
    position: usize,
    last: Instant,
}

/// So many records come with each page of a scroll.
const BATCH: usize = 100;
/// So many records come with a page when the request does not say.
const PER_PAGE: usize = 50;
const NUMBERED_PER_PAGE: usize = 25;
/// A cursor's page cannot have more: asking for more is refused.
const MOST_PER_PAGE: usize = 150;

/// The host of the URLs that answers name: one that nobody may ever call.
const ELSEWHERE: &str = "https://elsewhere.invalid";

impl Workspace {
    /// The page of a list that a request asks for; `of` is the record that the list belongs to.
    pub(super) fn list(
        &mut self,
        operation: &'static Operation,
        list: &'static List,
        of: Option<(&'static str, &str)>,
        received: &Received,
    ) -> Answer {
        let kind = self.resources.kind(list.item.name);
        if let Some(record) = &operation.record {
            // A parameter that is a field of the record picks the one that has that value.
            let parameters = operation
                .parameters
                .iter()
                .filter(|parameter| record.has(parameter.name));
            let picked: Vec<_> = parameters
                .filter_map(|parameter| Some((parameter.name, received.query(parameter.name)?)))
                .collect();
            if !picked.is_empty() {
                let found = self.store.all(kind).find(|held| {
                    let held = held.value();
                    picked
                        .iter()
                        .all(|(name, value)| text_of(&held[*name]).as_deref() == Some(*value))
                });
                return match found {
                    Some(record) => Answer::bytes("application/json", record.text.as_bytes().to_vec()),
                    None => not_found(operation),
                };
            }
        }
        let records: Vec<Record> = match of {
            Some(of) => {
                let under = self.store.under(&received.path, operation.shape, of, kind);
                under.into_iter().cloned().collect()
            }
            None => self.store.all(kind).cloned().collect(),
        };
        let records = match found(records, &received.json(), list.paging) {
            Ok(records) => records,
            Err(refusal) => return refusal.into(),
        };
        let page = match list.paging {
            Paging::Unpaged => Ok(Page::whole(&records)),
            Paging::Cursor | Paging::CursorInBody => after(received, &records, list),
            Paging::Page => numbered(received, &records),
            Paging::Events => events(received, &records),
            Paging::Scroll => self.scroll(operation.id, received, &records),
        };
        match page {
            Ok(page) => page.answer(operation, list, self.resources.member(kind), &records),
            Err(refusal) => refusal.into(),
        }
    }

    /// One scroll at a time, moved on by every answer.
    fn scroll(&mut self, id: &'static str, received: &Received, records: &[Record]) -> Result<Page, Refusal> {
        let idle = self.scroll_idle;
        let open = self.scrolls.remove(id).filter(|scroll| scroll.last.elapsed() <= idle);
        let mut scroll = match (received.query("scroll_param"), open) {
            (None, None) => {
                self.scrolls_begun += 1;
                Scroll {
                    parameter: format!("scroll+{}==", self.scrolls_begun),
                    position: 0,
                    last: Instant::now(),
                }
            }
            (None, Some(scroll)) => {
                self.scrolls.insert(id, scroll);
                let message = "scroll already exists for this workspace";
                return Err(Refusal(400, "scroll_exists", message));
            }
            (Some(parameter), Some(scroll)) if scroll.parameter == parameter => scroll,
            (Some(_), other) => {
                self.scrolls.extend(other.map(|scroll| (id, scroll)));
                return Err(Refusal(404, "not_found", "scroll parameter not found"));
            }
        };
        let from = scroll.position.min(records.len());
        let to = (from + BATCH).min(records.len());
        let page = Page {
            from,
            to,
            total: Value::Null,
            pages: None,
            scroll_param: Some(scroll.parameter.clone()),
        };
        scroll.position = to;
        scroll.last = Instant::now();
        // The empty batch ends it.
        if from < to {
            self.scrolls.insert(id, scroll);
        }
        Ok(page)
    }
}

/// The records that the body of a search asks for, in its order.
fn found(records: Vec<Record>, body: &Value, paging: Paging) -> Result<Vec<Record>, Refusal> {
    if paging != Paging::CursorInBody {
        return Ok(records);
    }
    let (query, sort) = (&body["query"], &body["sort"]);
    if !query.is_object() {
        return Err(Refusal(400, "parameter_invalid", "query is missing"));
    }
    if !matches!(sort["order"].as_str(), None | Some("ascending" | "descending")) {
        return Err(Refusal(
            400,
            "invalid_sort_order",
            "the order is ascending or descending",
        ));
    }
    let values = records.into_iter().map(|record| (record.value(), record));
    let mut values: Vec<(Value, Record)> = values.filter(|(value, _)| finds(query, value)).collect();
    values.sort_by(|(one, _), (other, _)| order(sort, one, other));
    Ok(values.into_iter().map(|(_, record)| record).collect())
}

/// Which records a page holds, and what it says of the others.
struct Page {
    from: usize,
    to: usize,
    total: Value,
    pages: Option<Value>,
    scroll_param: Option<String>,
}

impl Page {
    fn whole(records: &[Record]) -> Self {
        Self {
            from: 0,
            to: records.len(),
            total: records.len().into(),
            pages: None,
            scroll_param: None,
        }
    }

    /// The page as it is sent: what the description shows around the records, and these.
    fn answer(self, operation: &Operation, list: &List, member: Option<&Member>, records: &[Record]) -> Answer {
        let shown = operation.successes.first().map(|(_, body)| serde_json::from_str(body));
        let mut frame: Map<String, Value> = shown.and_then(Result::ok).unwrap_or_default();
        frame.retain(|name, _| !["pages", "total_count", "scroll_param", list.items].contains(&name.as_str()));
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value.filter(|_| list.frame.has(name)) {
                frame.insert(name.to_owned(), value);
            }
        };
        set("total_count", Some(self.total));
        set("pages", self.pages);
        set("scroll_param", self.scroll_param.map(Value::String));
        let items = records.get(self.from..self.to).unwrap_or_default().iter();
        let items: Vec<Arc<str>> = match member.filter(|member| member.kind != list.item.name) {
            None => items.map(|record| record.text.clone()).collect(),
            // Lists show less of some records than there is.
            Some(member) => items
                .map(|record| {
                    let mut value = record.value();
                    if let Value::Object(value) = &mut value {
                        value.retain(|name, _| list.item.has(name) || !member.object.has(name));
                    }
                    value.to_string().into()
                })
                .collect(),
        };
        // The records are text already.
        let frame = Value::Object(frame).to_string();
        let rest = frame.strip_prefix('{').filter(|rest| *rest != "}");
        let rest = rest.map_or("}".to_owned(), |rest| format!(",{rest}"));
        let name = Value::from(list.items);
        let body = format!("{{{name}:[{}]{rest}", items.join(","));
        Answer::bytes("application/json", body).status(operation.success)
    }
}

/// A number of the query or the body's `pagination`.
fn number(value: Option<String>, default: usize) -> Option<usize> {
    match value {
        None => Some(default),
        Some(text) => text.parse().ok(),
    }
}

fn no_such_page() -> Refusal {
    Refusal(400, "parameter_invalid", "there is no such page")
}

/// Lists that go on by `starting_after`, in the query or in the body's `pagination`.
fn after(received: &Received, records: &[Record], list: &List) -> Result<Page, Refusal> {
    let pagination = &received.json()["pagination"];
    let said = |name: &str| match list.paging {
        Paging::CursorInBody => text_of(&pagination[name]).map(Cow::into_owned),
        _ => received.query(name).map(str::to_owned),
    };
    let per_page = number(said("per_page"), PER_PAGE).ok_or_else(no_such_page)?;
    if !(1..=MOST_PER_PAGE).contains(&per_page) {
        return Err(Refusal(400, "parameter_invalid", "per_page is not between 1 and 150"));
    }
    let from = match said("starting_after").as_deref().map(position) {
        None => 0,
        Some(Some(position)) => position.min(records.len()),
        Some(None) => {
            return Err(Refusal(400, "client_error", "starting_after is no cursor of this list"));
        }
    };
    let (count, to) = (records.len(), (from + per_page).min(records.len()));
    let page = from / per_page + 1;
    let mut pages =
        json!({"type": "pages", "page": page, "per_page": per_page, "total_pages": count.div_ceil(per_page)});
    if to < count {
        // Objects and URLs are sent, by turns here.
        pages["next"] = match page % 2 {
            1 => json!({"page": page + 1, "per_page": per_page, "starting_after": cursor(to)}),
            _ => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let query = query.append_pair("starting_after", &cursor(to)).finish();
                json!(format!("{ELSEWHERE}{}?{query}", received.path))
            }
        };
    } else if count.is_multiple_of(2) {
        pages["next"] = Value::Null;
    }
    Ok(Page {
        from,
        to,
        total: count.into(),
        pages: Some(pages),
        scroll_param: None,
    })
}

/// Lists that go on by page number.
fn numbered(received: &Received, records: &[Record]) -> Result<Page, Refusal> {
    let said = |name: &str, default| number(received.query(name).map(str::to_owned), default);
    let (Some(page @ 1..), Some(per_page @ 1..)) = (said("page", 1), said("per_page", NUMBERED_PER_PAGE)) else {
        return Err(no_such_page());
    };
    let count = records.len();
    let from = (page - 1).saturating_mul(per_page).min(count);
    let total_pages = count.div_ceil(per_page);
    let mut pages = json!({"type": "pages", "page": page, "per_page": per_page, "total_pages": total_pages});
    if page < total_pages {
        pages["next"] = json!(format!("{ELSEWHERE}{}?page={}", received.path, page + 1));
    } else if count.is_multiple_of(2) {
        pages["next"] = Value::Null;
    }
    Ok(Page {
        from,
        to: from.saturating_add(per_page).min(count),
        total: count.into(),
        pages: Some(pages),
        scroll_param: None,
    })
}

/// Lists whose next page is a URL only.
fn events(received: &Received, records: &[Record]) -> Result<Page, Refusal> {
    let from = received.query("before").map_or(Some(0), position);
    let from = from.ok_or_else(no_such_page)?.min(records.len());
    let to = (from + PER_PAGE).min(records.len());
    let mut pages = json!({});
    if to < records.len() {
        let others = received.query.iter().filter(|(name, _)| name != "before");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(others).append_pair("before", &cursor(to)).finish();
        pages["next"] = json!(format!("{ELSEWHERE}{}?{query}", received.path));
    }
    Ok(Page {
        from,
        to,
        total: records.len().into(),
        pages: Some(pages),
        scroll_param: None,
    })
}

/// The cursor that goes on at this record: text that breaks when it is not percent-encoded.
fn cursor(position: usize) -> String {
    format!("Wz+{position}/+A==")
}

fn position(cursor: &str) -> Option<usize> {
    cursor.strip_prefix("Wz+")?.strip_suffix("/+A==")?.parse().ok()
}
