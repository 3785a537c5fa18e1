//! The files that are named like records and cannot be read as such.

use super::names::{Known, NameNo};
use super::{Content, Epoch, Index, KeyNo, UnreadableFile};
use crate::record::Timestamp;
use crate::store::change::{Unreadable, UnreadableReason};

impl Index {
    /// The look since which a file is there that is read now: that of the last time when it could not be, if it is the same one
    /// as far as that was seen.
    pub(super) fn came(&self, timestamp: Timestamp, inode: u64) -> Epoch {
        let seen = self.unreadable.get(&timestamp).map(|file| file.identity.inode);
        let known = seen.filter(|seen| [0, inode].contains(seen)).and_then(|_| self.names.get(timestamp));
        known.map_or(self.epoch, |known| known.epoch)
    }

    /// Takes in a file that cannot be read.
    pub(in crate::store) fn insert_unreadable(&mut self, timestamp: Timestamp, file: UnreadableFile) {
        let (inode, content) = (file.identity.inode, Content::TOMBSTONE);
        let (epoch, key) = (self.came(timestamp, inode), KeyNo::NONE);
        self.remove(timestamp);
        self.names.add(Known { timestamp, content, inode, epoch, key, next: NameNo::NONE });
        if let Some(errno) = file.errno {
            self.refused.insert(timestamp, errno);
        }
        self.unreadable.insert(timestamp, file);
    }

    /// Whether a record is the newest known one of its key and a file that the system refuses to open may be newer.
    pub(in crate::store) fn may_have_an_unread_successor(&self, timestamp: Timestamp) -> bool {
        let is_current = || {
            let current = self.current(self.key_of(timestamp)?.as_wtf8())?;
            Some(current.timestamp == timestamp)
        };
        let mut newer = self.unreadable.range(timestamp..);
        is_current() == Some(true) && newer.any(|(_, file)| file.reason.is_transient())
    }

    /// The files that cannot be read.
    pub(in crate::store) fn unreadable_files(&self) -> impl Iterator<Item = (Timestamp, &UnreadableFile)> {
        self.unreadable.iter().map(|(timestamp, file)| (*timestamp, file))
    }

    /// Why a file cannot be read.
    pub(in crate::store) fn unreadable_reason(&self, timestamp: Timestamp) -> Option<&UnreadableReason> {
        self.unreadable.get(&timestamp).map(|file| &file.reason)
    }

    /// The files that the system refused to open or read, and the error numbers.
    pub(in crate::store) fn refused(&self) -> impl Iterator<Item = (Timestamp, i32)> {
        self.refused.iter().map(|(timestamp, errno)| (*timestamp, *errno))
    }

    /// The same, for a report.
    pub(in crate::store) fn unreadable(&self) -> Vec<Unreadable> {
        let report =
            |(&timestamp, file): (&Timestamp, &UnreadableFile)| Unreadable { timestamp, reason: file.reason.clone() };
        self.unreadable.iter().map(report).collect()
    }
}
