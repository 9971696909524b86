//! Why a query is refused.

use std::fmt;

use super::{MAX_FILTERS, MAX_LEVELS};

/// Why a [`Query`](super::Query) is refused before it is sent.
///
/// Names fields and operators, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// Groups are nested deeper than [`MAX_LEVELS`](super::MAX_LEVELS).
    TooDeep {
        /// How many levels there are.
        levels: usize,
    },
    /// A group holds more than [`MAX_FILTERS`](super::MAX_FILTERS).
    TooManyFilters {
        /// `AND` or `OR`.
        operator: &'static str,
        /// How many there are.
        filters: usize,
    },
    /// A group holds nothing.
    Empty {
        /// `AND` or `OR`.
        operator: &'static str,
    },
    /// The description that this crate was built from has no place for a query in this form.
    NotDescribed,
    /// A list, or a list in a list, where the operator takes one value.
    OneValueExpected {
        /// The field's name.
        field: String,
        /// The operator on the wire.
        operator: &'static str,
    },
    /// The query fills its groups, so the filter of `changed_since` does not fit.
    NoRoomForChanges,
    /// A moment beyond the year 2200 in a field that counts seconds, most likely given in milliseconds.
    Milliseconds {
        /// The field's name.
        field: String,
        /// The operator on the wire.
        operator: &'static str,
    },
    /// One value, or a list of lists, where the operator takes a list of values.
    ListExpected {
        /// The field's name.
        field: String,
        /// The operator on the wire.
        operator: &'static str,
    },
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep { levels } => write!(
                f,
                "groups are nested {levels} levels deep, the server takes {MAX_LEVELS}; multiply the inner groups out"
            ),
            Self::TooManyFilters { operator, filters } => write!(
                f,
                "an {operator} group holds {filters} filters, the server takes {MAX_FILTERS}; use `is_in` or `not_in` for \
                 values of one field, or search several times"
            ),
            Self::Empty { operator } => write!(f, "an {operator} group holds no filter; leave it out, or put one in"),
            Self::NotDescribed => {
                f.write_str("the description has no place for a query in this form; give JSON instead")
            }
            Self::NoRoomForChanges => write!(
                f,
                "the query leaves no room for the filter by `updated_at`: a group holds {MAX_FILTERS} filters already; take \
                 one out, or search several times"
            ),
            Self::Milliseconds { field, operator } => write!(
                f,
                "`{field}` {operator}: the moment is beyond the year 2200, and the API counts seconds: milliseconds?"
            ),
            Self::OneValueExpected { field, operator } => {
                write!(
                    f,
                    "`{field}` {operator}: takes one value, not a list; use `is_in` or `not_in`"
                )
            }
            Self::ListExpected { field, operator } => write!(f, "`{field}` {operator}: takes a list of single values"),
        }
    }
}

impl std::error::Error for QueryError {}
