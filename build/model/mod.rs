//! The model of the client: types and operations, as the writers need them. They never see the document.

pub mod boxes;
pub mod examples;
pub mod generate;
pub mod helpers;
pub mod join;
pub mod marks;
pub mod paging;
pub mod ty;
pub mod webhooks;
pub mod whole;

use std::collections::BTreeMap;

use serde_json::Value;
use ty::Ty;

use super::input::basics::Basics;
use examples::Examples;
use helpers::{CreateOrUpdate, Export, Search, Upsert};
use paging::Page;

/// Everything that is written.
pub struct Model {
    /// Versions and servers.
    pub basics: Basics,
    /// The types.
    pub types: Types,
    /// The groups of operations, by their names.
    pub groups: Vec<Group>,
    /// The operations, in the order of the description.
    pub operations: Vec<Operation>,
    /// How pages are read, by the name of the type that is one.
    pub pages: BTreeMap<String, Page>,
    /// Hand-written types that are made over types of the description.
    pub mixed: Vec<Mixed>,
    /// The searches.
    pub searches: Vec<Search>,
    /// What the export helper needs, when the description has it.
    pub export: Option<Export>,
    /// What the upsert helper needs, when the description has it.
    pub upsert: Option<Upsert>,
    /// The operations that upsert by themselves.
    pub create_or_updates: Vec<CreateOrUpdate>,
    /// What webhooks carry.
    pub webhooks: webhooks::Webhooks,
}

/// A hand-written type that is made over types of the description.
pub struct Mixed {
    /// The macro that makes it.
    pub macro_name: String,
    /// Its path in the crate.
    pub rust: &'static str,
    /// The types that it is made over.
    pub over: Vec<String>,
}

/// A group of operations.
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub doc: String,
}

/// The types that are made from components, by their names.
#[derive(Default)]
pub struct Types {
    /// Objects.
    pub structs: BTreeMap<String, Struct>,
    /// Enums of texts.
    pub enums: BTreeMap<String, Enum>,
    /// Unions of forms that only their content tells apart.
    pub unions: BTreeMap<String, Union>,
    /// Lists and maps that hold themselves.
    pub newtypes: BTreeMap<String, Newtype>,
}

impl Types {
    /// The struct that `ty` names.
    pub fn named(&self, ty: &Ty) -> Option<&Struct> {
        self.structs.get(ty.name()?)
    }
}

/// An object.
pub struct Struct {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// Whether a request can carry it.
    pub in_requests: bool,
    /// Whether an answer can carry it.
    pub in_responses: bool,
    /// Its fields, in the order of the description.
    pub fields: Vec<Field>,
    /// The ways to fill it that the server accepts.
    pub forms: Vec<Form>,
}

impl Struct {
    /// The name of its builder.
    pub fn builder(&self) -> String {
        format!("{}Builder", self.name)
    }

    /// Whether callers build it.
    pub fn has_builder(&self) -> bool {
        self.in_requests && !self.fields.is_empty()
    }

    /// The field of a property that hand-written code can name: in Rust it is called as on the wire.
    pub fn named_field(&self, wire: &str) -> Option<&Field> {
        self.field(wire)
            .filter(|field| field.ident == wire && field.setter == wire)
    }

    /// The field of a property.
    pub fn field(&self, wire: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.wire == wire)
    }
}

/// A field of an object.
pub struct Field {
    /// Its name in Rust.
    pub ident: String,
    /// The name of the method that sets it.
    pub setter: String,
    /// The property's name on the wire.
    pub wire: String,
    /// What it means.
    pub doc: String,
    /// The type of the value itself, without `Option`.
    pub ty: Ty,
    /// Whether a request must have the value.
    pub required: bool,
}

/// One way of filling a request that the server accepts: a constructor.
pub struct Form {
    /// Its name.
    pub ident: String,
    /// What it is for.
    pub doc: String,
    /// The setters that it calls with constants.
    pub sets: Vec<(String, Constant)>,
    /// The setters that it calls with what it takes, and their types.
    pub takes: Vec<(String, Ty)>,
}

/// A constant that a form sets.
pub enum Constant {
    /// A text.
    Text(String),
    /// A boolean.
    Boolean(bool),
}

/// An enum of texts.
pub struct Enum {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The variants, and their texts on the wire.
    pub variants: Vec<(String, String)>,
}

/// A union.
pub struct Union {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// The variants, and what they hold.
    pub variants: Vec<(String, Ty)>,
}

/// A list or map that holds itself.
pub struct Newtype {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// What it stands for.
    pub inner: Ty,
}

/// An operation.
pub struct Operation {
    /// Method name: the operation id in snake_case.
    pub ident: String,
    /// Builder name: the operation id in PascalCase.
    pub builder: String,
    /// HTTP method in capitals.
    pub method: String,
    /// Path template.
    pub path: String,
    /// The group that it belongs to.
    pub group: Option<String>,
    /// What it does, in a line.
    pub summary: String,
    /// What it does, at length.
    pub description: String,
    /// Path and query parameters in the description's order.
    pub parameters: Vec<Parameter>,
    /// What it sends.
    pub body: Option<Body>,
    /// What a success is.
    pub answer: Answer,
    /// Whether it changes nothing, so that it can be repeated.
    pub reads_only: bool,
    /// Why a call can be carried out twice without harm; `None` if it cannot.
    pub idempotent: Option<Idempotent>,
    /// When Intercom removes the operation, if it announced that.
    pub removed: Option<Removal>,
    /// How its list goes on, when it is one.
    pub paging: Option<paging::Paging>,
    /// What the description shows of it.
    pub examples: Examples,
    /// Whether the items of its list have an id and tell when they last changed.
    pub dated: bool,
}

impl Operation {
    /// The name of the constant that describes it.
    pub fn constant(&self) -> String {
        self.ident.to_uppercase()
    }
}

/// Why a call can be carried out twice without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotent {
    /// The reason, a clause without a full stop.
    pub why: String,
    /// The property of the body without which it cannot.
    pub with: Option<String>,
}

/// The announced end of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The day, as ISO 8601 writes it.
    pub on: String,
    /// The method to call instead.
    pub instead: Option<String>,
}

impl Removal {
    /// One line for a reader who has the method's name.
    pub fn note(&self) -> String {
        let instead = self.instead.as_ref().map(|method| format!("; use `{method}`"));
        format!("Intercom removes it on {}{}", self.on, instead.unwrap_or_default())
    }
}

/// A path or query parameter.
pub struct Parameter {
    /// Rust name.
    pub ident: String,
    /// Name on the wire.
    pub wire: String,
    /// What it means.
    pub doc: String,
    /// Whether it stands in the path.
    pub in_path: bool,
    /// Whether the call needs it.
    pub required: bool,
    /// Rust type.
    pub ty: Ty,
    /// How lists and objects are written into the query: a variant of `QueryStyle`, when it is not the usual one.
    pub style: Option<&'static str>,
    /// What the description shows as an example.
    pub example: Option<Value>,
}

/// The body of a request.
pub struct Body {
    /// The type of a JSON body; bytes without one.
    pub json: Option<Ty>,
    /// The media type, when it is not plain JSON.
    pub media: Option<String>,
    /// Whether the call makes no sense without it.
    pub required: bool,
}

/// What a success is.
pub enum Answer {
    /// JSON of this type, or nothing.
    Json(Ty),
    /// Bytes of this media type.
    Bytes(String),
}
