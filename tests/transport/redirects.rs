//! Redirects are not followed, so that the token is only sent to the base URL.

use std::sync::{Arc, Mutex};

use crate::calls::{Op, own_settings};
use crate::server::{Move, Server, response};

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let redirect = Arc::new(Mutex::new((300, String::new())));
    let current = Arc::clone(&redirect);
    let server = Server::serve(move |_| {
        let (status, location) = &*current.lock().unwrap();
        vec![response(*status, &[("location", location)], "moved")]
    })
    .await;
    let client = own_settings(&server).build().unwrap();
    for status in [300, 301, 302, 303, 307, 308] {
        // Another host, plain http, another port, a relative one, and nonsense.
        let other_host = elsewhere.url.replace("localhost", "127.0.0.1");
        for location in [
            &other_host,
            &elsewhere.url,
            "http://api.intercom.io/me",
            "/contacts",
            "::",
            "",
        ] {
            *redirect.lock().unwrap() = (status, location.to_owned());
            for op in Op::ALL {
                let before = server.requests().len();
                let error = op.call(&client).await.unwrap_err();
                assert_eq!(error.status().unwrap(), status);
                assert_eq!(error.body().unwrap(), "moved");
                assert!(!error.is_retryable() && !error.is_connect() && !error.is_decode());
                assert_eq!(server.requests().len(), before + 1, "{status} to {location}, {op:?}");
                assert!(!error.to_string().contains("localhost"), "headers are not shown");
            }
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn custom_client_follows_redirects_without_the_token() {
    let elsewhere = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let location = elsewhere.url.clone();
    let server = Server::serve(move |_| vec![response(302, &[("location", &location)], "")]).await;
    let own = own_settings(&server)
        .http_client(reqwest::Client::new())
        .build()
        .unwrap();
    Op::Get.call(&own).await.unwrap();
    assert_eq!(elsewhere.requests().len(), 1);
    assert_eq!(elsewhere.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn path_prefix_of_the_base_url_is_kept() {
    let server = Server::always(vec![Move::Read, response(200, &[], "{}")]).await;
    let prefixed = intercom_client::Client::builder(crate::calls::TOKEN).base_url(format!("{}/a/b/", server.url));
    Op::Get.call(&prefixed.build().unwrap()).await.unwrap();
    assert_eq!(server.requests()[0].target, "/a/b/me");
}
