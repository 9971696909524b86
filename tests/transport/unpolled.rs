//! Calls that are started and then not polled: they do not hold up other calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use intercom_client::{AccessToken, Client, Error, RetryPolicy};

use crate::calls::{Op, own_settings, settings};
use crate::limits::{three_a_second, three_a_second_of};
use crate::server::{Move, Request, Server, response};

/// Long enough for every test here.
const LONG: Duration = Duration::from_secs(20);

fn once(server: &Server) -> intercom_client::ClientBuilder {
    settings(server).retry(RetryPolicy::none())
}

/// The requested page of four.
fn numbered_page(request: &Request) -> String {
    let page = request.target.split("page=").nth(1);
    let number: usize = page.map_or(1, |rest| rest[..1].parse().unwrap());
    format!(r#"{{"data":[{{"id":"{number}"}}],"pages":{{"page":{number},"total_pages":4}}}}"#)
}

type CallFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A call that was polled until it waits.
fn start(client: &Client, op: Op) -> CallFuture {
    let client = client.clone();
    let mut call: CallFuture = Box::pin(async move { op.call(&client).await.map(drop) });
    assert!(call.as_mut().now_or_never().is_none());
    call
}

#[tokio::test]
async fn unpolled_call_does_not_hold_up_others_in_an_exhausted_window() {
    let server = three_a_second().await;
    let client = once(&server).build().unwrap();
    for _ in 0..3 {
        Op::Get.call(&client).await.unwrap();
    }
    let unpolled = start(&client, Op::Get);
    let others = async {
        for _ in 0..4 {
            Op::Get.call(&client).await.unwrap();
        }
    };
    tokio::time::timeout(LONG, others)
        .await
        .expect("the unpolled call holds no permit");
    tokio::time::timeout(LONG, unpolled).await.unwrap().unwrap();
}

#[tokio::test]
async fn select_loop_over_a_stream_and_a_timer_ends() {
    let limited = three_a_second_of(|request| match request.target.starts_with("/articles") {
        true => numbered_page(request),
        false => "{}".to_owned(),
    })
    .await;
    let patient = || settings(&limited).retry(RetryPolicy::default().attempts(8));
    for client in [patient().build().unwrap(), patient().max_in_flight(1).build().unwrap()] {
        let walk = async {
            let mut items = client.list_articles().stream();
            let mut tick = tokio::time::interval(Duration::from_millis(40));
            let (mut walked, mut ticked) = (0, 0);
            loop {
                tokio::select! {
                    item = items.next() => match item {
                        Some(item) => walked += usize::from(item.is_ok()),
                        None => return (walked, ticked),
                    },
                    _ = tick.tick(), if ticked < 6 => {
                        // Only the end of the loop matters.
                        let _ = Op::Get.call(&client).await;
                        ticked += 1;
                    }
                }
            }
        };
        let (walked, _) = tokio::time::timeout(LONG, walk)
            .await
            .expect("the stream holds no permit");
        assert_eq!(walked, 4);
    }
}

#[tokio::test]
async fn unpolled_call_returns_its_permit() {
    let server = Server::always(vec![Move::Serve(std::sync::Arc::new(|_: &Request| {
        vec![Move::Wait(Duration::from_millis(30)), response(200, &[], "{}")]
    }))])
    .await;
    let client = once(&server).max_in_flight(1).build().unwrap();
    let unpolled = start(&client, Op::Get);
    tokio::time::timeout(LONG, Op::Get.call(&client))
        .await
        .expect("the call runs without being polled")
        .unwrap();
    unpolled.await.unwrap();
}

#[tokio::test]
async fn unpolled_call_returns_its_permit_while_its_token_is_supplied() {
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let token = AccessToken::from_fn(|| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok::<_, Error>("token")
    });
    let client = once(&server).token(token).max_in_flight(1).build().unwrap();
    let unpolled = start(&client, Op::Get);
    tokio::time::timeout(LONG, Op::Get.call(&client))
        .await
        .expect("the call runs without being polled")
        .unwrap();
    unpolled.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpolled_third_of_many_calls_does_not_hold_up_others() {
    for max_in_flight in [None, Some(4)] {
        let server = Server::always(vec![Move::Serve(std::sync::Arc::new(|_: &Request| {
            vec![Move::Wait(Duration::from_millis(5)), response(200, &[], "{}")]
        }))])
        .await;
        let mut settings = once(&server);
        if let Some(most) = max_in_flight {
            settings = settings.max_in_flight(most);
        }
        let client = settings.build().unwrap();
        let mut unpolled = Vec::new();
        let mut running = tokio::task::JoinSet::new();
        for i in 0..64 {
            let client = client.clone();
            if i % 3 == 0 {
                unpolled.push(start(&client, Op::Get));
            } else {
                running.spawn(async move { Op::Get.call(&client).await });
            }
        }
        let all = async {
            while let Some(result) = running.join_next().await {
                result.unwrap().unwrap();
            }
        };
        tokio::time::timeout(LONG, all)
            .await
            .expect("the unpolled calls hold no permit");
        assert_eq!(unpolled.len(), 22);
    }
}

/// A runtime that can be dropped.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn waiting_call_continues_after_its_runtime_shuts_down() {
    let serving = runtime();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = serving.block_on(Server::serve(move |_: &Request| {
        match counted.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => vec![response(429, &[("retry-after", "1")], "")],
            _ => vec![response(200, &[], r#"{"status":"completed"}"#)],
        }
    }));
    // In the pause before a retry, and during the wait for an exhausted window.
    for repeats in [true, false] {
        let client = settings(&server).build().unwrap();
        let first = runtime();
        let mut unpolled: CallFuture = match repeats {
            true => {
                let client = client.clone();
                Box::pin(async move { Op::Get.call(&client).await.map(drop) })
            }
            false => {
                let single = client.to_builder().retry(RetryPolicy::none()).build().unwrap();
                first.block_on(Op::Get.call(&single)).unwrap_err();
                let mut job = single.export_job("job-1");
                Box::pin(async move { job.wait().await.map(drop) })
            }
        };
        let waited = first.block_on(async { tokio::time::timeout(Duration::from_millis(300), &mut unpolled).await });
        assert!(waited.is_err(), "the call waits");
        first.shutdown_background();
        let ended = runtime().block_on(async { tokio::time::timeout(LONG, unpolled).await });
        ended.expect("the call ends").unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

/// A runtime that has shut down, or an idle current-thread runtime, does not fetch the page.
#[test]
fn page_read_ahead_on_an_idle_runtime_is_an_error() {
    use tokio::runtime::{Builder, Runtime};

    let serving = runtime();
    let server = serving.block_on(Server::serve(|request: &Request| {
        let body = numbered_page(request);
        vec![Move::Wait(Duration::from_millis(200)), response(200, &[], body)]
    }));
    let walk = |first: Runtime, stop: fn(Runtime) -> Option<Runtime>| {
        let client = once(&server).build().unwrap();
        let mut pages = client.list_articles().pages().read_ahead(true);
        assert!(first.block_on(pages.try_next()).unwrap().is_some());
        let _kept = stop(first);
        let next = runtime().block_on(async { tokio::time::timeout(LONG, pages.try_next()).await });
        let error = next.expect("the stream returns an error").unwrap_err();
        assert!(error.is_retryable());
        let cursor = pages.cursor().map(ToString::to_string);
        assert_eq!(cursor.as_deref(), Some("2"), "the walk can be resumed there");
    };
    walk(runtime(), |runtime| {
        runtime.shutdown_background();
        None
    });
    walk(Builder::new_current_thread().enable_all().build().unwrap(), Some);
}

/// A waiting call that was started on a runtime; `None` if it has already ended on a slow machine.
fn begun_on(runtime: &tokio::runtime::Runtime, client: &Client) -> Option<CallFuture> {
    let client = client.clone();
    let mut call: CallFuture = Box::pin(async move { Op::Get.call(&client).await.map(drop) });
    let waited = runtime.block_on(async { tokio::time::timeout(Duration::from_millis(200), &mut call).await });
    waited.is_err().then_some(call)
}

/// The timers of the first runtime do not run any more.
#[test]
fn timeout_holds_on_every_runtime() {
    use tokio::runtime::{Builder, Runtime};

    let serving = runtime();
    let moves = vec![Move::Read, response(200, &[], "{}"), Move::Read, Move::Hang];
    let server = serving.block_on(Server::always(moves));
    let quick = || once(&server).timeout(Duration::from_secs(1));
    let ended = |call: CallFuture| {
        let ended = runtime().block_on(async { tokio::time::timeout(LONG, call).await });
        ended.expect("the call ends").unwrap_err()
    };
    let silent = || AccessToken::from_fn(std::future::pending::<Result<String, std::io::Error>>);
    let idle: fn(Runtime) -> Option<Runtime> = Some;
    let gone: fn(Runtime) -> Option<Runtime> = |runtime| {
        runtime.shutdown_background();
        None
    };
    for stop in [idle, gone] {
        // The connection belongs to a runtime that keeps running.
        let (connected, client) = (runtime(), quick().build().unwrap());
        connected.block_on(Op::Get.call(&client)).unwrap();
        for (client, is_it) in [
            (client, Error::is_timeout as fn(&Error) -> bool),
            (quick().token(silent()).build().unwrap(), Error::is_token_unavailable),
        ] {
            let first = Builder::new_current_thread().enable_all().build().unwrap();
            let call = begun_on(&first, &client);
            let _kept = stop(first);
            let error = call.map(ended);
            assert!(error.as_ref().is_none_or(is_it), "{error:?}");
        }
    }
}

#[test]
fn dropped_call_returns_its_permit_on_an_idle_runtime() {
    let serving = runtime();
    let first = AtomicUsize::new(0);
    let server = serving.block_on(Server::serve(move |_: &Request| {
        match first.fetch_add(1, Ordering::SeqCst) {
            0 => vec![Move::Hang],
            _ => vec![response(200, &[], "{}")],
        }
    }));
    // A separate pool, so that the call does not use a connection of an idle runtime.
    let client = own_settings(&server).max_in_flight(1).build().unwrap();
    let idle = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    drop(begun_on(&idle, &client));
    let next = runtime().block_on(async { tokio::time::timeout(LONG, Op::Get.call(&client)).await });
    next.expect("the permit was returned").unwrap();
}
