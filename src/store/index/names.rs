//! The names that are known to be in the directory, in a table without an allocation for each.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Epoch;
use super::content::Content;
use super::keys::KeyNo;
use crate::record::Timestamp;
use crate::store::change::Version;

/// Which of the names; memory ends long before the numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameNo(u32);

impl NameNo {
    /// None of them.
    pub(super) const NONE: NameNo = NameNo(u32::MAX);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name that is known to be in the directory.
pub(super) struct Known {
    pub(super) timestamp: Timestamp,
    /// Of its value; means nothing for a file that cannot be read.
    pub(super) content: Content,
    pub(super) inode: u64,
    /// The look during or before which the name became known.
    pub(super) epoch: Epoch,
    /// The record's key; [`KeyNo::NONE`] for a file that cannot be read.
    pub(super) key: KeyNo,
    /// The next of the older records of the key.
    pub(super) next: NameNo,
}

impl Known {
    /// What is told of the record.
    pub(super) fn version(&self) -> Version {
        let (timestamp, content) = (self.timestamp, self.content);
        Version { timestamp, is_live: content.is_live(), measure: content.measure() }
    }
}

/// The known names, found by their timestamps.
#[derive(Default)]
pub(super) struct Names {
    names: Vec<Known>,
    /// Places in `names` that stand for nothing.
    free: Vec<NameNo>,
    table: HashTable<NameNo>,
    hasher: RandomState,
}

impl Names {
    pub(super) fn reserve(&mut self, names: usize) {
        self.names.reserve(names);
        let (known, hasher) = (&self.names, &self.hasher);
        self.table.reserve(names, |name| hasher.hash_one(known[name.index()].timestamp));
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn at(&self, name: NameNo) -> Option<&Known> {
        self.names.get(name.index())
    }

    pub(super) fn at_mut(&mut self, name: NameNo) -> Option<&mut Known> {
        self.names.get_mut(name.index())
    }

    pub(super) fn find(&self, timestamp: Timestamp) -> Option<NameNo> {
        let is_it = |name: &NameNo| self.names[name.index()].timestamp == timestamp;
        self.table.find(self.hasher.hash_one(timestamp), is_it).copied()
    }

    pub(super) fn get(&self, timestamp: Timestamp) -> Option<&Known> {
        self.at(self.find(timestamp)?)
    }

    /// Adds a name that is not known.
    pub(super) fn add(&mut self, known: Known) -> NameNo {
        let hash = self.hasher.hash_one(known.timestamp);
        let name = match self.free.pop() {
            Some(name) => {
                self.names[name.index()] = known;
                name
            }
            None => {
                self.names.push(known);
                NameNo(self.names.len() as u32 - 1)
            }
        };
        let (names, hasher) = (&self.names, &self.hasher);
        self.table.insert_unique(hash, name, |name| hasher.hash_one(names[name.index()].timestamp));
        name
    }

    /// Forgets a name; nothing may lead to it any more.
    pub(super) fn remove(&mut self, name: NameNo) {
        let hash = self.hasher.hash_one(self.names[name.index()].timestamp);
        if let Ok(entry) = self.table.find_entry(hash, |found| *found == name) {
            entry.remove();
            self.free.push(name);
        }
    }

    /// Those that were not seen.
    pub(super) fn unseen(&self, seen: &Seen) -> impl Iterator<Item = &Known> {
        let unseen = self.table.iter().filter(|name| !seen.marks.get(name.index()).is_some_and(|seen| *seen));
        unseen.map(|name| &self.names[name.index()])
    }
}

/// Which of the names a listing has shown.
pub(super) struct Seen {
    marks: Vec<bool>,
    count: usize,
}

impl Seen {
    /// None of these.
    pub(super) fn of(names: &Names) -> Seen {
        Seen { marks: vec![false; names.names.len()], count: 0 }
    }

    pub(super) fn add(&mut self, name: NameNo) {
        if let Some(seen) = self.marks.get_mut(name.index()) {
            self.count += usize::from(!std::mem::replace(seen, true));
        }
    }

    /// How many were seen.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}
