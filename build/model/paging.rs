//! Paging: the overlay says by `x-paging` how an operation's list goes on; here it is held against the answer's type.
//!
//! `x-paging: {shape: cursor|page|scroll|events, items: <property that holds the items>, in: body}` stands on the
//! operation; `in: body` only where the cursor goes into the request body. A list that is one answer has no mark: its
//! answer's type tells, see [`unpaged`]. The walking itself is `src/paging/`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ty::Ty;
use super::{Answer, Model, Operation, Struct, Types};

/// How the list of one operation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An opaque cursor.
    Cursor,
    /// Numbered pages.
    Page,
    /// A cursor that the server moves.
    Scroll,
    /// The query of the next page.
    Events,
    /// The whole list is one answer.
    Unpaged,
}

/// How the list of one operation goes on, and where the request says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What leads to the next page.
    pub shape: Shape,
    /// Whether the cursor stands in the request body.
    pub in_body: bool,
}

/// How a page is read: the fields that say what it holds and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The shape of the list.
    pub shape: Shape,
    /// The type of one item.
    pub item: Ty,
    /// The field of the items.
    pub items: String,
    /// What the answer calls that field.
    pub list: String,
    /// The field that counts the items of all pages.
    pub total_count: Option<String>,
    /// The field that holds the fields below.
    pub pages: Option<String>,
    /// Within `pages`: what leads to the next page.
    pub next: Option<String>,
    /// Within `pages`: the number of this page.
    pub page: Option<String>,
    /// Within `pages`: the number of pages.
    pub total_pages: Option<String>,
    /// The field with the cursor of a scroll.
    pub scroll_param: Option<String>,
}

/// What an item of a list tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The name of its type.
    pub name: String,
    /// The field of its id.
    pub id: String,
    /// The field that tells when it was created.
    pub created_at: Option<String>,
    /// The field that tells when it last changed.
    pub updated_at: Option<String>,
}

/// What the items of a page tell of themselves, when they have an `id`.
pub fn item(page: &Page, types: &Types) -> Option<Item> {
    let Ty::Named(name) = &page.item else { return None };
    let made = types.structs.get(name)?;
    let of = |wire: &str, known: &[&str]| {
        let field = made.field(wire)?;
        known.iter().any(|ty| field.ty.is(ty)).then(|| field.ident.clone())
    };
    Some(Item {
        name: name.clone(),
        id: of("id", &["::std::string::String", "i64", "crate::Id"])?,
        created_at: of("created_at", &["crate::Timestamp"]),
        updated_at: of("updated_at", &["crate::Timestamp"]),
    })
}

/// The items of a page.
pub fn page_item<'a>(ty: &Ty, model: &'a Model) -> Option<&'a Ty> {
    let over = model.mixed.iter().find(|mixed| ty.is(mixed.rust));
    let name = over.and_then(|mixed| mixed.over.last().map(String::as_str));
    Some(&model.pages.get(name.or(ty.name())?)?.item)
}

/// The operation that shows an item of a list in full, by the item's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieval {
    /// The method's name.
    pub method: String,
    /// The setter of the id.
    pub id: String,
    /// What it answers with.
    pub full: Ty,
}

/// How the items of lists are retrieved in full, by the name of their type: at the path of the list and the id, or else by
/// what gets one of that type.
pub fn retrievals(model: &Model) -> BTreeMap<String, Retrieval> {
    let items = model
        .pages
        .iter()
        .filter_map(|(page, read)| Some((page.as_str(), item(read, &model.types)?.name)));
    let items: BTreeMap<&str, String> = items.collect();
    let shows = |operation: &Operation, at: &str| {
        let parameters = || operation.parameters.iter();
        let id = parameters().find(|parameter| parameter.in_path)?;
        let alone = !parameters().any(|other| other.required && other.ident != id.ident);
        let takes = ["::std::string::String", "crate::Id"].iter().any(|ty| id.ty.is(ty));
        let Answer::Json(full) = &operation.answer else {
            return None;
        };
        let gets = operation.method == "GET" && model.types.named(full).is_some();
        let behind = operation.path.strip_prefix(at)?.strip_prefix('/')?;
        (alone && takes && gets && behind == format!("{{{}}}", id.wire)).then(|| Retrieval {
            method: operation.ident.clone(),
            id: id.ident.clone(),
            full: full.clone(),
        })
    };
    let mut found = BTreeMap::new();
    for list in model.operations.iter().filter(|operation| operation.paging.is_some()) {
        let Answer::Json(answer) = &list.answer else { continue };
        let Some(item) = answer.name().and_then(|name| items.get(name)) else {
            continue;
        };
        if let Some(retrieval) = model
            .operations
            .iter()
            .find_map(|operation| shows(operation, &list.path))
        {
            found.entry(item.clone()).or_insert(retrieval);
        }
    }
    for operation in &model.operations {
        let Answer::Json(Ty::Named(name)) = &operation.answer else {
            continue;
        };
        let parent = operation.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if let Some(retrieval) = shows(operation, parent).filter(|_| items.values().any(|item| item == name)) {
            found.entry(name.clone()).or_insert(retrieval);
        }
    }
    found
}

/// The paging facts of an operation, when it has some.
pub fn facts(operation: &Value, has_body: bool) -> Result<Option<(Paging, String)>, String> {
    let facts = &operation["x-paging"];
    if facts.is_null() {
        return Ok(None);
    }
    let shape = match facts["shape"].as_str().unwrap_or_default() {
        "cursor" => Shape::Cursor,
        "page" => Shape::Page,
        "scroll" => Shape::Scroll,
        "events" => Shape::Events,
        other => return Err(format!("{other:?} is no shape; cursor, page, scroll and events are")),
    };
    let in_body = facts["in"] == "body";
    if in_body && (!has_body || shape != Shape::Cursor) {
        return Err("only a cursor can stand in a body, and only where there is one".to_owned());
    }
    let items = facts["items"].as_str().unwrap_or("data").to_owned();
    Ok(Some((Paging { shape, in_body }, items)))
}

/// The property that holds the items of a list that is one answer: the only list in it, of objects, with nothing beside it
/// that leads to more of them or makes the answer an object of its own.
pub fn unpaged<'a>(answer: &'a Struct, types: &Types) -> Option<&'a str> {
    if answer.in_requests {
        return None;
    }
    let is_object = |ty: &Ty| match ty {
        Ty::Named(name) => types.structs.contains_key(name) || types.unions.contains_key(name),
        _ => false,
    };
    let mut items = None;
    for field in &answer.fields {
        match (field.wire.as_str(), &field.ty) {
            (wire, Ty::List(item)) if items.is_none() && is_object(item) => items = Some(wire),
            ("type" | "total_count", _) => {}
            // An empty object, or one without anything that this crate would follow.
            ("pages", ty) if types.named(ty).is_none_or(|pages| pages.fields.is_empty()) => {}
            _ => return None,
        }
    }
    items
}

/// How the struct `page` is read as one, with its items in the property `items`.
pub fn read(page: &Struct, shape: Shape, items: &str, types: &Types) -> Result<Page, String> {
    let name = &page.name;
    let data = page.field(items).filter(|_| !page.in_requests);
    let (data, item) = data
        .and_then(|field| match &field.ty {
            Ty::List(item) => Some((field.ident.clone(), item.as_ref().clone())),
            _ => None,
        })
        .ok_or_else(|| format!("{name} has no list `{items}`"))?;
    let of = |made: Option<&Struct>, wire: &str, ty: &str| {
        let field = made.and_then(|made| made.field(wire));
        field.filter(|field| field.ty.is(ty)).map(|field| field.ident.clone())
    };
    let pages = page.field("pages").filter(|field| matches!(field.ty, Ty::Named(_)));
    let inner = pages.and_then(|field| types.named(&field.ty));
    let read = Page {
        shape,
        item,
        items: data,
        list: items.to_owned(),
        total_count: of(Some(page), "total_count", "i64"),
        pages: pages.filter(|_| inner.is_some()).map(|field| field.ident.clone()),
        next: of(inner, "next", "crate::NextPage"),
        page: of(inner, "page", "i64"),
        total_pages: of(inner, "total_pages", "i64"),
        scroll_param: of(Some(page), "scroll_param", "::std::string::String"),
    };
    match shape {
        Shape::Scroll if read.scroll_param.is_none() => Err(format!("{name} has no text `scroll_param`")),
        Shape::Scroll | Shape::Unpaged => Ok(read),
        _ if read.next.is_none() => Err(format!("{name} has no `pages.next` of the format `next-page`")),
        _ => Ok(read),
    }
}
