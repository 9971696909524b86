//! Paging: the overlay says by `x-paging` how an operation's list goes on, this writes what walks it.
//!
//! `x-paging: {shape: cursor|page|scroll|events, items: <property that holds the items>, in: body}` stands on the
//! operation; `in: body` only where the cursor goes into the request body. The walking itself is `src/paging/`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

use super::super::document::schema::pascal;
use super::super::failure::Failure;
use super::super::write::calls::Operation;
use super::super::write::types::{Struct, Types, argument, field_ident};

/// How the list of one operation goes on.
pub struct Paging {
    /// `cursor`, `page`, `scroll` or `events`.
    shape: String,
    /// Whether the cursor stands in the request body.
    in_body: bool,
}

/// The paging facts of an operation, when its list has pages.
pub fn paging(operation: &Operation) -> Option<Paging> {
    let facts = &operation.operation["x-paging"];
    Some(Paging {
        shape: facts["shape"].as_str()?.to_owned(),
        in_body: facts["in"] == "body",
    })
}

impl Paging {
    /// The variant of `crate::call::operation::Paging`.
    pub fn variant(&self) -> TokenStream {
        let place = if self.in_body { "InBody" } else { "" };
        let variant = format_ident!("{}{place}", pascal(&self.shape));
        quote! { crate::call::operation::Paging::#variant }
    }
}

/// What a builder of a list operation has besides `send()`.
pub fn methods(response: &Type) -> TokenStream {
    quote! {
        /// Begins with the page that `cursor` stands for, instead of the first: see
        /// [`Cursor`](crate::paging::Cursor). Goes before the parameter that says the same.
        pub fn from_cursor(mut self, cursor: impl ::std::convert::Into<crate::paging::Cursor>) -> Self {
            self.cursor = Some(cursor.into());
            self
        }
        /// The items of all pages as a stream, each page fetched when the items before it are used up.
        pub fn stream(self) -> crate::paging::Items<#response> {
            crate::paging::Items::new(self.pages())
        }
        /// All pages as a stream of whole answers, each fetched when it is asked for.
        pub fn pages(self) -> crate::paging::Pages<#response> {
            crate::paging::Pages::new(&self.client, self.call(), self.cursor)
        }
    }
}

/// Makes pages of the types that list operations answer with: items for the module `types`.
pub fn pages(operations: &[Operation], types: &Types) -> Result<TokenStream, Failure> {
    let mut written: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut tokens = TokenStream::new();
    for operation in operations {
        let Some(paging) = paging(operation) else { continue };
        let refuse = |what: String| {
            Failure::new(
                "paging",
                what,
                "correct `x-paging` or the response's schema in the overlay",
            )
            .at(format!(
                "/paths/{}",
                operation.path.replace('~', "~0").replace('/', "~1")
            ))
        };
        if paging.in_body && (operation.body.is_none() || paging.shape != "cursor") {
            return Err(refuse(
                "only a cursor can stand in a body, and only where there is one".to_owned(),
            ));
        }
        let Some(page) = named(&operation.response, types) else {
            if is_company_or_list(&operation.response) {
                tokens.extend(company_or_list());
            }
            continue;
        };
        let items = operation.operation["x-paging"]["items"].as_str().unwrap_or("data");
        let facts = (paging.shape.clone(), items.to_owned());
        match written.insert(page.ident.to_string(), facts.clone()) {
            None => tokens.extend(write_page(page, &paging.shape, items, types).map_err(refuse)?),
            Some(other) if other == facts => {}
            Some(other) => return Err(refuse(format!("{} is paged as {facts:?} and as {other:?}", page.ident))),
        }
    }
    Ok(tokens)
}

/// The struct that `ty` names.
fn named<'a>(ty: &Type, types: &'a Types) -> Option<&'a Struct> {
    let Type::Path(path) = ty else { return None };
    types.structs.get(&path.path.segments.last()?.ident.to_string())
}

fn is_company_or_list(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "CompanyOrList"))
}

/// One company stands for a list of one.
fn company_or_list() -> TokenStream {
    quote! {
        impl crate::paging::Page for crate::CompanyOrList {
            type Item = Company;
            fn items(&self) -> &[Company] {
                self.companies()
            }
            fn into_items(self) -> ::std::vec::Vec<Company> {
                self.into_companies()
            }
            fn total_count(&self) -> ::std::option::Option<i64> {
                match self {
                    Self::List(list) => list.total_count,
                    Self::Company(_) => Some(1),
                }
            }
            fn position(&self) -> crate::paging::Position<'_> {
                match self {
                    Self::List(list) => list.position(),
                    Self::Company(_) => crate::paging::Position::Page {
                        page: Some(1),
                        total_pages: Some(1),
                        next: None,
                        empty: false,
                    },
                }
            }
        }
    }
}

fn field<'a>(made: &'a Struct, wire: &str) -> Option<&'a Type> {
    made.fields
        .iter()
        .find(|field| field.wire == wire)
        .map(|field| &field.inner)
}

fn write_page(page: &Struct, shape: &str, items: &str, types: &Types) -> Result<TokenStream, String> {
    let name = &page.ident;
    let item = field(page, items)
        .and_then(|ty| argument(ty, "List"))
        .filter(|_| !page.in_requests)
        .ok_or_else(|| format!("{name} has no list `{items}`"))?;
    let data = field_ident(page, items);
    let get = |wire: &str| match field_ident(page, wire) {
        Some(ident) => quote! { self.#ident },
        None => quote! { None },
    };
    let total_count = get("total_count");
    let pages = field(page, "pages").and_then(|ty| named(ty, types));
    let in_pages = |wire: &str, take: TokenStream| match pages.and_then(|pages| field_ident(pages, wire)) {
        Some(ident) => quote! { self.pages.as_ref().and_then(|pages| pages.#ident #take) },
        None => quote! { None },
    };
    let next = in_pages("next", quote! { .as_ref() });
    let typed = pages.and_then(|pages| field(pages, "next")).is_some_and(
        |ty| matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "NextPage")),
    );
    if shape != "scroll" && !typed {
        return Err(format!("{name} has no `pages.next` of the format `next-page`"));
    }
    let position = match shape {
        "cursor" => quote! { Cursor(#next) },
        "events" => quote! { Events { next: #next, empty: self.#data.is_empty() } },
        "page" => {
            let (number, total) = (
                in_pages("page", TokenStream::new()),
                in_pages("total_pages", TokenStream::new()),
            );
            quote! { Page { page: #number, total_pages: #total, next: #next, empty: self.#data.is_empty() } }
        }
        "scroll" => {
            let ident = field_ident(page, "scroll_param").ok_or_else(|| format!("{name} has no `scroll_param`"))?;
            quote! { Scroll { scroll_param: self.#ident.as_deref(), empty: self.#data.is_empty() } }
        }
        other => return Err(format!("{other:?} is no shape; cursor, page, scroll and events are")),
    };
    Ok(quote! {
        impl crate::paging::Page for #name {
            type Item = #item;
            fn items(&self) -> &[#item] {
                &self.#data
            }
            fn into_items(self) -> ::std::vec::Vec<#item> {
                self.#data.into_vec()
            }
            fn total_count(&self) -> ::std::option::Option<i64> {
                #total_count
            }
            fn position(&self) -> crate::paging::Position<'_> {
                crate::paging::Position::#position
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{model::generate, write::calls as operations, write::types as tolerance};
    use super::*;
    use serde_json::{Value, json};

    /// A description of one list operation, with paging facts.
    fn document(paging: Value, pages: Value) -> Value {
        let list = json!({"type": "object", "properties": {
            "data": {"type": "array", "items": {"type": "object", "additionalProperties": true}},
            "total_count": {"type": "integer"},
            "scroll_param": {"type": "string"},
            "pages": pages,
        }});
        let next = json!({"type": "string", "format": "next-page"});
        json!({
            "openapi": "3.0.1",
            "info": {"title": "t", "version": "2.9"},
            "paths": {"/things": {"get": {
                "operationId": "listThings",
                "x-paging": paging,
                "responses": {"200": {"description": "ok", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/thing_list"},
                }}}},
            }}},
            "components": {"schemas": {
                "thing_list": list,
                "pages": {"type": "object", "properties": {
                    "next": next, "page": {"type": "integer"}, "total_pages": {"type": "integer"},
                }},
            }},
        })
    }

    fn written(paging: Value, schema: &str) -> Result<String, Failure> {
        let document = document(paging, json!({"$ref": format!("#/components/schemas/{schema}")}));
        let file = generate::generate(&document)?;
        let types = tolerance::tolerate(&file, &document)?;
        let tokens = pages(&operations::collect(&file, &document)?, &types)?;
        Ok(tokens.to_string().replace(' ', ""))
    }

    #[test]
    fn each_shape_says_where_it_stands() {
        for (shape, position) in [
            (
                "cursor",
                "Position::Cursor(self.pages.as_ref().and_then(|pages|pages.next.as_ref()))",
            ),
            (
                "page",
                "total_pages:self.pages.as_ref().and_then(|pages|pages.total_pages)",
            ),
            (
                "scroll",
                "Position::Scroll{scroll_param:self.scroll_param.as_deref(),empty:self.data.is_empty()}",
            ),
            ("events", "empty:self.data.is_empty()"),
        ] {
            let text = written(json!({"shape": shape, "items": "data"}), "pages").unwrap();
            assert!(text.contains("implcrate::paging::PageforThingList"), "{text}");
            assert!(text.contains(position), "{text}");
        }
    }

    #[test]
    fn facts_that_do_not_fit_are_refused() {
        for facts in [
            json!({"shape": "spiral", "items": "data"}),
            json!({"shape": "cursor", "items": "things"}),
            json!({"shape": "cursor", "items": "data", "in": "body"}),
        ] {
            let failure = written(facts, "pages").unwrap_err();
            assert_eq!(failure.at, "/paths/~1things");
        }
        assert!(
            written(Value::Null, "pages").unwrap().is_empty(),
            "no pages, nothing to write"
        );
    }
}
