//! Giving a record its name.

use std::io;

use super::directory::{ListedRecord, StagedRecord};
use super::error::{Context, Error, Result};
use super::load::{Opened, open_one};
use super::options::Durability;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// A record that has its name.
pub(super) struct Published {
    pub(super) timestamp: Timestamp,
    pub(super) inode: u64,
    pub(super) staged: Box<dyn StagedRecord>,
}

/// How often a file is created anew because the directory does not take it in the way that was tried.
const WAYS: usize = 4;

impl Shared {
    /// Writes a record completely, then gives it a name that nobody has: the first one of `numbers` that is free.
    ///
    /// `numbers` is asked with the number that was taken, at first with zero; `None` when there is none to try.
    pub(super) fn publish_bytes(
        &self,
        bytes: &[u8],
        durability: Durability,
        mut numbers: impl FnMut(Timestamp) -> Result<Option<Timestamp>>,
    ) -> Result<Option<Published>> {
        let mut way = 0;
        loop {
            let mut staged = self.stage(bytes, durability)?;
            match self.name(&mut *staged, &mut numbers) {
                Ok(named) => {
                    return Ok(named.map(|(timestamp, inode)| Published { timestamp, inode, staged }));
                }
                Err(error) if is_unsupported(&error) && way < WAYS => way += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes the record into a file without a name, durably where that is asked for.
    fn stage(&self, bytes: &[u8], durability: Durability) -> Result<Box<dyn StagedRecord>> {
        let path = self.directory.path();
        let mut staged = self.directory.create().context("create a record in", path)?;
        staged.write(bytes).context("write a record in", path)?;
        if durability == Durability::Sync {
            staged.sync().context("sync a record in", path)?;
        }
        Ok(staged)
    }

    /// Tries one number after the other until one is free.
    fn name(
        &self,
        staged: &mut dyn StagedRecord,
        numbers: &mut impl FnMut(Timestamp) -> Result<Option<Timestamp>>,
    ) -> Result<Option<(Timestamp, u64)>> {
        let mut taken = Timestamp::ZERO;
        loop {
            let Some(timestamp) = numbers(taken)? else { return Ok(None) };
            match staged.publish(timestamp) {
                Ok(inode) => return Ok(Some((timestamp, inode))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = timestamp,
                Err(error) => return Err(error).context("publish", self.directory.path().join(timestamp.to_string())),
            }
        }
    }

    /// The number for the next try to publish again what a key has: just above `floor`, the greatest number that was
    /// seen for it when it was decided to do so.
    ///
    /// Not the clock's time, which could be above that of somebody who puts the key at this moment: his value is newer.
    /// `None` when the taken number has turned out to be such a put.
    pub(super) fn number_just_above(&self, key: &Key, floor: Timestamp, taken: Timestamp) -> Result<Option<Timestamp>> {
        if taken == Timestamp::ZERO {
            return following(key, floor).map(Some);
        }
        let entry = ListedRecord { timestamp: taken, inode: 0, regular: true };
        match open_one(&*self.directory, entry, self.options.record_limit) {
            Opened::Record { record, .. } if record.key == *key => Ok(None),
            _ => following(key, taken).map(Some),
        }
    }
}

/// The number after another one.
pub(super) fn following(key: &Key, timestamp: Timestamp) -> Result<Timestamp> {
    timestamp.next().ok_or_else(|| Error::NoTimestampLeft { key: key.clone(), timestamp })
}

fn is_unsupported(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported)
}
