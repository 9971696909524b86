//! Three typical programs, tested on the mock as a user would test them. Each also has five faulty
//! variants, which its test must detect.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use intercom_client::mock::MockIntercom;
use intercom_client::search::field;
use intercom_client::types::{Contact, ConversationListItem, CreateContactRequest, CreateTagRequest};
use intercom_client::{Client, Error, Method};
use serde_json::{Value, json};

const ADMIN: i64 = 4_021_337;
const SUPPORT: i64 = 6180;

/// A row of a customer list.
struct Row {
    key: &'static str,
    email: &'static str,
    name: &'static str,
    company: &'static str,
}

const fn row(key: &'static str, email: &'static str, name: &'static str, company: &'static str) -> Row {
    Row {
        key,
        email,
        name,
        company,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Importer {
    Correct,
    /// Treats a conflict as success.
    KeepsOldNames,
    /// Identifies companies by the name of the contact instead of the key.
    WrongCompanyKey,
    SkipsCompanies,
    /// Identifies contacts by email address only.
    IdentifiesByEmail,
    /// Also tags contacts that existed before.
    TagsEveryContact,
}

async fn import(client: &Client, rows: &[Row], variant: Importer) -> Result<(), Error> {
    for row in rows {
        let contact = CreateContactRequest::with_external_id(row.key)
            .email(row.email)
            .name(row.name);
        let contact = match variant {
            Importer::IdentifiesByEmail => CreateContactRequest::with_email(row.email).name(row.name),
            _ => contact,
        };
        let (id, is_new) = match client.create_contact().body(contact).await {
            Ok(created) => (created.id.clone().unwrap_or_default(), true),
            Err(error) if error.is_conflict() => {
                let id = error.conflicting_id().unwrap_or_default().to_owned();
                if variant != Importer::KeepsOldNames {
                    let change = json!({"name": row.name, "email": row.email});
                    client.update_contact().id(&id).body(change).await?;
                }
                (id, false)
            }
            Err(error) => return Err(error),
        };
        if is_new || variant == Importer::TagsEveryContact {
            let tag = client.create_tag().body(CreateTagRequest::create("imported")).await?;
            client
                .attach_tag_to_contact()
                .id(&id)
                .body(json!({"id": tag.id}))
                .await?;
        }
        let key = if variant == Importer::WrongCompanyKey {
            row.name
        } else {
            row.company
        };
        let company = json!({"company_id": key, "name": row.company.to_uppercase()});
        let company = client.create_or_update_company().body(company).await?;
        if variant != Importer::SkipsCompanies {
            client
                .attach_contact_to_company()
                .id(&id)
                .body(json!({"id": company.id}))
                .await?;
        }
    }
    Ok(())
}

/// Runs an importer twice, the second time with a changed name and email address. One contact
/// exists before.
async fn import_twice(variant: Importer) -> Result<(), String> {
    let intercom = MockIntercom::builder().empty(true).build();
    intercom.seed("list_contacts", [json!({"type": "contact", "id": "5f0", "role": "user", "external_id": "1", "email": "old@acme.example", "name": "Old"})]);
    let client = intercom.client();
    let first = [
        row("1", "ada@acme.example", "Ada", "acme"),
        row("2", "bo@acme.example", "Bo", "acme"),
        row("3", "cy@brook.example", "Cy", "brook"),
    ];
    let second = [
        row("1", "ada@acme.example", "Ada B", "acme"),
        row("2", "bo@brook.example", "Bo", "acme"),
        row("3", "cy@brook.example", "Cy", "brook"),
    ];
    for rows in [&first, &second] {
        import(&client, rows, variant)
            .await
            .map_err(|error| error.to_string())?;
    }
    let contacts: Vec<Contact> = client
        .list_contacts()
        .stream()
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    let names: BTreeSet<_> = contacts
        .iter()
        .map(|contact| (contact.external_id.clone(), contact.name.clone(), contact.email.clone()))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = second
        .iter()
        .map(|row| (text(row.key), text(row.name), text(row.email)))
        .collect();
    same("contacts", names, expected)?;
    let companies = client.list_all_companies().await.map_err(|error| error.to_string())?;
    let users: BTreeMap<_, _> = companies
        .data
        .iter()
        .map(|company| (company.company_id.clone(), company.user_count))
        .collect();
    same(
        "companies",
        users,
        [(text("acme"), Some(2)), (text("brook"), Some(1))].into(),
    )?;
    let tag = client
        .create_tag()
        .body(CreateTagRequest::create("imported"))
        .await
        .map_err(|error| error.to_string())?;
    let found = client
        .search_contacts()
        .query(field("tag_id").eq(tag.id.clone().unwrap_or_default()));
    let tagged: Vec<Contact> = found.stream().try_collect().await.map_err(|error| error.to_string())?;
    let tagged = tagged
        .iter()
        .map(|contact| contact.external_id.clone())
        .collect::<BTreeSet<_>>();
    same("new contacts", tagged, [text("2"), text("3")].into())
}

fn same<T: PartialEq + std::fmt::Debug>(subject: &str, found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{subject}: {found:?} instead of {expected:?}")),
    }
}

#[tokio::test]
async fn importer_is_idempotent() {
    assert_eq!(import_twice(Importer::Correct).await, Ok(()));
    for faulty in [
        Importer::KeepsOldNames,
        Importer::WrongCompanyKey,
        Importer::SkipsCompanies,
        Importer::IdentifiesByEmail,
        Importer::TagsEveryContact,
    ] {
        assert!(import_twice(faulty).await.is_err(), "{faulty:?} is not detected");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SyncVariant {
    Correct,
    /// Deletes former customers instead of archiving them.
    Deletes,
    /// Leaves returning customers archived.
    ForgetsToUnarchive,
    /// Merges users into leads.
    MergesBackwards,
    ReadsTheFirstPage,
    /// Overwrites local names with older ones.
    ReadsBeforeItWrites,
}

/// The local names by key, with a flag for current customers.
type Customers = BTreeMap<String, (String, bool)>;

async fn sync(client: &Client, local: &mut Customers, variant: SyncVariant) -> Result<(), Error> {
    if variant == SyncVariant::ReadsBeforeItWrites {
        read(client, local, variant).await?;
    }
    for (key, (name, is_customer)) in local.iter() {
        let found = client
            .search_contacts()
            .query(field("external_id").eq(key.as_str()))
            .await?;
        let id = found.data.first().and_then(|found| found.id.clone());
        match (id, is_customer) {
            (Some(id), true) => drop(client.update_contact().id(&id).body(json!({"name": name})).await?),
            (Some(id), false) if variant == SyncVariant::Deletes => drop(client.delete_contact().id(&id).await?),
            (Some(id), false) => drop(client.archive_contact().id(&id).await?),
            (None, false) => {}
            (None, true) => {
                let contact = CreateContactRequest::with_external_id(key.as_str()).name(name.as_str());
                match client.create_contact().body(contact).await {
                    Err(error) if error.is_conflict() && variant != SyncVariant::ForgetsToUnarchive => {
                        let id = error.conflicting_id().unwrap_or_default();
                        client.unarchive_contact().id(id).await?;
                        client.update_contact().id(id).body(json!({"name": name})).await?;
                    }
                    Err(error) if error.is_conflict() => {}
                    result => drop(result?),
                }
            }
        }
    }
    // Merges leads into the user with the same email address.
    let leads: Vec<Contact> = client
        .search_contacts()
        .query(field("role").eq("lead"))
        .stream()
        .try_collect()
        .await?;
    for lead in leads {
        let email = lead.email.clone().unwrap_or_default();
        let user = client
            .search_contacts()
            .query(field("role").eq("user") & field("email").eq(email))
            .await?;
        if let Some(user) = user.data.first() {
            let (from, into) = match variant {
                SyncVariant::MergesBackwards => (&user.id, &lead.id),
                _ => (&lead.id, &user.id),
            };
            client.merge_contact().body(json!({"from": from, "into": into})).await?;
        }
    }
    if variant != SyncVariant::ReadsBeforeItWrites {
        read(client, local, variant).await?;
    }
    Ok(())
}

/// Copies the users of Intercom and their names.
async fn read(client: &Client, local: &mut Customers, variant: SyncVariant) -> Result<(), Error> {
    let contacts: Vec<Contact> = match variant {
        SyncVariant::ReadsTheFirstPage => client.list_contacts().await?.into_inner().data.to_vec(),
        _ => client.list_contacts().stream().try_collect().await?,
    };
    for contact in contacts
        .into_iter()
        .filter(|contact| contact.role.as_deref() == Some("user"))
    {
        if let (Some(key), Some(name)) = (contact.external_id, contact.name) {
            local.insert(key, (name, true));
        }
    }
    Ok(())
}

async fn sync_all(variant: SyncVariant) -> Result<(), String> {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    let message = |error: Error| error.to_string();
    let contact = |i: usize| json!({"type": "contact", "id": format!("5f{i:02}"), "role": "user", "external_id": format!("k{i:02}"), "email": format!("p{i}@acme.example"), "name": format!("Old {i}")});
    intercom.seed("list_contacts", (0..14).map(contact));
    let lead = client
        .create_contact()
        .body(json!({"role": "lead", "email": "p3@acme.example", "phone": "+15550100123"}));
    let lead = lead.await.map_err(message)?;
    // k01 is archived and returns, k02 leaves, and most others only exist in Intercom.
    client.archive_contact().id("5f01").await.map_err(message)?;
    let mut local: Customers = [
        ("k00", "New 0", true),
        ("k01", "Back", true),
        ("k02", "Gone", false),
        ("n1", "Nia", true),
    ]
    .into_iter()
    .map(|(key, name, is_customer)| (key.to_owned(), (name.to_owned(), is_customer)))
    .collect();
    sync(&client, &mut local, variant).await.map_err(message)?;

    let contacts: Vec<Contact> = client.list_contacts().stream().try_collect().await.map_err(message)?;
    let mut expected: BTreeMap<String, String> = (3..14).map(|i| (format!("k{i:02}"), format!("Old {i}"))).collect();
    for (key, name) in [("k00", "New 0"), ("k01", "Back"), ("n1", "Nia")] {
        expected.insert(key.to_owned(), name.to_owned());
    }
    let remote = contacts.iter().map(|contact| {
        (
            contact.external_id.clone().unwrap_or_default(),
            contact.name.clone().unwrap_or_default(),
        )
    });
    same("in Intercom", remote.collect(), expected.clone())?;
    let customers = local
        .iter()
        .filter(|(_, (_, is_customer))| *is_customer)
        .map(|(key, (name, _))| (key.clone(), name.clone()));
    same("local", customers.collect(), expected)?;
    let merged = client.show_contact().id("5f03").await.map_err(message)?;
    same(
        "phone of the merged contact",
        merged.phone.clone(),
        Some("+15550100123".to_owned()),
    )?;
    same("lead", client.show_contact().id(&lead.id).await.is_err(), true)?;
    // k02 was archived, not deleted.
    client.unarchive_contact().id("5f02").await.map(drop).map_err(message)
}

#[tokio::test]
async fn two_way_sync_archives_and_merges() {
    assert_eq!(sync_all(SyncVariant::Correct).await, Ok(()));
    for faulty in [
        SyncVariant::Deletes,
        SyncVariant::ForgetsToUnarchive,
        SyncVariant::MergesBackwards,
        SyncVariant::ReadsTheFirstPage,
        SyncVariant::ReadsBeforeItWrites,
    ] {
        assert!(sync_all(faulty).await.is_err(), "{faulty:?} is not detected");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bot {
    Correct,
    /// Ignores that a conversation is already assigned.
    RepliesTwice,
    /// Sends its note to the customer.
    NoteIsPublic,
    ClosesInsteadOfAssigning,
    ForgetsTheTag,
    /// Handles messages of admins, too.
    HandlesOwnMessages,
}

/// Assigns open conversations about maps to support, with a note and a tag, and replies once.
async fn run_bot(client: &Client, variant: Bot) -> Result<(), Error> {
    let open = client
        .search_conversations()
        .query(field("open").eq(true) & field("source.body").contains("map"));
    let open: Vec<ConversationListItem> = open.stream().try_collect().await?;
    let tag = client.create_tag().body(CreateTagRequest::create("maps")).await?;
    for listed in open {
        let id = listed.id.clone().unwrap_or_default();
        let is_ours = listed
            .source
            .as_ref()
            .is_some_and(|source| source.delivered_as.as_deref() == Some("admin_initiated"));
        let is_done = listed.team_assignee_id.is_some_and(|team| team == SUPPORT);
        if (is_ours && variant != Bot::HandlesOwnMessages) || (is_done && variant != Bot::RepliesTwice) {
            continue;
        }
        let reply =
            |kind: &str, body: &str| json!({"message_type": kind, "type": "admin", "admin_id": ADMIN, "body": body});
        let kind = if variant == Bot::NoteIsPublic {
            "comment"
        } else {
            "note"
        };
        client
            .reply_conversation()
            .id(&id)
            .body(reply(kind, "About maps."))
            .await?;
        client
            .reply_conversation()
            .id(&id)
            .body(reply("comment", "We are on it."))
            .await?;
        if variant != Bot::ForgetsTheTag {
            let attach = json!({"id": tag.id, "admin_id": ADMIN});
            client.attach_tag_to_conversation().id(&id).body(attach).await?;
        }
        let action = match variant {
            Bot::ClosesInsteadOfAssigning => json!({"message_type": "close", "type": "admin", "admin_id": ADMIN}),
            _ => json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": SUPPORT}),
        };
        client.manage_conversation().id(&id).body(action).await?;
    }
    Ok(())
}

async fn bot_runs_twice(variant: Bot) -> Result<(), String> {
    let intercom = MockIntercom::new();
    intercom.seed("list_conversations", [Value::Null; 0]);
    let client = intercom.client();
    let message = |error: Error| error.to_string();
    let ada = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("ada"))
        .await
        .map_err(message)?;
    let user = json!({"type": "user", "id": ada.id});
    let question = client
        .create_conversation()
        .body(json!({"from": user, "body": "My map is empty"}));
    let question = question
        .await
        .map_err(message)?
        .conversation_id
        .clone()
        .unwrap_or_default();
    let other = client
        .create_conversation()
        .body(json!({"from": user, "body": "Where is my invoice?"}));
    let other = other
        .await
        .map_err(message)?
        .conversation_id
        .clone()
        .unwrap_or_default();
    let announcement = json!({"from": {"type": "admin", "id": ADMIN.to_string()}, "to": user, "message_type": "inapp", "body": "A new map!"});
    client
        .request(Method::POST, "/messages")
        .json(&announcement)
        .send::<Value>()
        .await
        .map_err(message)?;
    for _ in 0..2 {
        run_bot(&client, variant).await.map_err(message)?;
    }
    let done = client.retrieve_conversation().id(&question).await.map_err(message)?;
    let parts = done
        .conversation_parts
        .as_ref()
        .map(|parts| parts.conversation_parts.as_slice())
        .unwrap_or_default();
    let parts: Vec<_> = parts
        .iter()
        .map(|part| part.part_type.clone().unwrap_or_default())
        .collect();
    same(
        "parts",
        parts,
        ["note", "comment", "assignment"].map(str::to_owned).to_vec(),
    )?;
    same("state", (done.open, done.team_assignee_id), (Some(true), Some(SUPPORT)))?;
    let tagged = client
        .search_conversations()
        .query(field("contact_ids").eq(ada.id.clone().unwrap_or_default()));
    let tagged: Vec<ConversationListItem> = tagged.stream().try_collect().await.map_err(message)?;
    same("conversations", tagged.len(), 3)?;
    let tags = |conversation: &ConversationListItem| conversation.tags.as_ref().map_or(0, |tags| tags.tags.len());
    let tags: Vec<usize> = tagged.iter().map(tags).collect();
    same("tags", tags, vec![1, 0, 0])?;
    let untouched = client.retrieve_conversation().id(&other).await.map_err(message)?;
    same("other", untouched.team_assignee_id, None)
}

#[tokio::test]
async fn support_bot_replies_once_and_assigns() {
    assert_eq!(bot_runs_twice(Bot::Correct).await, Ok(()));
    for faulty in [
        Bot::RepliesTwice,
        Bot::NoteIsPublic,
        Bot::ClosesInsteadOfAssigning,
        Bot::ForgetsTheTag,
        Bot::HandlesOwnMessages,
    ] {
        assert!(bot_runs_twice(faulty).await.is_err(), "{faulty:?} is not detected");
    }
}
