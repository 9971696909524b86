//! Writes the builders of request bodies, and the named constructors for their real forms.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::model::ty::{Scope, Ty};
use super::super::model::{Constant, Form, Model, Struct};
use super::docs::Uses;
use super::types::doc_of;

/// The `builder` module inside `types`, with the constructors on the types themselves.
pub fn builders(model: &Model) -> TokenStream {
    let (types, uses) = (&model.types, Uses::of(model));
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

        /// Builders of request bodies and of objects in them: set what is to be sent, leave out the rest.
        pub mod builder {
            #(#inner)*
        }
    }
}

/// What a setter takes, and how it hands that on.
fn setter(ty: &Ty, scope: Scope) -> (TokenStream, TokenStream) {
    let inner = match ty {
        Ty::Nullable(inner) => inner,
        ty => ty,
    };
    match inner {
        // A boxed value is set as the value itself.
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

fn builder(made: &Struct, uses: &Uses) -> TokenStream {
    let (name, builder) = (format_ident!("{}", made.name), format_ident!("{}", made.builder()));
    let doc = format!(
        "Builds a [`{name}`](super::{name}).\n\n{}",
        uses.documented(&made.name, &made.doc)
    );
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
        #[derive(Clone, Debug, Default)]
        #[must_use = "nothing is sent before it is given to the `body` of a call"]
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

/// `Type::builder()` and one constructor for each of the forms.
fn constructors(made: &Struct) -> TokenStream {
    let (name, builder) = (format_ident!("{}", made.name), format_ident!("{}", made.builder()));
    let forms = made.forms.iter().map(|form| constructor(&builder, form));
    quote! {
        impl #name {
            /// Starts a builder with nothing set.
            pub fn builder() -> builder::#builder {
                ::std::default::Default::default()
            }
            #(#forms)*
        }
    }
}

fn constructor(builder: &Ident, form: &Form) -> TokenStream {
    let (function, doc) = (format_ident!("{}", form.ident), &form.doc);
    let sets = form.sets.iter().map(|(setter, value)| {
        let setter = format_ident!("{setter}");
        match value {
            Constant::Text(text) => quote! { .#setter(#text) },
            Constant::Boolean(truth) => quote! { .#setter(#truth) },
        }
    });
    let parameters = form.takes.iter().map(|(ident, ty)| {
        let (ident, takes) = (format_ident!("{ident}"), setter(ty, Scope::Types).0);
        quote! { #ident: #takes }
    });
    let passed = form.takes.iter().map(|(ident, _)| {
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
