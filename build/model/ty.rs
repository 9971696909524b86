//! The types that fields, parameters, bodies and answers have.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_from_where_they_stand() {
        let tag = Ty::Boxed(Box::new(Ty::Named("Tag".to_owned())));
        let tags = Ty::List(Box::new(tag));
        let rust = |scope| tags.rust(scope).to_string().replace(' ', "");
        assert_eq!(rust(Scope::Types), "crate::List<::std::boxed::Box<Tag>>");
        assert_eq!(rust(Scope::InsideTypes), "crate::List<::std::boxed::Box<super::Tag>>");
        assert_eq!(rust(Scope::Beside), "crate::List<::std::boxed::Box<types::Tag>>");
        assert_eq!((tags.innermost(), tags.name()), (Some("Tag"), None));
    }
}
