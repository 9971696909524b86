//! Puts the generated client together: types, builders, operations, regions and versions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{File, Ident};

use super::super::failure::Failure;
use super::super::write::calls::{self as operations, Operation};
use super::super::write::types::Types;
use super::super::{document::schema, write::builders as requests, write::paging};

/// The whole generated client.
pub fn client(types: &Types, operations: &[Operation], constants: TokenStream) -> Result<File, Failure> {
    let builders = requests::builders(types)?;
    let items = &types.items;
    let pages = paging::pages(operations, types)?;
    let calls = operations::write(operations, types);
    let mixed = mixed(types);
    parse(quote! {
        #constants

        /// Answers that come in more than one form.
        pub mod mixed {
            #mixed
        }

        /// The API's objects: what responses carry and what requests send.
        pub mod types {
            #items
            #builders
            #pages
        }

        #calls
    })
}

/// The types that are written by hand over types of the description, where it has those.
fn mixed(types: &Types) -> TokenStream {
    let has = |name: &str| types.structs.contains_key(name) || types.enums.iter().any(|ident| ident == name);
    let state = has("TicketStateCategory").then(|| {
        quote! {
            use super::types::TicketStateCategory;
            crate::wire::ticket_state::ticket_state! { TicketStateCategory }
        }
    });
    let company = (has("Company") && has("CompanyList")).then(|| {
        quote! {
            use super::types::{Company, CompanyList};
            crate::wire::company_or_list::company_or_list! { Company CompanyList }
        }
    });
    quote! { #state #company }
}

/// Tokens of this crate's own making as a file.
pub fn parse(tokens: TokenStream) -> Result<File, Failure> {
    syn::parse2(tokens).map_err(|error| {
        Failure::new(
            "client",
            format!("the passes wrote Rust that does not parse: {error}"),
            "look for a name in the description that cannot be a Rust name, and change it by an overlay action",
        )
    })
}

/// Regions from the servers (`x-region` and `url`), versions from `info.version` and the `intercom_version` schema.
///
/// Read before the repair rules, which drop what the types do not need.
pub fn constants(document: &Value) -> Result<TokenStream, Failure> {
    let servers: Vec<(&str, &str)> = document["servers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|server| {
            Some((
                server["x-region"].as_str()?,
                server["url"].as_str()?.trim_end_matches('/'),
            ))
        })
        .collect();
    if servers.is_empty() {
        return Err(Failure::new(
            "constants",
            "no server has an `x-region`",
            "name each server's region by an overlay action: us, eu, au",
        )
        .at("/servers"));
    }
    let regions = servers
        .iter()
        .map(|(name, url)| {
            let variant: Ident = syn::parse_str(&schema::pascal(name)).map_err(|_| {
                Failure::new(
                    "constants",
                    format!("`x-region` {name:?} cannot be a variant's name"),
                    "use letters: us, eu, au",
                )
                .at("/servers")
            })?;
            let doc = format!("`{url}`");
            Ok(quote! { #[doc = #doc] #variant = #name #url, })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let default = document["info"]["version"].as_str().unwrap_or_default();
    let listed = document["components"]["schemas"]["intercom_version"]["enum"].as_array();
    let mut versions: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
    if !versions.contains(&default) {
        versions.push(default);
    }
    let versions = versions.iter().map(|text| {
        let name = format_ident!(
            "V{}",
            text.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_uppercase()
        );
        quote! { #name = #text }
    });
    Ok(quote! {
        crate::client::region::regions! { #(#regions)* }
        crate::client::version::versions! { #default #(#versions)* }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn regions_and_versions_come_from_the_description() {
        let document = json!({
            "info": {"version": "2.9"},
            "servers": [{"url": "https://a.test/", "x-region": "us"}, {"url": "https://b.test"}],
        });
        let text = constants(&document).unwrap().to_string();
        assert!(text.contains(r#"Us = "us" "https://a.test""#), "{text}");
        assert!(text.contains(r#""2.9" V2_9 = "2.9""#), "{text}");
        assert_eq!(constants(&json!({})).unwrap_err().at, "/servers");
        let numbered = json!({"servers": [{"url": "https://a.test", "x-region": "1"}]});
        assert!(constants(&numbered).unwrap_err().what.contains("cannot be a variant"));
    }
}
