//! Collecting records that other writers have left behind.
//!
//! The original leaves a superseded record behind whenever it has created its key itself, and a crash between publishing
//! and unlinking leaves one too.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// How long a successor must have been seen, and how old both records must be, before the older one may go.
///
/// A writer that is about to unlink it itself does so within microseconds.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Keys that are looked at in one synchronisation.
const KEYS_AT_ONCE: usize = 1000;

/// Since when the newest record of a key has been seen together with older ones.
pub(super) type SeenSince = HashMap<Key, (Timestamp, Instant), RandomState>;

impl Shared {
    /// Hands records to the background thread that a present record has superseded for longer than the grace time.
    pub(super) fn collect_stale(&self, seen_since: &mut SeenSince) {
        let now = self.options.clock.now();
        let mut ready = Vec::new();
        {
            let state = self.state.read();
            seen_since
                .retain(|key, (newest, _)| state.index.current(key.as_wtf8()).is_some_and(|c| c.timestamp == *newest));
            for (key, current, older) in state.index.crowded().take(KEYS_AT_ONCE) {
                let since = seen_since.entry(key.clone()).or_insert((current.timestamp, Instant::now())).1;
                if since.elapsed() >= GRACE && now.since(current.timestamp) >= GRACE {
                    ready.push((key.clone(), current.timestamp, older.collect::<Vec<_>>()));
                }
            }
        }
        for (key, newest, older) in ready {
            seen_since.remove(&key);
            self.retire_later(&key, newest, older);
        }
    }
}
