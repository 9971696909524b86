//! One call of each kind that the retry rules distinguish.

use std::time::Duration;

use http::StatusCode;
use intercom_client::{Client, ClientBuilder, Error, RetryPolicy};

use crate::server::Server;

/// Must occur in headers only.
pub(crate) const TOKEN: &str = "dG9rOnRyYW5zcG9ydA-secret";

thread_local! {
    /// One HTTP client for all calls of a test, because each client reads all certificates of the
    /// platform.
    static HTTP: reqwest::Client = {
        provider();
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    };
}

/// Installs a crypto provider if the features leave that to the caller.
pub(crate) fn provider() {
    if cfg!(feature = "rustls-no-provider") {
        // Another test may have installed it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

/// Settings for a test server: the default retry policy with short pauses.
pub(crate) fn settings(server: &Server) -> ClientBuilder {
    HTTP.with(|http| own_settings(server).http_client(http.clone()))
}

/// Like [`settings`], with the default HTTP client.
pub(crate) fn own_settings(server: &Server) -> ClientBuilder {
    provider();
    Client::builder(TOKEN).base_url(&server.url).retry(quick())
}

pub(crate) fn client(server: &Server) -> Client {
    settings(server).build().unwrap()
}

/// The default policy with pauses of a few milliseconds.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default().base(Duration::from_millis(1))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    /// A POST that only reads.
    List,
    Put,
    Delete,
    Post,
    Scroll,
    Download,
}

impl Op {
    pub(crate) const ALL: [Self; 7] = [
        Self::Get,
        Self::List,
        Self::Put,
        Self::Delete,
        Self::Post,
        Self::Scroll,
        Self::Download,
    ];

    /// The operation id in errors.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Get => "identify_admin",
            Self::List => "list_all_companies",
            Self::Put => "update_contact",
            Self::Delete => "delete_contact",
            Self::Post => "create_contact",
            Self::Scroll => "scroll_over_all_companies",
            Self::Download => "download_data_export",
        }
    }

    /// The start of the request line.
    pub(crate) fn request_line(self) -> (&'static str, &'static str) {
        match self {
            Self::Get => ("GET", "/me"),
            Self::List => ("POST", "/companies/list"),
            Self::Put => ("PUT", "/contacts/5ba682d23d7cf92bef87bfd4"),
            Self::Delete => ("DELETE", "/contacts/5ba682d23d7cf92bef87bfd4"),
            Self::Post => ("POST", "/contacts"),
            Self::Scroll => ("GET", "/companies/scroll"),
            Self::Download => ("GET", "/download/content/data/orzzsbd7hk67xyu"),
        }
    }

    /// Makes the call with the client's retry policy.
    pub(crate) async fn call(self, client: &Client) -> Result<StatusCode, Error> {
        let contact = "5ba682d23d7cf92bef87bfd4";
        Ok(match self {
            Self::Get => client.identify_admin().send().await?.status(),
            Self::List => client.list_all_companies().send().await?.status(),
            Self::Put => {
                let update = client.update_contact().id(contact).body_map(|body| body.name("Ada"));
                update.send().await?.status()
            }
            Self::Delete => client.delete_contact().id(contact).send().await?.status(),
            Self::Post => {
                let create = client.create_contact().body_map(|body| body.email("ada@example.com"));
                create.send().await?.status()
            }
            Self::Scroll => client.scroll_over_all_companies().send().await?.status(),
            Self::Download => {
                let download = client.download_data_export().job_identifier("orzzsbd7hk67xyu");
                let response = download.send().await?;
                let status = response.status();
                let mut stream = response.into_inner();
                while stream.next_chunk().await?.is_some() {}
                status
            }
        })
    }
}
