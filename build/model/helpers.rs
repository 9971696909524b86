//! What the hand-written helpers need of the description: marked in the overlay, found here, or the helper is left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::names::{self, Taken};
use super::super::document::prose;
use super::ty::Ty;
use super::{Answer, Body, Model, Operation, Struct, Types, paging};

/// A search: an operation that takes a query. One that is marked, or whose body has a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The operation's builder.
    pub builder: String,
    /// The type of the body.
    pub request: String,
    /// The type of the query in it.
    pub filter: Ty,
    /// The field of the body, and its type, that says how many items a page has.
    pub pagination: Option<(String, String)>,
    /// The module of the names of its fields.
    pub module: String,
    /// What is searched, in the plural, as prose names it.
    pub what: String,
    /// The fields: constant, name on the wire, meaning.
    pub fields: Vec<(String, String, String)>,
    /// How it can be asked for what changed since a moment.
    pub changes: Option<Changes>,
}

/// How a search can be asked for what changed since a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The type of a page.
    pub page: Ty,
    /// Whether dates count whole days.
    pub whole_days: bool,
}

/// Whether a body has a `query` that is a filter: an object, or a union of objects, with `operator` and `value`.
pub fn takes_filter(body: Option<&Body>, types: &Types) -> bool {
    let filters = |name: &str| {
        let is_filter = |made: &Struct| made.field("operator").is_some() && made.field("value").is_some();
        types.structs.get(name).is_some_and(is_filter)
    };
    let request = body.and_then(|body| types.named(body.json.as_ref()?));
    let query = request.and_then(|made| made.named_field("query")?.ty.name());
    query.is_some_and(|name| {
        let union = types.unions.get(name).map(|made| made.variants.as_slice());
        let mut forms = union.into_iter().flatten().filter_map(|(_, ty)| ty.name());
        filters(name) || forms.any(filters)
    })
}

/// A search held against its body, with what `x-search` says of its fields where the operation is marked.
///
/// `x-search: {what: contacts, dates: days, fields: [{name, description}]}`.
pub fn search(
    operation: &Operation,
    mark: Option<&Value>,
    types: &Types,
    modules: &mut Taken,
) -> Result<Search, String> {
    let request = body_of(operation, types).filter(|made| made.has_builder());
    let request = request.ok_or("its body is no object")?;
    let filter = request.named_field("query").ok_or("its body has no `query`")?;
    let name = filter.ty.name().unwrap_or_default();
    if filter.ty != Ty::json() && !types.structs.contains_key(name) && !types.unions.contains_key(name) {
        return Err("its `query` is no object".to_owned());
    }
    if name == request.name {
        return Err("its `query` is the request itself".to_owned());
    }
    let per_page =
        |made: &&Struct| made.has_builder() && made.named_field("per_page").is_some_and(|field| field.ty.is("i64"));
    let pagination = request.named_field("pagination").and_then(|field| {
        let made = types.named(&field.ty).filter(per_page)?;
        matches!(field.ty, Ty::Named(_)).then(|| (field.ident.clone(), made.name.clone()))
    });
    let mark = mark.unwrap_or(&Value::Null);
    // `tickets` in `/tickets/search`.
    let mut segments = operation
        .path
        .rsplit('/')
        .skip(1)
        .filter(|segment| !segment.starts_with('{'));
    let what = mark["what"]
        .as_str()
        .or(segments.next())
        .filter(|what| !what.is_empty());
    let what = what.unwrap_or("objects");
    let mut constants = Taken::beside([]);
    let fields = mark["fields"].as_array().into_iter().flatten().filter_map(|field| {
        let name = field["name"].as_str()?;
        let constant = constants.free(&names::ident(name, "field").to_uppercase());
        Some((
            constant,
            name.to_owned(),
            field["description"]
                .as_str()
                .map_or_else(|| format!("`{name}`."), prose::rustdoc),
        ))
    });
    let fields: Vec<_> = fields.collect();
    let changes = match &operation.answer {
        Answer::Json(page) if operation.dated && fields.iter().any(|(_, name, _)| name == "updated_at") => {
            Some(Changes {
                page: page.clone(),
                whole_days: mark["dates"] == "days",
            })
        }
        _ => None,
    };
    Ok(Search {
        builder: operation.builder.clone(),
        request: request.name.clone(),
        filter: filter.ty.clone(),
        pagination,
        module: modules.free(&names::ident(what, "objects")),
        what: what.to_owned(),
        fields,
        changes,
    })
}

/// What the export helper needs: four operations on jobs, and the job itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The operations by what they do: `create`, `status`, `cancel`, `download`.
    pub operations: BTreeMap<&'static str, Named>,
    /// The type of a job.
    pub job: String,
    /// The type of its state.
    pub status: String,
}

/// An operation by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
}

impl Named {
    /// The operations that are marked for each of these steps.
    fn by_step<const N: usize>(
        marked: &[(&Operation, &str)],
        mark: &str,
        steps: [&'static str; N],
    ) -> Result<BTreeMap<&'static str, Self>, String> {
        let named = |operation: &Operation| Self {
            method: operation.ident.clone(),
            builder: operation.builder.clone(),
        };
        let named = steps.map(|name| Ok((name, named(step(marked, mark, name)?))));
        named.into_iter().collect()
    }
}

/// The operation that is marked for a step.
fn step<'m>(marked: &[(&'m Operation, &str)], mark: &str, step: &str) -> Result<&'m Operation, String> {
    let found = marked.iter().find(|(_, name)| *name == step);
    found
        .map(|(operation, _)| *operation)
        .ok_or_else(|| format!("no operation is marked `{mark}: {step}`"))
}

/// The object that an operation answers with.
fn answer_of<'t>(operation: &Operation, types: &'t Types) -> Option<&'t Struct> {
    match &operation.answer {
        Answer::Json(ty) => types.named(ty),
        Answer::Bytes(_) => None,
    }
}

/// The object that an operation takes.
fn body_of<'t>(operation: &Operation, types: &'t Types) -> Option<&'t Struct> {
    types.named(operation.body.as_ref()?.json.as_ref()?)
}

/// What an operation on exports does, by `x-export`.
const STEPS: [&str; 4] = ["create", "status", "cancel", "download"];
/// The states that the helper acts on.
const STATES: [&str; 4] = ["Completed", "NoData", "Failed", "Canceled"];

/// The operations that are marked, held against what the helper does with them. None when none is marked.
pub fn export(marked: &[(&Operation, &str)], types: &Types) -> Result<Option<Export>, String> {
    if marked.is_empty() {
        return Ok(None);
    }
    let step = |name: &str| step(marked, "x-export", name);
    let create = step("create")?;
    let made = answer_of(create, types).ok_or("what begins an export does not answer with a job")?;
    let body = body_of(create, types);
    let bound = |wire: &str| {
        body.and_then(|made| made.named_field(wire))
            .is_some_and(|field| field.ty.is("crate::Timestamp"))
    };
    if !bound("created_at_after") || !bound("created_at_before") {
        return Err("what begins an export does not take its bounds".to_owned());
    }
    for name_of_step in &STEPS[1..] {
        let operation = step(name_of_step)?;
        let takes_job = match operation.parameters.as_slice() {
            [job] => job.ident == "job_identifier" && (job.ty.is("::std::string::String") || job.ty.is("crate::Id")),
            _ => false,
        };
        if !takes_job {
            return Err(format!(
                "`x-export: {name_of_step}` does not take a job's identifier alone"
            ));
        }
        let fits = match *name_of_step {
            "download" => matches!(operation.answer, Answer::Bytes(_)),
            _ => answer_of(operation, types).is_some_and(|answer| answer.name == made.name),
        };
        if !fits {
            return Err(format!("`x-export: {name_of_step}` answers with something else"));
        }
    }
    if !made
        .named_field("job_identifier")
        .is_some_and(|field| field.ty.is("::std::string::String"))
    {
        return Err("a job has no `job_identifier`".to_owned());
    }
    let status = made
        .named_field("status")
        .and_then(|field| types.enums.get(field.ty.name()?));
    let status = status.ok_or("a job has no `status` of known values")?;
    let known = |state: &&str| status.variants.iter().any(|(variant, _)| variant == *state);
    if let Some(missing) = STATES.iter().chain(&["Pending"]).find(|state| !known(state)) {
        return Err(format!("the state {missing} of a job is not described"));
    }
    Ok(Some(Export {
        operations: Named::by_step(marked, "x-export", STEPS)?,
        job: made.name.clone(),
        status: status.name.clone(),
    }))
}

/// What the upsert helper needs: five operations on the same records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upsert {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
    /// The operations by what they do: `create`, `update`, `unarchive`, `search`, `show`.
    pub operations: BTreeMap<&'static str, Named>,
    /// The setters of the id of what is updated, unarchived and shown.
    pub ids: [String; 3],
    /// The type of a record.
    pub record: String,
    /// The type of a page of what is searched for.
    pub found: String,
    /// The type of the body that creates one.
    pub request: String,
}

/// What an operation does for an upsert, by `x-upsert`.
const UPSERT: [&str; 5] = ["create", "update", "unarchive", "search", "show"];

/// The operations that are marked, held against what the helper does with them. None when none is marked.
pub fn upsert(marked: &[(&Operation, &str)], model: &Model) -> Result<Option<Upsert>, String> {
    if marked.is_empty() {
        return Ok(None);
    }
    let types = &model.types;
    let text = |ty: &Ty| ty.is("::std::string::String") || ty.is("crate::Id");
    let step = |name: &str| step(marked, "x-upsert", name);
    let (create, update, unarchive, search) = (step("create")?, step("update")?, step("unarchive")?, step("search")?);
    let show = step("show")?;
    let made = answer_of(create, types).ok_or("what creates does not answer with an object")?;
    let takes_json = |operation: &Operation| operation.body.as_ref().is_some_and(|body| body.json.is_some());
    let request = body_of(create, types).filter(|made| made.has_builder());
    let request = request.ok_or("what creates takes no object")?;
    if let Some(name) = ["email", "external_id", "role"]
        .iter()
        .find(|name| request.field(name).is_none())
    {
        return Err(format!("what creates takes no `{name}`"));
    }
    if !create.parameters.is_empty() || !search.parameters.iter().all(|parameter| !parameter.required) {
        return Err("what creates or searches takes more than a body".to_owned());
    }
    if !takes_json(update) || answer_of(update, types).is_none() {
        return Err("what updates takes no body, or does not answer with an object".to_owned());
    }
    let id_of = |operation: &Operation| match operation.parameters.as_slice() {
        [id] if id.in_path && text(&id.ty) => Ok(id.ident.clone()),
        _ => Err(format!("`{}` does not take an id alone", operation.ident)),
    };
    if answer_of(show, types).is_none() || show.body.is_some() {
        return Err("what shows takes a body, or does not answer with an object".to_owned());
    }
    if matches!(unarchive.answer, Answer::Bytes(_)) || unarchive.body.as_ref().is_some_and(|body| body.required) {
        return Err("what unarchives takes a body, or answers with bytes".to_owned());
    }
    let found = answer_of(search, types).and_then(|made| Some((made, model.pages.get(&made.name)?)));
    let found = found.filter(|(_, page)| takes_json(search) && paging::item(page, types).is_some());
    let (found, _) = found.ok_or("what searches takes no body, or finds nothing with an `id`")?;
    let method = format!(
        "upsert_{}",
        create.ident.strip_prefix("create_").unwrap_or(&create.ident)
    );
    let builder = names::type_ident(&method, "Upsert");
    let taken = |operation: &Operation| operation.ident == method || operation.builder == builder;
    if model.operations.iter().any(taken) {
        return Err(format!("there is an operation `{method}`"));
    }
    Ok(Some(Upsert {
        method,
        builder,
        operations: Named::by_step(marked, "x-upsert", UPSERT)?,
        ids: [id_of(update)?, id_of(unarchive)?, id_of(show)?],
        record: made.name.clone(),
        found: found.name.clone(),
        request: request.name.clone(),
    }))
}

/// An operation that upserts by itself, by a key in its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrUpdate {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
    /// The operation.
    pub operation: Named,
    /// The property of the body that is the key.
    pub by: String,
}

/// An operation that is marked by `x-upsert: {by: property}`.
pub fn create_or_update(operation: &Operation, mark: &Value, model: &Model) -> Result<CreateOrUpdate, String> {
    let by = mark["by"].as_str().ok_or("it does not say `by` which property")?;
    let request = body_of(operation, &model.types).filter(|made| made.has_builder());
    let request = request.ok_or("it takes no object")?;
    if request.named_field(by).is_none() {
        return Err(format!("it takes no `{by}`"));
    }
    if answer_of(operation, &model.types).is_none() || operation.parameters.iter().any(|parameter| parameter.required) {
        return Err("it takes more than a body, or does not answer with an object".to_owned());
    }
    let name = ["create_or_update_", "create_"]
        .iter()
        .find_map(|verb| operation.ident.strip_prefix(verb));
    let method = format!("upsert_{}", name.unwrap_or(&operation.ident));
    let builder = names::type_ident(&method, "Upsert");
    let taken = |operation: &Operation| operation.ident == method || operation.builder == builder;
    if model.operations.iter().any(taken) {
        return Err(format!("there is an operation `{method}`"));
    }
    Ok(CreateOrUpdate {
        method,
        builder,
        operation: Named {
            method: operation.ident.clone(),
            builder: operation.builder.clone(),
        },
        by: by.to_owned(),
    })
}
