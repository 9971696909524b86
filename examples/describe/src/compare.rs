//! Compares the clients that two descriptions generate.
//!
//! Operations are matched by method and path, ignoring the names of path parameters. Types are matched by name, and renamed
//! types by their position: a type that is named after an operation is renamed with the operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::layout::count;
use crate::report::{group, paging};
use crate::script::steps::document::schema;
use crate::script::steps::model::ty::Ty;
use crate::script::steps::model::{
    Body, Enum, Field, Model, Newtype, Operation, Parameter, Removal, ResponseBody, Struct, Types, Union,
};

/// The differences between two clients.
pub(crate) struct Comparison<'a> {
    /// Differences that do not belong to an operation or type.
    pub general: Vec<String>,
    /// Operations that are only in the newer client.
    pub added: Vec<&'a Operation>,
    /// Operations that are only in the older client.
    pub removed: Vec<&'a Operation>,
    /// Changed items with their differences.
    pub changed: Vec<(String, Vec<String>)>,
    /// Renamed path parameters, and the methods that have each.
    pub path_parameters: Vec<(String, Vec<String>)>,
    /// Types that are only in the newer client, without their nested types.
    pub types_added: Vec<Added>,
    /// Types that are only in the older client.
    pub types_removed: Vec<String>,
    /// Renamed types: the older and the newer name.
    pub types_renamed: Vec<(String, String)>,
    /// Changed items with their differences.
    pub types_changed: Vec<(String, Vec<String>)>,
}

/// A type that is only in the newer client.
pub(crate) struct Added {
    /// The name.
    pub name: String,
    /// Object, enum, union, list or map.
    pub kind: &'static str,
    /// The names of its properties, values or types.
    pub parts: Vec<String>,
    /// The number of nested types that are named after it.
    pub inner: usize,
}

/// Compares two clients.
pub(crate) fn compare<'a>(old: &'a Model, new: &'a Model) -> Comparison<'a> {
    let (matched, added, removed) = operations(old, new);
    let same = Same::of(&old.types, &new.types, &matched);
    let changed = matched.iter().filter_map(|(before, after)| {
        let mut details = operation(before, after, &same);
        let searches = |model: &Model, operation: &Operation| {
            let mut searches = model.searches.iter();
            searches.any(|search| search.builder == operation.builder)
        };
        let (was, is) = (searches(old, before), searches(new, after));
        details.extend(flipped(
            was,
            is,
            "has a query helper now",
            "has no query helper any more",
        ));
        let title = format!("`{} {}` (`{}`)", after.method, after.path, after.ident);
        (!details.is_empty()).then_some((title, details))
    });
    let changed = changed.collect();
    let types_changed = same.names.iter().filter_map(|(before, after)| {
        let details = ty(find(&old.types, before)?, find(&new.types, after)?, &same);
        (!details.is_empty()).then_some((after, before, details))
    });
    let mut types_changed: Vec<_> = types_changed.collect();
    types_changed.sort();
    let types_changed = types_changed.into_iter().map(|(after, before, details)| {
        let title = match before == after {
            true => format!("`{after}`"),
            false => format!("`{after}`, was `{before}`"),
        };
        (title, details)
    });
    let types_removed = names(&old.types).filter(|name| !same.names.contains_key(*name));
    let renamed = same.names.iter().filter(|(before, after)| before != after);
    Comparison {
        general: general(old, new, &matched),
        added,
        removed,
        changed,
        path_parameters: path_parameters(&matched),
        types_added: types_added(&new.types, &same),
        types_removed: types_removed.cloned().collect(),
        types_renamed: renamed.map(|(before, after)| (before.clone(), after.clone())).collect(),
        types_changed: types_changed.collect(),
    }
}

/// Returns the types that are only in the newer client, with the number of nested types of each.
fn types_added(new: &Types, same: &Same<'_>) -> Vec<Added> {
    let mut added: Vec<Added> = Vec::new();
    // In the order of names, a type precedes the types that are named after it.
    for name in names(new).filter(|name| !same.given.contains(*name)) {
        let outer = added
            .iter_mut()
            .find(|outer| name.starts_with(&outer.name) && within(new, &outer.name, name));
        match (outer, find(new, name)) {
            (Some(outer), _) => outer.inner += 1,
            (None, Some(made)) => added.push(Added {
                name: name.clone(),
                kind: made.kind(),
                parts: made.parts(),
                inner: 0,
            }),
            (None, None) => {}
        }
    }
    added
}

/// Returns `true` if `inner` is nested in `outer`, or in a type that is named after it.
fn within(types: &Types, outer: &str, inner: &str) -> bool {
    let parts: Vec<&Ty> = match find(types, outer) {
        Some(Made::Object(made)) => made.fields.iter().map(|field| &field.ty).collect(),
        Some(Made::Union(made)) => made.variants.iter().map(|(_, ty)| ty).collect(),
        Some(Made::Newtype(made)) => vec![&made.inner],
        Some(Made::Enum(_)) | None => Vec::new(),
    };
    // Each name is longer than the previous one, so this ends.
    let named_after = |part: &str| part.len() > outer.len() && part.starts_with(outer);
    let mut parts = parts.into_iter().filter_map(Ty::innermost);
    parts.any(|part| part == inner || (named_after(part) && within(types, part, inner)))
}

/// An operation in the older and in the newer client.
type Matched<'a> = Vec<(&'a Operation, &'a Operation)>;

/// Returns the operations of both clients, of only the newer and of only the older one, ordered by group and path.
fn operations<'a>(old: &'a Model, new: &'a Model) -> (Matched<'a>, Vec<&'a Operation>, Vec<&'a Operation>) {
    let sorted = |model: &'a Model| {
        let mut operations: Vec<&Operation> = model.operations.iter().collect();
        operations.sort_by_key(|operation| (group(operation), operation.path.clone(), operation.method.clone()));
        operations
    };
    let shape = |operation: &Operation| (operation.method.clone(), schema::shape(&operation.path));
    let mut removed = sorted(old);
    let mut matched = Vec::new();
    let mut added = Vec::new();
    for operation in sorted(new) {
        // If two candidates differ only in the names of parameters, the one with equal names matches.
        let spelt = |other: &&Operation| (&other.method, &other.path) == (&operation.method, &operation.path);
        let place = removed.iter().position(spelt);
        match place.or_else(|| removed.iter().position(|other| shape(other) == shape(operation))) {
            Some(place) => matched.push((removed.remove(place), operation)),
            None => added.push(operation),
        }
    }
    (matched, added, removed)
}

/// Returns the differences that do not belong to an operation or type.
fn general(old: &Model, new: &Model, matched: &Matched<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let servers = |model: &Model| -> Vec<String> {
        let servers = model.basics.servers.iter();
        servers.map(|server| format!("`{}`", server.url)).collect()
    };
    lines.extend(more_and_less("servers", &servers(old), &servers(new)));
    let versions = |model: &Model| -> Vec<String> {
        let versions = model.basics.versions.iter();
        versions.map(|(_, version)| format!("`{version}`")).collect()
    };
    lines.extend(more_and_less("known versions", &versions(old), &versions(new)));
    let (was, is) = (old.export.is_some(), new.export.is_some());
    lines.extend(flipped(
        was,
        is,
        "the export helper exists now",
        "the export helper does not exist any more",
    ));
    let mut moved: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (before, after) in matched {
        if before.group != after.group {
            *moved.entry((group(before), group(after))).or_default() += 1;
        }
    }
    lines.extend(moved.into_iter().map(|((from, to), number)| {
        let operations = count(number, "operation", "operations");
        format!("{operations} moved from the group {from} to {to}")
    }));
    lines
}

/// Returns a line for the entries added to a list, and one for the removed entries.
fn more_and_less(what: &str, old: &[String], new: &[String]) -> Vec<String> {
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|entry| !other.contains(entry)).cloned().collect()
    };
    let lines = [("added", only(new, old)), ("removed", only(old, new))];
    let lines = lines.into_iter().filter(|(_, entries)| !entries.is_empty());
    lines
        .map(|(did, entries)| format!("{what} {did}: {}", entries.join(", ")))
        .collect()
}

/// Returns the text for a flag that changed.
fn flipped(was: bool, is: bool, now: &str, no_more: &str) -> Option<String> {
    match (was, is) {
        (false, true) => Some(now.to_owned()),
        (true, false) => Some(no_more.to_owned()),
        _ => None,
    }
}

/// Returns the differences of an operation.
fn operation(old: &Operation, new: &Operation, same: &Same<'_>) -> Vec<String> {
    let mut details = Vec::new();
    if old.ident != new.ident {
        details.push(format!("its method is `{}`, was `{}`", new.ident, old.ident));
    }
    let path: Vec<(&str, &str)> = in_path(old).zip(in_path(new)).collect();
    let is = |before: &Parameter, after: &Parameter| match (before.in_path, after.in_path) {
        (true, true) => path.contains(&(&before.wire, &after.wire)),
        (false, false) => before.wire == after.wire,
        _ => false,
    };
    let shown = |parameter: &Parameter| format!("`{}` ({})", parameter.wire, text(&parameter.ty));
    let added = new.parameters.iter();
    let added = added.filter(|after| !old.parameters.iter().any(|before| is(before, after)));
    let removed = old.parameters.iter();
    let removed = removed.filter(|before| !new.parameters.iter().any(|after| is(before, after)));
    details.extend(listed("parameters added", added.map(shown)));
    details.extend(listed("parameters removed", removed.map(shown)));
    for after in &new.parameters {
        let Some(before) = old.parameters.iter().find(|before| is(before, after)) else {
            continue;
        };
        if !same.is(&before.ty, &after.ty) {
            details.push(format!("parameter `{}`: {}", after.wire, was(&after.ty, &before.ty)));
        }
        let required = flipped(before.required, after.required, "required now", "optional now");
        details.extend(required.map(|what| format!("parameter `{}`: {what}", after.wire)));
    }
    details.extend(body(old.body.as_ref(), new.body.as_ref(), same));
    let answers = match (&old.response, &new.response) {
        (ResponseBody::Json(before), ResponseBody::Json(after)) => same.is(before, after),
        (ResponseBody::Bytes(before), ResponseBody::Bytes(after)) => before == after,
        _ => false,
    };
    if !answers {
        let shown = |answer: &ResponseBody| match answer {
            ResponseBody::Json(ty) => text(ty),
            ResponseBody::Bytes(media) => format!("bytes of `{media}`"),
        };
        details.push(format!(
            "response: {}, was {}",
            shown(&new.response),
            shown(&old.response)
        ));
    }
    if paging(old) != paging(new) {
        let shown = |operation| paging(operation).unwrap_or("none");
        details.push(format!("pages: {}, was {}", shown(new), shown(old)));
    }
    details.extend(flipped(
        old.reads_only,
        new.reads_only,
        "only reads now",
        "makes changes now",
    ));
    details.extend(flipped(
        old.idempotent.is_some(),
        new.idempotent.is_some(),
        "is safe to retry now",
        "is not safe to retry now",
    ));
    if old.removed != new.removed {
        let shown = |operation: &Operation| operation.removed.as_ref().map(Removal::note);
        details.push(shown(new).unwrap_or_else(|| "its removal is no longer announced".to_owned()));
    }
    details
}

/// Returns the names of the parameters in a path, in order.
fn in_path(operation: &Operation) -> impl Iterator<Item = &str> {
    let names = operation.path.split('/').filter(|segment| segment.starts_with('{'));
    names.map(|name| name.trim_matches(['{', '}']))
}

/// Returns the renamed path parameters. Often many are renamed at once.
fn path_parameters(matched: &Matched<'_>) -> Vec<(String, Vec<String>)> {
    let mut renamed: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (before, after) in matched {
        for (was, is) in in_path(before).zip(in_path(after)).filter(|(was, is)| was != is) {
            renamed.entry((is, was)).or_default().push(format!("`{}`", after.ident));
        }
    }
    let renamed = renamed.into_iter();
    renamed
        .map(|((is, was), methods)| (format!("`{is}`, was `{was}`"), methods))
        .collect()
}

/// Returns the differences of the request body of an operation.
fn body(old: Option<&Body>, new: Option<&Body>, same: &Same<'_>) -> Vec<String> {
    let shown = |body: &Body| match (&body.json, &body.media) {
        (Some(ty), None) => text(ty),
        (Some(ty), Some(media)) => format!("{} as `{media}`", text(ty)),
        (None, media) => format!("bytes of `{}`", media.as_deref().unwrap_or("application/octet-stream")),
    };
    match (old, new) {
        (None, None) => Vec::new(),
        (None, Some(body)) => vec![format!("body added: {}", shown(body))],
        (Some(body), None) => vec![format!("body removed: {}", shown(body))],
        (Some(old), Some(new)) => {
            let alike = match (&old.json, &new.json) {
                (Some(before), Some(after)) => same.is(before, after),
                (before, after) => before == after,
            };
            let changed = !alike || old.media != new.media;
            let changed = changed.then(|| format!("body: {}, was {}", shown(new), shown(old)));
            let required = flipped(old.required, new.required, "body: required now", "body: optional now");
            changed.into_iter().chain(required).collect()
        }
    }
}

/// Returns a line that lists the entries, if there are any.
fn listed(what: &str, entries: impl Iterator<Item = String>) -> Option<String> {
    let entries: Vec<String> = entries.collect();
    (!entries.is_empty()).then(|| format!("{what}: {}", entries.join(", ")))
}

/// Formats a type.
fn text(ty: &Ty) -> String {
    match ty {
        Ty::Known(path) => match path.as_str() {
            "i64" => "integer".to_owned(),
            "f64" => "number".to_owned(),
            "bool" => "boolean".to_owned(),
            "()" => "nothing".to_owned(),
            "::std::string::String" => "text".to_owned(),
            "::serde_json::Value" => "any JSON".to_owned(),
            path => format!("`{}`", path.trim_start_matches("crate::")),
        },
        Ty::Named(name) => format!("`{name}`"),
        Ty::List(inner) => format!("list of {}", text(inner)),
        Ty::Map(inner) => format!("map of {}", text(inner)),
        Ty::Boxed(inner) => text(inner),
        Ty::Nullable(inner) => format!("{} or null", text(inner)),
    }
}

/// Formats a changed type. A type of the description can have the same name as a type of the crate.
fn was(is: &Ty, was: &Ty) -> String {
    match (text(is), text(was)) {
        (is, was) if is != was => format!("{is}, was {was}"),
        (name, _) if is.innermost().is_some() => format!("{name} of the description, was the type of the crate"),
        (name, _) => format!("{name} of the crate, was the type of the description"),
    }
}

/// A type that is generated from a component.
#[derive(Clone, Copy)]
enum Made<'a> {
    Object(&'a Struct),
    Enum(&'a Enum),
    Union(&'a Union),
    Newtype(&'a Newtype),
}

impl Made<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Object(_) => "object",
            Self::Enum(_) => "enum",
            Self::Union(_) => "union",
            Self::Newtype(_) => "list or map",
        }
    }

    /// Returns the names of its properties, values or types.
    fn parts(self) -> Vec<String> {
        match self {
            Self::Object(made) => made.fields.iter().map(|field| format!("`{}`", field.wire)).collect(),
            Self::Enum(made) => made.variants.iter().map(|(_, value)| format!("`{value}`")).collect(),
            Self::Union(made) => made.variants.iter().map(|(_, ty)| text(ty)).collect(),
            Self::Newtype(made) => vec![text(&made.inner)],
        }
    }
}

fn find<'a>(types: &'a Types, name: &str) -> Option<Made<'a>> {
    let object = types.structs.get(name).map(Made::Object);
    object
        .or_else(|| types.enums.get(name).map(Made::Enum))
        .or_else(|| types.unions.get(name).map(Made::Union))
        .or_else(|| types.newtypes.get(name).map(Made::Newtype))
}

/// Returns the names of all types in order.
pub(crate) fn names(types: &Types) -> impl Iterator<Item = &String> {
    let names: BTreeSet<&String> = (types.structs.keys())
        .chain(types.enums.keys())
        .chain(types.unions.keys())
        .chain(types.newtypes.keys())
        .collect();
    names.into_iter()
}

/// Returns the differences of a type.
fn ty(old: Made<'_>, new: Made<'_>, same: &Same<'_>) -> Vec<String> {
    match (old, new) {
        (Made::Object(old), Made::Object(new)) => object(old, new, same),
        (Made::Enum(_), Made::Enum(_)) => more_and_less("values", &old.parts(), &new.parts()),
        (Made::Union(old), Made::Union(new)) => {
            let only = |one: &Union, other: &Union, is: &dyn Fn(&Ty, &Ty) -> bool| -> Vec<String> {
                let forms = one.variants.iter();
                let forms = forms.filter(|(_, ty)| !other.variants.iter().any(|(_, known)| is(ty, known)));
                forms.map(|(_, ty)| text(ty)).collect()
            };
            let added = only(new, old, &|after, before| same.is(before, after));
            let removed = only(old, new, &|before, after| same.is(before, after));
            let lines = [
                listed("forms added", added.into_iter()),
                listed("forms removed", removed.into_iter()),
            ];
            lines.into_iter().flatten().collect()
        }
        (Made::Newtype(old), Made::Newtype(new)) => {
            let changed = !same.is(&old.inner, &new.inner);
            let changed = changed.then(|| was(&new.inner, &old.inner));
            changed.into_iter().collect()
        }
        (old, new) => vec![format!("kind: {}, was {}", new.kind(), old.kind())],
    }
}

/// Returns the differences of an object.
fn object(old: &Struct, new: &Struct, same: &Same<'_>) -> Vec<String> {
    let mut details = Vec::new();
    details.extend(flipped(
        old.has_builder(),
        new.has_builder(),
        "is in requests now",
        "is not in requests any more",
    ));
    let shown = |field: &Field| {
        let required = if field.required { ", required" } else { "" };
        format!("`{}` ({}{required})", field.wire, text(value(&field.ty)))
    };
    let added = new.fields.iter().filter(|field| old.field(&field.wire).is_none());
    let removed = old.fields.iter().filter(|field| new.field(&field.wire).is_none());
    details.extend(listed("added", added.map(shown)));
    details.extend(listed("removed", removed.map(shown)));
    // Requirements and null matter only in requests, so they are compared only if both objects are sent.
    let both_sent = old.in_requests && new.in_requests;
    for after in &new.fields {
        let Some(before) = old.field(&after.wire) else { continue };
        let null = |ty: &Ty| matches!(ty, Ty::Nullable(_));
        let name = &after.wire;
        if !same.is(value(&before.ty), value(&after.ty)) {
            details.push(format!("`{name}`: {}", was(value(&after.ty), value(&before.ty))));
        }
        if both_sent {
            let (was, is) = (null(&before.ty), null(&after.ty));
            let cleared = flipped(was, is, "can be set to null now", "cannot be set to null any more");
            let required = flipped(before.required, after.required, "required now", "optional now");
            let said = cleared.into_iter().chain(required);
            details.extend(said.map(|what| format!("`{name}`: {what}")));
        }
    }
    let forms = |made: &Struct| -> Vec<String> {
        made.constructors
            .iter()
            .map(|form| format!("`{}`", form.ident))
            .collect()
    };
    details.extend(more_and_less("constructors", &forms(old), &forms(new)));
    details
}

/// Returns the type without the null of requests.
fn value(ty: &Ty) -> &Ty {
    match ty {
        Ty::Nullable(inner) => inner,
        ty => ty,
    }
}

/// Pairs of corresponding types of two clients.
struct Same<'a> {
    old: &'a Types,
    new: &'a Types,
    /// The newer name by the older name.
    names: BTreeMap<String, String>,
    /// Newer names that have an older type.
    given: BTreeSet<String>,
    /// Pairs whose parts have not been matched yet.
    open: Vec<(String, String)>,
}

impl<'a> Same<'a> {
    /// Finds the pairs.
    fn of(old: &'a Types, new: &'a Types, operations: &Matched<'_>) -> Self {
        let mut same = Self {
            old,
            new,
            names: BTreeMap::new(),
            given: BTreeSet::new(),
            open: Vec::new(),
        };
        for name in names(old).filter(|name| find(new, name).is_some()) {
            same.put(name, name);
        }
        for (before, after) in operations {
            let json = |operation: &'_ Operation| operation.body.as_ref().and_then(|body| body.json.clone());
            if let (Some(before), Some(after)) = (json(before), json(after)) {
                same.meet(&before, &after);
            }
            if let (ResponseBody::Json(before), ResponseBody::Json(after)) = (&before.response, &after.response) {
                same.meet(before, after);
            }
            for parameter in &before.parameters {
                let other = after.parameters.iter().find(|other| other.wire == parameter.wire);
                other.into_iter().for_each(|other| same.meet(&parameter.ty, &other.ty));
            }
        }
        while let Some((before, after)) = same.open.pop() {
            same.look_into(&before, &after);
        }
        same
    }

    fn put(&mut self, before: &str, after: &str) {
        self.names.insert(before.to_owned(), after.to_owned());
        self.given.insert(after.to_owned());
        self.open.push((before.to_owned(), after.to_owned()));
    }

    /// Matches two types at the same position.
    fn meet(&mut self, before: &Ty, after: &Ty) {
        match (bare(before), bare(after)) {
            (Ty::List(before), Ty::List(after)) | (Ty::Map(before), Ty::Map(after)) => self.meet(before, after),
            (Ty::Named(before), Ty::Named(after)) => {
                let kind = |types, name| find(types, name).map(Made::kind);
                let free = !self.names.contains_key(before) && !self.given.contains(after);
                if free && kind(self.old, before) == kind(self.new, after) {
                    self.put(before, after);
                }
            }
            _ => {}
        }
    }

    /// Matches the parts of a pair.
    fn look_into(&mut self, before: &str, after: &str) {
        match (find(self.old, before), find(self.new, after)) {
            (Some(Made::Object(before)), Some(Made::Object(after))) => {
                for field in &before.fields {
                    let other = after.field(&field.wire);
                    other.into_iter().for_each(|other| self.meet(&field.ty, &other.ty));
                }
            }
            (Some(Made::Union(before)), Some(Made::Union(after))) => {
                for ((_, before), (_, after)) in before.variants.iter().zip(&after.variants) {
                    self.meet(before, after);
                }
            }
            (Some(Made::Newtype(before)), Some(Made::Newtype(after))) => self.meet(&before.inner, &after.inner),
            _ => {}
        }
    }

    /// Returns `true` if a newer type is equal to an older one.
    fn is(&self, before: &Ty, after: &Ty) -> bool {
        match (before, after) {
            (Ty::Boxed(before), after) => self.is(before, after),
            (before, Ty::Boxed(after)) => self.is(before, after),
            (Ty::Named(before), Ty::Named(after)) => self.names.get(before) == Some(after),
            (Ty::List(before), Ty::List(after))
            | (Ty::Map(before), Ty::Map(after))
            | (Ty::Nullable(before), Ty::Nullable(after)) => self.is(before, after),
            (before, after) => before == after,
        }
    }
}

/// Returns the type without `Box` and null.
fn bare(ty: &Ty) -> &Ty {
    match ty {
        Ty::Boxed(inner) | Ty::Nullable(inner) => bare(inner),
        ty => ty,
    }
}
