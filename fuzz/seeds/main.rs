//! Writes the seed corpora of the fuzz targets from the examples of the description and from
//! recorded webhooks: `cargo run --manifest-path fuzz/seeds/Cargo.toml`.
//!
//! An argument names a folder with more cases: JSON files that have `operation`, `status` and
//! `payload`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The seeds of each target.
#[derive(Default)]
struct Seeds {
    json: Vec<Vec<u8>>,
    gzip: Vec<Vec<u8>>,
    error_body: Vec<Vec<u8>>,
    webhook: Vec<Vec<u8>>,
}

fn main() -> io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = fuzz.join("..");
    let document = read_yaml(&root.join("openapi/intercom-2.9.yaml"))?;
    let operations = operations(&document);
    let mut seeds = Seeds::default();
    for (index, (_, _, operation)) in operations.iter().enumerate() {
        for (status, response) in entries(&operation["responses"]) {
            let examples = entries(&response["content"]["application/json"]["examples"]);
            for (_, example) in examples {
                seeds.add(index, status, &example["value"].to_string());
            }
        }
    }
    let recorded = read_json(&root.join("tests/recorded/webhooks.json"))?;
    for body in recorded.as_array().into_iter().flatten() {
        seeds.add_webhook(&body.to_string());
    }
    if let Some(folder) = std::env::args_os().nth(1) {
        seeds.add_cases(Path::new(&folder), &operations)?;
    }
    let corpus = fuzz.join("corpus");
    write(&corpus.join("json"), seeds.json)?;
    write(&corpus.join("gzip"), seeds.gzip)?;
    write(&corpus.join("error_body"), seeds.error_body)?;
    write(&corpus.join("webhook"), seeds.webhook)?;
    write(&corpus.join("description"), descriptions(&root, &document)?)
}

impl Seeds {
    /// Adds the body of a response of the operation with this index.
    fn add(&mut self, operation: usize, status: &str, body: &str) {
        let with_prefix = |prefix: &[u8]| [prefix, body.as_bytes()].concat();
        if status.starts_with('2') {
            self.json.push(with_prefix(&[operation as u8]));
            self.gzip.push(gzip(body.as_bytes()));
            return;
        }
        let status: u16 = status.parse().unwrap_or(400);
        let prefix = u8::try_from(status.saturating_sub(400)).unwrap_or_default();
        self.error_body.push(with_prefix(&[prefix, 0]));
    }

    /// Adds a webhook with each of the two signatures.
    fn add_webhook(&mut self, body: &str) {
        for prefix in ["\0", "\x01"] {
            self.webhook.push([prefix, body].concat().into_bytes());
        }
    }

    fn add_cases(&mut self, folder: &Path, operations: &[(&String, &String, &Value)]) -> io::Result<()> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        for file in files {
            let case = read_json(&file)?;
            let (method, path) = (&case["operation"]["method"], &case["operation"]["path"]);
            let is_of_case = |(other_path, other_method, _): &(&String, &String, &Value)| {
                let method = method.as_str().unwrap_or_default();
                path == other_path.as_str() && method.eq_ignore_ascii_case(other_method)
            };
            let index = operations.iter().position(is_of_case).unwrap_or_default();
            let payload = match &case["payload"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.add(index, &case["status"].to_string(), &payload);
            if case["kind"] == "webhook" {
                self.add_webhook(&payload);
            }
        }
        Ok(())
    }
}

/// Returns the path, method and description of each operation.
fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let items = entries(&document["paths"]);
    items
        .flat_map(|(path, item)| entries(item).map(move |(method, operation)| (path, method, operation)))
        .collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn read_yaml(file: &Path) -> io::Result<Value> {
    let text = std::fs::read_to_string(file)?;
    serde_norway::from_str(&text).map_err(io::Error::other)
}

fn read_json(file: &Path) -> io::Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    // The first byte is the size of the chunks.
    let mut seed = vec![200];
    let mut encoder = flate2::read::GzEncoder::new(text, flate2::Compression::default());
    encoder
        .read_to_end(&mut seed)
        .expect("reading from memory does not fail");
    seed
}

/// A description for each path, with the schemas that it refers to, and one action of the overlay
/// for each.
fn descriptions(root: &Path, document: &Value) -> io::Result<Vec<Vec<u8>>> {
    let overlay = read_yaml(&root.join("openapi/overlay.yaml"))?;
    let actions = overlay["actions"].as_array().cloned().unwrap_or_default();
    let paths = entries(&document["paths"]);
    let mut all: Vec<Vec<u8>> = paths
        .enumerate()
        .map(|(index, (path, item))| {
            let small = with_schemas(document, path, item);
            let action = actions.get(index % actions.len().max(1)).cloned().unwrap_or_default();
            let overlay = serde_json::json!({
                "overlay": "1.1.0", "info": overlay["info"], "actions": [action],
            });
            format!("{small}\n---\n{overlay}").into_bytes()
        })
        .collect();
    all.push(std::fs::read(root.join("tests/odd.yaml"))?);
    Ok(all)
}

/// Returns a description of one path.
fn with_schemas(document: &Value, path: &str, item: &Value) -> Value {
    let mut schemas = Map::new();
    let item = without_examples(item);
    let mut unread = vec![item.clone()];
    // Adds the schemas that the others refer to, until there are no more.
    while let Some(value) = unread.pop() {
        let text = value.to_string();
        let names = text.split("#/components/schemas/").skip(1);
        for name in names.filter_map(|rest| rest.split('"').next()) {
            if !schemas.contains_key(name) {
                let schema = without_examples(&document["components"]["schemas"][name]);
                schemas.insert(name.to_owned(), schema.clone());
                unread.push(schema);
            }
        }
    }
    serde_json::json!({
        "openapi": "3.0.1", "info": document["info"], "paths": {path: item},
        "components": {"schemas": schemas},
    })
}

/// Returns a part of the description without examples, which are long.
fn without_examples(value: &Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "example" | "examples" | "description"))
            .map(|(name, value)| (name.clone(), without_examples(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_examples).collect(),
        other => other.clone(),
    }
}

fn write(folder: &Path, seeds: Vec<Vec<u8>>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(())
}
