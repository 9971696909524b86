//! The errors of query expressions.

use std::fmt;

use super::{MAX_FILTERS, MAX_LEVELS};
use crate::call::moment::MILLISECONDS;

/// An error of a [`Query`](super::Query) that is found before the search is sent.
///
/// The error names fields and operators, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// Groups are nested deeper than [`MAX_LEVELS`](super::MAX_LEVELS).
    TooDeep {
        /// The number of levels.
        levels: usize,
    },
    /// A group contains more than [`MAX_FILTERS`](super::MAX_FILTERS) entries.
    TooManyFilters {
        /// `AND` or `OR`.
        operator: &'static str,
        /// The number of entries.
        filters: usize,
    },
    /// A group is empty.
    Empty {
        /// `AND` or `OR`.
        operator: &'static str,
    },
    /// The filter type of the description that this crate was built from cannot represent the query.
    NotDescribed,
    /// A list was given to an operator that takes a single value.
    OneValueExpected {
        /// The field's name.
        field: String,
        /// The operator on the wire.
        operator: &'static str,
    },
    /// The query reaches the limits, so the filter of `changed_since` cannot be added.
    NoRoomForChanges,
    /// A time after the year 2200, most likely in milliseconds, while the API takes seconds.
    Milliseconds {
        /// The field's name.
        field: String,
        /// The operator on the wire.
        operator: &'static str,
    },
    /// A single value, or a list of lists, was given to an operator that takes a list of values.
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
                "groups are nested {levels} levels deep, but the server allows {MAX_LEVELS}; multiply out the inner groups"
            ),
            Self::TooManyFilters { operator, filters } => write!(
                f,
                "an {operator} group has {filters} filters, but the server allows {MAX_FILTERS}; use `is_in` or `not_in` for \
                 values of one field, or search several times"
            ),
            Self::Empty { operator } => write!(f, "an {operator} group has no filter; add one or remove the group"),
            Self::NotDescribed => {
                f.write_str("the filter type of the description cannot represent the query; give it as JSON instead")
            }
            Self::NoRoomForChanges => write!(
                f,
                "the query leaves no room for the filter by `updated_at`, because a group has {MAX_FILTERS} filters; remove \
                 one, or search several times"
            ),
            Self::Milliseconds { field, operator } => write!(f, "`{field}` {operator}: {MILLISECONDS}"),
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
