//! Unlinking a superseded record: the only place where a name is removed from the directory.

use std::io;

use super::change::UnreadableReason;
use super::directory::ListedRecord;
use super::durability::Held;
use super::index::UnreadableFile;
use super::load::{Loaded, load_one};
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// Up to which size a record is read to prove that it is still the same one, before it is unlinked.
const PROVED_BYTES: u64 = 64 * 1024;

impl Shared {
    /// Removes the name of a superseded record of a key, while its successor stands if one is given.
    ///
    /// Somebody else may have been faster. The name may even be another record's by now: freed by another writer, and
    /// taken again under a clock that was set back or that ticks slowly. Its inode number proves nothing, since file
    /// systems give freed ones out again.
    pub(super) fn unlink_record(&self, key: &Key, timestamp: Timestamp, successor: Option<Timestamp>) {
        if self.state.read().index.key_of(timestamp) != Some(key) {
            return;
        }
        let path = || self.directory.path().join(timestamp.to_string());
        let entry = ListedRecord { timestamp, inode: 0, regular: true };
        match load_one(&*self.directory, entry, PROVED_BYTES.min(self.options.record_limit)) {
            Loaded::Vanished => return self.state.write().index.remove(timestamp),
            Loaded::Unreadable(file) if self.is_same_large_file(timestamp, &file) => {}
            Loaded::Record { inode, record } if record.key != *key => {
                log::info!("{} has become a record of {}, and stays", path().display(), record.key);
                self.state.write().take_in_between(timestamp, inode, record);
                return;
            }
            Loaded::Unreadable(file) => {
                log::warn!("the superseded record {} stays: {}", path().display(), file.reason);
                return;
            }
            Loaded::Record { .. } => {}
        }
        // A successor that somebody removed meanwhile supersedes nothing. This is the last look before the deed.
        if successor.is_some_and(|successor| !self.stands(key, successor)) {
            return;
        }
        self.unlink_proved(timestamp);
    }

    /// As [`Shared::unlink_record`]; a file that is still open proves by its inode number alone whose the name is.
    pub(super) fn unlink_held(&self, key: &Key, timestamp: Timestamp, held: Option<&Held>) {
        let is_same = |held: &Held| self.directory.identify(timestamp).is_ok_and(|found| found.inode == held.inode);
        if held.is_some_and(is_same) {
            self.unlink_proved(timestamp);
        } else {
            self.unlink_record(key, timestamp, None);
        }
    }

    /// Removes the name of a superseded record that is known to be its own.
    fn unlink_proved(&self, timestamp: Timestamp) {
        match self.directory.unlink(timestamp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = self.directory.path().join(timestamp.to_string());
                log::warn!("cannot remove the superseded record {}: {error}", path.display());
            }
            _ => self.state.write().index.remove(timestamp),
        }
    }

    /// Whether the record of a key that is known under a name is there.
    fn stands(&self, key: &Key, timestamp: Timestamp) -> bool {
        let known = self.state.read().index.key_of(timestamp) == Some(key);
        known && self.directory.identify(timestamp).is_ok()
    }

    /// Whether a file that is too large to be read for the purpose still has the inode of the record.
    fn is_same_large_file(&self, timestamp: Timestamp, file: &UnreadableFile) -> bool {
        let large = matches!(file.reason, UnreadableReason::TooLarge(_));
        large && self.state.read().index.inode(timestamp) == Some(file.identity.inode)
    }
}
