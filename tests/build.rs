//! The build: the unit tests of its steps, and the whole pipeline over the description.

#[path = "../build.rs"]
mod script;

use std::collections::BTreeSet;
use std::path::Path;

use syn::{Expr, Item, Lit};

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
    let counts = script::build(Path::new(script::DESCRIPTION), out.path()).unwrap();
    assert_eq!(counts, "2.9: 108 operations, 168 schemas");
    let client = std::fs::read_to_string(out.path().join("client.rs")).unwrap();
    let generated = generated_operations(&client);
    assert_eq!(generated.len(), 108);
    assert_eq!(generated.into_iter().collect::<BTreeSet<_>>(), described);
}
