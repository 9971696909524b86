//! Tests the example `describe`, which reports the content of a client and its changes.

use std::path::PathBuf;

use crate::layout::Form;
use crate::report::{Asked, report};

/// The older description.
const OLDER: &str = r##"openapi: 3.0.1
info: {title: Shelves, version: '1.0'}
servers:
- {url: 'https://api.test'}
paths:
  /shelves/{id}:
    get:
      tags: [Shelves]
      operationId: findShelf
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: depth, in: query, schema: {type: integer}}
      responses:
        '200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/shelf'}}}}
    delete:
      tags: [Shelves]
      operationId: deleteShelf
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200': {description: gone}
  /shelves:
    get:
      tags: [Shelves]
      operationId: listShelves
      x-paging: {shape: cursor, items: data}
      responses:
        '200': {description: all, content: {application/json: {schema: {$ref: '#/components/schemas/shelf_list'}}}}
    post:
      tags: [Shelves]
      operationId: createShelf
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [room]
              properties:
                room: {type: string}
                wood: {type: string, enum: [oak, ash]}
                size: {type: object, properties: {height: {type: integer}}}
      responses:
        '200': {description: it, content: {application/json: {schema: {$ref: '#/components/schemas/shelf'}}}}
components:
  schemas:
    shelf:
      type: object
      properties:
        room: {type: string}
        height: {type: integer}
        state: {type: string, enum: [full, empty]}
    shelf_list:
      type: object
      properties:
        data: {type: array, items: {$ref: '#/components/schemas/shelf'}}
        pages: {$ref: '#/components/schemas/cursor_pages'}
    cursor_pages:
      type: object
      properties:
        next: {type: string, format: next-page}
"##;

/// The changes in the newer description, in the order of the file: old and new text.
const CHANGES: [(&str, &str); 13] = [
    ("version: '1.0'", "version: '1.1'"),
    ("/shelves/{id}:", "/shelves/{shelf_id}:"),
    ("{name: id, in: path", "{name: shelf_id, in: path"),
    (
        "      - {name: depth, in: query, schema: {type: integer}}\n",
        "      - {name: depth, in: query, required: true, schema: {type: string}}\n      \
         - {name: books, in: query, schema: {type: boolean}}\n",
    ),
    (
        "    delete:\n      tags: [Shelves]\n      operationId: deleteShelf\n",
        "    put:\n      tags: [Boards]\n",
    ),
    ("{name: id, in: path", "{name: shelf_id, in: path"),
    (
        "{description: gone}",
        "{description: it, content: {application/json: {schema: {$ref: '#/components/schemas/board'}}}}",
    ),
    (
        "      tags: [Shelves]\n      operationId: listShelves\n      x-paging: {shape: cursor, items: data}\n",
        "      tags: [Boards]\n      operationId: listShelves\n",
    ),
    (
        "operationId: createShelf\n      requestBody:\n        content:\n          application/json:\n            \
         schema:\n              type: object\n              required: [room]",
        "operationId: buildShelf\n      requestBody:\n        content:\n          application/json:\n            \
         schema:\n              type: object\n              required: [wood]",
    ),
    (
        "[oak, ash]}\n                size: {type: object, properties: {",
        "[oak, elm]}\n                size: {type: object, properties: {depth: {type: integer}, ",
    ),
    (
        "        room: {type: string}\n        height",
        "        room: {type: integer}\n        width",
    ),
    ("[full, empty]", "[full, half]"),
    (
        "    shelf_list:\n",
        "    board: {type: object, properties: {edge: {type: object, properties: {length: {type: number}}}}}\n    \
         shelf_list:\n",
    ),
];

/// Corrections: one of two actions that applies, and one for each reason not to apply.
const OVERLAY: &str = "overlay: 1.1.0
info: {title: Corrections, version: '1'}
actions:
- target: $.paths['/shelves'].get
  description: Listing | walking.
  update: {summary: Lists shelves.}
- target: $.components.schemas.shelf
  description: Listing | walking.
  update: {description: A shelf.}
- target: $.paths['/drawers']
  description: Drawers are slow.
  remove: true
- target: $.info
  description: The title.
  update: {title: Shelves}
- target: $.info
  description: For later.
  x-versions: {from: '2.0'}
  update: {title: Cupboards}
- target: $.components.schemas.shelf.properties
  description: Doors.
  update: {door: {$ref: '#/components/schemas/door'}}
";

/// The newer description.
fn newer() -> String {
    CHANGES.iter().fold(OLDER.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    })
}

/// Returns the report about files with these texts. The path of their folder is removed from the
/// report.
fn report_of(text: &str, older: Option<&str>, form: Form) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let asked = Asked {
        form,
        file: file("new.yaml", text),
        older: older.map(|text| file("old.yaml", text)),
    };
    let text = report(&asked, &[file("overlay.yaml", OVERLAY)]).unwrap();
    text.replace(&format!("{}/", folder.path().display()), "")
}

/// Asserts that the report contains the blocks in this order.
fn assert_blocks(report: &str, blocks: &[&str]) {
    let mut rest = report;
    for block in blocks {
        let Some(place) = rest.find(block) else {
            panic!("{block}\nis missing or misplaced in\n{report}");
        };
        rest = &rest[place + block.len()..];
    }
}

#[test]
fn changes_are_reported_once_with_the_names_of_the_client() {
    let report = report_of(&newer(), Some(OLDER), Form::Terminal);
    let blocks = [
        "API 1.1 by new.yaml\n",
        "\n  groups                      2\n  operations                  4\n  types                       9\n  \
         corrections applied         1\n  corrections unused          4\n  parts repaired or left out  2\n\n\
         Changes since API 1.0 by old.yaml\n",
        "\n  operations: 1 added, 1 removed, 3 changed, 1 with renamed path parameters\n  \
         types: 2 added, 5 changed, 3 renamed\n  known versions added: 1.1\n  known versions removed: 1.0\n  \
         1 operation moved from the group Shelves to Boards\n\n",
        "Operations added\n----------------\n\nBoards\n  \
         PUT  /shelves/{shelf_id}  put_shelves_by_shelf_id  changes\n\n",
        "Operations removed\n------------------\n\nShelves\n  DELETE  /shelves/{id}  delete_shelf  changes\n\n",
        "Operations changed\n------------------\n  GET /shelves (list_shelves)\n    pages: none, was cursor\n  \
         POST /shelves (build_shelf)\n    its method is build_shelf, was create_shelf\n  \
         GET /shelves/{shelf_id} (find_shelf)\n    parameters added: books (boolean)\n    \
         parameter depth: text, was integer\n    parameter depth: required now\n\n",
        "Path parameters renamed\n-----------------------\n  shelf_id, was id\n    find_shelf\n\n",
        // Types that are named after a renamed operation are matched.
        "Types changed\n-------------\n  BuildShelfRequest, was CreateShelfRequest\n    room: optional now\n    \
         wood: required now\n  BuildShelfRequestSize, was CreateShelfRequestSize\n    added: depth (integer)\n  \
         BuildShelfRequestWood, was CreateShelfRequestWood\n    values added: elm\n    values removed: ash\n  \
         Shelf\n    added: width (integer)\n    removed: height (integer)\n    room: integer, was text\n  \
         ShelfState\n    values added: half\n    values removed: empty\n\n",
        "Types added\n-----------\n  Board (object, with one nested type): edge\n\n",
        "Types renamed\n-------------\n  CreateShelfRequest is BuildShelfRequest, ",
        "\n\nCorrections unused\n",
    ];
    assert_blocks(&report, &blocks);
    assert!(!report.contains("Types removed"), "{report}");
}

#[test]
fn operations_corrections_and_repaired_parts_are_listed() {
    let report = report_of(&newer(), None, Form::Terminal);
    let blocks = [
        "Corrections unused\n------------------\n\n\
         The target is missing\n  $.paths['/drawers']\n    Drawers are slow.\n\n\
         The description is already correct\n  $.info\n    The title.\n\n\
         For other versions\n  $.info\n    For later.\n\n\
         Not applicable\n  $.components.schemas.shelf.properties\n    Doors.\n    \
         the target of its $ref #/components/schemas/door is missing in this description\n\n",
        "Parts repaired or left out\n--------------------------\n  overlay\n    overlay.yaml at /actions/5: ",
        "\n  operation_ids\n    /paths/~1shelves~1{shelf_id}/put: has no operationId; the method is named \
         put_shelves_by_shelf_id\n\n",
        "Operations\n----------\n\nBoards\n  \
         GET  /shelves             list_shelves             reads\n  \
         PUT  /shelves/{shelf_id}  put_shelves_by_shelf_id  changes\n\nShelves\n  \
         POST  /shelves             build_shelf  changes\n  \
         GET   /shelves/{shelf_id}  find_shelf   reads\n\n",
        // Consecutive actions with one description are one correction.
        "Corrections applied\n-------------------\n  $.paths['/shelves'].get, $.components.schemas.shelf\n    \
         Listing | walking.\n",
    ];
    assert_blocks(&report, &blocks);
    assert!(!report.contains("Changes since"), "{report}");
    let older = report_of(OLDER, None, Form::Terminal);
    assert!(older.contains("list_shelves  reads    cursor\n"), "{older}");
}

#[test]
fn operations_with_an_announced_removal_are_listed() {
    let removal = "x-removed: {on: '2026-12-31', use: create_shelf}\n      operationId: deleteShelf";
    let text = OLDER.replacen("operationId: deleteShelf", removal, 1);
    let report = report_of(&text, Some(OLDER), Form::Terminal);
    assert_blocks(
        &report,
        &[
            "Operations changed\n------------------\n  DELETE /shelves/{id} (delete_shelf)\n    \
             Intercom removes it on 2026-12-31; use create_shelf\n\n",
            "Operations\n----------\n\n",
            "Operations that Intercom removes\n--------------------------------\n  \
             DELETE /shelves/{id} (delete_shelf)\n    Intercom removes it on 2026-12-31; use create_shelf\n\n",
        ],
    );
    assert!(!report_of(OLDER, None, Form::Terminal).contains("removes"));
}

#[test]
fn markdown_contains_tables_and_code() {
    let report = report_of(&newer(), Some(OLDER), Form::Markdown);
    let blocks = [
        "# API 1.1 by `new.yaml`\n\n| what | how many |\n|---|---|\n| groups | 2 |\n",
        "\n\n## Changes since API 1.0 by `old.yaml`\n\n- operations: 1 added, ",
        "\n\n## Operations added\n\n### Boards\n\n| method | path | in the client | does | pages |\n\
         |---|---|---|---|---|\n| PUT | `/shelves/{shelf_id}` | `put_shelves_by_shelf_id` | changes |  |\n\n",
        "\n- `GET /shelves/{shelf_id}` (`find_shelf`)\n  - parameters added: `books` (boolean)\n",
        "\n\n## Types added\n\n- `Board` (object, with one nested type): `edge`\n\n",
        "\n\n## Corrections applied\n\n- `$.paths['/shelves'].get`, `$.components.schemas.shelf`\n",
    ];
    assert_blocks(&report, &blocks);
    let mut page = crate::layout::Page::new(Form::Markdown);
    page.table(&["a"], &[vec!["`x|y` <b> *".to_owned()]]);
    assert_eq!(page.finish(), "| a |\n|---|\n| `x\\|y` &lt;b> \\* |\n\n");
}

#[test]
fn the_own_description_does_not_differ_from_itself() {
    std::env::set_current_dir(crate::report::repository()).unwrap();
    let own = || PathBuf::from(crate::script::DESCRIPTION);
    let asked = Asked {
        form: Form::Terminal,
        file: own(),
        older: Some(own()),
    };
    let report = report(&asked, &[crate::script::OVERLAY.into()]).unwrap();
    let blocks = [
        "\n  operations                  108\n",
        "\n  corrections unused          0\n  parts repaired or left out  0\n",
        "\n  operations: no difference\n  types: no difference\n\nOperations\n",
    ];
    assert_blocks(&report, &blocks);
    let corrections = report.split("Corrections applied\n").nth(1).unwrap();
    for line in corrections.lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
}

#[test]
fn arguments_are_a_form_and_at_most_two_files() {
    std::env::set_current_dir(crate::report::repository()).unwrap();
    let folder = crate::report::repository();
    let read = |words: &[&str]| Asked::read(words.iter().map(Into::into));
    let named = |words: &[&str]| read(words).unwrap().named_in(folder).unwrap();
    let own = Asked {
        form: Form::Terminal,
        file: crate::script::DESCRIPTION.into(),
        older: None,
    };
    assert_eq!(named(&[]), own);
    let both = Asked {
        form: Form::Markdown,
        file: "/new.yaml".into(),
        older: Some("old.yaml".into()),
    };
    assert_eq!(named(&["/new.yaml", "--markdown", "old.yaml"]), both);
    for words in [&["a", "b", "c"][..], &["--html"], &[""]] {
        assert_eq!(read(words), None, "{words:?}");
    }
}

#[test]
fn other_files_fail_like_in_the_build() {
    let asked = Asked {
        form: Form::Terminal,
        file: "Cargo.toml".into(),
        older: None,
    };
    let error = report(&asked, &[]).unwrap_err();
    let input = crate::script::Input {
        description: "Cargo.toml".into(),
        overlays: Vec::new(),
        slice: crate::script::steps::slice::Slice::Full,
        mock: false,
    };
    let folder = tempfile::tempdir().unwrap();
    let built = crate::script::build(&input, folder.path());
    assert_eq!(Some(error), built.err());
}
