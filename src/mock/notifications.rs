//! Webhook notifications about calls, as Intercom sends them.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use serde_json::json;
use tower_service::Service;

use super::intercom::{MockBuilder, MockIntercom};
use super::webhook_events::{TOPICS, WebhookEvent};
use crate::webhooks::{Receiver, Signature};

impl MockBuilder {
    /// Subscribes to webhook topics, for [`MockIntercom::notifications`] and
    /// [`MockIntercom::notify`].
    ///
    /// Supported are the [`topics`](crate::webhooks::topics) caused by calls of the API: those of
    /// contacts, companies, conversations, tickets, articles, events and away mode. Default: none.
    ///
    /// # Panics
    ///
    /// If a topic is not supported.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test must not wait for a notification that is never sent")]
    pub fn webhooks(mut self, topics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        for topic in topics {
            let topic = topic.into();
            if !TOPICS.contains(&topic.as_str()) {
                panic!("unsupported topic {topic}; supported topics are {}", TOPICS.join(", "));
            }
            self.topics.insert(topic);
        }
        self
    }
}

impl MockIntercom {
    /// Takes the pending notifications, as POST requests signed with the client secret of the
    /// receiver.
    ///
    /// Each notification is returned once.
    ///
    /// ```
    /// use intercom_client::mock::MockIntercom;
    /// use intercom_client::types::CreateContactRequest;
    /// use intercom_client::webhooks::{Receiver, topics};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let receiver = Receiver::new("5e0c27a1")?;
    /// let intercom = MockIntercom::builder().webhooks([topics::CONTACT_USER_CREATED]).build();
    /// let ada = CreateContactRequest::with_email("ada@juniper.example");
    /// intercom.client().create_contact().body(ada).await?;
    ///
    /// for request in intercom.notifications(&receiver) {
    ///     let notification = receiver.read(request.headers(), request.body())?;
    ///     assert_eq!(notification.topic.as_deref(), Some(topics::CONTACT_USER_CREATED));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn notifications(&self, receiver: &Receiver) -> Vec<Request<Bytes>> {
        let (events, app_id) = {
            let mut state = self.shared.state();
            let events = std::mem::take(&mut state.workspace.pending_events);
            let first = state.workspace.notification_count;
            state.workspace.notification_count += events.len() as u64;
            let numbered = (first..).zip(events);
            (numbered.collect::<Vec<_>>(), state.workspace.app_id())
        };
        let requests = events.into_iter().map(|(number, event)| {
            let body = Bytes::from(envelope(number, event, &app_id));
            let mut request = Request::new(body);
            *request.method_mut() = http::Method::POST;
            let signature = receiver.sign(request.body());
            let headers = request.headers_mut();
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
            if let Ok(signature) = http::HeaderValue::try_from(signature) {
                headers.insert(Signature::Hub.header(), signature);
            }
            request
        });
        requests.collect()
    }

    /// Sends the pending [`notifications`](Self::notifications) to an endpoint, one after the
    /// other.
    ///
    /// Returns the statuses of the endpoint's responses. The endpoint is any HTTP service, for
    /// example the router of a web framework.
    ///
    /// # Errors
    ///
    /// The first error of the endpoint.
    pub async fn notify<S, B>(&self, receiver: &Receiver, mut endpoint: S) -> Result<Vec<StatusCode>, S::Error>
    where
        S: Service<Request<Bytes>, Response = Response<B>>,
    {
        let mut statuses = Vec::new();
        for request in self.notifications(receiver) {
            std::future::poll_fn(|context| endpoint.poll_ready(context)).await?;
            statuses.push(endpoint.call(request).await?.status());
        }
        Ok(statuses)
    }
}

fn envelope(number: u64, event: WebhookEvent, app_id: &str) -> String {
    let at = event.at.seconds();
    let envelope = json!({
        "type": "notification_event",
        "app_id": app_id,
        "data": {"type": "notification_event_data", "item": event.item},
        "links": {},
        "id": format!("notif_mock-{number}"),
        "topic": event.topic,
        "delivery_status": "pending",
        "delivery_attempts": 1,
        "delivered_at": 0,
        "first_sent_at": at,
        "created_at": at,
        "self": null,
    });
    envelope.to_string()
}
