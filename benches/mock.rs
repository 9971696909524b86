//! The speed of the mock: creates, lists and searches contacts. Prints the times with their bound
//! and fails if it is exceeded.
//!
//! ```text
//! cargo bench --bench mock
//! ```

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use intercom_client::mock::MockIntercom;
use intercom_client::search::field;
use intercom_client::types::CreateContactRequest;

const CONTACTS: usize = 10_000;
/// The maximum total time.
const BOUND: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    let start = Instant::now();
    for i in 0..CONTACTS {
        let contact = CreateContactRequest::with_external_id(format!("u-{i}")).name(format!("Name {}", i % 7));
        client.create_contact().body(contact).await.unwrap();
    }
    let created = start.elapsed();
    let listed = client.list_contacts().per_page(150).stream();
    let listed = listed.try_fold(0, async |count, _| Ok(count + 1)).await.unwrap();
    assert_eq!(listed, CONTACTS);
    let read = start.elapsed();
    for i in 0..CONTACTS {
        let query = field("external_id").eq(format!("u-{i}"));
        let found = client.search_contacts().query(query).await.unwrap();
        assert_eq!(found.data.len(), 1);
    }
    let named = client.search_contacts().query(field("name").eq("Name 3")).stream();
    let named = named.try_fold(0, async |count, _| Ok(count + 1)).await.unwrap();
    assert_eq!(named, (0..CONTACTS).filter(|i| i % 7 == 3).count());
    let total = start.elapsed();
    println!("{CONTACTS} contacts created {:20.2} s", created.as_secs_f64());
    println!("{CONTACTS} contacts listed {:21.2} s", (read - created).as_secs_f64());
    println!("{} searches {:30.2} s", CONTACTS + 1, (total - read).as_secs_f64());
    println!(
        "total {:38.2} s (at most {:.0})",
        total.as_secs_f64(),
        BOUND.as_secs_f64()
    );
    if total > BOUND {
        std::process::exit(1);
    }
}
