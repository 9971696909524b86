//! Writes a macro for each code block of the README and the guide that defines a function. The macro contains the items of the
//! block, and is named after its first function.
//!
//! Blocks whose only function is `main` are left to the doctests.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let package = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let readme = package.join("README.md");
    let guide = package.join("src/guide");
    println!("cargo::rerun-if-changed={}", readme.display());
    println!("cargo::rerun-if-changed={}", guide.display());
    let pages = fs::read_dir(&guide).expect("the folder of the guide exists");
    let mut pages: Vec<PathBuf> = pages.map(|page| page.expect("a page of the guide").path()).collect();
    pages.sort();

    let mut macros = String::new();
    let readme = write(&[readme], &mut macros);
    let guide = write(&pages, &mut macros);
    macros += &format!(
        "/// The macros of the README, in the order of its blocks.\npub const README: &[&str] = &{readme:?};\n"
    );
    macros +=
        &format!("/// The macros of the guide, in the order of its blocks.\npub const GUIDE: &[&str] = &{guide:?};\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("blocks.rs"), macros).expect("OUT_DIR is writable");
}

/// Appends the macros of the files' code blocks, and returns their names.
fn write(files: &[PathBuf], macros: &mut String) -> Vec<String> {
    let mut names = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("the file is readable");
        for block in blocks(&text) {
            let mut functions = block
                .split("fn ")
                .skip(1)
                .filter_map(|rest| rest.split(['(', '<']).next());
            let Some(name) = functions.find(|name| *name != "main") else {
                continue;
            };
            *macros += &format!("#[macro_export]\nmacro_rules! {name} {{\n() => {{\n{block}\n}};\n}}\n");
            names.push(name.to_owned());
        }
    }
    names
}

/// The contents of the blocks that are Rust.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("\n```rust").skip(1);
    blocks.filter_map(|block| block.split_once('\n')?.1.split("\n```").next())
}
