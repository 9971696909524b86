//! The types of fields, parameters, bodies and responses.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A type in the generated client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A type of Rust or of this crate, by its full path: for example `i64` or `crate::Timestamp`.
    Known(String),
    /// The type of a component.
    Named(String),
    /// A list.
    List(Box<Ty>),
    /// An object with arbitrary keys.
    Map(Box<Ty>),
    /// A value in a `Box`.
    Boxed(Box<Ty>),
    /// A value that a request can set to null.
    Nullable(Box<Ty>),
}

/// The module in which a type is named, which decides the path of generated types.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// The module `types`.
    Types,
    /// A module in `types`.
    InsideTypes,
    /// The parent of the module `types`, or a module that imports it.
    Crate,
}

impl Ty {
    /// Returns the type of any JSON value.
    pub fn json() -> Self {
        Self::Known("::serde_json::Value".to_owned())
    }

    /// Returns the type of a text.
    pub fn text() -> Self {
        Self::Known("::std::string::String".to_owned())
    }

    /// Returns the type of a text that is usually one of the texts in the description.
    pub fn static_text() -> Self {
        Self::Known("::std::borrow::Cow<'static, str>".to_owned())
    }

    /// Returns the unit type.
    pub fn unit() -> Self {
        Self::Known("()".to_owned())
    }

    /// Returns `true` for [`Ty::Known`] with this path.
    pub fn is(&self, path: &str) -> bool {
        matches!(self, Self::Known(known) if known == path)
    }

    /// Returns the name of a component's type, boxed or not.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Boxed(inner) => inner.name(),
            _ => None,
        }
    }

    /// Returns the name of a component's type, also inside lists, maps and other wrappers.
    pub fn innermost(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Named(name) => Some(name),
            Self::List(inner) | Self::Map(inner) | Self::Boxed(inner) | Self::Nullable(inner) => inner.innermost(),
        }
    }

    /// Returns `true` for lists and maps, which need no `Option`.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// Returns the Rust type, with paths that are valid in `scope`.
    pub fn rust(&self, scope: Scope) -> TokenStream {
        match self {
            Self::Known(path) => path.parse().unwrap_or_default(),
            Self::Named(name) => {
                let name = format_ident!("{name}");
                match scope {
                    Scope::Types => quote! { #name },
                    Scope::InsideTypes => quote! { super::#name },
                    Scope::Crate => quote! { types::#name },
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
    fn paths_depend_on_the_scope() {
        let tag = Ty::Boxed(Box::new(Ty::Named("Tag".to_owned())));
        let tags = Ty::List(Box::new(tag));
        let rust = |scope| tags.rust(scope).to_string().replace(' ', "");
        assert_eq!(rust(Scope::Types), "crate::List<::std::boxed::Box<Tag>>");
        assert_eq!(rust(Scope::InsideTypes), "crate::List<::std::boxed::Box<super::Tag>>");
        assert_eq!(rust(Scope::Crate), "crate::List<::std::boxed::Box<types::Tag>>");
        assert_eq!((tags.innermost(), tags.name()), (Some("Tag"), None));
    }
}
