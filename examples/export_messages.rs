//! Exports who got which message in the last days to a CSV file:
//! `cargo run --example export_messages -- [DAYS or JOB] [FOLDER]`
//!
//! With `INTERCOM_ACCESS_TOKEN` it asks the real API, without it a server that it starts itself. After Ctrl-C, give the
//! job's identifier in the place of the days to continue.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "7".to_owned());
    let folder = arguments.next().unwrap_or_else(|| "exports".to_owned());
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => Client::builder("no-token").base_url(demo::start().await?).build()?,
    };

    let job = match what.parse::<i64>() {
        Ok(days) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
            client.export(now - days * 86_400..now).await?
        }
        Err(_) => client.export_job(what),
    };
    let id = job.id().to_owned();
    let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}")?;
    let bar = ProgressBar::new(0).with_style(style).with_message(format!("job {id}"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let shown = bar.clone();
    let mut job = job.on_progress(move |progress| {
        shown.set_message(progress.state.to_string());
        shown.set_length(progress.total.unwrap_or(progress.bytes));
        shown.set_position(progress.bytes);
    });

    let file = tokio::select! {
        file = job.download_to(folder) => file?,
        _ = tokio::signal::ctrl_c() => return Err(format!("stopped; continue with job {id}").into()),
    };
    bar.finish();
    match file {
        Some(file) => println!("{}: {} bytes", file.display(), file.metadata()?.len()),
        None => println!("no messages were sent in that time"),
    }
    Ok(())
}

/// A server with one job, which is ready at the second look.
mod demo {
    use axum::Router;
    use axum::routing::{get, post};
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub async fn start() -> std::io::Result<String> {
        static LOOKED: AtomicBool = AtomicBool::new(false);
        let job = |state: &str| format!(r#"{{"job_identifier":"demo","status":"{state}"}}"#);
        let state = || ["in_progress", "completed"][usize::from(LOOKED.swap(true, Ordering::Relaxed))];
        let mut csv = GzEncoder::new(Vec::new(), Compression::fast());
        csv.write_all(b"user_id,content_id,received_at\n")?;
        (0..50_000).try_for_each(|i| writeln!(csv, "{i:024x},{},2024-11-13", i % 97))?;
        let csv = csv.finish()?;
        let app = Router::new()
            .route("/export/content/data", post(async move || job("pending")))
            .route("/export/content/data/{id}", get(async move || job(state())))
            .route("/download/content/data/{id}", get(async || csv));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(url)
    }
}
