//! The keys that were ever seen, in a table without an allocation for each.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::names::NameNo;
use crate::record::{Key, Timestamp};

/// Which of the keys, in the order in which they were first seen; memory ends long before the numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyNo(u32);

impl KeyNo {
    /// None of them.
    pub(super) const NONE: KeyNo = KeyNo(u32::MAX);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The records of one key.
pub(super) struct KeyRecords {
    pub(super) key: Key,
    pub(super) current: NameNo,
    /// The first of the other records that are still in the directory; they are below `current`, but for the case of
    /// [`Index::uncovered`](super::Index::uncovered).
    pub(super) older: NameNo,
}

/// All keys; none is ever forgotten, because its greatest number is not.
#[derive(Default)]
pub(super) struct Keys {
    keys: Vec<KeyRecords>,
    /// Whether the current record of each has a value: so keys are listed without a look at each record.
    live: Vec<bool>,
    /// The greatest number ever seen of a key, of vanished records too, where its current record has another.
    above: HashMap<KeyNo, Timestamp, RandomState>,
    table: HashTable<KeyNo>,
    hasher: RandomState,
}

impl Keys {
    pub(super) fn reserve(&mut self, keys: usize) {
        self.keys.reserve(keys);
        self.live.reserve(keys);
        let (known, hasher) = (&self.keys, &self.hasher);
        self.table.reserve(keys, |key| hasher.hash_one(known[key.index()].key.as_wtf8()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn at(&self, key: KeyNo) -> Option<&KeyRecords> {
        self.keys.get(key.index())
    }

    pub(super) fn at_mut(&mut self, key: KeyNo) -> Option<&mut KeyRecords> {
        self.keys.get_mut(key.index())
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<KeyNo> {
        let is_it = |found: &KeyNo| self.keys[found.index()].key.as_wtf8() == key;
        self.table.find(self.hasher.hash_one(key), is_it).copied()
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&KeyRecords> {
        self.at(self.find(key)?)
    }

    /// Finds a key, or adds it without a record.
    pub(super) fn find_or_add(&mut self, key: Key) -> KeyNo {
        let Keys { keys, live, table, hasher, .. } = self;
        let hash = hasher.hash_one(key.as_wtf8());
        let is_it = |found: &KeyNo| keys[found.index()].key == key;
        let entry = table.entry(hash, is_it, |key| hasher.hash_one(keys[key.index()].key.as_wtf8()));
        let vacant = match entry {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(vacant) => vacant,
        };
        let number = KeyNo(keys.len() as u32);
        vacant.insert(number);
        keys.push(KeyRecords { key, current: NameNo::NONE, older: NameNo::NONE });
        live.push(false);
        number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyRecords> {
        self.keys.iter()
    }

    /// Those that are live.
    pub(super) fn live(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().zip(&self.live).filter(|(_, live)| **live).map(|(records, _)| &records.key)
    }

    pub(super) fn is_live(&self, key: KeyNo) -> bool {
        self.live.get(key.index()).is_some_and(|live| *live)
    }

    pub(super) fn set_live(&mut self, key: KeyNo, is_live: bool) {
        if let Some(live) = self.live.get_mut(key.index()) {
            *live = is_live;
        }
    }

    /// The greatest number ever seen of a key whose current record has this one.
    pub(super) fn highest(&self, key: KeyNo, current: Option<Timestamp>) -> Option<Timestamp> {
        let above = if self.above.is_empty() { None } else { self.above.get(&key).copied() };
        above.max(current)
    }

    /// Whether a key has never had a record.
    pub(super) fn is_new(&self, key: KeyNo) -> bool {
        self.at(key).is_some_and(|records| records.current == NameNo::NONE) && !self.above.contains_key(&key)
    }

    /// Gives a new key its first record.
    pub(super) fn set_first(&mut self, key: KeyNo, record: NameNo, is_live: bool) {
        if let Some(records) = self.at_mut(key) {
            records.current = record;
        }
        self.set_live(key, is_live);
    }

    /// Forgets the greatest numbers of records that have gone.
    pub(super) fn forget_highest(&mut self) {
        self.above.clear();
    }

    /// Notes the greatest number ever seen of a key whose current record has that or another one.
    pub(super) fn set_highest(&mut self, key: KeyNo, highest: Option<Timestamp>, current: Option<Timestamp>) {
        match highest {
            Some(highest) if Some(highest) != current => _ = self.above.insert(key, highest),
            _ if self.above.is_empty() => {}
            _ => _ = self.above.remove(&key),
        }
    }
}
