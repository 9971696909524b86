//! The calls that wait for a permit, in the order in which they came.
//!
//! A permit is *offered* to the first of them by waking it. A call that does not take it in time keeps its place, but others
//! are offered the permit too until it is polled again: a call that is kept and not polled holds up nobody.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// The place of a call in the queue: lower ones go first.
pub(super) type Ticket = u64;

/// How long an offer stands before the next call is offered the permit too.
pub(super) const OFFER: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
pub(super) struct Queue {
    next: Ticket,
    /// Calls that were polled and have no offer.
    waiting: BTreeMap<Ticket, Waker>,
    /// Calls that were woken to take a permit, and when.
    offered: BTreeMap<Ticket, Instant>,
    /// The offers in the order in which they were made, including some that no longer stand.
    offers: VecDeque<(Instant, Ticket)>,
    /// Offers in a row that nobody took. As many more calls are offered each permit, so that any number of calls that are not
    /// polled is passed in few steps.
    missed: u64,
}

impl Queue {
    /// A place behind all others.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }

    /// Returns `true` if no call waits, with or without an offer.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.offered.is_empty()
    }

    /// Returns `true` if a call waits without an offer.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many offers stand.
    pub(super) fn offered(&self) -> u64 {
        self.offered.len() as u64
    }

    /// Records that a call is polled: it waits at its place. Returns `true` if it had an offer, which ends with this.
    pub(super) fn wait(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let offered = self.offered.remove(&ticket).is_some();
        match self.waiting.get_mut(&ticket) {
            Some(known) => known.clone_from(waker),
            None => {
                self.waiting.insert(ticket, waker.clone());
            }
        }
        offered
    }

    /// Removes a call that takes its permit.
    pub(super) fn take(&mut self, ticket: Ticket) {
        self.remove(ticket);
        self.missed = 0;
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

    /// Offers permits to the first calls until `free` offers stand; returns the calls to wake.
    pub(super) fn offer(&mut self, now: Instant, free: u64) -> Vec<(Ticket, Waker)> {
        let mut calls = Vec::new();
        let most = if free == 0 { 0 } else { free.saturating_add(self.missed) };
        while self.offered() < most
            && let Some((ticket, waker)) = self.waiting.pop_first()
        {
            self.offered.insert(ticket, now);
            self.offers.push_back((now, ticket));
            calls.push((ticket, waker));
        }
        calls
    }

    /// Ends the offers that were made too long ago.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((made, ticket)) = self.oldest()
            && now.saturating_duration_since(made) >= OFFER
        {
            self.offers.pop_front();
            self.offered.remove(&ticket);
            self.missed = self.missed.saturating_add(1);
        }
    }

    /// When the oldest offer that stands ends.
    pub(super) fn next_expiry(&mut self) -> Option<Instant> {
        self.oldest().map(|(made, _)| made + OFFER)
    }

    /// The oldest offer that stands; forgets those before it.
    fn oldest(&mut self) -> Option<(Instant, Ticket)> {
        while let Some((made, ticket)) = self.offers.front() {
            if self.offered.get(ticket) == Some(made) {
                return Some((*made, *ticket));
            }
            self.offers.pop_front();
        }
        None
    }

    /// All calls without an offer, which keep their places.
    pub(super) fn waiting(&self) -> Vec<(Ticket, Waker)> {
        let calls = self.waiting.iter();
        calls.map(|(ticket, waker)| (*ticket, waker.clone())).collect()
    }
}
