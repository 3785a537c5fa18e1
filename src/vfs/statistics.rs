use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::histogram::Histogram;

/// What can be asked of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the request of its name")]
pub enum Operation {
    Lookup,
    Forget,
    Getattr,
    Setattr,
    Mknod,
    Mkdir,
    Rmdir,
    Symlink,
    Readlink,
    Link,
    Unlink,
    Rename,
    Open,
    Create,
    Read,
    Write,
    Flush,
    Fsync,
    Release,
    Opendir,
    Readdir,
    /// Reading a directory with the attributes of its entries.
    Readdirplus,
    Releasedir,
    Fsyncdir,
    Poll,
    Statfs,
}

/// The names of all operations, in their order.
const NAMES: [&str; Operation::Statfs as usize + 1] = [
    "lookup",
    "forget",
    "getattr",
    "setattr",
    "mknod",
    "mkdir",
    "rmdir",
    "symlink",
    "readlink",
    "link",
    "unlink",
    "rename",
    "open",
    "create",
    "read",
    "write",
    "flush",
    "fsync",
    "release",
    "opendir",
    "readdir",
    "readdirplus",
    "releasedir",
    "fsyncdir",
    "poll",
    "statfs",
];

impl Operation {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

/// How often each operation was asked for, how long it took, and how often it was answered with an error.
///
/// Recording takes no lock.
pub struct Statistics {
    operations: Box<[Counters]>,
}

struct Counters {
    latency: Histogram,
    errors: AtomicU64,
}

impl Statistics {
    pub(super) fn new() -> Statistics {
        let counters = || Counters { latency: Histogram::new(), errors: AtomicU64::new(0) };
        Statistics { operations: NAMES.iter().map(|_| counters()).collect() }
    }

    /// Counts an operation that was answered after `took`; `done` is false when the answer is an error number.
    pub fn record(&self, operation: Operation, took: Duration, done: bool) {
        let counters = &self.operations[operation as usize];
        counters.latency.record(took);
        if !done {
            counters.errors.fetch_add(1, Relaxed);
        }
    }

    /// What was counted, for each operation that was asked for.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        let shown = |(counters, name): (&Counters, &&str)| {
            let latency = counters.latency.latency()?;
            let counted = json!({
                "count": latency.count,
                "errors": counters.errors.load(Relaxed),
                "min": micros(latency.min),
                "mean": micros(latency.mean),
                "max": micros(latency.max),
                "p50": micros(latency.median),
                "p99": micros(latency.p99),
            });
            Some(((*name).to_owned(), counted))
        };
        self.operations.iter().zip(&NAMES).filter_map(shown).collect()
    }
}

/// A duration in microseconds, to a tenth.
fn micros(duration: Duration) -> f64 {
    (duration.as_nanos() as f64 / 100.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_their_own_names() {
        for (operation, name) in [
            (Operation::Lookup, "lookup"),
            (Operation::Link, "link"),
            (Operation::Unlink, "unlink"),
            (Operation::Read, "read"),
            (Operation::Readdir, "readdir"),
            (Operation::Readdirplus, "readdirplus"),
            (Operation::Statfs, "statfs"),
        ] {
            assert_eq!(operation.name(), name);
        }
    }

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let statistics = Statistics::new();
        assert!(statistics.to_json().is_empty());
        statistics.record(Operation::Open, Duration::from_nanos(1_250), true);
        statistics.record(Operation::Open, Duration::from_nanos(3_750), false);
        let shown = statistics.to_json();
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["open"]);
        let open = &shown["open"];
        assert_eq!((&open["count"], &open["errors"]), (&2.into(), &1.into()));
        assert_eq!((&open["min"], &open["mean"], &open["max"]), (&1.3.into(), &2.5.into(), &3.8.into()));
    }
}
