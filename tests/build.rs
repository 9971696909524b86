//! The build: the unit tests of its steps, and the whole pipeline over the description.

#[allow(dead_code)]
#[path = "../build.rs"]
mod script;

use std::collections::BTreeSet;
use std::path::Path;

use script::Input;
use script::steps::slice::{Slice, groups};
use serde_json::{Value, json};
use syn::{Expr, Item, Lit};

/// Our own description and overlay, whatever the environment names.
fn own() -> Input {
    Input {
        description: script::DESCRIPTION.into(),
        overlays: vec![script::OVERLAY.into()],
        slice: Slice::Full,
        mock: false,
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

/// What writers see of a document, in one text: a key that says nothing to them is left out.
fn essence(document: &Value) -> String {
    const KEYS: [&str; 31] = [
        "$ref",
        "additionalProperties",
        "anyOf",
        "content",
        "default",
        "description",
        "enum",
        "format",
        "in",
        "items",
        "name",
        "nullable",
        "oneOf",
        "operationId",
        "parameters",
        "properties",
        "requestBody",
        "required",
        "responses",
        "schema",
        "summary",
        "tags",
        "type",
        "x-export",
        "x-forms",
        "x-media-type",
        "x-of",
        "x-paging",
        "x-reads-only",
        "x-style",
        "x-upsert",
    ];
    fn reduce(value: &Value, named: bool, inner: fn(&str) -> bool) -> Value {
        match value {
            Value::Object(object) => {
                let kept = object.iter().filter(|(key, value)| {
                    named
                        || (inner(key)
                            && **value != json!({"nullable": false})
                            && !(*key == "nullable" && **value == false))
                });
                let kept = kept.map(|(key, value)| {
                    let names = ["properties", "responses", "content"].contains(&key.as_str());
                    (key.clone(), reduce(value, names && !named, inner))
                });
                kept.collect()
            }
            Value::Array(items) => items.iter().map(|item| reduce(item, false, inner)).collect(),
            value => value.clone(),
        }
    }
    let known = |key: &str| KEYS.contains(&key) || key == "x-search" || key == "fields" || key == "what";
    let (paths, schemas) = (&document["paths"], &document["components"]["schemas"]);
    let operations = groups(document);
    let items = paths.as_object().unwrap().iter();
    let items = items.map(|(path, item)| {
        (
            path.clone(),
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, operation)| (method.clone(), reduce(operation, false, known)))
                .collect::<Value>(),
        )
    });
    json!([items.collect::<Value>(), reduce(schemas, true, known), operations]).to_string()
}

#[test]
fn every_action_of_the_overlay_changes_the_client() {
    use script::steps::input::{basics, check, overlay::Overlay, read};
    use script::steps::{repair, warnings::Warnings};

    let description = read::read(Path::new(script::DESCRIPTION)).unwrap();
    let overlay = read::read(Path::new(script::OVERLAY)).unwrap();
    let parsed = Overlay::parse(&overlay, "").unwrap();
    let dangling = check::dangling(&description);
    let without = |left_out: Option<usize>| {
        let (mut document, mut warnings) = (description.clone(), Warnings::default());
        parsed.apply_but(left_out, &mut document, &mut warnings);
        let basics = basics::read(&document);
        repair::repair(&mut document, &dangling, "", &mut warnings);
        (essence(&document), basics)
    };
    let whole = without(None);
    let actions = overlay["actions"].as_array().unwrap();
    let repeats = |first: usize| -> Vec<String> {
        let actions = (first..actions.len()).step_by(2);
        let repeating = actions.filter(|action| without(Some(*action)) == whole);
        repeating
            .map(|action| format!("{action} {}", overlay["actions"][action]["target"]))
            .collect()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| repeats(1));
        assert_eq!(
            (repeats(0), other.join().unwrap()),
            (Vec::new(), Vec::new()),
            "repeat what holds without them"
        );
    });
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
            "circles",
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

/// What is odd is mended: `.ci/run` holds that the client compiles.
#[test]
fn an_odd_description_loses_nothing_that_can_be_built() {
    let input = Input {
        description: "tests/odd.yaml".into(),
        ..own()
    };
    let built = script::model(script::describe(&input).unwrap(), &input).unwrap();
    let model = &built.model;
    let methods: BTreeSet<&str> = model
        .operations
        .iter()
        .map(|operation| operation.ident.as_str())
        .collect();
    let expected = [
        "builder_",
        "clone_",
        "patch_by_a_by_a_b_json",
        "head_by_a_by_a_b_json",
        "options_by_a_by_a_b_json",
        "x123",
        "gen_",
        "delete_fixed_kind_odd",
        "find_odd",
    ];
    assert_eq!(methods, expected.into());
    assert_eq!(model.basics.servers[0].url, "https://api.odd.example:8443/v1");
    let fields = |name: &str| -> Vec<&str> {
        let made = &model.types.structs[name];
        made.fields.iter().map(|field| field.ident.as_str()).collect()
    };
    assert_eq!(fields("OptionValue"), fields("OptionValue2"), "merged");
    assert_eq!(fields("Both")[..3], ["a", "b", "child"], "an object beside a union");
    let either: Vec<&str> = model.types.unions["Either"]
        .variants
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(either, ["Tree", "Text", "List", "Either5"]);
    let tree = &model.types.structs["Tree"];
    let forms: Vec<&str> = tree.forms.iter().map(|form| form.ident.as_str()).collect();
    assert_eq!((forms, tree.forms[0].takes.len()), (vec!["default_", "known"], 1));
    assert_eq!(model.searches[0].module, "odd_things");
    assert!(
        model.searches[0].pagination.is_none(),
        "`perPage` takes the setter's name"
    );
    assert!(model.export.is_none());
    for what in [
        "/paths/~1plain: is no path item",
        "`text/csv` is left out [request_media]",
        "a form is left out: odd sets child",
        "there is no helper for exports",
        "/components/schemas/about: `$ref` leads round in a circle",
    ] {
        assert!(built.warnings.to_string().contains(what), "{what} is not told");
    }
}

/// A feature adds operations and types; it changes none that are there.
#[test]
fn a_type_is_the_same_in_every_slice() {
    let types = |slice: Slice| {
        let input = Input { slice, ..own() };
        let model = script::model(script::describe(&input).unwrap(), &input).unwrap().model;
        let written = script::steps::write::client(&model)
            .unwrap()
            .items
            .into_iter()
            .find_map(|item| match item {
                Item::Mod(module) if module.ident == "types" => module.content.map(|(_, items)| items),
                _ => None,
            });
        let structs = written.unwrap().into_iter().filter_map(|item| match item {
            Item::Struct(item) => Some((item.ident.to_string(), quote::quote! { #item }.to_string())),
            _ => None,
        });
        structs.collect::<std::collections::BTreeMap<_, _>>()
    };
    let full = types(Slice::Full);
    for group in ["contacts", "conversations", "tags", "tickets", "visitors"] {
        let slice = types(Slice::of_features([group.to_owned()]));
        assert!(
            !slice.is_empty() && slice.len() < full.len(),
            "{group}: {} types",
            slice.len()
        );
        for (name, written) in slice {
            assert_eq!(Some(&written), full.get(&name), "{name} in {group}");
        }
    }
}

/// The helper for upserts is there when all that it calls is, and fits together.
#[test]
fn upserts_stand_on_what_is_marked_for_them() {
    let built = |slice: Slice, correction: Option<Value>| {
        let folder = tempfile::tempdir().unwrap();
        let mut input = Input { slice, ..own() };
        if let Some(action) = correction {
            let overlay = json!({"overlay": "1.1.0", "info": {"title": "", "version": ""}, "actions": [action]});
            let file = folder.path().join("overlay.json");
            std::fs::write(&file, overlay.to_string()).unwrap();
            input.overlays.push(file);
        }
        script::model(script::describe(&input).unwrap(), &input).unwrap()
    };
    let full = built(Slice::Full, None);
    let upsert = full.model.upsert.as_ref().unwrap();
    assert_eq!(
        (upsert.method.as_str(), upsert.builder.as_str()),
        ("upsert_contact", "UpsertContact")
    );
    assert!(full.helpers().any(|helper| helper == "upsert"));
    assert!(
        built(Slice::of_features(["contacts".to_owned()]), None)
            .model
            .upsert
            .is_some()
    );
    let other = built(Slice::of_features(["tags".to_owned()]), None);
    assert!(
        other.model.upsert.is_none() && other.warnings.to_string().is_empty(),
        "{}",
        other.warnings
    );

    let search = json!({"target": "$.paths['/contacts/search']", "remove": true});
    let email = json!({"target": "$.components.schemas.create_contact_request.properties.email", "remove": true});
    let taken = json!({"target": "$.paths['/me'].get", "update": {"operationId": "upsertContact"}});
    for (correction, why) in [
        (search, "no operation is marked `x-upsert: search`"),
        (email, "what creates takes no `email`"),
        (taken, "there is an operation `upsert_contact`"),
    ] {
        let built = built(Slice::Full, Some(correction));
        let warnings = built.warnings.to_string();
        assert!(
            built.model.upsert.is_none() && !built.helpers().any(|helper| helper == "upsert"),
            "{why}"
        );
        assert!(
            warnings.contains(&format!("there is no helper for upserts: {why}")),
            "{warnings}"
        );
    }
}

#[test]
fn items_are_retrieved_at_the_path_of_their_list_or_by_their_type() {
    let model = script::model(script::describe(&own()).unwrap(), &own()).unwrap().model;
    let retrievals = script::steps::model::paging::retrievals(&model);
    let by = |item: &str| retrievals.get(item).map(|retrieval| retrieval.method.as_str());
    assert_eq!(
        by("ConversationListItem"),
        Some("retrieve_conversation"),
        "of another type than the list's"
    );
    assert_eq!(by("ArticleListItem"), Some("retrieve_article"));
    assert_eq!(
        by("Company"),
        Some("retrieve_company_by_id"),
        "the list at its path is a hand-written type"
    );
    assert_eq!(by("Note"), Some("retrieve_note"), "no list is at its path");
    assert_eq!(by("ActivityLog"), None, "nothing shows one");
}
