#!/usr/bin/env bash
# Clean debug builds of a program that uses this crate, against one that is written by hand on reqwest, tokio, serde and
# chrono. Prints a table of wall-clock seconds and their ratio to the hand-written program, and fails when a bound is
# exceeded. Measure on a quiet machine.
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
for slice in default contacts; do
    features=''
    [ "$slice" = default ] || features=', default-features = false, features = ["rustls", "contacts"]'
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

seconds() {
    rm -rf "$work/$1/target"
    local begun
    begun=$(date +%s.%N)
    cargo build --quiet --offline --manifest-path "$work/$1/Cargo.toml"
    awk -v begun="$begun" -v ended="$(date +%s.%N)" 'BEGIN { printf "%.1f", ended - begun }'
}

exceeded=0
printf '%-10s %8s %7s %7s\n' build seconds ratio bound
for ((round = 1; round <= rounds; round++)); do
    floor=$(seconds floor)
    printf '%-10s %8s %7s\n' by-hand "$floor" 1.00
    while read -r name bound; do
        taken=$(seconds "$name")
        ratio=$(awk -v taken="$taken" -v floor="$floor" 'BEGIN { printf "%.2f", taken / floor }')
        printf '%-10s %8s %7s %7s\n' "$name" "$taken" "$ratio" "$bound"
        awk -v ratio="$ratio" -v bound="$bound" 'BEGIN { exit !(ratio > bound) }' && exceeded=1
    done <<<$'default 1.45\ncontacts 1.25'
done
exit "$exceeded"
