//! Collecting records that other writers have left behind.
//!
//! The original leaves a superseded record behind whenever it has created its key itself, and a crash between publishing
//! and unlinking leaves one too.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::index::Index;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// How long a successor must have been seen, and how old both records must be, before the older one may go.
///
/// A writer that is about to unlink it itself does so within microseconds.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Keys that are looked at in one synchronisation.
const KEYS_AT_ONCE: usize = 1000;

/// How often keys that wait for the grace time are looked at where nothing changes.
const PAUSE: Duration = Duration::from_millis(100);

/// The keys that were seen with older records beside their newest one.
#[derive(Default)]
pub(super) struct SeenSince {
    /// Their newest record, and since when it has been seen; keys that have one record only are not kept.
    keys: HashMap<Key, (Timestamp, Instant), RandomState>,
    /// When they are to be looked at again; `None` while there are none.
    due: Option<Instant>,
}

/// A key, its newest record, and those that it has superseded for long.
type Stale = (Key, Timestamp, Vec<Timestamp>);

impl SeenSince {
    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// Notes what is seen now, and takes what has been seen for longer than the grace time.
    fn take_stale(&mut self, index: &Index, now: Timestamp) -> Vec<Stale> {
        self.keys.retain(|key, (newest, _)| index.is_crowded_below(key, *newest));
        let mut stale = Vec::new();
        for (key, current, older) in index.crowded().take(KEYS_AT_ONCE) {
            let seen = || (current, Instant::now());
            let since = self.keys.entry(key.clone()).or_insert_with(seen).1;
            if since.elapsed() >= GRACE && now.since(current) >= GRACE {
                stale.push((key.clone(), current, older.collect()));
            }
        }
        self.due = (!self.keys.is_empty()).then(|| Instant::now() + PAUSE);
        stale.iter().for_each(|(key, ..)| _ = self.keys.remove(key));
        stale
    }
}

impl Shared {
    /// Hands records to the background thread that a present record has superseded for longer than the grace time.
    pub(super) fn collect_stale(&self, seen_since: &mut SeenSince, has_looked: bool) {
        if !has_looked && !seen_since.is_due() {
            return;
        }
        let now = self.options.clock.now();
        let stale = seen_since.take_stale(&self.state.read().index, now);
        for (key, newest, older) in stale {
            self.retire_later(&key, newest, older);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::index::Content;
    use crate::store::load::LoadedRecord;

    fn insert(index: &mut Index, number: u16, key: &str) -> Timestamp {
        let timestamp = Timestamp::from_micros(number.into());
        let inode = number.into();
        index.insert(timestamp, LoadedRecord { inode, key: key.into(), content: Content::UNMEASURED, value: None });
        timestamp
    }

    /// A store that others change without pause has ever new keys that had two records for a moment.
    #[test]
    fn a_key_that_has_one_record_again_is_not_kept() {
        let (mut index, mut seen) = (Index::with_room(0), SeenSince::default());
        let first = insert(&mut index, 1, "key");
        insert(&mut index, 2, "key");
        assert!(seen.take_stale(&index, Timestamp::ZERO).is_empty());
        assert!(seen.keys.len() == 1 && seen.due.is_some());
        index.remove(first);
        assert!(seen.take_stale(&index, Timestamp::ZERO).is_empty());
        assert!(seen.keys.is_empty() && seen.due.is_none());
    }
}
