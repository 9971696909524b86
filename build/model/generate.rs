//! Hands the repaired document to progenitor and takes back a syntax tree.

use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::Value;

use super::super::document::schema;
use super::super::failure::Failure;

/// Schemas that become hand-written types: instance type, private format, Rust type.
const CONVERSIONS: [(InstanceType, &str, &str); 6] = [
    (InstanceType::Integer, "timestamp", "crate::Timestamp"),
    (InstanceType::String, "id", "crate::Id"),
    (InstanceType::String, "avatar", "crate::Avatar"),
    (InstanceType::String, "next-page", "crate::NextPage"),
    (InstanceType::String, "company-or-list", "crate::CompanyOrList"),
    (InstanceType::String, "ticket-state", "crate::TicketState"),
];

/// Whether a private format stands for a hand-written type.
pub fn has_type(format: &str) -> bool {
    CONVERSIONS.iter().any(|(_, private, _)| *private == format)
}

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
    let tokens = quietly(|| Generator::new(&settings()).generate_tokens(&spec))
        .and_then(|generated| generated.map_err(|error| error.to_string()))
        .map_err(|why| {
            refuse(
                format!("progenitor cannot generate from it: {why}"),
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

/// Runs progenitor, which panics on some descriptions that are valid but not to its liking. What it says becomes the
/// failure's text, without a backtrace.
fn quietly<T>(generate: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(generate));
    std::panic::set_hook(hook);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "it panicked".to_owned())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::sample;
    use super::*;

    fn refused(document: &Value) -> Failure {
        generate(document).err().unwrap()
    }

    #[test]
    fn marked_formats_become_hand_written_types() {
        let text = prettyplease::unparse(&sample::generated(&sample::repaired()));
        assert!(
            text.contains("created_at: ::std::option::Option<crate::Timestamp>"),
            "{text}"
        );
        assert!(text.contains("id: Result<crate::Id, String>"), "{text}");
    }

    #[test]
    fn what_only_the_passes_read_is_kept_from_progenitor() {
        let mut document = json!({
            "paths": {"/a": {"get": {"x-paging": {}, "tags": []}}},
            "components": {"schemas": {
                "a": {"nullable": true, "x-forms": [], "type": "object"},
                "b": {"$ref": "#/components/schemas/a", "description": "Another.", "nullable": true},
            }},
        });
        strip(&mut document);
        assert_eq!(
            document,
            json!({
                "paths": {"/a": {"get": {"tags": []}}},
                "components": {"schemas": {"a": {"type": "object"}, "b": {"$ref": "#/components/schemas/a"}}},
            })
        );
    }

    #[test]
    fn documents_that_are_not_well_formed_are_refused() {
        let failure = refused(&json!({"openapi": "3.0.1", "info": {}, "paths": {}}));
        assert!(
            failure
                .what
                .starts_with("is not well-formed OpenAPI 3.0: missing field"),
            "{failure}"
        );
    }

    #[test]
    fn panics_of_progenitor_become_failures() {
        let mut document = sample::repaired();
        // Two success types for one operation: the repair rule would have left one.
        document["paths"]["/tags/{id}"]["get"]["responses"]["204"] = json!({"description": "no tag"});
        let failure = refused(&document);
        assert!(
            failure.what.starts_with("progenitor cannot generate from it: "),
            "{failure}"
        );
        assert_eq!(
            quietly(|| -> u8 { panic!("at the disco") }),
            Err("at the disco".to_owned())
        );
        assert_eq!(quietly(|| 1), Ok(1));
    }
}
