use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};
use rustix::fs::{self, MemfdFlags, Mode, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use super::scratch::TEMPORARY;

/// An open file of the shelf, or one without a name where there is no shelf.
///
/// Who changes its bytes waits for others who do; so never with the lock of the file system held.
#[derive(Debug)]
pub(in crate::vfs) struct ShelfFile {
    file: OwnedFd,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// How many there were.
    count: u64,
    /// The bytes live on elsewhere: nothing is to be written here any more.
    ended: bool,
}

/// What came of a write or a change of the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vfs) enum Change {
    /// So many bytes were written; fewer than were given when the disk refused the rest.
    Done(usize),
    /// The file would be larger than it may be; nothing was written.
    TooLarge,
    /// All scratch files together would; nothing was written.
    NoRoom,
    /// The bytes live on elsewhere: begin again there.
    Ended,
}

/// The bytes of a file at one moment.
#[derive(Debug)]
pub(in crate::vfs) struct Contents {
    pub(in crate::vfs) bytes: Vec<u8>,
    changes: u64,
}

/// A file whose bytes nobody can change as long as this lives.
pub(in crate::vfs) struct Frozen<'a>(MutexGuard<'a, Changes>);

impl Frozen<'_> {
    /// Lets no later change reach the file: its bytes live on elsewhere.
    pub(in crate::vfs) fn end(mut self) {
        self.0.ended = true;
    }
}

impl ShelfFile {
    pub(super) fn new(file: OwnedFd) -> ShelfFile {
        ShelfFile { file, changes: Mutex::default() }
    }

    /// A file without a name, in memory.
    pub(super) fn anonymous() -> io::Result<ShelfFile> {
        Ok(ShelfFile::new(fs::memfd_create("keyfs", MemfdFlags::CLOEXEC)?))
    }

    /// Reads at most `length` bytes; fewer only at the end of the file.
    pub(in crate::vfs) fn read_at(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let left = self.size()?.saturating_sub(offset).min(length.into());
        let mut bytes = vec![0; left as usize];
        let read = self.fill(&mut bytes, offset)?;
        // It may have been cut meanwhile.
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Fills a buffer from an offset on, as far as the file goes.
    fn fill(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match rustix::io::pread(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filled)
    }

    /// Writes bytes at an offset, or at the end when there is none, if the file then has at most `limit` bytes and there is room
    /// for those by which it grows.
    pub(in crate::vfs) fn write_at(
        &self,
        offset: Option<u64>,
        bytes: &[u8],
        limit: u64,
        take_room: impl FnOnce(u64) -> bool,
    ) -> io::Result<Change> {
        let mut changes = self.changes.lock();
        if changes.ended {
            return Ok(Change::Ended);
        }
        let size = self.size()?;
        let offset = offset.unwrap_or(size);
        let Some(end) = offset.checked_add(bytes.len() as u64).filter(|&end| end <= limit) else {
            return Ok(Change::TooLarge);
        };
        if !take_room(end.saturating_sub(size)) {
            return Ok(Change::NoRoom);
        }
        changes.count += 1;
        self.write_whole(bytes, offset).map(Change::Done)
    }

    /// Writes all bytes, or as many as the disk takes; the error comes only when it takes none.
    fn write_whole(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match rustix::io::pwrite(&self.file, &bytes[written..], offset + written as u64) {
                Ok(0) => break,
                Ok(more) => written += more,
                Err(Errno::INTR) => {}
                Err(_) if written > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Cuts the file, or fills it up with NUL if there is room for that.
    pub(in crate::vfs) fn resize(&self, size: u64, take_room: impl FnOnce(u64) -> bool) -> io::Result<Change> {
        let mut changes = self.changes.lock();
        if changes.ended {
            return Ok(Change::Ended);
        }
        if size > 0 && !take_room(size.saturating_sub(self.size()?)) {
            return Ok(Change::NoRoom);
        }
        changes.count += 1;
        fs::ftruncate(&self.file, size)?;
        Ok(Change::Done(0))
    }

    /// All bytes at one moment, if there are not more than `limit`.
    pub(in crate::vfs) fn contents(&self, limit: u64) -> io::Result<Contents> {
        let changes = self.changes.lock();
        let size = usize::try_from(self.size()?).ok().filter(|&size| size as u64 <= limit).ok_or(Errno::FBIG)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size)?;
        bytes.resize(size, 0);
        let read = self.fill(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(Contents { bytes, changes: changes.count })
    }

    /// Keeps the bytes from being changed, if they still are these and nobody changes them at this moment. Never waits.
    pub(in crate::vfs) fn freeze(&self, contents: &Contents) -> Option<Frozen<'_>> {
        let changes = self.changes.try_lock()?;
        (changes.count == contents.changes && !changes.ended).then_some(Frozen(changes))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.stat()?.size)
    }

    pub(in crate::vfs) fn stat(&self) -> io::Result<FileStat> {
        Ok(FileStat::of(&fs::fstat(&self.file)?))
    }

    /// Sets the permission bits; the owner can always open the file again.
    pub(in crate::vfs) fn set_mode(&self, mode: u16) -> io::Result<()> {
        let mark = fs::fstat(&self.file)?.st_mode & u32::from(TEMPORARY);
        Ok(fs::fchmod(&self.file, Mode::from_raw_mode(u32::from(mode) | mark | 0o600))?)
    }

    pub(in crate::vfs) fn set_modified(&self, modified: SystemTime) -> io::Result<()> {
        Ok(fs::futimens(&self.file, &timestamps(modified))?)
    }

    /// Waits until the bytes are on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.file)?)
    }

    /// Writes all bytes into a file that nobody else has, or fails.
    pub(super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            match self.write_whole(&bytes[written..], written as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                more => written += more,
            }
        }
        Ok(())
    }
}

/// What the disk tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vfs) struct FileStat {
    pub(in crate::vfs) size: u64,
    /// What it takes of the disk, at most its size: a hole takes nothing.
    pub(in crate::vfs) taken: u64,
    pub(in crate::vfs) modified: SystemTime,
    pub(in crate::vfs) mode: u16,
}

impl FileStat {
    pub(super) fn of(stat: &fs::Stat) -> FileStat {
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        FileStat {
            size,
            taken: u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512).min(size),
            modified: system_time(stat.st_mtime, stat.st_mtime_nsec as u32),
            mode: (stat.st_mode & 0o777) as u16,
        }
    }
}

fn system_time(seconds: i64, nanos: u32) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    time.and_then(|time| time.checked_add(Duration::from_nanos(nanos.into()))).unwrap_or(UNIX_EPOCH)
}

/// The times for a system call that is to set the time of modification only.
pub(super) fn timestamps(modified: SystemTime) -> Timestamps {
    let (mut seconds, mut nanos) = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos())),
        Err(before) => {
            let before = before.duration();
            (-i64::try_from(before.as_secs()).unwrap_or(i64::MAX), -i64::from(before.subsec_nanos()))
        }
    };
    if nanos < 0 {
        seconds -= 1;
        nanos += 1_000_000_000;
    }
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanos },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_appended_cut_and_read() {
        let file = ShelfFile::anonymous().unwrap();
        assert_eq!(file.write_at(Some(2), b"ab", 10, |_| true).unwrap(), Change::Done(2));
        assert_eq!(file.write_at(None, b"cd", 10, |_| true).unwrap(), Change::Done(2));
        assert_eq!(&*file.read_at(0, 100).unwrap(), b"\0\0abcd");
        assert_eq!(&*file.read_at(3, 2).unwrap(), b"bc");
        assert_eq!(&*file.read_at(u64::MAX, 2).unwrap(), b"");
        for offset in [None, Some(8), Some(u64::MAX)] {
            assert_eq!(file.write_at(offset, b"12345", 10, |_| true).unwrap(), Change::TooLarge, "{offset:?}");
        }
        file.resize(3, |_| true).unwrap();
        assert_eq!(file.contents(10).unwrap().bytes, b"\0\0a");
    }

    #[test]
    fn a_file_is_frozen_only_with_the_bytes_that_were_read() {
        let file = ShelfFile::anonymous().unwrap();
        file.write_all(b"1").unwrap();
        let contents = file.contents(10).unwrap();
        file.write_at(Some(0), b"2", 10, |_| true).unwrap();
        assert!(file.freeze(&contents).is_none(), "it was written meanwhile");
        let contents = file.contents(10).unwrap();
        file.freeze(&contents).unwrap().end();
        assert_eq!(file.write_at(Some(0), b"3", 10, |_| true).unwrap(), Change::Ended);
        assert_eq!(file.resize(0, |_| true).unwrap(), Change::Ended);
        assert_eq!(file.contents(10).unwrap().bytes, b"2");
    }

    #[test]
    fn times_before_the_epoch_are_kept() {
        let file = ShelfFile::anonymous().unwrap();
        for time in [UNIX_EPOCH - Duration::new(5, 250_000_000), UNIX_EPOCH, UNIX_EPOCH + Duration::new(7, 9)] {
            file.set_modified(time).unwrap();
            assert_eq!(file.stat().unwrap().modified, time);
        }
    }
}
