//! Writes the table of operations for the mock.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::document::schema;
use super::super::model::examples::Example;
use super::super::model::ty::{Scope, Ty};
use super::super::model::{Model, Operation, ResponseBody};
use super::paging;

/// Writes `OPERATIONS`, and a module with the id of each operation as a constant.
pub fn operations(model: &Model) -> TokenStream {
    let entries = model.operations.iter().map(|operation| entry(operation, model));
    let ids = model.operations.iter().map(|operation| {
        let (id, name) = (&operation.ident, format_ident!("{}", operation.ident.to_uppercase()));
        let docs = format!("The id of `{} {}`.", operation.method, operation.path);
        quote! {
            #[doc = #docs]
            pub const #name: &str = #id;
        }
    });
    quote! {
        pub(super) static OPERATIONS: &[MockOperation] = &[#(#entries),*];

        /// The ids of all operations, which are the names of the client's methods.
        pub mod operations {
            #(#ids)*
        }
    }
}

fn entry(operation: &Operation, model: &Model) -> TokenStream {
    let Operation {
        ident,
        method,
        path,
        examples,
        ..
    } = operation;
    let parameters = operation.parameters.iter().map(|parameter| {
        let (name, in_path, required) = (&parameter.wire, parameter.in_path, parameter.required);
        quote! { Parameter { name: #name, in_path: #in_path, required: #required } }
    });
    let (check, record, list) = match &operation.response {
        ResponseBody::Bytes(_) => Default::default(),
        ResponseBody::Json(ty) => {
            let rust = ty.rust(Scope::Crate);
            let check = (*ty != Ty::json()).then(|| quote! { check::<#rust> });
            let list = list(operation, ty, model);
            let first = components(ty, model).and_then(|types| types.first().map(String::as_str));
            let record = first.or(ty.name().filter(|_| list.is_none()));
            (check, record.and_then(|name| object(name, model)), list)
        }
    };
    let (check, record, list) = (option(check), option(record), option(list));
    let success = examples.success.unwrap_or(200);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let shape = schema::shape(path);
    let requests = examples.requests.iter().map(example);
    let successes = examples.successes.iter().map(example);
    let errors = examples.errors.iter().map(|(status, shown)| {
        let (name, body) = (&shown.name, shown.value.to_string());
        quote! { (#status, #name, #body) }
    });
    quote! {
        MockOperation {
            id: #ident,
            method: #method,
            path: #path,
            query: #query,
            shape: #shape,
            parameters: &[#(#parameters),*],
            check: #check,
            record: #record,
            list: #list,
            success: #success,
            requests: &[#(#requests),*],
            successes: &[#(#successes),*],
            errors: &[#(#errors),*],
        }
    }
}

/// Returns the description of a struct.
fn object(name: &str, model: &Model) -> Option<TokenStream> {
    let ident = format_ident!("{}", model.types.structs.get(name)?.name);
    Some(quote! { ObjectType { name: #name, names: names::<types::#ident>, check: check::<types::#ident> } })
}

/// Returns the generated types that a hand-written type contains.
fn components<'a>(ty: &Ty, model: &'a Model) -> Option<&'a Vec<String>> {
    let mut hand_written = model.hand_written.iter();
    let found = hand_written.find(|written| ty.is(written.path));
    found.map(|written| &written.components)
}

/// Returns the description of a list response.
fn list(operation: &Operation, ty: &Ty, model: &Model) -> Option<TokenStream> {
    let name = components(ty, model)
        .and_then(|types| types.last().map(String::as_str))
        .or(ty.name())?;
    let (page, made) = (model.pages.get(name)?, model.types.structs.get(name)?);
    let items = &made.fields.iter().find(|field| field.ident == page.items)?.wire;
    let (frame, item) = (object(name, model)?, object(page.item.name()?, model)?);
    let paging = paging::variant(operation.paging?);
    Some(quote! { ListType { items: #items, item: #item, frame: #frame, paging: #paging } })
}

fn example(shown: &Example) -> TokenStream {
    let (name, body) = (&shown.name, shown.value.to_string());
    quote! { (#name, #body) }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote! { Some(#value) },
        None => quote! { None },
    }
}
