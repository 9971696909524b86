//! Search aliases of operations: names that readers type into the search of the documentation,
//! derived from method and path.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::document::names::{ident, pascal, snake};
use super::super::model::Operation;

/// Returns the `#[doc(alias)]` attributes of an operation's method and of its builder.
pub fn attributes(operation: &Operation) -> (TokenStream, TokenStream) {
    let aliases = aliases(operation);
    let builders = aliases.iter().map(|alias| pascal(alias));
    let builders = builders.filter(|alias| *alias != operation.builder);
    (
        quote! { #(#[doc(alias = #aliases)])* },
        quote! { #(#[doc(alias = #builders)])* },
    )
}

/// Returns other names of an operation: `get_contact` and `find_contact` for `show_contact`, `GET
/// /contacts/{id}`.
fn aliases(operation: &Operation) -> Vec<String> {
    let path = operation.path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_parameter = |segment: &str| segment.starts_with('{');
    let Some(last) = segments.iter().rposition(|segment| !is_parameter(segment)) else {
        return Vec::new();
    };
    // Every segment before a parameter names a record that the operation is about.
    let owners = segments[..last].windows(2).filter(|pair| is_parameter(pair[1]));
    let owners: Vec<String> = owners.map(|pair| singular(&snake(pair[0]))).collect();
    let plural = snake(segments[last]);
    let one = singular(&plural);
    let (is_collection, of_one) = (one != plural, last + 1 < segments.len());
    let joined = |verb: &str, noun: &str| {
        [&[verb.to_owned()], owners.as_slice(), &[noun.to_owned()]]
            .concat()
            .join("_")
    };
    let each = |verbs: &[&str], noun: &str| -> Vec<String> { verbs.iter().map(|verb| joined(verb, noun)).collect() };
    let mut aliases = match operation.method.as_str() {
        "GET" if operation.paging.is_some() => each(&["list", "get"], &plural),
        "GET" if is_collection => each(&["get", "find", "retrieve", "show"], &one),
        "GET" if !of_one => [each(&["get"], &one), vec![one.clone()]].concat(),
        "POST" if operation.paging.is_some() && !is_collection && last > 0 => {
            let listed = snake(segments[last - 1]);
            [one.as_str(), "find"].map(|verb| format!("{verb}_{listed}")).into()
        }
        "POST" if is_collection && operation.body.is_some() => each(&["create", "add"], &one),
        "POST" if !is_collection && last > 0 => {
            let noun = owners
                .last()
                .cloned()
                .unwrap_or_else(|| singular(&snake(segments[last - 1])));
            vec![format!("{one}_{noun}")]
        }
        "PUT" | "PATCH" => each(&["update", "edit"], &one),
        "DELETE" => each(&["delete", "remove"], &one),
        _ => Vec::new(),
    };
    aliases.retain(|alias| *alias != operation.ident && ident(alias, "") == *alias);
    aliases
}

/// Returns the singular of an English noun in the plural; other words are returned unchanged.
fn singular(noun: &str) -> String {
    match noun {
        noun if noun.ends_with("ies") => format!("{}y", &noun[..noun.len() - 3]),
        noun if ["sses", "shes", "ches", "xes", "uses"]
            .iter()
            .any(|end| noun.ends_with(end)) =>
        {
            noun[..noun.len() - 2].to_owned()
        }
        noun if noun.ends_with("ss") || noun.ends_with("us") || noun == "news" => noun.to_owned(),
        noun => noun.strip_suffix('s').unwrap_or(noun).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_drops_the_ending_of_plurals() {
        for (plural, expected) in [
            ("companies", "company"),
            ("news_items", "news_item"),
            ("statuses", "status"),
            ("addresses", "address"),
            ("news", "news"),
            ("reply", "reply"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }
}
