//! Which calls are retried, how often, and after which pause.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use intercom_client::types::{CreateTagRequest, ManageConversationRequest, ReplyConversationRequest, TaggedContact};
use intercom_client::{Client, Error, ErrorKind, RetryPolicy};
use serde_json::json;

use crate::calls::{Op, client, quick, settings};
use crate::server::{Move, Server, response};
use Move::Read;

/// Every status, with the number of attempts of reads, of PUT and DELETE, of other POSTs, and of
/// scrolls.
const STATUSES: [(u16, u32, u32, u32, u32); 37] = [
    (300, 1, 1, 1, 1),
    (301, 1, 1, 1, 1),
    (302, 1, 1, 1, 1),
    (303, 1, 1, 1, 1),
    (304, 1, 1, 1, 1),
    (307, 1, 1, 1, 1),
    (308, 1, 1, 1, 1),
    (400, 1, 1, 1, 1),
    (401, 1, 1, 1, 1),
    (402, 1, 1, 1, 1),
    (403, 1, 1, 1, 1),
    (404, 1, 1, 1, 1),
    (405, 1, 1, 1, 1),
    (408, 3, 3, 1, 1),
    (409, 1, 1, 1, 1),
    (410, 1, 1, 1, 1),
    (415, 1, 1, 1, 1),
    (422, 1, 1, 1, 1),
    (423, 1, 1, 1, 1),
    (429, 3, 3, 3, 3),
    (500, 2, 2, 1, 1),
    (501, 1, 1, 1, 1),
    (502, 3, 3, 1, 1),
    (503, 3, 3, 1, 1),
    (504, 3, 3, 1, 1),
    (520, 3, 3, 1, 1),
    (521, 3, 3, 1, 1),
    (522, 3, 3, 1, 1),
    (523, 3, 3, 1, 1),
    (524, 3, 3, 1, 1),
    (525, 1, 1, 1, 1),
    (526, 1, 1, 1, 1),
    (527, 1, 1, 1, 1),
    (528, 1, 1, 1, 1),
    (529, 3, 3, 1, 1),
    (530, 3, 3, 1, 1),
    (599, 1, 1, 1, 1),
];

#[tokio::test]
async fn statuses_are_retried_as_documented() {
    for (status, reads, puts, posts, scrolls) in STATUSES {
        for op in Op::ALL {
            let times = match op {
                Op::Get | Op::List | Op::Download => reads,
                Op::Put | Op::Delete => puts,
                Op::Post => posts,
                Op::Scroll => scrolls,
            };
            let server = Server::serve(move |_| vec![response(status, &[], "")]).await;
            let error = op.call(&client(&server)).await.unwrap_err();
            assert_eq!(error.status().unwrap(), status, "{op:?}");
            assert_eq!(server.requests().len(), times as usize, "{status}, {op:?}");
            assert_eq!(error.attempts(), times, "{status}, {op:?}");
            assert_eq!(error.is_rate_limited(), status == 429);
            let once = RetryPolicy::none();
            let client = settings(&server).retry(once).build().unwrap();
            assert_eq!(op.call(&client).await.unwrap_err().attempts(), 1, "{status}, {op:?}");
        }
    }
}

#[tokio::test]
async fn captcha_page_is_retried_for_gets_only() {
    let server = Server::serve(|_| vec![response(405, &[], "<!DOCTYPE html><div id=captcha>")]).await;
    let client = client(&server);
    for op in Op::ALL {
        let times = match op {
            Op::Get | Op::Download | Op::Scroll => 3,
            Op::List | Op::Put | Op::Delete | Op::Post => 1,
        };
        assert_eq!(op.call(&client).await.unwrap_err().attempts(), times, "{op:?}");
    }
}

/// Operations that create or update, attach, or set a state are retried after a lost response.
#[tokio::test]
async fn lost_response_is_retried_if_the_description_allows_it() {
    type Sent = BoxFuture<'static, Result<(), Error>>;
    fn sent<T: 'static>(call: impl Future<Output = Result<T, Error>> + Send + 'static) -> Sent {
        call.map_ok(|_| ()).boxed()
    }
    type Call = fn(&Client) -> Sent;
    let repeated: [(&str, Call); 12] = [
        ("/companies", |client| {
            let company = client.create_or_update_company();
            sent(company.body_map(|body| body.company_id("c-1").name("Ashby")).send())
        }),
        ("/tags", |client| {
            sent(client.create_tag().body(CreateTagRequest::create("beta")).send())
        }),
        ("/tags", |client| {
            let untag = CreateTagRequest::tag_users("beta", [TaggedContact::untag_by_id("5f")]);
            sent(client.create_tag().body(untag).send())
        }),
        ("/contacts/5f/companies", |client| {
            sent(
                client
                    .attach_contact_to_company()
                    .id("5f")
                    .body(json!({"id": "61"}))
                    .send(),
            )
        }),
        ("/contacts/5f/tags", |client| {
            sent(client.attach_tag_to_contact().id("5f").body(json!({"id": "7"})).send())
        }),
        ("/conversations/4/tags", |client| {
            let tag = json!({"id": "7", "admin_id": "9"});
            sent(client.attach_tag_to_conversation().id("4").body(tag).send())
        }),
        ("/contacts/5f/subscriptions", |client| {
            let opt_in = json!({"id": "3", "consent_type": "opt_in"});
            sent(
                client
                    .attach_subscription_type_to_contact()
                    .id("5f")
                    .body(opt_in)
                    .send(),
            )
        }),
        ("/conversations/4/customers", |client| {
            let customer = json!({"admin_id": "9", "customer": {"intercom_user_id": "5f"}});
            sent(client.attach_contact_to_conversation().id("4").body(customer).send())
        }),
        ("/contacts/5f/archive", |client| {
            sent(client.archive_contact().id("5f").send())
        }),
        ("/contacts/5f/unarchive", |client| {
            sent(client.unarchive_contact().id("5f").send())
        }),
        ("/companies/61", |client| sent(client.delete_company().id("61").send())),
        ("/companies/61", |client| {
            sent(
                client
                    .update_company()
                    .id("61")
                    .body_map(|body| body.name("Ashby"))
                    .send(),
            )
        }),
    ];
    let once: [(&str, Call); 7] = [
        ("/companies", |client| {
            sent(
                client
                    .create_or_update_company()
                    .body_map(|body| body.name("Ashby"))
                    .send(),
            )
        }),
        ("/companies", |client| {
            let company = json!({"company_id": null, "name": "Ashby"});
            sent(client.create_or_update_company().body(company).send())
        }),
        ("/companies", |client| {
            let company = client.create_or_update_company().body(json!({"company_id": "c-1"}));
            sent(company.idempotent(false).send())
        }),
        ("/contacts", |client| {
            sent(client.create_contact().body(json!({"role": "lead"})).send())
        }),
        ("/contacts/5f/notes", |client| {
            sent(client.create_note().id("5f").body(json!({"body": "Hello"})).send())
        }),
        ("/conversations/4/reply", |client| {
            let reply = ReplyConversationRequest::admin_comment("9", "Hello");
            sent(client.reply_conversation().id("4").body(reply).send())
        }),
        ("/conversations/4/parts", |client| {
            sent(
                client
                    .manage_conversation()
                    .id("4")
                    .body(ManageConversationRequest::close("9"))
                    .send(),
            )
        }),
    ];
    for (calls, times) in [(repeated.as_slice(), 2), (once.as_slice(), 1)] {
        for (path, call) in calls {
            let lost = vec![Read, Move::Reset];
            let server = Server::new([lost, vec![Read, response(200, &[], "{}")]]).await;
            let done = call(&client(&server)).await;
            let requests = server.requests();
            let targets: Vec<&str> = requests.iter().map(|request| request.target.as_str()).collect();
            assert_eq!(targets, vec![*path; times], "{done:?}");
            assert_eq!(done.is_ok(), times == 2, "{path}: {done:?}");
            assert!(
                requests.iter().all(|request| request.body == requests[0].body),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn temporary_error_is_not_returned() {
    for status in [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530] {
        let server = Server::new([vec![
            Read,
            response(status, &[], "<html>"),
            Read,
            response(200, &[], "{}"),
        ]])
        .await;
        assert_eq!(Op::Put.call(&client(&server)).await.unwrap(), 200);
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{status}");
        assert_eq!(requests[0].body, requests[1].body);
    }
}

#[tokio::test]
async fn firewall_challenge_is_retried_for_every_call() {
    for (status, action) in [(405, "captcha"), (202, "challenge")] {
        for body in ["", "<!DOCTYPE html><title>Human?</title>"] {
            let proof = response(status, &[("x-amzn-waf-action", action)], body);
            for op in Op::ALL {
                let passes = proof.clone();
                let moves = [passes.clone(), passes, response(200, &[], "{}")].map(|response| vec![Read, response]);
                let server = Server::new([moves.concat()]).await;
                assert_eq!(op.call(&client(&server)).await.unwrap(), 200, "{op:?}, {action}");
                assert_eq!(server.requests().len(), 3);
            }
            // A POST that did not reach the server was not carried out.
            let server = Server::always(vec![Read, proof]).await;
            let error = Op::Post.call(&client(&server)).await.unwrap_err();
            assert!(error.is_retryable() && !error.may_have_been_carried_out() && !error.is_decode());
            assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (status, 3));
            assert_eq!(
                error.body().unwrap().as_ref(),
                body.as_bytes(),
                "the error keeps the page"
            );
            let message =
                format!("{status}, a captcha or challenge of the firewall before the server after 3 attempts");
            assert_eq!(error.to_string(), format!("create_contact: {message}"));
        }
    }
}

#[tokio::test]
async fn internal_error_is_retried_once() {
    let statuses = [503, 500, 503, 500, 200];
    let moves = statuses.iter().flat_map(|status| [Read, response(*status, &[], "{}")]);
    let server = Server::new([moves.collect()]).await;
    let patient = settings(&server).retry(quick().attempts(9)).build().unwrap();
    let error = Op::Get.call(&patient).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (500, 4));
}

#[tokio::test]
async fn post_marked_idempotent_is_retried() {
    let server = Server::new([
        vec![Read],
        vec![Read, response(503, &[], ""), Read, response(200, &[], "{}")],
    ])
    .await;
    let client = client(&server);
    let create = client.create_contact().body_map(|body| body.external_id("25"));
    create.retry(quick()).idempotent(true).send().await.unwrap();
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [br#"{"external_id":"25"}"#; 3]);
}

#[tokio::test]
async fn call_marked_non_idempotent_is_retried_like_a_post() {
    for (status, times) in [(503, 1), (500, 1), (429, 3)] {
        let server = Server::serve(move |_| vec![response(status, &[], "")]).await;
        let client = client(&server);
        let update = client.update_contact().id("5f").body_map(|body| body.name("Ada"));
        assert_eq!(update.idempotent(false).send().await.unwrap_err().attempts(), times);
        let read = client.identify_admin().idempotent(false).send().await;
        assert_eq!(read.unwrap_err().attempts(), times, "{status}");
    }
}

#[tokio::test]
async fn pending_export_is_not_retried_and_does_not_hold_up_others() {
    let body = r#"{"type":"error.list","errors":[{"code":"rate_limit_exceeded","message":"Exceeded rate limit of 1 pending message data export jobs"}]}"#;
    let server = Server::new([vec![
        Read,
        response(429, &[("retry-after", "3600")], body),
        Read,
        response(200, &[], "{}"),
    ]]);
    let server = server.await;
    let client = client(&server);
    let export = client
        .create_data_export()
        .body_map(|body| body.created_at_after(1_577_836_800).created_at_before(1_577_923_200));
    let error = export.send().await.unwrap_err();
    assert!(error.is_export_pending() && error.is_rate_limited());
    assert_eq!((error.attempts(), server.requests().len()), (1, 1));
    Op::Get.call(&client).await.unwrap();
    assert!(server.pauses()[0] < Duration::from_secs(3600));
}

#[tokio::test]
async fn wait_of_the_server_is_respected() {
    // The server's clock counts, not the local clock.
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let second_later = "Sun, 06 Nov 1994 08:49:38 GMT";
    let reset = |reset: &'static str| {
        [
            ("x-ratelimit-limit", "167"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", reset),
            ("date", date),
        ]
    };
    let cases = [
        (429, vec![("retry-after", "1")]),
        (503, vec![("retry-after", "1")]),
        (429, vec![("retry-after", second_later), ("date", date)]),
        (503, vec![("retry-after", second_later), ("date", date)]),
        (429, reset("784111778").to_vec()),
        // The longer wait counts.
        (429, [&reset("784111777")[..], &[("retry-after", "1")]].concat()),
        (429, [&reset("784111778")[..], &[("retry-after", "0")]].concat()),
        // A negative number of remaining requests, and a reset without other headers.
        (
            429,
            [
                &reset("784111778")[2..],
                &[("x-ratelimit-limit", "167"), ("x-ratelimit-remaining", "-1")],
            ]
            .concat(),
        ),
        (429, reset("784111778")[2..].to_vec()),
    ];
    let cases = cases.iter().flat_map(|case| [(case, true), (case, false)]);
    let calls = cases.map(async |((status, headers), gate)| {
        let server = Server::new([vec![
            Read,
            response(*status, headers, ""),
            Read,
            response(200, &[], "{}"),
        ]])
        .await;
        let client = settings(&server).wait_for_rate_limit(gate).build().unwrap();
        assert_eq!(Op::Get.call(&client).await.unwrap(), 200);
        let pauses = server.pauses();
        assert_eq!(pauses.len(), 1);
        assert!(pauses[0] >= Duration::from_secs(1), "{status} {headers:?}: {pauses:?}");
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn wrong_clocks_and_invalid_waits_are_ignored() {
    let limit = |reset: &str| {
        vec![
            ("x-ratelimit-limit".to_owned(), "167".to_owned()),
            ("x-ratelimit-remaining".to_owned(), "0".to_owned()),
            ("x-ratelimit-reset".to_owned(), reset.to_owned()),
        ]
    };
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let after = |text: &str| vec![("retry-after".to_owned(), text.to_owned())];
    for headers in [
        limit(&(now - 7200).to_string()),
        limit(&(now + 7200).to_string()),
        limit("0"),
        limit("-1"),
        limit("9223372036854775807"),
        limit("soon"),
        limit(""),
        after("-5"),
        after("soon"),
        after("99999999999999999999999"),
        after("Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        let borrowed: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let limited = response(429, &borrowed, "");
        let server = Server::new([vec![
            Read,
            limited.clone(),
            Read,
            limited,
            Read,
            response(200, &[], "{}"),
        ]])
        .await;
        let client = client(&server);
        // The deadline is far shorter than the wait in the headers.
        let call = client.identify_admin().retry(quick().deadline(Duration::from_secs(60)));
        call.send().await.unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        assert_eq!(server.requests().len(), 3, "{headers:?}");
    }
}

#[tokio::test]
async fn wait_beyond_the_deadline_is_not_started() {
    for after in ["61", "3600", "18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let server = Server::serve(move |_| vec![response(429, &[("retry-after", after)], "")]).await;
        let client = settings(&server).wait_for_rate_limit(false);
        let client = client.retry(quick().deadline(Duration::from_secs(60))).build().unwrap();
        let error = Op::Post.call(&client).await.unwrap_err();
        assert!(error.is_rate_limited() && error.is_retryable());
        assert_eq!((error.attempts(), server.requests().len()), (1, 1), "{after}");
    }
}

#[tokio::test]
async fn second_attempt_ends_at_the_deadline() {
    let server = Server::new([vec![Read, response(503, &[], "")], vec![Read, Move::Hang]]).await;
    let retry = quick().deadline(Duration::from_millis(300));
    let client = settings(&server).retry(retry).build().unwrap();
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(error.is_timeout(), "long before the timeout of 30 seconds: {error}");
    assert_eq!((error.attempts(), server.requests().len()), (2, 2));
}

/// The last response explains the failure, so a timeout that ends a later attempt does not hide it.
#[tokio::test]
async fn timeout_of_a_retry_shows_the_last_response() {
    let headers = [("x-request-id", "000last")];
    let body = r#"{"errors":[{"code":"out_of_service","message":"Back at noon"}]}"#;
    for status in [408, 429, 500, 502, 503, 504, 520, 529] {
        let answered = vec![Read, response(status, &headers, body)];
        // By the deadline, by the timeout, and after an attempt without a response.
        let cases = [
            (vec![answered.clone(), vec![Read, Move::Hang]], 300, 30_000, 2),
            (vec![answered.clone(), vec![Read, Move::Hang]], 60_000, 300, 2),
            (
                vec![answered, vec![Read, Move::Reset], vec![Read, Move::Hang]],
                300,
                30_000,
                3,
            ),
        ];
        let cases = cases
            .into_iter()
            .flat_map(|case| [(Op::Get, case.clone()), (Op::Put, case)]);
        let calls = cases.map(async |(op, (moves, deadline, timeout, attempts))| {
            let server = Server::new(moves).await;
            let retry = quick().attempts(attempts).deadline(Duration::from_millis(deadline));
            let settings = settings(&server).wait_for_rate_limit(false).retry(retry);
            let client = settings.timeout(Duration::from_millis(timeout)).build().unwrap();
            let error = op.call(&client).await.unwrap_err();
            let context = format!("{status}, {op:?}: {error}");
            assert!(error.is_timeout() && error.is_retryable(), "{context}");
            assert_eq!(error.kind(), ErrorKind::Timeout, "{context}");
            assert_eq!(error.attempts(), attempts, "{context}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{context}");
            assert_eq!(error.request_id(), Some("000last"), "{context}");
            assert_eq!(error.headers().unwrap()["x-request-id"], "000last", "{context}");
            assert_eq!(error.code(), Some("out_of_service"), "{context}");
            assert_eq!(error.is_rate_limited(), status == 429, "{context}");
            let text = format!("; the last response was {status} out_of_service: Back at noon (request 000last)");
            assert!(error.to_string().contains(&text), "{context}");
            assert_eq!(error.may_have_been_carried_out(), op == Op::Put, "{context}");
        });
        futures_util::future::join_all(calls).await;
    }
}

#[tokio::test]
async fn error_without_any_response_has_no_status() {
    let server = Server::new([vec![Read, Move::Reset], vec![Read, Move::Hang]]).await;
    let retry = quick().deadline(Duration::from_millis(300));
    let error = Op::Get.call(&settings(&server).retry(retry).build().unwrap()).await;
    let error = error.unwrap_err();
    assert!(error.is_timeout() && error.status().is_none() && error.headers().is_none());
    assert!(!error.to_string().contains("response was"), "{error}");
}

/// A 401 is retried with another token, so the rejected token is not why the second attempt failed.
#[tokio::test]
async fn timeout_after_a_renewed_token_does_not_show_the_401() {
    let unavailable = vec![Read, response(503, &[], "")];
    let unauthorized = vec![Read, response(401, &[], "")];
    let hang = vec![Read, Move::Hang];
    for (moves, status) in [
        (vec![unauthorized.clone(), hang.clone()], None),
        (vec![unavailable, unauthorized, hang], Some(503)),
    ] {
        let server = Server::new(moves).await;
        let tokens = std::sync::atomic::AtomicUsize::new(0);
        let token = intercom_client::AccessToken::from_fn(move || {
            let number = tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async move { Ok::<_, std::io::Error>(format!("dG9rOnJlbmV3ZWQ-{number}")) }
        });
        let retry = quick().deadline(Duration::from_millis(300));
        let client = settings(&server).token(token).retry(retry).build().unwrap();
        let error = Op::Get.call(&client).await.unwrap_err();
        assert!(error.is_timeout() && !error.is_unauthorized(), "{error}");
        assert_eq!(error.status().map(|status| status.as_u16()), status, "{error}");
    }
}

/// The challenge has a success status, but it does not mean that the change was made.
#[tokio::test]
async fn timeout_of_a_change_after_a_challenge_can_be_retried() {
    let challenge = response(202, &[("x-amzn-waf-action", "challenge")], "");
    let server = Server::new([vec![Read, challenge], vec![Read, Move::Hang]]).await;
    let client = settings(&server).timeout(Duration::from_millis(300)).build().unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable() && error.may_have_been_carried_out());
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (202, 2));
}

#[test]
fn error_is_retryable_if_reads_are_retried_after_its_status() {
    for (status, reads, ..) in STATUSES {
        let status = http::StatusCode::from_u16(status).unwrap();
        let error = Error::from_response("identify_admin", status, http::HeaderMap::new(), "");
        assert_eq!(error.is_retryable(), reads > 1, "{status}");
    }
}
