//! Lists, searches and scrolls, with the paging of the API.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::{ApiError, CallResult, MockCall};
use super::catalog::catalog;
use super::clock::MockTime;
use super::description::{ListType, MockOperation};
use super::filter::{self, compare_any};
use super::pages::{self, PageSlice};
use super::response::MockResponse;
use super::rules;
use super::store::{Record, RecordKind, field_of};
use super::workspace::{Workspace, example_response, with};
use crate::paging::Paging;
use crate::wire::id::text_of;

/// An open scroll.
pub(super) struct Scroll {
    parameter: String,
    /// The records at the start of the scroll, which it returns.
    slots: Arc<[u64]>,
    position: usize,
    last_used: MockTime,
}

/// The number of records per page of a scroll.
const SCROLL_PAGE_SIZE: usize = 100;

/// The order of a list: by a field, or by insertion.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sort {
    pub field: Option<String>,
    pub descending: bool,
}

impl Sort {
    fn directed(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }

    /// Returns the order of two records with the same value: the order of insertion, or the newest
    /// first if the list has the newest first. A call in the same second creates no older record.
    fn order_of_ties(&self, value: &Value, insertion: Ordering) -> Ordering {
        match self.field.as_deref() {
            Some("created_at") if !value.is_null() => self.directed(insertion),
            _ => insertion,
        }
    }
}

/// The issued cursors, by list and by number of preceding records.
#[derive(Default)]
pub(super) struct IssuedCursors(HashMap<(String, usize), Vec<CursorAnchor>>);

impl IssuedCursors {
    /// Returns `true` if a cursor was issued for a sorted search.
    fn is_from_sorted_search(&self, call: &MockCall<'_>, cursor: &pages::PageCursor) -> bool {
        let prefix = format!("{} {} ", call.operation.id, call.request.path);
        let mut issued = self
            .0
            .iter()
            .filter(|((key, position), _)| *position == cursor.position && key.starts_with(&prefix));
        issued.any(|(_, anchors)| anchors.iter().any(|anchor| anchor.is_sorted))
    }
}

/// The record before a cursor, with the value by which it was sorted when the cursor was issued.
#[derive(Clone, PartialEq)]
struct CursorAnchor {
    slot: u64,
    value: Value,
    is_sorted: bool,
}

/// The most recently requested lists. The pages of one walk share a list.
#[derive(Default)]
pub(super) struct Selections(VecDeque<Selection>);

/// The records of a list, in order.
#[derive(Clone)]
struct Selection {
    /// Identifies the list, without the parameters of the page.
    key: String,
    revision: u64,
    slots: Arc<[u64]>,
}

/// The number of cached selections.
const MAX_SELECTIONS: usize = 8;

/// The list requested by a call.
pub(super) struct ListRequest<'a> {
    pub list_type: &'static ListType,
    pub kind: RecordKind,
    /// The record that owns the list.
    pub owner: Option<(RecordKind, &'a str)>,
    pub sort: Sort,
}

impl Workspace {
    /// Returns the requested page of a list.
    pub(super) fn list(&mut self, call: &MockCall<'_>) -> CallResult {
        let operation = call.operation;
        let Some(list_type) = &operation.list else {
            return Err(ApiError::not_modelled(format!("{} is not a list", operation.id)));
        };
        let kind = catalog().kind(list_type.item.name);
        if let Some(result) = self.find_by_field(call, kind) {
            return result;
        }
        let list = ListRequest {
            list_type,
            kind,
            owner: call.subject(),
            sort: self.sort(call, list_type),
        };
        if list_type.paging == Paging::Scroll {
            return self.scroll(call, &list);
        }
        let slots = self.selection(call, &list)?;
        let page = match list_type.paging {
            Paging::Unpaged => PageSlice::all(slots.len()),
            Paging::Cursor | Paging::CursorInBody => self.page_after_cursor(call, &list, &slots)?,
            Paging::Page => pages::numbered(call, list_type, slots.len())?,
            Paging::Events => pages::events(call, slots.len())?,
            Paging::Scroll => PageSlice::all(0),
        };
        Ok(self.page(call, &list, &slots, page))
    }

    /// Finds one record if the query has a field of records, for example `company_id`.
    fn find_by_field(&mut self, call: &MockCall<'_>, kind: RecordKind) -> Option<CallResult> {
        let record = call.operation.record.as_ref()?;
        let parameters = call
            .operation
            .parameters
            .iter()
            .filter(|parameter| record.has(parameter.name));
        let filters: Vec<(&str, &str)> = parameters
            .filter_map(|parameter| Some((parameter.name, call.request.query(parameter.name)?)))
            .collect();
        let (name, text) = filters.first()?;
        let mut found = self.active_with(kind, name, text).into_iter();
        let found = found.find(|id| {
            let record = self.store.get(kind, id);
            record.is_some_and(|record| {
                let mut filters = filters.iter();
                filters.all(|(name, text)| text_of(field_of(&record.value, name)).as_deref() == Some(*text))
            })
        });
        Some(match found {
            Some(id) => self.show(call, kind, &id),
            None => Err(ApiError::record_not_found(call.operation, kind)),
        })
    }

    /// Returns the requested order of a list, or its default order.
    fn sort(&self, call: &MockCall<'_>, list_type: &ListType) -> Sort {
        let sort = call.object("sort").filter(|_| list_type.paging == Paging::CursorInBody);
        let field = sort.and_then(|sort| Some(sort.get("field")?.as_str()?.to_owned()));
        match field {
            Some(field) => Sort {
                field: Some(field),
                descending: sort.and_then(|sort| sort.get("order")?.as_str()) != Some("ascending"),
            },
            None => rules::default_order(call),
        }
    }

    /// Returns the records of a list in order.
    fn selection(&mut self, call: &MockCall<'_>, list: &ListRequest<'_>) -> Result<Arc<[u64]>, ApiError> {
        let parameters: Vec<_> = call
            .request
            .query
            .iter()
            .filter(|(name, _)| !pages::is_page_parameter(name))
            .collect();
        let key = format!(
            "{} {} {parameters:?} {:?} {:?}",
            call.operation.id,
            call.request.path,
            call.body.get("query"),
            list.sort
        );
        let revision = self.store.revision();
        let mut cached = self.selections.0.iter();
        if let Some(selection) = cached.find(|cached| cached.key == key && cached.revision == revision) {
            return Ok(Arc::clone(&selection.slots));
        }
        let slots: Arc<[u64]> = self.select(call, list)?.into();
        self.selections
            .0
            .retain(|cached| cached.key != key && cached.revision == revision);
        self.selections.0.truncate(MAX_SELECTIONS - 1);
        self.selections.0.push_front(Selection {
            key,
            revision,
            slots: Arc::clone(&slots),
        });
        Ok(slots)
    }

    fn select(&mut self, call: &MockCall<'_>, list: &ListRequest<'_>) -> Result<Vec<u64>, ApiError> {
        let kind = list.kind;
        let candidates: Vec<u64> = match list.owner {
            Some(owner) => self
                .relations
                .ids(owner, kind)
                .filter_map(|id| self.store.slot(kind, id))
                .collect(),
            None if list.list_type.paging == Paging::CursorInBody => self.search(call, kind)?,
            None => self.store.all(kind).map(|(slot, _)| slot).collect(),
        };
        let is_listed = rules::filter(self, call)?;
        let is_included = |slot: &u64| {
            let record = self.store.at(kind, *slot);
            record.is_some_and(|record| !record.archived && is_listed(self, record))
        };
        let mut slots: Vec<u64> = candidates.into_iter().filter(is_included).collect();
        if list.sort.field.is_some() {
            slots.sort_by(|one, other| self.order(list, *one, *other));
        }
        Ok(slots)
    }

    /// Returns the records that match a search.
    fn search(&mut self, call: &MockCall<'_>, kind: RecordKind) -> Result<Vec<u64>, ApiError> {
        let query = call.body.get("query").filter(|query| query.is_object());
        let query = query.ok_or_else(|| ApiError::invalid_parameter("query is missing"))?;
        let order = call.object("sort").and_then(|sort| sort.get("order"));
        if !matches!(order.map(Value::as_str), None | Some(Some("ascending" | "descending"))) {
            return Err(ApiError::new(
                400,
                "invalid_sort_order",
                "the order must be ascending or descending",
            ));
        }
        let comparison = rules::comparison(call.operation);
        filter::check(query, comparison, &|field| {
            rules::is_searchable(call.operation, kind, field)
        })?;
        // An equality filter narrows the candidates by an index or a relation.
        let candidates = match filter::required_equality(query) {
            Some((field, value)) => match (rules::searched_relation(kind, field), text_of(value)) {
                (Some(other), Some(id)) => {
                    let ids = self.relations.ids((other, &id), kind);
                    Some(ids.filter_map(|id| self.store.slot(kind, id)).collect())
                }
                (None, Some(text)) if rules::is_stored(kind, field) => Some(self.store.with_text(kind, field, &text)),
                _ => None,
            },
            None => None,
        };
        let candidates: Vec<u64> = match candidates {
            Some(slots) => slots,
            None => self.store.all(kind).map(|(slot, _)| slot).collect(),
        };
        let found = candidates.into_iter().filter(|slot| {
            let record = self.store.at(kind, *slot);
            record.is_some_and(|record| {
                filter::matches(query, comparison, &|field| {
                    rules::field_values(self, kind, record, field)
                })
            })
        });
        Ok(found.collect())
    }

    /// Compares two records of a sorted list.
    fn order(&self, list: &ListRequest<'_>, one: u64, other: u64) -> Ordering {
        let value = |slot| self.sort_value(list, slot);
        list.sort
            .directed(compare_any(value(one), value(other)))
            .then_with(|| list.sort.order_of_ties(value(one), one.cmp(&other)))
    }

    /// Returns the value by which a record is sorted.
    fn sort_value(&self, list: &ListRequest<'_>, slot: u64) -> &Value {
        let record = self.store.at(list.kind, slot);
        match (record, &list.sort.field) {
            (Some(record), Some(field)) => field_of(&record.value, field),
            _ => &Value::Null,
        }
    }

    /// Returns the page after a cursor. Changes before the cursor do not move it, because it marks
    /// a record in the order.
    fn page_after_cursor(
        &mut self,
        call: &MockCall<'_>,
        list: &ListRequest<'_>,
        slots: &[u64],
    ) -> Result<PageSlice, ApiError> {
        let parameter = pages::page_parameter(call, list.list_type);
        let per_page = pages::per_page(call, list.list_type, parameter("per_page"))?;
        let is_sorted = call.body.contains_key("sort");
        let key = format!("{} {} {:?}", call.operation.id, call.request.path, list.sort);
        let from = match parameter("starting_after") {
            None => 0,
            // The server reports this permanent error as a 500.
            Some(cursor) if cursor.is_empty() => {
                return Err(ApiError::new(500, "server_error", "Internal Server Error"));
            }
            Some(cursor) => {
                let cursor = pages::PageCursor::read(&cursor);
                let cursor =
                    cursor.ok_or_else(|| ApiError::new(400, "client_error", "starting_after is not a cursor"))?;
                let anchors = self.cursors.0.get(&(key.clone(), cursor.position));
                match anchors.and_then(|anchors| anchors.get(cursor.variant)) {
                    Some(anchor) => self.position(list, slots, cursor.position, anchor),
                    // The cursor is from a sorted search, and this request does not sort.
                    None if !is_sorted && self.cursors.is_from_sorted_search(call, &cursor) => {
                        return Err(ApiError::new(500, "server_error", "Internal Server Error"));
                    }
                    None => cursor.position.min(slots.len()),
                }
            }
        };
        let to = (from + per_page).min(slots.len());
        let last = to.checked_sub(1).and_then(|last| slots.get(last));
        let next = slots.get(to).and(last).map(|slot| {
            let anchor = CursorAnchor {
                slot: *slot,
                value: self.sort_value(list, *slot).clone(),
                is_sorted,
            };
            let anchors = self.cursors.0.entry((key, to)).or_default();
            let variant = anchors.iter().position(|issued| *issued == anchor).unwrap_or_else(|| {
                anchors.push(anchor);
                anchors.len() - 1
            });
            pages::PageCursor { position: to, variant }
        });
        Ok(pages::with_cursor(call, per_page, from..to, slots.len(), next))
    }

    /// Returns the position of the first record after a cursor.
    fn position(&self, list: &ListRequest<'_>, slots: &[u64], position: usize, anchor: &CursorAnchor) -> usize {
        let position = position.min(slots.len());
        if position > 0 && slots.get(position - 1) == Some(&anchor.slot) {
            return position;
        }
        if list.owner.is_some() {
            let found = slots.iter().position(|slot| *slot == anchor.slot);
            return found.map_or(position, |found| found + 1);
        }
        slots.partition_point(|slot| {
            let order = compare_any(self.sort_value(list, *slot), &anchor.value);
            let ties = || list.sort.order_of_ties(&anchor.value, slot.cmp(&anchor.slot));
            list.sort.directed(order).then_with(ties).is_le()
        })
    }

    /// Starts or continues a scroll. Only one can be open, and every response advances it.
    fn scroll(&mut self, call: &MockCall<'_>, list: &ListRequest<'_>) -> CallResult {
        let id = call.operation.id;
        let (idle, now) = (self.settings.scroll_idle, self.now);
        let open = self
            .scrolls
            .remove(id)
            .filter(|scroll| now.since(scroll.last_used) <= idle);
        let mut scroll = match (call.request.query("scroll_param"), open) {
            (None, None) => {
                self.scrolls_started += 1;
                Scroll {
                    parameter: rules::uuid(&self.scrolls_started.to_string()),
                    slots: self.selection(call, list)?,
                    position: 0,
                    last_used: now,
                }
            }
            (None, Some(scroll)) => {
                self.scrolls.insert(id, scroll);
                return Err(ApiError::new(
                    400,
                    "scroll_exists",
                    "scroll already exists for this workspace",
                ));
            }
            (Some(parameter), Some(scroll)) if scroll.parameter == parameter => scroll,
            (Some(_), other) => {
                self.scrolls.extend(other.map(|scroll| (id, scroll)));
                return Err(ApiError::new(404, "not_found", "scroll parameter not found"));
            }
        };
        let from = scroll.position.min(scroll.slots.len());
        let to = (from + SCROLL_PAGE_SIZE).min(scroll.slots.len());
        let page = PageSlice {
            range: from..to,
            total: Value::Null,
            pages: None,
            scroll_param: Some(scroll.parameter.clone()),
        };
        let slots = Arc::clone(&scroll.slots);
        scroll.position = to;
        scroll.last_used = now;
        // The scroll ends after an empty page.
        if from < to {
            self.scrolls.insert(id, scroll);
        }
        Ok(self.page(call, list, &slots, page))
    }

    /// Creates the response: the records of a page in the object that the description shows around
    /// them.
    fn page(&self, call: &MockCall<'_>, list: &ListRequest<'_>, slots: &[u64], page: PageSlice) -> MockResponse {
        let (operation, list_type) = (call.operation, list.list_type);
        let records = slots.get(page.range.clone()).unwrap_or_default().iter();
        let records = records.filter_map(|slot| self.store.at(list.kind, *slot));
        let items = records.map(|record| self.item(call, list, record)).collect();
        let mut frame = frame(operation, list_type, page);
        rules::complete_frame(self, call, &mut frame);
        frame.insert(list_type.items.to_owned(), Value::Array(items));
        MockResponse::json(frame).status(operation.success)
    }

    /// Returns a record as an item of a list. The items of some lists have fewer fields than the
    /// record.
    fn item(&self, call: &MockCall<'_>, list: &ListRequest<'_>, record: &Record) -> Value {
        let mut value = rules::present(self, call, list.kind, self.view_of(list.kind, record));
        if let (Some(owner), Some(id)) = (list.owner, &record.id)
            && let Some(data) = self.relations.data(owner, (list.kind, id))
        {
            value = with(value, data);
        }
        let item = &list.list_type.item;
        let path = catalog().record_path(list.kind);
        let full = path.map(|path| path.object).filter(|full| full.name != item.name);
        if let (Some(full), Value::Object(fields)) = (full, &mut value) {
            fields.retain(|name, _| item.has(name) || !full.has(name));
        }
        value
    }
}

/// Returns the object around the items of a page.
fn frame(operation: &MockOperation, list_type: &ListType, page: PageSlice) -> Map<String, Value> {
    let mut frame = example_response(operation);
    frame.retain(|name, _| !["pages", "total_count", "scroll_param", list_type.items].contains(&name.as_str()));
    let metadata = [
        ("total_count", Some(page.total)),
        ("pages", page.pages),
        ("scroll_param", page.scroll_param.map(|parameter| json!(parameter))),
    ];
    for (name, value) in metadata {
        if let Some(value) = value.filter(|_| list_type.frame.has(name)) {
            frame.insert(name.to_owned(), value);
        }
    }
    // Scrolls have a null `pages`.
    if example_response(operation).get("pages").is_some_and(Value::is_null) {
        frame.entry("pages").or_insert(Value::Null);
    }
    frame
}
