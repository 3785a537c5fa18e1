use std::ffi::OsStr;
use std::sync::Arc;

use super::Vfs;
use super::attributes::{Attributes, InodeNo};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::InodeKind;
use super::lookup::Target;
use super::scratch::ScratchContent;
use super::shelf::TARGET_BYTES;

impl<E: Engine> Vfs<E> {
    /// Makes a symbolic link, as editors do to lock a file. Counts as one lookup of the inode.
    ///
    /// Only a scratch file can be one: a key has a value. The target means nothing to the file system.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotPermitted`] for the name of a key and below `.keyfs`, [`VfsError::Exists`],
    /// [`VfsError::NotFound`] for an empty target, [`VfsError::TargetTooLong`], [`VfsError::ReadOnly`],
    /// [`VfsError::NoRoom`], [`VfsError::Name`], [`VfsError::Shelf`], [`VfsError::Engine`].
    pub fn symlink(&self, parent: InodeNo, name: &OsStr, target: &OsStr) -> VfsResult<Attributes> {
        self.check_writable()?;
        if parent != InodeNo::ROOT {
            return Err(VfsError::NotPermitted);
        }
        let target = target.as_encoded_bytes();
        match target.len() {
            0 => return Err(VfsError::NotFound),
            1..=TARGET_BYTES => {}
            _ => return Err(VfsError::TargetTooLong),
        }
        self.synchronize()?;
        let mut state = self.state.lock();
        let wanted = self.target(&mut state, name)?;
        if self.exists(&state, &wanted) {
            return Err(VfsError::Exists);
        }
        let Target::Scratch(name) = wanted else { return Err(VfsError::NotPermitted) };
        if !state.has_room() {
            return Err(VfsError::NoRoom);
        }
        let inode = state.add_symlink(&name, target)?;
        self.note_names(&mut state);
        state.inodes.looked_up(inode);
        self.attributes(&state, inode).inspect_err(|_| state.inodes.forget(inode, 1))
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    ///
    /// [`VfsError::Invalid`] when it is none, [`VfsError::Stale`].
    pub fn readlink(&self, inode: InodeNo) -> VfsResult<Arc<[u8]>> {
        match &self.state.lock().inodes.get(inode)?.kind {
            InodeKind::Scratch(scratch) => match &scratch.content {
                ScratchContent::Symlink { target, .. } => Ok(Arc::clone(target)),
                ScratchContent::File { .. } => Err(VfsError::Invalid),
            },
            _ => Err(VfsError::Invalid),
        }
    }
}
