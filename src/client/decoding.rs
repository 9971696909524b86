//! Decodes the responses of calls.

use std::sync::Arc;

use crate::call::call::Call;
use crate::response::error::Error;
use crate::response::typed::Response;
use crate::transport::{Exchange, Transport};
use crate::wire::decode::Decode;
use crate::wire::read;

/// Sends a call and decodes its JSON response.
pub(super) async fn decoded<T: Decode>(transport: &Arc<Transport>, call: &Call) -> Result<Response<T>, Error> {
    let Exchange { response, span } = transport.exchange(call).await?;
    let response = response.bytes;
    // The change was made although the response is empty. An error would make callers repeat it.
    let is_empty = !call.operation.reads_only && read::is_blank_body(&response);
    let decoded = match is_empty {
        true => T::from_empty_body().map(|value| (value, Vec::new())),
        false => None,
    };
    match decoded.map_or_else(|| read::body(&response), Ok) {
        Ok((value, mismatches)) => {
            span.mismatches(&mismatches);
            Ok(response.map(|_| value).with_mismatches(mismatches))
        }
        Err(unread) => {
            let error = response.decode_error(unread);
            span.fail(&error);
            Err(error)
        }
    }
}
