//! Writes the types: every field can be absent, every object keeps what it has no field for, text enums stay open, unions
//! pick the variant that fits best.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::ty::{Scope, Ty};
use super::super::model::{Enum, Field, Model, Newtype, Struct, Types, Union};
use super::docs::Uses;

/// The type of a field: lists and maps say themselves whether they are there.
pub fn field_type(field: &Field) -> TokenStream {
    let ty = field.ty.rust(Scope::Types);
    match field.ty.is_collection() {
        true => ty,
        false => quote! { ::std::option::Option<#ty> },
    }
}

/// What a doc comment says of a field or parameter.
pub fn doc_of(said: &str, wire: &str, required: bool, otherwise: &str) -> String {
    let doc = match said {
        "" => format!("{otherwise}`{wire}`."),
        doc => doc.to_owned(),
    };
    // The description's own word for it, where it has one.
    let says_so = doc.trim_end_matches('.').ends_with("Required");
    match required && !says_so {
        true => format!("{doc}\n\nRequired."),
        false => doc,
    }
}

/// All types.
pub fn types(model: &Model) -> TokenStream {
    let (types, uses) = (&model.types, Uses::of(model));
    let newtypes = types.newtypes.values().map(|made| newtype(made, &uses));
    let enums = types.enums.values().map(|made| text_enum(made, &uses));
    let unions = types.unions.values().map(|made| union(made, &uses));
    let structs = types.structs.values().map(|made| object(made, &uses));
    let requests = types.structs.values().filter(|made| made.in_requests);
    let checks = requests.map(|made| check(made, types));
    quote! { #(#newtypes)* #(#enums)* #(#unions)* #(#structs)* #(#checks)* }
}

/// A newtype, transparent on the wire.
fn newtype(made: &Newtype, uses: &Uses) -> TokenStream {
    let (ident, inner) = (format_ident!("{}", made.name), made.inner.rust(Scope::Types));
    let doc = uses.documented(&made.name, &made.doc);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct #ident(pub #inner);
        crate::wire::object::newtype! { #ident #inner }
    }
}

fn object(made: &Struct, uses: &Uses) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let doc = uses.documented(&made.name, &made.doc);
    let fields = made.fields.iter().map(|field| {
        let (ident, ty) = (format_ident!("{}", field.ident), field_type(field));
        let doc = doc_of(&field.doc, &field.wire, field.required, "");
        quote! { #[doc = #doc] pub #ident: #ty, }
    });
    let described = made.fields.iter().enumerate().map(|(place, field)| {
        let (ident, wire) = (format_ident!("{}", field.ident), &field.wire);
        let inner = match &field.ty {
            Ty::Nullable(inner) => inner,
            ty => ty,
        };
        let how = match inner.is("f64") {
            true => quote! { number },
            false => quote! { field },
        };
        quote! { #place #wire #ident #how; }
    });
    // What responses carry too is read whatever it lacks.
    let deserialize = match made.in_requests && !made.in_responses {
        true => quote! { crate::call::body_builder::readable! { #ident } },
        false => quote! { crate::wire::deserialize::readable! { #ident } },
    };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct #ident {
            #(#fields)*
            /// What it holds beyond these fields: see [`Extra`](crate::Extra).
            pub extra: crate::Extra,
        }
        crate::wire::object::object! { #ident { #(#described)* } }
        #deserialize
    }
}

/// What a request must have, in itself and in the objects that it holds.
fn check(made: &Struct, types: &Types) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let checks = made.fields.iter().enumerate().map(|(place, field)| {
        let (ident, wire) = (format_ident!("{}", field.ident), &field.wire);
        let insist = field.required.then(|| {
            quote! {
                let absent = crate::wire::decode::Field::is_unset(&self.#ident) && !self.extra.is_null(#place);
                crate::call::required::check_set(#wire, absent, &self.extra, &mut missing);
            }
        });
        let inner = field.ty.innermost().and_then(|name| types.structs.get(name));
        let inside = inner.is_some_and(|inner| inner.in_requests);
        let within = inside.then(|| quote! { crate::call::required::check_inner(#wire, &self.#ident, &mut missing); });
        (insist.is_some() || inside).then(|| quote! { #insist #within })
    });
    let checks: Vec<_> = checks.flatten().collect();
    let missing = (!checks.is_empty()).then(|| {
        quote! {
            fn missing(&self) -> ::std::vec::Vec<::std::string::String> {
                let mut missing = ::std::vec::Vec::new();
                #(#checks)*
                missing
            }
        }
    });
    quote! {
        impl crate::call::required::Check for #ident { #missing }
    }
}

fn text_enum(made: &Enum, uses: &Uses) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let doc = uses.documented(&made.name, &made.doc);
    let variants = made.variants.iter().map(|(variant, wire)| {
        let (variant, doc) = (format_ident!("{variant}"), format!("`{wire}`"));
        quote! { #[doc = #doc] #variant = #wire, }
    });
    quote! {
        crate::wire::open_enum::open_enum! {
            #[doc = #doc]
            pub enum #ident { #(#variants)* }
        }
    }
}

fn union(made: &Union, uses: &Uses) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let doc = uses.documented(&made.name, &made.doc);
    let variants = made.variants.iter().map(|(variant, ty)| {
        let (variant, doc) = (format_ident!("{variant}"), format!("The form `{variant}`."));
        let ty = ty.rust(Scope::Types);
        quote! { #[doc = #doc] #variant(#ty), }
    });
    quote! {
        crate::wire::union::union! {
            #[doc = #doc]
            pub enum #ident { #(#variants)* }
        }
    }
}
