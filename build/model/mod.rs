//! The model of the client: its types and operations. The writers read the model, never the
//! document.

pub mod boxes;
pub mod examples;
pub mod generate;
pub mod helpers;
pub mod join;
pub mod marks;
pub mod paging;
pub mod reach;
pub mod ty;
pub mod type_names;
pub mod webhooks;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use ty::Ty;

use super::input::basics::Basics;
use examples::Examples;
use helpers::{CreateOrUpdate, Export, Search, Upsert};
use paging::PageType;

/// The content of the generated client.
pub struct Model {
    /// API versions and servers.
    pub basics: Basics,
    /// The types.
    pub types: Types,
    /// The values of `type` in the description.
    pub type_names: BTreeSet<String>,
    /// The groups of operations, sorted by name.
    pub groups: Vec<Group>,
    /// The operations, in the order of the description.
    pub operations: Vec<Operation>,
    /// The types that are pages of lists, by name.
    pub pages: BTreeMap<String, PageType>,
    /// The hand-written types that contain generated types.
    pub hand_written: Vec<HandWritten>,
    /// The searches.
    pub searches: Vec<Search>,
    /// The operations of the export helper, if the description has all of them.
    pub export: Option<Export>,
    /// The operations of the upsert helper, if the description has all of them.
    pub upsert: Option<Upsert>,
    /// The operations that both create and update.
    pub create_or_updates: Vec<CreateOrUpdate>,
    /// The content of webhooks.
    pub webhooks: webhooks::Webhooks,
}

/// A hand-written type that contains generated types.
pub struct HandWritten {
    /// The macro that defines the type.
    pub macro_name: String,
    /// Its path in the crate.
    pub path: &'static str,
    /// The names of the generated types in it.
    pub components: Vec<String>,
}

/// A group of operations.
pub struct Group {
    /// Its name.
    pub name: String,
    /// The documentation.
    pub doc: String,
}

/// The types of the components, by name.
#[derive(Default)]
pub struct Types {
    /// Objects.
    pub structs: BTreeMap<String, Struct>,
    /// String enums.
    pub enums: BTreeMap<String, Enum>,
    /// Untagged unions.
    pub unions: BTreeMap<String, Union>,
    /// Lists and maps that contain themselves.
    pub newtypes: BTreeMap<String, Newtype>,
}

impl Types {
    /// Returns the struct that `ty` names.
    pub fn struct_of(&self, ty: &Ty) -> Option<&Struct> {
        self.structs.get(ty.name()?)
    }
}

/// An object.
pub struct Struct {
    /// Its name.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// Whether requests can contain it.
    pub in_requests: bool,
    /// Whether responses can contain it.
    pub in_responses: bool,
    /// Its fields, in the order of the description.
    pub fields: Vec<Field>,
    /// The constructors.
    pub constructors: Vec<Constructor>,
}

impl Struct {
    /// Returns the name of the builder.
    pub fn builder(&self) -> String {
        format!("{}Builder", self.name)
    }

    /// Returns `true` if the type has a builder.
    pub fn has_builder(&self) -> bool {
        self.in_requests && !self.fields.is_empty()
    }

    /// Returns the field of a property if its Rust name is the name on the wire, so that
    /// hand-written code can use it.
    pub fn wire_named_field(&self, wire: &str) -> Option<&Field> {
        self.field(wire)
            .filter(|field| field.ident == wire && field.setter == wire)
    }

    /// Returns the field of a property.
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
    /// The documentation.
    pub doc: String,
    /// The type of the value, without `Option`.
    pub ty: Ty,
    /// Whether requests need the value.
    pub required: bool,
}

/// A constructor of a request: a combination of values that the server accepts.
pub struct Constructor {
    /// Its name.
    pub ident: String,
    /// The documentation.
    pub doc: String,
    /// The setters that are called with constants.
    pub sets: Vec<(String, Constant)>,
    /// The setters that are called with the parameters, and the types of the parameters.
    pub takes: Vec<(String, Ty)>,
}

/// A constant that a constructor sets.
pub enum Constant {
    /// A string.
    Text(String),
    /// A boolean.
    Boolean(bool),
}

/// A string enum.
pub struct Enum {
    /// Its name.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The variants and their strings on the wire.
    pub variants: Vec<(String, String)>,
}

/// A union.
pub struct Union {
    /// Its name.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The variants and their types.
    pub variants: Vec<(String, Ty)>,
}

/// A list or map that contains itself.
pub struct Newtype {
    /// Its name.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The inner type.
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
    /// The group.
    pub group: Option<String>,
    /// The summary: one line.
    pub summary: String,
    /// The description.
    pub description: String,
    /// Path and query parameters in the description's order.
    pub parameters: Vec<Parameter>,
    /// The request body.
    pub body: Option<Body>,
    /// The body of a success response.
    pub response: ResponseBody,
    /// Whether it changes nothing.
    pub reads_only: bool,
    /// Why a call can be carried out twice without harm; `None` if it cannot.
    pub idempotent: Option<Idempotent>,
    /// When Intercom removes the operation, if it announced that.
    pub removed: Option<Removal>,
    /// How pages follow each other, if the operation lists records.
    pub paging: Option<paging::Paging>,
    /// The examples in the description.
    pub examples: Examples,
    /// Whether the listed items have an id and `updated_at`.
    pub has_updated_at: bool,
}

impl Operation {
    /// Returns the name of the constant in the table of operations.
    pub fn constant(&self) -> String {
        self.ident.to_uppercase()
    }
}

/// Why a call can be carried out twice without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotent {
    /// The reason, a clause without a full stop.
    pub why: String,
    /// The property that the body needs for it.
    pub with: Option<String>,
}

/// The announced removal of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The day, as ISO 8601 writes it.
    pub on: String,
    /// The method to call instead.
    pub instead: Option<String>,
}

impl Removal {
    /// Returns a note for callers of the method.
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
    /// The documentation.
    pub doc: String,
    /// Whether it is part of the path.
    pub in_path: bool,
    /// Whether it is required.
    pub required: bool,
    /// Rust type.
    pub ty: Ty,
    /// How lists and objects are written into the query: a variant of `QueryStyle`, or `None` for
    /// the default.
    pub style: Option<&'static str>,
    /// The example in the description.
    pub example: Option<Value>,
}

/// The body of a request.
pub struct Body {
    /// The type of a JSON body; `None` for bytes.
    pub json: Option<Ty>,
    /// The media type, if it is not `application/json`.
    pub media: Option<String>,
    /// Whether it is required.
    pub required: bool,
}

/// The body of a success response.
pub enum ResponseBody {
    /// JSON of this type; the unit type for no body.
    Json(Ty),
    /// Bytes of this media type.
    Bytes(String),
}

/// Returns types with these names and fields, for tests.
#[cfg(test)]
pub fn types_of<'a>(objects: impl IntoIterator<Item = (&'a str, Vec<(String, Ty)>)>) -> Types {
    let field = |(name, ty): (String, Ty)| Field {
        ident: name.clone(),
        setter: name.clone(),
        wire: name,
        doc: String::new(),
        ty,
        required: false,
    };
    let structs = objects.into_iter().map(|(name, fields)| {
        let made = Struct {
            name: name.to_owned(),
            doc: String::new(),
            in_requests: false,
            in_responses: true,
            fields: fields.into_iter().map(field).collect(),
            constructors: Vec::new(),
        };
        (name.to_owned(), made)
    });
    Types {
        structs: structs.collect(),
        ..Types::default()
    }
}
