//! Writes the documentation of operations and types that the description's own texts do not
//! contain: examples, lists of parameters and fields, required features, and links between them.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::helpers::{CreateOrUpdate, Upsert};
use super::super::model::paging::{self, Shape};
use super::super::model::ty::Ty;
use super::super::model::{Body, Field, Group, Idempotent, Model, Operation, ResponseBody, Struct, Types};
use super::super::slice;
use super::example;

/// Returns a link to a method of the client.
pub fn method_link(ident: &str) -> String {
    format!("[`{ident}`](crate::Client::{ident})")
}

/// Returns a link to a generated type.
fn type_link(name: &str) -> String {
    format!("[`{name}`](crate::types::{name})")
}

/// Returns a link to a setter of an operation's builder.
fn setter_link(operation: &Operation, setter: &str) -> String {
    format!("[`{setter}`](crate::builder::{}::{setter})", operation.builder)
}

/// Describes a type in prose, with links.
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
        Ty::Map(inner) => format!("a map from strings to {}", ty_link(inner)),
        Ty::Boxed(inner) | Ty::Nullable(inner) => ty_link(inner),
    }
}

/// Returns a text with its first letter in upper case.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}

/// Returns the first sentence of a text.
fn first_sentence(text: &str) -> &str {
    let line = text.split("\n\n").next().unwrap_or_default();
    line.split_inclusive(". ").next().unwrap_or_default().trim_end()
}

/// Returns the sentence that names the required feature, and the attribute that shows it on
/// docs.rs. `features` are alternatives; both results are empty without features.
pub fn requirement<'a>(features: impl IntoIterator<Item = &'a str>) -> (String, TokenStream) {
    let mut features: Vec<&str> = features.into_iter().collect();
    features.sort_unstable();
    features.dedup();
    match features.as_slice() {
        [] => Default::default(),
        [feature] => (
            format!("Requires the feature `{feature}`."),
            quote! { #[cfg_attr(docsrs, doc(cfg(feature = #feature)))] },
        ),
        features => (
            format!("Requires one of the features `{}`.", features.join("`, `")),
            quote! { #[cfg_attr(docsrs, doc(cfg(any(#(feature = #features),*))))] },
        ),
    }
}

/// Returns what [`requirement`] returns for an operation.
pub fn operation_requirement(operation: &Operation) -> (String, TokenStream) {
    requirement([slice::feature(operation.group.as_deref()).as_str()])
}

/// Joins paragraphs, leaving out empty ones.
fn paragraphs(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// Returns the summary of an operation: one sentence.
fn summary(operation: &Operation) -> String {
    match operation.summary.as_str() {
        "" => format!("`{} {}`.", operation.method, operation.path),
        summary => format!("{}.", summary.trim_end_matches('.')),
    }
}

/// Returns the request that an operation sends, and its required feature.
fn request(operation: &Operation) -> String {
    let (requirement, _) = operation_requirement(operation);
    format!("Sends `{} {}`. {requirement}", operation.method, operation.path)
}

/// Returns the documentation of an operation's method.
pub fn operation(operation: &Operation, model: &Model) -> String {
    let sent = operation.body.as_ref().map(|sent| body(operation, sent, &model.types));
    paragraphs([
        summary(operation),
        operation.description.clone(),
        request(operation),
        parameters(operation).unwrap_or_default(),
        sent.map(|text| format!("**Body:** {text}")).unwrap_or_default(),
        search(operation, model).unwrap_or_default(),
        format!("**Response:** {}", response(operation, model)),
        format!("**Retries:** {}", retries(operation)),
        example::block(operation, model),
    ])
}

/// Returns the documentation of an operation's builder.
pub fn builder(operation: &Operation, model: &Model) -> String {
    let section = |title: &str, text: String| match text.is_empty() {
        true => text,
        false => format!("# {title}\n\n{text}"),
    };
    let sent = operation.body.as_ref();
    let fields = sent.and_then(|sent| fields(sent, &model.types));
    let sent = sent.map(|sent| body(operation, sent, &model.types));
    let sent = paragraphs(sent.into_iter().chain(search(operation, model)).chain(fields));
    paragraphs([
        builder_of(&operation.ident),
        summary(operation),
        request(operation),
        section("Example", example::block(operation, model)),
        section("Parameters", parameter_list(operation)),
        section("Body", sent),
        section("Response", response(operation, model)),
        section("Retries", retries(operation)),
        section("Details", operation.description.clone()),
    ])
}

/// Returns the first line of a builder's documentation.
pub fn builder_of(method: &str) -> String {
    format!("Builder for [`Client::{method}`](crate::Client::{method}).")
}

/// Returns the documentation of the method that upserts by several operations.
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
         **Response:** {record}, and what was done: see [`Upserted`](crate::Upserted), which has an example.",
        type_link(&upsert.request)
    )
}

/// Returns the documentation of a method that upserts by one operation.
pub fn create_or_update(made: &CreateOrUpdate, model: &Model) -> String {
    let (call, by, builder) = (method_link(&made.operation.method), &made.by, &made.builder);
    let mut operations = model.operations.iter();
    let operation = operations.find(|operation| operation.ident == made.operation.method);
    let response = operation
        .map(|operation| response(operation, model))
        .unwrap_or_default();
    format!(
        "Creates the record that the body describes, or updates the existing one with the same `{by}`.\n\n\
         Calls {call}, which does both; the body needs a `{by}`. If two calls create the same record at the same time, the server \
         rejects one of them with a 400 or 404. That call is sent again after a pause, within the deadline of the retry policy, and \
         then updates the record. [`RetryPolicy::none`](crate::RetryPolicy::none) turns that off.\n\n\
         **Body:** that of {call}. [`body_map`](crate::builder::{builder}::body_map) fills it in.\n\n\
         **Response:** {response}"
    )
}

/// Lists the parameters of an operation in one sentence.
fn parameters(operation: &Operation) -> Option<String> {
    let names = operation.parameters.iter().map(|parameter| {
        let required = if parameter.required { " (required)" } else { "" };
        format!("{}{required}", setter_link(operation, &parameter.ident))
    });
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| format!("**Parameters:** {}.", names.join(", ")))
}

/// Lists the parameters of an operation, one a line.
fn parameter_list(operation: &Operation) -> String {
    let lines = operation.parameters.iter().map(|parameter| {
        let link = setter_link(operation, &parameter.ident);
        list_item(&link, parameter.required, &parameter.doc)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn list_item(link: &str, required: bool, doc: &str) -> String {
    let required = if required { " (required)" } else { "" };
    match first_sentence(doc) {
        "" => format!("- {link}{required}"),
        doc => format!("- {link}{required}: {doc}"),
    }
}

/// Describes the body of an operation in a sentence or two.
fn body(operation: &Operation, body: &Body, types: &Types) -> String {
    let optional = if body.required { "" } else { ", optional" };
    let Some(ty) = &body.json else {
        let media = body.media.as_deref().unwrap_or("application/octet-stream");
        return format!("Bytes of `{media}`{optional}.");
    };
    let text = format!("{}{optional}.", capitalized(&ty_link(ty)));
    match types.struct_of(ty).filter(|made| made.has_builder()) {
        Some(_) => {
            let (body, body_map) = (setter_link(operation, "body"), setter_link(operation, "body_map"));
            format!("{text} {body} sets it, and {body_map} sets single fields.")
        }
        None => text,
    }
}

/// Lists the constructors and fields of a body, one a line.
fn fields(body: &Body, types: &Types) -> Option<String> {
    let made = types.struct_of(body.json.as_ref()?).filter(|made| made.has_builder())?;
    let constructors = made.constructors.iter().map(|constructor| {
        let link = format!("[`{0}`](crate::types::{1}::{0})", constructor.ident, made.name);
        list_item(&link, false, &constructor.doc)
    });
    let constructors: Vec<String> = constructors.collect();
    let fields = made
        .fields
        .iter()
        .map(|field| list_item(&field_link(made, field), field.required, &field.doc));
    let fields: Vec<String> = fields.collect();
    let constructors = match constructors.is_empty() {
        true => String::new(),
        false => format!("Constructors:\n\n{}", constructors.join("\n")),
    };
    Some(paragraphs([constructors, format!("Fields:\n\n{}", fields.join("\n"))]))
}

fn field_link(made: &Struct, field: &Field) -> String {
    format!("[`{0}`](crate::types::builder::{1}::{0})", field.setter, made.builder())
}

/// Names the setters of a search.
fn search(operation: &Operation, model: &Model) -> Option<String> {
    model
        .searches
        .iter()
        .find(|search| search.builder == operation.builder)?;
    let (query, sort) = (setter_link(operation, "query"), setter_link(operation, "sort"));
    Some(format!(
        "{query} takes an expression of the module [`search`](crate::search), {sort} the sort order."
    ))
}

/// Describes the response of an operation.
fn response(operation: &Operation, model: &Model) -> String {
    let ty = match &operation.response {
        ResponseBody::Bytes(media) => return format!("Bytes of `{media}`, as a [`ByteStream`](crate::ByteStream)."),
        ResponseBody::Json(ty) => ty,
    };
    let text = format!("{}.", capitalized(&ty_link(ty)));
    let (stream, pages) = (setter_link(operation, "stream"), setter_link(operation, "pages"));
    match operation.paging.zip(paging::page_item(ty, model)) {
        None => text,
        Some((paging, item)) if paging.shape == Shape::Unpaged => format!(
            "{text} This is the complete list: {stream} returns a stream of its items, each of type {}.",
            ty_link(item)
        ),
        Some((_, item)) => format!(
            "{text} This is one page of the list: {stream} returns a stream of all items, each of type {}, and {pages} a \
             stream of all pages.",
            ty_link(item)
        ),
    }
}

/// Describes whether a call is retried after its response was lost, and why.
fn retries(operation: &Operation) -> String {
    let setter = setter_link(operation, "idempotent");
    match &operation.idempotent {
        Some(Idempotent { why, with: None }) => format!("A call is also retried after a lost response, because {why}."),
        Some(Idempotent { why, with: Some(name) }) => {
            format!(
                "A call is also retried after a lost response if the body has `{name}`, because {why}. Otherwise, {setter} \
                 allows that."
            )
        }
        None => format!(
            "A call is not retried after a lost response, because the server may have carried it out. {setter} allows that."
        ),
    }
}

/// Returns the same as a cell of a table.
fn retries_cell(operation: &Operation) -> String {
    match &operation.idempotent {
        Some(Idempotent { with: None, .. }) => "yes".to_owned(),
        Some(Idempotent { with: Some(name), .. }) => format!("with `{name}`"),
        None => "no".to_owned(),
    }
}

/// Returns the documentation of the methods of a group.
pub fn group(group: &Group, operations: &[&Operation], model: &Model) -> String {
    // The POST with the shortest path creates a record of the group.
    let creates = |operation: &&&Operation| operation.method == "POST" && operation.body.is_some();
    let shown = operations
        .iter()
        .filter(creates)
        .min_by_key(|operation| operation.path.len());
    let shown = shown.or(operations.first()).copied();
    let (requirement, _) = requirement([slice::feature(Some(&group.name)).as_str()]);
    paragraphs([
        format!("# {}", group.name),
        group.doc.clone(),
        requirement,
        shown
            .map(|operation| example::block(operation, model))
            .unwrap_or_default(),
    ])
}

/// Returns the table of the operations that list records.
fn lists(model: &Model) -> Option<String> {
    let retrievals = paging::retrievals(model);
    let lists = model.operations.iter().filter(|operation| operation.paging.is_some());
    let rows = lists.filter_map(|operation| {
        let ResponseBody::Json(ty) = &operation.response else {
            return None;
        };
        let item = paging::page_item(ty, model)?;
        let link = method_link(&operation.ident);
        let changes = match operation.has_updated_at {
            true => setter_link(operation, "changed_since"),
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
            "\n\n# Lists\n\nEach list can be read as a stream of its items or of its pages: see [`paging`](crate::paging). Some \
             lists also have `changed_since`. Some have [`retrieve_each`](crate::paging::Items::retrieve_each), which fetches \
             every item in full with the operation named in the last column.\n\n\
             | list | items | changed items | each item in full |\n|---|---|---|---|{rows}"
        )
    })
}

/// Returns the empty module whose documentation lists all operations by group.
pub fn index(groups: &[(&Group, Vec<&Operation>)], model: &Model) -> TokenStream {
    let mut doc = "All operations by group: each is a method of [`Client`](crate::Client).".to_owned();
    for (group, operations) in groups {
        let (requirement, _) = requirement([slice::feature(Some(&group.name)).as_str()]);
        doc.push_str(&format!("\n\n# {}\n\n", group.name));
        doc.push_str(&paragraphs([
            group.doc.clone(),
            requirement,
            "| method | summary | request | retried after a lost response |\n|---|---|---|---|".to_owned(),
        ]));
        for operation in operations {
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
            let (link, mut summary) = (method_link(&operation.ident), cell(&summary(operation)));
            if let Some(removed) = &operation.removed {
                summary.push_str(&format!(" {}.", cell(&removed.note())));
            }
            let (method, path, retries) = (&operation.method, cell(&operation.path), retries_cell(operation));
            doc.push_str(&format!("\n| {link} | {summary} | `{method} {path}` | {retries} |"));
        }
    }
    doc.extend(lists(model));
    quote! {
        #[doc = #doc]
        pub mod operations {}
    }
}

/// Which operations send and return each type, which types contain it, and which groups need it.
pub struct TypeUses<'a> {
    model: &'a Model,
    uses: BTreeMap<&'a str, Uses<'a>>,
}

#[derive(Default)]
struct Uses<'a> {
    sent_by: Vec<String>,
    returned_by: Vec<String>,
    part_of: Vec<String>,
    /// The groups whose operations reach the type, each with the number of types between an
    /// operation and this one.
    groups: BTreeMap<Option<&'a str>, usize>,
}

impl<'a> TypeUses<'a> {
    /// Collects the uses of all types of the model.
    pub fn of(model: &'a Model) -> Self {
        let mut uses: BTreeMap<&str, Uses<'_>> = BTreeMap::new();
        let mut add = |names: Vec<&'a str>, list: for<'b> fn(&'b mut Uses<'a>) -> &'b mut Vec<String>, link: &str| {
            for name in names {
                let links = list(uses.entry(name).or_default());
                if !links.iter().any(|known| known == link) {
                    links.push(link.to_owned());
                }
            }
        };
        for operation in &model.operations {
            let link = method_link(&operation.ident);
            add(sent(operation, model), |uses| &mut uses.sent_by, &link);
            add(returned(operation, model), |uses| &mut uses.returned_by, &link);
        }
        for name in type_names(&model.types) {
            let mut parts = parts(name, model);
            parts.retain(|part| *part != name);
            add(parts, |uses| &mut uses.part_of, &type_link(name));
        }
        for operation in &model.operations {
            let parameters = operation
                .parameters
                .iter()
                .flat_map(|parameter| names_in(&parameter.ty, model));
            let mut level: Vec<&str> = parameters
                .chain(sent(operation, model))
                .chain(returned(operation, model))
                .collect();
            for distance in 0.. {
                level.retain(|name| {
                    let known = uses.entry(*name).or_default().groups.entry(operation.group.as_deref());
                    let known = known.or_insert(usize::MAX);
                    let nearer = distance < *known;
                    *known = distance.min(*known);
                    nearer
                });
                if level.is_empty() {
                    break;
                }
                level = level.iter().flat_map(|name| parts(name, model)).collect();
            }
        }
        Self { model, uses }
    }

    /// Returns the documentation of a type, which starts with `doc`, and its attributes.
    pub fn documented(&self, name: &str, doc: &str) -> TokenStream {
        let (text, requirement) = self.text(name, doc);
        quote! { #[doc = #text] #requirement }
    }

    /// Returns the documentation of a type as text, and the attribute that shows its feature.
    pub fn text(&self, name: &str, doc: &str) -> (String, TokenStream) {
        let Some(uses) = self.uses.get(name) else {
            return (doc.to_owned(), TokenStream::new());
        };
        let list = |title: &str, links: &[String]| match links {
            [] => String::new(),
            links => format!("**{title}:** {}.", links.join(", ")),
        };
        let features: Vec<String> = uses.groups.keys().map(|group| slice::feature(*group)).collect();
        let (sentence, attribute) = requirement(features.iter().map(String::as_str));
        let text = paragraphs([
            doc.to_owned(),
            list("Sent by", &uses.sent_by),
            list("Returned by", &uses.returned_by),
            list("Part of", &uses.part_of),
            sentence,
        ]);
        (text, attribute)
    }

    /// Returns the documentation of the module `types`: each type under the group whose operations
    /// use it most directly.
    pub fn index(&self) -> String {
        let mut sections: BTreeMap<Option<&str>, [Vec<String>; 3]> = BTreeMap::new();
        for name in type_names(&self.model.types) {
            let uses = self.uses.get(name);
            let nearest = uses.and_then(|uses| uses.groups.iter().min_by_key(|(_, distance)| **distance));
            let section = sections.entry(nearest.and_then(|(group, _)| *group)).or_default();
            let place = match uses {
                Some(uses) if !uses.sent_by.is_empty() => 0,
                Some(uses) if !uses.returned_by.is_empty() => 1,
                _ => 2,
            };
            section[place].push(type_link(name));
        }
        let mut doc = "The objects that requests send and responses contain.\n\nThis page lists each type once, under the group \
                       of operations that uses it most directly. The page of a type names all operations that send or return it.\n\nThe field \
                       `type_` of an object that only responses contain is a `Cow<'static, str>`, so that the values in the \
                       description take no allocation. `object.type_.as_deref()` returns it as a `&str`."
            .to_owned();
        // Types without a group come last.
        let (others, grouped): (Vec<_>, Vec<_>) = sections.into_iter().partition(|(group, _)| group.is_none());
        for (group, lists) in grouped.into_iter().chain(others) {
            doc.push_str(&format!("\n\n# {}", group.unwrap_or("Other types")));
            for (title, links) in ["Sent", "Returned", "Parts of these"].into_iter().zip(lists) {
                if !links.is_empty() {
                    doc.push_str(&format!("\n\n**{title}:** {}", links.join(", ")));
                }
            }
        }
        doc
    }
}

/// The names of the types in the body of an operation.
fn sent<'a>(operation: &'a Operation, model: &'a Model) -> Vec<&'a str> {
    let ty = operation.body.as_ref().and_then(|body| body.json.as_ref());
    ty.map(|ty| names_in(ty, model)).unwrap_or_default()
}

/// The names of the types in the response of an operation.
fn returned<'a>(operation: &'a Operation, model: &'a Model) -> Vec<&'a str> {
    match &operation.response {
        ResponseBody::Json(ty) => names_in(ty, model),
        ResponseBody::Bytes(_) => Vec::new(),
    }
}

/// The names of the generated types that `ty` mentions, also by a hand-written type.
fn names_in<'a>(ty: &'a Ty, model: &'a Model) -> Vec<&'a str> {
    match ty {
        Ty::Named(name) => vec![name],
        Ty::List(inner) | Ty::Map(inner) | Ty::Boxed(inner) | Ty::Nullable(inner) => names_in(inner, model),
        Ty::Known(path) => {
            let mut hand_written = model.hand_written.iter();
            let found = hand_written.find(|written| written.path == path);
            found
                .into_iter()
                .flat_map(|written| written.components.iter().map(String::as_str))
                .collect()
        }
    }
}

/// The names of all types, sorted.
fn type_names(types: &Types) -> Vec<&str> {
    let names = (types.structs.keys()).chain(types.enums.keys());
    let mut names: Vec<&str> = names
        .chain(types.unions.keys())
        .chain(types.newtypes.keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// The names of the types that the type `name` contains.
fn parts<'a>(name: &str, model: &'a Model) -> Vec<&'a str> {
    let types = &model.types;
    let fields = types
        .structs
        .get(name)
        .into_iter()
        .flat_map(|made| &made.fields)
        .map(|field| &field.ty);
    let variants = types
        .unions
        .get(name)
        .into_iter()
        .flat_map(|made| &made.variants)
        .map(|(_, ty)| ty);
    let inner = types.newtypes.get(name).map(|made| &made.inner);
    fields
        .chain(variants)
        .chain(inner)
        .flat_map(|ty| names_in(ty, model))
        .collect()
}
