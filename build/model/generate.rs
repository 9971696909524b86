//! Hands a plain copy of the document to progenitor, and leaves out the smallest part that it cannot take.
//!
//! The copy has what types are made of and nothing else: no prose, no name that Rust does not take, no keyword that says
//! nothing of a value's shape. So progenitor decides types, and what comes back is found by names that were given to it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use quote::ToTokens;
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::{Map, Value, json};
use syn::{File, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type};

use super::super::document::formats::{self, FORMATS};
use super::super::document::names::escape;
use super::super::document::schema::{self, Kind, kind, reference};
use super::super::failure::Failure;
use super::super::warnings::Warnings;
use super::ty::Ty;
use super::whole::Whole;

/// What progenitor made of a document.
pub struct Generated {
    /// The types of each component's parts: of its properties, its forms, or what it stands for, in their order.
    pub components: BTreeMap<String, Vec<Ty>>,
    /// The types of each operation by its id.
    pub operations: BTreeMap<String, Signature>,
}

/// The types of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// Of its parameters, in their order.
    pub parameters: Vec<Ty>,
    /// Of its JSON body.
    pub body: Option<Ty>,
    /// Of its JSON answer; nothing when it has none.
    pub response: Ty,
}

/// A part of the document that can be left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A component schema by its name; any JSON stands for one that is left out.
    Component(String),
    /// An operation by its id.
    Operation(String),
}

/// Makes types of the document. Returns what was made; operations that progenitor cannot take are not among it.
pub fn generate(document: &mut Value, whole: &Whole, warnings: &mut Warnings) -> Result<Generated, Failure> {
    let components = document["components"]["schemas"].as_object().into_iter().flatten();
    let components = components.map(|(name, _)| Part::Component(name.clone()));
    let operations = schema::operations(document).into_iter();
    let operations = operations.map(|(_, _, operation)| Part::Operation(id(operation).to_owned()));
    let parts: Vec<Part> = components.chain(operations).collect();
    let mut left_out = Vec::new();
    let mut taken = Vec::new();
    let mut attempts = 0;
    let made = settle(&parts, &mut taken, &mut left_out, &mut |parts| {
        attempts += 1;
        match attempts > ATTEMPTS {
            true => Err(format!("{ATTEMPTS} runs did not tell the parts apart that it can take")),
            false => attempt(document, whole, parts),
        }
    });
    for (part, why) in &left_out {
        leave_out(document, part, why, warnings);
    }
    match made {
        Some(made) => Ok(made),
        None => attempt(document, whole, &taken).map_err(|why| {
            Failure::new(
                "generate",
                format!("progenitor cannot generate from it: {why}"),
                "report it with the description",
            )
        }),
    }
}

/// How often progenitor is run at the most to find what it cannot take: a run takes a second or less.
const ATTEMPTS: usize = 100;

/// Takes as many of `parts` as `attempt` can, in their order, into `taken`; those that it cannot go to `left_out`, each
/// with the reason. Returns what the last attempt made, when it was of all that are taken.
fn settle<P: Clone, T>(
    parts: &[P],
    taken: &mut Vec<P>,
    left_out: &mut Vec<(P, String)>,
    attempt: &mut impl FnMut(&[P]) -> Result<T, String>,
) -> Option<T> {
    let before = taken.len();
    taken.extend_from_slice(parts);
    let why = match attempt(taken) {
        Ok(made) => return Some(made),
        Err(why) => why,
    };
    taken.truncate(before);
    match parts {
        [] => None,
        [part] => {
            left_out.push((part.clone(), why));
            None
        }
        parts => {
            let (first, second) = parts.split_at(parts.len() / 2);
            settle(first, taken, left_out, attempt);
            let count = left_out.len();
            let made = settle(second, taken, left_out, attempt);
            made.filter(|_| left_out.len() == count)
        }
    }
}

fn leave_out(document: &mut Value, part: &Part, why: &str, warnings: &mut Warnings) {
    match part {
        Part::Component(name) => {
            let at = format!("/components/schemas/{}", escape(name));
            warnings.add(
                "generate",
                at,
                format!("progenitor cannot take it: {why}; any JSON stands for it"),
            );
            if let Some(schemas) = schema::components_mut(document) {
                schemas.remove(name);
            }
        }
        Part::Operation(name) => {
            let found = schema::operations(document)
                .into_iter()
                .find(|(_, _, operation)| id(operation) == name);
            let at = found
                .map(|(path, method, _)| schema::pointer(path, method))
                .unwrap_or_default();
            warnings.add("generate", at, format!("progenitor cannot take it: {why}; left out"));
            for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
                if let Some(item) = item.as_object_mut() {
                    item.retain(|_, operation| id(operation) != name);
                }
            }
        }
    }
}

fn id(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or_default()
}

/// One run of progenitor over these parts.
fn attempt(document: &Value, whole: &Whole, parts: &[Part]) -> Result<Generated, String> {
    let copy = Copy {
        document,
        whole,
        parts: parts.iter().collect(),
        names: whole
            .types
            .iter()
            .enumerate()
            .map(|(place, (_, ty))| (format!("Part{place}"), ty.clone()))
            .collect(),
        neutral: whole
            .types
            .keys()
            .enumerate()
            .map(|(place, name)| (name.as_str(), format!("Part{place}")))
            .collect(),
    };
    let spec: openapiv3::OpenAPI = serde_json::from_value(copy.spec()).map_err(|error| error.to_string())?;
    quietly(|| {
        let mut generator = Generator::new(&settings());
        let tokens = generator.generate_tokens(&spec).map_err(|error| error.to_string())?;
        let builders = module(tokens, "builder").ok_or("it wrote no module `builder`")?;
        let builders: File =
            syn::parse2(builders).map_err(|error| format!("it wrote Rust that does not parse: {error}"))?;
        copy.read(&generator, &builders.items)
    })
    .and_then(|made| made)
}

/// Runs progenitor, which panics on some descriptions that are valid but not to its liking. What it says becomes the
/// reason, without a backtrace.
fn quietly<T>(generate: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(generate));
    std::panic::set_hook(hook);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it panicked".to_owned())
    })
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_map_type("::std::collections::BTreeMap");
    for format in &FORMATS {
        let instance = if format.integer {
            InstanceType::Integer
        } else {
            InstanceType::String
        };
        let schema = SchemaObject {
            instance_type: Some(instance.into()),
            format: Some(format.name.to_owned()),
            ..Default::default()
        };
        settings.with_conversion(schema, format.rust, std::iter::empty());
    }
    settings
}

/// The document as progenitor sees it: only some of its parts, under names of ours.
struct Copy<'a> {
    document: &'a Value,
    whole: &'a Whole,
    parts: BTreeSet<&'a Part>,
    /// What progenitor calls each component: a name that its own rules for names leave alone.
    neutral: BTreeMap<&'a str, String>,
    /// The types' names by those.
    names: BTreeMap<String, String>,
}

/// The name of the property, parameter, form or value at a place.
fn slot(place: usize) -> String {
    format!("slot{place}")
}

impl Copy<'_> {
    fn components(&self) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.document["components"]["schemas"].as_object().into_iter().flatten();
        all.filter(|(name, _)| self.parts.contains(&Part::Component((*name).clone())))
    }

    fn operations(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = schema::operations(self.document).into_iter();
        all.filter(|(_, _, operation)| self.parts.contains(&Part::Operation(id(operation).to_owned())))
            .map(|(_, method, operation)| (method, operation))
    }

    fn spec(&self) -> Value {
        let schemas: Map<String, Value> = self
            .components()
            .map(|(name, schema)| (self.neutral[name.as_str()].clone(), self.component(schema)))
            .collect();
        let paths: Map<String, Value> = self
            .operations()
            .enumerate()
            .map(|(place, (method, operation))| {
                let (path, described) = self.operation(place, operation);
                // A client for it is not what is asked for, and HEAD and the like have no body.
                let method = if ["put", "post", "patch"].contains(&method) {
                    method
                } else {
                    "post"
                };
                (path, json!({ method: described }))
            })
            .collect();
        json!({
            "openapi": "3.0.3",
            "info": {"title": "", "version": ""},
            "paths": paths,
            "components": {"schemas": schemas},
        })
    }

    fn operation(&self, place: usize, operation: &Value) -> (String, Value) {
        let mut path = format!("/{place}");
        let parameters: Vec<Value> = parameters(operation)
            .enumerate()
            .map(|(place, parameter)| {
                let name = slot(place);
                let in_path = parameter["in"] == "path";
                if in_path {
                    path.push_str(&format!("/{{{name}}}"));
                }
                let schema = match self.object(&parameter["schema"]) {
                    Some(_) => json!({"type": "string"}),
                    None => self.plain(&parameter["schema"]),
                };
                json!({"name": name, "in": parameter["in"], "required": in_path, "schema": schema})
            })
            .collect();
        let content = |schema: &Value| json!({"application/json": {"schema": self.plain(schema)}});
        let mut described = json!({
            "operationId": format!("op{place}"),
            "parameters": parameters,
            "responses": {"200": {"description": ""}},
        });
        if let Some(schema) = schema::request_schema(operation) {
            described["requestBody"] = json!({"required": true, "content": content(schema)});
        }
        if let Some((_, schema)) = schema::response_schema(operation) {
            described["responses"]["200"]["content"] = content(schema);
        }
        (path, described)
    }

    /// The type of a parameter that is an object or union of the components, which progenitor takes in bodies only.
    fn object(&self, schema: &Value) -> Option<Ty> {
        let name = reference(schema).filter(|name| self.parts.contains(&Part::Component((*name).to_owned())))?;
        let kind = kind(&self.document["components"]["schemas"][name]);
        let ty = self.whole.types.get(name)?;
        [Kind::Object, Kind::Union]
            .contains(&kind)
            .then(|| Ty::Named(ty.clone()))
    }

    /// A component. typify flattens or tags unions by what their members look like, so one is handed over as an object
    /// with a property for each form; the values of an enum are numbered.
    fn component(&self, schema: &Value) -> Value {
        let slots = |members: Vec<&Value>| {
            let slots = members.into_iter().enumerate();
            let slots: Map<String, Value> = slots.map(|(place, member)| (slot(place), self.plain(member))).collect();
            json!({"type": "object", "properties": slots})
        };
        match kind(schema) {
            Kind::Object => slots(
                schema["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, inner)| inner)
                    .collect(),
            ),
            Kind::Union => slots(forms(schema).collect()),
            Kind::Enum => {
                let values = schema["enum"].as_array().map(Vec::len).unwrap_or_default();
                json!({"type": "string", "enum": (0..values).map(slot).collect::<Vec<_>>()})
            }
            Kind::Plain => self.plain(schema),
        }
    }

    /// The shape of a schema that has no type of its own.
    fn plain(&self, schema: &Value) -> Value {
        if let Some(name) = reference(schema) {
            let there = self.parts.contains(&Part::Component(name.to_owned()));
            return match self.neutral.get(name).filter(|_| there) {
                Some(neutral) => schema::reference_to(neutral),
                None => json!({}),
            };
        }
        if let Some(format) = schema["format"].as_str().and_then(formats::find) {
            let kind = if format.integer { "integer" } else { "string" };
            return json!({"type": kind, "format": format.name});
        }
        match schema["type"].as_str() {
            _ if kind(schema) != Kind::Plain || schema.get("allOf").is_some() => json!({}),
            Some("array") => json!({"type": "array", "items": self.plain(&schema["items"])}),
            Some("object") => match schema.get("additionalProperties").filter(|inner| inner.is_object()) {
                Some(inner) => json!({"type": "object", "additionalProperties": self.plain(inner)}),
                None => json!({"type": "object", "additionalProperties": true}),
            },
            Some(scalar) => json!({"type": scalar}),
            None => json!({}),
        }
    }

    /// A type that progenitor wrote, by our names.
    fn ty(&self, tokens: TokenStream) -> Result<Ty, String> {
        Ok(Ty::read(tokens)?.renamed(&self.names))
    }

    /// The types of the operation at a place, from the builder that progenitor wrote.
    fn signature(&self, items: &[Item], place: usize, operation: &Value) -> Result<Signature, String> {
        let builder = format!("Op{place}");
        let item = items.iter().find_map(|item| match item {
            Item::Struct(item) if item.ident == builder => Some(item),
            _ => None,
        });
        let item = item.ok_or("wrote no builder")?;
        let field = |name: &str| -> Result<Ty, String> {
            let found = item
                .fields
                .iter()
                .find(|field| field.ident.as_ref().is_some_and(|ident| ident == name));
            let ty = &found.ok_or_else(|| format!("lost {name}"))?.ty;
            let ty = argument(ty, "Result").unwrap_or(ty);
            self.ty(without_builder(ty).to_token_stream())
        };
        let parameters = (0..parameters(operation).count()).map(|place| field(&slot(place)));
        Ok(Signature {
            parameters: parameters.collect::<Result<_, _>>()?,
            body: schema::request_schema(operation).map(|_| field("body")).transpose()?,
            response: self.ty(response(items, &builder).ok_or("wrote no send()")?.to_token_stream())?,
        })
    }

    /// What progenitor made, found by the names that it was given. A part that is not found is an error.
    fn read(&self, generator: &Generator, builders: &[Item]) -> Result<Generated, String> {
        let space = generator.get_type_space();
        let types: BTreeMap<String, typify::Type<'_>> = space.iter_types().map(|ty| (ty.name(), ty)).collect();
        let mut components = BTreeMap::new();
        for (name, schema) in self.components() {
            let ident = &self.neutral[name.as_str()];
            let lost = |what: &str| format!("it made {what} of `{name}`");
            let ty = types.get(ident).ok_or_else(|| lost("no type"))?;
            let parts = match (ty.details(), kind(schema)) {
                (typify::TypeDetails::Struct(made), Kind::Object | Kind::Union) => {
                    let made: BTreeMap<&str, typify::TypeId> = made.properties().collect();
                    let parts = (0..made.len()).map(|place| -> Result<Ty, String> {
                        let id = made.get(slot(place).as_str()).ok_or_else(|| lost("other properties"))?;
                        self.ty(space.get_type(id).map_err(|error| error.to_string())?.ident())
                    });
                    parts.collect::<Result<Vec<_>, _>>()?
                }
                (typify::TypeDetails::Enum(_), Kind::Enum) => Vec::new(),
                (typify::TypeDetails::Newtype(made), Kind::Plain) => {
                    let inner = space.get_type(&made.inner()).map_err(|error| error.to_string())?;
                    vec![self.ty(inner.ident())?]
                }
                _ => return Err(lost("another kind of type")),
            };
            let wanted = match kind(schema) {
                Kind::Object => schema["properties"].as_object().map(Map::len).unwrap_or_default(),
                Kind::Union => forms(schema).count(),
                Kind::Enum => 0,
                Kind::Plain => 1,
            };
            if parts.len() != wanted {
                return Err(lost("other properties"));
            }
            components.insert(name.clone(), parts);
        }
        let mut operations = BTreeMap::new();
        for (place, (_, operation)) in self.operations().enumerate() {
            let id = id(operation);
            let mut signature = self
                .signature(builders, place, operation)
                .map_err(|why| format!("it {why} for `{id}`"))?;
            for (ty, parameter) in signature.parameters.iter_mut().zip(parameters(operation)) {
                if let Some(object) = self.object(&parameter["schema"]) {
                    *ty = object;
                }
            }
            operations.insert(id.to_owned(), signature);
        }
        Ok(Generated { components, operations })
    }
}

/// The members of a union.
pub fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let members = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    members.flatten()
}

/// The parameters of an operation.
pub fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// The content of the module `name` that progenitor wrote. The rest, most of it, is not parsed.
fn module(tokens: TokenStream, name: &str) -> Option<TokenStream> {
    let mut tokens = tokens.into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(ident) if ident == name))?;
    match tokens.next()? {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    }
}

/// `types::builder::X` stands for a body of the type `types::X`.
fn without_builder(ty: &Type) -> Type {
    let Type::Path(path) = ty else { return ty.clone() };
    let mut path = path.clone();
    let segments = path.path.segments.into_iter();
    path.path.segments = segments.filter(|segment| segment.ident != "builder").collect();
    Type::Path(path)
}

/// `T` in `send() -> Result<ResponseValue<T>, …>`.
fn response<'a>(items: &'a [Item], builder: &str) -> Option<&'a Type> {
    items.iter().find_map(|item| {
        let Item::Impl(item) = item else { return None };
        let Type::Path(path) = item.self_ty.as_ref() else {
            return None;
        };
        if path.path.segments.last()?.ident != builder {
            return None;
        }
        item.items.iter().find_map(|inner| match inner {
            ImplItem::Fn(function) if function.sig.ident == "send" => match &function.sig.output {
                ReturnType::Type(_, ty) => argument(argument(ty, "Result")?, "ResponseValue"),
                ReturnType::Default => None,
            },
            _ => None,
        })
    })
}

/// The argument of `Wrapper<T>`, when `ty` is that.
fn argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(bad: impl Fn(&[u8]) -> bool) -> (Vec<u8>, Vec<(u8, String)>) {
        let (mut taken, mut left_out) = (Vec::new(), Vec::new());
        let parts: Vec<u8> = (0..100).collect();
        let made = settle(&parts, &mut taken, &mut left_out, &mut |parts| match bad(parts) {
            true => Err("bad".to_owned()),
            false => Ok(parts.len()),
        });
        assert_eq!(made.is_some(), left_out.is_empty());
        (taken, left_out)
    }

    #[test]
    fn only_what_cannot_be_taken_is_left_out() {
        let (taken, left_out) = settled(|_| false);
        assert_eq!((taken.len(), left_out.len()), (100, 0));
        let (taken, left_out) = settled(|parts| parts.contains(&17) || parts.contains(&93));
        assert_eq!(taken.len(), 98);
        assert_eq!(left_out, [(17, "bad".to_owned()), (93, "bad".to_owned())]);
        // Two that do not go together: the later one goes.
        let (_, left_out) = settled(|parts| parts.contains(&3) && parts.contains(&60));
        assert_eq!(left_out, [(60, "bad".to_owned())]);
        let (taken, left_out) = settled(|parts| !parts.is_empty());
        assert_eq!((taken.len(), left_out.len()), (0, 100));
    }

    #[test]
    fn panics_become_reasons() {
        assert_eq!(
            quietly(|| -> u8 { panic!("at the disco") }),
            Err("at the disco".to_owned())
        );
        assert_eq!(quietly(|| 1), Ok(1));
    }
}
