//! Joins what progenitor made with the facts of the document, once, by names that were given to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::document::formats;
use super::super::document::names::{self, Taken, alike, escape, pascal};
use super::super::document::prose;
use super::super::document::schema::{self, parameters, reference};
use super::super::input::basics::Basics;
use super::super::slice::{self, group};
use super::super::warnings::Warnings;
use super::boxes;
use super::examples::{Examples, Shown};
use super::generate::{Generated, Made, Signature};
use super::paging::Shape;
use super::ty::Ty;
use super::whole::Whole;
use super::{
    Answer, Body, Constant, Enum, Field, Form, Group, Mixed, Model, Newtype, Operation, Parameter, Struct, Types,
    Union, generate, helpers, marks, paging, webhooks,
};

/// Names that every struct has beside its fields.
const STRUCT: [&str; 1] = ["extra"];
/// Names that the builder of every body has beside its setters.
const BODY: [&str; 2] = ["as_value", "build"];
/// Names that every operation's builder has beside its parameters.
const OPERATION: [&str; 19] = [
    "api_version",
    "body",
    "body_map",
    "call",
    "changed_since",
    "client",
    "clone",
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
/// Names that the builder of a search has besides.
const SEARCH: [&str; 3] = ["per_page", "query", "sort"];

/// The model of the client.
pub fn join(
    document: &Value,
    generated: &Generated,
    whole: &Whole,
    shown: &Shown,
    basics: Basics,
    warnings: &mut Warnings,
) -> Model {
    let types = types(document, generated, whole, warnings);
    let mut model = Model {
        basics,
        types,
        groups: groups(document),
        operations: Vec::new(),
        pages: BTreeMap::new(),
        mixed: mixed(document, generated),
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
        operation.examples = shown.of_operation(path, method);
        match page(&mut model, &operation, described) {
            Ok(Some((paging, dated))) => {
                operation.paging = Some(paging);
                operation.dated = dated;
            }
            Ok(None) => {}
            Err(why) => warnings.add("paging", &at, format!("its list is not walked: {why}")),
        }
        let reads = described["x-reads-only"].as_bool();
        operation.reads_only = reads.unwrap_or(operation.paging.is_some() || method == "get" || method == "head");
        match marks::idempotent(described, &operation, &model.types) {
            Ok(idempotent) => operation.idempotent = idempotent,
            Err(why) => warnings.add("idempotent", &at, format!("`x-idempotent` does not hold: {why}")),
        }
        match marks::removal(described) {
            Ok(removed) => operation.removed = removed,
            Err(why) => warnings.add("removed", &at, format!("`x-removed` is left out: {why}")),
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
    let (webhooks, unfit) = webhooks::read(document, &model.types, &names);
    model.webhooks = webhooks;
    for (component, why) in unfit {
        let at = format!("/components/schemas/{}", escape(&component));
        warnings.add("webhooks", at, format!("items of webhooks are not read as it: {why}"));
    }
    model
}

/// Prose of the description, as rustdoc takes it.
fn text(value: &Value, key: &str) -> String {
    prose::rustdoc(value[key].as_str().unwrap_or_default().trim())
}

/// The groups that operations belong to, with what the description says of each.
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

fn types(document: &Value, generated: &Generated, whole: &Whole, warnings: &mut Warnings) -> Types {
    let mut types = Types::default();
    let made = generated.components.values();
    let enums = made.filter(|made| matches!(made.made, Made::Enum(_)));
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
        match &made.made {
            Made::Struct(fields) => {
                let made = Struct {
                    in_requests: whole.requests.contains(component),
                    in_responses: whole.responses.contains(component),
                    fields: Vec::new(),
                    forms: Vec::new(),
                    name: name.clone(),
                    doc,
                };
                let at = format!("/components/schemas/{}", escape(component));
                let made = with_forms(
                    with_fields(made, schema, fields, document),
                    schema,
                    &enums,
                    &at,
                    warnings,
                );
                types.structs.insert(name, made);
            }
            Made::Enum(variants) => {
                let mut names = Taken::types_beside(["Unknown"]);
                let values = schema["enum"].as_array().into_iter().flatten();
                let values = values.filter_map(Value::as_str).map(str::to_owned);
                let variants = variants.iter().map(|variant| names.free(variant)).zip(values).collect();
                types.enums.insert(name.clone(), Enum { name, doc, variants });
            }
            Made::Union(variants) => {
                let made = union(name.clone(), doc, variants);
                types.unions.insert(name, made);
            }
            Made::Newtype(inner) => {
                let inner = inner.clone();
                types.newtypes.insert(name.clone(), Newtype { name, doc, inner });
            }
        }
    }
    types
}

/// The fields in the order of the description. Names that this crate gives to something else beside them are set apart.
fn with_fields(
    mut made: Struct,
    schema: &Value,
    fields: &BTreeMap<String, generate::Field>,
    document: &Value,
) -> Struct {
    let mut idents = Taken::beside(STRUCT);
    let mut setters = Taken::beside(BODY);
    for (wire, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(field) = fields.get(&alike(wire)) else {
            continue;
        };
        let ident = idents.free(&field.ident);
        made.fields.push(Field {
            setter: setters.free(&ident),
            ident,
            wire: wire.clone(),
            doc: said_of(property, document),
            // progenitor has one `Option` for what is absent and what is null.
            ty: match made.in_requests && property["nullable"] == true {
                true => Ty::Nullable(Box::new(field.ty.clone())),
                false => field.ty.clone(),
            },
            required: field.required,
        });
    }
    made
}

/// What a property means: by itself, or by the schema that it refers to.
fn said_of(property: &Value, document: &Value) -> String {
    match (text(property, "description"), reference(property)) {
        (said, Some(name)) if said.is_empty() => text(&document["components"]["schemas"][name], "description"),
        (said, _) => said,
    }
}

/// The forms of a request, each a constructor. The overlay lists them as `x-forms` on the schema: `name`, `description`,
/// `set` (constants) and `takes` (what the caller must supply). One that names what is not there is left out.
fn with_forms(mut made: Struct, schema: &Value, enums: &BTreeSet<&str>, at: &str, warnings: &mut Warnings) -> Struct {
    let mut names = Taken::beside(["builder", "default"]);
    for form in schema["x-forms"].as_array().into_iter().flatten() {
        match read_form(&made, form, enums) {
            Ok(mut read) => {
                read.ident = names.free(&read.ident);
                made.forms.push(read);
            }
            Err(why) => warnings.add("forms", at, format!("a form is left out: {why}")),
        }
    }
    made
}

fn read_form(made: &Struct, form: &Value, types: &BTreeSet<&str>) -> Result<Form, String> {
    let name = form["name"].as_str().ok_or("it has no name")?;
    let setter = |wire: &str| {
        let field = made
            .field(wire)
            .ok_or_else(|| format!("{name} names the unknown property {wire}"))?;
        Ok::<_, String>((field.setter.clone(), field.ty.clone()))
    };
    let sets = form["set"].as_object().into_iter().flatten().map(|(wire, value)| {
        let (setter, ty) = setter(wire)?;
        match value {
            Value::String(text) if takes_text(&ty, types) => Ok((setter, Constant::Text(text.clone()))),
            Value::Bool(truth) if takes_boolean(&ty) => Ok((setter, Constant::Boolean(*truth))),
            other => Err(format!("{name} sets {wire} to {other}, which is not of its kind")),
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
    Ok(Form {
        ident: names::ident(name, "form"),
        doc: match text(form, "description").as_str() {
            "" => format!("The form `{name}`."),
            doc => doc.to_owned(),
        },
        sets: sets.collect::<Result<_, _>>()?,
        takes: takes.collect::<Result<_, _>>()?,
    })
}

/// Whether a setter of this type takes a text.
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

/// Whether a setter of this type takes a boolean.
fn takes_boolean(ty: &Ty) -> bool {
    match ty {
        Ty::Nullable(inner) => takes_boolean(inner),
        ty => *ty == Ty::json() || ty.is("bool"),
    }
}

/// What holds any JSON is what a union falls back to; the same type is one form.
fn union(name: String, doc: String, made: &[(String, Ty)]) -> Union {
    let mut idents = Taken::types_beside(["Other"]);
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
    let search = SEARCH.iter().filter(|_| is_search);
    let mut idents = Taken::beside(OPERATION.iter().chain(search).copied());
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
        answer: match &signature.response {
            Some(ty) => Answer::Json(ty.clone()),
            None => Answer::Bytes(media.unwrap_or("application/octet-stream").to_owned()),
        },
        reads_only: false,
        idempotent: None,
        removed: None,
        paging: None,
        examples: Examples::default(),
        dated: false,
        ident,
    }
}

/// The call makes no sense without its body where the description says so, requires something in it, or has forms of it, one of
/// which the server wants.
fn body(described: &Value, signature: &Signature, types: &Types) -> Option<Body> {
    let body = described.get("requestBody")?;
    let json = signature.body.clone();
    let made = json.as_ref().and_then(|ty| types.named(ty));
    let wants = |made: &Struct| !made.forms.is_empty() || made.fields.iter().any(|field| field.required);
    let required = body["required"] == true || made.is_none_or(wants);
    Some(Body {
        json,
        media: body["x-media-type"].as_str().map(str::to_owned),
        required,
    })
}

/// How an operation's list goes on, and whether its items tell when they last changed; its page is added to the model.
fn page(model: &mut Model, operation: &Operation, described: &Value) -> Result<Option<(paging::Paging, bool)>, String> {
    let facts = match paging::facts(described, operation.body.is_some())? {
        None => unpaged(model, operation),
        facts => facts,
    };
    let Some((paging, items)) = facts else { return Ok(None) };
    let Answer::Json(answer) = &operation.answer else {
        return Err("it answers with bytes".to_owned());
    };
    // A hand-written type that is made over a list is walked like that list.
    let mixed = model.mixed.iter().find(|mixed| answer.is(mixed.rust));
    let name = mixed
        .and_then(|mixed| mixed.over.last().map(String::as_str))
        .or(answer.name());
    let made = name.and_then(|name| model.types.structs.get(name));
    let made = made.ok_or("it does not answer with an object")?;
    let read = paging::read(made, paging.shape, &items, &model.types)?;
    let name = made.name.clone();
    match model.pages.get(&name) {
        Some(other) if *other != read => Err(format!("{name} is paged in another way elsewhere")),
        _ => {
            let item = paging::item(&read, &model.types);
            model.pages.insert(name, read);
            Ok(Some((paging, item.is_some_and(|item| item.updated_at.is_some()))))
        }
    }
}

/// The facts of a list that is one answer.
fn unpaged(model: &Model, operation: &Operation) -> Option<(paging::Paging, String)> {
    let Answer::Json(answer) = &operation.answer else {
        return None;
    };
    let made = model.types.named(answer).filter(|_| operation.method == "GET")?;
    let items = paging::unpaged(made, &model.types)?;
    let paging = paging::Paging {
        shape: Shape::Unpaged,
        in_body: false,
    };
    Some((paging, items.to_owned()))
}

/// The hand-written types over types of the description that the document uses.
fn mixed(document: &Value, generated: &Generated) -> Vec<Mixed> {
    let mut found: Vec<Mixed> = Vec::new();
    schema::walk_all(document, &mut |schema, _| {
        let format = schema["format"].as_str().and_then(formats::find);
        let Some(format) = format.filter(|format| !format.over.is_empty()) else {
            return;
        };
        if found.iter().any(|mixed| mixed.rust == format.rust) {
            return;
        }
        let over = schema["x-of"].as_array().into_iter().flatten();
        let over = over.filter_map(|member| Some(generated.components.get(reference(member)?)?.name.clone()));
        found.push(Mixed {
            macro_name: format.name.replace('-', "_"),
            rust: format.rust,
            over: over.collect(),
        });
    });
    found
}

fn join_helpers(document: &Value, model: &mut Model, warnings: &mut Warnings) {
    let (mut exports, mut upserts) = (Vec::new(), Vec::new());
    let mut create_or_updates = Vec::new();
    let mut modules = Taken::beside(["operand"]);
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
                Err(why) => warnings.add("search", at, format!("has no helper for its query: {why}")),
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
                    format!("is not upserted by: {why}"),
                ),
            },
        }
    }
    let upsert = helpers::upsert(&upserts, model);
    model.create_or_updates = create_or_updates;
    match helpers::export(&exports, &model.types) {
        Ok(export) => model.export = export,
        Err(why) => warnings.add("export", "/paths", format!("there is no helper for exports: {why}")),
    }
    match upsert {
        Ok(upsert) => model.upsert = upsert,
        Err(why) => warnings.add("upsert", "/paths", format!("there is no helper for upserts: {why}")),
    }
}
