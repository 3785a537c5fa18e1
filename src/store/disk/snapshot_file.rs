//! Where snapshots lie: in the store for who may write there, in a cache directory for others.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{READ_FLAGS, read_bytes};
use crate::store::directory::Contents;

/// The largest snapshot that is read or written.
pub(in crate::store) const FILE_BYTES: u64 = 1 << 30;

/// Only for the user: some of the records may be readable by nobody else.
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const DIRECTORY_MODE: u32 = 0o700;

/// Tells the unfinished files of this process apart.
static FILES: AtomicU64 = AtomicU64::new(0);

/// The places of a store's snapshots.
pub(super) struct SnapshotFiles {
    /// Each user has a file of his own in the store.
    name: String,
    writes_to_store: bool,
    /// The file of this store in the cache directory.
    cached: Option<PathBuf>,
}

impl SnapshotFiles {
    pub(super) fn new(store: &OwnedFd, writes_to_store: bool, cache: Option<&Path>) -> SnapshotFiles {
        let name = format!("keyfs-snapshot.{}", rustix::process::geteuid().as_raw());
        let cached = cache.and_then(|cache| {
            let stat = fs::fstat(store).ok()?;
            Some(cache.join(format!("{:x}-{:x}.snapshot", stat.st_dev, stat.st_ino)))
        });
        SnapshotFiles { name, writes_to_store, cached }
    }

    pub(super) fn can_write(&self) -> bool {
        self.writes_to_store || self.cached.is_some()
    }

    /// Reads the newer one of the two.
    pub(super) fn read(&self, store: &OwnedFd) -> io::Result<Option<Vec<u8>>> {
        let in_store = open(store, Path::new(&self.name))?;
        let in_cache = self.cached.as_ref().map_or(Ok(None), |path| open(CWD, path))?;
        let newest = in_store.into_iter().chain(in_cache).max_by_key(|(_, stat)| (stat.st_mtime, stat.st_mtime_nsec));
        let Some((file, stat)) = newest else { return Ok(None) };
        match read_bytes(&file, stat.st_size as u64, FILE_BYTES)? {
            Contents::Bytes(bytes) => Ok(Some(bytes)),
            Contents::NotAFile | Contents::TooLarge(_) => Ok(None),
        }
    }

    /// Writes one whole, then lets it take the place of the last.
    pub(super) fn write(&self, store: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.writes_to_store {
            return replace(store, &self.name, bytes);
        }
        let path = self.cached.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let (parent, name) = (path.parent().ok_or(Errno::INVAL)?, path.file_name().ok_or(Errno::INVAL)?);
        std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), DIRECTORY_MODE)
            .create(parent)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = fs::open(parent, flags, Mode::empty())?;
        replace(&parent, &name.to_string_lossy(), bytes)
    }
}

/// Opens a snapshot; none where there is none, or something that this user has not made.
fn open(directory: impl std::os::fd::AsFd, path: &Path) -> io::Result<Option<(OwnedFd, fs::Stat)>> {
    let file = match fs::openat(directory, path, READ_FLAGS, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::ACCESS) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stat = fs::fstat(&file)?;
    let own = stat.st_uid == rustix::process::geteuid().as_raw();
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    Ok((own && regular && (stat.st_size as u64) <= FILE_BYTES).then_some((file, stat)))
}

fn replace(directory: &OwnedFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let unfinished = format!("{name}.{}.{number}", std::process::id());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // What another process of this number has left unfinished.
    let _ = fs::unlinkat(directory, &unfinished, AtFlags::empty());
    let file = fs::openat(directory, &unfinished, flags, FILE_MODE)?;
    let written = write_all(file, bytes).and_then(|()| Ok(fs::renameat(directory, &unfinished, directory, name)?));
    if written.is_err() {
        let _ = fs::unlinkat(directory, &unfinished, AtFlags::empty());
    }
    written
}

fn write_all(file: OwnedFd, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut std::fs::File::from(file), bytes)
}
