//! The mock accepts the requests of Intercom's official SDKs, and responds as they expect. Expected
//! values come from recorded requests and responses, and from the sources of the SDKs.

use intercom_client::mock::MockIntercom;
use intercom_client::webhooks::Receiver;
use intercom_client::{Method, RetryPolicy};
use serde_json::{Value, json};

use crate::state::TestMock;

const ADA: &str = "66f1c2a9d04b7e8351aa0c11";
const ADMIN: &str = "4021337";

fn empty() -> TestMock {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    TestMock { intercom, client }
}

#[tokio::test]
async fn urls_in_responses_of_a_served_mock_lead_to_it() {
    let intercom = MockIntercom::builder().serve().await;
    let client = intercom.client();
    for i in 0..3 {
        let event = json!({"event_name": format!("e-{i}"), "created_at": 1_764_000_000 + i, "id": ADA});
        client.create_data_event().body(event).await.unwrap();
        client
            .create_note()
            .id(ADA)
            .body(json!({"admin_id": ADMIN, "body": "x"}))
            .await
            .unwrap();
    }
    let follow = async |url: &str| -> Value {
        let request = reqwest::Client::new()
            .get(url)
            .bearer_auth(intercom_client::mock::TOKEN);
        let response = request.header("Intercom-Version", "2.9").send().await.unwrap();
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    };
    for path in [
        format!("/contacts/{ADA}/notes?per_page=1"),
        format!("/events?type=user&intercom_user_id={ADA}&per_page=1"),
    ] {
        let first = follow(&format!("{}{path}", intercom.url())).await;
        let second = follow(first["pages"]["next"].as_str().unwrap()).await;
        let items = |page: &Value| page.get("data").or(page.get("events")).cloned().unwrap();
        assert_eq!(items(&second).as_array().unwrap().len(), 1, "{path}");
        assert_ne!(items(&first), items(&second), "{path}");
    }
}

#[tokio::test]
async fn paths_may_end_in_a_slash() {
    let mock = TestMock::new();
    let range = json!({"created_at_after": 1, "created_at_before": 2});
    let job = mock.post("/export/content/data/", range).await;
    assert_eq!(job["status"], "pending");
    let call = json!({"phone": "+353832345678"});
    assert_eq!(
        mock.post("/phone_call_redirects/", call).await["type"],
        "phone_call_redirect"
    );
}

#[tokio::test]
async fn a_scroll_parameter_needs_no_encoding() {
    let mock = TestMock::new();
    let first = mock.get("/companies/scroll").await;
    let parameter = first["scroll_param"].as_str().unwrap();
    assert!(
        parameter.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'),
        "{parameter}"
    );
    assert_eq!(parameter.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
}

#[tokio::test]
async fn conversations_are_managed_by_replies_too() {
    let mock = TestMock::new();
    let message = mock
        .post(
            "/conversations",
            json!({"from": {"type": "user", "id": ADA}, "body": "Hello"}),
        )
        .await;
    let reply = format!("/conversations/{}/reply", message["conversation_id"].as_str().unwrap());
    for (request, state, part) in [
        (
            json!({"message_type": "snoozed", "admin_id": ADMIN, "snoozed_until": 1_900_000_000}),
            "snoozed",
            "snoozed",
        ),
        (json!({"message_type": "open", "admin_id": ADMIN}), "open", "open"),
        (
            json!({"message_type": "close", "type": "admin", "admin_id": ADMIN}),
            "closed",
            "close",
        ),
    ] {
        let shown = mock.post(&reply, request).await;
        assert_eq!(shown["state"], state);
        let parts = shown["conversation_parts"]["conversation_parts"].as_array().unwrap();
        assert_eq!(parts.last().unwrap()["part_type"], part);
    }
}

#[tokio::test]
async fn ids_in_requests_are_numbers_or_text() {
    let mock = TestMock::new();
    let article = json!({"title": "T", "author_id": ADMIN, "parent_id": "6610201", "parent_type": "collection"});
    let article = mock.post("/articles", article).await;
    assert_eq!(
        (&article["author_id"], &article["parent_id"]),
        (&json!(4_021_337), &json!(6_610_201))
    );
    let contact = mock.put(&format!("/contacts/{ADA}"), json!({"owner_id": ADMIN})).await;
    assert_eq!(contact["owner_id"], 4_021_337);
    let contact = mock.post("/contacts", json!({"external_id": 4711})).await;
    assert_eq!(contact["external_id"], "4711");
    let company = mock.post("/companies", json!({"company_id": 42, "name": "Acme"})).await;
    assert_eq!(company["company_id"], "42");
    assert_eq!(mock.get("/companies?company_id=42").await["id"], company["id"]);
}

#[tokio::test]
async fn the_parent_of_a_section_is_a_number_in_what_is_read() {
    let mock = TestMock::new();
    for parent in [json!(6_610_201), json!("6610201")] {
        let section = mock
            .post("/help_center/sections", json!({"name": "S", "parent_id": parent}))
            .await;
        assert_eq!(section["parent_id"], "6610201");
        let path = format!("/help_center/sections/{}", section["id"].as_str().unwrap());
        assert_eq!(mock.get(&path).await["parent_id"], 6_610_201);
    }
}

#[tokio::test]
async fn values_outside_of_the_options_of_an_attribute_are_rejected() {
    let mock = TestMock::new();
    for (model, path) in [("contact", "/contacts"), ("company", "/companies")] {
        let options = json!([{"value": "red"}, {"value": "blue"}]);
        let name = format!("{model}_color");
        let attribute = json!({"name": name, "model": model, "data_type": "string", "options": options});
        mock.post("/data_attributes", attribute).await;
        let request =
            |value: Value| json!({"external_id": "o-1", "company_id": "o-1", "custom_attributes": {&name: value}});
        let (status, _) = mock.error(Method::POST, path, request(json!("green"))).await;
        assert_eq!(status, 400);
        let made = mock.post(path, request(json!("red"))).await;
        assert_eq!(made["custom_attributes"][&name], "red");
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        let (status, _) = mock.error(Method::PUT, &path, request(json!("green"))).await;
        assert_eq!(status, 400);
        mock.put(&path, request(Value::Null)).await;
    }
}

#[tokio::test]
async fn a_company_of_both_merged_contacts_counts_one_user() {
    let mock = TestMock::new();
    let company = mock.post("/companies", json!({"company_id": "m-1"})).await;
    let company_path = format!("/companies/{}", company["id"].as_str().unwrap());
    let mut ids = Vec::new();
    for role in ["lead", "user"] {
        let contact = mock
            .post(
                "/contacts",
                json!({"role": role, "email": format!("{role}@acme.example")}),
            )
            .await;
        let id = contact["id"].as_str().unwrap().to_owned();
        mock.post(&format!("/contacts/{id}/companies"), json!({"id": company["id"]}))
            .await;
        ids.push(id);
    }
    assert_eq!(mock.get(&company_path).await["user_count"], 2);
    mock.post("/contacts/merge", json!({"from": ids[0], "into": ids[1]}))
        .await;
    assert_eq!(mock.get(&company_path).await["user_count"], 1);
    let contacts = mock.get(&format!("{company_path}/contacts")).await;
    assert_eq!(contacts["total_count"], 1);
}

#[tokio::test]
async fn only_published_articles_have_a_url() {
    let mock = TestMock::new();
    let draft = mock
        .post("/articles", json!({"title": "First steps", "author_id": ADMIN}))
        .await;
    assert_eq!((&draft["state"], &draft["url"]), (&json!("draft"), &Value::Null));
    let id = draft["id"].as_str().unwrap();
    let published = mock
        .put(&format!("/articles/{id}"), json!({"state": "published"}))
        .await;
    let url = published["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/{id}-first-steps")), "{url}");
    let draft = mock.put(&format!("/articles/{id}"), json!({"state": "draft"})).await;
    assert_eq!(draft["url"], Value::Null);
}

#[tokio::test]
async fn segments_count_their_contacts_if_asked() {
    let mock = TestMock::new();
    let segments = mock.get("/segments?include_count=true").await;
    let segments = segments["segments"].as_array().unwrap();
    assert!(segments.iter().all(|segment| segment["count"].is_u64()), "{segments:?}");
    let plain = mock.get("/segments").await;
    assert!(plain["segments"][0].get("count").is_none());
    let one = mock
        .get(&format!(
            "/segments/{}?include_count=true",
            segments[0]["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(one["count"], segments[0]["count"]);
}

#[tokio::test]
async fn an_attribute_is_found_under_its_own_ticket_type() {
    let mock = TestMock::new();
    let make = async |name: &str| mock.post("/ticket_types", json!({"name": name})).await;
    let (own, other) = (make("own").await, make("other").await);
    let path = |kind: &Value| format!("/ticket_types/{}/attributes", kind["id"].as_str().unwrap());
    let attribute = mock
        .post(
            &path(&own),
            json!({"name": "a", "description": "", "data_type": "string"}),
        )
        .await;
    let id = attribute["id"].as_str().unwrap();
    let change = json!({"description": "changed"});
    let (status, _) = mock
        .error(Method::PUT, &format!("{}/{id}", path(&other)), change.clone())
        .await;
    assert_eq!(status, 404);
    let changed = mock.put(&format!("{}/{id}", path(&own)), change).await;
    assert_eq!(changed["description"], "changed");
}

#[tokio::test]
async fn the_admin_of_the_token_is_an_admin_of_the_workspace() {
    let mock = empty();
    let seeded = TestMock::new();
    seeded.intercom.seed(
        "list_admins",
        [json!({"type": "admin", "id": "7", "name": "Noa", "email": "noa@acme.example"})],
    );
    for (mock, id) in [(TestMock::new(), ADMIN), (mock, ADMIN), (seeded, "7")] {
        let me = mock.get("/me").await;
        assert_eq!(me["id"], id);
        assert!(me["app"]["region"].is_string());
        let admin = mock.get(&format!("/admins/{id}")).await;
        assert_eq!((&admin["name"], &admin["email"]), (&me["name"], &me["email"]));
        let contact = mock.post("/contacts", json!({"role": "lead"})).await;
        let notes = format!("/contacts/{}/notes", contact["id"].as_str().unwrap());
        let note = mock.post(&notes, json!({"admin_id": id, "body": "x"})).await;
        assert_eq!(note["author"]["name"], me["name"]);
    }
}

#[tokio::test]
async fn an_empty_workspace_has_the_built_in_attributes() {
    let mock = empty();
    let attributes = mock.get("/data_attributes").await;
    let attributes = attributes["data"].as_array().unwrap();
    assert!(!attributes.is_empty());
    assert!(attributes.iter().all(|attribute| attribute["custom"] == false));
}

#[tokio::test]
async fn a_tag_that_is_not_attached_cannot_be_removed() {
    let mock = TestMock::new();
    mock.post("/companies", json!({"company_id": "t-1"})).await;
    let request = |untag: bool| json!({"name": "rare", "companies": [{"company_id": "t-1", "untag": untag}]});
    let (status, _) = mock.error(Method::POST, "/tags", request(true)).await;
    assert_eq!(status, 404);
    let tags = mock.get("/tags").await;
    assert!(tags["data"].as_array().unwrap().iter().all(|tag| tag["name"] != "rare"));
    mock.post("/tags", request(false)).await;
    mock.post("/tags", request(true)).await;
    let (status, _) = mock.error(Method::POST, "/tags", request(true)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn events_are_a_list_or_a_summary() {
    let mock = TestMock::new();
    let event = json!({"event_name": "bought", "created_at": 1_764_000_000, "id": ADA});
    mock.post("/events", event).await;
    let path = format!("/events?type=user&intercom_user_id={ADA}");
    assert_eq!(mock.get(&path).await["type"], "event.list");
    assert_eq!(mock.get(&format!("{path}&summary=true")).await["type"], "event.summary");
}

#[tokio::test]
async fn the_state_of_a_ticket_is_an_object_in_notifications() {
    let topics = ["ticket.created", "ticket.state.updated", "ticket.note.created"];
    let intercom = MockIntercom::builder().webhooks(topics).build();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let mock = TestMock { intercom, client };
    let kind = mock.post("/ticket_types", json!({"name": "Bug"})).await;
    let ticket = json!({"ticket_type_id": kind["id"], "contacts": [{"id": ADA}]});
    let ticket = mock.post("/tickets", ticket).await;
    let path = format!("/tickets/{}", ticket["id"].as_str().unwrap());
    mock.put(&path, json!({"state": "in_progress"})).await;
    let note = json!({"message_type": "note", "type": "admin", "admin_id": ADMIN, "body": "x"});
    mock.post(&format!("{path}/reply"), note).await;
    let requests = mock.intercom.notifications(&Receiver::new("5e0c27a1").unwrap());
    let states = requests.iter().map(|request| {
        let notification: Value = serde_json::from_slice(request.body()).unwrap();
        let item = &notification["data"]["item"];
        let ticket = item.get("ticket").unwrap_or(item);
        ticket["ticket_state"]["category"].clone()
    });
    assert_eq!(states.collect::<Vec<_>>(), ["submitted", "in_progress", "in_progress"]);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_rejected_with_a_sentence() {
    let intercom = MockIntercom::builder().serve().await;
    let request = reqwest::Client::new().post(format!("{}/articles", intercom.url()));
    let request = request
        .bearer_auth(intercom_client::mock::TOKEN)
        .header("Intercom-Version", "2.9");
    let response = request.body("{\"title\": ").send().await.unwrap();
    assert_eq!(response.status(), 400);
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["status"], 400);
    assert!(body["error"].is_string() && body.get("errors").is_none(), "{body}");
}

#[tokio::test]
async fn notes_of_the_same_second_are_listed_newest_first() {
    let mock = TestMock::new();
    let contact = mock.post("/contacts", json!({"role": "lead"})).await;
    let path = format!("/contacts/{}/notes", contact["id"].as_str().unwrap());
    for body in ["one", "two", "three"] {
        mock.post(&path, json!({"admin_id": ADMIN, "body": body})).await;
    }
    let notes = mock.get(&path).await;
    let notes = notes["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["body"].clone());
    assert_eq!(notes.collect::<Vec<_>>(), ["<p>three</p>", "<p>two</p>", "<p>one</p>"]);
}
