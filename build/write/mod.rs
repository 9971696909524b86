//! Writes the client. The writers see the model, never the document.

pub mod builders;
pub mod calls;
pub mod constants;
pub mod helpers;
pub mod mock;
pub mod paging;
pub mod types;

use proc_macro2::{Group, Literal, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::File;

use super::failure::Failure;
use super::model::Model;

/// The whole generated client.
pub fn client(model: &Model) -> Result<File, Failure> {
    let constants = constants::constants(&model.basics);
    let types = types::types(&model.types);
    let builders = builders::builders(&model.types);
    let pages = paging::pages(model);
    let calls = calls::calls(model);
    let mixed = helpers::mixed(model);
    let searches = (!model.searches.is_empty()).then(|| helpers::searches(&model.searches));
    let export = model.export.as_ref().map(helpers::export);
    let upsert = model.upsert.as_ref().map(helpers::upsert);
    parse(quote! {
        #constants

        /// Answers that come in more than one form.
        pub mod mixed {
            #mixed
        }

        /// The API's objects: what responses carry and what requests send.
        pub mod types {
            #types
            #builders
            #pages
        }

        #calls
        #searches
        #export
        #upsert
    })
}

/// The same with doc comments that Rust takes: without control characters, and without those that change the direction of
/// writing.
fn with_plain_docs(tokens: TokenStream) -> TokenStream {
    let mut doc = false;
    let plain = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), with_plain_docs(group.stream()));
            inner.set_span(group.span());
            inner.into()
        }
        TokenTree::Ident(ident) => {
            doc = ident == "doc";
            ident.into()
        }
        TokenTree::Literal(literal) if doc => {
            doc = false;
            match syn::parse2::<syn::LitStr>(literal.to_token_stream()) {
                Ok(text) => Literal::string(&prose(&text.value())).into(),
                Err(_) => literal.into(),
            }
        }
        other => other,
    });
    plain.collect()
}

fn prose(text: &str) -> String {
    let direction = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || direction(*c)))
        .collect()
}

/// Tokens of this crate's own making as a file.
pub fn parse(tokens: TokenStream) -> Result<File, Failure> {
    syn::parse2(with_plain_docs(tokens)).map_err(|error| {
        Failure::new(
            "client",
            format!("the writers wrote Rust that does not parse: {error}"),
            "report it with the description",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_are_comments_that_rust_takes() {
        let doc = "One\r\ntwo\rthree \u{202e}four\u{7}";
        let file = parse(quote! { pub mod a { #[doc = #doc] pub struct A; pub const B: &str = #doc; } }).unwrap();
        let text = prettyplease::unparse(&file);
        assert!(text.contains("One\ntwo\nthree four"), "{text}");
        let constant = file.into_token_stream().to_string();
        assert!(
            constant.contains("\\u{202e}") || constant.contains('\u{202e}'),
            "only docs change: {constant}"
        );
    }
}
