//! The tolerance pass: progenitor's types become types that hold whatever servers send.
//!
//! From the `types` module only the structs and enums are kept, and written anew: every field can be absent, every object
//! keeps what it has no field for, text enums stay open, untagged unions pick the variant that fits best. The conversions,
//! builders and defaults that progenitor adds are left out; `requests` writes the builders that callers need.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit_mut::{VisitMut, visit_type_path_mut};
use syn::{
    Attribute, Fields, File, GenericArgument, Item, ItemEnum, ItemStruct, PathArguments, Type, TypePath, parse_quote,
};

use super::super::document::schema::{components, fold, request_reach, response_reach};
use super::super::failure::Failure;

/// What a generated struct is made of, for the passes that follow.
pub struct Struct {
    /// Its Rust name.
    pub ident: syn::Ident,
    /// Whether a request can carry it.
    pub in_requests: bool,
    /// Whether a response can carry it.
    pub in_responses: bool,
    /// Its fields, in the order of the description.
    pub fields: Vec<Field>,
    /// The component schema it was made from.
    pub schema: Value,
}

impl Struct {
    /// Whether callers build it.
    pub fn has_builder(&self) -> bool {
        self.in_requests && !self.fields.is_empty()
    }
}

/// One field of a generated struct.
pub struct Field {
    /// Its Rust name.
    pub ident: syn::Ident,
    /// The property's name on the wire.
    pub wire: String,
    /// What it means.
    pub doc: String,
    /// The type of the value itself, without `Option`.
    pub inner: Type,
    /// Whether a request must have the value.
    pub required: bool,
}

impl Field {
    /// The type of the field: lists and maps say themselves whether they are there.
    pub fn ty(&self) -> Type {
        let inner = &self.inner;
        match is_collection(inner) {
            true => inner.clone(),
            false => parse_quote! { ::std::option::Option<#inner> },
        }
    }
}

/// The types module and what the following passes need to know of it.
pub struct Types {
    /// The items of the new module.
    pub items: TokenStream,
    /// Every struct, by name.
    pub structs: BTreeMap<String, Struct>,
    /// The names of the text enums.
    pub enums: Vec<syn::Ident>,
}

/// The content of the module `name` that progenitor wrote.
pub fn module<'a>(file: &'a File, name: &str) -> Result<&'a [Item], Failure> {
    file.items
        .iter()
        .find_map(|item| match item {
            Item::Mod(module) if module.ident == name => module.content.as_ref().map(|(_, items)| items.as_slice()),
            _ => None,
        })
        .ok_or_else(|| {
            Failure::new(
                "tolerance",
                format!("progenitor wrote no module `{name}`"),
                "use the progenitor version that Cargo.lock names",
            )
        })
}

/// Rewrites the `types` module.
pub fn tolerate(file: &File, document: &Value) -> Result<Types, Failure> {
    let schemas: BTreeMap<String, (String, Value)> = components(document)
        .into_iter()
        .map(|(name, schema)| (fold(&name), (name, schema)))
        .collect();
    let (requests, responses) = (request_reach(document), response_reach(document));
    let mut items = TokenStream::new();
    let mut structs = BTreeMap::new();
    let mut enums = Vec::new();
    for item in module(file, "types")? {
        match item {
            Item::Struct(item) if matches!(item.fields, Fields::Unnamed(_)) => items.extend(write_newtype(item)),
            Item::Struct(item) => {
                let known = schemas.get(&fold(&item.ident.to_string()));
                let (name, schema) = known.cloned().unwrap_or_default();
                let reached = (requests.contains(&name), responses.contains(&name));
                let made = describe(item, schema, reached);
                structs.insert(made.ident.to_string(), (made, doc_of(&item.attrs)));
            }
            Item::Enum(item) if is_text_enum(item) => {
                items.extend(write_enum(item));
                enums.push(item.ident.clone());
            }
            Item::Enum(item) => {
                items.extend(write_union(item));
            }
            _ => {}
        }
    }
    for (made, doc) in structs.values() {
        items.extend(write_struct(made, doc));
    }
    let structs: BTreeMap<String, Struct> = structs.into_iter().map(|(name, (made, _))| (name, made)).collect();
    let checks = structs
        .values()
        .filter(|made| made.in_requests)
        .map(|made| write_check(made, &structs));
    items.extend(quote! { #(#checks)* });
    Ok(Types { items, structs, enums })
}

/// Whether an enum is a text with known values.
pub fn is_text_enum(item: &ItemEnum) -> bool {
    item.variants
        .iter()
        .all(|variant| matches!(variant.fields, Fields::Unit))
}

/// The doc comment of an item, as one text.
pub fn doc_of(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

/// The `rename` of a serde attribute.
pub fn rename_of(attributes: &[Attribute]) -> Option<String> {
    let mut renamed = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        // Items other than `rename = "…"` are read past.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                renamed = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    renamed
}

/// The argument of `Wrapper<T>`, when `ty` is that.
pub fn argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        }),
        _ => None,
    }
}

/// Whether `ty` is a list or a map, which need no `Option` to be absent.
fn is_collection(ty: &Type) -> bool {
    argument(ty, "List").is_some() || argument(ty, "Map").is_some()
}

/// A type with the crate's own lists and maps.
pub fn own(ty: &Type) -> Type {
    struct Own;
    impl VisitMut for Own {
        fn visit_type_path_mut(&mut self, path: &mut TypePath) {
            visit_type_path_mut(self, path);
            let Some(last) = path.path.segments.last() else { return };
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return;
            };
            // The value's type comes last: names are texts.
            let Some(value) = arguments.args.last() else { return };
            match last.ident.to_string().as_str() {
                "Vec" => path.path = parse_quote! { crate::List<#value> },
                "Map" | "BTreeMap" | "HashMap" => path.path = parse_quote! { crate::Map<#value> },
                _ => {}
            }
        }
    }
    let mut ty = ty.clone();
    Own.visit_type_mut(&mut ty);
    ty
}

/// A field's name beside those that every struct has.
fn beside(ident: syn::Ident) -> syn::Ident {
    match ident == "extra" {
        true => quote::format_ident!("extra_"),
        false => ident,
    }
}

fn describe(item: &ItemStruct, schema: Value, (in_requests, in_responses): (bool, bool)) -> Struct {
    let order: Vec<String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut fields: Vec<Field> = item
        .fields
        .iter()
        .filter_map(|field| {
            let ident = field.ident.clone()?;
            let wire = rename_of(&field.attrs).unwrap_or_else(|| ident.to_string());
            let property = &schema["properties"][&wire];
            let bare = own(argument(&field.ty, "Option").unwrap_or(&field.ty));
            let inner = if in_requests && property["nullable"] == true {
                parse_quote! { crate::Nullable<#bare> }
            } else {
                bare
            };
            let described = property["description"].as_str().map(str::to_owned);
            Some(Field {
                doc: described.unwrap_or_else(|| doc_of(&field.attrs)).trim().to_owned(),
                required: in_requests && required.contains(&wire.as_str()),
                ident: beside(ident),
                wire,
                inner,
            })
        })
        .collect();
    fields.sort_by_key(|field| order.iter().position(|name| *name == field.wire).unwrap_or(usize::MAX));
    Struct {
        ident: item.ident.clone(),
        in_requests,
        in_responses,
        fields,
        schema,
    }
}

/// A newtype: kept as it is, transparent on the wire.
fn write_newtype(item: &ItemStruct) -> TokenStream {
    let (ident, doc) = (&item.ident, doc_of(&item.attrs));
    let Some(field) = item.fields.iter().next() else {
        return TokenStream::new();
    };
    let inner = own(&field.ty);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct #ident(pub #inner);
        crate::wire::object::newtype! { #ident #inner }
    }
}

fn write_struct(made: &Struct, generated: &str) -> TokenStream {
    let ident = &made.ident;
    let doc = made.schema["description"].as_str().unwrap_or_default().trim();
    let doc = if doc.is_empty() { generated } else { doc };
    let fields = made.fields.iter().map(|field| {
        let (ident, ty) = (&field.ident, field.ty());
        let doc = match field.doc.as_str() {
            "" => format!("`{}`.", field.wire),
            doc => doc.to_owned(),
        };
        let doc = if field.required {
            format!("{doc}\n\nRequired.")
        } else {
            doc
        };
        quote! { #[doc = #doc] pub #ident: #ty, }
    });
    let described = made.fields.iter().enumerate().map(|(place, field)| {
        let (ident, wire) = (&field.ident, &field.wire);
        let inner = argument(&field.inner, "Nullable").unwrap_or(&field.inner);
        let how = match inner {
            Type::Path(path) if path.path.is_ident("f64") => quote! { number },
            _ => quote! { field },
        };
        quote! { #place #wire #ident #how; }
    });
    let tells_null = made.in_requests;
    // What responses carry too is read whatever it lacks.
    let deserialize = match made.in_requests && !made.in_responses {
        true => quote! { crate::call::argument::readable! { #ident } },
        false => quote! { crate::wire::deserialize::readable! { #ident } },
    };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct #ident {
            #(#fields)*
            /// What it holds beyond these fields: see [`Extra`](crate::Extra).
            pub extra: crate::Extra,
        }
        crate::wire::object::object! { #ident { #(#described)* } #tells_null }
        #deserialize
    }
}

/// What a request must have, in itself and in the objects that it holds.
fn write_check(made: &Struct, structs: &BTreeMap<String, Struct>) -> TokenStream {
    let ident = &made.ident;
    let checks = made.fields.iter().map(|field| {
        let (ident, wire) = (&field.ident, &field.wire);
        let insist = field.required.then(|| {
            quote! {
                let absent = crate::wire::decode::Slot::is_empty(&self.#ident);
                crate::call::argument::insist(#wire, absent, &self.extra)?;
            }
        });
        let inside = structs
            .get(&innermost(&field.inner))
            .is_some_and(|inner| inner.in_requests);
        let check = inside.then(|| quote! { crate::call::argument::check_within(#wire, &self.#ident)?; });
        quote! { #insist #check }
    });
    quote! {
        impl crate::call::argument::Check for #ident {
            fn check(&self) -> ::std::result::Result<(), crate::InvalidField> {
                #(#checks)*
                Ok(())
            }
        }
    }
}

/// The name of the type inside lists, maps and the like.
fn innermost(ty: &Type) -> String {
    let Type::Path(path) = ty else { return String::new() };
    let Some(last) = path.path.segments.last() else {
        return String::new();
    };
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.last() {
            Some(GenericArgument::Type(inner)) => innermost(inner),
            _ => String::new(),
        },
        _ => last.ident.to_string(),
    }
}

fn write_enum(item: &ItemEnum) -> TokenStream {
    let ident = &item.ident;
    let doc = doc_of(&item.attrs);
    let variants = item.variants.iter().map(|variant| {
        let name = &variant.ident;
        let wire = rename_of(&variant.attrs).unwrap_or_else(|| name.to_string());
        let doc = format!("`{wire}`");
        quote! { #[doc = #doc] #name = #wire, }
    });
    quote! {
        crate::wire::open_enum::open_enum! {
            #[doc = #doc]
            pub enum #ident { #(#variants)* }
        }
    }
}

fn write_union(item: &ItemEnum) -> TokenStream {
    let ident = &item.ident;
    let doc = doc_of(&item.attrs);
    let variants = item.variants.iter().filter_map(|variant| {
        let name = &variant.ident;
        let Fields::Unnamed(fields) = &variant.fields else {
            return None;
        };
        let ty = own(&fields.unnamed.first()?.ty);
        let doc = doc_of(&variant.attrs);
        let doc = if doc.is_empty() {
            format!("The form `{name}`.")
        } else {
            doc
        };
        Some(quote! { #[doc = #doc] #name(#ty), })
    });
    quote! {
        crate::wire::union::union! {
            #[doc = #doc]
            pub enum #ident { #(#variants)* }
        }
    }
}

/// The Rust identifier for a property's name on the wire, as typify makes it.
pub fn field_ident(made: &Struct, wire: &str) -> Option<syn::Ident> {
    made.fields
        .iter()
        .find(|field| field.wire == wire)
        .map(|field| field.ident.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(types: TokenStream, document: Value) -> String {
        let file: File = parse_quote! { pub mod types { #types } };
        let items = tolerate(&file, &document).unwrap().items;
        prettyplease::unparse(&parse_quote! { #items })
    }

    fn contact_types() -> TokenStream {
        quote! {
            pub mod builder { pub struct Contact; }
            #[doc = "generated"]
            pub struct Contact {
                #[serde(rename = "type", skip_serializing_if = "x")]
                pub type_: ::std::option::Option<::std::string::String>,
                #[serde(default)]
                pub tags: ::std::vec::Vec<Tag>,
            }
            impl Contact { pub fn builder() {} }
        }
    }

    #[test]
    fn every_field_can_be_absent_and_the_rest_is_kept() {
        let document = json!({"components": {"schemas": {"contact": {
            "description": "A person.",
            "properties": {"tags": {"description": "Labels."}, "type": {}},
        }}}});
        let text = made(contact_types(), document);
        for part in [
            "///A person.",
            "pub tags: crate::List<Tag>",
            "pub type_: ::std::option::Option<::std::string::String>",
            "pub extra: crate::Extra",
            "0usize \"tags\" tags field; 1usize \"type\" type_ field;",
            "crate::wire::deserialize::readable!",
        ] {
            assert!(text.contains(part), "{part} is missing from {text}");
        }
        assert!(
            !text.contains("impl Contact") && !text.contains("mod builder"),
            "{text}"
        );
        assert!(
            text.find("pub tags") < text.find("pub type_"),
            "the description's order: {text}"
        );
    }

    #[test]
    fn requests_tell_absent_from_null_and_insist_on_what_is_required() {
        let body = json!({"application/json": {"schema": {"$ref": "#/components/schemas/contact"}}});
        let document = json!({
            "paths": {"/c": {"post": {"requestBody": {"content": body}}}},
            "components": {"schemas": {"contact": {
                "required": ["tags"],
                "properties": {"type": {"nullable": true}, "tags": {}},
            }}},
        });
        let text = made(contact_types(), document);
        for part in [
            "Option<crate::Nullable<::std::string::String>>",
            "crate::call::argument::readable!",
            "impl crate::call::argument::Check for Contact",
            "crate::call::argument::insist(\"tags\", absent, &self.extra)?;",
        ] {
            assert!(text.contains(part), "{part} is missing from {text}");
        }
        assert!(!text.contains("insist(\"type\""), "{text}");
    }

    #[test]
    fn lists_and_maps_are_the_crates_own_and_names_do_not_meet() {
        let text = made(
            quote! {
                pub struct Mixed {
                    pub extra: ::std::option::Option<bool>,
                    pub a: ::std::collections::BTreeMap<::std::string::String, ::std::vec::Vec<i64>>,
                    pub b: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
                    pub score: ::std::option::Option<f64>,
                }
                pub struct Code(::std::string::String);
            },
            json!({}),
        );
        for part in [
            "pub extra_: ::std::option::Option<bool>",
            "pub a: crate::Map<crate::List<i64>>",
            "pub b: crate::Map<::serde_json::Value>",
            "\"score\" score number;",
            "crate::wire::object::newtype!",
        ] {
            assert!(text.contains(part), "{part} is missing from {text}");
        }
    }

    #[test]
    fn text_enums_are_open_and_unions_find_their_best_fit() {
        let text = made(
            quote! {
                pub enum State { #[serde(rename = "in_progress")] InProgress }
                #[serde(untagged)] pub enum Either { A(X), B(Y) }
            },
            json!({}),
        );
        assert!(
            text.contains("open_enum!") && text.contains("InProgress = \"in_progress\""),
            "{text}"
        );
        assert!(text.contains("union!") && text.contains("A(X)"), "{text}");
    }

    #[test]
    fn a_missing_module_is_a_failure() {
        assert!(tolerate(&parse_quote! {}, &json!({})).is_err());
    }
}
