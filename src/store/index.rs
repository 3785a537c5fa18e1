//! What is known of the directory: which names there are, and for each key its records.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;

use super::change::{Change, Unreadable, UnreadableReason, Version};
use super::directory::{Identity, ListedRecord};
use crate::record::{Key, Record, Timestamp, Value};

/// The order of looks at the directory and own puts; see [`Index::begin_look`].
pub(super) type Epoch = u64;

/// A name that is known to be in the directory.
struct Known {
    inode: u64,
    /// The look during or before which the name became known.
    epoch: Epoch,
    /// The record's key; `None` for a file that cannot be read.
    key: Option<Key>,
}

/// The records of one key.
#[derive(Default)]
struct KeyRecords {
    /// The greatest number ever seen, of vanished records too: puts go above it.
    highest: Timestamp,
    current: Option<Version>,
    /// Other records that are still in the directory; below `current`, but for the case of [`Index::uncovered`].
    older: Vec<Version>,
}

/// A file that cannot be read, and what it was when it was tried.
pub(super) struct UnreadableFile {
    pub(super) identity: Identity,
    pub(super) reason: UnreadableReason,
}

/// The difference between a listing and what is known.
#[derive(Default)]
pub(super) struct Difference {
    /// Names to read, newest first.
    pub(super) added: Vec<ListedRecord>,
    /// Known names that are gone.
    pub(super) removed: Vec<Timestamp>,
}

/// What a new record means for its key.
pub(super) struct Inserted {
    /// The record that it supersedes, which was the newest one of the key.
    pub(super) superseded: Option<Timestamp>,
}

#[derive(Default)]
pub(super) struct Index {
    names: HashMap<Timestamp, Known, RandomState>,
    keys: HashMap<Key, KeyRecords, RandomState>,
    unreadable: BTreeMap<Timestamp, UnreadableFile>,
    /// Keys with more than one record in the directory.
    crowded: BTreeSet<Key>,
    epoch: Epoch,
    live: usize,
    tombstones: usize,
}

impl Index {
    /// Whether no key was ever seen.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.names.is_empty()
    }

    /// Makes room for so many records at once.
    pub(super) fn reserve(&mut self, records: usize) {
        self.names.reserve(records);
        self.keys.reserve(records);
    }

    /// All that is known, as changes of what was not.
    pub(super) fn all_changes(&self) -> Vec<Change> {
        let change = |(key, records): (&Key, &KeyRecords)| {
            records.current.is_some().then(|| Change { key: key.clone(), old: None, new: records.current.clone() })
        };
        self.keys.iter().filter_map(change).collect()
    }

    /// Each record that is known to be in the directory: its name, its inode, its key, and its value unless it is a tombstone.
    pub(super) fn records(&self) -> impl Iterator<Item = (Timestamp, u64, &Key, Option<&Value>)> {
        self.keys.iter().flat_map(move |(key, records)| {
            records.current.iter().chain(&records.older).filter_map(move |version| {
                let known = self.names.get(&version.timestamp)?;
                Some((version.timestamp, known.inode, key, version.value.as_ref()))
            })
        })
    }

    /// How many names are known.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Begins a listing, or to take in events: names that are inserted from now on are not meant by it.
    pub(super) fn begin_look(&mut self) -> Epoch {
        self.epoch += 1;
        self.epoch
    }

    /// The number of the last look.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Compares a listing that began at `epoch` with what is known, by name and inode number.
    pub(super) fn difference(&self, listed: &[ListedRecord], epoch: Epoch) -> Difference {
        let mut difference = Difference::default();
        let mut unchanged = 0;
        for record in listed {
            match self.names.get(&record.timestamp) {
                Some(known) if known.inode == record.inode => unchanged += 1,
                _ => difference.added.push(*record),
            }
        }
        difference.added.sort_unstable_by_key(|record| std::cmp::Reverse(record.timestamp));
        // A listing that took several calls may show a name twice.
        difference.added.dedup();
        if unchanged < self.names.len() {
            difference.removed = self.removed(listed, epoch);
        }
        difference
    }

    fn removed(&self, listed: &[ListedRecord], epoch: Epoch) -> Vec<Timestamp> {
        let listed: HashSet<(Timestamp, u64), RandomState> =
            listed.iter().map(|record| (record.timestamp, record.inode)).collect();
        let is_gone = |(timestamp, known): (&Timestamp, &Known)| {
            (known.epoch < epoch && !listed.contains(&(*timestamp, known.inode))).then_some(*timestamp)
        };
        self.names.iter().filter_map(is_gone).collect()
    }

    /// Takes in a record that was read or published under `timestamp`.
    pub(super) fn insert(&mut self, timestamp: Timestamp, inode: u64, record: Record) -> Inserted {
        self.know(timestamp, Known { inode, epoch: self.epoch, key: Some(record.key.clone()) });
        let value = (!record.deleted).then_some(record.value);
        let version = Version { timestamp, value };
        let mut superseded = None;
        self.change_key(record.key, |records| {
            records.highest = records.highest.max(timestamp);
            if records.current.as_ref().is_some_and(|current| current.timestamp > timestamp) {
                records.older.push(version);
            } else if let Some(old) = records.current.replace(version) {
                superseded = Some(old.timestamp);
                records.older.push(old);
            }
        });
        Inserted { superseded }
    }

    /// Takes in a file that cannot be read.
    pub(super) fn insert_unreadable(&mut self, timestamp: Timestamp, file: UnreadableFile) {
        self.know(timestamp, Known { inode: file.identity.inode, epoch: self.epoch, key: None });
        self.unreadable.insert(timestamp, file);
    }

    /// Forgets a name that a look begun at `epoch` has shown to be gone, unless it was published meanwhile.
    pub(super) fn remove_missing(&mut self, timestamp: Timestamp, epoch: Epoch) {
        if self.names.get(&timestamp).is_some_and(|known| known.epoch < epoch) {
            self.remove(timestamp);
        }
    }

    /// Whether a record is the newest known one of its key and a file that the system refuses to open may be newer.
    pub(super) fn may_have_an_unread_successor(&self, timestamp: Timestamp) -> bool {
        let is_current = || {
            let current = self.current(self.key_of(timestamp)?.as_wtf8())?;
            Some(current.timestamp == timestamp)
        };
        let mut newer = self.unreadable.range(timestamp..);
        is_current() == Some(true) && newer.any(|(_, file)| file.reason.is_transient())
    }

    /// Forgets a name that has gone from the directory; another record of its key counts then.
    pub(super) fn remove(&mut self, timestamp: Timestamp) {
        if let Some(known) = self.names.remove(&timestamp) {
            self.forget(timestamp, known);
        }
    }

    /// Takes in a name, which may have stood for another file until now.
    fn know(&mut self, timestamp: Timestamp, known: Known) {
        if let Some(replaced) = self.names.insert(timestamp, known) {
            self.forget(timestamp, replaced);
        }
    }

    /// Forgets what stood under a name.
    fn forget(&mut self, timestamp: Timestamp, known: Known) {
        let Some(key) = known.key else {
            self.unreadable.remove(&timestamp);
            return;
        };
        let next = self.uncovered(&key, known.epoch);
        self.change_key(key, |records| {
            if records.current.as_ref().is_some_and(|current| current.timestamp == timestamp) {
                records.current = next.map(|at| records.older.swap_remove(at));
            } else {
                records.older.retain(|older| older.timestamp != timestamp);
            }
        });
    }

    /// Which of the older records of a key counts when the current one, known since `epoch`, has gone.
    ///
    /// One that came after the current one comes first: a writer with a clock behind has replaced the current one with
    /// it, and what the current one had superseded must not come back.
    fn uncovered(&self, key: &Key, epoch: Epoch) -> Option<usize> {
        let older = &self.keys.get(key)?.older;
        let came = |timestamp| self.names.get(&timestamp).map_or(0, |known| known.epoch);
        (0..older.len()).max_by_key(|&at| {
            let timestamp = older[at].timestamp;
            (Some(came(timestamp)).filter(|&came| came > epoch), timestamp)
        })
    }

    /// Changes the records of a key and keeps the counts right.
    fn change_key(&mut self, key: Key, change: impl FnOnce(&mut KeyRecords)) {
        let records = self.keys.entry(key.clone()).or_default();
        let count = |records: &KeyRecords| match &records.current {
            Some(Version { value: Some(_), .. }) => (1, 0),
            Some(Version { value: None, .. }) => (0, 1),
            None => (0, 0),
        };
        let before = count(records);
        let was_crowded = !records.older.is_empty();
        change(records);
        let after = count(records);
        let crowded = !records.older.is_empty();
        self.live = self.live + after.0 - before.0;
        self.tombstones = self.tombstones + after.1 - before.1;
        if crowded && !was_crowded {
            self.crowded.insert(key);
        } else if was_crowded && !crowded {
            self.crowded.remove(&key);
        }
    }

    /// The newest record of a key.
    pub(super) fn current(&self, key: &[u8]) -> Option<&Version> {
        self.keys.get(key)?.current.as_ref()
    }

    /// The value of a live key.
    pub(super) fn value(&self, key: &[u8]) -> Option<&Value> {
        self.current(key)?.value.as_ref()
    }

    /// The greatest number ever seen for a key.
    pub(super) fn highest(&self, key: &[u8]) -> Option<Timestamp> {
        self.keys.get(key).map(|records| records.highest)
    }

    /// The newest record of a key, and the greatest number ever seen for it.
    pub(super) fn current_and_highest(&self, key: &[u8]) -> Option<(Version, Timestamp)> {
        let records = self.keys.get(key)?;
        Some((records.current.clone()?, records.highest))
    }

    /// The live keys, in no order.
    pub(super) fn live_keys(&self) -> impl Iterator<Item = &Key> {
        let is_live = |records: &KeyRecords| records.current.as_ref().is_some_and(|current| current.value.is_some());
        self.keys.iter().filter(move |(_, records)| is_live(records)).map(|(key, _)| key)
    }

    /// The number of live keys.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// The number of removed keys whose tombstone is known.
    pub(super) fn tombstones(&self) -> usize {
        self.tombstones
    }

    /// Whether a name is known, and as which inode.
    pub(super) fn inode(&self, timestamp: Timestamp) -> Option<u64> {
        self.names.get(&timestamp).map(|known| known.inode)
    }

    /// The key of a known record.
    pub(super) fn key_of(&self, timestamp: Timestamp) -> Option<&Key> {
        self.names.get(&timestamp)?.key.as_ref()
    }

    /// The files that cannot be read.
    pub(super) fn unreadable_files(&self) -> impl Iterator<Item = (Timestamp, &UnreadableFile)> {
        self.unreadable.iter().map(|(timestamp, file)| (*timestamp, file))
    }

    /// Why a file cannot be read.
    pub(super) fn unreadable_reason(&self, timestamp: Timestamp) -> Option<&UnreadableReason> {
        self.unreadable.get(&timestamp).map(|file| &file.reason)
    }

    /// The same, for a report.
    pub(super) fn unreadable(&self) -> Vec<Unreadable> {
        let report =
            |(&timestamp, file): (&Timestamp, &UnreadableFile)| Unreadable { timestamp, reason: file.reason.clone() };
        self.unreadable.iter().map(report).collect()
    }

    /// Whether a key has this newest record, and others.
    pub(super) fn is_crowded_below(&self, key: &Key, newest: Timestamp) -> bool {
        let records = self.keys.get(key).filter(|records| !records.older.is_empty());
        records.and_then(|records| records.current.as_ref()).is_some_and(|current| current.timestamp == newest)
    }

    /// The keys with more than one record: the newest, and the others.
    pub(super) fn crowded(&self) -> impl Iterator<Item = (&Key, &Version, impl Iterator<Item = Timestamp>)> {
        self.crowded.iter().filter_map(|key| {
            let records = self.keys.get(key)?;
            let older = records.older.iter().map(|older| older.timestamp);
            Some((key, records.current.as_ref()?, older))
        })
    }
}
