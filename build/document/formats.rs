//! Private formats: schemas that become hand-written types. The overlay and some repair rules set
//! them.

/// A hand-written type.
pub struct Format {
    /// The format.
    pub name: &'static str,
    /// Its path in the crate.
    pub rust: &'static str,
    /// Whether the schema without the format is an integer instead of a string.
    pub integer: bool,
    /// The kinds of the components that it contains, in the order of `x-of`.
    pub components: &'static [ComponentKind],
}

/// The kind of a component that a hand-written type contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentKind {
    /// A string enum.
    Enum,
    /// An object.
    Object,
    /// An object whose `data` lists the previous component.
    List,
}

const fn string(name: &'static str, rust: &'static str) -> Format {
    Format {
        name,
        rust,
        integer: false,
        components: &[],
    }
}

/// All private formats.
pub const FORMATS: [Format; 6] = [
    Format {
        integer: true,
        ..string("timestamp", "crate::Timestamp")
    },
    string("id", "crate::Id"),
    string("avatar", "crate::Avatar"),
    string("next-page", "crate::NextPage"),
    Format {
        components: &[ComponentKind::Object, ComponentKind::List],
        ..string("company-or-list", "crate::CompanyOrList")
    },
    Format {
        components: &[ComponentKind::Enum],
        ..string("ticket-state", "crate::TicketState")
    },
];

/// Returns the private format with this name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
