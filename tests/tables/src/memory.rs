//! An allocator that counts what each thread has allocated. It stands here, since the client's own package has no `unsafe`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it is. `realloc` is the provided one, by which both copies
// count while the values move.
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

/// The most bytes that this thread had allocated at once during a call, beyond what it had before.
pub fn peak<T>(call: impl FnOnce() -> T) -> (usize, T) {
    let before = CURRENT.get();
    PEAK.set(before);
    let result = call();
    (PEAK.get() - before, result)
}
