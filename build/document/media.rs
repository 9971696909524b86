//! Media types of bodies.

use serde_json::{Map, Value};

/// The media type of plain JSON.
pub const JSON: &str = "application/json";

/// Returns `true` for JSON, with or without parameters, and for types with the suffix `+json`.
pub fn is_json(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == JSON || essence.ends_with("+json")
}

/// Returns the media type to use for a body: the first JSON type, or else the first of all. If it
/// is JSON, the other types are returned too.
pub fn chosen(content: &Map<String, Value>) -> Option<(String, Vec<&str>)> {
    let media = content.keys().find(|media| is_json(media)).or(content.keys().next())?;
    let others = content.keys().filter(|other| is_json(media) && !is_json(other));
    Some((media.clone(), others.map(String::as_str).collect()))
}
