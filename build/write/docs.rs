//! Writes what documentation says of operations and types, beyond the description's own words: what goes in, what comes out,
//! and links between them.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::helpers::{CreateOrUpdate, Upsert};
use super::super::model::paging;
use super::super::model::ty::Ty;
use super::super::model::{Answer, Body, Group, Idempotent, Model, Operation, Struct, Types};
use super::example;

/// A method of the client, as a link.
pub fn method_link(ident: &str) -> String {
    format!("[`{ident}`](crate::Client::{ident})")
}

/// Links, one after another.
fn listed(links: impl IntoIterator<Item = String>) -> String {
    links.into_iter().collect::<Vec<_>>().join(", ")
}

/// A type of the description, as a link.
fn type_link(name: &str) -> String {
    format!("[`{name}`](crate::types::{name})")
}

/// A type in prose, with a link to what it is made of.
fn ty_link(ty: &Ty) -> String {
    match ty {
        Ty::Known(path) => match path.as_str() {
            "()" => "nothing".to_owned(),
            "::serde_json::Value" => "any JSON".to_owned(),
            path => match path.strip_prefix("crate::") {
                Some(own) => format!("[`{own}`]({path})"),
                None => format!("`{}`", path.rsplit("::").next().unwrap_or(path)),
            },
        },
        Ty::Named(name) => type_link(name),
        Ty::List(inner) => format!("a list of {}", ty_link(inner)),
        Ty::Map(inner) => format!("an object that holds {} by free names", ty_link(inner)),
        Ty::Boxed(inner) | Ty::Nullable(inner) => ty_link(inner),
    }
}

/// What an operation does, in a line.
fn summary(operation: &Operation) -> String {
    match operation.summary.as_str() {
        "" => format!("`{} {}`.", operation.method, operation.path),
        summary => format!("{}.", summary.trim_end_matches('.')),
    }
}

/// The documentation of an operation, on its method and on its builder: summary, description, what is sent and what comes
/// back, and an example.
pub fn operation(operation: &Operation, model: &Model) -> String {
    let mut parts = vec![summary(operation), operation.description.clone()];
    parts.push(format!("Sends `{} {}`.", operation.method, operation.path));
    parts.extend(parameters(operation));
    parts.extend(operation.body.as_ref().map(|sent| body(operation, sent, &model.types)));
    parts.extend(search(operation, model));
    parts.push(answer(operation, model));
    parts.push(retries(operation));
    parts.push(example::block(operation, model));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The documentation of an operation's builder: the same, and where it comes from.
pub fn builder(made: &Operation, model: &Model) -> String {
    let text = operation(made, model);
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    format!("{first}\n\nA call of {}.\n\n{rest}", method_link(&made.ident))
}

/// The documentation of the method that upserts.
pub fn upsert(upsert: &Upsert) -> String {
    let [create, update, unarchive] =
        ["create", "update", "unarchive"].map(|step| method_link(&upsert.operations[step].method));
    let (builder, record) = (&upsert.builder, type_link(&upsert.record));
    format!(
        "Creates the record that the body describes, or updates the existing one with the same `external_id` or `email`.\n\n\
         Calls {create}. If the server rejects it because the record exists, calls {update} with the same body; an archived \
         record is unarchived first, by {unarchive}. If another call creates the same record at the same time, waits until the \
         server finds it, within the deadline of the retry policy.\n\n\
         **Body:** {}, that of {create}. [`body_map`](crate::builder::{builder}::body_map) fills it in.\n\n\
         **Answer:** {record}, and what was done: see [`Upserted`](crate::Upserted), which has an example.",
        type_link(&upsert.request)
    )
}

/// The documentation of its builder: the same, and where it comes from.
pub fn upsert_builder(made: &Upsert) -> String {
    let text = upsert(made);
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    format!("{first}\n\nA call of {}.\n\n{rest}", method_link(&made.method))
}

/// The documentation of the method that upserts by one operation.
pub fn create_or_update(made: &CreateOrUpdate, model: &Model) -> String {
    let (call, by, builder) = (method_link(&made.operation.method), &made.by, &made.builder);
    let operation = model
        .operations
        .iter()
        .find(|operation| operation.ident == made.operation.method);
    let answer = operation.map(|operation| answer(operation, model)).unwrap_or_default();
    format!(
        "Creates the record that the body describes, or updates the existing one with the same `{by}`.\n\n\
         Calls {call}, which does both; the body needs a `{by}`. If two calls create the same record at the same time, the server \
         rejects one of them, by a 400 or 404. That call is sent again after a pause, within the deadline of the retry policy, and \
         then updates the record. [`RetryPolicy::none`](crate::RetryPolicy::none) turns that off.\n\n\
         **Body:** that of {call}. [`body_map`](crate::builder::{builder}::body_map) fills it in.\n\n{answer}"
    )
}

/// The documentation of its builder: the same, and where it comes from.
pub fn create_or_update_builder(made: &CreateOrUpdate, model: &Model) -> String {
    let text = create_or_update(made, model);
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    format!("{first}\n\nA call of {}.\n\n{rest}", method_link(&made.method))
}

fn parameters(operation: &Operation) -> Option<String> {
    let link = |ident: &String| format!("[`{ident}`](crate::builder::{}::{ident})", operation.builder);
    let names = |required: bool| {
        let parameters = operation.parameters.iter();
        let these = parameters.filter(|parameter| parameter.required == required);
        these.map(|parameter| link(&parameter.ident)).collect::<Vec<_>>()
    };
    let said = match (names(true), names(false)) {
        (required, optional) if required.is_empty() && optional.is_empty() => return None,
        (required, optional) if optional.is_empty() => format!("{}, required", listed(required)),
        (required, optional) if required.is_empty() => listed(optional),
        (required, optional) => format!("{}, required; {}", listed(required), listed(optional)),
    };
    Some(format!("**Parameters:** {said}."))
}

fn body(operation: &Operation, body: &Body, types: &Types) -> String {
    let needed = if body.required { "" } else { ", optional" };
    let Some(ty) = &body.json else {
        let media = body.media.as_deref().unwrap_or("application/octet-stream");
        return format!("**Body:** bytes of `{media}`{needed}.");
    };
    let said = format!("**Body:** {}{needed}", ty_link(ty));
    let Some(made) = types.named(ty).filter(|made| made.has_builder()) else {
        return format!("{said}.");
    };
    let body_map = format!("[`body_map`](crate::builder::{}::body_map)", operation.builder);
    let given = match made.forms.is_empty() {
        true => String::new(),
        false => format!(", made by {}", listed(forms(made))),
    };
    format!("{said}{given}. {body_map} fills it in by {}.", listed(setters(made)))
}

fn search(operation: &Operation, model: &Model) -> Option<String> {
    let builder = &operation.builder;
    model.searches.iter().find(|search| search.builder == *builder)?;
    Some(format!(
        "**Search:** [`query`](crate::builder::{builder}::query) takes an expression of [`search`](crate::search), and \
         [`sort`](crate::builder::{builder}::sort) an order."
    ))
}

/// The constructors of a request, as links.
fn forms(made: &Struct) -> impl Iterator<Item = String> {
    let forms = made.forms.iter();
    forms.map(|form| format!("[`{0}`](crate::types::{1}::{0})", form.ident, made.name))
}

/// The setters of a request, as links.
fn setters(made: &Struct) -> impl Iterator<Item = String> {
    let builder = made.builder();
    let fields = made.fields.iter();
    fields.map(move |field| format!("[`{0}`](crate::types::builder::{builder}::{0})", field.setter))
}

fn answer(operation: &Operation, model: &Model) -> String {
    let link = |name: &str| format!("[`{name}`](crate::builder::{}::{name})", operation.builder);
    match &operation.answer {
        Answer::Bytes(media) => format!("**Answer:** bytes of `{media}`, as a [`ByteStream`](crate::ByteStream)."),
        Answer::Json(ty) => {
            let page = operation.paging.and(paging::page_item(ty, model));
            let walked = page.map(|item| {
                format!(
                    ", a page. {} gives the items of all pages, each {}; {} the pages",
                    link("stream"),
                    ty_link(item),
                    link("pages")
                )
            });
            format!("**Answer:** {}{}.", ty_link(ty), walked.unwrap_or_default())
        }
    }
}

/// Whether a call is sent again when its response is lost, and why.
fn retries(operation: &Operation) -> String {
    let setter = format!("[`idempotent`](crate::builder::{}::idempotent)", operation.builder);
    match &operation.idempotent {
        Some(Idempotent { why, with: None }) => format!("**Retries:** also after a lost response: {why}."),
        Some(Idempotent { why, with: Some(name) }) => format!(
            "**Retries:** also after a lost response, if the body has `{name}`: {why}. Without it, {setter} allows that."
        ),
        None => format!(
            "**Retries:** not after a lost response, since the server may have carried the call out; {setter} allows that."
        ),
    }
}

/// The same in a cell of a table.
fn retried(operation: &Operation) -> String {
    match &operation.idempotent {
        Some(Idempotent { with: None, .. }) => "yes".to_owned(),
        Some(Idempotent { with: Some(name), .. }) => format!("with `{name}`"),
        None => "no".to_owned(),
    }
}

/// The documentation of a group's methods.
pub fn group(group: &Group, operations: &[&Operation], model: &Model) -> String {
    let mut parts = vec![format!("# {}", group.name), group.doc.clone()];
    // What makes a thing of its kind has the shortest path.
    let makes = |operation: &&&Operation| operation.method == "POST" && operation.body.is_some();
    let shown = operations
        .iter()
        .filter(makes)
        .min_by_key(|operation| operation.path.len());
    let shown = shown.or(operations.first()).copied();
    parts.extend(shown.map(|operation| example::block(operation, model)));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The lists, and what can be had of each besides its items.
fn lists(model: &Model) -> Option<String> {
    let retrievals = paging::retrievals(model);
    let lists = model.operations.iter().filter(|operation| operation.paging.is_some());
    let rows = lists.filter_map(|operation| {
        let Answer::Json(ty) = &operation.answer else {
            return None;
        };
        let item = paging::page_item(ty, model)?;
        let (link, builder) = (method_link(&operation.ident), &operation.builder);
        let changes = match operation.dated {
            true => format!("[`changed_since`](crate::builder::{builder}::changed_since)"),
            false => String::new(),
        };
        let retrieval = item.name().and_then(|name| retrievals.get(name));
        let full = retrieval
            .map(|retrieval| method_link(&retrieval.method))
            .unwrap_or_default();
        Some(format!("\n| {link} | {} | {changes} | {full} |", ty_link(item)))
    });
    let rows: String = rows.collect();
    (!rows.is_empty()).then(|| {
        format!(
            "\n\n# Lists\n\nEach is a stream of its items and of its pages: see [`paging`](crate::paging). Of some the items \
             that changed can be asked for, and of some each item in full, by \
             [`retrieve_each`](crate::paging::Items::retrieve_each) and the operation that shows one.\n\n\
             | list | items | what changed | each in full by |\n|---|---|---|---|{rows}"
        )
    })
}

/// The module that lists all operations by group, and has nothing in it.
pub fn index(groups: &[(&Group, Vec<&Operation>)], model: &Model) -> TokenStream {
    let mut doc = "All operations by group: each is a method of [`Client`](crate::Client).".to_owned();
    for (group, operations) in groups {
        doc.push_str(&format!("\n\n# {}\n\n", group.name));
        if !group.doc.is_empty() {
            doc.push_str(&format!("{}\n\n", group.doc));
        }
        doc.push_str("| method | what it does | what it sends | retried after a lost response |\n|---|---|---|---|");
        for operation in operations {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let (link, mut does) = (method_link(&operation.ident), cell(&summary(operation)));
            if let Some(removed) = &operation.removed {
                does.push_str(&format!(" {}.", cell(&removed.note())));
            }
            let (path, retried) = (cell(&operation.path), retried(operation));
            doc.push_str(&format!(
                "\n| {link} | {does} | `{} {path}` | {retried} |",
                operation.method
            ));
        }
    }
    doc.extend(lists(model));
    quote! {
        #[doc = #doc]
        pub mod operations {}
    }
}

/// Which operations send and return each type, and which types hold it.
#[derive(Default)]
pub struct Uses(BTreeMap<String, Use>);

#[derive(Default)]
struct Use {
    sent_by: Vec<String>,
    returned_by: Vec<String>,
    held_by: Vec<String>,
}

impl Uses {
    /// Those of all types of the model.
    pub fn of(model: &Model) -> Self {
        let mut uses = Self::default();
        for operation in &model.operations {
            let link = method_link(&operation.ident);
            if let Some(ty) = operation.body.as_ref().and_then(|body| body.json.as_ref()) {
                uses.add(ty, model, |made| &mut made.sent_by, &link);
            }
            if let Answer::Json(ty) = &operation.answer {
                uses.add(ty, model, |made| &mut made.returned_by, &link);
            }
        }
        let types = &model.types;
        let structs = types
            .structs
            .values()
            .flat_map(|made| made.fields.iter().map(|field| (&made.name, &field.ty)));
        let unions = types
            .unions
            .values()
            .flat_map(|made| made.variants.iter().map(|(_, ty)| (&made.name, ty)));
        let newtypes = types.newtypes.values().map(|made| (&made.name, &made.inner));
        for (holder, ty) in structs.chain(unions).chain(newtypes) {
            if ty.innermost() != Some(holder) {
                uses.add(ty, model, |made| &mut made.held_by, &type_link(holder));
            }
        }
        uses
    }

    fn add(&mut self, ty: &Ty, model: &Model, of: impl Fn(&mut Use) -> &mut Vec<String>, link: &str) {
        let over = model
            .mixed
            .iter()
            .find(|mixed| ty.is(mixed.rust))
            .map(|mixed| mixed.over.as_slice());
        let names = over.into_iter().flatten().map(String::as_str).chain(ty.innermost());
        for name in names {
            let links = of(self.0.entry(name.to_owned()).or_default());
            if !links.iter().any(|known| known == link) {
                links.push(link.to_owned());
            }
        }
    }

    /// What a type is, with its uses behind it.
    pub fn documented(&self, name: &str, doc: &str) -> String {
        let said = |what: &str, links: &[String]| match links {
            [] => String::new(),
            links => format!("\n\n**{what}:** {}.", links.join(", ")),
        };
        match self.0.get(name) {
            Some(made) => [
                doc.to_owned(),
                said("Sent by", &made.sent_by),
                said("Returned by", &made.returned_by),
                said("Part of", &made.held_by),
            ]
            .concat(),
            None => doc.to_owned(),
        }
    }
}
