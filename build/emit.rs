//! Formats the generated code and writes it to `OUT_DIR`.

use std::path::Path;

use super::failure::Failure;

/// Formats `file` and writes it to `name` in the folder `out`.
pub fn write(out: &Path, name: &str, file: &syn::File) -> Result<(), Failure> {
    write_text(out, name, &prettyplease::unparse(file))
}

/// Writes `text` to `name` in the folder `out`.
pub fn write_text(out: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = out.join(name);
    std::fs::write(&path, text).map_err(|error| {
        Failure::new(
            "emit",
            format!("cannot be written: {error}"),
            "make the build folder writable",
        )
        .in_file(path.display().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_formatted() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), "a.rs", &syn::parse_quote! { pub struct A { pub b: u8 } }).unwrap();
        let text = std::fs::read_to_string(out.path().join("a.rs")).unwrap();
        assert_eq!(text, "pub struct A {\n    pub b: u8,\n}\n");
    }

    #[test]
    fn a_missing_folder_is_a_failure_with_its_name() {
        let out = tempfile::tempdir().unwrap();
        let missing = out.path().join("missing");
        let failure = write_text(&missing, "a.rs", "").unwrap_err();
        assert_eq!(failure.file, missing.join("a.rs").display().to_string());
        assert!(failure.problem.starts_with("cannot be written"), "{failure}");
    }
}
