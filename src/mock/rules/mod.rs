//! Rules for operations and kinds of records that differ from the default, with one file per group.
//!
//! Rules are selected by method and path, which are the same in all versions of the description.
//! They follow the recorded requests and responses of the description, or reports of connectors
//! where a comment says so.

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

use super::call::{ApiError, CallResult, MockCall, success};
use super::catalog::{catalog, kind};
use super::description::{MockOperation, OPERATIONS};
use super::filter::{ComparisonMode, FieldValues};
use super::lists::Sort;
use super::store::{Record, RecordKind, field_of};
use super::workspace::{Workspace, example_response};
use crate::wire::id::text_of;

/// The implementation of one operation.
#[derive(Clone, Copy)]
pub(super) struct OperationRule {
    pub run: fn(&mut Workspace, &MockCall<'_>) -> CallResult,
    /// Whether the call fails with 404 if a record in its path is unknown.
    pub requires_path_records: bool,
}

/// Returns the rule of an operation, if it has one.
pub(super) fn find(operation: &MockOperation) -> Option<OperationRule> {
    let run: fn(&mut Workspace, &MockCall<'_>) -> CallResult = match (operation.method, operation.shape) {
        ("GET", "/me") => admins::show_token_admin,
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
    let requires_path_records = !matches!(
        operation.shape,
        "/contacts/{}/unarchive" | "/conversations/{}/reply" | "/download/content/data/{}"
    );
    Some(OperationRule {
        run,
        requires_path_records,
    })
}

/// Returns a record as in responses, with data derived from other records.
pub(super) fn view(workspace: &Workspace, kind: RecordKind, record: &Record) -> Value {
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
    } else if kind == kind::section() {
        // A number in the recorded sections, whatever the request contained.
        let parent = fields.get("parent_id").and_then(Value::as_str);
        if let Some(number) = parent.and_then(|parent| parent.parse::<i64>().ok()) {
            fields.insert("parent_id".to_owned(), number.into());
        }
    }
    value
}

/// Converts a record to the form that a call requests.
pub(super) fn present(workspace: &Workspace, call: &MockCall<'_>, kind: RecordKind, mut value: Value) -> Value {
    // In the recorded responses to changes of sections, `parent_id` is a string instead of a
    // number.
    if call.operation.shape.starts_with("/help_center/sections") && call.operation.method != "GET" {
        let parent = text_of(&value["parent_id"]).map(|parent| json!(parent));
        if let (Some(parent), Value::Object(fields)) = (parent, &mut value) {
            fields.insert("parent_id".to_owned(), parent);
        }
    }
    if kind == kind::segment()
        && call.request.query("include_count") == Some("true")
        && let (Some(id), Value::Object(fields)) = (text_of(&value["id"]).map(Cow::into_owned), &mut value)
    {
        let count = workspace.relations.count((kind, &id), kind::contact());
        fields.insert("count".to_owned(), count.into());
    }
    let is_plain = call.request.query("display_as") == Some("plaintext");
    if kind == kind::conversation() && is_plain {
        text::make_plain(&mut value);
    }
    value
}

/// Completes the object around the items of a list.
pub(super) fn complete_frame(workspace: &Workspace, call: &MockCall<'_>, frame: &mut Map<String, Value>) {
    if call.operation.shape == "/events" {
        events::complete_frame(workspace, call, frame);
    }
}

/// Returns the data of a relation that an item in the list of another record contains.
pub(super) fn relation_data(item: &Value) -> Value {
    tags::relation_data(item)
}

/// Completes the relations of the description's example records.
pub(super) fn complete_examples(workspace: &mut Workspace) {
    contacts::add_mentioned(workspace);
    for kind in [
        kind::contact(),
        kind::company(),
        kind::conversation(),
        kind::ticket_type(),
    ] {
        for id in workspace.ids(kind) {
            link_embedded_records(workspace, kind, &id);
        }
    }
}

/// Adds the records that every workspace has.
pub(super) fn add_essentials(workspace: &mut Workspace) {
    admins::add_token_admin(workspace);
    data_attributes::add_built_in(workspace);
}

/// Attaches a seeded record to the records that it embeds.
pub(super) fn link_embedded_records(workspace: &mut Workspace, kind: RecordKind, id: &str) {
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
    for (embedded_kind, items) in relations {
        for (embedded_id, item) in items {
            let data = tags::relation_data(&item);
            workspace
                .relations
                .attach((kind, id), (embedded_kind, &embedded_id), &data);
            if embedded_kind == kind::attribute() && workspace.store.get(embedded_kind, &embedded_id).is_none() {
                workspace.put(embedded_kind, item);
            }
        }
    }
}

/// Updates counts after a relation was added (`change` is 1) or removed (`change` is -1).
pub(super) fn relation_changed(
    workspace: &mut Workspace,
    one: (RecordKind, &str),
    other: (RecordKind, &str),
    change: i64,
) {
    for (from, to) in [(one, other), (other, one)] {
        if from.0 == kind::company() && to.0 == kind::contact() {
            workspace.store.change(from.0, from.1, |record| {
                let users = record.value.get("user_count").and_then(Value::as_i64);
                if let (Some(users), Value::Object(fields)) = (users, &mut record.value) {
                    fields.insert("user_count".to_owned(), (users + change).max(0).into());
                }
            });
        }
    }
}

/// Returns `true` if a list contains a record.
type ListFilter = Box<dyn Fn(&Workspace, &Record) -> bool>;

/// Returns the filter of the requested list.
pub(super) fn filter(workspace: &mut Workspace, call: &MockCall<'_>) -> Result<ListFilter, ApiError> {
    let query = |name: &str| call.request.query(name).map(str::to_owned);
    let number = |name: &str| query(name).and_then(|text| text.parse::<f64>().ok());
    Ok(match call.operation.shape {
        "/companies" | "/companies/list" | "/companies/scroll" => {
            companies::list_filter(query("tag_id"), query("segment_id"))
        }
        "/data_attributes" => data_attributes::list_filter(query("model"), query("include_archived")),
        "/admins/activity_logs" => {
            let (after, before) = (number("created_at_after"), number("created_at_before"));
            Box::new(move |_, record| {
                let at = record.value["created_at"].as_f64().unwrap_or_default();
                after.is_none_or(|after| at >= after) && before.is_none_or(|before| at <= before)
            })
        }
        "/events" => events::list_filter(workspace, call)?,
        "/news/newsfeeds/{}/items" => news::list_filter(),
        _ => Box::new(|_, _| true),
    })
}

/// Returns the order of a list if the call does not request one.
pub(super) fn default_order(call: &MockCall<'_>) -> Sort {
    match call.operation.shape {
        // Companies with the most recent request are first, unless `order` is `asc`.
        "/companies" | "/companies/list" => Sort {
            field: Some("last_request_at".to_owned()),
            descending: call.request.query("order") != Some("asc"),
        },
        // In recorded responses, the newest are first.
        "/contacts/{}/notes" | "/news/news_items" | "/events" | "/admins/activity_logs" => Sort {
            field: Some("created_at".to_owned()),
            descending: true,
        },
        _ => Sort::default(),
    }
}

/// Returns the comparison of values in a search, as the description defines it.
pub(super) fn comparison(operation: &MockOperation) -> ComparisonMode {
    match operation.shape {
        "/contacts/search" => ComparisonMode::WholeDays,
        _ => ComparisonMode::Inclusive,
    }
}

/// Returns the kind of the related records whose ids a search field compares.
pub(super) fn searched_relation(kind: RecordKind, field: &str) -> Option<RecordKind> {
    match field {
        "tag_id" | "tag_ids" => Some(kind::tag()),
        "segment_id" if kind == kind::contact() => Some(kind::segment()),
        "contact_ids" => Some(kind::contact()),
        _ => None,
    }
}

/// Returns `true` if a search field compares the field of the same name.
pub(super) fn is_stored(kind: RecordKind, field: &str) -> bool {
    let computed = ["teammate_ids", "email_domain", "source.body", "ticket_type_id"];
    searched_relation(kind, field).is_none() && !computed.contains(&field)
}

/// Returns `true` if the mock can compare a search field.
pub(super) fn is_searchable(operation: &MockOperation, kind: RecordKind, field: &str) -> bool {
    let name = field.split('.').next().unwrap_or_default();
    let is_field = catalog().record_path(kind).is_some_and(|path| path.object.has(name));
    let is_item_field = operation.list.as_ref().is_some_and(|list| list.item.has(name));
    is_field || is_item_field || !is_stored(kind, field)
}

/// Returns the values that a record has for a search field.
pub(super) fn field_values<'r>(
    workspace: &'r Workspace,
    kind: RecordKind,
    record: &'r Record,
    field: &str,
) -> FieldValues<'r> {
    let id = record.id.as_deref().unwrap_or_default();
    if let Some(other) = searched_relation(kind, field) {
        return workspace
            .relations
            .ids((kind, id), other)
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
        // Searches find single words.
        "source.body" => {
            let body = field_of(&record.value, field).as_str().unwrap_or_default();
            text::words(body).map(|word| Cow::Owned(json!(word))).collect()
        }
        "ticket_type_id" => stored("ticket_type.id"),
        _ => stored(field),
    }
}

/// Returns the admin of the token: the one that the description shows at `/me`.
fn token_admin() -> &'static Map<String, Value> {
    static ADMIN: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let operation = OPERATIONS.iter().find(|operation| operation.shape == "/me");
        operation.map(example_response).unwrap_or_default()
    });
    &ADMIN
}

/// Returns the id of the workspace, as the description shows it.
pub(super) fn app_id() -> String {
    let app = token_admin().get("app");
    app.and_then(|app| app["id_code"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Derives a UUID from an id.
pub(super) fn uuid(id: &str) -> String {
    contacts::uuid(id)
}

/// Creates the success of a call with this body.
fn respond(call: &MockCall<'_>, value: &Value) -> CallResult {
    success(call.operation, value)
}

/// Returns the file that finished exports download by default.
pub(super) fn default_export() -> bytes::Bytes {
    exports::default_export()
}
