//! Items of notifications: a type for each `type`, or for each combination of objects if the item
//! has no `type`.

use serde_json::Value;

use super::stub::Stub;
use crate::wire::decode::Decode;
use crate::wire::list::List;
use crate::wire::reader::{Fault, Reader};

/// Declares `Item` with a variant per line: `Variant(Type) = ["type on the wire"] ["property"]
/// stub;`.
///
/// Items without a `type` are recognized by the objects in these properties. `stub` is the property
/// that contains the id in stubs.
macro_rules! items {
    ($( #[$doc:meta] $variant:ident($ty:ty) = [$($name:literal),*] [$($key:literal),*] $stub:expr; )*) => {
        /// The object that a notification is about.
        ///
        /// The variant is determined by the field `type` of the item, or by its objects if it has
        /// no `type`. Types of groups that are not enabled have no variant, such as `Ticket`
        /// without the feature `tickets`; their items are [`Other`](Self::Other).
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Item {
            $(
                #[$doc]
                $variant(::std::boxed::Box<$ty>),
            )*
            /// The id of a deleted or archived record. Must not be stored as the record.
            Stub(::std::boxed::Box<crate::webhooks::Stub>),
            /// An item of any other type, unchanged.
            Other(::serde_json::Value),
        }

        impl Item {
            /// Returns `true` if the item is a stub of a deleted or archived record.
            pub fn is_stub(&self) -> bool {
                matches!(self, Self::Stub(_))
            }
        }

        impl ::serde::Serialize for Item {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(item) => item.serialize(serializer), )*
                    Self::Stub(item) => item.serialize(serializer),
                    Self::Other(item) => item.serialize(serializer),
                }
            }
        }

        impl crate::wire::decode::Decode for Item {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                let variants: &[crate::webhooks::item::Variant<Self>] = &[$(
                    crate::webhooks::item::Variant {
                        types: &[$($name),*],
                        objects: &[$($key),*],
                        stub_id: $stub,
                        read: |reader| crate::wire::decode::Decode::decode(reader).map(Self::$variant),
                    },
                )*];
                crate::webhooks::item::read(variants, Self::Other, |stub| Self::Stub(::std::boxed::Box::new(stub)), reader)
            }
        }

        crate::wire::deserialize::readable! { Item }
    };
}
pub(crate) use items;

/// A variant of `Item`.
pub(crate) struct Variant<T> {
    /// The values of `type`.
    pub(crate) types: &'static [&'static str],
    /// The properties with objects by which an item without a `type` is recognized.
    pub(crate) objects: &'static [&'static str],
    /// The property that contains the id in stubs, if it is not `id`.
    pub(crate) stub_id: Option<&'static str>,
    /// Reads an item.
    pub(crate) read: fn(&mut Reader<'_>) -> Result<T, Fault>,
}

/// Reads an item as a stub, as the variant of its `type` or objects, or as any JSON.
pub(crate) fn read<T>(
    variants: &[Variant<T>],
    other: fn(Value) -> T,
    stub: fn(Stub) -> T,
    reader: &mut Reader<'_>,
) -> Result<T, Fault> {
    let outline = outline(variants, reader)?;
    let variant = match &outline.type_ {
        Some(type_) => variants.iter().find(|variant| variant.types.contains(&type_.as_str())),
        None => {
            let has_objects = |variant: &&Variant<T>| {
                let mut objects = variant.objects.iter();
                !variant.objects.is_empty() && objects.all(|name| outline.objects.contains(name))
            };
            let matching = variants.iter().filter(has_objects);
            matching.max_by_key(|variant| variant.objects.len())
        }
    };
    let stub_id = variant
        .and_then(|variant| variant.stub_id)
        .filter(|name| outline.stub_ids.contains(name));
    let has_only_stub_id = stub_id.is_some() && !outline.has_id;
    if !outline.has_date && (outline.is_gone || has_only_stub_id) {
        return Stub::decode(reader).map(|read| stub(read.with_id_field(stub_id)));
    }
    match variant {
        Some(variant) => (variant.read)(reader),
        None => Value::decode(reader).map(other),
    }
}

/// The properties of an item that determine its variant.
#[derive(Default)]
struct Outline {
    type_: Option<String>,
    has_id: bool,
    /// Whether the record was deleted or archived.
    is_gone: bool,
    /// Whether the item has the time of its creation or last change. Stubs have neither.
    has_date: bool,
    /// The properties of variants that contain an object.
    objects: Vec<&'static str>,
    /// The properties of variants that contain the id of a stub.
    stub_ids: Vec<&'static str>,
}

/// Reads the outline of an item, and resets the reader to the start of the item.
fn outline<T>(variants: &[Variant<T>], reader: &mut Reader<'_>) -> Result<Outline, Fault> {
    let mut outline = Outline::default();
    if reader.peek()? != b'{' {
        return Ok(outline);
    }
    let start = reader.position();
    reader.object("an object", |reader, name| {
        match name.as_ref() {
            "type" => {
                if let Some(text) = reader.string()? {
                    outline.type_ = Some(text.into_owned());
                    return Ok(());
                }
            }
            "id" => outline.has_id = reader.peek()? != b'n',
            "deleted" | "archived" => outline.is_gone |= reader.peek()? == b't',
            "created_at" | "updated_at" => outline.has_date |= reader.peek()? != b'n',
            name => {
                if reader.peek()? == b'{' {
                    let objects = variants.iter().flat_map(|variant| variant.objects);
                    outline.objects.extend(objects.copied().find(|object| *object == name));
                } else {
                    let stub_ids = variants.iter().filter_map(|variant| variant.stub_id);
                    outline.stub_ids.extend(stub_ids.into_iter().find(|id| *id == name));
                }
            }
        }
        reader.skip()
    })?;
    reader.rewind(start);
    Ok(outline)
}

/// Returns the item of a list with exactly one item.
#[allow(dead_code)] // whether there is such a list depends on the description
pub(crate) fn only<T>(list: &List<T>) -> Option<&T> {
    match list.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// Returns the id of a record in an item of an unknown type: the `id` of the item, of an object
/// named `noun`, or the property `<noun>_id`.
#[allow(dead_code)] // whether there are records depends on the description
pub(crate) fn id_in<'a>(item: &'a Value, noun: &str, types: &[&str]) -> Option<&'a str> {
    let own = item["type"].as_str().is_some_and(|name| types.contains(&name));
    let own = own.then(|| item["id"].as_str()).flatten();
    own.or_else(|| item[noun]["id"].as_str())
        .or_else(|| item.get(format!("{noun}_id"))?.as_str())
}
