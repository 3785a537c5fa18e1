use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::identifier::Identifier;
use super::load::Loading;
use crate::record::{Timestamp, Value, limits};

/// When a put or remove is on disk, so that it survives the loss of power.
///
/// In both modes it is visible to everybody when the call returns, and survives the death of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Soon after: the superseded record stays until the new one is known to be on disk, so the key is never lost.
    #[default]
    Background,
    /// When the call returns.
    Sync,
}

/// Where timestamps come from; tests put their own clock here.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What is to be known of each value without reading it: for whoever shows many values' sizes.
pub type Measure = fn(&Value) -> u64;

/// The most bytes of values that are kept in memory, unless the caller asks for another limit.
const CACHED_BYTES: u64 = 64 << 20;

/// How to open a store.
///
/// Without a writer identifier the store is open for reading only, and nothing at all is written.
#[derive(Clone)]
pub struct OpenOptions {
    pub(super) identifier: Option<Identifier>,
    pub(super) durability: Durability,
    pub(super) record_limit: u64,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Option<PathBuf>,
    pub(super) measure: Option<Measure>,
    pub(super) cached_bytes: u64,
    pub(super) sync_interval: Duration,
}

impl OpenOptions {
    /// Options for reading only.
    #[must_use]
    pub fn read_only() -> OpenOptions {
        OpenOptions {
            identifier: None,
            durability: Durability::default(),
            record_limit: limits::RECORD_BYTES,
            clock: Arc::new(SystemClock),
            cache: None,
            measure: None,
            cached_bytes: CACHED_BYTES,
            sync_interval: Duration::ZERO,
        }
    }

    /// Options for reading and writing as the given writer.
    #[must_use]
    pub fn writer(identifier: Identifier) -> OpenOptions {
        OpenOptions { identifier: Some(identifier), ..OpenOptions::read_only() }
    }

    /// Sets the durability of puts and removes that do not ask for one themselves.
    #[must_use]
    pub fn durability(self, durability: Durability) -> OpenOptions {
        OpenOptions { durability, ..self }
    }

    /// Sets the size in bytes of the largest record that is read or written.
    #[must_use]
    pub fn record_limit(self, bytes: u64) -> OpenOptions {
        OpenOptions { record_limit: bytes, ..self }
    }

    /// Sets a directory in which a reader keeps snapshots of large stores, made when it is missing.
    ///
    /// A writer keeps them in the store; a reader without such a directory uses what is there and keeps none.
    #[must_use]
    pub fn cache(self, directory: impl Into<PathBuf>) -> OpenOptions {
        OpenOptions { cache: Some(directory.into()), ..self }
    }

    /// Has each value measured when its record is read, for [`Version::measure`](super::Version::measure).
    ///
    /// Snapshots keep what was measured: all who open a store with a measure must ask for the same.
    #[must_use]
    pub fn measure(self, measure: Measure) -> OpenOptions {
        OpenOptions { measure: Some(measure), ..self }
    }

    /// Sets how many bytes of values are kept in memory; 64 MiB when it is not called. Others are read again when asked for.
    #[must_use]
    pub fn cached_bytes(self, bytes: u64) -> OpenOptions {
        OpenOptions { cached_bytes: bytes, ..self }
    }

    /// Sets how much time must pass between two listings where only a listing can tell what has changed, as on network file
    /// systems: within it, a synchronisation finds nothing. None at all when it is not called.
    #[must_use]
    pub fn sync_interval(self, interval: Duration) -> OpenOptions {
        OpenOptions { sync_interval: interval, ..self }
    }

    /// How records are read that are listed together.
    pub(super) fn loading(&self) -> Loading {
        let room = AtomicU64::new(self.cached_bytes);
        Loading { record_limit: self.record_limit, measure: self.measure, room }
    }

    /// Sets the clock that timestamps are taken from.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> OpenOptions {
        OpenOptions { clock, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "A record of more than 256 MiB is refused too."
    #[test]
    fn records_have_at_most_256_mib_unless_the_caller_asks_for_another_limit() {
        let identifier = Identifier::from(7);
        for options in [OpenOptions::read_only(), OpenOptions::writer(identifier)] {
            assert_eq!(options.record_limit, 256 << 20);
            assert_eq!(options.record_limit(100).record_limit, 100);
        }
    }
}
