//! Writes the client. The writers see the model, never the document.

pub mod aliases;
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

/// Writes the complete client.
pub fn client(model: &Model) -> Result<File, Failure> {
    let constants = constants::constants(&model.basics);
    let types = types::types(model);
    let builders = builders::builders(model);
    let pages = paging::pages(model);
    let calls = calls::calls(model);
    let type_names = &model.type_names;
    let hand_written = helpers::hand_written(model);
    let types_doc = docs::TypeUses::of(model).index();
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

        /// The values of `type` in the description.
        pub(crate) const TYPE_NAMES: &[&str] = &[#(#type_names),*];

        /// Hand-written types that contain generated ones.
        pub(crate) mod mixed {
            #hand_written
        }

        #[doc = #types_doc]
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

        /// Operations, lists, searches and helpers, which need a client.
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

/// Makes doc comments valid: writes one comment a line, because rustdoc treats the indentation of
/// block comments differently, and removes characters that control the terminal or the direction of
/// text.
fn sanitize_docs(tokens: TokenStream) -> TokenStream {
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
            // A space follows `///`, as in hand-written comments.
            let space = if text.starts_with(' ') { "" } else { " " };
            let lines = text.split('\n').map(|line| match line {
                "" => String::new(),
                line => format!("{space}{line}"),
            });
            plain.extend(lines.map(|line| quote! { #[doc = #line] }));
            continue;
        }
        plain.extend([match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), sanitize_docs(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }]);
    }
    plain
}

/// Returns the text of `[doc = "…"]`.
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

/// Parses tokens that the writers wrote.
pub fn parse(tokens: TokenStream) -> Result<File, Failure> {
    syn::parse2(sanitize_docs(tokens)).map_err(|error| {
        Failure::new(
            "client",
            format!("the generated client is not valid Rust: {error}"),
            "report this error with the description",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_become_valid_line_comments() {
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
