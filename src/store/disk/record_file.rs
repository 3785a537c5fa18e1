//! A record file that is open.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{self, FileType};
use rustix::io::Errno;

use super::identity;
use crate::store::directory::{Contents, Identity, OpenRecord};

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
            size => read_bytes(&self.file, size, limit),
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
