use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What counts as having done all.
const ALL: u64 = 1_000_000;

/// How far each client has come, so that none is done when others have hardly begun.
pub(super) struct Pace {
    done: Vec<AtomicU64>,
    /// So far may one be ahead of the slowest.
    ahead: u64,
    /// One has failed.
    stopped: AtomicBool,
}

impl Pace {
    /// For clients of which each has so many operations to do.
    pub(super) fn new(operations: &[u64]) -> Pace {
        let ahead = operations.iter().map(|operations| 2 * ALL / operations).max().unwrap();
        Pace { done: operations.iter().map(|_| AtomicU64::new(0)).collect(), ahead, stopped: AtomicBool::new(false) }
    }

    /// Waits until a client may go on that has done a part of its operations; false when one has failed.
    pub(super) fn wait(&self, client: usize, done: u64, of: u64) -> bool {
        let done = done * ALL / of;
        self.done[client].store(done, Ordering::Relaxed);
        while !self.stopped.load(Ordering::Relaxed) {
            let slowest = self.done.iter().map(|done| done.load(Ordering::Relaxed)).min().unwrap();
            if done <= slowest + self.ahead {
                return true;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        false
    }

    /// A client that drops this has done all, or has failed.
    pub(super) fn leave_at_end(&self, client: usize) -> Leaving<'_> {
        Leaving { pace: self, client }
    }
}

pub(super) struct Leaving<'a> {
    pace: &'a Pace,
    client: usize,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.pace.done[self.client].store(ALL, Ordering::Relaxed);
        if std::thread::panicking() {
            self.pace.stopped.store(true, Ordering::Relaxed);
        }
    }
}
