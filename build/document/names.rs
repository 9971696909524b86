//! Conversion of names in the description to Rust names.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToSnakeCase};

/// Escapes one segment of a JSON pointer.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// Reverses the escaping of a segment of a JSON pointer, also in a URI fragment.
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

/// Returns a name in lower case without underscores and punctuation, which is the same for all
/// spellings of a name.
pub fn fold(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Returns a key that is the same for a name of the description and the Rust name that progenitor
/// derives from it: the ASCII letters and digits in lower case, with the prefix `x` if the first
/// one is not a letter. Names with equal keys can collide in Rust.
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

/// Replaces all characters but ASCII letters and digits by underscores; quotes are removed.
fn ascii_words(name: &str) -> String {
    let letters = name.chars().filter(|c| *c != '\'');
    letters
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// Converts a name such as `ListAttachedContacts` or `listAttachedContacts` to `snake_case`.
pub fn snake(name: &str) -> String {
    ascii_words(name).to_snake_case()
}

/// Converts a name to `PascalCase`.
pub fn pascal(name: &str) -> String {
    ascii_words(name).to_pascal_case()
}

/// Returns the name of a function, field or parameter. `fallback` replaces a name without letters
/// and digits.
pub fn ident(name: &str, fallback: &str) -> String {
    word(snake(name), fallback, "x", "_")
}

/// Returns the name of a type or variant. `fallback` replaces a name without letters and digits.
pub fn type_ident(name: &str, fallback: &str) -> String {
    word(pascal(name), fallback, "X", "Value")
}

/// Adds `prefix` before a digit, and `suffix` after a keyword.
fn word(mut name: String, fallback: &str, prefix: &str, suffix: &str) -> String {
    if name.is_empty() {
        name = fallback.to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, prefix);
    }
    // `gen` is a keyword since the 2024 edition.
    if name == "gen" || syn::parse_str::<syn::Ident>(&name).is_err() {
        name.push_str(suffix);
    }
    name
}

/// The names in one scope. Each name is used once.
pub struct UniqueNames {
    reserved: BTreeSet<String>,
    used: BTreeSet<String>,
    /// Names with equal keys collide.
    key: fn(&str) -> String,
    /// The suffix of reserved names, and the separator before a number.
    affixes: (&'static str, &'static str),
}

impl UniqueNames {
    fn new(
        reserved: impl IntoIterator<Item = &'static str>,
        key: fn(&str) -> String,
        affixes: (&'static str, &'static str),
    ) -> Self {
        Self {
            reserved: reserved.into_iter().map(key).collect(),
            used: BTreeSet::new(),
            key,
            affixes,
        }
    }

    /// Creates a scope of functions, fields or constants. The names `reserved` are used by other
    /// items.
    pub fn values(reserved: impl IntoIterator<Item = &'static str>) -> Self {
        Self::new(reserved, str::to_owned, ("_", "_"))
    }

    /// Creates a scope of types or variants, whose names have no underscores.
    pub fn types(reserved: impl IntoIterator<Item = &'static str>) -> Self {
        Self::new(reserved, str::to_owned, ("Value", ""))
    }

    /// Creates a scope of names in the description, which collide if progenitor derives one Rust
    /// name from them. `suffix` is appended to reserved names; progenitor drops underscores at the
    /// end.
    pub fn described(reserved: impl IntoIterator<Item = &'static str>, suffix: &'static str) -> Self {
        Self::new(reserved, alike, (suffix, "_"))
    }

    /// Returns `wanted`, with a suffix if it is reserved, and with a number if it is used.
    pub fn free(&mut self, wanted: &str) -> String {
        let wanted = match self.reserved.contains(&(self.key)(wanted)) {
            true => format!("{wanted}{}", self.affixes.0),
            false => wanted.to_owned(),
        };
        let mut name = wanted.clone();
        for number in 2.. {
            if self.used.insert((self.key)(&name)) {
                break;
            }
            name = format!("{}{}{number}", wanted.trim_end_matches('_'), self.affixes.1);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_converted_to_snake_and_pascal_case() {
        assert_eq!(snake("ListAttachedContacts"), "list_attached_contacts");
        assert_eq!(snake("RetrieveACompanyById"), "retrieve_a_company_by_id");
        assert_eq!(snake("Bad Request - invalid number"), "bad_request_invalid_number");
        assert_eq!(pascal("create_contact_request"), "CreateContactRequest");
        assert_eq!(pascal("don't"), "Dont");
        assert_eq!(fold("pt-BR_content"), fold("PtBrContent"));
    }

    #[test]
    fn names_are_alike_if_progenitor_derives_one_name_from_them() {
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
    fn pointers_are_escaped_and_unescaped() {
        assert_eq!(escape("/me~x"), "~1me~0x");
        assert_eq!(unescape("~1me~0x"), "/me~x");
        assert_eq!(unescape("Kunden%20%C3%BC%"), "Kunden ü%");
    }

    #[test]
    fn invalid_names_become_valid_ones() {
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
    fn each_name_is_used_once() {
        let mut types = UniqueNames::types(["Box"]);
        let given = ["Tag", "Tag", "AB", "AB", "Box", "Box"].map(|wanted| types.free(wanted));
        assert_eq!(given, ["Tag", "Tag2", "AB", "AB2", "BoxValue", "BoxValue2"]);
        let mut taken = UniqueNames::values(["send"]);
        let given: Vec<String> = ["a_b", "a_b", "a_b", "send", "send"]
            .iter()
            .map(|wanted| taken.free(wanted))
            .collect();
        assert_eq!(given, ["a_b", "a_b_2", "a_b_3", "send_", "send_2"]);
    }
}
