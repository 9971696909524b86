//! What the build makes of its input, good and bad: the build script itself is run, as cargo runs it, on files made here.

use std::path::Path;
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

    /// The build script, as cargo runs it.
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

    /// The client that was written.
    fn client(&self) -> String {
        std::fs::read_to_string(self.0.path().join("client.rs")).unwrap()
    }

    /// The lines that the build script prints for cargo. It never fails in another way than by an error for cargo.
    fn build(&self, description: &str) -> Vec<String> {
        let output = self.command(description).output().unwrap();
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
    let said: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with("cargo::rustc-c"))
        .collect();
    assert_eq!(
        said,
        [
            "cargo::rerun-if-env-changed=INTERCOM_OPENAPI",
            "cargo::rerun-if-env-changed=INTERCOM_OVERLAY",
            "cargo::rerun-if-changed=openapi/overlay.yaml",
            "cargo::rerun-if-changed=api.yaml",
        ],
        "silence when nothing is wrong"
    );
    let client = std::fs::read_to_string(package.0.path().join("client.rs")).unwrap();
    let field = |name: &str| client.find(&format!("pub {name}: ::std::option::Option")).unwrap();
    assert!(
        field("name") < field("id"),
        "the overlay's field comes after the description's"
    );
}

#[test]
fn nothing_is_written_without_a_folder_for_it() {
    let package = Package::new(DESCRIPTION, OVERLAY);
    let output = package.command("api.yaml").env_remove("OUT_DIR").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(said.starts_with("cargo::error=`OUT_DIR` is not set"), "{said}");
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
fn our_description_builds_in_silence() {
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
    let said = text.lines().filter(|line| !line.starts_with("cargo::rerun-if"));
    let said: Vec<_> = said
        .filter(|line| !line.starts_with("cargo::rustc-check-cfg"))
        .collect();
    assert_eq!(
        said,
        [
            "cargo::rustc-cfg=intercom_export",
            "cargo::rustc-cfg=intercom_search",
            "cargo::rustc-cfg=intercom_upsert",
            "cargo::rustc-cfg=intercom_whole",
        ]
    );
}

#[test]
fn an_overlay_of_ones_own_applies_after_ours() {
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
fn features_choose_the_groups_that_are_built() {
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
fn a_missing_file() {
    assert_eq!(
        Package::new(DESCRIPTION, OVERLAY).error("/nowhere/api.yaml"),
        "/nowhere/api.yaml: cannot be read: No such file or directory (os error 2) [read]. To mend it: supply the file, \
         readable and in UTF-8; a relative path in INTERCOM_OPENAPI or INTERCOM_OVERLAY starts in the folder of \
         intercom-client, so give it in .cargo/config.toml as `[env]` NAME = { value = \"api.yaml\", relative = true }."
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

/// The warnings about a description that is spoilt by replacing `good` by `bad`, and the client that is built all the same.
fn warnings_of(good: &str, bad: &str) -> (Vec<String>, String) {
    assert!(DESCRIPTION.contains(good));
    let package = Package::new(&DESCRIPTION.replacen(good, bad, 1), OVERLAY);
    let lines = package.build("api.yaml");
    let warnings = lines
        .iter()
        .filter_map(|line| line.split_once("warning:\u{1b}[0m "))
        .map(|(_, said)| said.trim());
    (warnings.map(str::to_owned).collect(), package.client())
}

#[test]
fn what_cannot_be_built_from_is_mended_and_told_in_one_block() {
    let again = "  /labels: {get: {operationId: find_tag, responses: {}}}\ncomponents:\n";
    for (good, bad, warning, written) in [
        (
            "schemas/tag'",
            "schemas/tagg'",
            "api.yaml at /paths/~1tags~1{id}/get/responses/200/content/application~1json/schema: `$ref` \
             \"#/components/schemas/tagg\" leads to no schema; any JSON stands for it [references]",
            "crate::Response<::serde_json::Value>",
        ),
        (
            "components:\n",
            again,
            "api.yaml at /paths/~1labels/get: its `operationId` \"find_tag\" is another's as well; its method is \
             `get_labels` [operation_ids]",
            "pub fn get_labels",
        ),
        (
            "      operationId: findTag\n",
            "",
            "api.yaml at /paths/~1tags~1{id}/get: has no `operationId`; its method is `get_tags_by_id` [operation_ids]",
            "pub fn get_tags_by_id",
        ),
        (
            "application/json",
            "text/csv",
            "api.yaml at /paths/~1tags~1{id}/get/responses: an answer of `text/csv` is handed on as bytes [response_media]",
            "bytes: Some(\"text/csv\")",
        ),
        (
            "name: id,",
            "name: key,",
            "api.yaml at /paths/~1tags~1{id}/get: path parameter `id` is not declared; it is text [path_parameters]",
            "pub fn id(",
        ),
        (
            "type: object, properties",
            "type: elephant, properties",
            "api.yaml at /components/schemas/tag/type: \"elephant\" is none of OpenAPI 3.0's; any JSON stands for it \
             [well_formed]",
            "pub struct Tag",
        ),
        (
            "version: '2.9'",
            "version: 2.9",
            "api.yaml at /info/version: is a number, whose last zeros are lost; read as 2.9, quote it [basics]",
            "\"2.9\" V2_9",
        ),
    ] {
        let (warnings, client) = warnings_of(good, bad);
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
fn what_is_no_fault_is_not_told() {
    for (good, bad) in [
        (", x-region: us", ""),
        ("description: the tag", "summary: the tag"),
        ("3.0.1", "3.0"),
    ] {
        assert_eq!(warnings_of(good, bad).0, [""; 0], "{bad}");
    }
}

#[test]
fn corrections_that_do_not_fit_are_told_and_the_rest_applies() {
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
        "openapi/overlay.yaml at /actions/1: does not apply to $.components.schemas.tag: its `$ref` to \
         #/components/schemas/admin leads nowhere in this description [overlay]",
        "openapi/overlay.yaml at /actions/3: does not apply to $.components.schemas.tag: \
         /paths/~1tags~1{id}/get/responses/200/content/application~1json/schema refers to what it removes [overlay]",
        "openapi/overlay.yaml at /actions/4: does not apply to $.components.schemas.tag.type: \
         /components/schemas/tag/type is neither an object to update nor a list to add to [overlay]",
        "3 parts of the input are mended or left out",
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
fn an_invalid_overlay() {
    let remedy = "[overlay]. To mend it: correct it by the OpenAPI Overlay Specification 1.1 (targets are RFC 9535 \
                  JSONPath).";
    let spoilt = |good: &str, bad: &str| {
        assert!(OVERLAY.contains(good));
        Package::new(DESCRIPTION, &OVERLAY.replacen(good, bad, 1)).error("api.yaml")
    };
    for (good, bad, message) in [
        (
            "overlay: 1.1.0",
            "overlay: 7.0",
            "openapi/overlay.yaml at /overlay: is not an OpenAPI Overlay 1.0 or 1.1: ",
        ),
        (
            "schemas.tag",
            "schemas[tag",
            "openapi/overlay.yaml at /actions/0/target: is no JSONPath: ",
        ),
        (
            "  update: {properties: {id: {type: string}}}\n",
            "",
            "openapi/overlay.yaml at /actions/0: neither removes, updates nor copies ",
        ),
    ] {
        let error = spoilt(good, bad);
        assert!(error.starts_with(message), "{error}");
        assert!(error.ends_with(remedy), "{error}");
    }
    let error = spoilt("info: {", "info: {{");
    assert!(error.starts_with("openapi/overlay.yaml at line "), "{error}");
}
