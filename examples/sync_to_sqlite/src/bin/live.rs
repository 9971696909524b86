//! Runs the endpoint and the walks of [`sync_to_sqlite::live`].

use std::process::ExitCode;
use std::time::Duration;

use intercom_client::webhooks::Receiver;
use sync_to_sqlite::{Result, client, live};
use tokio::net::TcpListener;

const HELP: &str = "\
Keeps a copy of a workspace in a SQLite database, updated by webhooks and by an hourly walk.

usage: live [DATABASE [ADDRESS]]

  DATABASE  the file of the database (default: live.db)
  ADDRESS   the address to listen on (default: 127.0.0.1:3000)

environment:
  INTERCOM_CLIENT_SECRET  the client secret of the app (required)
  INTERCOM_ACCESS_TOKEN   an access token; if unset, a mock server is used";

const WALK_INTERVAL: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let option = arguments.iter().find(|argument| argument.starts_with('-'));
    if let Some(unexpected) = option.or(arguments.get(2)) {
        eprintln!("error: unexpected argument `{unexpected}`\n\n{HELP}");
        return ExitCode::from(2);
    }
    let argument = |at: usize, default: &str| arguments.get(at).cloned().unwrap_or(default.to_owned());
    match run(&argument(0, "live.db"), &argument(1, "127.0.0.1:3000")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(path: &str, address: &str) -> Result<()> {
    let secret = std::env::var("INTERCOM_CLIENT_SECRET").map_err(|_| "INTERCOM_CLIENT_SECRET is not set")?;
    let receiver = Receiver::new(secret)?;
    let (client, _mock) = client()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}/webhooks", listener.local_addr()?);
    live::run(listener, receiver, &client, path, WALK_INTERVAL).await
}
