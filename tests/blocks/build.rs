//! Writes each code block of the README that has no `main` as a macro of what stands in it, named after its first function.
//! Those with a `main` are run by doctests.

use std::path::PathBuf;

fn main() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    println!("cargo::rerun-if-changed={readme}");
    let text = std::fs::read_to_string(readme).expect("the README can be read");
    let blocks = text.split("\n```rust\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("\n```").next());
    let mut names = Vec::new();
    let mut written = String::new();
    for block in blocks.filter(|block| !block.contains("fn main(")) {
        let (_, after) = block.split_once("fn ").expect("a block has a function");
        let name = after.split(['(', '<']).next().expect("a function has a name");
        written += &format!("#[macro_export]\nmacro_rules! {name} {{\n() => {{\n{block}\n}};\n}}\n");
        names.push(name);
    }
    written +=
        &format!("/// The names of the macros, in the order of the blocks.\npub const NAMES: &[&str] = &{names:?};\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names the folder"));
    std::fs::write(out.join("blocks.rs"), written).expect("the folder can be written to");
}
