//! Puts large objects in boxes, so that an object that has none of them takes little memory.
//!
//! A list of `{}` takes three bytes of text for each item, and the size of the item's type in memory.

use std::collections::BTreeMap;

use super::Types;
use super::ty::Ty;

/// A field of an object takes at most this many bytes; a larger one is put in a box.
const LARGEST_FIELD: usize = 192;
/// An object takes at most this many bytes as long as there are objects in it that can be put in boxes.
const LARGEST_OBJECT: usize = 2048;

/// Puts the large objects in the fields of other objects in boxes.
pub fn box_large_fields(types: &mut Types) {
    let mut sizes = Sizes {
        types,
        objects: BTreeMap::new(),
    };
    let names: Vec<&String> = types.structs.keys().collect();
    for name in names {
        sizes.object(name);
    }
    let objects = sizes.objects;
    for (name, made) in &mut types.structs {
        let boxed = objects
            .get(name)
            .map(|object| object.boxed.as_slice())
            .unwrap_or_default();
        for place in boxed {
            if let Some(field) = made.fields.get_mut(*place) {
                field.ty = in_box(&field.ty);
            }
        }
    }
}

fn in_box(ty: &Ty) -> Ty {
    match ty {
        Ty::Nullable(inner) => Ty::Nullable(Box::new(in_box(inner))),
        ty => Ty::Boxed(Box::new(ty.clone())),
    }
}

/// What an object takes, and which of its fields are put in boxes.
#[derive(Clone, Default)]
struct Object {
    size: usize,
    boxed: Vec<usize>,
}

struct Sizes<'a> {
    types: &'a Types,
    objects: BTreeMap<String, Object>,
}

/// The size of a pointer.
const POINTER: usize = 8;
/// The size of a list or a text.
const LIST: usize = 24;

impl Sizes<'_> {
    /// The size of a field of this type, about: what it is laid out as is the compiler's choice.
    fn of(&mut self, ty: &Ty) -> usize {
        match ty {
            Ty::Known(path) => match path.as_str() {
                "bool" => 1,
                "i64" | "f64" | "crate::Timestamp" => 16,
                "::serde_json::Value" => 32,
                _ => LIST,
            },
            Ty::Named(name) => {
                if self.types.structs.contains_key(name) {
                    return self.object(name);
                }
                if let Some(newtype) = self.types.newtypes.get(name) {
                    return self.of(&newtype.inner);
                }
                let union = self.types.unions.get(name);
                let forms = union.into_iter().flat_map(|union| &union.variants);
                let largest = forms.map(|(_, form)| self.of(form)).max();
                largest.map_or(LIST, |largest| largest.max(32) + POINTER)
            }
            Ty::List(_) => LIST,
            Ty::Map(_) => 2 * POINTER,
            Ty::Boxed(_) => POINTER,
            Ty::Nullable(inner) => self.of(inner),
        }
    }

    /// The size of an object, once its large fields are in boxes.
    fn object(&mut self, name: &str) -> usize {
        if let Some(object) = self.objects.get(name) {
            return object.size;
        }
        // A type that holds itself is boxed where it does, so that this stands for nothing.
        self.objects.insert(name.to_owned(), Object::default());
        let types = self.types;
        let fields = types.structs.get(name).map(|made| made.fields.as_slice());
        let fields = fields.unwrap_or_default();
        let mut sizes: Vec<usize> = fields.iter().map(|field| self.of(&field.ty)).collect();
        let mut boxed = Vec::new();
        loop {
            let size = sizes.iter().sum::<usize>() + 2 * POINTER;
            let largest = sizes.iter().copied().enumerate().filter(|(place, size)| {
                let object = fields.get(*place).is_some_and(|field| holds_object(&field.ty, types));
                object && *size > POINTER
            });
            match largest.max_by_key(|(_, size)| *size) {
                Some((place, largest)) if largest > LARGEST_FIELD || size > LARGEST_OBJECT => {
                    // Fields of one type are alike to callers.
                    let ty = fields.get(place).map(|field| &field.ty);
                    let alike = fields.iter().zip(&mut sizes).enumerate();
                    for (place, (_, size)) in alike.filter(|(_, (field, _))| Some(&field.ty) == ty) {
                        boxed.push(place);
                        *size = POINTER;
                    }
                }
                _ => {
                    self.objects.insert(name.to_owned(), Object { size, boxed });
                    return size;
                }
            }
        }
    }
}

/// Whether a field of this type holds an object in itself.
fn holds_object(ty: &Ty, types: &Types) -> bool {
    match ty {
        Ty::Named(name) => types.structs.contains_key(name) || types.unions.contains_key(name),
        Ty::Nullable(inner) => holds_object(inner, types),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Struct};
    use super::*;

    fn types(objects: &[(&str, &[(&str, usize)])]) -> Types {
        let field = |ident: String, ty: Ty| Field {
            setter: ident.clone(),
            wire: ident.clone(),
            ident,
            doc: String::new(),
            ty,
            required: false,
        };
        let made = objects.iter().map(|(name, fields)| {
            let fields = fields.iter().flat_map(|(ty, count)| {
                let ty = match *ty {
                    "text" => Ty::Known("::std::string::String".to_owned()),
                    name => Ty::Named(name.to_owned()),
                };
                (0..*count).map(move |i| field(format!("field_{i}"), ty.clone()))
            });
            let made = Struct {
                name: (*name).to_owned(),
                doc: String::new(),
                in_requests: false,
                in_responses: true,
                fields: fields.collect(),
                forms: Vec::new(),
            };
            ((*name).to_owned(), made)
        });
        Types {
            structs: made.collect(),
            ..Types::default()
        }
    }

    fn boxed(types: &Types, name: &str) -> usize {
        let fields = types.structs[name].fields.iter();
        fields.filter(|field| matches!(field.ty, Ty::Boxed(_))).count()
    }

    #[test]
    fn large_objects_are_boxed_and_small_ones_where_there_are_many() {
        let mut types = types(&[
            ("Few", &[("Small", 5), ("Large", 1)]),
            ("Large", &[("text", 9)]),
            ("Many", &[("Small", 40), ("text", 2)]),
            ("Outer", &[("Few", 1), ("Many", 1)]),
            ("Small", &[("text", 2)]),
        ]);
        box_large_fields(&mut types);
        assert_eq!(boxed(&types, "Few"), 1);
        // 40 of 64 bytes are more than 2,048.
        assert_eq!(boxed(&types, "Many"), 40);
        assert_eq!(boxed(&types, "Outer"), 2);
        assert_eq!(boxed(&types, "Small") + boxed(&types, "Large"), 0);
    }
}
