//! Limits on the memory and time that decoding takes, in proportion to the length of the text.

use super::findings::Findings;
use super::{Fault, Reader, SyntaxError};

/// Bytes of memory that decoding may allocate per byte of text, in addition to [`MIN_MEMORY`].
pub(crate) const MEMORY_PER_BYTE: usize = 40;
/// Bytes of memory that decoding may allocate regardless of the length of the text.
pub(crate) const MIN_MEMORY: usize = 1 << 20;
/// Bytes of text that may be read while trying union variants, per byte of text and in addition to [`MIN_TRIED_BYTES`].
const MAX_TRIED_PER_BYTE: usize = 64;
/// Bytes of text that may be read while trying union variants, regardless of the length of the text.
const MIN_TRIED_BYTES: usize = 1 << 16;
/// Size in bytes below which a growing list doubles its capacity. A larger list grows by half.
const DOUBLING_MAX_BYTES: usize = 4096;

/// The remaining limits of one text.
#[derive(Debug)]
pub(super) struct Limits {
    /// Bytes of memory that may still be allocated.
    memory_left: usize,
    /// Bytes of text that union variants were tried on.
    tried_bytes: usize,
}

impl Limits {
    /// The limits for a text of `length` bytes.
    pub(super) fn of(length: usize) -> Self {
        Self {
            memory_left: length.saturating_mul(MEMORY_PER_BYTE).saturating_add(MIN_MEMORY),
            tried_bytes: 0,
        }
    }

    /// No memory limit.
    pub(super) const UNLIMITED: Self = Self {
        memory_left: usize::MAX,
        tried_bytes: 0,
    };
}

/// A position, and the memory limit there.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    position: usize,
    memory_left: usize,
}

/// The result of reading a value as one of several types. [`Reader::adopt`] accepts it.
#[derive(Debug)]
pub struct Candidate<T> {
    value: T,
    end: usize,
    keep_text: bool,
    memory: usize,
    findings: Findings,
}

impl<T> Candidate<T> {
    /// Returns the number of unknown names and of values of another type in the value.
    pub fn unmatched(&self) -> usize {
        self.findings.unmatched()
    }
}

impl Reader<'_> {
    /// Reads a value with `read` and returns to its start.
    pub fn try_read<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<Candidate<T>, Fault> {
        let (mark, found) = (self.mark(), self.findings.mark());
        let value = read(self);
        self.limits.tried_bytes += self.position - mark.position;
        if let Err(Fault::Malformed) = value {
            return Err(Fault::Malformed);
        }
        let end = self.position;
        let findings = self.findings.split_off(found);
        // Dropping the value frees its memory. `adopt` charges for a value that is used.
        let memory = mark.memory_left.saturating_sub(self.limits.memory_left);
        self.return_to(mark);
        Ok(Candidate {
            value: value?,
            end,
            keep_text: self.keep_text,
            memory,
            findings,
        })
    }

    /// Accepts a candidate and continues after its value.
    pub fn adopt<T>(&mut self, candidate: Candidate<T>) -> Result<T, Fault> {
        self.charge(candidate.memory)?;
        self.position = candidate.end;
        self.keep_text = candidate.keep_text;
        self.findings.append(candidate.findings);
        Ok(candidate.value)
    }

    /// Returns `true` if the variants of another union may be tried.
    pub fn may_try(&self) -> bool {
        let limit = self.text.len().saturating_mul(MAX_TRIED_PER_BYTE);
        self.limits.tried_bytes <= limit.saturating_add(MIN_TRIED_BYTES)
    }

    /// Returns the number of bytes of text that union variants were tried on.
    #[cfg(test)]
    pub fn tried_bytes(&self) -> usize {
        self.limits.tried_bytes
    }

    /// Returns the position and the memory limit, to which [`return_to`](Self::return_to) returns.
    pub fn mark(&self) -> Mark {
        Mark {
            position: self.position,
            memory_left: self.limits.memory_left,
        }
    }

    /// Returns to a position at the same nesting depth, and reverts the deductions since then.
    pub fn return_to(&mut self, mark: Mark) {
        self.position = mark.position;
        self.limits.memory_left = mark.memory_left;
    }

    /// Deducts an allocation of `bytes` bytes from the memory limit.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.limits.memory_left.checked_sub(bytes) {
            Some(memory_left) => {
                self.limits.memory_left = memory_left;
                Ok(())
            }
            None => Err(self.out_of_memory()),
        }
    }

    #[cold]
    fn out_of_memory(&mut self) -> Fault {
        self.failure.syntax_error = SyntaxError::Memory;
        Fault::Malformed
    }

    /// Grows the list if it is full.
    #[inline]
    pub fn make_room<T>(&mut self, list: &mut Vec<T>) -> Result<(), Fault> {
        match list.len() == list.capacity() {
            true => self.grow(list),
            false => Ok(()),
        }
    }

    #[cold]
    fn grow<T>(&mut self, list: &mut Vec<T>) -> Result<(), Fault> {
        let size = size_of::<T>().max(1);
        let additional = match list.capacity() {
            // A large item is often the only item of its list.
            0 => (DOUBLING_MAX_BYTES / 16 / size).clamp(1, 4),
            items if items * size < DOUBLING_MAX_BYTES => items,
            items => items / 2 + 1,
        };
        self.reserve(list, additional)
    }

    /// Reserves capacity for exactly `additional` more items.
    pub fn reserve<T>(&mut self, list: &mut Vec<T>, additional: usize) -> Result<(), Fault> {
        let before = list.capacity().saturating_mul(size_of::<T>());
        // The old and the new allocation exist together while the items move.
        self.charge((list.len() + additional).saturating_mul(size_of::<T>()))?;
        list.reserve_exact(additional);
        self.limits.memory_left = self.limits.memory_left.saturating_add(before);
        Ok(())
    }

    /// Deducts the memory of one more entry of a [`BTreeMap`](std::collections::BTreeMap) that has `entries` entries.
    #[inline]
    pub fn charge_entry<T>(&mut self, entries: usize) -> Result<(), Fault> {
        // The first entry allocates a node for 11 entries. Nodes are about half full after a split.
        let entry = size_of::<T>() + size_of::<usize>();
        self.charge(if entries == 0 { entry * 11 } else { entry * 5 / 2 })
    }
}
