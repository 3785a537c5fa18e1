//! Giving a record its name.

use std::io;

use super::directory::StagedRecord;
use super::error::{Context, Result};
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
    /// Writes a record completely, then gives it a name that nobody has.
    pub(super) fn publish_bytes(&self, key: &Key, bytes: &[u8], durability: Durability) -> Result<Published> {
        let mut way = 0;
        loop {
            let mut staged = self.stage(bytes, durability)?;
            match self.name(key, &mut *staged) {
                Ok((timestamp, inode)) => return Ok(Published { timestamp, inode, staged }),
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
    fn name(&self, key: &Key, staged: &mut dyn StagedRecord) -> Result<(Timestamp, u64)> {
        let mut taken = Timestamp::ZERO;
        loop {
            let timestamp = self.allocate(key, taken)?;
            match staged.publish(timestamp) {
                Ok(inode) => return Ok((timestamp, inode)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = timestamp,
                Err(error) => return Err(error).context("publish", self.directory.path().join(timestamp.to_string())),
            }
        }
    }
}

fn is_unsupported(error: &super::Error) -> bool {
    matches!(error, super::Error::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported)
}
