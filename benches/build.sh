#!/usr/bin/env bash
# Clean debug builds of a program that uses this crate, next to two others: one that is written by hand on reqwest, tokio, serde and
# chrono, and one whose client is plain progenitor from the same description. Prints CPU seconds and their ratio to both, and fails
# if a bound is exceeded.
#
#     benches/build.sh [ROUNDS]
set -euo pipefail
package=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME DEPENDENCIES: a program that fetches a contact, with its source from standard input.
program() {
    mkdir -p "$work/$1/src"
    cp "$package/Cargo.lock" "$work/$1/Cargo.lock"
    cat >"$work/$1/src/main.rs"
    printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n%s\n' "$2" \
        >"$work/$1/Cargo.toml"
    cargo fetch --quiet --manifest-path "$work/$1/Cargo.toml"
}

tokio='tokio = { version = "1", features = ["rt-multi-thread", "macros", "time"] }'
program floor "reqwest = { version = \"0.13\", default-features = false, features = [\"rustls\", \"gzip\", \"http2\", \"json\"] }
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
chrono = { version = \"0.4\", features = [\"serde\"] }
$tokio" <<'RUST'
#[derive(Debug, serde::Deserialize)]
struct Contact {
    id: String,
    #[serde(with = "chrono::serde::ts_seconds")]
    created_at: chrono::DateTime<chrono::Utc>,
}

#[tokio::main]
async fn main() -> Result<(), reqwest::Error> {
    let answer = reqwest::Client::new().get("https://api.intercom.io/contacts/1").bearer_auth("token").send().await?;
    let contact: Contact = answer.error_for_status()?.json().await?;
    println!("{} {}", contact.id, contact.created_at);
    Ok(())
}
RUST
for slice in default contacts ring; do
    features=''
    [ "$slice" = contacts ] && features=', default-features = false, features = ["rustls", "contacts"]'
    [ "$slice" = ring ] && features=', default-features = false, features = ["rustls-ring", "full", "tracing"]'
    program "$slice" "intercom-client = { path = \"$package\"$features }
$tokio" <<'RUST'
#[tokio::main]
async fn main() -> Result<(), intercom_client::Error> {
    let client = intercom_client::Client::builder("token").build()?;
    let contact = client.show_contact().id("1").send().await?;
    println!("{:?} {:?}", contact.id, contact.created_at);
    Ok(())
}
RUST
done

# The description that progenitor reads for the client, as a build of the test tables leaves it.
cargo build --quiet --manifest-path "$package/Cargo.toml" -p operation-tables
description=$(ls -t "${CARGO_TARGET_DIR:-$package/target}"/debug/build/operation-tables-*/out/repaired.json | head -n 1)
program progenitor "progenitor-client = \"0.15\"
chrono = { version = \"0.4\", features = [\"serde\"] }
futures = \"0.3\"
rand = \"0.9\"
regress = \"0.11\"
reqwest = { version = \"0.13\", default-features = false, features = [\"rustls\", \"gzip\", \"http2\", \"json\", \"query\", \"stream\"] }
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
serde_urlencoded = \"0.7\"
uuid = { version = \"1\", features = [\"serde\"] }
$tokio

[build-dependencies]
openapiv3 = \"2\"
prettyplease = \"0.3\"
progenitor = { version = \"0.15\", default-features = false }
serde_json = \"1\"
syn = { version = \"3\", features = [\"full\"] }" <<'RUST'
#[allow(clippy::all, warnings)]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

#[tokio::main]
async fn main() {
    let client = client::Client::new("https://api.intercom.io");
    println!("{:?}", client.show_contact().id("1").send().await);
}
RUST
cp "$description" "$work/progenitor/description.json"
cat >"$work/progenitor/build.rs" <<'RUST'
fn main() {
    println!("cargo::rerun-if-changed=description.json");
    let text = std::fs::read_to_string("description.json").unwrap();
    let document: openapiv3::OpenAPI = serde_json::from_str(&text).unwrap();
    let mut settings = progenitor::GenerationSettings::default();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&document).unwrap();
    let client = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    std::fs::write(std::path::Path::new(&std::env::var_os("OUT_DIR").unwrap()).join("client.rs"), client).unwrap();
}
RUST

# CPU seconds of a clean build, of cargo and all that it starts.
seconds() {
    rm -rf "$work/$1/target"
    local TIMEFORMAT='%U %S' times
    if ! times=$({ time cargo build --quiet --offline --manifest-path "$work/$1/Cargo.toml" >"$work/output" 2>&1; } 2>&1); then
        cat "$work/output" >&2
        return 1
    fi
    awk '{ printf "%.0f", $1 + $2 }' <<<"$times"
}

ratio() { awk -v taken="$1" -v base="$2" 'BEGIN { printf "%.2f", taken / base }'; }

exceeded=0
printf '%-12s %8s %8s %11s %7s\n' build seconds by-hand progenitor bound
for ((round = 1; round <= rounds; round++)); do
    floor=$(seconds floor)
    plain=$(seconds progenitor)
    printf '%-12s %8s %8s %11s\n' by-hand "$floor" 1.00 "$(ratio "$floor" "$plain")" progenitor "$plain" "$(ratio "$plain" "$floor")" 1.00
    while read -r name bound; do
        taken=$(seconds "$name")
        against=$(ratio "$taken" "$plain")
        printf '%-12s %8s %8s %11s %7s\n' "$name" "$taken" "$(ratio "$taken" "$floor")" "$against" "$bound"
        awk -v ratio="$against" -v bound="$bound" 'BEGIN { exit !(ratio > bound) }' && exceeded=1
    done <<<$'default 1.00\ncontacts 0.85\nring 1.00'
done
exit "$exceeded"
