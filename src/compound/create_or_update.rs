//! A create-or-update operation that is sent again after it lost a race.

use serde_json::Value;

use super::backoff::Backoff;
use crate::call::call::Call;
use crate::client::Client;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::typed::Response;
use crate::wire::decode::Decode;

/// The maximum number of times that a call is sent again after it lost a race.
const MAX_REPEATS: u32 = 5;

/// Sends a create-or-update call, and sends it again if a concurrent call created the same record.
///
/// `key` is the property of the body that identifies the record, `id` the method that errors name.
pub(crate) async fn create_or_update<T: Decode + Send + 'static>(
    client: &Client,
    call: Result<Call, Error>,
    id: &'static str,
    key: &'static str,
) -> Result<Response<T>, Error> {
    let call = call?;
    let body: Option<Value> = call.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    let value = body.as_ref().and_then(|body| body.get(key));
    if value.is_none_or(|value| value.is_null() || value == "") {
        let what = format!("the body has no `{key}` to identify the record by");
        return Err(ErrorContext::builder_error(id, what));
    }
    let policy = client.retry_policy(&call.options);
    let mut backoff = Backoff::new(policy, MAX_REPEATS);
    let mut may_have_been_carried_out = false;
    loop {
        match client.decoded(&call).await {
            Err(error) if is_lost_race(&error) && backoff.pause().await => {
                may_have_been_carried_out |= error.may_have_been_carried_out();
            }
            Err(error) => {
                return Err(error.in_context(|context| context.unknown_outcome |= may_have_been_carried_out));
            }
            Ok(response) => return Ok(response),
        }
    }
}

/// Returns `true` if the error means that a concurrent call created the record: it exists, or
/// cannot be found yet.
fn is_lost_race(error: &Error) -> bool {
    let is_unique = |code: &str| code.starts_with("unique_") && code.ends_with("_constraint");
    let has_code = |matches: &dyn Fn(&str) -> bool| {
        error
            .errors()
            .iter()
            .filter_map(|error| error.code.as_deref())
            .any(matches)
    };
    match error.status().map(|status| status.as_u16()) {
        Some(400 | 422) => has_code(&is_unique),
        Some(404) => has_code(&|code| code.ends_with("not_found")),
        Some(409) => true,
        _ => false,
    }
}
