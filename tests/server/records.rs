//! The records of the server: number `i` of each kind, as JSON text.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The names of the teammates.
pub const TEAMMATES: [&str; 4] = ["Ada", "Brahim", "Chidi", "Dora"];

fn now() -> i64 {
    static NOW: OnceLock<i64> = OnceLock::new();
    *NOW.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64)
}

/// When record `i` was created: the first one just now, each one four hours before the one ahead of it.
pub fn created_at(i: usize) -> i64 {
    now() - 4 * 3600 * i as i64
}

/// A record that differs by its number alone: its text is parted once, and joined again by the number each time.
fn numbered(parts: &'static OnceLock<Vec<String>>, i: usize, record: &str) -> String {
    let parts = parts.get_or_init(|| {
        let compact = serde_json::from_str::<Value>(record).unwrap().to_string();
        compact.split("$ID").map(str::to_owned).collect()
    });
    parts.join(&format!("{i:024x}"))
}

/// A contact of 1.8 kB with an address and a name: of its other fields most are null, and its lists are empty.
pub fn contact(i: usize) -> String {
    static PARTS: OnceLock<Vec<String>> = OnceLock::new();
    numbered(
        &PARTS,
        i,
        r#"{
            "type": "contact", "id": "$ID", "workspace_id": "wk7731", "external_id": "ext-70211", "role": "user",
            "email": "jo.example@acme.test", "phone": null, "name": "Jo Example", "avatar": null, "owner_id": null,
            "social_profiles": {"type": "list", "data": []}, "has_hard_bounced": false, "marked_email_as_spam": false,
            "unsubscribed_from_emails": false, "created_at": 1700000000, "updated_at": 1700003600,
            "signed_up_at": 1699990000, "last_seen_at": null, "last_replied_at": null, "last_contacted_at": null,
            "last_email_opened_at": null, "last_email_clicked_at": null, "language_override": null, "browser": null,
            "browser_version": null, "browser_language": null, "os": null,
            "location": {"type": "location", "country": null, "region": null, "city": null, "country_code": null,
                "continent_code": null},
            "android_app_name": null, "android_app_version": null, "android_device": null,
            "android_os_version": null, "android_sdk_version": null, "android_last_seen_at": null,
            "ios_app_name": null, "ios_app_version": null, "ios_device": null, "ios_os_version": null,
            "ios_sdk_version": null, "ios_last_seen_at": null, "custom_attributes": {},
            "tags": {"type": "list", "data": [], "url": "/contacts/$ID/tags", "total_count": 0, "has_more": false},
            "notes": {"type": "list", "data": [], "url": "/contacts/$ID/notes", "total_count": 0, "has_more": false},
            "companies": {"type": "list", "data": [], "url": "/contacts/$ID/companies", "total_count": 0,
                "has_more": false},
            "opted_out_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
                "total_count": 0, "has_more": false},
            "opted_in_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
                "total_count": 0, "has_more": false},
            "utm_campaign": null, "utm_content": null, "utm_medium": null, "utm_source": null, "utm_term": null,
            "referrer": null
        }"#,
    )
}

/// A contact of 2.8 kB with most of its fields set, and attributes of its own.
pub fn full_contact(i: usize) -> String {
    static PARTS: OnceLock<Vec<String>> = OnceLock::new();
    numbered(
        &PARTS,
        i,
        r#"{
            "type": "contact", "id": "$ID", "workspace_id": "wk7731", "external_id": "acme-customer-0000070211",
            "role": "user", "email": "jo.example@logistics.acme-freight.test", "phone": "+15550100123",
            "name": "Jo Example of Dublin", "avatar": "https://static.acme.test/avatars/66f1c2a9d04b7e8351aa0c11/jo-example-256x256.png?version=1700003600",
            "owner_id": 4021337, "social_profiles": {"type": "list", "data": []},
            "has_hard_bounced": false, "marked_email_as_spam": false, "unsubscribed_from_emails": false,
            "created_at": 1700000000, "updated_at": 1700003600, "signed_up_at": 1699990000, "last_seen_at": 1700003500,
            "last_replied_at": 1700003000, "last_contacted_at": 1700002000, "last_email_opened_at": 1700001000,
            "last_email_clicked_at": 1700001100, "language_override": "en", "browser": "firefox",
            "browser_version": "132.0.1 (64 bit)", "browser_language": "en-IE", "os": "Linux x86_64, Debian 12",
            "location": {"type": "location", "country": "Ireland", "region": "Leinster", "city": "Dublin",
                "country_code": "IRL", "continent_code": "EU"},
            "android_app_name": "Acme Freight for drivers", "android_app_version": "4.2.0 (build 20241113)",
            "android_device": "Google Pixel 9 Pro", "android_os_version": "15", "android_sdk_version": "15.11.2",
            "android_last_seen_at": 1700003100, "ios_app_name": null, "ios_app_version": null,
            "ios_device": null, "ios_os_version": null, "ios_sdk_version": null, "ios_last_seen_at": null,
            "custom_attributes": {"plan": "scale", "seats": 40, "score": 0.5, "trial": false,
                "delivery_notes": "Ring twice at the green gate. The dock is behind the second hall, on the left after the weighbridge; lorries above twelve metres turn at the ferry terminal and come back along the quay, where the guard opens; on Sundays call the number on the gate first, and have the papers of the load at hand.",
                "last_route": "Dublin Port by Athlone and Ballinasloe to Galway Docks, returning empty on the same day"},
            "tags": {"type": "list", "data": [], "url": "/contacts/$ID/tags", "total_count": 0, "has_more": false},
            "notes": {"type": "list", "data": [], "url": "/contacts/$ID/notes", "total_count": 0, "has_more": false},
            "companies": {"type": "list", "data": [], "url": "/contacts/$ID/companies", "total_count": 0,
                "has_more": false},
            "opted_out_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
                "total_count": 0, "has_more": false},
            "opted_in_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
                "total_count": 0, "has_more": false},
            "utm_campaign": "autumn-2024-ireland-drivers", "utm_content": "header-with-map-of-leinster",
            "utm_medium": "email", "utm_source": "newsletter-of-november", "utm_term": "maps, roads, ferries",
            "referrer": "https://www.acme-freight.test/maps/ireland/leinster?layer=roads&zoom=7&campaign=autumn-2024-drivers"
        }"#,
    )
}

pub fn company(i: usize) -> String {
    static PARTS: OnceLock<Vec<String>> = OnceLock::new();
    numbered(
        &PARTS,
        i,
        r#"{"type": "company", "id": "$ID", "name": "Acme", "company_id": "c-9", "plan": {}, "monthly_spend": 99.5,
            "created_at": 1700000000, "custom_attributes": {}, "tags": {"type": "tag.list", "tags": []}}"#,
    )
}

fn teammate(i: usize) -> Value {
    let who = i % TEAMMATES.len();
    json!({"type": "admin", "id": (who + 1).to_string(), "name": TEAMMATES[who], "email": "team@acme.test"})
}

fn conversation_value(i: usize) -> Value {
    let open = i.is_multiple_of(3);
    json!({
        "type": "conversation", "id": i.to_string(), "title": null, "created_at": created_at(i),
        "updated_at": created_at(i) + 600, "open": open, "state": if open { "open" } else { "closed" }, "read": true,
        "admin_assignee_id": i % TEAMMATES.len() + 1, "team_assignee_id": null,
        "source": {"type": "conversation", "id": "9", "delivered_as": "customer_initiated", "body": "<p>Hello</p>",
            "author": {"type": "user", "id": "6", "name": "Jo Example", "email": "jo.example@acme.test"}},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": format!("{i:024x}")}]},
        "teammates": {"type": "admin.list", "admins": [teammate(i)]},
    })
}

pub fn conversation(i: usize) -> String {
    conversation_value(i).to_string()
}

/// A conversation with a question and `i % 3 + 1` answers to it.
pub fn conversation_with_parts(i: usize) -> String {
    let part = |n: usize, author: Value| {
        json!({"type": "conversation_part", "id": (1000 * i + n).to_string(), "part_type": "comment",
            "body": "<p>Text</p>", "created_at": created_at(i) + 60 * n as i64, "author": author})
    };
    let question = part(0, json!({"type": "user", "id": "6", "name": "Jo Example"}));
    let answers = (0..i % 3 + 1).map(|n| part(n + 1, teammate(i + n)));
    let parts: Vec<Value> = std::iter::once(question).chain(answers).collect();
    let mut conversation = conversation_value(i);
    conversation["conversation_parts"] =
        json!({"type": "conversation_part.list", "total_count": parts.len(), "conversation_parts": parts});
    conversation.to_string()
}

pub fn note(i: usize) -> String {
    json!({"type": "note", "id": i.to_string(), "created_at": created_at(i), "body": "<p>Note</p>",
        "contact": {"type": "contact", "id": "5f0"}, "author": teammate(i)})
    .to_string()
}

pub fn article(i: usize) -> String {
    json!({"type": "article", "id": i.to_string(), "title": "How", "state": "published", "author_id": 5,
        "created_at": created_at(i)})
    .to_string()
}

pub fn collection(i: usize) -> String {
    json!({"type": "collection", "id": i.to_string(), "name": "Start", "order": i}).to_string()
}

/// An item of a list that is one answer.
pub fn named(i: usize) -> String {
    json!({"name": format!("Name {i}")}).to_string()
}

pub fn section(i: usize) -> String {
    json!({"type": "section", "id": i.to_string(), "name": "Basics", "order": i}).to_string()
}

pub fn news_item(i: usize) -> String {
    json!({"type": "news-item", "id": i.to_string(), "title": "New", "state": "live", "sender_id": 5,
        "newsfeed_assignments": [{"newsfeed_id": 7, "published_at": created_at(i)}]})
    .to_string()
}

pub fn newsfeed(i: usize) -> String {
    json!({"type": "newsfeed", "id": i.to_string(), "name": "Feed", "created_at": created_at(i)}).to_string()
}

pub fn activity_log(i: usize) -> String {
    json!({"id": i.to_string(), "activity_type": "admin_login_success", "created_at": created_at(i),
        "performed_by": teammate(i), "metadata": {}})
    .to_string()
}

pub fn event(i: usize) -> String {
    json!({"type": "event", "id": format!("event-{i}"), "event_name": "placed-order", "created_at": created_at(i)})
        .to_string()
}
