//! Checks the paging marks of the overlay against the types of responses.
//!
//! An operation has `x-paging: {shape: cursor|page|scroll|events, items: <property with the items>,
//! in: body}`; `in: body` means that the cursor is part of the request body. A list without pages
//! has no mark, and is recognized by its type: see [`unpaged`]. `src/paging/` reads the pages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ty::Ty;
use super::{Model, Operation, ResponseBody, Struct, Types};

/// How the pages of a list follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An opaque cursor.
    Cursor,
    /// Numbered pages.
    Page,
    /// A scroll, whose cursor the server advances.
    Scroll,
    /// The URL of the next page.
    Events,
    /// No pages: one response contains the complete list.
    Unpaged,
}

/// How an operation reads the pages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// How the pages follow each other.
    pub shape: Shape,
    /// Whether the cursor is part of the request body.
    pub in_body: bool,
}

/// The fields of a page that are needed to read a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageType {
    /// How the pages follow each other.
    pub shape: Shape,
    /// The type of one item.
    pub item: Ty,
    /// The field of the items.
    pub items: String,
    /// The property of the items.
    pub items_property: String,
    /// The field with the number of items of all pages.
    pub total_count: Option<String>,
    /// The field that contains the following ones.
    pub pages: Option<String>,
    /// In `pages`: the reference to the next page.
    pub next: Option<String>,
    /// In `pages`: the number of this page.
    pub page: Option<String>,
    /// In `pages`: the number of pages.
    pub total_pages: Option<String>,
    /// The field with the cursor of a scroll.
    pub scroll_param: Option<String>,
}

/// The type of listed items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemType {
    /// The name of its type.
    pub name: String,
    /// The field of the id.
    pub id: String,
    /// The field with the time of creation.
    pub created_at: Option<String>,
    /// The field with the time of the last change.
    pub updated_at: Option<String>,
}

/// Returns the type of the items of a page if they have an `id`.
pub fn item(page: &PageType, types: &Types) -> Option<ItemType> {
    let Ty::Named(name) = &page.item else { return None };
    let made = types.structs.get(name)?;
    let of = |wire: &str, known: &[&str]| {
        let field = made.field(wire)?;
        known.iter().any(|ty| field.ty.is(ty)).then(|| field.ident.clone())
    };
    Some(ItemType {
        name: name.clone(),
        id: of("id", &["::std::string::String", "i64", "crate::Id"])?,
        created_at: of("created_at", &["crate::Timestamp"]),
        updated_at: of("updated_at", &["crate::Timestamp"]),
    })
}

/// Returns the type of the items if `ty` is a page.
pub fn page_item<'a>(ty: &Ty, model: &'a Model) -> Option<&'a Ty> {
    let over = model.hand_written.iter().find(|written| ty.is(written.path));
    let name = over.and_then(|written| written.components.last().map(String::as_str));
    Some(&model.pages.get(name.or(ty.name())?)?.item)
}

/// An operation that retrieves an item in full, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieval {
    /// The method's name.
    pub method: String,
    /// The setter of the id.
    pub id: String,
    /// The type of the response.
    pub full: Ty,
}

/// Returns the operations that retrieve items in full, by the name of the item's type: the GET at
/// the path of the list followed by the id, or else a GET that returns the type.
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
        let ResponseBody::Json(full) = &operation.response else {
            return None;
        };
        let gets = operation.method == "GET" && model.types.struct_of(full).is_some();
        let behind = operation.path.strip_prefix(at)?.strip_prefix('/')?;
        (alone && takes && gets && behind == format!("{{{}}}", id.wire)).then(|| Retrieval {
            method: operation.ident.clone(),
            id: id.ident.clone(),
            full: full.clone(),
        })
    };
    let mut found = BTreeMap::new();
    for list in model.operations.iter().filter(|operation| operation.paging.is_some()) {
        let ResponseBody::Json(response) = &list.response else {
            continue;
        };
        let Some(item) = response.name().and_then(|name| items.get(name)) else {
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
        let ResponseBody::Json(Ty::Named(name)) = &operation.response else {
            continue;
        };
        let parent = operation.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if let Some(retrieval) = shows(operation, parent).filter(|_| items.values().any(|item| item == name)) {
            found.entry(name.clone()).or_insert(retrieval);
        }
    }
    found
}

/// Reads the mark `x-paging`. Returns how pages follow each other, and the property of the items.
pub fn mark(operation: &Value, has_body: bool) -> Result<Option<(Paging, String)>, String> {
    let mark = &operation["x-paging"];
    if mark.is_null() {
        return Ok(None);
    }
    let shape = match mark["shape"].as_str().unwrap_or_default() {
        "cursor" => Shape::Cursor,
        "page" => Shape::Page,
        "scroll" => Shape::Scroll,
        "events" => Shape::Events,
        other => {
            return Err(format!(
                "unknown shape {other:?}, expected cursor, page, scroll or events"
            ));
        }
    };
    let in_body = mark["in"] == "body";
    if in_body && (!has_body || shape != Shape::Cursor) {
        return Err("`in: body` needs the shape cursor and a request body".to_owned());
    }
    let items = mark["items"].as_str().unwrap_or("data").to_owned();
    Ok(Some((Paging { shape, in_body }, items)))
}

/// Returns the property of the items if the response is a list without pages: its only list, of
/// objects. A response with other properties than `type`, `total_count` and an empty `pages` is not
/// such a list.
pub fn unpaged<'a>(response: &'a Struct, types: &Types) -> Option<&'a str> {
    if response.in_requests {
        return None;
    }
    let is_object = |ty: &Ty| match ty {
        Ty::Named(name) => types.structs.contains_key(name) || types.unions.contains_key(name),
        _ => false,
    };
    let mut items = None;
    for field in &response.fields {
        match (field.wire.as_str(), &field.ty) {
            (wire, Ty::List(item)) if items.is_none() && is_object(item) => items = Some(wire),
            ("type" | "total_count", _) => {}
            // An empty object, or one without a reference to a next page.
            ("pages", ty) if types.struct_of(ty).is_none_or(|pages| pages.fields.is_empty()) => {}
            _ => return None,
        }
    }
    items
}

/// Reads the struct `page` as a page with items in the property `items`.
pub fn read(page: &Struct, shape: Shape, items: &str, types: &Types) -> Result<PageType, String> {
    let name = &page.name;
    let data = page.field(items).filter(|_| !page.in_requests);
    let (data, item) = data
        .and_then(|field| match &field.ty {
            Ty::List(item) => Some((field.ident.clone(), item.as_ref().clone())),
            _ => None,
        })
        .ok_or_else(|| format!("`{name}` has no list `{items}`"))?;
    let of = |made: Option<&Struct>, wire: &str, ty: &str| {
        let field = made.and_then(|made| made.field(wire));
        field.filter(|field| field.ty.is(ty)).map(|field| field.ident.clone())
    };
    let pages = page.field("pages").filter(|field| matches!(field.ty, Ty::Named(_)));
    let inner = pages.and_then(|field| types.struct_of(&field.ty));
    let read = PageType {
        shape,
        item,
        items: data,
        items_property: items.to_owned(),
        total_count: of(Some(page), "total_count", "i64"),
        pages: pages.filter(|_| inner.is_some()).map(|field| field.ident.clone()),
        next: of(inner, "next", "crate::NextPage"),
        page: of(inner, "page", "i64"),
        total_pages: of(inner, "total_pages", "i64"),
        scroll_param: of(Some(page), "scroll_param", "::std::string::String"),
    };
    match shape {
        Shape::Scroll if read.scroll_param.is_none() => Err(format!("`{name}` has no string `scroll_param`")),
        Shape::Scroll | Shape::Unpaged => Ok(read),
        _ if read.next.is_none() => Err(format!("`{name}` has no `pages.next` of the format `next-page`")),
        _ => Ok(read),
    }
}
