//! Counts what a thread has allocated, to show that damaged headers do not make the readers ask for memory.
#![allow(unsafe_code, reason = "a global allocator cannot be had without; it only counts and passes on")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn add(bytes: usize) {
    // During a thread's end the counters may be gone: nothing is measured then.
    let _ignored = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(bytes));
        PEAK.try_with(|peak| peak.set(peak.get().max(live.get())))
    });
}

// SAFETY: all calls go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Memory from another thread may be given back here: saturate.
        let _ignored = LIVE.try_with(|live| live.set(live.get().saturating_sub(layout.size())));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `work` and returns its result and the most bytes this thread held at once during it, beyond what it held before.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get() - before)
}

#[test]
fn the_counter_counts() {
    let (sum, bytes) = peak(|| std::hint::black_box(vec![1_u8; 1 << 20]).iter().map(|&x| u32::from(x)).sum::<u32>());
    assert_eq!(sum, 1 << 20);
    assert!(((1 << 20)..(1 << 21)).contains(&bytes), "{bytes}");
}
