//! Query expressions for searches of contacts and conversations.
//!
//! [`field`] names a field, its methods compare it, and `&` and `|` join filters:
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
//! The server allows groups that are nested [two levels](MAX_LEVELS) deep, with [15 entries](MAX_FILTERS) each. Queries beyond these
//! limits fail before anything is sent, as do a list given to `eq` and a single value given to `is_in`.
//! [`Error::is_builder`](crate::Error::is_builder) returns `true`, and the message is that of a [`QueryError`]. Filters joined by the
//! same operator are one group, with or without parentheses; `a & (b | c)` is two levels.
//!
//! # Operators
//!
//! | | `eq` `ne` | `is_in` `not_in` | `lt` `gt` | `le` `ge` | `contains` `not_contains` `starts_with` `ends_with` |
//! |---|---|---|---|---|---|
//! | text | yes | yes | | | yes |
//! | `tag_id` of contacts | yes | | | | |
//! | booleans | yes | yes | | | |
//! | integers | yes | yes | yes | yes | |
//! | dates of contacts | only `eq` | | yes | | |
//! | dates of conversations | yes | yes | yes | | |
//!
//! The client does not check this table. For an unsupported combination the server returns an error for which
//! [`is_invalid_request`](crate::Error::is_invalid_request) returns `true`.
//!
//! **Dates of contacts are compared by whole days** in the workspace's time zone, whatever the time of day in the value: `gt` matches
//! from the next day on, `lt` matches up to the previous day, and `eq` matches that day. **Dates of conversations** are compared to the
//! second, and the server's `gt` and `lt` also match the time itself. `changed_since` of either search is accurate to the second; see
//! [`Changes`](crate::paging::Changes).
//!
//! The search index lags. A new contact can take minutes to appear.
//!
//! Queries that this module cannot express can be sent as JSON with `body` and `body_map` of the search builders.

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
use crate::call::moment::{is_date_field, is_in_milliseconds};

/// The maximum depth of nested groups.
pub const MAX_LEVELS: usize = 2;
/// The maximum number of filters and groups in a group.
pub const MAX_FILTERS: usize = 15;

/// Returns a field to compare. The name is a constant such as `contacts::EMAIL`, or any other name that the server accepts, such as
/// `custom_attributes.plan`.
pub fn field(name: impl Into<Cow<'static, str>>) -> Field {
    Field(name.into())
}

/// A field of a filter, returned by [`field`].
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
    /// Matches records whose field equals the value. Null matches records without a value.
    eq = Equal "=";
    /// Matches records whose field differs from the value. Null matches records with any value.
    ne = NotEqual "!=";
    /// Matches records whose field equals one of the values.
    is_in = In "IN";
    /// Matches records whose field equals none of the values.
    not_in = NotIn "NIN";
    /// Matches records whose field is less than the value, or earlier. Not supported for text.
    lt = Less "<";
    /// Matches records whose field is at most the value. Not supported for text and dates.
    le = LessOrEqual "<=";
    /// Matches records whose field is greater than the value, or later. Not supported for text.
    gt = Greater ">";
    /// Matches records whose field is at least the value. Not supported for text and dates.
    ge = GreaterOrEqual ">=";
    /// Matches records whose text contains the value.
    contains = Contains "~";
    /// Matches records whose text does not contain the value.
    not_contains = NotContains "!~";
    /// Matches records whose text starts with the value.
    starts_with = StartsWith "^";
    /// Matches records whose text ends with the value.
    ends_with = EndsWith "$";
}

impl Comparison {
    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }
}

impl Field {
    fn compare(&self, comparison: Comparison, Operand { value, is_time }: Operand) -> Query {
        if (is_time || is_date_field(&self.0)) && is_in_milliseconds(&value) {
            return Query::invalid(QueryError::Milliseconds {
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

impl IntoArgument<Value> for Query {
    fn into_argument(self) -> Result<Option<Value>, InvalidField> {
        let value = self.try_into();
        value
            .map(Some)
            .map_err(|error: QueryError| InvalidField::new(error.to_string()))
    }
}

/// Converts a query to a filter type of the description, or to a request for the first page with the server's default page size.
macro_rules! queries {
    (@json filter $query:ident) => {
        $query
    };
    (@json request $query:ident) => {
        ::std::format!(r#"{{"query":{}}}"#, $query)
    };
    ($target:path, $form:ident) => {
        impl ::std::convert::TryFrom<crate::search::Query> for $target {
            type Error = crate::search::QueryError;
            fn try_from(query: crate::search::Query) -> ::std::result::Result<Self, Self::Error> {
                let query = query.to_json()?;
                let text = crate::search::queries! { @json $form query };
                let read = crate::wire::read::text::<Self>(&text);
                read.map(|(value, _)| value)
                    .map_err(|_| crate::search::QueryError::NotDescribed)
            }
        }

        impl crate::IntoArgument<$target> for crate::search::Query {
            fn into_argument(self) -> ::std::result::Result<Option<$target>, crate::InvalidField> {
                let value = <$target>::try_from(self);
                value
                    .map(Some)
                    .map_err(|error| crate::InvalidField::new(error.to_string()))
            }
        }
    };
}
pub(crate) use queries;

/// The field by which changes are searched and sorted.
pub(crate) const UPDATED_AT: &str = "updated_at";

/// The sort order of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

impl Order {
    /// Returns the value that is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

/// Adds methods to the builder of a search.
macro_rules! builders {
    ($builder:ident($filter:ty) $($pagination:ident: $paging:ident)? $(changes: $page:ty, $dates:ident)?) => {
        impl builder::$builder {
            /// Sets the query: a [`Query`](crate::search::Query), or a filter as its type or as JSON. Required.
            pub fn query(self, query: impl crate::IntoArgument<$filter>) -> Self {
                self.body_map(|body| body.query(query))
            }

            $(
                /// Sets the number of items per page, at most 150. The server's default is 50 contacts or 20 conversations.
                pub fn per_page(self, items: impl crate::IntoArgument<i64>) -> Self {
                    self.body_map(|body| {
                        let paging = body.as_value().$pagination.clone().unwrap_or_default();
                        let paging = types::builder::$paging::from(paging).per_page(items);
                        body.$pagination(paging)
                    })
                }
            )?

            /// Sets the field and direction by which the results of all pages are sorted. The server's default is newest first.
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
                /// Returns a stream of the items that changed at `moment` or later, with the time from which to start the next run;
                /// see [`Changes`](crate::paging::Changes).
                ///
                /// The search combines the [`query`](Self::query), which is optional here, with a filter by `updated_at`. It always
                /// sorts by the last change, newest first, and ignores [`sort`](Self::sort).
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
