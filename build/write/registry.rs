//! Writes what tests and benches need to treat all operations alike: a table of them, and plain twins of two types.
//!
//! Nothing of it is part of the crate. `tests/examples/registry.rs` declares what the table is made of and includes it;
//! `benches/decode.rs` includes the twins.

use std::collections::BTreeSet;

use quote::quote;
use syn::visit::{Visit, visit_type_path};
use syn::visit_mut::{VisitMut, visit_type_path_mut};
use syn::{File, Item, PathArguments, Type, TypePath, parse_quote};

use super::super::failure::Failure;
use super::super::write::calls::{Operation, is_bytes};
use super::super::write::constants::parse;
use super::super::write::types::{self as tolerance, Types, module};

/// The types whose decoding is measured.
const MEASURED: [&str; 2] = ["ContactList", "Conversation"];

/// `OPERATIONS`: how each operation decodes, encodes and is called.
pub fn operations(operations: &[Operation]) -> Result<File, Failure> {
    let entries = operations.iter().map(|operation| {
        let Operation {
            ident, method, path, ..
        } = operation;
        let id = ident.to_string();
        let response = from_outside(&operation.response);
        let (decode, finish) = if is_bytes(&operation.response) {
            (quote! { nothing }, quote! { downloaded })
        } else {
            (quote! { decoded::<#response> }, quote! { answered })
        };
        let parameters = operation.parameters.iter().map(|parameter| {
            let (name, in_path, required) = (&parameter.wire, parameter.in_path, parameter.required);
            quote! { Parameter { name: #name, in_path: #in_path, required: #required } }
        });
        let setters = operation.parameters.iter().map(|parameter| {
            let (ident, wire, ty) = (&parameter.ident, &parameter.wire, from_outside(&parameter.ty));
            quote! {
                if let Some(text) = parameters.get(#wire) {
                    call = call.#ident(argument::<#ty>(text));
                }
            }
        });
        let body = operation.body.as_ref().map(from_outside);
        let (encode, set_body) = match &body {
            Some(ty) => (
                quote! { Some(encoded::<#ty>) },
                quote! {
                    if let Some(body) = body {
                        call = call.body(body);
                    }
                },
            ),
            None => (quote! { None }, quote! { let _ = body; }),
        };
        quote! {
            Operation {
                id: #id,
                method: #method,
                path: #path,
                parameters: &[#(#parameters),*],
                response: #decode,
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
    });
    parse(quote! {
        /// Every operation, in the order of the description.
        pub static OPERATIONS: &[Operation] = &[#(#entries),*];
    })
}

/// The measured types as serde derives them, without leniency: the same fields, each an `Option`.
pub fn twins(file: &File, types: &Types) -> Result<File, Failure> {
    let items = module(file, "types")?;
    let wanted = reach(items, types);
    let twins = items.iter().filter_map(|item| match item {
        Item::Struct(item) => {
            let made = types
                .structs
                .get(&item.ident.to_string())
                .filter(|_| wanted.contains(&item.ident.to_string()))?;
            let name = &made.ident;
            let fields = made.fields.iter().map(|field| {
                let (ident, wire, ty) = (&field.ident, &field.wire, plain(&field.inner));
                quote! { #[serde(rename = #wire)] pub #ident: Option<#ty>, }
            });
            Some(quote! { #[derive(serde::Deserialize)] pub struct #name { #(#fields)* } })
        }
        Item::Enum(item) if wanted.contains(&item.ident.to_string()) => {
            let name = &item.ident;
            let untagged = (!tolerance::is_text_enum(item)).then(|| quote! { #[serde(untagged)] });
            let variants = item.variants.iter().map(|variant| {
                let ident = &variant.ident;
                match variant.fields.iter().next() {
                    Some(field) => {
                        let ty = plain(&field.ty);
                        quote! { #ident(#ty) }
                    }
                    None => {
                        let wire = tolerance::rename_of(&variant.attrs).unwrap_or_else(|| ident.to_string());
                        quote! { #[serde(rename = #wire)] #ident }
                    }
                }
            });
            Some(quote! { #[derive(serde::Deserialize)] #untagged pub enum #name { #(#variants),* } })
        }
        _ => None,
    });
    parse(quote! { #(#twins)* })
}

/// The names of the types that the measured ones are made of.
fn reach(items: &[Item], types: &Types) -> BTreeSet<String> {
    struct Names(Vec<String>);
    impl Visit<'_> for Names {
        fn visit_type_path(&mut self, path: &TypePath) {
            visit_type_path(self, path);
            self.0.extend(path.path.segments.last().map(|s| s.ident.to_string()));
        }
    }
    let mut reached = BTreeSet::new();
    let mut names = Names(MEASURED.map(str::to_owned).into());
    while let Some(name) = names.0.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        for field in types.structs.get(&name).into_iter().flat_map(|made| &made.fields) {
            names.visit_type(&field.inner);
        }
        for item in items {
            if let Item::Enum(item) = item
                && item.ident == name
            {
                item.variants.iter().for_each(|variant| names.visit_variant(variant));
            }
        }
    }
    reached
}

/// A type of the crate as it is named from outside.
fn from_outside(ty: &Type) -> Type {
    struct Qualify;
    impl VisitMut for Qualify {
        fn visit_type_path_mut(&mut self, path: &mut TypePath) {
            visit_type_path_mut(self, path);
            let first = path
                .path
                .segments
                .first_mut()
                .filter(|_| path.path.leading_colon.is_none());
            match first {
                Some(first) if first.ident == "crate" => first.ident = parse_quote! { intercom_client },
                Some(first) if first.ident == "types" => {
                    let inner = path.path.clone();
                    path.path = parse_quote! { intercom_client::#inner };
                }
                _ => {}
            }
        }
    }
    let mut ty = ty.clone();
    Qualify.visit_type_mut(&mut ty);
    ty
}

/// A field's type with what serde itself brings in the place of the crate's own.
fn plain(ty: &Type) -> Type {
    struct Plain;
    impl VisitMut for Plain {
        fn visit_type_path_mut(&mut self, path: &mut TypePath) {
            visit_type_path_mut(self, path);
            let Some(last) = path.path.segments.last() else { return };
            match last.ident.to_string().as_str() {
                "Timestamp" => path.path = parse_quote! { i64 },
                "Id" => path.path = parse_quote! { String },
                "Nullable" => {
                    let arguments = &last.arguments;
                    path.path = parse_quote! { Option #arguments };
                }
                "List" => {
                    let arguments = &last.arguments;
                    path.path = parse_quote! { ::std::vec::Vec #arguments };
                }
                "Map" => {
                    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                        return;
                    };
                    let value = &arguments.args;
                    path.path = parse_quote! { ::std::collections::BTreeMap<String, #value> };
                }
                // Hand-written types have hand-written twins.
                _ if path.path.segments.first().is_some_and(|first| first.ident == "crate") => {
                    path.path = last.clone().into();
                }
                _ => {}
            }
        }
    }
    let mut ty = ty.clone();
    Plain.visit_type_mut(&mut ty);
    ty
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ty: Type) -> String {
        quote! { #ty }.to_string().replace(' ', "")
    }

    #[test]
    fn types_are_named_from_outside() {
        let outside = |ty| text(from_outside(&ty));
        assert_eq!(outside(parse_quote! { types::Tag }), "intercom_client::types::Tag");
        assert_eq!(outside(parse_quote! { crate::Id }), "intercom_client::Id");
        assert_eq!(
            outside(parse_quote! { ::std::vec::Vec<types::Tag> }),
            "::std::vec::Vec<intercom_client::types::Tag>"
        );
        assert_eq!(outside(parse_quote! { () }), "()");
    }

    #[test]
    fn twins_have_no_type_of_the_crate() {
        assert_eq!(text(plain(&parse_quote! { crate::Timestamp })), "i64");
        assert_eq!(
            text(plain(&parse_quote! { crate::Nullable<crate::Id> })),
            "Option<String>"
        );
        assert_eq!(
            text(plain(&parse_quote! { ::std::vec::Vec<Tag> })),
            "::std::vec::Vec<Tag>"
        );
    }
}
