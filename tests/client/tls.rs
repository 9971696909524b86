//! Clients with each set of TLS features.

use std::process::Command;

use intercom_client::{Client, ConfigError};

use crate::TOKEN;

/// `true` if a TLS feature is enabled.
pub(crate) const ENABLED: bool = cfg!(any(
    feature = "rustls",
    feature = "native-tls",
    feature = "rustls-no-provider"
));

/// `true` if the caller must install a crypto provider.
const PROVIDER_WANTED: bool = cfg!(all(
    feature = "rustls-no-provider",
    not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))
));

/// Installs a crypto provider if the caller must install one.
pub(crate) fn provider() {
    if PROVIDER_WANTED {
        // Another test may have installed it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

/// Runs in a child process of [`missing_crypto_provider_is_reported`].
#[test]
fn provider_child() {
    if std::env::var_os("PROVIDER_CHILD").is_none() {
        return;
    }
    for url in ["https://api.intercom.io", "http://localhost"] {
        match Client::builder(TOKEN).base_url(url).build() {
            Ok(client) => println!("=> {}", client.base_url()),
            Err(error) => println!("=> {error:?}"),
        }
    }
    provider();
    match Client::builder(TOKEN).build() {
        Ok(client) => println!("=> {}", client.base_url()),
        Err(error) => println!("=> {error:?}"),
    }
}

#[test]
fn missing_crypto_provider_is_reported() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["tls::provider_child", "--exact", "--nocapture"])
        .env("PROVIDER_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| Some(line.split_once("=> ")?.1))
        .collect();
    let no_provider = "rustls has no crypto provider; install one before the client is built, for example with \
                       `rustls::crypto::ring::default_provider().install_default()`, or enable the feature `rustls` or \
                       `rustls-ring` of this crate";
    let no_tls = "the base URL is https, and no TLS feature is enabled; enable the feature `rustls`, `rustls-ring`, \
                  `native-tls` or `rustls-no-provider` of this crate, or set an `http_client`";
    let (us, local) = ("https://api.intercom.io", "http://localhost");
    assert_eq!(
        lines,
        match (ENABLED, PROVIDER_WANTED) {
            // reqwest sets up TLS for http URLs too.
            (true, true) => [no_provider, no_provider, us],
            (true, false) => [us, local, us],
            (false, _) => [no_tls, local, no_tls],
        }
    );
}

#[test]
fn custom_http_client_and_plain_http_need_no_tls_feature() {
    provider();
    // With ring, only the crate's own client brings a provider.
    if PROVIDER_WANTED || cfg!(not(feature = "rustls-no-provider")) {
        let given = Client::builder(TOKEN).http_client(reqwest::Client::new());
        assert_eq!(given.build().unwrap().base_url(), "https://api.intercom.io");
    }
    let plain = Client::builder(TOKEN).base_url("http://intercom-mock:8080");
    plain.allow_plain_http(true).build().unwrap();
    let refused = Client::builder(TOKEN).build();
    assert_eq!(refused.err(), (!ENABLED).then_some(ConfigError::NoTls));
}

/// The server does not support TLS, and the error shows which library reports that.
#[cfg(any(feature = "rustls", feature = "native-tls", feature = "rustls-no-provider"))]
#[tokio::test]
async fn https_uses_the_selected_tls_library() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    provider();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1024];
        let read = socket.read(&mut hello).await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        hello[..read.min(2)].to_vec()
    });
    let client = Client::builder(TOKEN).base_url(url).build().unwrap();
    let error = client.identify_admin().send().await.unwrap_err();
    assert_eq!(server.await.unwrap(), [22, 3], "a TLS handshake record");
    let line = error.to_string();
    assert!(
        line.starts_with("identify_admin: the TLS handshake with 127.0.0.1:"),
        "{line}"
    );
    let of_rustls = format!("{error:?}").contains("InvalidContentType");
    assert_eq!(of_rustls, cfg!(not(feature = "native-tls")), "{error:?}");
}
