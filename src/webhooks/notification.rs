//! Notifications: the envelope of an item.

use super::{Item, Stub, topics};
use crate::wire::extra::Extra;
use crate::wire::map::Map;
use crate::wire::object::object;
use crate::wire::read::Mismatch;
use crate::wire::timestamp::Timestamp;

/// A notification about an event in a workspace that installed the app.
///
/// Unknown fields are kept, and written back when the notification is serialized.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notification {
    /// The type of the object, `notification_event`.
    pub type_: Option<String>,
    /// The id of the notification, which is the same on every delivery. Absent in pings, and
    /// sometimes in other notifications.
    pub id: Option<String>,
    /// The topic, such as `conversation.user.replied`. [`topics`] has constants for the known ones.
    pub topic: Option<String>,
    /// The id of the workspace, which is `app.id_code` in the response of
    /// [`identify_admin`](crate::Client::identify_admin).
    pub app_id: Option<String>,
    /// When the notification was created.
    pub created_at: Option<Timestamp>,
    /// When the notification was first sent.
    pub first_sent_at: Option<Timestamp>,
    /// The number of deliveries, including this one.
    pub delivery_attempts: Option<i64>,
    /// The state of the delivery, such as `pending` or `retry`.
    pub delivery_status: Option<String>,
    /// When the notification was delivered; 0 before that.
    pub delivered_at: Option<Timestamp>,
    /// Links to related objects, usually empty.
    pub links: Map,
    /// The URL of the notification or its subscription.
    pub self_: Option<String>,
    /// The container of the item.
    pub data: Option<Data>,
    /// Fields that this type does not have; see [`Extra`].
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
    /// The type of the object, `notification_event_data`.
    pub type_: Option<String>,
    /// The object that the notification is about.
    pub item: Option<Item>,
    /// Fields that this type does not have; see [`Extra`].
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
    /// Returns the object that the notification is about.
    pub fn item(&self) -> Option<&Item> {
        self.data.as_ref()?.item.as_ref()
    }

    /// Converts the notification into its item.
    pub fn into_item(self) -> Option<Item> {
        self.data?.item
    }

    /// Returns `true` if the item is only a [`Stub`] of a deleted or archived record, which must
    /// not be stored as the record.
    ///
    /// The methods that return a record then return `None`; those that return an id return the id
    /// of the record.
    pub fn is_stub(&self) -> bool {
        self.item().is_some_and(Item::is_stub)
    }

    /// Returns the stub, if [`is_stub`](Self::is_stub).
    pub fn stub(&self) -> Option<&Stub> {
        match self.item()? {
            Item::Stub(stub) => Some(stub),
            _ => None,
        }
    }

    /// Returns `true` if the notification only tests the endpoint. Respond with 200.
    pub fn is_ping(&self) -> bool {
        self.topic.as_deref() == Some(topics::PING)
    }

    /// Returns the values whose type differs from the description, at most 1,000. The [`Extra`] of
    /// their objects keeps them.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    pub(super) fn with_mismatches(mut self, mismatches: Vec<Mismatch>) -> Self {
        self.mismatches = mismatches;
        self
    }
}
