//! Notes on contacts.

use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_notes() {
    let wire = respond("GET /contacts/{id}/notes").await;
    let call = wire.client().list_notes().id("66f1c2a9d04b7e8351aa0c11");
    let notes = call.page(1).per_page(50).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /contacts/66f1c2a9d04b7e8351aa0c11/notes?page=1&per_page=50"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(notes.total_count, Some(3));
    assert_eq!(notes.pages.as_ref().unwrap().total_pages, Some(1));
    assert_eq!(notes.data.len(), 3);
    let note = &notes.data[1];
    assert_eq!(note.created_at, Some(1731594600.into()));
    assert!(note.body.as_deref().unwrap().contains("month by month"));
    let contact = note.contact.as_ref().unwrap();
    assert_eq!(contact.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
}

#[tokio::test]
async fn create_note() {
    let text = "Her Carrier Hub token ran out on Saturday, which is why the map is empty. Renewal asked for, check on \
                Tuesday.";
    let wire = respond("POST /contacts/{id}/notes").await;
    let note = wire
        .client()
        .create_note()
        .id("66f1c2a9d04b7e8351aa0c11")
        .body_map(|b| b.contact_id("66f1c2a9d04b7e8351aa0c11").admin_id(4021337).body(text))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/notes");
    assert_eq!(
        sent.body,
        json!({"contact_id": "66f1c2a9d04b7e8351aa0c11", "admin_id": 4021337, "body": text})
    );
    assert_eq!(note.id.as_deref(), Some("5512003"));
    assert_eq!(note.created_at, Some(1731921900.into()));
    let author = note.author.as_ref().unwrap();
    assert_eq!(author.name.as_deref(), Some("Maren Holt"));
    assert_eq!(author.away_mode_enabled, Some(false));
}

#[tokio::test]
async fn create_note_needs_a_text() {
    let wire = respond("POST /contacts/{id}/notes").await;
    let call = wire.client().create_note().id("66f1c2a9d04b7e8351aa0c11");
    let error = call.body_map(|b| b.admin_id(4021337)).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_note: missing required value `body`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_note() {
    let wire = respond("GET /notes/{id}").await;
    let note = wire.client().retrieve_note().id(5512003).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /notes/5512003");
    assert_eq!(sent.body, json!(null));
    assert_eq!(note.id.as_deref(), Some("5512003"));
    assert_eq!(note.author.as_ref().unwrap().id.as_deref(), Some("4021337"));
    assert_eq!(note.contact.as_ref().unwrap().type_.as_deref(), Some("contact"));
}

#[tokio::test]
async fn retrieve_note_whose_author_is_gone() {
    let wire =
        respond_with(json!({"type": "note", "id": 5512003, "author": null, "contact": null, "body": null})).await;
    let note = wire.client().retrieve_note().id("55/12 003").send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /notes/55%2F12%20003");
    assert_eq!(note.id.as_deref(), Some("5512003"), "a number is read as a string");
    assert_eq!(note.author, None);
    assert_eq!(note.contact, None);
    assert_eq!(note.body, None);
}
