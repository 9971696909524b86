//! What webhooks carry, by the marks of the description: the types of items, where records and ids lie in them, and the topics.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::names::{self, Taken, snake};
use super::super::document::prose;
use super::Types;
use super::ty::Ty;

/// What webhooks carry.
#[derive(Default)]
pub struct Webhooks {
    /// The types that items are read as.
    pub items: Vec<Item>,
    /// The objects that items are or hold.
    pub records: Vec<Record>,
    /// The ids of records.
    pub ids: Vec<Id>,
    /// The topics.
    pub topics: Vec<Topic>,
}

/// A type that items are read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The values of its `type` on the wire.
    pub kinds: Vec<String>,
    /// The properties by which an item without a `type` is recognized.
    pub keys: Vec<String>,
    /// The property that has the id in stubs, if it is not `id`.
    pub stub: Option<String>,
    /// The name of the type.
    pub name: String,
}

/// An object that items are or hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of its type.
    pub name: String,
    /// The name of the method that finds it.
    pub method: String,
    /// The items, by their places, and the field that holds it; `None` if the item is one.
    pub places: Vec<(usize, Option<Access>)>,
}

/// The id of a kind of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// What it is the id of, such as `contact`.
    pub noun: String,
    /// The name of the method that finds it.
    pub method: String,
    /// The values of `type` of such records.
    pub kinds: Vec<String>,
    /// The items, by their places, and the way to it.
    pub places: Vec<(usize, Vec<Access>)>,
}

/// A step to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The field's name in Rust.
    pub ident: String,
    /// What the field holds.
    pub of: Held,
}

/// What a field on the way holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// An object.
    Object,
    /// An object behind a pointer.
    Boxed,
    /// A list, which leads on if it has one item.
    List,
    /// A text.
    Text,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name on the wire.
    pub name: String,
    /// What happened.
    pub about: String,
    /// The `type` of its items, or another word for them.
    pub item: String,
    /// Where the item was seen.
    pub seen: String,
}

/// Names that notifications and items have beside the methods that find records.
const METHODS: [&str; 6] = ["into_item", "is_ping", "is_stub", "item", "mismatches", "stub"];

/// A component whose marks do not fit it, and why.
pub type Unfit = (String, String);

/// Reads the marks `x-webhook-item` and `x-webhook-ids` of components, and the list `x-webhook-topics`.
pub fn read(document: &Value, types: &Types, names: &BTreeMap<String, String>) -> (Webhooks, Vec<Unfit>) {
    let mut unfit = Vec::new();
    let items = items(document, types, names, &mut unfit);
    let marked = Marked {
        document,
        types,
        names,
        items: &items,
    };
    let (mut records, mut ids) = (marked.records(), marked.ids(&mut unfit));
    let mut methods = Taken::beside(METHODS);
    for record in &mut records {
        record.method = methods.free(&names::ident(&snake(&record.name), "record"));
    }
    for id in &mut ids {
        id.method = methods.free(&names::ident(&format!("{}_id", id.noun), "id"));
    }
    let topics = document["x-webhook-topics"].as_array().into_iter().flatten();
    let topics = topics.filter_map(|topic| {
        let text = |key: &str| topic[key].as_str().unwrap_or_default().to_owned();
        Some(Topic {
            name: topic["topic"].as_str()?.to_owned(),
            about: prose::rustdoc(&text("about")),
            item: text("item"),
            seen: prose::rustdoc(&text("seen")),
        })
    });
    let mut known: Vec<Topic> = Vec::new();
    for topic in topics {
        match known.iter_mut().find(|other| other.name == topic.name) {
            // A later overlay corrects an earlier one.
            Some(other) => *other = topic,
            None => known.push(topic),
        }
    }
    (
        Webhooks {
            items,
            records,
            ids,
            topics: known,
        },
        unfit,
    )
}

/// The types that items are read as.
fn items(document: &Value, types: &Types, names: &BTreeMap<String, String>, unfit: &mut Vec<Unfit>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (component, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let Some(mark) = schema.get("x-webhook-item") else {
            continue;
        };
        let texts = |value: &Value| -> Vec<String> {
            let list = value
                .as_array()
                .into_iter()
                .flatten()
                .chain(value.is_string().then_some(value));
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (kinds, keys) = match mark.is_object() {
            true => (texts(&mark["type"]), texts(&mark["keys"])),
            false => (texts(mark), Vec::new()),
        };
        let taken = kinds
            .iter()
            .find(|kind| items.iter().any(|item| item.kinds.contains(kind)));
        let name = names.get(component).filter(|name| types.structs.contains_key(*name));
        let why = match (name, taken) {
            _ if kinds.is_empty() && keys.is_empty() => {
                "its `x-webhook-item` names neither a `type` nor `keys`".to_owned()
            }
            (None, _) => "it is no object".to_owned(),
            (_, Some(kind)) => format!("another one is `{kind}` already"),
            (Some(name), None) => {
                items.push(Item {
                    kinds,
                    keys,
                    stub: schema["x-webhook-stub"].as_str().map(str::to_owned),
                    name: name.clone(),
                });
                continue;
            }
        };
        unfit.push((component.clone(), why));
    }
    items
}

/// The marks, with what they stand on.
struct Marked<'a> {
    document: &'a Value,
    types: &'a Types,
    names: &'a BTreeMap<String, String>,
    items: &'a [Item],
}

impl Marked<'_> {
    fn is_item(&self, name: &str) -> bool {
        self.items.iter().any(|item| item.name == name)
    }

    /// The objects that a type's fields hold, with the steps to them.
    fn held<'t>(&'t self, name: &str) -> impl Iterator<Item = (&'t str, Access)> {
        let fields = self.types.structs.get(name).into_iter().flat_map(|made| &made.fields);
        fields.filter_map(|field| {
            let (name, of) = match &field.ty {
                Ty::Named(name) => (name.as_str(), Held::Object),
                Ty::Boxed(inner) => (inner.name()?, Held::Boxed),
                _ => return None,
            };
            let ident = field.ident.clone();
            let is_object = self.types.structs.contains_key(name);
            is_object.then_some((name, Access { ident, of }))
        })
    }

    /// Whether items of a type are about the objects that they hold.
    fn wraps(&self, name: &str) -> bool {
        self.held(name).any(|(held, _)| held != name && self.is_item(held))
    }

    /// The objects that items are or hold, in the order of the items.
    fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        let mut add =
            |name: &str, place: (usize, Option<Access>)| match records.iter_mut().find(|made| made.name == name) {
                Some(made) => made.places.push(place),
                None => records.push(Record {
                    name: name.to_owned(),
                    method: String::new(),
                    places: vec![place],
                }),
            };
        for (place, item) in self.items.iter().enumerate() {
            match self.wraps(&item.name) {
                false => add(&item.name, (place, None)),
                // The inline parts of a wrapper are no records.
                true => self
                    .held(&item.name)
                    .filter(|(name, _)| !name.starts_with(&item.name))
                    .for_each(|(name, access)| add(name, (place, Some(access)))),
            }
        }
        records
    }

    /// The ids in items, in the order of the items.
    fn ids(&self, unfit: &mut Vec<Unfit>) -> Vec<Id> {
        let mut ids: Vec<Id> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            for (noun, way) in self.ids_of(&item.name, true, unfit) {
                let id = match ids.iter_mut().position(|id| id.noun == noun) {
                    Some(known) => &mut ids[known],
                    None => {
                        ids.push(Id {
                            kinds: self.kinds(&noun),
                            method: String::new(),
                            noun,
                            places: Vec::new(),
                        });
                        match ids.last_mut() {
                            Some(id) => id,
                            None => continue,
                        }
                    }
                };
                if !id.places.contains(&(place, way.clone())) {
                    id.places.push((place, way));
                }
            }
        }
        ids
    }

    /// The values of `type` of records that a noun names.
    fn kinds(&self, noun: &str) -> Vec<String> {
        let of = |item: &&Item| !self.wraps(&item.name) && snake(&item.name) == noun;
        self.items
            .iter()
            .find(of)
            .map(|item| item.kinds.clone())
            .unwrap_or_default()
    }

    /// The nouns and ways of the ids in a type: its own, those that its mark names, and for a wrapper those of what it holds.
    fn ids_of(&self, name: &str, outermost: bool, unfit: &mut Vec<Unfit>) -> Vec<(String, Vec<Access>)> {
        let mut ids = Vec::new();
        let wraps = self.wraps(name);
        if self.is_item(name)
            && !wraps
            && let Ok(way) = self.way(name, "id")
        {
            ids.push((snake(name), way));
        }
        let component = self
            .names
            .iter()
            .find(|(_, made)| *made == name)
            .map(|(component, _)| component);
        let marks = component.map(|component| &self.document["components"]["schemas"][component]["x-webhook-ids"]);
        for (noun, path) in marks.and_then(Value::as_object).into_iter().flatten() {
            match self.way(name, path.as_str().unwrap_or_default()) {
                Ok(way) => ids.push((noun.clone(), way)),
                Err(why) => unfit.push((component.cloned().unwrap_or_default(), why)),
            }
        }
        if wraps && outermost {
            for (held, access) in self.held(name) {
                let inner = self.ids_of(held, false, unfit).into_iter();
                ids.extend(inner.map(|(noun, way)| (noun, [vec![access.clone()], way].concat())));
            }
        }
        ids
    }

    /// The steps of a path of properties that ends at a text.
    fn way(&self, name: &str, path: &str) -> Result<Vec<Access>, String> {
        let mut name = name.to_owned();
        let mut way = Vec::new();
        for wire in path.split('.') {
            let made = self.types.structs.get(&name);
            let field = made.and_then(|made| made.field(wire));
            let field =
                field.ok_or_else(|| format!("`x-webhook-ids` names the unknown property `{wire}` of `{path}`"))?;
            let (next, of) = match &field.ty {
                Ty::Named(next) => (next.clone(), Held::Object),
                Ty::Boxed(inner) => (inner.name().unwrap_or_default().to_owned(), Held::Boxed),
                Ty::List(inner) => (inner.name().unwrap_or_default().to_owned(), Held::List),
                ty if ty.is("::std::string::String") => (String::new(), Held::Text),
                _ => return Err(format!("`x-webhook-ids` leads to no text by `{path}`")),
            };
            way.push(Access {
                ident: field.ident.clone(),
                of,
            });
            name = next;
        }
        match way.last() {
            Some(Access { of: Held::Text, .. }) => Ok(way),
            _ => Err(format!("`x-webhook-ids` leads to no text by `{path}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Struct};
    use super::*;
    use serde_json::json;

    /// Types of these names, each with these fields.
    fn types(described: &[(&str, &[(&str, Ty)])]) -> Types {
        let mut types = Types::default();
        for (name, fields) in described {
            let fields = fields.iter().map(|(wire, ty)| Field {
                ident: (*wire).to_owned(),
                setter: (*wire).to_owned(),
                wire: (*wire).to_owned(),
                doc: String::new(),
                ty: ty.clone(),
                required: false,
            });
            let made = Struct {
                name: (*name).to_owned(),
                doc: String::new(),
                in_requests: false,
                in_responses: true,
                fields: fields.collect(),
                forms: Vec::new(),
            };
            types.structs.insert((*name).to_owned(), made);
        }
        types
    }

    fn text() -> Ty {
        Ty::Known("::std::string::String".to_owned())
    }

    fn named(name: &str) -> Ty {
        Ty::Named(name.to_owned())
    }

    fn read_marks(schemas: Value) -> (Webhooks, Vec<Unfit>) {
        let list = Ty::List(Box::new(named("Contact")));
        let types = types(&[
            ("Contact", &[("id", text()), ("size", Ty::Known("i64".to_owned()))]),
            ("Lead", &[("id", text())]),
            (
                "Ticket",
                &[
                    ("id", text()),
                    ("contacts", list),
                    ("parent", Ty::Boxed(Box::new(named("Ticket")))),
                ],
            ),
            ("Record", &[("model", named("Model"))]),
            ("Model", &[("id", text())]),
            (
                "Pair",
                &[
                    ("ticket", named("Ticket")),
                    ("record", named("Record")),
                    ("inner", named("PairInner")),
                ],
            ),
            ("PairInner", &[]),
        ]);
        let names = [
            "contact",
            "lead",
            "ticket",
            "record",
            "model",
            "pair",
            "pair_inner",
            "role",
        ];
        let names = names.map(|name| (name.to_owned(), names::pascal(name)));
        read(&json!({"components": {"schemas": schemas}}), &types, &names.into())
    }

    #[test]
    fn items_are_objects_told_apart_by_type_or_by_what_they_hold() {
        let (made, unfit) = read_marks(json!({
            "contact": {"x-webhook-item": "contact"}, "lead": {"x-webhook-item": ["lead", "contact"]},
            "role": {"x-webhook-item": "role"}, "model": {"x-webhook-item": 7}, "record": {},
            "ticket": {"x-webhook-item": ["ticket", "issue"], "x-webhook-stub": "number"},
            "pair": {"x-webhook-item": {"keys": ["ticket", "record"]}},
        }));
        // The order of components is that of the description, or alphabetical, as serde_json is built.
        let items = made.items.iter().map(|item| {
            let stub = item.stub.as_deref().unwrap_or_default();
            (item.name.as_str(), (item.kinds.join(" "), item.keys.join(" "), stub))
        });
        let expected = [
            ("Contact", ("contact".to_owned(), String::new(), "")),
            ("Pair", (String::new(), "ticket record".to_owned(), "")),
            ("Ticket", ("ticket issue".to_owned(), String::new(), "number")),
        ];
        assert_eq!(items.collect::<BTreeMap<_, _>>(), expected.into());
        let unfit = unfit.iter().map(|(component, why)| (component.as_str(), why.as_str()));
        let expected = [
            ("lead", "another one is `contact` already"),
            ("role", "it is no object"),
            ("model", "its `x-webhook-item` names neither a `type` nor `keys`"),
        ];
        assert_eq!(unfit.collect::<BTreeMap<_, _>>(), expected.into());
    }

    #[test]
    fn records_and_ids_are_found_wherever_they_lie() {
        let (made, unfit) = read_marks(json!({
            "contact": {"x-webhook-item": "contact"},
            "ticket": {"x-webhook-item": "ticket", "x-webhook-ids": {"contact": "contacts.id", "lead": "contacts.size"}},
            "record": {"x-webhook-ids": {"conversation": "model.id"}},
            "pair": {"x-webhook-item": {"keys": ["ticket"]}, "x-webhook-ids": {"admin": "nobody"}},
        }));
        let records = made
            .records
            .iter()
            .map(|record| (record.method.as_str(), record.places.len()));
        let expected = [("contact", 1), ("ticket", 2), ("record", 1)];
        assert_eq!(records.collect::<BTreeMap<_, _>>(), expected.into());
        let ids = made.ids.iter().flat_map(|id| {
            id.places.iter().map(|(place, way)| {
                let way: Vec<&str> = way.iter().map(|access| access.ident.as_str()).collect();
                format!("{} {} {}", id.method, made.items[*place].name, way.join("."))
            })
        });
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        assert_eq!(
            ids,
            [
                "contact_id Contact id",
                "contact_id Pair ticket.contacts.id",
                "contact_id Ticket contacts.id",
                "conversation_id Pair record.model.id",
                "ticket_id Pair ticket.id",
                "ticket_id Ticket id",
            ]
        );
        let why: Vec<&str> = unfit.iter().map(|(_, why)| why.as_str()).collect();
        assert!(
            why.contains(&"`x-webhook-ids` leads to no text by `contacts.size`"),
            "{why:?}"
        );
        assert!(
            why.contains(&"`x-webhook-ids` names the unknown property `nobody` of `nobody`"),
            "{why:?}"
        );
    }
}
