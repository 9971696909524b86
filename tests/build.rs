//! The build: the unit tests of its steps, and the whole pipeline over the description.

#[allow(dead_code)]
#[path = "../build.rs"]
mod script;

use std::collections::BTreeSet;

use script::Input;
use script::steps::input::overlay::Outcome;
use script::steps::slice::{Slice, groups};
use syn::{Expr, Item, Lit};

/// Our own description and overlay, whatever the environment names.
fn own() -> Input {
    Input {
        description: script::DESCRIPTION.into(),
        overlays: vec![script::OVERLAY.into()],
        slice: Slice::Full,
    }
}

/// `(method, path)` of every operation in the client that the build wrote, from the table that requests are sent by.
fn generated_operations(client: &str) -> Vec<(String, String)> {
    let file = syn::parse_file(client).unwrap();
    let table = file.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "operation" => module.content.as_ref().map(|(_, items)| items),
        _ => None,
    });
    let rows = table.unwrap().iter().filter_map(|item| match item {
        Item::Static(row) => match row.expr.as_ref() {
            Expr::Struct(row) => Some(row),
            _ => None,
        },
        _ => None,
    });
    rows.map(|row| {
        let field = |name: &str| {
            let found = row.fields.iter().find(|field| match &field.member {
                syn::Member::Named(ident) => ident == name,
                syn::Member::Unnamed(_) => false,
            });
            &found.unwrap().expr
        };
        let (Expr::Path(method), Expr::Lit(path)) = (field("method"), field("path")) else {
            panic!("the table of operations has changed");
        };
        let Lit::Str(path) = &path.lit else {
            panic!("the path is no text");
        };
        (method.path.segments.last().unwrap().ident.to_string(), path.value())
    })
    .collect()
}

#[test]
fn the_client_has_every_operation_of_the_description_once() {
    let description = std::fs::read_to_string(script::DESCRIPTION).unwrap();
    let description: serde_norway::Value = serde_norway::from_str(&description).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_mapping().unwrap() {
        for (method, _) in item.as_mapping().unwrap() {
            described.insert((
                method.as_str().unwrap().to_uppercase(),
                path.as_str().unwrap().to_owned(),
            ));
        }
    }
    assert_eq!(described.len(), 108, "API 2.9 has 108 operations");

    let out = tempfile::tempdir().unwrap();
    let built = script::build(&own(), out.path()).unwrap();
    assert_eq!(built.warnings.to_string(), "", "our own description needs no mending");
    let client = std::fs::read_to_string(out.path().join("client.rs")).unwrap();
    let generated = generated_operations(&client);
    assert_eq!(generated.len(), 108);
    assert_eq!(generated.into_iter().collect::<BTreeSet<_>>(), described);
}

#[test]
fn every_action_of_the_overlay_changes_something() {
    for applied in script::describe(&own()).unwrap().applied {
        assert_eq!(
            applied.outcome,
            Outcome::Changed,
            "{}: {}",
            applied.target,
            applied.description
        );
    }
}

#[test]
fn repair_rules_are_needed_by_our_description_but_for_those_that_others_need() {
    let described = script::describe(&own()).unwrap();
    assert_eq!(
        script::steps::repair::idle(described.document),
        [
            "well_formed",
            "operation_ids",
            "path_parameters",
            "response_media",
            "request_media",
            "hand_written_types"
        ]
    );
}

#[test]
fn every_group_of_the_description_has_a_feature() {
    let described = script::describe(&own()).unwrap();
    let kebab = |group: &String| group.to_lowercase().replace(' ', "-");
    let groups: BTreeSet<String> = groups(&described.document).iter().map(kebab).collect();
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let features = manifest
        .split("[features]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let full = features.split("full = [").nth(1).unwrap().split(']').next().unwrap();
    let full: BTreeSet<String> = full
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect();
    let full: BTreeSet<String> = full.into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(full, groups);
    for group in groups {
        assert!(
            features.contains(&format!("\n{group} = []\n")),
            "{group} has no feature"
        );
    }
}
