//! Reading listed records, with several threads where there are many.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::change::UnreadableReason;
use super::directory::{Contents, Directory, Identity, ListedRecord};
use super::index::{Content, UnreadableFile};
use super::options::Measure;
use crate::record::{Key, Record, Timestamp, Value, decode_owned};

/// Records that a thread takes at a time; fewer are not worth a thread.
const BLOCK: usize = 128;

/// Threads that read at once: warm files gain from two for each core, cold ones from many.
const THREADS: usize = 16;

/// How records are read.
pub(super) struct Loading {
    /// The most bytes of a record.
    pub(super) record_limit: u64,
    pub(super) measure: Option<Measure>,
    /// For how many more bytes of values there is room; of the others no more than the measure is kept.
    pub(super) room: AtomicU64,
}

impl Loading {
    /// Whether there is room for a value, which then is taken.
    fn has_room(&self, value: &Value) -> bool {
        let bytes = value.text().len() as u64;
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes)).is_ok()
    }

    /// What the index is to know of a record.
    pub(super) fn take(&self, inode: u64, record: Record) -> LoadedRecord {
        let Record { key, deleted, value } = record;
        let value = (!deleted).then_some(value);
        let content = Content::of(value.as_ref(), self.measure);
        LoadedRecord { inode, key, content, value: value.filter(|value| self.has_room(value)) }
    }
}

/// What was learned of a record.
#[derive(Debug)]
pub(super) struct LoadedRecord {
    pub(super) inode: u64,
    pub(super) key: Key,
    pub(super) content: Content,
    /// The value, where there is room for it.
    pub(super) value: Option<Value>,
}

/// What became of a listed record.
pub(super) enum Loaded {
    Record(LoadedRecord),
    Unreadable(UnreadableFile),
    Vanished,
}

impl Loaded {
    /// The inode number of what was read.
    pub(super) fn inode(&self) -> Option<u64> {
        match self {
            Loaded::Record(record) => Some(record.inode),
            Loaded::Unreadable(file) => Some(file.identity.inode),
            Loaded::Vanished => None,
        }
    }
}

/// A record file that was opened.
pub(super) enum Opened {
    Record {
        inode: u64,
        record: Record,
    },
    Unreadable(UnreadableFile),
    /// The operating system refused.
    Refused(io::Error),
    Vanished,
}

/// What was read of a block of records.
type Block = Vec<(Timestamp, Loaded)>;

/// Reads the listed records in their order.
pub(super) fn load(directory: &dyn Directory, listed: &[ListedRecord], loading: &Loading) -> Vec<(Timestamp, Loaded)> {
    let load_one = |entry: &ListedRecord| match open_one(directory, *entry, loading.record_limit) {
        Opened::Record { inode, record } => Loaded::Record(loading.take(inode, record)),
        Opened::Unreadable(file) => Loaded::Unreadable(file),
        Opened::Refused(error) => {
            let (identity, reason) = (listed_identity(*entry), UnreadableReason::Io(error.to_string()));
            Loaded::Unreadable(UnreadableFile { identity, reason, errno: error.raw_os_error() })
        }
        Opened::Vanished => Loaded::Vanished,
    };
    let load_block =
        |block: &[ListedRecord]| -> Block { block.iter().map(|entry| (entry.timestamp, load_one(entry))).collect() };
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
pub(super) fn open_one(directory: &dyn Directory, entry: ListedRecord, limit: u64) -> Opened {
    if !entry.regular {
        let (identity, reason) = (listed_identity(entry), UnreadableReason::NotAFile);
        return Opened::Unreadable(UnreadableFile { identity, reason, errno: None });
    }
    let (identity, contents) = match directory.read(entry.timestamp, limit) {
        Ok(reading) => (reading.identity, reading.contents),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Opened::Vanished,
        Err(error) => return Opened::Refused(error),
    };
    match decoded(contents) {
        Ok(record) => Opened::Record { inode: identity.inode, record },
        Err(reason) => Opened::Unreadable(UnreadableFile { identity, reason, errno: None }),
    }
}

/// The record that a file holds.
pub(super) fn decoded(contents: Contents) -> Result<Record, UnreadableReason> {
    match contents {
        Contents::Bytes(bytes) => Ok(decode_owned(bytes)?),
        Contents::NotAFile => Err(UnreadableReason::NotAFile),
        Contents::TooLarge(size) => Err(UnreadableReason::TooLarge(size)),
    }
}

/// What a listing tells of a file.
fn listed_identity(entry: ListedRecord) -> Identity {
    Identity { inode: entry.inode, ..Identity::default() }
}
