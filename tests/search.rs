//! Query expressions: their JSON form, their limits, and their meaning.

use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, Utc};
use futures_util::StreamExt;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::paging::Paging;
use intercom_client::search::{
    IntoOperand, MAX_FILTERS, MAX_LEVELS, NULL, Operand, Order, Query, QueryError, contacts, conversations, field,
};
use intercom_client::{Id, Method, Timestamp, types};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Starts a mock Intercom whose searches return no records.
async fn without_results() -> MockIntercom {
    let intercom = MockIntercom::new();
    let contacts = json!({"type": "list", "data": [], "total_count": 0, "pages": {"type": "pages", "next": null}});
    intercom.on("search_contacts").respond(MockResponse::json(contacts));
    let conversations = json!({"type": "conversation.list", "conversations": [], "total_count": 0});
    intercom
        .on("search_conversations")
        .respond(MockResponse::json(conversations));
    intercom
}

/// Returns the bodies of all requests, and checks that all have this path.
fn sent(intercom: &MockIntercom, path: &str) -> Vec<Value> {
    let received = intercom.received();
    for request in &received {
        assert_eq!(request.line(), format!("POST {path}"));
    }
    received.iter().map(ReceivedRequest::json).collect()
}

/// Returns the JSON form of a query.
fn encoded(query: Query) -> Result<Value, QueryError> {
    Ok(serde_json::to_value(types::SearchFilter::try_from(query)?).unwrap())
}

/// Returns the JSON value of `field("f").eq(operand)`.
fn value(operand: impl IntoOperand) -> Value {
    encoded(field("f").eq(operand)).unwrap()["value"].take()
}

/// Returns the JSON value of `field("f").is_in(operand)`.
fn values(operand: impl IntoOperand) -> Value {
    encoded(field("f").is_in(operand)).unwrap()["value"].take()
}

/// Returns `count` filters joined by `&`.
fn all_of(count: usize) -> Query {
    (0..count).map(|i| field("f").ne(i)).reduce(|a, b| a & b).unwrap()
}

#[tokio::test]
async fn a_search_of_contacts_is_sent_as_written() {
    let intercom = without_results().await;
    let since = DateTime::from_timestamp(1731369600, 0).unwrap();
    let query = field(contacts::ROLE).eq("user")
        & field(contacts::CREATED_AT).gt(since)
        & (field(contacts::EMAIL).ends_with("@fernhill.example") | field(contacts::TAG_ID).eq("81"));
    let search = intercom.client().search_contacts().query(query).per_page(150);
    assert_eq!(search.send().await.unwrap().total_count, Some(0));
    assert_eq!(
        sent(&intercom, "/contacts/search"),
        [json!({
            "query": {"operator": "AND", "value": [
                {"field": "role", "operator": "=", "value": "user"},
                {"field": "created_at", "operator": ">", "value": 1731369600},
                {"operator": "OR", "value": [
                    {"field": "email", "operator": "$", "value": "@fernhill.example"},
                    {"field": "tag_id", "operator": "=", "value": "81"},
                ]},
            ]},
            "pagination": {"per_page": 150},
        })]
    );
}

#[tokio::test]
async fn a_search_of_conversations_takes_one_filter() {
    let intercom = without_results().await;
    let open = field(conversations::STATE).eq("open");
    let search = intercom.client().search_conversations().query(open);
    search.send().await.unwrap();
    assert_eq!(
        sent(&intercom, "/conversations/search"),
        [json!({"query": {"field": "state", "operator": "=", "value": "open"}})]
    );
}

#[tokio::test]
async fn a_search_is_walked_like_a_list() {
    let intercom = MockIntercom::new();
    let page = |id: &str, next: Value| {
        MockResponse::json(json!({"type": "list", "data": [{"id": id}], "pages": {"type": "pages", "next": next}}))
    };
    intercom
        .on("search_contacts")
        .respond_once(page("a", json!({"per_page": 1, "starting_after": "Wzk+=="})))
        .respond_once(page("b", Value::Null));
    let client = intercom.client();
    let users = client
        .search_contacts()
        .query(field(contacts::ROLE).eq("user"))
        .per_page(1);
    let ids: Vec<_> = users.stream().map(|contact| contact.unwrap().id).collect().await;
    assert_eq!(ids, [Some("a".into()), Some("b".into())]);
    let query = json!({"field": "role", "operator": "=", "value": "user"});
    assert_eq!(
        sent(&intercom, "/contacts/search"),
        [
            json!({"query": query, "pagination": {"per_page": 1}}),
            json!({"query": query, "pagination": {"per_page": 1, "starting_after": "Wzk+=="}}),
        ]
    );
}

#[tokio::test]
async fn page_size_and_cursor_are_sent_together() {
    let intercom = without_results().await;
    let client = intercom.client();
    let search = client
        .search_contacts()
        .body_map(|body| body.pagination(types::StartingAfterPaging::builder().starting_after("Wzk+==")))
        .per_page(20)
        .query(field(contacts::ROLE).eq("lead"));
    search.send().await.unwrap();
    assert_eq!(
        sent(&intercom, "/contacts/search"),
        [json!({
            "query": {"field": "role", "operator": "=", "value": "lead"},
            "pagination": {"per_page": 20, "starting_after": "Wzk+=="},
        })]
    );
}

#[tokio::test]
async fn a_search_for_changes_includes_the_query() {
    let since = 1_731_500_000;
    // A search compares dates of contacts by days, and those of conversations by seconds.
    let contacts = json!({"field": "updated_at", "operator": ">", "value": since - 2 * 86_400});
    let conversations = json!({"field": "updated_at", "operator": ">", "value": since - 1});
    let [a, b, c] = ["a", "b", "c"].map(|name| field(name).eq(1));
    let json = |query: &Query| Value::try_from(query.clone()).unwrap();
    let group = |operator: &str, value: Vec<Value>| json!({"operator": operator, "value": value});
    let two_levels = a.clone() & (b.clone() | c.clone());
    let by_hand = json!({"field": "score", "operator": "~~", "value": [0.5]});
    for (path, query, asked) in [
        ("/contacts/search", None, contacts.clone()),
        ("/conversations/search", None, conversations.clone()),
        (
            "/contacts/search",
            Some(json(&a)),
            group("AND", vec![json(&a), contacts.clone()]),
        ),
        (
            "/conversations/search",
            Some(json(&two_levels)),
            group(
                "AND",
                vec![json(&a), json(&(b.clone() | c.clone())), conversations.clone()],
            ),
        ),
        (
            "/contacts/search",
            Some(json(&(a.clone() | b.clone()))),
            group("AND", vec![json(&(a.clone() | b.clone())), contacts.clone()]),
        ),
        (
            "/contacts/search",
            Some(by_hand.clone()),
            group("AND", vec![by_hand.clone(), contacts.clone()]),
        ),
    ] {
        let intercom = without_results().await;
        let client = intercom.client();
        let found = match path {
            "/contacts/search" => {
                let search = client.search_contacts().sort("name", Order::Ascending).per_page(20);
                let search = match query {
                    Some(query) => search.body_map(|body| body.query(query)),
                    None => search,
                };
                search.changed_since(since).count().await
            }
            _ => {
                let search = client.search_conversations().per_page(20);
                let search = match query {
                    Some(query) => search.body_map(|body| body.query(query)),
                    None => search,
                };
                search.changed_since(Timestamp::from(since)).count().await
            }
        };
        assert_eq!(found, 0, "{path}: {asked}");
        let body = json!({
            "query": asked,
            "pagination": {"per_page": 20},
            "sort": {"field": "updated_at", "order": "descending"},
        });
        assert_eq!(sent(&intercom, path), [body]);
    }

    let intercom = without_results().await;
    let no_room = "leaves no room for the filter by `updated_at`";
    for (query, reason) in [
        (all_of(15) | c, no_room),
        (
            Query::all((0..15).map(|i| field("x").eq(i) | field("y").eq(i))),
            no_room,
        ),
        (Query::all([]), "an AND group has no filter"),
    ] {
        let mut changes = intercom.client().search_contacts().query(query).changed_since(since);
        let error = changes.next().await.unwrap().unwrap_err();
        assert!(error.is_builder() && error.to_string().contains(reason), "{error}");
        assert!(changes.next().await.is_none() && changes.watermark().is_none());
    }
    assert!(intercom.received().is_empty());
}

/// Full groups and alternatives of groups are rearranged to make room for the filter of `changed_since`.
#[tokio::test]
async fn changes_are_searched_within_the_limits_whatever_the_query() {
    let x = |value: usize| field("x").eq(value);
    let y = |value: usize| field("y").ne(value);
    let alternatives = |count: usize| Query::any((0..count).map(|i| x(i) & y(i)));
    let since = 1_731_500_000_i64;
    for query in [
        Query::all((0..15).map(y)),
        Query::any((0..15).map(x)),
        alternatives(15),
        alternatives(14) | x(14),
        (Query::all((0..14).map(y))) | x(3),
        Query::all((1..15).map(y)) & (x(0) | x(3)),
        Query::all((2..15).map(y)) & (x(0) | x(3)) & (x(3) | y(3)),
        Query::all((0..14).map(|i| x(i) | y(i + 1))),
    ] {
        let intercom = without_results().await;
        let own = Value::try_from(query.clone()).unwrap();
        let search = intercom.client().search_conversations().query(query);
        assert_eq!(search.changed_since(since).count().await, 0);
        let asked = &sent(&intercom, "/conversations/search")[0]["query"];
        let (levels, largest) = measure(asked);
        assert!(levels <= MAX_LEVELS && largest <= MAX_FILTERS, "{asked}");
        for (x, y) in (0..20).flat_map(|x| (0..20).map(move |y| (x, y))) {
            for changed in [since - 1, since, since + 1] {
                let record = json!({"x": x, "y": y, "updated_at": changed});
                let expected = matches(&own, &record) && changed >= since;
                assert_eq!(matches(asked, &record), expected, "{record} in {asked}");
            }
        }
    }
}

/// An expression of any size is built in linear time and dropped without deep recursion.
#[test]
fn expressions_of_200_000_filters_are_refused() {
    const FILTERS: usize = 200_000;
    let leaf = |i: usize| field("f").eq(i);
    let too_many = |operator| {
        Err(QueryError::TooManyFilters {
            operator,
            filters: FILTERS,
        })
    };
    let from_the_left = (0..FILTERS).map(leaf).reduce(|all, one| all & one).unwrap();
    assert_eq!(encoded(from_the_left), too_many("AND"));
    let from_the_right = (0..FILTERS).map(leaf).reduce(|all, one| one | all).unwrap();
    assert_eq!(encoded(from_the_right), too_many("OR"));
    assert_eq!(encoded(Query::all((0..FILTERS).map(leaf))), too_many("AND"));
    let alternating = (0..FILTERS).map(leaf).enumerate();
    let alternating = alternating.reduce(|(_, all), (i, one)| (i, if i % 2 == 0 { all & one } else { one | all }));
    let (_, alternating) = alternating.unwrap();
    let copy = alternating.clone();
    assert_eq!(alternating, copy);
    assert_eq!(encoded(copy), Err(QueryError::TooDeep { levels: FILTERS - 1 }));
}

#[tokio::test]
async fn times_in_milliseconds_are_refused() {
    let milliseconds = 1_731_500_000_000_i64;
    let moment = Timestamp::from(milliseconds);
    for query in [
        field(contacts::CREATED_AT).gt(milliseconds),
        field(contacts::LAST_SEEN_AT).lt(milliseconds.to_string()),
        field(conversations::STATISTICS_FIRST_ADMIN_REPLY_AT).gt(json!(milliseconds as f64)),
        field(conversations::WAITING_SINCE).gt(milliseconds),
        field(conversations::SNOOZED_UNTIL).is_in([1_731_500_000, milliseconds]),
        field("custom_attributes.renewal").gt(moment),
        field("custom_attributes.renewal").is_in([&moment]),
        field(contacts::ROLE).eq("user") & field(contacts::CREATED_AT).gt(milliseconds),
    ] {
        let intercom = without_results().await;
        let error = intercom
            .client()
            .search_contacts()
            .query(query)
            .send()
            .await
            .unwrap_err();
        assert!(
            error.is_builder() && error.to_string().contains("milliseconds?"),
            "{error}"
        );
        assert!(intercom.received().is_empty());
    }
    // Filters as JSON, and raw calls.
    let created = json!({"field": "created_at", "operator": ">", "value": milliseconds});
    let text = json!({"field": "updated_at", "operator": "<", "value": milliseconds.to_string()});
    let group = json!({"operator": "OR", "value": [{"operator": "AND", "value": [{"field": "role", "operator": "=", "value": "user"}, created]}]});
    for filter in [created, text, group] {
        let intercom = without_results().await;
        let client = intercom.client();
        let search = client.search_conversations().query(filter.clone());
        let body = json!({"query": filter});
        let raw = client.request(Method::POST, "/contacts/search").json(&body);
        let errors = [
            search.clone().send().await.unwrap_err(),
            client.search_contacts().body(body).send().await.unwrap_err(),
            search
                .clone()
                .from_cursor("b")
                .stream()
                .next()
                .await
                .unwrap()
                .unwrap_err(),
            search.changed_since(0).next().await.unwrap().unwrap_err(),
            raw.stream::<Value>(Paging::CursorInBody, "data")
                .next()
                .await
                .unwrap()
                .unwrap_err(),
        ];
        for error in errors {
            assert!(
                error.is_builder() && error.to_string().contains("milliseconds?"),
                "{error}"
            );
        }
        assert!(intercom.received().is_empty());
    }
    // Other numbers can be of any size, and times before the year 2200 are accepted.
    for query in [
        field("custom_attributes.phone").eq(milliseconds),
        field(contacts::EXTERNAL_ID).eq(milliseconds),
        field(contacts::CREATED_AT).lt(7_258_118_399_i64),
    ] {
        assert!(encoded(query).is_ok());
    }
}

/// Parameters and fields for times take seconds.
#[tokio::test]
async fn parameters_and_fields_in_milliseconds_are_refused() {
    let milliseconds = 1_731_500_000_000_i64;
    let intercom = MockIntercom::new();
    let client = intercom.client();
    let logs = client.list_activity_logs().created_at_after(1_600_000_000);
    let event = |time: i64| {
        let event = client.create_data_event();
        event.body_map(|body| body.event_name("placed-order").user_id("u-1").created_at(time))
    };
    let errors = [
        client
            .list_activity_logs()
            .created_at_after(milliseconds)
            .send()
            .await
            .unwrap_err(),
        client
            .list_activity_logs()
            .created_at_after(milliseconds)
            .stream()
            .next()
            .await
            .unwrap()
            .unwrap_err(),
        logs.clone()
            .created_at_before(Timestamp::from(milliseconds))
            .send()
            .await
            .unwrap_err(),
        logs.clone()
            .created_at_before(7_258_118_400_i64)
            .send()
            .await
            .unwrap_err(),
        event(milliseconds).send().await.unwrap_err(),
        client
            .create_contact()
            .body_map(|body| body.email("a@juniper.example").signed_up_at(milliseconds))
            .send()
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.is_builder() && error.to_string().contains("milliseconds?"),
            "{error}"
        );
        assert!(
            ["`created_at", "`signed_up_at`"]
                .iter()
                .any(|name| error.to_string().contains(name)),
            "{error}"
        );
    }
    assert!(intercom.received().is_empty());
    logs.created_at_before(7_258_118_399_i64).send().await.unwrap();
    event(1_731_500_000).send().await.unwrap();
}

#[tokio::test]
async fn filters_can_be_given_as_their_type_or_as_a_query() {
    let intercom = without_results().await;
    let client = intercom.client();
    let raw = types::SearchFilter::builder().field("score").operator(">").value(0.5);
    client.search_contacts().query(raw).send().await.unwrap();
    let query = field("score").gt(json!(0.5));
    client.search_contacts().body(query).send().await.unwrap();
    let body = json!({"query": {"field": "score", "operator": ">", "value": 0.5}});
    assert_eq!(sent(&intercom, "/contacts/search"), [body.clone(), body]);
}

#[tokio::test]
async fn queries_beyond_the_limits_are_not_sent() {
    let intercom = without_results().await;
    let client = intercom.client();
    for (query, reason) in [
        (all_of(16), "an AND group has 16 filters, but the server allows 15"),
        (
            field("f").eq(["secret"]),
            "`f` =: takes one value, not a list; use `is_in` or `not_in`",
        ),
        (field("f").not_in("secret"), "`f` NIN: takes a list of single values"),
    ] {
        for error in [
            client.search_contacts().query(query.clone()).send().await.unwrap_err(),
            client.search_contacts().body(query.clone()).send().await.unwrap_err(),
            client
                .search_contacts()
                .query(query)
                .per_page(5)
                .send()
                .await
                .unwrap_err(),
        ] {
            assert!(error.is_builder() && error.attempts() == 0, "{error:?}");
            assert_eq!(error.operation(), "search_contacts");
            assert!(error.to_string().contains(reason), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
    let missing = client.search_conversations().per_page(5).send().await.unwrap_err();
    assert!(missing.is_builder(), "{missing:?}");
    assert_eq!(
        missing.to_string(),
        "search_conversations: missing required value `query`"
    );
    assert!(intercom.received().is_empty());
}

#[test]
fn every_operator_has_a_method() {
    let f = field("f");
    for (query, operator, value) in [
        (f.eq("v"), "=", json!("v")),
        (f.ne("v"), "!=", json!("v")),
        (f.is_in(["v", "w"]), "IN", json!(["v", "w"])),
        (f.not_in(["v", "w"]), "NIN", json!(["v", "w"])),
        (f.lt(7), "<", json!(7)),
        (f.le(7), "<=", json!(7)),
        (f.gt(7), ">", json!(7)),
        (f.ge(7), ">=", json!(7)),
        (f.contains("v"), "~", json!("v")),
        (f.not_contains("v"), "!~", json!("v")),
        (f.starts_with("v"), "^", json!("v")),
        (f.ends_with("v"), "$", json!("v")),
    ] {
        let filter = json!({"field": "f", "operator": operator, "value": value});
        assert_eq!(encoded(query.clone()).unwrap(), filter);
        let group = json!({"operator": "OR", "value": [filter, filter]});
        assert_eq!(encoded(query.clone() | query).unwrap(), group);
    }
}

#[test]
fn values_are_converted_to_json() {
    let text = String::from("v");
    assert_eq!([value("v"), value(&text), value(text.clone())], ["v", "v", "v"]);
    assert_eq!(
        [
            value(-1_i8),
            value(-1_i16),
            value(-1_i32),
            value(-1_i64),
            value(-1_isize)
        ],
        [-1; 5]
    );
    assert_eq!(
        [value(1_u8), value(1_u16), value(1_u32), value(1_u64), value(1_usize)],
        [1; 5]
    );
    assert_eq!(value(u64::MAX), json!(u64::MAX));
    assert_eq!([value(true), value(false)], [true, false]);
    assert_eq!(value(Id::from(4021337)), 4021337);
    assert_eq!(value(Id::from("4021337")), "4021337");
    assert_eq!(value(json!(0.5)), 0.5);

    let moment: DateTime<Utc> = "2024-11-12T00:00:00.9Z".parse().unwrap();
    let elsewhere: DateTime<FixedOffset> = "2024-11-12T02:00:00+02:00".parse().unwrap();
    let shown: Timestamp = serde_json::from_value(json!("2024-11-12T00:00:00.5Z")).unwrap();
    assert_eq!(
        [
            value(moment),
            value(elsewhere),
            value(SystemTime::from(moment)),
            value(shown)
        ],
        [1731369600; 4]
    );
    assert_eq!(
        [values([&moment]), values([&shown])],
        [json!([1731369600]), json!([1731369600])]
    );
    assert_eq!(value(Timestamp::from(-86400)), -86400);

    assert_eq!(
        [value(NULL), value(None::<i64>), value(Value::Null)],
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(value(Some("v")), "v");
    assert_eq!(
        encoded(field("f").eq(NULL) & field("f").ne(1)).unwrap()["value"][0]["value"],
        Value::Null
    );
    let null = encoded(field("phone").eq(NULL)).unwrap();
    assert_eq!(null, json!({"field": "phone", "operator": "=", "value": null}));

    let list = vec![1, 2];
    for sent in [
        values([1, 2]),
        values(&list),
        values(&list[..]),
        values(json!([1, 2])),
        values(list),
    ] {
        assert_eq!(sent, json!([1, 2]));
    }
    assert_eq!(values((1..3).collect::<Operand>()), json!([1, 2]));
    assert_eq!(values([Some("v"), None]), json!(["v", null]));
    assert_eq!(values([Timestamp::from(5)]), json!([5]));
}

#[test]
fn chains_of_one_operator_are_one_group() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| field(name).eq(1));
    let flat = encoded(a.clone() & b.clone() & c.clone() & d.clone()).unwrap();
    assert_eq!(flat["value"].as_array().unwrap().len(), 4);
    assert_eq!(
        encoded((a.clone() & b.clone()) & (c.clone() & d.clone())).unwrap(),
        flat
    );
    assert_eq!(
        encoded(a.clone() & (b.clone() & (c.clone() & d.clone()))).unwrap(),
        flat
    );
    let names = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["field"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&flat["value"]), ["a", "b", "c", "d"]);
    // `&` binds tighter than `|`, as in arithmetic.
    let mixed = encoded(a.clone() & b | c & d).unwrap();
    assert_eq!(
        (&mixed["operator"], &mixed["value"][1]["operator"]),
        (&json!("OR"), &json!("AND"))
    );
}

#[test]
fn the_limits_of_the_server_are_checked() {
    assert_eq!(encoded(all_of(15)).unwrap()["value"].as_array().unwrap().len(), 15);
    let too_many = |operator| Err(QueryError::TooManyFilters { operator, filters: 16 });
    assert_eq!(encoded(all_of(16)), too_many("AND"));
    assert_eq!(
        encoded(all_of(15) & (field("f").eq(1) | field("f").eq(2))),
        too_many("AND")
    );
    assert_eq!(encoded(field("g").eq(1) | all_of(16)), too_many("AND"));
    let any_of_16 = (0..16).map(|i| field("f").eq(i)).reduce(|a, b| a | b).unwrap();
    assert_eq!(encoded(any_of_16), too_many("OR"));

    let deepest = all_of(2) | field("f").eq(1);
    assert!(encoded(deepest.clone()).is_ok());
    assert_eq!(
        encoded(deepest.clone() & field("f").eq(1)),
        Err(QueryError::TooDeep { levels: 3 })
    );
    assert_eq!(
        types::SearchRequest::try_from(deepest & field("f").eq(1))
            .unwrap_err()
            .to_string(),
        "groups are nested 3 levels deep, but the server allows 2; multiply out the inner groups"
    );
}

#[test]
fn lists_and_single_values_are_distinguished() {
    let f = field("f");
    let one = |operator| {
        Err(QueryError::OneValueExpected {
            field: "f".into(),
            operator,
        })
    };
    for (query, operator) in [
        (f.eq([1]), "="),
        (f.ne([1]), "!="),
        (f.lt([1]), "<"),
        (f.le([1]), "<="),
        (f.gt([1]), ">"),
        (f.ge([1]), ">="),
        (f.contains(["v"]), "~"),
        (f.not_contains(["v"]), "!~"),
        (f.starts_with(["v"]), "^"),
        (f.ends_with(["v"]), "$"),
    ] {
        assert_eq!(encoded(query), one(operator));
    }
    let list = |operator| {
        Err(QueryError::ListExpected {
            field: "f".into(),
            operator,
        })
    };
    let values = ["v".into_operand(), 1.into_operand(), true.into_operand()];
    for value in values.into_iter().chain([NULL, [[1]].into_operand()]) {
        assert_eq!(encoded(f.is_in(value.clone())), list("IN"));
        assert_eq!(encoded(f.eq(1) | f.not_in(value) & f.eq(2)), list("NIN"));
    }
}

/// An expression as a binary tree.
#[derive(Clone, Debug)]
enum Tree {
    Filter(&'static str, &'static str, Value),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

impl Tree {
    fn query(&self) -> Query {
        match self {
            Self::And(a, b) => a.query() & b.query(),
            Self::Or(a, b) => a.query() | b.query(),
            Self::Filter(name, operator, value) => {
                let (field, value) = (field(*name), value.clone());
                match *operator {
                    "=" => field.eq(value),
                    "!=" => field.ne(value),
                    "IN" => field.is_in(value),
                    "NIN" => field.not_in(value),
                    "<" => field.lt(value),
                    "<=" => field.le(value),
                    ">" => field.gt(value),
                    ">=" => field.ge(value),
                    "~" => field.contains(value),
                    "!~" => field.not_contains(value),
                    "^" => field.starts_with(value),
                    "$" => field.ends_with(value),
                    other => unreachable!("{other}"),
                }
            }
        }
    }

    fn holds(&self, record: &Value) -> bool {
        match self {
            Self::Filter(name, operator, value) => compare(&record[name], operator, value),
            Self::And(a, b) => a.holds(record) && b.holds(record),
            Self::Or(a, b) => a.holds(record) || b.holds(record),
        }
    }

    /// Returns the operands of a chain of `&` or `|`.
    fn chain(&self, and: bool) -> Vec<&Tree> {
        match self {
            Self::And(a, b) if and => [a.chain(and), b.chain(and)].concat(),
            Self::Or(a, b) if !and => [a.chain(and), b.chain(and)].concat(),
            other => vec![other],
        }
    }

    /// Returns the number of levels and the size of the largest group, as the documentation counts them.
    fn size(&self) -> (usize, usize) {
        let and = match self {
            Self::Filter(..) => return (0, 0),
            Self::And(..) => true,
            Self::Or(..) => false,
        };
        let chain = self.chain(and);
        let inner = chain.iter().map(|tree| tree.size());
        inner.fold((1, chain.len()), |(levels, largest), (l, n)| {
            (levels.max(l + 1), largest.max(n))
        })
    }
}

/// Compares a value like the server. Text is compared with text, and numbers with numbers.
fn compare(found: &Value, operator: &str, value: &Value) -> bool {
    let texts = found.as_str().zip(value.as_str());
    let numbers = found.as_i64().zip(value.as_i64());
    match operator {
        "=" => found == value,
        "!=" => found != value,
        "IN" => value.as_array().unwrap().contains(found),
        "NIN" => !value.as_array().unwrap().contains(found),
        "<" => numbers.is_some_and(|(a, b)| a < b),
        "<=" => numbers.is_some_and(|(a, b)| a <= b),
        ">" => numbers.is_some_and(|(a, b)| a > b),
        ">=" => numbers.is_some_and(|(a, b)| a >= b),
        "~" => texts.is_some_and(|(a, b)| a.contains(b)),
        "!~" => texts.is_some_and(|(a, b)| !a.contains(b)),
        "^" => texts.is_some_and(|(a, b)| a.starts_with(b)),
        "$" => texts.is_some_and(|(a, b)| a.ends_with(b)),
        other => unreachable!("{other}"),
    }
}

/// Evaluates the JSON form of a query like the server.
fn matches(filter: &Value, record: &Value) -> bool {
    let entries = || filter["value"].as_array().unwrap().iter();
    match filter["operator"].as_str().unwrap() {
        "AND" => entries().all(|entry| matches(entry, record)),
        "OR" => entries().any(|entry| matches(entry, record)),
        operator => compare(&record[filter["field"].as_str().unwrap()], operator, &filter["value"]),
    }
}

/// Returns the number of levels and the size of the largest group in the JSON form of a query.
fn measure(filter: &Value) -> (usize, usize) {
    if filter.get("field").is_some() {
        return (0, 0);
    }
    let entries = filter["value"].as_array().unwrap();
    let inner = entries.iter().map(measure);
    inner.fold((1, entries.len()), |(levels, largest), (l, n)| {
        (levels.max(l + 1), largest.max(n))
    })
}

fn text() -> impl Strategy<Value = Value> {
    prop::sample::select(vec!["a", "b", "ab", "ba"]).prop_map(Value::from)
}

fn filter() -> impl Strategy<Value = Tree> {
    let one = || {
        prop_oneof![
            text(),
            (0..4).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null)
        ]
    };
    let name = || prop::sample::select(vec!["x", "y"]);
    let filter = |operators: &[&'static str], value: BoxedStrategy<Value>| {
        (name(), prop::sample::select(operators.to_vec()), value).prop_map(|(n, o, v)| Tree::Filter(n, o, v))
    };
    prop_oneof![
        filter(&["=", "!="], one().boxed()),
        filter(
            &["IN", "NIN"],
            prop::collection::vec(one(), 0..4).prop_map(Value::from).boxed()
        ),
        filter(&["<", "<=", ">", ">="], (0..4).prop_map(Value::from).boxed()),
        filter(&["~", "!~", "^", "$"], text().boxed()),
    ]
}

/// Generates a chain of up to `most` operands with parentheses at random places.
fn chain(and: bool, most: usize, operand: impl Strategy<Value = Tree> + 'static) -> BoxedStrategy<Tree> {
    (
        prop::collection::vec(operand, 1..=most),
        prop::collection::vec(any::<prop::sample::Index>(), most),
    )
        .prop_map(move |(mut operands, places)| {
            for place in places {
                if operands.len() > 1 {
                    let at = place.index(operands.len() - 1);
                    let (a, b) = (Box::new(operands.remove(at)), operands.remove(at).into());
                    operands.insert(at, if and { Tree::And(a, b) } else { Tree::Or(a, b) });
                }
            }
            operands.remove(0)
        })
        .boxed()
}

/// Generates expressions of any size within the limits.
fn within_limits() -> BoxedStrategy<Tree> {
    any::<bool>()
        .prop_flat_map(|and| {
            chain(
                and,
                MAX_FILTERS,
                prop_oneof![3 => filter().boxed(), 1 => chain(!and, MAX_FILTERS, filter())],
            )
        })
        .boxed()
}

/// Returns a record for every pair of values of the fields.
fn records() -> impl Iterator<Item = Value> {
    let values = || {
        [
            json!("a"),
            json!("b"),
            json!("ab"),
            json!("ba"),
            json!(0),
            json!(2),
            json!(true),
            Value::Null,
        ]
    };
    values()
        .into_iter()
        .flat_map(move |x| values().into_iter().map(move |y| json!({"x": x, "y": y})))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expressions_within_the_limits_keep_their_meaning(tree in within_limits()) {
        let encoded = encoded(tree.query()).unwrap();
        let (levels, largest) = measure(&encoded);
        prop_assert!(levels <= MAX_LEVELS && largest <= MAX_FILTERS);
        prop_assert_eq!((levels, largest), tree.size());
        for record in records() {
            prop_assert_eq!(matches(&encoded, &record), tree.holds(&record), "{} in {}", record, encoded);
        }
    }

    #[test]
    fn expressions_beyond_the_limits_are_refused(
        tree in filter().prop_recursive(4, 60, 2, |inner| prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::And(a.into(), b.into())),
            (inner.clone(), inner).prop_map(|(a, b)| Tree::Or(a.into(), b.into())),
        ])
    ) {
        let (levels, largest) = tree.size();
        match encoded(tree.query()) {
            Ok(encoded) => prop_assert_eq!(measure(&encoded), (levels, largest)),
            Err(QueryError::TooDeep { levels: reported }) => prop_assert!(reported == levels && levels > MAX_LEVELS),
            Err(QueryError::TooManyFilters { .. }) => prop_assert!(largest > MAX_FILTERS),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
