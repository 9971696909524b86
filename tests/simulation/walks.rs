//! Tasks that walk lists while records change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use intercom_client::Error;
use intercom_client::paging::{Changes, Page, RetrieveEach, Walk};
use intercom_client::types::{ArticleListItem, ConversationListItem};
use tokio::time::timeout;

use crate::calls::await_or_drop;
use crate::schedule::Caller;

/// The longest time until the next item of a walk: several passes over some pages, each with all its attempts.
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// The number of errors after which a task stops its walk.
const MAX_ERRORS: u32 = 6;

/// The items that a walk returned.
struct Returned {
    caller: Caller,
    /// The simulated time at which the walk started.
    start: Duration,
    ids: Vec<u64>,
}

/// Returns the next item of a stream. A future that is dropped is replaced by another one.
async fn next<T>(
    stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
    caller: &Caller,
    random: &mut fastrand::Rng,
) -> Result<Option<Result<T, Error>>, String> {
    for _ in 0..20 {
        match timeout(MAX_WAIT, await_or_drop(stream.next(), caller.impatience, random)).await {
            Ok(Some(item)) => return Ok(item),
            Ok(None) => {}
            Err(_) => return Err("the next item of a walk does not arrive".to_owned()),
        }
    }
    timeout(MAX_WAIT, stream.next())
        .await
        .map_err(|_| "the next item of a walk does not arrive".to_owned())
}

fn number(id: Option<&str>) -> u64 {
    id.expect("every record has an id").parse().expect("ids are numbers")
}

impl Returned {
    fn new(caller: &Caller) -> Self {
        Self {
            caller: caller.clone(),
            start: caller.server.world().elapsed(),
            ids: Vec::new(),
        }
    }

    /// Adds an item, and checks invariant 13.
    fn add(&mut self, id: u64) -> Result<(), String> {
        if self.ids.contains(&id) {
            return Err(format!("{id} was returned twice"));
        }
        self.ids.push(id);
        Ok(())
    }

    /// Checks invariant 14 at the end of a walk, and returns the number of complete walks.
    fn is_complete(&self, skipped: &[u64]) -> Result<u64, String> {
        let world = self.caller.server.world();
        let mut expected = world
            .records
            .iter()
            .filter(|(_, record)| record.created_after <= self.start);
        match expected.find(|(id, _)| !self.ids.contains(id) && !skipped.contains(id)) {
            Some((id, _)) => Err(format!("{id} was not returned")),
            None => Ok(1),
        }
    }
}

/// Makes one walk, or several walks of changes. Returns 1 if a walk was complete.
pub(crate) async fn walk(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    match random.u32(..5) {
        0 => plain(caller, random).await,
        1 => exactly_once(caller, random).await,
        2 => retrieve_each(caller, random).await,
        3 => {
            let list = caller.client.list_articles();
            let changes = |since| list.clone().per_page(3).changed_since(since);
            keep_copy(&caller, changes, article, random).await
        }
        _ => {
            let search = caller.client.search_conversations();
            let changes = |since| search.clone().changed_since(since);
            keep_copy(&caller, changes, conversation, random).await
        }
    }
}

async fn plain(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let list = caller.client.list_contacts().per_page(3);
    let read_ahead = random.bool();
    let mut items = list.clone().stream().read_ahead(read_ahead);
    let mut returned = Returned::new(&caller);
    let mut errors = 0;
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(contact)) => returned.add(number(contact.id.as_deref()))?,
            Some(Err(_)) if errors == MAX_ERRORS => return Ok(0),
            Some(Err(_)) => {
                errors += 1;
                let list = match items.cursor() {
                    Some(cursor) => list.clone().from_cursor(cursor.clone()),
                    None if returned.ids.is_empty() => list.clone(),
                    None => return Ok(0),
                };
                items = list.stream().read_ahead(read_ahead);
            }
            None => return returned.is_complete(&[]),
        }
    }
}

async fn exactly_once(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let mut items = caller
        .client
        .list_articles()
        .per_page(3)
        .stream()
        .exactly_once()
        .max_passes(random.u32(1..5));
    let mut returned = Returned::new(&caller);
    let mut errors = 0;
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(article)) => returned.add(number(article.id.as_deref()))?,
            Some(Err(_)) if errors == MAX_ERRORS => return Ok(0),
            Some(Err(_)) => {
                errors += 1;
                items.resume();
            }
            None => return returned.is_complete(&[]),
        }
    }
}

async fn retrieve_each(caller: Caller, mut random: fastrand::Rng) -> Result<u64, String> {
    let list = caller.client.list_conversations().per_page(3).stream();
    let mut items = list.retrieve_each().concurrency(random.usize(1..5));
    let mut returned = Returned::new(&caller);
    let (mut errors, skips) = (0, random.bool());
    loop {
        match next(&mut items, &caller, &mut random).await? {
            Some(Ok(conversation)) => {
                let id = number(conversation.id.as_deref());
                if returned.ids.last().is_some_and(|last| *last > id) {
                    return Err(format!("{id} was returned out of order"));
                }
                returned.add(id)?;
            }
            Some(Err(_)) if errors == MAX_ERRORS => return Ok(0),
            Some(Err(_)) => {
                errors += 1;
                if !skips || !items.skip_failed() {
                    items.resume();
                }
            }
            None => return returned.is_complete(&skipped(&items)),
        }
    }
}

/// Returns the ids of the items that were skipped.
fn skipped<W: Walk<Page: Page<Item: intercom_client::paging::Retrievable>>>(items: &RetrieveEach<W>) -> Vec<u64> {
    items.failed().iter().map(|id| number(Some(id))).collect()
}

/// The id and version of an item.
type IdAndVersion = (u64, u64);

fn article(item: &ArticleListItem) -> IdAndVersion {
    (number(item.id.as_deref()), number(item.title.as_deref()))
}

fn conversation(item: &ConversationListItem) -> IdAndVersion {
    (number(item.id.as_deref()), number(item.title.as_deref()))
}

/// Keeps a copy of the records by several runs, each from the watermark of the previous one, and
/// checks invariants 16 to 18.
async fn keep_copy<P: Page<Item: intercom_client::paging::Dated>>(
    caller: &Caller,
    changes: impl Fn(i64) -> Changes<P>,
    version: impl Fn(&P::Item) -> IdAndVersion,
    mut random: fastrand::Rng,
) -> Result<u64, String> {
    // Without a `Date`, the watermark is by the local clock, and the overlap covers the difference
    // of the two clocks.
    let has_date = caller.server.world().settings.has_date;
    let overlap = Duration::from_secs(if has_date { 0 } else { 600 });
    let (mut since, mut copy, mut complete) = (0, BTreeMap::new(), 0);
    let last = random.u32(1..4);
    for run in 0..=last {
        let is_last = run == last;
        if is_last {
            let settings = &mut caller.server.world().settings;
            (settings.changes, settings.faults, settings.repeats_pages) = (0, 0, false);
        }
        let mut items = changes(since).overlap(overlap);
        let mut ids = BTreeSet::new();
        let mut errors = 0;
        loop {
            match next(&mut items, caller, &mut random).await? {
                Some(Ok(item)) => {
                    let (id, version) = version(&item);
                    if !ids.insert(id) {
                        return Err(format!("{id} was returned twice in one run"));
                    }
                    copy.insert(id, version);
                }
                Some(Err(error)) if is_last && errors == 20 => return Err(format!("the last run fails: {error}")),
                Some(Err(_)) if !is_last && errors == MAX_ERRORS => break,
                Some(Err(_)) => {
                    errors += 1;
                    items.resume();
                }
                None => {
                    complete += 1;
                    let watermark = items
                        .watermark()
                        .ok_or("a complete walk has no watermark")?
                        .as_seconds();
                    if watermark < since {
                        return Err(format!(
                            "the watermark {watermark} is before the start of the run, {since}"
                        ));
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
            "the copy lacks the change of {id} at {}; the watermark is {since}",
            record.updated
        )),
        None => Ok(complete.min(1)),
    }
}
