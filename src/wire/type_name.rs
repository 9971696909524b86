//! The `type` of objects in responses. Most values are known from the description, so that they take
//! no allocation.

use std::borrow::Cow;

use super::decode::{Decode, text};
use super::reader::{Fault, Reader};
use crate::generated::TYPE_NAMES;

/// The number of slots of the hash table, at least twice the number of names.
const SLOTS: usize = (TYPE_NAMES.len() * 2 + 1).next_power_of_two();

/// The names, each in the first free slot from its own. A free slot contains an empty text.
static TABLE: [&str; SLOTS] = {
    let mut table = [""; SLOTS];
    let mut i = 0;
    while i < TYPE_NAMES.len() {
        let mut slot = slot_of(TYPE_NAMES[i].as_bytes());
        while !table[slot].is_empty() {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = TYPE_NAMES[i];
        i += 1;
    }
    table
};

/// Returns the slot of a name, from its length and three of its characters.
const fn slot_of(name: &[u8]) -> usize {
    match name {
        [] => 0,
        [first, .., last] => {
            let middle = name[name.len() / 2];
            (name.len() * 3 + *first as usize * 5 + middle as usize * 17 + *last as usize * 41) % SLOTS
        }
        [only] => *only as usize % SLOTS,
    }
}

/// Returns a name of the description that is equal to `name`.
fn known(name: &str) -> Option<&'static str> {
    let (before, from) = TABLE.split_at(slot_of(name.as_bytes()));
    from.iter()
        .chain(before)
        .take_while(|known| !known.is_empty())
        .find(|known| **known == name)
        .copied()
}

/// A name that the description contains is borrowed from it.
impl Decode for Cow<'static, str> {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let name = text(reader, "a string")?;
        Ok(match known(&name) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(name.into_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_borrowed_and_others_are_copied() {
        let read = |json: &str| Cow::<str>::decode(&mut Reader::new(json)).unwrap();
        for name in TYPE_NAMES {
            assert!(
                matches!(read(&format!("\"{name}\"")), Cow::Borrowed(known) if known == *name),
                "{name}"
            );
        }
        for (json, text) in [
            (r#""""#, ""),
            (r#""x""#, "x"),
            (r#""contac\u0074s-of-another-kind""#, "contacts-of-another-kind"),
            ("12", "12"),
        ] {
            assert!(matches!(read(json), Cow::Owned(copied) if copied == text), "{json}");
        }
        assert!(Cow::<str>::decode(&mut Reader::new("[]")).is_err());
    }
}
