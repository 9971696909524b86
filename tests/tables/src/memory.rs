//! An allocator that measures the memory that each thread has allocated. It is in this package because `intercom-client` forbids
//! `unsafe`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The allocator of the system, with a counter.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is forwarded unchanged to the allocator of the system. `realloc` is the provided implementation, so that
// both allocations count while values are moved.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let current = CURRENT.get().saturating_add(layout.size());
        CURRENT.set(current);
        PEAK.set(PEAK.get().max(current));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CURRENT.set(CURRENT.get().saturating_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Returns the maximum number of bytes that this thread had allocated during a call, in addition to those allocated before.
pub fn peak<T>(call: impl FnOnce() -> T) -> (usize, T) {
    let before = CURRENT.get();
    PEAK.set(before);
    let result = call();
    (PEAK.get() - before, result)
}
