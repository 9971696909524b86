//! Errors of responses with bodies of every form.

use intercom_client::{Error, RetryPolicy};
use serde_json::json;

use crate::calls::{Op, settings};
use crate::server::{Move, Server, response};

const STATUSES: [u16; 32] = [
    300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 415, 422, 423, 429, 500, 501, 502,
    503, 504, 520, 522, 524, 525, 529, 530, 599,
];

/// A form of error body, with the code, message and field of its first error and the request id.
struct ErrorForm {
    name: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
    errors: usize,
    first: [Option<&'static str>; 3],
    request_id: Option<&'static str>,
}

const JSON: &str = "application/json; charset=utf-8";
/// The request id in the header of every response.
const HEADER_ID: &str = "000header";

fn forms() -> Vec<ErrorForm> {
    let form = |name, content_type, body: &[u8], errors, first, request_id| ErrorForm {
        name,
        content_type,
        body: body.to_vec(),
        errors,
        first,
        request_id,
    };
    let none = [None, None, None];
    let one = [Some("parameter_invalid"), Some("No such thing"), Some("email")];
    let list = br#"{"type":"error.list","request_id":"001body","errors":[{"code":"parameter_invalid","message":"No such thing","field":"email"}]}"#;
    let noise: Vec<u8> = (0..10_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    vec![
        form("list", JSON, list, 1, one, Some("001body")),
        form("list as HTML", "text/html", list, 1, one, Some("001body")),
        form(
            "several errors",
            JSON,
            br#"{"type":"error.list","request_id":null,"errors":[{"code":"parameter_invalid","message":"No such thing","field":"email"},{"code":"b"},{"message":"c"}]}"#,
            3,
            one,
            None,
        ),
        form(
            "a number for a code",
            JSON,
            br#"{"type":"error.list","errors":[{"code":1003,"message":"No such thing","field":null}]}"#,
            1,
            [Some("1003"), Some("No such thing"), None],
            None,
        ),
        form(
            "no code",
            JSON,
            br#"{"errors":[{"message":"No such thing"}],"request_id":""}"#,
            1,
            [None, Some("No such thing"), None],
            None,
        ),
        form("no errors", JSON, br#"{"type":"error.list","request_id":"001body","errors":[]}"#, 0, none, Some("001body")),
        form("null for errors", JSON, br#"{"type":"error.list","errors":null}"#, 0, none, None),
        form(
            "error_key",
            JSON,
            br#"{"error_key":"sms_not_supported","message":"No such thing"}"#,
            1,
            [Some("sms_not_supported"), Some("No such thing"), None],
            None,
        ),
        form(
            "invalid UTF-8",
            JSON,
            b"{\"errors\":[{\"code\":\"parameter_invalid\",\"message\":\"No such \xff thing\"}]}",
            1,
            [Some("parameter_invalid"), Some("No such \u{fffd} thing"), None],
            None,
        ),
        form("HTML", "text/html", b"<html><body><h1>Bad Gateway</h1></body></html>", 0, none, None),
        form("HTML as JSON", JSON, b"<html><body><h1>Bad Gateway</h1></body></html>", 0, none, None),
        form("empty", JSON, b"", 0, none, None),
        form("blank", "text/plain", b" \n", 0, none, None),
        form("null", JSON, b"null", 0, none, None),
        form("text", JSON, b"\"No such thing\"", 1, [None, Some("No such thing"), None], None),
        form("array", JSON, br#"[{"code":"a"},"b"]"#, 2, [Some("a"), None, None], None),
        form("an object for error", JSON, br#"{"error":{"code":"a","message":"No such thing"}}"#, 1, [Some("a"), Some("No such thing"), None], None),
        form("a list for error", JSON, br#"{"error":[{"error_key":"a"}],"code":"b"}"#, 1, [Some("a"), None, None], None),
        form("lists in lists", JSON, br#"{"errors":[[{"message":"No such thing"}],["b"],null]}"#, 2, [None, Some("No such thing"), None], None),
        form("objects by field", JSON, br#"{"errors":{"email":[{"code":"a","message":["No such","thing"]}],"x":{"message":"b"}}}"#, 2, [Some("a"), Some("No such; thing"), Some("email")], None),
        form("a field of an error's name", JSON, br#"{"errors":{"message":["b"],"field":["c"],"code":{"x":"d"}}}"#, 1, [None, Some("b"), None], None),
        form("problem details", "application/problem+json", br#"{"type":"about:blank","title":"Bad","detail":"No such thing"}"#, 1, [None, Some("No such thing"), None], None),
        form("empty entries", JSON, br#"{"errors":[{},null],"message":"No such thing"}"#, 1, [None, Some("No such thing"), None], None),
        form("a byte order mark", JSON, "\u{feff}{\"errors\":[{\"message\":\"No such thing\"}]}".as_bytes(), 1, [None, Some("No such thing"), None], None),
        form("half an emoji and a number beyond", JSON, br#"{"n":1e999,"errors":[{"message":"No \ud83d"}]}"#, 1, [None, Some("No \u{fffd}"), None], None),
        form("a line break in a text", JSON, b"{\"errors\":[{\"message\":\"No such\nthing\"}]}", 1, [None, Some("No such thing"), None], None),
        form("text behind it", JSON, br#"{"errors":[{"message":"No such thing"}]} <!-- node 3 -->"#, 1, [None, Some("No such thing"), None], None),
        form("truncated", JSON, br#"{"type":"error.list","errors":[{"code":"para"#, 0, none, None),
        form("nested too deeply", JSON, "[".repeat(100_000).as_bytes(), 0, none, None),
        form("10 MB of noise", "application/octet-stream", &noise, 0, none, None),
    ]
}

#[tokio::test]
async fn every_status_with_every_body_is_an_error_of_that_status() {
    for form in forms() {
        // A few statuses are enough for the large body.
        let statuses: Vec<u16> = match form.body.len() {
            0..1_000_000 => STATUSES.to_vec(),
            _ => vec![302, 400, 404, 429, 503],
        };
        for status in statuses {
            let context = format!("{status} with {}", form.name);
            let headers = [("x-request-id", HEADER_ID), ("content-type", form.content_type)];
            let server = Server::always(vec![Move::Read, response(status, &headers, &form.body)]).await;
            let client = settings(&server).retry(RetryPolicy::none()).build().unwrap();
            for op in [Op::Get, Op::Post, Op::Download] {
                let error = op.call(&client).await.expect_err(&context);
                // A read that gets a page with a captcha can succeed later.
                let captcha = status == 405 && op != Op::Post && form.body.starts_with(b"<");
                check(&error, status, captcha, &context);
                assert_eq!(error.errors().len(), form.errors, "{context}");
                let first = error.errors().first();
                let first = [
                    first.and_then(|error| error.code.as_deref()),
                    first.and_then(|error| error.message.as_deref()),
                    first.and_then(|error| error.field.as_deref()),
                ];
                assert_eq!(first, form.first, "{context}");
                assert_eq!(error.request_id(), form.request_id.or(Some(HEADER_ID)), "{context}");
                assert_eq!(error.body().unwrap().len(), form.body.len(), "{context}");
                assert!(error.body().unwrap() == &form.body, "{context}: the body is unchanged");
                assert_eq!(error.operation(), op.operation());
                assert_eq!(error.attempts(), 1);
            }
            assert_eq!(server.requests().len(), 3, "{context}");
        }
    }
}

/// Checks that exactly the predicates of a status return `true`.
fn check(error: &Error, status: u16, captcha: bool, context: &str) {
    assert_eq!(error.status().unwrap(), status, "{context}");
    for (predicate, holds, statuses) in [
        ("is_unauthorized", error.is_unauthorized(), &[401][..]),
        ("is_forbidden", error.is_forbidden(), &[403]),
        ("is_not_found", error.is_not_found(), &[404, 410]),
        ("is_conflict", error.is_conflict(), &[409]),
        ("is_rate_limited", error.is_rate_limited(), &[429]),
        ("is_invalid_request", error.is_invalid_request(), &[400, 422]),
        ("is_timeout", error.is_timeout(), &[408, 504, 522, 524]),
        (
            "is_retryable",
            error.is_retryable(),
            &[408, 429, 500, 502, 503, 504, 520, 522, 524, 529, 530],
        ),
        ("is_connect", error.is_connect(), &[]),
        ("is_certificate", error.is_certificate(), &[]),
        ("is_decode", error.is_decode(), &[]),
        ("is_builder", error.is_builder(), &[]),
    ] {
        let expected = statuses.contains(&status) || captcha && predicate == "is_retryable";
        assert_eq!(holds, expected, "{context}: {predicate}");
    }
    assert_eq!((error.json_path(), error.expected(), error.found()), (None, None, None));
    let line = error.to_string();
    assert!(
        line.starts_with(&format!("{}: {status}", error.operation())),
        "{context}: {line}"
    );
    assert!(!line.contains(['\n', '\r']) && line.len() < 1000, "{context}: {line}");
}

#[tokio::test]
async fn message_has_status_code_messages_and_request_id() {
    for (status, body, line) in [
        (
            409,
            r#"{"type":"error.list","request_id":"001fpconflict","errors":[{"code":"conflict","message":"A contact matching those details already exists with id=5ba682d23d7cf92bef87bfd4"}]}"#,
            "create_contact: 409 conflict: A contact matching those details already exists with \
             id=5ba682d23d7cf92bef87bfd4 (request 001fpconflict)",
        ),
        (
            422,
            r#"{"errors":[{"code":"parameter_invalid","message":"is too long","field":"name"},{"message":"and\nmore"}]}"#,
            "create_contact: 422 parameter_invalid: is too long [name]; and more",
        ),
        (404, "", "create_contact: 404 not found"),
        (
            599,
            "",
            "create_contact: 599 unknown status; it may have been carried out",
        ),
    ] {
        let server = Server::always(vec![Move::Read, response(status, &[], body)]).await;
        let client = settings(&server).build().unwrap();
        let error = Op::Post.call(&client).await.unwrap_err();
        assert_eq!(error.to_string(), line);
        let conflicting = (status == 409).then_some("5ba682d23d7cf92bef87bfd4");
        assert_eq!(error.conflicting_id(), conflicting);
    }
    let server = Server::serve(|_| vec![response(503, &[], "")]).await;
    let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "identify_admin: 503 service unavailable after 3 attempts"
    );
}

#[tokio::test]
async fn incomplete_error_body_keeps_the_status() {
    let part = r#"{"errors":[{"code":"not_found"}"#;
    let head = format!("HTTP/1.1 404 Not Found\r\nx-request-id: {HEADER_ID}\r\ncontent-length: 999\r\n\r\n{part}");
    for end in [
        vec![Move::Hang],
        vec![],
        vec![Move::Wait(std::time::Duration::from_millis(50)), Move::Reset],
    ] {
        let server = Server::always([vec![Move::Read, Move::Send(head.clone().into())], end].concat()).await;
        let client = settings(&server)
            .timeout(std::time::Duration::from_millis(300))
            .build()
            .unwrap();
        let error = Op::Get.call(&client).await.unwrap_err();
        assert!(error.is_not_found() && !error.is_timeout() && !error.is_decode());
        assert_eq!(error.body().unwrap(), part);
        assert_eq!(error.request_id(), Some(HEADER_ID));
        assert_eq!((error.attempts(), server.requests().len()), (1, 1));
    }
}

#[tokio::test]
async fn long_error_body_is_truncated_and_keeps_the_status() {
    let server = Server::always(vec![Move::Read, response(403, &[], "x".repeat(5000))]).await;
    let client = settings(&server).max_response_bytes(1000).build().unwrap();
    for op in [Op::Get, Op::Download] {
        let error = op.call(&client).await.unwrap_err();
        assert!(error.is_forbidden() && !error.is_decode());
        assert_eq!(error.body().unwrap().len(), 1000);
    }
}

#[tokio::test]
async fn decode_error_has_the_json_path_and_the_body() {
    for (body, path, expected, found) in [
        (
            r#"{"type":"contact","location":{"city":"lovelace"#,
            "location.city",
            "JSON",
            "the end of the text after 46 bytes",
        ),
        (
            r#"{"custom_attributes":{"lovelace":nope}}"#,
            "custom_attributes.*",
            "JSON",
            "an invalid character at byte 34",
        ),
        (r#"["lovelace"]"#, "", "an object", "a list"),
        ("<html>lovelace</html>", "", "JSON", "HTML or XML"),
    ] {
        let server = Server::always(vec![Move::Read, response(200, &[("x-request-id", HEADER_ID)], body)]).await;
        let client = settings(&server).build().unwrap();
        let error = Op::Post.call(&client).await.unwrap_err();
        assert!(error.is_decode() && !error.is_retryable() && !error.is_timeout());
        assert_eq!(error.json_path(), Some(path));
        assert_eq!((error.expected(), error.found()), (Some(expected), Some(found)));
        assert_eq!(error.status().unwrap(), 200);
        assert_eq!(error.body().unwrap(), body);
        assert_eq!(error.request_id(), Some(HEADER_ID));
        assert_eq!((error.attempts(), server.requests().len()), (1, 1));
        assert!(!format!("{error} {error:?}").contains("lovelace"));
    }
}

#[tokio::test]
async fn value_of_another_type_is_a_mismatch() {
    let body = r#"{"type":"contact","id":"5ba6","created_at":{"ada":"lovelace"},"tags":{"data":[7]}}"#;
    let server = Server::always(vec![Move::Read, response(200, &[], body)]).await;
    let client = settings(&server).build().unwrap();
    let contact = client.show_contact().id("5ba6").send().await.unwrap();
    let mismatches: Vec<String> = contact.mismatches().iter().map(ToString::to_string).collect();
    assert_eq!(
        mismatches,
        [
            "created_at: expected a timestamp, epoch seconds or ISO 8601 text, found an object",
            "tags.data[0]: expected an object, found an integer",
        ]
    );
    assert_eq!((contact.id.as_deref(), contact.created_at), (Some("5ba6"), None));
    assert_eq!(serde_json::to_string(&*contact).unwrap().len(), body.len());
}

/// The change was made, and an error would make callers repeat it. An empty response to a read is
/// an error.
#[tokio::test]
async fn empty_response_of_a_change_is_an_empty_value() {
    for body in ["", " \n", "null"] {
        let server = Server::always(vec![Move::Read, response(200, &[], body)]).await;
        let client = settings(&server).build().unwrap();
        let contact = client
            .create_contact()
            .body(json!({"role": "lead"}))
            .send()
            .await
            .unwrap();
        assert_eq!(contact.into_inner(), intercom_client::types::Contact::default());
        client.delete_contact().id("5ba6").send().await.unwrap();
        client.update_contact().id("5ba6").send().await.unwrap();
        let query = intercom_client::search::field("role").eq("user");
        for error in [
            client.show_contact().id("5ba6").send().await.unwrap_err(),
            client.search_contacts().query(query).send().await.unwrap_err(),
        ] {
            assert!(error.is_decode(), "{body:?}: {error}");
        }
    }
}

#[tokio::test]
async fn decode_error_after_a_retry_counts_both_attempts() {
    let server = Server::new([vec![
        Move::Read,
        response(503, &[], ""),
        Move::Read,
        response(200, &[], "<html>"),
    ]])
    .await;
    let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
    assert!(error.is_decode());
    assert_eq!((error.attempts(), server.requests().len()), (2, 2));
}

#[tokio::test]
async fn builder_error_sends_nothing() {
    let server = Server::always(vec![Move::Read]).await;
    let client = settings(&server).build().unwrap();
    let error = client.update_contact().send().await.unwrap_err();
    assert!(error.is_builder() && !error.is_retryable() && !error.is_connect());
    assert_eq!((error.attempts(), error.status(), error.body()), (0, None, None));
    assert_eq!(error.to_string(), "update_contact: missing required value `id`");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn response_has_status_headers_and_body() {
    let headers = [
        ("x-request-id", HEADER_ID),
        ("x-ratelimit-limit", "167"),
        ("x-ratelimit-remaining", "166"),
        ("x-ratelimit-reset", "1487332510"),
        ("x-odd", "1"),
    ];
    let body = r#"{"type": "admin", "name": "Ada", "brand_new": [1]}"#;
    let server = Server::always(vec![Move::Read, response(200, &headers, body)]).await;
    let me = settings(&server)
        .build()
        .unwrap()
        .identify_admin()
        .send()
        .await
        .unwrap();
    assert_eq!(me.name.as_deref(), Some("Ada"));
    assert_eq!((me.status().as_u16(), me.request_id()), (200, Some(HEADER_ID)));
    assert_eq!(me.headers()["x-odd"], "1");
    let limit = me.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining, limit.reset), (167, 166, 1_487_332_510));
    assert_eq!(me.body(), body, "the body has the unknown fields");
    assert_eq!(me.body().as_ptr(), me.clone().body().as_ptr(), "shared, not copied");
    assert_eq!(me.into_inner().name.as_deref(), Some("Ada"));
}
