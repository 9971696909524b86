//! The kinds of requests that Intercom sends to an app, and the response to a health check.

use serde::Serialize;
use serde_json::Value;

use super::{Notification, WebhookError};
use crate::wire::extra::Extra;
use crate::wire::json;
use crate::wire::map::Map;
use crate::wire::object::object;

/// A request from Intercom to an app, read by [`Receiver::read_any`](super::Receiver::read_any).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// A notification about an event in a workspace. Respond with 200.
    Notification(Box<Notification>),
    /// A workspace uninstalled the app. Delete its access token, and respond with 200.
    Uninstall(Uninstall),
    /// A check of the installation. Respond with a [`HealthReport`].
    HealthCheck(HealthCheck),
    /// A Canvas Kit request. Respond with a canvas.
    CanvasKit(Box<CanvasKitRequest>),
    /// Any other JSON object, unchanged.
    Other(Value),
}

impl Incoming {
    /// Reads a verified body. Its fields determine the kind.
    pub(super) fn read(
        body: &[u8],
        notification: fn(&[u8]) -> Result<Notification, WebhookError>,
    ) -> Result<Self, WebhookError> {
        let read = json::from_slice::<Discriminant>(body).map_err(WebhookError::Unreadable)?;
        let fields = read.value;
        if fields.topic.is_some() || fields.data.is_some() || fields.type_.as_deref() == Some("notification_event") {
            return notification(body).map(|notification| Self::Notification(Box::new(notification)));
        }
        let has_no_other_field = fields.extra.is_empty();
        Ok(match (fields.app_id, fields.workspace_id) {
            (Some(app_id), None) if has_no_other_field => Self::Uninstall(Uninstall { app_id }),
            (None, Some(workspace_id)) if has_no_other_field => Self::HealthCheck(HealthCheck { workspace_id }),
            (_, Some(_)) => {
                let read = json::from_slice::<CanvasKitRequest>(body).map_err(WebhookError::Unreadable)?;
                Self::CanvasKit(Box::new(read.value))
            }
            _ => Self::Other(serde_json::from_slice(body).unwrap_or_default()),
        })
    }
}

/// The fields that determine the kind of a request.
#[derive(Clone, Debug, Default, PartialEq)]
struct Discriminant {
    type_: Option<String>,
    topic: Option<Value>,
    data: Option<Value>,
    app_id: Option<String>,
    workspace_id: Option<String>,
    extra: Extra,
}

object! {
    Discriminant {
        0 "type" type_ field;
        1 "topic" topic field;
        2 "data" data field;
        3 "app_id" app_id field;
        4 "workspace_id" workspace_id field;
    }
}
crate::wire::deserialize::readable! { Discriminant }

/// A call that reports that a workspace uninstalled the app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uninstall {
    /// The id of the workspace, the same as [`Notification::app_id`].
    pub app_id: String,
}

/// A request for the health of the app's installation in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The id of the workspace, the same as [`Notification::app_id`].
    pub workspace_id: String,
}

/// The response to a [`HealthCheck`], as JSON.
///
/// ```
/// use intercom_client::webhooks::HealthReport;
///
/// assert_eq!(serde_json::to_string(&HealthReport::ok())?, r#"{"state":"OK"}"#);
/// let report = HealthReport::reinstall("The app has no access token.");
/// let report = serde_json::to_value(report)?;
/// assert_eq!(report["state"], "UNHEALTHY");
/// assert_eq!(report["cta_type"], "REINSTALL_CTA");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HealthReport {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cta_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl HealthReport {
    /// Reports that the installation works.
    pub fn ok() -> Self {
        Self {
            state: "OK",
            cta_type: None,
            message: None,
        }
    }

    /// Reports that the workspace has to reinstall the app. Intercom shows the message to
    /// teammates, with a button to reinstall.
    pub fn reinstall(message: impl Into<String>) -> Self {
        Self {
            state: "UNHEALTHY",
            cta_type: Some("REINSTALL_CTA"),
            message: Some(message.into()),
        }
    }
}

/// A Canvas Kit request.
///
/// Its fields depend on where the app is shown and on the action. The common ones are typed, all
/// others are in [`extra`](Self::extra).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CanvasKitRequest {
    /// The id of the workspace, the same as [`Notification::app_id`].
    pub workspace_id: Option<String>,
    /// The id of the component that was pressed or changed. Absent in the request for the first
    /// canvas.
    pub component_id: Option<String>,
    /// The values entered, by component id.
    pub input_values: Map,
    /// The canvas currently shown.
    pub current_canvas: Option<Value>,
    /// The place where the app is shown.
    pub context: Option<Value>,
    /// Fields that this type does not have, such as `admin`, `contact` and `conversation`; see
    /// [`Extra`].
    pub extra: Extra,
}

object! {
    CanvasKitRequest {
        0 "workspace_id" workspace_id field;
        1 "component_id" component_id field;
        2 "input_values" input_values field;
        3 "current_canvas" current_canvas field;
        4 "context" context field;
    }
}
crate::wire::deserialize::readable! { CanvasKitRequest }
