//! Runs the endpoint and the walks of [`sync_to_sqlite::live`].

use std::process::ExitCode;
use std::time::Duration;

use intercom_client::webhooks::Receiver;
use sync_to_sqlite::{Result, client, live};
use tokio::net::TcpListener;

#[path = "../../../tool/mod.rs"]
mod tool;

const HELP: &str = "\
Keeps a copy of a workspace in a SQLite database, updated by webhooks and by an hourly walk.

Usage: live [DATABASE [ADDRESS]]

Arguments:
  DATABASE  file of the database; default live.db
  ADDRESS   address to listen on; default 127.0.0.1:3000

Environment:
  INTERCOM_CLIENT_SECRET  client secret of the app; required
  INTERCOM_ACCESS_TOKEN   token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION         us, eu or au; default us";

const WALK_INTERVAL: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 2);
    let argument = |index: usize, default| arguments.get(index).map_or(default, String::as_str);
    tool::exit(run(argument(0, "live.db"), argument(1, "127.0.0.1:3000")).await)
}

async fn run(path: &str, address: &str) -> Result<()> {
    let receiver = Receiver::new(tool::variable("INTERCOM_CLIENT_SECRET")?)?;
    let (client, _mock) = client()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}/webhooks", listener.local_addr()?);
    live::run(listener, receiver, &client, path, WALK_INTERVAL).await
}
