//! Lists, searches and scrolls of the records, paged as the API pages them.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, Outcome, Refusal};
use super::catalog::catalog;
use super::filter::{self, in_order};
use super::moment::Moment;
use super::operations::{List, Operation};
use super::pages::{self, Page};
use super::rules;
use super::store::{Kind, Record, field_of};
use super::workspace::{Workspace, recorded, with};
use crate::paging::Paging;
use crate::wire::id::text_of;

/// An open scroll.
pub(super) struct Scroll {
    parameter: String,
    /// The records that it returns: those of its beginning.
    places: Arc<[u64]>,
    position: usize,
    last: Moment,
}

/// Records on each page of a scroll.
const BATCH: usize = 100;

/// The order of a list: by a field, or else by when the records came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sort {
    pub field: Option<String>,
    pub descending: bool,
}

impl Sort {
    fn directed(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }
}

/// The cursors that were given out, by what was asked for and the number of records before them.
#[derive(Default)]
pub(super) struct Cursors(HashMap<(String, usize), Vec<Last>>);

impl Cursors {
    /// Whether a cursor was given out for a search with an order.
    fn gave_sorted(&self, call: &Call<'_>, cursor: &pages::Cursor) -> bool {
        let begin = format!("{} {} ", call.operation.id, call.request.path);
        let mut given = self
            .0
            .iter()
            .filter(|((key, position), _)| *position == cursor.position && key.starts_with(&begin));
        given.any(|(_, given)| given.iter().any(|last| last.is_sorted))
    }
}

/// The record before a cursor: its place, and the value that it was sorted by then.
#[derive(Clone, PartialEq)]
struct Last {
    place: u64,
    value: Value,
    is_sorted: bool,
}

/// The lists that calls asked for last: the pages of a walk are cut from one of them.
#[derive(Default)]
pub(super) struct Selections(VecDeque<Selection>);

/// The places of the records of a list, in its order.
#[derive(Clone)]
struct Selection {
    /// What was asked for, apart from the page.
    asked: String,
    revision: u64,
    places: Arc<[u64]>,
}

/// Selections that are remembered.
const REMEMBERED: usize = 8;

/// A list that a call asks for.
pub(super) struct Asked<'a> {
    pub list: &'static List,
    pub kind: Kind,
    /// The record that the list belongs to.
    pub of: Option<(Kind, &'a str)>,
    pub sort: Sort,
}

impl Workspace {
    /// The page of a list that a call asks for.
    pub(super) fn list(&mut self, call: &Call<'_>) -> Outcome {
        let operation = call.operation;
        let Some(list) = &operation.list else {
            return Err(Refusal::not_modelled(format!("{} is not a list", operation.id)));
        };
        let kind = catalog().kind(list.item.name);
        if let Some(one) = self.picked(call, kind) {
            return one;
        }
        let asked = Asked {
            list,
            kind,
            of: call.subject(),
            sort: self.sort(call, list),
        };
        if list.paging == Paging::Scroll {
            return self.scroll(call, &asked);
        }
        let places = self.selection(call, &asked)?;
        let page = match list.paging {
            Paging::Unpaged => Page::whole(places.len()),
            Paging::Cursor | Paging::CursorInBody => self.after(call, &asked, &places)?,
            Paging::Page => pages::numbered(call, list, places.len())?,
            Paging::Events => pages::events(call, places.len())?,
            Paging::Scroll => Page::whole(0),
        };
        Ok(self.page(call, &asked, &places, page))
    }

    /// The one record that a parameter picks which is a field of the record, such as `company_id`.
    fn picked(&mut self, call: &Call<'_>, kind: Kind) -> Option<Outcome> {
        let record = call.operation.record.as_ref()?;
        let parameters = call
            .operation
            .parameters
            .iter()
            .filter(|parameter| record.has(parameter.name));
        let picked: Vec<(&str, &str)> = parameters
            .filter_map(|parameter| Some((parameter.name, call.request.query(parameter.name)?)))
            .collect();
        let (name, text) = picked.first()?;
        let mut found = self.live_having(kind, name, text).into_iter();
        let found = found.find(|id| {
            let record = self.store.get(kind, id);
            record.is_some_and(|record| {
                let mut picked = picked.iter();
                picked.all(|(name, text)| text_of(field_of(&record.value, name)).as_deref() == Some(*text))
            })
        });
        Some(match found {
            Some(id) => self.show(call, kind, &id),
            None => Err(Refusal::missing(call.operation, kind)),
        })
    }

    /// The order that a call asks for, or the list has.
    fn sort(&self, call: &Call<'_>, list: &List) -> Sort {
        let sort = call.object("sort").filter(|_| list.paging == Paging::CursorInBody);
        let field = sort.and_then(|sort| Some(sort.get("field")?.as_str()?.to_owned()));
        match field {
            Some(field) => Sort {
                field: Some(field),
                descending: sort.and_then(|sort| sort.get("order")?.as_str()) != Some("ascending"),
            },
            None => rules::usual_order(call),
        }
    }

    /// The records of a list, in its order.
    fn selection(&mut self, call: &Call<'_>, asked: &Asked<'_>) -> Result<Arc<[u64]>, Refusal> {
        let about: Vec<_> = call
            .request
            .query
            .iter()
            .filter(|(name, _)| !pages::is_of_page(name))
            .collect();
        let key = format!(
            "{} {} {about:?} {:?} {:?}",
            call.operation.id,
            call.request.path,
            call.body.get("query"),
            asked.sort
        );
        let revision = self.store.revision();
        let mut known = self.selections.0.iter();
        if let Some(known) = known.find(|known| known.asked == key && known.revision == revision) {
            return Ok(Arc::clone(&known.places));
        }
        let places: Arc<[u64]> = self.select(call, asked)?.into();
        self.selections
            .0
            .retain(|known| known.asked != key && known.revision == revision);
        self.selections.0.truncate(REMEMBERED - 1);
        // Making an index is no change, but narrowing a search can have made one.
        self.selections.0.push_front(Selection {
            asked: key,
            revision,
            places: Arc::clone(&places),
        });
        Ok(places)
    }

    fn select(&mut self, call: &Call<'_>, asked: &Asked<'_>) -> Result<Vec<u64>, Refusal> {
        let kind = asked.kind;
        let candidates: Vec<u64> = match asked.of {
            Some(of) => self
                .links
                .of(of, kind)
                .filter_map(|id| self.store.place(kind, id))
                .collect(),
            None if asked.list.paging == Paging::CursorInBody => self.search(call, kind)?,
            None => self.store.all(kind).map(|(place, _)| place).collect(),
        };
        let lists = rules::filter(self, call)?;
        let stands = |place: &u64| {
            let record = self.store.at(kind, *place);
            record.is_some_and(|record| !record.archived && lists(self, record))
        };
        let mut places: Vec<u64> = candidates.into_iter().filter(stands).collect();
        if asked.sort.field.is_some() {
            places.sort_by(|one, other| self.order(asked, *one, *other));
        }
        Ok(places)
    }

    /// The records that a search finds.
    fn search(&mut self, call: &Call<'_>, kind: Kind) -> Result<Vec<u64>, Refusal> {
        let query = call.body.get("query").filter(|query| query.is_object());
        let query = query.ok_or_else(|| Refusal::invalid("query is missing"))?;
        let order = call.object("sort").and_then(|sort| sort.get("order"));
        if !matches!(order.map(Value::as_str), None | Some(Some("ascending" | "descending"))) {
            return Err(Refusal::new(
                400,
                "invalid_sort_order",
                "the order is ascending or descending",
            ));
        }
        let comparison = rules::comparison(call.operation);
        filter::check(query, comparison, &|field| rules::knows(call.operation, kind, field))?;
        // An equal value narrows the search to what an index or the relation finds.
        let candidates = match filter::narrowest(query) {
            Some((field, value)) => match (rules::searched_relation(kind, field), text_of(value)) {
                (Some(other), Some(id)) => {
                    let ids = self.links.of((other, &id), kind);
                    Some(ids.filter_map(|id| self.store.place(kind, id)).collect())
                }
                (None, Some(text)) if rules::is_stored(kind, field) => Some(self.store.having(kind, field, &text)),
                _ => None,
            },
            None => None,
        };
        let candidates: Vec<u64> = match candidates {
            Some(places) => places,
            None => self.store.all(kind).map(|(place, _)| place).collect(),
        };
        let found = candidates.into_iter().filter(|place| {
            let record = self.store.at(kind, *place);
            record
                .is_some_and(|record| filter::finds(query, comparison, &|field| rules::held(self, kind, record, field)))
        });
        Ok(found.collect())
    }

    /// The order of two records in a sorted list; those that are alike follow each other as they came.
    fn order(&self, asked: &Asked<'_>, one: u64, other: u64) -> Ordering {
        let value = |place| self.sorted_by(asked, place);
        asked
            .sort
            .directed(in_order(value(one), value(other)))
            .then(one.cmp(&other))
    }

    /// The value that a record is sorted by.
    fn sorted_by(&self, asked: &Asked<'_>, place: u64) -> &Value {
        let record = self.store.at(asked.kind, place);
        match (record, &asked.sort.field) {
            (Some(record), Some(field)) => field_of(&record.value, field),
            _ => &Value::Null,
        }
    }

    /// The page after a cursor, which names a place in the order: what changes before it moves nothing.
    fn after(&mut self, call: &Call<'_>, asked: &Asked<'_>, places: &[u64]) -> Result<Page, Refusal> {
        let said = pages::said(call, asked.list);
        let per_page = pages::per_page(call, asked.list, said("per_page"))?;
        let is_sorted = call.body.contains_key("sort");
        let key = format!("{} {} {:?}", call.operation.id, call.request.path, asked.sort);
        let from = match said("starting_after") {
            None => 0,
            // A lasting error of the server.
            Some(cursor) if cursor.is_empty() => {
                return Err(Refusal::new(500, "server_error", "Internal Server Error"));
            }
            Some(cursor) => {
                let cursor = pages::Cursor::read(&cursor);
                let cursor = cursor.ok_or_else(|| Refusal::new(400, "client_error", "starting_after is no cursor"))?;
                let known = self.cursors.0.get(&(key.clone(), cursor.position));
                match known.and_then(|known| known.get(cursor.variant)) {
                    Some(last) => self.position(asked, places, cursor.position, last),
                    // The order that the list had is not asked for.
                    None if !is_sorted && self.cursors.gave_sorted(call, &cursor) => {
                        return Err(Refusal::new(500, "server_error", "Internal Server Error"));
                    }
                    None => cursor.position.min(places.len()),
                }
            }
        };
        let to = (from + per_page).min(places.len());
        let last = to.checked_sub(1).and_then(|last| places.get(last));
        let next = places.get(to).and(last).map(|place| {
            let last = Last {
                place: *place,
                value: self.sorted_by(asked, *place).clone(),
                is_sorted,
            };
            let given = self.cursors.0.entry((key, to)).or_default();
            let variant = given.iter().position(|known| *known == last).unwrap_or_else(|| {
                given.push(last);
                given.len() - 1
            });
            pages::Cursor { position: to, variant }
        });
        Ok(pages::with_cursor(call, per_page, from..to, places.len(), next))
    }

    /// Where the records after a cursor begin.
    fn position(
        &self,
        asked: &Asked<'_>,
        places: &[u64],
        position: usize,
        Last { place: last, value, .. }: &Last,
    ) -> usize {
        let position = position.min(places.len());
        if position > 0 && places.get(position - 1) == Some(last) {
            return position;
        }
        if asked.of.is_some() {
            let place = places.iter().position(|place| place == last);
            return place.map_or(position, |place| place + 1);
        }
        places.partition_point(|place| {
            let order = in_order(self.sorted_by(asked, *place), value);
            asked.sort.directed(order).then(place.cmp(last)).is_le()
        })
    }

    /// One scroll at a time, moved on by every response.
    fn scroll(&mut self, call: &Call<'_>, asked: &Asked<'_>) -> Outcome {
        let id = call.operation.id;
        let (idle, now) = (self.settings.scroll_idle, self.now);
        let open = self.scrolls.remove(id).filter(|scroll| now.since(scroll.last) <= idle);
        let mut scroll = match (call.request.query("scroll_param"), open) {
            (None, None) => {
                self.scrolls_begun += 1;
                Scroll {
                    parameter: format!("scroll+{}==", self.scrolls_begun),
                    places: self.selection(call, asked)?,
                    position: 0,
                    last: now,
                }
            }
            (None, Some(scroll)) => {
                self.scrolls.insert(id, scroll);
                return Err(Refusal::new(
                    400,
                    "scroll_exists",
                    "scroll already exists for this workspace",
                ));
            }
            (Some(parameter), Some(scroll)) if scroll.parameter == parameter => scroll,
            (Some(_), other) => {
                self.scrolls.extend(other.map(|scroll| (id, scroll)));
                return Err(Refusal::new(404, "not_found", "scroll parameter not found"));
            }
        };
        let from = scroll.position.min(scroll.places.len());
        let to = (from + BATCH).min(scroll.places.len());
        let page = Page {
            range: from..to,
            total: Value::Null,
            pages: None,
            scroll_param: Some(scroll.parameter.clone()),
        };
        let places = Arc::clone(&scroll.places);
        scroll.position = to;
        scroll.last = now;
        // The empty batch ends it.
        if from < to {
            self.scrolls.insert(id, scroll);
        }
        Ok(self.page(call, asked, &places, page))
    }

    /// The page as it is sent: what the description shows around the records, and these.
    fn page(&self, call: &Call<'_>, asked: &Asked<'_>, places: &[u64], page: Page) -> Answer {
        let (operation, list) = (call.operation, asked.list);
        let records = places.get(page.range.clone()).unwrap_or_default().iter();
        let records = records.filter_map(|place| self.store.at(asked.kind, *place));
        let items = records.map(|record| self.item(call, asked, record)).collect();
        let mut frame = frame(operation, list, page);
        rules::framed(self, call, &mut frame);
        frame.insert(list.items.to_owned(), Value::Array(items));
        Answer::bytes("application/json", Value::Object(frame).to_string()).status(operation.success)
    }

    /// A record as a list shows it: some lists show less of one than there is.
    fn item(&self, call: &Call<'_>, asked: &Asked<'_>, record: &Record) -> Value {
        let mut value = rules::displayed(call, asked.kind, self.view_of(asked.kind, record));
        if let (Some(of), Some(id)) = (asked.of, &record.id)
            && let Some(about) = self.links.about(of, (asked.kind, id))
        {
            value = with(value, about);
        }
        let member = catalog().member(asked.kind);
        let fuller = member.filter(|member| member.object.name != asked.list.item.name);
        if let (Some(member), Value::Object(fields)) = (fuller, &mut value) {
            fields.retain(|name, _| asked.list.item.has(name) || !member.object.has(name));
        }
        value
    }
}

/// What stands around the items of a page.
fn frame(operation: &Operation, list: &List, page: Page) -> Map<String, Value> {
    let mut frame = recorded(operation);
    frame.retain(|name, _| !["pages", "total_count", "scroll_param", list.items].contains(&name.as_str()));
    let parts = [
        ("total_count", Some(page.total)),
        ("pages", page.pages),
        ("scroll_param", page.scroll_param.map(|parameter| json!(parameter))),
    ];
    for (name, value) in parts {
        if let Some(value) = value.filter(|_| list.frame.has(name)) {
            frame.insert(name.to_owned(), value);
        }
    }
    // Scrolls have none, and say so.
    if recorded(operation).get("pages").is_some_and(Value::is_null) {
        frame.entry("pages").or_insert(Value::Null);
    }
    frame
}
