use super::engine::EngineError;
use super::shelf::{ShelfError, TARGET_BYTES};
use crate::record::SyntaxError;
use crate::view::NameError;

/// Why an operation on the file system failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VfsError {
    /// Nothing has this name.
    #[error("no such file")]
    NotFound,
    /// Something has this name already.
    #[error("the file exists")]
    Exists,
    /// The mount is for reading only.
    #[error("the mount is for reading only")]
    ReadOnly,
    /// The text is not JSON that the store can hold.
    #[error("not JSON: {0}")]
    NotJson(#[from] SyntaxError),
    /// A blank text was to take the place of a value.
    #[error("a blank text is no value")]
    Blank,
    /// The name cannot be that of a file.
    #[error("{0}")]
    Name(#[from] NameError),
    /// The key's name is too long to create it here: the name holds only a hash of the key.
    #[error("a key with so long a name can be created with the command or the library only")]
    LongKey,
    /// The inode has been superseded: look up the name again.
    #[error("the inode was superseded")]
    Stale,
    /// A version that is needed has gone: what follows is known after a synchronisation.
    #[error("the value was superseded while it was read")]
    Superseded,
    /// The file system has no such thing: hard links, directories, devices.
    #[error("not possible on this file system")]
    NotPermitted,
    /// A directory was taken for a file.
    #[error("is a directory")]
    IsADirectory,
    /// A file was taken for a directory.
    #[error("not a directory")]
    NotADirectory,
    /// The handle is not open, or not open for this.
    #[error("the file is not open for this")]
    BadHandle,
    /// The file would become larger than it may be.
    #[error("the file would be too large")]
    TooLarge,
    /// The mount holds as much as it may beside the store.
    #[error("the mount holds as much as it may beside the store")]
    NoRoom,
    /// As many files are open as may be.
    #[error("too many open files")]
    TooManyOpen,
    /// The system has no memory for it.
    #[error("no memory left")]
    NoMemory,
    /// The arguments make no sense together.
    #[error("invalid argument")]
    Invalid,
    /// The target of a symbolic link is longer than it may be.
    #[error("the target is longer than {TARGET_BYTES} bytes")]
    TargetTooLong,
    /// A scratch file or a refused text could not be read or kept.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A panic, of which the log tells.
    #[error("a bug in keyfs")]
    Bug,
}

/// The result of an operation on the file system.
pub type VfsResult<T> = Result<T, VfsError>;

impl VfsError {
    /// The message, and below it, for a text that is not JSON, the line concerned with a caret under the spot.
    #[must_use]
    pub(super) fn explanation(&self) -> String {
        let mut explanation = format!("{self}\n");
        if let VfsError::NotJson(error) = self {
            explanation.push_str(error.caret_lines().unwrap_or_default());
        }
        explanation
    }

    /// The number that the system call answers.
    #[must_use]
    pub fn errno(&self) -> i32 {
        match self {
            VfsError::NotFound => libc::ENOENT,
            VfsError::Exists => libc::EEXIST,
            VfsError::ReadOnly => libc::EROFS,
            VfsError::NotJson(_) | VfsError::Blank | VfsError::LongKey | VfsError::Invalid => libc::EINVAL,
            VfsError::Name(NameError::NotUtf8) => libc::EILSEQ,
            VfsError::Name(NameError::TooLong) | VfsError::TargetTooLong => libc::ENAMETOOLONG,
            VfsError::Name(_) => libc::EINVAL,
            VfsError::Stale | VfsError::Superseded => libc::ESTALE,
            VfsError::NotPermitted => libc::EPERM,
            VfsError::IsADirectory => libc::EISDIR,
            VfsError::NotADirectory => libc::ENOTDIR,
            VfsError::BadHandle => libc::EBADF,
            VfsError::TooLarge => libc::EFBIG,
            VfsError::NoRoom => libc::ENOSPC,
            VfsError::TooManyOpen => libc::ENFILE,
            VfsError::NoMemory => libc::ENOMEM,
            VfsError::Shelf(error) => error.errno(),
            VfsError::Engine(error) => error.errno,
            VfsError::Bug => libc::EIO,
        }
    }
}
