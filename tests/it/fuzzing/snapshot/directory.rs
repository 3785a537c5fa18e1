//! A directory that a reader finds, and a snapshot beside it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyfs::record::{Record, decode};
use keyfs::store::Directory;
use keyfs::store::directory::{Contents, Identity, ListedRecord, Listing, Reading, Space, StagedRecord, Stamp, Watch};
use keyfs::{Key, Timestamp, Value};

/// The records: their numbers, inode numbers and bytes.
pub(super) const RECORDS: [(u128, u64, &[u8]); 9] = [
    (5, 50, br#"{"key": "good", "bDeleted": false, "value": 1}"#),
    (7, 70, br#"{"key": "\u00e9", "bDeleted": false, "value": {"a": [1, "x"]}}"#),
    (9, 90, br#"{"key": "good", "bDeleted": false, "value": 2}"#),
    (11, 110, br#"{"key": "gone", "bDeleted": false, "value": 3}"#),
    (12, 120, br#"{"key": "gone", "bDeleted": true, "value": null}"#),
    (13, 130, br#"{"key": "\ud800", "bDeleted": false, "value": {"a": 1, "a": 2}}"#),
    (14, 140, b"spoilt"),
    (15, 150, br#"{"key": "a/b", "bDeleted": true, "value": null}"#),
    (u128::MAX, 160, br#"{"key": "", "bDeleted": false, "value": "last"}"#),
];

/// What a record says; nothing when it is spoilt.
pub(super) fn truth(number: u128) -> Option<Record> {
    RECORDS.iter().find(|(known, ..)| *known == number).and_then(|(.., bytes)| decode(bytes).ok())
}

/// Whether some record says that a key has this value.
pub(super) fn is_of(key: &Key, value: &Value) -> bool {
    let says_so = |record: Record| record.key == *key && !record.deleted && record.value == *value;
    RECORDS.iter().any(|(.., bytes)| decode(bytes).is_ok_and(says_so))
}

/// The directory with these records; clones count together.
#[derive(Clone)]
pub(super) struct Present {
    snapshot: Option<Vec<u8>>,
    read: Arc<AtomicUsize>,
}

impl Present {
    pub(super) fn with(snapshot: Option<Vec<u8>>) -> Present {
        Present { snapshot, read: Arc::default() }
    }

    pub(super) fn records_read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }
}

fn identity(inode: u64, bytes: &[u8]) -> Identity {
    Identity { inode, size: bytes.len() as u64, changed: 0 }
}

fn find(timestamp: Timestamp) -> io::Result<(u64, &'static [u8])> {
    let found = RECORDS.into_iter().find(|(number, ..)| *number == timestamp.as_micros());
    found.map(|(_, inode, bytes)| (inode, bytes)).ok_or(io::ErrorKind::NotFound.into())
}

/// Nothing more than a reader needs.
impl Directory for Present {
    fn path(&self) -> &Path {
        Path::new("present/d")
    }

    fn stamp(&self) -> io::Result<Option<Stamp>> {
        Ok(Some(Stamp { modified: 0, identity: (1, 2), trusted: true }))
    }

    fn list(&self) -> io::Result<Listing> {
        let listed = |(number, inode, _)| {
            let timestamp = Timestamp::from_micros(number);
            ListedRecord { timestamp, inode, regular: true }
        };
        Ok(Listing { records: RECORDS.into_iter().map(listed).collect(), ..Listing::default() })
    }

    fn watch(&self) -> io::Result<Box<dyn Watch>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&self, timestamp: Timestamp, _limit: u64) -> io::Result<Reading> {
        let (inode, bytes) = find(timestamp)?;
        self.read.fetch_add(1, Ordering::Relaxed);
        Ok(Reading { identity: identity(inode, bytes), contents: Contents::Bytes(bytes.to_vec()) })
    }

    fn identify(&self, timestamp: Timestamp) -> io::Result<Identity> {
        find(timestamp).map(|(inode, bytes)| identity(inode, bytes))
    }

    fn create(&self) -> io::Result<Box<dyn StagedRecord>> {
        panic!("a reader writes")
    }

    fn unlink(&self, _timestamp: Timestamp) -> io::Result<()> {
        panic!("a reader unlinks")
    }

    fn sync_record(&self, _timestamp: Timestamp) -> io::Result<()> {
        panic!("a reader syncs")
    }

    fn sync(&self) -> io::Result<()> {
        panic!("a reader syncs")
    }

    fn sync_all(&self) -> io::Result<()> {
        panic!("a reader syncs")
    }

    fn space(&self) -> io::Result<Space> {
        Ok(Space::default())
    }

    fn read_snapshot(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.snapshot.clone())
    }
}
