//! Reading listed records, with several threads where there are many.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::change::UnreadableReason;
use super::directory::{Contents, Directory, Identity, ListedRecord};
use super::index::UnreadableFile;
use crate::record::{Record, Timestamp, decode};

/// Records that a thread takes at a time; fewer are not worth a thread.
const BLOCK: usize = 128;

/// Threads that read at once: warm files gain from two for each core, cold ones from many.
const THREADS: usize = 16;

/// What became of a listed record.
pub(super) enum Loaded {
    Record { inode: u64, record: Record },
    Unreadable(UnreadableFile),
    Vanished,
}

impl Loaded {
    /// The inode number of what was read.
    pub(super) fn inode(&self) -> Option<u64> {
        match self {
            Loaded::Record { inode, .. } => Some(*inode),
            Loaded::Unreadable(file) => Some(file.identity.inode),
            Loaded::Vanished => None,
        }
    }
}

/// What was read of a block of records.
type Block = Vec<(Timestamp, Loaded)>;

/// Reads the listed records in their order.
pub(super) fn load(directory: &dyn Directory, listed: &[ListedRecord], limit: u64) -> Vec<(Timestamp, Loaded)> {
    let load_block = |block: &[ListedRecord]| -> Block {
        block.iter().map(|entry| (entry.timestamp, load_one(directory, *entry, limit))).collect()
    };
    let blocks: Vec<_> = listed.chunks(BLOCK).collect();
    let next = AtomicUsize::new(0);
    // Each thread takes the next block as long as there is one, so that none waits for a slow one.
    let load_blocks = || {
        let mut loaded = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(block) = blocks.get(at) else { return loaded };
            loaded.push((at, load_block(block)));
        }
    };
    let mut loaded: Vec<Option<Block>> = blocks.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, load_blocks).ok();
        let threads: Vec<_> = (1..THREADS.min(blocks.len())).map_while(spawn).collect();
        let others = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default());
        load_blocks().into_iter().chain(others).for_each(|(at, block)| loaded[at] = Some(block));
    });
    // A thread that panicked is a bug; its blocks are read again here, so that nothing is missed.
    let whole = loaded.into_iter().zip(blocks).map(|(loaded, block)| loaded.unwrap_or_else(|| load_block(block)));
    let mut records = Vec::with_capacity(listed.len());
    whole.for_each(|block| records.extend(block));
    records
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
