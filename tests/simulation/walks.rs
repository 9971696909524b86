//! Walks over lists: each stream delivers what it promises, though records change meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use intercom_client::Error;
use intercom_client::paging::{Changes, Page, RetrieveEach, Walk};
use intercom_client::types::{ArticleListItem, ConversationListItem};
use tokio::time::timeout;

use crate::calls::awaited;
use crate::schedule::Caller;

/// The longest time that the next item of a walk may take: several passes over some pages, each with all its attempts.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often a walk goes on after an error.
const RESUMED: u32 = 6;

/// What a walk delivered, and when it began.
struct Delivered {
    caller: Caller,
    begun: Duration,
    ids: Vec<u64>,
    /// Whether each item comes once. A walk that tells items by nothing delivers those of a page that comes twice again.
    once: bool,
}

/// The next item of a stream; a caller who drops the future asks again.
async fn next<T>(
    stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
    caller: &Caller,
    random: &mut fastrand::Rng,
) -> Result<Option<Result<T, Error>>, String> {
    for _ in 0..20 {
        match timeout(LONGEST, awaited(stream.next(), caller.hasty, random)).await {
            Ok(Some(item)) => return Ok(item),
            Ok(None) => {}
            Err(_) => return Err("a walk waits for ever".to_owned()),
        }
    }
    timeout(LONGEST, stream.next())
        .await
        .map_err(|_| "a walk waits for ever".to_owned())
}

fn number(id: Option<&str>) -> u64 {
    id.expect("every record has an id").parse().expect("ids are numbers")
}

impl Delivered {
    fn new(caller: &Caller) -> Self {
        let world = caller.server.world();
        Self {
            caller: caller.clone(),
            begun: world.elapsed(),
            ids: Vec::new(),
            once: !world.settings.repeats,
        }
    }

    fn add(&mut self, id: u64) -> Result<(), String> {
        if self.once && self.ids.contains(&id) {
            return Err(format!("{id} was delivered twice"));
        }
        self.ids.push(id);
        Ok(())
    }

    /// Every record that was there from the beginning to the end was delivered, or is among those left out.
    fn is_whole(&self, left_out: &[u64]) -> Result<u64, String> {
        let world = self.caller.server.world();
        let mut there = world.records.iter().filter(|(_, record)| record.born <= self.begun);
        match there.find(|(id, _)| !self.ids.contains(id) && !left_out.contains(id)) {
            Some((id, _)) => Err(format!("{id} was not delivered")),
            None => Ok(1),
        }
    }
}

/// Makes one walk, or several that continue each other.
pub(crate) async fn one(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let kind = random.u32(..5);
    if matches!(kind, 1 | 3) {
        // Numbered lists are checked by the dates of their items, which the server's clock gives.
        caller.server.world().settings.dated = true;
    }
    match kind {
        0 => plain(caller, random).await,
        1 => once(caller, random).await,
        2 => each(caller, random).await,
        3 => {
            let list = caller.client.list_articles();
            let changes = |since| list.clone().per_page(3).changed_since(since);
            runs(&caller, changes, article, random).await
        }
        _ => {
            let search = caller.client.search_conversations();
            let changes = |since| search.clone().changed_since(since);
            runs(&caller, changes, conversation, random).await
        }
    }
}

async fn plain(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let list = caller.client.list_contacts().per_page(3);
    let read_ahead = random.bool();
    let mut items = list.clone().stream().read_ahead(read_ahead);
    let mut delivered = Delivered::new(&caller);
    let mut resumed = 0;
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(contact)) => delivered.add(number(contact.id.as_deref()))?,
            Some(Err(_)) if resumed == RESUMED => return Ok(0),
            Some(Err(_)) => {
                resumed += 1;
                let list = match items.cursor() {
                    Some(cursor) => list.clone().from_cursor(cursor.clone()),
                    None if delivered.ids.is_empty() => list.clone(),
                    None => return Ok(0),
                };
                items = list.stream().read_ahead(read_ahead);
            }
            None => return delivered.is_whole(&[]),
        }
    }
}

async fn once(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let mut items = caller
        .client
        .list_articles()
        .per_page(3)
        .stream()
        .exactly_once()
        .passes(random.u32(1..5));
    let mut delivered = Delivered::new(&caller);
    delivered.once = true;
    let mut resumed = 0;
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(article)) => delivered.add(number(article.id.as_deref()))?,
            Some(Err(_)) if resumed == RESUMED => return Ok(0),
            Some(Err(_)) => {
                resumed += 1;
                items.resume();
            }
            None => return delivered.is_whole(&[]),
        }
    }
}

async fn each(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let list = caller.client.list_conversations().per_page(3).stream();
    let mut items = list.retrieve_each().concurrency(random.usize(1..5));
    let mut delivered = Delivered::new(&caller);
    let (mut resumed, skips) = (0, random.bool());
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(conversation)) => {
                let id = number(conversation.id.as_deref());
                if delivered.once && delivered.ids.last().is_some_and(|last| *last > id) {
                    return Err(format!("{id} came out of order"));
                }
                delivered.add(id)?;
            }
            Some(Err(_)) if resumed == RESUMED => return Ok(0),
            Some(Err(_)) => {
                resumed += 1;
                if !skips || !items.skip_failed() {
                    items.resume();
                }
            }
            None => return delivered.is_whole(&left_out(&items)),
        }
    }
}

/// The records that failed and were skipped.
fn left_out<W: Walk<Page: Page<Item: intercom_client::paging::Retrievable>>>(items: &RetrieveEach<W>) -> Vec<u64> {
    items.failed().iter().map(|id| number(Some(id))).collect()
}

/// The id and version of an item.
type Seen = (u64, u64);

fn article(item: &ArticleListItem) -> Seen {
    (number(item.id.as_deref()), number(item.title.as_deref()))
}

fn conversation(item: &ConversationListItem) -> Seen {
    (number(item.id.as_deref()), number(item.title.as_deref()))
}

/// Keeps a copy by walks that each begin with the watermark of the one before. No watermark passes the beginning of its walk,
/// and in the end the copy has every record as it is.
async fn runs<P: Page<Item: intercom_client::paging::Dated>>(
    caller: &Caller,
    changes: impl Fn(i64) -> Changes<P>,
    seen: impl Fn(&P::Item) -> Seen,
    mut random: fastrand::Rng,
) -> Result<u64, String> {
    // Without the server's clock, the margin makes up for the difference of the two.
    let exact = caller.server.world().settings.dated;
    let overlap = Duration::from_secs(if exact { 0 } else { 600 });
    let (mut since, mut copy, mut complete) = (0, BTreeMap::new(), 0);
    let last = random.u32(1..4);
    for run in 0..=last {
        let is_last = run == last;
        if is_last {
            let settings = &mut caller.server.world().settings;
            (settings.changes, settings.faults, settings.repeats) = (0, 0, false);
        }
        let mut items = changes(since).overlap(overlap);
        let mut ids = BTreeSet::new();
        let mut resumed = 0;
        loop {
            match next(&mut items, caller, &mut random).await? {
                Some(Ok(item)) => {
                    let (id, version) = seen(&item);
                    if !ids.insert(id) {
                        return Err(format!("{id} was delivered twice"));
                    }
                    copy.insert(id, version);
                }
                Some(Err(error)) if is_last && resumed == 20 => return Err(format!("the last run fails: {error}")),
                Some(Err(_)) if !is_last && resumed == RESUMED => break,
                Some(Err(_)) => {
                    resumed += 1;
                    items.resume();
                }
                None => {
                    complete += 1;
                    let watermark = items
                        .watermark()
                        .ok_or("a complete walk has no watermark")?
                        .as_seconds();
                    if watermark < since {
                        return Err(format!("the watermark {watermark} lies before {since}"));
                    }
                    since = watermark;
                    break;
                }
            }
        }
    }
    let world = caller.server.world();
    match world
        .records
        .iter()
        .find(|(id, record)| copy.get(id) != Some(&record.version))
    {
        Some((id, record)) => Err(format!(
            "{id} changed at {} and was never delivered so; the watermark is {since}",
            record.updated
        )),
        None => Ok(complete.min(1)),
    }
}
