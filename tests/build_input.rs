//! What the build makes of its input, good and bad: the build script itself is run, as cargo runs it, on files made here.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A good description of one operation; each test spoils it in one place.
const DESCRIPTION: &str = r##"openapi: 3.0.1
info: {title: Tags, version: '2.9'}
servers:
- {url: 'https://api.test', x-region: us}
paths:
  /tags/{id}:
    get:
      operationId: findTag
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200':
          description: the tag
          content:
            application/json:
              schema: {$ref: '#/components/schemas/tag'}
components:
  schemas:
    tag: {type: object, properties: {name: {type: string}}}
"##;

/// A good overlay, likewise.
const OVERLAY: &str = "overlay: 1.1.0
info: {title: Corrections, version: '1'}
actions:
- target: $.components.schemas.tag
  description: Tags have ids.
  update: {properties: {id: {type: string}}}
";

/// A folder that looks like the package's to the build script.
struct Package(TempDir);

impl Package {
    fn new(description: &str, overlay: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("openapi")).unwrap();
        std::fs::write(folder.path().join("openapi/overlay.yaml"), overlay).unwrap();
        std::fs::write(folder.path().join("api.yaml"), description).unwrap();
        Self(folder)
    }

    /// The lines that the build script prints for cargo. It never fails in another way than by an error for cargo.
    fn build(&self, description: &str) -> Vec<String> {
        let output = Command::new(build_script())
            .current_dir(self.0.path())
            .env("INTERCOM_OPENAPI", description)
            .env("OUT_DIR", self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no panic, no backtrace");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The one error that stops the build.
    fn error(&self, description: &str) -> String {
        let lines = self.build(description);
        let errors: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("cargo::error="))
            .collect();
        assert_eq!(errors.len(), 1, "{lines:?}");
        assert!(
            !self.0.path().join("client.rs").exists(),
            "nothing is written from bad input"
        );
        errors[0].to_owned()
    }
}

/// The build script that cargo compiled last, next to the folder that it wrote this crate's client to.
fn build_script() -> PathBuf {
    let builds = Path::new(env!("OUT_DIR")).ancestors().nth(2).unwrap();
    let scripts = std::fs::read_dir(builds).unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let ours = entry.file_name().to_string_lossy().starts_with("intercom-client-");
        let script = entry
            .path()
            .join(format!("build-script-build{}", std::env::consts::EXE_SUFFIX));
        let changed = script.metadata().ok()?.modified().ok()?;
        ours.then_some((changed, script))
    });
    scripts.max().expect("cargo has compiled the build script").1
}

/// The message about `description`, spoilt by replacing `good` by `bad`.
fn error_of(good: &str, bad: &str) -> String {
    assert!(DESCRIPTION.contains(good));
    Package::new(&DESCRIPTION.replacen(good, bad, 1), OVERLAY).error("api.yaml")
}

/// The message about a file that is something else altogether.
fn error_of_text(text: &str) -> String {
    Package::new(text, OVERLAY).error("api.yaml")
}

#[test]
fn good_input_builds_and_is_watched_for_changes() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let lines = package.build("api.yaml");
    assert_eq!(
        lines[..3],
        [
            "cargo::rerun-if-env-changed=INTERCOM_OPENAPI",
            "cargo::rerun-if-changed=api.yaml",
            "cargo::rerun-if-changed=openapi/overlay.yaml",
        ]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("Intercom API 2.9: 1 operations, 1 schemas")),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.starts_with("cargo::error")), "{lines:?}");
    let client = std::fs::read_to_string(package.0.path().join("client.rs")).unwrap();
    let field = |name: &str| client.find(&format!("pub {name}: ::std::option::Option")).unwrap();
    assert!(
        field("name") < field("id"),
        "the overlay's field comes after the description's"
    );
}

#[test]
fn json_builds_the_same_client_as_yaml() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let value: serde_json::Value = serde_norway::from_str(DESCRIPTION).unwrap();
    std::fs::write(package.0.path().join("api.json"), value.to_string()).unwrap();
    let built_from = |description: &str| {
        package.build(description);
        let client = package.0.path().join("client.rs");
        let text = std::fs::read_to_string(&client).unwrap();
        std::fs::remove_file(client).unwrap();
        text
    };
    assert_eq!(built_from("api.json"), built_from("api.yaml"));
}

#[test]
fn our_description_builds_with_one_line_and_no_warning() {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(build_script())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("INTERCOM_OPENAPI", "")
        .env("OUT_DIR", out.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("cargo::rerun-if"))
        .collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].ends_with("Intercom API 2.9: 108 operations, 168 schemas"),
        "{said:?}"
    );
}

#[test]
fn corrections_that_no_longer_apply_are_quoted() {
    let description = DESCRIPTION
        .replace("schemas/tag", "schemas/label")
        .replace("    tag:", "    label:");
    let lines = Package::new(&description, OVERLAY).build("api.yaml");
    let quoted = "overlay action 0 finds nothing at $.components.schemas.tag: Tags have ids.";
    assert!(lines.iter().any(|line| line.contains(quoted)), "{lines:?}");
    let idle = "repair rule one_tag finds nothing to do";
    assert!(lines.iter().any(|line| line.contains(idle)), "{lines:?}");
}

#[test]
fn a_missing_file() {
    assert_eq!(
        Package::new(DESCRIPTION, OVERLAY).error("/nowhere/api.yaml"),
        "/nowhere/api.yaml: cannot be read: No such file or directory (os error 2) [read]. To mend it: supply the file, \
         readable and in UTF-8; INTERCOM_OPENAPI, when set, names the description."
    );
}

#[test]
fn neither_yaml_nor_json() {
    for (message, start, end) in [
        (
            error_of("version: '2.9'}", "version: '2.9'"),
            "api.yaml at line 3 column 1: is not valid YAML: ",
            " [read]. To mend it: correct the YAML there.",
        ),
        (
            error_of_text("{\"openapi\": 3.0.1}"),
            "api.yaml at line 1 column 16: is not valid JSON: ",
            " [read]. To mend it: correct the JSON there.",
        ),
        (
            error_of_text("\0\u{1}"),
            "api.yaml at line 1 column 1: is not valid YAML: ",
            " [read]. To mend it: correct the YAML there.",
        ),
        (
            error_of("version: '2.9'", "version: .inf"),
            "api.yaml at /info/version: holds the number .inf, which JSON cannot say",
            " [read]. To mend it: write plain YAML there.",
        ),
    ] {
        assert!(message.starts_with(start) && message.ends_with(end), "{message}");
    }
}

#[test]
fn something_else_than_openapi_3_0() {
    let end = " [openapi_3_0]. To mend it: supply an OpenAPI 3.0 description; convert other versions first.";
    for (text, what) in [
        ("swagger: '2.0'", "is Swagger 2, not OpenAPI 3.0"),
        ("{\"openapi\": \"3.1.0\"}", "is OpenAPI 3.1.0, not 3.0"),
        (OVERLAY, "is an OpenAPI Overlay, not an OpenAPI description"),
        (
            "Dear reader",
            "is plain text, not an OpenAPI description: it has no `openapi` version",
        ),
        (
            "",
            "is an empty document, not an OpenAPI description: it has no `openapi` version",
        ),
    ] {
        assert_eq!(error_of_text(text), format!("api.yaml: {what}{end}"));
    }
}

#[test]
fn a_reference_to_nowhere() {
    assert_eq!(
        error_of("schemas/tag'", "schemas/tagg'"),
        "api.yaml at /paths/~1tags~1{id}/get/responses/200/content/application~1json/schema: `$ref` \
         \"#/components/schemas/tagg\" leads nowhere in this document [references]. To mend it: define it, correct the \
         name, or add an overlay action that does."
    );
}

#[test]
fn two_operations_of_one_name() {
    let twice = "components:\n";
    let again = "  /labels: {get: {operationId: find_tag, responses: {}}}\ncomponents:\n";
    assert_eq!(
        error_of(twice, again),
        "api.yaml at /paths/~1labels/get: `operationId` \"find_tag\" is also that of /paths/~1tags~1{id}/get \
         [operation_ids]. To mend it: rename one, in the description or by an overlay action."
    );
}

#[test]
fn a_content_type_that_is_not_supported() {
    assert_eq!(
        error_of("application/json", "text/csv"),
        "api.yaml at /paths/~1tags~1{id}/get/responses/200/content: content type `text/csv` is not supported \
         [content_types]. To mend it: describe one body as application/json, or a response as application/octet-stream, \
         by an overlay action."
    );
}

#[test]
fn an_undeclared_path_parameter() {
    assert_eq!(
        error_of("name: id,", "name: key,"),
        "api.yaml at /paths/~1tags~1{id}/get: path parameter `id` is not declared [path_parameters]. To mend it: declare \
         it with `in: path`."
    );
}

#[test]
fn servers_without_regions() {
    assert_eq!(
        error_of(", x-region: us", ""),
        "api.yaml at /servers: no server has an `x-region` [constants]. To mend it: name each server's region by an \
         overlay action: us, eu, au."
    );
}

#[test]
fn what_progenitor_does_not_take() {
    assert_eq!(
        error_of("type: object, properties", "type: elephant, properties"),
        "api.yaml: progenitor cannot generate from it: not yet implemented: invalid type: elephant [generate]. To mend \
         it: simplify the schema by an overlay action, or add a repair rule."
    );
    let message = error_of("description: the tag", "summary: the tag");
    assert!(
        message.starts_with("api.yaml: is not well-formed OpenAPI 3.0: "),
        "{message}"
    );
    assert!(
        message.ends_with(" [generate]. To mend it: correct the description there."),
        "{message}"
    );
}

#[test]
fn an_invalid_overlay() {
    let remedy = "[apply_overlay]. To mend it: correct the action by the OpenAPI Overlay Specification 1.1 (targets are \
                  RFC 9535 JSONPath).";
    let spoilt = |good: &str, bad: &str| {
        assert!(OVERLAY.contains(good));
        Package::new(DESCRIPTION, &OVERLAY.replacen(good, bad, 1)).error("api.yaml")
    };
    for (good, bad, message) in [
        (
            "overlay: 1.1.0",
            "overlay: 7.0",
            "openapi/overlay.yaml: is not an OpenAPI Overlay: ",
        ),
        (
            "schemas.tag",
            "schemas[tag",
            "openapi/overlay.yaml at /actions/0/target: is not a valid OpenAPI Overlay: ",
        ),
        (
            "schemas.tag",
            "schemas.tag.type",
            "openapi/overlay.yaml at /actions/0: the action on $.components.schemas.tag.type cannot be applied: ",
        ),
    ] {
        let error = spoilt(good, bad);
        assert!(error.starts_with(message), "{error}");
        assert!(error.ends_with(remedy), "{error}");
    }
    let error = spoilt("info: {", "info: {{");
    assert!(error.starts_with("openapi/overlay.yaml at line "), "{error}");
}
