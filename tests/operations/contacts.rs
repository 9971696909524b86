//! Contacts.

use intercom_client::search::{NULL, contacts, field};
use intercom_client::types::{CreateContactRequest, SearchFilter, StartingAfterPaging, SubscriptionTypeConsentType};
use intercom_client::{Nullable, Timestamp};
use serde_json::json;

use crate::wire::{example, respond, respond_with};

#[tokio::test]
async fn create_contact() {
    let wire = respond("POST /contacts").await;
    let call = wire.client().create_contact();
    let contact = call
        .body_map(|b| b.email("ada@juniper-freight.example"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts");
    assert_eq!(sent.body, json!({"email": "ada@juniper-freight.example"}));
    assert_eq!(contact.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(contact.role.as_deref(), Some("user"));
    assert_eq!(contact.created_at, Some(1731313860.into()));
    assert_eq!(contact.external_id, None);
    assert_eq!(contact.owner_id, None);
    assert_eq!(contact.unsubscribed_from_emails, Some(false));
    assert!(contact.custom_attributes.is_empty());
    let tags = contact.tags.as_ref().unwrap();
    assert_eq!(tags.url.as_deref(), Some("/contacts/66f1c2a9d04b7e8351aa0c11/tags"));
    assert_eq!(tags.total_count, Some(0));
    assert_eq!(tags.has_more, Some(false));
    assert!(tags.data.is_empty());
}

#[tokio::test]
async fn create_contact_with_email() {
    let wire = respond("POST /contacts").await;
    let ada = CreateContactRequest::with_email("ada@juniper-freight.example").name("Ada Brightwater");
    let contact = wire.client().create_contact().body(ada).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts");
    assert_eq!(
        sent.body,
        json!({"email": "ada@juniper-freight.example", "name": "Ada Brightwater"})
    );
    assert_eq!(contact.email.as_deref(), Some("ada@juniper-freight.example"));
}

#[tokio::test]
async fn create_contact_with_external_id() {
    let wire = respond("POST /contacts").await;
    let ada = CreateContactRequest::with_external_id("usr-1001")
        .role("user")
        .phone("+15550100123")
        .avatar("https://juniper-freight.example/ada.png")
        .signed_up_at(Timestamp::from_seconds(1731314100))
        .last_seen_at(1731400320)
        .owner_id(4021337)
        .unsubscribed_from_emails(true)
        .custom_attributes([
            ("plan", json!("scale")),
            ("seats", json!(40)),
            ("score", json!(0.5)),
            ("trial", json!(false)),
            ("coupon", json!(null)),
        ]);
    let contact = wire.client().create_contact().body(ada).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts");
    assert_eq!(
        sent.body,
        json!({
            "external_id": "usr-1001",
            "role": "user",
            "phone": "+15550100123",
            "avatar": "https://juniper-freight.example/ada.png",
            "signed_up_at": 1731314100,
            "last_seen_at": 1731400320,
            "owner_id": 4021337,
            "unsubscribed_from_emails": true,
            "custom_attributes": {"plan": "scale", "seats": 40, "score": 0.5, "trial": false, "coupon": null},
        })
    );
    assert_eq!(contact.workspace_id.as_deref(), Some("fh2k9wq7"));
}

#[tokio::test]
async fn create_contact_with_role() {
    let wire = respond("POST /contacts").await;
    let lead = CreateContactRequest::with_role("lead");
    wire.client().create_contact().body(lead).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts");
    assert_eq!(sent.body, json!({"role": "lead"}));
}

#[tokio::test]
async fn show_contact() {
    let mut ada = example("GET /contacts/{id}");
    ada["owner_id"] = json!(4021337);
    ada["avatar"] = json!({"type": "avatar", "image_url": "https://juniper-freight.example/ada.png"});
    ada["android_last_seen_at"] = json!("2024-11-19T10:12:00.000+00:00");
    ada["utm_source"] = json!("newsletter");
    ada["location"] = json!({"type": "location", "country": "Ireland", "city": "Dublin", "country_code": "IRL"});
    ada["tags"]["data"] = json!([{"type": "tag", "id": "88120", "url": "/tags/88120"}]);
    ada["companies"]["data"] = json!([{"type": "company", "id": "66f1b7700d3a5c41e2f09b01"}]);
    ada["companies"]["has_more"] = json!(true);
    ada["social_profiles"]["data"] =
        json!([{"type": "social_profile", "name": "Twitter", "url": "https://t.example/ada"}]);
    let orders = json!({"type": "Order.list", "instances": [{"id": "1", "external_id": "o-1", "type": "Order"}]});
    ada["custom_attributes"] = json!({"plan": "scale", "seats": 40, "score": 0.5, "coupon": null, "orders": orders});
    let wire = respond_with(ada).await;
    let call = wire.client().show_contact().id("66f1c2a9d04b7e8351aa0c11");
    let ada = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /contacts/66f1c2a9d04b7e8351aa0c11");
    assert_eq!(sent.body, json!(null));
    assert_eq!(ada.external_id.as_deref(), Some("usr-1001"));
    assert_eq!(ada.owner_id, Some(4021337));
    assert_eq!(ada.phone, None);
    assert_eq!(ada.signed_up_at, Some(1731314100.into()));
    assert_eq!(ada.last_seen_at, None);
    assert_eq!(
        ada.android_last_seen_at,
        Some(1732011120.into()),
        "text is a moment too"
    );
    assert_eq!(ada.utm_source.as_deref(), Some("newsletter"));
    assert_eq!(ada.utm_term, None);
    let avatar = ada.avatar.as_ref().unwrap();
    assert_eq!(avatar.image_url(), Some("https://juniper-freight.example/ada.png"));
    let location = ada.location.as_ref().unwrap();
    assert_eq!(location.city.as_deref(), Some("Dublin"));
    assert_eq!(location.country_code.as_deref(), Some("IRL"));
    assert_eq!(ada.tags.as_ref().unwrap().data[0].id.as_deref(), Some("88120"));
    let companies = ada.companies.as_ref().unwrap();
    assert_eq!(companies.data[0].id.as_deref(), Some("66f1b7700d3a5c41e2f09b01"));
    assert_eq!(
        companies.has_more,
        Some(true),
        "a contact contains at most ten companies"
    );
    let profiles = ada.social_profiles.as_ref().unwrap();
    assert_eq!(profiles.data[0].name.as_deref(), Some("Twitter"));
    let opted_out = ada.opted_out_subscription_types.as_ref().unwrap();
    assert_eq!(opted_out.total_count, Some(0));
    assert_eq!(ada.custom_attributes["plan"], "scale");
    assert_eq!(ada.custom_attributes["seats"], 40);
    assert_eq!(ada.custom_attributes["score"], 0.5);
    assert_eq!(ada.custom_attributes["coupon"], json!(null));
    assert_eq!(ada.custom_attributes["orders"], orders);
}

#[tokio::test]
async fn show_contact_whose_lists_are_null() {
    let lead = json!({
        "type": "contact", "id": "66f1c2a9d04b7e8351aa0c12", "role": "lead", "email": "",
        "marked_email_as_spam": null, "custom_attributes": null, "tags": null,
        "notes": {"type": "list", "data": null},
    });
    let wire = respond_with(lead).await;
    let call = wire.client().show_contact().id("66f1c2a9d04b7e8351aa0c12");
    let lead = call.send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /contacts/66f1c2a9d04b7e8351aa0c12");
    assert_eq!(lead.email.as_deref(), Some(""));
    assert_eq!(lead.marked_email_as_spam, None);
    assert!(lead.custom_attributes.is_empty());
    assert!(lead.tags.is_none());
    assert!(lead.notes.as_ref().unwrap().data.is_empty());
}

#[tokio::test]
async fn show_contact_encodes_the_id() {
    let wire = respond("GET /contacts/{id}").await;
    let call = wire.client().show_contact().id("a b/c?d=ü%");
    call.send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /contacts/a%20b%2Fc%3Fd%3D%C3%BC%25");
}

#[tokio::test]
async fn update_contact() {
    let wire = respond("PUT /contacts/{id}").await;
    let call = wire.client().update_contact().id("66f1c2a9d04b7e8351aa0c11");
    let contact = call
        .body_map(|b| b.email("ada@juniper-freight.example").name("Ada Brightwater"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /contacts/66f1c2a9d04b7e8351aa0c11");
    assert_eq!(
        sent.body,
        json!({"email": "ada@juniper-freight.example", "name": "Ada Brightwater"})
    );
    assert_eq!(contact.name.as_deref(), Some("Ada Brightwater"));
    assert_eq!(contact.updated_at, Some(1731400320.into()));
}

#[tokio::test]
async fn update_contact_clears_fields() {
    let wire = respond("PUT /contacts/{id}").await;
    let call = wire.client().update_contact().id("66f1c2a9d04b7e8351aa0c11");
    let unknown: Option<String> = None;
    call.body_map(|b| {
        b.phone(Nullable::Null)
            .owner_id(Nullable::Null)
            .last_seen_at(Nullable::Null)
            .unsubscribed_from_emails(Nullable::Null)
            .name(unknown.as_deref())
            .external_id(&unknown)
            .custom_attributes([("coupon", Nullable::Null), ("plan", Nullable::Value("scale"))])
    })
    .send()
    .await
    .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /contacts/66f1c2a9d04b7e8351aa0c11");
    assert_eq!(
        sent.body,
        json!({
            "phone": null, "owner_id": null, "last_seen_at": null, "unsubscribed_from_emails": null,
            "custom_attributes": {"coupon": null, "plan": "scale"},
        })
    );
}

#[tokio::test]
async fn delete_contact() {
    let wire = respond("DELETE /contacts/{id}").await;
    let call = wire.client().delete_contact().id("66f1c2a9d04b7e8351aa0c11");
    let deleted = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /contacts/66f1c2a9d04b7e8351aa0c11");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(deleted.object.as_deref(), Some("contact"));
    assert_eq!(deleted.deleted, Some(true));
}

#[tokio::test]
async fn archive_contact() {
    let wire = respond("POST /contacts/{id}/archive").await;
    let call = wire.client().archive_contact().id("66f1c2a9d04b7e8351aa0c11");
    let archived = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/archive");
    assert_eq!(sent.body, json!(null));
    assert_eq!(archived.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(archived.archived, Some(true));
}

#[tokio::test]
async fn unarchive_contact() {
    let wire = respond("POST /contacts/{id}/unarchive").await;
    let call = wire.client().unarchive_contact().id("66f1c2a9d04b7e8351aa0c11");
    let unarchived = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/unarchive");
    assert_eq!(sent.body, json!(null));
    assert_eq!(unarchived.object.as_deref(), Some("contact"));
    assert_eq!(unarchived.archived, Some(false));
}

#[tokio::test]
async fn merge_contact() {
    let wire = respond("POST /contacts/merge").await;
    let call = wire.client().merge_contact();
    let contact = call
        .body_map(|b| b.from("66f1c2a9d04b7e8351aa0c14").into("66f1c2a9d04b7e8351aa0c11"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/merge");
    assert_eq!(
        sent.body,
        json!({"from": "66f1c2a9d04b7e8351aa0c14", "into": "66f1c2a9d04b7e8351aa0c11"})
    );
    assert_eq!(contact.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(contact.updated_at, Some(1731487500.into()));
}

#[tokio::test]
async fn merge_contact_needs_both() {
    let wire = respond("POST /contacts/merge").await;
    let call = wire.client().merge_contact();
    let error = call
        .body_map(|b| b.from("66f1c2a9d04b7e8351aa0c14"))
        .send()
        .await
        .unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "merge_contact: missing required value `into`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn show_contact_needs_an_id() {
    let wire = respond("GET /contacts/{id}").await;
    for (call, says) in [
        (wire.client().show_contact(), "missing required value `id`"),
        (
            wire.client().show_contact().id(""),
            "`id`: \"\" is not a valid path segment",
        ),
        (
            wire.client().show_contact().id(".."),
            "`id`: \"..\" is not a valid path segment",
        ),
    ] {
        let error = call.send().await.unwrap_err();
        assert!(error.is_builder());
        assert_eq!(error.to_string(), format!("show_contact: {says}"));
    }
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn search_contacts() {
    let mut page = example("POST /contacts/search");
    page["data"] = json!([example("GET /contacts/{id}")]);
    page["total_count"] = json!(6);
    page["pages"] = json!({
        "type": "pages", "page": 1, "per_page": 5, "total_pages": 2,
        "next": {"page": 2, "starting_after": "WzE3MzIsIjY2ZjEiLDJd"},
    });
    let wire = respond_with(page).await;
    let after = json!({"field": "created_at", "operator": ">", "value": "1732233600"});
    let call = wire.client().search_contacts();
    let found = call
        .body_map(|b| {
            b.query(SearchFilter::builder().operator("AND").value(json!([after])))
                .pagination(StartingAfterPaging::builder().per_page(5))
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/search");
    assert_eq!(
        sent.body,
        json!({"query": {"operator": "AND", "value": [after]}, "pagination": {"per_page": 5}})
    );
    assert_eq!(found.total_count, Some(6));
    assert_eq!(found.data[0].name.as_deref(), Some("Ada Brightwater"));
    let pages = found.pages.as_ref().unwrap();
    assert_eq!(pages.total_pages, Some(2));
    let next = pages.next.as_ref().unwrap();
    assert_eq!(next.page(), Some(2));
    assert_eq!(next.starting_after(), Some("WzE3MzIsIjY2ZjEiLDJd"));
}

#[tokio::test]
async fn search_contacts_by_expression() {
    let wire = respond("POST /contacts/search").await;
    let query = field(contacts::ROLE).eq("user") & field(contacts::OWNER_ID).ne(NULL);
    let call = wire.client().search_contacts().query(query).per_page(150);
    let found = call.send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "query": {
                "operator": "AND",
                "value": [
                    {"field": "role", "operator": "=", "value": "user"},
                    {"field": "owner_id", "operator": "!=", "value": null},
                ],
            },
            "pagination": {"per_page": 150},
        })
    );
    assert!(found.data.is_empty());
    assert_eq!(found.total_count, Some(0));
}

#[tokio::test]
async fn list_contacts() {
    let mut page = example("GET /contacts");
    page["data"] = json!([example("GET /contacts/{id}")]);
    let wire = respond_with(page).await;
    let call = wire
        .client()
        .list_contacts()
        .per_page(10)
        .starting_after("WzE3+MzI/sIj==");
    let contacts = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /contacts?starting_after=WzE3%2BMzI%2FsIj%3D%3D&per_page=10"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(contacts.data.len(), 1);
    assert_eq!(contacts.data[0].id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    let pages = contacts.pages.as_ref().unwrap();
    assert_eq!(pages.per_page, Some(10));
    assert!(pages.next.is_none());
}

#[tokio::test]
async fn list_companies_for_contact() {
    let wire = respond("GET /contacts/{id}/companies").await;
    let call = wire
        .client()
        .list_companies_for_contact()
        .id("66f1c2a9d04b7e8351aa0c11");
    let companies = call.page(2).per_page(50).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /contacts/66f1c2a9d04b7e8351aa0c11/companies?page=2&per_page=50"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(companies.total_count, Some(1));
    let company = &companies.data[0];
    assert_eq!(company.name.as_deref(), Some("Juniper Freight"));
    assert_eq!(company.last_request_at, Some(1731919980.into()));
    let pages = companies.pages.as_ref().unwrap();
    assert_eq!((pages.page, pages.total_pages), (Some(1), Some(1)));
    assert!(pages.next.is_none());
}

#[tokio::test]
async fn list_segments_for_contact() {
    let wire = respond("GET /contacts/{contact_id}/segments").await;
    let call = wire.client().list_segments_for_contact();
    let segments = call.id("66f1c2a9d04b7e8351aa0c11").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /contacts/66f1c2a9d04b7e8351aa0c11/segments");
    assert_eq!(sent.body, json!(null));
    let segment = &segments.data[0];
    assert_eq!(segment.id.as_deref(), Some("66f1d0330d3a5c41e2f0a101"));
    assert_eq!(segment.name.as_deref(), Some("Active shippers"));
    assert_eq!(segment.created_at, Some(1731301200.into()));
    assert_eq!(segment.person_type.as_ref().unwrap().as_str(), "user");
}

#[tokio::test]
async fn list_subscriptions_for_contact() {
    let wire = respond("GET /contacts/{contact_id}/subscriptions").await;
    let call = wire.client().list_subscriptions_for_contact();
    let subscriptions = call.id("66f1c2a9d04b7e8351aa0c11").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /contacts/66f1c2a9d04b7e8351aa0c11/subscriptions");
    assert_eq!(sent.body, json!(null));
    let [news, alerts] = subscriptions.data.as_slice() else {
        panic!("{:?}", subscriptions.data)
    };
    assert_eq!(news.id.as_deref(), Some("7301"));
    assert_eq!(news.consent_type, Some(SubscriptionTypeConsentType::OptOut));
    assert_eq!(alerts.consent_type, Some(SubscriptionTypeConsentType::OptIn));
    let translation = alerts.default_translation.as_ref().unwrap();
    assert_eq!(translation.name.as_deref(), Some("Delivery alerts"));
    assert_eq!(alerts.translations[0].locale.as_deref(), Some("en"));
    assert_eq!(alerts.content_types[0].as_str(), "sms_message");
}

#[tokio::test]
async fn list_tags_for_contact() {
    let wire = respond("GET /contacts/{contact_id}/tags").await;
    let call = wire.client().list_tags_for_contact();
    let tags = call.id("66f1c2a9d04b7e8351aa0c11").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /contacts/66f1c2a9d04b7e8351aa0c11/tags");
    assert_eq!(sent.body, json!(null));
    let tag = &tags.data[0];
    assert_eq!(tag.id.as_deref(), Some("88120"));
    assert_eq!(tag.name.as_deref(), Some("vip"));
    assert_eq!(tag.applied_at, Some(1731403980.into()));
    assert_eq!(tag.applied_by.as_ref().unwrap().id.as_deref(), Some("4021337"));
}
