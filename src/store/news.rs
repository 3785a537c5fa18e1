//! What has come and gone in the directory and has not been taken in yet.
//!
//! A key that is overwritten without pause has a new record every few dozen microseconds: what a listing shows of it has
//! gone before it is read. So names are followed event by event, and news are complete at the first moment at which every
//! record that was there then has been read.

use std::collections::BTreeMap;

use super::directory::{Directory, ListedRecord, NameEvent};
use super::index::{Difference, Epoch};
use super::load::{Loaded, Loading, load};
use crate::record::Timestamp;

/// The difference between the directory at some moment and what is known of it.
#[derive(Default)]
pub(super) struct News {
    /// Records that have come and have not been read yet.
    unread: BTreeMap<Timestamp, ListedRecord>,
    /// Records that have come, and what they hold.
    pub(super) read: BTreeMap<Timestamp, Loaded>,
    /// Names that have gone, and the epoch before which they must have been known to be meant.
    pub(super) gone: BTreeMap<Timestamp, Epoch>,
    /// Whether names came or went that are not those of records.
    pub(super) foreign: bool,
}

impl News {
    /// What was read again, and nothing else.
    pub(super) fn of_read(read: BTreeMap<Timestamp, Loaded>) -> News {
        News { read, ..News::default() }
    }

    /// Begins with a listing; what was read before of the same files need not be read again.
    pub(super) fn list(&mut self, difference: Difference, epoch: Epoch) {
        let mut read = std::mem::take(&mut self.read);
        let mut unread = Vec::new();
        let mut again = Vec::new();
        for entry in difference.added {
            match read.remove(&entry.timestamp).filter(|loaded| loaded.inode() == Some(entry.inode)) {
                Some(loaded) => again.push((entry.timestamp, loaded)),
                None => unread.push((entry.timestamp, entry)),
            }
        }
        self.unread = unread.into_iter().collect();
        self.read = again.into_iter().collect();
        self.gone = difference.removed.into_iter().map(|timestamp| (timestamp, epoch)).collect();
    }

    /// Goes on to a later moment; `is_known` tells which names are known in any case.
    pub(super) fn follow(&mut self, events: Vec<NameEvent>, epoch: Epoch, is_known: impl Fn(Timestamp) -> bool) {
        for event in events {
            match event {
                NameEvent::Appeared(timestamp) => {
                    let known = is_known(timestamp) && !self.gone.contains_key(&timestamp);
                    // The event may tell of what a listing has shown since, or of an own record.
                    if !known && !self.read.contains_key(&timestamp) {
                        let entry = ListedRecord { timestamp, inode: 0, regular: true };
                        self.unread.entry(timestamp).or_insert(entry);
                    }
                }
                NameEvent::Vanished(timestamp) => {
                    self.unread.remove(&timestamp);
                    self.read.remove(&timestamp);
                    self.gone.insert(timestamp, epoch);
                }
                NameEvent::Foreign => self.foreign = true,
            }
        }
    }

    /// Reads what has not been read, newest first; what has vanished stays unread. Returns how many were read.
    pub(super) fn read(&mut self, directory: &dyn Directory, loading: &Loading) -> usize {
        let entries: Vec<_> = self.unread.values().rev().copied().collect();
        let loaded = load(directory, &entries, loading);
        let (vanished, read): (Vec<_>, Vec<_>) =
            loaded.into_iter().partition(|(_, loaded)| matches!(loaded, Loaded::Vanished));
        let count = read.len();
        if vanished.is_empty() {
            self.unread.clear();
        } else {
            read.iter().for_each(|(timestamp, _)| _ = self.unread.remove(timestamp));
        }
        if self.read.is_empty() {
            self.read = read.into_iter().collect();
        } else {
            self.read.extend(read);
        }
        count
    }

    /// Whether every record that has come has been read.
    pub(super) fn is_complete(&self) -> bool {
        self.unread.is_empty()
    }
}
