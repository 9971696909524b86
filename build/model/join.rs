//! Joins the types and methods of progenitor with the facts of the document, by the names that
//! progenitor read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::document::formats;
use super::super::document::names::{self, UniqueNames, alike, escape, pascal};
use super::super::document::prose;
use super::super::document::schema::{self, parameters, reference};
use super::super::input::basics::Basics;
use super::super::slice::{self, group};
use super::super::warnings::Warnings;
use super::boxes;
use super::examples::{Examples, ExamplesByOperation};
use super::generate::{Definition, Generated, Signature};
use super::paging::Shape;
use super::reach::Reach;
use super::ty::Ty;
use super::{
    Body, Constant, Constructor, Enum, Field, Group, HandWritten, Model, Newtype, Operation, Parameter, ResponseBody,
    Struct, Types, Union, generate, helpers, marks, paging, type_names, webhooks,
};

/// Names of fixed fields of every struct.
const STRUCT_FIELDS: [&str; 1] = ["extra"];
/// Names of fixed methods of every body builder.
const BODY_METHODS: [&str; 2] = ["as_value", "build"];
/// Names of fixed methods and fields of every operation builder.
const BUILDER_METHODS: &str = "api_version body body_map call changed_since client clone cursor from_cursor header \
    idempotent new options pages query_param retry send stream timeout";
/// Names of fixed methods of every search builder.
const SEARCH_METHODS: [&str; 3] = ["per_page", "query", "sort"];

/// Builds the model of the client.
pub fn join(
    document: &Value,
    generated: &Generated,
    reach: &Reach,
    examples: &ExamplesByOperation,
    type_names: BTreeSet<String>,
    basics: Basics,
    warnings: &mut Warnings,
) -> Model {
    let types = types(document, generated, reach, warnings);
    let mut model = Model {
        basics,
        types,
        type_names,
        groups: groups(document),
        operations: Vec::new(),
        pages: BTreeMap::new(),
        hand_written: hand_written(document, generated),
        searches: Vec::new(),
        export: None,
        upsert: None,
        create_or_updates: Vec::new(),
        webhooks: webhooks::Webhooks::default(),
    };
    for (path, method, described) in schema::operations(document) {
        let id = described["operationId"].as_str().unwrap_or_default();
        let Some(signature) = generated.operations.get(id) else {
            continue;
        };
        let path = schema::published(path, described);
        let at = schema::pointer(path, method);
        let mut operation = operation(path, method, described, signature, &model.types);
        operation.examples = examples.of_operation(path, method);
        match page(&mut model, &operation, described) {
            Ok(Some((paging, dated))) => {
                operation.paging = Some(paging);
                operation.has_updated_at = dated;
            }
            Ok(None) => {}
            Err(why) => warnings.add("paging", &at, format!("has no pages: {why}")),
        }
        let reads = described["x-reads-only"].as_bool();
        operation.reads_only = reads.unwrap_or(operation.paging.is_some() || method == "get" || method == "head");
        match marks::idempotent(described, &operation, &model.types) {
            Ok(idempotent) => operation.idempotent = idempotent,
            Err(why) => warnings.add("idempotent", &at, format!("`x-idempotent` is ignored: {why}")),
        }
        match marks::removal(described) {
            Ok(removed) => operation.removed = removed,
            Err(why) => warnings.add("removed", &at, format!("`x-removed` is ignored: {why}")),
        }
        model.operations.push(operation);
    }
    marks::known_replacements(&mut model.operations);
    join_helpers(document, &mut model, warnings);
    boxes::box_large_fields(&mut model.types);
    let names = generated.components.iter();
    let names = names
        .map(|(component, made)| (component.clone(), made.name.clone()))
        .collect();
    let (webhooks, rejected) = webhooks::read(document, &model.types, &names);
    model.webhooks = webhooks;
    for (component, why) in rejected {
        let at = format!("/components/schemas/{}", escape(&component));
        warnings.add("webhooks", at, format!("is not a type of webhook items: {why}"));
    }
    model
}

/// Returns a text of the description as rustdoc markup.
fn text(value: &Value, key: &str) -> String {
    prose::rustdoc(value[key].as_str().unwrap_or_default().trim())
}

/// Returns the groups of operations with their descriptions.
fn groups(document: &Value) -> Vec<Group> {
    let described = |name: &str| {
        let mut tags = document["tags"].as_array().into_iter().flatten();
        let tag = tags.find(|tag| tag["name"] == name);
        tag.map(|tag| text(tag, "description")).unwrap_or_default()
    };
    let mut names = slice::groups(document);
    names.sort();
    let groups = names.into_iter().map(|name| Group {
        doc: described(&name),
        name,
    });
    groups.collect()
}

fn types(document: &Value, generated: &Generated, reach: &Reach, warnings: &mut Warnings) -> Types {
    let mut types = Types::default();
    let made = generated.components.values();
    let enums = made.filter(|made| matches!(made.definition, Definition::Enum(_)));
    let enums: BTreeSet<&str> = enums.map(|made| made.name.as_str()).collect();
    for (component, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let Some(made) = generated.components.get(component) else {
            continue;
        };
        let name = made.name.clone();
        let doc = match text(schema, "description").as_str() {
            "" => format!("`{component}`."),
            doc => doc.to_owned(),
        };
        match &made.definition {
            Definition::Struct(fields) => {
                let made = Struct {
                    in_requests: reach.requests.contains(component),
                    in_responses: reach.responses.contains(component),
                    fields: Vec::new(),
                    constructors: Vec::new(),
                    name: name.clone(),
                    doc,
                };
                let at = format!("/components/schemas/{}", escape(component));
                let made = with_constructors(
                    with_fields(made, schema, fields, document),
                    schema,
                    &enums,
                    &at,
                    warnings,
                );
                types.structs.insert(name, made);
            }
            Definition::Enum(variants) => {
                let mut names = UniqueNames::types(["Unknown"]);
                let values = schema["enum"].as_array().into_iter().flatten();
                let values = values.filter_map(Value::as_str).map(str::to_owned);
                let variants = variants.iter().map(|variant| names.free(variant)).zip(values).collect();
                types.enums.insert(name.clone(), Enum { name, doc, variants });
            }
            Definition::Union(variants) => {
                let made = union(name.clone(), doc, variants);
                types.unions.insert(name, made);
            }
            Definition::Newtype(inner) => {
                let inner = inner.clone();
                types.newtypes.insert(name.clone(), Newtype { name, doc, inner });
            }
        }
    }
    types
}

/// Adds the fields in the order of the description. Fields with the name of a fixed one are
/// renamed.
fn with_fields(
    mut made: Struct,
    schema: &Value,
    fields: &BTreeMap<String, generate::Field>,
    document: &Value,
) -> Struct {
    let mut idents = UniqueNames::values(STRUCT_FIELDS);
    let mut setters = UniqueNames::values(BODY_METHODS);
    for (wire, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(field) = fields.get(&alike(wire)) else {
            continue;
        };
        let ident = idents.free(&field.ident);
        made.fields.push(Field {
            setter: setters.free(&ident),
            ident,
            wire: wire.clone(),
            doc: description_of(property, document),
            // progenitor has one `Option` for absent values and for null.
            ty: match made.in_requests && property["nullable"] == true {
                true => Ty::Nullable(Box::new(field.ty.clone())),
                // Nearly every object of a response has a `type`, so allocating it would take time.
                false if !made.in_requests && wire == type_names::PROPERTY && field.ty == Ty::text() => {
                    Ty::static_text()
                }
                false => field.ty.clone(),
            },
            required: field.required,
        });
    }
    made
}

/// Returns the description of a property, or else of the schema that it refers to.
fn description_of(property: &Value, document: &Value) -> String {
    match (text(property, "description"), reference(property)) {
        (own, Some(name)) if own.is_empty() => text(&document["components"]["schemas"][name], "description"),
        (own, _) => own,
    }
}

/// Adds the constructors of a request. The overlay lists them as `x-forms` of the schema: `name`,
/// `description`, `set` (constants) and `takes` (parameters). Invalid ones are left out.
fn with_constructors(
    mut made: Struct,
    schema: &Value,
    enums: &BTreeSet<&str>,
    at: &str,
    warnings: &mut Warnings,
) -> Struct {
    let mut names = UniqueNames::values(["builder", "default"]);
    for form in schema["x-forms"].as_array().into_iter().flatten() {
        match read_constructor(&made, form, enums) {
            Ok(mut read) => {
                read.ident = names.free(&read.ident);
                made.constructors.push(read);
            }
            Err(why) => warnings.add("forms", at, format!("a constructor is left out: {why}")),
        }
    }
    made
}

fn read_constructor(made: &Struct, form: &Value, types: &BTreeSet<&str>) -> Result<Constructor, String> {
    let name = form["name"].as_str().ok_or("it has no name")?;
    let setter = |wire: &str| {
        let field = made
            .field(wire)
            .ok_or_else(|| format!("`{name}` uses the unknown property `{wire}`"))?;
        Ok::<_, String>((field.setter.clone(), field.ty.clone()))
    };
    let sets = form["set"].as_object().into_iter().flatten().map(|(wire, value)| {
        let (setter, ty) = setter(wire)?;
        match value {
            Value::String(text) if takes_text(&ty, types) => Ok((setter, Constant::Text(text.clone()))),
            Value::Bool(truth) if takes_boolean(&ty) => Ok((setter, Constant::Boolean(*truth))),
            other => Err(format!("`{name}` sets `{wire}` to {other}, which has the wrong type")),
        }
    });
    let mut taken = BTreeSet::new();
    let takes = form["takes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|wire| taken.insert(*wire))
        .map(setter);
    Ok(Constructor {
        ident: names::ident(name, "form"),
        doc: match text(form, "description").as_str() {
            "" => format!("Sets the values of `{name}`."),
            doc => doc.to_owned(),
        },
        sets: sets.collect::<Result<_, _>>()?,
        takes: takes.collect::<Result<_, _>>()?,
    })
}

/// Returns `true` if a setter of this type accepts a string.
fn takes_text(ty: &Ty, enums: &BTreeSet<&str>) -> bool {
    match ty {
        Ty::Nullable(inner) => takes_text(inner, enums),
        Ty::Named(name) => enums.contains(name.as_str()),
        ty => {
            let known = ["::std::string::String", "crate::Id", "crate::Avatar"];
            *ty == Ty::json() || known.iter().any(|path| ty.is(path))
        }
    }
}

/// Returns `true` if a setter of this type accepts a boolean.
fn takes_boolean(ty: &Ty) -> bool {
    match ty {
        Ty::Nullable(inner) => takes_boolean(inner),
        ty => *ty == Ty::json() || ty.is("bool"),
    }
}

/// Builds a union with one variant for each type. Any JSON is left out, because every union has a
/// fallback for it.
fn union(name: String, doc: String, made: &[(String, Ty)]) -> Union {
    let mut idents = UniqueNames::types(["Other"]);
    let mut variants: Vec<(String, Ty)> = Vec::new();
    for (variant, ty) in made {
        if *ty != Ty::json() && !variants.iter().any(|(_, known)| known == ty) {
            variants.push((idents.free(variant), ty.clone()));
        }
    }
    Union { name, doc, variants }
}

fn operation(path: &str, method: &str, described: &Value, signature: &Signature, types: &Types) -> Operation {
    let ident = signature.method.clone();
    let body = body(described, signature, types);
    let is_search = described.get("x-search").is_some() || helpers::takes_filter(body.as_ref(), types);
    let search = SEARCH_METHODS.iter().filter(|_| is_search);
    let mut idents = UniqueNames::values(BUILDER_METHODS.split(' ').chain(search.copied()));
    let parameters = parameters(described).filter_map(|parameter| {
        let name = parameter["name"].as_str()?;
        let field = signature.parameters.get(&alike(name))?;
        let in_path = parameter["in"] == "path";
        Some(Parameter {
            ident: idents.free(&field.ident),
            wire: parameter["x-name"].as_str().unwrap_or(name).to_owned(),
            doc: text(parameter, "description"),
            in_path,
            required: in_path || field.required,
            ty: field.ty.clone(),
            style: match parameter["x-style"].as_str() {
                Some("deep") => Some("Deep"),
                Some("comma") => Some("Comma"),
                Some("space") => Some("Space"),
                Some("pipe") => Some("Pipe"),
                _ => None,
            },
            example: parameter.get("example").cloned(),
        })
    });
    let success = &described["responses"]["200"];
    let media = success["x-media-type"].as_str();
    Operation {
        builder: pascal(&ident),
        method: method.to_uppercase(),
        path: path.to_owned(),
        group: group(described).map(str::to_owned),
        summary: text(described, "summary"),
        description: text(described, "description"),
        parameters: parameters.collect(),
        body,
        response: match &signature.response {
            Some(ty) => ResponseBody::Json(ty.clone()),
            None => ResponseBody::Bytes(media.unwrap_or("application/octet-stream").to_owned()),
        },
        reads_only: false,
        idempotent: None,
        removed: None,
        paging: None,
        examples: Examples::default(),
        has_updated_at: false,
        ident,
    }
}

/// Builds the body of an operation. It is required if the description says so, if one of its fields
/// is required, or if it has constructors.
fn body(described: &Value, signature: &Signature, types: &Types) -> Option<Body> {
    let body = described.get("requestBody")?;
    let json = signature.body.clone();
    let made = json.as_ref().and_then(|ty| types.struct_of(ty));
    let wants = |made: &Struct| !made.constructors.is_empty() || made.fields.iter().any(|field| field.required);
    let required = body["required"] == true || made.is_none_or(wants);
    Some(Body {
        json,
        media: body["x-media-type"].as_str().map(str::to_owned),
        required,
    })
}

/// Adds the page type of a list to the model. Returns how its pages follow each other, and whether
/// its items have `updated_at`.
fn page(model: &mut Model, operation: &Operation, described: &Value) -> Result<Option<(paging::Paging, bool)>, String> {
    let marked = match paging::mark(described, operation.body.is_some())? {
        None => unpaged(model, operation),
        marked => marked,
    };
    let Some((paging, items)) = marked else { return Ok(None) };
    let ResponseBody::Json(response) = &operation.response else {
        return Err("the response is bytes".to_owned());
    };
    // A hand-written type that contains a list is paged like that list.
    let written = model.hand_written.iter().find(|written| response.is(written.path));
    let name = written
        .and_then(|written| written.components.last().map(String::as_str))
        .or(response.name());
    let made = name.and_then(|name| model.types.structs.get(name));
    let made = made.ok_or("the response is not an object")?;
    let read = paging::read(made, paging.shape, &items, &model.types)?;
    let name = made.name.clone();
    match model.pages.get(&name) {
        Some(other) if *other != read => Err(format!("`{name}` is paged differently by another operation")),
        _ => {
            let item = paging::item(&read, &model.types);
            model.pages.insert(name, read);
            Ok(Some((paging, item.is_some_and(|item| item.updated_at.is_some()))))
        }
    }
}

/// Returns the paging of a list without pages.
fn unpaged(model: &Model, operation: &Operation) -> Option<(paging::Paging, String)> {
    let ResponseBody::Json(response) = &operation.response else {
        return None;
    };
    let made = model.types.struct_of(response).filter(|_| operation.method == "GET")?;
    let items = paging::unpaged(made, &model.types)?;
    let paging = paging::Paging {
        shape: Shape::Unpaged,
        in_body: false,
    };
    Some((paging, items.to_owned()))
}

/// Returns the hand-written types in the document that contain generated types.
fn hand_written(document: &Value, generated: &Generated) -> Vec<HandWritten> {
    let mut found: Vec<HandWritten> = Vec::new();
    schema::walk_all(document, &mut |schema, _| {
        let format = schema["format"].as_str().and_then(formats::find);
        let Some(format) = format.filter(|format| !format.components.is_empty()) else {
            return;
        };
        if found.iter().any(|written| written.path == format.rust) {
            return;
        }
        let components = schema["x-of"].as_array().into_iter().flatten();
        let components =
            components.filter_map(|member| Some(generated.components.get(reference(member)?)?.name.clone()));
        found.push(HandWritten {
            macro_name: format.name.replace('-', "_"),
            path: format.rust,
            components: components.collect(),
        });
    });
    found
}

fn join_helpers(document: &Value, model: &mut Model, warnings: &mut Warnings) {
    let (mut exports, mut upserts) = (Vec::new(), Vec::new());
    let mut create_or_updates = Vec::new();
    let mut modules = UniqueNames::values(["operand"]);
    for (path, method, described) in schema::operations(document) {
        let path = schema::published(path, described);
        let found = |operation: &&Operation| operation.path == path && operation.method.eq_ignore_ascii_case(method);
        let Some(operation) = model.operations.iter().find(found) else {
            continue;
        };
        let at = schema::pointer(path, method);
        let mark = described.get("x-search");
        if mark.is_some() || helpers::takes_filter(operation.body.as_ref(), &model.types) {
            match helpers::search(operation, mark, &model.types, &mut modules) {
                Ok(search) => model.searches.push(search),
                Err(why) => warnings.add("search", at, format!("has no search helper: {why}")),
            }
        }
        if let Some(step) = described["x-export"].as_str() {
            exports.push((operation, step));
        }
        match &described["x-upsert"] {
            Value::String(step) => upserts.push((operation, step.as_str())),
            Value::Null => {}
            mark => match helpers::create_or_update(operation, mark, model) {
                Ok(made) => create_or_updates.push(made),
                Err(why) => warnings.add(
                    "upsert",
                    schema::pointer(path, method),
                    format!("has no upsert helper: {why}"),
                ),
            },
        }
    }
    let upsert = helpers::upsert(&upserts, model);
    model.create_or_updates = create_or_updates;
    match helpers::export(&exports, &model.types) {
        Ok(export) => model.export = export,
        Err(why) => warnings.add("export", "/paths", format!("the export helper is left out: {why}")),
    }
    match upsert {
        Ok(upsert) => model.upsert = upsert,
        Err(why) => warnings.add("upsert", "/paths", format!("the upsert helper is left out: {why}")),
    }
}
