//! A layer that counts attempts, retries and seconds by operation and status, in Prometheus' text format.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::{Attempt, HttpService, http};
use tower::{ServiceExt, layer::layer_fn};

#[path = "tool/mod.rs"]
mod tool;

/// Attempts, retries and seconds by operation and status.
type Metrics = Arc<Mutex<BTreeMap<(&'static str, String), (u64, u64, f64)>>>;

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let metrics = Metrics::default();
    let recorded = metrics.clone();
    let layer = layer_fn(move |service: HttpService| {
        let metrics = recorded.clone();
        tower::service_fn(move |request: http::Request<bytes::Bytes>| {
            let attempt = request.extensions().get::<Attempt>();
            let (operation, number) = attempt.map_or(("", 1), |attempt| (attempt.operation(), attempt.number()));
            let (service, metrics, sent) = (service.clone(), metrics.clone(), Instant::now());
            async move {
                let response = service.oneshot(request).await;
                let status = response.as_ref().map(|response| response.status().as_u16().to_string());
                let status = status.unwrap_or_else(|error| error.kind().as_str().to_owned());
                let mut metrics = metrics.lock().unwrap();
                let entry = metrics.entry((operation, status)).or_default();
                entry.0 += 1;
                entry.1 += u64::from(number > 1);
                entry.2 += sent.elapsed().as_secs_f64();
                response
            }
        })
    });
    let intercom = MockIntercom::new();
    let unavailable = MockResponse::error(503, "unavailable", "later");
    let tags = intercom.on("list_tags");
    tags.respond_once(unavailable).respond_once(MockResponse::dropped());
    let client = intercom.client_builder().layer(layer).build()?;
    client.list_tags().await?;
    client.identify_admin().await?;
    for ((operation, status), (attempts, retries, seconds)) in &*metrics.lock().unwrap() {
        let labels = format!("{{operation=\"{operation}\",status=\"{status}\"}}");
        println!("intercom_attempts_total{labels} {attempts}\nintercom_retries_total{labels} {retries}");
        println!("intercom_attempt_seconds_sum{labels} {seconds:.6}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let help = "Calls a mock that fails twice, and prints metrics.\n\nUsage: metrics";
    tool::arguments(help, 0);
    tool::exit(run().await)
}
