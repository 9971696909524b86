//! Searches of contacts and conversations, written as expressions.
//!
//! [`field`] names what to compare, its methods compare it, `&` and `|` join:
//!
//! ```
//! use intercom_client::search::{contacts, field};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = intercom_client::mock::MockIntercom::start().await;
//! # let client = intercom.client();
//! let signed_up = chrono::DateTime::from_timestamp(1_731_369_600, 0).unwrap_or_default();
//! let query = field(contacts::ROLE).eq("user")
//!     & field(contacts::CREATED_AT).gt(signed_up)
//!     & (field(contacts::EMAIL).ends_with("@fernhill.example") | field("custom_attributes.plan").eq("pro"));
//! let people = client.search_contacts().query(query).per_page(150).send().await?;
//! println!("{:?} people", people.total_count);
//! # assert_eq!(intercom.calls("search_contacts")[0].json()["query"]["operator"], "AND");
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! The server takes groups nested [two levels](MAX_LEVELS) deep with [15 entries](MAX_FILTERS) each. What exceeds that is
//! refused before anything is sent, as is a list where one value belongs and the reverse: the call fails with an error
//! that [`is_builder`](crate::Error::is_builder) and tells the reason, a [`QueryError`]. A chain of the same operator is one
//! group, however it is put into parentheses; `a & (b | c)` is two levels.
//!
//! # What can be compared how
//!
//! | | `eq` `ne` | `is_in` `not_in` | `lt` `gt` | `le` `ge` | `contains` `not_contains` `starts_with` `ends_with` |
//! |---|---|---|---|---|---|
//! | text | yes | yes | | | yes |
//! | `tag_id` of contacts | yes | | | | |
//! | booleans | yes | yes | | | |
//! | whole numbers | yes | yes | yes | yes | |
//! | dates of contacts | only `eq` | | yes | | |
//! | dates of conversations | yes | yes | yes | | |
//!
//! The server decides; a combination that it does not support is an error that
//! [`is_invalid_request`](crate::Error::is_invalid_request).
//!
//! **Dates of contacts are whole days** in the workspace's time zone, whatever the time of day in the value:
//! `gt` begins with the day after the one named, `lt` ends before that day, `eq` is that day. **Dates of conversations** are
//! compared to the second, and the server's `gt` and `lt` include the moment itself. What changed since a moment is found to
//! the second by `changed_since` of either search, see [`Changes`](crate::paging::Changes).
//!
//! Searches are fed with a delay: a contact can take minutes to appear in one.
//!
//! What this module does not express goes into the request as JSON: its builder's `body` and `body_map` take that.

mod operand;

use std::borrow::Cow;
use std::fmt;
use std::ops::{BitAnd, BitOr};

use serde::Serialize;
use serde_json::{Value, json};

pub use operand::{IntoOperand, NULL, Operand};

use crate::call::argument::{Argument, InvalidField};
use crate::wire::timestamp::Timestamp;

/// How many groups may be nested in one another.
pub const MAX_LEVELS: usize = 2;
/// How many filters and groups one group may hold.
pub const MAX_FILTERS: usize = 15;

/// Names the field of a filter: one of the constants in this module's modules, such as `contacts::EMAIL`, or any other name
/// that the server knows, such as `custom_attributes.plan`.
pub fn field(name: impl Into<Cow<'static, str>>) -> Field {
    Field(name.into())
}

/// A field to compare. Made by [`field`].
#[derive(Clone, Debug)]
pub struct Field(Cow<'static, str>);

macro_rules! comparisons {
    ($( $(#[$meta:meta])* $method:ident = $comparison:ident $symbol:literal; )*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Comparison { $( $comparison, )* }

        impl Comparison {
            fn symbol(self) -> &'static str {
                match self { $( Self::$comparison => $symbol, )* }
            }
        }

        impl Field {
            $(
                $(#[$meta])*
                #[doc = concat!("\n\nSent as `", $symbol, "`.")]
                pub fn $method(&self, value: impl IntoOperand) -> Query {
                    self.compare(Comparison::$comparison, value.into_operand())
                }
            )*
        }
    };
}

comparisons! {
    /// Equal to the value; with null, without a value.
    eq = Equal "=";
    /// Not equal to the value; with null, with any value.
    ne = NotEqual "!=";
    /// Equal to one of a list of values.
    is_in = In "IN";
    /// Equal to none of a list of values.
    not_in = NotIn "NIN";
    /// Less than the value, or before it. Not for text.
    lt = Less "<";
    /// At most the value. Not for text and dates.
    le = LessOrEqual "<=";
    /// Greater than the value, or after it. Not for text.
    gt = Greater ">";
    /// At least the value. Not for text and dates.
    ge = GreaterOrEqual ">=";
    /// Text that has the value somewhere in it.
    contains = Contains "~";
    /// Text that does not have the value in it.
    not_contains = NotContains "!~";
    /// Text that begins with the value.
    starts_with = StartsWith "^";
    /// Text that ends with the value.
    ends_with = EndsWith "$";
}

impl Comparison {
    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }
}

impl Field {
    fn compare(&self, comparison: Comparison, Operand(value): Operand) -> Query {
        Query(Node::Filter {
            field: self.0.clone(),
            comparison,
            value,
        })
    }
}

/// An expression: a filter, or several joined by `&` and `|`.
///
/// Becomes the filter that an operation takes, its whole request, or JSON by `try_into`; the search builders do that in
/// `query`.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Filter {
        field: Cow<'static, str>,
        comparison: Comparison,
        value: Value,
    },
    Group(Join, Vec<Query>),
    /// One that was made by hand.
    Raw(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
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
    /// The entries that this expression adds to a group joined by `join`: a group of the same kind dissolves into it.
    fn entries(self, join: Join) -> Vec<Self> {
        match self.0 {
            Node::Group(own, entries) if own == join => entries,
            node => vec![Self(node)],
        }
    }

    fn join(self, join: Join, other: Self) -> Self {
        let mut entries = self.entries(join);
        entries.extend(other.entries(join));
        Self(Node::Group(join, entries))
    }

    /// How many groups are nested in one another.
    fn levels(&self) -> usize {
        match &self.0 {
            Node::Filter { .. } | Node::Raw(_) => 0,
            Node::Group(_, entries) => 1 + entries.iter().map(Self::levels).max().unwrap_or_default(),
        }
    }

    /// Whether every part keeps to what the server takes.
    fn check(&self) -> Result<(), QueryError> {
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
        }
    }

    /// Reads a filter as it is sent: groups are told from the rest, which stays as it is.
    fn read(filter: Value) -> Self {
        let join = match filter["operator"].as_str() {
            Some("AND") => Join::And,
            Some("OR") => Join::Or,
            _ => return Self(Node::Raw(filter)),
        };
        match filter.get("value") {
            Some(Value::Array(entries)) => Self(Node::Group(join, entries.iter().cloned().map(Self::read).collect())),
            _ => Self(Node::Raw(filter)),
        }
    }

    /// All of these must hold: `&` over an iterator. Of one there is no group; none at all is a [`QueryError`] when it is
    /// sent.
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

/// The query as it is sent.
///
/// # Errors
///
/// When the server would not take it.
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

impl Argument<Value> for Query {
    fn argument(self) -> Result<Option<Value>, InvalidField> {
        let value = self.try_into();
        value
            .map(Some)
            .map_err(|error: QueryError| InvalidField::new(error.to_string()))
    }
}

/// Makes a query one of the description's filters, or a request that asks for the first page of the server's default size.
macro_rules! queries {
    (@value filter $query:ident) => { $query };
    (@value request $query:ident) => { ::serde_json::json!({ "query": $query }) };
    ($target:path, $how:ident) => {
        impl ::std::convert::TryFrom<crate::search::Query> for $target {
            type Error = crate::search::QueryError;
            fn try_from(query: crate::search::Query) -> ::std::result::Result<Self, Self::Error> {
                let query = ::serde_json::Value::try_from(query)?;
                let value = crate::search::queries! { @value $how query };
                crate::call::argument::read_json(&value).map_err(|_| crate::search::QueryError::NotDescribed)
            }
        }

        impl crate::Argument<$target> for crate::search::Query {
            fn argument(self) -> ::std::result::Result<Option<$target>, crate::InvalidField> {
                let value = <$target>::try_from(self);
                value.map(Some).map_err(|error| crate::InvalidField::new(error.to_string()))
            }
        }
    };
}
pub(crate) use queries;

/// How a search compares dates. Which ways there are depends on the description.
#[allow(dead_code)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dates {
    /// To the second.
    Exact,
    /// By the days of the workspace's time zone.
    WholeDays,
}

impl Dates {
    /// The query of a search for what changed at `moment` or later and matches the query that it had, if any.
    pub(crate) fn changed_since(self, moment: Timestamp, query: &impl Serialize) -> Query {
        /// The day before that of the moment, in any time zone and on days of 25 hours.
        const TWO_DAYS: i64 = 2 * 86_400;
        let before = match self {
            Self::Exact => 1,
            Self::WholeDays => TWO_DAYS,
        };
        let changed = field(UPDATED_AT).gt(moment.as_seconds().saturating_sub(before).max(0));
        match serde_json::to_value(query) {
            Ok(Value::Null) => changed,
            Ok(query) => Query::read(query) & changed,
            // Without it, others would be found: let the call fail.
            Err(_) => Query::all([]),
        }
    }
}

/// The field by which changes are searched and sorted.
pub(crate) const UPDATED_AT: &str = "updated_at";

/// In which order a search answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The smallest or oldest first.
    Ascending,
    /// The largest or newest first.
    Descending,
}

impl Order {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

/// Why a [`Query`] is refused before it is sent.
///
/// Names fields and operators, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// Groups are nested deeper than [`MAX_LEVELS`].
    TooDeep {
        /// How many levels there are.
        levels: usize,
    },
    /// A group holds more than [`MAX_FILTERS`].
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

/// What the builder of a search has besides.
macro_rules! builders {
    ($builder:ident($filter:ty) $($pagination:ident: $paging:ident)? $(changes: $page:ty, $dates:ident)?) => {
        impl builder::$builder {
            /// What to look for: a [`Query`](crate::search::Query), or a filter made by hand.
            ///
            /// Required.
            pub fn query(self, query: impl crate::Argument<$filter>) -> Self {
                self.body_map(|body| body.query(query))
            }

            $(
                /// How many items a page holds, at most 150. Default: the server's, 50 contacts or 20 conversations.
                pub fn per_page(self, items: impl crate::Argument<i64>) -> Self {
                    self.body_map(|body| {
                        let paging = body.as_value().$pagination.clone().unwrap_or_default();
                        let paging = types::builder::$paging::from(paging).per_page(items);
                        body.$pagination(paging)
                    })
                }
            )?

            /// By which field the answer is sorted, and in which direction; all pages alike. Default: the server's, the
            /// newest first.
            ///
            /// ```
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), intercom_client::Error> {
            /// # let intercom = intercom_client::mock::MockIntercom::start().await;
            /// # let client = intercom.client();
            /// use intercom_client::search::{Order, conversations, field};
            ///
            /// let open = client.search_conversations().query(field(conversations::OPEN).eq(true));
            /// let oldest_first = open.sort(conversations::UPDATED_AT, Order::Ascending).send().await?;
            /// # assert_eq!(intercom.received()[0].json()["sort"], serde_json::json!({"field": "updated_at", "order": "ascending"}));
            /// # Ok(())
            /// # }
            /// ```
            pub fn sort(self, field: impl Into<String>, order: crate::search::Order) -> Self {
                let sort = ::serde_json::json!({"field": field.into(), "order": order.as_str()});
                self.body_map(|body| body.extra("sort", sort))
            }

            $(
                /// What changed at `moment` or later as a stream, which tells with what moment to begin next time: see
                /// [`Changes`](crate::paging::Changes).
                ///
                /// The server is asked for it, together with the [`query`](Self::query), which may be left out, and always for the
                /// last change first: a [`sort`](Self::sort) is not heeded.
                pub fn changed_since(
                    self,
                    moment: impl ::std::convert::Into<crate::Timestamp>,
                ) -> crate::paging::Changes<$page> {
                    let moment = moment.into();
                    let search = self.body_map(|body| {
                        let query = crate::search::Dates::$dates.changed_since(moment, &body.as_value().query);
                        body.query(query)
                    });
                    let sorted = search.sort(crate::search::UPDATED_AT, crate::search::Order::Descending);
                    sorted.stream().changed_since(moment)
                }
            )?
        }
    };
}
pub(crate) use builders;

pub use crate::generated::search_fields::*;
