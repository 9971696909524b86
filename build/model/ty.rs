//! The types that fields, parameters, bodies and answers have.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{GenericArgument, PathArguments, Type, TypePath};

/// A type in the generated client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A type of Rust or of this crate by its full path, such as `i64` or `crate::Timestamp`.
    Known(String),
    /// A type that is made from a component.
    Named(String),
    /// A list.
    List(Box<Ty>),
    /// An object with free names.
    Map(Box<Ty>),
    /// A value behind a pointer, since it holds others of its own type.
    Boxed(Box<Ty>),
    /// A value that a request can set to null.
    Nullable(Box<Ty>),
}

/// From where a type is named: what stands before the name of one that is made from a component.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// Inside the module `types`.
    Types,
    /// Inside a module in `types`.
    InsideTypes,
    /// Beside the module `types`, or where it was imported.
    Beside,
}

impl Ty {
    /// Any JSON.
    pub fn json() -> Self {
        Self::Known("::serde_json::Value".to_owned())
    }

    /// Nothing.
    pub fn unit() -> Self {
        Self::Known("()".to_owned())
    }

    /// The same with other names for the components' types.
    pub fn renamed(self, names: &BTreeMap<String, String>) -> Self {
        let inner = |inner: Box<Self>| Box::new(inner.renamed(names));
        match self {
            Self::Named(name) => Self::Named(names.get(&name).cloned().unwrap_or(name)),
            Self::List(item) => Self::List(inner(item)),
            Self::Map(item) => Self::Map(inner(item)),
            Self::Boxed(item) => Self::Boxed(inner(item)),
            Self::Nullable(item) => Self::Nullable(inner(item)),
            known => known,
        }
    }

    /// Whether it is a type of Rust or of this crate by this path.
    pub fn is(&self, path: &str) -> bool {
        matches!(self, Self::Known(known) if known == path)
    }

    /// The name of the type that is made from a component, when it is one, boxed or not.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Boxed(inner) => inner.name(),
            _ => None,
        }
    }

    /// The name of the component's type inside lists, maps and the like.
    pub fn innermost(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Named(name) => Some(name),
            Self::List(inner) | Self::Map(inner) | Self::Boxed(inner) | Self::Nullable(inner) => inner.innermost(),
        }
    }

    /// Whether it says itself whether it is there, and needs no `Option`.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// As Rust names it from `scope`.
    pub fn rust(&self, scope: Scope) -> TokenStream {
        match self {
            Self::Known(path) => path.parse().unwrap_or_default(),
            Self::Named(name) => {
                let name = format_ident!("{name}");
                match scope {
                    Scope::Types => quote! { #name },
                    Scope::InsideTypes => quote! { super::#name },
                    Scope::Beside => quote! { types::#name },
                }
            }
            Self::List(inner) => {
                let inner = inner.rust(scope);
                quote! { crate::List<#inner> }
            }
            Self::Map(inner) => {
                let inner = inner.rust(scope);
                quote! { crate::Map<#inner> }
            }
            Self::Boxed(inner) => {
                let inner = inner.rust(scope);
                quote! { ::std::boxed::Box<#inner> }
            }
            Self::Nullable(inner) => {
                let inner = inner.rust(scope);
                quote! { crate::Nullable<#inner> }
            }
        }
    }

    /// The type that progenitor wrote. What this crate has no type for is any JSON.
    pub fn read(tokens: TokenStream) -> Result<Self, String> {
        let ty: Type =
            syn::parse2(tokens).map_err(|error| format!("progenitor wrote a type that does not parse: {error}"))?;
        Self::of(&ty)
    }

    fn of(ty: &Type) -> Result<Self, String> {
        match ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Ok(Self::unit()),
            Type::Path(path) => Self::of_path(path),
            _ => Ok(Self::json()),
        }
    }

    fn of_path(path: &TypePath) -> Result<Self, String> {
        let text = path.path.to_token_stream().to_string().replace(' ', "");
        let Some(last) = path.path.segments.last() else {
            return Err("progenitor wrote an empty type".to_owned());
        };
        let name = last.ident.to_string();
        let mut arguments = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().collect(),
            _ => Vec::new(),
        };
        // The value's type comes last: names are texts.
        let inner = arguments.pop().and_then(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        });
        Ok(match (name.as_str(), inner) {
            ("Option", Some(inner)) => Self::of(inner)?,
            ("Box", Some(inner)) => Self::Boxed(Box::new(Self::of(inner)?)),
            ("Vec", Some(inner)) => Self::List(Box::new(Self::of(inner)?)),
            ("Map" | "BTreeMap" | "HashMap", Some(inner)) => Self::Map(Box::new(Self::of(inner)?)),
            ("String", None) if text.starts_with("::std::string") => Self::Known(text),
            ("i64" | "f64" | "bool", None) if path.path.segments.len() == 1 => Self::Known(text),
            _ if text.starts_with("crate::") => Self::Known(text),
            _ if text == "::serde_json::Value" => Self::json(),
            _ if path.path.leading_colon.is_none() => Self::Named(name),
            _ => Self::json(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Ty {
        Ty::read(text.parse().unwrap()).unwrap()
    }

    fn rust(text: &str, scope: Scope) -> String {
        read(text).rust(scope).to_string().replace(' ', "")
    }

    #[test]
    fn types_are_read_as_the_crates_own() {
        assert_eq!(read("::std::option::Option<types::Tag>"), Ty::Named("Tag".into()));
        assert_eq!(
            read("::std::vec::Vec<i64>"),
            Ty::List(Box::new(Ty::Known("i64".into())))
        );
        assert_eq!(
            read("::std::collections::BTreeMap<::std::string::String, ::serde_json::Value>"),
            Ty::Map(Box::new(Ty::json()))
        );
        assert_eq!(read("crate::Timestamp"), Ty::Known("crate::Timestamp".into()));
        assert_eq!(read("()"), Ty::unit());
        assert_eq!(read("::std::num::NonZeroU64"), Ty::json(), "numbers have a type each");
        assert_eq!(read("types::String"), Ty::Named("String".into()));
    }

    #[test]
    fn types_are_named_from_where_they_stand() {
        let tags = "::std::vec::Vec<::std::boxed::Box<types::Tag>>";
        assert_eq!(rust(tags, Scope::Types), "crate::List<::std::boxed::Box<Tag>>");
        assert_eq!(
            rust(tags, Scope::InsideTypes),
            "crate::List<::std::boxed::Box<super::Tag>>"
        );
        assert_eq!(rust(tags, Scope::Beside), "crate::List<::std::boxed::Box<types::Tag>>");
        assert_eq!(read(tags).innermost(), Some("Tag"));
        assert_eq!(read(tags).name(), None);
    }
}
