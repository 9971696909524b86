//! Loopback is reached without the proxies of the environment and without DNS.

use std::process::Command;

use intercom_client::{Client, RetryPolicy};

use crate::calls::{TOKEN, provider};
use crate::server::{Move, Server, response};

/// Runs in a child process with a proxy in its environment.
#[tokio::test]
async fn loopback_child() {
    let Ok(urls) = std::env::var("LOOPBACK_CHILD") else {
        return;
    };
    provider();
    for url in urls.split(' ') {
        let client = Client::builder(TOKEN).base_url(url).allow_plain_http(true);
        let client = client.retry(RetryPolicy::none()).build().unwrap();
        client.identify_admin().send().await.unwrap();
        // Clients of other workspaces connect in the same way.
        let other = client.to_builder().base_url(format!("{url}/other")).build().unwrap();
        other.identify_admin().send().await.unwrap();
    }
}

#[tokio::test]
async fn plain_http_on_loopback_bypasses_proxies_and_dns() {
    let proxy = Server::always(vec![Move::Read, response(200, &[], "{}")]).await;
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let port = server.url.rsplit(':').next().unwrap();
    let local = [
        "localhost",
        "intercom.localhost",
        "localhost.",
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
    ];
    let local = local.map(|host| format!("http://{host}:{port}"));
    let run = async |urls: String| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["loopback::loopback_child", "--exact"])
            .env("LOOPBACK_CHILD", urls);
        for variable in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            child.env(variable, &proxy.url);
        }
        for variable in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
            child.env_remove(variable);
        }
        let output = tokio::task::spawn_blocking(move || child.output().unwrap())
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    run(local.join(" ")).await;
    assert_eq!((server.requests().len(), proxy.connections()), (10, 0));

    // Other hosts are reached through the proxy.
    run("http://intercom.invalid".to_owned()).await;
    let targets: Vec<_> = proxy.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(
        targets,
        ["http://intercom.invalid/me", "http://intercom.invalid/other/me"]
    );
}
