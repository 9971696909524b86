//! Where a workspace's data lives, and the server that answers for it.

/// Declares [`Region`] from the servers of the description.
macro_rules! regions {
    ($( $(#[$meta:meta])* $variant:ident = $name:literal $url:literal, )*) => {
        /// The region that hosts a workspace; a token works only in its own.
        ///
        /// The URLs are the description's servers. `/me` tells a workspace's region in `app.region`.
        ///
        /// ```
        /// use intercom_client::Region;
        ///
        /// assert_eq!("eu".parse(), Ok(Region::Eu));
        /// assert_eq!(Region::default(), Region::Us);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Region {
            $( $(#[$meta])* $variant, )*
            /// A server of none of the regions: the client was given a base URL of its own.
            Custom,
        }

        impl Region {
            /// The regions that the description names, the default first.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];

            /// The name in lower case: `us`, `eu`, `au`, or `custom`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )*
                    Self::Custom => "custom",
                }
            }

            /// The URL of the region's server; `None` for [`Region::Custom`].
            pub const fn url(self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($url), )*
                    Self::Custom => None,
                }
            }
        }
    };
}
pub(crate) use regions;

use crate::client::ConfigError;
use crate::generated::Region;

/// The first server of the description.
impl Default for Region {
    fn default() -> Self {
        Self::ALL.first().copied().unwrap_or(Self::Custom)
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads `us`, `eu` or `au`, in either case.
impl std::str::FromStr for Region {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::ALL
            .iter()
            .copied()
            .find(|region| region.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| ConfigError::UnknownRegion(text.to_owned()))
    }
}
