//! The item of a notification, as the type that its own `type`, or else its properties, name.

use serde_json::Value;

use super::stub::Stub;
use crate::wire::decode::Decode;
use crate::wire::list::List;
use crate::wire::reader::{Fault, Reader};

/// Declares `Item` over the types of the description: `Variant(Type) = ["type on the wire"] ["property"] stub;`, where items
/// without a type are recognized by the properties, and `stub` names the property that has the id in stubs.
macro_rules! items {
    ($( #[$doc:meta] $variant:ident($ty:ty) = [$($kind:literal),*] [$($key:literal),*] $stub:expr; )*) => {
        /// What a notification is about, as the type that the item's field `type` names, or its properties if it has no type.
        ///
        /// A type whose group of operations is not enabled, such as `Ticket` without the feature `tickets`, has no variant: such
        /// items are [`Other`](Self::Other).
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Item {
            $(
                #[$doc]
                $variant(::std::boxed::Box<$ty>),
            )*
            /// What is left of a deleted or archived record: its id, and little else. It is not a record to store.
            Stub(::std::boxed::Box<crate::webhooks::Stub>),
            /// An item of any other type, as it was sent.
            Other(::serde_json::Value),
        }

        impl Item {
            /// Returns `true` if the item only names a record that was deleted or archived.
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
                let forms: &[crate::webhooks::item::Form<Self>] = &[$(
                    crate::webhooks::item::Form {
                        kinds: &[$($kind),*],
                        keys: &[$($key),*],
                        stub: $stub,
                        read: |reader| crate::wire::decode::Decode::decode(reader).map(Self::$variant),
                    },
                )*];
                crate::webhooks::item::read(forms, Self::Other, |stub| Self::Stub(::std::boxed::Box::new(stub)), reader)
            }
        }

        crate::wire::deserialize::readable! { Item }
    };
}
pub(crate) use items;

/// A type that items are read as.
pub(crate) struct Form<T> {
    /// The values of `type`.
    pub(crate) kinds: &'static [&'static str],
    /// The objects that an item without a `type` holds.
    pub(crate) keys: &'static [&'static str],
    /// The property that has the id in stubs, if it is not `id`.
    pub(crate) stub: Option<&'static str>,
    /// Reads an item.
    pub(crate) read: fn(&mut Reader<'_>) -> Result<T, Fault>,
}

/// Reads an item by the form of its `type`, by the form whose objects it holds, as a stub, or as any JSON.
pub(crate) fn read<T>(
    forms: &[Form<T>],
    other: fn(Value) -> T,
    stub: fn(Stub) -> T,
    reader: &mut Reader<'_>,
) -> Result<T, Fault> {
    let outline = outline(forms, reader)?;
    let form = match &outline.kind {
        Some(kind) => forms.iter().find(|form| form.kinds.contains(&kind.as_str())),
        None => {
            let held =
                |form: &&Form<T>| !form.keys.is_empty() && form.keys.iter().all(|key| outline.held.contains(key));
            forms.iter().filter(held).max_by_key(|form| form.keys.len())
        }
    };
    let named = form
        .and_then(|form| form.stub)
        .filter(|name| outline.names.contains(name));
    if !outline.dated && (outline.gone || named.is_some() && !outline.has_id) {
        return Stub::decode(reader).map(|read| stub(read.named_by(named)));
    }
    match form {
        Some(form) => (form.read)(reader),
        None => Value::decode(reader).map(other),
    }
}

/// What tells an item's form.
#[derive(Default)]
struct Outline {
    kind: Option<String>,
    has_id: bool,
    /// Whether it says that it was deleted or archived.
    gone: bool,
    /// Whether it tells when it was made or last changed, which stubs do not.
    dated: bool,
    /// The properties among those of the forms that hold an object.
    held: Vec<&'static str>,
    /// The properties among those of the forms that name a stub.
    names: Vec<&'static str>,
}

/// The outline of an object, which is then still to be read.
fn outline<T>(forms: &[Form<T>], reader: &mut Reader<'_>) -> Result<Outline, Fault> {
    let mut outline = Outline::default();
    if reader.peek()? != b'{' {
        return Ok(outline);
    }
    let start = reader.position();
    reader.object("an object", |reader, name| {
        match name.as_ref() {
            "type" => {
                if let Some(text) = reader.string()? {
                    outline.kind = Some(text.into_owned());
                    return Ok(());
                }
            }
            "id" => outline.has_id = reader.peek()? != b'n',
            "deleted" | "archived" => outline.gone |= reader.peek()? == b't',
            "created_at" | "updated_at" => outline.dated |= reader.peek()? != b'n',
            name => {
                if reader.peek()? == b'{' {
                    let keys = forms.iter().flat_map(|form| form.keys);
                    outline.held.extend(keys.copied().find(|key| *key == name));
                } else {
                    let stubs = forms.iter().filter_map(|form| form.stub);
                    outline.names.extend(stubs.into_iter().find(|stub| *stub == name));
                }
            }
        }
        reader.skip()
    })?;
    reader.rewind(start);
    Ok(outline)
}

/// The item of a list that has one item, so that it is certain which one is meant.
#[allow(dead_code)] // whether there is such a list depends on the description
pub(crate) fn only<T>(list: &List<T>) -> Option<&T> {
    match list.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The id of a record in an item whose type this version does not know: the item's own, that of an object named after the record,
/// or the one of a property named after the record's id.
#[allow(dead_code)] // whether there are records depends on the description
pub(crate) fn id_in<'a>(item: &'a Value, noun: &str, kinds: &[&str]) -> Option<&'a str> {
    let own = item["type"].as_str().is_some_and(|kind| kinds.contains(&kind));
    let own = own.then(|| item["id"].as_str()).flatten();
    own.or_else(|| item[noun]["id"].as_str())
        .or_else(|| item.get(format!("{noun}_id"))?.as_str())
}
