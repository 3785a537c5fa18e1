//! Files on their way to become records, and the ways to give them their names.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::record::Timestamp;
use crate::store::directory::StagedRecord;
use crate::store::identifier::Identifier;

/// How files come to their names; each later way is taken where the file system refuses the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Way {
    /// A file without a name, linked by its descriptor.
    Descriptor,
    /// The same, linked through `/proc/self/fd`: for kernels that want a capability for the first.
    Proc,
    /// A temporary file in the writer's directory, renamed without replacing.
    Rename,
    /// The same, linked, and its temporary name removed.
    Link,
}

impl Way {
    const ALL: [Way; 4] = [Way::Descriptor, Way::Proc, Way::Rename, Way::Link];

    fn from_index(index: u8) -> Way {
        Way::ALL.get(usize::from(index)).copied().unwrap_or(Way::Link)
    }
}

/// Record files are readable by all whom the umask allows: a private one would be ignored by other users for ever.
const RECORD_MODE: Mode = Mode::from_raw_mode(0o666);

/// The private directory of a writer, `t.<identifier>/`, made only where files without a name are not possible.
pub(super) struct TemporaryDirectory {
    name: String,
    way: Arc<AtomicU8>,
}

/// Tells the temporary files of this process apart.
static TEMPORARY_FILES: AtomicU64 = AtomicU64::new(0);

impl TemporaryDirectory {
    pub(super) fn new(identifier: &Identifier) -> TemporaryDirectory {
        TemporaryDirectory { name: format!("t.{identifier}"), way: Arc::new(AtomicU8::new(Way::Descriptor as u8)) }
    }

    /// Creates a file in the best way known to work.
    pub(super) fn create(&self, store: &OwnedFd, data: Arc<OwnedFd>) -> io::Result<Staged> {
        let way = Way::from_index(self.way.load(Ordering::Relaxed));
        if way <= Way::Proc {
            match fs::openat(&data, ".", OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC, RECORD_MODE) {
                Ok(file) => return Ok(Staged { file, data, temporary: None, way: Arc::clone(&self.way) }),
                // What kernels and file systems say that do not know O_TMPFILE.
                Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
                    self.way.store(Way::Rename as u8, Ordering::Relaxed);
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.create_named(store, data)
    }

    /// Creates a file whose name cannot be the original's (which are digits) nor another writer's.
    fn create_named(&self, store: &OwnedFd, data: Arc<OwnedFd>) -> io::Result<Staged> {
        match fs::mkdirat(store, &self.name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = fs::openat(store, &self.name, flags, Mode::empty())?;
        loop {
            let number = TEMPORARY_FILES.fetch_add(1, Ordering::Relaxed);
            let name = format!("r{}.{}.{number}", std::process::id(), Timestamp::now());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match fs::openat(&directory, &name, flags, RECORD_MODE) {
                Ok(file) => {
                    let temporary = Some(Temporary { directory, name, renamed: false });
                    return Ok(Staged { file, data, temporary, way: Arc::clone(&self.way) });
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A file with a temporary name, which goes when this is dropped.
struct Temporary {
    directory: OwnedFd,
    name: String,
    renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.renamed {
            return;
        }
        if let Err(error) = fs::unlinkat(&self.directory, &self.name, AtFlags::empty()) {
            log::warn!("cannot remove the temporary file {}: {error}", self.name);
        }
    }
}

/// A real file on its way to become a record.
pub(super) struct Staged {
    file: OwnedFd,
    data: Arc<OwnedFd>,
    temporary: Option<Temporary>,
    way: Arc<AtomicU8>,
}

impl Staged {
    fn link(&self, way: Way, name: &str) -> rustix::io::Result<()> {
        match way {
            Way::Descriptor => fs::linkat(&self.file, "", &self.data, name, AtFlags::EMPTY_PATH),
            _ => {
                let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                fs::linkat(fs::CWD, path, &self.data, name, AtFlags::SYMLINK_FOLLOW)
            }
        }
    }

    fn name_unnamed(&self, name: &str) -> rustix::io::Result<()> {
        let way = Way::from_index(self.way.load(Ordering::Relaxed));
        if way == Way::Descriptor {
            match self.link(Way::Descriptor, name) {
                // Without the capability, older kernels say that the empty path does not exist.
                Err(Errno::NOENT | Errno::PERM) => self.way.store(Way::Proc as u8, Ordering::Relaxed),
                other => return other,
            }
        }
        let linked = self.link(Way::Proc, name);
        if let Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::XDEV) = linked {
            // No links here: this file cannot get a name, the next one takes another way.
            self.way.store(Way::Rename as u8, Ordering::Relaxed);
            return Err(Errno::OPNOTSUPP);
        }
        linked
    }

    fn name_temporary(&mut self, mut temporary: Temporary, name: &str) -> rustix::io::Result<()> {
        let way = Way::from_index(self.way.load(Ordering::Relaxed));
        if way <= Way::Rename {
            let flags = RenameFlags::NOREPLACE;
            match fs::renameat_with(&temporary.directory, &temporary.name, &self.data, name, flags) {
                Ok(()) => {
                    temporary.renamed = true;
                    return Ok(());
                }
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                    self.way.store(Way::Link as u8, Ordering::Relaxed);
                }
                Err(error) => {
                    self.temporary = Some(temporary);
                    return Err(error);
                }
            }
        }
        let linked = fs::linkat(&temporary.directory, &temporary.name, &self.data, name, AtFlags::empty());
        if linked.is_err() {
            self.temporary = Some(temporary);
        }
        linked
    }
}

impl StagedRecord for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(&self.file, rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(fs::fdatasync(&self.file)?)
    }

    fn publish(&mut self, timestamp: Timestamp) -> io::Result<u64> {
        let inode = fs::fstat(&self.file)?.st_ino;
        let name = timestamp.to_string();
        match self.temporary.take() {
            None => self.name_unnamed(&name)?,
            Some(temporary) => self.name_temporary(temporary, &name)?,
        }
        Ok(inode)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn open(path: &Path) -> OwnedFd {
        fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A store whose writer has come to know that only the ways from this one on work.
    fn with_way(way: Way, test: impl FnOnce(&Path, &mut dyn FnMut() -> Staged)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        std::fs::create_dir(path.join("d")).unwrap();
        let (store, data) = (open(path), Arc::new(open(&path.join("d"))));
        let temporary = TemporaryDirectory::new(&Identifier::new("w").unwrap());
        temporary.way.store(way as u8, Ordering::Relaxed);
        test(path, &mut || temporary.create(&store, Arc::clone(&data)).unwrap());
        assert_eq!(Way::from_index(temporary.way.load(Ordering::Relaxed)), way, "the way that works is kept");
    }

    #[test]
    fn every_way_publishes_whole_records_replaces_nothing_and_leaves_nothing_else() {
        for way in Way::ALL {
            with_way(way, |path, create| {
                for (number, text) in [(1, "first"), (2, "second")] {
                    let mut staged = create();
                    staged.write(text.as_bytes()).unwrap();
                    staged.sync().unwrap();
                    if number == 2 {
                        let taken = staged.publish(Timestamp::from_micros(1)).unwrap_err();
                        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists, "{way:?}");
                    }
                    let inode = staged.publish(Timestamp::from_micros(number)).unwrap();
                    let found = fs::stat(path.join(format!("d/{number}"))).unwrap();
                    assert_eq!((found.st_ino, found.st_nlink), (inode, 1), "{way:?}");
                }
                assert_eq!(names(&path.join("d")), ["1", "2"], "{way:?}");
                assert_eq!(std::fs::read_to_string(path.join("d/1")).unwrap(), "first", "{way:?}");
                assert_eq!(std::fs::read_to_string(path.join("d/2")).unwrap(), "second", "{way:?}");
                assert!(names(&path.join("t.w")).is_empty(), "{way:?}");
                assert_eq!(path.join("t.w").exists(), way >= Way::Rename, "{way:?}");
            });
        }
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        for way in Way::ALL {
            with_way(way, |path, create| {
                let mut staged = create();
                staged.write(b"half").unwrap();
                assert!(names(&path.join("d")).is_empty(), "{way:?}");
                drop(staged);
                assert!(names(&path.join("d")).is_empty() && names(&path.join("t.w")).is_empty(), "{way:?}");
            });
        }
    }
}
