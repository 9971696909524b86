//! What is specific to an operation or a kind of record: one file a group, and here which call leads to which rule.
//!
//! Rules are found by method and path, which are the same in all versions of the description. Their sources are the recorded
//! requests and responses of the description, and reports of connectors where a line says so.

mod admins;
mod articles;
mod companies;
mod contacts;
mod conversations;
mod data_attributes;
mod events;
mod exports;
mod messages;
mod news;
mod notes;
mod parts;
mod tags;
mod text;
mod ticket_types;
mod tickets;
mod visitors;

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::call::{Call, Outcome, Refusal, success};
use super::catalog::{catalog, kind};
use super::filter::{Comparison, Held};
use super::lists::Sort;
use super::operations::{OPERATIONS, Operation};
use super::store::{Kind, Record, field_of};
use super::workspace::{Workspace, recorded};
use crate::wire::id::text_of;

/// What one operation does.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub run: fn(&mut Workspace, &Call<'_>) -> Outcome,
    /// Whether the records that the path names have to be there first.
    pub finds_path: bool,
}

/// The rule of an operation that has one.
pub(super) fn of(operation: &Operation) -> Option<Rule> {
    let run: fn(&mut Workspace, &Call<'_>) -> Outcome = match (operation.method, operation.shape) {
        ("GET", "/me") => admins::me,
        ("PUT", "/admins/{}/away") => admins::set_away,
        ("POST", "/articles") => articles::create,
        ("PUT", "/articles/{}") => articles::update,
        ("POST", "/help_center/collections" | "/help_center/sections") => articles::create_group,
        ("POST", "/companies") => companies::create_or_update,
        ("PUT", "/companies/{}") => companies::update,
        ("POST", "/contacts/{}/companies") => companies::attach,
        ("POST", "/contacts") => contacts::create,
        ("PUT", "/contacts/{}") => contacts::update,
        ("POST", "/contacts/merge") => contacts::merge,
        ("POST", "/contacts/{}/archive") => contacts::archive,
        ("POST", "/contacts/{}/unarchive") => contacts::unarchive,
        ("POST", "/contacts/{}/subscriptions") => contacts::subscribe,
        ("POST", "/contacts/{}/notes") => notes::create,
        ("POST", "/conversations") => conversations::create,
        ("PUT", "/conversations/{}") => conversations::update,
        ("POST", "/conversations/{}/reply") => conversations::reply,
        ("POST", "/conversations/{}/parts") => conversations::manage,
        ("POST", "/conversations/{}/run_assignment_rules") => conversations::run_assignment_rules,
        ("POST", "/conversations/{}/customers") => conversations::attach_contact,
        ("DELETE", "/conversations/{}/customers/{}") => conversations::detach_contact,
        ("POST", "/conversations/redact") => conversations::redact,
        ("POST", "/data_attributes") => data_attributes::create,
        ("PUT", "/data_attributes/{}") => data_attributes::update,
        ("POST", "/events") => events::create,
        ("POST", "/events/summaries") => events::create_summary,
        ("GET", "/events") => events::list,
        ("POST", "/export/content/data") => exports::create,
        ("GET", "/export/content/data/{}") => exports::status,
        ("POST", "/export/cancel/{}") => exports::cancel,
        ("GET", "/download/content/data/{}") => exports::download,
        ("POST", "/messages") => messages::create,
        ("POST" | "PUT", "/news/news_items" | "/news/news_items/{}") => news::save,
        ("POST", "/phone_call_redirects") => messages::redirect_call,
        ("POST", "/tags") => tags::create,
        ("POST", "/contacts/{}/tags" | "/conversations/{}/tags" | "/tickets/{}/tags") => tags::attach,
        ("DELETE", "/conversations/{}/tags/{}" | "/tickets/{}/tags/{}") => tags::detach,
        ("POST", "/ticket_types") => ticket_types::create,
        ("POST", "/ticket_types/{}/attributes") => ticket_types::create_attribute,
        ("POST", "/tickets") => tickets::create,
        ("PUT", "/tickets/{}") => tickets::update,
        ("POST", "/tickets/{}/reply") => tickets::reply,
        ("GET", "/visitors") => visitors::find,
        ("PUT", "/visitors") => visitors::update,
        ("POST", "/visitors/convert") => visitors::convert,
        _ => return None,
    };
    let finds_path = !matches!(
        operation.shape,
        "/contacts/{}/unarchive" | "/conversations/{}/reply" | "/download/content/data/{}"
    );
    Some(Rule { run, finds_path })
}

/// A record as responses have it: with what follows from other records.
pub(super) fn view(workspace: &Workspace, kind: Kind, record: &Record) -> Value {
    let mut value = record.value.clone();
    let (Some(id), Value::Object(fields)) = (record.id.as_deref(), &mut value) else {
        return value;
    };
    if kind == kind::contact() {
        contacts::embed(workspace, id, fields);
    } else if kind == kind::company() {
        companies::embed(workspace, id, fields);
    } else if kind == kind::conversation() || kind == kind::ticket() {
        tags::embed(workspace, (kind, id), fields);
        tickets::embed_type(workspace, fields);
    } else if kind == kind::ticket_type() {
        ticket_types::embed(workspace, id, fields);
    }
    value
}

/// A record as one call wants it shown.
pub(super) fn displayed(call: &Call<'_>, kind: Kind, mut value: Value) -> Value {
    // The recorded responses to changes of sections have a text where the others have a number.
    if call.operation.shape.starts_with("/help_center/sections") && call.operation.method != "GET" {
        let parent = text_of(&value["parent_id"]).map(|parent| json!(parent));
        if let (Some(parent), Value::Object(fields)) = (parent, &mut value) {
            fields.insert("parent_id".to_owned(), parent);
        }
    }
    let plain = call.request.query("display_as") == Some("plaintext");
    if kind == kind::conversation() && plain {
        text::make_plain(&mut value);
    }
    value
}

/// What stands around the items of a list.
pub(super) fn framed(workspace: &Workspace, call: &Call<'_>, frame: &mut Map<String, Value>) {
    if call.operation.shape == "/events" {
        events::frame(workspace, call, frame);
    }
}

/// What an item in the list of another record says of their relation.
pub(super) fn about(item: &Value) -> Value {
    tags::about(item)
}

/// Completes the relations of the examples that the description shows.
pub(super) fn examples(workspace: &mut Workspace) {
    contacts::add_mentioned(workspace);
    for kind in [
        kind::contact(),
        kind::company(),
        kind::conversation(),
        kind::ticket_type(),
    ] {
        for id in workspace.ids(kind) {
            seeded(workspace, kind, &id);
        }
    }
}

/// Completes the relations of a record that was stored as it is: those that it shows itself.
pub(super) fn seeded(workspace: &mut Workspace, kind: Kind, id: &str) {
    let Some(record) = workspace.store.get(kind, id) else {
        return;
    };
    let ids = |path: &str| -> Vec<(String, Value)> {
        let items = field_of(&record.value, path).as_array().into_iter().flatten();
        let items = items.filter_map(|item| Some((text_of(&item["id"])?.into_owned(), item.clone())));
        items.collect()
    };
    let relations = if kind == kind::contact() {
        vec![
            (kind::tag(), ids("tags.data")),
            (kind::company(), ids("companies.data")),
            (kind::note(), ids("notes.data")),
        ]
    } else if kind == kind::company() {
        vec![
            (kind::tag(), ids("tags.tags")),
            (kind::segment(), ids("segments.segments")),
        ]
    } else if kind == kind::conversation() {
        vec![
            (kind::tag(), ids("tags.tags")),
            (kind::contact(), ids("contacts.contacts")),
        ]
    } else if kind == kind::ticket_type() {
        vec![(kind::attribute(), ids("ticket_type_attributes.data"))]
    } else {
        return;
    };
    for (other, items) in relations {
        for (of, item) in items {
            let about = tags::about(&item);
            workspace.links.attach((kind, id), (other, &of), &about);
            if other == kind::attribute() && workspace.store.get(other, &of).is_none() {
                workspace.put(other, item);
            }
        }
    }
}

/// Follows up a relation that was made (`by` 1) or ended (`by` -1).
pub(super) fn attached(workspace: &mut Workspace, one: (Kind, &str), other: (Kind, &str), by: i64) {
    for (end, of) in [(one, other), (other, one)] {
        if end.0 == kind::company() && of.0 == kind::contact() {
            workspace.store.change(end.0, end.1, |record| {
                let users = record.value.get("user_count").and_then(Value::as_i64);
                if let (Some(users), Value::Object(fields)) = (users, &mut record.value) {
                    fields.insert("user_count".to_owned(), (users + by).max(0).into());
                }
            });
        }
    }
}

/// Whether a list has a record.
type Lists = Box<dyn Fn(&Workspace, &Record) -> bool>;

/// Which records of a kind the list of a call has.
pub(super) fn filter(workspace: &mut Workspace, call: &Call<'_>) -> Result<Lists, Refusal> {
    let query = |name: &str| call.request.query(name).map(str::to_owned);
    let number = |name: &str| query(name).and_then(|text| text.parse::<f64>().ok());
    Ok(match call.operation.shape {
        "/companies" | "/companies/list" | "/companies/scroll" => {
            companies::listed(query("tag_id"), query("segment_id"))
        }
        "/data_attributes" => data_attributes::listed(query("model"), query("include_archived")),
        "/admins/activity_logs" => {
            let (after, before) = (number("created_at_after"), number("created_at_before"));
            Box::new(move |_, record| {
                let at = record.value["created_at"].as_f64().unwrap_or_default();
                after.is_none_or(|after| at >= after) && before.is_none_or(|before| at <= before)
            })
        }
        "/events" => events::listed(workspace, call)?,
        "/news/newsfeeds/{}/items" => news::listed(),
        _ => Box::new(|_, _| true),
    })
}

/// The order of a list for which a call asks for none.
pub(super) fn usual_order(call: &Call<'_>) -> Sort {
    match call.operation.shape {
        // The most recently requested first, unless `order` is `asc`.
        "/companies" | "/companies/list" => Sort {
            field: Some("last_request_at".to_owned()),
            descending: call.request.query("order") != Some("asc"),
        },
        // Recordings show the newest first.
        "/contacts/{}/notes" | "/news/news_items" | "/events" | "/admins/activity_logs" => Sort {
            field: Some("created_at".to_owned()),
            descending: true,
        },
        _ => Sort::default(),
    }
}

/// How a search compares, as the description says of each.
pub(super) fn comparison(operation: &Operation) -> Comparison {
    match operation.shape {
        "/contacts/search" => Comparison::WholeDays,
        _ => Comparison::Inclusive,
    }
}

/// The kind of the related records by whose ids a search field finds records of a kind.
pub(super) fn searched_relation(kind: Kind, field: &str) -> Option<Kind> {
    match field {
        "tag_id" | "tag_ids" => Some(kind::tag()),
        "segment_id" if kind == kind::contact() => Some(kind::segment()),
        "contact_ids" => Some(kind::contact()),
        _ => None,
    }
}

/// Whether the values of a search field stand in the record under that name.
pub(super) fn is_stored(kind: Kind, field: &str) -> bool {
    let computed = ["teammate_ids", "email_domain", "source.body", "ticket_type_id"];
    searched_relation(kind, field).is_none() && !computed.contains(&field)
}

/// Whether the mock can compare a search field.
pub(super) fn knows(operation: &Operation, kind: Kind, field: &str) -> bool {
    let name = field.split('.').next().unwrap_or_default();
    let member = catalog().member(kind).is_some_and(|member| member.object.has(name));
    let listed = operation.list.as_ref().is_some_and(|list| list.item.has(name));
    member || listed || !is_stored(kind, field)
}

/// The values that a record has for a search field.
pub(super) fn held<'r>(workspace: &'r Workspace, kind: Kind, record: &'r Record, field: &str) -> Held<'r> {
    let id = record.id.as_deref().unwrap_or_default();
    if let Some(other) = searched_relation(kind, field) {
        return workspace
            .links
            .of((kind, id), other)
            .map(|id| Cow::Owned(json!(id)))
            .collect();
    }
    let stored = |path: &str| match field_of(&record.value, path) {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(Cow::Borrowed).collect(),
        value => vec![Cow::Borrowed(value)],
    };
    match field {
        "teammate_ids" => {
            let admins = field_of(&record.value, "teammates.admins")
                .as_array()
                .into_iter()
                .flatten();
            admins.map(|admin| Cow::Borrowed(&admin["id"])).collect()
        }
        "email_domain" => {
            let email = record.value["email"].as_str();
            let domain = email.and_then(|email| email.split_once('@'));
            domain
                .map(|(_, domain)| Cow::Owned(json!(domain)))
                .into_iter()
                .collect()
        }
        // Indexed by words.
        "source.body" => {
            let body = field_of(&record.value, field).as_str().unwrap_or_default();
            text::words(body).map(|word| Cow::Owned(json!(word))).collect()
        }
        "ticket_type_id" => stored("ticket_type.id"),
        _ => stored(field),
    }
}

/// The admin whose token the mock has: the one that the description shows at `/me`.
fn me() -> &'static Map<String, Value> {
    static ME: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let operation = OPERATIONS.iter().find(|operation| operation.shape == "/me");
        operation.map(recorded).unwrap_or_default()
    });
    &ME
}

/// The id of the workspace, as the description shows it.
pub(super) fn app_id() -> String {
    let app = me().get("app");
    app.and_then(|app| app["id_code"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Responds with the records that a call shows by itself.
fn respond(call: &Call<'_>, value: &Value) -> Outcome {
    success(call.operation, value)
}

/// What a finished export downloads unless a test sets something else.
pub(super) fn export() -> bytes::Bytes {
    exports::by_default()
}
