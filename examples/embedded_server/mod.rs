//! A stand-in for the API: an HTTP server on loopback that answers with the examples of the API's description.
//!
//! It holds no state. An operation answers with its recorded success; with its recorded 404 when the path names an id
//! that no example has; and, like the real servers, with an error to a wrong token or a missing version header.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The only token that the server accepts.
pub const TOKEN: &str = "embedded-server-token";

/// The methods of HTTP that a path of the description can have.
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// Starts the server on a free port and returns its URL. It ends with the program.
pub async fn start() -> std::io::Result<String> {
    let text = include_str!("../../openapi/intercom-2.9.yaml");
    let description = serde_norway::from_str(text).map_err(std::io::Error::other)?;
    let router = Router::new()
        .fallback(answer)
        .with_state(Arc::new(Api::new(&description)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// What the server knows of the API.
struct Api {
    version: String,
    operations: Vec<Operation>,
    /// Every id of the success examples; any other is unknown.
    ids: HashSet<String>,
}

/// One operation with its examples by name, in the description's order.
struct Operation {
    method: Method,
    path: String,
    requests: Vec<(String, Value)>,
    success: StatusCode,
    successes: Vec<(String, Value)>,
    not_found: Option<Value>,
}

impl Api {
    fn new(description: &Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in entries(&description["paths"]) {
            for (method, operation) in entries(item).filter(|(method, _)| METHODS.contains(method)) {
                let responses = &operation["responses"];
                let success = entries(responses).find(|(status, _)| status.starts_with('2'));
                let (status, response) = success.unwrap_or(("200", &Value::Null));
                operations.push(Operation {
                    method: method.to_uppercase().parse().unwrap_or_default(),
                    path: path.to_owned(),
                    requests: examples(&operation["requestBody"]),
                    success: status.parse().unwrap_or_default(),
                    successes: examples(response),
                    not_found: examples(&responses["404"]).into_iter().next().map(|(_, body)| body),
                });
            }
        }
        let mut ids = HashSet::new();
        operations
            .iter()
            .flat_map(|operation| &operation.successes)
            .for_each(|(_, body)| collect_ids(body, &mut ids));
        let version = description["info"]["version"].as_str().unwrap_or_default().to_owned();
        Self {
            version,
            operations,
            ids,
        }
    }

    /// The operation of a method and path, with the values of its path parameters. A fixed segment goes before a
    /// parameter: `/contacts/search` is no contact's id.
    fn find<'a>(&self, method: &Method, path: &'a str) -> Option<(&Operation, Vec<&'a str>)> {
        let candidates = self.operations.iter().filter(|operation| operation.method == *method);
        candidates
            .filter_map(|operation| Some((operation, values(&operation.path, path)?)))
            .min_by_key(|(_, values)| values.len())
    }
}

impl Operation {
    /// The success that was recorded for the request most like `body`.
    fn success_for(&self, body: &Value) -> Option<&Value> {
        let alike = |example: &Value| entries(example).filter(|(key, value)| body[*key] == **value).count();
        let named = self
            .requests
            .iter()
            .rev()
            .max_by_key(|(_, example)| alike(example))
            .map(|(name, _)| name);
        let same = self.successes.iter().find(|(name, _)| Some(name) == named);
        same.or(self.successes.first()).map(|(_, example)| example)
    }
}

async fn answer(State(api): State<Arc<Api>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return error(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Access token is not the server's",
        );
    }
    if header("intercom-version") != Some(&api.version) {
        let message = format!("Intercom-Version is not {}", api.version);
        return error(StatusCode::BAD_REQUEST, "intercom_version_invalid", &message);
    }
    let Some((operation, ids)) = api.find(&method, uri.path()) else {
        return error(
            StatusCode::NOT_FOUND,
            "not_found",
            "No operation of the description has this URL",
        );
    };
    if ids.iter().any(|id| !api.ids.contains(*id)) {
        return match &operation.not_found {
            Some(recorded) => json_response(StatusCode::NOT_FOUND, recorded),
            None => error(StatusCode::NOT_FOUND, "not_found", "No example has this id"),
        };
    }
    match operation.success_for(&serde_json::from_slice(&body).unwrap_or_default()) {
        Some(example) => json_response(operation.success, example),
        None => operation.success.into_response(),
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let errors = json!([{"code": code, "message": message}]);
    json_response(
        status,
        &json!({"type": "error.list", "request_id": null, "errors": errors}),
    )
}

/// The values that `path` has for the parameters of `template`, when it is of that form.
fn values<'a>(template: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut values = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            values.push(segment);
        } else if expected != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(values)
}

/// The named JSON examples of a request body or response.
fn examples(body: &Value) -> Vec<(String, Value)> {
    entries(&body["content"]["application/json"]["examples"])
        .map(|(name, example)| (name.to_owned(), example["value"].clone()))
        .collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

/// Puts every id below `value` into `ids`: the text or number of a key that ends in `id` or `identifier`.
fn collect_ids(value: &Value, ids: &mut HashSet<String>) {
    for (key, inner) in entries(value) {
        if key.ends_with("id") || key.ends_with("identifier") {
            match inner {
                Value::String(id) => drop(ids.insert(id.clone())),
                Value::Number(id) => drop(ids.insert(id.to_string())),
                _ => {}
            }
        }
        collect_ids(inner, ids);
    }
    value
        .as_array()
        .into_iter()
        .flatten()
        .for_each(|item| collect_ids(item, ids));
}
