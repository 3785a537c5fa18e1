use std::io;
use std::path::PathBuf;

use crate::record::{Key, Timestamp, ValueError};

use super::change::UnreadableReason;
use super::identifier::IdentifierError;

/// Why an operation on a store failed: what was done to which path or key, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store was opened without a writer identifier.
    #[error("the store is open for reading only")]
    ReadOnly,
    /// The value cannot be stored.
    #[error("not a value that can be stored: {0}")]
    Value(#[from] ValueError),
    /// The writer identifier is not one.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The record would be larger than a store reads back.
    #[error("the record of {key} would have {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The key concerned.
        key: Key,
        /// The size of the record in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A record of the key has the greatest number that there is, so that none can follow.
    #[error("no timestamp is left above {timestamp} for {key}")]
    NoTimestampLeft {
        /// The key concerned.
        key: Key,
        /// The number that cannot be exceeded.
        timestamp: Timestamp,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The path it was tried on.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The record of a live key was readable when it was listed, and is not any more.
    #[error("cannot read the record {}: {reason}", path.display())]
    Unreadable {
        /// The record's path.
        path: PathBuf,
        /// What is wrong with it.
        reason: UnreadableReason,
    },
    /// The record was published and may be seen by everybody, but is not known to be on disk.
    #[error("{key} was published as {}, but it is not known to be on disk: {source}", path.display())]
    NotDurable {
        /// The key concerned.
        key: Key,
        /// The record's path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Whether an error number says that something is wanting for the moment, and nothing of the file that was to be opened.
pub(crate) fn is_passing(errno: i32) -> bool {
    matches!(errno, libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EINTR)
}

/// The result of an operation on a store.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The error number of the operating system, where the operating system was the cause.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self {
            Error::Io { source, .. } | Error::NotDurable { source, .. } => source.raw_os_error(),
            Error::ReadOnly
            | Error::Value(_)
            | Error::Identifier(_)
            | Error::TooLarge { .. }
            | Error::Unreadable { .. }
            | Error::NoTimestampLeft { .. } => None,
        }
    }
}

/// Adds what was done to which path to an error of the operating system.
pub(crate) trait Context<T> {
    /// Makes an [`Error::Io`].
    fn context(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::Io { action, path: path.into(), source })
    }
}
