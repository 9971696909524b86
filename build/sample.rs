//! A small description that the steps' unit tests share.

use proc_macro2::TokenStream;
use serde_json::{Value, json};
use syn::parse_quote;

use super::{model::generate, repair};

/// Three operations: one with a body and a form, one with a path and a query parameter, one that answers with bytes.
pub fn document() -> Value {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "Sample", "version": "2.9"},
        "servers": [{"url": "https://api.test", "x-region": "us"}],
        "paths": {
            "/tags": {"post": {
                "operationId": "createTag",
                "summary": "Make a tag",
                "description": "Nothing happens when it exists.",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/create_tag"}}}},
                "responses": {"200": {"description": "the tag", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/tag"},
                }}}},
            }},
            "/tags/export": {"post": {
                "operationId": "exportTags",
                "x-reads-only": true,
                "responses": {"200": {"description": "a file", "content": {"application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                }}}},
            }},
            "/tags/{id}": {"get": {
                "operationId": "findTag",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "description": "Whose.", "schema": {"type": "string"}},
                    {"name": "per_page", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {"200": {"description": "the tag", "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/tag"},
                }}}},
            }},
        },
        "components": {"schemas": {
            "tag": {"type": "object", "description": "A label.", "properties": {
                "id": {"type": "string"},
                "created_at": {"type": "integer", "format": "date-time"},
            }},
            "create_tag": {
                "type": "object",
                "description": "A tag to be made.",
                "required": ["name"],
                "properties": {
                    "colour": {"type": "string", "nullable": true},
                    "hidden": {"type": "boolean"},
                    "name": {"type": "string", "description": "What it says."},
                    "users": {"type": "array", "items": {"$ref": "#/components/schemas/user"}},
                },
                "x-forms": [{
                    "name": "hidden_from",
                    "description": "A tag that these users do not see.",
                    "set": {"hidden": true, "colour": "grey"},
                    "takes": ["name", "users"],
                }],
            },
            "user": {"type": "object", "properties": {"id": {"type": "string"}}},
        }},
    })
}

/// The sample after the repair rules.
pub fn repaired() -> Value {
    let mut document = document();
    repair::repair(&mut document).unwrap();
    document
}

/// What progenitor makes of a repaired document.
pub fn generated(document: &Value) -> syn::File {
    generate::generate(document).unwrap()
}

/// Tokens as formatted Rust.
pub fn text(tokens: TokenStream) -> String {
    prettyplease::unparse(&parse_quote! { #tokens })
}
