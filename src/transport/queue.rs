//! The queue of calls that wait for a permit, first come, first served.
//!
//! A permit is *offered* to the first call by waking it. A call that does not take the permit in
//! time keeps its place, but the permit is offered to other calls as well until the call is polled
//! again. A call that is never polled does not hold up the others.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// The place of a call in the queue; lower numbers are served first.
pub(super) type Ticket = u64;

/// How long an offer is valid before the permit is offered to the next call as well.
pub(super) const OFFER_DURATION: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
pub(super) struct Queue {
    next: Ticket,
    /// Calls without an offer.
    waiting: BTreeMap<Ticket, Waker>,
    /// Calls with an offer, and when it was made.
    offered: BTreeMap<Ticket, Instant>,
    /// The offers in the order in which they were made, including some that are no longer valid.
    offers: VecDeque<(Instant, Ticket)>,
    /// Number of consecutive offers that expired. Each permit is offered to as many additional
    /// calls, so that a long row of calls that are not polled is skipped in few steps.
    expired: u64,
}

impl Queue {
    /// Returns a place behind all others.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }

    /// Returns `true` if no calls wait, with or without an offer.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.offered.is_empty()
    }

    /// Returns `true` if a call waits without an offer.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns the number of valid offers.
    pub(super) fn offered(&self) -> u64 {
        self.offered.len() as u64
    }

    /// Records that a call was polled, which ends its offer. Returns `true` if it had one.
    pub(super) fn wait(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let offered = self.offered.remove(&ticket).is_some();
        match self.waiting.get_mut(&ticket) {
            Some(stored) => stored.clone_from(waker),
            None => {
                self.waiting.insert(ticket, waker.clone());
            }
        }
        offered
    }

    /// Removes a call that takes its permit.
    pub(super) fn take(&mut self, ticket: Ticket) {
        self.remove(ticket);
        self.expired = 0;
    }

    /// Removes a call; returns `true` if it had an offer.
    pub(super) fn remove(&mut self, ticket: Ticket) -> bool {
        self.waiting.remove(&ticket);
        self.offered.remove(&ticket).is_some()
    }

    /// Returns `true` if a call has an offer.
    pub(super) fn has_offer(&self, ticket: Ticket) -> bool {
        self.offered.contains_key(&ticket)
    }

    /// Offers permits to the first calls until there are `free` valid offers; returns the calls to
    /// wake.
    pub(super) fn offer(&mut self, now: Instant, free: u64) -> Vec<(Ticket, Waker)> {
        let mut calls = Vec::new();
        let max_offers = if free == 0 {
            0
        } else {
            free.saturating_add(self.expired)
        };
        while self.offered() < max_offers
            && let Some((ticket, waker)) = self.waiting.pop_first()
        {
            self.offered.insert(ticket, now);
            self.offers.push_back((now, ticket));
            calls.push((ticket, waker));
        }
        calls
    }

    /// Removes the offers that have expired.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((made, ticket)) = self.oldest()
            && now.saturating_duration_since(made) >= OFFER_DURATION
        {
            self.offers.pop_front();
            self.offered.remove(&ticket);
            self.expired = self.expired.saturating_add(1);
        }
    }

    /// Returns when the oldest valid offer expires.
    pub(super) fn next_expiry(&mut self) -> Option<Instant> {
        self.oldest().map(|(made, _)| made + OFFER_DURATION)
    }

    /// Returns the oldest valid offer, and removes invalid ones before it.
    fn oldest(&mut self) -> Option<(Instant, Ticket)> {
        while let Some((made, ticket)) = self.offers.front() {
            if self.offered.get(ticket) == Some(made) {
                return Some((*made, *ticket));
            }
            self.offers.pop_front();
        }
        None
    }

    /// Returns all calls without an offer, which keep their places.
    pub(super) fn waiting(&self) -> Vec<(Ticket, Waker)> {
        let calls = self.waiting.iter();
        calls.map(|(ticket, waker)| (*ticket, waker.clone())).collect()
    }
}
