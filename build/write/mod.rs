//! Writes the client. The writers see the model, never the document.

pub mod builders;
pub mod calls;
pub mod constants;
pub mod helpers;
pub mod paging;
pub mod types;

use proc_macro2::TokenStream;
use quote::quote;
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
    })
}

/// Tokens of this crate's own making as a file.
pub fn parse(tokens: TokenStream) -> Result<File, Failure> {
    syn::parse2(tokens).map_err(|error| {
        Failure::new(
            "client",
            format!("the writers wrote Rust that does not parse: {error}"),
            "report it with the description",
        )
    })
}
