//! Generates the tables from the same model as the client.

#[path = "../../build.rs"]
#[allow(dead_code)]
mod client;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use client::steps::failure::Failure;
use client::steps::model::ty::{Scope, Ty};
use client::steps::model::{Model, Operation, ResponseBody};
use client::steps::slice::Slice;
use client::steps::{emit, write};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The types whose decoding is measured.
const MEASURED: [&str; 2] = ["ContactList", "Conversation"];

fn main() {
    // The build of the client uses paths relative to its own package.
    std::env::set_current_dir("../..").expect("the package of the client exists");
    println!("cargo::rerun-if-changed={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed={}/../../openapi", env!("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("OUT_DIR is set by cargo"));
    if let Err(failure) = tables(&client::Input::from_env(Slice::Full), &out) {
        println!("cargo::error={failure}");
    }
}

fn tables(input: &client::Input, out: &Path) -> Result<(), Failure> {
    let described = client::describe(input)?;
    emit::write_text(out, "description.json", &described.document.to_string())?;
    let built = client::model(described, input)?;
    // `benches/build.sh` generates a client of progenitor's from it.
    emit::write_text(out, "repaired.json", &built.document.to_string())?;
    let model = built.model;
    emit::write(out, "operations.rs", &write::parse(operations(&model))?)?;
    emit::write(out, "twins.rs", &write::parse(twins(&model))?)
}

/// Generates `OPERATIONS`.
fn operations(model: &Model) -> TokenStream {
    let entries = model.operations.iter().map(entry);
    quote! {
        /// Every operation, in the order of the description.
        pub static OPERATIONS: &[Operation] = &[#(#entries),*];
    }
}

fn entry(operation: &Operation) -> TokenStream {
    let Operation {
        ident, method, path, ..
    } = operation;
    let (id, ident) = (ident, format_ident!("{ident}"));
    let (encode_again, decode, finish) = match &operation.response {
        ResponseBody::Bytes(_) => (quote! { null }, quote! { ignore }, quote! { download }),
        ResponseBody::Json(ty) => {
            // Free JSON, lists and maps do not implement `FromJson`.
            let is_lossless = !ty.is_collection() && *ty != Ty::json();
            let reencode = if is_lossless {
                quote! { reencode_checked }
            } else {
                quote! { reencode }
            };
            let ty = ty.rust(Scope::Crate);
            (
                quote! { #reencode::<#ty> },
                quote! { decode::<#ty> },
                quote! { json_response },
            )
        }
    };
    let parameters = operation.parameters.iter().map(|parameter| {
        let (name, setter) = (&parameter.wire, &parameter.ident);
        let (in_path, required) = (parameter.in_path, parameter.required);
        quote! { Parameter { name: #name, setter: #setter, in_path: #in_path, required: #required } }
    });
    let setters = operation.parameters.iter().map(|parameter| {
        let (ident, wire) = (format_ident!("{}", parameter.ident), &parameter.wire);
        let ty = parameter.ty.rust(Scope::Crate);
        quote! {
            if let Some(text) = parameters.get(#wire) {
                call = call.#ident(argument::<#ty>(text));
            }
        }
    });
    let (encode, set_body) = match operation.body.as_ref().map(|body| &body.json) {
        Some(Some(ty)) => {
            let ty = ty.rust(Scope::Crate);
            let set = quote! {
                if let Some(body) = body {
                    call = call.body(body);
                }
            };
            (quote! { Some(reencode::<#ty>) }, set)
        }
        Some(None) => (
            quote! { None },
            quote! { call = call.body(body.map(|body| body.to_string()).unwrap_or_default()); },
        ),
        None => (quote! { None }, quote! { let _ = body; }),
    };
    quote! {
        Operation {
            id: #id,
            method: #method,
            path: #path,
            parameters: &[#(#parameters),*],
            response: #encode_again,
            decode: #decode,
            request: #encode,
            call: |client, parameters, body| {
                #[allow(unused_mut)]
                let mut call = client.#ident();
                let _ = parameters;
                #(#setters)*
                #set_body
                Box::pin(#finish(call.send()))
            },
        }
    }
}

/// Generates the measured types with derived `Deserialize`.
fn twins(model: &Model) -> TokenStream {
    let types = &model.types;
    let wanted = reachable(model);
    let structs = types
        .structs
        .values()
        .filter(|made| wanted.contains(&made.name))
        .map(|made| {
            let name = format_ident!("{}", made.name);
            let fields = made.fields.iter().map(|field| {
                let (ident, wire, ty) = (format_ident!("{}", field.ident), &field.wire, plain(&field.ty));
                quote! { #[serde(rename = #wire)] pub #ident: Option<#ty>, }
            });
            quote! { #[derive(serde::Deserialize)] pub struct #name { #(#fields)* } }
        });
    let enums = types
        .enums
        .values()
        .filter(|made| wanted.contains(&made.name))
        .map(|made| {
            let name = format_ident!("{}", made.name);
            let variants = made.variants.iter().map(|(variant, wire)| {
                let variant = format_ident!("{variant}");
                quote! { #[serde(rename = #wire)] #variant }
            });
            quote! { #[derive(serde::Deserialize)] pub enum #name { #(#variants),* } }
        });
    let unions = types
        .unions
        .values()
        .filter(|made| wanted.contains(&made.name))
        .map(|made| {
            let name = format_ident!("{}", made.name);
            let variants = made.variants.iter().map(|(variant, ty)| {
                let (variant, ty) = (format_ident!("{variant}"), plain(ty));
                quote! { #variant(#ty) }
            });
            quote! { #[derive(serde::Deserialize)] #[serde(untagged)] pub enum #name { #(#variants),* } }
        });
    let newtypes = types
        .newtypes
        .values()
        .filter(|made| wanted.contains(&made.name))
        .map(|made| {
            let (name, inner) = (format_ident!("{}", made.name), plain(&made.inner));
            quote! { #[derive(serde::Deserialize)] pub struct #name(#inner); }
        });
    quote! { #(#structs)* #(#enums)* #(#unions)* #(#newtypes)* }
}

/// Returns the names of the measured types and of the types that they contain.
fn reachable(model: &Model) -> BTreeSet<String> {
    let types = &model.types;
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = MEASURED.map(str::to_owned).into();
    while let Some(name) = open.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let fields = types
            .structs
            .get(&name)
            .into_iter()
            .flat_map(|made| &made.fields)
            .map(|field| &field.ty);
        let forms = types
            .unions
            .get(&name)
            .into_iter()
            .flat_map(|made| &made.variants)
            .map(|(_, ty)| ty);
        let inner = types.newtypes.get(&name).map(|made| &made.inner);
        let parts = fields.chain(forms).chain(inner);
        open.extend(parts.filter_map(|ty| ty.innermost().map(str::to_owned)));
    }
    reached
}

/// Returns the type of a field with the generic types of the crate replaced by types of the standard library. Hand-written types
/// of the crate are replaced by those in `twins`.
fn plain(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Known(path) => match path.as_str() {
            "crate::Timestamp" => quote! { i64 },
            "crate::Id" => quote! { String },
            path => match path.strip_prefix("crate::") {
                Some(name) => name.parse().unwrap_or_default(),
                None => path.parse().unwrap_or_default(),
            },
        },
        Ty::Named(name) => {
            let name = format_ident!("{name}");
            quote! { #name }
        }
        Ty::List(inner) => {
            let inner = plain(inner);
            quote! { ::std::vec::Vec<#inner> }
        }
        Ty::Map(inner) => {
            let inner = plain(inner);
            quote! { ::std::collections::BTreeMap<String, #inner> }
        }
        Ty::Boxed(inner) => {
            let inner = plain(inner);
            quote! { ::std::boxed::Box<#inner> }
        }
        Ty::Nullable(inner) => {
            let inner = plain(inner);
            quote! { Option<#inner> }
        }
    }
}
