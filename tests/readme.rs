//! The code and the claims of the README that the doctests do not cover.

use std::collections::BTreeSet;

use intercom_client::mock::{MockIntercom, MockResponse};

const README: &str = include_str!("../README.md");

/// The Rust code of the README, line by line.
fn code() -> impl Iterator<Item = &'static str> {
    README
        .split("\n```rust")
        .skip(1)
        .flat_map(|block| block.split("\n```").next().unwrap().lines())
}

#[test]
fn every_block_has_a_test_here() {
    assert_eq!(readme_blocks::README, ["logged"]);
}

#[tokio::test]
async fn a_layer_sees_each_attempt() {
    readme_blocks::logged!();
    static SEEN: std::sync::Mutex<Vec<(&str, u32)>> = std::sync::Mutex::new(Vec::new());
    let intercom = MockIntercom::new();
    let log = |attempt: &Attempt| SEEN.lock().unwrap().push((attempt.operation(), attempt.number()));
    let client = logged(intercom.client_builder(), log).build().unwrap();
    let unavailable = MockResponse::error(503, "unavailable", "later");
    intercom.on("list_tags").respond_once(unavailable);
    client.list_tags().await.unwrap();
    assert_eq!(*SEEN.lock().unwrap(), [("list_tags", 1), ("list_tags", 2)]);
}

#[test]
fn the_readme_is_short_and_its_code_narrow() {
    assert!(README.lines().count() <= 250);
    for line in code() {
        assert!(line.chars().count() <= 90, "{line}");
    }
}

#[test]
fn the_readme_lists_all_pages_of_the_guide() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/guide");
    for page in std::fs::read_dir(guide).unwrap() {
        let page = page.unwrap().path();
        let page = page.file_stem().unwrap().to_str().unwrap();
        let link = format!("| [{page}](https://docs.rs/intercom-client/latest/intercom_client/guide/{page}/) |");
        assert!(README.contains(&link), "{link}");
    }
}

/// Relative links of the README do not work on docs.rs and crates.io.
#[test]
fn all_links_of_the_readme_are_absolute_or_lead_to_a_heading() {
    let headings: BTreeSet<String> = README
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for link in README.split("](").skip(1) {
        let link = link.split(')').next().unwrap();
        let is_heading = link.strip_prefix('#').is_some_and(|name| headings.contains(name));
        assert!(link.starts_with("https://") || is_heading, "{link}");
    }
}

#[test]
fn files_that_the_readme_links_to_exist() {
    let repository = "https://github.com/intercom-client/intercom-client/";
    for link in README.split(repository).skip(1) {
        let Some(path) = link.split([')', '\n']).next().unwrap().split_once("/main/") else {
            continue;
        };
        let path = format!("{}/../{}", env!("CARGO_MANIFEST_DIR"), path.1);
        assert!(std::path::Path::new(&path).exists(), "{path}");
    }
}

#[test]
fn the_readme_states_the_compiler_and_the_operations_of_the_crate() {
    let manifest = include_str!("../Cargo.toml");
    let oldest = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let oldest = oldest.unwrap().trim_matches('"');
    assert!(README.contains(&format!("Rust {oldest} or later")));
    assert!(README.contains(&format!("minimum supported Rust version is {oldest};")));
    let operations = operation_tables::OPERATIONS.len();
    assert!(
        README.contains(&format!("with all {operations}\noperations")),
        "{operations}"
    );
}

/// The crate page lists each feature of the manifest.
#[test]
fn the_crate_page_lists_all_features() {
    let manifest = include_str!("../Cargo.toml");
    let features = manifest.split("\n[features]\n").nth(1).unwrap();
    let features = features.split("\n[").next().unwrap().lines();
    let features = features
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim());
    let page = include_str!("../src/lib.rs");
    for feature in features.filter(|name| !matches!(*name, "default") && !name.starts_with('#')) {
        assert!(page.contains(&format!("`{feature}`")), "{feature}");
    }
}
