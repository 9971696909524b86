//! The tolerance pass: progenitor's types become types that hold whatever servers send.
//!
//! From the `types` module only the structs and enums are kept, and written anew: every field decodes leniently, text
//! enums stay open, untagged unions pick the variant that fits best. The conversions, builders and defaults that
//! progenitor adds are left out; `requests` writes the builders that callers need.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::{Attribute, Fields, File, GenericArgument, Item, ItemEnum, ItemStruct, PathArguments, Type, parse_quote};

use super::failure::Failure;
use super::schema::{components, fold, request_reach};

/// What a generated struct is made of, for the passes that follow.
pub struct Struct {
    /// Its Rust name.
    pub ident: syn::Ident,
    /// Whether a request can carry it.
    pub in_requests: bool,
    /// Its fields, in the order of the description.
    pub fields: Vec<Field>,
    /// The component schema it was made from.
    pub schema: Value,
}

impl Struct {
    /// Whether any object will do, since nothing in it must be there or be told from null.
    fn is_object(&self) -> bool {
        !self.in_requests && !self.fields.is_empty() && self.fields.iter().all(|field| !field.required)
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
    /// Whether the value must be there.
    pub required: bool,
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
    let requests = request_reach(document);
    let mut items = TokenStream::new();
    let mut structs = BTreeMap::new();
    let mut enums = Vec::new();
    let (mut objects, mut derived) = (Vec::new(), Vec::new());
    for item in module(file, "types")? {
        match item {
            Item::Struct(item) => {
                let known = schemas.get(&fold(&item.ident.to_string()));
                let (name, schema) = known.cloned().unwrap_or_default();
                let made = describe(item, schema, requests.contains(&name));
                items.extend(write_struct(item, &made));
                if made.is_object() {
                    items.extend(write_object(&made));
                    objects.push(made.ident.clone());
                } else {
                    derived.push(made.ident.clone());
                }
                structs.insert(made.ident.to_string(), made);
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
    items.extend(quote! {
        crate::wire::lenient::objects! { #(#objects),* }
        crate::wire::lenient::derived! { #(#derived),* }
    });
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

/// Whether `ty` is a list or a map, which need no `Option` to be absent in a response.
fn is_collection(ty: &Type) -> bool {
    argument(ty, "Vec").is_some() || argument(ty, "Map").is_some() || argument(ty, "BTreeMap").is_some()
}

fn describe(item: &ItemStruct, schema: Value, in_requests: bool) -> Struct {
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
            let bare = argument(&field.ty, "Option").unwrap_or(&field.ty);
            let inner = if in_requests && property["nullable"] == true {
                parse_quote! { crate::Nullable<#bare> }
            } else {
                bare.clone()
            };
            let described = property["description"].as_str().map(str::to_owned);
            Some(Field {
                doc: described.unwrap_or_else(|| doc_of(&field.attrs)).trim().to_owned(),
                required: required.contains(&wire.as_str()),
                ident,
                wire,
                inner,
            })
        })
        .collect();
    fields.sort_by_key(|field| order.iter().position(|name| *name == field.wire).unwrap_or(usize::MAX));
    Struct {
        ident: item.ident.clone(),
        in_requests,
        fields,
        schema,
    }
}

fn write_struct(item: &ItemStruct, made: &Struct) -> TokenStream {
    let ident = &made.ident;
    if made.fields.is_empty() && matches!(item.fields, Fields::Unnamed(_)) {
        // A newtype: kept as it is, transparent on the wire.
        let doc = doc_of(&item.attrs);
        let fields = &item.fields;
        return quote! {
            #[doc = #doc]
            #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
            #[serde(transparent)]
            pub struct #ident #fields;
        };
    }
    let doc = made.schema["description"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let doc = if doc.is_empty() { doc_of(&item.attrs) } else { doc };
    let fields = made.fields.iter().map(|field| write_field(field, made));
    let default = made.fields.iter().all(|f| !f.required).then(|| quote! { Default, });
    let deserialize = (!made.is_object()).then(|| quote! { ::serde::Deserialize, });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, #default PartialEq, #deserialize ::serde::Serialize)]
        pub struct #ident { #(#fields)* }
    }
}

/// How a struct of a response is decoded.
fn write_object(made: &Struct) -> TokenStream {
    let name = &made.ident;
    let idents = made.fields.iter().map(|field| &field.ident);
    let wires = made.fields.iter().map(|field| &field.wire);
    let (places, again) = (0..made.fields.len(), 0..made.fields.len());
    quote! {
        impl crate::wire::lenient::Object for #name {
            #[inline]
            fn place(name: &str) -> ::std::option::Option<usize> {
                Some(match name {
                    #(#wires => #places,)*
                    _ => return None,
                })
            }

            #[inline]
            fn set<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                place: usize,
                map: &mut A,
            ) -> ::std::result::Result<(), A::Error> {
                match place {
                    #(#again => self.#idents = crate::wire::lenient::value(map)?,)*
                    _ => {}
                }
                Ok(())
            }
        }
    }
}

fn write_field(field: &Field, made: &Struct) -> TokenStream {
    let Field {
        ident,
        wire,
        inner,
        required,
        ..
    } = field;
    let doc = if field.doc.is_empty() {
        format!("`{wire}`.")
    } else {
        field.doc.clone()
    };
    let rename = (ident != wire).then(|| quote! { #[serde(rename = #wire)] });
    let is_number =
        matches!(argument(inner, "Nullable").unwrap_or(inner), Type::Path(path) if path.path.is_ident("f64"));
    let number = is_number.then(|| quote! { #[serde(serialize_with = "crate::wire::lenient::number")] });
    let always = *required || !made.in_requests && is_collection(inner);
    let ty = if always {
        quote! { #inner }
    } else {
        quote! { ::std::option::Option<#inner> }
    };
    let skip = (!always).then(|| quote! { #[serde(skip_serializing_if = "::std::option::Option::is_none")] });
    let decode = if argument(inner, "Nullable").is_some() && !required {
        "crate::wire::lenient::present"
    } else {
        "crate::wire::lenient::field"
    };
    let default = (!required).then(|| quote! { default, });
    let derived = (!made.is_object()).then(|| quote! { #[serde(#default deserialize_with = #decode)] });
    quote! {
        #[doc = #doc]
        #rename
        #derived
        #skip
        #number
        pub #ident: #ty,
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
        let ty = &fields.unnamed.first()?.ty;
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
    fn response_fields_are_optional_and_lists_default_to_empty() {
        let document = json!({"components": {"schemas": {"contact": {
            "description": "A person.",
            "properties": {"tags": {"description": "Labels."}, "type": {}},
        }}}});
        let text = made(contact_types(), document);
        assert!(text.contains("///A person."), "{text}");
        assert!(text.contains("pub tags: ::std::vec::Vec<Tag>"), "{text}");
        assert!(text.contains("rename = \"type\""), "{text}");
        assert!(
            !text.contains("impl Contact") && !text.contains("mod builder"),
            "{text}"
        );
        assert!(
            text.find("pub tags") < text.find("pub type_"),
            "the description's order: {text}"
        );
        assert!(
            text.contains("\"type\" => 1usize")
                && text.contains("1usize => self.type_ = crate::wire::lenient::value(map)?"),
            "{text}"
        );
    }

    #[test]
    fn request_fields_tell_absent_from_null_and_empty() {
        let body = json!({"application/json": {"schema": {"$ref": "#/components/schemas/contact"}}});
        let document = json!({
            "paths": {"/c": {"post": {"requestBody": {"content": body}}}},
            "components": {"schemas": {"contact": {
                "properties": {"type": {"nullable": true}, "tags": {}},
            }}},
        });
        let text = made(contact_types(), document);
        assert!(
            text.contains("Option<crate::Nullable<::std::string::String>>"),
            "{text}"
        );
        assert!(text.contains("Option<::std::vec::Vec<Tag>>"), "{text}");
        assert!(text.contains("crate::wire::lenient::present"), "{text}");
        assert!(!text.contains("lenient::Object"), "null would be absent: {text}");
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
