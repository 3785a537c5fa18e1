//! What is known of the directory: which names there are, and for each key its records.

mod content;
mod fill;
mod keys;
mod names;
#[cfg(test)]
mod tests;
mod unreadable;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::change::{UnreadableReason, Version};
use super::directory::{Identity, ListedRecord};
use super::load::LoadedRecord;
use crate::record::{Key, Timestamp, Value};
pub(super) use content::Content;
use keys::{KeyNo, KeyRecords, Keys};
use names::{Known, NameNo, Names, Seen};
use values::Values;

/// The order of looks at the directory and own puts; see [`Index::begin_look`].
pub(super) type Epoch = u64;

/// A file that cannot be read, and what it was when it was tried.
pub(super) struct UnreadableFile {
    pub(super) identity: Identity,
    pub(super) reason: UnreadableReason,
    /// The error number, when the system refused to open or read it.
    pub(super) errno: Option<i32>,
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

/// A record as it is known at a moment: it is the same one as long as this does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) version: Version,
    pub(super) inode: u64,
    epoch: Epoch,
}

pub(super) struct Index {
    names: Names,
    keys: Keys,
    values: Values,
    unreadable: BTreeMap<Timestamp, UnreadableFile>,
    /// Those of them that the system refused to open or read, and the error numbers.
    refused: BTreeMap<Timestamp, i32>,
    /// Keys with more than one record in the directory.
    crowded: BTreeSet<KeyNo>,
    epoch: Epoch,
    live: usize,
    tombstones: usize,
}

impl Index {
    /// An empty one, with room for so many bytes of values.
    pub(super) fn with_room(value_bytes: u64) -> Index {
        Index {
            names: Names::default(),
            keys: Keys::default(),
            values: Values::with_room(value_bytes),
            unreadable: BTreeMap::new(),
            refused: BTreeMap::new(),
            crowded: BTreeSet::new(),
            epoch: 0,
            live: 0,
            tombstones: 0,
        }
    }

    /// Whether no key was ever seen.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.names.len() == 0
    }

    /// Makes room for so many records at once.
    pub(super) fn reserve(&mut self, records: usize) {
        self.names.reserve(records);
        self.keys.reserve(records);
    }

    /// Each record that is known to be in the directory: its name, its inode, its key, and what is known of its value.
    pub(super) fn records(&self) -> impl Iterator<Item = (Timestamp, u64, &Key, Content)> {
        self.keys.iter().flat_map(move |records| {
            self.names
                .at(records.current)
                .into_iter()
                .chain(self.older(records))
                .map(move |known| (known.timestamp, known.inode, &records.key, known.content))
        })
    }

    /// The records of a key beside the current one.
    fn older(&self, records: &KeyRecords) -> impl Iterator<Item = &Known> {
        std::iter::successors(self.names.at(records.older), |known| self.names.at(known.next))
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
        let mut seen = Seen::of(&self.names);
        for record in listed {
            match self.names.find(record.timestamp) {
                Some(name) if self.names.at(name).is_some_and(|known| known.inode == record.inode) => seen.add(name),
                _ => difference.added.push(*record),
            }
        }
        difference.added.sort_unstable_by_key(|record| std::cmp::Reverse(record.timestamp));
        // A listing that took several calls may show a name twice.
        difference.added.dedup();
        if seen.count() < self.names.len() {
            let is_meant = |known: &&Known| known.epoch < epoch;
            let gone = self.names.unseen(&seen).filter(is_meant);
            difference.removed = gone.map(|known| known.timestamp).collect();
        }
        difference
    }

    /// Takes in a record that was read or published under `timestamp`.
    ///
    /// A file that was known and could not be read is as old as its name: it has not come after what was read meanwhile.
    pub(super) fn insert(&mut self, timestamp: Timestamp, record: LoadedRecord) -> Inserted {
        let epoch = self.came(timestamp, record.inode);
        self.remove(timestamp);
        self.insert_new(timestamp, record, epoch)
    }

    /// The same where nothing is known under `timestamp`, which has been there since `epoch`.
    fn insert_new(&mut self, timestamp: Timestamp, record: LoadedRecord, epoch: Epoch) -> Inserted {
        let LoadedRecord { inode, key, content, value } = record;
        if let Some(value) = value {
            self.values.add(timestamp, value);
        }
        let key = self.keys.find_or_add(key);
        let added = self.names.add(Known { timestamp, content, inode, epoch, key, next: NameNo::NONE });
        if self.keys.is_new(key) {
            self.keys.set_first(key, added, content.is_live());
            *(if content.is_live() { &mut self.live } else { &mut self.tombstones }) += 1;
            return Inserted { superseded: None };
        }
        let mut superseded = None;
        self.change_key(key, |records, names| match names.at(records.current).map(|current| current.timestamp) {
            Some(current) if current > timestamp => add_older(records, names, added),
            current => {
                superseded = current;
                let old = std::mem::replace(&mut records.current, added);
                add_older(records, names, old);
            }
        });
        Inserted { superseded }
    }

    /// Forgets a name that a look begun at `epoch` has shown to be gone, unless it was published meanwhile.
    pub(super) fn remove_missing(&mut self, timestamp: Timestamp, epoch: Epoch) {
        if self.names.get(timestamp).is_some_and(|known| known.epoch < epoch) {
            self.remove(timestamp);
        }
    }

    /// Forgets a name that has gone from the directory, or stands for another file now; another record of its key counts
    /// then.
    pub(super) fn remove(&mut self, timestamp: Timestamp) {
        let Some(name) = self.names.find(timestamp) else { return };
        let Some(&Known { key, epoch, .. }) = self.names.at(name) else { return };
        if key == KeyNo::NONE {
            self.unreadable.remove(&timestamp);
            self.refused.remove(&timestamp);
        } else if self.keys.at(key).is_some_and(|records| records.current == name) {
            let next = self.uncovered(key, epoch);
            self.change_key(key, |records, names| {
                take_older(records, names, next);
                records.current = next;
            });
        } else {
            self.change_key(key, |records, names| take_older(records, names, name));
        }
        self.names.remove(name);
        self.values.remove(timestamp);
    }

    /// Which of the older records of a key counts when the current one, known since `epoch`, has gone.
    ///
    /// One that came after the current one comes first: a writer with a clock behind has replaced the current one with
    /// it, and what the current one had superseded must not come back.
    fn uncovered(&self, key: KeyNo, epoch: Epoch) -> NameNo {
        let older = self.keys.at(key).into_iter().flat_map(|records| self.older(records));
        let counts = |known: &&Known| (Some(known.epoch).filter(|&came| came > epoch), known.timestamp);
        let uncovered = older.max_by_key(counts);
        uncovered.and_then(|known| self.names.find(known.timestamp)).unwrap_or(NameNo::NONE)
    }

    /// Changes the records of a key and keeps the counts right, and the greatest number ever seen.
    fn change_key(&mut self, key: KeyNo, change: impl FnOnce(&mut KeyRecords, &mut Names)) {
        let Some(records) = self.keys.at_mut(key) else { return };
        let current = |records: &KeyRecords, names: &Names| {
            names.at(records.current).map(|known| (known.timestamp, known.content.is_live()))
        };
        let before = current(records, &self.names);
        change(records, &mut self.names);
        let after = current(records, &self.names);
        if records.older == NameNo::NONE {
            self.crowded.remove(&key);
        } else {
            self.crowded.insert(key);
        }
        let is = |current: Option<(Timestamp, bool)>, live| usize::from(current.is_some_and(|(_, is)| is == live));
        self.live = self.live + is(after, true) - is(before, true);
        self.tombstones = self.tombstones + is(after, false) - is(before, false);
        self.keys.set_live(key, is(after, true) == 1);
        let number = |current: Option<(Timestamp, bool)>| current.map(|(timestamp, _)| timestamp);
        let highest = self.keys.highest(key, number(before)).max(number(after));
        self.keys.set_highest(key, highest, number(after));
    }

    /// The newest record of a key.
    pub(super) fn current(&self, key: &[u8]) -> Option<Version> {
        Some(self.sighting(key)?.version)
    }

    /// The same, so that it is known again.
    pub(super) fn sighting(&self, key: &[u8]) -> Option<Sighting> {
        let known = self.names.at(self.keys.get(key)?.current)?;
        Some(Sighting { version: known.version(), inode: known.inode, epoch: known.epoch })
    }

    /// The value of a record, if it is in memory.
    pub(super) fn value(&self, timestamp: Timestamp) -> Option<Value> {
        self.values.get(timestamp)
    }

    /// Keeps the value of a key's newest record in memory, if the record is still the same one.
    pub(super) fn keep_value(&self, key: &[u8], sighting: Sighting, value: &Value) {
        if self.sighting(key) == Some(sighting) {
            self.values.add(sighting.version.timestamp, value.clone());
        }
    }

    /// Whether a key is live.
    pub(super) fn is_live(&self, key: &[u8]) -> bool {
        self.keys.find(key).is_some_and(|key| self.keys.is_live(key))
    }

    /// The greatest number ever seen for a key.
    pub(super) fn highest(&self, key: &[u8]) -> Option<Timestamp> {
        let key = self.keys.find(key)?;
        self.keys.highest(key, self.current_of(key).map(|current| current.timestamp))
    }

    /// The newest record of a key, and the greatest number ever seen for it.
    pub(super) fn current_and_highest(&self, key: &[u8]) -> Option<(Version, Timestamp)> {
        let key = self.keys.find(key)?;
        let current = self.current_of(key)?.version();
        Some((current, self.keys.highest(key, Some(current.timestamp))?))
    }

    fn current_of(&self, key: KeyNo) -> Option<&Known> {
        self.names.at(self.keys.at(key)?.current)
    }

    /// The live keys, in no order.
    pub(super) fn live_keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.live()
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
        self.names.get(timestamp).map(|known| known.inode)
    }

    /// The key of a known record.
    pub(super) fn key_of(&self, timestamp: Timestamp) -> Option<&Key> {
        Some(&self.keys.at(self.names.get(timestamp)?.key)?.key)
    }

    /// Whether a key has this newest record, and others.
    pub(super) fn is_crowded_below(&self, key: &Key, newest: Timestamp) -> bool {
        let records = self.keys.get(key.as_wtf8()).filter(|records| records.older != NameNo::NONE);
        let current = records.and_then(|records| self.names.at(records.current));
        current.is_some_and(|current| current.timestamp == newest)
    }

    /// The keys with more than one record: the newest, and the others.
    pub(super) fn crowded(&self) -> impl Iterator<Item = (&Key, Timestamp, impl Iterator<Item = Timestamp>)> {
        self.crowded.iter().filter_map(|&key| {
            let records = self.keys.at(key)?;
            let older = self.older(records).map(|older| older.timestamp);
            Some((&records.key, self.names.at(records.current)?.timestamp, older))
        })
    }
}

/// Adds a record to the older ones of its key.
fn add_older(records: &mut KeyRecords, names: &mut Names, added: NameNo) {
    if let Some(known) = names.at_mut(added) {
        known.next = std::mem::replace(&mut records.older, added);
    }
}

/// Takes a record out of the older ones of its key.
fn take_older(records: &mut KeyRecords, names: &mut Names, taken: NameNo) {
    let Some(after) = names.at_mut(taken).map(|known| std::mem::replace(&mut known.next, NameNo::NONE)) else { return };
    if records.older == taken {
        records.older = after;
        return;
    }
    let mut at = records.older;
    while let Some(known) = names.at_mut(at) {
        if known.next == taken {
            known.next = after;
            return;
        }
        at = known.next;
    }
}
