//! Enums of strings that preserve unknown values.

/// Declares an enum of strings with a variant for unknown values.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        ///
        /// # Unknown values
        ///
        /// Intercom adds values without a new API version. A value that this crate does not know decodes to `Unknown`, and is
        /// serialized unchanged.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value that this crate does not know.
            Unknown(::std::string::String),
        }

        impl $name {
            /// Returns the value in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    Self::Unknown(text) => text,
                }
            }

            fn known(text: &str) -> ::std::option::Option<Self> {
                match text {
                    $( $text => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::wire::decode::Decode for $name {
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                let text = crate::wire::decode::text(reader, "a string")?;
                Ok(match Self::known(&text) {
                    Some(known) => known,
                    None => {
                        // In a union, a variant that knows the value is a better match.
                        reader.count_unmatched();
                        Self::Unknown(text.into_owned())
                    }
                })
            }
        }

        crate::wire::deserialize::readable! { $name }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
#[allow(unreachable_pub)] // the macro declares public items
mod tests {
    open_enum! {
        /// The state of a door.
        pub enum Door {
            /// `open`
            Open = "open",
            /// `half_open`
            HalfOpen = "half_open",
        }
    }

    #[test]
    fn known_and_unknown_values_round_trip() {
        for text in ["open", "half_open", "ajar", ""] {
            let door: Door = serde_json::from_value(text.into()).unwrap();
            assert_eq!(door.as_str(), text);
            assert_eq!(door.to_string(), text);
            assert_eq!(door, Door::from(text));
            assert_eq!(door, Door::from(text.to_owned()));
            assert_eq!(serde_json::to_value(&door).unwrap(), text);
        }
        assert_eq!(Door::from("half_open"), Door::HalfOpen);
        assert_eq!(Door::from("ajar"), Door::Unknown("ajar".into()));
        let number: Door = serde_json::from_str("7").unwrap();
        assert_eq!(number, Door::Unknown("7".into()));
        assert!(serde_json::from_str::<Door>("{}").is_err());
    }
}
