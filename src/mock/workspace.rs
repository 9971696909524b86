//! The workspace: its records, and the execution of calls.
//!
//! Most operations have a default action, derived from their path and types. The others have a
//! function in `rules`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::call::{ApiError, CallResult, MockCall, empty_success, success};
use super::catalog::{DefaultAction, catalog, item_type_at, kind};
use super::clock::MockTime;
use super::description::{MockOperation, OPERATIONS, ObjectType};
use super::lists::{IssuedCursors, Scroll, Selections};
use super::received::ReceivedRequest;
use super::relations::Relations;
use super::response::MockResponse;
use super::rules;
use super::store::{Record, RecordKind, Store};
use super::template::{Template, replace_id_in_urls};
use super::webhook_events::{self, StateBefore, WebhookEvent};
use crate::wire::id::text_of;

/// Settings that do not change while the mock runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkspaceSettings {
    /// The time after which an unused scroll expires.
    pub scroll_idle: Duration,
    /// Whether calls that are not modelled fail.
    pub strict: bool,
}

/// The records, and the state of scrolls, cursors and webhooks. It does no I/O and has no clock:
/// the caller passes the time.
pub(super) struct Workspace {
    pub store: Store,
    pub relations: Relations,
    /// The open scrolls by operation.
    pub scrolls: HashMap<&'static str, Scroll>,
    pub scrolls_started: u64,
    pub selections: Selections,
    pub cursors: IssuedCursors,
    pub settings: WorkspaceSettings,
    /// The time of the current call.
    pub now: MockTime,
    /// The file that finished export jobs download.
    pub export: Bytes,
    /// The subscribed webhook topics.
    pub topics: BTreeSet<String>,
    /// Events that have not been sent yet.
    pub pending_events: Vec<WebhookEvent>,
    /// The number of notifications sent.
    pub notification_count: u64,
    /// The number of ids issued to records.
    ids_issued: u64,
    /// The number of ids issued to parts, messages and plans, which are not records.
    nested_ids_issued: u64,
}

impl Workspace {
    /// Creates a workspace with the description's example records.
    pub(super) fn new(settings: WorkspaceSettings) -> Self {
        static EXAMPLES: LazyLock<(Store, Relations)> = LazyLock::new(|| {
            let mut workspace = Workspace::empty(WorkspaceSettings {
                scroll_idle: Duration::ZERO,
                strict: false,
            });
            workspace.fill_with_examples();
            (workspace.store, workspace.relations)
        });
        let (store, relations) = EXAMPLES.clone();
        Self {
            store,
            relations,
            ..Self::empty(settings)
        }
    }

    /// Creates a workspace without records.
    pub(super) fn empty(settings: WorkspaceSettings) -> Self {
        Self {
            store: Store::default(),
            relations: Relations::default(),
            scrolls: HashMap::new(),
            scrolls_started: 0,
            selections: Selections::default(),
            cursors: IssuedCursors::default(),
            settings,
            now: MockTime::default(),
            export: rules::default_export(),
            topics: BTreeSet::new(),
            pending_events: Vec::new(),
            notification_count: 0,
            ids_issued: 0,
            nested_ids_issued: 0,
        }
    }

    /// Creates a workspace with the records that every workspace has: the admin of the token, and
    /// the built-in attributes.
    pub(super) fn with_essentials(settings: WorkspaceSettings) -> Self {
        let mut workspace = Self::empty(settings);
        rules::add_essentials(&mut workspace);
        workspace
    }

    /// Adds the records of the description's example responses.
    fn fill_with_examples(&mut self) {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let is_nested = |operation: &&MockOperation| !catalog().records_in_path(operation).is_empty();
        let (nested, top_level): (Vec<_>, Vec<_>) = OPERATIONS.iter().partition(is_nested);
        let items = |operation: &MockOperation| {
            let (Some(list), Some((_, body))) = (&operation.list, operation.successes.first()) else {
                return Vec::new();
            };
            parse(body)[list.items].as_array().cloned().unwrap_or_default()
        };
        for operation in top_level {
            for item in items(operation) {
                catalog().kind_of(operation).map(|kind| self.put(kind, item));
            }
        }
        for operation in OPERATIONS
            .iter()
            .filter(|operation| operation.list.is_none() && operation.method != "DELETE")
        {
            let Some(kind) = catalog().kind_of(operation) else {
                continue;
            };
            let has_record = match catalog().record_path(kind) {
                Some(path) => path.shape == operation.shape,
                // For example visitors, which are retrieved by a query parameter.
                None => operation.method == "GET",
            };
            for (_, body) in operation.successes.iter().filter(|_| has_record) {
                let record = Record::new(parse(body), catalog().id_field(kind));
                let id = record.id.clone().unwrap_or_default();
                // Responses that retrieve a record have more fields than lists and responses to
                // changes.
                if operation.method == "GET" || self.store.get(kind, &id).is_none() {
                    self.store.put(kind, record);
                }
            }
        }
        for operation in nested {
            let Some(kind) = catalog().kind_of(operation) else {
                continue;
            };
            let mut ids = Vec::new();
            for item in items(operation) {
                let data = rules::relation_data(&item);
                let record = Record::new(item, catalog().id_field(kind));
                let Some(id) = record.id.clone() else { continue };
                // Records known from other responses are not replaced.
                if self.store.get(kind, &id).is_none() {
                    self.store.put(kind, record);
                }
                ids.push((id, data));
            }
            self.attach_to_all(operation, kind, &ids);
        }
        rules::complete_examples(self);
        self.store.mark_as_examples();
    }

    /// Replaces the records that an operation lists or shows. Returns `false` if it does neither.
    pub(super) fn seed(&mut self, operation: &'static MockOperation, records: Vec<Value>) -> bool {
        let Some(kind) = catalog()
            .kind_of(operation)
            .filter(|_| operation.list.is_some() || operation.method == "GET")
        else {
            return false;
        };
        let owners = match operation.list {
            Some(_) => catalog().records_in_path(operation),
            None => Vec::new(),
        };
        if owners.is_empty() {
            let ids: Vec<String> = self
                .store
                .all(kind)
                .filter_map(|(_, record)| record.id.clone())
                .collect();
            for id in ids {
                self.relations.remove_all((kind, &id));
            }
            self.store.clear(kind);
        } else if let Some((owner, _)) = owners.last() {
            let owners: Vec<String> = self.ids(owner.kind);
            for id in &owners {
                let others: Vec<String> = self.relations.ids((owner.kind, id), kind).map(str::to_owned).collect();
                for other in others {
                    self.relations.detach((owner.kind, id), (kind, &other));
                }
            }
        }
        let records = records
            .into_iter()
            .map(|record| (rules::relation_data(&record), record));
        let put = |(data, record)| Some((self.put(kind, record)?, data));
        let ids: Vec<(String, Value)> = records.filter_map(put).collect();
        if operation.list.is_some() {
            self.attach_to_all(operation, kind, &ids);
        }
        for (id, _) in &ids {
            rules::link_embedded_records(self, kind, id);
        }
        true
    }

    /// Attaches records to every record that can own their list.
    fn attach_to_all(&mut self, operation: &MockOperation, kind: RecordKind, ids: &[(String, Value)]) {
        let path = catalog().records_in_path(operation);
        let Some((owner, _)) = path.last() else { return };
        let owner = owner.kind;
        for owner_id in self.ids(owner) {
            for (id, data) in ids {
                self.relations.attach((owner, &owner_id), (kind, id), data);
            }
        }
    }

    /// Returns the ids of all records of a kind.
    pub(super) fn ids(&self, kind: RecordKind) -> Vec<String> {
        self.store
            .all(kind)
            .filter_map(|(_, record)| record.id.clone())
            .collect()
    }

    /// Stores a record. Returns its id, if it has one.
    pub(super) fn put(&mut self, kind: RecordKind, value: Value) -> Option<String> {
        let record = Record::new(value, catalog().id_field(kind));
        let id = record.id.clone();
        self.store.put(kind, record);
        id
    }

    /// Executes a call and returns its response.
    pub(super) fn handle(
        &mut self,
        now: MockTime,
        operation: &'static MockOperation,
        values: &[String],
        request: &ReceivedRequest,
    ) -> MockResponse {
        self.now = now;
        let body = match request.json() {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        let path = catalog().records_in_path(operation).into_iter();
        let path = path.filter_map(|(path, index)| Some((path.kind, values.get(index)?.clone())));
        let call = MockCall {
            operation,
            path_values: values,
            request,
            body,
            path_records: path.collect(),
        };
        let before = (!self.topics.is_empty()).then(|| StateBefore::new(self, &call));
        let result = self.execute(&call);
        if let (Ok(response), Some(before)) = (&result, &before) {
            let body = serde_json::from_slice(&response.body).unwrap_or_default();
            let events = webhook_events::caused_by(self, &call, before, &body);
            self.pending_events.extend(events);
        }
        result.unwrap_or_else(|error| error.response(request))
    }

    /// Returns the number of ids issued to records.
    pub(super) fn ids_issued(&self) -> u64 {
        self.ids_issued
    }

    /// Returns the id of the workspace, as in notifications.
    pub(super) fn app_id(&self) -> String {
        rules::app_id()
    }

    fn execute(&mut self, call: &MockCall<'_>) -> CallResult {
        let operation = call.operation;
        let mut required = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.required && !parameter.in_path);
        if let Some(parameter) = required.find(|parameter| call.request.query(parameter.name).is_none()) {
            return Err(ApiError::missing_parameter(format!("{} is missing", parameter.name)));
        }
        let rule = rules::find(operation);
        if rule.is_none_or(|rule| rule.requires_path_records)
            && let Some((kind, _)) = call
                .path_records
                .iter()
                .find(|(kind, id)| self.store.active(kind, id).is_none())
        {
            return Err(ApiError::record_not_found(operation, kind));
        }
        if let [.., owner, nested] = call.path_records.as_slice()
            && catalog().is_nested(owner.0, nested.0)
            && self
                .relations
                .data((owner.0, &owner.1), (nested.0, &nested.1))
                .is_none()
        {
            return Err(ApiError::record_not_found(operation, nested.0));
        }
        if let Some(rule) = rule {
            return (rule.run)(self, call);
        }
        match (catalog().default_action(operation), call.subject()) {
            (DefaultAction::Show, Some((kind, id))) => self.show(call, kind, id),
            (DefaultAction::Update, Some((kind, id))) => self.update(call, kind, id),
            (DefaultAction::Delete, Some((kind, id))) => self.delete(call, kind, id),
            (DefaultAction::List, _) => self.list(call),
            (DefaultAction::Create, _) => self.create(call),
            (DefaultAction::Detach, Some(of)) => self.detach(call, of),
            _ if self.settings.strict => {
                let message = format!(
                    "the mock does not model {}: see \"How far it goes\" in the documentation",
                    operation.id
                );
                Err(ApiError::not_modelled(message))
            }
            _ => match operation.successes.first() {
                Some((_, body)) => Ok(MockResponse::bytes("application/json", *body).status(operation.success)),
                None => empty_success(operation),
            },
        }
    }

    /// Returns a record as the response.
    pub(super) fn show(&self, call: &MockCall<'_>, kind: RecordKind, id: &str) -> CallResult {
        match self.view(kind, id) {
            Some(value) => success(call.operation, &rules::present(self, call, kind, value)),
            None => Err(ApiError::record_not_found(call.operation, kind)),
        }
    }

    /// Returns a record as in responses, with data derived from other records.
    pub(super) fn view(&self, kind: RecordKind, id: &str) -> Option<Value> {
        Some(self.view_of(kind, self.store.get(kind, id)?))
    }

    pub(super) fn view_of(&self, kind: RecordKind, record: &Record) -> Value {
        rules::view(self, kind, record)
    }

    fn update(&mut self, call: &MockCall<'_>, kind: RecordKind, id: &str) -> CallResult {
        self.merge_into(call, kind, id);
        self.show(call, kind, id)
    }

    /// Sets the fields of a record to those of the request. Fields that the record does not have
    /// are ignored.
    pub(super) fn merge_into(&mut self, call: &MockCall<'_>, kind: RecordKind, id: &str) {
        let object = call.operation.record.as_ref();
        self.change(kind, id, |fields| {
            if let Some(object) = object {
                merge(object, fields, &call.body, catalog().id_field(kind));
            }
        });
    }

    /// Changes the fields of a record, and updates `updated_at`.
    pub(super) fn change(&mut self, kind: RecordKind, id: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let now = self.now.seconds();
        self.store.change(kind, id, |record| {
            if let Value::Object(fields) = &mut record.value {
                change(fields);
                set_present(fields, "updated_at", now.into());
            }
        });
    }

    fn delete(&mut self, call: &MockCall<'_>, kind: RecordKind, id: &str) -> CallResult {
        let record = self.remove(kind, id);
        let mut body = example_response(call.operation);
        let record = record.map(|record| record.value).unwrap_or_default();
        for (name, value) in &mut body {
            if (name == "id" || name == "external_id" || name.ends_with("identifier"))
                && let Some(own) = record.get(name)
            {
                *value = own.clone();
            }
        }
        match body.is_empty() {
            true => empty_success(call.operation),
            false => success(call.operation, &Value::Object(body)),
        }
    }

    /// Removes a record and its relations.
    pub(super) fn remove(&mut self, kind: RecordKind, id: &str) -> Option<Record> {
        for (other_kind, other_id) in self.relations.remove_all((kind, id)) {
            rules::relation_changed(self, (kind, id), (other_kind, &other_id), -1);
        }
        self.store.remove(kind, id)
    }

    /// Creates a record, or attaches an existing one to the record in the path.
    fn create(&mut self, call: &MockCall<'_>) -> CallResult {
        let Some(kind) = catalog().kind_of(call.operation) else {
            return empty_success(call.operation);
        };
        if let Some(id) = call.text("id") {
            if self.store.active(kind, &id).is_none() {
                return Err(ApiError::record_not_found(call.operation, kind));
            }
            return match call.subject() {
                Some(of) => {
                    self.attach(of, (kind, &id), &Value::Null);
                    self.show(call, kind, &id)
                }
                None => self.update(call, kind, &id),
            };
        }
        let mut record = self.new_record(call.operation, kind);
        if let Some(object) = &call.operation.record {
            merge(object, &mut record, &call.body, catalog().id_field(kind));
        }
        let id = self.put(kind, Value::Object(record)).unwrap_or_default();
        if let Some(of) = call.subject() {
            self.attach(of, (kind, &id), &Value::Null);
        }
        self.show(call, kind, &id)
    }

    /// Creates a record from the template of an operation, with a new id, URLs with this id, and
    /// the current time.
    pub(super) fn new_record(&mut self, operation: &MockOperation, kind: RecordKind) -> Map<String, Value> {
        let empty = Template::default();
        let template = catalog().template(operation).unwrap_or(&empty);
        let id_field = catalog().id_field(kind);
        let id_field = if template.example.contains_key(id_field) {
            id_field
        } else {
            "id"
        };
        let example_id = template.example_id(id_field);
        let id = self.new_id(&example_id);
        let mut record = template.record.clone();
        for value in record.values_mut() {
            replace_id_in_urls(value, &example_id, &id);
        }
        let is_number = template.example.get(id_field).is_some_and(Value::is_number);
        let number = id.parse::<u64>().ok().filter(|_| is_number);
        record.insert(id_field.to_owned(), number.map_or_else(|| id.into(), Value::from));
        let now = self.now.seconds();
        set_present(&mut record, "created_at", now.into());
        set_present(&mut record, "updated_at", now.into());
        record
    }

    /// Returns a new id for a part, a message or a plan.
    pub(super) fn new_nested_id(&mut self) -> String {
        self.nested_ids_issued += 1;
        (700_000 + self.nested_ids_issued).to_string()
    }

    /// Returns a new id in the form of an example: decimal digits, 24 hexadecimal digits, or text.
    pub(super) fn new_id(&mut self, example: &str) -> String {
        self.ids_issued += 1;
        let number = self.ids_issued;
        match example.len() {
            24 if example.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("{number:024x}"),
            _ if example.bytes().all(|byte| byte.is_ascii_digit()) => (900_000 + number).to_string(),
            _ => format!("new-{number}"),
        }
    }

    /// Attaches two records to each other. Returns `false` if they were already attached.
    pub(super) fn attach(&mut self, one: (RecordKind, &str), other: (RecordKind, &str), data: &Value) -> bool {
        self.store.bump_revision();
        let is_new = self.relations.attach(one, other, data);
        if is_new {
            rules::relation_changed(self, one, other, 1);
        }
        is_new
    }

    /// Detaches two records. Returns the data of the relation.
    pub(super) fn detach_records(&mut self, one: (RecordKind, &str), other: (RecordKind, &str)) -> Option<Value> {
        self.store.bump_revision();
        let data = self.relations.detach(one, other)?;
        rules::relation_changed(self, one, other, -1);
        Some(data)
    }

    fn detach(&mut self, call: &MockCall<'_>, of: (RecordKind, &str)) -> CallResult {
        let parent = call.operation.shape.strip_suffix("/{}").and_then(item_type_at);
        let Some(kind) = parent.map(|name| catalog().kind(name)) else {
            return empty_success(call.operation);
        };
        let id = call.last_path_value();
        let Some(data) = self.detach_records(of, (kind, id)) else {
            return Err(ApiError::record_not_found(call.operation, kind));
        };
        match self.view(kind, id) {
            Some(value) => success(call.operation, &with(value, &data)),
            None => empty_success(call.operation),
        }
    }

    /// Finds the contact of a request by its id, external id or email address.
    pub(super) fn contact_in(&mut self, fields: &Map<String, Value>) -> Option<String> {
        let kind = kind::contact();
        let text = |name: &str| fields.get(name).and_then(text_of).map(Cow::into_owned);
        for name in ["intercom_user_id", "id", "contact_id"] {
            if let Some(id) = text(name).filter(|id| self.store.active(kind, id).is_some()) {
                return Some(id);
            }
        }
        for (name, field) in [
            ("user_id", "external_id"),
            ("external_id", "external_id"),
            ("email", "email"),
        ] {
            if let Some(text) = text(name)
                && let Some(id) = self.active_with(kind, field, &text).into_iter().next()
            {
                return Some(id);
            }
        }
        None
    }

    /// Returns the ids of the records whose field has a text, without archived records.
    pub(super) fn active_with(&mut self, kind: RecordKind, field: &str, text: &str) -> Vec<String> {
        let slots = self.store.with_text(kind, field, text);
        let records = slots.into_iter().filter_map(|slot| self.store.at(kind, slot));
        records
            .filter(|record| !record.archived)
            .filter_map(|record| record.id.clone())
            .collect()
    }
}

/// Returns the first success that the description shows for an operation.
pub(super) fn example_response(operation: &MockOperation) -> Map<String, Value> {
    let body = operation.successes.first().map(|(_, body)| serde_json::from_str(body));
    body.and_then(Result::ok).unwrap_or_default()
}

/// Adds fields to an object.
pub(super) fn with(mut value: Value, others: &Value) -> Value {
    if let (Value::Object(fields), Value::Object(others)) = (&mut value, others) {
        fields.extend(others.clone());
    }
    value
}

/// Sets a field if the record has it.
pub(super) fn set_present(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some(held) = fields.get_mut(name) {
        *held = value;
    }
}

/// Sets the fields of a record to those of a request, if they match the type of the record.
///
/// Objects are merged by entry. The id and the type are not changed.
pub(super) fn merge(object: &ObjectType, record: &mut Map<String, Value>, body: &Map<String, Value>, id_field: &str) {
    let fixed: HashSet<&str> = HashSet::from(["id", "type", id_field]);
    for (name, value) in body.iter().filter(|(name, _)| !fixed.contains(name.as_str())) {
        let Some(value) = object.converted(name, value) else {
            continue;
        };
        match (record.get_mut(name), value) {
            (Some(Value::Object(held)), Value::Object(set)) => held.extend(set),
            (_, value) => drop(record.insert(name.clone(), value)),
        }
    }
}
