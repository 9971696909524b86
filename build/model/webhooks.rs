//! Reads the marks of webhooks: the types of items, the places of records and ids in them, and the
//! topics.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::names::{self, UniqueNames, snake};
use super::super::document::prose;
use super::Types;
use super::ty::Ty;

/// The content of webhooks.
#[derive(Default)]
pub struct Webhooks {
    /// The types of items.
    pub items: Vec<ItemType>,
    /// The objects that items are or contain, each with the method that finds it.
    pub records: Vec<RecordMethod>,
    /// The ids in items, each with the method that finds it.
    pub ids: Vec<IdMethod>,
    /// The topics.
    pub topics: Vec<Topic>,
}

/// A type of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemType {
    /// The values of its `type` on the wire.
    pub kinds: Vec<String>,
    /// The properties by which an item without a `type` is recognized.
    pub keys: Vec<String>,
    /// The property with the id in stubs, if it is not `id`.
    pub stub: Option<String>,
    /// The name of the type.
    pub name: String,
}

/// A method that finds an object in items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordMethod {
    /// The name of the object's type.
    pub name: String,
    /// The name of the method.
    pub method: String,
    /// The indexes of the item types, and the field that contains the object; `None` if the item is
    /// the object.
    pub places: Vec<(usize, Option<FieldStep>)>,
}

/// A method that finds the id of a record in items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMethod {
    /// The noun for the record, such as `contact`.
    pub noun: String,
    /// The name of the method.
    pub method: String,
    /// The values of `type` of such records.
    pub kinds: Vec<String>,
    /// The indexes of the item types, and the path to the id.
    pub places: Vec<(usize, Vec<FieldStep>)>,
}

/// One step of a path: a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldStep {
    /// The field's name in Rust.
    pub ident: String,
    /// The kind of the field.
    pub kind: FieldKind,
}

/// The kind of a field on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An object.
    Object,
    /// An object in a `Box`.
    Boxed,
    /// A list. The path continues only in a list of one item.
    List,
    /// A string.
    Text,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name on the wire.
    pub name: String,
    /// The event.
    pub about: String,
    /// The `type` of its items, or another word for them.
    pub item: String,
    /// The source: recorded or documented.
    pub seen: String,
}

/// Names of other methods of notifications and items.
const METHODS: [&str; 7] = ["ids", "into_item", "is_ping", "is_stub", "item", "mismatches", "stub"];

/// A component with invalid marks, and the reason.
pub type Rejected = (String, String);

/// Reads the marks `x-webhook-item` and `x-webhook-ids` of components, and the list
/// `x-webhook-topics`.
pub fn read(document: &Value, types: &Types, names: &BTreeMap<String, String>) -> (Webhooks, Vec<Rejected>) {
    let mut rejected = Vec::new();
    let items = items(document, types, names, &mut rejected);
    let marked = Marked {
        document,
        types,
        names,
        items: &items,
    };
    let (mut records, mut ids) = (marked.records(), marked.ids(&mut rejected));
    let mut methods = UniqueNames::values(METHODS);
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
            // A later overlay overrides an earlier one.
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
        rejected,
    )
}

/// Returns the types of items.
fn items(
    document: &Value,
    types: &Types,
    names: &BTreeMap<String, String>,
    rejected: &mut Vec<Rejected>,
) -> Vec<ItemType> {
    let mut items: Vec<ItemType> = Vec::new();
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
                "its `x-webhook-item` has neither a `type` nor `keys`".to_owned()
            }
            (None, _) => "the component is not an object".to_owned(),
            (_, Some(kind)) => format!("another component has the type `{kind}`"),
            (Some(name), None) => {
                items.push(ItemType {
                    kinds,
                    keys,
                    stub: schema["x-webhook-stub"].as_str().map(str::to_owned),
                    name: name.clone(),
                });
                continue;
            }
        };
        rejected.push((component.clone(), why));
    }
    items
}

/// The marks and the data that they refer to.
struct Marked<'a> {
    document: &'a Value,
    types: &'a Types,
    names: &'a BTreeMap<String, String>,
    items: &'a [ItemType],
}

impl Marked<'_> {
    fn is_item(&self, name: &str) -> bool {
        self.items.iter().any(|item| item.name == name)
    }

    /// Returns the objects in the fields of a type, and the steps to them.
    fn objects_in<'t>(&'t self, name: &str) -> impl Iterator<Item = (&'t str, FieldStep)> {
        let fields = self.types.structs.get(name).into_iter().flat_map(|made| &made.fields);
        fields.filter_map(|field| {
            let (name, kind) = match &field.ty {
                Ty::Named(name) => (name.as_str(), FieldKind::Object),
                Ty::Boxed(inner) => (inner.name()?, FieldKind::Boxed),
                _ => return None,
            };
            let ident = field.ident.clone();
            let is_object = self.types.structs.contains_key(name);
            is_object.then_some((name, FieldStep { ident, kind }))
        })
    }

    /// Returns `true` if items of this type only wrap other items.
    fn wraps(&self, name: &str) -> bool {
        self.objects_in(name)
            .any(|(inner, _)| inner != name && self.is_item(inner))
    }

    /// Returns the objects that items are or contain, in the order of the items.
    fn records(&self) -> Vec<RecordMethod> {
        let mut records: Vec<RecordMethod> = Vec::new();
        let mut add =
            |name: &str, place: (usize, Option<FieldStep>)| match records.iter_mut().find(|made| made.name == name) {
                Some(made) => made.places.push(place),
                None => records.push(RecordMethod {
                    name: name.to_owned(),
                    method: String::new(),
                    places: vec![place],
                }),
            };
        for (place, item) in self.items.iter().enumerate() {
            match self.wraps(&item.name) {
                false => add(&item.name, (place, None)),
                // Inline objects of a wrapper are not records.
                true => self
                    .objects_in(&item.name)
                    .filter(|(name, _)| !name.starts_with(&item.name))
                    .for_each(|(name, access)| add(name, (place, Some(access)))),
            }
        }
        records
    }

    /// Returns the ids in items, in the order of the items.
    fn ids(&self, rejected: &mut Vec<Rejected>) -> Vec<IdMethod> {
        let mut ids: Vec<IdMethod> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            for (noun, steps) in self.ids_of(&item.name, true, rejected) {
                let id = match ids.iter_mut().position(|id| id.noun == noun) {
                    Some(known) => &mut ids[known],
                    None => {
                        ids.push(IdMethod {
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
                if !id.places.contains(&(place, steps.clone())) {
                    id.places.push((place, steps));
                }
            }
        }
        ids
    }

    /// Returns the values of `type` of the records with this noun.
    fn kinds(&self, noun: &str) -> Vec<String> {
        let has_noun = |item: &&ItemType| !self.wraps(&item.name) && snake(&item.name) == noun;
        self.items
            .iter()
            .find(has_noun)
            .map(|item| item.kinds.clone())
            .unwrap_or_default()
    }

    /// Returns the ids in a type, each with its noun and path: its own id, those of its mark, and
    /// for a wrapper those of the wrapped objects.
    fn ids_of(&self, name: &str, outermost: bool, rejected: &mut Vec<Rejected>) -> Vec<(String, Vec<FieldStep>)> {
        let mut ids = Vec::new();
        let wraps = self.wraps(name);
        if self.is_item(name)
            && !wraps
            && let Ok(steps) = self.path(name, "id")
        {
            ids.push((snake(name), steps));
        }
        let component = self
            .names
            .iter()
            .find(|(_, made)| *made == name)
            .map(|(component, _)| component);
        let marks = component.map(|component| &self.document["components"]["schemas"][component]["x-webhook-ids"]);
        for (noun, path) in marks.and_then(Value::as_object).into_iter().flatten() {
            match self.path(name, path.as_str().unwrap_or_default()) {
                Ok(steps) => ids.push((noun.clone(), steps)),
                Err(why) => rejected.push((component.cloned().unwrap_or_default(), why)),
            }
        }
        if wraps && outermost {
            for (object, access) in self.objects_in(name) {
                let inner = self.ids_of(object, false, rejected).into_iter();
                ids.extend(inner.map(|(noun, steps)| (noun, [vec![access.clone()], steps].concat())));
            }
        }
        ids
    }

    /// Resolves a path of properties that ends at a string.
    fn path(&self, name: &str, path: &str) -> Result<Vec<FieldStep>, String> {
        let mut name = name.to_owned();
        let mut steps = Vec::new();
        for wire in path.split('.') {
            let made = self.types.structs.get(&name);
            let field = made.and_then(|made| made.field(wire));
            let field = field
                .ok_or_else(|| format!("the path `{path}` in `x-webhook-ids` has the unknown property `{wire}`"))?;
            let (next, kind) = match &field.ty {
                Ty::Named(next) => (next.clone(), FieldKind::Object),
                Ty::Boxed(inner) => (inner.name().unwrap_or_default().to_owned(), FieldKind::Boxed),
                Ty::List(inner) => (inner.name().unwrap_or_default().to_owned(), FieldKind::List),
                ty if ty.is("::std::string::String") => (String::new(), FieldKind::Text),
                _ => return Err(format!("the path `{path}` in `x-webhook-ids` does not end at a string")),
            };
            steps.push(FieldStep {
                ident: field.ident.clone(),
                kind,
            });
            name = next;
        }
        match steps.last() {
            Some(FieldStep {
                kind: FieldKind::Text, ..
            }) => Ok(steps),
            _ => Err(format!("the path `{path}` in `x-webhook-ids` does not end at a string")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::types_of;
    use super::*;
    use serde_json::json;

    fn types(objects: &[(&str, &[(&str, Ty)])]) -> Types {
        let fields = |fields: &[(&str, Ty)]| {
            fields
                .iter()
                .map(|(name, ty)| ((*name).to_owned(), ty.clone()))
                .collect()
        };
        types_of(objects.iter().map(|(name, described)| (*name, fields(described))))
    }

    fn text() -> Ty {
        Ty::Known("::std::string::String".to_owned())
    }

    fn named(name: &str) -> Ty {
        Ty::Named(name.to_owned())
    }

    fn read_marks(schemas: Value) -> (Webhooks, Vec<Rejected>) {
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
    fn items_are_objects_with_a_type_or_keys() {
        let (made, rejected) = read_marks(json!({
            "contact": {"x-webhook-item": "contact"}, "lead": {"x-webhook-item": ["lead", "contact"]},
            "role": {"x-webhook-item": "role"}, "model": {"x-webhook-item": 7}, "record": {},
            "ticket": {"x-webhook-item": ["ticket", "issue"], "x-webhook-stub": "number"},
            "pair": {"x-webhook-item": {"keys": ["ticket", "record"]}},
        }));
        // serde_json keeps the order of keys or sorts them, depending on its features.
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
        let rejected = rejected
            .iter()
            .map(|(component, why)| (component.as_str(), why.as_str()));
        let expected = [
            ("lead", "another component has the type `contact`"),
            ("role", "the component is not an object"),
            ("model", "its `x-webhook-item` has neither a `type` nor `keys`"),
        ];
        assert_eq!(rejected.collect::<BTreeMap<_, _>>(), expected.into());
    }

    #[test]
    fn records_and_ids_are_found_at_any_depth() {
        let (made, rejected) = read_marks(json!({
            "contact": {"x-webhook-item": "contact"},
            "ticket": {"x-webhook-item": "ticket", "x-webhook-ids": {"contact": "contacts.id", "lead": "contacts.size"}},
            "record": {"x-webhook-ids": {"conversation": "model.id"}},
            "pair": {"x-webhook-item": {"keys": ["ticket"]}, "x-webhook-ids": {"admin": "missing"}},
        }));
        let records = made
            .records
            .iter()
            .map(|record| (record.method.as_str(), record.places.len()));
        let expected = [("contact", 1), ("ticket", 2), ("record", 1)];
        assert_eq!(records.collect::<BTreeMap<_, _>>(), expected.into());
        let ids = made.ids.iter().flat_map(|id| {
            id.places.iter().map(|(place, steps)| {
                let steps: Vec<&str> = steps.iter().map(|access| access.ident.as_str()).collect();
                format!("{} {} {}", id.method, made.items[*place].name, steps.join("."))
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
        let why: Vec<&str> = rejected.iter().map(|(_, why)| why.as_str()).collect();
        assert!(
            why.contains(&"the path `contacts.size` in `x-webhook-ids` does not end at a string"),
            "{why:?}"
        );
        assert!(
            why.contains(&"the path `missing` in `x-webhook-ids` has the unknown property `missing`"),
            "{why:?}"
        );
    }
}
