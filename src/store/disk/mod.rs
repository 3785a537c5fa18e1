//! The real directory, on the system calls of Linux.

mod listing;
mod names;
mod record_file;
mod snapshot_file;
mod staged;
mod standing;
mod survey;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::directory::{
    Contents, Directory, Identity, Listing, OpenRecord, Reading, Space, StagedRecord, Stamp, Watch,
};
use super::error::{Context, Result};
use super::identifier::Identifier;
use crate::record::Timestamp;
use record_file::{RecordFile, read_bytes};
pub(super) use snapshot_file::FILE_BYTES as SNAPSHOT_BYTES;
use standing::Standing;
pub(super) use survey::{Place, Surveyed};

/// The records of a store on disk.
///
/// Holds descriptors of the store and of `d/`, and reaches everything through them, so that no path is followed twice.
pub struct Disk {
    store: OwnedFd,
    /// Guards the descriptor of `d/`, which a reader gets when somebody has created the directory.
    data: RwLock<Option<Held>>,
    data_path: PathBuf,
    standing: Standing,
    local: bool,
    scratch: Option<staged::TemporaryDirectory>,
    snapshots: snapshot_file::SnapshotFiles,
    buffer_bytes: AtomicUsize,
    /// Whether `d/` has ever been seen.
    was_there: AtomicBool,
    /// Whether it was seen to be gone: what is put into the directory that is held would be seen by nobody.
    is_gone: AtomicBool,
    /// Whether there were records in it, as far as was seen.
    has_records: AtomicBool,
}

/// The directory `d/`, open.
#[derive(Clone)]
struct Held {
    directory: Arc<OwnedFd>,
    identity: standing::Identity,
}

const DIRECTORY_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// How a record is opened: not through a link, not waiting for a FIFO, not as a controlling terminal.
const READ_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

impl Disk {
    /// Opens the store directory `path`, which must exist; a writer creates `d/` in it where it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) with the path concerned.
    pub fn open(path: &Path, writer: Option<&Identifier>) -> Result<Disk> {
        let store = fs::open(path, DIRECTORY_FLAGS, Mode::empty()).map_err(io::Error::from).context("open", path)?;
        let data_path = path.join("d");
        if writer.is_some() {
            match fs::mkdirat(&store, "d", Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(io::Error::from(error)).context("create", data_path),
            }
        }
        let data = open_data(&store).context("open", &data_path)?;
        let local = fs::fstatfs(&store).is_ok_and(|found| is_local(found.f_type as u64));
        Ok(Disk {
            scratch: writer.map(staged::TemporaryDirectory::new),
            snapshots: snapshot_file::SnapshotFiles::new(&store, writer.is_some(), None),
            store,
            data: RwLock::new(data),
            standing: Standing::new(&data_path),
            data_path,
            local,
            buffer_bytes: AtomicUsize::new(0),
            was_there: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            has_records: AtomicBool::new(false),
        })
    }

    /// Keeps snapshots of the store in this directory, made when it is missing, where they cannot be kept in the store.
    #[must_use]
    pub fn with_cache(self, directory: &Path) -> Disk {
        let writes_to_store = self.scratch.is_some();
        Disk { snapshots: snapshot_file::SnapshotFiles::new(&self.store, writes_to_store, Some(directory)), ..self }
    }

    /// The descriptor of `d/`, opened again when the directory has been created meanwhile.
    fn data(&self) -> io::Result<Option<Held>> {
        if let Some(data) = &*self.data.read() {
            return Ok(Some(data.clone()));
        }
        let opened = open_data(&self.store)?;
        *self.data.write() = opened.clone();
        Ok(opened)
    }

    /// The directory that the store's path leads to, as it is now, which then is the one that is held; none when there
    /// never was one.
    ///
    /// Another one than before counts once there is a record in it, if there was one before: an empty one would read as if all
    /// keys had been removed.
    fn standing(&self) -> io::Result<Option<fs::Stat>> {
        let Some(data) = self.data()? else {
            // A directory that was there and is gone is not an empty store.
            return if self.was_there.load(Ordering::Relaxed) { Err(Errno::NOENT.into()) } else { Ok(None) };
        };
        self.was_there.store(true, Ordering::Relaxed);
        let Some(found) = self.standing.look()? else {
            let held = fs::fstat(&data.directory)?;
            return if held.st_nlink == 0 { Err(Errno::NOENT.into()) } else { Ok(Some(held)) };
        };
        let identity = standing::identity(&found);
        if identity != data.identity {
            // Not that of another store which stands in this one's place: scratch files are in this one.
            let other = open_data(&self.store).ok().flatten().filter(|other| other.identity == identity);
            let other = other.ok_or(Errno::STALE)?;
            let is_empty = listing::list(&other.directory, &self.buffer_bytes)?.records.is_empty();
            if is_empty && self.has_records.load(Ordering::Relaxed) {
                return Err(Errno::STALE.into());
            }
            log::warn!("{} is another directory now", self.data_path.display());
            *self.data.write() = Some(other);
        }
        Ok(Some(found))
    }

    /// Notes that a record is there of which no listing may have told, or will be.
    fn note_record(&self) {
        if !self.has_records.load(Ordering::Relaxed) {
            self.has_records.store(true, Ordering::Relaxed);
        }
    }

    fn existing_data(&self) -> io::Result<Arc<OwnedFd>> {
        self.data()?.map(|data| data.directory).ok_or_else(|| Errno::NOENT.into())
    }
}

fn open_data(store: &OwnedFd) -> io::Result<Option<Held>> {
    match fs::openat(store, "d", DIRECTORY_FLAGS | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(data) => {
            let identity = standing::identity(&fs::fstat(&data)?);
            Ok(Some(Held { directory: Arc::new(data), identity }))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file system is known to be local and to change a directory's mtime with each change of its names.
///
/// Measured on ext4, tmpfs and ramfs; the others give the same promise. Network file systems and FUSE do not.
fn is_local(magic: u64) -> bool {
    const EXT: u64 = 0xef53;
    const XFS: u64 = 0x5846_5342;
    const BTRFS: u64 = 0x9123_683e;
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    const F2FS: u64 = 0xf2f5_2010;
    [EXT, XFS, BTRFS, TMPFS, RAMFS, F2FS].contains(&magic)
}

fn nanoseconds(seconds: i64, nanos: impl Into<i128>) -> i128 {
    i128::from(seconds) * 1_000_000_000 + nanos.into()
}

fn identity(stat: &fs::Stat) -> Identity {
    Identity {
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i128),
    }
}

impl Directory for Disk {
    fn path(&self) -> &Path {
        &self.data_path
    }

    fn stamp(&self) -> io::Result<Option<Stamp>> {
        let standing = self.standing();
        let is_gone = standing
            .as_ref()
            .is_err_and(|error| matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::STALE)));
        self.is_gone.store(is_gone, Ordering::Relaxed);
        Ok(standing?.map(|stat| Stamp {
            modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i128),
            identity: (stat.st_dev, stat.st_ino),
            trusted: self.local,
        }))
    }

    fn list(&self) -> io::Result<Listing> {
        let listing = listing::list(&*self.existing_data()?, &self.buffer_bytes)?;
        self.has_records.store(!listing.records.is_empty(), Ordering::Relaxed);
        Ok(listing)
    }

    fn watch(&self) -> io::Result<Box<dyn Watch>> {
        if !self.local {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Box::new(names::NameWatch::new(&self.store, &*self.existing_data()?, self.standing.clone())?))
    }

    fn read(&self, timestamp: Timestamp, limit: u64) -> io::Result<Reading> {
        self.note_record();
        let data = self.existing_data()?;
        let file = match fs::openat(&data, timestamp.to_string(), READ_FLAGS, Mode::empty()) {
            Ok(file) => RecordFile::new(file)?,
            // A symbolic link; a socket or a device without a driver.
            Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => {
                let identity = self.identify(timestamp)?;
                return Ok(Reading { identity, contents: Contents::NotAFile });
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Reading { identity: file.identity, contents: file.read(limit)? })
    }

    fn open(&self, timestamp: Timestamp) -> io::Result<Box<dyn OpenRecord>> {
        let file = fs::openat(&self.existing_data()?, timestamp.to_string(), READ_FLAGS, Mode::empty())?;
        Ok(Box::new(RecordFile::new(file)?))
    }

    fn identify(&self, timestamp: Timestamp) -> io::Result<Identity> {
        let data = self.existing_data()?;
        Ok(identity(&fs::statat(&data, timestamp.to_string(), AtFlags::SYMLINK_NOFOLLOW)?))
    }

    fn create(&self) -> io::Result<Box<dyn StagedRecord>> {
        let scratch = self.scratch.as_ref().ok_or(Errno::ROFS)?;
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(Errno::STALE.into());
        }
        self.note_record();
        Ok(Box::new(scratch.create(&self.store, self.existing_data()?)?))
    }

    fn unlink(&self, timestamp: Timestamp) -> io::Result<()> {
        Ok(fs::unlinkat(&self.existing_data()?, timestamp.to_string(), AtFlags::empty())?)
    }

    fn sync_record(&self, timestamp: Timestamp) -> io::Result<()> {
        let file = fs::openat(&self.existing_data()?, timestamp.to_string(), READ_FLAGS, Mode::empty())?;
        Ok(fs::fdatasync(&file)?)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.existing_data()?)?)
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.existing_data()?)?)
    }

    fn keeps_snapshots(&self) -> bool {
        self.snapshots.can_write()
    }

    fn read_snapshot(&self) -> io::Result<Option<Vec<u8>>> {
        self.snapshots.read(&self.store)
    }

    fn write_snapshot(&self, bytes: &[u8]) -> io::Result<()> {
        self.snapshots.write(&self.store, bytes)
    }

    fn space(&self) -> io::Result<Space> {
        let found = fs::fstatvfs(&self.store)?;
        Ok(Space {
            block_size: found.f_frsize,
            blocks: found.f_blocks,
            blocks_free: found.f_bfree,
            blocks_available: found.f_bavail,
            files: found.f_files,
            files_free: found.f_ffree,
        })
    }
}
