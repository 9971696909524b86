//! Query expressions: joining of filters, limits, and the JSON form.

use std::borrow::Cow;
use std::ops::{BitAnd, BitOr};

use serde_json::{Value, json};

use super::{Comparison, MAX_FILTERS, MAX_LEVELS, QueryError};
use crate::wire::members::{elements, members};
use crate::wire::raw_json;

/// A query expression: one filter, or several joined by `&` and `|`.
///
/// `try_into` converts it to the filter type of an operation, to its request, or to JSON. The `query` method of the search builders
/// does that itself. An expression that exceeds the [limits](super#limits) keeps only its error and size, so a long expression needs
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
    /// The JSON text of a filter. It stays text so that numbers keep their digits.
    Raw(String),
    /// An expression that must not be sent.
    Invalid(InvalidExpression),
}

/// The reason for which an expression must not be sent, and its size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InvalidExpression {
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
    /// Returns an expression that fails with this error.
    pub(super) fn invalid(error: QueryError) -> Self {
        Self(Node::Invalid(InvalidExpression {
            error,
            join: None,
            entries: 0,
            levels: 0,
        }))
    }

    /// Returns the operator and the number of entries of the outermost group, and the depth of nesting.
    fn size(&self) -> (Option<Join>, usize, usize) {
        match &self.0 {
            Node::Filter { .. } | Node::Raw(_) => (None, 0, 0),
            Node::Group(join, entries) => (Some(*join), entries.len(), self.levels()),
            Node::Invalid(invalid) => (invalid.join, invalid.entries, invalid.levels),
        }
    }

    /// Returns the number of entries and levels that this expression adds to a group joined by `join`. A group of the same operator is
    /// merged into that group.
    fn contribution(&self, join: Join) -> (usize, usize) {
        match self.size() {
            (Some(own), entries, levels) if own == join => (entries, levels),
            (_, _, levels) => (1, levels.saturating_add(1)),
        }
    }

    /// Joins two expressions.
    ///
    /// Filters beyond the limits are dropped at once, so an expression of any size is built in linear time and dropped without deep
    /// recursion.
    pub(super) fn join(self, join: Join, other: Self) -> Self {
        let (ours, theirs) = (self.contribution(join), other.contribution(join));
        let (entries, levels) = (ours.0.saturating_add(theirs.0), ours.1.max(theirs.1));
        let invalid = [&self, &other].into_iter().find_map(|query| match &query.0 {
            Node::Invalid(invalid) => Some(invalid.error.clone()),
            _ => None,
        });
        let error = match invalid {
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
                // A fold from the left and one from the right are both linear, because no group is copied.
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
        Self(Node::Invalid(InvalidExpression {
            error,
            join: Some(join),
            entries,
            levels,
        }))
    }

    /// Returns the entries that this expression adds to a group joined by `join`.
    fn into_entries(self, join: Join) -> Vec<Self> {
        match self.0 {
            Node::Group(own, entries) if own == join => entries,
            node => vec![Self(node)],
        }
    }

    /// Returns the depth of nested groups.
    pub(super) fn levels(&self) -> usize {
        match &self.0 {
            Node::Filter { .. } | Node::Raw(_) => 0,
            Node::Group(_, entries) => 1 + entries.iter().map(Self::levels).max().unwrap_or_default(),
            Node::Invalid(invalid) => invalid.levels,
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
                let takes_list = comparison.takes_list();
                let is_valid = match value {
                    Value::Array(values) => takes_list && !values.iter().any(Value::is_array),
                    _ => !takes_list,
                };
                let (field, operator) = (field.to_string(), comparison.symbol());
                match (is_valid, takes_list) {
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
            Node::Invalid(invalid) => Err(invalid.error.clone()),
        }
    }

    /// Returns the query as JSON text, if the server accepts it.
    pub(crate) fn to_json(&self) -> Result<String, QueryError> {
        self.check()?;
        let levels = self.levels();
        if levels > MAX_LEVELS {
            return Err(QueryError::TooDeep { levels });
        }
        Ok(self.text())
    }

    fn text(&self) -> String {
        match &self.0 {
            Node::Filter {
                field,
                comparison,
                value,
            } => json!({"field": field, "operator": comparison.symbol(), "value": value}).to_string(),
            Node::Group(join, entries) => {
                let entries: Vec<String> = entries.iter().map(Self::text).collect();
                format!(r#"{{"operator":"{}","value":[{}]}}"#, join.symbol(), entries.join(","))
            }
            Node::Raw(filter) => filter.clone(),
            // `check` has returned its error before.
            Node::Invalid(_) => Value::Null.to_string(),
        }
    }

    /// Reads a filter from JSON text. Groups are recognized, and everything else stays text.
    pub(super) fn read(filter: &str) -> Self {
        let raw = || Self(Node::Raw(filter.to_owned()));
        let Some(members) = members(filter) else { return raw() };
        let member = |name: &str| {
            members
                .iter()
                .rfind(|(other, _)| other == name)
                .map(|(_, value)| *value)
        };
        let join = match member("operator").map(raw_json::value) {
            Some(Value::String(operator)) if operator == "AND" => Join::And,
            Some(Value::String(operator)) if operator == "OR" => Join::Or,
            _ => return raw(),
        };
        match member("value").and_then(elements) {
            Some(entries) => Self(Node::Group(join, entries.into_iter().map(Self::read).collect())),
            None => raw(),
        }
    }

    /// Joins queries by `&`: all of them must match. A single query is returned unchanged. Without any query, sending the search fails
    /// with a [`QueryError`].
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

    /// Joins queries by `|`: at least one of them must match. See [`all`](Self::all).
    pub fn any(queries: impl IntoIterator<Item = Self>) -> Self {
        Self::group(Join::Or, queries)
    }

    fn group(join: Join, queries: impl IntoIterator<Item = Self>) -> Self {
        let queries = queries.into_iter();
        queries
            .reduce(|all, query| all.join(join, query))
            .unwrap_or(Self(Node::Group(join, Vec::new())))
    }

    /// Joins the expression and `filter` by `&` within the server's limits. If `filter` exceeds them, groups are rearranged without a
    /// change of the meaning. Returns `None` if that is not possible.
    pub(super) fn with_filter(self, filter: Self) -> Option<Self> {
        let fits = |query: &Self| query.size().1 <= MAX_FILTERS && query.levels() <= MAX_LEVELS;
        let (entries, levels) = self.contribution(Join::And);
        if entries < MAX_FILTERS && levels <= MAX_LEVELS {
            return Some(self.join(Join::And, filter));
        }
        match self.0 {
            Node::Group(Join::And, entries) => {
                // The filters of a full group move to an inner group, which makes room for one more entry.
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

/// Matches what both queries match.
impl BitAnd for Query {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.join(Join::And, other)
    }
}

/// Matches what at least one of the queries matches.
impl BitOr for Query {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.join(Join::Or, other)
    }
}

/// Converts a query to the JSON in which it is sent.
///
/// # Errors
///
/// If the server would not accept the query.
impl TryFrom<Query> for Value {
    type Error = QueryError;
    fn try_from(query: Query) -> Result<Self, QueryError> {
        query.to_json().map(|text| raw_json::value(&text))
    }
}
