//! The operations of `intercom-client` as a table, and plain twins of two of its types: what tests and benches need to treat
//! all alike. The client's build makes nothing of it for its users.

#![allow(deprecated)] // all operations, those that Intercom removes too

use std::collections::BTreeMap;
use std::pin::Pin;

use bytes::Bytes;
use intercom_client::json::FromJson;
pub use intercom_client::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a JSON text as a type and encodes it again.
type Encode = fn(&str) -> Result<String, String>;

/// One operation: how it decodes, encodes and is called.
pub struct Operation {
    /// Operation id in snake_case.
    pub id: &'static str,
    /// HTTP method in capitals.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Path and query parameters.
    pub parameters: &'static [Parameter],
    /// Decodes a success and encodes it again; an error says where and why.
    pub response: Encode,
    /// Decodes a success, and drops it.
    pub decode: fn(&[u8]) -> Result<(), String>,
    /// Reads a request body as the type that is sent and encodes it again.
    pub request: Option<Encode>,
    /// Sends a call through the operation's builder.
    pub call: fn(&Client, &BTreeMap<String, String>, Option<Value>) -> Call,
}

/// A path or query parameter.
pub struct Parameter {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its setter.
    pub setter: &'static str,
    /// Whether it stands in the path.
    pub in_path: bool,
    /// Whether the call needs it.
    pub required: bool,
}

/// A call on its way.
pub type Call = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// What a call came back with.
pub struct Answer {
    /// The decoded value, encoded again; null for a download.
    pub value: String,
    /// The body, or the whole download.
    pub body: Bytes,
}

async fn answered<T: Serialize>(call: impl Future<Output = Result<Response<T>, Error>>) -> Result<Answer, Error> {
    let response = call.await?;
    let value = serde_json::to_string(&*response).expect("what was decoded can be encoded");
    let body = response.body().clone();
    Ok(Answer { value, body })
}

async fn downloaded(call: impl Future<Output = Result<Response<ByteStream>, Error>>) -> Result<Answer, Error> {
    let mut stream = call.await?.into_inner();
    let mut body = Vec::new();
    while let Some(chunk) = stream.next_chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        value: "null".to_owned(),
        body: body.into(),
    })
}

/// By the reader that answers are read with; serde has to come to the same.
fn decoded<T: FromJson + DeserializeOwned + Serialize + PartialEq>(body: &str) -> Result<String, String> {
    let read = json::from_slice::<T>(body.as_bytes()).map_err(|error| error.to_string())?;
    let by_serde: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if read.value != by_serde {
        return Err("serde reads another value".to_owned());
    }
    serde_json::to_string(&read.value).map_err(|error| error.to_string())
}

/// Only decodes.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<(), String> {
    let read: Result<T, _> = serde_json::from_slice(body);
    read.map(drop).map_err(|error| error.to_string())
}

/// A body that is not decoded.
fn undecoded(_: &[u8]) -> Result<(), String> {
    Ok(())
}

/// A body that says nothing, or is handed on as bytes.
fn nothing(_: &str) -> Result<String, String> {
    Ok("null".to_owned())
}

fn encoded<T: DeserializeOwned + Serialize>(body: &str) -> Result<String, String> {
    let request: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
    serde_json::to_string(&request).map_err(|error| error.to_string())
}

/// A parameter's value from its text on the wire.
fn argument<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into())
        .or_else(|_| serde_json::from_str(text))
        .unwrap_or_else(|error| panic!("{text:?} does not fit its parameter: {error}"))
}

pub mod memory;

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// The description that the client is built from, the overlay applied, as JSON.
pub const DESCRIPTION: &str = include_str!(concat!(env!("OUT_DIR"), "/description.json"));

/// The types whose decoding is measured, and those in them, as serde derives them: without leniency, each field an
/// `Option`.
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
