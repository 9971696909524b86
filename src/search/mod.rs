//! Searches of contacts and conversations, written as expressions.
//!
//! [`field`] names what to compare, its methods compare it, `&` and `|` join:
//!
//! ```
//! use intercom_client::search::{contacts, field};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = intercom_client::mock::MockIntercom::new();
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

mod changes;
mod error;
mod operand;
mod query;

use std::borrow::Cow;

use serde_json::Value;

pub(crate) use changes::Dates;
pub use error::QueryError;
pub use operand::{IntoOperand, NULL, Operand};
use query::Node;
pub use query::Query;

use crate::call::argument::IntoArgument;
use crate::call::invalid_field::InvalidField;
use crate::wire::timestamp;

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
    fn compare(&self, comparison: Comparison, Operand { value, is_moment }: Operand) -> Query {
        if (is_moment || self.is_date()) && is_beyond_2200(&value) {
            return Query::refused(QueryError::Milliseconds {
                field: self.0.to_string(),
                operator: comparison.symbol(),
            });
        }
        Query(Node::Filter {
            field: self.0.clone(),
            comparison,
            value,
        })
    }
}

impl Field {
    /// Returns `true` if the field is one of the API's own dates, by the form of its name.
    fn is_date(&self) -> bool {
        let date = ["_at", "_since", "_until"].iter().any(|end| self.0.ends_with(end));
        date && !self.0.starts_with("custom_attributes.")
    }
}

/// Returns `true` if a moment, or one of a list of moments, counts more seconds than there are until the year 2200.
fn is_beyond_2200(value: &Value) -> bool {
    let beyond = |seconds: f64| seconds >= timestamp::YEAR_2200 as f64;
    match value {
        Value::Number(number) => number.as_f64().is_some_and(beyond),
        Value::String(text) => text.parse().is_ok_and(beyond),
        Value::Array(values) => values.iter().any(is_beyond_2200),
        _ => false,
    }
}

impl IntoArgument<Value> for Query {
    fn into_argument(self) -> Result<Option<Value>, InvalidField> {
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
                crate::call::body_builder::decode(&value).map_err(|_| crate::search::QueryError::NotDescribed)
            }
        }

        impl crate::IntoArgument<$target> for crate::search::Query {
            fn into_argument(self) -> ::std::result::Result<Option<$target>, crate::InvalidField> {
                let value = <$target>::try_from(self);
                value.map(Some).map_err(|error| crate::InvalidField::new(error.to_string()))
            }
        }
    };
}
pub(crate) use queries;

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

/// What the builder of a search has besides.
macro_rules! builders {
    ($builder:ident($filter:ty) $($pagination:ident: $paging:ident)? $(changes: $page:ty, $dates:ident)?) => {
        impl builder::$builder {
            /// What to look for: a [`Query`](crate::search::Query), or a filter made by hand.
            ///
            /// Required.
            pub fn query(self, query: impl crate::IntoArgument<$filter>) -> Self {
                self.body_map(|body| body.query(query))
            }

            $(
                /// How many items a page holds, at most 150. Default: the server's, 50 contacts or 20 conversations.
                pub fn per_page(self, items: impl crate::IntoArgument<i64>) -> Self {
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
            /// # let intercom = intercom_client::mock::MockIntercom::new();
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
