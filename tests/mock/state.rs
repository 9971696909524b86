//! Scenarios that create, find, list, search, relate and delete records, one for each group of
//! operations.
//!
//! Together they call every operation that is not in the table "How far it goes". The expected
//! values come from the recorded requests and responses of the description, and from reports of
//! connectors.

use std::collections::BTreeSet;

use intercom_client::mock::MockIntercom;
use intercom_client::{Client, Error, Method, RetryPolicy};
use operation_tables::OPERATIONS;
use serde_json::{Value, json};

const ADA: &str = "66f1c2a9d04b7e8351aa0c11";
const ADMIN: &str = "4021337";

/// A mock with a client that does not retry.
pub(crate) struct TestMock {
    pub(crate) intercom: MockIntercom,
    pub(crate) client: Client,
}

impl TestMock {
    pub(crate) fn new() -> Self {
        let intercom = MockIntercom::new();
        let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
        Self { intercom, client }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut request = self.client.request(method, path);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap();
            request = request.query(name, value);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.bytes().await?;
        Ok(serde_json::from_slice(&response).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.call(Method::PUT, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.call(Method::DELETE, path, None).await.unwrap()
    }

    /// Returns the status and code of a failing call.
    pub(crate) async fn error(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let body = (method != Method::GET).then_some(body);
        let error = self.call(method, path, body).await.unwrap_err();
        (
            error.status().unwrap().as_u16(),
            error.code().unwrap_or_default().to_owned(),
        )
    }

    /// Returns the status of a failing GET.
    async fn get_error_status(&self, path: &str) -> u16 {
        self.error(Method::GET, path, Value::Null).await.0
    }

    async fn create_contact(&self, body: Value) -> String {
        id(&self.post("/contacts", body).await)
    }

    /// Returns the ids of the first page of a list.
    async fn ids(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await;
        ids(&list)
    }

    async fn search(&self, kind: &str, field: &str, operator: &str, value: Value) -> Vec<String> {
        let query = json!({"query": {"field": field, "operator": operator, "value": value}});
        ids(&self.post(&format!("/{kind}/search"), query).await)
    }
}

fn id(record: &Value) -> String {
    text(&record["id"])
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn items(list: &Value) -> &[Value] {
    let mut lists = list.as_object().unwrap().values().filter_map(Value::as_array);
    lists.next().unwrap()
}

fn ids(list: &Value) -> Vec<String> {
    items(list).iter().map(id).collect()
}

fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.as_secs().cast_signed()
}

async fn contacts(mock: &TestMock) {
    // A new record has the values of the request, and none of the example.
    let by_key = mock.post("/contacts", json!({"external_id": "usr-7"})).await;
    assert_eq!(
        (&by_key["email"], &by_key["name"], &by_key["role"]),
        (&Value::Null, &Value::Null, &json!("user"))
    );
    assert_eq!(by_key["external_id"], "usr-7");
    assert_eq!(by_key["tags"]["url"], format!("/contacts/{}/tags", id(&by_key)));
    assert!((now() - by_key["created_at"].as_i64().unwrap()).abs() < 60);
    // An example with the same email address is not a conflict.
    let ada = json!({"email": "ada@juniper-freight.example", "custom_attributes": {"plan": "scale"}});
    let ada_id = mock.create_contact(ada.clone()).await;
    assert_eq!(
        mock.error(Method::POST, "/contacts", ada).await,
        (409, "conflict".to_owned())
    );
    let taken = json!({"email": "ada@juniper-freight.example"});
    let path = format!("/contacts/{}", id(&by_key));
    assert_eq!(mock.error(Method::PUT, &path, taken).await.0, 409);
    // Leads can share email addresses, and get an external id from the server.
    let lead = mock
        .post(
            "/contacts",
            json!({"email": "ada@juniper-freight.example", "role": "lead"}),
        )
        .await;
    assert_eq!(lead["external_id"].as_str().unwrap().len(), 36);
    assert_eq!(mock.error(Method::PUT, &path, json!({"role": "lead"})).await.0, 400);

    let changed = mock
        .put(
            &path,
            json!({"name": "Bo", "custom_attributes": {"seats": 2}, "phone": null}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["custom_attributes"]),
        (&json!("Bo"), &json!({"seats": 2}))
    );
    assert_eq!(mock.get(&path).await, changed);
    assert_eq!(
        mock.search("contacts", "external_id", "=", json!("usr-7")).await,
        [id(&by_key)]
    );
    assert_eq!(
        mock.search("contacts", "custom_attributes.seats", ">", json!(1)).await,
        [id(&by_key)]
    );
    assert!(mock.ids("/contacts").await.contains(&ada_id));

    let archive = mock.post(&format!("{path}/archive"), json!({})).await;
    assert_eq!(
        archive,
        json!({"id": id(&by_key), "object": "contact", "archived": true})
    );
    assert_eq!(mock.get_error_status(&path).await, 404);
    assert!(!mock.ids("/contacts").await.contains(&id(&by_key)));
    assert!(
        mock.search("contacts", "external_id", "=", json!("usr-7"))
            .await
            .is_empty()
    );
    let conflict = mock
        .call(Method::POST, "/contacts", Some(json!({"external_id": "usr-7"})))
        .await
        .unwrap_err();
    assert!(
        conflict
            .to_string()
            .contains("An archived contact matching those details"),
        "{conflict}"
    );
    assert_eq!(conflict.conflicting_id(), Some(id(&by_key).as_str()));
    mock.post(&format!("{path}/unarchive"), json!({})).await;
    assert_eq!(mock.get(&path).await["name"], "Bo");

    // The merged contact gets the missing fields, the notes and the conversations of the other one.
    let note = mock
        .post(
            &format!("/contacts/{}/notes", id(&lead)),
            json!({"admin_id": ADMIN, "body": "Hi"}),
        )
        .await;
    let message = mock
        .post(
            "/conversations",
            json!({"from": {"type": "lead", "id": id(&lead)}, "body": "Hello"}),
        )
        .await;
    let merged = mock
        .post("/contacts/merge", json!({"from": id(&lead), "into": id(&by_key)}))
        .await;
    assert_eq!((id(&merged), &merged["name"]), (id(&by_key), &json!("Bo")));
    assert_eq!(merged["email"], "ada@juniper-freight.example");
    assert_eq!(mock.get_error_status(&format!("/contacts/{}", id(&lead))).await, 404);
    assert!(!mock.ids("/contacts").await.contains(&id(&lead)));
    assert_eq!(mock.ids(&format!("{path}/notes")).await, [id(&note)]);
    let conversation = mock
        .get(&format!("/conversations/{}", text(&message["conversation_id"])))
        .await;
    assert_eq!(ids(&conversation["contacts"]), [id(&by_key)]);
    assert_eq!(
        mock.error(Method::POST, "/contacts/merge", json!({"from": "x", "into": ada_id}))
            .await
            .0,
        404
    );

    let deleted = mock.delete(&path).await;
    assert_eq!(
        deleted,
        json!({"id": id(&by_key), "object": "contact", "deleted": true})
    );
    assert_eq!(mock.error(Method::DELETE, &path, Value::Null).await.0, 404);
}

async fn companies(mock: &TestMock) {
    let company = json!({"company_id": "acme", "name": "Acme", "plan": "scale", "monthly_spend": 9.5, "size": 3});
    let created = mock.post("/companies", company).await;
    assert_eq!(
        (
            &created["name"],
            &created["plan"]["name"],
            &created["custom_attributes"]
        ),
        (&json!("Acme"), &json!("scale"), &json!({}))
    );
    // POST updates the company with a known key.
    let updated = mock
        .post("/companies", json!({"company_id": "acme", "name": "Acme Inc"}))
        .await;
    assert_eq!(
        (id(&updated), &updated["name"], &updated["size"]),
        (id(&created), &json!("Acme Inc"), &json!(3))
    );
    assert_eq!(
        mock.error(Method::POST, "/companies", json!({"test": "invalid"})).await,
        (400, "bad_request".to_owned())
    );
    let path = format!("/companies/{}", id(&created));
    assert_eq!(
        mock.put(&path, json!({"website": "https://acme.example"})).await["website"],
        "https://acme.example"
    );
    assert_eq!(id(&mock.get("/companies?company_id=acme").await), id(&created));
    assert_eq!(id(&mock.get("/companies?name=Acme Inc").await), id(&created));
    assert_eq!(
        mock.error(Method::GET, "/companies?company_id=none", Value::Null).await,
        (404, "company_not_found".to_owned())
    );

    // Companies without contacts are not listed.
    let list = |mock: &TestMock| {
        let mock = TestMock {
            intercom: mock.intercom.clone(),
            client: mock.client.clone(),
        };
        async move { ids(&mock.post("/companies/list", json!({})).await) }
    };
    assert!(!list(mock).await.contains(&id(&created)));
    let bo = mock.create_contact(json!({"email": "bo@acme.example"})).await;
    let of_bo = format!("/contacts/{bo}/companies");
    let attached = mock.post(&of_bo, json!({"id": id(&created)})).await;
    assert_eq!((id(&attached), &attached["user_count"]), (id(&created), &json!(1)));
    assert!(list(mock).await.contains(&id(&created)));
    assert!(mock.ids("/companies").await.contains(&id(&created)));
    assert_eq!(mock.ids(&of_bo).await, [id(&created)]);
    assert_eq!(mock.ids(&format!("{path}/contacts")).await, std::slice::from_ref(&bo));
    let shown = mock.get(&format!("/contacts/{bo}")).await;
    assert_eq!(
        (&shown["companies"]["total_count"], id(&shown["companies"]["data"][0])),
        (&json!(1), id(&created))
    );
    assert_eq!(
        mock.error(Method::POST, &of_bo, json!({})).await,
        (400, "parameter_not_found".to_owned())
    );
    assert_eq!(
        mock.error(Method::POST, &of_bo, json!({"id": "1"})).await,
        (404, "company_not_found".to_owned())
    );

    let tag = mock
        .post("/tags", json!({"name": "big", "companies": [{"company_id": "acme"}]}))
        .await;
    assert_eq!(
        mock.ids(&format!("/companies?tag_id={}", id(&tag))).await,
        [id(&created)]
    );
    assert_eq!(ids(&mock.get(&path).await["tags"]), [id(&tag)]);
    assert!(
        mock.ids("/companies?segment_id=66f1d0330d3a5c41e2f0a102")
            .await
            .is_empty()
    );
    assert_eq!(mock.ids(&format!("{path}/segments")).await, [""; 0]);

    let scroll = mock.get("/companies/scroll").await;
    assert!(ids(&scroll).contains(&id(&created)));
    assert_eq!(
        mock.error(Method::GET, "/companies/scroll", Value::Null).await,
        (400, "scroll_exists".to_owned())
    );
    let parameter = scroll["scroll_param"].as_str().unwrap().to_owned();
    let end = mock
        .client
        .request(Method::GET, "/companies/scroll")
        .query("scroll_param", parameter)
        .bytes()
        .await
        .unwrap();
    assert!(items(&serde_json::from_slice(&end).unwrap()).is_empty());

    let detached = mock.delete(&format!("{of_bo}/{}", id(&created))).await;
    assert_eq!(detached["user_count"], 0);
    assert!(mock.ids(&of_bo).await.is_empty() && mock.ids(&format!("{path}/contacts")).await.is_empty());
    assert_eq!(
        mock.error(Method::DELETE, &format!("{of_bo}/{}", id(&created)), Value::Null)
            .await
            .0,
        404
    );
    mock.delete(&path).await;
    assert_eq!(mock.get_error_status(&path).await, 404);
}

async fn tags(mock: &TestMock) {
    let tag = mock.post("/tags", json!({"name": "Urgent"})).await;
    assert_eq!(tag["name"], "Urgent");
    // Tag names are case-insensitive.
    assert_eq!(id(&mock.post("/tags", json!({"name": "urgent"})).await), id(&tag));
    let renamed = mock.post("/tags", json!({"id": id(&tag), "name": "Now"})).await;
    assert_eq!((id(&renamed), &renamed["name"]), (id(&tag), &json!("Now")));
    assert_eq!(mock.get(&format!("/tags/{}", id(&tag))).await, renamed);
    assert!(mock.ids("/tags").await.contains(&id(&tag)));
    assert_eq!(
        mock.error(Method::POST, "/tags", json!({"test": "invalid"})).await,
        (400, "parameter_invalid".to_owned())
    );
    let unknown_contact = json!({"name": "Now", "users": [{"id": "123"}]});
    assert_eq!(
        mock.error(Method::POST, "/tags", unknown_contact).await,
        (404, "not_found".to_owned())
    );

    let bo = mock.create_contact(json!({"email": "bo@tags.example"})).await;
    let path = format!("/contacts/{bo}/tags");
    let attached = mock.post(&path, json!({"id": id(&tag)})).await;
    assert_eq!(attached["applied_by"], json!({"type": "admin", "id": ADMIN}));
    assert_eq!(mock.ids(&path).await, [id(&tag)]);
    assert_eq!(
        mock.search("contacts", "tag_id", "=", json!(id(&tag))).await,
        std::slice::from_ref(&bo)
    );
    mock.delete(&format!("{path}/{}", id(&tag))).await;
    assert!(mock.ids(&path).await.is_empty());
    assert_eq!(
        mock.error(Method::DELETE, &format!("{path}/{}", id(&tag)), Value::Null)
            .await
            .0,
        404
    );
    assert_eq!(mock.error(Method::POST, &path, json!({"id": "123"})).await.0, 404);
    mock.post("/tags", json!({"name": "Now", "users": [{"id": bo}]})).await;
    assert_eq!(mock.ids(&path).await, [id(&tag)]);
    mock.post("/tags", json!({"name": "Now", "users": [{"id": bo, "untag": true}]}))
        .await;
    assert!(mock.ids(&path).await.is_empty());

    mock.post(&path, json!({"id": id(&tag)})).await;
    mock.delete(&format!("/tags/{}", id(&tag))).await;
    assert!(mock.ids(&path).await.is_empty() && !mock.ids("/tags").await.contains(&id(&tag)));
}

async fn notes(mock: &TestMock) {
    let bo = mock.create_contact(json!({"email": "bo@notes.example"})).await;
    let path = format!("/contacts/{bo}/notes");
    let first = mock.post(&path, json!({"admin_id": 4_021_338, "body": "Hello"})).await;
    assert_eq!(
        (&first["body"], &first["contact"]["id"]),
        (&json!("<p>Hello</p>"), &json!(bo))
    );
    assert_eq!(first["author"]["name"], "Idris Okafor");
    assert_eq!(mock.get(&format!("/notes/{}", id(&first))).await, first);
    assert_eq!(mock.ids(&path).await, [id(&first)]);
    let unknown_admin = json!({"admin_id": 123, "body": "Hello"});
    assert_eq!(
        mock.error(Method::POST, &path, unknown_admin).await,
        (404, "not_found".to_owned())
    );
    assert_eq!(mock.get(&format!("/contacts/{bo}")).await["notes"]["total_count"], 1);
    assert_eq!(mock.get_error_status("/notes/1").await, 404);
}

async fn conversations(mock: &TestMock) {
    let bo = mock
        .create_contact(json!({"email": "bo@talk.example", "name": "Bo"}))
        .await;
    let from = json!({"type": "user", "id": bo});
    let message = mock
        .post("/conversations", json!({"from": from, "body": "I need support"}))
        .await;
    assert_eq!(
        (&message["type"], &message["body"]),
        (&json!("user_message"), &json!("I need support"))
    );
    let conversation = text(&message["conversation_id"]);
    let path = format!("/conversations/{conversation}");
    let created = mock.get(&path).await;
    assert_eq!(
        (&created["source"]["id"], &created["source"]["body"]),
        (&message["id"], &json!("<p>I need support</p>"))
    );
    assert_eq!(
        (&created["source"]["author"]["id"], &created["state"]),
        (&json!(bo), &json!("open"))
    );
    assert_eq!(ids(&created["contacts"]), std::slice::from_ref(&bo));
    let plain = mock.get(&format!("{path}?display_as=plaintext")).await;
    assert_eq!(plain["source"]["body"], "I need support");
    let unknown_contact = json!({"from": {"type": "user", "id": "123_doesnt_exist"}, "body": "Hi"});
    assert_eq!(
        mock.error(Method::POST, "/conversations", unknown_contact).await,
        (404, "not_found".to_owned())
    );
    assert_eq!(mock.get_error_status("/conversations/1").await, 404);

    let reply = format!("{path}/reply");
    let comment =
        |kind: &str, body: &str| json!({"message_type": kind, "type": "admin", "admin_id": ADMIN, "body": body});
    let replied = mock.post(&reply, comment("comment", "On it")).await;
    let parts = |value: &Value| items(&value["conversation_parts"]).to_vec();
    let last = |value: &Value| parts(value).last().unwrap().clone();
    assert_eq!(
        (&last(&replied)["body"], &last(&replied)["part_type"]),
        (&json!("<p>On it</p>"), &json!("comment"))
    );
    assert_eq!(last(&replied)["author"]["name"], "Maren Holt");
    assert_eq!(replied["statistics"]["count_conversation_parts"], 1);
    assert!(replied["statistics"]["first_admin_reply_at"].is_i64() && replied["waiting_since"].is_null());
    let noted = mock.post(&reply, comment("note", "Secret")).await;
    assert_eq!((parts(&noted).len(), &last(&noted)["part_type"]), (2, &json!("note")));
    assert_eq!(mock.get(&path).await, noted);

    let manage = format!("{path}/parts");
    let act = |kind: &str| json!({"message_type": kind, "type": "admin", "admin_id": ADMIN, "body": "Bye"});
    let closed = mock.post(&manage, act("close")).await;
    assert_eq!(
        (&closed["state"], &closed["open"], &last(&closed)["part_type"]),
        (&json!("closed"), &json!(false), &json!("close"))
    );
    assert!(closed["statistics"]["last_close_at"].is_i64());
    let reopened = mock
        .post(
            "/conversations/last/reply",
            json!({"message_type": "comment", "type": "user", "intercom_user_id": bo, "body": "Wait"}),
        )
        .await;
    assert_eq!(
        (id(&reopened), &reopened["state"], &last(&reopened)["part_type"]),
        (conversation.clone(), &json!("open"), &json!("open"))
    );
    assert!(reopened["waiting_since"].is_i64() && reopened["first_contact_reply"]["created_at"].is_i64());
    let until = now() + 3600;
    let snooze = json!({"message_type": "snoozed", "admin_id": ADMIN, "snoozed_until": until});
    let snoozed = mock.post(&manage, snooze).await;
    assert_eq!(
        (&snoozed["state"], &snoozed["snoozed_until"]),
        (&json!("snoozed"), &json!(until))
    );
    let opened = mock
        .post(&manage, json!({"message_type": "open", "admin_id": ADMIN}))
        .await;
    assert_eq!(
        (&opened["state"], &opened["snoozed_until"]),
        (&json!("open"), &Value::Null)
    );
    let assign = json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": 6180});
    let assigned = mock.post(&manage, assign).await;
    assert_eq!(
        (&assigned["team_assignee_id"], &last(&assigned)["assigned_to"]["id"]),
        (&json!(6180), &json!("6180"))
    );
    let assigned = mock.post(&format!("{path}/run_assignment_rules"), json!({})).await;
    assert_eq!(last(&assigned)["part_type"], "default_assignment");

    let read = mock
        .put(&path, json!({"read": true, "custom_attributes": {"topic": "maps"}}))
        .await;
    assert_eq!(
        (&read["read"], &read["custom_attributes"]["topic"]),
        (&json!(true), &json!("maps"))
    );
    let tag = id(&mock.post("/tags", json!({"name": "talk"})).await);
    mock.post(&format!("{path}/tags"), json!({"id": tag, "admin_id": 4_021_338}))
        .await;
    let tagged = mock.get(&path).await;
    assert_eq!(
        (ids(&tagged["tags"]), &tagged["tags"]["tags"][0]["applied_by"]["id"]),
        (vec![tag.clone()], &json!("4021338"))
    );

    for (field, value) in [
        ("contact_ids", json!(bo)),
        ("tag_ids", json!(tag)),
        ("source.body", json!("support")),
    ] {
        assert_eq!(
            mock.search("conversations", field, "=", value).await,
            std::slice::from_ref(&conversation),
            "{field}"
        );
    }
    assert_eq!(
        mock.search("conversations", "teammate_ids", "=", json!(ADMIN)).await,
        std::slice::from_ref(&conversation)
    );
    // Comparisons include the bound.
    let created = created["created_at"].as_i64().unwrap();
    assert!(
        mock.search("conversations", "created_at", ">", json!(created))
            .await
            .contains(&conversation)
    );
    assert!(mock.ids("/conversations").await.contains(&conversation));
    mock.delete(&format!("{path}/tags/{tag}")).await;
    assert!(ids(&mock.get(&path).await["tags"]).is_empty());
    let untag = format!("{path}/tags/{tag}");
    assert_eq!(
        mock.error(Method::DELETE, &untag, json!({"admin_id": ADMIN})).await,
        (404, "tag_not_found".to_owned())
    );

    let customers = format!("{path}/customers");
    let join = json!({"admin_id": ADMIN, "customer": {"intercom_user_id": ADA}});
    assert_eq!(ids(&mock.post(&customers, join).await), [bo.clone(), ADA.to_owned()]);
    assert_eq!(
        mock.search("conversations", "contact_ids", "=", json!(ADA))
            .await
            .last(),
        Some(&conversation)
    );
    let leave = |contact: &str| format!("{customers}/{contact}");
    mock.call(Method::DELETE, &leave(ADA), Some(json!({"admin_id": ADMIN})))
        .await
        .unwrap();
    let (last_contact, detached_contact) = (leave(&bo), leave(ADA));
    assert_eq!(
        mock.error(Method::DELETE, &last_contact, json!({"admin_id": ADMIN}))
            .await,
        (422, "parameter_invalid".to_owned())
    );
    assert_eq!(
        mock.error(Method::DELETE, &detached_contact, json!({"admin_id": ADMIN}))
            .await
            .0,
        404
    );

    let redact = json!({"type": "conversation_part", "conversation_id": conversation, "conversation_part_id": id(&last(&noted))});
    let redacted = mock.post("/conversations/redact", redact).await;
    let part = parts(&redacted)
        .into_iter()
        .find(|part| id(part) == id(&last(&noted)))
        .unwrap();
    assert_eq!(
        (&part["redacted"], part["body"].as_str().unwrap().contains("Secret")),
        (&json!(true), false)
    );
    let unknown_part = json!({"type": "conversation_part", "conversation_id": "x", "conversation_part_id": "x"});
    let code = "conversation_part_or_message_not_found".to_owned();
    assert_eq!(
        mock.error(Method::POST, "/conversations/redact", unknown_part).await,
        (404, code)
    );
}

async fn messages(mock: &TestMock) {
    let bo = mock.create_contact(json!({"email": "bo@mail.example"})).await;
    let by_bo = mock
        .post("/messages", json!({"from": {"type": "user", "id": bo}, "body": "heyy"}))
        .await;
    let first = mock
        .get(&format!("/conversations/{}", text(&by_bo["conversation_id"])))
        .await;
    assert_eq!(
        (&first["source"]["body"], &first["source"]["author"]["id"]),
        (&json!("<p>heyy</p>"), &json!(bo))
    );
    let email = json!({
        "from": {"type": "admin", "id": ADMIN}, "to": {"type": "user", "id": bo}, "message_type": "email",
        "subject": "News", "body": "Hello", "template": "plain",
    });
    let sent = mock.post("/messages", email.clone()).await;
    assert_eq!(
        (&sent["type"], &sent["subject"], &sent["owner"]["id"]),
        (&json!("admin_message"), &json!("News"), &json!(ADMIN))
    );
    let found = mock.search("conversations", "contact_ids", "=", json!(bo)).await;
    assert_eq!(found.len(), 2);
    let second = mock.get(&format!("/conversations/{}", found[1])).await;
    assert_eq!(
        (&second["source"]["subject"], &second["source"]["delivered_as"]),
        (&json!("News"), &json!("admin_initiated"))
    );
    let mut without = email.clone();
    without["subject"] = Value::Null;
    assert_eq!(
        mock.error(Method::POST, "/messages", without).await,
        (422, "parameter_not_found".to_owned())
    );
    let mut without = email;
    without["body"] = Value::Null;
    assert_eq!(
        mock.error(Method::POST, "/messages", without).await,
        (400, "parameter_invalid".to_owned())
    );
    let switch = mock
        .post("/phone_call_redirects", json!({"phone": "+15550100123"}))
        .await;
    let other = mock
        .post("/phone_call_redirects", json!({"phone": "+15550100123"}))
        .await;
    assert!(switch["url"].as_str().unwrap().starts_with("http") && switch["url"] != other["url"]);
}

async fn tickets(mock: &TestMock) {
    let created = mock
        .post(
            "/ticket_types",
            json!({"name": "Bug", "description": "A bug", "icon": "🐞"}),
        )
        .await;
    let kind = id(&created);
    let attributes = items(&created["ticket_type_attributes"]);
    assert!(
        attributes
            .iter()
            .all(|attribute| text(&attribute["ticket_type_id"]) == kind)
    );
    assert_eq!(
        attributes
            .iter()
            .map(|attribute| text(&attribute["name"]))
            .collect::<Vec<_>>(),
        ["_default_title_", "_default_description_"]
    );
    let path = format!("/ticket_types/{kind}");
    let body = json!({"name": "Lane", "description": "Which lane", "data_type": "string", "required_to_create": true});
    let attribute = mock.post(&format!("{path}/attributes"), body).await;
    assert_eq!(
        (text(&attribute["ticket_type_id"]), &attribute["required_to_create"]),
        (kind.clone(), &json!(true))
    );
    let changed = mock
        .put(
            &format!("{path}/attributes/{}", id(&attribute)),
            json!({"description": "The lane"}),
        )
        .await;
    assert_eq!(
        (&changed["description"], &changed["name"]),
        (&json!("The lane"), &json!("Lane"))
    );
    assert_eq!(mock.put(&path, json!({"name": "Fault"})).await["name"], "Fault");
    let shown = mock.get(&path).await;
    assert_eq!(
        (items(&shown["ticket_type_attributes"]).len(), &shown["name"]),
        (3, &json!("Fault"))
    );
    assert!(mock.ids("/ticket_types").await.contains(&kind));

    let bo = mock.create_contact(json!({"external_id": "bo-tickets"})).await;
    let ticket = json!({"ticket_type_id": kind, "contacts": [{"external_id": "bo-tickets"}], "ticket_attributes": {"_default_title_": "Broken"}});
    let created = mock.post("/tickets", ticket).await;
    assert_eq!(
        (id(&created["ticket_type"]), ids(&created["contacts"])),
        (kind.clone(), vec![bo.clone()])
    );
    assert_eq!(
        (&created["ticket_state"], &created["admin_assignee_id"]),
        (&json!("submitted"), &json!("0"))
    );
    assert_eq!(created["ticket_attributes"], json!({"_default_title_": "Broken"}));
    let path = format!("/tickets/{}", id(&created));
    let change = json!({"state": "in_progress", "assignment": {"admin_id": ADMIN, "assignee_id": "4021338"}, "ticket_attributes": {"_default_title_": "Fixed"}});
    let changed = mock.put(&path, change).await;
    assert_eq!(
        (&changed["ticket_state"], &changed["ticket_state_internal_label"]),
        (&json!("in_progress"), &json!("In progress"))
    );
    assert_eq!(
        (
            &changed["admin_assignee_id"],
            &changed["ticket_attributes"]["_default_title_"]
        ),
        (&json!("4021338"), &json!("Fixed"))
    );
    let part = mock
        .post(
            &format!("{path}/reply"),
            json!({"message_type": "note", "type": "admin", "admin_id": ADMIN, "body": "Looking"}),
        )
        .await;
    assert_eq!(
        (&part["type"], &part["body"]),
        (&json!("ticket_part"), &json!("<p>Looking</p>"))
    );
    let shown = mock.get(&path).await;
    assert_eq!(items(&shown["ticket_parts"]).last().unwrap(), &part);
    let unknown_assignee = json!({"assignment": {"admin_id": ADMIN, "assignee_id": "456"}});
    assert_eq!(
        mock.error(Method::PUT, &path, unknown_assignee).await,
        (404, "assignee_not_found".to_owned())
    );
    assert_eq!(mock.get_error_status("/tickets/1").await, 404);
}

async fn help_center(mock: &TestMock) {
    let collection = mock.post("/help_center/collections", json!({"name": "Guides"})).await;
    assert_eq!(
        (&collection["name"], &collection["description"]),
        (&json!("Guides"), &json!(""))
    );
    let path = format!("/help_center/collections/{}", id(&collection));
    assert_eq!(
        mock.put(&path, json!({"name": "All guides"})).await["name"],
        "All guides"
    );
    assert_eq!(mock.get(&path).await["name"], "All guides");
    assert!(mock.ids("/help_center/collections").await.contains(&id(&collection)));
    assert_eq!(
        mock.error(Method::POST, "/help_center/collections", json!({})).await,
        (400, "parameter_not_found".to_owned())
    );
    let section = mock
        .post(
            "/help_center/sections",
            json!({"name": "Maps", "parent_id": id(&collection)}),
        )
        .await;
    let section_path = format!("/help_center/sections/{}", id(&section));
    assert_eq!(text(&mock.get(&section_path).await["parent_id"]), id(&collection));
    assert_eq!(
        mock.put(&section_path, json!({"name": "Charts"})).await["name"],
        "Charts"
    );
    assert!(mock.ids("/help_center/sections").await.contains(&id(&section)));

    let article = json!({"title": "Why so empty?", "body": "Look here", "author_id": 4_021_337, "state": "published", "parent_id": 7});
    let created = mock.post("/articles", article).await;
    assert_eq!(
        (&created["body"], &created["author_id"]),
        (&json!("<p class=\"no-margin\">Look here</p>"), &json!(4_021_337))
    );
    assert!(
        created["url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/{}-why-so-empty", id(&created))),
        "{}",
        created["url"]
    );
    let article_path = format!("/articles/{}", id(&created));
    assert_eq!(mock.put(&article_path, json!({"title": "Full"})).await["title"], "Full");
    assert_eq!(mock.get(&article_path).await["title"], "Full");
    assert!(mock.ids("/articles").await.contains(&id(&created)));
    assert_eq!(
        mock.error(Method::POST, "/articles", json!({"title": "x"})).await,
        (400, "parameter_not_found".to_owned())
    );

    for (path, object) in [
        (&article_path, "article"),
        (&section_path, "section"),
        (&path, "collection"),
    ] {
        let deleted = mock.delete(path).await;
        assert_eq!(
            (&deleted["object"], &deleted["deleted"]),
            (&json!(object), &json!(true))
        );
        assert_eq!(mock.get_error_status(path).await, 404);
    }
    assert_eq!(id(&mock.get("/help_center/help_centers/1190").await), "1190");
    mock.get("/help_center/help_centers").await;
}

async fn news(mock: &TestMock) {
    let item = json!({"title": "New", "body": "<p>Look</p>", "sender_id": 4_021_337, "state": "live", "labels": ["b", "a"], "newsfeed_assignments": [{"newsfeed_id": 4411, "published_at": 1_731_924_000}]});
    let created = mock.post("/news/news_items", item).await;
    assert_eq!(
        (&created["title"], &created["labels"]),
        (&json!("New"), &json!(["a", "b"]))
    );
    let path = format!("/news/news_items/{}", id(&created));
    assert_eq!(mock.put(&path, json!({"title": "Newer"})).await["title"], "Newer");
    assert_eq!(mock.get(&path).await["title"], "Newer");
    assert!(mock.ids("/news/news_items").await.contains(&id(&created)));
    assert!(mock.ids("/news/newsfeeds/4411/items").await.contains(&id(&created)));
    assert!(!mock.ids("/news/newsfeeds/4412/items").await.contains(&id(&created)));
    mock.delete(&path).await;
    assert!(!mock.ids("/news/newsfeeds/4411/items").await.contains(&id(&created)));
    assert_eq!(mock.get_error_status(&path).await, 404);
    assert_eq!(mock.ids("/news/newsfeeds").await, ["4411", "4412"]);
    assert_eq!(id(&mock.get("/news/newsfeeds/4411").await), "4411");
}

async fn data_attributes(mock: &TestMock) {
    let created = mock
        .post(
            "/data_attributes",
            json!({"name": "Ring", "model": "company", "data_type": "string"}),
        )
        .await;
    assert_eq!(
        (&created["full_name"], &created["custom"]),
        (&json!("custom_attributes.Ring"), &json!(true))
    );
    let options = json!({"description": "Just a ring", "options": [{"value": "1-10"}, {"value": "11-20"}]});
    let path = format!("/data_attributes/{}", id(&created));
    let changed = mock.put(&path, options).await;
    assert_eq!(
        (&changed["options"], &changed["description"]),
        (&json!(["1-10", "11-20"]), &json!("Just a ring"))
    );
    for (body, status) in [
        (json!({"name": "Ring", "model": "contact", "data_type": "integer"}), 400),
        (
            json!({"name": "!nv@l!d", "model": "company", "data_type": "string"}),
            400,
        ),
        (json!({"name": "Two", "model": "company", "data_type": "mithril"}), 400),
        (json!({"name": "Two", "model": "ring", "data_type": "string"}), 400),
    ] {
        let refused = mock.error(Method::POST, "/data_attributes", body.clone()).await;
        assert_eq!(refused, (status, "parameter_invalid".to_owned()), "{body}");
    }
    assert_eq!(
        mock.error(Method::PUT, &path, json!({"options": {"value": "1"}}))
            .await
            .0,
        400
    );
    assert_eq!(
        mock.error(Method::PUT, "/data_attributes/1", json!({})).await,
        (404, "field_not_found".to_owned())
    );
    assert!(mock.ids("/data_attributes?model=company").await.contains(&id(&created)));
    assert!(!mock.ids("/data_attributes?model=contact").await.contains(&id(&created)));
    mock.put(&path, json!({"archived": true})).await;
    assert!(!mock.ids("/data_attributes").await.contains(&id(&created)));
    assert!(
        mock.ids("/data_attributes?include_archived=true")
            .await
            .contains(&id(&created))
    );
}

async fn events(mock: &TestMock) {
    let bo = mock
        .create_contact(json!({"external_id": "bo-events", "email": "bo@events.example"}))
        .await;
    for (name, at) in [
        ("ordered", 1_700_000_100),
        ("ordered", 1_700_000_200),
        ("paid", 1_700_000_300),
    ] {
        let event = json!({"event_name": name, "created_at": at, "user_id": "bo-events", "metadata": {"total": at}});
        mock.post("/events", event).await;
    }
    for by in [
        format!("intercom_user_id={bo}"),
        "user_id=bo-events".to_owned(),
        "email=bo@events.example".to_owned(),
    ] {
        let list = mock.get(&format!("/events?type=user&{by}")).await;
        let names: Vec<String> = items(&list).iter().map(|event| text(&event["event_name"])).collect();
        assert_eq!(names, ["paid", "ordered", "ordered"], "{by}");
        assert_eq!(
            (&list["intercom_user_id"], &list["email"]),
            (&json!(bo), &json!("bo@events.example"))
        );
    }
    let summary = json!({"user_id": "bo-events", "event_summaries": {"event_name": "ordered", "count": 3, "first": 1_600_000_000, "last": 1_650_000_000}});
    mock.post("/events/summaries", summary).await;
    let counted = mock.get("/events?type=user&user_id=bo-events&summary=true").await;
    let ordered = json!({"name": "ordered", "count": 5, "first": 1_600_000_000, "last": 1_700_000_200});
    assert_eq!(items(&counted)[0], ordered);
    assert!(items(&mock.get("/events?type=user&user_id=usr-1001").await).is_empty());
}

async fn exports(mock: &TestMock) {
    let range = json!({"created_at_after": 1_731_369_600, "created_at_before": 1_731_974_400});
    let job = mock.post("/export/content/data", range.clone()).await;
    assert_eq!((&job["status"], &job["download_url"]), (&json!("pending"), &json!("")));
    assert_eq!(
        mock.error(Method::POST, "/export/content/data", range.clone()).await.0,
        429
    );
    let path = format!("/export/content/data/{}", text(&job["job_identifier"]));
    let mut states = Vec::new();
    for _ in 0..3 {
        states.push(text(&mock.get(&path).await["status"]));
    }
    assert_eq!(states, ["pending", "in_progress", "completed"]);
    let download = format!("/download/content/data/{}", text(&job["job_identifier"]));
    let bytes = mock.client.request(Method::GET, &download).bytes().await.unwrap();
    assert!(!bytes.is_empty());
    let second = mock.post("/export/content/data", range).await;
    let cancel = format!("/export/cancel/{}", text(&second["job_identifier"]));
    assert_eq!(mock.post(&cancel, json!({})).await["status"], "canceled");
}

async fn visitors(mock: &TestMock) {
    let user_id = "3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90";
    let visitor = mock.get(&format!("/visitors?user_id={user_id}")).await;
    assert_eq!(visitor["user_id"], user_id);
    let changed = mock
        .put("/visitors", json!({"id": id(&visitor), "name": "Gareth"}))
        .await;
    assert_eq!((id(&changed), &changed["name"]), (id(&visitor), &json!("Gareth")));
    assert_eq!(
        mock.get(&format!("/visitors?user_id={user_id}")).await["name"],
        "Gareth"
    );
    let unknown_visitor = json!({"user_id": "fail", "name": "x"});
    assert_eq!(
        mock.error(Method::PUT, "/visitors", unknown_visitor).await,
        (404, "not_found".to_owned())
    );
    let convert = json!({"visitor": {"user_id": user_id}, "user": {"email": "foo@visitors.example"}, "type": "user"});
    let contact = mock.post("/visitors/convert", convert).await;
    assert_eq!(
        (&contact["type"], &contact["email"], &contact["role"]),
        (&json!("contact"), &json!("foo@visitors.example"), &json!("user"))
    );
    assert_eq!(mock.get(&format!("/contacts/{}", id(&contact))).await, contact);
    assert_eq!(
        mock.get_error_status(&format!("/visitors?user_id={user_id}")).await,
        404
    );
}

async fn admins(mock: &TestMock) {
    assert_eq!(id(&mock.get("/me").await), ADMIN);
    assert!(mock.ids("/admins").await.contains(&ADMIN.to_owned()));
    let away = json!({"away_mode_enabled": true, "away_mode_reassign": true});
    let set = mock.put(&format!("/admins/{ADMIN}/away"), away).await;
    assert_eq!((id(&set), &set["away_mode_enabled"]), (ADMIN.to_owned(), &json!(true)));
    assert_eq!(mock.get(&format!("/admins/{ADMIN}")).await["away_mode_reassign"], true);
    assert_eq!(
        mock.error(Method::GET, "/admins/1", Value::Null).await,
        (404, "admin_not_found".to_owned())
    );
    let log = |id: &str, at: i64| json!({"id": id, "created_at": at, "activity_type": "admin_login_success"});
    mock.intercom
        .seed("list_activity_logs", [log("a", 100), log("b", 200), log("c", 300)]);
    assert_eq!(
        mock.ids("/admins/activity_logs?created_at_after=150&created_at_before=250")
            .await,
        ["b"]
    );
    mock.intercom.seed(
        "list_teams",
        [json!({"type": "team", "id": "7", "name": "Support", "admin_ids": [4_021_337]})],
    );
    assert_eq!(mock.ids("/teams").await, ["7"]);
    assert_eq!(mock.get("/teams/7").await["name"], "Support");
    assert_eq!(
        mock.error(Method::GET, "/teams/1", Value::Null).await,
        (404, "team_not_found".to_owned())
    );
}

async fn segments_and_subscriptions(mock: &TestMock) {
    let segments = mock.ids("/segments").await;
    assert_eq!(id(&mock.get(&format!("/segments/{}", segments[0])).await), segments[0]);
    assert_eq!(mock.get_error_status("/segments/1").await, 404);
    let bo = mock.create_contact(json!({"email": "bo@segments.example"})).await;
    assert!(mock.ids(&format!("/contacts/{bo}/segments")).await.is_empty());
    let types = mock.ids("/subscription_types").await;
    let path = format!("/contacts/{bo}/subscriptions");
    assert!(mock.ids(&path).await.is_empty());
    mock.post(&path, json!({"id": types[0], "consent_type": "opt_in"}))
        .await;
    assert_eq!(mock.ids(&path).await, [types[0].clone()]);
    let shown = mock.get(&format!("/contacts/{bo}")).await;
    assert_eq!(shown["opted_in_subscription_types"]["total_count"], 1);
    assert_eq!(
        mock.error(
            Method::POST,
            &path,
            json!({"id": "invalid_id", "consent_type": "opt_in"})
        )
        .await
        .0,
        404
    );
    mock.delete(&format!("{path}/{}", types[0])).await;
    assert!(mock.ids(&path).await.is_empty());
    assert_eq!(
        mock.error(Method::DELETE, &format!("{path}/{}", types[0]), Value::Null)
            .await
            .0,
        404
    );
}

/// Defines a test per scenario, and a function that runs all of them.
macro_rules! scenarios {
    ($($test:ident: $scenario:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                $scenario(&TestMock::new()).await;
            }
        )*

        /// Runs all scenarios, and returns the operations that they call successfully.
        async fn tested_operations() -> BTreeSet<String> {
            let mut tested = BTreeSet::new();
            $(
                let mock = TestMock::new();
                $scenario(&mock).await;
                let received = mock.intercom.received();
                let succeeded = received.iter().filter(|request| request.status.is_some_and(|status| status.is_success()));
                tested.extend(succeeded.filter_map(|request| request.operation.map(str::to_owned)));
            )*
            tested
        }
    };
}
scenarios! {
    contacts_are_created_archived_merged_and_deleted: contacts,
    companies_are_identified_by_key_and_listed_with_contacts: companies,
    tags_are_identified_by_name_and_listed_on_both_sides: tags,
    notes_have_the_author_and_contact_of_the_request: notes,
    conversations_record_replies_and_actions: conversations,
    messages_start_conversations: messages,
    tickets_have_the_type_and_contacts_of_the_request: tickets,
    help_center_stores_collections_sections_and_articles: help_center,
    news_items_are_listed_in_their_feeds: news,
    data_attributes_are_created_and_archived: data_attributes,
    events_are_listed_by_contact: events,
    export_jobs_advance_through_their_states: exports,
    visitors_are_retrieved_changed_and_converted: visitors,
    admins_and_teams_are_shown: admins,
    contacts_can_subscribe_and_unsubscribe: segments_and_subscriptions,
}

/// The table is in the section "How far it goes".
#[tokio::test]
async fn table_contains_every_operation_without_a_scenario() {
    let docs = include_str!("../../src/mock/mod.rs");
    let (_, table) = docs.split_once("//! ## By operation").unwrap();
    let (table, _) = table.split_once("//! #").unwrap();
    let cells = table.lines().filter_map(|line| line.split('|').nth(1));
    let listed: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let tested = tested_operations().await;
    for operation in OPERATIONS {
        let is_listed = listed.contains(operation.id);
        assert!(
            is_listed || tested.contains(operation.id),
            "{} is neither tested nor in the table",
            operation.id
        );
    }
    for name in listed {
        assert!(
            OPERATIONS.iter().any(|operation| operation.id == name),
            "the table contains the unknown operation {name}"
        );
    }
}
