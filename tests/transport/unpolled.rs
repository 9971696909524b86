//! Calls that are begun and then not polled: nobody else waits for them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt};
use intercom_client::{AccessToken, Client, Error, RetryPolicy};

use crate::calls::{Op, own_settings, settings};
use crate::limits::{three_a_second, three_a_second_of};
use crate::server::{Move, Request, Server, answer};

/// Long enough for every test here, and far from for ever.
const LONG: Duration = Duration::from_secs(20);

fn once(server: &Server) -> intercom_client::ClientBuilder {
    settings(server).retry(RetryPolicy::none())
}

/// The numbered page that was asked for, of four.
fn numbered_page(request: &Request) -> String {
    let page = request.target.split("page=").nth(1);
    let number: usize = page.map_or(1, |rest| rest[..1].parse().unwrap());
    format!(r#"{{"data":[{{"id":"{number}"}}],"pages":{{"page":{number},"total_pages":4}}}}"#)
}

type Kept = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A call that was begun: polled until it waits, then kept.
fn begun(client: &Client, op: Op) -> Kept {
    let client = client.clone();
    let mut call: Kept = Box::pin(async move { op.call(&client).await.map(drop) });
    assert!(call.as_mut().now_or_never().is_none());
    call
}

#[tokio::test]
async fn a_call_kept_while_a_window_is_spent_holds_up_no_other() {
    let server = three_a_second().await;
    let client = once(&server).build().unwrap();
    for _ in 0..3 {
        Op::Get.call(&client).await.unwrap();
    }
    let kept = begun(&client, Op::Get);
    let others = async {
        for _ in 0..4 {
            Op::Get.call(&client).await.unwrap();
        }
    };
    tokio::time::timeout(LONG, others)
        .await
        .expect("the kept call holds nothing");
    tokio::time::timeout(LONG, kept).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_loop_that_selects_over_a_stream_and_a_tick_ends() {
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
                        // What counts is that it comes to an end.
                        let _ = Op::Get.call(&client).await;
                        ticked += 1;
                    }
                }
            }
        };
        let (walked, _) = tokio::time::timeout(LONG, walk)
            .await
            .expect("the stream holds nothing");
        assert_eq!(walked, 4);
    }
}

#[tokio::test]
async fn a_permit_comes_back_from_a_call_that_is_not_polled() {
    let server = Server::always(vec![Move::Serve(std::sync::Arc::new(|_: &Request| {
        vec![Move::Wait(Duration::from_millis(30)), answer(200, &[], "{}")]
    }))])
    .await;
    let client = once(&server).max_in_flight(1).build().unwrap();
    let kept = begun(&client, Op::Get);
    tokio::time::timeout(LONG, Op::Get.call(&client))
        .await
        .expect("it goes on by itself")
        .unwrap();
    kept.await.unwrap();
}

#[tokio::test]
async fn a_permit_comes_back_from_a_call_that_is_not_polled_while_its_token_is_supplied() {
    let server = Server::serve(|_| vec![answer(200, &[], "{}")]).await;
    let token = AccessToken::from_fn(|| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok::<_, Error>("token")
    });
    let client = once(&server).token(token).max_in_flight(1).build().unwrap();
    let kept = begun(&client, Op::Get);
    tokio::time::timeout(LONG, Op::Get.call(&client))
        .await
        .expect("it goes on by itself")
        .unwrap();
    kept.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_calls_a_third_may_be_kept_for_ever() {
    for max_in_flight in [None, Some(4)] {
        let server = Server::always(vec![Move::Serve(std::sync::Arc::new(|_: &Request| {
            vec![Move::Wait(Duration::from_millis(5)), answer(200, &[], "{}")]
        }))])
        .await;
        let mut settings = once(&server);
        if let Some(most) = max_in_flight {
            settings = settings.max_in_flight(most);
        }
        let client = settings.build().unwrap();
        let mut kept = Vec::new();
        let mut running = tokio::task::JoinSet::new();
        for i in 0..64 {
            let client = client.clone();
            if i % 3 == 0 {
                kept.push(begun(&client, Op::Get));
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
            .expect("the kept calls hold nothing");
        assert_eq!(kept.len(), 22);
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
fn a_call_that_waits_goes_on_when_its_runtime_is_gone() {
    let serving = runtime();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = serving.block_on(Server::serve(move |_: &Request| {
        match counted.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => vec![answer(429, &[("retry-after", "1")], "")],
            _ => vec![answer(200, &[], r#"{"status":"completed"}"#)],
        }
    }));
    // In the pause before a repeat, and while a spent window is waited for.
    for repeats in [true, false] {
        let client = settings(&server).build().unwrap();
        let first = runtime();
        let mut kept: Kept = match repeats {
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
        let begun = first.block_on(async { tokio::time::timeout(Duration::from_millis(300), &mut kept).await });
        assert!(begun.is_err(), "it waits");
        first.shutdown_background();
        let ended = runtime().block_on(async { tokio::time::timeout(LONG, kept).await });
        ended.expect("it does not wait for ever").unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

/// Where a runtime is gone, or without threads and not in use, nobody fetches the page.
#[test]
fn a_page_read_ahead_on_a_runtime_that_does_not_run_is_an_error() {
    use tokio::runtime::{Builder, Runtime};

    let serving = runtime();
    let server = serving.block_on(Server::serve(|request: &Request| {
        let body = numbered_page(request);
        vec![Move::Wait(Duration::from_millis(200)), answer(200, &[], body)]
    }));
    let walk = |first: Runtime, stop: fn(Runtime) -> Option<Runtime>| {
        let client = once(&server).build().unwrap();
        let mut pages = client.list_articles().pages().read_ahead(true);
        assert!(first.block_on(pages.try_next()).unwrap().is_some());
        let _kept = stop(first);
        let next = runtime().block_on(async { tokio::time::timeout(LONG, pages.try_next()).await });
        let error = next.expect("it does not wait for ever").unwrap_err();
        assert!(error.is_retryable());
        let cursor = pages.cursor().map(ToString::to_string);
        assert_eq!(cursor.as_deref(), Some("2"), "the walk goes on from there");
    };
    walk(runtime(), |runtime| {
        runtime.shutdown_background();
        None
    });
    walk(Builder::new_current_thread().enable_all().build().unwrap(), Some);
}

/// A call to a client, begun on a runtime, that waits; `None` where the machine is so slow that it has ended.
fn begun_on(runtime: &tokio::runtime::Runtime, client: &Client) -> Option<Kept> {
    let client = client.clone();
    let mut call: Kept = Box::pin(async move { Op::Get.call(&client).await.map(drop) });
    let waited = runtime.block_on(async { tokio::time::timeout(Duration::from_millis(200), &mut call).await });
    waited.is_err().then_some(call)
}

/// The timers of the runtime that it was begun on do not run, or are gone.
#[test]
fn the_timeout_of_a_call_holds_on_whatever_runtime_it_is_polled() {
    use tokio::runtime::{Builder, Runtime};

    let serving = runtime();
    let moves = vec![Move::Read, answer(200, &[], "{}"), Move::Read, Move::Hang];
    let server = serving.block_on(Server::always(moves));
    let quick = || once(&server).timeout(Duration::from_secs(1));
    let ended = |call: Kept| {
        let ended = runtime().block_on(async { tokio::time::timeout(LONG, call).await });
        ended.expect("it does not wait for ever").unwrap_err()
    };
    let silent = || AccessToken::from_fn(std::future::pending::<Result<String, std::io::Error>>);
    let idle: fn(Runtime) -> Option<Runtime> = Some;
    let gone: fn(Runtime) -> Option<Runtime> = |runtime| {
        runtime.shutdown_background();
        None
    };
    for stop in [idle, gone] {
        // The connection lives on a runtime that goes on.
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
fn a_call_that_is_dropped_gives_its_permit_back_where_its_runtime_does_not_run() {
    let serving = runtime();
    let first = AtomicUsize::new(0);
    let server = serving.block_on(Server::serve(move |_: &Request| {
        match first.fetch_add(1, Ordering::SeqCst) {
            0 => vec![Move::Hang],
            _ => vec![answer(200, &[], "{}")],
        }
    }));
    // A pool of its own: no connection of a runtime that does not run is taken.
    let client = own_settings(&server).max_in_flight(1).build().unwrap();
    let idle = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    drop(begun_on(&idle, &client));
    let next = runtime().block_on(async { tokio::time::timeout(LONG, Op::Get.call(&client)).await });
    next.expect("the permit came back").unwrap();
}
