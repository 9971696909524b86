//! Calls are sent in order, and do not wait longer than their deadlines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use intercom_client::{Client, RetryPolicy};

use crate::calls::{Op, quick, settings};
use crate::server::{Move, Request, Server, response};

/// Runs six loops until they have made `total` calls; returns the number of calls of each loop.
async fn six_loops(client: &Client, total: u64) -> Vec<u64> {
    let made = Arc::new(AtomicU64::new(0));
    let loops = (0..6).map(|_| {
        let (client, made) = (client.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            let mut own = 0;
            while made.fetch_add(1, Ordering::SeqCst) < total {
                Op::Get.call(&client).await.unwrap();
                own += 1;
            }
            own
        })
    });
    let loops: Vec<_> = loops.collect();
    let made = futures_util::future::join_all(loops).await;
    made.into_iter().map(Result::unwrap).collect()
}

async fn loops_take_turns(allowed: std::ops::RangeInclusive<u64>) {
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let client = settings(&server).max_in_flight(1).build().unwrap();
    let made = six_loops(&client, 600).await;
    assert!(made.iter().all(|own| allowed.contains(own)), "{made:?}");
}

#[tokio::test]
async fn loops_of_one_thread_take_turns() {
    loops_take_turns(99..=101).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn loops_of_one_worker_take_turns() {
    loops_take_turns(95..=105).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn loops_of_several_workers_take_turns() {
    // A thread that is scheduled late loses a turn.
    loops_take_turns(80..=120).await;
}

#[tokio::test]
async fn call_among_busy_loops_gets_its_turn() {
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let client = settings(&server).max_in_flight(1).build().unwrap();
    let busy = client.clone();
    let loops = tokio::spawn(async move { six_loops(&busy, 200).await });
    while server.requests().len() < 50 {
        tokio::task::yield_now().await;
    }
    let before = server.requests().len();
    Op::Delete.call(&client).await.unwrap();
    let requests = server.requests();
    let place = requests.iter().position(|request| request.method == "DELETE").unwrap();
    assert!(place <= before + 12, "{place} after {before}");
    loops.await.unwrap();
}

#[tokio::test]
async fn call_at_its_deadline_before_its_turn_is_not_sent() {
    let server = Server::serve(|request: &Request| match request.method.as_str() {
        "PUT" => vec![Move::Hang],
        _ => vec![response(200, &[], "{}")],
    })
    .await;
    let hasty = settings(&server)
        .max_in_flight(1)
        .retry(quick().deadline(Duration::from_millis(300)))
        .build()
        .unwrap();
    let hanging = tokio::spawn({
        let client = hasty.clone();
        async move { Op::Put.call(&client).await }
    });
    while server.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for op in Op::ALL {
        let error = op.call(&hasty).await.unwrap_err();
        assert!(
            error.is_timeout() && error.is_retryable() && !error.is_connect(),
            "{error}"
        );
        assert!(!error.may_have_been_carried_out() && error.attempts() == 0);
        let line = format!(
            "{}: not sent: other requests were ahead of it for 300ms; make fewer calls at once, or raise \
             `max_in_flight` or the deadline",
            op.operation()
        );
        assert_eq!(error.to_string(), line);
    }
    assert_eq!(server.requests().len(), 1);
    hanging.abort();
    let _ = hanging.await;
    Op::Get.call(&hasty).await.unwrap();
}

/// The error of the first attempt says more than that the second was not sent.
#[tokio::test]
async fn call_without_time_for_a_retry_fails_with_the_first_error() {
    let server = Server::serve(|request: &Request| match request.method.as_str() {
        "PUT" => vec![Move::Hang],
        _ => vec![Move::Wait(Duration::from_millis(100)), response(503, &[], "")],
    })
    .await;
    let client = settings(&server).max_in_flight(1).build().unwrap();
    let policy = RetryPolicy::default()
        .base(Duration::from_millis(200))
        .deadline(Duration::from_secs(2));
    let call = client.identify_admin().retry(policy).send();
    let hanging = async {
        while server.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = Op::Put.call(&client).await;
    };
    let error = tokio::select! {
        result = call => result.unwrap_err(),
        () = hanging => panic!("it hangs"),
    };
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
    assert_eq!(server.requests().len(), 2);
}

/// A server without `Date` headers, whose clock is some seconds off, with 50 requests per second.
#[tokio::test]
async fn server_clock_can_be_wrong_without_a_date() {
    let clocks = [5, -2].map(async |error| {
        let (refused, asked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counts = std::sync::Mutex::new(std::collections::BTreeMap::<i64, u64>::new());
        let (more, all) = (Arc::clone(&refused), Arc::clone(&asked));
        let server = Server::serve(move |_| {
            all.fetch_add(1, Ordering::SeqCst);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64 + error;
            let count = {
                let mut counts = counts.lock().unwrap();
                let count = counts.entry(now).or_default();
                *count += 1;
                *count
            };
            let (remaining, reset) = (50_u64.saturating_sub(count).to_string(), (now + 1).to_string());
            let headers = [
                ("x-ratelimit-limit", "50"),
                ("x-ratelimit-remaining", remaining.as_str()),
                ("x-ratelimit-reset", &reset),
            ];
            if count > 50 {
                more.fetch_add(1, Ordering::SeqCst);
                return vec![response(429, &headers, "")];
            }
            vec![response(200, &headers, "{}")]
        })
        .await;
        let client = settings(&server).build().unwrap();
        let calls = (0..240).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { Op::Get.call(&client).await })
        });
        let calls: Vec<_> = calls.collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let (refused, asked) = (refused.load(Ordering::SeqCst), asked.load(Ordering::SeqCst));
        assert!(
            refused * 20 <= asked,
            "clock {error} s off: {refused} of {asked} refused"
        );
    });
    futures_util::future::join_all(clocks).await;
}
