//! Tests of the single repair rules.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::document::schema::{self, components, reference_to};
use super::super::warnings::Warnings;
use super::RULES;
use super::names::*;
use super::plain::*;
use super::requests::*;
use super::responses::*;
use super::shapes::*;
use super::well_formed::*;

/// Returns a document with component schemas only.
fn of_schemas(schemas: Value) -> Value {
    json!({"components": {"schemas": schemas}})
}

/// Returns a document with one operation, `POST /tags` with the id `createTag`.
fn of_operation(mut operation: Value) -> Value {
    operation["operationId"] = json!("createTag");
    json!({"paths": {"/tags": {"post": operation}}})
}

fn json_body(schema: Value) -> Value {
    json!({"content": {"application/json": {"schema": schema}}})
}

/// Applies a rule. Returns the number of changes and the document.
fn after(rule: fn(&mut Value, &mut Warnings) -> usize, document: Value) -> (usize, Value) {
    let (changed, document, _) = warned(rule, document);
    (changed, document)
}

/// Applies a rule. Returns the number of changes, the document and the warnings.
fn warned(rule: fn(&mut Value, &mut Warnings) -> usize, mut document: Value) -> (usize, Value, Vec<String>) {
    let mut warnings = Warnings::about("api.yaml");
    let changed = rule(&mut document, &mut warnings);
    let warnings = warnings
        .list()
        .iter()
        .map(|warning| format!("{}: {}", warning.at, warning.problem));
    (changed, document, warnings.collect())
}

fn schemas_after(rule: fn(&mut Value, &mut Warnings) -> usize, schemas: Value) -> (usize, Value) {
    let (changed, document) = after(rule, of_schemas(schemas));
    (changed, document["components"]["schemas"].clone())
}

fn operation_after(rule: fn(&mut Value, &mut Warnings) -> usize, operation: Value) -> (usize, Value) {
    let (changed, document) = after(rule, of_operation(operation));
    (changed, document["paths"]["/tags"]["post"].clone())
}

#[test]
fn one_success_response_drops_errors_and_prefers_a_body() {
    let (changed, operation) = operation_after(
        one_success_response,
        json!({"responses": {
            "204": {"description": "nothing"},
            "200": json_body(json!({"type": "string"})),
            "404": {"content": {"text/html": {}}},
        }}),
    );
    assert_eq!(changed, 2);
    assert_eq!(
        operation["responses"],
        json!({"200": json_body(json!({"type": "string"}))})
    );
}

#[test]
fn one_success_response_is_added_if_missing() {
    let (changed, operation) = operation_after(one_success_response, json!({"responses": {}}));
    assert_eq!(
        (changed, &operation["responses"]["200"]["description"]),
        (1, &json!("success"))
    );
}

#[test]
fn parameters_are_those_of_path_and_query_with_a_schema_and_a_style() {
    let (changed, document, warnings) = warned(
        parameters,
        of_operation(json!({"parameters": [
            {"in": "header", "name": "Intercom-Version", "schema": {}},
            {"in": "cookie", "name": "session", "schema": {}},
            {"in": "query", "name": "page"},
            {"in": "query", "name": "ids", "explode": false, "schema": {"type": "array"}},
            {"in": "query", "name": "filter", "style": "deepObject", "content": {"application/json": {}}},
        ]})),
    );
    let parameters = &document["paths"]["/tags"]["post"]["parameters"];
    let remaining: Vec<_> = parameters.as_array().unwrap().iter().collect();
    let found: Vec<_> = remaining
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["x-style"].as_str()))
        .collect();
    assert_eq!(
        found,
        [("page", None), ("ids", Some("comma")), ("filter", Some("deep"))]
    );
    assert_eq!(remaining[0]["schema"], json!({"type": "string"}));
    assert_eq!(changed, 6);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with("/paths/~1tags/post/parameters: the parameter \"session\""),
        "{warnings:?}"
    );
}

#[test]
fn path_parameters_are_those_of_the_path() {
    let operation = json!({"parameters": [{"in": "path", "name": "key"}, {"in": "query", "name": "id"}]});
    let document = json!({"paths": {"/tags/{id}": {"get": operation}}});
    let (changed, document, warnings) = warned(path_parameters, document);
    let expected = json!([
        {"in": "query", "name": "id"},
        {"in": "path", "name": "id", "schema": {"type": "string"}},
    ]);
    assert_eq!(
        (changed, &document["paths"]["/tags/{id}"]["get"]["parameters"]),
        (2, &expected)
    );
    assert_eq!(
        warnings,
        [
            "/paths/~1tags~1{id}/get: the path parameter \"key\" does not occur in the path; left out",
            "/paths/~1tags~1{id}/get: the path parameter `id` is not declared; sent as a string",
        ]
    );
}

#[test]
fn operation_ids_are_method_names_and_given_once() {
    let mut document = json!({"paths": {
        "/tags": {"get": {"operationId": "ListTags"}, "post": {"operationId": "list_tags"}},
        "/tags/{tag_id}/contacts": {"get": {}, "put": {"operationId": "123"}, "delete": {"operationId": "move"}},
        "/": {"get": {"operationId": "?"}, "post": {"operationId": "request"}},
    }});
    let mut warnings = Warnings::default();
    assert_eq!(operation_ids(&mut document, &mut warnings), 5);
    let names: Vec<_> = schema::operations(&document)
        .into_iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let expected = BTreeSet::from([
        "list_tags",
        "post_tags",
        "get_tags_by_tag_id_contacts",
        "x123",
        "move_",
        "get",
        "request_operation",
    ]);
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), expected);
    // A changed name is reported, except for keywords.
    assert_eq!(warnings.list().len(), 5, "{warnings}");
    let text = warnings.to_string();
    for part in [
        "is not unique; the method is named `post_tags`",
        "has no `operationId`",
        "cannot be used as a method name",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn all_methods_of_client_are_reserved() {
    let mut own = BTreeSet::new();
    for source in [
        include_str!("../../src/compound/bulk.rs"),
        include_str!("../../src/client/mod.rs"),
        include_str!("../../src/client/builder.rs"),
        include_str!("../../src/client/request.rs"),
        include_str!("../../src/compound/export/mod.rs"),
    ] {
        let file = syn::parse_file(source).unwrap();
        for item in file.items {
            let syn::Item::Impl(item) = item else { continue };
            let syn::Type::Path(ty) = item.self_ty.as_ref() else {
                continue;
            };
            if item.trait_.is_some() || !ty.path.is_ident("Client") {
                continue;
            }
            for inner in item.items {
                let syn::ImplItem::Fn(function) = inner else { continue };
                own.insert(function.sig.ident.to_string());
            }
        }
    }
    own.insert("clone".to_owned());
    assert_eq!(own, CLIENT_METHODS.split(' ').map(str::to_owned).collect());
}

#[test]
fn bodies_are_json_if_possible_else_bytes() {
    let media = |request: Value| {
        let (_, document, warnings) = warned(
            one_media_type,
            of_operation(json!({"requestBody": {"content": request}})),
        );
        (document["paths"]["/tags"]["post"]["requestBody"].clone(), warnings)
    };
    let schema = json!({"type": "object"});
    let (body, warnings) = media(json!({"text/csv": {}, "application/merge-patch+json": {"schema": schema}}));
    assert_eq!(body["content"], json_body(schema)["content"]);
    assert_eq!(
        (body["x-media-type"].as_str(), warnings.len()),
        (Some("application/merge-patch+json"), 1)
    );
    let (body, warnings) = media(json!({"multipart/form-data": {"schema": {}}}));
    assert!(body["content"]["application/octet-stream"].is_object(), "{body}");
    assert_eq!(
        warnings,
        ["/paths/~1tags/post/requestBody/content: `multipart/form-data` is treated as bytes"]
    );
    assert_eq!(media(json!({})).0, Value::Null);
    assert_eq!(
        media(json!({"application/json": {}})).0["content"]["application/json"],
        json!({"schema": {}})
    );
}

#[test]
fn responses_are_json_if_possible_else_bytes() {
    let media = |content: Value| {
        let operation = json!({"responses": {"200": {"content": content}}});
        let (_, document, warnings) = warned(one_media_type, of_operation(operation));
        (
            document["paths"]["/tags"]["post"]["responses"]["200"].clone(),
            warnings.len(),
        )
    };
    let schema = json!({"type": "object"});
    let (response, warnings) = media(json!({"text/html": {}, "Application/JSON; charset=utf-8": {"schema": schema}}));
    assert_eq!((&response["content"], warnings), (&json_body(schema)["content"], 1));
    let (response, warnings) = media(json!({"text/csv": {"schema": {}}}));
    assert!(
        response["content"]["application/octet-stream"].is_object(),
        "{response}"
    );
    assert_eq!((response["x-media-type"].as_str(), warnings), (Some("text/csv"), 1));
}

#[test]
fn references_lead_to_components_or_become_any_json() {
    let mut document = json!({
        "paths": {"/tags": {"get": {"responses": {"200": json_body(reference_to("missing"))}}}},
        "components": {"schemas": {
            "tag": {"properties": {
                "owner": {"properties": {"id": {"type": "string"}}},
                "maker": {"$ref": "#/components/schemas/tag/properties/owner"},
                "again": {"$ref": "#/components/schemas/a%20b"},
                "else": {"$ref": "other.yaml#/x"},
            }},
            "a b": {"$ref": "#/components/schemas/c"},
            "c": {"$ref": "#/components/schemas/a b"},
        }},
    });
    let before = BTreeSet::from(["#/components/schemas/missing".to_owned()]);
    let mut warnings = Warnings::about("api.yaml");
    references(&mut document, &before, "overlay.yaml", &mut warnings);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["tag"]["properties"]["maker"], reference_to("tag_owner"));
    assert_eq!(schemas["tag_owner"], schemas["tag"]["properties"]["owner"]);
    assert_eq!(schemas["tag"]["properties"]["again"], reference_to("a b"));
    assert_eq!(schemas["tag"]["properties"]["else"], json!({}));
    assert_eq!((&schemas["a b"], &schemas["c"]), (&json!({}), &json!({})));
    let response = &document["paths"]["/tags"]["get"]["responses"]["200"];
    assert_eq!(*response, json_body(json!({})));
    let text = warnings.to_string();
    let line = "api.yaml at /paths/~1tags/get/responses/200/content/application~1json/schema: the target of the `$ref` \
                \"#/components/schemas/missing\" is missing; replaced by any JSON [references]";
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains("overlay.yaml at /actions: the target of the `$ref` \"other.yaml#/x\" is missing"),
        "{text}"
    );
    assert!(text.contains("/components/schemas/c: the `$ref` is circular"), "{text}");
}

#[test]
fn references_to_parts_of_parts_and_to_themselves_are_repaired_completely() {
    let parts = (0..40).map(|i| {
        let next = json!({"$ref": format!("#/components/schemas/tag/properties/p{}", (i + 1) % 40)});
        (format!("p{i}"), json!({"properties": {"next": next}}))
    });
    let parts: serde_json::Map<String, Value> = parts.collect();
    let mut document = of_schemas(json!({"tag": {"properties": parts}}));
    let mut warnings = Warnings::about("api.yaml");
    references(&mut document, &BTreeSet::new(), "overlay.yaml", &mut warnings);
    assert_eq!(warnings.to_string(), "");
    let schemas = components(&document);
    let is_named = |target: &str| schema::component(target).is_some_and(|name| schemas.contains_key(name));
    assert_eq!(schema::dangling(&document, is_named), []);
    assert!(schemas["tag_p1"]["properties"]["next"]["$ref"].is_string());
}

#[test]
fn invalid_and_deeply_nested_keywords_are_left_out_with_a_warning() {
    let deep = (0..40).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    let values = json!({"additionalProperties": "yes"});
    let (_, _, warnings) = warned(
        well_formed,
        json!({"paths": {}, "components": {"schemas": {"deep": deep, "map": values}}}),
    );
    let is_too_deep = |warning: &String| warning.ends_with("is nested too deeply; replaced by any JSON");
    assert!(warnings.iter().any(is_too_deep), "{warnings:?}");
    let values = "/components/schemas/map/additionalProperties: is not a schema; left out";
    assert!(warnings.iter().any(|warning| warning == values), "{warnings:?}");
}

#[test]
fn references_are_followed_to_the_end_of_the_chain() {
    let mut parameters: serde_json::Map<String, Value> = (0..40)
        .map(|link| {
            let next = format!("#/components/parameters/p{}", link + 1);
            (format!("p{link}"), json!({"$ref": next}))
        })
        .collect();
    parameters.insert("p40".to_owned(), json!({"name": "page", "in": "query"}));
    parameters.insert("round".to_owned(), json!({"$ref": "#/components/parameters/round"}));
    let listed = json!([{"$ref": "#/components/parameters/p0"}, {"$ref": "#/components/parameters/round"}]);
    let document = json!({
        "paths": {"/tags": {"get": {"parameters": listed}}},
        "components": {"parameters": parameters},
    });
    let (_, document, warnings) = warned(well_formed, document);
    let parameters = &document["paths"]["/tags"]["get"]["parameters"];
    assert_eq!(*parameters, json!([{"name": "page", "in": "query"}]));
    assert_eq!(
        warnings,
        ["/paths/~1tags/get/parameters/1: has no `name` or no `in`; left out"]
    );
}

#[test]
fn invalid_parts_are_repaired_or_left_out() {
    let document = json!({
        "paths": {
            "/tags/{id}": {
                "parameters": [{"$ref": "#/components/parameters/id"}, {"name": "shared", "in": "query"}, 7],
                "get": {
                    "operationId": 5,
                    "parameters": [{"name": "shared", "in": "query", "required": true}],
                    "responses": {"200": {"$ref": "#/components/responses/tag"}, "201": "yes", "404": 1},
                    "requestBody": {"$ref": "#/components/requestBodies/lost"},
                },
                "post": null,
            },
            "/odd": 1,
        },
        "components": {
            "parameters": {"id": {"name": "id", "in": "path"}},
            "responses": {"tag": {"content": {"application/json": {"schema": {"type": ["string", "null"]}}}}},
            "schemas": {
                "elephant": {"type": "elephant", "required": true, "properties": {"a": true, "b": 7}},
                "tuple": {"type": "array", "items": [{}, {}]},
                "nothing": null,
                "one": {"const": "x", "oneOf": [], "enum": "x"},
            },
        },
    });
    let (_, document, warnings) = warned(well_formed, document);
    let item = &document["paths"]["/tags/{id}"];
    let get = &item["get"];
    let names: Vec<_> = get["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].clone())
        .collect();
    assert_eq!(
        (names, &get["parameters"][0]["required"]),
        (vec![json!("shared"), json!("id")], &json!(true))
    );
    assert_eq!(
        get["responses"]["200"],
        json_body(json!({"type": "string", "nullable": true}))
    );
    assert_eq!(get["responses"].as_object().unwrap().len(), 2);
    assert_eq!(get["requestBody"]["content"], json!({"application/json": {}}));
    assert!(get.get("operationId").is_none() && item.get("post").is_none() && item.get("parameters").is_none());
    assert!(document["paths"].get("/odd").is_none());
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["elephant"], json!({"properties": {"a": {}, "b": {}}}));
    assert_eq!(schemas["tuple"], json!({"type": "array", "items": {}}));
    assert_eq!(
        (&schemas["nothing"], &schemas["one"]),
        (&json!({}), &json!({"enum": ["x"]}))
    );
    for at in [
        "/~1odd",
        "/~1tags~1{id}/post",
        "/get/parameters/3",
        "/get/requestBody",
        "elephant/type",
        "tuple/items",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.contains(at)),
            "{at} is missing from {warnings:?}"
        );
    }
}

#[test]
fn hand_written_types_need_their_components() {
    let of = |format: &str, names: &[&str]| {
        let components: Vec<_> = names.iter().map(|name| reference_to(name)).collect();
        json!({"type": "string", "format": format, "x-of": components})
    };
    let list = json!({"properties": {"data": {"type": "array", "items": reference_to("thing")}}});
    let (changed, schemas) = schemas_after(
        hand_written_types,
        json!({
            "state": {"type": "string", "enum": ["a"]},
            "thing": {"properties": {"id": {}}},
            "things": list,
            "others": {"properties": {"data": {"type": "array", "items": reference_to("state")}}},
            "a": of("ticket-state", &["state"]),
            "b": of("ticket-state", &["thing"]),
            "c": of("company-or-list", &["thing", "things"]),
            "d": of("company-or-list", &["thing", "others"]),
            "e": {"type": "string", "format": "ticket-state", "description": "How far."},
            "f": {"type": "string", "format": "avatar"},
        }),
    );
    assert_eq!(changed, 3);
    assert_eq!(schemas["a"], of("ticket-state", &["state"]));
    assert_eq!(schemas["c"], of("company-or-list", &["thing", "things"]));
    assert_eq!((&schemas["b"], &schemas["d"]), (&json!({}), &json!({})));
    assert_eq!(schemas["e"], json!({"description": "How far."}));
    assert_eq!(schemas["f"], json!({"type": "string", "format": "avatar"}));
}

#[test]
fn shape_only_drops_annotations_but_no_property_of_that_name() {
    let (changed, schemas) = schemas_after(
        shape_only,
        json!({"tag": {"title": "Tag", "type": "object", "properties": {
            "title": {"type": "string", "maxLength": 9, "default": "x", "description": "Its title."},
        }}}),
    );
    assert_eq!(changed, 3);
    assert_eq!(
        schemas["tag"],
        json!({"type": "object", "properties": {"title": {"type": "string", "description": "Its title."}}})
    );
}

#[test]
fn objects_have_a_type_and_unions_have_none() {
    let (changed, schemas) = schemas_after(
        objects_say_so,
        json!({
            "object": {"properties": {}},
            "union": {"type": "object", "oneOf": [{"type": "string"}]},
            "list": {"type": "array"},
            "fine": {"type": "array", "items": {"type": "string"}},
        }),
    );
    assert_eq!(changed, 3);
    assert_eq!(schemas["object"]["type"], "object");
    assert_eq!(schemas["union"], json!({"oneOf": [{"type": "string"}]}));
    assert_eq!(schemas["list"], json!({"type": "array", "items": {}}));
}

#[test]
fn maps_hold_json_unless_they_hold_a_component() {
    let component = json!({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/tag"}});
    let (changed, schemas) = schemas_after(
        maps_hold_json,
        json!({
            "free": {"type": "object"},
            "texts": {"type": "object", "additionalProperties": {"type": "string"}},
            "closed": {"type": "object", "properties": {"a": {}}, "additionalProperties": false},
            "component": component,
        }),
    );
    assert_eq!(changed, 3);
    let free = json!({"type": "object", "additionalProperties": true});
    assert_eq!((&schemas["free"], &schemas["texts"]), (&free, &free));
    assert_eq!(schemas["closed"], json!({"type": "object", "properties": {"a": {}}}));
    assert_eq!(schemas["component"], component);
}

#[test]
fn text_enums_only_drops_null_numbers_symbols_and_double_names() {
    let (changed, schemas) = schemas_after(
        text_enums_only,
        json!({
            "nullable": {"enum": ["open", null]},
            "numbers": {"enum": [1, 2]},
            "symbols": {"enum": ["=", "!="]},
            "doubles": {"enum": ["in_app", "inApp"]},
            "fine": {"enum": ["in_app", "email"]},
        }),
    );
    assert_eq!(changed, 4);
    assert_eq!(schemas["nullable"], json!({"enum": ["open"]}));
    assert_eq!(schemas["numbers"], json!({}));
    assert_eq!(schemas["symbols"], json!({}));
    assert_eq!(schemas["doubles"], json!({}));
    assert_eq!(schemas["fine"], json!({"enum": ["in_app", "email"]}));
}

#[test]
fn timestamps_and_private_formats_remain() {
    let (changed, schemas) = schemas_after(
        timestamps,
        json!({
            "moment": {"type": "string", "format": "date-time"},
            "link": {"type": "string", "format": "uri"},
            "bytes": {"type": "string", "format": "binary"},
            "ours": {"type": "string", "format": "avatar"},
        }),
    );
    assert_eq!(changed, 2);
    assert_eq!(schemas["ours"], json!({"type": "string", "format": "avatar"}));
    assert_eq!(schemas["moment"], json!({"type": "integer", "format": "timestamp"}));
    assert_eq!(schemas["link"], json!({"type": "string"}));
    assert_eq!(schemas["bytes"], json!({"type": "string", "format": "binary"}));
}

#[test]
fn ids_in_requests_are_marked_in_bodies_paths_and_queries_only() {
    let id = json!({"type": "string", "format": "id"});
    let mut document = of_operation(json!({
        "parameters": [{"name": "tag_id", "schema": {"type": "integer"}}, {"name": "page", "schema": {"type": "integer"}}],
        "requestBody": json_body(json!({"properties": {
            "admin_ids": {"type": "array", "items": {"type": "integer"}},
            "owner": {"$ref": "#/components/schemas/owner"},
            "hybrid": {"type": "string"},
        }})),
    }));
    document["components"] = json!({"schemas": {
        "owner": {"properties": {"id": {"type": "string"}}},
        "returned": {"properties": {"id": {"type": "string"}}},
    }});
    let (changed, document) = after(ids_in_requests, document);
    assert_eq!(changed, 3);
    let operation = &document["paths"]["/tags"]["post"];
    assert_eq!(operation["parameters"][0]["schema"], id);
    assert_eq!(operation["parameters"][1]["schema"], json!({"type": "integer"}));
    let body = &schema::request_schema(operation).unwrap()["properties"];
    assert_eq!(body["admin_ids"]["items"], id);
    assert_eq!(
        body["hybrid"],
        json!({"type": "string"}),
        "only the last letters are `id`"
    );
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["owner"]["properties"]["id"], id);
    assert_eq!(
        schemas["returned"]["properties"]["id"],
        json!({"type": "string"}),
        "no request contains it"
    );
}

#[test]
fn updates_can_clear_optional_values_of_put_bodies_only() {
    let object = json!({"required": ["name"], "properties": {
        "name": {"type": "string"},
        "phone": {"type": "string"},
        "labels": {"type": "array", "items": {"type": "string"}},
    }});
    let mut document = json!({"paths": {
        "/tags": {"post": {"requestBody": json_body(reference_to("create"))}},
        "/tags/{id}": {"put": {"requestBody": json_body(reference_to("update"))}},
    }});
    document["components"] = json!({"schemas": {"create": object, "update": object}});
    let (changed, document) = after(updates_can_clear, document);
    assert_eq!(changed, 1);
    let mut cleared = object.clone();
    cleared["properties"]["phone"]["nullable"] = json!(true);
    assert_eq!(
        document["components"]["schemas"],
        json!({"create": object, "update": cleared})
    );
}

#[test]
fn name_bodies_names_after_the_operation_and_finds_a_free_name() {
    let object = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let mut document = of_operation(json!({
        "parameters": [{"name": "order", "schema": {"type": "string", "enum": ["asc", "desc"]}}],
        "requestBody": json_body(object.clone()),
        "responses": {"200": json_body(object.clone()), "204": json_body(json!({"type": "string"}))},
    }));
    document["components"] = json!({"schemas": {"create_tag_request": {}}});
    let (changed, document) = after(name_bodies, document);
    assert_eq!(changed, 3);
    let operation = &document["paths"]["/tags"]["post"];
    assert_eq!(operation["parameters"][0]["schema"], reference_to("create_tag_order"));
    assert_eq!(
        schema::request_schema(operation),
        Some(&reference_to("create_tag_request_value"))
    );
    assert_eq!(
        operation["responses"]["200"],
        json_body(reference_to("create_tag_response"))
    );
    assert_eq!(document["components"]["schemas"]["create_tag_response"], object);
}

#[test]
fn name_parts_names_after_schema_and_property_at_any_depth() {
    let (changed, schemas) = schemas_after(
        name_parts,
        json!({"tag": {"properties": {
            "owner": {"nullable": true, "description": "Who made it.", "properties": {
                "kind": {"enum": ["admin", "bot"]},
            }},
            "uses": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"properties": {"n": {}}}]}},
        }}}),
    );
    assert_eq!(changed, 4);
    let owner = &schemas["tag"]["properties"]["owner"];
    assert_eq!(
        *owner,
        json!({"$ref": "#/components/schemas/tag_owner", "nullable": true, "description": "Who made it."})
    );
    assert_eq!(
        schemas["tag_owner"]["properties"]["kind"],
        reference_to("tag_owner_kind")
    );
    assert_eq!(
        schemas["tag"]["properties"]["uses"]["items"],
        reference_to("tag_uses_item")
    );
    assert_eq!(schemas["tag_uses_item"]["oneOf"][1], reference_to("tag_uses_item_2"));
}

#[test]
fn single_member_unions_are_their_member() {
    let (changed, schemas) = schemas_after(
        single_member_unions,
        json!({
            "one": {"nullable": true, "type": "object", "allOf": [reference_to("tag")]},
            "two": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "more": {"allOf": [reference_to("tag")], "properties": {"a": {}}},
        }),
    );
    assert_eq!(changed, 1);
    assert_eq!(
        schemas["one"],
        json!({"nullable": true, "$ref": "#/components/schemas/tag"})
    );
    assert!(schemas["two"]["oneOf"].is_array() && schemas["more"]["allOf"].is_array());
}

#[test]
fn merge_all_of_puts_members_first_and_own_properties_last() {
    let (changed, schemas) = schemas_after(
        merge_all_of,
        json!({
            "base": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"], "x-webhook-item": "base"},
            "middle": {"allOf": [reference_to("base"), {"properties": {"name": {"type": "string"}}}]},
            "outer": {"allOf": [reference_to("middle")], "properties": {"id": {"type": "integer"}, "x": {}}},
        }),
    );
    assert_eq!(changed, 2);
    assert_eq!(
        schemas["outer"],
        json!({
            "type": "object",
            "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "x": {}},
            "required": ["id"],
        })
    );
}

#[test]
fn merge_all_of_merges_each_component_once() {
    // Otherwise each level would double the work.
    let mut schemas = json!({"s0": {"properties": {"p0": {}}}});
    for level in 1..60 {
        let below = reference_to(&format!("s{}", level - 1));
        let own = json!({"properties": {format!("p{level}"): {}}});
        schemas[format!("s{level}")] = json!({"allOf": [below, below, own]});
    }
    let (_, schemas) = schemas_after(merge_all_of, schemas);
    assert_eq!(schemas["s59"]["properties"].as_object().unwrap().len(), 60);
}

#[test]
fn unions_beside_properties_are_one_object() {
    let (changed, schemas) = schemas_after(
        unions_beside_properties,
        json!({
            "both": {"properties": {"a": {"type": "string"}}, "anyOf": [
                {"properties": {"a": {}, "b": {}}}, reference_to("other"), {"type": "string"},
            ]},
            "other": {"properties": {"c": {}}},
            "alone": {"oneOf": [reference_to("other")]},
        }),
    );
    assert_eq!(
        (changed, &schemas["alone"]),
        (1, &json!({"oneOf": [reference_to("other")]}))
    );
    assert_eq!(
        schemas["both"],
        json!({"properties": {"a": {"type": "string"}, "b": {}, "c": {}}})
    );
}

#[test]
fn inline_aliases_replaces_chains_of_aliases() {
    let (changed, schemas) = schemas_after(
        inline_aliases,
        json!({
            "tag": {"properties": {"names": {"$ref": "#/components/schemas/names", "nullable": true}}},
            "names": {"type": "array", "items": {"$ref": "#/components/schemas/name"}},
            "name": {"type": "string"},
        }),
    );
    assert_eq!(
        schemas,
        json!({"tag": {"properties": {
            "names": {"nullable": true, "type": "array", "items": {"type": "string"}},
        }}})
    );
    assert!(changed > 0);
}

#[test]
fn constant_text_becomes_a_string_in_responses_only() {
    let mut document = of_operation(json!({"requestBody": json_body(reference_to("sent"))}));
    document["components"] = json!({"schemas": {
        "sent": {"properties": {"type": reference_to("sent_type")}},
        "sent_type": {"type": "string", "enum": ["user"]},
        "tag": {"properties": {"type": reference_to("tag_type")}},
        "tag_type": {"type": "string", "enum": ["tag"]},
    }});
    let (changed, document) = after(constant_text_in_responses, document);
    assert_eq!(changed, 1);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["tag"]["properties"]["type"], json!({"type": "string"}));
    assert_eq!(schemas.get("tag_type"), None);
    assert_eq!(schemas["sent"]["properties"]["type"], reference_to("sent_type"));
}

#[test]
fn reachable_only_removes_unused_components() {
    let mut document = of_operation(json!({
        "parameters": [{"name": "order", "schema": reference_to("order")}],
        "requestBody": json_body(reference_to("sent")),
        "responses": {"200": json_body(json!({"type": "array", "items": reference_to("returned")}))},
    }));
    document["components"] = json!({"schemas": {
        "order": {}, "sent": {"properties": {"part": reference_to("part")}}, "part": {}, "returned": {}, "unused": {},
    }});
    let (changed, document) = after(reachable_only, document);
    assert_eq!(changed, 1);
    let remaining: BTreeSet<String> = components(&document).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        remaining,
        ["order", "part", "returned", "sent"].map(String::from).into()
    );
}

#[test]
fn responses_require_nothing_but_requests_keep_required_and_null() {
    let object = json!({"required": ["id"], "properties": {"id": {"nullable": true}}});
    let mut document = of_operation(json!({
        "requestBody": json_body(reference_to("sent")),
        "responses": {"200": json_body(reference_to("returned"))},
    }));
    document["components"] = json!({"schemas": {"sent": object, "returned": object}});
    let (changed, document) = after(responses_require_nothing, document);
    assert_eq!(changed, 2);
    assert_eq!(document["components"]["schemas"]["sent"], object);
    assert_eq!(
        document["components"]["schemas"]["returned"],
        json!({"properties": {"id": {}}})
    );
}

#[test]
fn every_rule_is_explained_in_the_readme_of_openapi() {
    let readme = include_str!("../../openapi/README.md");
    for (name, _) in RULES {
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "openapi/README.md leaves out {name}"
        );
    }
    let listed = readme.matches("\n| `").count();
    assert!(listed >= RULES.len(), "{listed}");
}

#[test]
fn embedded_lists_name_the_operation_that_lists_all() {
    let responses = |name: &str| json!({"200": json_body(reference_to(name))});
    let document = json!({
        "paths": {
            "/contacts/{id}": {"get": {"operationId": "show_contact", "responses": responses("contact")}},
            "/contacts/{contact_id}/tags": {"get": {"operationId": "list_tags_for_contact", "responses": responses("tags")}},
            "/contacts/{id}/notes": {"post": {"operationId": "create_note", "responses": responses("note")}},
        },
        "components": {"schemas": {
            "contact": {"properties": {
                "tags": reference_to("some"), "notes": reference_to("some"), "companies": reference_to("some"),
                "all_tags": reference_to("tags"), "name": {"type": "string"},
            }},
            "some": {"properties": {"data": {"type": "array"}, "has_more": {"type": "boolean"}}},
            "tags": {"properties": {"data": {"type": "array"}}},
        }},
    });
    let (changed, document) = after(embedded_lists, document);
    let properties = &document["components"]["schemas"]["contact"]["properties"];
    let tags = &properties["tags"];
    assert_eq!(
        (changed, &tags["description"]),
        (1, &json!("Only the first ones; `list_tags_for_contact` returns all."))
    );
    assert_eq!(tags["$ref"], reference_to("some")["$ref"]);
    for other in ["notes", "companies", "all_tags", "name"] {
        assert!(properties[other].get("description").is_none(), "{other}");
    }
}

#[test]
fn property_names_keep_the_first_of_equal_rust_names() {
    let (changed, document, warnings) = warned(
        property_names,
        of_schemas(json!({"page": {"properties": {"perPage": {}, "per_page": {}, "Page": {}, "": {}, "€": {}}}})),
    );
    let properties = document["components"]["schemas"]["page"]["properties"]
        .as_object()
        .unwrap();
    let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["", "Page", "perPage"]));
    assert_eq!(changed, 2);
    let first = "/components/schemas/page/properties/per_page: has the same Rust name as \"perPage\"; it has no field, and is \
                 kept in `extra`";
    assert!(warnings.iter().any(|warning| warning == first), "{warnings:?}");
}

#[test]
fn component_names_become_distinct_types() {
    let (changed, schemas) = schemas_after(
        component_names,
        json!({
            "ticket-state": {}, "ticket_state": {"items": reference_to("option")}, "option": {},
            "list": {"x-of": [reference_to("ticket_state")]},
        }),
    );
    let names: BTreeSet<&str> = schemas.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["list", "option_value", "ticket-state", "ticket_state_2"];
    assert_eq!(names, expected.into());
    assert_eq!(schemas["ticket_state_2"]["items"], reference_to("option_value"));
    assert_eq!(schemas["list"]["x-of"][0], reference_to("ticket_state_2"));
    assert_eq!(changed, 2);
    assert_eq!(schemas_after(component_names, json!({"tag": {}, "tag_list": {}})).0, 0);
}

#[test]
fn parameter_names_are_distinct_and_the_only_id_of_a_path_is_id() {
    let parameter = |place: &str, name: &str| json!({"in": place, "name": name});
    let (path, query) = (
        |name: &str| parameter("path", name),
        |name: &str| parameter("query", name),
    );
    let (changed, document, warnings) = warned(
        parameter_names,
        json!({"paths": {
            "/tags/{tag_id}": {"get": {"parameters": [path("tag_id")]}, "put": {"parameters": [path("tag_id"), query("id")]}},
            "/teams/{teamId}/{code}": {"get": {"parameters": [query("code"), path("teamId"), path("code")]}},
            "/ports/{id}": {"get": {"parameters": [path("id")]}},
            "/ports/{port_id}": {"get": {"parameters": [path("port_id")]}},
            "/pages": {"get": {"parameters": [query("per_page"), query("perPage")]}},
        }}),
    );
    let mut names = Vec::new();
    for (path, method, operation) in schema::operations(&document) {
        let parameters = schema::parameters(operation).map(|parameter| parameter["name"].as_str().unwrap());
        let published = schema::published(path, operation);
        names.push(format!(
            "{method} {path} {published} {}",
            parameters.collect::<Vec<_>>().join(",")
        ));
    }
    names.sort();
    assert_eq!(
        names,
        [
            "get /pages /pages per_page",
            "get /ports/{id} /ports/{id} id",
            "get /ports/{port_id} /ports/{port_id} port_id",
            "get /tags/{id} /tags/{tag_id} id",
            "get /teams/{teamId}/{path_code} /teams/{teamId}/{code} code,teamId,path_code",
            "put /tags/{tag_id} /tags/{tag_id} tag_id,id",
        ]
    );
    assert_eq!(
        document["paths"]["/tags/{id}"]["get"]["parameters"][0]["x-name"],
        json!("tag_id")
    );
    assert_eq!((changed, warnings.len()), (3, 1), "{warnings:?}");
    assert!(
        warnings[0].starts_with("/paths/~1pages/get/parameters: the parameter \"perPage\""),
        "{warnings:?}"
    );
}

#[test]
fn bare_document_leaves_only_parts_that_become_code() {
    let mut operation = json!({
        "summary": "One.", "x-reads-only": true, "security": 7, "deprecated": "no", "callbacks": [], "tags": ["Tags"],
        "parameters": [{"name": "id", "in": "path", "style": "matrix", "description": 7, "schema": {},
            "examples": {"one": {"value": "1"}}}],
        "requestBody": {"required": "yes", "description": 7, "content": {"application/json": {"schema": {}, "examples": []}}},
        "responses": {"200": {"headers": 7, "content": {"application/json": {"schema": {}, "encoding": 7}}}},
    });
    operation["operationId"] = json!("tag");
    let (_, document) = after(
        bare_document,
        json!({
            "openapi": "3.0.1", "info": {"title": "Tags", "version": 2.9, "contact": 7}, "servers": 7, "x-mark": 1,
            "tags": [{"name": "Tags", "externalDocs": 7}, 7],
            "paths": {"/tags/{id}": {"summary": "A path.", "put": operation}},
            "components": {"schemas": {"tag": {}}, "links": 7},
        }),
    );
    let put = json!({
        "summary": "One.", "x-reads-only": true, "tags": ["Tags"], "operationId": "tag",
        "parameters": [{"name": "id", "in": "path", "description": "", "schema": {}, "required": true, "example": "1"}],
        "requestBody": {"required": false, "content": {"application/json": {"schema": {}}}},
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": {}}}}},
    });
    let bare = json!({
        "openapi": "3.0.3", "info": {"title": "Tags", "version": ""}, "x-mark": 1,
        "tags": [{"name": "Tags", "description": ""}, {"name": "", "description": ""}],
        "paths": {"/tags/{id}": {"put": put}},
        "components": {"schemas": {"tag": {}}},
    });
    assert_eq!(document, bare);
    assert!(serde_json::from_value::<openapiv3::OpenAPI>(document).is_ok());
}

#[test]
fn one_shape_drops_the_keywords_of_other_shapes() {
    let tag = reference_to("tag");
    let (_, document, warnings) = warned(
        one_shape,
        of_schemas(json!({
            "tag": {"nullable": true, "properties": {
                "id": {"type": "string", "format": "id", "nullable": true, "x-mark": 1, "minLength": 1},
                "inner": {"properties": {"a": {}}, "description": "Why."},
                "odd": {"$ref": "#/components/schemas/tag", "type": "string", "description": "The tag."},
                "list": {"type": "array", "format": "set", "items": {"type": "object", "properties": {"a": {}}}},
            }, "enum": ["a"], "required": ["id", "lost", 7], "x-forms": []},
            "state": {"$ref": "#/components/schemas/tag", "enum": ["open"]},
            "either": {"type": "object", "oneOf": [tag], "anyOf": [{"description": 7}]},
        })),
    );
    assert_eq!(
        document["components"]["schemas"],
        json!({
            "tag": {"type": "object", "required": ["id"], "x-forms": [], "properties": {
                "id": {"nullable": true, "format": "id", "type": "string"},
                "inner": {"description": "Why."},
                "odd": {"description": "The tag.", "$ref": "#/components/schemas/tag"},
                "list": {"type": "array", "items": {}},
            }},
            "state": {"type": "string", "enum": ["open"]},
            "either": {"oneOf": [tag, {"title": "Any"}]},
        })
    );
    let at: Vec<_> = warnings
        .iter()
        .filter_map(|warning| warning.split(": ").next())
        .collect();
    assert_eq!(
        at,
        [
            "/components/schemas/tag/properties/inner",
            "/components/schemas/tag/properties/list/items"
        ]
    );
}
