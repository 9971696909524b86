//! Calls to a test server that misbehaves.
//!
//! Each test checks the requests that the server got and the result of the call. Bounds on time are
//! lower bounds, so that they hold on slow machines.

mod calls;
#[allow(dead_code)] // some moves are for other test binaries
mod server;

mod connecting;
mod connections;
mod echoes;
mod encoding;
mod endless_gzip;
mod errors;
mod http2;
mod limits;
mod load;
mod loopback;
mod outcomes;
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
mod proxies;
mod redirects;
mod retries;
#[cfg(feature = "tracing")]
mod secrecy;
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
mod tls;
mod turns;
mod unpolled;
mod workspaces;
