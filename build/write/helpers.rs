//! Writes what joins the hand-written helpers to the description: searches, exports, upserts, types of several forms.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::Model;
use super::super::model::helpers::{Export, Search, Upsert};
use super::super::model::ty::Scope;

/// The types that are written by hand over types of the description.
pub fn mixed(model: &Model) -> TokenStream {
    let made = model.mixed.iter().map(|mixed| {
        let name = format_ident!("{}", mixed.macro_name);
        let over: Vec<_> = mixed.over.iter().map(|name| format_ident!("{name}")).collect();
        // A list that is walked makes the whole type one that is.
        let walked = model
            .pages
            .contains_key(mixed.over.last().map(String::as_str).unwrap_or_default());
        let paged = walked.then(|| quote! { paged });
        quote! {
            use super::types::{#(#over),*};
            crate::wire::#name::#name! { #(#over)* #paged }
        }
    });
    quote! { #(#made)* }
}

/// What searches add to builders and types, and the names of their fields.
pub fn searches(searches: &[Search]) -> TokenStream {
    let filters: BTreeSet<&str> = searches.iter().filter_map(|search| search.filter.name()).collect();
    let requests: BTreeSet<&str> = searches.iter().map(|search| search.request.as_str()).collect();
    let targets = filters.iter().map(|name| (name, quote! { filter }));
    let targets = targets.chain(requests.iter().map(|name| (name, quote! { request })));
    let targets = targets.map(|(name, how)| {
        let name = format_ident!("{name}");
        quote! { crate::search::queries! { super::types::#name, #how } }
    });
    let builders = searches.iter().map(|search| {
        let (builder, filter) = (format_ident!("{}", search.builder), search.filter.rust(Scope::Beside));
        let pagination = search.pagination.as_ref().map(|(field, ty)| {
            let (field, ty) = (format_ident!("{field}"), format_ident!("{ty}Builder"));
            quote! { #field: #ty }
        });
        let changes = search.changes.as_ref().map(|changes| {
            let page = changes.page.rust(Scope::Beside);
            let dates = format_ident!("{}", if changes.whole_days { "WholeDays" } else { "Exact" });
            quote! { changes: #page, #dates }
        });
        quote! { crate::search::builders! { #builder(#filter) #pagination #changes } }
    });
    let fields = searches
        .iter()
        .filter(|search| !search.fields.is_empty())
        .map(|search| {
            let doc = format!(
                "Names of fields that {} can be searched by, as Intercom documents them.",
                search.what
            );
            let module = format_ident!("{}", search.module);
            let constants = search.fields.iter().map(|(constant, name, doc)| {
                let constant = format_ident!("{constant}");
                quote! { #[doc = #doc] pub const #constant: &str = #name; }
            });
            quote! {
                #[doc = #doc]
                pub mod #module { #(#constants)* }
            }
        });
    quote! {
        /// The fields of each search.
        pub(crate) mod search_fields { #(#fields)* }
        /// What searches add to types and builders.
        mod searches {
            use super::{builder, types};
            #(#targets)*
            #(#builders)*
        }
    }
}

/// The operations and types of exports, under the names that the helper knows them by.
pub fn export(export: &Export) -> TokenStream {
    let (job, status) = (format_ident!("{}", export.job), format_ident!("{}", export.status));
    let named = export.operations.iter().filter(|(step, _)| **step != "cancel");
    let names = named.map(|(step, call)| {
        let (constant, name) = (
            format_ident!("{}", call.method.to_uppercase()),
            format_ident!("{}", step.to_uppercase()),
        );
        quote! { pub(crate) use super::operation::#constant as #name; }
    });
    let calls = export.operations.iter().map(|(step, call)| {
        let (step, method, builder) = (
            format_ident!("{step}"),
            format_ident!("{}", call.method),
            format_ident!("{}", call.builder),
        );
        match step == "create" {
            true => quote! {
                pub(crate) fn #step(client: &crate::Client, first: i64, last: i64) -> super::builder::#builder {
                    client.#method().body_map(|body| body.created_at_after(first).created_at_before(last))
                }
            },
            false => quote! {
                pub(crate) fn #step(client: &crate::Client, job: &str) -> super::builder::#builder {
                    client.#method().job_identifier(job)
                }
            },
        }
    });
    quote! {
        /// What the export helper is made over.
        pub(crate) mod export {
            pub(crate) use super::types::{#job as Job, #status as Status};
            #(#names)*
            #(#calls)*
        }
    }
}

/// The calls and types of an upsert, under the names that the helper knows them by.
pub fn upsert(upsert: &Upsert) -> TokenStream {
    let (record, request, found) = (
        format_ident!("{}", upsert.record),
        format_ident!("{}", upsert.request),
        format_ident!("{}", upsert.found),
    );
    let name = &upsert.method;
    let [updated, unarchived, shown] = upsert.ids.each_ref().map(|ident| format_ident!("{ident}"));
    let calls = upsert.operations.iter().map(|(step, call)| {
        let (function, method) = (format_ident!("{step}"), format_ident!("{}", call.method));
        let (takes, set) = match *step {
            "create" => (quote! { body: Request }, quote! { .body(body) }),
            "update" => (
                quote! { id: &str, body: &::serde_json::Value },
                quote! { .#updated(id).body(body) },
            ),
            "unarchive" => (quote! { id: &str }, quote! { .#unarchived(id) }),
            "show" => (quote! { id: &str }, quote! { .#shown(id) }),
            _ => (quote! { body: &::serde_json::Value }, quote! { .body(body) }),
        };
        quote! {
            pub(crate) fn #function(client: &Client, options: Options, #takes) -> Result<Call, Error> {
                let mut builder = client.#method() #set;
                builder.options = options;
                builder.call()
            }
        }
    });
    quote! {
        /// What the upsert helper is made over.
        pub(crate) mod upsert {
            pub(crate) use super::types::{#found as Found, #record as Record, #request as Request};
            use crate::call::call::Call;
            use crate::call::options::Options;
            use crate::{Client, Error};
            pub(crate) const ID: &str = #name;
            #(#calls)*
        }
    }
}
