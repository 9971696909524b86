//! Runs the build script, as cargo runs it, on valid and invalid files.

use std::process::Command;

use tempfile::TempDir;

/// A valid description of one operation. Most tests make one part of it invalid.
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

/// A valid overlay.
const OVERLAY: &str = "overlay: 1.1.0
info: {title: Corrections, version: '1'}
actions:
- target: $.components.schemas.tag
  description: Tags have ids.
  update: {properties: {id: {type: string}}}
";

/// A folder with the files that the build script expects in the package.
struct Package(TempDir);

impl Package {
    fn new(description: &str, overlay: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("openapi")).unwrap();
        std::fs::write(folder.path().join("openapi/overlay.yaml"), overlay).unwrap();
        std::fs::write(folder.path().join("api.yaml"), description).unwrap();
        Self(folder)
    }

    /// Returns the command that runs the build script.
    fn command(&self, description: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_build-script"));
        command
            .current_dir(self.0.path())
            .env("INTERCOM_OPENAPI", description)
            .env("INTERCOM_OVERLAY", "")
            .env("CARGO_FEATURE_FULL", "1")
            .env("OUT_DIR", self.0.path());
        command
    }

    /// Returns the generated client.
    fn client(&self) -> String {
        std::fs::read_to_string(self.0.path().join("client.rs")).unwrap()
    }

    /// Runs the build script and returns the lines that it prints for cargo. Errors are such lines
    /// too.
    fn build(&self, description: &str) -> Vec<String> {
        let output = self.command(description).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no panic, no backtrace");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Runs the build script and returns the only error.
    fn error(&self, description: &str) -> String {
        let lines = self.build(description);
        let errors: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("cargo::error="))
            .collect();
        assert_eq!(errors.len(), 1, "{lines:?}");
        assert!(!self.0.path().join("client.rs").exists(), "no client is written");
        errors[0].to_owned()
    }
}

/// Returns the error about the description with `valid` replaced by `invalid`.
fn error_of(valid: &str, invalid: &str) -> String {
    assert!(DESCRIPTION.contains(valid));
    Package::new(&DESCRIPTION.replacen(valid, invalid, 1), OVERLAY).error("api.yaml")
}

/// Returns the error about a description with this text.
fn error_of_text(text: &str) -> String {
    Package::new(text, OVERLAY).error("api.yaml")
}

#[test]
fn valid_input_is_built_and_watched() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let lines = package.build("api.yaml");
    let printed: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with("cargo::rustc-c"))
        .collect();
    assert_eq!(
        printed,
        [
            "cargo::rerun-if-env-changed=INTERCOM_OPENAPI",
            "cargo::rerun-if-env-changed=INTERCOM_OVERLAY",
            "cargo::rerun-if-changed=openapi/overlay.yaml",
            "cargo::rerun-if-changed=api.yaml",
        ],
        "no warnings"
    );
    let client = std::fs::read_to_string(package.0.path().join("client.rs")).unwrap();
    let field = |name: &str| client.find(&format!("pub {name}: ::std::option::Option")).unwrap();
    assert!(field("name") < field("id"), "the field of the overlay comes last");
}

#[test]
fn no_client_is_written_without_out_dir() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let output = package.command("api.yaml").env_remove("OUT_DIR").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{text}");
    assert!(text.starts_with("cargo::error=`OUT_DIR` is not set"), "{text}");
    assert!(!package.0.path().join("client.rs").exists());
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
fn own_description_builds_without_warnings() {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_build-script"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("INTERCOM_OPENAPI", "")
        .env("INTERCOM_OVERLAY", "")
        .env("CARGO_FEATURE_FULL", "1")
        .env("OUT_DIR", out.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let printed = text.lines().filter(|line| !line.starts_with("cargo::rerun-if"));
    let printed: Vec<_> = printed
        .filter(|line| !line.starts_with("cargo::rustc-check-cfg"))
        .collect();
    assert_eq!(
        printed,
        [
            "cargo::rustc-cfg=intercom_export",
            "cargo::rustc-cfg=intercom_search",
            "cargo::rustc-cfg=intercom_upsert",
            "cargo::rustc-cfg=intercom_whole",
        ]
    );
}

#[test]
fn a_second_overlay_applies_after_the_own_one() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let own = OVERLAY.replace("{id: {type: string}}", "{id: {type: integer}, colour: {type: string}}");
    std::fs::write(package.0.path().join("own.yaml"), own).unwrap();
    let output = package
        .command("api.yaml")
        .env("INTERCOM_OVERLAY", "own.yaml")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("cargo::rerun-if-changed=own.yaml"), "{text}");
    let client = package.client();
    assert!(client.contains("pub id: ::std::option::Option<i64>"), "{client}");
    assert!(
        client.contains("pub colour: ::std::option::Option<::std::string::String>"),
        "{client}"
    );
}

#[test]
fn features_select_the_groups() {
    let description = DESCRIPTION
        .replace("operationId: findTag", "operationId: findTag\n      tags: [Data Tags]")
        .replace(
            "components:\n",
            "  /labels: {get: {operationId: listLabels, tags: [Labels], responses: {}}}\ncomponents:\n",
        );
    let built = |feature: &str| {
        let package = Package::new(&description, OVERLAY);
        let mut command = package.command("api.yaml");
        command
            .env_remove("CARGO_FEATURE_FULL")
            .env(feature, "1")
            .output()
            .unwrap();
        let client = package.client();
        (
            client.contains("fn find_tag"),
            client.contains("fn list_labels"),
            client.contains("struct Tag"),
        )
    };
    assert_eq!(built("CARGO_FEATURE_FULL"), (true, true, true));
    assert_eq!(built("CARGO_FEATURE_DATA_TAGS"), (true, false, true));
    assert_eq!(built("CARGO_FEATURE_LABELS"), (false, true, false));
}

#[test]
fn a_missing_file_is_an_error() {
    assert_eq!(
        Package::new(DESCRIPTION, OVERLAY).error("/nowhere/api.yaml"),
        "/nowhere/api.yaml: cannot be read: No such file or directory (os error 2) [read]. To fix it: make sure that the file \
         exists, is readable, and is UTF-8; relative paths in INTERCOM_OPENAPI and INTERCOM_OVERLAY are relative to the folder \
         of intercom-client, so set them in .cargo/config.toml as `[env]` NAME = { value = \"api.yaml\", relative = true }."
    );
}

#[test]
fn invalid_yaml_and_json_are_errors() {
    for (message, start, end) in [
        (
            error_of("version: '2.9'}", "version: '2.9'"),
            "api.yaml at line 3 column 1: is not valid YAML: ",
            " [read]. To fix it: correct the YAML at this place.",
        ),
        (
            error_of_text("{\"openapi\": 3.0.1}"),
            "api.yaml at line 1 column 16: is not valid JSON: ",
            " [read]. To fix it: correct the JSON at this place.",
        ),
        (
            error_of_text("\0\u{1}"),
            "api.yaml at line 1 column 1: is not valid YAML: ",
            " [read]. To fix it: correct the YAML at this place.",
        ),
    ] {
        assert!(message.starts_with(start) && message.ends_with(end), "{message}");
    }
}

#[test]
fn other_documents_than_openapi_3_0_are_errors() {
    let end = " [openapi_3_0]. To fix it: supply an OpenAPI 3.0 description; convert other versions first.";
    for (text, problem) in [
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
        assert_eq!(error_of_text(text), format!("api.yaml: {problem}{end}"));
    }
}

/// Returns the warnings about the description with `valid` replaced by `invalid`, and the client.
fn warnings_of(valid: &str, invalid: &str) -> (Vec<String>, String) {
    assert!(DESCRIPTION.contains(valid));
    let package = Package::new(&DESCRIPTION.replacen(valid, invalid, 1), OVERLAY);
    let lines = package.build("api.yaml");
    let warnings = lines
        .iter()
        .filter_map(|line| line.split_once("warning:\u{1b}[0m "))
        .map(|(_, text)| text.trim());
    (warnings.map(str::to_owned).collect(), package.client())
}

#[test]
fn invalid_parts_are_repaired_and_reported_in_one_block() {
    let again = "  /labels: {get: {operationId: find_tag, responses: {}}}\ncomponents:\n";
    for (valid, invalid, warning, written) in [
        (
            "schemas/tag'",
            "schemas/tagg'",
            "api.yaml at /paths/~1tags~1{id}/get/responses/200/content/application~1json/schema: the target of \
             the `$ref` \"#/components/schemas/tagg\" is missing; replaced by any JSON [references]",
            "crate::Response<::serde_json::Value>",
        ),
        (
            "components:\n",
            again,
            "api.yaml at /paths/~1labels/get: the `operationId` \"find_tag\" is not unique; the method is named \
             `get_labels` [operation_ids]",
            "pub fn get_labels",
        ),
        (
            "      operationId: findTag\n",
            "",
            "api.yaml at /paths/~1tags~1{id}/get: has no `operationId`; the method is named `get_tags_by_id` [operation_ids]",
            "pub fn get_tags_by_id",
        ),
        (
            "application/json",
            "text/csv",
            "api.yaml at /paths/~1tags~1{id}/get/responses/200/content: `text/csv` is treated as bytes [one_media_type]",
            "stream_media_type: Some(\"text/csv\")",
        ),
        (
            "name: id,",
            "name: key,",
            "api.yaml at /paths/~1tags~1{id}/get: the path parameter `id` is not declared; sent as a string [path_parameters]",
            "pub fn id(",
        ),
        (
            "type: object, properties",
            "type: elephant, properties",
            "api.yaml at /components/schemas/tag/type: \"elephant\" is not a type of OpenAPI 3.0; replaced by any JSON \
             [well_formed]",
            "pub struct Tag",
        ),
        (
            "version: '2.9'",
            "version: 2.9",
            "api.yaml at /info/version: is a number, which loses trailing zeros: quote it; read as 2.9 [basics]",
            "\"2.9\" V2_9",
        ),
    ] {
        let (warnings, client) = warnings_of(valid, invalid);
        assert!(
            warnings[0].starts_with(&format!("{} part", warnings.len() - 1)),
            "{warnings:?}"
        );
        assert!(
            warnings[1..].iter().any(|line| line == warning),
            "{warning} is missing from {warnings:?}"
        );
        assert!(
            client.replace("\n    ", "").contains(written),
            "{written} is missing from {client}"
        );
    }
}

#[test]
fn valid_variations_cause_no_warning() {
    for (valid, other) in [
        (", x-region: us", ""),
        ("description: the tag", "summary: the tag"),
        ("3.0.1", "3.0"),
    ] {
        assert_eq!(warnings_of(valid, other).0, [""; 0], "{other}");
    }
}

#[test]
fn invalid_corrections_are_reported_and_the_others_apply() {
    let overlay = format!(
        "{OVERLAY}- target: $.components.schemas.tag
  description: Tags have owners.
  update: {{properties: {{owner: {{$ref: '#/components/schemas/admin'}}}}}}
- target: $.components.schemas.tag
  description: Tags had a colour.
  x-versions: {{before: '2.5'}}
  update: {{properties: {{colour: {{type: string}}}}}}
- target: $.components.schemas.tag
  description: Tags are not.
  remove: true
- target: $.components.schemas.tag.type
  description: An object is no text.
  update: {{a: b}}
"
    );
    let package = Package::new(DESCRIPTION, &overlay);
    let text = package.build("api.yaml").join("\n");
    for part in [
        "openapi/overlay.yaml at /actions/1: cannot be applied to $.components.schemas.tag: the target of its `$ref` \
         #/components/schemas/admin is missing in this description [overlay]",
        "openapi/overlay.yaml at /actions/3: cannot be applied to $.components.schemas.tag: \
         /paths/~1tags~1{id}/get/responses/200/content/application~1json/schema refers to the removed part [overlay]",
        "openapi/overlay.yaml at /actions/4: cannot be applied to $.components.schemas.tag.type: \
         /components/schemas/tag/type is neither an object nor a list [overlay]",
        "3 parts of the input were repaired or left out",
    ] {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
    let client = package.client();
    assert!(
        client.contains("pub id:") && !client.contains("pub colour:"),
        "{client}"
    );
}

#[test]
fn an_invalid_overlay_is_an_error() {
    let remedy = "[overlay]. To fix it: correct it according to the OpenAPI Overlay Specification 1.1 (targets are RFC 9535 \
                  JSONPath).";
    let error_of = |valid: &str, invalid: &str| {
        assert!(OVERLAY.contains(valid));
        Package::new(DESCRIPTION, &OVERLAY.replacen(valid, invalid, 1)).error("api.yaml")
    };
    for (valid, invalid, message) in [
        (
            "overlay: 1.1.0",
            "overlay: 7.0",
            "openapi/overlay.yaml at /overlay: is not an OpenAPI Overlay 1.0 or 1.1 ",
        ),
        (
            "schemas.tag",
            "schemas[tag",
            "openapi/overlay.yaml at /actions/0/target: is not a JSONPath: ",
        ),
        (
            "  update: {properties: {id: {type: string}}}\n",
            "",
            "openapi/overlay.yaml at /actions/0: has no `remove`, `update` or `copy` ",
        ),
    ] {
        let error = error_of(valid, invalid);
        assert!(error.starts_with(message), "{error}");
        assert!(error.ends_with(remedy), "{error}");
    }
    let error = error_of("info: {", "info: {{");
    assert!(error.starts_with("openapi/overlay.yaml at line "), "{error}");
}
