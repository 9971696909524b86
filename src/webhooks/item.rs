//! The item of a notification, as the type that its own `type` names.

use serde_json::Value;

use crate::wire::decode::Decode;
use crate::wire::reader::{Fault, Reader};

/// Declares `Item` over the types of the description: `Variant(Type) = "type on the wire";`.
macro_rules! items {
    ($( $variant:ident($ty:ty) = $kind:literal; )*) => {
        /// What a notification is about, as the API's type that its field `type` names. A type whose group of operations is not
        /// enabled, such as `Ticket` without the feature `tickets`, has no variant: such items are [`Other`](Self::Other).
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Item {
            $(
                #[doc = concat!("Of the type `", $kind, "`.")]
                $variant(::std::boxed::Box<$ty>),
            )*
            /// Of any other type, as it came.
            Other(::serde_json::Value),
        }

        impl ::serde::Serialize for Item {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(item) => item.serialize(serializer), )*
                    Self::Other(item) => item.serialize(serializer),
                }
            }
        }

        impl crate::wire::decode::Decode for Item {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                let forms: &[(&str, crate::webhooks::item::Form<Self>)] = &[$(
                    ($kind, |reader| crate::wire::decode::Decode::decode(reader).map(Self::$variant)),
                )*];
                crate::webhooks::item::read(forms, Self::Other, reader)
            }
        }

        crate::wire::deserialize::readable! { Item }
    };
}
pub(crate) use items;

/// Reads an item of one type.
pub(crate) type Form<T> = fn(&mut Reader<'_>) -> Result<T, Fault>;

/// Reads an item by the form of its `type`, or as any JSON where there is none.
pub(crate) fn read<T>(forms: &[(&str, Form<T>)], other: fn(Value) -> T, reader: &mut Reader<'_>) -> Result<T, Fault> {
    let kind = kind(reader)?;
    match forms.iter().find(|(name, _)| Some(*name) == kind.as_deref()) {
        Some((_, form)) => form(reader),
        None => Value::decode(reader).map(other),
    }
}

/// The `type` of an object, which is then still to be read.
fn kind(reader: &mut Reader<'_>) -> Result<Option<String>, Fault> {
    if reader.peek()? != b'{' {
        return Ok(None);
    }
    let begin = reader.place();
    let mut kind = None;
    reader.object("an object", |reader, name| {
        if name == "type"
            && let Some(text) = reader.string()?
        {
            kind = Some(text.into_owned());
            return Ok(());
        }
        reader.skip()
    })?;
    reader.back(begin);
    Ok(kind)
}
