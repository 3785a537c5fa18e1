//! Unlinking a superseded record: the only place where a name is removed from the directory.

use std::io;
use std::sync::atomic::Ordering;

use super::change::UnreadableReason;
use super::directory::ListedRecord;
use super::index::{Epoch, UnreadableFile};
use super::load::{LoadedRecord, Opened, open_one};
use super::pending::Held;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// Up to which size a record is read to prove that it is still the same one, before it is unlinked.
const PROVED_BYTES: u64 = 64 * 1024;

impl Shared {
    /// Removes the name of a superseded record of a key, while its successor stands if one is given; false when that has gone.
    ///
    /// Somebody else may have been faster. The name may even be another record's by now: freed by another writer, and
    /// taken again under a clock that was set back or that ticks slowly. Its inode number proves nothing, since file
    /// systems give freed ones out again.
    pub(super) fn unlink_record(&self, key: &Key, timestamp: Timestamp, successor: Option<Timestamp>) -> bool {
        let Some(epoch) = self.epoch_while_known(key, timestamp) else { return true };
        let path = || self.directory.path().join(timestamp.to_string());
        let entry = ListedRecord { timestamp, inode: 0, regular: true };
        match open_one(&*self.directory, entry, PROVED_BYTES.min(self.options.record_limit)) {
            Opened::Vanished => {
                self.forget(timestamp, epoch);
                return true;
            }
            Opened::Unreadable(file) if self.is_same_large_file(timestamp, &file) => {}
            Opened::Record { inode, record } if record.key != *key => {
                log::info!("{} has become a record of {}, and stays", path().display(), record.key);
                self.take_in_between(timestamp, self.options.loading().take(inode, record), epoch);
                return true;
            }
            Opened::Unreadable(file) => {
                log::warn!("the superseded record {} stays: {}", path().display(), file.reason);
                return true;
            }
            Opened::Refused(error) => {
                log::warn!("the superseded record {} stays: {error}", path().display());
                return true;
            }
            Opened::Record { .. } => {}
        }
        // A successor that somebody removed meanwhile supersedes nothing. This is the last look before the deed.
        if successor.is_some_and(|successor| !self.stands(key, successor)) {
            return false;
        }
        self.unlink_proved(timestamp, epoch);
        true
    }

    /// As [`Shared::unlink_record`]; a file that is still open proves by its inode number alone whose the name is.
    pub(super) fn unlink_held(&self, key: &Key, timestamp: Timestamp, held: Option<&Held>) {
        let epoch = self.state.read().index.epoch();
        let is_same = |held: &Held| self.directory.identify(timestamp).is_ok_and(|found| found.inode == held.inode);
        if held.is_some_and(is_same) {
            self.unlink_proved(timestamp, epoch);
        } else {
            self.unlink_record(key, timestamp, None);
        }
    }

    /// Removes the name of a superseded record that is known to be its own.
    fn unlink_proved(&self, timestamp: Timestamp, epoch: Epoch) {
        match self.directory.unlink(timestamp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = self.directory.path().join(timestamp.to_string());
                log::warn!("cannot remove the superseded record {}: {error}", path.display());
            }
            _ => self.forget(timestamp, epoch),
        }
    }

    /// The number of the last look, when the record of a key is known under a name.
    fn epoch_while_known(&self, key: &Key, timestamp: Timestamp) -> Option<Epoch> {
        let index = &self.state.read().index;
        (index.key_of(timestamp) == Some(key)).then(|| index.epoch())
    }

    /// Forgets a name that has gone, unless a look after `epoch` has found it taken again.
    fn forget(&self, timestamp: Timestamp, epoch: Epoch) {
        self.state.write().index.remove_missing(timestamp, epoch + 1);
    }

    /// Takes in a record of another key that stands under a name since it was looked for at `epoch`.
    fn take_in_between(&self, timestamp: Timestamp, record: LoadedRecord, epoch: Epoch) {
        let mut state = self.state.write();
        state.take_in_between(timestamp, record);
        // A look meanwhile may have taken the event that it has gone again.
        if state.index.epoch() != epoch {
            self.in_doubt.store(true, Ordering::Relaxed);
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
