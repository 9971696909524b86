//! Tags, which are identified by name, on contacts, companies, conversations and tickets.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::kind;
use super::super::store::{IGNORE_CASE_SUFFIX, RecordKind};
use super::super::workspace::{Workspace, with};
use super::{admins, respond};
use crate::wire::id::text_of;

/// Creates, finds or renames a tag, and attaches it to or detaches it from companies and contacts.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::tag();
    let Some(name) = call.text("name") else {
        return Err(ApiError::invalid_parameter("invalid tag parameters"));
    };
    let mut targets = Vec::new();
    for (list, target_kind) in [("companies", kind::company()), ("users", kind::contact())] {
        for item in call.body.get(list).and_then(Value::as_array).into_iter().flatten() {
            let id = target(workspace, target_kind, item)
                .ok_or_else(|| ApiError::record_not_found(call.operation, target_kind))?;
            targets.push((target_kind, id, item["untag"] == true));
        }
    }
    let field = format!("name{IGNORE_CASE_SUFFIX}");
    let existing = match call.text("id") {
        Some(id) => Some(id.into_owned()),
        None => workspace
            .active_with(kind, &field, &name.to_lowercase())
            .into_iter()
            .next(),
    };
    for (target_kind, target_id, _) in targets.iter().filter(|(_, _, untag)| *untag) {
        let is_attached = |tag: &String| {
            let relation = workspace.relations.data((*target_kind, target_id), (kind, tag));
            relation.is_some()
        };
        if !existing.as_ref().is_some_and(is_attached) {
            return Err(ApiError::record_not_found(call.operation, kind));
        }
    }
    let id = match call.text("id") {
        Some(id) => {
            if workspace.store.active(kind, &id).is_none() {
                return Err(ApiError::record_not_found(call.operation, kind));
            }
            let name = name.as_ref().into();
            workspace.change(kind, &id, |fields| drop(fields.insert("name".to_owned(), name)));
            id.into_owned()
        }
        None => match existing {
            Some(id) => id,
            None => {
                let mut record = workspace.new_record(call.operation, kind);
                record.insert("name".to_owned(), name.as_ref().into());
                workspace.put(kind, Value::Object(record)).unwrap_or_default()
            }
        },
    };
    let data = application(workspace, None);
    for (target_kind, target_id, untag) in targets {
        match untag {
            true => drop(workspace.detach_records((target_kind, &target_id), (kind, &id))),
            false => drop(workspace.attach((target_kind, &target_id), (kind, &id), &data)),
        }
    }
    workspace.show(call, kind, &id)
}

/// Finds a record to tag.
fn target(workspace: &mut Workspace, kind: RecordKind, item: &Value) -> Option<String> {
    if kind == kind::contact() {
        return workspace.contact_in(item.as_object()?);
    }
    let text = |name: &str| text_of(&item[name]);
    match text("id").filter(|id| workspace.store.active(kind, id).is_some()) {
        Some(id) => Some(id.into_owned()),
        None => workspace
            .active_with(kind, "company_id", &text("company_id")?)
            .into_iter()
            .next(),
    }
}

/// Returns the time and the admin of an application of a tag.
fn application(workspace: &Workspace, admin: Option<&str>) -> Value {
    let admin = admin.map_or_else(|| admins::token_admin_id(workspace), str::to_owned);
    json!({"applied_at": workspace.now.seconds(), "applied_by": {"type": "admin", "id": admin}})
}

/// Returns the time and the admin from a tag embedded in a record.
pub(super) fn relation_data(embedded: &Value) -> Value {
    match embedded.get("applied_at") {
        Some(at) => json!({"applied_at": at, "applied_by": embedded["applied_by"]}),
        None => Value::Null,
    }
}

/// Attaches a tag to a record.
pub(super) fn attach(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::tag();
    let id = call.text("id").map(Cow::into_owned).unwrap_or_default();
    let (Some(target), Some(_)) = (call.subject(), workspace.store.active(kind, &id)) else {
        return Err(ApiError::record_not_found(call.operation, kind));
    };
    let data = application(workspace, call.text("admin_id").as_deref());
    if workspace.attach(target, (kind, &id), &data) {
        workspace.change(target.0, target.1, |_| ());
    }
    let tag = workspace.view(kind, &id).unwrap_or_default();
    respond(call, &with(tag, &data))
}

/// Detaches a tag from a record without a list of tags.
pub(super) fn detach(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::tag(), call.last_path_value());
    let Some(target) = call.path_records.first().map(|(kind, id)| (*kind, id.as_str())) else {
        return Err(ApiError::record_not_found(call.operation, kind));
    };
    let data = workspace
        .detach_records(target, (kind, id))
        .ok_or_else(|| ApiError::record_not_found(call.operation, kind))?;
    workspace.change(target.0, target.1, |_| ());
    let tag = workspace.view(kind, id).unwrap_or_default();
    respond(call, &with(tag, &data))
}

/// Adds the tags to a record that shows all of them.
pub(super) fn embed(workspace: &Workspace, record: (RecordKind, &str), fields: &mut Map<String, Value>) {
    let Some(Value::Object(tags)) = fields.get_mut("tags") else {
        return;
    };
    let kind = kind::tag();
    let shown = workspace.relations.ids(record, kind).filter_map(|id| {
        let data = workspace
            .relations
            .data(record, (kind, id))
            .cloned()
            .unwrap_or_default();
        Some(with(workspace.store.get(kind, id)?.value.clone(), &data))
    });
    let shown: Vec<Value> = shown.collect();
    // The tags of a seeded record are kept if they are not records.
    if !shown.is_empty() || workspace.relations.count(record, kind) == 0 {
        tags.insert("tags".to_owned(), shown.into());
    }
}
