//! The servers and the version of the API, which every client needs.

use serde_json::{Value, json};

use super::super::document::names::{UniqueNames, type_ident};
use super::super::document::schema::{self, operations};
use super::super::failure::Failure;
use super::super::warnings::Warnings;

/// The server of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The variant of `Region`.
    pub variant: String,
    /// The name of the region.
    pub name: String,
    /// The URL without a trailing slash.
    pub url: String,
}

/// The versions and servers of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basics {
    /// The default version in requests.
    pub version: String,
    /// All versions in the description, each with the name of its constant.
    pub versions: Vec<(String, String)>,
    /// The servers, the default first.
    pub servers: Vec<Server>,
}

/// Adds a missing version or missing servers to the document, from this crate's own description,
/// which `own` reads.
pub fn complete(
    document: &mut Value,
    own: impl FnOnce() -> Result<Value, Failure>,
    warnings: &mut Warnings,
) -> Result<(), Failure> {
    const RULE: &str = "basics";
    if let Some(Value::Number(version)) = document.pointer("/info/version").cloned() {
        let problem = format!("is a number, which loses trailing zeros: quote it; read as {version}");
        warnings.add(RULE, "/info/version", problem);
        document["info"]["version"] = json!(version.to_string());
    }
    let has_version = !version(document).is_empty();
    let has_server = urls(document).next().is_some();
    if has_version && has_server {
        return Ok(());
    }
    let own = own()?;
    if !has_version {
        warnings.add(
            RULE,
            "/info/version",
            "is missing; replaced by the version of this crate's own description",
        );
        document["info"] = own["info"].clone();
    }
    if !has_server {
        warnings.add(
            RULE,
            "/servers",
            "no server has an absolute URL; replaced by those of this crate's own description",
        );
        document["servers"] = own["servers"].clone();
    }
    Ok(())
}

fn version(document: &Value) -> &str {
    document["info"]["version"].as_str().unwrap_or_default().trim()
}

/// Returns the absolute URLs of the servers, each with its server.
fn urls(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["servers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|server| {
            let mut url = server["url"].as_str()?.trim().trim_end_matches('/').to_owned();
            for (name, variable) in server["variables"].as_object().into_iter().flatten() {
                let value = match &variable["default"] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                url = url.replace(&format!("{{{name}}}"), &value);
            }
            let host = url
                .split_once("://")
                .filter(|(scheme, _)| ["http", "https"].contains(&scheme.to_lowercase().as_str()))?
                .1;
            (!host.is_empty() && !url.contains('{')).then_some((url, server))
        })
}

/// Reads the versions and servers of a document.
pub fn read(document: &Value) -> Basics {
    let mut variants = UniqueNames::types(["Custom"]);
    let mut names = UniqueNames::values(["custom"]);
    let servers = urls(document).map(|(url, server)| {
        let name = names.free(&match server["x-region"].as_str() {
            Some(name) => name.to_lowercase(),
            None => region(&url),
        });
        Server {
            variant: variants.free(&type_ident(&name, "Default")),
            name,
            url,
        }
    });
    let servers = servers.collect();
    let version = version(document).to_owned();
    let mut known: Vec<String> = versions(document);
    if !known.contains(&version) {
        known.push(version.clone());
    }
    let mut constants = UniqueNames::values(["ALL"]);
    let versions = known.into_iter().map(|version| {
        let name = version
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
            .to_uppercase();
        let prefix = if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            ""
        } else {
            "V"
        };
        (constants.free(&format!("{prefix}{name}")), version)
    });
    Basics {
        version,
        versions: versions.collect(),
        servers,
    }
}

/// Returns the region in a host name: `eu` in `api.eu.example.com`.
fn region(url: &str) -> String {
    let host = url.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let inner = labels.get(..labels.len().saturating_sub(2)).unwrap_or_default();
    let named: Vec<&str> = inner
        .iter()
        .copied()
        .filter(|label| !["api", "www"].contains(label))
        .collect();
    match named.is_empty() {
        true => "default".to_owned(),
        false => named.join("-"),
    }
}

/// Returns the values that the description allows for the version header.
fn versions(document: &Value) -> Vec<String> {
    let parameters = operations(document)
        .into_iter()
        .flat_map(|(_, _, operation)| operation["parameters"].as_array().into_iter().flatten());
    let mut headers = parameters.filter(|parameter| {
        let name = parameter["name"].as_str().unwrap_or_default();
        parameter["in"] == "header" && name.eq_ignore_ascii_case("Intercom-Version")
    });
    let schema = headers.next().map(|parameter| &parameter["schema"]);
    let schema = schema.map(|schema| match schema["$ref"].as_str() {
        Some(target) => schema::find(document, target).unwrap_or(schema),
        None => schema,
    });
    let values = schema.and_then(|schema| schema["enum"].as_array());
    let mut versions = Vec::new();
    for version in values.into_iter().flatten().filter_map(Value::as_str) {
        if !versions.iter().any(|known| known == version) {
            versions.push(version.to_owned());
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_versions_come_from_the_description() {
        let header = json!({"name": "Intercom-Version", "in": "header", "schema": {"$ref": "#/components/schemas/v"}});
        let document = json!({
            "info": {"version": "2.9"},
            "servers": [
                {"url": "https://api.test.example/", "x-region": "US"},
                {"url": "https://api.eu.test.example"},
                {"url": "https://{where}.test.example/v1", "variables": {"where": {"default": "au"}}},
                {"url": "https://test.example"},
                {"url": "/relative"},
            ],
            "paths": {"/a": {"get": {"parameters": [header]}}},
            "components": {"schemas": {"v": {"enum": ["2.8", "2.9", "Unstable"]}}},
        });
        let basics = read(&document);
        let servers: Vec<_> = basics
            .servers
            .iter()
            .map(|s| (s.variant.as_str(), s.url.as_str()))
            .collect();
        assert_eq!(
            servers,
            [
                ("Us", "https://api.test.example"),
                ("Eu", "https://api.eu.test.example"),
                ("Au", "https://au.test.example/v1"),
                ("Default", "https://test.example"),
            ]
        );
        let constants: Vec<&str> = basics.versions.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            (basics.version.as_str(), constants),
            ("2.9", vec!["V2_8", "V2_9", "UNSTABLE"])
        );
    }

    #[test]
    fn missing_parts_come_from_the_own_description() {
        let own = || Ok(json!({"info": {"version": "1.0"}, "servers": [{"url": "https://a.test"}]}));
        let mut warnings = Warnings::default();
        let mut document = json!({"servers": [{"url": "/"}]});
        complete(&mut document, own, &mut warnings).unwrap();
        assert_eq!(
            (document["info"]["version"].as_str(), warnings.list().len()),
            (Some("1.0"), 2)
        );
        assert_eq!(read(&document).servers[0].url, "https://a.test");

        let mut number = json!({"info": {"version": 2.9}, "servers": [{"url": "https://b.test"}]});
        complete(&mut number, || panic!("nothing is missing"), &mut warnings).unwrap();
        assert_eq!(number["info"]["version"], "2.9");
    }
}
