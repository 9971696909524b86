//! Waiting for a job: states, intervals and outages.

use super::*;

#[tokio::test]
async fn wait_returns_when_the_job_has_ended() {
    let states = ["pending", "pending", "in_progress", "packing", "completed"];
    let intercom = mock_job(&states, bytes("")).await;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let mut job = job(&intercom.client()).on_progress({
        let reports = reports.clone();
        move |progress| reports.lock().unwrap().push(progress.state.to_string())
    });
    assert_eq!(job.state(), &DataExportStatus::Pending);
    assert_eq!(job.wait().await.unwrap(), DataExportStatus::Completed);
    assert_eq!(*reports.lock().unwrap(), states);
    assert_eq!(job.wait().await.unwrap(), DataExportStatus::Completed);
    assert_eq!(
        received(&intercom).len(),
        5,
        "the state of a job that has ended is not requested again"
    );
}

#[tokio::test]
async fn wait_can_be_dropped_and_called_again() {
    let intercom = mock_job(&["pending", "in_progress", "completed"], bytes("")).await;
    let client = intercom.client();
    let mut job = client
        .export_job("job-1")
        .poll_interval(Duration::from_millis(200), Duration::from_millis(200));
    tokio::time::timeout(Duration::from_millis(100), job.wait())
        .await
        .unwrap_err();
    assert!(!received(&intercom).is_empty(), "the first request is sent immediately");
    assert_eq!(job.wait().await.unwrap(), DataExportStatus::Completed);
    assert_eq!(received(&intercom).len(), 3);
}

#[tokio::test]
async fn intervals_grow_up_to_the_maximum() {
    let states = ["pending", "pending", "pending", "pending", "completed"];
    let intercom = mock_job(&states, bytes("")).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let mut job = job(&intercom.client())
        .poll_interval(Duration::from_millis(100), Duration::from_millis(150))
        .on_progress({
            let times = times.clone();
            move |_| times.lock().unwrap().push(Instant::now())
        });
    job.wait().await.unwrap();
    let times = times.lock().unwrap();
    let intervals: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (interval, min) in intervals.iter().zip([100, 150, 150, 150]) {
        assert!(*interval >= Duration::from_millis(min), "{intervals:?}");
    }
}

#[tokio::test]
async fn failed_and_canceled_jobs_are_different_errors() {
    let folder = tempfile::tempdir().unwrap();
    let intercom = mock_job(&["in_progress", "failed"], bytes("")).await;
    let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
    assert!(error.is_export_failed() && !error.is_export_canceled() && !error.is_retryable());
    assert_eq!(
        error.to_string(),
        "get_data_export: the export job failed on the server (export job job-1)"
    );

    let intercom = mock_job(&["canceled"], bytes("")).await;
    let error = job(&intercom.client()).download().await.unwrap_err();
    assert!(error.is_export_canceled() && !error.is_export_failed() && !error.is_retryable());
    assert_eq!(
        error.to_string(),
        "get_data_export: the export job was canceled (export job job-1)"
    );

    let intercom = MockIntercom::new();
    let unknown = intercom.client().export_job("job-2").wait().await.unwrap_err();
    assert!(unknown.is_not_found());
}

#[tokio::test]
async fn wait_survives_an_outage_and_its_errors_contain_the_job() {
    let intercom = MockIntercom::new();
    intercom
        .on("get_data_export")
        .respond(MockResponse::error(503, "service_unavailable", "later"));
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let job = || {
        client
            .export_job("job-1")
            .poll_interval(Duration::ZERO, Duration::from_millis(20))
    };
    let error = job().max_outage(Duration::from_millis(100)).wait().await.unwrap_err();
    assert_eq!((error.export_job(), error.is_retryable()), (Some("job-1"), true));
    assert!(error.to_string().contains("(export job job-1)"), "{error}");
    let requests = intercom.calls("get_data_export").len();
    assert!((3..20).contains(&requests), "{requests} requests at growing intervals");

    let mut patient = job();
    let wait = patient.wait();
    let recover = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        intercom
            .on("get_data_export")
            .respond(MockResponse::json(state("completed")));
    };
    let (ended, ()) = tokio::join!(wait, recover);
    assert_eq!(ended.unwrap(), DataExportStatus::Completed);
}

/// A failed job is reported by a 504 that contains the job.
#[tokio::test]
async fn a_failed_job_reported_as_a_504_is_final() {
    let failed = json!({
        "job_identifier": "job-1", "status": "failed", "download_expires_at": "", "download_url": "",
    });
    let intercom = MockIntercom::new();
    let client = intercom.client();
    intercom
        .on("get_data_export")
        .respond(MockResponse::json(failed.clone()).status(504));
    let error = job(&client).wait().await.unwrap_err();
    assert!(
        error.is_export_failed() && !error.is_retryable() && !error.is_timeout(),
        "{error}"
    );
    assert_eq!(error.export_job(), Some("job-1"));
    assert_eq!(
        intercom.calls("get_data_export").len(),
        1,
        "the state is not requested again"
    );
    let mut failed_job = job(&client);
    assert_eq!(failed_job.refresh().await.unwrap(), &DataExportStatus::Failed);
    let folder = tempfile::tempdir().unwrap();
    assert!(
        failed_job
            .download_to(folder.path())
            .await
            .unwrap_err()
            .is_export_failed()
    );

    // A 504 that contains a pending job or another job is an outage.
    let pending = MockResponse::json(state("pending")).status(504);
    let other = json!({"job_identifier": "job-2", "status": "failed"});
    let states = [
        pending,
        MockResponse::json(other).status(504),
        MockResponse::json(state("completed")),
    ];
    for response in states {
        intercom.on("get_data_export").respond_once(response);
    }
    let retry = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom.client_builder().retry(retry).build().unwrap();
    assert_eq!(job(&client).wait().await.unwrap(), DataExportStatus::Completed);
}

/// The references of API 2.5 and 2.6 use the state `complete`.
#[tokio::test]
async fn the_state_complete_means_completed() {
    let intercom = mock_job(&["in_progress", "complete"], bytes("user_id\n")).await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(&intercom.client());
    assert_eq!(job.wait().await.unwrap(), DataExportStatus::Completed);
    assert_eq!(job.state(), &DataExportStatus::Completed);
    assert_eq!(job.download_to(folder.path()).await.unwrap().len(), 1);
    let started = MockResponse::json(state("complete"));
    intercom.on("create_data_export").respond(started);
    let job = intercom.client().export(1..2).await.unwrap();
    assert_eq!(job.state(), &DataExportStatus::Completed);
}

#[tokio::test]
async fn an_unknown_state_with_a_download_ends_the_wait() {
    let intercom = mock_job(&["packing"], bytes("user_id\n")).await;
    let ready = json!({"job_identifier": "job-1", "status": "packed", "download_url": "https://api.intercom.test/x"});
    for response in [
        MockResponse::json(state("packing")),
        MockResponse::json(state("packed")),
        MockResponse::json(ready),
    ] {
        intercom.on("get_data_export").respond_once(response);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(&intercom.client());
    assert_eq!(job.wait().await.unwrap(), DataExportStatus::from("packed"));
    assert_eq!(intercom.calls("get_data_export").len(), 3);
    assert_eq!(job.download_to(folder.path()).await.unwrap().len(), 1);
    assert_eq!(
        intercom.calls("get_data_export").len(),
        3,
        "the state of a job that has ended is not requested again"
    );
}

/// No unknown state makes the wait endless.
#[tokio::test]
async fn a_persistent_unknown_state_ends_the_wait() {
    let intercom = mock_job(&["expired"], bytes("")).await;
    let mut job = job(&intercom.client()).max_outage(Duration::from_millis(100));
    let error = job.wait().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_data_export: the export job stays in a state that this version does not know (export job job-1)"
    );
    assert_eq!(job.state(), &DataExportStatus::from("expired"));
    assert!(intercom.calls("get_data_export").len() > 2);
}

/// A response that does not come from the API is not about the job.
#[tokio::test]
async fn pages_and_empty_responses_are_outages() {
    let html = "<html><body>Be back soon</body></html>";
    let page = |status, body: &str| response(status, &[("content-type", "text/html")], body);
    let outages = [
        page(200, html),
        page(200, ""),
        page(200, "null"),
        page(200, "{}"),
        page(200, r#"{"type":"error.list","errors":[{"code":"server_error"}]}"#),
        page(400, html),
        page(403, html),
        page(404, "<h1>404 Not Found</h1>nginx"),
        page(404, ""),
        page(500, html),
        page(501, ""),
        page(520, "error code: 520"),
        page(522, html),
        page(529, ""),
        page(530, "error code: 1016"),
        raw("SSH-2.0-OpenSSH_9.6\r\n"),
    ];
    for (number, outage) in outages.into_iter().enumerate() {
        let requests = Arc::new(Mutex::new(0));
        let server = Server::serve(move |_: &Request| {
            *requests.lock().unwrap() += 1;
            match *requests.lock().unwrap() {
                1 | 2 => vec![outage.clone()],
                _ => vec![response(200, &[], state("completed").to_string())],
            }
        })
        .await;
        let client = Client::builder("a-token")
            .base_url(&server.url)
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let ended = job(&client).wait().await;
        assert_eq!(
            ended.unwrap_or_else(|error| panic!("{number}: {error}")),
            DataExportStatus::Completed
        );
    }
}

#[tokio::test]
async fn errors_of_the_api_end_the_wait() {
    let error = |status, code| MockResponse::error(status, code, "a message");
    for (response, status) in [
        (error(400, "parameter_invalid"), 400),
        (error(401, "unauthorized"), 401),
        (MockResponse::json(json!(null)).status(401), 401),
        (error(403, "api_plan_restricted"), 403),
        (error(404, "not_found"), 404),
    ] {
        let intercom = MockIntercom::new();
        intercom.on("get_data_export").respond(response);
        let error = job(&intercom.client()).wait().await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(intercom.calls("get_data_export").len(), 1);
    }
}

#[tokio::test]
async fn a_range_in_milliseconds_is_not_sent() {
    let intercom = completed("").await;
    let client = intercom.client();
    let reason = "create_data_export: the range is beyond the year 2200; the API expects seconds, not milliseconds";
    for range in [
        1_730_419_200_000..1_733_011_200_000,
        1_730_419_200..1_733_011_200_000_i64,
    ] {
        let error = client.export(range).await.unwrap_err();
        assert!(error.is_builder());
        assert_eq!(error.to_string(), reason);
    }
    let error = client.export(0..=7_258_118_400_i64).await.unwrap_err();
    assert_eq!(error.to_string(), reason);
    client.export(0..7_258_118_400_i64).await.unwrap();
    assert_eq!(received(&intercom).len(), 1);
}
