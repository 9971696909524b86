//! What the description says of records: which kinds there are, where they lie, and what a new one looks like.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::operations::{OPERATIONS, Object, Operation};
use super::store::Kind;
use super::template::Template;

/// The records of one kind, each under a path of its own: one that ends in a parameter, and returns an object.
pub(super) struct Member {
    /// The path without the names of parameters, such as `/contacts/{}`.
    pub shape: &'static str,
    /// The name of the last parameter.
    pub parameter: &'static str,
    /// The kind: the name of the type.
    pub kind: Kind,
    /// The type.
    pub object: &'static Object,
}

impl Member {
    /// The path that its records lie under.
    pub(super) fn parent(&self) -> &'static str {
        self.shape.strip_suffix("/{}").unwrap_or_default()
    }
}

/// What a call does by its path and types alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Shows a record.
    Show,
    /// Changes a record by the fields of the request.
    Update,
    /// Deletes a record.
    Delete,
    /// Lists records.
    List,
    /// Makes a record, or attaches one to the record that the path names.
    Make,
    /// Takes a record away from another one.
    Detach,
    /// Nothing that the description tells.
    Nothing,
}

/// The kinds of records, and what calls do with them.
pub(super) struct Catalog {
    members: Vec<Member>,
    /// The kind of the types that lists show of a record, where they are others.
    kinds: BTreeMap<&'static str, Kind>,
    templates: HashMap<&'static str, Template>,
}

/// The catalog of the description that the crate was built from.
pub(super) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::new);
    &CATALOG
}

/// Names the kind of the records under a path, or the type where this build has no such path.
macro_rules! kinds {
    ($($name:ident $shape:literal $otherwise:literal;)*) => {
        /// The kinds that rules know. Names of types differ between descriptions; paths do not.
        pub(super) mod kind {
            use std::sync::LazyLock;

            use super::super::store::Kind;

            $(
                pub(in super::super) fn $name() -> Kind {
                    static KIND: LazyLock<Kind> = LazyLock::new(|| super::catalog().kind_at($shape).unwrap_or($otherwise));
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
    segment "/segments/{}" "Segment";
    tag "/tags/{}" "Tag";
    team "/teams/{}" "Team";
    ticket "/tickets/{}" "Ticket";
    ticket_type "/ticket_types/{}" "TicketType";
}

/// Types whose records have no path of their own.
pub(super) const SUBSCRIPTION: Kind = "SubscriptionType";
pub(super) const EVENT: Kind = "DataEvent";
pub(super) const VISITOR: Kind = "Visitor";

impl Catalog {
    fn new() -> Self {
        let mut members: Vec<Member> = Vec::new();
        // Some records can be changed only, not asked for.
        let by_method = |method| OPERATIONS.iter().filter(move |operation| operation.method == method);
        for operation in by_method("GET").chain(by_method("PUT")) {
            let (Some(record), Some(parameter)) = (&operation.record, operation.path_parameters().last()) else {
                continue;
            };
            let shape = operation.shape;
            if operation.list.is_none() && shape.ends_with("/{}") && members.iter().all(|member| member.shape != shape)
            {
                members.push(Member {
                    shape,
                    parameter,
                    kind: record.name,
                    object: record,
                });
            }
        }
        let lists = OPERATIONS.iter().filter_map(|operation| {
            let (list, shape) = (operation.list.as_ref()?, operation.shape);
            let member = members.iter().find(|member| member.parent() == shape)?;
            Some((list.item.name, member.kind))
        });
        let kinds = lists.filter(|(item, kind)| item != kind).collect();
        let templates = OPERATIONS
            .iter()
            .map(|operation| (operation.id, Template::of(operation)));
        Self {
            members,
            kinds,
            templates: templates.collect(),
        }
    }

    /// The kind of the records that a type shows.
    pub(super) fn kind(&self, name: &'static str) -> Kind {
        self.kinds.get(name).copied().unwrap_or(name)
    }

    fn kind_at(&self, shape: &str) -> Option<Kind> {
        self.members
            .iter()
            .find(|member| member.shape == shape)
            .map(|member| member.kind)
    }

    /// The kind that an operation returns or lists.
    pub(super) fn kind_of(&self, operation: &Operation) -> Option<Kind> {
        let listed = operation.list.as_ref().map(|list| list.item.name);
        let name = listed.or(operation.record.as_ref().map(|record| record.name))?;
        Some(self.kind(name))
    }

    /// The path of the records of a kind.
    pub(super) fn member(&self, kind: Kind) -> Option<&Member> {
        self.members.iter().find(|member| member.kind == kind)
    }

    /// The name of the field that identifies a record of a kind.
    pub(super) fn identifier(&self, kind: Kind) -> &'static str {
        self.member(kind).map_or("id", |member| member.parameter)
    }

    /// What of a record that an operation lists or shows is not as described.
    pub(super) fn flaws(&self, operation: &Operation, record: &Value) -> Vec<String> {
        // The type under the record's own path has all fields; lists leave some out.
        let member = self
            .kind_of(operation)
            .and_then(|kind| self.member(kind))
            .map(|member| member.object);
        let listed = operation.list.as_ref().map(|list| &list.item);
        let object = member.or(listed).or(operation.record.as_ref());
        object.map_or_else(Vec::new, |object| (object.check)(&record.to_string()))
    }

    /// What a record looks like that an operation makes.
    pub(super) fn template(&self, operation: &Operation) -> Option<&Template> {
        self.templates.get(operation.id)
    }

    /// What the operation of a method and path makes or shows, empty.
    pub(super) fn blank(&self, method: &str, shape: &str) -> Map<String, Value> {
        let mut operations = OPERATIONS.iter();
        let operation = operations.find(|operation| operation.method == method && operation.shape == shape);
        let template = operation.and_then(|operation| self.template(operation));
        template.map(|template| template.record.clone()).unwrap_or_default()
    }

    /// The records that a path names: kinds, with the places of their identifiers among the path's parameters. The last one
    /// is what the operation is about.
    pub(super) fn named(&self, operation: &Operation) -> Vec<(&Member, usize)> {
        let shape = operation.shape;
        let under = |member: &&Member| {
            let rest = shape.strip_prefix(member.shape);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let place = |member: &Member| member.shape.matches("{}").count() - 1;
        let mut named: Vec<_> = self
            .members
            .iter()
            .filter(under)
            .map(|member| (member, place(member)))
            .collect();
        if named.is_empty() {
            // Such as `/export/cancel/{job_identifier}`: a record of its own, whose identifier has the same name.
            let kind = operation.record.as_ref().map(|record| self.kind(record.name));
            named.extend(kind.and_then(|kind| {
                let member = self.member(kind)?;
                let place = operation.path_parameters().position(|name| name == member.parameter)?;
                Some((member, place))
            }));
        }
        named.sort_by_key(|(_, place)| *place);
        named
    }

    /// What an operation does by its path and types.
    pub(super) fn plan(&self, operation: &Operation) -> Plan {
        let named = self.named(operation);
        let subject = named.last().map(|(member, _)| *member);
        if subject.is_some_and(|member| member.shape == operation.shape) {
            match operation.method {
                "GET" => return Plan::Show,
                "PUT" | "PATCH" => return Plan::Update,
                "DELETE" => return Plan::Delete,
                _ => {}
            }
        }
        if operation.list.is_some() {
            return Plan::List;
        }
        let kind = self.kind_of(operation);
        if operation.method == "POST" && kind.is_some_and(|kind| self.makes(operation.shape, kind)) {
            return Plan::Make;
        }
        let parent = operation.shape.strip_suffix("/{}");
        let listed = parent.and_then(listed_under).map(|name| self.kind(name));
        if operation.method == "DELETE" && subject.is_some() && listed.is_some() {
            return Plan::Detach;
        }
        Plan::Nothing
    }

    /// Whether a POST to a path of this shape makes a record of this kind: where it lies, or is listed.
    fn makes(&self, shape: &str, kind: Kind) -> bool {
        let lies = self.member(kind).is_some_and(|member| member.parent() == shape);
        lies || listed_under(shape).is_some_and(|item| self.kind(item) == kind)
    }
}

/// The type of the items that are listed at a path of this shape.
pub(super) fn listed_under(shape: &str) -> Option<&'static str> {
    let lists = OPERATIONS.iter().filter(|operation| operation.shape == shape);
    lists
        .filter_map(|operation| Some(operation.list.as_ref()?.item.name))
        .next()
}
