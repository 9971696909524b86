//! Writes the builders of request bodies, and their constructors.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::model::ty::{Scope, Ty};
use super::super::model::{Constant, Constructor, Model, Struct};
use super::docs::TypeUses;
use super::types::doc_of;

/// Writes the module `types::builder`, and the constructors of the types.
pub fn builders(model: &Model) -> TokenStream {
    let (types, uses) = (&model.types, TypeUses::of(model));
    let requests = || types.structs.values().filter(|made| made.has_builder());
    let inner = requests().map(|made| builder(made, &uses));
    let outer = requests().map(constructors);
    let objects = requests().map(|made| {
        let (name, builder) = (format_ident!("{}", made.name), format_ident!("{}", made.builder()));
        quote! { #name: #builder }
    });
    let enums = types.enums.keys().map(|name| format_ident!("{name}"));
    let others = types.unions.keys().chain(types.newtypes.keys());
    let others: Vec<_> = others.map(|name| format_ident!("{name}")).collect();
    let others = (!others.is_empty()).then(|| quote! { crate::call::body_builder::unions! { #(#others),* } });
    quote! {
        #(#outer)*
        crate::call::body_builder::string_enums! { #(#enums),* }
        crate::call::body_builder::objects! { #(#objects),* }
        #others

        /// Builders of request bodies and of the objects in them. Only fields that are set are
        /// sent.
        pub mod builder {
            #(#inner)*
        }
    }
}

/// Returns the parameter type of a setter, and the expression that converts the parameter.
fn setter(ty: &Ty, scope: Scope) -> (TokenStream, TokenStream) {
    let inner = match ty {
        Ty::Nullable(inner) => inner,
        ty => ty,
    };
    match inner {
        // Callers pass the value without the box.
        Ty::Boxed(target) => {
            let target = target.rust(scope);
            let value = quote! { crate::call::body_builder::Boxed(value) };
            (quote! { impl crate::IntoArgument<#target> }, value)
        }
        _ => {
            let ty = ty.rust(scope);
            (quote! { impl crate::IntoArgument<#ty> }, quote! { value })
        }
    }
}

fn builder(made: &Struct, uses: &TypeUses<'_>) -> TokenStream {
    let (name, builder) = (format_ident!("{}", made.name), format_ident!("{}", made.builder()));
    let (doc, requirement) = uses.text(&made.name, &made.doc);
    let doc = format!("Builder for [`{name}`](super::{name}).\n\n{doc}");
    let setters = made.fields.iter().map(|field| {
        let (function, ident, wire) = (
            format_ident!("{}", field.setter),
            format_ident!("{}", field.ident),
            &field.wire,
        );
        let (takes, value) = setter(&field.ty, Scope::InsideTypes);
        let ty = field.ty.rust(Scope::InsideTypes);
        let doc = doc_of(&field.doc, wire, field.required, "Sets ");
        quote! {
            #[doc = #doc]
            pub fn #function(mut self, value: #takes) -> Self {
                let field = (#wire, &mut self.value.#ident);
                crate::call::body_builder::set::<_, #ty>(&mut self.invalid, &mut self.value.extra, field, #value);
                self
            }
        }
    });
    quote! {
        #[doc = #doc]
        #requirement
        #[derive(Clone, Debug, Default)]
        #[must_use = "a builder does nothing until it is passed to the `body` of a call"]
        pub struct #builder {
            pub(super) value: super::#name,
            pub(super) invalid: ::std::option::Option<crate::InvalidField>,
        }
        impl #builder {
            #(#setters)*
            crate::call::body_builder::common_methods! { super::#name }
        }
    }
}

/// Writes `Type::builder()` and the constructors of a type.
fn constructors(made: &Struct) -> TokenStream {
    let (name, builder) = (format_ident!("{}", made.name), format_ident!("{}", made.builder()));
    let constructors = made.constructors.iter().map(|made| constructor(&builder, made));
    quote! {
        impl #name {
            /// Returns a builder without any fields set.
            pub fn builder() -> builder::#builder {
                ::std::default::Default::default()
            }
            #(#constructors)*
        }
    }
}

fn constructor(builder: &Ident, made: &Constructor) -> TokenStream {
    let (function, doc) = (format_ident!("{}", made.ident), &made.doc);
    let sets = made.sets.iter().map(|(setter, value)| {
        let setter = format_ident!("{setter}");
        match value {
            Constant::Text(text) => quote! { .#setter(#text) },
            Constant::Boolean(truth) => quote! { .#setter(#truth) },
        }
    });
    let parameters = made.takes.iter().map(|(ident, ty)| {
        let (ident, takes) = (format_ident!("{ident}"), setter(ty, Scope::Types).0);
        quote! { #ident: #takes }
    });
    let passed = made.takes.iter().map(|(ident, _)| {
        let ident = format_ident!("{ident}");
        quote! { .#ident(#ident) }
    });
    quote! {
        #[doc = #doc]
        pub fn #function(#(#parameters),*) -> builder::#builder {
            Self::builder() #(#sets)* #(#passed)*
        }
    }
}
