//! Media types of bodies.

use serde_json::{Map, Value};

/// The media type of plain JSON.
pub const JSON: &str = "application/json";

/// Whether a media type is JSON, with parameters or as the syntax of another type.
pub fn is_json(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == JSON || essence.ends_with("+json")
}

/// The media type that stands for a body or answer: JSON where there is one, else the first; and the others that are left
/// out for it, when it is JSON.
pub fn chosen(content: &Map<String, Value>) -> Option<(String, Vec<&str>)> {
    let media = content.keys().find(|media| is_json(media)).or(content.keys().next())?;
    let others = content.keys().filter(|other| is_json(media) && !is_json(other));
    Some((media.clone(), others.map(String::as_str).collect()))
}
