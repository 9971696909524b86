//! Writes the builders of request bodies, and the named constructors for their real forms.
//!
//! A form is one way of filling a request that the server accepts. The overlay lists them as `x-forms` on the schema:
//! `name`, `description`, `set` (constants) and `takes` (what the caller must supply).

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit_mut::{VisitMut, visit_type_path_mut};
use syn::{Type, TypePath, parse_quote};

use super::super::failure::Failure;
use super::super::write::types::{Field, Struct, Types, argument, field_ident};

/// The `builder` module inside `types`, with the constructors on the types themselves.
pub fn builders(types: &Types) -> Result<TokenStream, Failure> {
    let requests = || types.structs.values().filter(|made| made.has_builder());
    let inner = requests().map(builder);
    let outer = requests().map(constructors).collect::<Result<Vec<_>, _>>()?;
    let names = requests().map(|made| &made.ident);
    let enums = &types.enums;
    Ok(quote! {
        #(#outer)*
        crate::call::argument::texts! { #(#enums),* }
        crate::call::argument::objects! { #(#names),* }

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

/// What a setter takes, and how it hands that on.
fn setter(inner: &Type) -> (TokenStream, TokenStream) {
    // A boxed value is set as the value itself.
    let nullable = argument(inner, "Nullable");
    match argument(nullable.unwrap_or(inner), "Box") {
        Some(target) => (
            quote! { impl crate::Argument<#target> },
            quote! { crate::call::argument::Boxed(value) },
        ),
        None => (quote! { impl crate::Argument<#inner> }, quote! { value }),
    }
}

/// The name of a setter beside the methods that every builder has.
fn setter_name(ident: &syn::Ident) -> syn::Ident {
    match ident == "build" {
        true => quote::format_ident!("build_"),
        false => ident.clone(),
    }
}

fn builder(made: &Struct) -> TokenStream {
    let name = &made.ident;
    let doc = format!("Builder of [`{name}`](super::{name}).");
    let setters = made.fields.iter().map(|field| {
        let Field {
            ident,
            doc,
            wire,
            required,
            ..
        } = field;
        let function = setter_name(ident);
        let (takes, value) = setter(&from_inside(&field.inner));
        let doc = if doc.is_empty() {
            format!("Sets `{wire}`.")
        } else {
            doc.clone()
        };
        let doc = if *required { format!("{doc}\n\nRequired.") } else { doc };
        quote! {
            #[doc = #doc]
            pub fn #function(mut self, value: #takes) -> Self {
                let field = (#wire, &mut self.value.#ident);
                crate::call::argument::set(&mut self.invalid, &mut self.value.extra, field, #value);
                self
            }
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Default)]
        pub struct #name {
            pub(super) value: super::#name,
            pub(super) invalid: ::std::option::Option<crate::InvalidField>,
        }
        impl #name {
            #(#setters)*
            crate::call::argument::finish! { super::#name }
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
        let function = setter_name(&ident);
        sets.push(quote! { .#function(#value) });
    }
    let mut parameters = Vec::new();
    for wire in form["takes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let ident = known(wire)?;
        let field = made.fields.iter().find(|field| field.wire == wire);
        let takes = field.map(|field| setter(&field.inner).0);
        let function = setter_name(&ident);
        parameters.push(quote! { #ident: #takes });
        sets.push(quote! { .#function(#ident) });
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

    use super::super::super::{sample, write::types as tolerance};
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
            "pub fn name(mut self, value: impl crate::Argument<::std::string::String>",
            "pub fn colour(mut self, value: impl crate::Argument<crate::Nullable<::std::string::String>>",
            "pub fn users(mut self, value: impl crate::Argument<crate::List<super::User>>",
        ] {
            assert!(dense(&text).contains(&dense(setter)), "{setter} is missing from {text}");
        }
        assert!(
            !text.contains("struct Tag "),
            "what only responses carry needs no builder: {text}"
        );
    }

    #[test]
    fn setters_say_what_is_required() {
        let text = with_forms(None).unwrap();
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
