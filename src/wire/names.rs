//! The names of an object's fields, and how they are found in a text.

/// The name of a field on the wire.
#[derive(Debug)]
pub struct Name {
    text: &'static str,
    /// The first bytes of the name with its closing quote, and which of them count: compared at once, without a branch for
    /// each length.
    head: u128,
    mask: u128,
}

impl Name {
    const HEAD: usize = 16;

    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let (mut head, mut mask) = ([0; Self::HEAD], [0; Self::HEAD]);
        let mut i = 0;
        while i < Self::HEAD && i <= bytes.len() {
            head[i] = if i < bytes.len() { bytes[i] } else { b'"' };
            mask[i] = u8::MAX;
            i += 1;
        }
        Self {
            text,
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
        }
    }

    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Whether this name and its closing quote are what a text begins with.
    #[inline(always)]
    pub fn begins(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(head) if self.text.len() < Self::HEAD => (u128::from_le_bytes(*head) ^ self.head) & self.mask == 0,
            Some(head) if u128::from_le_bytes(*head) != self.head => false,
            _ => text.starts_with(self.text.as_bytes()) && text.get(self.text.len()) == Some(&b'"'),
        }
    }
}

/// In which order the names of one type come: servers write objects of a type alike.
#[derive(Debug)]
pub(crate) struct Order {
    pub names: &'static [Name],
    /// Which name came after each one the last time; after none, at the end of the list.
    after: Vec<u16>,
}

impl Order {
    /// The order of the description, until another is seen.
    pub(crate) fn new(names: &'static [Name]) -> Self {
        let count = u16::try_from(names.len()).unwrap_or(u16::MAX);
        Self {
            names,
            after: (1..=count).chain([0]).collect(),
        }
    }

    /// Where a type has not come yet.
    pub(crate) const BEGIN: usize = usize::MAX;

    /// The place of the name that is to be expected after the one at `last`.
    #[inline(always)]
    pub(crate) fn next(&self, last: usize) -> usize {
        let after = self.after.get(last).or(self.after.last());
        after.map_or(Self::BEGIN, |place| usize::from(*place))
    }

    /// Looks for a name that was not expected after the one at `last`, and expects it there from now on.
    #[cold]
    pub(crate) fn find(&mut self, name: &str, last: usize) -> Option<usize> {
        let place = self.names.iter().position(|known| known.text == name)?;
        let end = self.after.len() - 1;
        if let (Some(after), Ok(place)) = (self.after.get_mut(last.min(end)), u16::try_from(place)) {
            *after = place;
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_every_byte_and_their_end() {
        for text in [
            "",
            "id",
            "created_at",
            "fifteen_letters",
            "sixteen_letters_",
            "longer_than_sixteen_letters",
            "é",
        ] {
            let name = Name::new(text.to_owned().leak());
            for (other, same) in [
                (format!("{text}\":1"), true),
                (format!("{text}\": \"a longer value than that\""), true),
                (format!("{text}x\":1, \"and\": 1, \"more\": 1}}"), false),
                (format!("x{text}\":1, \"and\": 1, \"more\": 1}}"), false),
                (text.to_owned(), false),
                (
                    text.get(1..).unwrap_or("x").to_owned() + "\":1, \"and more\": 1}",
                    false,
                ),
            ] {
                assert_eq!(name.begins(other.as_bytes()), same, "{text} {other}");
            }
        }
    }

    #[test]
    fn an_order_is_learnt() {
        static NAMES: [Name; 3] = [Name::new("a"), Name::new("b"), Name::new("c")];
        let mut order = Order::new(&NAMES);
        assert_eq!([Order::BEGIN, 0, 1, 2].map(|last| order.next(last)), [0, 1, 2, 3]);
        assert_eq!(
            (order.find("c", Order::BEGIN), order.find("a", 2), order.find("x", 0)),
            (Some(2), Some(0), None)
        );
        assert_eq!([Order::BEGIN, 2, 0].map(|last| order.next(last)), [2, 0, 1]);
        let none = Order::new(&[]);
        assert_eq!(none.names.get(none.next(Order::BEGIN)).map(Name::text), None);
    }
}
