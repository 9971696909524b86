//! Companies.

use intercom_client::{CompanyOrList, Nullable};
use serde_json::json;

use crate::wire::{example, respond, respond_with};

#[tokio::test]
async fn create_or_update_company() {
    let wire = respond("POST /companies").await;
    let call = wire.client().create_or_update_company();
    let company = call
        .body_map(|b| {
            b.company_id("juniper-freight")
                .name("Juniper Freight")
                .remote_created_at(1698937200)
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /companies");
    assert_eq!(
        sent.body,
        json!({"company_id": "juniper-freight", "name": "Juniper Freight", "remote_created_at": 1698937200})
    );
    assert_eq!(company.id.as_deref(), Some("66f1b7700d3a5c41e2f09b01"));
    assert_eq!(company.company_id.as_deref(), Some("juniper-freight"));
    assert_eq!(company.remote_created_at, Some(1698937200.into()));
    assert_eq!(company.monthly_spend, Some(0.0));
    assert_eq!(company.custom_attributes["industry"], "freight forwarding");
    assert!(company.tags.as_ref().unwrap().tags.is_empty());
    let plan = company.plan.as_ref().unwrap();
    assert_eq!(plan.name, None, "a company without a plan has an empty plan");
}

#[tokio::test]
async fn create_or_update_company_with_all_there_is() {
    let wire = respond("POST /companies").await;
    let call = wire.client().create_or_update_company();
    let employees: usize = 140;
    call.body_map(|b| {
        b.company_id(1001)
            .plan("scale")
            .size(employees)
            .website(Nullable::Null)
            .industry("freight forwarding")
            .monthly_spend(1890.5)
            .custom_attributes([("depots", json!(12)), ("partner", json!(true)), ("region", json!(null))])
    })
    .send()
    .await
    .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /companies");
    assert_eq!(
        sent.body,
        json!({
            "company_id": 1001, "plan": "scale", "size": 140, "website": null, "industry": "freight forwarding",
            "monthly_spend": 1890.5, "custom_attributes": {"depots": 12, "partner": true, "region": null},
        })
    );
}

#[tokio::test]
async fn retrieve_company() {
    let wire = respond("GET /companies").await;
    let call = wire.client().retrieve_company().segment_id("66f1d0330d3a5c41e2f0a101");
    let response = call.page(1).per_page(15).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /companies?segment_id=66f1d0330d3a5c41e2f0a101&page=1&per_page=15"
    );
    assert_eq!(sent.body, json!(null));
    let [juniper, saltmarsh] = response.companies() else {
        panic!("{response:?}")
    };
    assert_eq!(juniper.monthly_spend, Some(1290.0));
    assert_eq!(saltmarsh.name.as_deref(), Some("Saltmarsh Foods"));
    let CompanyOrList::List(list) = response.into_inner() else {
        panic!("not a list")
    };
    assert_eq!(list.total_count, Some(2));
}

#[tokio::test]
async fn retrieve_company_by_company_id() {
    let wire = respond_with(example("GET /companies/{id}")).await;
    let call = wire.client().retrieve_company().company_id("juniper freight/1");
    let response = call.send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /companies?company_id=juniper+freight%2F1");
    let [juniper] = response.companies() else {
        panic!("{response:?}")
    };
    assert_eq!(juniper.id.as_deref(), Some("66f1b7700d3a5c41e2f09b01"));
    assert_eq!(juniper.session_count, Some(38));
}

#[tokio::test]
async fn retrieve_company_by_id() {
    let mut company = example("GET /companies/{id}");
    company["monthly_spend"] = json!(1290.75);
    company["plan"] = json!({"type": "plan", "id": "269315", "name": "scale"});
    company["tags"]["tags"] = json!([{"type": "tag", "id": 88120, "name": "vip"}]);
    company["segments"]["segments"] = json!([{"type": "segment", "id": "66f1d0330d3a5c41e2f0a101"}]);
    company["custom_attributes"] = json!({"depots": 12, "partner": null});
    let wire = respond_with(company).await;
    let call = wire.client().retrieve_company_by_id().id("66f1b7700d3a5c41e2f09b01");
    let company = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /companies/66f1b7700d3a5c41e2f09b01");
    assert_eq!(sent.body, json!(null));
    assert_eq!(company.monthly_spend, Some(1290.75));
    assert_eq!(company.plan.as_ref().unwrap().name.as_deref(), Some("scale"));
    let tag = &company.tags.as_ref().unwrap().tags[0];
    assert_eq!(tag.id.as_deref(), Some("88120"), "a number is read as a string");
    let segment = &company.segments.as_ref().unwrap().segments[0];
    assert_eq!(segment.id.as_deref(), Some("66f1d0330d3a5c41e2f0a101"));
    assert_eq!(company.custom_attributes["depots"], 12);
    assert_eq!(company.custom_attributes["partner"], json!(null));
}

#[tokio::test]
async fn update_company() {
    let wire = respond("PUT /companies/{id}").await;
    let call = wire.client().update_company().id("66f1b7700d3a5c41e2f09b01");
    let company = call
        .body_map(|b| {
            b.name("Juniper Freight Group")
                .plan("scale")
                .size(140)
                .monthly_spend(1890.5)
                .website("https://juniper-freight.example")
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /companies/66f1b7700d3a5c41e2f09b01");
    assert_eq!(
        sent.body,
        json!({
            "name": "Juniper Freight Group", "plan": "scale", "size": 140, "monthly_spend": 1890.5,
            "website": "https://juniper-freight.example",
        })
    );
    assert_eq!(company.name.as_deref(), Some("Juniper Freight & Cold Chain"));
    assert_eq!(company.updated_at, Some(1731595500.into()));
}

#[tokio::test]
async fn update_company_clears_fields() {
    let wire = respond("PUT /companies/{id}").await;
    let call = wire.client().update_company().id("66f1b7700d3a5c41e2f09b01");
    call.body_map(|b| {
        b.size(Nullable::Null)
            .monthly_spend(Nullable::Null)
            .custom_attributes([("depots", json!(null))])
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"size": null, "monthly_spend": null, "custom_attributes": {"depots": null}})
    );
}

#[tokio::test]
async fn delete_company() {
    let wire = respond("DELETE /companies/{id}").await;
    let call = wire.client().delete_company().id("66f1b7700d3a5c41e2f09b01");
    let deleted = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /companies/66f1b7700d3a5c41e2f09b01");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("66f1b7700d3a5c41e2f09b01"));
    assert_eq!(deleted.object.as_deref(), Some("company"));
    assert_eq!(deleted.deleted, Some(true));
}

#[tokio::test]
async fn list_attached_contacts_for_company() {
    let mut page = example("GET /companies/{id}/contacts");
    page["data"] = json!([example("GET /contacts/{id}")]);
    let wire = respond_with(page).await;
    let call = wire.client().list_attached_contacts_for_company();
    let contacts = call
        .id("66f1b7700d3a5c41e2f09b01")
        .starting_after("Wz+=")
        .per_page(50)
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /companies/66f1b7700d3a5c41e2f09b01/contacts?starting_after=Wz%2B%3D&per_page=50"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(contacts.data[0].email.as_deref(), Some("ada@juniper-freight.example"));
    assert_eq!(contacts.pages.as_ref().unwrap().per_page, Some(50));
}

#[tokio::test]
async fn list_attached_segments_for_company() {
    let segments = example("GET /contacts/{contact_id}/segments");
    let wire = respond_with(segments).await;
    let call = wire.client().list_attached_segments_for_company();
    let segments = call.id("66f1b7700d3a5c41e2f09b01").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /companies/66f1b7700d3a5c41e2f09b01/segments");
    assert_eq!(sent.body, json!(null));
    assert_eq!(segments.data[0].name.as_deref(), Some("Active shippers"));
    assert_eq!(segments.data[0].updated_at, Some(1731888600.into()));
}

#[tokio::test]
async fn list_all_companies() {
    let wire = respond("POST /companies/list").await;
    let call = wire.client().list_all_companies().page(1).per_page(15).order("desc");
    let companies = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /companies/list?page=1&per_page=15&order=desc");
    assert_eq!(sent.body, json!(null));
    assert_eq!(companies.total_count, Some(2));
    assert_eq!(companies.data[1].company_id.as_deref(), Some("saltmarsh"));
    assert_eq!(companies.data[1].user_count, Some(1));
    let pages = companies.pages.as_ref().unwrap();
    assert_eq!((pages.page, pages.total_pages), (Some(1), Some(1)));
}

#[tokio::test]
async fn scroll_over_all_companies() {
    let wire = respond("GET /companies/scroll").await;
    let scroll = "b81f6e0c-37d2-4a95-9c1e-5d0f72ab4e63";
    let call = wire.client().scroll_over_all_companies().scroll_param(scroll);
    let companies = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /companies/scroll?scroll_param=b81f6e0c-37d2-4a95-9c1e-5d0f72ab4e63"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(companies.scroll_param.as_deref(), Some(scroll));
    assert_eq!(companies.data.len(), 2);
    assert_eq!(companies.total_count, None);
    assert!(companies.pages.is_none());
}

#[tokio::test]
async fn attach_contact_to_company() {
    let wire = respond("POST /contacts/{id}/companies").await;
    let call = wire.client().attach_contact_to_company().id("66f1c2a9d04b7e8351aa0c11");
    let company = call
        .body_map(|b| b.id("66f1b7700d3a5c41e2f09b01"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/companies");
    assert_eq!(sent.body, json!({"id": "66f1b7700d3a5c41e2f09b01"}));
    assert_eq!(company.name.as_deref(), Some("Juniper Freight"));
    assert_eq!(company.user_count, Some(1));
}

#[tokio::test]
async fn attach_contact_to_company_needs_a_company() {
    let wire = respond("POST /contacts/{id}/companies").await;
    let call = wire.client().attach_contact_to_company().id("66f1c2a9d04b7e8351aa0c11");
    let error = call.send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "attach_contact_to_company: missing request body (set it with `body` or `body_map`)"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn detach_contact_from_company() {
    let wire = respond("DELETE /contacts/{contact_id}/companies/{id}").await;
    let call = wire.client().detach_contact_from_company();
    let company = call.contact_id("ada/1 ü").id("juniper?#1").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /contacts/ada%2F1%20%C3%BC/companies/juniper%3F%231");
    assert_eq!(sent.body, json!(null));
    assert_eq!(company.updated_at, Some(1731597000.into()));
    assert_eq!(company.user_count, Some(0));
}
