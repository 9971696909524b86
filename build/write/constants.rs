//! Writes the regions and API versions of the description.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::input::basics::Basics;

/// Writes one variant of `Region` for each server, and one constant of `ApiVersion` for each
/// version.
pub fn constants(basics: &Basics) -> TokenStream {
    let regions = basics.servers.iter().map(|server| {
        let (variant, name, url) = (format_ident!("{}", server.variant), &server.name, &server.url);
        let doc = format!("`{url}`");
        quote! { #[doc = #doc] #variant = #name #url, }
    });
    let default = &basics.version;
    let versions = basics.versions.iter().map(|(constant, text)| {
        let constant = format_ident!("{constant}");
        quote! { #constant = #text }
    });
    quote! {
        crate::client::region::regions! { #(#regions)* }
        crate::client::version::versions! { #default #(#versions)* }
    }
}
