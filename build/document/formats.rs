//! Private formats: schemas that become hand-written types of the crate. The overlay marks them, some rules do too.

/// A hand-written type.
pub struct Format {
    /// The format that stands for it.
    pub name: &'static str,
    /// Its path in the crate.
    pub rust: &'static str,
    /// Whether the schema is an integer for those who do not know the format, else a text.
    pub integer: bool,
    /// The types that it is made over, in the order of `x-of`.
    pub over: &'static [Over],
}

/// What a type that another is made over has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// An enum of texts.
    Enum,
    /// An object.
    Object,
    /// An object whose `data` lists the objects before it.
    List,
}

const fn alone(name: &'static str, rust: &'static str) -> Format {
    let over = &[];
    let integer = false;
    Format {
        name,
        rust,
        integer,
        over,
    }
}

/// All of them.
pub const FORMATS: [Format; 6] = [
    Format {
        integer: true,
        ..alone("timestamp", "crate::Timestamp")
    },
    alone("id", "crate::Id"),
    alone("avatar", "crate::Avatar"),
    alone("next-page", "crate::NextPage"),
    Format {
        over: &[Over::Object, Over::List],
        ..alone("company-or-list", "crate::CompanyOrList")
    },
    Format {
        over: &[Over::Enum],
        ..alone("ticket-state", "crate::TicketState")
    },
];

/// The hand-written type that a format stands for.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
