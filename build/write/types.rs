//! Writes the types. Every field is optional, objects keep unknown properties, string enums accept
//! unknown values, and unions decode to the variant that fits best.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::ty::{Scope, Ty};
use super::super::model::{Enum, Field, Model, Newtype, Struct, Types, Union};
use super::docs::TypeUses;

/// Returns the type of a field. Lists and maps need no `Option`, because an absent one is empty.
pub fn field_type(field: &Field) -> TokenStream {
    let ty = field.ty.rust(Scope::Types);
    match field.ty.is_collection() {
        true => ty,
        false => quote! { ::std::option::Option<#ty> },
    }
}

/// Returns the documentation of a field or parameter: `doc`, or its name after `prefix`, and
/// whether it is required.
pub fn doc_of(doc: &str, wire: &str, required: bool, prefix: &str) -> String {
    let doc = match doc {
        "" => format!("{prefix}`{wire}`."),
        doc => doc.to_owned(),
    };
    let is_stated = doc.trim_end_matches('.').ends_with("Required");
    match required && !is_stated {
        true => format!("{doc}\n\nRequired."),
        false => doc,
    }
}

/// Writes all types.
pub fn types(model: &Model) -> TokenStream {
    let (types, uses) = (&model.types, TypeUses::of(model));
    let newtypes = types.newtypes.values().map(|made| newtype(made, &uses));
    let enums = types.enums.values().map(|made| text_enum(made, &uses));
    let unions = types.unions.values().map(|made| union(made, &uses));
    let structs = types.structs.values().map(|made| object(made, &uses));
    let requests = types.structs.values().filter(|made| made.in_requests);
    let checks = requests.map(|made| check(made, types));
    quote! { #(#newtypes)* #(#enums)* #(#unions)* #(#structs)* #(#checks)* }
}

/// Writes a newtype, which is transparent on the wire.
fn newtype(made: &Newtype, uses: &TypeUses<'_>) -> TokenStream {
    let (ident, inner) = (format_ident!("{}", made.name), made.inner.rust(Scope::Types));
    let doc = uses.documented(&made.name, &made.doc);
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct #ident(pub #inner);
        crate::wire::object::newtype! { #ident #inner }
    }
}

fn object(made: &Struct, uses: &TypeUses<'_>) -> TokenStream {
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
    // A response may lack properties that are required in requests.
    let deserialize = match made.in_requests && !made.in_responses {
        true => quote! { crate::call::body_builder::readable! { #ident } },
        false => quote! { crate::wire::deserialize::readable! { #ident } },
    };
    quote! {
        #doc
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct #ident {
            #(#fields)*
            /// Properties without a field, and values of unexpected types: see
            /// [`Extra`](crate::Extra).
            pub extra: crate::Extra,
        }
        crate::wire::object::object! { #ident { #(#described)* } }
        #deserialize
    }
}

/// Writes the check for missing required values, in a request and in the objects in it.
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

fn text_enum(made: &Enum, uses: &TypeUses<'_>) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let doc = uses.documented(&made.name, &made.doc);
    let variants = made.variants.iter().map(|(variant, wire)| {
        let (variant, doc) = (format_ident!("{variant}"), format!("`{wire}`"));
        quote! { #[doc = #doc] #variant = #wire, }
    });
    quote! {
        crate::wire::open_enum::open_enum! {
            #doc
            pub enum #ident { #(#variants)* }
        }
    }
}

fn union(made: &Union, uses: &TypeUses<'_>) -> TokenStream {
    let ident = format_ident!("{}", made.name);
    let doc = uses.documented(&made.name, &made.doc);
    let variants = made.variants.iter().map(|(variant, ty)| {
        let (variant, doc) = (format_ident!("{variant}"), format!("A value of type `{variant}`."));
        let ty = ty.rust(Scope::Types);
        quote! { #[doc = #doc] #variant(#ty), }
    });
    quote! {
        crate::wire::union::union! {
            #doc
            pub enum #ident { #(#variants)* }
        }
    }
}
