//! What a builder becomes when it is awaited.

use std::pin::Pin;

use super::Client;
use crate::call::call::Call;
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::typed::Response;
use crate::wire::decode::Decode;

/// A call on its way. Of hundreds of operations a program awaits a few: each is compiled there.
pub(crate) type Sending<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

/// Sends a call and decodes its JSON answer.
pub(crate) fn decoded<T: Decode + Send + 'static>(client: Client, call: Result<Call, Error>) -> Sending<T> {
    Box::pin(async move { client.decoded(&call?).await })
}

/// Sends a call and hands on the bytes of its answer as they arrive. Only some descriptions have such.
#[allow(dead_code)]
pub(crate) fn stream(client: Client, call: Result<Call, Error>) -> Sending<ByteStream> {
    Box::pin(async move { client.stream(&call?).await })
}

/// Lets a builder be awaited in the place of `send()`.
macro_rules! awaited {
    ($builder:ident: $answer:ty, $how:ident) => {
        /// Awaiting it sends the request, as [`send`](Self::send) does.
        impl ::std::future::IntoFuture for $builder {
            type Output = ::std::result::Result<crate::Response<$answer>, crate::Error>;
            type IntoFuture = crate::client::sending::Sending<$answer>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                let client = self.client.clone();
                crate::client::sending::$how(client, self.call())
            }
        }
    };
}
pub(crate) use awaited;
