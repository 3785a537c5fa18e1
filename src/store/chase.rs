//! Catching records that vanish as fast as they come.
//!
//! A key that is overwritten without pause has a new record every few dozen microseconds; a listing of a large directory
//! takes milliseconds, so what it shows of such a key is always gone. With a watch on the names the set of records is
//! followed event by event instead, until one moment is found at which every record in it has been read.

use std::collections::BTreeMap;
use std::io;

use super::directory::{Directory, ListedRecord, Listing, NameEvent};
use super::load::Loaded;
use super::synchronize::LoadedRecords;
use crate::record::Timestamp;

/// Rounds after which the chase gives up; each takes microseconds, and most chases need one or two.
const ROUNDS: usize = 10_000;

/// The names in the directory.
struct Followed {
    /// Records that are known or have been read.
    read: BTreeMap<Timestamp, ListedRecord>,
    /// Records that have not been read yet.
    unread: BTreeMap<Timestamp, ListedRecord>,
    foreign: Listing,
}

/// Lists with a watch, reading each unknown record, until all that are there have been read.
///
/// `None` where names cannot be watched, or when the writers stayed ahead.
pub(super) fn chase(
    directory: &dyn Directory,
    is_known: impl Fn(&ListedRecord) -> bool,
    read: impl Fn(ListedRecord) -> Loaded,
    loaded: &mut LoadedRecords,
) -> io::Result<Option<Listing>> {
    let mut watch = match directory.watch() {
        Ok(watch) => watch,
        // Out of watches or descriptors, or not a file system for it: plain listings must do.
        Err(error) => {
            log::debug!("cannot watch {}: {error}", directory.path().display());
            return Ok(None);
        }
    };
    let mut followed = Followed::list(directory, &is_known)?;
    for _ in 0..ROUNDS {
        followed.read_unread(&read, loaded);
        if followed.unread.is_empty() {
            return Ok(Some(followed.into_listing()));
        }
        match watch.drain()? {
            Some(events) => followed.follow(events),
            None => followed = Followed::list(directory, &is_known)?,
        }
    }
    Ok(None)
}

impl Followed {
    fn list(directory: &dyn Directory, is_known: impl Fn(&ListedRecord) -> bool) -> io::Result<Followed> {
        let mut foreign = directory.list()?;
        let entries = std::mem::take(&mut foreign.records).into_iter().map(|entry| (entry.timestamp, entry));
        let (read, unread) = entries.partition(|(_, entry)| is_known(entry));
        Ok(Followed { read, unread, foreign })
    }

    /// Reads what has not been read, newest first.
    fn read_unread(&mut self, read: impl Fn(ListedRecord) -> Loaded, loaded: &mut LoadedRecords) {
        for (timestamp, entry) in std::mem::take(&mut self.unread).into_iter().rev() {
            let now = read(entry);
            let inode = match &now {
                Loaded::Record { inode, .. } => *inode,
                Loaded::Unreadable(file) => file.identity.inode,
                Loaded::Vanished => {
                    self.unread.insert(timestamp, entry);
                    continue;
                }
            };
            self.read.insert(timestamp, ListedRecord { inode, ..entry });
            loaded.insert(timestamp, now);
        }
    }

    fn follow(&mut self, events: Vec<NameEvent>) {
        for event in events {
            match event {
                // Perhaps another file under a name that was read: it has to be read again.
                NameEvent::Appeared(timestamp) => {
                    self.read.remove(&timestamp);
                    self.unread.insert(timestamp, ListedRecord { timestamp, inode: 0, regular: true });
                }
                NameEvent::Vanished(timestamp) => {
                    self.read.remove(&timestamp);
                    self.unread.remove(&timestamp);
                }
            }
        }
    }

    fn into_listing(self) -> Listing {
        Listing { records: self.read.into_values().collect(), ..self.foreign }
    }
}
