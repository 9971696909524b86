//! The API version of requests.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::HeaderValue;

use super::config_error::ConfigError;

/// An API version, which every request has in the `Intercom-Version` header.
///
/// The default is the version of the description from which this crate is generated. Without the
/// header, the server would use the version in the settings of the workspace's app.
///
/// ```
/// use intercom_client::ApiVersion;
///
/// assert_eq!("2.9".parse(), Ok(ApiVersion::V2_9));
/// assert!("two".parse::<ApiVersion>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion(Cow<'static, str>);

/// Declares the versions in the description.
macro_rules! versions {
    ($default:literal $( $name:ident = $text:literal )*) => {
        impl crate::ApiVersion {
            $(
                #[doc = concat!("Version ", $text, ".")]
                pub const $name: Self = Self::known($text);
            )*
        }

        impl crate::ApiVersion {
            /// All versions in the description.
            pub const ALL: &'static [Self] = &[$( Self::$name ),*];
        }

        /// The version of the description.
        impl ::std::default::Default for crate::ApiVersion {
            fn default() -> Self {
                Self::known($default)
            }
        }
    };
}
pub(crate) use versions;

impl ApiVersion {
    /// Creates a version from a valid text.
    pub(crate) const fn known(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Returns the value of the header. Every version is a valid header value, so the fallback is
    /// never used.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Returns the version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses a version such as `2.9`, or `Unstable`.
impl FromStr for ApiVersion {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let well_formed = Self::ALL.iter().any(|version| version.as_str() == text)
            || text == "Unstable"
            || text
                .split_once('.')
                .is_some_and(|(major, minor)| number(major) && number(minor));
        if well_formed {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(ConfigError::MalformedVersion(text.to_owned()))
        }
    }
}
