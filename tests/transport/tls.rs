//! Untrusted certificates and failed handshakes.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::calls::{Op, own_settings};
use crate::server::{Move, Server, response};

/// A temporary authority, and a server certificate that it issued.
pub(crate) struct Authority {
    root: CertificateDer<'static>,
    /// The root certificate as PEM.
    pub pem: String,
    pub acceptor: TlsAcceptor,
}

pub(crate) fn authority(change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2100, 1, 1));
    // With the name of the issuer, the certificate would look self-signed.
    leaf.distinguished_name.push(DnType::CommonName, "server");
    change(&mut leaf);
    let certificate = leaf.signed_by(&key, &Issuer::from_params(&root, &root_key)).unwrap();
    Authority {
        root: root_certificate.der().clone(),
        pem: root_certificate.pem(),
        acceptor: acceptor(certificate.der().clone(), &key),
    }
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An HTTP client that trusts only this authority.
fn trusting(root: &CertificateDer<'_>) -> reqwest::Client {
    let root = reqwest::Certificate::from_der(root).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).build().unwrap()
}

fn moves() -> Vec<Move> {
    vec![
        Move::Read,
        response(200, &[], "{}"),
        Move::Read,
        response(200, &[], "{}"),
    ]
}

#[tokio::test]
async fn trusted_certificate_is_accepted() {
    let authority = authority(|_| {});
    let server = Server::tls(authority.acceptor, moves()).await;
    let client = own_settings(&server)
        .http_client(trusting(&authority.root))
        .build()
        .unwrap();
    assert_eq!(Op::Get.call(&client).await.unwrap(), 200);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn untrusted_certificate_is_reported_and_not_retried() {
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        acceptor(certificate.self_signed(&key).unwrap().der().clone(), &key)
    };
    let known = authority(|_| {});
    let expired = authority(|leaf| leaf.not_after = date_time_ymd(2021, 1, 1));
    let elsewhere =
        authority(|leaf| leaf.subject_alt_names = vec![rcgen::SanType::DnsName("example.com".try_into().unwrap())]);
    for (what, acceptor, http) in [
        ("self-signed, with the platform's trust", self_signed.clone(), None),
        ("self-signed", self_signed, Some(trusting(&known.root))),
        (
            "unknown authority",
            authority(|_| {}).acceptor,
            Some(trusting(&known.root)),
        ),
        ("expired", expired.acceptor, Some(trusting(&expired.root))),
        ("another host's", elsewhere.acceptor, Some(trusting(&elsewhere.root))),
    ] {
        let server = Server::tls(acceptor, moves()).await;
        let client = match http {
            Some(http) => own_settings(&server).http_client(http),
            None => own_settings(&server),
        };
        let client = client.build().unwrap();
        for (connections, op) in (1..).zip([Op::Get, Op::Post]) {
            let error = op.call(&client).await.expect_err(what);
            assert!(error.is_certificate() && error.is_connect(), "{what}: {error:?}");
            assert!(!error.is_retryable() && !error.is_timeout());
            let host = server.url.trim_start_matches("https://");
            let text = error.to_string();
            let start = format!("{}: the certificate of {host} is not trusted: ", op.operation());
            let reason = text.strip_prefix(&start).unwrap_or_else(|| panic!("{what}: {text}"));
            let reason = reason.strip_suffix("; check the base URL and the trusted certificates");
            let reason = reason.unwrap_or_else(|| panic!("{what}: {text}"));
            assert!(reason.to_lowercase().contains("certificate"), "{what}: {text}");
            assert!(std::error::Error::source(&error).is_some(), "the source is kept");
            assert_eq!((error.attempts(), server.connections()), (1, connections), "{what}");
        }
        assert!(server.requests().is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn server_without_tls_is_not_retried() {
    let server = Server::always(vec![
        Move::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Move::Hang,
    ])
    .await;
    let client = own_settings(&server)
        .base_url(server.url.replace("http:", "https:"))
        .build()
        .unwrap();
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(
        error.is_connect() && !error.is_certificate() && !error.is_retryable(),
        "{error:?}"
    );
    let host = server.url.trim_start_matches("http://");
    let text = error.to_string();
    let start = format!("identify_admin: the TLS handshake with {host} failed: ");
    assert!(
        text.starts_with(&start) && text.ends_with("; check the base URL and the proxy"),
        "{text}"
    );
    assert_eq!((error.attempts(), server.connections()), (1, 1));
}

#[tokio::test]
async fn connection_lost_during_the_handshake_is_retried() {
    let server = Server::always(vec![Move::Wait(std::time::Duration::from_millis(20)), Move::Reset]).await;
    let client = own_settings(&server)
        .base_url(server.url.replace("http:", "https:"))
        .build()
        .unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(
        error.is_connect() && !error.is_certificate() && error.is_retryable(),
        "{error:?}"
    );
    assert_eq!((error.attempts(), server.connections()), (3, 3));
}
