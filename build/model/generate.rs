//! Runs progenitor over the repaired document and reads the result, leaving out the smallest parts
//! that progenitor rejects.
//!
//! Types are read as values, from `Generator::get_type_space()`. progenitor's model of an operation
//! (`OperationMethod`) is private, so the generated methods are parsed once, for their signatures.
//! A signature names types as the type space does, which is how each type is looked up there.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use quote::ToTokens;
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::Value;
use syn::{FnArg, GenericArgument, ImplItem, ItemImpl, Pat, PathArguments, ReturnType, Type};
use typify::{TypeDetails, TypeEnumVariant, TypeId, TypeSpace};

use super::super::document::formats::FORMATS;
use super::super::document::names::{alike, escape};
use super::super::document::schema;
use super::super::failure::Failure;
use super::super::warnings::Warnings;
use super::ty::Ty;

/// The types and methods that progenitor generated.
pub struct Generated {
    /// Types by component name. A component that a setting replaces by another type has no entry.
    pub components: BTreeMap<String, Component>,
    /// Methods by operation id.
    pub operations: BTreeMap<String, Signature>,
}

/// The type of a component.
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: Definition,
}

/// The definition of a type.
pub enum Definition {
    /// A struct with its fields, keyed by [`alike`] of the name.
    Struct(BTreeMap<String, Field>),
    /// An enum of strings with its variants, in the order of the values.
    Enum(Vec<String>),
    /// An enum whose variants hold a value of one type each.
    Union(Vec<(String, Ty)>),
    /// A newtype over another type.
    Newtype(Ty),
}

/// A field of a struct, or a parameter of a method.
pub struct Field {
    /// Its name.
    pub ident: String,
    /// The type of the value, without `Option`.
    pub ty: Ty,
    /// Whether the value is required.
    pub required: bool,
}

/// A method.
pub struct Signature {
    /// Its name.
    pub method: String,
    /// Its parameters, keyed by [`alike`] of the name.
    pub parameters: BTreeMap<String, Field>,
    /// The type of its JSON body, if it has one.
    pub body: Option<Ty>,
    /// The type of its JSON response; `None` if the response is bytes.
    pub response: Option<Ty>,
}

/// A part of the document that can be left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A component schema, by name. It is replaced by any JSON if it is left out.
    Component(String),
    /// An operation, by id.
    Operation(String),
}

/// Generates types and methods from the document. Removes from the document what progenitor
/// rejects.
pub fn generate(document: &mut Value, warnings: &mut Warnings) -> Result<Generated, Failure> {
    let components = document["components"]["schemas"].as_object().into_iter().flatten();
    let components = components.map(|(name, _)| Part::Component(name.clone()));
    let operations = schema::operations(document).into_iter();
    let operations = operations.map(|(_, _, operation)| Part::Operation(id(operation).to_owned()));
    let parts: Vec<Part> = components.chain(operations).collect();
    let mut left_out = Vec::new();
    let mut accepted = Vec::new();
    let mut attempts = 0;
    let made = settle(&parts, &mut accepted, &mut left_out, &mut |parts| {
        attempts += 1;
        match attempts > ATTEMPTS {
            true => Err(format!("the invalid part was not found in {ATTEMPTS} runs")),
            false => attempt(&with_only(document, parts)),
        }
    });
    for (part, why) in &left_out {
        let (at, instead) = match part {
            Part::Component(name) => (format!("/components/schemas/{}", escape(name)), "replaced by any JSON"),
            Part::Operation(name) => (place(document, name), "left out"),
        };
        warnings.add("generate", at, format!("progenitor rejects it: {why}; {instead}"));
    }
    *document = with_only(document, &accepted);
    match made {
        Some(made) => Ok(made),
        None => attempt(document).map_err(|why| {
            Failure::new(
                "generate",
                format!("progenitor rejects the description: {why}"),
                "report this error with the description",
            )
        }),
    }
}

/// The maximum number of runs of progenitor that search for invalid parts. A run takes at most a
/// second.
const ATTEMPTS: usize = 100;

/// Moves the parts that `attempt` accepts into `accepted`, and the others with the reason into
/// `left_out`. Returns the result of the last attempt if that attempt had all accepted parts.
fn settle<P: Clone, T>(
    parts: &[P],
    accepted: &mut Vec<P>,
    left_out: &mut Vec<(P, String)>,
    attempt: &mut impl FnMut(&[P]) -> Result<T, String>,
) -> Option<T> {
    let before = accepted.len();
    accepted.extend_from_slice(parts);
    let why = match attempt(accepted) {
        Ok(made) => return Some(made),
        Err(why) => why,
    };
    accepted.truncate(before);
    match parts {
        [] => None,
        [part] => {
            left_out.push((part.clone(), why));
            None
        }
        parts => {
            let (first, second) = parts.split_at(parts.len() / 2);
            settle(first, accepted, left_out, attempt);
            let count = left_out.len();
            let made = settle(second, accepted, left_out, attempt);
            made.filter(|_| left_out.len() == count)
        }
    }
}

fn id(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or_default()
}

/// Returns the JSON pointer of the operation with this id.
fn place(document: &Value, name: &str) -> String {
    let mut operations = schema::operations(document).into_iter();
    let found = operations.find(|(_, _, operation)| id(operation) == name);
    found
        .map(|(path, method, operation)| schema::pointer(schema::published(path, operation), method))
        .unwrap_or_default()
}

/// Returns the document with only these components and operations. References to other components
/// become any JSON.
fn with_only(document: &Value, parts: &[Part]) -> Value {
    let parts: BTreeSet<&Part> = parts.iter().collect();
    let has = |name: &str| parts.contains(&Part::Component(name.to_owned()));
    let mut document = document.clone();
    if let Some(schemas) = schema::components_mut(&mut document) {
        schemas.retain(|name, _| has(name));
    }
    schema::for_each_schema(&mut document, &mut |schema| {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(schema::component);
        if target.is_some_and(|name| !has(name)) {
            schema.remove("$ref");
        }
    });
    for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.retain(|_, operation| parts.contains(&Part::Operation(id(operation).to_owned())));
        }
    }
    document
}

/// Runs progenitor once.
fn attempt(document: &Value) -> Result<Generated, String> {
    attempt_with(&settings(document), document)
}

fn attempt_with(settings: &GenerationSettings, document: &Value) -> Result<Generated, String> {
    let spec: openapiv3::OpenAPI = serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    quietly(|| {
        let mut generator = Generator::new(settings);
        let tokens = generator.generate_tokens(&spec).map_err(|error| error.to_string())?;
        read(document, generator.get_type_space(), tokens)
    })
    .and_then(|made| made)
}

/// Runs progenitor, which panics on some valid descriptions. Returns the message of the panic, and
/// suppresses its backtrace.
fn quietly<T>(generate: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(generate));
    std::panic::set_hook(hook);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it panics".to_owned())
    })
}

/// Returns the settings of progenitor. `openapi/README.md` gives the reason for each.
fn settings(document: &Value) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Positional);
    for format in &FORMATS {
        let instance = match format.integer {
            true => InstanceType::Integer,
            false => InstanceType::String,
        };
        // A conversion applies to equal schemas only, and private marks count.
        let mut components = None;
        schema::walk_all(document, &mut |schema, _| {
            if schema["format"] == format.name {
                components = components.take().or(schema.get("x-of"));
            }
        });
        let components = components.map(|components| ("x-of".to_owned(), components.clone()));
        let schema = SchemaObject {
            instance_type: Some(instance.into()),
            format: Some(format.name.to_owned()),
            extensions: components.into_iter().collect(),
            ..Default::default()
        };
        settings.with_conversion(schema, format.rust, std::iter::empty());
    }
    settings
}

/// Reads the generated types and methods. Returns an error if a part of the document is missing in
/// them.
fn read(document: &Value, space: &TypeSpace, tokens: TokenStream) -> Result<Generated, String> {
    let components = document["components"]["schemas"].as_object().into_iter().flatten();
    // The type space starts with the components, in their order, even if a setting renames them.
    let components = components.zip(space.iter_types()).filter_map(|((name, schema), ty)| {
        let made = component(space, &ty, schema).transpose()?;
        Some(made.map_err(|why| format!("{why} of `{name}`")).map(|definition| {
            (
                name.clone(),
                Component {
                    name: ty.name(),
                    definition,
                },
            )
        }))
    });
    let components = components.collect::<Result<_, _>>()?;
    let types: BTreeMap<String, Ty> = space
        .iter_types()
        .flat_map(|ty| {
            let names = [ty.ident(), ty.parameter_ident_with_lifetime("a")];
            names.map(|name| (plain(&name), of_type(space, &ty)))
        })
        .collect();
    let methods = methods(tokens)?;
    let operations = schema::operations(document).into_iter().map(|(_, _, operation)| {
        let id = id(operation);
        let method = methods
            .get(&alike(id))
            .ok_or_else(|| format!("it generates no method for `{id}`"))?;
        let signature = signature(method, operation, &types).map_err(|why| format!("{why} of `{id}`"))?;
        Ok::<_, String>((id.to_owned(), signature))
    });
    let operations = operations.collect::<Result<_, _>>()?;
    Ok(Generated { components, operations })
}

/// Reads the type of a component; `None` if a setting replaces it by another type.
fn component(space: &TypeSpace, ty: &typify::Type<'_>, schema: &Value) -> Result<Option<Definition>, String> {
    let inner = |id: &TypeId| of(space, id);
    Ok(Some(match ty.details() {
        TypeDetails::Struct(made) => {
            let fields = made.properties_info().map(|property| {
                let field = Field {
                    ident: property.name.to_owned(),
                    ty: inner(&property.type_id),
                    required: property.required,
                };
                (alike(property.name), field)
            });
            let fields: BTreeMap<String, Field> = fields.collect();
            let mut wanted = schema["properties"].as_object().into_iter().flatten();
            if let Some((name, _)) = wanted.find(|(name, _)| !fields.contains_key(&alike(name))) {
                return Err(format!("it generates no field for the property {name:?}"));
            }
            Definition::Struct(fields)
        }
        TypeDetails::Enum(made) if schema["enum"].is_array() => {
            let variants: Vec<String> = made.variants().map(|(name, _)| name.to_owned()).collect();
            if schema["enum"].as_array().map(Vec::len) != Some(variants.len()) {
                return Err("it generates other variants".to_owned());
            }
            Definition::Enum(variants)
        }
        TypeDetails::Enum(made) => {
            let variants = made.variants().map(|(name, held)| match held {
                TypeEnumVariant::Tuple(held) if held.len() == 1 => Ok((name.to_owned(), inner(&held[0]))),
                _ => Err(format!("it generates a variant {name} that is not a newtype")),
            });
            Definition::Union(variants.collect::<Result<_, _>>()?)
        }
        TypeDetails::Newtype(made) => Definition::Newtype(inner(&made.inner())),
        _ => return Ok(None),
    }))
}

fn of(space: &TypeSpace, id: &TypeId) -> Ty {
    space.get_type(id).map_or_else(|_| Ty::json(), |ty| of_type(space, &ty))
}

/// Converts a type. A repaired document has no tuples, arrays of a fixed length or sets.
fn of_type(space: &TypeSpace, ty: &typify::Type<'_>) -> Ty {
    let inner = |id: &TypeId| Box::new(of(space, id));
    match ty.details() {
        TypeDetails::Struct(_) | TypeDetails::Enum(_) | TypeDetails::Newtype(_) => Ty::Named(ty.name()),
        TypeDetails::Option(id) => of(space, &id),
        TypeDetails::Vec(id) => Ty::List(inner(&id)),
        TypeDetails::Map(_, id) => Ty::Map(inner(&id)),
        TypeDetails::Box(id) => Ty::Boxed(inner(&id)),
        TypeDetails::Builtin(path) => Ty::Known(path.to_owned()),
        TypeDetails::String => Ty::text(),
        TypeDetails::Unit => Ty::unit(),
        TypeDetails::Set(_) | TypeDetails::Tuple(_) | TypeDetails::Array(..) => Ty::json(),
    }
}

/// Parses the methods of the generated client and returns their signatures, keyed by [`alike`] of
/// the name. The other tokens, most of them types, are not parsed.
fn methods(tokens: TokenStream) -> Result<BTreeMap<String, syn::Signature>, String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |token: &TokenTree, name: &str| matches!(token, TokenTree::Ident(ident) if ident == name);
    let mut methods = BTreeMap::new();
    for block in tokens.windows(3) {
        if is(&block[0], "impl") && is(&block[1], "Client") && matches!(block[2], TokenTree::Group(_)) {
            let block: ItemImpl = syn::parse2(block.iter().cloned().collect())
                .map_err(|error| format!("it generates invalid Rust: {error}"))?;
            methods.extend(block.items.into_iter().filter_map(|item| match item {
                ImplItem::Fn(method) => Some((alike(&method.sig.ident.to_string()), method.sig)),
                _ => None,
            }));
        }
    }
    Ok(methods)
}

/// Reads the names and types of a method's parameters, body and response.
fn signature(method: &syn::Signature, operation: &Value, types: &BTreeMap<String, Ty>) -> Result<Signature, String> {
    let known = |ty: &Type| types.get(&plain(&ty.to_token_stream())).cloned();
    let mut inputs: Vec<(String, &Type)> = method
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(input) => match input.pat.as_ref() {
                Pat::Ident(pattern) => Some((pattern.ident.to_string(), input.ty.as_ref())),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect();
    // The body comes last. Its type is a type parameter if it is not JSON.
    let body = operation.get("requestBody").and_then(|_| inputs.pop());
    let body = body.and_then(|(_, ty)| known(ty));
    if body.is_none() && schema::request_schema(operation).is_some() {
        return Err("it generates no parameter for the body".to_owned());
    }
    let parameters = inputs.into_iter().map(|(ident, ty)| {
        let optional = argument(ty, "Option");
        let known = known(optional.unwrap_or(ty)).ok_or_else(|| format!("it generates an unknown type for {ident}"))?;
        let field = Field {
            ty: known,
            required: optional.is_none(),
            ident,
        };
        Ok::<_, String>((alike(&field.ident), field))
    });
    let parameters: BTreeMap<String, Field> = parameters.collect::<Result<_, _>>()?;
    let lost = schema::parameters(operation)
        .filter_map(|parameter| parameter["name"].as_str())
        .find(|name| !parameters.contains_key(&alike(name)));
    if let Some(name) = lost {
        return Err(format!("it generates no parameter {name:?}"));
    }
    let ReturnType::Type(_, returned) = &method.output else {
        return Err("it generates no return type".to_owned());
    };
    let returned = argument(returned, "Result").and_then(|ty| argument(ty, "ResponseValue"));
    let returned = returned.ok_or("it generates no return type")?;
    let response = match plain(&returned.to_token_stream()).as_str() {
        "ByteStream" => None,
        "()" => Some(Ty::unit()),
        _ => Some(known(returned).ok_or("it generates an unknown return type")?),
    };
    Ok(Signature {
        method: method.ident.to_string(),
        parameters,
        body,
        response,
    })
}

/// Returns the text of a type without the spaces, which depend on where its tokens come from.
fn plain(ty: &TokenStream) -> String {
    ty.to_string().replace(' ', "")
}

/// Returns `T` if `ty` is `Wrapper<T>`.
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
    use serde_json::json;

    fn settled(bad: impl Fn(&[u8]) -> bool) -> (Vec<u8>, Vec<(u8, String)>) {
        let (mut accepted, mut left_out) = (Vec::new(), Vec::new());
        let parts: Vec<u8> = (0..100).collect();
        let made = settle(&parts, &mut accepted, &mut left_out, &mut |parts| match bad(parts) {
            true => Err("bad".to_owned()),
            false => Ok(parts.len()),
        });
        assert_eq!(made.is_some(), left_out.is_empty());
        (accepted, left_out)
    }

    #[test]
    fn only_rejected_parts_are_left_out() {
        let (accepted, left_out) = settled(|_| false);
        assert_eq!((accepted.len(), left_out.len()), (100, 0));
        let (accepted, left_out) = settled(|parts| parts.contains(&17) || parts.contains(&93));
        assert_eq!(accepted.len(), 98);
        assert_eq!(left_out, [(17, "bad".to_owned()), (93, "bad".to_owned())]);
        // Of two incompatible parts, the later one is left out.
        let (_, left_out) = settled(|parts| parts.contains(&3) && parts.contains(&60));
        assert_eq!(left_out, [(60, "bad".to_owned())]);
        let (accepted, left_out) = settled(|parts| !parts.is_empty());
        assert_eq!((accepted.len(), left_out.len()), (0, 100));
    }

    /// A repaired document of one list of tags, which takes a number and an update.
    fn tags() -> Value {
        json!({
            "openapi": "3.0.3", "info": {"title": "", "version": ""},
            "components": {"schemas": {
                "tag": {"type": "object", "required": ["theId"], "properties": {
                    "theId": {"type": "string", "format": "id"}, "type": {"type": "string"},
                    "parent": {"$ref": "#/components/schemas/tag"}, "colour": {"$ref": "#/components/schemas/colour"},
                }},
                "colour": {"type": "string", "enum": ["light-blue", "red"]},
                "tag_or_name": {"oneOf": [{"$ref": "#/components/schemas/tag"}, {"type": "string"}]},
            }},
            "paths": {"/tags": {"put": {
                "operationId": "list_tags",
                "parameters": [{"name": "perPage", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/tag_or_name"}}}},
                "responses": {"200": {"description": "", "content": {"application/json": {"schema": {
                    "type": "array", "items": {"$ref": "#/components/schemas/tag"},
                }}}}},
            }}},
        })
    }

    fn named(name: &str) -> Ty {
        Ty::Named(name.to_owned())
    }

    fn fields(made: &Component) -> &BTreeMap<String, Field> {
        match &made.definition {
            Definition::Struct(fields) => fields,
            _ => panic!("{} is not a struct", made.name),
        }
    }

    #[test]
    fn names_types_and_optionality_are_those_of_progenitor() {
        let made = attempt(&tags()).unwrap();
        let tag = fields(&made.components["tag"]);
        let of = |name: &str| (tag[name].ident.as_str(), tag[name].ty.clone(), tag[name].required);
        assert_eq!(of("theid"), ("the_id", Ty::Known("crate::Id".to_owned()), true));
        assert_eq!(of("type").0, "type_");
        assert_eq!(of("parent"), ("parent", Ty::Boxed(Box::new(named("Tag"))), false));
        assert_eq!(of("colour").1, named("Colour"));
        let Definition::Enum(variants) = &made.components["colour"].definition else {
            panic!("an enum stays one");
        };
        assert_eq!(*variants, ["LightBlue", "Red"]);
        let Definition::Union(variants) = &made.components["tag_or_name"].definition else {
            panic!("a union stays one");
        };
        let text = Ty::Known("::std::string::String".to_owned());
        assert_eq!(
            *variants,
            [("Tag".to_owned(), named("Tag")), ("String".to_owned(), text)]
        );
        let list = &made.operations["list_tags"];
        let page = &list.parameters["perpage"];
        assert_eq!((page.ident.as_str(), page.required), ("per_page", false));
        assert_eq!(
            (list.method.as_str(), &list.body),
            ("list_tags", &Some(named("TagOrName")))
        );
        assert_eq!(list.response, Some(Ty::List(Box::new(named("Tag")))));
    }

    #[test]
    fn a_setting_of_progenitor_changes_what_is_generated() {
        let mut settings = settings(&tags());
        settings.with_patch("Tag", progenitor::TypePatch::default().with_rename("Label"));
        settings.with_replacement("Colour", "crate::Colour", std::iter::empty());
        let made = attempt_with(&settings, &tags()).unwrap();
        assert_eq!(made.components["tag"].name, "Label");
        assert_eq!(
            fields(&made.components["tag"])["colour"].ty,
            Ty::Known("crate::Colour".to_owned())
        );
        assert!(!made.components.contains_key("colour"), "no type is written for it");
        assert_eq!(
            made.operations["list_tags"].response,
            Some(Ty::List(Box::new(named("Label"))))
        );
    }

    #[test]
    fn a_part_that_progenitor_rejects_is_left_out_alone() {
        let mut document = tags();
        let mut broken = document["paths"]["/tags"].clone();
        broken["put"]["operationId"] = json!("broken");
        document["paths"]["/tags/{id"] = broken;
        let form = |tag: &str| {
            let tag = json!({"type": "string", "enum": [tag]});
            json!({"type": "object", "required": ["tag"], "properties": {"tag": tag, "size": {"type": "integer"}}})
        };
        let union = json!({"oneOf": [form("a"), form("b")]});
        document["components"]["schemas"]["tagged"] = union;
        document["components"]["schemas"]["tag"]["properties"]["tagged"] = schema::reference_to("tagged");
        let mut warnings = Warnings::about("api.yaml");
        let made = generate(&mut document, &mut warnings).unwrap();
        assert_eq!(made.operations.keys().collect::<Vec<_>>(), ["list_tags"]);
        assert_eq!(fields(&made.components["tag"])["tagged"].ty, Ty::json());
        assert!(document["components"]["schemas"].get("tagged").is_none());
        let said = warnings.to_string();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        let component = "api.yaml at /components/schemas/tagged: progenitor rejects it: ";
        assert!(
            lines[0].starts_with(component) && lines[0].ends_with("; replaced by any JSON [generate]"),
            "{said}"
        );
        let operation = "api.yaml at /paths/~1tags~1{id/put: progenitor rejects it: invalid operation path";
        assert!(
            lines[1].starts_with(operation) && lines[1].ends_with("; left out [generate]"),
            "{said}"
        );
    }

    #[test]
    fn panics_become_errors() {
        assert_eq!(
            quietly(|| -> u8 { panic!("at the disco") }),
            Err("at the disco".to_owned())
        );
        assert_eq!(quietly(|| 1), Ok(1));
    }
}
