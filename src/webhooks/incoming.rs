//! The kinds of requests that Intercom sends to an app, and how a health check is answered.

use serde::Serialize;
use serde_json::Value;

use super::{Notification, WebhookError};
use crate::wire::extra::Extra;
use crate::wire::json;
use crate::wire::map::Map;
use crate::wire::object::object;

/// A request of Intercom to an app, as [`Receiver::read_any`](super::Receiver::read_any) reads it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// Something happened in a workspace. Respond with 200.
    Notification(Box<Notification>),
    /// A workspace uninstalled the app: forget its access token. Respond with 200.
    Uninstall(Uninstall),
    /// Intercom asks whether the installation works. Respond with a [`HealthReport`].
    HealthCheck(HealthCheck),
    /// A Canvas Kit request, to be answered with a canvas.
    CanvasKit(Box<CanvasKitRequest>),
    /// A JSON object that is none of these, as it was sent.
    Other(Value),
}

impl Incoming {
    /// Reads a verified body, by what it holds.
    pub(super) fn read(
        body: &[u8],
        notification: fn(&[u8]) -> Result<Notification, WebhookError>,
    ) -> Result<Self, WebhookError> {
        let read = json::from_slice::<Envelope>(body).map_err(WebhookError::Unreadable)?;
        let envelope = read.value;
        if envelope.topic.is_some()
            || envelope.data.is_some()
            || envelope.type_.as_deref() == Some("notification_event")
        {
            return notification(body).map(|notification| Self::Notification(Box::new(notification)));
        }
        let alone = envelope.extra.is_empty();
        Ok(match (envelope.app_id, envelope.workspace_id) {
            (Some(app_id), None) if alone => Self::Uninstall(Uninstall { app_id }),
            (None, Some(workspace_id)) if alone => Self::HealthCheck(HealthCheck { workspace_id }),
            (_, Some(_)) => {
                let read = json::from_slice::<CanvasKitRequest>(body).map_err(WebhookError::Unreadable)?;
                Self::CanvasKit(Box::new(read.value))
            }
            _ => Self::Other(serde_json::from_slice(body).unwrap_or_default()),
        })
    }
}

/// What tells the kind of a request.
#[derive(Clone, Debug, Default, PartialEq)]
struct Envelope {
    type_: Option<String>,
    topic: Option<Value>,
    data: Option<Value>,
    app_id: Option<String>,
    workspace_id: Option<String>,
    extra: Extra,
}

object! {
    Envelope {
        0 "type" type_ field;
        1 "topic" topic field;
        2 "data" data field;
        3 "app_id" app_id field;
        4 "workspace_id" workspace_id field;
    }
}
crate::wire::deserialize::readable! { Envelope }

/// The call that a workspace uninstalled the app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uninstall {
    /// The workspace, as [`Notification::app_id`] names it.
    pub app_id: String,
}

/// The question whether the app's installation in a workspace works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The workspace, as [`Notification::app_id`] names it.
    pub workspace_id: String,
}

/// The response to a [`HealthCheck`], as JSON.
///
/// ```
/// use intercom_client::webhooks::HealthReport;
///
/// assert_eq!(serde_json::to_string(&HealthReport::ok())?, r#"{"state":"OK"}"#);
/// let unhealthy = serde_json::to_value(HealthReport::reinstall("The app has lost its access token."))?;
/// assert_eq!((&unhealthy["state"], &unhealthy["cta_type"]), (&"UNHEALTHY".into(), &"REINSTALL_CTA".into()));
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
    /// The installation works.
    pub fn ok() -> Self {
        Self {
            state: "OK",
            cta_type: None,
            message: None,
        }
    }

    /// The installation does not work until the workspace installs the app again. Teammates see the message, and a button to do
    /// so.
    pub fn reinstall(message: impl Into<String>) -> Self {
        Self {
            state: "UNHEALTHY",
            cta_type: Some("REINSTALL_CTA"),
            message: Some(message.into()),
        }
    }
}

/// A Canvas Kit request. What it holds depends on where the app is shown and on what was done; the fields that all have or that
/// lead to the response are typed, the others are in [`extra`](Self::extra).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CanvasKitRequest {
    /// The workspace, as [`Notification::app_id`] names it.
    pub workspace_id: Option<String>,
    /// The component that was pressed or changed; absent when a canvas is asked for first.
    pub component_id: Option<String>,
    /// What was entered, by the ids of the components.
    pub input_values: Map,
    /// The canvas that is shown.
    pub current_canvas: Option<Value>,
    /// Where the app is shown.
    pub context: Option<Value>,
    /// What it holds beyond these fields, such as `admin`, `contact` and `conversation`: see [`Extra`].
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
