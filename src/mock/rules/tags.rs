//! Tags: known by name, and on contacts, companies, conversations and tickets.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::kind;
use super::super::store::{ANY_CASE, Kind};
use super::super::workspace::{Workspace, with};
use super::{admins, respond};
use crate::wire::id::text_of;

/// Creates, finds or renames a tag, and puts it on companies and contacts or takes it off.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::tag();
    let Some(name) = call.text("name") else {
        return Err(Refusal::invalid("invalid tag parameters"));
    };
    let mut targets = Vec::new();
    for (list, other) in [("companies", kind::company()), ("users", kind::contact())] {
        for item in call.body.get(list).and_then(Value::as_array).into_iter().flatten() {
            let id = target(workspace, other, item).ok_or_else(|| Refusal::missing(call.operation, other))?;
            targets.push((other, id, item["untag"] == true));
        }
    }
    let id = match call.text("id") {
        Some(id) => {
            if workspace.store.live(kind, &id).is_none() {
                return Err(Refusal::missing(call.operation, kind));
            }
            let name = name.as_ref().into();
            workspace.change(kind, &id, |fields| drop(fields.insert("name".to_owned(), name)));
            id.into_owned()
        }
        None => {
            let field = format!("name{ANY_CASE}");
            let known = workspace
                .live_having(kind, &field, &name.to_lowercase())
                .into_iter()
                .next();
            match known {
                Some(id) => id,
                None => {
                    let mut record = workspace.new_record(call.operation, kind);
                    record.insert("name".to_owned(), name.as_ref().into());
                    workspace.put(kind, Value::Object(record)).unwrap_or_default()
                }
            }
        }
    };
    let about = applied(workspace, None);
    for (other, of, untag) in targets {
        match untag {
            true => drop(workspace.part((other, &of), (kind, &id))),
            false => drop(workspace.attach((other, &of), (kind, &id), &about)),
        }
    }
    workspace.show(call, kind, &id)
}

/// The record that a request tags.
fn target(workspace: &mut Workspace, kind: Kind, item: &Value) -> Option<String> {
    if kind == kind::contact() {
        return workspace.contact_in(item.as_object()?);
    }
    let text = |name: &str| text_of(&item[name]);
    match text("id").filter(|id| workspace.store.live(kind, id).is_some()) {
        Some(id) => Some(id.into_owned()),
        None => workspace
            .live_having(kind, "company_id", &text("company_id")?)
            .into_iter()
            .next(),
    }
}

/// When and by whom a tag is applied.
fn applied(workspace: &Workspace, admin: Option<&str>) -> Value {
    let admin = admin.map_or_else(admins::my_id, str::to_owned);
    json!({"applied_at": workspace.now.seconds(), "applied_by": {"type": "admin", "id": admin}})
}

/// What a tag as it is shown on a record says of when it was applied.
pub(super) fn about(shown: &Value) -> Value {
    match shown.get("applied_at") {
        Some(at) => json!({"applied_at": at, "applied_by": shown["applied_by"]}),
        None => Value::Null,
    }
}

/// Puts a tag on a record.
pub(super) fn attach(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::tag();
    let id = call.text("id").map(std::borrow::Cow::into_owned).unwrap_or_default();
    let (Some(of), Some(_)) = (call.subject(), workspace.store.live(kind, &id)) else {
        return Err(Refusal::missing(call.operation, kind));
    };
    let about = applied(workspace, call.text("admin_id").as_deref());
    if workspace.attach(of, (kind, &id), &about) {
        workspace.change(of.0, of.1, |_| ());
    }
    let shown = workspace.view(kind, &id).unwrap_or_default();
    respond(call, &with(shown, &about))
}

/// Takes a tag off a record that has no list of its tags.
pub(super) fn detach(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::tag(), call.last_value());
    let Some(of) = call.path.first().map(|(kind, id)| (*kind, id.as_str())) else {
        return Err(Refusal::missing(call.operation, kind));
    };
    let about = workspace
        .part(of, (kind, id))
        .ok_or_else(|| Refusal::missing(call.operation, kind))?;
    workspace.change(of.0, of.1, |_| ());
    let shown = workspace.view(kind, id).unwrap_or_default();
    respond(call, &with(shown, &about))
}

/// The tags on a record that lists all of them.
pub(super) fn embed(workspace: &Workspace, of: (Kind, &str), fields: &mut Map<String, Value>) {
    let Some(Value::Object(tags)) = fields.get_mut("tags") else {
        return;
    };
    let kind = kind::tag();
    let shown = workspace.links.of(of, kind).filter_map(|id| {
        let about = workspace.links.about(of, (kind, id)).cloned().unwrap_or_default();
        Some(with(workspace.store.get(kind, id)?.value.clone(), &about))
    });
    let shown: Vec<Value> = shown.collect();
    // A tag that is shown on a seeded record need not be a record itself.
    if !shown.is_empty() || workspace.links.count(of, kind) == 0 {
        tags.insert("tags".to_owned(), shown.into());
    }
}
