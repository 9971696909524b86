//! Query expressions: how filters are joined, which expressions are refused, and their JSON form.

use std::borrow::Cow;
use std::ops::{BitAnd, BitOr};

use serde_json::{Value, json};

use super::{Comparison, MAX_FILTERS, MAX_LEVELS, QueryError};

/// An expression: a filter, or several joined by `&` and `|`.
///
/// Converts to the filter that an operation takes, to its request, or to JSON by `try_into`. The search builders do that in
/// `query`. An expression that exceeds the [limits](super#limits) keeps only its error and size, so a long expression takes
/// no more memory than a short one.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(pub(super) Node);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Filter {
        field: Cow<'static, str>,
        comparison: Comparison,
        value: Value,
    },
    /// At most [`MAX_FILTERS`] entries, nested at most [`MAX_LEVELS`] deep, unless it was read from JSON.
    Group(Join, Vec<Query>),
    /// A filter that was written by hand.
    Raw(Value),
    /// An expression that cannot be sent.
    Refused(Refusal),
}

/// Why an expression cannot be sent, and its size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    error: QueryError,
    /// The operator of the outermost group; `None` for a filter.
    join: Option<Join>,
    entries: usize,
    levels: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

impl Join {
    fn symbol(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
        }
    }
}

impl Query {
    /// A filter that cannot be sent.
    pub(super) fn refused(error: QueryError) -> Self {
        Self(Node::Refused(Refusal {
            error,
            join: None,
            entries: 0,
            levels: 0,
        }))
    }

    /// The operator and the number of entries of the outermost group, and the depth of nesting.
    fn size(&self) -> (Option<Join>, usize, usize) {
        match &self.0 {
            Node::Filter { .. } | Node::Raw(_) => (None, 0, 0),
            Node::Group(join, entries) => (Some(*join), entries.len(), self.levels()),
            Node::Refused(refusal) => (refusal.join, refusal.entries, refusal.levels),
        }
    }

    /// The number of entries and the depth of the groups that this expression adds to a group joined by `join`: a group of the
    /// same operator dissolves into it.
    fn contribution(&self, join: Join) -> (usize, usize) {
        match self.size() {
            (Some(own), entries, levels) if own == join => (entries, levels),
            (_, _, levels) => (1, levels.saturating_add(1)),
        }
    }

    /// Joins two expressions. What exceeds the limits is dropped at once: an expression with any number of filters is built in
    /// linear time, and dropped without deep recursion.
    pub(super) fn join(self, join: Join, other: Self) -> Self {
        let (ours, theirs) = (self.contribution(join), other.contribution(join));
        let (entries, levels) = (ours.0.saturating_add(theirs.0), ours.1.max(theirs.1));
        let refused = [&self, &other].into_iter().find_map(|query| match &query.0 {
            Node::Refused(refusal) => Some(refusal.error.clone()),
            _ => None,
        });
        let error = match refused {
            Some(QueryError::TooManyFilters { operator, filters }) if operator == join.symbol() => {
                QueryError::TooManyFilters {
                    operator,
                    filters: filters.max(entries),
                }
            }
            Some(QueryError::TooDeep { .. }) => QueryError::TooDeep { levels },
            Some(error) => error,
            None if entries > MAX_FILTERS => QueryError::TooManyFilters {
                operator: join.symbol(),
                filters: entries,
            },
            None if levels > MAX_LEVELS => QueryError::TooDeep { levels },
            None => {
                let other = other.into_entries(join);
                // Appending to the longer side keeps both folds linear.
                return match self.0 {
                    Node::Group(own, mut entries) if own == join => {
                        entries.extend(other);
                        Self(Node::Group(join, entries))
                    }
                    node => {
                        let mut entries = vec![Self(node)];
                        entries.extend(other);
                        Self(Node::Group(join, entries))
                    }
                };
            }
        };
        Self(Node::Refused(Refusal {
            error,
            join: Some(join),
            entries,
            levels,
        }))
    }

    /// The entries that this expression adds to a group joined by `join`.
    fn into_entries(self, join: Join) -> Vec<Self> {
        match self.0 {
            Node::Group(own, entries) if own == join => entries,
            node => vec![Self(node)],
        }
    }

    /// The depth of nested groups.
    pub(super) fn levels(&self) -> usize {
        match &self.0 {
            Node::Filter { .. } | Node::Raw(_) => 0,
            Node::Group(_, entries) => 1 + entries.iter().map(Self::levels).max().unwrap_or_default(),
            Node::Refused(refusal) => refusal.levels,
        }
    }

    /// Checks that the server accepts every part of the expression.
    pub(super) fn check(&self) -> Result<(), QueryError> {
        match &self.0 {
            Node::Filter {
                field,
                comparison,
                value,
            } => {
                let listed = comparison.takes_list();
                let fits = match value {
                    Value::Array(values) => listed && !values.iter().any(Value::is_array),
                    _ => !listed,
                };
                let (field, operator) = (field.to_string(), comparison.symbol());
                match (fits, listed) {
                    (true, _) => Ok(()),
                    (false, true) => Err(QueryError::ListExpected { field, operator }),
                    (false, false) => Err(QueryError::OneValueExpected { field, operator }),
                }
            }
            Node::Group(join, entries) if entries.len() > MAX_FILTERS => Err(QueryError::TooManyFilters {
                operator: join.symbol(),
                filters: entries.len(),
            }),
            Node::Group(join, entries) if entries.is_empty() => Err(QueryError::Empty {
                operator: join.symbol(),
            }),
            Node::Group(_, entries) => entries.iter().try_for_each(Self::check),
            Node::Raw(_) => Ok(()),
            Node::Refused(refusal) => Err(refusal.error.clone()),
        }
    }

    fn into_json(self) -> Value {
        match self.0 {
            Node::Filter {
                field,
                comparison,
                value,
            } => json!({"field": field, "operator": comparison.symbol(), "value": value}),
            Node::Group(join, entries) => {
                let entries: Vec<Value> = entries.into_iter().map(Self::into_json).collect();
                json!({"operator": join.symbol(), "value": entries})
            }
            Node::Raw(filter) => filter,
            // `check` has failed before.
            Node::Refused(_) => Value::Null,
        }
    }

    /// Reads a filter in its JSON form: groups are recognized, everything else is kept as it is.
    pub(super) fn read(mut filter: Value) -> Self {
        let join = match filter.get("operator").and_then(Value::as_str) {
            Some("AND") => Join::And,
            Some("OR") => Join::Or,
            _ => return Self(Node::Raw(filter)),
        };
        match filter.get_mut("value").map(Value::take) {
            Some(Value::Array(entries)) => Self(Node::Group(join, entries.into_iter().map(Self::read).collect())),
            value => {
                if let (Some(place), Some(value)) = (filter.get_mut("value"), value) {
                    *place = value;
                }
                Self(Node::Raw(filter))
            }
        }
    }

    /// All of these must hold: `&` over an iterator. A single query becomes no group. No query at all is a [`QueryError`] when
    /// the search is sent.
    ///
    /// ```
    /// use intercom_client::search::{Query, field};
    ///
    /// let roles = ["user", "lead"].map(|role| field("role").eq(role));
    /// let query = Query::all([field("email").contains("@juniper.example"), Query::any(roles)]);
    /// ```
    pub fn all(queries: impl IntoIterator<Item = Self>) -> Self {
        Self::group(Join::And, queries)
    }

    /// At least one of these must hold: `|` over an iterator. See [`all`](Self::all).
    pub fn any(queries: impl IntoIterator<Item = Self>) -> Self {
        Self::group(Join::Or, queries)
    }

    fn group(join: Join, queries: impl IntoIterator<Item = Self>) -> Self {
        let queries = queries.into_iter();
        queries
            .reduce(|all, query| all.join(join, query))
            .unwrap_or(Self(Node::Group(join, Vec::new())))
    }

    /// Both must hold, within the server's limits on groups: where `filter` does not fit next to the expression, groups are
    /// rearranged without changing the meaning. `None` if there is no room for the filter.
    pub(super) fn with_filter(self, filter: Self) -> Option<Self> {
        let fits = |query: &Self| query.size().1 <= MAX_FILTERS && query.levels() <= MAX_LEVELS;
        let (entries, levels) = self.contribution(Join::And);
        if entries < MAX_FILTERS && levels <= MAX_LEVELS {
            return Some(self.join(Join::And, filter));
        }
        match self.0 {
            Node::Group(Join::And, entries) => {
                // The single filters of a full group move to a group of their own, which leaves room.
                let (groups, mut filters): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(|entry| entry.size().0.is_some());
                let mut entries = Vec::with_capacity(groups.len() + 2);
                match filters.len() {
                    0 | 1 => entries.append(&mut filters),
                    2..=MAX_FILTERS => entries.push(Self(Node::Group(Join::And, filters))),
                    _ => return None,
                }
                entries.extend(groups);
                entries.push(filter);
                Some(Self(Node::Group(Join::And, entries))).filter(fits)
            }
            Node::Group(Join::Or, entries) => {
                // `(a & b) | c` becomes `(a & b & filter) | (c & filter)`.
                let alternatives = entries.into_iter().map(|entry| {
                    let (entries, levels) = entry.contribution(Join::And);
                    let fits = entries < MAX_FILTERS && levels < MAX_LEVELS;
                    fits.then(|| entry.join(Join::And, filter.clone()))
                });
                let alternatives = alternatives.collect::<Option<Vec<_>>>()?;
                Some(Self(Node::Group(Join::Or, alternatives))).filter(fits)
            }
            _ => None,
        }
    }
}

/// Both must hold.
impl BitAnd for Query {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.join(Join::And, other)
    }
}

/// At least one must hold.
impl BitOr for Query {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.join(Join::Or, other)
    }
}

/// Returns the query in the form in which it is sent.
///
/// # Errors
///
/// If the server would not accept the query.
impl TryFrom<Query> for Value {
    type Error = QueryError;
    fn try_from(query: Query) -> Result<Self, QueryError> {
        query.check()?;
        let levels = query.levels();
        if levels > MAX_LEVELS {
            return Err(QueryError::TooDeep { levels });
        }
        Ok(query.into_json())
    }
}
