//! Writes the seed corpora of the fuzz targets from the examples of the description and from recorded webhooks:
//! `cargo run --manifest-path fuzz/Cargo.toml --bin seeds`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

fn main() -> io::Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = package.join("corpus");
    let root = package.join("..");
    let document: Value = serde_json::from_str(operation_tables::DESCRIPTION)?;
    let (mut successes, mut errors) = (Vec::new(), Vec::new());
    for operation in document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, item)| item.as_object())
    {
        for (_, operation) in operation {
            for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                let examples = response["content"]["application/json"]["examples"].as_object();
                let target = if status.starts_with('2') {
                    &mut successes
                } else {
                    &mut errors
                };
                target.extend(
                    examples
                        .into_iter()
                        .flatten()
                        .map(|(_, example)| example["value"].to_string()),
                );
            }
        }
    }
    let json = successes.iter().enumerate();
    write(
        &corpus.join("json"),
        json.map(|(index, text)| [&[index as u8], text.as_bytes()].concat()),
    )?;
    write(&corpus.join("gzip"), successes.iter().map(|text| gzip(text.as_bytes())))?;
    let statuses = [0_u8, 1, 4, 9, 29, 103];
    let errors = errors.iter().enumerate();
    write(
        &corpus.join("error_body"),
        errors.map(|(index, text)| [&[statuses[index % statuses.len()], 0], text.as_bytes()].concat()),
    )?;
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(root.join("tests/recorded/webhooks.json"))?)?;
    let webhooks = recorded.as_array().into_iter().flatten();
    write(
        &corpus.join("webhook"),
        webhooks.map(|body| format!("\0{body}").into_bytes()),
    )?;
    write(&corpus.join("description"), descriptions(&root, &document)?)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = vec![200];
    let mut encoder = flate2::read::GzEncoder::new(text, flate2::Compression::default());
    encoder
        .read_to_end(&mut out)
        .expect("reading from memory does not fail");
    out
}

/// A description for each path, with the schemas that it refers to, and one action of the overlay for each.
fn descriptions(root: &Path, document: &Value) -> io::Result<Vec<Vec<u8>>> {
    let overlay = std::fs::read_to_string(root.join("openapi/overlay.yaml"))?;
    let overlay: Value = serde_norway::from_str(&overlay).map_err(io::Error::other)?;
    let actions = overlay["actions"].as_array().cloned().unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut all: Vec<Vec<u8>> = paths
        .enumerate()
        .map(|(index, (path, item))| {
            let mut small = serde_json::json!({"openapi": "3.0.1", "info": document["info"], "paths": {}, "components": {"schemas": {}}});
            small["paths"][path] = without_examples(item);
            // Adds the schemas that the others refer to, until there are no more.
            loop {
                let text = small.to_string();
                let names = text.split("#/components/schemas/").skip(1);
                let names = names.filter_map(|rest| rest.split('"').next()).map(str::to_owned);
                let missing: Vec<String> = names.filter(|name| small["components"]["schemas"].get(name).is_none()).collect();
                if missing.is_empty() {
                    break;
                }
                for name in missing {
                    small["components"]["schemas"][&name] = without_examples(&document["components"]["schemas"][&name]);
                }
            }
            let action = actions.get(index % actions.len().max(1)).cloned().unwrap_or_default();
            let overlay = serde_json::json!({"overlay": "1.1.0", "info": overlay["info"], "actions": [action]});
            format!("{small}\n---\n{overlay}").into_bytes()
        })
        .collect();
    all.push(std::fs::read(root.join("tests/odd.yaml"))?);
    Ok(all)
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

fn write(folder: &PathBuf, seeds: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(())
}
