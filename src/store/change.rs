use crate::record::{Key, RecordError, Timestamp};

/// The newest record of a key, as far as it has been seen; [`Store::value_of`](super::Store::value_of) gives the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number of the record.
    pub timestamp: Timestamp,
    /// Whether it has a value; a tombstone has none.
    pub is_live: bool,
    /// What [`OpenOptions::measure`](super::OpenOptions::measure) has measured of the value, if it was asked to.
    pub measure: Option<u64>,
}

/// What a synchronisation found out about a key: something that this store has not done itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key concerned.
    pub key: Key,
    /// What was known before; `None` when the key had no record.
    pub old: Option<Version>,
    /// What is known now; `None` when the key has no record any more, not even a tombstone.
    pub new: Option<Version>,
}

/// A file in `d/` that is named like a record and cannot be read as one.
///
/// It is left alone, tried again when it changes, and never deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// The number in its name.
    pub timestamp: Timestamp,
    /// Why it cannot be read.
    pub reason: UnreadableReason,
}

/// Why a file in `d/` cannot be read as a record.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableReason {
    /// The bytes are not a record.
    #[error(transparent)]
    NotARecord(#[from] RecordError),
    /// The name belongs to a link, directory, FIFO, socket or device.
    #[error("not a regular file")]
    NotAFile,
    /// The file has this many bytes, more than the limit.
    #[error("{0} bytes are more than the limit")]
    TooLarge(u64),
    /// The operating system refused; tried again at each synchronisation.
    #[error("{0}")]
    Io(String),
}

impl UnreadableReason {
    /// Whether the file may be readable the next time although it has not changed.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, UnreadableReason::Io(_))
    }
}
