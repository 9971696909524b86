//! What a caller can send beyond what the description foresees: on the wire.

#[path = "operations/wire.rs"]
#[allow(dead_code)]
mod wire;

use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset};
use futures_util::TryStreamExt;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::paging::Paging;
use intercom_client::search::{Order, Query, QueryError, contacts, field};
use intercom_client::types::{self, CreateContactRequest, UpdateContactRequest};
use intercom_client::{ApiVersion, Client, Id, IntoArgument, InvalidField, Method, Nullable, RetryPolicy, Timestamp};
use serde_json::{Value, json};
use wire::{respond, respond_raw, respond_with};

// Bodies.

#[tokio::test]
async fn undescribed_field_is_sent() {
    let wire = respond("POST /contacts").await;
    let ada = CreateContactRequest::with_email("ada@fernhill.example")
        .extra("sms_consent", true)
        .extra("favourites", json!({"ports": ["Dublin", null]}))
        .extra("unknown", None::<&str>);
    wire.client().create_contact().body(ada).send().await.unwrap();
    assert_eq!(
        wire.sent().body,
        json!({"email": "ada@fernhill.example", "sms_consent": true, "favourites": {"ports": ["Dublin", null]}})
    );
}

#[tokio::test]
async fn extra_field_replaces_the_described_one() {
    let wire = respond("POST /contacts").await;
    let body = CreateContactRequest::with_email("ada@fernhill.example").extra("email", json!(["a@b.example"]));
    wire.client().create_contact().body(body).send().await.unwrap();
    assert_eq!(wire.body(), r#"{"email":["a@b.example"]}"#);
}

#[tokio::test]
async fn json_body_is_sent_unchanged() {
    let wire = respond("POST /contacts").await;
    let body =
        json!({"email": "ada@fernhill.example", "phone": null, "owner_id": "7", "name": {"first": "Ada"}, "x": [1.5]});
    wire.client().create_contact().body(&body).send().await.unwrap();
    assert_eq!(wire.sent().body, body);
}

#[tokio::test]
async fn stored_request_keeps_its_digits() {
    let wire = respond("POST /contacts").await;
    let text = r#"{"email":"ada@fernhill.example","custom_attributes":{"big":123456789012345678901234567890,"x":0.1}}"#;
    let stored: CreateContactRequest = serde_json::from_str(text).unwrap();
    wire.client().create_contact().body(stored).send().await.unwrap();
    assert_eq!(wire.body(), text);
}

#[tokio::test]
async fn awaiting_a_builder_sends_the_request() {
    let wire = respond("POST /contacts").await;
    let call = wire.client().create_contact();
    let awaited = call.clone().body_map(|b| b.email("ada@fernhill.example"));
    let contact = tokio::spawn(awaited.into_future()).await.unwrap().unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts");
    assert_eq!(sent.body, json!({"email": "ada@fernhill.example"}));
    assert_eq!(contact.status(), 200);

    let error = wire.client().show_contact().await.unwrap_err();
    assert!(error.is_builder(), "{error}");
    assert_eq!(error.to_string(), "show_contact: missing required value `id`");
}

#[tokio::test]
async fn timestamps_of_all_types_are_sent_as_epoch_seconds() {
    let utc = DateTime::from_timestamp(1_731_369_600, 0).unwrap();
    let elsewhere = utc.with_timezone(&FixedOffset::east_opt(7200).unwrap());
    let system = SystemTime::UNIX_EPOCH + Duration::from_secs(1_731_369_600);
    let body = UpdateContactRequest::builder;
    for body in [
        body().signed_up_at(utc).last_seen_at(elsewhere),
        body().signed_up_at(elsewhere).last_seen_at(Some(system)),
        body().signed_up_at(system).last_seen_at(Timestamp::from(utc)),
    ] {
        let wire = respond("PUT /contacts/{id}").await;
        wire.client()
            .update_contact()
            .id("66f1c2a9d04b7e8351aa0c11")
            .body(body)
            .await
            .unwrap();
        assert_eq!(
            wire.sent().body,
            json!({"signed_up_at": 1_731_369_600, "last_seen_at": 1_731_369_600})
        );
    }
}

#[test]
fn request_deserializes_unless_a_required_field_is_missing() {
    let error = serde_json::from_value::<types::CreateConversationRequest>(json!({"body": 7})).unwrap_err();
    assert_eq!(error.to_string(), "missing required value `from`");
    let odd = json!({"from": {"type": "user", "id": "5f"}, "body": 7, "new": {}});
    let request: types::CreateConversationRequest = serde_json::from_value(odd.clone()).unwrap();
    assert_eq!(serde_json::to_value(request).unwrap(), odd);
}

#[tokio::test]
async fn none_omits_a_field_and_null_clears_it() {
    struct Row {
        name: Option<String>,
        phone: Option<String>,
        owner: Option<i64>,
        seen: Option<Timestamp>,
        subscribed: Option<bool>,
    }
    let row = Row {
        name: Some("Ada".to_owned()),
        phone: None,
        owner: None,
        seen: None,
        subscribed: None,
    };
    let wire = respond("PUT /contacts/{id}").await;
    let body = UpdateContactRequest::builder()
        .name(&row.name)
        .phone(row.phone.as_deref())
        .owner_id(row.owner)
        .last_seen_at(row.seen)
        .unsubscribed_from_emails(row.subscribed)
        .email(Nullable::Null)
        .custom_attributes([("plan", Some("pro")), ("seats", None)]);
    wire.client().update_contact().id("5f").body(body).send().await.unwrap();
    assert_eq!(
        wire.sent().body,
        json!({"name": "Ada", "email": null, "custom_attributes": {"plan": "pro"}})
    );
}

#[tokio::test]
async fn non_finite_numbers_are_rejected() {
    let wire = respond("POST /contacts").await;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let body = CreateContactRequest::with_email("a@b.example").custom_attributes([("score", number)]);
        let error = wire.client().create_contact().body(body).send().await.unwrap_err();
        assert!(error.is_builder());
        assert_eq!(
            error.to_string(),
            "create_contact: `custom_attributes.*`: number is not finite"
        );
        let body = CreateContactRequest::with_email("a@b.example").extra("score", number);
        assert!(
            wire.client()
                .create_contact()
                .body(body)
                .send()
                .await
                .unwrap_err()
                .is_builder()
        );
        let company = types::CreateOrUpdateCompanyRequest::builder()
            .company_id("7")
            .monthly_spend(number);
        let error = wire
            .client()
            .create_or_update_company()
            .body(company)
            .send()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("`monthly_spend`"), "{error}");
        let mut company = types::CreateOrUpdateCompanyRequest::default();
        company.monthly_spend = Some(Nullable::Value(number));
        let error = wire
            .client()
            .create_or_update_company()
            .body(company)
            .send()
            .await
            .unwrap_err();
        assert!(error.is_builder(), "{error}");
    }
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn timestamp_read_from_text_is_sent_as_epoch_seconds() {
    let contact: types::Contact = serde_json::from_str(r#"{"signed_up_at":"2024-11-13T12:13:20.500Z"}"#).unwrap();
    let wire = respond("POST /contacts").await;
    let body = CreateContactRequest::with_email("a@b.example").signed_up_at(contact.signed_up_at);
    wire.client().create_contact().body(body).send().await.unwrap();
    assert_eq!(wire.sent().body["signed_up_at"], 1731500000);
}

#[tokio::test]
async fn required_body_is_enforced() {
    let wire = respond("POST /tags").await;
    let error = wire.client().create_ticket().send().await.unwrap_err();
    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_ticket: missing request body (set it with `body` or `body_map`)"
    );
    let error = wire
        .client()
        .create_ticket()
        .body(None::<Value>)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_builder());
    assert!(wire.sent_nothing());
}

// Ids.

#[tokio::test]
async fn id_of_a_response_can_be_passed_to_the_next_call() {
    let contact: types::Contact = serde_json::from_str(r#"{"id":"66f1"}"#).unwrap();
    let article: types::Article = serde_json::from_str(r#"{"id":"7","author_id":8}"#).unwrap();
    for (id, sent) in [
        (argument(&contact.id), "GET /contacts/66f1"),
        (argument(contact.id.clone()), "GET /contacts/66f1"),
        (argument(contact.id.as_deref()), "GET /contacts/66f1"),
        (argument(article.author_id), "GET /contacts/8"),
        (argument(9_u64), "GET /contacts/9"),
    ] {
        let wire = respond("GET /contacts/{id}").await;
        wire.client().show_contact().id(id).send().await.unwrap();
        assert_eq!(wire.sent().line, sent);
    }
    let wire = respond("GET /contacts/{id}").await;
    let nobody = types::Contact::default();
    let error = wire.client().show_contact().id(&nobody.id).send().await.unwrap_err();
    assert!(error.is_builder());
    assert_eq!(error.to_string(), "show_contact: missing required value `id`");
    assert!(wire.sent_nothing());
}

fn argument(id: impl IntoArgument<Id>) -> Option<Id> {
    id.into_argument().unwrap()
}

#[tokio::test]
async fn custom_type_can_be_an_argument() {
    struct ContactId(u32);
    impl IntoArgument<Id> for ContactId {
        fn into_argument(self) -> Result<Option<Id>, InvalidField> {
            match self.0 {
                0 => Err(InvalidField::new("nobody has the number 0")),
                number => Ok(Some(number.into())),
            }
        }
    }
    let wire = respond("GET /contacts/{id}").await;
    wire.client().show_contact().id(ContactId(5)).send().await.unwrap();
    assert_eq!(wire.sent().line, "GET /contacts/5");
    let error = wire.client().show_contact().id(ContactId(0)).send().await.unwrap_err();
    assert_eq!(error.to_string(), "show_contact: `id`: nobody has the number 0");
}

// Searches.

#[tokio::test]
async fn search_is_sorted() {
    let wire = respond("POST /contacts/search").await;
    let query = Query::all([field(contacts::UPDATED_AT).gt(0), field(contacts::ROLE).eq("user")]);
    let search = wire.client().search_contacts().query(query).per_page(150);
    search
        .sort(contacts::UPDATED_AT, Order::Descending)
        .send()
        .await
        .unwrap();
    assert_eq!(
        wire.sent().body,
        json!({
            "query": {"operator": "AND", "value": [
                {"field": "updated_at", "operator": ">", "value": 0},
                {"field": "role", "operator": "=", "value": "user"},
            ]},
            "pagination": {"per_page": 150},
            "sort": {"field": "updated_at", "order": "descending"},
        })
    );
}

#[test]
fn queries_are_built_from_iterators() {
    let filter =
        |query: Query| types::SearchFilter::try_from(query).map(|filter| serde_json::to_value(filter).unwrap());
    let one = || field("role").eq("user");
    let two = || field("role").eq("lead");
    assert_eq!(filter(Query::any([one(), two()])), filter(one() | two()));
    assert_eq!(filter(Query::all([one(), two()])), filter(one() & two()));
    assert_eq!(filter(Query::all([one()])), filter(one()), "no group of one");
    assert_eq!(filter(Query::all([])), Err(QueryError::Empty { operator: "AND" }));
    assert_eq!(
        filter(one() & Query::any([])),
        Err(QueryError::Empty { operator: "OR" })
    );
}

// One call's own settings.

#[tokio::test]
async fn call_has_its_own_headers_parameters_and_version() {
    let newer: ApiVersion = "2.14".parse().unwrap();
    let intercom = MockIntercom::builder().api_version(newer.clone()).build();
    intercom
        .on("show_contact")
        .respond(MockResponse::json(json!({"id": "5f"})));
    let client = intercom.client_builder().api_version(ApiVersion::V2_8).build().unwrap();
    let call = client.show_contact().id("5f").api_version(ApiVersion::V2_9);
    call.header("X-Trace", "a1")
        .header("user-agent", "acme/1")
        .query_param("display_as", "plain text&more")
        .api_version(newer)
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::none())
        .send()
        .await
        .unwrap();
    let [request] = &intercom.received()[..] else {
        panic!("one call sends one request")
    };
    assert_eq!(request.line(), "GET /contacts/5f?display_as=plain+text%26more");
    assert_eq!(request.header("intercom-version"), Some("2.14"));
    assert_eq!(request.header("x-trace"), Some("a1"));
    assert_eq!(request.header("user-agent"), Some("acme/1"));
}

#[tokio::test]
async fn extra_parameters_follow_those_of_the_operation() {
    let wire = respond("GET /contacts").await;
    let call = wire.client().list_contacts().per_page(5).query_param("include", "a b");
    call.query_param("page", 2).send().await.unwrap();
    assert_eq!(wire.sent().line, "GET /contacts?include=a+b&page=2&per_page=5");
}

#[tokio::test]
async fn invalid_call_settings_are_rejected_before_anything_is_sent() {
    let wire = respond("GET /contacts/{id}").await;
    let call = || wire.client().show_contact().id("5f");
    for (call, message) in [
        (
            call().header("Authorization", "Bearer x"),
            "`authorization`: header is set by the client",
        ),
        (call().header("x y", "z"), "`header`: invalid header name"),
        (call().header("x-y", "z\nw"), "`x-y`: invalid header value"),
        (call().timeout(Duration::ZERO), "`timeout`: must be greater than zero"),
    ] {
        let debug = format!("{call:?}");
        let error = call.send().await.unwrap_err();
        assert!(error.is_builder());
        assert_eq!(error.to_string(), format!("show_contact: {message}"));
        assert!(!debug.contains("Bearer"), "{debug}");
    }
    assert!(wire.sent_nothing());
}

#[test]
fn header_values_are_not_shown() {
    let client = Client::builder("token").build().unwrap();
    let call = client
        .show_contact()
        .id("5f")
        .header("x-key", "s3cret")
        .query_param("email", "ada@x.example");
    let debug = format!("{call:?}");
    assert!(
        debug.contains("x-key") && !debug.contains("s3cret") && !debug.contains("ada@"),
        "{debug}"
    );
}

// The raw call.

#[tokio::test]
async fn undescribed_path_can_be_called() {
    let wire = respond_with(json!({"type": "ticket.list", "total_count": 1.5, "tickets": [{"id": "7"}]})).await;
    let query = json!({"query": {"field": "open", "operator": "=", "value": true}, "sort": {"field": "id", "order": "ascending"}});
    let call = wire
        .client()
        .request(Method::POST, "/tickets/search")
        .query("page", 2)
        .query("q", "a b");
    let found = call.json(&query).idempotent(true).send::<Value>().await.unwrap();
    assert_eq!(
        (found["total_count"].as_f64(), found.status().as_u16()),
        (Some(1.5), 200)
    );
    assert_eq!(found.request_id(), Some("001fk0wire"));
    let sent = wire.sent();
    assert_eq!(
        (sent.line.as_str(), sent.body),
        ("POST /tickets/search?page=2&q=a+b", query)
    );
}

#[tokio::test]
async fn raw_response_can_be_any_type_or_bytes() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Own {
        id: String,
        #[serde(flatten)]
        rest: types::Tag,
    }
    let body = r#"{"id":"7","name":"vip","colour":"red"}"#;
    let wire = respond_raw(200, body).await;
    let own = wire
        .client()
        .request(Method::GET, "/tags/7")
        .send::<Own>()
        .await
        .unwrap()
        .into_inner();
    assert_eq!((own.id.as_str(), own.rest.name.as_deref()), ("7", Some("vip")));
    assert_eq!(own.rest.extra.get("colour"), Some(json!("red")));
    let wire = respond_raw(200, body).await;
    let tag = wire
        .client()
        .request(Method::GET, "/tags/7")
        .send::<types::Tag>()
        .await
        .unwrap();
    assert_eq!(tag.id.as_deref(), Some("7"));
    let wire = respond_raw(200, [0, 159, 255]).await;
    let bytes = wire.client().request(Method::GET, "/blob").bytes().await.unwrap();
    assert_eq!(bytes.into_inner().as_ref(), [0, 159, 255]);
    let wire = respond_raw(200, "abc").await;
    let mut stream = wire
        .client()
        .request(Method::GET, "/blob")
        .byte_stream()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(stream.next_chunk().await.unwrap().as_deref(), Some(&b"abc"[..]));
    assert_eq!(wire.sent_for("application/octet-stream").line, "GET /blob");
}

#[tokio::test]
async fn raw_response_of_another_type_is_an_error_without_its_values() {
    let wire = respond_raw(200, r#"{"id":"lovelace"}"#).await;
    let error = wire
        .client()
        .request(Method::GET, "/tags")
        .send::<Vec<u8>>()
        .await
        .unwrap_err();
    assert!(error.is_decode());
    assert!(!format!("{error} {error:?}").contains("lovelace"));
    assert_eq!(error.operation(), "request");
    assert_eq!(error.body().unwrap().as_ref(), br#"{"id":"lovelace"}"#);
}

#[tokio::test]
async fn empty_raw_response_of_a_change_is_an_empty_value() {
    for body in ["", "null"] {
        let wire = respond_raw(202, body).await;
        let call = || wire.client().request(Method::POST, "/events").json(&json!({}));
        call().send::<()>().await.unwrap();
        assert_eq!(call().send::<Value>().await.unwrap().into_inner(), Value::Null);
        assert_eq!(
            call().send::<types::Tag>().await.unwrap().into_inner(),
            types::Tag::default()
        );
        assert!(
            wire.client()
                .request(Method::GET, "/x")
                .send::<types::Tag>()
                .await
                .unwrap_err()
                .is_decode()
        );
    }
}

#[tokio::test]
async fn raw_errors_are_like_other_errors() {
    let body = json!({"type": "error.list", "errors": [{"code": "not_found", "message": "No such ticket"}]});
    let wire = respond_raw(404, body.to_string()).await;
    let error = wire
        .client()
        .request(Method::DELETE, "/tickets/7")
        .send::<()>()
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "request: 404 not_found: No such ticket (request 001fk0wire)"
    );
}

#[tokio::test]
async fn raw_paths_outside_the_base_url_are_rejected() {
    let wire = respond("GET /me").await;
    for path in [
        "tags",
        "https://evil.example/x",
        "//evil.example/x",
        "/a/../me",
        "/a/%2e%2e/me",
        "/a?b",
        "/a\\b",
    ] {
        let error = wire
            .client()
            .request(Method::GET, path)
            .send::<Value>()
            .await
            .unwrap_err();
        assert!(error.is_builder(), "{path}: {error}");
    }
    assert!(wire.sent_nothing());
}

/// The page of three that a request asks for, by the shape that its path names.
fn page(request: &ReceivedRequest) -> MockResponse {
    let body = request.json();
    let cursor = body["pagination"]["starting_after"].as_str();
    let cursor = cursor.or(request.query("starting_after"));
    let number = cursor.map(|cursor| cursor.strip_prefix('c').unwrap());
    let number = number.or(request.query("page")).unwrap_or("1");
    let number: usize = number.parse().unwrap();
    let next = (number < 3).then(|| json!({"starting_after": format!("c{}", number + 1)}));
    let pages = match request.path.as_str() {
        "/numbered" => json!({"page": number, "total_pages": 3, "next": null}),
        _ => json!({"next": next}),
    };
    let items = [json!({"id": 2 * number, "big": 0.1}), json!({"id": 2 * number + 1})];
    MockResponse::json(json!({"things": items, "total_count": 6, "pages": pages}))
}

#[tokio::test]
async fn raw_lists_support_every_kind_of_paging() {
    let intercom = MockIntercom::new();
    intercom.on_any().respond_with(|request| Some(page(request)));
    let client = intercom.client();
    for (method, path, paging) in [
        (Method::GET, "/by_cursor", Paging::Cursor),
        (Method::GET, "/numbered", Paging::Page),
        (Method::POST, "/search", Paging::CursorInBody),
    ] {
        let call = client.request(method, path).json(&json!({"sort": 1}));
        let items: Vec<Value> = call
            .clone()
            .stream::<Value>(paging, "things")
            .try_collect()
            .await
            .unwrap();
        assert_eq!(
            items
                .iter()
                .map(|item| item["id"].as_u64().unwrap())
                .collect::<Vec<_>>(),
            [2, 3, 4, 5, 6, 7]
        );
        let mut pages = call.pages::<types::Tag>(paging, "things");
        let page = pages.try_next().await.unwrap().unwrap();
        assert!(page.next_cursor().is_some());
        use intercom_client::paging::Page;
        assert_eq!((page.items().len(), page.total_count()), (2, Some(6)));
        assert_eq!(page.items()[0].extra.get("big"), Some(json!(0.1)));
    }
    let mut searched = intercom.received();
    searched.retain(|request| request.path == "/search");
    assert!(searched.iter().all(|request| request.line() == "POST /search"));
    assert_eq!(
        searched[..3].iter().map(ReceivedRequest::json).collect::<Vec<_>>(),
        [
            json!({"sort": 1}),
            json!({"pagination": {"starting_after": "c2"}, "sort": 1}),
            json!({"pagination": {"starting_after": "c3"}, "sort": 1}),
        ]
    );
}

#[tokio::test]
async fn raw_search_keeps_the_digits_of_its_query_on_every_page() {
    const QUERY: &str = r#"{"query":{"value":123456789012345678901234567890,"or":1.50}}"#;
    let intercom = MockIntercom::new();
    intercom.on_any().respond_with(|request| Some(page(request)));
    let query: Box<serde_json::value::RawValue> = serde_json::from_str(QUERY).unwrap();
    let call = intercom.client().request(Method::POST, "/search").json(&query);
    let found: Vec<Value> = call.stream(Paging::CursorInBody, "things").try_collect().await.unwrap();
    assert_eq!(found.len(), 6);
    for request in intercom.received() {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(body.contains(r#""value":123456789012345678901234567890"#), "{body}");
        assert!(body.contains(r#""or":1.50"#), "{body}");
    }
}

/// Such a body has no place for a cursor.
#[tokio::test]
async fn raw_list_with_a_body_that_is_not_an_object_is_rejected() {
    let intercom = MockIntercom::new();
    intercom.on_any().respond_with(|request| Some(page(request)));
    let client = intercom.client();
    for body in [json!([1]), json!("a"), json!(1), json!(true)] {
        let call = client.request(Method::POST, "/search").json(&body);
        let found: Result<Vec<Value>, _> = call.stream(Paging::CursorInBody, "things").try_collect().await;
        assert!(found.unwrap_err().is_builder(), "{body}");
        let call = client.request(Method::POST, "/numbered").json(&body);
        let found: Vec<Value> = call.stream(Paging::Page, "things").try_collect().await.unwrap();
        assert_eq!(found.len(), 6, "{body}");
    }
    for body in [json!({"pagination": 7}), json!({"pagination": null}), json!(null)] {
        let call = client.request(Method::POST, "/search").json(&body);
        let found: Vec<Value> = call.stream(Paging::CursorInBody, "things").try_collect().await.unwrap();
        assert_eq!(found.len(), 6, "{body}");
    }
}

#[tokio::test]
async fn raw_body_with_a_non_finite_number_is_rejected() {
    #[derive(serde::Serialize)]
    struct Score {
        score: f64,
    }
    let intercom = MockIntercom::new();
    intercom.on_any().respond(MockResponse::json(json!({})));
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let call = intercom
            .client()
            .request(Method::PUT, "/contacts/1")
            .json(&Score { score });
        let error = call.send::<Value>().await.unwrap_err();
        assert!(
            error.is_builder() && error.to_string().contains("not finite"),
            "{error}"
        );
    }
    assert!(intercom.received().is_empty());
    let call = intercom
        .client()
        .request(Method::PUT, "/contacts/1")
        .json(&Score { score: 0.5 });
    call.send::<Value>().await.unwrap();
    assert_eq!(intercom.received()[0].json(), json!({"score": 0.5}));
}

#[tokio::test]
async fn search_is_sorted_on_every_page() {
    let page =
        |next: Value| MockResponse::json(json!({"type": "list", "data": [{"id": "1"}], "pages": {"next": next}}));
    let intercom = MockIntercom::new();
    intercom
        .on("search_contacts")
        .respond_once(page(json!({"starting_after": "b"})))
        .respond_once(page(json!(null)));
    let client = intercom.client();
    let search = client.search_contacts().query(field("role").eq("user"));
    let found: Vec<_> = search
        .sort("updated_at", Order::Ascending)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let sent = intercom.calls("search_contacts");
    assert_eq!(sent.len(), 2);
    for body in sent.iter().map(ReceivedRequest::json) {
        assert_eq!(
            body["sort"],
            json!({"field": "updated_at", "order": "ascending"}),
            "{body}"
        );
    }
}
