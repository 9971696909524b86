//! The operations of `intercom-client` as a table, for tests and benches that call each of them, and copies of two types with
//! derived `Deserialize`, for comparison.

#![allow(deprecated)] // includes the operations that Intercom removes

use std::collections::BTreeMap;
use std::pin::Pin;

use bytes::Bytes;
use intercom_client::json::FromJson;
pub use intercom_client::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Decodes a JSON text as a type and encodes the value again.
type Encode = fn(&str) -> Result<String, String>;

/// An operation: how to decode its responses, encode its requests and call it.
pub struct Operation {
    /// Operation id in `snake_case`.
    pub id: &'static str,
    /// HTTP method in upper case.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Path and query parameters.
    pub parameters: &'static [Parameter],
    /// Decodes a successful response and encodes the value again.
    pub response: Encode,
    /// Decodes a successful response and drops the value.
    pub decode: fn(&[u8]) -> Result<(), String>,
    /// Decodes a request body and encodes the value again. `None` if the operation has no JSON body.
    pub request: Option<Encode>,
    /// Calls the operation with path and query parameters, by their names in the API, and a body.
    pub call: fn(&Client, &BTreeMap<String, String>, Option<Value>) -> CallFuture,
}

/// A path or query parameter.
pub struct Parameter {
    /// Name in the API.
    pub name: &'static str,
    /// Name of the setter.
    pub setter: &'static str,
    /// Whether it is a path parameter.
    pub in_path: bool,
    /// Whether it is required.
    pub required: bool,
}

/// The future of a call.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<Success, Error>> + Send>>;

/// A successful response.
pub struct Success {
    /// The decoded value, encoded again. `null` for a download.
    pub value: String,
    /// The body of the response or download.
    pub body: Bytes,
}

async fn json_response<T: Serialize>(call: impl Future<Output = Result<Response<T>, Error>>) -> Result<Success, Error> {
    let response = call.await?;
    let value = serde_json::to_string(&*response).expect("a decoded value can be encoded");
    let body = response.body().clone();
    Ok(Success { value, body })
}

async fn download(call: impl Future<Output = Result<Response<ByteStream>, Error>>) -> Result<Success, Error> {
    let mut stream = call.await?.into_inner();
    let mut body = Vec::new();
    while let Some(chunk) = stream.next_chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(Success {
        value: "null".to_owned(),
        body: body.into(),
    })
}

/// Decodes a type with `json::from_slice` and with serde, compares the values and encodes them.
fn reencode_checked<T: FromJson + DeserializeOwned + Serialize + PartialEq>(body: &str) -> Result<String, String> {
    let decoded = json::from_slice::<T>(body.as_bytes()).map_err(|error| error.to_string())?;
    let by_serde: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if decoded.value != by_serde {
        return Err("serde decodes another value".to_owned());
    }
    serde_json::to_string(&decoded.value).map_err(|error| error.to_string())
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<(), String> {
    let decoded: Result<T, _> = serde_json::from_slice(body);
    decoded.map(drop).map_err(|error| error.to_string())
}

/// Ignores the body of a download.
fn ignore(_: &[u8]) -> Result<(), String> {
    Ok(())
}

/// Returns the value of a download.
fn null(_: &str) -> Result<String, String> {
    Ok("null".to_owned())
}

fn reencode<T: DeserializeOwned + Serialize>(body: &str) -> Result<String, String> {
    let request: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
    serde_json::to_string(&request).map_err(|error| error.to_string())
}

/// Converts the text of a parameter to its type.
fn argument<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into())
        .or_else(|_| serde_json::from_str(text))
        .unwrap_or_else(|error| panic!("{text:?} does not convert to the type of its parameter: {error}"))
}

pub mod memory;

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// The description that the client is built from, with the overlay applied, as JSON.
pub const DESCRIPTION: &str = include_str!(concat!(env!("OUT_DIR"), "/description.json"));

/// Copies of the types whose decoding is measured, and of the types they contain, with derived `Deserialize` and `Option`
/// fields.
#[allow(dead_code, clippy::enum_variant_names, clippy::large_enum_variant)]
pub mod twins {
    include!(concat!(env!("OUT_DIR"), "/twins.rs"));

    #[derive(serde::Deserialize)]
    pub struct Avatar {
        #[serde(rename = "type")]
        type_: Option<String>,
        image_url: Option<String>,
    }

    #[derive(serde::Deserialize)]
    pub struct NextPage {
        page: Option<i64>,
        per_page: Option<i64>,
        starting_after: Option<String>,
    }
}
