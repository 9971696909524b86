//! One operation that creates or updates, sent again when it lost a race.

use serde_json::Value;

use super::patience::Patience;
use crate::call::call::Call;
use crate::client::Client;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::typed::Response;
use crate::wire::decode::Decode;

/// How often a call that lost a race is sent again.
const MAX_REPEATS: u32 = 5;

/// Sends a call that creates or updates by the property `by` of its body, and sends it again if the server rejects it since
/// another call creates the same record at the same time. `id` names the caller's method.
pub(crate) async fn create_or_update<T: Decode + Send + 'static>(
    client: &Client,
    call: Result<Call, Error>,
    id: &'static str,
    by: &'static str,
) -> Result<Response<T>, Error> {
    let call = call?;
    let body: Option<Value> = call.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    let key = body.as_ref().and_then(|body| body.get(by));
    if key.is_none_or(|key| key.is_null() || key == "") {
        let what = format!("the body has no `{by}`, by which the record could exist already");
        return Err(ErrorContext::builder_error(id, what));
    }
    let policy = client.retry_policy(&call.options);
    let mut patience = Patience::new(policy, MAX_REPEATS);
    let mut may_have_been_carried_out = false;
    loop {
        match client.decoded(&call).await {
            Err(error) if is_lost_race(&error) && patience.pause().await => {
                may_have_been_carried_out |= error.may_have_been_carried_out();
            }
            Err(error) => {
                return Err(error.in_context(|context| context.unknown_outcome |= may_have_been_carried_out));
            }
            Ok(response) => return Ok(response),
        }
    }
}

/// Returns `true` if the server rejected a creation since the record was created meanwhile: it exists, or is not found yet.
fn is_lost_race(error: &Error) -> bool {
    let is_unique = |code: &str| code.starts_with("unique_") && code.ends_with("_constraint");
    let says = |holds: &dyn Fn(&str) -> bool| {
        error
            .errors()
            .iter()
            .filter_map(|error| error.code.as_deref())
            .any(holds)
    };
    match error.status().map(|status| status.as_u16()) {
        Some(400 | 422) => says(&is_unique),
        Some(404) => says(&|code| code.ends_with("not_found")),
        Some(409) => true,
        _ => false,
    }
}
