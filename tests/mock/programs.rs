//! Three programs of the kind that users write, tested on the mock as users would. Each is broken in five ways as well: what the
//! tests look at tells every broken one from the right one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use intercom_client::mock::MockIntercom;
use intercom_client::search::field;
use intercom_client::types::{Contact, ConversationListItem, CreateContactRequest, CreateTagRequest};
use intercom_client::{Client, Error, Method};
use serde_json::{Value, json};

const ADMIN: i64 = 4_021_337;
const SUPPORT: i64 = 6180;

/// A line of a customer list.
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
    Right,
    /// Takes a conflict for success.
    KeepsOldNames,
    /// Names companies by the name instead of the key.
    NamesCompaniesByName,
    AttachesNobody,
    /// Knows people by the email address alone.
    KnowsByEmail,
    /// Marks people it only updates as new ones.
    TagsEverybody,
}

async fn import(client: &Client, rows: &[Row], how: Importer) -> Result<(), Error> {
    for row in rows {
        let person = CreateContactRequest::with_external_id(row.key)
            .email(row.email)
            .name(row.name);
        let person = match how {
            Importer::KnowsByEmail => CreateContactRequest::with_email(row.email).name(row.name),
            _ => person,
        };
        let (id, is_new) = match client.create_contact().body(person).await {
            Ok(made) => (made.id.clone().unwrap_or_default(), true),
            Err(error) if error.is_conflict() => {
                let id = error.conflicting_id().unwrap_or_default().to_owned();
                if how != Importer::KeepsOldNames {
                    let change = json!({"name": row.name, "email": row.email});
                    client.update_contact().id(&id).body(change).await?;
                }
                (id, false)
            }
            Err(error) => return Err(error),
        };
        if is_new || how == Importer::TagsEverybody {
            let tag = client.create_tag().body(CreateTagRequest::create("imported")).await?;
            client
                .attach_tag_to_contact()
                .id(&id)
                .body(json!({"id": tag.id}))
                .await?;
        }
        let key = if how == Importer::NamesCompaniesByName {
            row.name
        } else {
            row.company
        };
        let company = json!({"company_id": key, "name": row.company.to_uppercase()});
        let company = client.create_or_update_company().body(company).await?;
        if how != Importer::AttachesNobody {
            client
                .attach_contact_to_company()
                .id(&id)
                .body(json!({"id": company.id}))
                .await?;
        }
    }
    Ok(())
}

/// Runs an importer twice, the second time with a changed name and email, over people of whom one is there already.
async fn import_twice(how: Importer) -> Result<(), String> {
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
        import(&client, rows, how).await.map_err(|error| error.to_string())?;
    }
    let people: Vec<Contact> = client
        .list_contacts()
        .stream()
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    let names: BTreeSet<_> = people
        .iter()
        .map(|person| (person.external_id.clone(), person.name.clone(), person.email.clone()))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = second
        .iter()
        .map(|row| (text(row.key), text(row.name), text(row.email)))
        .collect();
    same("people", names, expected)?;
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
        .map(|person| person.external_id.clone())
        .collect::<BTreeSet<_>>();
    same("new people", tagged, [text("2"), text("3")].into())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: {found:?} instead of {expected:?}")),
    }
}

#[tokio::test]
async fn an_importer_that_runs_twice_makes_everything_once() {
    assert_eq!(import_twice(Importer::Right).await, Ok(()));
    for broken in [
        Importer::KeepsOldNames,
        Importer::NamesCompaniesByName,
        Importer::AttachesNobody,
        Importer::KnowsByEmail,
        Importer::TagsEverybody,
    ] {
        assert!(import_twice(broken).await.is_err(), "{broken:?} is not noticed");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sync {
    Right,
    /// Deletes who is only gone for now.
    Deletes,
    /// Leaves who came back in the archive.
    ForgetsToUnarchive,
    /// Merges the user into the lead.
    MergesBackwards,
    ReadsTheFirstPage,
    /// Lets the old name win over the local one.
    ReadsBeforeItWrites,
}

/// People by key: name, and whether they are customers now.
type People = BTreeMap<String, (String, bool)>;

async fn sync(client: &Client, local: &mut People, how: Sync) -> Result<(), Error> {
    if how == Sync::ReadsBeforeItWrites {
        read(client, local, how).await?;
    }
    for (key, (name, is_customer)) in local.iter() {
        let found = client
            .search_contacts()
            .query(field("external_id").eq(key.as_str()))
            .await?;
        let id = found.data.first().and_then(|found| found.id.clone());
        match (id, is_customer) {
            (Some(id), true) => drop(client.update_contact().id(&id).body(json!({"name": name})).await?),
            (Some(id), false) if how == Sync::Deletes => drop(client.delete_contact().id(&id).await?),
            (Some(id), false) => drop(client.archive_contact().id(&id).await?),
            (None, false) => {}
            (None, true) => {
                let person = CreateContactRequest::with_external_id(key.as_str()).name(name.as_str());
                match client.create_contact().body(person).await {
                    Err(error) if error.is_conflict() && how != Sync::ForgetsToUnarchive => {
                        let id = error.conflicting_id().unwrap_or_default();
                        client.unarchive_contact().id(id).await?;
                        client.update_contact().id(id).body(json!({"name": name})).await?;
                    }
                    Err(error) if error.is_conflict() => {}
                    made => drop(made?),
                }
            }
        }
    }
    // Leads with the address of a user are that user.
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
            let (from, into) = match how {
                Sync::MergesBackwards => (&user.id, &lead.id),
                _ => (&lead.id, &user.id),
            };
            client.merge_contact().body(json!({"from": from, "into": into})).await?;
        }
    }
    if how != Sync::ReadsBeforeItWrites {
        read(client, local, how).await?;
    }
    Ok(())
}

/// Takes over who came into being in Intercom, and what they are called there.
async fn read(client: &Client, local: &mut People, how: Sync) -> Result<(), Error> {
    let people: Vec<Contact> = match how {
        Sync::ReadsTheFirstPage => client.list_contacts().await?.into_inner().data.to_vec(),
        _ => client.list_contacts().stream().try_collect().await?,
    };
    for person in people
        .into_iter()
        .filter(|person| person.role.as_deref() == Some("user"))
    {
        if let (Some(key), Some(name)) = (person.external_id, person.name) {
            local.insert(key, (name, true));
        }
    }
    Ok(())
}

async fn sync_all(how: Sync) -> Result<(), String> {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    let told = |error: Error| error.to_string();
    let person = |i: usize| json!({"type": "contact", "id": format!("5f{i:02}"), "role": "user", "external_id": format!("k{i:02}"), "email": format!("p{i}@acme.example"), "name": format!("Old {i}")});
    intercom.seed("list_contacts", (0..14).map(person));
    let lead = client
        .create_contact()
        .body(json!({"role": "lead", "email": "p3@acme.example", "phone": "+15550100123"}));
    let lead = lead.await.map_err(told)?;
    // Somebody left once, and is back; somebody leaves now; most are known in Intercom only.
    client.archive_contact().id("5f01").await.map_err(told)?;
    let mut local: People = [
        ("k00", "New 0", true),
        ("k01", "Back", true),
        ("k02", "Gone", false),
        ("n1", "Nia", true),
    ]
    .into_iter()
    .map(|(key, name, is_customer)| (key.to_owned(), (name.to_owned(), is_customer)))
    .collect();
    sync(&client, &mut local, how).await.map_err(told)?;

    let people: Vec<Contact> = client.list_contacts().stream().try_collect().await.map_err(told)?;
    let mut expected: BTreeMap<String, String> = (3..14).map(|i| (format!("k{i:02}"), format!("Old {i}"))).collect();
    for (key, name) in [("k00", "New 0"), ("k01", "Back"), ("n1", "Nia")] {
        expected.insert(key.to_owned(), name.to_owned());
    }
    let there = people.iter().map(|person| {
        (
            person.external_id.clone().unwrap_or_default(),
            person.name.clone().unwrap_or_default(),
        )
    });
    same("in Intercom", there.collect(), expected.clone())?;
    let here = local
        .iter()
        .filter(|(_, (_, is_customer))| *is_customer)
        .map(|(key, (name, _))| (key.clone(), name.clone()));
    same("here", here.collect(), expected)?;
    let merged = client.show_contact().id("5f03").await.map_err(told)?;
    same(
        "phone of the merged",
        merged.phone.clone(),
        Some("+15550100123".to_owned()),
    )?;
    same("lead", client.show_contact().id(&lead.id).await.is_err(), true)?;
    // Who is archived can come back.
    client.unarchive_contact().id("5f02").await.map(drop).map_err(told)
}

#[tokio::test]
async fn a_sync_in_both_directions_archives_and_merges() {
    assert_eq!(sync_all(Sync::Right).await, Ok(()));
    for broken in [
        Sync::Deletes,
        Sync::ForgetsToUnarchive,
        Sync::MergesBackwards,
        Sync::ReadsTheFirstPage,
        Sync::ReadsBeforeItWrites,
    ] {
        assert!(sync_all(broken).await.is_err(), "{broken:?} is not noticed");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bot {
    Right,
    /// Does not look whether it has been there already.
    AnswersTwice,
    /// Writes its analysis where the customer sees it.
    SpeaksAloud,
    ClosesInsteadOfAssigning,
    ForgetsTheTag,
    /// Tags by the first word that it finds, whoever said it.
    ListensToItself,
}

/// Assigns open conversations about maps to support, with a note and a tag, and replies once.
async fn run_bot(client: &Client, how: Bot) -> Result<(), Error> {
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
        if (is_ours && how != Bot::ListensToItself) || (is_done && how != Bot::AnswersTwice) {
            continue;
        }
        let said =
            |kind: &str, body: &str| json!({"message_type": kind, "type": "admin", "admin_id": ADMIN, "body": body});
        let kind = if how == Bot::SpeaksAloud { "comment" } else { "note" };
        client
            .reply_conversation()
            .id(&id)
            .body(said(kind, "About maps."))
            .await?;
        client
            .reply_conversation()
            .id(&id)
            .body(said("comment", "We are on it."))
            .await?;
        if how != Bot::ForgetsTheTag {
            let attach = json!({"id": tag.id, "admin_id": ADMIN});
            client.attach_tag_to_conversation().id(&id).body(attach).await?;
        }
        let act = match how {
            Bot::ClosesInsteadOfAssigning => json!({"message_type": "close", "type": "admin", "admin_id": ADMIN}),
            _ => json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": SUPPORT}),
        };
        client.manage_conversation().id(&id).body(act).await?;
    }
    Ok(())
}

async fn bot_runs_twice(how: Bot) -> Result<(), String> {
    let intercom = MockIntercom::new();
    intercom.seed("list_conversations", [Value::Null; 0]);
    let client = intercom.client();
    let told = |error: Error| error.to_string();
    let ada = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("ada"))
        .await
        .map_err(told)?;
    let user = json!({"type": "user", "id": ada.id});
    let asks = client
        .create_conversation()
        .body(json!({"from": user, "body": "My map is empty"}));
    let asks = asks.await.map_err(told)?.conversation_id.clone().unwrap_or_default();
    let other = client
        .create_conversation()
        .body(json!({"from": user, "body": "Where is my invoice?"}));
    let other = other.await.map_err(told)?.conversation_id.clone().unwrap_or_default();
    let tells = json!({"from": {"type": "admin", "id": ADMIN.to_string()}, "to": user, "message_type": "inapp", "body": "A new map!"});
    client
        .request(Method::POST, "/messages")
        .json(&tells)
        .send::<Value>()
        .await
        .map_err(told)?;
    for _ in 0..2 {
        run_bot(&client, how).await.map_err(told)?;
    }
    let done = client.retrieve_conversation().id(&asks).await.map_err(told)?;
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
    let tagged: Vec<ConversationListItem> = tagged.stream().try_collect().await.map_err(told)?;
    same("conversations", tagged.len(), 3)?;
    let tags = |conversation: &ConversationListItem| conversation.tags.as_ref().map_or(0, |tags| tags.tags.len());
    let tags: Vec<usize> = tagged.iter().map(tags).collect();
    same("tags", tags, vec![1, 0, 0])?;
    let untouched = client.retrieve_conversation().id(&other).await.map_err(told)?;
    same("other", untouched.team_assignee_id, None)
}

#[tokio::test]
async fn a_support_bot_answers_once_and_assigns() {
    assert_eq!(bot_runs_twice(Bot::Right).await, Ok(()));
    for broken in [
        Bot::AnswersTwice,
        Bot::SpeaksAloud,
        Bot::ClosesInsteadOfAssigning,
        Bot::ForgetsTheTag,
        Bot::ListensToItself,
    ] {
        assert!(bot_runs_twice(broken).await.is_err(), "{broken:?} is not noticed");
    }
}
