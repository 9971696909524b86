//! Writes the code that connects hand-written helpers with the description: searches, exports,
//! upserts, and hand-written types.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::Model;
use super::super::model::helpers::{Export, Search, Upsert};
use super::super::model::ty::Scope;

/// Writes the hand-written types that contain generated types.
pub fn hand_written(model: &Model) -> TokenStream {
    let made = model.hand_written.iter().map(|written| {
        let name = format_ident!("{}", written.macro_name);
        let components: Vec<_> = written.components.iter().map(|name| format_ident!("{name}")).collect();
        // The last component can be a page, which makes the hand-written type one as well.
        let last = written.components.last().map(String::as_str).unwrap_or_default();
        let paged = model.pages.contains_key(last).then(|| quote! { paged });
        quote! {
            use super::types::{#(#components),*};
            crate::wire::#name::#name! { #(#components)* #paged }
        }
    });
    quote! { #(#made)* }
}

/// Writes the methods of search builders, the conversions of queries, and the names of searchable
/// fields.
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
        let (builder, filter) = (format_ident!("{}", search.builder), search.filter.rust(Scope::Crate));
        let pagination = search.pagination.as_ref().map(|(field, ty)| {
            let (field, ty) = (format_ident!("{field}"), format_ident!("{ty}Builder"));
            quote! { #field: #ty }
        });
        let changes = search.changes.as_ref().map(|changes| {
            let page = changes.page.rust(Scope::Crate);
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
                "Names of the fields by which {} can be searched, as documented by Intercom.",
                search.records
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
        /// The names of the searchable fields.
        pub(crate) mod search_fields { #(#fields)* }
        /// Methods of search builders and conversions of queries.
        mod searches {
            use super::{builder, types};
            #(#targets)*
            #(#builders)*
        }
    }
}

/// Writes the operations and types of exports, with the names that the helper uses.
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
        /// The operations and types that the export helper uses.
        pub(crate) mod export {
            pub(crate) use super::types::{#job as Job, #status as Status};
            #(#names)*
            #(#calls)*
        }
    }
}

/// Writes the calls and types of an upsert, with the names that the helper uses.
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
        /// The operations and types that the upsert helper uses.
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
