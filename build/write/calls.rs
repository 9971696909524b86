//! Writes one method and one builder for each operation, on top of the hand-written transport.
//!
//! The generated functions are small and `#[inline]`, because a program calls only a few of a
//! hundred operations. `Client::decoded` and `Client::stream` send the requests, so that all
//! operations treat headers, retries, limits and errors alike.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::super::model::helpers::{CreateOrUpdate, Search, Upsert};
use super::super::model::paging::Shape;
use super::super::model::ty::{Scope, Ty};
use super::super::model::{Body, Idempotent, Model, Operation, Parameter, ResponseBody, Types};
use super::super::slice;
use super::types::doc_of;
use super::{aliases, docs, paging};

/// Writes the methods of `Client`, the module `builder` and the table of operations.
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

        /// One builder for each operation. Set the parameters and the body, then await the builder
        /// or call `send()`.
        pub mod builder {
            use super::types;
            #(#builders)*
            #upsert
            #(#keyed)*
        }

        /// The properties of each operation that the transport needs.
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

/// Writes the methods of a group as one `impl` block.
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
    let stream_media_type = match &operation.response {
        ResponseBody::Bytes(media) => quote! { Some(#media) },
        ResponseBody::Json(_) => quote! { None },
    };
    let media = operation.body.as_ref().and_then(|body| body.media.as_deref());
    let request_media_type = media.unwrap_or("application/json");
    let starts = model.export.as_ref().and_then(|export| export.operations.get("create"));
    let starts_export = starts.is_some_and(|create| create.method == operation.ident);
    let group = match operation.group.as_deref().map(slice::kebab) {
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
    let ((_, requirement), (aliases, _)) = (docs::operation_requirement(operation), aliases::attributes(operation));
    let deprecated = operation.removed.as_ref().map(|removed| {
        let note = removed.note();
        quote! { #[deprecated(note = #note)] }
    });
    quote! {
        #[doc = #doc]
        #aliases
        #requirement
        #deprecated
        #[inline]
        pub fn #ident(&self) -> builder::#builder {
            builder::#builder::new(self)
        }
    }
}

/// Writes the setter of a parameter, and the statement that adds the parameter to the call.
fn parameter(parameter: &Parameter) -> (TokenStream, TokenStream) {
    let (ident, wire) = (format_ident!("{}", parameter.ident), &parameter.wire);
    // Path parameters have no name on the wire.
    let name = if parameter.in_path { &parameter.ident } else { wire };
    let ty = parameter.ty.rust(Scope::Crate);
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

/// Returns `true` if a value of this type is written into a path with `Display`.
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

/// The parts of a builder that belong to the body: its fields, their initial values, the setters,
/// and the statements that add the body to the call.
#[derive(Default)]
struct BodyParts {
    field: TokenStream,
    initial: TokenStream,
    setters: TokenStream,
    send: TokenStream,
}

fn body_parts(body: &Body, types: &Types, search: Option<&Search>) -> BodyParts {
    let Some(ty) = &body.json else {
        let media = body.media.as_deref().unwrap_or("application/octet-stream");
        let boundary = match media.starts_with("multipart/") {
            true => "; set the header that names the boundary of the parts with `header(\"content-type\", …)`",
            false => "",
        };
        let doc = format!("Sets the body, which is sent unchanged as `{media}`{boundary}.");
        let required = body.required;
        return BodyParts {
            field: quote! { body: ::std::option::Option<::bytes::Bytes>, },
            initial: quote! { body: None, },
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
    let built = types.struct_of(ty).filter(|made| made.has_builder());
    let ty = ty.rust(Scope::Crate);
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
                "Sets fields of the body and keeps the ones that are already set, as in `.body_map(|b| b.{setter}(…))`. The setters are \
                 those of [`{name}`](types::builder::{name})."
            );
            BodyParts {
                field: quote! { body: crate::call::parameter::Parameter<types::builder::#name>, },
                initial: quote! { body: Ok(None), },
                setters: quote! {
                    /// Sets the complete body: the request, its builder, the result of a
                    /// constructor, or JSON.
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
            initial: quote! { body: Ok(None), },
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
    let ((_, requirement), (_, aliases)) = (docs::operation_requirement(operation), aliases::attributes(operation));
    let idents: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| format_ident!("{}", parameter.ident))
        .collect();
    let values = operation
        .parameters
        .iter()
        .map(|parameter| parameter.ty.rust(Scope::Crate));
    let (setters, sends): (Vec<_>, Vec<_>) = operation.parameters.iter().map(parameter).unzip();
    let search = model.searches.iter().find(|search| search.builder == operation.builder);
    let body = operation
        .body
        .as_ref()
        .map(|body| body_parts(body, &model.types, search))
        .unwrap_or_default();
    let (body_field, body_initial, body_setters, body_send) = (body.field, body.initial, body.setters, body.send);
    let (ty, send) = match &operation.response {
        ResponseBody::Bytes(_) => (quote! { crate::ByteStream }, quote! { stream }),
        ResponseBody::Json(ty) => (ty.rust(Scope::Crate), quote! { decoded }),
    };
    let (cursor_field, cursor_initial, cursor_send) = match operation.paging {
        Some(paging) if paging.shape != Shape::Unpaged => (
            quote! { cursor: ::std::option::Option<crate::paging::Cursor>, },
            quote! { cursor: None, },
            quote! { call.turn_to(self.cursor.as_ref())?; },
        ),
        _ => Default::default(),
    };
    let paging = operation.paging.map(|paging| paging::methods(paging, &ty));
    // A search filters by time itself.
    let walks = operation.has_updated_at && search.is_none_or(|search| search.changes.is_none());
    let changes = walks.then(|| paging::changes(&ty));
    let mutable = (!sends.is_empty() || !body_send.is_empty() || !cursor_send.is_empty()).then(|| quote! { mut });
    quote! {
        #[doc = #doc]
        #aliases
        #requirement
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
                    #body_initial
                    #cursor_initial
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
            /// Sends the request and decodes the response.
            ///
            /// # Errors
            ///
            /// Fails before sending anything if a required value is missing or an argument cannot
            /// be converted. Fails if the server cannot be reached, if the status is not a success,
            /// and if the response cannot be decoded.
            #[inline]
            pub async fn send(self) -> ::std::result::Result<crate::Response<#ty>, crate::Error> {
                let client = self.client.clone();
                let call = self.call()?;
                client.#send(&call).await
            }
            #paging
            #changes
        }

        crate::client::sending::awaited! { #builder: #ty, #send }
    }
}

/// Writes a method that upserts.
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

/// Writes the builder of an upsert that consists of several operations. It has the body of the
/// operation that creates.
fn upsert(upsert: &Upsert, model: &Model) -> Option<TokenStream> {
    let record = format_ident!("{}", upsert.record);
    let request = format_ident!("{}", model.types.structs.get(&upsert.request)?.builder());
    upserting(
        &upsert.builder,
        docs::builder_of(&upsert.method) + "\n\n" + &docs::upsert(upsert),
        &upsert.operations["create"].method,
        quote! { crate::Upserted<types::#record> },
        quote! {
            /// Sends the requests one after another.
            ///
            /// # Errors
            ///
            /// Returns the errors of the calls, and these:
            ///
            /// - [`is_builder`](crate::Error::is_builder) if the body has neither `email` nor
            ///   `external_id`
            /// - [`is_permanently_deleted`](crate::Error::is_permanently_deleted) if the existing
            ///   record cannot be unarchived
            /// - [`is_conflict`](crate::Error::is_conflict) if the existing record is not found
            ///   before the deadline, or if the update sets a unique value that another record has
        },
        quote! {
            let body = self.body.and_then(|body| body.map(types::builder::#request::build).transpose());
            crate::compound::upsert::upsert(&self.client, &self.options, crate::call::parameter::required_body(body)).await
        },
        model,
    )
}

/// Writes the builder of an upsert by one operation that both creates and updates.
fn create_or_update(made: &CreateOrUpdate, model: &Model) -> Option<TokenStream> {
    let operation = model
        .operations
        .iter()
        .find(|operation| operation.ident == made.operation.method)?;
    let ResponseBody::Json(ty) = &operation.response else {
        return None;
    };
    let ty = ty.rust(Scope::Crate);
    let (call, id, by) = (format_ident!("{}", made.operation.method), &made.method, &made.by);
    upserting(
        &made.builder,
        docs::builder_of(&made.method) + "\n\n" + &docs::create_or_update(made, model),
        &made.operation.method,
        quote! { crate::Response<#ty> },
        quote! {
            /// Sends the request, and sends it again if another call created the same record at the
            /// same time.
            ///
            /// # Errors
            ///
            /// Returns the errors of the operation. [`is_builder`](crate::Error::is_builder) is
            /// `true` if the body lacks the key.
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

/// Writes a builder that upserts and has the body of an operation.
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
        field,
        initial,
        setters,
        ..
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
                    #initial
                }
            }
            #setters
            crate::call::options::setters! {}
            #send_doc
            pub async fn send(self) -> #output {
                #send
            }
        }

        /// Sends the requests when awaited, like [`send`](Self::send).
        impl ::std::future::IntoFuture for #builder {
            type Output = #output;
            type IntoFuture = ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = #output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                ::std::boxed::Box::pin(self.send())
            }
        }
    })
}
