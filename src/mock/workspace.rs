//! A workspace: its records, and what calls do to them.
//!
//! Most calls are carried out by the rules of their paths and types, the same for every kind of record. What is specific to an
//! operation is a function in `rules`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::call::{Call, Outcome, Refusal, nothing, success};
use super::catalog::{Plan, catalog, kind, listed_under};
use super::happenings::{self, Before, Happening};
use super::links::Links;
use super::lists::{Cursors, Scroll, Selections};
use super::moment::Moment;
use super::operations::{OPERATIONS, Object, Operation};
use super::received::Received;
use super::rules;
use super::store::{Kind, Record, Store};
use super::template::{Template, readdress};
use crate::wire::id::text_of;

/// What does not change while the mock runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// How long a scroll lives without a request.
    pub scroll_idle: Duration,
    /// Whether a call that is not modelled fails.
    pub strict: bool,
}

/// The records and what becomes of them. It does no I/O and has no clock: each call brings its time.
pub(super) struct Workspace {
    pub store: Store,
    pub links: Links,
    /// The open scroll of each operation that is one.
    pub scrolls: HashMap<&'static str, Scroll>,
    pub scrolls_begun: u64,
    pub selections: Selections,
    pub cursors: Cursors,
    pub settings: Settings,
    /// The time of the call.
    pub now: Moment,
    /// What a finished export downloads.
    pub export: Bytes,
    /// The topics of webhooks that are subscribed to.
    pub topics: BTreeSet<String>,
    /// What happened of these since it was last asked for.
    pub happened: Vec<Happening>,
    /// How many notifications were taken.
    pub notified: u64,
    /// How many identifiers were given out to records.
    given: u64,
    /// The same to what has no records of its own: parts, messages and plans.
    given_within: u64,
}

impl Workspace {
    /// One with the records that the description shows as examples.
    pub(super) fn new(settings: Settings) -> Self {
        static EXAMPLES: LazyLock<(Store, Links)> = LazyLock::new(|| {
            let mut workspace = Workspace::empty(Settings {
                scroll_idle: Duration::ZERO,
                strict: false,
            });
            workspace.fill_with_examples();
            (workspace.store, workspace.links)
        });
        let (store, links) = EXAMPLES.clone();
        Self {
            store,
            links,
            ..Self::empty(settings)
        }
    }

    /// One without records.
    pub(super) fn empty(settings: Settings) -> Self {
        Self {
            store: Store::default(),
            links: Links::default(),
            scrolls: HashMap::new(),
            scrolls_begun: 0,
            selections: Selections::default(),
            cursors: Cursors::default(),
            settings,
            now: Moment::default(),
            export: rules::export(),
            topics: BTreeSet::new(),
            happened: Vec::new(),
            notified: 0,
            given: 0,
            given_within: 0,
        }
    }

    /// The records of the description's lists, and those that are shown by themselves.
    fn fill_with_examples(&mut self) {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let of_one = |operation: &&Operation| !catalog().named(operation).is_empty();
        let (of_one, of_all): (Vec<_>, Vec<_>) = OPERATIONS.iter().partition(of_one);
        let items = |operation: &Operation| {
            let (Some(list), Some((_, body))) = (&operation.list, operation.successes.first()) else {
                return Vec::new();
            };
            parse(body)[list.items].as_array().cloned().unwrap_or_default()
        };
        for operation in of_all {
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
            let shows = match catalog().member(kind) {
                Some(member) => member.shape == operation.shape,
                // Such as visitors, which are asked for by a parameter of the query.
                None => operation.method == "GET",
            };
            for (_, body) in operation.successes.iter().filter(|_| shows) {
                let record = Record::new(parse(body), catalog().identifier(kind));
                let id = record.id.clone().unwrap_or_default();
                // What is asked for shows more of a record than what lists it, or what it was changed to.
                if operation.method == "GET" || self.store.get(kind, &id).is_none() {
                    self.store.put(kind, record);
                }
            }
        }
        for operation in of_one {
            let Some(kind) = catalog().kind_of(operation) else {
                continue;
            };
            let mut ids = Vec::new();
            for item in items(operation) {
                let about = rules::about(&item);
                let record = Record::new(item, catalog().identifier(kind));
                let Some(id) = record.id.clone() else { continue };
                // A record that is shown elsewhere stays as it is shown there.
                if self.store.get(kind, &id).is_none() {
                    self.store.put(kind, record);
                }
                ids.push((id, about));
            }
            self.belong_to_all(operation, kind, &ids);
        }
        rules::examples(self);
        self.store.are_described();
    }

    /// Replaces the records that an operation lists or shows. Returns `false` when it does neither.
    pub(super) fn seed(&mut self, operation: &'static Operation, records: Vec<Value>) -> bool {
        let Some(kind) = catalog()
            .kind_of(operation)
            .filter(|_| operation.list.is_some() || operation.method == "GET")
        else {
            return false;
        };
        let owners = match operation.list {
            Some(_) => catalog().named(operation),
            None => Vec::new(),
        };
        if owners.is_empty() {
            let ids: Vec<String> = self
                .store
                .all(kind)
                .filter_map(|(_, record)| record.id.clone())
                .collect();
            for id in ids {
                self.links.forget((kind, &id));
            }
            self.store.clear(kind);
        } else if let Some((owner, _)) = owners.last() {
            let owners: Vec<String> = self.ids(owner.kind);
            for id in &owners {
                let others: Vec<String> = self.links.of((owner.kind, id), kind).map(str::to_owned).collect();
                for other in others {
                    self.links.detach((owner.kind, id), (kind, &other));
                }
            }
        }
        let records = records.into_iter().map(|record| (rules::about(&record), record));
        let put = |(about, record)| Some((self.put(kind, record)?, about));
        let ids: Vec<(String, Value)> = records.filter_map(put).collect();
        if operation.list.is_some() {
            self.belong_to_all(operation, kind, &ids);
        }
        for (id, _) in &ids {
            rules::seeded(self, kind, id);
        }
        true
    }

    /// Attaches records to each record that the path of their list can name, with what is known of the relation.
    fn belong_to_all(&mut self, operation: &Operation, kind: Kind, ids: &[(String, Value)]) {
        let named = catalog().named(operation);
        let Some((owner, _)) = named.last() else { return };
        let owner = owner.kind;
        for of in self.ids(owner) {
            for (id, about) in ids {
                self.links.attach((owner, &of), (kind, id), about);
            }
        }
    }

    /// The identifiers of all records of a kind.
    pub(super) fn ids(&self, kind: Kind) -> Vec<String> {
        self.store
            .all(kind)
            .filter_map(|(_, record)| record.id.clone())
            .collect()
    }

    /// Stores a record. Returns its identifier.
    pub(super) fn put(&mut self, kind: Kind, value: Value) -> Option<String> {
        let record = Record::new(value, catalog().identifier(kind));
        let id = record.id.clone();
        self.store.put(kind, record);
        id
    }

    /// Carries out a call.
    pub(super) fn handle(
        &mut self,
        now: Moment,
        operation: &'static Operation,
        values: &[String],
        request: &Received,
    ) -> Answer {
        self.now = now;
        let body = match request.json() {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        let path = catalog().named(operation).into_iter();
        let path = path.filter_map(|(member, place)| Some((member.kind, values.get(place)?.clone())));
        let call = Call {
            operation,
            values,
            request,
            body,
            path: path.collect(),
        };
        let before = (!self.topics.is_empty()).then(|| Before::new(self, &call));
        let outcome = self.carry_out(&call);
        if let (Ok(answer), Some(before)) = (&outcome, &before) {
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            let happened = happenings::of(self, &call, before, &body);
            self.happened.extend(happened);
        }
        outcome.unwrap_or_else(|refusal| refusal.answer(request))
    }

    /// How many records calls have made.
    pub(super) fn made(&self) -> u64 {
        self.given
    }

    /// The id of the workspace, which notifications carry.
    pub(super) fn app_id(&self) -> String {
        rules::app_id()
    }

    fn carry_out(&mut self, call: &Call<'_>) -> Outcome {
        let operation = call.operation;
        let mut required = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.required && !parameter.in_path);
        if let Some(parameter) = required.find(|parameter| call.request.query(parameter.name).is_none()) {
            return Err(Refusal::absent(format!("{} is missing", parameter.name)));
        }
        let rule = rules::of(operation);
        if rule.is_none_or(|rule| rule.finds_path)
            && let Some((kind, _)) = call.path.iter().find(|(kind, id)| self.store.live(kind, id).is_none())
        {
            return Err(Refusal::missing(operation, kind));
        }
        if let Some(rule) = rule {
            return (rule.run)(self, call);
        }
        match (catalog().plan(operation), call.subject()) {
            (Plan::Show, Some((kind, id))) => self.show(call, kind, id),
            (Plan::Update, Some((kind, id))) => self.update(call, kind, id),
            (Plan::Delete, Some((kind, id))) => self.delete(call, kind, id),
            (Plan::List, _) => self.list(call),
            (Plan::Make, _) => self.make(call),
            (Plan::Detach, Some(of)) => self.detach(call, of),
            _ if self.settings.strict => {
                let message = format!("the mock does not model {}: see \"How far it goes\"", operation.id);
                Err(Refusal::not_modelled(message))
            }
            _ => match operation.successes.first() {
                Some((_, body)) => Ok(Answer::bytes("application/json", *body).status(operation.success)),
                None => nothing(operation),
            },
        }
    }

    /// Responds with a record.
    pub(super) fn show(&self, call: &Call<'_>, kind: Kind, id: &str) -> Outcome {
        match self.view(kind, id) {
            Some(value) => success(call.operation, &rules::displayed(call, kind, value)),
            None => Err(Refusal::missing(call.operation, kind)),
        }
    }

    /// A record as responses have it, with what follows from other records.
    pub(super) fn view(&self, kind: Kind, id: &str) -> Option<Value> {
        Some(self.view_of(kind, self.store.get(kind, id)?))
    }

    /// A record as responses have it.
    pub(super) fn view_of(&self, kind: Kind, record: &Record) -> Value {
        rules::view(self, kind, record)
    }

    fn update(&mut self, call: &Call<'_>, kind: Kind, id: &str) -> Outcome {
        self.merge_into(call, kind, id);
        self.show(call, kind, id)
    }

    /// Sets what the request says of a record, as far as the record has it.
    pub(super) fn merge_into(&mut self, call: &Call<'_>, kind: Kind, id: &str) {
        let object = call.operation.record.as_ref();
        self.change(kind, id, |fields| {
            if let Some(object) = object {
                merge(object, fields, &call.body, catalog().identifier(kind));
            }
        });
    }

    /// Changes the fields of a record, and the time of its last change.
    pub(super) fn change(&mut self, kind: Kind, id: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let now = self.now.seconds();
        self.store.change(kind, id, |record| {
            if let Value::Object(fields) = &mut record.value {
                change(fields);
                set_present(fields, "updated_at", now.into());
            }
        });
    }

    fn delete(&mut self, call: &Call<'_>, kind: Kind, id: &str) -> Outcome {
        let record = self.remove(kind, id);
        let mut shown = recorded(call.operation);
        let record = record.map(|record| record.value).unwrap_or_default();
        for (name, value) in &mut shown {
            if (name == "id" || name == "external_id" || name.ends_with("identifier"))
                && let Some(own) = record.get(name)
            {
                *value = own.clone();
            }
        }
        match shown.is_empty() {
            true => nothing(call.operation),
            false => success(call.operation, &Value::Object(shown)),
        }
    }

    /// Removes a record and its relations.
    pub(super) fn remove(&mut self, kind: Kind, id: &str) -> Option<Record> {
        for (other, of) in self.links.forget((kind, id)) {
            rules::attached(self, (kind, id), (other, &of), -1);
        }
        self.store.remove(kind, id)
    }

    /// Makes a record, or attaches one that there is to the record that the path names.
    fn make(&mut self, call: &Call<'_>) -> Outcome {
        let Some(kind) = catalog().kind_of(call.operation) else {
            return nothing(call.operation);
        };
        if let Some(id) = call.text("id") {
            if self.store.live(kind, &id).is_none() {
                return Err(Refusal::missing(call.operation, kind));
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
            merge(object, &mut record, &call.body, catalog().identifier(kind));
        }
        let id = self.put(kind, Value::Object(record)).unwrap_or_default();
        if let Some(of) = call.subject() {
            self.attach(of, (kind, &id), &Value::Null);
        }
        self.show(call, kind, &id)
    }

    /// A record that an operation makes, with an id and addresses of its own, and the time of the call.
    pub(super) fn new_record(&mut self, operation: &Operation, kind: Kind) -> Map<String, Value> {
        let empty = Template::default();
        let template = catalog().template(operation).unwrap_or(&empty);
        let identifier = catalog().identifier(kind);
        let identifier = if template.recorded.contains_key(identifier) {
            identifier
        } else {
            "id"
        };
        let recorded = template.recorded_id(identifier);
        let id = self.new_id(&recorded);
        let mut record = template.record.clone();
        for value in record.values_mut() {
            readdress(value, &recorded, &id);
        }
        let is_number = template.recorded.get(identifier).is_some_and(Value::is_number);
        let number = id.parse::<u64>().ok().filter(|_| is_number);
        record.insert(identifier.to_owned(), number.map_or_else(|| id.into(), Value::from));
        let now = self.now.seconds();
        set_present(&mut record, "created_at", now.into());
        set_present(&mut record, "updated_at", now.into());
        record
    }

    /// A new identifier of a part, a message or a plan.
    pub(super) fn new_id_within(&mut self) -> String {
        self.given_within += 1;
        (700_000 + self.given_within).to_string()
    }

    /// A new identifier in the form of another one: digits, as many hexadecimal digits, or any text.
    pub(super) fn new_id(&mut self, like: &str) -> String {
        self.given += 1;
        let given = self.given;
        match like.len() {
            24 if like.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("{given:024x}"),
            _ if like.bytes().all(|byte| byte.is_ascii_digit()) => (900_000 + given).to_string(),
            _ => format!("new-{given}"),
        }
    }

    /// Attaches two records to each other. Returns `false` when they were already.
    pub(super) fn attach(&mut self, one: (Kind, &str), other: (Kind, &str), about: &Value) -> bool {
        self.store.touch();
        let is_new = self.links.attach(one, other, about);
        if is_new {
            rules::attached(self, one, other, 1);
        }
        is_new
    }

    /// Detaches two records. Returns what was known of the relation.
    pub(super) fn part(&mut self, one: (Kind, &str), other: (Kind, &str)) -> Option<Value> {
        self.store.touch();
        let about = self.links.detach(one, other)?;
        rules::attached(self, one, other, -1);
        Some(about)
    }

    fn detach(&mut self, call: &Call<'_>, of: (Kind, &str)) -> Outcome {
        let parent = call.operation.shape.strip_suffix("/{}").and_then(listed_under);
        let Some(kind) = parent.map(|name| catalog().kind(name)) else {
            return nothing(call.operation);
        };
        let id = call.last_value();
        let Some(about) = self.part(of, (kind, id)) else {
            return Err(Refusal::missing(call.operation, kind));
        };
        match self.view(kind, id) {
            Some(value) => success(call.operation, &with(value, &about)),
            None => nothing(call.operation),
        }
    }

    /// The contact that a request names by Intercom's id, the id in the caller's system, or the email address.
    pub(super) fn contact_in(&mut self, fields: &Map<String, Value>) -> Option<String> {
        let kind = kind::contact();
        let text = |name: &str| fields.get(name).and_then(text_of).map(Cow::into_owned);
        for name in ["intercom_user_id", "id", "contact_id"] {
            if let Some(id) = text(name).filter(|id| self.store.live(kind, id).is_some()) {
                return Some(id);
            }
        }
        for (name, field) in [
            ("user_id", "external_id"),
            ("external_id", "external_id"),
            ("email", "email"),
        ] {
            if let Some(text) = text(name)
                && let Some(id) = self.live_having(kind, field, &text).into_iter().next()
            {
                return Some(id);
            }
        }
        None
    }

    /// The identifiers of the records whose field has this text, without archived ones.
    pub(super) fn live_having(&mut self, kind: Kind, field: &str, text: &str) -> Vec<String> {
        let places = self.store.having(kind, field, text);
        let records = places.into_iter().filter_map(|place| self.store.at(kind, place));
        records
            .filter(|record| !record.archived)
            .filter_map(|record| record.id.clone())
            .collect()
    }
}

/// The success that the description shows for an operation first.
pub(super) fn recorded(operation: &Operation) -> Map<String, Value> {
    let body = operation.successes.first().map(|(_, body)| serde_json::from_str(body));
    body.and_then(Result::ok).unwrap_or_default()
}

/// A value with these fields besides its own.
pub(super) fn with(mut value: Value, others: &Value) -> Value {
    if let (Value::Object(fields), Value::Object(others)) = (&mut value, others) {
        fields.extend(others.clone());
    }
    value
}

/// Sets a field that a record has.
pub(super) fn set_present(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some(held) = fields.get_mut(name) {
        *held = value;
    }
}

/// Sets the fields of a request that a record has in that form. Entries of free-form objects are set one by one.
pub(super) fn merge(object: &Object, record: &mut Map<String, Value>, body: &Map<String, Value>, identifier: &str) {
    let unset: HashSet<&str> = HashSet::from(["id", "type", identifier]);
    for (name, value) in body.iter().filter(|(name, _)| !unset.contains(name.as_str())) {
        if !object.takes(name, value) {
            continue;
        }
        match (record.get_mut(name), value) {
            (Some(Value::Object(held)), Value::Object(set)) => held.extend(set.clone()),
            _ => drop(record.insert(name.clone(), value.clone())),
        }
    }
}
