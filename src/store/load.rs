//! Reading listed records, with several threads where there are many.

use std::io;

use super::change::UnreadableReason;
use super::directory::{Contents, Directory, Identity, ListedRecord};
use super::index::UnreadableFile;
use crate::record::{Record, Timestamp, decode};

/// From how many records on several threads read them.
const THREADED_RECORDS: usize = 2000;

/// Threads that read at once; more of them gain nothing on warm files.
const THREADS: usize = 4;

/// What became of a listed record.
pub(super) enum Loaded {
    Record { inode: u64, record: Record },
    Unreadable(UnreadableFile),
    Vanished,
}

/// Reads the listed records in their order.
pub(super) fn load(directory: &dyn Directory, listed: &[ListedRecord], limit: u64) -> Vec<(Timestamp, Loaded)> {
    let load_all = |listed: &[ListedRecord]| -> Vec<_> {
        listed.iter().map(|entry| (entry.timestamp, load_one(directory, *entry, limit))).collect()
    };
    if listed.len() < THREADED_RECORDS {
        return load_all(listed);
    }
    let mut loaded = Vec::with_capacity(listed.len());
    std::thread::scope(|scope| {
        let parts = listed.chunks(listed.len().div_ceil(THREADS));
        let threads: Vec<_> = parts.map(|part| (part, scope.spawn(move || load_all(part)))).collect();
        for (part, thread) in threads {
            // A thread that panicked is a bug; its part is read again here, so that nothing is missed.
            loaded.extend(thread.join().unwrap_or_else(|_| load_all(part)));
        }
    });
    loaded
}

/// Reads and decodes one record.
pub(super) fn load_one(directory: &dyn Directory, entry: ListedRecord, limit: u64) -> Loaded {
    let listed_identity = Identity { inode: entry.inode, ..Identity::default() };
    if !entry.regular {
        let reason = UnreadableReason::NotAFile;
        return Loaded::Unreadable(UnreadableFile { identity: listed_identity, reason });
    }
    let (identity, contents) = match directory.read(entry.timestamp, limit) {
        Ok(reading) => (reading.identity, reading.contents),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Loaded::Vanished,
        Err(error) => {
            let reason = UnreadableReason::Io(error.to_string());
            return Loaded::Unreadable(UnreadableFile { identity: listed_identity, reason });
        }
    };
    let reason = match contents {
        Contents::Bytes(bytes) => match decode(&bytes) {
            Ok(record) => return Loaded::Record { inode: identity.inode, record },
            Err(error) => UnreadableReason::NotARecord(error),
        },
        Contents::NotAFile => UnreadableReason::NotAFile,
        Contents::TooLarge(size) => UnreadableReason::TooLarge(size),
    };
    Loaded::Unreadable(UnreadableFile { identity, reason })
}
