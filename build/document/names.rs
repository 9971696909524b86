//! Names of the description as names of Rust.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToSnakeCase};

/// Escapes one segment of a JSON pointer.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The segment of a JSON pointer, or of the URI fragment that holds one, as it was before it was escaped.
pub fn unescape(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let encoded = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = encoded.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

/// A name without case, underscores and punctuation: what two spellings of one name share.
pub fn fold(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Returns what a name of the description and the name that progenitor gives it in Rust have in common: the ASCII letters and
/// digits in lower case, after an `x` if no letter comes first. Two names with the same result can become one name in Rust.
pub fn alike(name: &str) -> String {
    let folded = match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        name => fold(name),
    };
    match folded.starts_with(|first: char| first.is_ascii_alphabetic()) {
        true => folded,
        false => format!("x{folded}"),
    }
}

/// The letters and digits that Rust takes everywhere; a quote joins, everything else separates.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| *c != '\'');
    letters
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// `snake_case`, in letters and digits: `ListAttachedContacts` and `listAttachedContacts` alike.
pub fn snake(name: &str) -> String {
    plain(name).to_snake_case()
}

/// `PascalCase`, in letters and digits.
pub fn pascal(name: &str) -> String {
    plain(name).to_pascal_case()
}

/// A function's, field's or parameter's name. `fallback` stands for a name without letters and digits.
pub fn ident(name: &str, fallback: &str) -> String {
    word(snake(name), fallback, "x", "_")
}

/// A type's or variant's name, likewise.
pub fn type_ident(name: &str, fallback: &str) -> String {
    word(pascal(name), fallback, "X", "Value")
}

/// `prefix` goes before a digit, `beside` behind a keyword.
fn word(mut name: String, fallback: &str, prefix: &str, beside: &str) -> String {
    if name.is_empty() {
        name = fallback.to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, prefix);
    }
    // `gen` is a keyword since the edition of 2024.
    if name == "gen" || syn::parse_str::<syn::Ident>(&name).is_err() {
        name.push_str(beside);
    }
    name
}

/// The names of one scope: each is given out once.
pub struct Taken {
    reserved: BTreeSet<&'static str>,
    /// What sets a name apart from a reserved one, and from a number behind it.
    apart: (&'static str, &'static str),
    given: BTreeSet<String>,
}

impl Taken {
    /// A scope in which `reserved` stands for something else.
    pub fn beside(reserved: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            reserved: reserved.into_iter().collect(),
            apart: ("_", "_"),
            given: BTreeSet::new(),
        }
    }

    /// The same for names of types and variants, which have no underscores.
    pub fn types_beside(reserved: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            apart: ("Value", ""),
            ..Self::beside(reserved)
        }
    }

    /// `wanted` while it is free; set apart when it is reserved, with a number when it is given.
    pub fn free(&mut self, wanted: &str) -> String {
        let wanted = match self.reserved.contains(wanted) {
            true => format!("{wanted}{}", self.apart.0),
            false => wanted.to_owned(),
        };
        let separator = if wanted.ends_with('_') { "" } else { self.apart.1 };
        let numbered = (2..).map(|number| format!("{wanted}{separator}{number}"));
        for name in [wanted.clone()].into_iter().chain(numbered) {
            if self.given.insert(name.clone()) {
                return name;
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(snake("ListAttachedContacts"), "list_attached_contacts");
        assert_eq!(snake("RetrieveACompanyById"), "retrieve_a_company_by_id");
        assert_eq!(snake("Bad Request - invalid number"), "bad_request_invalid_number");
        assert_eq!(pascal("create_contact_request"), "CreateContactRequest");
        assert_eq!(pascal("don't"), "Dont");
        assert_eq!(fold("pt-BR_content"), fold("PtBrContent"));
    }

    #[test]
    fn names_are_alike_when_progenitor_makes_the_same_of_them() {
        let same = [
            ["per_page", "perPage"],
            ["a-b", "AB"],
            ["type", "type_"],
            ["1", "x1"],
            ["1", "_1"],
            ["\u{20ac}", "x"],
            ["", "X"],
            ["+1", "plus1"],
        ];
        for [one, other] in same {
            assert_eq!(alike(one), alike(other));
        }
        assert_ne!(alike("ab"), alike("a1b"));
    }

    #[test]
    fn pointers() {
        assert_eq!(escape("/me~x"), "~1me~0x");
        assert_eq!(unescape("~1me~0x"), "/me~x");
        assert_eq!(unescape("Kunden%20%C3%BC%"), "Kunden ü%");
    }

    #[test]
    fn names_that_rust_does_not_take_become_ones() {
        for (name, expected) in [
            ("type", "type_"),
            ("self", "self_"),
            ("gen", "gen_"),
            ("123", "x123"),
            ("a-b", "a_b"),
            ("größe", "gr_e"),
            ("!?", "field_1"),
            ("", "field_1"),
        ] {
            assert_eq!(ident(name, "field_1"), expected, "{name}");
        }
        assert_eq!(type_ident("self", "Type1"), "SelfValue");
        assert_eq!(type_ident("2fa", "Type1"), "X2fa");
        assert_eq!(type_ident("≠", "Type1"), "Type1");
    }

    #[test]
    fn each_name_is_given_once() {
        let mut types = Taken::types_beside(["Box"]);
        let given = ["Tag", "Tag", "AB", "AB", "Box", "Box"].map(|wanted| types.free(wanted));
        assert_eq!(given, ["Tag", "Tag2", "AB", "AB2", "BoxValue", "BoxValue2"]);
        let mut taken = Taken::beside(["send"]);
        let given: Vec<String> = ["a_b", "a_b", "a_b", "send", "send"]
            .iter()
            .map(|wanted| taken.free(wanted))
            .collect();
        assert_eq!(given, ["a_b", "a_b_2", "a_b_3", "send_", "send_2"]);
    }
}
