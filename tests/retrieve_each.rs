//! Lists whose items are retrieved in full: order, concurrency, faults and resuming.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use intercom_client::builder::ListConversations;
use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::paging::{Items, RetrieveEach};
use intercom_client::search::field;
use intercom_client::types::{Conversation, ConversationList};
use intercom_client::{Client, HttpError, RetryPolicy};
use serde_json::{Value, json};

/// The number of conversations in the workspace.
const CONVERSATIONS: usize = 47;

fn conversation(number: usize) -> Value {
    json!({"type": "conversation", "id": number.to_string(), "open": number.is_multiple_of(2), "updated_at": 1_730_000_000 - number})
}

/// Starts a mock Intercom with conversations, and a client with short pauses between attempts.
async fn start() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    intercom.seed("list_conversations", (0..CONVERSATIONS).map(conversation));
    let policy = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom.client_builder().retry(policy).build().unwrap();
    (intercom, client)
}

/// Returns the list of conversations with ten per page.
fn list(client: &Client) -> ListConversations {
    client.list_conversations().per_page(10)
}

/// Retrieves the conversations with this concurrency.
fn walk(client: &Client, concurrency: usize) -> RetrieveEach<Items<ConversationList>> {
    list(client).stream().retrieve_each().concurrency(concurrency)
}

/// Returns the response for one conversation. Of four in a row, the first has the longest delay.
fn in_full(number: usize) -> MockResponse {
    let part = json!({"type": "conversation_part", "id": format!("part-{number}"), "part_type": "comment"});
    let mut shown = conversation(number);
    shown["conversation_parts"] =
        json!({"type": "conversation_part.list", "conversation_parts": [part], "total_count": 1});
    MockResponse::json(shown).delay(Duration::from_millis(4 * (3 - number as u64 % 4)))
}

/// Sets the responses to retrievals by the number of the conversation; `None` is the usual response.
fn retrievals(intercom: &MockIntercom, response: impl Fn(usize) -> Option<MockResponse> + Send + Sync + 'static) {
    intercom.on("retrieve_conversation").respond_with(move |request| {
        let number = request.path.rsplit('/').next()?.parse().ok()?;
        Some(response(number).unwrap_or_else(|| in_full(number)))
    });
}

fn number(conversation: &Conversation) -> usize {
    conversation.id.as_deref().unwrap().parse().unwrap()
}

/// Returns the numbers of the conversations that were retrieved, in the order of the requests.
fn asked(intercom: &MockIntercom) -> Vec<usize> {
    let asked = intercom.calls("retrieve_conversation").into_iter();
    asked
        .map(|request| request.path.rsplit('/').next().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn every_item_is_retrieved_once_and_returned_in_order() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |_| None);
    let mut conversations = list(&client).stream().read_ahead(true).retrieve_each();
    let mut found = Vec::new();
    while let Some(conversation) = conversations.try_next().await.unwrap() {
        let parts = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
        assert_eq!(parts[0].id, Some(format!("part-{}", number(&conversation))));
        assert_eq!(conversations.total_count(), Some(CONVERSATIONS as i64));
        found.push(number(&conversation));
    }
    assert_eq!(found, (0..CONVERSATIONS).collect::<Vec<_>>());
    let mut asked = asked(&intercom);
    asked.sort_unstable();
    assert_eq!((asked, intercom.calls("list_conversations").len()), (found, 5));
    assert!(conversations.next().await.is_none() && conversations.not_found().is_empty());
}

#[tokio::test]
async fn concurrency_is_limited_and_nothing_is_retrieved_before_the_stream_is_polled() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |_| None);
    let mut conversations = walk(&client, 3);
    assert!(intercom.received().is_empty());
    for delivered in 1..=CONVERSATIONS {
        conversations.next().await.unwrap().unwrap();
        assert!(asked(&intercom).len() <= delivered + 2, "{delivered}");
    }
    drop(conversations);
    intercom.clear_received();
    let mut conversations = walk(&client, 0);
    conversations.next().await.unwrap().unwrap();
    drop(conversations);
    assert_eq!(asked(&intercom), [0]);
    let mut conversations = list(&client).per_page(30).stream().retrieve_each();
    conversations.next().await.unwrap().unwrap();
    let shown = format!("{conversations:?}");
    assert!(shown.contains("pending: 9"), "ten, of which one was returned: {shown}");
}

/// Retrievals are retried one by one, and the order stays.
#[tokio::test(start_paused = true)]
async fn items_are_retried_after_rate_limits_and_faults() {
    let (intercom, _) = start().await;
    let policy = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom.client_builder().retry(policy).retry_budget(false);
    let client = client.build().unwrap();
    let met = std::sync::Mutex::new(std::collections::HashSet::new());
    retrievals(&intercom, move |number| {
        let fault = match number % 7 {
            1 => MockResponse::dropped(),
            3 => MockResponse::error(503, "unavailable", "later"),
            5 => MockResponse::error(429, "too_many_requests", "busy"),
            _ => return None,
        };
        met.lock().unwrap().insert(number).then_some(fault)
    });
    let list = list(&client).stream();
    let found: Vec<Conversation> = list.retrieve_each().try_collect().await.unwrap();
    assert_eq!(
        found.iter().map(number).collect::<Vec<_>>(),
        (0..CONVERSATIONS).collect::<Vec<_>>()
    );
    let twice = (0..CONVERSATIONS)
        .filter(|number| [1, 3, 5].contains(&(number % 7)))
        .count();
    assert_eq!(asked(&intercom).len(), CONVERSATIONS + twice);
}

#[tokio::test]
async fn items_that_were_deleted_after_they_were_listed_are_left_out() {
    let (intercom, client) = start().await;
    let gone = |number| number % 10 == 9 || number == 0;
    retrievals(&intercom, move |number| {
        gone(number).then(|| MockResponse::error(404, "not_found", "gone"))
    });
    let mut conversations = list(&client).stream().retrieve_each();
    let found: Vec<Conversation> = conversations.by_ref().try_collect().await.unwrap();
    let found: Vec<usize> = found.iter().map(number).collect();
    assert_eq!(
        found,
        (0..CONVERSATIONS).filter(|number| !gone(*number)).collect::<Vec<_>>()
    );
    assert_eq!(conversations.not_found(), ["0", "9", "19", "29", "39"]);
}

/// A walk that stops after any item and resumes from its cursor in another process skips no item.
#[tokio::test(start_paused = true)]
async fn the_cursor_is_that_of_the_page_of_the_first_item_not_returned() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |number| {
        (number == 29).then(|| MockResponse::error(404, "not_found", "gone"))
    });
    for delivered in 0..CONVERSATIONS - 1 {
        let mut conversations = walk(&client, 13);
        let mut found: Vec<usize> = Vec::new();
        for _ in 0..delivered {
            found.push(number(&conversations.next().await.unwrap().unwrap()));
        }
        let cursor = conversations.cursor().cloned();
        drop(conversations);
        let mut list = list(&client);
        if let Some(cursor) = cursor {
            list = list.from_cursor(cursor);
        }
        let rest: Vec<Conversation> = list
            .stream()
            .retrieve_each()
            .concurrency(13)
            .try_collect()
            .await
            .unwrap();
        let rest: Vec<usize> = rest.iter().map(number).collect();
        let next = found.last().map_or(0, |last| last + 1);
        assert!(rest[0] <= next && next - rest[0] <= 10, "{delivered}: from {}", rest[0]);
        found.retain(|number| *number < rest[0]);
        found.extend(rest);
        assert_eq!(
            found,
            (0..CONVERSATIONS).filter(|number| *number != 29).collect::<Vec<_>>(),
            "{delivered}"
        );
    }
}

#[tokio::test]
async fn an_error_is_returned_in_order_and_the_failed_item_is_retried() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |_| None);
    let refused = MockResponse::error(403, "forbidden", "not now");
    // The fourth retrieval and the third page fail.
    intercom
        .on("retrieve_conversation")
        .respond_once(in_full(0))
        .respond_once(in_full(1))
        .respond_once(in_full(2));
    intercom.on("retrieve_conversation").respond_once(refused.clone());
    let mut conversations = walk(&client, 1);
    let (mut found, mut errors) = (Vec::new(), 0);
    loop {
        match conversations.next().await {
            Some(Ok(conversation)) => found.push(number(&conversation)),
            Some(Err(error)) => {
                assert!(error.is_forbidden(), "{error}");
                assert_eq!(found.len(), if errors == 0 { 3 } else { 20 });
                assert!(
                    conversations.next().await.is_none(),
                    "the stream does not end after an error"
                );
                errors += 1;
                conversations.resume();
            }
            None => break,
        }
        if found.len() == 12 {
            intercom.on("list_conversations").respond_once(refused.clone());
        }
    }
    assert_eq!((errors, found), (2, (0..CONVERSATIONS).collect()));
    conversations.resume();
    assert!(conversations.next().await.is_none());
}

/// The error of a page is returned after the items of the previous pages.
#[tokio::test]
async fn items_before_an_error_of_the_list_are_returned() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |_| None);
    let refused = MockResponse::error(403, "forbidden", "not now");
    intercom
        .on("list_conversations")
        .respond_with(move |request| request.query("starting_after").is_some().then(|| refused.clone()));
    let mut conversations = walk(&client, 20);
    let mut found = Vec::new();
    let error = loop {
        match conversations.next().await.unwrap() {
            Ok(conversation) => found.push(number(&conversation)),
            Err(error) => break error,
        }
    };
    assert_eq!((error.operation(), found), ("list_conversations", (0..10).collect()));
    intercom.on("list_conversations").reset();
    let cursor = conversations.cursor().cloned().unwrap();
    let rest: Vec<Conversation> = list(&client)
        .from_cursor(cursor)
        .stream()
        .retrieve_each()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        rest.iter().map(number).collect::<Vec<_>>(),
        (10..CONVERSATIONS).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn changes_have_a_watermark_after_every_item_was_returned() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |number| {
        (number == 30).then(|| MockResponse::error(403, "forbidden", "not now"))
    });
    let search = client.search_conversations().query(field("open").eq(true)).per_page(10);
    let mut changes = search.changed_since(1_730_000_000 - 40).retrieve_each().concurrency(40);
    let mut found = Vec::new();
    let error = loop {
        match changes.next().await.unwrap() {
            Ok(conversation) => found.push(number(&conversation)),
            Err(error) => break error,
        }
    };
    assert!(error.is_forbidden() && changes.watermark().is_none());
    retrievals(&intercom, |_| None);
    changes.resume();
    while let Some(conversation) = changes.try_next().await.unwrap() {
        assert!(changes.watermark().is_none() || number(&conversation) == 40);
        found.push(number(&conversation));
    }
    assert_eq!(found, (0..=40).step_by(2).collect::<Vec<_>>());
    assert!(changes.watermark().is_some());
}

/// The error has the id of the item. After the item was skipped, the watermark is not later than its last change.
#[tokio::test]
async fn an_item_that_always_fails_can_be_skipped() {
    let (intercom, client) = start().await;
    let fails = |number: usize| number == 30 || number == 12;
    retrievals(&intercom, move |number| {
        fails(number).then(|| MockResponse::error(422, "odd", "never"))
    });
    let since = 1_730_000_000 - 40;
    let changes = client.search_conversations().per_page(10).changed_since(since);
    let mut changes = changes.retrieve_each();
    assert!(!changes.skip_failed(), "no item failed");
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    while let Some(conversation) = changes.next().await {
        match conversation {
            Ok(conversation) => found.push(number(&conversation)),
            Err(error) => {
                assert!(
                    error.to_string().contains(&format!("(item {})", error.item().unwrap())),
                    "{error}"
                );
                // A retry fails again.
                changes.resume();
                let again = changes.next().await.unwrap().unwrap_err();
                assert_eq!(again.item(), error.item());
                assert!(changes.watermark().is_none());
                assert!(changes.skip_failed() && !changes.skip_failed());
                skipped.push(again.item().unwrap().to_owned());
            }
        }
    }
    assert_eq!(found, (0..=40).filter(|number| !fails(*number)).collect::<Vec<_>>());
    assert_eq!(
        (changes.failed(), skipped),
        (&["12".to_owned(), "30".to_owned()][..], vec!["12".into(), "30".into()])
    );
    // The next run retrieves the skipped items again.
    assert_eq!(changes.watermark(), Some((1_730_000_000 - 30).into()));
    assert!(changes.watermark_without_failed() > changes.watermark());
}

/// A conversation contains its 500 newest parts and counts all of them.
#[tokio::test]
async fn truncated_parts_are_visible() {
    let (intercom, client) = start().await;
    retrievals(&intercom, |number| {
        let parts = vec![json!({"type": "conversation_part", "id": "1"}); number];
        let mut shown = conversation(number);
        shown["conversation_parts"] = json!({"conversation_parts": parts, "total_count": number.max(3)});
        Some(MockResponse::json(shown))
    });
    let found: Vec<Conversation> = walk(&client, 5).take(5).try_collect().await.unwrap();
    let truncated = found
        .iter()
        .map(|found| found.conversation_parts.as_ref().unwrap().is_truncated());
    assert_eq!(truncated.collect::<Vec<_>>(), [true, true, true, false, false]);
}

#[tokio::test]
async fn a_page_that_failed_is_not_skipped() {
    let (intercom, client) = start().await;
    intercom
        .on("list_conversations")
        .respond(MockResponse::error(403, "forbidden", "not now"));
    let mut conversations = walk(&client, 3);
    let error = conversations.next().await.unwrap().unwrap_err();
    assert!(error.item().is_none() && !conversations.skip_failed());
    assert!(conversations.next().await.is_none() && conversations.failed().is_empty());
}

/// Returns a client whose responses take a second, except for conversation 0, and have bodies of two frames.
fn slow_client() -> Client {
    let service = tower::service_fn(|request: http::Request<Bytes>| async move {
        let body = match request.uri().path().strip_prefix("/conversations/") {
            Some("0") => conversation(0),
            Some(number) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                conversation(number.parse().unwrap())
            }
            None => json!({"conversations": (0..4).map(conversation).collect::<Vec<_>>()}),
        };
        let body = Bytes::from(body.to_string());
        let parts = stream::iter([body.slice(..9), body.slice(9..)]).then(|part| async move {
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(Frame::data(part))
        });
        Ok::<_, HttpError>(http::Response::new(StreamBody::new(parts)))
    });
    let settings = Client::builder("token").http_service(service);
    settings.retry(RetryPolicy::none()).build().unwrap()
}

/// Responses that arrive while the caller works on an item cause no timeout, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_slow_caller_causes_no_timeout() {
    let client = slow_client();
    let mut conversations = client.list_conversations().stream().retrieve_each();
    for expected in 0..4 {
        let conversation = conversations.try_next().await.unwrap().unwrap();
        assert_eq!(number(&conversation), expected);
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert!(conversations.next().await.is_none());
    // A page is polled again long after its response arrived.
    let mut pages = client.list_conversations().pages();
    assert!(futures_util::poll!(pages.next()).is_pending());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    pages.try_next().await.unwrap().unwrap();
}

/// A caller that blocks the only thread of its runtime causes no timeout for responses that arrive during that time.
#[tokio::test]
async fn a_blocking_caller_causes_no_timeout() {
    let call = slow_client()
        .retrieve_conversation()
        .id("1")
        .timeout(Duration::from_millis(1500));
    let mut call = std::pin::pin!(call.send());
    assert!(futures_util::poll!(&mut call).is_pending());
    std::thread::sleep(Duration::from_millis(2700));
    call.await.unwrap();
}

/// Each kind of list has an operation that returns one item.
#[tokio::test]
async fn items_of_other_lists_are_retrieved() {
    let (intercom, client) = start().await;
    let articles: Vec<_> = client
        .list_articles()
        .stream()
        .exactly_once()
        .retrieve_each()
        .try_collect()
        .await
        .unwrap();
    assert!(!articles.is_empty() && articles.len() == intercom.calls("retrieve_article").len());
    intercom.seed(
        "list_contacts",
        (0..3).map(|id| json!({"type": "contact", "id": id.to_string()})),
    );
    let contacts: Vec<_> = client
        .list_contacts()
        .stream()
        .retrieve_each()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((contacts.len(), intercom.calls("show_contact").len()), (3, 3));
    intercom.seed(
        "scroll_over_all_companies",
        (0..150).map(|id| json!({"type": "company", "id": id.to_string()})),
    );
    let mut companies = client.scroll_over_all_companies().stream().retrieve_each();
    companies.next().await.unwrap().unwrap();
    assert_eq!(companies.cursor(), None, "no page of a scroll can be requested twice");
    assert_eq!(
        companies
            .try_fold(1, |count, _| async move { Ok(count + 1) })
            .await
            .unwrap(),
        150
    );
}

#[tokio::test]
async fn an_item_without_an_id_is_an_error_that_resume_skips() {
    let (intercom, client) = start().await;
    let items = json!([{"type": "conversation"}, conversation(1)]);
    intercom
        .on("list_conversations")
        .respond(MockResponse::json(json!({"conversations": items})));
    let mut conversations = client.list_conversations().stream().retrieve_each();
    let error = conversations.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "list_conversations: an item of the list has no id, so it cannot be retrieved"
    );
    conversations.resume();
    assert_eq!(number(&conversations.next().await.unwrap().unwrap()), 1);
    assert!(conversations.next().await.is_none());
}

#[tokio::test]
async fn a_walk_can_be_moved_to_another_task() {
    let (_intercom, client) = start().await;
    let walk = client.list_conversations().stream().retrieve_each();
    let found = tokio::spawn(walk.try_fold(0, |count, _| async move { Ok(count + 1) }));
    assert_eq!(found.await.unwrap().unwrap(), CONVERSATIONS);
}
