//! Boxes large fields, so that an object without them is small.
//!
//! An item `{}` of a list takes three bytes of JSON, but the size of its type in memory.

use std::collections::BTreeMap;

use super::Types;
use super::ty::Ty;

/// The maximum size of a field without a box, in bytes.
const MAX_FIELD_BYTES: usize = 192;
/// The maximum size of an object, in bytes, if it has fields that can be boxed.
const MAX_OBJECT_BYTES: usize = 2048;

/// Boxes the large fields of all objects.
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

/// The size of an object, and the indexes of its boxed fields.
#[derive(Clone, Default)]
struct Object {
    size: usize,
    boxed: Vec<usize>,
}

struct Sizes<'a> {
    types: &'a Types,
    objects: BTreeMap<String, Object>,
}

/// The size of a pointer, in bytes.
const POINTER_BYTES: usize = 8;
/// The size of a list or a string, in bytes.
const LIST_BYTES: usize = 24;

impl Sizes<'_> {
    /// Returns the approximate size of a field of this type; the compiler chooses the layout.
    fn of(&mut self, ty: &Ty) -> usize {
        match ty {
            Ty::Known(path) => match path.as_str() {
                "bool" => 1,
                "i64" | "f64" | "crate::Timestamp" => 16,
                "::serde_json::Value" => 32,
                _ => LIST_BYTES,
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
                largest.map_or(LIST_BYTES, |largest| largest.max(32) + POINTER_BYTES)
            }
            Ty::List(_) => LIST_BYTES,
            Ty::Map(_) => 2 * POINTER_BYTES,
            Ty::Boxed(_) => POINTER_BYTES,
            Ty::Nullable(inner) => self.of(inner),
        }
    }

    /// Returns the size of an object whose large fields are boxed.
    fn object(&mut self, name: &str) -> usize {
        if let Some(object) = self.objects.get(name) {
            return object.size;
        }
        // A recursive type is already boxed, so the size of this placeholder is never used.
        self.objects.insert(name.to_owned(), Object::default());
        let types = self.types;
        let fields = types.structs.get(name).map(|made| made.fields.as_slice());
        let fields = fields.unwrap_or_default();
        let mut sizes: Vec<usize> = fields.iter().map(|field| self.of(&field.ty)).collect();
        let mut boxed = Vec::new();
        loop {
            let size = sizes.iter().sum::<usize>() + 2 * POINTER_BYTES;
            let largest = sizes.iter().copied().enumerate().filter(|(place, size)| {
                let object = fields.get(*place).is_some_and(|field| holds_object(&field.ty, types));
                object && *size > POINTER_BYTES
            });
            match largest.max_by_key(|(_, size)| *size) {
                Some((place, largest)) if largest > MAX_FIELD_BYTES || size > MAX_OBJECT_BYTES => {
                    // All fields of one type are boxed together, so that callers can treat them
                    // alike.
                    let ty = fields.get(place).map(|field| &field.ty);
                    let alike = fields.iter().zip(&mut sizes).enumerate();
                    for (place, (_, size)) in alike.filter(|(_, (field, _))| Some(&field.ty) == ty) {
                        boxed.push(place);
                        *size = POINTER_BYTES;
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

/// Returns `true` if a field of this type contains an object inline.
fn holds_object(ty: &Ty, types: &Types) -> bool {
    match ty {
        Ty::Named(name) => types.structs.contains_key(name) || types.unions.contains_key(name),
        Ty::Nullable(inner) => holds_object(inner, types),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::types_of;
    use super::*;

    /// Returns types with this number of fields of each type; `text` is a string.
    fn types(objects: &[(&str, &[(&str, usize)])]) -> Types {
        types_of(objects.iter().map(|(name, fields)| {
            let types = fields.iter().flat_map(|(ty, count)| std::iter::repeat_n(*ty, *count));
            let fields = types.enumerate().map(|(place, ty)| {
                let ty = match ty {
                    "text" => Ty::Known("::std::string::String".to_owned()),
                    name => Ty::Named(name.to_owned()),
                };
                (format!("field_{place}"), ty)
            });
            (*name, fields.collect::<Vec<_>>())
        }))
    }

    fn boxed(types: &Types, name: &str) -> usize {
        let fields = types.structs[name].fields.iter();
        fields.filter(|field| matches!(field.ty, Ty::Boxed(_))).count()
    }

    #[test]
    fn large_fields_are_boxed_and_small_ones_in_large_objects() {
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
