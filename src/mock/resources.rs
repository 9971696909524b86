//! What of the API is a record: told from its paths and types.

use std::collections::BTreeMap;

use super::operations::{OPERATIONS, Object, Operation};

/// The records of one kind, each under a path of its own: one that ends in a parameter, and is answered with an object.
pub(super) struct Member {
    /// The path without the names of parameters, such as `/contacts/{}`.
    pub shape: &'static str,
    /// The name of the last parameter.
    pub parameter: &'static str,
    /// The kind: the name of the type.
    pub kind: &'static str,
    /// The type.
    pub object: &'static Object,
}

impl Member {
    /// The path that its records lie under.
    pub(super) fn parent(&self) -> &'static str {
        self.shape.strip_suffix("/{}").unwrap_or_default()
    }
}

/// The kinds of records.
pub(super) struct Resources {
    members: Vec<Member>,
    /// The kind of the types that lists show of a record, where they are others.
    kinds: BTreeMap<&'static str, &'static str>,
}

impl Resources {
    /// Those of the description.
    pub(super) fn new() -> Self {
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
        Self { members, kinds }
    }

    /// The kind of the records that a type shows.
    pub(super) fn kind(&self, name: &'static str) -> &'static str {
        self.kinds.get(name).copied().unwrap_or(name)
    }

    /// The path of the records of a kind.
    pub(super) fn member(&self, kind: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.kind == kind)
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
}
