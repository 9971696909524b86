//! Writes what walks a list: the methods of its builder, and how its pages are read.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::paging::{self, Item, Page, Paging, Retrieval, Shape};
use super::super::model::ty::Scope;
use super::super::model::{Model, Struct};
use super::docs;

/// The variant of `crate::call::operation::Paging`.
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

/// What a builder of a list operation has besides `send()`.
pub fn methods(paging: Paging, response: &TokenStream) -> TokenStream {
    if paging.shape == Shape::Unpaged {
        return quote! {
            /// The items of the list as a stream. The list is one answer, fetched when the first item is asked for.
            #[inline]
            pub fn stream(self) -> crate::paging::Items<#response> {
                crate::paging::Items::new(self.pages())
            }
            /// The list, which is one answer, as a stream of that answer.
            #[inline]
            pub fn pages(self) -> crate::paging::Pages<#response> {
                let client = self.client.clone();
                crate::paging::Pages::new(&client, self.call(), None)
            }
        };
    }
    quote! {
        /// Begins with the page that `cursor` stands for, instead of the first: see
        /// [`Cursor`](crate::paging::Cursor). Goes before the parameter that says the same.
        #[inline]
        pub fn from_cursor(mut self, cursor: impl ::std::convert::Into<crate::paging::Cursor>) -> Self {
            self.cursor = Some(cursor.into());
            self
        }
        /// The items of all pages as a stream, each page fetched when the items before it are used up.
        #[inline]
        pub fn stream(self) -> crate::paging::Items<#response> {
            crate::paging::Items::new(self.pages())
        }
        /// All pages as a stream of whole answers, each fetched when it is asked for.
        #[inline]
        pub fn pages(self) -> crate::paging::Pages<#response> {
            let (client, cursor) = (self.client.clone(), self.cursor.clone());
            crate::paging::Pages::new(&client, self.call(), cursor)
        }
    }
}

/// What the builder of a list has besides whose items tell when they last changed.
pub fn changes(response: &TokenStream) -> TokenStream {
    quote! {
        /// The items that changed at `moment` or later as a stream, which tells with what moment to begin next time. The
        /// operation has no filter for it: the whole list is walked. See [`Changes`](crate::paging::Changes).
        #[inline]
        pub fn changed_since(
            self,
            moment: impl ::std::convert::Into<crate::Timestamp>,
        ) -> crate::paging::Changes<#response> {
            self.stream().changed_since(moment)
        }
    }
}

/// Makes pages of the types that list operations answer with, and items of what they hold: for the module `types`.
pub fn pages(model: &Model) -> TokenStream {
    let pages = model.pages.iter().map(|(name, page)| write_page(name, page));
    let items: BTreeMap<String, Item> = model
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

/// What a list inside of a record has that counts more entries than the server sends.
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
            /// Returns `true` if the list holds fewer entries than it counts: the server leaves entries out, for example all but the
            /// 500 newest parts of a conversation.
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
        format!("By {}.", docs::method_link(&retrieval.method)),
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

fn write_item(item: &Item) -> TokenStream {
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

fn write_page(name: &str, page: &Page) -> TokenStream {
    let (name, item, data) = (
        format_ident!("{name}"),
        page.item.rust(Scope::Types),
        format_ident!("{}", page.items),
    );
    let list = &page.list;
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
