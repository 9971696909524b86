//! The kinds of records in the description: their paths, their types, and templates of new records.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::description::{MockOperation, OPERATIONS, ObjectType};
use super::store::RecordKind;
use super::template::Template;

/// The path of the records of one kind. It ends in a parameter and returns an object.
pub(super) struct RecordPath {
    /// The path without the names of parameters, for example `/contacts/{}`.
    pub shape: &'static str,
    /// The name of the last parameter.
    pub parameter: &'static str,
    /// The kind, which is the name of the type.
    pub kind: RecordKind,
    pub object: &'static ObjectType,
}

impl RecordPath {
    /// Returns the path without the last parameter.
    pub(super) fn parent(&self) -> &'static str {
        self.shape.strip_suffix("/{}").unwrap_or_default()
    }
}

/// The action of an operation, derived from its path and types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DefaultAction {
    /// Returns a record.
    Show,
    /// Sets the fields of a record to those of the request.
    Update,
    /// Deletes a record.
    Delete,
    /// Lists records.
    List,
    /// Creates a record, or attaches an existing one to the record in the path.
    Create,
    /// Detaches a record from another one.
    Detach,
    /// The description does not show what the operation does.
    Unknown,
}

/// The kinds of records, and the actions of operations on them.
pub(super) struct Catalog {
    paths: Vec<RecordPath>,
    /// The kinds of types that only occur as items of lists.
    kinds: BTreeMap<&'static str, RecordKind>,
    templates: HashMap<&'static str, Template>,
}

/// Returns the catalog of the description that the crate was built from.
pub(super) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::new);
    &CATALOG
}

/// Defines a function per kind, which looks the kind up by its path. The last literal is used if
/// the build has no such path.
macro_rules! kinds {
    ($($name:ident $shape:literal $fallback:literal;)*) => {
        /// The kinds used by rules. The names of types differ between descriptions, the paths do
        /// not.
        pub(super) mod kind {
            use std::sync::LazyLock;

            use super::super::store::RecordKind;

            $(
                pub(in super::super) fn $name() -> RecordKind {
                    static KIND: LazyLock<RecordKind> = LazyLock::new(|| super::catalog().kind_at($shape).unwrap_or($fallback));
                    *KIND
                }
            )*
        }
    };
}

kinds! {
    admin "/admins/{}" "Admin";
    article "/articles/{}" "Article";
    attribute "/ticket_types/{}/attributes/{}" "TicketTypeAttribute";
    company "/companies/{}" "Company";
    contact "/contacts/{}" "Contact";
    conversation "/conversations/{}" "Conversation";
    data_attribute "/data_attributes/{}" "DataAttribute";
    export "/export/content/data/{}" "DataExport";
    news_item "/news/news_items/{}" "NewsItem";
    newsfeed "/news/newsfeeds/{}" "Newsfeed";
    note "/notes/{}" "Note";
    section "/help_center/sections/{}" "Section";
    segment "/segments/{}" "Segment";
    tag "/tags/{}" "Tag";
    team "/teams/{}" "Team";
    ticket "/tickets/{}" "Ticket";
    ticket_type "/ticket_types/{}" "TicketType";
}

/// Kinds without a path.
pub(super) const SUBSCRIPTION: RecordKind = "SubscriptionType";
pub(super) const EVENT: RecordKind = "DataEvent";
pub(super) const VISITOR: RecordKind = "Visitor";

impl Catalog {
    fn new() -> Self {
        let mut paths: Vec<RecordPath> = Vec::new();
        // Some records can be changed but not retrieved.
        let by_method = |method| OPERATIONS.iter().filter(move |operation| operation.method == method);
        for operation in by_method("GET").chain(by_method("PUT")) {
            let (Some(record), Some(parameter)) = (&operation.record, operation.path_parameters().last()) else {
                continue;
            };
            let shape = operation.shape;
            if operation.list.is_none() && shape.ends_with("/{}") && paths.iter().all(|path| path.shape != shape) {
                paths.push(RecordPath {
                    shape,
                    parameter,
                    kind: record.name,
                    object: record,
                });
            }
        }
        let lists = OPERATIONS.iter().filter_map(|operation| {
            let (list, shape) = (operation.list.as_ref()?, operation.shape);
            let path = paths.iter().find(|path| path.parent() == shape)?;
            Some((list.item.name, path.kind))
        });
        let kinds = lists.filter(|(item, kind)| item != kind).collect();
        let templates = OPERATIONS
            .iter()
            .map(|operation| (operation.id, Template::of(operation)));
        Self {
            paths,
            kinds,
            templates: templates.collect(),
        }
    }

    /// Returns the kind of a type.
    pub(super) fn kind(&self, name: &'static str) -> RecordKind {
        self.kinds.get(name).copied().unwrap_or(name)
    }

    fn kind_at(&self, shape: &str) -> Option<RecordKind> {
        self.paths.iter().find(|path| path.shape == shape).map(|path| path.kind)
    }

    /// Returns the kind of the records that an operation returns or lists.
    pub(super) fn kind_of(&self, operation: &MockOperation) -> Option<RecordKind> {
        let listed = operation.list.as_ref().map(|list| list.item.name);
        let name = listed.or(operation.record.as_ref().map(|record| record.name))?;
        Some(self.kind(name))
    }

    /// Returns the path of a kind.
    pub(super) fn record_path(&self, kind: RecordKind) -> Option<&RecordPath> {
        self.paths.iter().find(|path| path.kind == kind)
    }

    /// Returns `true` if the paths of one kind of record are below those of another.
    pub(super) fn is_nested(&self, owner: RecordKind, nested: RecordKind) -> bool {
        match (self.record_path(owner), self.record_path(nested)) {
            (Some(owner), Some(nested)) => nested.shape.starts_with(owner.shape) && nested.shape != owner.shape,
            _ => false,
        }
    }

    /// Returns the name of the field that identifies a record of a kind.
    pub(super) fn id_field(&self, kind: RecordKind) -> &'static str {
        self.record_path(kind).map_or("id", |path| path.parameter)
    }

    /// Checks a record that an operation lists or shows against its type.
    pub(super) fn mismatches(&self, operation: &MockOperation, record: &Value) -> Vec<String> {
        // The type at the record's path has all fields. Types of list items may lack some.
        let full = self
            .kind_of(operation)
            .and_then(|kind| self.record_path(kind))
            .map(|path| path.object);
        let listed = operation.list.as_ref().map(|list| &list.item);
        let object = full.or(listed).or(operation.record.as_ref());
        object.map_or_else(Vec::new, |object| (object.check)(&record.to_string()))
    }

    /// Returns the template of the records that an operation creates.
    pub(super) fn template(&self, operation: &MockOperation) -> Option<&Template> {
        self.templates.get(operation.id)
    }

    /// Returns an empty record, as the operation of a method and path creates or shows it.
    pub(super) fn blank_record(&self, method: &str, shape: &str) -> Map<String, Value> {
        let mut operations = OPERATIONS.iter();
        let operation = operations.find(|operation| operation.method == method && operation.shape == shape);
        let template = operation.and_then(|operation| self.template(operation));
        template.map(|template| template.record.clone()).unwrap_or_default()
    }

    /// Returns the kinds of the records in the path of an operation, each with the index of its
    /// path parameter.
    ///
    /// The last one is the subject of the operation.
    pub(super) fn records_in_path(&self, operation: &MockOperation) -> Vec<(&RecordPath, usize)> {
        let shape = operation.shape;
        let is_prefix = |path: &&RecordPath| {
            let rest = shape.strip_prefix(path.shape);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let index = |path: &RecordPath| path.shape.matches("{}").count() - 1;
        let mut records: Vec<_> = self
            .paths
            .iter()
            .filter(is_prefix)
            .map(|path| (path, index(path)))
            .collect();
        if records.is_empty() {
            // `/export/cancel/{job_identifier}` has a parameter with the name of the id of the
            // record that it returns.
            let kind = operation.record.as_ref().map(|record| self.kind(record.name));
            records.extend(kind.and_then(|kind| {
                let path = self.record_path(kind)?;
                let index = operation.path_parameters().position(|name| name == path.parameter)?;
                Some((path, index))
            }));
        }
        records.sort_by_key(|(_, index)| *index);
        records
    }

    /// Returns the action of an operation without a rule.
    pub(super) fn default_action(&self, operation: &MockOperation) -> DefaultAction {
        let records = self.records_in_path(operation);
        let subject = records.last().map(|(path, _)| *path);
        if subject.is_some_and(|path| path.shape == operation.shape) {
            match operation.method {
                "GET" => return DefaultAction::Show,
                "PUT" | "PATCH" => return DefaultAction::Update,
                "DELETE" => return DefaultAction::Delete,
                _ => {}
            }
        }
        if operation.list.is_some() {
            return DefaultAction::List;
        }
        let kind = self.kind_of(operation);
        if operation.method == "POST" && kind.is_some_and(|kind| self.creates(operation.shape, kind)) {
            return DefaultAction::Create;
        }
        let parent = operation.shape.strip_suffix("/{}");
        let listed = parent.and_then(item_type_at).map(|name| self.kind(name));
        if operation.method == "DELETE" && subject.is_some() && listed.is_some() {
            return DefaultAction::Detach;
        }
        DefaultAction::Unknown
    }

    /// Returns `true` if a POST to a path creates records of a kind: if they are at or listed at
    /// this path.
    fn creates(&self, shape: &str, kind: RecordKind) -> bool {
        let is_parent = self.record_path(kind).is_some_and(|path| path.parent() == shape);
        is_parent || item_type_at(shape).is_some_and(|item| self.kind(item) == kind)
    }
}

/// Returns the type of the items listed at a path.
pub(super) fn item_type_at(shape: &str) -> Option<&'static str> {
    let lists = OPERATIONS.iter().filter(|operation| operation.shape == shape);
    lists
        .filter_map(|operation| Some(operation.list.as_ref()?.item.name))
        .next()
}
