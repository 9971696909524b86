//! Text enums that stay open: a value this version does not know is kept and sent back as it came.

/// Declares an open enum of texts.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )* }
    ) => {
        $(#[$meta])*
        ///
        /// # Unknown values
        ///
        /// The server adds values without a new API version. One that this version does not know decodes to `Unknown`
        /// with its text, and is sent as that text.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value unknown to this version, as it came.
            Unknown(::std::string::String),
        }

        impl $name {
            /// The text on the wire.
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

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                <Self as crate::wire::lenient::Lenient>::lenient(deserializer)
            }
        }

        impl<'de> crate::wire::lenient::Lenient<'de> for $name {
            fn lenient<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                deserializer.deserialize_any(crate::wire::open_enum::Text(::std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use open_enum;

/// Reads the text of an open enum, without a copy when the value is known.
pub struct Text<T>(pub std::marker::PhantomData<T>);

impl<T: for<'a> From<&'a str> + From<String>> serde::de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a string")
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::from(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::from(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::from(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    open_enum! {
        /// How a door is.
        pub enum Door {
            /// `open`
            Open = "open",
            /// `half_open`
            HalfOpen = "half_open",
        }
    }

    #[test]
    fn known_and_unknown_texts_round_trip() {
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
