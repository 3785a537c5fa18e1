//! What a store needs of a directory: the trait, and what its methods give.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::record::Timestamp;

/// The directory of records, `d/`: the one door from the store to the disk.
///
/// Each method stands for one system call or a fixed short sequence, so that a test can count the calls, make the n-th
/// one fail, or stop after any prefix. [`Disk`](super::Disk) is the real one. Methods take `&self` and may be called
/// from several threads at once.
pub trait Directory: Send + Sync {
    /// The path of `d/`, for messages only.
    fn path(&self) -> &Path;

    /// The state by which a change of the directory is noticed, at the cost of one `stat`.
    ///
    /// `None` when the directory does not exist yet, which only a reader can meet.
    ///
    /// # Errors
    ///
    /// Those of `stat`; `ENOENT` when the directory existed and was deleted.
    fn stamp(&self) -> io::Result<Option<Stamp>>;

    /// Lists the directory atomically: in one `getdents64`, wherever the file system allows it.
    ///
    /// # Errors
    ///
    /// Those of `open` and `getdents64`.
    fn list(&self) -> io::Result<Listing>;

    /// Begins to watch the names of the directory, so that it need not be listed again after each change.
    ///
    /// # Errors
    ///
    /// Those of `inotify_init` and `inotify_add_watch`; `Unsupported` where changes could be missed.
    fn watch(&self) -> io::Result<Box<dyn Watch>>;

    /// Reads a record file; never follows a link, never blocks on a FIFO, never reads more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// Those of `open`, `fstat` and `read`; `NotFound` when the record has vanished.
    fn read(&self, timestamp: Timestamp, limit: u64) -> io::Result<Reading>;

    /// Opens a record file as [`read`](Self::read) does, to be read later whatever becomes of its name.
    ///
    /// # Errors
    ///
    /// Those of `open` and `fstat`; `NotFound` when the record has vanished, `Unsupported` where it must be read at once.
    fn open(&self, _timestamp: Timestamp) -> io::Result<Box<dyn OpenRecord>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The identity of what stands under a record's name now, for finding out whether it has changed.
    ///
    /// # Errors
    ///
    /// Those of `stat`.
    fn identify(&self, timestamp: Timestamp) -> io::Result<Identity>;

    /// Creates a file that has no name in the directory yet.
    ///
    /// # Errors
    ///
    /// Those of `open`.
    fn create(&self) -> io::Result<Box<dyn StagedRecord>>;

    /// Removes a record's name.
    ///
    /// # Errors
    ///
    /// Those of `unlink`; `NotFound` when somebody else removed it first.
    fn unlink(&self, timestamp: Timestamp) -> io::Result<()>;

    /// Makes the bytes of a published record durable.
    ///
    /// # Errors
    ///
    /// Those of `open` and `fdatasync`.
    fn sync_record(&self, timestamp: Timestamp) -> io::Result<()>;

    /// Makes the names of the directory durable.
    ///
    /// # Errors
    ///
    /// Those of `fsync`.
    fn sync(&self) -> io::Result<()>;

    /// Makes all records and names durable at once, which is cheaper than many [`sync_record`](Self::sync_record).
    ///
    /// # Errors
    ///
    /// Those of `syncfs`.
    fn sync_all(&self) -> io::Result<()>;

    /// The space of the file system that holds the directory.
    ///
    /// # Errors
    ///
    /// Those of `statfs`.
    fn space(&self) -> io::Result<Space>;

    /// Whether snapshots can be kept at all.
    fn keeps_snapshots(&self) -> bool {
        false
    }

    /// The last snapshot of what the directory held, whatever it may be worth; `None` when there is none.
    ///
    /// # Errors
    ///
    /// Those of `open`, `fstat` and `read`.
    fn read_snapshot(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// Keeps a snapshot in place of the last one, outside the directory of records.
    ///
    /// # Errors
    ///
    /// Those of `open`, `write` and `rename`; `Unsupported` where none is kept.
    fn write_snapshot(&self, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A record file that is open for reading.
pub trait OpenRecord: Send + Sync {
    /// What it was when it was opened.
    fn identity(&self) -> Identity;

    /// Reads it from its beginning, never more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    fn read(&self, limit: u64) -> io::Result<Contents>;
}

/// A file on its way to become a record. Dropping it before it is published leaves nothing behind.
pub trait StagedRecord: Send {
    /// Writes the whole record.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the bytes durable.
    ///
    /// # Errors
    ///
    /// Those of `fdatasync`.
    fn sync(&mut self) -> io::Result<()>;

    /// Gives the file its name in the directory, never replacing another, and says its inode number.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` when the name is taken: try another; `Unsupported` when this file cannot get a name but one
    /// created anew can; else those of `link` and `rename`.
    fn publish(&mut self, timestamp: Timestamp) -> io::Result<u64>;
}

/// Names that came and went since the watch began or was drained last, in their order.
///
/// An event is there to be drained before the call that has changed the name returns.
pub trait Watch: Send + Sync {
    /// Takes the events that have happened up to now, without waiting. For one thread at a time.
    ///
    /// `None` when some were missed, or when the directory was deleted or moved: begin anew, and list.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    fn drain(&self) -> io::Result<Option<Vec<NameEvent>>>;

    /// Waits until there is something to drain, or for a time, and takes nothing; true when it is worth draining, or
    /// when somebody has called [`wake`](Watch::wake).
    ///
    /// # Errors
    ///
    /// Those of `poll`.
    fn wait(&self, timeout: Duration) -> io::Result<bool>;

    /// Ends each wait, now and from now on.
    fn wake(&self);
}

/// One change of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameEvent {
    /// The name appeared.
    Appeared(Timestamp),
    /// The name went away.
    Vanished(Timestamp),
    /// A name came or went that is not that of a record.
    Foreign,
}

/// By what a change of the directory is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The directory's time of modification, in nanoseconds since the epoch.
    pub modified: i128,
    /// The device and inode number of the directory.
    pub identity: (u64, u64),
    /// Whether the file system is one on which each change shows in `modified` (a local one).
    pub trusted: bool,
}

/// What a directory held at one moment.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The entries whose names are those of records, in no order.
    pub records: Vec<ListedRecord>,
    /// How many other names there are; they belong to somebody else and are never touched.
    pub foreign_names: usize,
    /// Some of the other names, for the report.
    pub foreign_examples: Vec<std::ffi::OsString>,
}

/// An entry of a listing that is named like a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedRecord {
    /// The number in the name.
    pub timestamp: Timestamp,
    /// The inode number: a name can be freed and taken again.
    pub inode: u64,
    /// False when the listing already says that this is no regular file.
    pub regular: bool,
}

/// What stood under a record's name.
#[derive(Debug)]
pub struct Reading {
    /// What it was, for noticing a change later.
    pub identity: Identity,
    /// Its bytes, or why there are none.
    pub contents: Contents,
}

/// The bytes of a record file, or why it has none to read.
#[derive(Debug)]
pub enum Contents {
    /// The whole file.
    Bytes(Vec<u8>),
    /// A link, directory, FIFO, socket or device.
    NotAFile,
    /// A file of this many bytes, more than the limit.
    TooLarge(u64),
}

/// A file at a moment: when any of this changes, it is worth reading again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The inode number.
    pub inode: u64,
    /// The size in bytes.
    pub size: u64,
    /// The time of the last change of contents or attributes, in nanoseconds since the epoch.
    pub changed: i128,
}

/// The space of a file system, in blocks of `block_size` bytes, and its inodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes a block.
    pub block_size: u64,
    /// All blocks.
    pub blocks: u64,
    /// Free blocks.
    pub blocks_free: u64,
    /// Blocks free for ordinary users.
    pub blocks_available: u64,
    /// All inodes.
    pub files: u64,
    /// Free inodes.
    pub files_free: u64,
}
