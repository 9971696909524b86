//! Conversations.

use intercom_client::search::{conversations, field};
use intercom_client::types::{
    AttachedCustomerRequest, ConversationAttachmentFiles, ConversationPriority, ConversationSender, ConversationState,
    CustomerRequest, ManageConversationRequest, RedactConversationRequest, ReplyConversationRequest, SearchFilter,
    StartingAfterPaging,
};
use serde_json::json;

use crate::wire::{example, named_example, respond, respond_with};

#[tokio::test]
async fn list_conversations() {
    let wire = respond("GET /conversations").await;
    let call = wire
        .client()
        .list_conversations()
        .per_page(20)
        .starting_after("WzE3+MzI=");
    let conversations = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /conversations?per_page=20&starting_after=WzE3%2BMzI%3D");
    assert_eq!(sent.body, json!(null));
    assert_eq!(conversations.total_count, Some(2));
    let [closed, open] = conversations.conversations.as_slice() else {
        panic!("{:?}", conversations.conversations)
    };
    assert_eq!(closed.state, Some(ConversationState::Closed));
    assert_eq!(closed.open, Some(false));
    let source = closed.source.as_ref().unwrap();
    assert_eq!(source.delivered_as.as_deref(), Some("admin_initiated"));
    assert_eq!(source.author.as_ref().unwrap().id.as_deref(), Some("4021338"));
    assert_eq!(open.id.as_deref(), Some("215478120045"));
    assert_eq!(open.state, Some(ConversationState::Open));
    assert_eq!(open.priority, Some(ConversationPriority::NotPriority));
    assert_eq!(open.admin_assignee_id, Some(4021337));
    let contacts = &open.contacts.as_ref().unwrap().contacts;
    assert_eq!(contacts[0].id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert!(open.tags.as_ref().unwrap().tags.is_empty());
    assert!(open.statistics.is_none());
    assert!(conversations.pages.as_ref().unwrap().next.is_none());
}

#[tokio::test]
async fn create_conversation() {
    let wire = respond("POST /conversations").await;
    let text = "Good morning! Our shipment map has been empty since the weekend, although the table next to it still \
                lists all 42 containers. Did something change on your side?";
    let call = wire.client().create_conversation();
    let message = call
        .body_map(|b| b.from(ConversationSender::user("66f1c2a9d04b7e8351aa0c11")).body(text))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations");
    assert_eq!(
        sent.body,
        json!({"from": {"type": "user", "id": "66f1c2a9d04b7e8351aa0c11"}, "body": text})
    );
    assert_eq!(message.conversation_id.as_deref(), Some("215478120045"));
    assert_eq!(message.type_.as_deref(), Some("user_message"));
    assert_eq!(message.created_at, Some(1731920400.into()));
    assert_eq!(message.message_type.as_ref().unwrap().as_str(), "inapp");
}

#[tokio::test]
async fn create_conversation_as_lead() {
    let wire = respond("POST /conversations").await;
    let lead = ConversationSender::lead("66f1c2a9d04b7e8351aa0c12");
    let call = wire.client().create_conversation();
    call.body_map(|b| {
        b.from(lead)
            .subject("Pricing")
            .body("Which plan would fit us?")
            .attachment_urls(["https://www.fernhill.example/fleet.png"])
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "from": {"type": "lead", "id": "66f1c2a9d04b7e8351aa0c12"},
            "subject": "Pricing",
            "body": "Which plan would fit us?",
            "attachment_urls": ["https://www.fernhill.example/fleet.png"],
        })
    );
}

#[tokio::test]
async fn create_conversation_as_contact() {
    let wire = respond("POST /conversations").await;
    let visitor = ConversationSender::contact("66f1c2a9d04b7e8351aa0c13");
    let call = wire.client().create_conversation();
    call.body_map(|b| b.from(visitor).body("Hello").attachment_urls([""; 0]))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "from": {"type": "contact", "id": "66f1c2a9d04b7e8351aa0c13"}, "body": "Hello", "attachment_urls": [],
        })
    );
}

#[tokio::test]
async fn create_conversation_needs_sender_and_text() {
    let wire = respond("POST /conversations").await;
    let call = wire.client().create_conversation();
    let error = call.body_map(|b| b.body("Hello")).send().await.unwrap_err();
    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_conversation: missing required value `from`");

    let nobody = ConversationSender::builder().type_("user");
    let call = wire.client().create_conversation();
    let error = call
        .body_map(|b| b.from(nobody).body("Hello"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_conversation: missing required value `from.id`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_conversation() {
    let mut conversation = example("PUT /conversations/{id}");
    conversation["teammates"] = json!({"type": "admin.list", "admins": [{"type": "admin", "id": "4021337"}]});
    conversation["custom_attributes"] = json!({"port": "Rotterdam", "containers": 42});
    conversation["topics"] =
        json!({"type": "topic.list", "topics": [{"type": "topic", "id": 9, "name": "Map"}], "total_count": 1});
    conversation["sla_applied"] = json!({"type": "conversation_sla_summary", "sla_name": "Gold", "sla_status": "hit"});
    conversation["statistics"] = json!({
        "type": "conversation_statistics", "time_to_assignment": 120, "last_closed_by_id": 4021337,
        "last_close_at": null, "first_admin_reply_at": 2738966400_i64,
    });
    conversation["conversation_rating"] = json!({
        "rating": 5, "remark": "", "created_at": 1732010000,
        "contact": {"type": "user", "id": "66f1c2a9d04b7e8351aa0c11"}, "teammate": {"type": "admin", "id": 4021337},
    });
    conversation["conversation_parts"]["conversation_parts"][0]["attachments"] = json!([{
        "type": "upload", "name": "map.png", "url": "https://cdn.fernhill.example/map.png",
        "content_type": "image/png", "filesize": 1024, "width": "640", "height": null,
    }]);
    let wire = respond_with(conversation).await;
    let call = wire.client().retrieve_conversation().id(215478120045_i64);
    let conversation = call.display_as("plaintext").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /conversations/215478120045?display_as=plaintext");
    assert_eq!(sent.body, json!(null));
    assert_eq!(conversation.id.as_deref(), Some("215478120045"));
    assert_eq!(conversation.read, Some(true));
    assert_eq!(conversation.waiting_since, None);
    assert_eq!(conversation.title, None);
    let teammates = conversation.teammates.as_ref().unwrap();
    assert_eq!(teammates.admins[0].id.as_deref(), Some("4021337"));
    assert_eq!(conversation.custom_attributes["containers"], 42);
    let topics = conversation.topics.as_ref().unwrap();
    assert_eq!(topics.topics[0].name.as_deref(), Some("Map"));
    let statistics = conversation.statistics.as_ref().unwrap();
    assert_eq!(statistics.last_closed_by_id, Some(4021337));
    assert_eq!(statistics.time_to_assignment, Some(120));
    assert_eq!(statistics.last_close_at, None);
    assert_eq!(statistics.first_admin_reply_at, Some(2738966400_i64.into()));
    let rating = conversation.conversation_rating.as_ref().unwrap();
    assert_eq!(rating.rating, Some(5));
    let teammate = rating.teammate.as_ref().unwrap();
    assert_eq!(teammate.id.as_deref(), Some("4021337"), "a number is read as a string");
    let sla = conversation.sla_applied.as_ref().unwrap();
    assert_eq!(sla.sla_name.as_deref(), Some("Gold"));
    let parts = conversation.conversation_parts.as_ref().unwrap();
    assert_eq!(parts.total_count, Some(2));
    let part = &parts.conversation_parts[0];
    assert_eq!(
        part.part_type.as_deref(),
        Some("conversation_attribute_updated_by_admin")
    );
    assert_eq!(part.body, None);
    assert!(part.assigned_to.is_none());
    assert_eq!(part.author.as_ref().unwrap().type_.as_deref(), Some("bot"));
    assert_eq!(part.attachments[0].name.as_deref(), Some("map.png"));
    assert_eq!(part.attachments[0].width, Some(640), "a string is read as a number");
    assert_eq!(part.attachments[0].height, None);
}

#[tokio::test]
async fn retrieve_conversation_keeps_unknown_values() {
    let mut conversation = example("GET /conversations/{id}");
    conversation["state"] = json!("merged");
    conversation["source"]["type"] = json!("fax");
    conversation["admin_assignee_id"] = json!(0);
    conversation["team_assignee_id"] = json!(null);
    let wire = respond_with(conversation).await;
    let call = wire.client().retrieve_conversation().id("215478120045");
    let conversation = call.send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /conversations/215478120045");
    assert_eq!(conversation.state, Some(ConversationState::Unknown("merged".into())));
    let source = conversation.source.as_ref().unwrap();
    assert_eq!(source.type_.as_ref().unwrap().as_str(), "fax");
    assert_eq!(conversation.admin_assignee_id, Some(0));
    assert_eq!(conversation.team_assignee_id, None);
    assert!(conversation.topics.as_ref().unwrap().topics.is_empty());
    assert!(conversation.custom_attributes.is_empty());
}

#[tokio::test]
async fn update_conversation() {
    let wire = respond("PUT /conversations/{id}").await;
    let call = wire.client().update_conversation().id("215478120045");
    let conversation = call.body_map(|b| b.read(true)).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /conversations/215478120045");
    assert_eq!(sent.body, json!({"read": true}));
    assert_eq!(conversation.read, Some(true));
    assert_eq!(conversation.updated_at, Some(1731920460.into()));
}

#[tokio::test]
async fn update_conversation_clears_an_attribute() {
    let wire = respond("PUT /conversations/{id}").await;
    let call = wire.client().update_conversation().id(215478120045_i64);
    call.display_as("plaintext")
        .body_map(|b| b.custom_attributes([("port", json!(null)), ("containers", json!(42))]))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /conversations/215478120045?display_as=plaintext");
    assert_eq!(
        sent.body,
        json!({"custom_attributes": {"port": null, "containers": 42}})
    );
}

#[tokio::test]
async fn search_conversations() {
    let wire = respond("POST /conversations/search").await;
    let of_ada = json!({"field": "contact_ids", "operator": "=", "value": "66f1c2a9d04b7e8351aa0c11"});
    let call = wire.client().search_conversations();
    let found = call
        .body_map(|b| {
            b.query(SearchFilter::builder().operator("AND").value(json!([of_ada])))
                .pagination(StartingAfterPaging::builder().per_page(5))
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/search");
    assert_eq!(
        sent.body,
        json!({"query": {"operator": "AND", "value": [of_ada]}, "pagination": {"per_page": 5}})
    );
    assert_eq!(found.total_count, Some(1));
    assert_eq!(found.conversations[0].id.as_deref(), Some("215478120045"));
    assert_eq!(found.conversations[0].team_assignee_id, Some(6180));
    assert_eq!(found.pages.as_ref().unwrap().per_page, Some(5));
}

#[tokio::test]
async fn search_conversations_by_expression() {
    let wire = respond("POST /conversations/search").await;
    let query = field(conversations::CONTACT_IDS).eq("66f1c2a9d04b7e8351aa0c11");
    let call = wire.client().search_conversations().query(query).per_page(5);
    let found = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/search");
    assert_eq!(
        sent.body,
        json!({
            "query": {"field": "contact_ids", "operator": "=", "value": "66f1c2a9d04b7e8351aa0c11"},
            "pagination": {"per_page": 5},
        })
    );
    assert_eq!(found.conversations[0].id.as_deref(), Some("215478120045"));
}

#[tokio::test]
async fn reply_conversation() {
    let wire = respond_with(named_example("POST /conversations/{id}/reply", "user_reply")).await;
    let text = "That was it: the map is back with all 42 containers. If it goes blank again, just ring me on \
                +15550100123.";
    let reply = ReplyConversationRequest::contact_comment("66f1c2a9d04b7e8351aa0c11", text);
    let call = wire.client().reply_conversation().id("215478120045");
    let conversation = call.body(reply).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/215478120045/reply");
    assert_eq!(
        sent.body,
        json!({
            "message_type": "comment", "type": "user", "intercom_user_id": "66f1c2a9d04b7e8351aa0c11", "body": text,
        })
    );
    assert_eq!(conversation.waiting_since, Some(1732008420.into()));
    let first = conversation.first_contact_reply.as_ref().unwrap();
    assert_eq!(first.created_at, Some(1732008420.into()));
    assert_eq!(first.url, None);
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!(parts[0].part_type.as_deref(), Some("open"));
    let author = parts[0].author.as_ref().unwrap();
    assert_eq!(author.name.as_deref(), Some("Ada Brightwater"));
    assert_eq!(parts[1].body, None);
}

#[tokio::test]
async fn reply_conversation_as_admin_note() {
    let wire = respond_with(named_example("POST /conversations/{id}/reply", "admin_note_reply")).await;
    let text = "<html> <body>  <h2>Checked so far</h2>  <ul>   <li>The table still fills, so shipments arrive</li>   \
                <li>The map layer answers with no positions</li>   <li>Carrier Hub token ran out on Saturday</li> \
                </ul>    <h2>To do</h2>  <ol>   <li>Ask the carrier for a fresh token</li>   <li>Reload the \
                positions of 42 containers</li>   <li>Tell Ada on Tuesday</li> </ol>   </body> </html>";
    let note = ReplyConversationRequest::admin_note(4021337, text);
    let call = wire.client().reply_conversation().id(215478120045_i64);
    let conversation = call.body(note).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/215478120045/reply");
    assert_eq!(
        sent.body,
        json!({"message_type": "note", "type": "admin", "admin_id": 4021337, "body": text})
    );
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!(parts[0].part_type.as_deref(), Some("note"));
    let body = parts[0].body.as_deref().unwrap();
    assert!(body.starts_with("<h2>Checked so far</h2>\n"));
}

#[tokio::test]
async fn reply_conversation_as_admin_comment() {
    let wire = respond("POST /conversations/{id}/reply").await;
    let picture = ConversationAttachmentFiles::builder()
        .name("map.png")
        .content_type("image/png")
        .data("iVBORw0KGgo=");
    let reply = ReplyConversationRequest::admin_comment("4021337", "This is how it looks now:")
        .attachment_files([picture])
        .created_at(1732008000);
    let call = wire.client().reply_conversation().id("215478120045");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment",
            "type": "admin",
            "admin_id": "4021337",
            "body": "This is how it looks now:",
            "created_at": 1732008000,
            "attachment_files": [{"name": "map.png", "content_type": "image/png", "data": "iVBORw0KGgo="}],
        })
    );
}

#[tokio::test]
async fn reply_conversation_with_attachments_only() {
    let wire = respond("POST /conversations/{id}/reply").await;
    let call = wire.client().reply_conversation().id("215478120045");
    call.body_map(|b| {
        b.message_type("comment")
            .type_("admin")
            .admin_id(4021337)
            .attachment_urls(["https://cdn.fernhill.example/map.png"])
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment", "type": "admin", "admin_id": 4021337,
            "attachment_urls": ["https://cdn.fernhill.example/map.png"],
        })
    );
}

#[tokio::test]
async fn reply_conversation_by_user_id() {
    let wire = respond("POST /conversations/{id}/reply").await;
    let reply = ReplyConversationRequest::contact_comment_by_user_id("usr-1001", "Thanks!");
    let call = wire.client().reply_conversation().id("215478120045");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"message_type": "comment", "type": "user", "user_id": "usr-1001", "body": "Thanks!"})
    );
}

#[tokio::test]
async fn reply_conversation_by_email() {
    let wire = respond("POST /conversations/{id}/reply").await;
    let reply = ReplyConversationRequest::contact_comment_by_email("ada@juniper-freight.example", "Thanks!");
    let call = wire.client().reply_conversation().id("215478120045");
    call.body(reply).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "message_type": "comment", "type": "user", "email": "ada@juniper-freight.example", "body": "Thanks!",
        })
    );
}

#[tokio::test]
async fn reply_conversation_to_the_last_one_of_a_contact() {
    let wire = respond_with(named_example(
        "POST /conversations/{id}/reply",
        "user_last_conversation_reply",
    ))
    .await;
    let text = "Yes please, three o'clock would suit everyone. Thank you for noticing!";
    let reply = ReplyConversationRequest::contact_comment("66f1c2a9d04b7e8351aa0c13", text);
    let call = wire.client().reply_conversation().id("last");
    let conversation = call.body(reply).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/last/reply");
    assert_eq!(
        sent.body,
        json!({
            "message_type": "comment", "type": "user", "intercom_user_id": "66f1c2a9d04b7e8351aa0c13", "body": text,
        })
    );
    assert_eq!(conversation.id.as_deref(), Some("215478120046"));
}

#[tokio::test]
async fn manage_conversation() {
    let wire = respond_with(named_example("POST /conversations/{id}/parts", "close_a_conversation")).await;
    let text = "The carrier token is renewed and your positions are loading again, so I am closing this. Do write \
                back if the map stays empty.";
    let call = wire.client().manage_conversation().id("215478120045");
    let conversation = call
        .body(ManageConversationRequest::close(4021337).body(text))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/215478120045/parts");
    assert_eq!(
        sent.body,
        json!({"message_type": "close", "type": "admin", "admin_id": 4021337, "body": text})
    );
    assert_eq!(conversation.state, Some(ConversationState::Closed));
    assert_eq!(conversation.open, Some(false));
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!(parts[0].part_type.as_deref(), Some("close"));
}

#[tokio::test]
async fn manage_conversation_snooze() {
    let wire = respond_with(named_example("POST /conversations/{id}/parts", "snooze_a_conversation")).await;
    let tomorrow = chrono::DateTime::from_timestamp(1732006800, 0).unwrap();
    let call = wire.client().manage_conversation().id("215478120045");
    let conversation = call
        .body(ManageConversationRequest::snooze(4021337, tomorrow))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"message_type": "snoozed", "admin_id": 4021337, "snoozed_until": 1732006800})
    );
    assert_eq!(conversation.state, Some(ConversationState::Snoozed));
    let until = conversation.snoozed_until.as_ref().unwrap();
    assert_eq!(until.to_datetime(), Ok(tomorrow));
}

#[tokio::test]
async fn manage_conversation_open() {
    let wire = respond_with(named_example("POST /conversations/{id}/parts", "open_a_conversation")).await;
    let call = wire.client().manage_conversation().id("215478120045");
    let conversation = call
        .body(ManageConversationRequest::open(4021337))
        .send()
        .await
        .unwrap();

    assert_eq!(wire.sent().body, json!({"message_type": "open", "admin_id": 4021337}));
    assert_eq!(conversation.state, Some(ConversationState::Open));
    assert_eq!(conversation.title.as_deref(), Some(""));
}

#[tokio::test]
async fn manage_conversation_assign_to_admin() {
    let wire = respond_with(named_example("POST /conversations/{id}/parts", "assign_a_conversation")).await;
    let call = wire.client().manage_conversation().id("215478120045");
    let conversation = call
        .body(ManageConversationRequest::assign_to_admin(4021337, 4021337))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"message_type": "assignment", "type": "admin", "admin_id": 4021337, "assignee_id": 4021337})
    );
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    let assigned_to = parts[0].assigned_to.as_ref().unwrap();
    assert_eq!(assigned_to.type_.as_deref(), Some("admin"));
    assert_eq!(assigned_to.id.as_deref(), Some("4021337"));
}

#[tokio::test]
async fn manage_conversation_assign_to_team() {
    let wire = respond("POST /conversations/{id}/parts").await;
    let call = wire.client().manage_conversation().id("215478120045");
    call.body(ManageConversationRequest::assign_to_team("4021337", "6180"))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"message_type": "assignment", "type": "team", "admin_id": "4021337", "assignee_id": "6180"})
    );
}

#[allow(deprecated)] // Intercom removes it on 2026-12-31
#[tokio::test]
async fn auto_assign_conversation() {
    let wire = respond("POST /conversations/{id}/run_assignment_rules").await;
    let call = wire.client().auto_assign_conversation().id("215478/12 00");
    let conversation = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/215478%2F12%2000/run_assignment_rules");
    assert_eq!(sent.body, json!(null));
    assert_eq!(conversation.admin_assignee_id, Some(0), "nobody");
    assert_eq!(conversation.team_assignee_id, Some(6180));
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!(parts[0].part_type.as_deref(), Some("default_assignment"));
    let assigned_to = parts[0].assigned_to.as_ref().unwrap();
    assert_eq!(assigned_to.type_.as_deref(), Some("nobody_admin"));
    assert_eq!(assigned_to.id, None);
}

#[tokio::test]
async fn attach_contact_to_conversation() {
    let wire = respond("POST /conversations/{id}/customers").await;
    let call = wire.client().attach_contact_to_conversation().id("215478120045");
    let conversation = call
        .body_map(|b| {
            b.admin_id(4021337)
                .customer(AttachedCustomerRequest::by_intercom_user_id("66f1c2a9d04b7e8351aa0c15"))
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/215478120045/customers");
    assert_eq!(
        sent.body,
        json!({"admin_id": 4021337, "customer": {"intercom_user_id": "66f1c2a9d04b7e8351aa0c15"}})
    );
    let [ada, added] = conversation.customers.as_slice() else {
        panic!("{:?}", conversation.customers)
    };
    assert_eq!(ada.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(added.type_.as_deref(), Some("user"));
    assert_eq!(added.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c15"));
}

#[tokio::test]
async fn attach_contact_to_conversation_by_user_id() {
    let wire = respond("POST /conversations/{id}/customers").await;
    let noor = AttachedCustomerRequest::by_user_id("usr-1003");
    let call = wire.client().attach_contact_to_conversation().id("215478120045");
    call.body_map(|b| b.customer(noor)).send().await.unwrap();

    assert_eq!(wire.sent().body, json!({"customer": {"user_id": "usr-1003"}}));
}

#[tokio::test]
async fn attach_contact_to_conversation_by_email_for_another() {
    let wire = respond("POST /conversations/{id}/customers").await;
    let noor = AttachedCustomerRequest::by_email("noor@saltmarsh.example")
        .customer(CustomerRequest::by_email("ada@juniper-freight.example"));
    let call = wire.client().attach_contact_to_conversation().id("215478120045");
    call.body_map(|b| b.customer(noor)).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "customer": {
                "email": "noor@saltmarsh.example", "customer": {"email": "ada@juniper-freight.example"},
            },
        })
    );
}

#[tokio::test]
async fn detach_contact_from_conversation() {
    let wire = respond("DELETE /conversations/{conversation_id}/customers/{contact_id}").await;
    let call = wire.client().detach_contact_from_conversation();
    let conversation = call
        .conversation_id("215478120045")
        .contact_id("66f1c2a9d04b7e8351aa0c15")
        .body_map(|b| {
            b.admin_id(4021337)
                .customer(CustomerRequest::by_intercom_user_id("66f1c2a9d04b7e8351aa0c15"))
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "DELETE /conversations/215478120045/customers/66f1c2a9d04b7e8351aa0c15"
    );
    assert_eq!(
        sent.body,
        json!({"admin_id": 4021337, "customer": {"intercom_user_id": "66f1c2a9d04b7e8351aa0c15"}})
    );
    assert_eq!(conversation.customers.len(), 1);
    assert_eq!(
        conversation.customers[0].id.as_deref(),
        Some("66f1c2a9d04b7e8351aa0c11")
    );
}

#[tokio::test]
async fn detach_contact_from_conversation_by_user_id() {
    let wire = respond("DELETE /conversations/{conversation_id}/customers/{contact_id}").await;
    let call = wire.client().detach_contact_from_conversation();
    call.conversation_id(215478120045_i64)
        .contact_id("66f1c2a9d04b7e8351aa0c15")
        .body_map(|b| b.admin_id(4021337).customer(CustomerRequest::by_user_id(1003)))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"admin_id": 4021337, "customer": {"user_id": 1003}})
    );
}

#[tokio::test]
async fn redact_conversation() {
    let wire = respond("POST /conversations/redact").await;
    let part = RedactConversationRequest::conversation_part(215478120045_i64, 3390017009_i64);
    let conversation = wire.client().redact_conversation().body(part).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/redact");
    assert_eq!(
        sent.body,
        json!({
            "type": "conversation_part",
            "conversation_id": 215478120045_i64,
            "conversation_part_id": 3390017009_i64,
        })
    );
    let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!(parts[0].redacted, Some(true));
    assert_eq!(
        parts[0].body.as_deref(),
        Some("<p><i>The text of this message was removed</i></p>")
    );
    assert_eq!(parts[1].redacted, Some(false));
}

#[tokio::test]
async fn redact_conversation_source() {
    let wire = respond("POST /conversations/redact").await;
    let source = RedactConversationRequest::source("215478120045", "3390016001");
    wire.client().redact_conversation().body(source).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"type": "source", "conversation_id": "215478120045", "source_id": "3390016001"})
    );
}
