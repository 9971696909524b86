//! Writes the list methods of builders, and the traits that read pages and items.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::paging::{self, ItemType, PageType, Paging, Retrieval, Shape};
use super::super::model::ty::Scope;
use super::super::model::{Model, Struct};
use super::docs;

/// Returns the variant of `crate::call::operation::Paging`.
pub fn variant(paging: Paging) -> TokenStream {
    let variant = match (paging.shape, paging.in_body) {
        (Shape::Cursor, true) => quote! { CursorInBody },
        (Shape::Cursor, false) => quote! { Cursor },
        (Shape::Page, _) => quote! { Page },
        (Shape::Scroll, _) => quote! { Scroll },
        (Shape::Events, _) => quote! { Events },
        (Shape::Unpaged, _) => quote! { Unpaged },
    };
    quote! { crate::call::operation::Paging::#variant }
}

/// Writes the methods that only the builder of a list has.
pub fn methods(paging: Paging, response: &TokenStream) -> TokenStream {
    if paging.shape == Shape::Unpaged {
        return quote! {
            /// Returns a stream of the items. The list is one response, which is fetched when the
            /// stream is first polled.
            #[inline]
            pub fn stream(self) -> crate::paging::Items<#response> {
                crate::paging::Items::new(self.pages())
            }
            /// Returns a stream of the only page.
            #[inline]
            pub fn pages(self) -> crate::paging::Pages<#response> {
                let client = self.client.clone();
                crate::paging::Pages::new(&client, self.call(), None)
            }
        };
    }
    quote! {
        /// Starts at the page of `cursor` instead of the first one: see
        /// [`Cursor`](crate::paging::Cursor). Takes precedence over the page or `starting_after`
        /// parameter.
        #[inline]
        pub fn from_cursor(mut self, cursor: impl ::std::convert::Into<crate::paging::Cursor>) -> Self {
            self.cursor = Some(cursor.into());
            self
        }
        /// Returns a stream of the items of all pages. A page is fetched when all items of the
        /// previous page were returned.
        #[inline]
        pub fn stream(self) -> crate::paging::Items<#response> {
            crate::paging::Items::new(self.pages())
        }
        /// Returns a stream of all pages. A page is fetched when the stream is polled.
        #[inline]
        pub fn pages(self) -> crate::paging::Pages<#response> {
            let (client, cursor) = (self.client.clone(), self.cursor.clone());
            crate::paging::Pages::new(&client, self.call(), cursor)
        }
    }
}

/// Writes the methods that only the builder of a list has whose items contain `updated_at`.
pub fn changes(response: &TokenStream) -> TokenStream {
    quote! {
        /// Returns a stream of the items that changed at `since` or later. The stream returns the
        /// time to pass on the next run. The server cannot filter this list by time, so all pages
        /// are fetched: see [`Changes`](crate::paging::Changes).
        #[inline]
        pub fn changed_since(
            self,
            since: impl ::std::convert::Into<crate::Timestamp>,
        ) -> crate::paging::Changes<#response> {
            self.stream().changed_since(since)
        }
    }
}

/// Writes the implementations of the paging traits for the types that list operations return, and
/// for their items.
pub fn pages(model: &Model) -> TokenStream {
    let pages = model.pages.iter().map(|(name, page)| write_page(name, page));
    let items: BTreeMap<String, ItemType> = model
        .pages
        .values()
        .filter_map(|page| paging::item(page, &model.types))
        .map(|item| (item.name.clone(), item))
        .collect();
    let retrievals = paging::retrievals(model);
    let retrievals = retrievals
        .iter()
        .map(|(item, retrieval)| write_retrieval(item, retrieval));
    let embedded = model.types.structs.values();
    let embedded = embedded.filter(|made| !model.pages.contains_key(&made.name));
    let embedded = embedded.filter_map(|made| write_embedded(made, model));
    let pages = pages.chain(items.values().map(write_item)).chain(retrievals);
    pages.chain(embedded).collect()
}

/// Writes the method that detects truncation, for a list inside a record that has `total_count`.
fn write_embedded(made: &Struct, model: &Model) -> Option<TokenStream> {
    let list = made.field(paging::unpaged(made, &model.types)?)?;
    let count = made.field("total_count").filter(|field| field.ty.is("i64"))?;
    let (name, list, count) = (
        format_ident!("{}", made.name),
        format_ident!("{}", list.ident),
        format_ident!("{}", count.ident),
    );
    Some(quote! {
        impl #name {
            /// Returns `true` if `total_count` exceeds the number of entries. The server truncates
            /// long lists, for example to the 500 newest parts of a conversation.
            pub fn is_truncated(&self) -> bool {
                let count = self.#count.and_then(|count| usize::try_from(count).ok());
                count.is_some_and(|count| count > self.#list.len())
            }
        }
    })
}

fn write_retrieval(item: &str, retrieval: &Retrieval) -> TokenStream {
    let (item, method, id) = (
        format_ident!("{item}"),
        format_ident!("{}", retrieval.method),
        format_ident!("{}", retrieval.id),
    );
    let (full, doc) = (
        retrieval.full.rust(Scope::Types),
        format!("Calls {}.", docs::method_link(&retrieval.method)),
    );
    quote! {
        #[doc = #doc]
        impl crate::paging::Retrievable for #item {
            type Full = #full;
            fn retrieve(client: &crate::Client, id: &str) -> crate::paging::RetrieveFuture<#full> {
                ::std::boxed::Box::pin(client.#method().#id(id).send())
            }
        }
    }
}

fn write_item(item: &ItemType) -> TokenStream {
    let (name, id) = (format_ident!("{}", item.name), format_ident!("{}", item.id));
    let dates = item.created_at.iter().chain(&item.updated_at);
    let dates: Vec<_> = dates.map(|ident| format_ident!("{ident}")).collect();
    let existed = (!dates.is_empty()).then(|| {
        quote! {
            fn existed_at(&self) -> ::std::option::Option<crate::Timestamp> {
                None #(.or(self.#dates))*
            }
        }
    });
    let dated = item.updated_at.as_ref().map(|ident| {
        let ident = format_ident!("{ident}");
        quote! {
            impl crate::paging::Dated for #name {
                fn last_changed(&self) -> ::std::option::Option<crate::Timestamp> {
                    self.#ident
                }
            }
        }
    });
    quote! {
        impl crate::paging::Identified for #name {
            fn identity(&self) -> ::std::option::Option<::std::borrow::Cow<'_, str>> {
                self.#id.as_ref().map(crate::paging::IdField::text)
            }
            #existed
        }
        #dated
    }
}

fn write_page(name: &str, page: &PageType) -> TokenStream {
    let (name, item, data) = (
        format_ident!("{name}"),
        page.item.rust(Scope::Types),
        format_ident!("{}", page.items),
    );
    let list = &page.items_property;
    let total_count = match &page.total_count {
        Some(ident) => {
            let ident = format_ident!("{ident}");
            quote! { self.#ident }
        }
        None => quote! { None },
    };
    let in_pages = |ident: &Option<String>, take: TokenStream| match (&page.pages, ident) {
        (Some(pages), Some(ident)) => {
            let (pages, ident) = (format_ident!("{pages}"), format_ident!("{ident}"));
            quote! { self.#pages.as_ref().and_then(|pages| pages.#ident #take) }
        }
        _ => quote! { None },
    };
    let next = in_pages(&page.next, quote! { .as_ref() });
    let position = match page.shape {
        Shape::Unpaged => quote! { Unpaged },
        Shape::Cursor => quote! { Cursor(#next) },
        Shape::Events => quote! { Events { next: #next, empty: self.#data.is_empty() } },
        Shape::Page => {
            let number = in_pages(&page.page, TokenStream::new());
            let total = in_pages(&page.total_pages, TokenStream::new());
            quote! { Page { page: #number, total_pages: #total, next: #next, empty: self.#data.is_empty() } }
        }
        Shape::Scroll => {
            let cursor = page.scroll_param.as_ref().map(|ident| {
                let ident = format_ident!("{ident}");
                quote! { self.#ident.as_deref() }
            });
            quote! { Scroll { scroll_param: #cursor, empty: self.#data.is_empty() } }
        }
    };
    quote! {
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
        }

        impl crate::paging::sealed::Paged for #name {
            fn list_name(&self) -> ::std::option::Option<&'static str> {
                Some(#list)
            }
            fn position(&self) -> crate::paging::Position<'_> {
                crate::paging::Position::#position
            }
        }
    }
}
