//! What behaviours are written against: a directory of files, and nothing that tells which one.

use std::time::{Duration, Instant, SystemTime};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// The result of a system call.
pub(crate) type Answer<T> = Result<T, Errno>;

/// A directory of files, as system calls see it. Names are relative to it, and may lead into directories.
pub(crate) trait FileSystem: Sync {
    fn open(&self, name: &[u8], flags: OFlags) -> Answer<Box<dyn OpenFile + '_>>;
    fn truncate(&self, name: &[u8], size: u64) -> Answer<()>;
    fn unlink(&self, name: &[u8]) -> Answer<()>;
    fn rename(&self, from: &[u8], to: &[u8]) -> Answer<()>;
    fn rename_no_replace(&self, from: &[u8], to: &[u8]) -> Answer<()>;
    fn exchange(&self, one: &[u8], other: &[u8]) -> Answer<()>;
    fn stat(&self, name: &[u8]) -> Answer<Stat>;
    /// The names of a directory without `.` and `..`, sorted.
    fn list(&self, directory: &[u8]) -> Answer<Vec<Vec<u8>>>;
    /// The same with what is told of each name, as `ls -l` asks for it.
    fn list_with_attributes(&self, directory: &[u8]) -> Answer<Vec<(Vec<u8>, Stat)>>;
    fn symlink(&self, name: &[u8], target: &[u8]) -> Answer<()>;
    fn read_link(&self, name: &[u8]) -> Answer<Vec<u8>>;
    fn chmod(&self, name: &[u8], mode: u16) -> Answer<()>;
    fn set_modified(&self, name: &[u8], modified: SystemTime) -> Answer<()>;
    /// All blocks and the free ones.
    fn space(&self) -> Answer<(u64, u64)>;
    /// Opens a new file as mkstemp does.
    fn make_temporary(&self, name: &[u8]) -> Answer<Box<dyn OpenFile + '_>>;
    /// Lets the time pass after which what was put off is done.
    fn let_time_pass(&self);
}

/// An open file. Dropping it closes it, and nobody hears of an error.
pub(crate) trait OpenFile: Send {
    fn read_at(&self, offset: u64, length: usize) -> Answer<Vec<u8>>;
    /// Writes at an offset, or at the end when the file was opened for appending.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Answer<usize>;
    fn truncate(&self, size: u64) -> Answer<()>;
    fn fsync(&self) -> Answer<()>;
    fn stat(&self) -> Answer<Stat>;
    /// Closes a second descriptor of the file, as a shell does before it starts a command.
    fn close_duplicate(&self) -> Answer<()>;
    fn close(self: Box<Self>) -> Answer<()>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) mode: u16,
    pub(crate) is_directory: bool,
    pub(crate) is_symlink: bool,
}

pub(crate) const READ: OFlags = OFlags::RDONLY;
pub(crate) const WRITE: OFlags = OFlags::WRONLY;
pub(crate) const READ_WRITE: OFlags = OFlags::RDWR;
/// How a shell opens a file for `>`.
pub(crate) const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);
/// How a shell opens a file for `>>`.
pub(crate) const APPEND: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::APPEND);

/// All that an open file holds.
#[track_caller]
pub(crate) fn whole(file: &dyn OpenFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let piece = file.read_at(bytes.len() as u64, 1 << 20).unwrap();
        if piece.is_empty() {
            return bytes;
        }
        bytes.extend(piece);
    }
}

/// Saves as a shell does.
pub(crate) fn try_save(files: &dyn FileSystem, name: &[u8], bytes: impl AsRef<[u8]>) -> Answer<()> {
    let file = files.open(name, SAVE)?;
    file.write_at(0, bytes.as_ref())?;
    file.close()
}

#[track_caller]
pub(crate) fn save(files: &dyn FileSystem, name: &[u8], bytes: impl AsRef<[u8]>) {
    try_save(files, name, bytes).unwrap_or_else(|error| panic!("save {}: {error}", name.escape_ascii()));
}

pub(crate) fn try_text(files: &dyn FileSystem, name: &[u8]) -> Answer<String> {
    let file = files.open(name, READ)?;
    Ok(String::from_utf8_lossy(&whole(&*file)).into_owned())
}

/// What `cat` prints.
#[track_caller]
pub(crate) fn text(files: &dyn FileSystem, name: &[u8]) -> String {
    try_text(files, name).unwrap_or_else(|error| panic!("read {}: {error}", name.escape_ascii()))
}

/// Asserts the text of a file, and that both ways to ask for its size agree with it.
#[track_caller]
pub(crate) fn assert_text(files: &dyn FileSystem, name: &[u8], expected: &str) {
    let shown = name.escape_ascii();
    let file = files.open(name, READ).unwrap_or_else(|error| panic!("open {shown}: {error}"));
    let found = whole(&*file);
    assert_eq!(String::from_utf8_lossy(&found), expected, "the text of {shown}");
    assert_eq!(file.stat().unwrap().size, expected.len() as u64, "the size of {shown} by fstat");
    assert_eq!(files.stat(name).unwrap().size, expected.len() as u64, "the size of {shown} by stat");
}

/// Waits until the last close has been heard of, of which the kernel tells after it has returned; not for ever.
pub(crate) fn wait_for_close(is_seen: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(5);
    while !is_seen() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
pub(crate) fn assert_missing(files: &dyn FileSystem, name: &[u8]) {
    assert_eq!(files.open(name, READ).err(), Some(Errno::NOENT), "open {}", name.escape_ascii());
    assert_eq!(files.stat(name).err(), Some(Errno::NOENT), "stat {}", name.escape_ascii());
}

/// Asserts what is listed, whatever the order.
#[track_caller]
pub(crate) fn assert_listed(files: &dyn FileSystem, expected: &[&str]) {
    let found = files.list(b".").unwrap();
    let found: Vec<_> = found.iter().map(|name| String::from_utf8_lossy(name)).collect();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "the names in the directory");
}
