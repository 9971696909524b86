//! Notifications: the topic, and what stands around the item.

use super::{Item, Stub, topics};
use crate::wire::extra::Extra;
use crate::wire::map::Map;
use crate::wire::object::object;
use crate::wire::read::Mismatch;
use crate::wire::timestamp::Timestamp;

/// A notification: something happened in a workspace that the app is installed in.
///
/// Like every object of the API it keeps what it has no field for and gives it back when it is encoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notification {
    /// Always `notification_event`.
    pub type_: Option<String>,
    /// The notification's id, the same when it is sent again. A ping has none, and others can lack it too.
    pub id: Option<String>,
    /// What happened, such as `conversation.user.replied`: one of [`topics`], or a newer one.
    pub topic: Option<String>,
    /// The workspace that it happened in, as `app.id_code` of [`identify_admin`](crate::Client::identify_admin) names it.
    pub app_id: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was first sent.
    pub first_sent_at: Option<Timestamp>,
    /// How often it was sent, this time included.
    pub delivery_attempts: Option<i64>,
    /// State of the delivery, such as `pending` or `retry`. Can be absent.
    pub delivery_status: Option<String>,
    /// When it was delivered; 0 as long as it was not.
    pub delivered_at: Option<Timestamp>,
    /// Links to what belongs to it; usually none.
    pub links: Map,
    /// The URL of the notification or of its subscription, if there is one.
    pub self_: Option<String>,
    /// What it is about.
    pub data: Option<Data>,
    /// What it holds beyond these fields: see [`Extra`].
    pub extra: Extra,
    mismatches: Vec<Mismatch>,
}

object! {
    Notification {
        0 "type" type_ field;
        1 "id" id field;
        2 "topic" topic field;
        3 "app_id" app_id field;
        4 "created_at" created_at field;
        5 "first_sent_at" first_sent_at field;
        6 "delivery_attempts" delivery_attempts field;
        7 "delivery_status" delivery_status field;
        8 "delivered_at" delivered_at field;
        9 "links" links field;
        10 "self" self_ field;
        11 "data" data field;
    }
}
crate::wire::deserialize::readable! { Notification }

/// The container of a notification's item.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Data {
    /// Always `notification_event_data`.
    pub type_: Option<String>,
    /// What the notification is about.
    pub item: Option<Item>,
    /// What it holds beyond these fields: see [`Extra`].
    pub extra: Extra,
}

object! {
    Data {
        0 "type" type_ field;
        1 "item" item field;
    }
}
crate::wire::deserialize::readable! { Data }

impl Notification {
    /// What the notification is about.
    pub fn item(&self) -> Option<&Item> {
        self.data.as_ref()?.item.as_ref()
    }

    /// What the notification is about, as a value of its own.
    pub fn into_item(self) -> Option<Item> {
        self.data?.item
    }

    /// Returns `true` if the item only names a record that was deleted or archived, so that it must not be stored over the record.
    /// The methods that return records return `None` then, those that return ids the id.
    pub fn is_stub(&self) -> bool {
        self.item().is_some_and(Item::is_stub)
    }

    /// What is left of the record, if [`is_stub`](Self::is_stub).
    pub fn stub(&self) -> Option<&Stub> {
        match self.item()? {
            Item::Stub(stub) => Some(stub),
            _ => None,
        }
    }

    /// Whether it only tests the endpoint: answer 200, there is nothing to do.
    pub fn is_ping(&self) -> bool {
        self.topic.as_deref() == Some(topics::PING)
    }

    /// The values that are of another kind than described, the first 1,000 of them; they are kept in the [`Extra`] of their
    /// objects.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    pub(super) fn with_mismatches(mut self, mismatches: Vec<Mismatch>) -> Self {
        self.mismatches = mismatches;
        self
    }
}
