//! The atomic listing of `d/`.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{self, FileType, Mode, OFlags, RawDir, RawDirEntry};

use crate::record::Timestamp;
use crate::store::directory::{ListedRecord, Listing};

/// The least buffer; memory is only touched where entries are written.
const LEAST_BUFFER_BYTES: usize = 8 << 20;

/// The most that is made of what a directory says of its own size.
const MOST_GUESSED_BYTES: usize = 1 << 30;

/// How much more an entry takes in a listing than in the size of a directory, at most: 40 bytes for a record, of 20 in tmpfs
/// and 24 in ext4. Each listing that was cut short is one too many.
const GROWTH: usize = 3;

/// The most bytes that one entry takes, and so what must be left over to prove that nothing was cut.
const ENTRY_BYTES: usize = 19 + 256 + 7;

/// What an entry with a name of 16 digits takes, as nearly all are.
const RECORD_ENTRY_BYTES: usize = 40;

/// The most foreign names that a listing keeps for the report.
const FOREIGN_EXAMPLES: usize = 100;

/// Lists the directory in one `getdents64`, growing the buffer until that is possible.
///
/// The kernel holds the directory's lock for the length of one call. With several calls a record replaced meanwhile can
/// be missed in both its old and its new name: seen in up to 31 % of listings of a busy directory.
pub(super) fn list(data: &OwnedFd, buffer_bytes: &AtomicUsize) -> io::Result<Listing> {
    let least = buffer_bytes.load(Ordering::Relaxed).max(LEAST_BUFFER_BYTES);
    // A directory keeps the size that it once had: the guess may be more than there is room for.
    let mut buffer = room(guessed_bytes(data)?.max(least)).or_else(|_| room(least))?;
    loop {
        // Opened anew, so that listings in several threads do not share a position.
        let directory = fs::openat(data, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let size = buffer.capacity();
        if let Some(listing) = list_into(&directory, &mut buffer)? {
            buffer_bytes.store(size, Ordering::Relaxed);
            return Ok(listing);
        }
        buffer = room(2 * size)?;
    }
}

/// An empty buffer for so many bytes.
fn room(bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(bytes)?;
    Ok(buffer)
}

/// What a listing takes, by the size that the directory says to have.
fn guessed_bytes(data: &OwnedFd) -> io::Result<usize> {
    let size = usize::try_from(fs::fstat(data)?.st_size).unwrap_or(0);
    Ok(size.saturating_mul(GROWTH).min(MOST_GUESSED_BYTES))
}

/// Lists with one buffer; `None` when the first call may have been cut short by its size.
fn list_into(directory: &OwnedFd, buffer: &mut Vec<u8>) -> io::Result<Option<Listing>> {
    let size = buffer.capacity();
    let mut listing = Listing::default();
    // At once, so that it need not grow in steps; what is not touched takes no memory.
    // Where that cannot be had, it grows all the same.
    let _ = listing.records.try_reserve(size / RECORD_ENTRY_BYTES);
    let mut entries = RawDir::new(directory, buffer.spare_capacity_mut());
    let mut used = 0;
    let mut first_call = true;
    // Later calls find only names that came after the first one, on a local file system; elsewhere, the rest.
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if first_call {
            used += (19 + entry.file_name().to_bytes().len() + 1).next_multiple_of(8);
        }
        add_entry(&mut listing, &entry);
        if entries.is_buffer_empty() && first_call {
            first_call = false;
            if used + ENTRY_BYTES > size {
                return Ok(None);
            }
        }
    }
    Ok(Some(listing))
}

fn add_entry(listing: &mut Listing, entry: &RawDirEntry<'_>) {
    let name = entry.file_name().to_bytes();
    match Timestamp::from_file_name(name) {
        Some(timestamp) => listing.records.push(ListedRecord {
            timestamp,
            inode: entry.ino(),
            regular: matches!(entry.file_type(), FileType::RegularFile | FileType::Unknown),
        }),
        None if name == b"." || name == b".." => {}
        None => {
            listing.foreign_names += 1;
            if listing.foreign_examples.len() < FOREIGN_EXAMPLES {
                listing.foreign_examples.push(OsStr::from_bytes(name).to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a million records each listing that is cut short takes hundreds of milliseconds.
    #[test]
    fn a_directory_is_listed_once_in_a_buffer_of_the_size_that_it_says_to_have() {
        let directory = tempfile::tempdir().unwrap();
        for number in 1_795_970_000_000_000..1_795_970_000_001_000_u64 {
            std::fs::write(directory.path().join(number.to_string()), "").unwrap();
        }
        let open = || fs::open(directory.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let listed =
            |bytes| list_into(&open(), &mut Vec::with_capacity(bytes)).unwrap().map(|listing| listing.records.len());
        assert_eq!(listed(20_000), None, "the first call is cut short");
        assert_eq!(listed(guessed_bytes(&open()).unwrap()), Some(1000));
        assert!(room(1 << 62).is_err(), "a guess that is too great is no panic");
    }
}
