use super::error::{VfsError, VfsResult};
use super::state::State;

/// The most that a mount holds beside the store. What would be more is refused before any memory is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one draft or scratch file; a record can have no more than 256 MiB.
    pub file_bytes: u64,
    /// Bytes of all drafts together, which are in memory.
    pub draft_bytes: u64,
    /// Bytes of all scratch files together, which are on disk.
    pub scratch_bytes: u64,
    /// Scratch files, and keys that were created and have no value yet.
    pub nameless_files: usize,
    /// Open files and directories.
    pub open_files: usize,
    /// Bytes of all refused texts together; the oldest go.
    pub rejected_bytes: u64,
    /// Refused texts; the oldest go.
    pub rejected_texts: usize,
}

impl Limits {
    /// The most bytes that one draft or scratch file can be allowed to have.
    pub const MOST_FILE_BYTES: u64 = 256 << 20;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_bytes: Limits::MOST_FILE_BYTES,
            draft_bytes: 1 << 30,
            scratch_bytes: 4 << 30,
            nameless_files: 10_000,
            open_files: 65_536,
            rejected_bytes: 64 << 20,
            rejected_texts: 100,
        }
    }
}

impl State {
    /// Whether there is room for one more file that is no key yet.
    pub(super) fn has_room(&self) -> bool {
        self.scratch.len() + self.placeholders.len() < self.limits.nameless_files
    }

    /// Fails when one more file or directory may not be open.
    pub(super) fn check_open_files(&self) -> VfsResult<()> {
        if self.handles.count() < self.limits.open_files { Ok(()) } else { Err(VfsError::TooManyOpen) }
    }
}
