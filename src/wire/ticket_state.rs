//! The state of a ticket, which servers send in two shapes.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::TicketStateCategory;
use crate::wire::lenient::Lenient;

/// How far a ticket has got.
///
/// Up to API version 2.11 servers send one word; later ones, where workspaces define states of their own, send an
/// object that names the category of the state. Both read alike here, and are sent as they came.
///
/// ```
/// use intercom_client::{TicketState, types::TicketStateCategory};
///
/// let word: TicketState = serde_json::from_str(r#""in_progress""#)?;
/// let object: TicketState = serde_json::from_str(r#"{"id":"7","category":"in_progress"}"#)?;
/// assert_eq!(word.category(), Some(&TicketStateCategory::InProgress));
/// assert_eq!(object.category(), word.category());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TicketState(Notation);

#[derive(Clone, Debug, PartialEq)]
enum Notation {
    Category(TicketStateCategory),
    Object(Box<Object>),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Object {
    #[serde(
        rename = "type",
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<String>,
    #[serde(
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    id: Option<String>,
    #[serde(
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    category: Option<TicketStateCategory>,
    #[serde(
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    internal_label: Option<String>,
    #[serde(
        deserialize_with = "crate::wire::lenient::field",
        skip_serializing_if = "Option::is_none"
    )]
    external_label: Option<String>,
}

/// Writes the category's text, nothing when there is none.
impl fmt::Display for TicketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.category().map_or("", TicketStateCategory::as_str).fmt(f)
    }
}

impl TicketState {
    /// The category of the state; `None` when the server sent an object without one.
    pub fn category(&self) -> Option<&TicketStateCategory> {
        match &self.0 {
            Notation::Category(category) => Some(category),
            Notation::Object(object) => object.category.as_ref(),
        }
    }

    /// The name that teammates see, in API versions after 2.11; earlier ones have it on the ticket itself.
    pub fn internal_label(&self) -> Option<&str> {
        self.object()?.internal_label.as_deref()
    }

    /// The name that customers see, in API versions after 2.11; earlier ones have it on the ticket itself.
    pub fn external_label(&self) -> Option<&str> {
        self.object()?.external_label.as_deref()
    }

    fn object(&self) -> Option<&Object> {
        match &self.0 {
            Notation::Category(_) => None,
            Notation::Object(object) => Some(object),
        }
    }
}

impl From<TicketStateCategory> for TicketState {
    fn from(category: TicketStateCategory) -> Self {
        Self(Notation::Category(category))
    }
}

impl Serialize for TicketState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Notation::Category(category) => category.serialize(serializer),
            Notation::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'de> Lenient<'de> for TicketState {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct State;
        impl<'de> Visitor<'de> for State {
            type Value = TicketState;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a ticket state, a string or an object")
            }
            fn visit_str<E>(self, text: &str) -> Result<TicketState, E> {
                Ok(TicketStateCategory::from(text).into())
            }
            fn visit_i64<E>(self, number: i64) -> Result<TicketState, E> {
                Ok(TicketStateCategory::from(number.to_string()).into())
            }
            fn visit_u64<E>(self, number: u64) -> Result<TicketState, E> {
                Ok(TicketStateCategory::from(number.to_string()).into())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TicketState, A::Error> {
                let object = Object::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TicketState(Notation::Object(Box::new(object))))
            }
        }
        deserializer.deserialize_any(State)
    }
}

impl<'de> Deserialize<'de> for TicketState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn every_shape_gives_its_category_and_is_sent_as_it_came() {
        let object = json!({
            "type": "ticket_state", "id": "7", "category": "resolved",
            "internal_label": "Refunded", "external_label": "Done",
        });
        for (value, category, label) in [
            (json!("resolved"), Some("resolved"), None),
            (json!("on_ice"), Some("on_ice"), None),
            (object, Some("resolved"), Some("Refunded")),
            (json!({"id": "7"}), None, None),
        ] {
            let state: TicketState = from_value(value.clone()).unwrap();
            assert_eq!(state.category().map(TicketStateCategory::as_str), category, "{value}");
            assert_eq!(state.internal_label(), label, "{value}");
            assert_eq!(to_value(&state).unwrap(), value);
        }
        let state: TicketState = from_value(json!({"id": 7, "category": null, "new": []})).unwrap();
        assert_eq!((state.category(), state.external_label()), (None, None));
    }

    #[test]
    fn nothing_else_is_a_state() {
        for value in [json!(true), json!(["resolved"])] {
            let error = from_value::<TicketState>(value).unwrap_err().to_string();
            assert!(error.contains("a string or an object"), "{error}");
        }
    }
}
