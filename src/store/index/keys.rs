//! The keys that were ever seen, in a table without an allocation for each.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::names::NameNo;
use crate::record::{Key, Timestamp};

/// Which of the keys, in the order in which they were first seen; memory ends long before the numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The greatest number ever seen, of vanished records too: puts go above it.
    pub(super) highest: Timestamp,
    pub(super) current: NameNo,
    /// The first of the other records that are still in the directory; they are below `current`, but for the case of
    /// [`Index::uncovered`](super::Index::uncovered).
    pub(super) older: NameNo,
    /// Whether the current record has a value: so keys are listed without a look at each record.
    pub(super) is_live: bool,
}

/// All keys; none is ever forgotten, because its greatest number is not.
#[derive(Default)]
pub(super) struct Keys {
    keys: Vec<KeyRecords>,
    table: HashTable<KeyNo>,
    hasher: RandomState,
}

impl Keys {
    pub(super) fn reserve(&mut self, keys: usize) {
        self.keys.reserve(keys);
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
        if let Some(known) = self.find(key.as_wtf8()) {
            return known;
        }
        let (hash, number) = (self.hasher.hash_one(key.as_wtf8()), KeyNo(self.keys.len() as u32));
        self.keys.push(KeyRecords {
            key,
            highest: Timestamp::ZERO,
            current: NameNo::NONE,
            older: NameNo::NONE,
            is_live: false,
        });
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.table.insert_unique(hash, number, |key| hasher.hash_one(keys[key.index()].key.as_wtf8()));
        number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyRecords> {
        self.keys.iter()
    }
}
