//! Finds the operations and types that the hand-written helpers use. The overlay marks them; a
//! helper without all of them is left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::names::{self, UniqueNames};
use super::super::document::prose;
use super::ty::Ty;
use super::{Body, Model, Operation, ResponseBody, Struct, Types, paging};

/// A search: an operation that is marked as one, or whose body has a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The builder of the operation.
    pub builder: String,
    /// The type of the body.
    pub request: String,
    /// The type of the query in the body.
    pub filter: Ty,
    /// The field of the body that contains the page size, and its type.
    pub pagination: Option<(String, String)>,
    /// The module with the names of the fields.
    pub module: String,
    /// The records, in the plural.
    pub records: String,
    /// The fields: constant, name on the wire, documentation.
    pub fields: Vec<(String, String, String)>,
    /// How to search for records that changed since a point in time.
    pub changes: Option<Changes>,
}

/// How to search for records that changed since a point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The type of a page.
    pub page: Ty,
    /// Whether the server compares dates by day.
    pub whole_days: bool,
}

/// Returns `true` if the `query` of a body is a filter: an object, or a union of objects, with
/// `operator` and `value`.
pub fn takes_filter(body: Option<&Body>, types: &Types) -> bool {
    let filters = |name: &str| {
        let is_filter = |made: &Struct| made.field("operator").is_some() && made.field("value").is_some();
        types.structs.get(name).is_some_and(is_filter)
    };
    let request = body.and_then(|body| types.struct_of(body.json.as_ref()?));
    let query = request.and_then(|made| made.wire_named_field("query")?.ty.name());
    query.is_some_and(|name| {
        let union = types.unions.get(name).map(|made| made.variants.as_slice());
        let mut variants = union.into_iter().flatten().filter_map(|(_, ty)| ty.name());
        filters(name) || variants.any(filters)
    })
}

/// Checks the body of a search, and reads the fields from `x-search` if the operation is marked.
///
/// `x-search: {what: contacts, dates: days, fields: [{name, description}]}`.
pub fn search(
    operation: &Operation,
    mark: Option<&Value>,
    types: &Types,
    modules: &mut UniqueNames,
) -> Result<Search, String> {
    let request = body_of(operation, types).filter(|made| made.has_builder());
    let request = request.ok_or("the body is not an object")?;
    let filter = request.wire_named_field("query").ok_or("the body has no `query`")?;
    let name = filter.ty.name().unwrap_or_default();
    if filter.ty != Ty::json() && !types.structs.contains_key(name) && !types.unions.contains_key(name) {
        return Err("the `query` is not an object".to_owned());
    }
    if name == request.name {
        return Err("the `query` has the type of the body".to_owned());
    }
    let per_page = |made: &&Struct| {
        made.has_builder()
            && made
                .wire_named_field("per_page")
                .is_some_and(|field| field.ty.is("i64"))
    };
    let pagination = request.wire_named_field("pagination").and_then(|field| {
        let made = types.struct_of(&field.ty).filter(per_page)?;
        matches!(field.ty, Ty::Named(_)).then(|| (field.ident.clone(), made.name.clone()))
    });
    let mark = mark.unwrap_or(&Value::Null);
    // `tickets` in `/tickets/search`.
    let mut segments = operation
        .path
        .rsplit('/')
        .skip(1)
        .filter(|segment| !segment.starts_with('{'));
    let records = mark["what"]
        .as_str()
        .or(segments.next())
        .filter(|records| !records.is_empty());
    let records = records.unwrap_or("objects");
    let mut constants = UniqueNames::values([]);
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
    let changes = match &operation.response {
        ResponseBody::Json(page)
            if operation.has_updated_at && fields.iter().any(|(_, name, _)| name == "updated_at") =>
        {
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
        module: modules.free(&names::ident(records, "objects")),
        records: records.to_owned(),
        fields,
        changes,
    })
}

/// The operations and types of the export helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The operations by step: `create`, `status`, `cancel` and `download`.
    pub operations: BTreeMap<&'static str, OperationNames>,
    /// The type of a job.
    pub job: String,
    /// The type of the state of a job.
    pub status: String,
}

/// The names of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationNames {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
}

impl OperationNames {
    /// Returns the operation that is marked for each step.
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

/// Returns the operation that is marked for a step.
fn step<'m>(marked: &[(&'m Operation, &str)], mark: &str, step: &str) -> Result<&'m Operation, String> {
    let found = marked.iter().find(|(_, name)| *name == step);
    found
        .map(|(operation, _)| *operation)
        .ok_or_else(|| format!("no operation is marked `{mark}: {step}`"))
}

/// Returns the type of the response if it is an object.
fn response_of<'t>(operation: &Operation, types: &'t Types) -> Option<&'t Struct> {
    match &operation.response {
        ResponseBody::Json(ty) => types.struct_of(ty),
        ResponseBody::Bytes(_) => None,
    }
}

/// Returns the type of the body if it is an object.
fn body_of<'t>(operation: &Operation, types: &'t Types) -> Option<&'t Struct> {
    types.struct_of(operation.body.as_ref()?.json.as_ref()?)
}

/// The values of `x-export`.
const EXPORT_STEPS: [&str; 4] = ["create", "status", "cancel", "download"];
/// The final states of a job.
const FINAL_STATES: [&str; 4] = ["Completed", "NoData", "Failed", "Canceled"];

/// Checks the operations that are marked for exports. Returns `None` if none is marked.
pub fn export(marked: &[(&Operation, &str)], types: &Types) -> Result<Option<Export>, String> {
    if marked.is_empty() {
        return Ok(None);
    }
    let step = |name: &str| step(marked, "x-export", name);
    let create = step("create")?;
    let made = response_of(create, types).ok_or("the operation `create` does not return an object")?;
    let body = body_of(create, types);
    let bound = |wire: &str| {
        body.and_then(|made| made.wire_named_field(wire))
            .is_some_and(|field| field.ty.is("crate::Timestamp"))
    };
    if !bound("created_at_after") || !bound("created_at_before") {
        return Err("the operation `create` does not take `created_at_after` and `created_at_before`".to_owned());
    }
    for name_of_step in &EXPORT_STEPS[1..] {
        let operation = step(name_of_step)?;
        let takes_job = match operation.parameters.as_slice() {
            [job] => job.ident == "job_identifier" && (job.ty.is("::std::string::String") || job.ty.is("crate::Id")),
            _ => false,
        };
        if !takes_job {
            return Err(format!(
                "the operation `{name_of_step}` takes other parameters than `job_identifier`"
            ));
        }
        let fits = match *name_of_step {
            "download" => matches!(operation.response, ResponseBody::Bytes(_)),
            _ => response_of(operation, types).is_some_and(|response| response.name == made.name),
        };
        if !fits {
            return Err(format!("the operation `{name_of_step}` returns another type"));
        }
    }
    if !made
        .wire_named_field("job_identifier")
        .is_some_and(|field| field.ty.is("::std::string::String"))
    {
        return Err("the job has no string `job_identifier`".to_owned());
    }
    let status = made
        .wire_named_field("status")
        .and_then(|field| types.enums.get(field.ty.name()?));
    let status = status.ok_or("the job has no enum `status`")?;
    let known = |state: &&str| status.variants.iter().any(|(variant, _)| variant == *state);
    if let Some(missing) = FINAL_STATES.iter().chain(&["Pending"]).find(|state| !known(state)) {
        return Err(format!("the enum `status` of the job has no value {missing}"));
    }
    Ok(Some(Export {
        operations: OperationNames::by_step(marked, "x-export", EXPORT_STEPS)?,
        job: made.name.clone(),
        status: status.name.clone(),
    }))
}

/// The operations and types of the upsert helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upsert {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
    /// The operations by step: `create`, `update`, `unarchive`, `search` and `show`.
    pub operations: BTreeMap<&'static str, OperationNames>,
    /// The setters of the id in the steps `update`, `unarchive` and `show`.
    pub ids: [String; 3],
    /// The type of a record.
    pub record: String,
    /// The type of a page of the search.
    pub found: String,
    /// The type of the body of the step `create`.
    pub request: String,
}

/// The values of `x-upsert`.
const UPSERT_STEPS: [&str; 5] = ["create", "update", "unarchive", "search", "show"];

/// Checks the operations that are marked for upserts. Returns `None` if none is marked.
pub fn upsert(marked: &[(&Operation, &str)], model: &Model) -> Result<Option<Upsert>, String> {
    if marked.is_empty() {
        return Ok(None);
    }
    let types = &model.types;
    let text = |ty: &Ty| ty.is("::std::string::String") || ty.is("crate::Id");
    let step = |name: &str| step(marked, "x-upsert", name);
    let (create, update, unarchive, search) = (step("create")?, step("update")?, step("unarchive")?, step("search")?);
    let show = step("show")?;
    let made = response_of(create, types).ok_or("the operation `create` does not return an object")?;
    let takes_json = |operation: &Operation| operation.body.as_ref().is_some_and(|body| body.json.is_some());
    let request = body_of(create, types).filter(|made| made.has_builder());
    let request = request.ok_or("the body of the operation `create` is not an object")?;
    if let Some(name) = ["email", "external_id", "role"]
        .iter()
        .find(|name| request.field(name).is_none())
    {
        return Err(format!("the body of the operation `create` has no `{name}`"));
    }
    if !create.parameters.is_empty() || !search.parameters.iter().all(|parameter| !parameter.required) {
        return Err("the operation `create` or `search` needs parameters".to_owned());
    }
    if !takes_json(update) || response_of(update, types).is_none() {
        return Err("the operation `update` takes no body, or does not return an object".to_owned());
    }
    let id_of = |operation: &Operation| match operation.parameters.as_slice() {
        [id] if id.in_path && text(&id.ty) => Ok(id.ident.clone()),
        _ => Err(format!(
            "the method `{}` takes other parameters than an id",
            operation.ident
        )),
    };
    if response_of(show, types).is_none() || show.body.is_some() {
        return Err("the operation `show` takes a body, or does not return an object".to_owned());
    }
    if matches!(unarchive.response, ResponseBody::Bytes(_)) || unarchive.body.as_ref().is_some_and(|body| body.required)
    {
        return Err("the operation `unarchive` needs a body, or returns bytes".to_owned());
    }
    let found = response_of(search, types).and_then(|made| Some((made, model.pages.get(&made.name)?)));
    let found = found.filter(|(_, page)| takes_json(search) && paging::item(page, types).is_some());
    let (found, _) = found.ok_or("the operation `search` takes no body, or its items have no `id`")?;
    let method = format!(
        "upsert_{}",
        create.ident.strip_prefix("create_").unwrap_or(&create.ident)
    );
    let builder = names::type_ident(&method, "Upsert");
    let taken = |operation: &Operation| operation.ident == method || operation.builder == builder;
    if model.operations.iter().any(taken) {
        return Err(format!("the method `{method}` exists already"));
    }
    Ok(Some(Upsert {
        method,
        builder,
        operations: OperationNames::by_step(marked, "x-upsert", UPSERT_STEPS)?,
        ids: [id_of(update)?, id_of(unarchive)?, id_of(show)?],
        record: made.name.clone(),
        found: found.name.clone(),
        request: request.name.clone(),
    }))
}

/// An upsert by one operation that both creates and updates, by a key in its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrUpdate {
    /// The method's name.
    pub method: String,
    /// The builder's name.
    pub builder: String,
    /// The operation.
    pub operation: OperationNames,
    /// The property of the body that is the key.
    pub by: String,
}

/// Checks an operation that is marked with `x-upsert: {by: property}`.
pub fn create_or_update(operation: &Operation, mark: &Value, model: &Model) -> Result<CreateOrUpdate, String> {
    let by = mark["by"].as_str().ok_or("the mark has no property `by`")?;
    let request = body_of(operation, &model.types).filter(|made| made.has_builder());
    let request = request.ok_or("the body is not an object")?;
    if request.wire_named_field(by).is_none() {
        return Err(format!("the body has no `{by}`"));
    }
    if response_of(operation, &model.types).is_none() || operation.parameters.iter().any(|parameter| parameter.required)
    {
        return Err("it needs parameters, or does not return an object".to_owned());
    }
    let name = ["create_or_update_", "create_"]
        .iter()
        .find_map(|verb| operation.ident.strip_prefix(verb));
    let method = format!("upsert_{}", name.unwrap_or(&operation.ident));
    let builder = names::type_ident(&method, "Upsert");
    let taken = |operation: &Operation| operation.ident == method || operation.builder == builder;
    if model.operations.iter().any(taken) {
        return Err(format!("the method `{method}` exists already"));
    }
    Ok(CreateOrUpdate {
        method,
        builder,
        operation: OperationNames {
            method: operation.ident.clone(),
            builder: operation.builder.clone(),
        },
        by: by.to_owned(),
    })
}
