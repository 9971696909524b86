//! The regions that host workspaces, and their servers.

/// Declares [`Region`] from the servers of the description.
macro_rules! regions {
    ($( $(#[$meta:meta])* $variant:ident = $name:literal $url:literal, )*) => {
        /// The region that hosts a workspace.
        ///
        /// An access token is valid only in the region that hosts its workspace. The regions are
        /// the servers of the description. The response of `/me` has the region of the workspace in
        /// `app.region`.
        ///
        /// ```
        /// use intercom_client::Region;
        ///
        /// assert_eq!("eu".parse(), Ok(Region::Eu));
        /// assert_eq!(Region::default(), Region::Us);
        /// ```
        #[doc(alias = "server")]
        #[doc(alias = "datacenter")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Region {
            $( $(#[$meta])* $variant, )*
            /// The region of a base URL that is not the server of any region.
            Custom,
        }

        impl Region {
            /// All regions of the description; the first is the default.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),*];

            /// Returns the name in lowercase: `us`, `eu`, `au`, or `custom`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )*
                    Self::Custom => "custom",
                }
            }

            /// Returns the URL of the region's server; `None` for [`Region::Custom`].
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

/// The region of the first server in the description.
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

/// Parses `us`, `eu` or `au`, ignoring case and surrounding whitespace.
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
