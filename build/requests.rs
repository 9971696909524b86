//! Writes the builders of request bodies, and the named constructors for their real forms.
//!
//! A form is one way of filling a request that the server accepts. The overlay lists them as `x-forms` on the schema:
//! `name`, `description`, `set` (constants) and `takes` (what the caller must supply).

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit_mut::{VisitMut, visit_type_path_mut};
use syn::{Type, TypePath, parse_quote};

use super::failure::Failure;
use super::tolerance::{Field, Struct, Types, argument, field_ident};

/// The `builder` module inside `types`, with the constructors on the types themselves.
pub fn builders(types: &Types) -> Result<TokenStream, Failure> {
    let requests = || {
        types
            .structs
            .values()
            .filter(|made| made.in_requests && !made.fields.is_empty())
    };
    let inner = requests().map(builder);
    let outer = requests().map(constructors).collect::<Result<Vec<_>, _>>()?;
    let enums = &types.enums;
    Ok(quote! {
        #(#outer)*
        crate::wire::nullable::from_texts! { #(#enums),* }

        /// Builders of request bodies: set what is to be sent, leave out the rest.
        pub mod builder {
            #(#inner)*
        }
    })
}

/// A type of the `types` module as it is named from the `builder` module inside, whose builders have the same names.
fn from_inside(ty: &Type) -> Type {
    struct Qualify;
    impl VisitMut for Qualify {
        fn visit_type_path_mut(&mut self, path: &mut TypePath) {
            visit_type_path_mut(self, path);
            // Generated code names everything outside its module by a full path.
            let generated = path.path.leading_colon.is_none() && path.path.segments.len() == 1;
            let primitive = ["i64", "f64", "bool"].iter().any(|name| path.path.is_ident(name));
            if generated && !primitive {
                let inner = path.path.clone();
                path.path = parse_quote! { super::#inner };
            }
        }
    }
    let mut ty = ty.clone();
    Qualify.visit_type_mut(&mut ty);
    ty
}

/// How a setter takes its value, and how it stores it.
fn setter(field: &Field, inner: &Type) -> (TokenStream, TokenStream) {
    let wire = &field.wire;
    if let Some(item) = argument(inner, "Vec") {
        return (
            quote! { impl ::std::iter::IntoIterator<Item: ::std::convert::TryInto<#item, Error: ::std::fmt::Display>> },
            quote! { crate::call::argument::list(#wire, value) },
        );
    }
    if let Some(value) = map_value(inner) {
        return (
            quote! { impl ::std::iter::IntoIterator<Item = (impl ::std::convert::Into<String>, impl ::std::convert::Into<#value>)> },
            quote! { crate::call::argument::map(value) },
        );
    }
    // A boxed value is set as the value itself.
    let target = argument(inner, "Box").unwrap_or(inner);
    let store = if argument(inner, "Box").is_some() {
        quote! { crate::call::argument::value(#wire, value).map(|v| v.map(Box::new)) }
    } else {
        quote! { crate::call::argument::value(#wire, value) }
    };
    (
        quote! { impl ::std::convert::TryInto<#target, Error: ::std::fmt::Display> },
        store,
    )
}

/// The value type of a map.
fn map_value(ty: &Type) -> Option<Type> {
    let is_map = argument(ty, "Map").or_else(|| argument(ty, "BTreeMap"))?;
    let Type::Path(path) = ty else { return None };
    let _ = is_map;
    match &path.path.segments.last()?.arguments {
        syn::PathArguments::AngleBracketed(arguments) => arguments.args.iter().nth(1).and_then(|a| match a {
            syn::GenericArgument::Type(value) => Some(value.clone()),
            _ => None,
        }),
        _ => None,
    }
}

fn builder(made: &Struct) -> TokenStream {
    let name = &made.ident;
    let doc = format!("Builder of [`{name}`](super::{name}).");
    let idents: Vec<_> = made.fields.iter().map(|field| &field.ident).collect();
    let inners: Vec<_> = made.fields.iter().map(|field| from_inside(&field.inner)).collect();
    let setters = made.fields.iter().zip(&inners).map(|(field, inner)| {
        let Field {
            ident,
            doc,
            wire,
            required,
            ..
        } = field;
        let (takes, store) = setter(field, inner);
        let doc = if doc.is_empty() {
            format!("Sets `{wire}`.")
        } else {
            doc.clone()
        };
        let doc = if *required { format!("{doc}\n\nRequired.") } else { doc };
        quote! {
            #[doc = #doc]
            pub fn #ident(mut self, value: #takes) -> Self {
                self.#ident = #store;
                self
            }
        }
    });
    let finish = made.fields.iter().map(|field| {
        let Field {
            ident, wire, required, ..
        } = field;
        if *required {
            quote! { #ident: crate::call::argument::required(#wire, builder.#ident)?, }
        } else {
            quote! { #ident: builder.#ident?, }
        }
    });
    let restore = made.fields.iter().map(|field| {
        let ident = &field.ident;
        if field.required {
            quote! { #ident: Ok(Some(value.#ident)), }
        } else {
            quote! { #ident: Ok(value.#ident), }
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        pub struct #name { #(pub(crate) #idents: crate::call::argument::Slot<#inners>,)* }
        impl ::std::default::Default for #name {
            fn default() -> Self {
                Self { #(#idents: Ok(None),)* }
            }
        }
        impl #name { #(#setters)* }
        impl ::std::convert::TryFrom<#name> for super::#name {
            type Error = crate::call::argument::InvalidField;
            fn try_from(builder: #name) -> ::std::result::Result<Self, Self::Error> {
                Ok(Self { #(#finish)* })
            }
        }
        impl ::std::convert::TryFrom<#name> for crate::Nullable<super::#name> {
            type Error = crate::call::argument::InvalidField;
            fn try_from(builder: #name) -> ::std::result::Result<Self, Self::Error> {
                super::#name::try_from(builder).map(crate::Nullable::Value)
            }
        }
        impl ::std::convert::From<super::#name> for #name {
            fn from(value: super::#name) -> Self {
                Self { #(#restore)* }
            }
        }
    }
}

/// `Type::builder()` and one constructor for each of the schema's forms.
fn constructors(made: &Struct) -> Result<TokenStream, Failure> {
    let name = &made.ident;
    let forms = made.schema["x-forms"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|form| constructor(made, form))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(quote! {
        impl #name {
            /// Starts a builder with nothing set.
            pub fn builder() -> builder::#name {
                ::std::default::Default::default()
            }
            #(#forms)*
        }
    })
}

fn constructor(made: &Struct, form: &Value) -> Result<TokenStream, Failure> {
    let name = &made.ident;
    let refuse = |what: String| {
        Failure::new(
            "requests",
            format!("x-forms of {name}: {what}"),
            "correct the form in the overlay",
        )
    };
    let form_name = form["name"]
        .as_str()
        .ok_or_else(|| refuse("a form has no name".into()))?;
    let function: syn::Ident =
        syn::parse_str(form_name).map_err(|_| refuse(format!("{form_name:?} cannot be a function's name")))?;
    let doc = form["description"]
        .as_str()
        .ok_or_else(|| refuse(format!("{form_name} has no description")))?
        .trim();
    let known = |wire: &str| {
        field_ident(made, wire).ok_or_else(|| refuse(format!("{form_name} names the unknown property {wire}")))
    };
    let mut sets = Vec::new();
    for (wire, value) in form["set"].as_object().into_iter().flatten() {
        let ident = known(wire)?;
        let value = match value {
            Value::String(text) => quote! { #text },
            Value::Bool(truth) => quote! { #truth },
            other => {
                return Err(refuse(format!(
                    "{form_name} sets {wire} to {other}, not a text or boolean"
                )));
            }
        };
        sets.push(quote! { .#ident(#value) });
    }
    let mut parameters = Vec::new();
    for wire in form["takes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let ident = known(wire)?;
        let field = made.fields.iter().find(|field| field.wire == wire);
        let takes = field.map(|field| setter(field, &field.inner).0);
        parameters.push(quote! { #ident: #takes });
        sets.push(quote! { .#ident(#ident) });
    }
    Ok(quote! {
        #[doc = #doc]
        pub fn #function(#(#parameters),*) -> builder::#name {
            Self::builder() #(#sets)*
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{sample, tolerance};
    use super::*;

    /// The builders of the sample, whose `create_tag` schema has `forms`.
    fn with_forms(forms: Option<Value>) -> Result<String, Failure> {
        let mut document = sample::repaired();
        if let Some(forms) = forms {
            document["components"]["schemas"]["create_tag"]["x-forms"] = forms;
        }
        let types = tolerance::tolerate(&sample::generated(&document), &document)?;
        Ok(sample::text(builders(&types)?))
    }

    /// Rust without its layout.
    fn dense(text: &str) -> String {
        text.split_whitespace().collect::<String>().replace(",>", ">")
    }

    #[test]
    fn setters_take_what_converts() {
        let text = with_forms(None).unwrap();
        for setter in [
            "pub fn name(mut self, value: impl ::std::convert::TryInto<::std::string::String, Error: ::std::fmt::Display>",
            "pub fn colour(mut self, value: impl ::std::convert::TryInto<crate::Nullable<::std::string::String>, Error",
            "pub fn users(mut self, value: impl ::std::iter::IntoIterator<Item: ::std::convert::TryInto<super::User, Error",
        ] {
            assert!(dense(&text).contains(&dense(setter)), "{setter} is missing from {text}");
        }
        assert!(
            !text.contains("struct Tag "),
            "what only responses carry needs no builder: {text}"
        );
    }

    #[test]
    fn required_fields_are_checked_and_the_others_may_stay_unset() {
        let text = with_forms(None).unwrap();
        assert!(
            text.contains("name: crate::call::argument::required(\"name\", builder.name)?"),
            "{text}"
        );
        assert!(text.contains("colour: builder.colour?"), "{text}");
        assert!(text.contains("/**What it says.\n\nRequired.*/"), "{text}");
    }

    #[test]
    fn forms_become_constructors_that_take_and_set() {
        let text = with_forms(None).unwrap();
        assert!(text.contains("///A tag that these users do not see."), "{text}");
        let text = dense(&text);
        let start = text.find("pubfnhidden_from(").unwrap();
        let (signature, body) = text[start..].split_once("->").unwrap();
        assert!(
            signature.contains("name:impl") && signature.contains("users:impl"),
            "{signature}"
        );
        assert!(!signature.contains("colour"), "{signature}");
        let expected = "builder::CreateTag{Self::builder().colour(\"grey\").hidden(true).name(name).users(users)}";
        assert!(body.starts_with(expected), "{body}");
    }

    #[test]
    fn forms_that_cannot_be_written_are_refused() {
        for (form, what) in [
            (json!({"description": "d"}), "a form has no name"),
            (
                json!({"name": "two words", "description": "d"}),
                "\"two words\" cannot be a function's name",
            ),
            (json!({"name": "f"}), "f has no description"),
            (
                json!({"name": "f", "description": "d", "takes": ["size"]}),
                "f names the unknown property size",
            ),
            (
                json!({"name": "f", "description": "d", "set": {"size": 1}}),
                "f names the unknown property size",
            ),
            (
                json!({"name": "f", "description": "d", "set": {"name": 1}}),
                "f sets name to 1, not a text or boolean",
            ),
        ] {
            let failure = with_forms(Some(json!([form]))).unwrap_err();
            assert_eq!(failure.what, format!("x-forms of CreateTag: {what}"));
        }
    }
}
