use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::record::{Key, Timestamp};
use crate::store::change::UnreadableReason;

/// Something odd in a store: which name, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Oddity {
    /// The path below the store.
    pub path: PathBuf,
    /// What is odd.
    pub what: What,
}

/// What can be odd about a name in a store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// Not a name that a store uses: somebody else's.
    Foreign(FileKind),
    /// A name that a store uses, for something that it is not.
    WrongKind {
        /// What stands there.
        found: FileKind,
        /// What should.
        expected: FileKind,
    },
    /// A file that is named like a record and cannot be read as one.
    Unreadable(UnreadableReason),
    /// A record that is later than the clock.
    Future {
        /// Its key.
        key: Key,
        /// By how much.
        ahead: Duration,
    },
    /// A record that a newer one of its key has superseded for longer than writers need to unlink it.
    Superseded {
        /// Its key.
        key: Key,
        /// The newest record of the key.
        by: Timestamp,
    },
    /// A record that has further names, which are not the store's: who writes to it there changes it here.
    HardLinked {
        /// How many names it has in all.
        names: u64,
    },
    /// A record that not all can read who can look into `d/`: their programs ignore it.
    Private {
        /// Its permission bits.
        mode: u32,
    },
    /// What a put has left that did not come to its end.
    Temporary {
        /// For how long nobody has touched it.
        age: Duration,
    },
    /// A snapshot that was not written to its end.
    UnfinishedSnapshot {
        /// For how long nobody has touched it.
        age: Duration,
    },
    /// A snapshot that is damaged or of another version; it is not used.
    DamagedSnapshot,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FileKind {
    File,
    Directory,
    Link,
    Fifo,
    Socket,
    Device,
    Unknown,
}

impl What {
    /// One word for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            What::Foreign(_) => "foreign",
            What::WrongKind { .. } => "wrong-kind",
            What::Unreadable(_) => "unreadable",
            What::Future { .. } => "future",
            What::Superseded { .. } => "superseded",
            What::HardLinked { .. } => "hard-linked",
            What::Private { .. } => "private",
            What::Temporary { .. } => "temporary",
            What::UnfinishedSnapshot { .. } => "unfinished-snapshot",
            What::DamagedSnapshot => "damaged-snapshot",
        }
    }

    /// The key concerned, where one is known.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            What::Future { key, .. } | What::Superseded { key, .. } => Some(key),
            _ => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Foreign(kind) => write!(f, "{kind} with a name that no store uses; left alone"),
            What::WrongKind { found, expected } => write!(f, "{found} where {expected} belongs; left alone"),
            What::Unreadable(reason) => write!(f, "cannot be read as a record: {reason}"),
            What::Future { key, ahead } => {
                write!(
                    f,
                    "the record of {key} is {} s ahead of the clock; it counts until the next put",
                    ahead.as_secs()
                )
            }
            What::Superseded { key, by } => {
                write!(f, "the record of {key} was superseded by d/{by} and is still there")
            }
            What::HardLinked { names } => {
                write!(f, "has {names} names: who writes to it under another changes it here")
            }
            What::Private { mode } => write!(f, "mode {mode:04o}: some who can look into d/ cannot read it"),
            What::Temporary { age } => write!(f, "left by a put that did not come to its end, {} s ago", age.as_secs()),
            What::UnfinishedSnapshot { age } => write!(f, "a snapshot left unfinished, {} s ago", age.as_secs()),
            What::DamagedSnapshot => f.write_str("a snapshot that is damaged or of another version; it is not used"),
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::File => "a file",
            FileKind::Directory => "a directory",
            FileKind::Link => "a symbolic link",
            FileKind::Fifo => "a FIFO",
            FileKind::Socket => "a socket",
            FileKind::Device => "a device",
            FileKind::Unknown => "something unknown",
        })
    }
}
