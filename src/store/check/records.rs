//! What is odd among the records.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use super::{Check, FileKind, What, path_in};
use crate::record::{Key, Timestamp};
use crate::store::directory::Directory;
use crate::store::disk::{Disk, Place, Surveyed};
use crate::store::load::{Loaded, LoadedRecord, Loading, load};
use crate::store::oddities::AHEAD;
use crate::store::options::OpenOptions;
use crate::store::stale::GRACE;

/// A record: its key, its number, and whether it has a value.
type Read = (Key, Timestamp, bool);

impl Check {
    /// Counts the records, and notes what is odd among them.
    pub(super) fn look_at_records(&mut self, disk: &Disk, options: &OpenOptions, now: Timestamp) -> io::Result<()> {
        let Some(directory_mode) = disk.records_mode()? else { return Ok(()) };
        for file in disk.survey(Place::Records)? {
            self.look_at_name(&file, directory_mode);
        }
        let loading = Loading { record_limit: options.record_limit, measure: None, room: AtomicU64::new(0) };
        let mut read = Vec::new();
        for (timestamp, loaded) in load(disk, &disk.list()?.records, &loading) {
            match loaded {
                Loaded::Record(LoadedRecord { key, content, .. }) => read.push((key, timestamp, content.is_live())),
                Loaded::Unreadable(file) => self.note(path_of(timestamp), What::Unreadable(file.reason)),
                // Superseded and unlinked since it was listed.
                Loaded::Vanished => {}
            }
        }
        read.sort_unstable();
        self.records = read.len();
        read.chunk_by(|one, other| one.0 == other.0).for_each(|records| self.look_at_key(records, now));
        Ok(())
    }

    /// What a name in `d/` shows of itself.
    fn look_at_name(&mut self, file: &Surveyed, directory_mode: u32) {
        let path = || path_in(Place::Records, file);
        if Timestamp::from_file_name(file.name.as_bytes()).is_none() {
            return self.note(path(), What::Foreign(file.kind));
        }
        if file.kind != FileKind::File {
            return;
        }
        if file.names > 1 {
            self.note(path(), What::HardLinked { names: file.names });
        }
        if !all_can_read(file.mode, directory_mode) {
            self.note(path(), What::Private { mode: file.mode });
        }
    }

    /// The records of one key, oldest first.
    fn look_at_key(&mut self, records: &[Read], now: Timestamp) {
        let Some((_, newest, is_live)) = records.last() else { return };
        *(if *is_live { &mut self.keys } else { &mut self.tombstones }) += 1;
        for (key, timestamp, _) in records {
            let ahead = timestamp.since(now);
            if ahead >= AHEAD {
                self.note(path_of(*timestamp), What::Future { key: key.clone(), ahead });
            }
            if timestamp < newest && is_long_superseded(*timestamp, *newest, now) {
                self.note(path_of(*timestamp), What::Superseded { key: key.clone(), by: *newest });
            }
        }
    }
}

/// Whether both records are older than the time that writers take to unlink what they supersede; one ahead of the clock
/// never gets so old.
fn is_long_superseded(timestamp: Timestamp, newest: Timestamp, now: Timestamp) -> bool {
    now.since(timestamp) >= GRACE && (now.since(newest) >= GRACE || newest > now)
}

fn path_of(timestamp: Timestamp) -> std::path::PathBuf {
    Path::new("d").join(timestamp.to_string())
}

/// Whether the group and others may read a file, as far as they may list and enter its directory.
fn all_can_read(mode: u32, directory_mode: u32) -> bool {
    [3, 0].into_iter().all(|shift| (directory_mode >> shift) & 0o5 != 0o5 || (mode >> shift) & 0o4 != 0)
}
