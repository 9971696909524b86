//! The names of the fields of a type, and how a reader finds the field for a name.

/// The name of a field in JSON.
#[derive(Debug)]
pub struct Name {
    text: &'static str,
    /// The first bytes of the name and its closing quote.
    head: u128,
    /// The bytes of `head` that are compared. Names of every length are compared without a branch.
    mask: u128,
    /// The last bytes of the name and its closing quote, if the name is longer than `head`.
    tail: u128,
}

impl Name {
    const HEAD: usize = 16;

    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let (mut head, mut mask, mut tail) = ([0; Self::HEAD], [0; Self::HEAD], [0; Self::HEAD]);
        let mut i = 0;
        while i <= bytes.len() {
            let byte = if i < bytes.len() { bytes[i] } else { b'"' };
            if i < Self::HEAD {
                head[i] = byte;
                mask[i] = u8::MAX;
            }
            if i + Self::HEAD > bytes.len() && bytes.len() >= Self::HEAD {
                tail[i + Self::HEAD - 1 - bytes.len()] = byte;
            }
            i += 1;
        }
        Self {
            text,
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
            tail: u128::from_le_bytes(tail),
        }
    }

    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Returns `true` if `text` starts with this name and its closing quote.
    #[inline(always)]
    pub fn is_prefix_of(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(head) if self.text.len() < Self::HEAD => (u128::from_le_bytes(*head) ^ self.head) & self.mask == 0,
            Some(head) if u128::from_le_bytes(*head) != self.head => false,
            // The head and the tail cover the name and its quote.
            Some(_) if self.text.len() < 2 * Self::HEAD => {
                let tail = text
                    .get(self.text.len() + 1 - Self::HEAD..)
                    .and_then(<[u8]>::first_chunk);
                tail.is_some_and(|tail| u128::from_le_bytes(*tail) == self.tail)
            }
            _ => text.starts_with(self.text.as_bytes()) && text.get(self.text.len()) == Some(&b'"'),
        }
    }
}

/// The order in which the names of one type appear in objects. Servers write all objects of a type in the same order.
///
/// Without it, decoding 150 contacts in the order of real servers takes 14 % more instructions, and up to 52 % more in an order
/// unlike that of the description.
#[derive(Debug)]
pub(crate) struct Order {
    pub names: &'static [Name],
    /// For each name, the index of the name that followed it last. The last entry is for the start of the object.
    successors: Vec<u16>,
}

impl Order {
    /// The start of an object, and an unknown successor.
    pub(crate) const START: usize = usize::MAX;

    /// Creates the order of the description.
    pub(crate) fn new(names: &'static [Name]) -> Self {
        let count = u16::try_from(names.len()).unwrap_or(u16::MAX);
        Self {
            names,
            successors: (1..=count).chain([0]).collect(),
        }
    }

    /// Returns the index of the name that is expected after the name at index `last`.
    #[inline(always)]
    pub(crate) fn next(&self, last: usize) -> usize {
        let successor = self.successors.get(last).or(self.successors.last());
        successor.map_or(Self::START, |index| usize::from(*index))
    }

    /// Expects the name at `index` after the name at index `last` from now on.
    #[cold]
    pub(crate) fn learn(&mut self, last: usize, index: usize) {
        let start = self.successors.len() - 1;
        if let (Some(successor), Ok(index)) = (self.successors.get_mut(last.min(start)), u16::try_from(index)) {
            *successor = index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_every_byte_and_by_their_end() {
        for text in [
            "",
            "id",
            "created_at",
            "fifteen_letters",
            "sixteen_letters_",
            "longer_than_sixteen_letters",
            "thirty_one_letters_have_a_tail_",
            "thirty_two_letters_are_too_long_",
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
                assert_eq!(name.is_prefix_of(other.as_bytes()), same, "{text} {other}");
            }
        }
    }

    #[test]
    fn order_follows_the_last_object() {
        static NAMES: [Name; 3] = [Name::new("a"), Name::new("b"), Name::new("c")];
        let mut order = Order::new(&NAMES);
        assert_eq!([Order::START, 0, 1, 2].map(|last| order.next(last)), [0, 1, 2, 3]);
        order.learn(Order::START, 2);
        order.learn(2, 0);
        assert_eq!([Order::START, 2, 0].map(|last| order.next(last)), [2, 0, 1]);
        let none = Order::new(&[]);
        assert_eq!(none.names.get(none.next(Order::START)).map(Name::text), None);
    }
}
