use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets for each doubling of a duration: a quantile is at most an eighth too high.
const STEPS: u64 = 8;

/// Bits of a number below `STEPS`.
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Buckets up to 2^41 nanoseconds, more than half an hour; the last one takes what is longer.
const BUCKETS: usize = 39 * STEPS as usize;

/// How long something took, many times: counted without a lock, in a fixed number of buckets.
///
/// Threads that count at the same time do not wait for each other. What is read meanwhile may lack the last durations.
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    total: AtomicU64,
    least: AtomicU64,
    greatest: AtomicU64,
}

/// What a histogram has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) count: u64,
    pub(super) min: Duration,
    pub(super) mean: Duration,
    pub(super) max: Duration,
    /// Half of them took at most as long.
    pub(super) median: Duration,
    /// All but one in a hundred took at most as long.
    pub(super) p99: Duration,
}

impl Histogram {
    pub(super) fn new() -> Histogram {
        Histogram {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            total: AtomicU64::new(0),
            least: AtomicU64::new(u64::MAX),
            greatest: AtomicU64::new(0),
        }
    }

    /// Counts a duration.
    pub(super) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Relaxed);
        self.total.fetch_add(nanos, Relaxed);
        // Seldom: an atomic minimum costs more than a look.
        if nanos < self.least.load(Relaxed) {
            self.least.fetch_min(nanos, Relaxed);
        }
        if nanos > self.greatest.load(Relaxed) {
            self.greatest.fetch_max(nanos, Relaxed);
        }
    }

    /// What was counted up to now, or `None` when nothing was.
    pub(super) fn latency(&self) -> Option<Latency> {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let total = self.total.load(Relaxed);
        let (least, greatest) = (self.least.load(Relaxed), self.greatest.load(Relaxed));
        let quantile = |parts: u64| {
            let rank = (count * parts).div_ceil(100);
            let mut below = 0;
            let found = counts.iter().position(|count| {
                below += count;
                below >= rank
            });
            Duration::from_nanos(found.map_or(greatest, highest).min(greatest).max(least.min(greatest)))
        };
        Some(Latency {
            count,
            min: Duration::from_nanos(least.min(greatest)),
            mean: Duration::from_nanos(total.checked_div(count)?),
            max: Duration::from_nanos(greatest),
            median: quantile(50),
            p99: quantile(99),
        })
    }
}

/// The bucket of a number of nanoseconds: the numbers below `STEPS` have one each, then each doubling has `STEPS`.
fn bucket(nanos: u64) -> usize {
    let Some(shift) = nanos.checked_ilog2().and_then(|log| log.checked_sub(STEP_BITS)) else { return nanos as usize };
    let step = (nanos >> shift) - STEPS;
    ((u64::from(shift + 1) * STEPS + step) as usize).min(BUCKETS - 1)
}

/// The greatest number of a bucket.
fn highest(bucket: usize) -> u64 {
    let (doubling, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    if doubling == 0 { step } else { ((STEPS + step + 1) << (doubling - 1)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "`p50` and `p99` at most an eighth too high."
    #[test]
    fn each_number_has_the_bucket_that_ends_at_most_an_eighth_above_it() {
        assert_eq!((bucket(0), bucket(7), bucket(8), bucket(15), bucket(16)), (0, 7, 8, 15, 16));
        for nanos in (0..4096).chain((12..41).flat_map(|log| [(1 << log) - 1, 1 << log, (1 << log) + 1])) {
            let highest_of = highest(bucket(nanos));
            assert!(nanos <= highest_of && highest_of <= nanos + nanos / 8, "{nanos}: {highest_of}");
            assert!(bucket(highest_of) == bucket(nanos) && bucket(highest_of + 1) == bucket(nanos) + 1, "{nanos}");
        }
        assert_eq!((bucket(u64::MAX), bucket(1 << 41)), (BUCKETS - 1, BUCKETS - 1));
    }

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let histogram = Histogram::new();
        assert_eq!(histogram.latency(), None);
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        let latency = histogram.latency().unwrap();
        let micros = Duration::from_micros;
        assert_eq!((latency.count, latency.min, latency.max), (1000, micros(1), micros(1000)));
        assert_eq!(latency.mean, Duration::from_nanos(500_500));
        assert!((micros(500)..micros(563)).contains(&latency.median), "{latency:?}");
        assert!((micros(990)..=micros(1000)).contains(&latency.p99), "{latency:?}");
    }

    /// "`min`, `mean` and `max` exactly."
    #[test]
    fn one_duration_is_all_there_is() {
        for nanos in [0, 1, 1_000_003, u64::MAX] {
            let histogram = Histogram::new();
            let duration = Duration::from_nanos(nanos);
            histogram.record(duration);
            let latency = histogram.latency().unwrap();
            assert_eq!((latency.min, latency.mean, latency.max), (duration, duration, duration));
            assert_eq!((latency.median, latency.p99), (duration, duration));
        }
    }

    #[test]
    fn threads_lose_no_count() {
        let histogram = Histogram::new();
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let histogram = &histogram;
                scope.spawn(move || (0..10_000).for_each(|at| histogram.record(Duration::from_nanos(thread + at))));
            }
        });
        let latency = histogram.latency().unwrap();
        assert_eq!((latency.count, latency.min, latency.max.as_nanos()), (40_000, Duration::ZERO, 10_002));
    }
}
