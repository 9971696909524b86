//! Writes the client. The writers see the model, never the document.

pub mod builders;
pub mod calls;
pub mod constants;
pub mod docs;
pub mod example;
pub mod helpers;
pub mod mock;
pub mod paging;
pub mod types;
pub mod webhooks;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::File;

use super::failure::Failure;
use super::model::Model;

/// The whole generated client.
pub fn client(model: &Model) -> Result<File, Failure> {
    let constants = constants::constants(&model.basics);
    let types = types::types(model);
    let builders = builders::builders(model);
    let pages = paging::pages(model);
    let calls = calls::calls(model);
    let mixed = helpers::mixed(model);
    let searches = (!model.searches.is_empty()).then(|| helpers::searches(&model.searches));
    let export = model.export.as_ref().map(helpers::export);
    let upsert = model.upsert.as_ref().map(helpers::upsert);
    let webhooks = webhooks::webhooks(&model.webhooks);
    parse(quote! {
        #[cfg(feature = "client")]
        mod constants {
            #constants
        }
        #[cfg(feature = "client")]
        pub use constants::*;

        /// Answers that come in more than one form.
        pub(crate) mod mixed {
            #mixed
        }

        /// The API's objects: what responses carry and what requests send. Each says which operations send and return it.
        pub mod types {
            #types
            #builders

            #[cfg(feature = "client")]
            mod pages {
                use super::*;
                #pages
            }
        }

        #webhooks

        /// What needs a client: calls, lists, searches, and calls made of several calls.
        #[cfg(feature = "client")]
        mod calls {
            use super::types;
            #calls
            #searches
            #export
            #upsert
        }
        #[cfg(feature = "client")]
        pub use calls::*;
    })
}

/// The same with doc comments that Rust takes: a comment for each line, since rustdoc reads a block of them otherwise, without
/// control characters, and without those that change the direction of writing.
fn with_plain_docs(tokens: TokenStream) -> TokenStream {
    let mut plain = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute = match (&token, tokens.peek()) {
            (TokenTree::Punct(mark), Some(TokenTree::Group(group))) if mark.as_char() == '#' => doc(group),
            _ => None,
        };
        if let Some(text) = attribute {
            tokens.next();
            let text = prose(&text);
            // Behind `///` stands a space, as in the comments that are written here.
            let space = if text.starts_with(' ') { "" } else { " " };
            let lines = text.lines().map(|line| match line {
                "" => String::new(),
                line => format!("{space}{line}"),
            });
            plain.extend(lines.map(|line| quote! { #[doc = #line] }));
            continue;
        }
        plain.extend([match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), with_plain_docs(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }]);
    }
    plain
}

/// The text of `[doc = "…"]`.
fn doc(attribute: &Group) -> Option<String> {
    let mut tokens = attribute.stream().into_iter();
    let (name, _, text) = (tokens.next()?, tokens.next()?, tokens.next()?);
    let is_doc = matches!(&name, TokenTree::Ident(ident) if ident == "doc");
    let text = syn::parse2::<syn::LitStr>(text.into_token_stream()).ok()?;
    (is_doc && tokens.next().is_none()).then(|| text.value())
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
        let doc = "One\r\n*two\rthree \u{202e}four\u{7}\n\n    five";
        let file = parse(quote! { pub mod a { #[doc = #doc] pub struct A; pub const B: &str = #doc; } }).unwrap();
        let text = prettyplease::unparse(&file);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        assert_eq!(
            lines[1..6],
            ["/// One", "/// *two", "/// three four", "///", "///     five"]
        );
        let constant = file.into_token_stream().to_string();
        assert!(
            constant.contains("\\u{202e}") || constant.contains('\u{202e}'),
            "only docs change: {constant}"
        );
    }
}
