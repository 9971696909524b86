//! The futures of operation builders.

use std::pin::Pin;

use super::Client;
use crate::call::call::Call;
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::typed::Response;
use crate::wire::decode::Decode;

/// The future of a call. Boxed, so that it is compiled only for the operations that a program uses.
pub(crate) type Sending<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

/// Sends a call and decodes its JSON response.
pub(crate) fn decoded<T: Decode + Send + 'static>(client: Client, call: Result<Call, Error>) -> Sending<T> {
    Box::pin(async move { client.decoded(&call?).await })
}

/// Sends a call and returns the body of the response as a stream. Some descriptions have no such
/// operation.
#[allow(dead_code)]
pub(crate) fn stream(client: Client, call: Result<Call, Error>) -> Sending<ByteStream> {
    Box::pin(async move { client.stream(&call?).await })
}

/// Implements `IntoFuture` for a builder.
macro_rules! awaited {
    ($builder:ident: $value:ty, $send:ident) => {
        /// Awaiting the builder sends the request, like [`send`](Self::send).
        impl ::std::future::IntoFuture for $builder {
            type Output = ::std::result::Result<crate::Response<$value>, crate::Error>;
            type IntoFuture = crate::client::sending::Sending<$value>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                let client = self.client.clone();
                crate::client::sending::$send(client, self.call())
            }
        }
    };
}
pub(crate) use awaited;
