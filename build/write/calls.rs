//! Writes one method and one builder for every operation, over the hand-written transport.
//!
//! What is written is thin and `#[inline]`: of a hundred operations a program calls a few, and these are compiled there.
//! The sending itself is `Client::decoded`'s and `Client::stream`'s, so that headers, retries, limits and errors are the
//! same for all.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::helpers::{CreateOrUpdate, Search, Upsert};
use super::super::model::paging::Shape;
use super::super::model::ty::{Scope, Ty};
use super::super::model::{Answer, Body, Idempotent, Model, Operation, Parameter, Types};
use super::super::slice;
use super::types::doc_of;
use super::{docs, paging};

/// The methods of `Client`, the `builder` module and the table of operations.
pub fn calls(model: &Model) -> TokenStream {
    let groups: Vec<_> = model
        .groups
        .iter()
        .map(|group| (group, in_group(model, Some(&group.name))))
        .collect();
    let blocks = groups.iter().map(|(group, operations)| {
        let doc = docs::group(group, operations, model);
        methods(&doc, operations, model)
    });
    let others = in_group(model, None);
    let others = (!others.is_empty()).then(|| methods("Operations without a group.", &others, model));
    let index = docs::index(&groups, model);
    let builders = model.operations.iter().map(|operation| builder(operation, model));
    let constants = model.operations.iter().map(|operation| constant(operation, model));
    let upsert = model.upsert.as_ref().and_then(|made| upsert(made, model));
    let keyed = model
        .create_or_updates
        .iter()
        .filter_map(|made| create_or_update(made, model));
    quote! {
        #(#blocks)*
        #others
        #index

        /// One builder for each operation: set parameters and body, then await it or `send()` it.
        pub mod builder {
            use super::types;
            #(#builders)*
            #upsert
            #(#keyed)*
        }

        /// What the transport needs to know of each operation.
        pub(crate) mod operation {
            use crate::call::operation::Operation;
            #(#constants)*
        }
    }
}

fn in_group<'a>(model: &'a Model, group: Option<&str>) -> Vec<&'a Operation> {
    let operations = model.operations.iter();
    operations
        .filter(|operation| operation.group.as_deref() == group)
        .collect()
}

/// The methods of a group, in a block of their own.
fn methods(doc: &str, operations: &[&Operation], model: &Model) -> TokenStream {
    let methods = operations.iter().map(|operation| method(operation, model));
    let created = |operation: &&Operation, upsert: &Upsert| operation.ident == upsert.operations["create"].method;
    let upsert = model.upsert.as_ref();
    let upsert = upsert.filter(|upsert| operations.iter().any(|operation| created(operation, upsert)));
    let upsert = upsert.map(|upsert| upsert_method(&upsert.method, &upsert.builder, docs::upsert(upsert)));
    let keyed = model.create_or_updates.iter();
    let keyed = keyed.filter(|keyed| {
        operations
            .iter()
            .any(|operation| operation.ident == keyed.operation.method)
    });
    let keyed = keyed.map(|keyed| upsert_method(&keyed.method, &keyed.builder, docs::create_or_update(keyed, model)));
    quote! {
        #[doc = #doc]
        impl crate::Client { #(#methods)* #upsert #(#keyed)* }
    }
}

fn constant(operation: &Operation, model: &Model) -> TokenStream {
    let name = format_ident!("{}", operation.constant());
    let (id, path, reads_only) = (&operation.ident, &operation.path, operation.reads_only);
    let method = format_ident!("{}", operation.method);
    let idempotency = match &operation.idempotent {
        None => quote! { Never },
        Some(Idempotent { with: None, .. }) => quote! { Always },
        Some(Idempotent { with: Some(name), .. }) => quote! { WithProperty(#name) },
    };
    let paging = match operation.paging {
        Some(paging) => {
            let variant = paging::variant(paging);
            quote! { Some(#variant) }
        }
        None => quote! { None },
    };
    let stream_media_type = match &operation.answer {
        Answer::Bytes(media) => quote! { Some(#media) },
        Answer::Json(_) => quote! { None },
    };
    let media = operation.body.as_ref().and_then(|body| body.media.as_deref());
    let request_media_type = media.unwrap_or("application/json");
    let starts = model.export.as_ref().and_then(|export| export.operations.get("create"));
    let starts_export = starts.is_some_and(|create| create.method == operation.ident);
    let group = match operation.group.as_deref().map(slice::feature) {
        Some(group) => quote! { Some(#group) },
        None => quote! { None },
    };
    quote! {
        pub(crate) static #name: Operation = Operation {
            id: #id,
            group: #group,
            method: ::http::Method::#method,
            path: #path,
            reads_only: #reads_only,
            starts_export: #starts_export,
            idempotency: crate::call::operation::Idempotency::#idempotency,
            paging: #paging,
            request_media_type: #request_media_type,
            stream_media_type: #stream_media_type,
        };
    }
}

fn method(operation: &Operation, model: &Model) -> TokenStream {
    let (ident, builder) = (
        format_ident!("{}", operation.ident),
        format_ident!("{}", operation.builder),
    );
    let doc = docs::operation(operation, model);
    let deprecated = operation.removed.as_ref().map(|removed| {
        let note = removed.note();
        quote! { #[deprecated(note = #note)] }
    });
    quote! {
        #[doc = #doc]
        #deprecated
        #[inline]
        pub fn #ident(&self) -> builder::#builder {
            builder::#builder::new(self)
        }
    }
}

/// A parameter's setter, and how it gets into the call.
fn parameter(parameter: &Parameter) -> (TokenStream, TokenStream) {
    let (ident, wire) = (format_ident!("{}", parameter.ident), &parameter.wire);
    // What stands in a path has no name on the wire.
    let name = if parameter.in_path { &parameter.ident } else { wire };
    let ty = parameter.ty.rust(Scope::Beside);
    let doc = doc_of(&parameter.doc, wire, parameter.required, "Sets ");
    let setter = quote! {
        #[doc = #doc]
        pub fn #ident(mut self, value: impl crate::IntoArgument<#ty>) -> Self {
            self.#ident = crate::call::parameter::value(#name, value);
            self
        }
    };
    let required = quote! { crate::call::parameter::required(#name, self.#ident) };
    let value = match (parameter.in_path, parameter.required) {
        (true, _) if is_text(&parameter.ty) => required,
        (true, _) => quote! { #required.map(|value| crate::call::call::parameter_text(&value)) },
        (false, true) => quote! { #required.map(Some) },
        (false, false) => quote! { self.#ident },
    };
    let send = match (parameter.in_path, parameter.style) {
        (true, _) => quote! { call.path(#wire, #name, #value)?; },
        (false, None) => quote! { call.query(#wire, #value)?; },
        (false, Some(style)) => {
            let style = format_ident!("{style}");
            quote! { call.query_as(#wire, crate::call::call::QueryStyle::#style, #value)?; }
        }
    };
    (setter, send)
}

/// Whether a value is written into a path as it displays itself.
fn is_text(ty: &Ty) -> bool {
    [
        "i64",
        "bool",
        "f64",
        "crate::Id",
        "crate::Timestamp",
        "::std::string::String",
    ]
    .iter()
    .any(|path| ty.is(path))
}

/// What a body adds to a builder: fields, their beginnings, setters, and how it gets into the call.
#[derive(Default)]
struct BodyParts {
    field: TokenStream,
    begins: TokenStream,
    setters: TokenStream,
    send: TokenStream,
}

fn body_parts(body: &Body, types: &Types, search: Option<&Search>) -> BodyParts {
    let Some(ty) = &body.json else {
        let media = body.media.as_deref().unwrap_or("application/octet-stream");
        let boundary = match media.starts_with("multipart/") {
            true => "; the header has to name the boundary of its parts, set it by `header(\"content-type\", …)`",
            false => "",
        };
        let doc = format!("Sets the body, sent as it is as `{media}`{boundary}.");
        let required = body.required;
        return BodyParts {
            field: quote! { body: ::std::option::Option<::bytes::Bytes>, },
            begins: quote! { body: None, },
            setters: quote! {
                #[doc = #doc]
                pub fn body(mut self, bytes: impl ::std::convert::Into<::bytes::Bytes>) -> Self {
                    self.body = Some(bytes.into());
                    self
                }
            },
            send: quote! { call.bytes(self.body, #required)?; },
        };
    };
    let built = types.named(ty).filter(|made| made.has_builder());
    let ty = ty.rust(Scope::Beside);
    let send = match (body.required, search) {
        (true, None) => quote! { call.body(crate::call::parameter::required_body(body))?; },
        (true, Some(_)) => quote! { call.body(crate::call::parameter::required_query(body))?; },
        (false, _) => quote! { call.optional_body(body)?; },
    };
    match built {
        Some(made) => {
            let name = format_ident!("{}", made.builder());
            let setter = made
                .fields
                .first()
                .map(|field| field.setter.as_str())
                .unwrap_or_default();
            let in_place = format!(
                "Fills in the body, keeping what is set: `.body_map(|b| b.{setter}(…))`. Its setters are those of \
                 [`{name}`](types::builder::{name})."
            );
            BodyParts {
                field: quote! { body: crate::call::parameter::Parameter<types::builder::#name>, },
                begins: quote! { body: Ok(None), },
                setters: quote! {
                    /// Sets the whole body: the request itself, its builder, one of its named constructors, or JSON.
                    pub fn body(mut self, value: impl crate::IntoArgument<#ty>) -> Self {
                        self.body = crate::call::parameter::body(value);
                        self
                    }
                    #[doc = #in_place]
                    pub fn body_map(
                        mut self,
                        change: impl FnOnce(types::builder::#name) -> types::builder::#name,
                    ) -> Self {
                        self.body = self.body.map(|body| Some(change(body.unwrap_or_default())));
                        self
                    }
                },
                send: quote! {
                    let body = self.body.and_then(|body| body.map(types::builder::#name::build).transpose());
                    #send
                },
            }
        }
        None => BodyParts {
            field: quote! { body: crate::call::parameter::Parameter<#ty>, },
            begins: quote! { body: Ok(None), },
            setters: quote! {
                /// Sets the body.
                pub fn body(mut self, value: impl crate::IntoArgument<#ty>) -> Self {
                    self.body = crate::call::parameter::body(value);
                    self
                }
            },
            send: quote! {
                let body = self.body;
                #send
            },
        },
    }
}

fn builder(operation: &Operation, model: &Model) -> TokenStream {
    let builder = format_ident!("{}", operation.builder);
    let constant = format_ident!("{}", operation.constant());
    let doc = docs::builder(operation, model);
    let idents: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| format_ident!("{}", parameter.ident))
        .collect();
    let values = operation
        .parameters
        .iter()
        .map(|parameter| parameter.ty.rust(Scope::Beside));
    let (setters, sends): (Vec<_>, Vec<_>) = operation.parameters.iter().map(parameter).unzip();
    let search = model.searches.iter().find(|search| search.builder == operation.builder);
    let body = operation
        .body
        .as_ref()
        .map(|body| body_parts(body, &model.types, search))
        .unwrap_or_default();
    let (body_field, body_begins, body_setters, body_send) = (body.field, body.begins, body.setters, body.send);
    let (ty, send) = match &operation.answer {
        Answer::Bytes(_) => (quote! { crate::ByteStream }, quote! { stream }),
        Answer::Json(ty) => (ty.rust(Scope::Beside), quote! { decoded }),
    };
    let (cursor_field, cursor_begins, cursor_send) = match operation.paging {
        Some(paging) if paging.shape != Shape::Unpaged => (
            quote! { cursor: ::std::option::Option<crate::paging::Cursor>, },
            quote! { cursor: None, },
            quote! { call.turn_to(self.cursor.as_ref())?; },
        ),
        _ => Default::default(),
    };
    let paging = operation.paging.map(|paging| paging::methods(paging, &ty));
    // A search has its own.
    let dated = operation.dated && search.is_none_or(|search| search.changes.is_none());
    let changes = dated.then(|| paging::changes(&ty));
    let mutable = (!sends.is_empty() || !body_send.is_empty() || !cursor_send.is_empty()).then(|| quote! { mut });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent before `.await` or `send().await`"]
        pub struct #builder {
            client: crate::Client,
            pub(super) options: crate::call::options::Options,
            #(#idents: crate::call::parameter::Parameter<#values>,)*
            #body_field
            #cursor_field
        }

        impl #builder {
            #[inline]
            pub(crate) fn new(client: &crate::Client) -> Self {
                Self {
                    client: client.clone(),
                    options: ::std::default::Default::default(),
                    #(#idents: Ok(None),)*
                    #body_begins
                    #cursor_begins
                }
            }
            #(#setters)*
            #body_setters
            crate::call::options::setters! {}
            crate::call::options::query_param! {}
            #[inline]
            pub(super) fn call(self) -> ::std::result::Result<crate::call::call::Call, crate::Error> {
                let #mutable call = crate::call::call::Call::new(&super::operation::#constant, self.options)?;
                #(#sends)*
                #body_send
                #cursor_send
                call.complete()
            }
            /// Sends the request and decodes the answer.
            ///
            /// # Errors
            ///
            /// When a required value is missing or an argument does not convert, before anything is sent; when the
            /// server cannot be reached, answers with another status than a success, or sends what cannot be decoded.
            #[inline]
            pub async fn send(self) -> ::std::result::Result<crate::Response<#ty>, crate::Error> {
                let client = self.client.clone();
                client.#send(&self.call()?).await
            }
            #paging
            #changes
        }

        crate::client::sending::awaited! { #builder: #ty, #send }
    }
}

/// A method that upserts.
fn upsert_method(method: &str, builder: &str, doc: String) -> TokenStream {
    let (method, builder) = (format_ident!("{method}"), format_ident!("{builder}"));
    quote! {
        #[doc = #doc]
        #[inline]
        pub fn #method(&self) -> builder::#builder {
            builder::#builder::new(self)
        }
    }
}

/// The builder of an upsert: its body is that of the operation that creates.
fn upsert(upsert: &Upsert, model: &Model) -> Option<TokenStream> {
    let record = format_ident!("{}", upsert.record);
    let request = format_ident!("{}", model.types.structs.get(&upsert.request)?.builder());
    upserting(
        &upsert.builder,
        docs::upsert_builder(upsert),
        &upsert.operations["create"].method,
        quote! { crate::Upserted<types::#record> },
        quote! {
            /// Sends the requests, one after the other.
            ///
            /// # Errors
            ///
            /// Those of the calls that it makes. [`is_builder`](crate::Error::is_builder) if the body has neither `email` nor
            /// `external_id`; [`is_permanently_deleted`](crate::Error::is_permanently_deleted) if the existing record cannot be
            /// unarchived; [`is_conflict`](crate::Error::is_conflict) if the existing record is not found before the deadline, and
            /// if the update would give it what another one has.
        },
        quote! {
            let body = self.body.and_then(|body| body.map(types::builder::#request::build).transpose());
            crate::compound::upsert::upsert(&self.client, &self.options, crate::call::parameter::required_body(body)).await
        },
        model,
    )
}

/// The builder of an upsert by an operation that creates or updates by itself.
fn create_or_update(made: &CreateOrUpdate, model: &Model) -> Option<TokenStream> {
    let operation = model
        .operations
        .iter()
        .find(|operation| operation.ident == made.operation.method)?;
    let Answer::Json(ty) = &operation.answer else {
        return None;
    };
    let ty = ty.rust(Scope::Beside);
    let (call, id, by) = (format_ident!("{}", made.operation.method), &made.method, &made.by);
    upserting(
        &made.builder,
        docs::create_or_update_builder(made, model),
        &made.operation.method,
        quote! { crate::Response<#ty> },
        quote! {
            /// Sends the request, again if it lost a race.
            ///
            /// # Errors
            ///
            /// Those of the operation; [`is_builder`](crate::Error::is_builder) if the body does not have the key.
        },
        quote! {
            let mut builder = self.client.#call();
            builder.options = self.options;
            builder.body = self.body;
            crate::compound::create_or_update::create_or_update(&self.client, builder.call(), #id, #by).await
        },
        model,
    )
}

/// A builder that upserts, with the body of an operation.
fn upserting(
    builder: &str,
    doc: String,
    operation: &str,
    output: TokenStream,
    send_doc: TokenStream,
    send: TokenStream,
    model: &Model,
) -> Option<TokenStream> {
    let operation = model.operations.iter().find(|known| known.ident == operation)?;
    let BodyParts {
        field, begins, setters, ..
    } = body_parts(operation.body.as_ref()?, &model.types, None);
    let builder = format_ident!("{builder}");
    let output = quote! { ::std::result::Result<#output, crate::Error> };
    Some(quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent before `.await` or `send().await`"]
        pub struct #builder {
            client: crate::Client,
            options: crate::call::options::Options,
            #field
        }

        impl #builder {
            #[inline]
            pub(crate) fn new(client: &crate::Client) -> Self {
                Self {
                    client: client.clone(),
                    options: ::std::default::Default::default(),
                    #begins
                }
            }
            #setters
            crate::call::options::setters! {}
            #send_doc
            pub async fn send(self) -> #output {
                #send
            }
        }

        /// Awaiting it sends the requests, as [`send`](Self::send) does.
        impl ::std::future::IntoFuture for #builder {
            type Output = #output;
            type IntoFuture = ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = #output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                ::std::boxed::Box::pin(self.send())
            }
        }
    })
}
