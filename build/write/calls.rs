//! Writes one method and one builder for every operation, over the hand-written transport.
//!
//! progenitor decides names and types; the sending itself is `Client::call`'s, so that headers, retries, limits and
//! errors are the same for all.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{File, ImplItem, Item, ReturnType, Type};

use super::super::document::schema::{self, fold};
use super::super::failure::Failure;
use super::super::write::paging;
use super::super::write::types::{Struct, Types, argument, module, own};

/// One operation as the passes see it.
pub struct Operation {
    /// Method name: the operation id in snake_case.
    pub ident: syn::Ident,
    /// Builder name: the operation id in PascalCase.
    pub builder: syn::Ident,
    /// HTTP method in capitals.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Path and query parameters in the description's order.
    pub parameters: Vec<Parameter>,
    /// The type of the JSON request body.
    pub body: Option<Type>,
    /// What a success decodes to.
    pub response: Type,
    /// Its description.
    pub operation: Value,
}

/// A path or query parameter.
pub struct Parameter {
    /// Rust name.
    pub ident: syn::Ident,
    /// Name on the wire.
    pub wire: String,
    /// Whether it stands in the path.
    pub in_path: bool,
    /// Whether the call needs it.
    pub required: bool,
    /// Rust type.
    pub ty: Type,
    /// What it means.
    pub doc: String,
}

impl Operation {
    /// The name of the constant that describes it.
    pub fn constant(&self) -> syn::Ident {
        format_ident!("{}", self.ident.to_string().to_uppercase())
    }

    /// Whether it only reads, so that it can be repeated: a GET, a list, or what the overlay marks `x-reads-only`.
    pub fn reads_only(&self) -> bool {
        let lists = paging::paging(self).is_some();
        self.operation["x-reads-only"]
            .as_bool()
            .unwrap_or(lists || self.method == "GET")
    }
}

/// Collects the operations: names and types from progenitor's tree, facts from the document.
pub fn collect(file: &File, document: &Value) -> Result<Vec<Operation>, Failure> {
    let items = module(file, "builder")?;
    let lost = |what: String| Failure::new("operations", what, "use the progenitor version that Cargo.lock names");
    schema::operations(document)
        .into_iter()
        .map(|(path, method, operation)| {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let item = items
                .iter()
                .find_map(|item| match item {
                    Item::Struct(item) if fold(&item.ident.to_string()) == fold(id) => Some(item),
                    _ => None,
                })
                .ok_or_else(|| lost(format!("progenitor wrote no builder for {id}")))?;
            let field = |wire: &str| {
                item.fields.iter().find(|field| {
                    field
                        .ident
                        .as_ref()
                        .is_some_and(|ident| fold(&ident.to_string()) == fold(wire))
                })
            };
            let mut parameters = Vec::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let wire = parameter["name"].as_str().unwrap_or_default();
                let found = field(wire).ok_or_else(|| lost(format!("{id} lost its parameter {wire}")))?;
                let ty = argument(&found.ty, "Result").unwrap_or(&found.ty);
                parameters.push(Parameter {
                    ident: beside(found.ident.clone().unwrap_or_else(|| format_ident!("_{wire}"))),
                    wire: wire.to_owned(),
                    in_path: parameter["in"] == "path",
                    required: parameter["required"] == true || parameter["in"] == "path",
                    ty: own(argument(ty, "Option").unwrap_or(ty)),
                    doc: parameter["description"].as_str().unwrap_or_default().trim().to_owned(),
                });
            }
            let body = schema::request_schema(operation)
                .and_then(|_| field("body"))
                .map(|found| body_type(argument(&found.ty, "Result").unwrap_or(&found.ty)));
            Ok(Operation {
                ident: format_ident!(
                    "{}",
                    method_name(file, &item.ident).unwrap_or_else(|| schema::snake(id))
                ),
                builder: item.ident.clone(),
                method: method.to_uppercase(),
                path: path.to_owned(),
                parameters,
                body,
                response: own(&response_type(items, &item.ident).ok_or_else(|| lost(format!("{id} has no send()")))?),
                operation: operation.clone(),
            })
        })
        .collect()
}

/// A parameter's name beside those that every builder has.
fn beside(ident: syn::Ident) -> syn::Ident {
    const TAKEN: [&str; 17] = [
        "api_version",
        "body",
        "body_map",
        "call",
        "client",
        "cursor",
        "from_cursor",
        "header",
        "idempotent",
        "new",
        "options",
        "pages",
        "query_param",
        "retry",
        "send",
        "stream",
        "timeout",
    ];
    match TAKEN.iter().any(|taken| ident == taken) {
        true => format_ident!("{ident}_"),
        false => ident,
    }
}

/// `types::builder::X` stands for a body of the type `types::X`.
fn body_type(ty: &Type) -> Type {
    let Type::Path(path) = ty else { return ty.clone() };
    let mut path = path.clone();
    path.path.segments = path
        .path
        .segments
        .into_iter()
        .filter(|segment| segment.ident != "builder")
        .collect();
    Type::Path(path)
}

/// The method of `Client` that makes this builder.
fn method_name(file: &File, builder: &syn::Ident) -> Option<String> {
    file.items.iter().find_map(|item| {
        let Item::Impl(item) = item else { return None };
        item.items.iter().find_map(|inner| match inner {
            ImplItem::Fn(function) => match &function.sig.output {
                ReturnType::Type(_, ty) => match ty.as_ref() {
                    Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == *builder) => {
                        Some(function.sig.ident.to_string())
                    }
                    _ => None,
                },
                ReturnType::Default => None,
            },
            _ => None,
        })
    })
}

/// `T` in `send() -> Result<ResponseValue<T>, …>`.
fn response_type(items: &[Item], builder: &syn::Ident) -> Option<Type> {
    items.iter().find_map(|item| {
        let Item::Impl(item) = item else { return None };
        let Type::Path(path) = item.self_ty.as_ref() else {
            return None;
        };
        if path.path.segments.last()?.ident != *builder {
            return None;
        }
        item.items.iter().find_map(|inner| match inner {
            ImplItem::Fn(function) if function.sig.ident == "send" => match &function.sig.output {
                ReturnType::Type(_, ty) => argument(argument(ty, "Result")?, "ResponseValue").cloned(),
                ReturnType::Default => None,
            },
            _ => None,
        })
    })
}

/// The methods of `Client`, the `builder` module and the table of operations.
pub fn write(operations: &[Operation], types: &Types) -> TokenStream {
    let methods = operations.iter().map(method);
    let builders = operations.iter().map(|operation| builder(operation, types));
    let constants = operations.iter().map(constant);
    quote! {
        impl crate::Client { #(#methods)* }

        /// One builder for each operation: set parameters and body, then `send()`.
        pub mod builder {
            use super::types;
            #(#builders)*
        }

        /// What the transport needs to know of each operation.
        pub(crate) mod operation {
            use crate::call::operation::Operation;
            #(#constants)*
        }
    }
}

fn constant(operation: &Operation) -> TokenStream {
    let name = operation.constant();
    let id = operation.ident.to_string();
    let method = format_ident!("{}", operation.method);
    let path = &operation.path;
    let reads_only = operation.reads_only();
    let paging = match paging::paging(operation) {
        Some(paging) => {
            let variant = paging.variant();
            quote! { Some(#variant) }
        }
        None => quote! { None },
    };
    let bytes = is_bytes(&operation.response);
    quote! {
        pub(crate) static #name: Operation = Operation {
            id: #id,
            method: ::http::Method::#method,
            path: #path,
            reads_only: #reads_only,
            paging: #paging,
            bytes: #bytes,
        };
    }
}

/// Whether a success is handed on as bytes.
pub fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "ByteStream"))
}

/// Summary, description and call, as rustdoc.
fn documentation(operation: &Operation) -> String {
    let text = |key: &str| operation.operation[key].as_str().unwrap_or_default().trim().to_owned();
    let summary = text("summary");
    let mut doc = if summary.is_empty() {
        format!("`{}`.", operation.ident)
    } else {
        summary + "."
    };
    let description = text("description");
    if !description.is_empty() {
        doc.push_str("\n\n");
        doc.push_str(&description);
    }
    doc.push_str(&format!("\n\nSends `{} {}`.", operation.method, operation.path));
    doc
}

fn method(operation: &Operation) -> TokenStream {
    let Operation { ident, builder, .. } = operation;
    let doc = documentation(operation);
    quote! {
        #[doc = #doc]
        pub fn #ident(&self) -> builder::#builder {
            builder::#builder::new(self)
        }
    }
}

fn builder(operation: &Operation, types: &Types) -> TokenStream {
    let Operation {
        ident,
        builder,
        parameters,
        body,
        response,
        ..
    } = operation;
    let constant = operation.constant();
    let doc = format!("Builder of a [`{ident}`](crate::Client::{ident}) call.");
    let idents: Vec<_> = parameters.iter().map(|p| &p.ident).collect();
    let values: Vec<_> = parameters.iter().map(|p| &p.ty).collect();
    let setters = parameters.iter().map(|parameter| {
        let Parameter {
            ident,
            wire,
            doc,
            ty,
            required,
            ..
        } = parameter;
        let doc = if doc.is_empty() {
            format!("Sets `{wire}`.")
        } else {
            doc.clone()
        };
        let doc = if *required { format!("{doc}\n\nRequired.") } else { doc };
        quote! {
            #[doc = #doc]
            pub fn #ident(mut self, value: impl crate::Argument<#ty>) -> Self {
                self.#ident = crate::call::argument::value(#wire, value);
                self
            }
        }
    });
    let sends = parameters.iter().map(|parameter| {
        let Parameter {
            ident,
            wire,
            in_path,
            required,
            ..
        } = parameter;
        match (in_path, required) {
            (true, _) => quote! { call.path(#wire, crate::call::argument::required(#wire, self.#ident.clone()))?; },
            (false, true) => {
                quote! { call.query(#wire, crate::call::argument::required(#wire, self.#ident.clone()).map(Some))?; }
            }
            (false, false) => quote! { call.query(#wire, self.#ident.clone())?; },
        }
    });
    let has_builder = body.as_ref().and_then(|ty| body_builder(ty, types));
    let needed = body_is_required(operation, types);
    let send_body = match needed {
        true => quote! { call.body(crate::call::argument::required_body(body))?; },
        false => quote! { call.optional_body(body)?; },
    };
    let (body_field, body_default, body_setters, body_send) = match (body, has_builder) {
        (Some(ty), Some(body_builder)) => (
            quote! { body: crate::call::argument::Slot<#body_builder>, },
            quote! { body: Ok(None), },
            quote! {
                /// Sets the whole body: the request itself, its builder, one of its named constructors, or JSON.
                pub fn body(mut self, value: impl crate::Argument<#ty>) -> Self {
                    self.body = crate::call::argument::body(value);
                    self
                }
                /// Changes the body's builder in place.
                pub fn body_map(mut self, change: impl FnOnce(#body_builder) -> #body_builder) -> Self {
                    self.body = self.body.map(|body| Some(change(body.unwrap_or_default())));
                    self
                }
            },
            quote! {
                let body = self.body.clone().and_then(|body| body.map(#body_builder::build).transpose());
                #send_body
            },
        ),
        (Some(ty), None) => (
            quote! { body: crate::call::argument::Slot<#ty>, },
            quote! { body: Ok(None), },
            quote! {
                /// Sets the body.
                pub fn body(mut self, value: impl crate::Argument<#ty>) -> Self {
                    self.body = crate::call::argument::body(value);
                    self
                }
            },
            quote! {
                let body = self.body.clone();
                #send_body
            },
        ),
        (None, _) => Default::default(),
    };
    let (cursor_field, cursor_default, cursor_send, paging) = match paging::paging(operation) {
        Some(_) => (
            quote! { cursor: ::std::option::Option<crate::paging::Cursor>, },
            quote! { cursor: None, },
            quote! { call.turn_to(self.cursor.as_ref())?; },
            paging::methods(response),
        ),
        None => Default::default(),
    };
    let (ty, send) = if is_bytes(response) {
        (quote! { crate::ByteStream }, quote! { stream })
    } else {
        (quote! { #response }, quote! { decoded })
    };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent before `send()`"]
        pub struct #builder {
            client: crate::Client,
            options: crate::call::options::Options,
            #(#idents: crate::call::argument::Slot<#values>,)*
            #body_field
            #cursor_field
        }
        impl #builder {
            pub(crate) fn new(client: &crate::Client) -> Self {
                Self {
                    client: client.clone(),
                    options: ::std::default::Default::default(),
                    #(#idents: Ok(None),)*
                    #body_default
                    #cursor_default
                }
            }
            #(#setters)*
            #body_setters
            crate::call::options::setters! {}
            crate::call::options::query_param! {}
            fn call(&self) -> ::std::result::Result<crate::call::call::Call, crate::Error> {
                #[allow(unused_mut)]
                let mut call = crate::call::call::Call::new(&super::operation::#constant, &self.options)?;
                #(#sends)*
                #body_send
                #cursor_send
                Ok(call)
            }
            /// Sends the request and decodes the answer.
            ///
            /// # Errors
            ///
            /// When a required value is missing or an argument does not convert, before anything is sent; when the
            /// server cannot be reached, answers with another status than a success, or sends what cannot be decoded.
            pub async fn send(self) -> ::std::result::Result<crate::Response<#ty>, crate::Error> {
                self.client.#send(self.call()?).await
            }
            #paging
        }
    }
}

/// `types::builder::X` for a body `types::X` that is a struct with a builder.
fn body_builder(ty: &Type, types: &Types) -> Option<TokenStream> {
    let made = body_struct(ty, types)?;
    let name = &made.ident;
    made.has_builder().then(|| quote! { types::builder::#name })
}

fn body_struct<'a>(ty: &Type, types: &'a Types) -> Option<&'a Struct> {
    let Type::Path(path) = ty else { return None };
    types.structs.get(&path.path.segments.last()?.ident.to_string())
}

/// Whether the call makes no sense without its body: the description says so, or requires something in it.
fn body_is_required(operation: &Operation, types: &Types) -> bool {
    let made = operation.body.as_ref().and_then(|ty| body_struct(ty, types));
    operation.operation["requestBody"]["required"] == true
        || made.is_none_or(|made| made.fields.iter().any(|field| field.required))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::{sample, write::types as tolerance};
    use super::*;

    fn written(document: &Value) -> String {
        let file = sample::generated(document);
        let types = tolerance::tolerate(&file, document).unwrap();
        sample::text(write(&collect(&file, document).unwrap(), &types))
    }

    #[test]
    fn names_come_from_progenitor_and_facts_from_the_description() {
        let document = sample::repaired();
        let operations = collect(&sample::generated(&document), &document).unwrap();
        let [create, export, find] = operations.as_slice() else {
            panic!("{} operations", operations.len());
        };
        assert_eq!(
            (create.ident.to_string(), create.builder.to_string()),
            ("create_tag".into(), "CreateTag".into())
        );
        assert_eq!((create.method.as_str(), create.path.as_str()), ("POST", "/tags"));
        assert_eq!(create.constant(), "CREATE_TAG");
        let body = &create.body;
        assert_eq!(quote! { #body }.to_string(), quote! { types::CreateTag }.to_string());
        let [id, per_page] = find.parameters.as_slice() else {
            panic!("{} parameters", find.parameters.len());
        };
        assert!(id.in_path && id.required && id.wire == "id" && id.doc == "Whose.");
        assert!(!per_page.in_path && !per_page.required);
        let ty = &per_page.ty;
        assert_eq!(quote! { #ty }.to_string(), "i64");
        assert!(is_bytes(&export.response) && !is_bytes(&find.response));
    }

    #[test]
    fn gets_and_what_the_overlay_marks_only_read() {
        let document = sample::repaired();
        let operations = collect(&sample::generated(&document), &document).unwrap();
        let reads: Vec<bool> = operations.iter().map(Operation::reads_only).collect();
        assert_eq!(reads, [false, true, true]);
    }

    #[test]
    fn a_call_sends_its_path_query_and_body() {
        let text = written(&sample::repaired());
        for line in [
            "call.path(\"id\", crate::call::argument::required(\"id\", self.id.clone()))?;",
            "call.query(\"per_page\", self.per_page.clone())?;",
            ".and_then(|body| body.map(types::builder::CreateTag::build).transpose());",
            "call.body(crate::call::argument::required_body(body))?;",
            "self.client.stream(self.call()?).await",
            "self.client.decoded(self.call()?).await",
            "/**Whose.\n\nRequired.*/",
        ] {
            assert!(text.contains(line), "{line} is missing from {text}");
        }
    }

    #[test]
    fn methods_say_what_they_do_and_what_they_send() {
        let text = written(&sample::repaired());
        let doc = "Make a tag.\n\nNothing happens when it exists.\n\nSends `POST /tags`.";
        let (start, end) = (
            text.find("/**Make a tag.").unwrap(),
            text.find("pub fn create_tag").unwrap(),
        );
        assert!(text[start..end].contains(doc), "{}", &text[start..end]);
    }

    #[test]
    fn paging_is_marked() {
        let mut document = sample::repaired();
        document["paths"]["/tags/{id}"]["get"]["x-paging"] = json!({"shape": "scroll"});
        let text = written(&document);
        assert!(text.contains("crate::call::operation::Paging::Scroll"), "{text}");
        assert_eq!(
            text.matches("pub fn pages(self)").count(),
            1,
            "only the operation with pages walks them"
        );
    }

    #[test]
    fn an_operation_that_progenitor_leaves_out_is_a_failure() {
        let document = sample::repaired();
        let file = sample::generated(&document);
        let mut larger = document.clone();
        larger["paths"]["/more"] = json!({"get": {"operationId": "listMore"}});
        let Err(failure) = collect(&file, &larger) else {
            panic!("listMore came from nowhere");
        };
        assert_eq!(failure.what, "progenitor wrote no builder for listMore");
    }
}
