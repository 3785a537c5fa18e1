use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::attributes::{Caller, HandleNo, InodeNo};
use super::error::{VfsError, VfsResult};
use super::listing::Listing;
use super::shelf::ShelfFile;
use super::text::Text;

/// An open file or directory.
pub(super) struct Handle {
    pub(super) inode: InodeNo,
    pub(super) file: OpenFile,
    pub(super) write: bool,
    pub(super) append: bool,
    /// The process that opened it, zero when it is not known; children that inherit a descriptor are others.
    pub(super) opener: Caller,
    /// The thread that wrote last, zero when it is not known.
    pub(super) writer: u32,
}

/// What a handle reads from.
pub(super) enum OpenFile {
    /// One text from begin to end, whatever happens to the key.
    Snapshot(Text),
    /// The bytes of the inode, a draft.
    Inode,
    /// A scratch file, unless it has become a draft meanwhile; or a refused text.
    OnShelf(Arc<ShelfFile>),
    /// What the poker has open: nothing.
    Poked,
    /// A directory, with its listing once it was read from its beginning.
    Directory { listing: Option<Arc<Listing>>, fills_cache: bool },
}

/// All open files and directories.
#[derive(Default)]
pub(super) struct Handles {
    handles: HashMap<HandleNo, Handle, RandomState>,
    last: u64,
}

impl Handles {
    pub(super) fn add(&mut self, handle: Handle) -> HandleNo {
        self.last += 1;
        let number = HandleNo(self.last);
        self.handles.insert(number, handle);
        number
    }

    pub(super) fn get(&self, number: HandleNo) -> VfsResult<&Handle> {
        self.handles.get(&number).ok_or(VfsError::BadHandle)
    }

    pub(super) fn set_opener(&mut self, number: HandleNo, opener: Caller) {
        if let Some(handle) = self.handles.get_mut(&number) {
            handle.opener = opener;
        }
    }

    pub(super) fn set_listing(&mut self, number: HandleNo, read: Arc<Listing>) {
        if let Some(Handle { file: OpenFile::Directory { listing, .. }, .. }) = self.handles.get_mut(&number) {
            *listing = Some(read);
        }
    }

    pub(super) fn set_writer(&mut self, number: HandleNo, thread: u32) {
        if let Some(handle) = self.handles.get_mut(&number) {
            handle.writer = thread;
        }
    }

    pub(super) fn remove(&mut self, number: HandleNo) -> VfsResult<Handle> {
        self.handles.remove(&number).ok_or(VfsError::BadHandle)
    }

    /// Those that are open.
    pub(super) fn numbers(&self) -> impl Iterator<Item = HandleNo> {
        self.handles.keys().copied()
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.handles.len()
    }

    /// The inodes that some handle can write.
    pub(super) fn writers(&self) -> impl Iterator<Item = InodeNo> {
        self.handles.values().filter(|handle| handle.write).map(|handle| handle.inode)
    }
}
