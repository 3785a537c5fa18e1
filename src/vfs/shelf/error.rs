use std::ffi::OsStr;
use std::io;

/// Why something that is not in the store could not be kept or read: what was done to which file, and why it failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {name}: {source}")]
pub struct ShelfError {
    /// What was tried, such as `read`.
    pub action: &'static str,
    /// The name of the file.
    pub name: String,
    /// Why it failed.
    pub source: io::Error,
}

impl ShelfError {
    /// The number that the system call answers. A file that is gone from the disk is not a name that nobody has.
    #[must_use]
    pub fn errno(&self) -> i32 {
        match self.source.raw_os_error() {
            Some(libc::ENOENT) => libc::ESTALE,
            Some(number) => number,
            None if self.source.kind() == io::ErrorKind::OutOfMemory => libc::ENOMEM,
            None => libc::EIO,
        }
    }
}

/// Adds what was done to which file to an error of the operating system.
pub(in crate::vfs) trait OnShelf<T> {
    /// Makes a [`ShelfError`].
    fn on_shelf(self, action: &'static str, name: impl AsRef<OsStr>) -> Result<T, ShelfError>;
}

impl<T> OnShelf<T> for io::Result<T> {
    fn on_shelf(self, action: &'static str, name: impl AsRef<OsStr>) -> Result<T, ShelfError> {
        let name = || name.as_ref().to_string_lossy().into_owned();
        self.map_err(|source| ShelfError { action, name: name(), source })
    }
}
