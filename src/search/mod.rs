//! Searches of contacts and conversations, written as expressions.
//!
//! [`field`] names what to compare, its methods compare it, `&` and `|` join:
//!
//! ```
//! use intercom_client::search::{contacts, field};
//! # async fn example(client: intercom_client::Client) -> Result<(), intercom_client::Error> {
//! let signed_up = chrono::DateTime::from_timestamp(1_731_369_600, 0).unwrap_or_default();
//! let query = field(contacts::ROLE).eq("user")
//!     & field(contacts::CREATED_AT).gt(signed_up)
//!     & (field(contacts::EMAIL).ends_with("@fernhill.example") | field("custom_attributes.plan").eq("pro"));
//! let people = client.search_contacts().query(query).per_page(150).send().await?;
//! println!("{:?} people", people.total_count);
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
//! `gt` begins with the day after the one named, `lt` ends before that day, `eq` is that day. To get what changed since a
//! moment, search from the day before and compare the full timestamps of the answer. **Dates of conversations** are
//! compared to the second, and the server's `gt` and `lt` include the moment itself.
//!
//! Searches are fed with a delay: a contact can take minutes to appear in one.
//!
//! The raw [`SearchRequest`](crate::types::SearchRequest) takes what this module does not express.

mod operand;

use std::borrow::Cow;
use std::fmt;
use std::ops::{BitAnd, BitOr};

use serde_json::{Value, json};

pub use operand::{NULL, Operand};

use crate::call::argument::{Argument, InvalidField};
use crate::wire::nullable::Nullable;
use crate::{builder, types};

/// How many groups may be nested in one another.
pub const MAX_LEVELS: usize = 2;
/// How many filters and groups one group may hold.
pub const MAX_FILTERS: usize = 15;

/// Names the field of a filter: one of the constants in [`contacts`] and [`conversations`], or any other name that the
/// server knows, such as `custom_attributes.plan`.
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
                pub fn $method(&self, value: impl Into<Operand>) -> Query {
                    self.compare(Comparison::$comparison, value.into())
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
/// Becomes a [`SearchFilter`](types::SearchFilter) or a whole [`SearchRequest`](types::SearchRequest) by `try_into`; the
/// search builders do that in `query`.
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
            Node::Filter { .. } => 0,
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

impl TryFrom<Query> for types::SearchFilter {
    type Error = QueryError;
    fn try_from(query: Query) -> Result<Self, QueryError> {
        query.check()?;
        let levels = query.levels();
        if levels > MAX_LEVELS {
            return Err(QueryError::TooDeep { levels });
        }
        let Value::Object(mut filter) = query.into_json() else {
            return Ok(Self::default());
        };
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        Ok(Self {
            field: text(filter.remove("field")),
            operator: text(filter.remove("operator")),
            value: filter.remove("value").map(|value| match value {
                Value::Null => Nullable::Null,
                value => Nullable::Value(value),
            }),
            ..Self::default()
        })
    }
}

/// A search that asks for the first page, of the server's default size.
impl TryFrom<Query> for types::SearchRequest {
    type Error = QueryError;
    fn try_from(query: Query) -> Result<Self, QueryError> {
        Ok(Self {
            query: Some(query.try_into()?),
            ..Self::default()
        })
    }
}

macro_rules! arguments {
    ($($target:ident),*) => {$(
        impl Argument<types::$target> for Query {
            fn argument(self) -> Result<Option<types::$target>, InvalidField> {
                self.try_into().map(Some).map_err(|error: QueryError| InvalidField::new(error.to_string()))
            }
        }
    )*};
}
arguments!(SearchFilter, SearchRequest);

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

macro_rules! search_builders {
    ($($builder:ident),*) => {$(
        impl builder::$builder {
            /// What to look for: a [`Query`], or a [`SearchFilter`](types::SearchFilter) made by hand.
            ///
            /// Required.
            pub fn query(self, query: impl Argument<types::SearchFilter>) -> Self {
                self.body_map(|body| body.query(query))
            }

            /// How many items a page holds, at most 150. Default: the server's, 50 contacts or 20 conversations.
            pub fn per_page(self, items: impl Argument<i64>) -> Self {
                self.body_map(|body| {
                    let paging = body.as_value().pagination.clone().unwrap_or_default();
                    let paging = types::builder::StartingAfterPaging::from(paging).per_page(items);
                    body.pagination(paging)
                })
            }

            /// By which field the answer is sorted, and in which direction; all pages alike. Default: the server's, the
            /// newest first.
            ///
            /// ```
            /// # async fn example(client: intercom_client::Client) -> Result<(), intercom_client::Error> {
            /// use intercom_client::search::{Order, conversations, field};
            ///
            /// let open = client.search_conversations().query(field(conversations::OPEN).eq(true));
            /// let oldest_first = open.sort(conversations::UPDATED_AT, Order::Ascending).send().await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn sort(self, field: impl Into<String>, order: Order) -> Self {
                let sort = json!({"field": field.into(), "order": order.as_str()});
                self.body_map(|body| body.extra("sort", sort))
            }
        }
    )*};
}
search_builders!(SearchContacts, SearchConversations);

/// Names of fields that contacts can be searched by, as Intercom documents them.
///
/// ```
/// use intercom_client::search::{contacts, field};
///
/// let query = field(contacts::TAG_ID).eq("88120") & field(contacts::LAST_SEEN_AT).gt(1_731_369_600);
/// ```
pub mod contacts {
    /// Intercom's id, 24 hexadecimal characters.
    pub const ID: &str = "id";
    /// `user` or `lead`.
    pub const ROLE: &str = "role";
    /// Full name.
    pub const NAME: &str = "name";
    /// Address of the picture.
    pub const AVATAR: &str = "avatar";
    /// Id of the admin who owns the contact, an integer.
    pub const OWNER_ID: &str = "owner_id";
    /// Email address.
    pub const EMAIL: &str = "email";
    /// The part of the email address after the `@`.
    pub const EMAIL_DOMAIN: &str = "email_domain";
    /// Phone number.
    pub const PHONE: &str = "phone";
    /// The contact's id in your own system.
    pub const EXTERNAL_ID: &str = "external_id";
    /// When Intercom first saw the contact, a date.
    pub const CREATED_AT: &str = "created_at";
    /// When the contact signed up with you, a date.
    pub const SIGNED_UP_AT: &str = "signed_up_at";
    /// When the contact last changed, a date.
    pub const UPDATED_AT: &str = "updated_at";
    /// When the contact was last active, a date.
    pub const LAST_SEEN_AT: &str = "last_seen_at";
    /// When the contact was last written to, a date.
    pub const LAST_CONTACTED_AT: &str = "last_contacted_at";
    /// When the contact last answered, a date.
    pub const LAST_REPLIED_AT: &str = "last_replied_at";
    /// When the contact last opened an email, a date.
    pub const LAST_EMAIL_OPENED_AT: &str = "last_email_opened_at";
    /// When the contact last followed a link in an email, a date.
    pub const LAST_EMAIL_CLICKED_AT: &str = "last_email_clicked_at";
    /// Language that was set for the contact.
    pub const LANGUAGE_OVERRIDE: &str = "language_override";
    /// Name of the browser.
    pub const BROWSER: &str = "browser";
    /// Language of the browser.
    pub const BROWSER_LANGUAGE: &str = "browser_language";
    /// Operating system.
    pub const OS: &str = "os";
    /// Country.
    pub const LOCATION_COUNTRY: &str = "location.country";
    /// Region of the country.
    pub const LOCATION_REGION: &str = "location.region";
    /// City.
    pub const LOCATION_CITY: &str = "location.city";
    /// Whether the contact takes no emails, a boolean.
    pub const UNSUBSCRIBED_FROM_EMAILS: &str = "unsubscribed_from_emails";
    /// Whether the contact reported an email as spam, a boolean.
    pub const MARKED_EMAIL_AS_SPAM: &str = "marked_email_as_spam";
    /// Whether an email could not be delivered for good, a boolean.
    pub const HAS_HARD_BOUNCED: &str = "has_hard_bounced";
    /// When the contact last used the iOS app, a date.
    pub const IOS_LAST_SEEN_AT: &str = "ios_last_seen_at";
    /// Name of the iOS app.
    pub const IOS_APP_NAME: &str = "ios_app_name";
    /// Version of the iOS app.
    pub const IOS_APP_VERSION: &str = "ios_app_version";
    /// iOS device.
    pub const IOS_DEVICE: &str = "ios_device";
    /// Version of iOS.
    pub const IOS_OS_VERSION: &str = "ios_os_version";
    /// Version of Intercom's SDK in the iOS app.
    pub const IOS_SDK_VERSION: &str = "ios_sdk_version";
    /// When the contact last used the Android app, a date.
    pub const ANDROID_LAST_SEEN_AT: &str = "android_last_seen_at";
    /// Name of the Android app.
    pub const ANDROID_APP_NAME: &str = "android_app_name";
    /// Version of the Android app.
    pub const ANDROID_APP_VERSION: &str = "android_app_version";
    /// Android device.
    pub const ANDROID_DEVICE: &str = "android_device";
    /// Id of a segment that the contact is in.
    pub const SEGMENT_ID: &str = "segment_id";
    /// Id of a tag on the contact; only `eq` and `ne`.
    pub const TAG_ID: &str = "tag_id";
}

/// Names of fields that conversations can be searched by, as Intercom documents them.
///
/// ```
/// use intercom_client::search::{conversations, field};
///
/// let query = field(conversations::STATE).eq("open") & field(conversations::ADMIN_ASSIGNEE_ID).eq("0");
/// ```
pub mod conversations {
    /// Id of the conversation.
    pub const ID: &str = "id";
    /// When it began, a date.
    pub const CREATED_AT: &str = "created_at";
    /// When it last changed, a date.
    pub const UPDATED_AT: &str = "updated_at";
    /// What began it, such as `conversation` or `email`.
    pub const SOURCE_TYPE: &str = "source.type";
    /// Id of the message that began it.
    pub const SOURCE_ID: &str = "source.id";
    /// How it began, such as `customer_initiated`.
    pub const SOURCE_DELIVERED_AS: &str = "source.delivered_as";
    /// Subject of the message that began it.
    pub const SOURCE_SUBJECT: &str = "source.subject";
    /// Text of the message that began it, indexed by words: `eq` and `contains` take a single word.
    pub const SOURCE_BODY: &str = "source.body";
    /// Id of who began it.
    pub const SOURCE_AUTHOR_ID: &str = "source.author.id";
    /// Kind of who began it, such as `user`.
    pub const SOURCE_AUTHOR_TYPE: &str = "source.author.type";
    /// Name of who began it.
    pub const SOURCE_AUTHOR_NAME: &str = "source.author.name";
    /// Email address of who began it.
    pub const SOURCE_AUTHOR_EMAIL: &str = "source.author.email";
    /// Page on which it began.
    pub const SOURCE_URL: &str = "source.url";
    /// Id of a contact that takes part.
    pub const CONTACT_IDS: &str = "contact_ids";
    /// Id of a teammate who takes part.
    pub const TEAMMATE_IDS: &str = "teammate_ids";
    /// Id of the admin it is assigned to, `0` for none.
    pub const ADMIN_ASSIGNEE_ID: &str = "admin_assignee_id";
    /// Id of the team it is assigned to, `0` for none.
    pub const TEAM_ASSIGNEE_ID: &str = "team_assignee_id";
    /// Channel on which it began.
    pub const CHANNEL_INITIATED: &str = "channel_initiated";
    /// Whether it is open, a boolean.
    pub const OPEN: &str = "open";
    /// Whether it has been read, a boolean.
    pub const READ: &str = "read";
    /// `open`, `closed` or `snoozed`.
    pub const STATE: &str = "state";
    /// Since when the contact waits for an answer, a date.
    pub const WAITING_SINCE: &str = "waiting_since";
    /// When it opens again, a date.
    pub const SNOOZED_UNTIL: &str = "snoozed_until";
    /// Id of a tag on it.
    pub const TAG_IDS: &str = "tag_ids";
    /// `priority` or `not_priority`.
    pub const PRIORITY: &str = "priority";
    /// Seconds until it was first assigned.
    pub const STATISTICS_TIME_TO_ASSIGNMENT: &str = "statistics.time_to_assignment";
    /// Seconds until an admin first answered.
    pub const STATISTICS_TIME_TO_ADMIN_REPLY: &str = "statistics.time_to_admin_reply";
    /// Seconds until it was first closed.
    pub const STATISTICS_TIME_TO_FIRST_CLOSE: &str = "statistics.time_to_first_close";
    /// Seconds until it was last closed.
    pub const STATISTICS_TIME_TO_LAST_CLOSE: &str = "statistics.time_to_last_close";
    /// Median of the seconds until an admin answered.
    pub const STATISTICS_MEDIAN_TIME_TO_REPLY: &str = "statistics.median_time_to_reply";
    /// When a contact first answered, a date.
    pub const STATISTICS_FIRST_CONTACT_REPLY_AT: &str = "statistics.first_contact_reply_at";
    /// When it was first assigned, a date.
    pub const STATISTICS_FIRST_ASSIGNMENT_AT: &str = "statistics.first_assignment_at";
    /// When an admin first answered, a date.
    pub const STATISTICS_FIRST_ADMIN_REPLY_AT: &str = "statistics.first_admin_reply_at";
    /// When it was first closed, a date.
    pub const STATISTICS_FIRST_CLOSE_AT: &str = "statistics.first_close_at";
    /// When it was last assigned, a date.
    pub const STATISTICS_LAST_ASSIGNMENT_AT: &str = "statistics.last_assignment_at";
    /// When an admin first answered after the last assignment, a date.
    pub const STATISTICS_LAST_ASSIGNMENT_ADMIN_REPLY_AT: &str = "statistics.last_assignment_admin_reply_at";
    /// When a contact last answered, a date.
    pub const STATISTICS_LAST_CONTACT_REPLY_AT: &str = "statistics.last_contact_reply_at";
    /// When an admin last answered, a date.
    pub const STATISTICS_LAST_ADMIN_REPLY_AT: &str = "statistics.last_admin_reply_at";
    /// When it was last closed, a date.
    pub const STATISTICS_LAST_CLOSE_AT: &str = "statistics.last_close_at";
    /// Id of the admin who last closed it.
    pub const STATISTICS_LAST_CLOSED_BY_ID: &str = "statistics.last_closed_by_id";
    /// How often it was opened again.
    pub const STATISTICS_COUNT_REOPENS: &str = "statistics.count_reopens";
    /// How often it was assigned.
    pub const STATISTICS_COUNT_ASSIGNMENTS: &str = "statistics.count_assignments";
    /// How many parts it has.
    pub const STATISTICS_COUNT_CONVERSATION_PARTS: &str = "statistics.count_conversation_parts";
    /// When a rating was asked for, a date.
    pub const CONVERSATION_RATING_REQUESTED_AT: &str = "conversation_rating.requested_at";
    /// When the rating was given, a date.
    pub const CONVERSATION_RATING_REPLIED_AT: &str = "conversation_rating.replied_at";
    /// The rating, 1 to 5.
    pub const CONVERSATION_RATING_SCORE: &str = "conversation_rating.score";
    /// What was remarked with the rating.
    pub const CONVERSATION_RATING_REMARK: &str = "conversation_rating.remark";
    /// Id of the contact who rated.
    pub const CONVERSATION_RATING_CONTACT_ID: &str = "conversation_rating.contact_id";
}
