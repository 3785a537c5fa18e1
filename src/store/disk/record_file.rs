//! A record file that is open.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{self, FileType};
use rustix::io::Errno;

use super::identity;
use crate::record::{Prefix, Reason};
use crate::store::directory::{Contents, Identity, OpenRecord};

/// From this size on the beginning of a file is looked at before there is memory for the whole of it.
const LARGE_BYTES: u64 = 1 << 20;

/// How much that is.
const BEGINNING_BYTES: usize = 64 << 10;

pub(super) struct RecordFile {
    file: OwnedFd,
    pub(super) identity: Identity,
    is_regular: bool,
}

impl RecordFile {
    pub(super) fn new(file: OwnedFd) -> io::Result<RecordFile> {
        let stat = fs::fstat(&file)?;
        let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(RecordFile { file, identity: identity(&stat), is_regular })
    }
}

impl OpenRecord for RecordFile {
    fn identity(&self) -> Identity {
        self.identity
    }

    fn read(&self, limit: u64) -> io::Result<Contents> {
        match self.identity.size {
            _ if !self.is_regular => Ok(Contents::NotAFile),
            size if size > limit => Ok(Contents::TooLarge(size)),
            size if size < LARGE_BYTES => read_bytes(&self.file, size, limit),
            size => match hopeless_beginning(&self.file)? {
                Some(beginning) => Ok(Contents::Bytes(beginning)),
                None => read_bytes(&self.file, size, limit),
            },
        }
    }
}

/// The beginning of a file up to the byte after which it cannot become a record any more, when that is soon: whoever decodes
/// it sees as much as in all of the file. Files that take no room on the disk, or little, would take much in memory.
fn hopeless_beginning(file: &OwnedFd) -> io::Result<Option<Vec<u8>>> {
    let mut beginning = Vec::with_capacity(BEGINNING_BYTES);
    rustix::io::retry_on_intr(|| rustix::io::pread(file, rustix::buffer::spare_capacity(&mut beginning), 0))?;
    match Prefix::new().push(&beginning) {
        // A record that somebody else has written may nest deeper than one that is written here.
        Ok(()) | Err((_, Reason::TooDeep { .. })) => Ok(None),
        Err((at, _)) => {
            beginning.truncate(at + 1);
            Ok(Some(beginning))
        }
    }
}

/// Reads a file of `size` bytes; one that grows meanwhile is read to the end, but never beyond the limit.
pub(super) fn read_bytes(file: &OwnedFd, size: u64, limit: u64) -> io::Result<Contents> {
    let expected = usize::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut bytes = Vec::new();
    // One byte more than expected, so that the read that fills the buffer also proves the end of the file.
    bytes.try_reserve_exact(expected + 1)?;
    loop {
        if bytes.len() == bytes.capacity() {
            bytes.try_reserve(bytes.len())?;
        }
        let offset = bytes.len() as u64;
        let read = match rustix::io::pread(file, rustix::buffer::spare_capacity(&mut bytes), offset) {
            Ok(read) => read,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if bytes.len() as u64 > limit {
            return Ok(Contents::TooLarge(bytes.len() as u64));
        }
        // A short read of a regular file is its end.
        if read == 0 || bytes.len() == expected {
            return Ok(Contents::Bytes(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::record::decode;

    /// What a file of this beginning, and then of so many zeros, is read as.
    fn read(beginning: &[u8], zeros: u64) -> Vec<u8> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(beginning).unwrap();
        file.set_len(beginning.len() as u64 + zeros).unwrap();
        match RecordFile::new(file.into()).unwrap().read(1 << 30).unwrap() {
            Contents::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_a_large_file_that_is_soon_seen_to_be_no_record_only_the_beginning_is_read() {
        for beginning in ["", "{\"key\": \"k\", \"value\": [1, ", "[\u{e9}", "<html>"] {
            let bytes = read(beginning.as_bytes(), 300_000_000);
            assert!(bytes.len() <= beginning.len() + 1, "{beginning}: {} bytes", bytes.len());
            assert!(decode(&bytes).is_err(), "{beginning}");
        }
        let deep =
            format!("{{\"key\": \"k\", \"bDeleted\": false, \"value\": {}{}}}", "[".repeat(950), "]".repeat(950));
        let deep = deep + &" ".repeat(1 << 20);
        assert!(decode(&read(deep.as_bytes(), 0)).is_ok(), "deeper than what is written here");
        assert_eq!(read(b"{", 100).len(), 101, "a small one is read at once");
    }
}
