//! Formats what was generated and writes it to `OUT_DIR`.

use std::path::Path;

use super::failure::Failure;

/// Writes `file`, formatted, as `name` into `out`.
pub fn write(out: &Path, name: &str, file: &syn::File) -> Result<(), Failure> {
    write_text(out, name, &prettyplease::unparse(file))
}

/// Writes `text` as `name` into `out`.
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
