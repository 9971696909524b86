//! The state of a ticket, which servers send as a string or as an object.

/// Declares `TicketState` for the enum of categories.
macro_rules! ticket_state {
    ($category:ident) => {
        /// The state of a ticket.
        ///
        /// Up to API version 2.11, servers send the category of the state as a string. Later versions support custom states,
        /// and servers send an object that contains the category. Both are read by [`category`](Self::category) and serialized
        /// unchanged.
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
        pub struct TicketState(TicketStateNotation);

        #[derive(Clone, Debug, PartialEq)]
        enum TicketStateNotation {
            Category($category),
            Object(::std::boxed::Box<TicketStateObject>),
        }

        #[derive(Clone, Debug, Default, PartialEq)]
        struct TicketStateObject {
            kind: ::std::option::Option<String>,
            id: ::std::option::Option<String>,
            category: ::std::option::Option<$category>,
            internal_label: ::std::option::Option<String>,
            external_label: ::std::option::Option<String>,
            extra: crate::Extra,
        }

        crate::wire::object::object! {
            TicketStateObject {
                0 "type" kind field;
                1 "id" id field;
                2 "category" category field;
                3 "internal_label" internal_label field;
                4 "external_label" external_label field;
            }
        }

        impl TicketState {
            /// Returns the category, or `None` if the server sent an object without one.
            pub fn category(&self) -> ::std::option::Option<&$category> {
                match &self.0 {
                    TicketStateNotation::Category(category) => Some(category),
                    TicketStateNotation::Object(object) => object.category.as_ref(),
                }
            }

            /// Returns the label for teammates, if the server sent one.
            pub fn internal_label(&self) -> ::std::option::Option<&str> {
                self.object()?.internal_label.as_deref()
            }

            /// Returns the label for users, if the server sent one.
            pub fn external_label(&self) -> ::std::option::Option<&str> {
                self.object()?.external_label.as_deref()
            }

            /// Returns the other values of the object. Empty if the server sent only a category.
            pub fn extra(&self) -> &crate::Extra {
                self.object()
                    .map_or(const { &crate::Extra::new() }, |object| &object.extra)
            }

            fn object(&self) -> ::std::option::Option<&TicketStateObject> {
                match &self.0 {
                    TicketStateNotation::Category(_) => None,
                    TicketStateNotation::Object(object) => Some(object),
                }
            }
        }

        /// Shows the category.
        impl ::std::fmt::Display for TicketState {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self.category().map_or("", $category::as_str), f)
            }
        }

        impl ::std::convert::From<$category> for TicketState {
            fn from(category: $category) -> Self {
                Self(TicketStateNotation::Category(category))
            }
        }

        impl ::serde::Serialize for TicketState {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match &self.0 {
                    TicketStateNotation::Category(category) => category.serialize(serializer),
                    TicketStateNotation::Object(object) => object.serialize(serializer),
                }
            }
        }

        impl crate::wire::decode::Decode for TicketState {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                match reader.peek()? {
                    b'{' => crate::wire::decode::Decode::decode(reader)
                        .map(|object| Self(TicketStateNotation::Object(object))),
                    _ => {
                        let text = crate::wire::decode::text(reader, "a ticket state, a string or an object")?;
                        Ok($category::from(&*text).into())
                    }
                }
            }
        }

        crate::wire::deserialize::readable! { TicketState }
    };
}
pub(crate) use ticket_state;

#[cfg(test)]
mod tests {
    use crate::TicketState;
    use crate::types::TicketStateCategory;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn state_has_a_category_and_is_serialized_as_received() {
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
    fn other_types_are_rejected() {
        for value in [json!(true), json!(["resolved"])] {
            let error = from_value::<TicketState>(value).unwrap_err().to_string();
            assert!(error.contains("a string or an object"), "{error}");
        }
    }
}
