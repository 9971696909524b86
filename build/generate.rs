//! Hands the repaired document to progenitor and takes back a syntax tree.

use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::Value;

use super::failure::Failure;
use super::schema;

/// Schemas that become hand-written types: instance type, private format, Rust type.
const CONVERSIONS: [(InstanceType, &str, &str); 5] = [
    (InstanceType::Integer, "timestamp", "crate::Timestamp"),
    (InstanceType::String, "id", "crate::Id"),
    (InstanceType::String, "avatar", "crate::Avatar"),
    (InstanceType::String, "company-or-list", "crate::CompanyOrList"),
    (InstanceType::String, "ticket-state", "crate::TicketState"),
];

/// Generates the builder-style client as a syntax tree.
pub fn generate(document: &Value) -> Result<syn::File, Failure> {
    let mut plain = document.clone();
    strip(&mut plain);
    let refuse = |what: String, remedy: &str| Failure::new("generate", what, remedy);
    let spec: openapiv3::OpenAPI = serde_json::from_value(plain).map_err(|error| {
        refuse(
            format!("is not well-formed OpenAPI 3.0: {error}"),
            "correct the description there",
        )
    })?;
    let tokens = Generator::new(&settings()).generate_tokens(&spec).map_err(|error| {
        refuse(
            format!("progenitor cannot generate from it: {error}"),
            "simplify the schema by an overlay action, or add a repair rule",
        )
    })?;
    syn::parse2(tokens).map_err(|error| {
        refuse(
            format!("progenitor wrote Rust that does not parse: {error}"),
            "report it with the description",
        )
    })
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap");
    for (instance, format, rust) in CONVERSIONS {
        let schema = SchemaObject {
            instance_type: Some(instance.into()),
            format: Some(format.to_owned()),
            ..Default::default()
        };
        settings.with_conversion(schema, rust, std::iter::empty());
    }
    settings
}

/// Leaves what progenitor needs: `nullable` is read by the later passes, since typify loses it beside `$ref`; a
/// description beside `$ref` is not OpenAPI 3.0.
fn strip(document: &mut Value) {
    schema::for_each_schema(document, &mut |schema| {
        schema.remove("nullable");
        if schema.contains_key("$ref") {
            schema.retain(|key, _| key == "$ref");
        }
        schema.retain(|key, _| !key.starts_with("x-"));
    });
    schema::for_each_operation(document, |_, _, operation| {
        if let Some(operation) = operation.as_object_mut() {
            operation.retain(|key, _| !key.starts_with("x-"));
        }
    });
}
