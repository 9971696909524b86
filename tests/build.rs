//! The unit tests of the build's steps, tests of the complete build, and tests of the example `describe`, which runs its steps.

#[path = "../examples/describe/src/compare.rs"]
mod compare;
mod describe;
#[path = "../examples/describe/src/layout.rs"]
mod layout;
#[path = "../examples/describe/src/report.rs"]
mod report;
#[allow(dead_code)]
#[path = "../build.rs"]
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use script::steps::model::Model;
use script::steps::model::paging::Shape;
use script::steps::slice::{Slice, groups};
use script::{Built, Input};
use serde_json::{Value, json};
use syn::{Expr, Item, Lit};

/// Changes to the folder of the crate, to which the paths of the build are relative.
fn enter_repository() {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
}

/// Returns the own description and overlay, ignoring the environment.
fn own() -> Input {
    enter_repository();
    Input {
        description: script::DESCRIPTION.into(),
        overlays: vec![script::OVERLAY.into()],
        slice: Slice::Full,
        mock: false,
    }
}

/// The own description and the client that is generated from it. Generating one takes seconds, so tests share them.
struct Own {
    document: Value,
    built: Built,
    pages: BTreeMap<String, String>,
}

static OWN: LazyLock<Own> = LazyLock::new(|| {
    let described = script::describe(&own()).unwrap();
    let document = described.document.clone();
    let built = script::model(described, &own()).unwrap();
    let pages = pages(&built.model);
    Own { document, built, pages }
});

/// Returns the items of a generated client, including those of the private modules `calls` and
/// `constants`.
fn items(client: syn::File) -> Vec<Item> {
    let items = client.items.into_iter();
    items
        .flat_map(|item| match item {
            Item::Mod(module) if module.ident == "calls" || module.ident == "constants" => module.content.unwrap().1,
            item => vec![item],
        })
        .collect()
}

/// Returns `(method, path)` of every operation in the table of a generated client.
fn generated_operations(client: &str) -> Vec<(String, String)> {
    let items = items(syn::parse_file(client).unwrap());
    let table = items.iter().find_map(|item| match item {
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
            panic!("unexpected table of operations");
        };
        let Lit::Str(path) = &path.lit else {
            panic!("the path is not a string");
        };
        (method.path.segments.last().unwrap().ident.to_string(), path.value())
    })
    .collect()
}

#[test]
fn client_has_each_operation_of_the_description_once() {
    enter_repository();
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
    assert_eq!(built.warnings.to_string(), "", "the own description needs no repair");
    let client = std::fs::read_to_string(out.path().join("client.rs")).unwrap();
    let generated = generated_operations(&client);
    assert_eq!(generated.len(), 108);
    assert_eq!(generated.into_iter().collect::<BTreeSet<_>>(), described);
}

/// Returns the parts of a document that affect the generated client, as one text.
fn relevant_parts(document: &Value) -> String {
    const KEYS: [&str; 36] = [
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
        "x-idempotent",
        "x-media-type",
        "x-of",
        "x-paging",
        "x-reads-only",
        "x-removed",
        "x-style",
        "x-upsert",
        "x-webhook-ids",
        "x-webhook-item",
        "x-webhook-stub",
    ];
    fn reduce(value: &Value, is_map: bool, is_relevant: fn(&str) -> bool) -> Value {
        match value {
            Value::Object(object) => {
                let entries = object.iter().filter(|(key, value)| {
                    is_map
                        || (is_relevant(key)
                            && **value != json!({"nullable": false})
                            && !(*key == "nullable" && **value == false))
                });
                let entries = entries.map(|(key, value)| {
                    let has_names = ["properties", "responses", "content"].contains(&key.as_str());
                    (key.clone(), reduce(value, has_names && !is_map, is_relevant))
                });
                entries.collect()
            }
            Value::Array(items) => items.iter().map(|item| reduce(item, false, is_relevant)).collect(),
            value => value.clone(),
        }
    }
    let is_relevant =
        |key: &str| KEYS.contains(&key) || key == "x-search" || ["dates", "fields", "what"].contains(&key);
    let (paths, schemas) = (&document["paths"], &document["components"]["schemas"]);
    let operations = groups(document);
    let items = paths.as_object().unwrap().iter();
    let items = items.map(|(path, item)| {
        (
            path.clone(),
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, operation)| (method.clone(), reduce(operation, false, is_relevant)))
                .collect::<Value>(),
        )
    });
    let topics = &document["x-webhook-topics"];
    json!([
        items.collect::<Value>(),
        reduce(schemas, true, is_relevant),
        operations,
        topics
    ])
    .to_string()
}

#[test]
fn every_action_of_the_overlay_changes_the_client() {
    use script::steps::input::{basics, check, overlay::Overlay, read};
    use script::steps::{repair, warnings::Warnings};

    enter_repository();
    let description = read::read(Path::new(script::DESCRIPTION)).unwrap();
    let overlay = read::read(Path::new(script::OVERLAY)).unwrap();
    let parsed = Overlay::parse(&overlay, "").unwrap();
    let dangling = check::dangling(&description);
    let without = |left_out: Option<usize>| {
        let (mut document, mut warnings) = (description.clone(), Warnings::default());
        parsed.apply_without(left_out, &mut document, &mut warnings);
        let basics = basics::read(&document);
        repair::repair(&mut document, &dangling, "", &mut warnings);
        (relevant_parts(&document), basics)
    };
    let complete = without(None);
    let actions = overlay["actions"].as_array().unwrap();
    let needless = |first: usize| -> Vec<String> {
        let actions = (first..actions.len()).step_by(2);
        let actions = actions.filter(|action| without(Some(*action)) == complete);
        actions
            .map(|action| format!("{action} {}", overlay["actions"][action]["target"]))
            .collect()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| needless(1));
        assert_eq!(
            (needless(0), other.join().unwrap()),
            (Vec::new(), Vec::new()),
            "actions without an effect"
        );
    });
}

#[test]
fn these_repair_rules_are_needed_by_other_descriptions_only() {
    assert_eq!(
        script::steps::repair::idle(OWN.document.clone()),
        [
            "well_formed",
            "operation_ids",
            "path_parameters",
            "one_media_type",
            "circles",
            "hand_written_types",
            "property_names",
            "component_names"
        ]
    );
}

#[test]
fn every_group_of_the_description_has_a_feature() {
    let kebab = |group: &String| group.to_lowercase().replace(' ', "-");
    let groups: BTreeSet<String> = groups(&OWN.document).iter().map(kebab).collect();
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
    let known = script::steps::slice::FEATURES.split(' ').map(str::to_owned).collect();
    assert_eq!(full, known);
    for group in groups {
        assert!(features.contains(&format!("\n{group} = [")), "{group} has no feature");
    }
}

/// Returns the lists: method, shape, and whether the items have `updated_at`.
fn lists_of(model: &Model) -> Vec<(&str, Shape, bool)> {
    let lists = model.operations.iter().filter_map(|operation| {
        let paging = operation.paging?;
        Some((operation.ident.as_str(), paging.shape, operation.has_updated_at))
    });
    lists.collect()
}

#[test]
fn lists_have_their_shape_and_changed_items() {
    let model = &OWN.built.model;
    let lists = lists_of(model);
    assert_eq!(lists.len(), 30);
    let of = |wanted: Shape| -> BTreeSet<&str> {
        let lists = lists.iter().filter(|(_, shape, _)| *shape == wanted);
        lists.map(|(name, ..)| *name).collect()
    };
    assert_eq!(
        of(Shape::Unpaged),
        [
            "list_admins",
            "list_help_centers",
            "list_attached_segments_for_company",
            "list_segments_for_contact",
            "list_subscriptions_for_contact",
            "list_tags_for_contact",
            "list_data_attributes",
            "list_segments",
            "list_subscription_types",
            "list_tags",
            "list_teams",
            "list_ticket_types",
        ]
        .into()
    );
    assert_eq!((of(Shape::Page).len(), of(Shape::Cursor).len()), (11, 5));
    let undated: BTreeSet<&str> = lists
        .iter()
        .filter(|(.., dated)| !dated)
        .map(|(name, ..)| *name)
        .collect();
    assert_eq!(
        undated,
        [
            "list_activity_logs",
            "list_admins",
            "list_notes",
            "list_subscriptions_for_contact",
            "list_tags_for_contact",
            "list_data_events",
            "list_subscription_types",
            "list_tags",
            "list_teams",
        ]
        .into()
    );
    let changes: Vec<_> = model
        .searches
        .iter()
        .map(|search| search.changes.as_ref().unwrap().whole_days)
        .collect();
    assert_eq!(changes, [true, false], "dates of contacts are compared by day");
}

/// `.ci/run` checks that this client compiles.
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
        "builder_operation",
        "clone_operation",
        "patch_by_a_by_a_b_json",
        "head_by_a_by_a_b_json",
        "options_by_a_by_a_b_json",
        "x123",
        "gen_",
        "delete_fixed_kind_odd",
        "find_odd",
        "things",
        "paged_things",
        "thing_with_things",
        "two_kinds_of_things",
        "names_of_things",
    ];
    assert_eq!(methods, expected.into());
    assert_eq!(model.basics.servers[0].url, "https://api.odd.example:8443/v1");
    let fields = |name: &str| -> Vec<&str> {
        let made = &model.types.structs[name];
        made.fields.iter().map(|field| field.ident.as_str()).collect()
    };
    assert_eq!(fields("OptionValue"), fields("OptionValue2"), "merged");
    assert_eq!(fields("Both")[..3], ["a", "b", "child"], "an object with a union");
    let either: Vec<&str> = model.types.unions["Either"]
        .variants
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(either, ["Tree", "String", "Array", "Either4"]);
    let tree = &model.types.structs["Tree"];
    let forms: Vec<&str> = tree.constructors.iter().map(|form| form.ident.as_str()).collect();
    assert_eq!(
        (forms, tree.constructors[0].takes.len()),
        (vec!["default_", "known"], 1)
    );
    assert_eq!(model.searches[0].module, "odd_things");
    assert!(
        model.searches[0].pagination.is_none(),
        "`perPage` has the same Rust name and comes first"
    );
    assert!(model.export.is_none());
    assert_eq!(lists_of(model), [("things", Shape::Unpaged, true)]);
    let things = model.operations.iter().find(|operation| operation.ident == "things");
    let parameters: Vec<_> = things
        .unwrap()
        .parameters
        .iter()
        .map(|parameter| &parameter.ident)
        .collect();
    assert_eq!(parameters, ["changed_since_", "stream_", "from_cursor_"]);
    for text in [
        "/paths/~1plain: is not a path item",
        "`text/csv` is left out [one_media_type]",
        "a constructor is left out: `odd` sets `child`",
        "the export helper is left out",
        "/components/schemas/about: the `$ref` is circular",
    ] {
        assert!(built.warnings.to_string().contains(text), "{text} is missing");
    }
}

/// A feature adds operations and types. It changes other types only in their documentation.
#[test]
fn a_type_is_the_same_in_every_slice() {
    let types = |model: &Model| {
        let written = script::steps::write::client(model)
            .unwrap()
            .items
            .into_iter()
            .find_map(|item| match item {
                Item::Mod(module) if module.ident == "types" => module.content.map(|(_, items)| items),
                _ => None,
            });
        let structs = written.unwrap().into_iter().filter_map(|item| match item {
            Item::Struct(mut item) => {
                item.attrs
                    .retain(|attribute| !["doc", "cfg_attr"].iter().any(|name| attribute.path().is_ident(name)));
                Some((item.ident.to_string(), quote::quote! { #item }.to_string()))
            }
            _ => None,
        });
        structs.collect::<BTreeMap<_, _>>()
    };
    let full = types(&OWN.built.model);
    for group in ["contacts", "conversations", "tags", "tickets", "visitors"] {
        let input = Input {
            slice: Slice::of_features([group.to_owned()]),
            ..own()
        };
        let slice = types(&script::model(script::describe(&input).unwrap(), &input).unwrap().model);
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

/// Returns the documentation of an item of a generated client.
fn documentation(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(line) => match &line.lit {
                Lit::Str(line) => Some(line.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the documentation of all methods, builders, types and modules, by name.
fn pages(model: &script::steps::model::Model) -> BTreeMap<String, String> {
    let mut pages = std::collections::BTreeMap::new();
    for item in items(script::steps::write::client(model).unwrap()) {
        match item {
            Item::Impl(block) => {
                for item in block.items {
                    if let syn::ImplItem::Fn(method) = item {
                        pages.insert(method.sig.ident.to_string(), documentation(&method.attrs));
                    }
                }
            }
            Item::Mod(module) => {
                pages.insert(module.ident.to_string(), documentation(&module.attrs));
                for item in module.content.into_iter().flat_map(|(_, items)| items) {
                    if let Item::Struct(item) = item {
                        pages.insert(format!("{}::{}", module.ident, item.ident), documentation(&item.attrs));
                    }
                }
            }
            _ => {}
        }
    }
    pages
}

#[test]
fn pages_document_requests_and_responses() {
    let Own { built, pages, .. } = &*OWN;
    let model = &built.model;
    for text in [
        "Sends `POST /contacts`.",
        "[`CreateContactRequest`](crate::types::CreateContactRequest)",
        "[`Contact`](crate::types::Contact).",
        "Requires the feature `contacts`.",
        "    .body(CreateContactRequest::with_email(",
    ] {
        for page in ["create_contact", "builder::CreateContact"] {
            assert!(
                pages[page].contains(text),
                "{text} is missing on {page}: {}",
                pages[page]
            );
        }
    }
    for text in [
        "Builder for [`Client::create_contact`](crate::Client::create_contact).\n\n",
        "\n- [`with_email`](crate::types::CreateContactRequest::with_email): ",
        "\n- [`phone`](crate::types::builder::CreateContactRequestBuilder::phone): ",
    ] {
        assert!(pages["builder::CreateContact"].contains(text), "{text} is missing");
    }
    for text in [
        "**Returned by:** [`",
        "[`attach_subscription_type_to_contact`](crate::Client::attach_subscription_type_to_contact)",
        "**Part of:** [`SubscriptionTypeList`](crate::types::SubscriptionTypeList).",
    ] {
        let page = &pages["types::SubscriptionType"];
        assert!(page.contains(text), "{text} is missing on {page}");
    }
    let (operations, lists) = pages["operations"].split_once("# Lists").unwrap();
    assert_eq!(operations.matches("](crate::Client::").count(), 108);
    assert_eq!(lists.matches("\n| [").count(), 30);
    let articles = "| [`list_articles`](crate::Client::list_articles) | [`ArticleListItem`](crate::types::ArticleListItem) | \
                    [`changed_since`](crate::builder::ListArticles::changed_since) | \
                    [`retrieve_article`](crate::Client::retrieve_article) |";
    assert!(lists.contains(articles), "{lists}");
    for operation in &model.operations {
        let (page, builder) = (
            &pages[&operation.ident],
            &pages[&format!("builder::{}", operation.builder)],
        );
        let ident = &operation.ident;
        assert!(page.contains("**Response:** "), "{ident}");
        let example = format!("\n# intercom_client::__example!({ident}, client, {{\n");
        assert!(
            page.contains(&example) && builder.contains(&example),
            "{ident} has no example"
        );
        let sections = [
            "# Example\n",
            "# Parameters\n",
            "# Body\n",
            "# Response\n",
            "# Retries\n",
            "# Details\n",
        ];
        let places: Vec<usize> = sections.iter().filter_map(|section| builder.find(section)).collect();
        assert!(places.len() >= 4 && places.is_sorted(), "{ident}: {places:?}");
        assert!(operations.contains(&format!("[`{ident}`](crate::Client::{ident})")));
        for line in [page, builder].into_iter().flat_map(|page| code(page)) {
            assert!(
                line.chars().count() <= 90,
                "a line of the example of {ident} is too long: {line}"
            );
        }
    }
}

/// The lines of code on a page.
fn code(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```\n").skip(1).step_by(2);
    blocks.flat_map(str::lines)
}

/// The values of an attribute such as `doc(alias = "…")`, and the text of others.
fn attributes(attributes: &[syn::Attribute], name: &str) -> Vec<String> {
    let lists = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident(name) => Some(list.tokens.to_string().replace(' ', "")),
        _ => None,
    });
    lists.collect()
}

#[test]
fn methods_builders_and_types_name_their_feature_and_other_names() {
    let model = &OWN.built.model;
    let mut marked = BTreeMap::new();
    let mut mark = |name: String, attrs: &[syn::Attribute]| {
        let found = (
            attributes(attrs, "cfg_attr"),
            attributes(attrs, "doc"),
            documentation(attrs),
        );
        marked.insert(name, found);
    };
    for item in items(script::steps::write::client(model).unwrap()) {
        match item {
            Item::Impl(block) => {
                for item in block.items {
                    if let syn::ImplItem::Fn(method) = item {
                        mark(method.sig.ident.to_string(), &method.attrs);
                    }
                }
            }
            Item::Mod(module) => {
                for item in module.content.into_iter().flat_map(|(_, items)| items) {
                    if let Item::Struct(item) = item {
                        mark(format!("{}::{}", module.ident, item.ident), &item.attrs);
                    }
                }
            }
            _ => {}
        }
    }
    let feature = |name: &str| format!("docsrs,doc(cfg(feature=\"{name}\"))");
    for operation in &model.operations {
        let name = operation.group.as_ref().unwrap().to_lowercase().replace(' ', "-");
        for page in [operation.ident.clone(), format!("builder::{}", operation.builder)] {
            let (features, _, text) = &marked[&page];
            assert_eq!(*features, [feature(&name)], "{page}");
            assert!(text.contains(&format!("Requires the feature `{name}`.")), "{page}");
        }
    }
    for (page, aliases) in [
        ("show_contact", &["get_contact", "find_contact", "retrieve_contact"][..]),
        ("builder::ShowContact", &["GetContact", "FindContact"]),
        ("identify_admin", &["me", "get_me"]),
        ("list_all_companies", &["list_companies"]),
        ("find_tag", &["get_tag"]),
        ("list_tags_for_contact", &["list_contact_tags"]),
        ("search_contacts", &["find_contacts"]),
        ("detach_tag_from_contact", &["delete_contact_tag", "remove_contact_tag"]),
        ("set_away_admin", &["update_admin_away"]),
        ("create_or_update_company", &["create_company"]),
        ("delete_contact", &["remove_contact"]),
        ("update_contact", &["edit_contact"]),
    ] {
        for alias in aliases {
            let alias = format!("alias=\"{alias}\"");
            assert!(
                marked[page].1.contains(&alias),
                "{alias} is missing: {:?}",
                marked[page].1
            );
        }
    }
    assert_eq!(marked["types::NoteList"].0, [feature("notes")]);
    let shared = &marked["types::Company"];
    assert_eq!(
        shared.0,
        ["docsrs,doc(cfg(any(feature=\"companies\",feature=\"contacts\",feature=\"visitors\")))"],
        "{shared:?}"
    );
    assert!(
        shared
            .2
            .contains("Requires one of the features `companies`, `contacts`, `visitors`.")
    );
}

#[test]
fn every_type_is_listed_once_on_the_page_of_types() {
    let page = &OWN.pages["types"];
    let types = &OWN.built.model.types;
    let count = types.structs.len() + types.enums.len() + types.unions.len() + types.newtypes.len();
    assert_eq!(page.matches("](crate::types::").count(), count);
    let contacts = page
        .split("\n# ")
        .find(|section| section.starts_with("Contacts\n"))
        .unwrap();
    for link in [
        "**Sent:** [`CreateContactRequest`]",
        "[`Contact`](crate::types::Contact)",
    ] {
        assert!(contacts.contains(link), "{link} is missing from {contacts}");
    }
}

#[test]
fn every_field_and_parameter_of_our_description_is_documented() {
    let model = &OWN.built.model;
    for made in model.types.structs.values() {
        assert!(!made.doc.starts_with('`'), "{} has no documentation", made.name);
        for field in &made.fields {
            assert_ne!(field.doc, "", "{} of {}", field.wire, made.name);
        }
    }
    for operation in &model.operations {
        assert!(
            !operation.summary.is_empty() && !operation.description.is_empty(),
            "{}",
            operation.ident
        );
        for parameter in &operation.parameters {
            assert_ne!(parameter.doc, "", "{} of {}", parameter.wire, operation.ident);
        }
    }
}

/// Returns the model of a description with these paths.
fn model_of(paths: Value) -> script::steps::model::Model {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("api.json");
    let schemas = json!({
        "filter": {"type": "object", "properties": {
            "field": {"type": "string"}, "operator": {"type": "string"}, "value": {"type": "string"},
        }},
        "page": {"type": "object", "properties": {"per_page": {"type": "integer"}}},
    });
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "Test", "version": "1.0"}, "servers": [{"url": "https://api.test.example"}],
        "paths": paths, "components": {"schemas": schemas},
    });
    std::fs::write(&file, document.to_string()).unwrap();
    let input = Input {
        description: file,
        ..own()
    };
    script::model(script::describe(&input).unwrap(), &input).unwrap().model
}

#[test]
fn the_only_id_of_a_path_is_called_id() {
    let in_path = |name: &str| json!({"name": name, "in": "path", "schema": {"type": "string"}});
    let query = json!({"name": "id", "in": "query", "schema": {"type": "string"}});
    let model = model_of(json!({
        "/boats/{boat_id}": {"get": {"operationId": "one", "parameters": [in_path("boat_id")]}},
        "/boats/{boatId}/crew": {"get": {"operationId": "camel", "parameters": [in_path("boatId")]}},
        "/boats/{boat_id}/crew/{id}": {"get": {"operationId": "two", "parameters": [in_path("boat_id"), in_path("id")]}},
        "/boats/{boat_id}/log": {"get": {"operationId": "beside", "parameters": [in_path("boat_id"), query]}},
        "/ports/{code}": {"get": {"operationId": "code", "parameters": [in_path("code")]}},
    }));
    let mut operations: Vec<_> = model.operations.iter().collect();
    operations.sort_by_key(|operation| &operation.ident);
    let setters: Vec<Vec<&str>> = operations
        .iter()
        .map(|operation| {
            operation
                .parameters
                .iter()
                .map(|parameter| parameter.ident.as_str())
                .collect()
        })
        .collect();
    let expected: [&[&str]; 5] = [&["boat_id", "id"], &["id"], &["code"], &["id"], &["boat_id", "id"]];
    assert_eq!(setters, expected);
    let camel = model.operations.iter().find(|operation| operation.ident == "camel");
    assert_eq!(camel.unwrap().parameters[0].wire, "boatId");
}

#[test]
fn a_body_with_a_filter_makes_a_search() {
    let body = |properties: Value| {
        let schema = json!({"type": "object", "properties": properties});
        json!({"content": {"application/json": {
            "schema": schema,
            "example": {"query": {"field": "a", "operator": "!=", "value": null}, "pagination": {"per_page": 2}},
        }}})
    };
    let filter =
        json!({"query": {"$ref": "#/components/schemas/filter"}, "pagination": {"$ref": "#/components/schemas/page"}});
    let other = json!({"query": {"$ref": "#/components/schemas/page"}});
    let model = model_of(json!({
        "/boats/search": {"post": {"operationId": "search_boats", "requestBody": body(filter)}},
        "/boats/other": {"post": {"operationId": "other", "requestBody": body(other)}},
    }));
    let [search] = model.searches.as_slice() else {
        panic!("{:?}", model.searches);
    };
    assert_eq!(
        (search.builder.as_str(), search.module.as_str()),
        ("SearchBoats", "boats")
    );
    assert!(search.pagination.is_some());
    let page = &pages(&model)["search_boats"];
    assert!(
        page.contains("client.search_boats().query(field(\"a\").ne(NULL)).per_page(2)"),
        "{page}"
    );
}

/// Any example in a description becomes valid Rust, and no other text becomes code.
#[test]
fn any_example_becomes_valid_rust() {
    let example = json!({
        "text": "a \"quoted\" \\ back\nslash \u{1f6a2} ```", "big": 12345678901234_i64, "huge": 1e300, "none": null,
        "list": [], "mixed": [1, "two", [3.5, {}]], "deep": {"a b": {"c": [true, null]}}, "own": -7, "unknown": u64::MAX,
    });
    let properties = json!({
        "text": {"type": "string"}, "big": {"type": "integer"}, "huge": {"type": "number"}, "own": {"type": "integer"},
        "list": {"type": "array", "items": {"type": "string"}}, "none": {"type": "string"},
        "deep": {"type": "object", "properties": {"a b": {"type": "object"}}}, "mixed": {"type": "array", "items": {}},
    });
    let operation = |properties: &Value, example: &Value| {
        let content = json!({"schema": {"type": "object", "properties": properties}, "example": example});
        json!({"put": {
            "operationId": "show", "description": "Code:\n\n```\nlet = ;\n```\n\n    let = ;\n\n* and <b>more</b> [in] it",
            "requestBody": {"content": {"application/json": content}},
        }})
    };
    let names: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
    for known in 0..=names.len() {
        let described: Value = names[..known]
            .iter()
            .map(|name| (name.clone(), properties[name].clone()))
            .collect();
        let page = pages(&model_of(json!({"/show": operation(&described, &example)})))["show"].clone();
        let (_, block) = page
            .split_once("# intercom_client::__example!(show, client, {\n")
            .unwrap();
        let (code, _) = block.split_once("\n# });\n```").unwrap();
        let function = format!("async fn example() {{ {code} }}");
        assert!(syn::parse_file(&function).is_ok(), "{code}");
        assert!(
            page.contains("```text\nlet = ;\n```\n\n   let = ;\n\n* and \\<b>more\\</b> \\[in] it"),
            "{page}"
        );
    }
}

/// The upsert helper exists if all its operations do and are compatible.
#[test]
fn upsert_helper_needs_all_marked_operations() {
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
    let full = &OWN.built;
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
    let shown = json!({"target": "$.paths['/contacts/{id}'].get", "update": {"x-upsert": "showing"}});
    for (correction, why) in [
        (search, "no operation is marked `x-upsert: search`"),
        (email, "the body of the operation `create` has no `email`"),
        (taken, "the method `upsert_contact` exists already"),
        (shown, "no operation is marked `x-upsert: show`"),
    ] {
        // A slice is generated faster. It has the operations that these corrections change.
        let slice = Slice::of_features(["admins", "contacts"].map(str::to_owned));
        let built = built(slice, Some(correction));
        let warnings = built.warnings.to_string();
        assert!(
            built.model.upsert.is_none() && !built.helpers().any(|helper| helper == "upsert"),
            "{why}"
        );
        assert!(
            warnings.contains(&format!("the upsert helper is left out: {why}")),
            "{warnings}"
        );
    }
}

#[test]
fn operations_document_idempotence_and_removal() {
    let operation = |id: &str, marks: Value| {
        let schema = json!({"type": "object", "properties": {"key": {"type": "string"}}});
        let mut operation = json!({
            "operationId": id, "requestBody": {"content": {"application/json": {"schema": schema}}},
        });
        let operation_marks = marks.as_object().unwrap().clone();
        operation.as_object_mut().unwrap().extend(operation_marks);
        operation
    };
    let described = json!({
        "/a": {"post": operation("a", json!({"x-idempotent": "a thing exists once.", "x-removed": {"on": "2026-12-31", "use": "b"}}))},
        "/b": {"post": operation("b", json!({"x-idempotent": {"why": "its key is unique", "with": "key"}}))},
        "/c": {"post": operation("c", json!({"x-idempotent": {"why": "its key is unique", "with": "other"}}))},
        "/d": {"put": operation("d", json!({})), "post": operation("e", json!({"x-removed": {"on": "soon"}})),
            "delete": {"operationId": "f", "x-idempotent": false}, "get": {"operationId": "g"}},
        "/h": {"post": operation("h", json!({"x-idempotent": true, "x-removed": {"on": "2027-01-31", "use": "nothing"}}))},
    });
    let model = model_of(described);
    let of = |id: &str| model.operations.iter().find(|operation| operation.ident == id).unwrap();
    let repeats = |id: &str| {
        let idempotent = of(id).idempotent.as_ref();
        idempotent.map(|made| (made.why.as_str(), made.with.as_deref()))
    };
    assert_eq!(repeats("a"), Some(("a thing exists once", None)));
    assert_eq!(repeats("b"), Some(("its key is unique", Some("key"))));
    assert_eq!(["c", "e", "f", "h"].map(repeats), [None; 4]);
    assert!(repeats("d").is_some() && repeats("g").is_some());
    let note = |id: &str| of(id).removed.as_ref().map(script::steps::model::Removal::note);
    assert_eq!(note("a").unwrap(), "Intercom removes it on 2026-12-31; use `b`");
    assert_eq!(
        note("h").unwrap(),
        "Intercom removes it on 2027-01-31",
        "the method does not exist"
    );
    assert_eq!(note("e"), None, "not a date");
    let pages = pages(&model);
    assert!(pages["a"].contains("is also retried after a lost response, because a thing exists once."));
    assert!(
        pages["b"].contains("if the body has `key`, because its key is unique."),
        "{}",
        pages["b"]
    );
    assert!(pages["e"].contains("is not retried after a lost response"));
}

/// The deprecation names the date and the replacement, also if the description names the path
/// parameter differently.
#[test]
fn operations_with_an_announced_removal_are_deprecated() {
    enter_repository();
    let text = std::fs::read_to_string(script::DESCRIPTION).unwrap();
    let from = text.find("  /conversations/{id}/run_assignment_rules:").unwrap();
    let (before, after) = text.split_at(from);
    let after =
        after
            .replacen("{id}/run", "{conversation_id}/run", 1)
            .replacen("- name: id\n", "- name: conversation_id\n", 1);
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("2.11.yaml");
    std::fs::write(&other, [before, &after].concat()).unwrap();
    let input = Input {
        description: other,
        ..own()
    };
    let other = script::model(script::describe(&input).unwrap(), &input).unwrap();
    for built in [&OWN.built, &other] {
        assert_eq!(built.warnings.to_string(), "");
        let items = items(script::steps::write::client(&built.model).unwrap());
        let methods = items.iter().filter_map(|item| match item {
            Item::Impl(block) => Some(&block.items),
            _ => None,
        });
        let deprecated = methods.flatten().filter_map(|item| match item {
            syn::ImplItem::Fn(method) => {
                let mark = method
                    .attrs
                    .iter()
                    .find(|attribute| attribute.path().is_ident("deprecated"))?;
                let syn::Meta::List(list) = &mark.meta else { panic!() };
                Some((method.sig.ident.to_string(), list.tokens.to_string()))
            }
            _ => None,
        });
        let note = "note = \"Intercom removes it on 2026-12-31; use `manage_conversation`\"";
        assert_eq!(
            deprecated.collect::<Vec<_>>(),
            [("auto_assign_conversation".to_owned(), note.to_owned())]
        );
    }
}

#[test]
fn operations_that_create_or_update_by_a_key_have_an_upsert() {
    let built = |correction: Value| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("corrections.yaml");
        let overlay = json!({"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [correction]});
        std::fs::write(&file, overlay.to_string()).unwrap();
        let mut input = Input {
            slice: Slice::of_features(["companies", "tags"].map(str::to_owned)),
            ..own()
        };
        input.overlays.push(file);
        script::model(script::describe(&input).unwrap(), &input).unwrap()
    };
    let own = &OWN.built.model;
    let [company] = &own.create_or_updates[..] else {
        panic!("{:?}", own.create_or_updates)
    };
    assert_eq!(
        (company.method.as_str(), company.builder.as_str(), company.by.as_str()),
        ("upsert_company", "UpsertCompany", "company_id")
    );
    for (mark, why) in [
        (json!({"by": "key"}), "the body has no `key`"),
        (json!({}), "the mark has no property `by`"),
    ] {
        let built = built(json!({"target": "$.paths['/tags'].post", "update": {"x-upsert": mark}}));
        let warnings = built.warnings.to_string();
        assert!(warnings.contains(&format!("has no upsert helper: {why}")), "{warnings}");
        assert_eq!(built.model.create_or_updates.len(), 1);
    }
}

#[test]
fn items_are_retrieved_by_path_or_type() {
    let retrievals = script::steps::model::paging::retrievals(&OWN.built.model);
    let by = |item: &str| retrievals.get(item).map(|retrieval| retrieval.method.as_str());
    assert_eq!(
        by("ConversationListItem"),
        Some("retrieve_conversation"),
        "the full type differs from the listed one"
    );
    assert_eq!(by("ArticleListItem"), Some("retrieve_article"));
    assert_eq!(
        by("Company"),
        Some("retrieve_company_by_id"),
        "the list has a hand-written type"
    );
    assert_eq!(by("Note"), Some("retrieve_note"), "the list has another path");
    assert_eq!(by("ActivityLog"), None, "no operation retrieves one");
}
