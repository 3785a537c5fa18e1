use std::sync::Arc;

use super::Vfs;
use super::attributes::{Entry, FileKind, HandleNo, InodeNo, OpenMode};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::{ControlInode, InodeKind};
use super::open::add_handle;
use super::state::State;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Opens a directory, after taking in what others have done. The listing stays as it is at this moment.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotADirectory`], [`VfsError::Engine`].
    pub fn opendir(&self, inode: InodeNo) -> VfsResult<HandleNo> {
        self.engine.synchronize()?;
        let mut state = self.state.lock();
        let entries = match &state.inodes.get(inode)?.kind {
            InodeKind::Root => self.root_entries(&mut state),
            InodeKind::Control(ControlInode::Directory(directory)) => {
                let directory = *directory;
                let parent = if inode == super::inode::ControlDirectory::Root.inode() {
                    InodeNo::ROOT
                } else {
                    super::inode::ControlDirectory::Root.inode()
                };
                let mut entries = dots(inode, parent);
                entries.extend(self.control_entries(&state, directory));
                entries
            }
            _ => return Err(VfsError::NotADirectory),
        };
        let mode = OpenMode { read: true, ..OpenMode::default() };
        Ok(add_handle(&mut state, inode, OpenFile::Directory(entries.into()), mode))
    }

    /// Gives the entries from `offset` on to `sink`, each with the offset of the next one, until `sink` says it is full.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`].
    pub fn readdir(&self, handle: HandleNo, offset: u64, mut sink: impl FnMut(&Entry, u64) -> bool) -> VfsResult<()> {
        let entries = match &self.state.lock().handles.get(handle)?.file {
            OpenFile::Directory(entries) => Arc::clone(entries),
            OpenFile::Snapshot(_) | OpenFile::Inode => return Err(VfsError::BadHandle),
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(entries.len());
        for (index, entry) in entries.iter().enumerate().skip(start) {
            if sink(entry, index as u64 + 1) {
                break;
            }
        }
        Ok(())
    }

    /// Closes a directory.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`].
    pub fn releasedir(&self, handle: HandleNo) -> VfsResult<()> {
        let mut state = self.state.lock();
        let closed = state.handles.remove(handle)?;
        state.inodes.closed(closed.inode);
        Ok(())
    }

    /// The keys, the placeholders and the scratch files of this mount.
    fn root_entries(&self, state: &mut State) -> Vec<Entry> {
        let file = |inode, name: &FileName| Entry { inode, kind: FileKind::Regular, name: name.as_os_str().to_owned() };
        let keys = self.engine.list();
        let mut entries = dots(InodeNo::ROOT, InodeNo::ROOT);
        entries.reserve(keys.len());
        state.retain_slots(keys.len(), |key| self.engine.version(key).is_some());
        for (key, number) in &keys {
            let inode = state.slot(key, *number);
            entries.push(file(inode, &self.options.naming.name_of(key)));
        }
        let is_live = |inode: InodeNo| match state.inodes.get(inode).map(|inode| &inode.kind) {
            Ok(InodeKind::Draft(draft)) => self.engine.version(&draft.key).is_some(),
            _ => false,
        };
        for (name, &inode) in &state.placeholders {
            // Somebody else may have put the key meanwhile: then it is listed already.
            if !is_live(inode) {
                entries.push(file(inode, name));
            }
        }
        entries.extend(state.scratch.iter().map(|(name, &inode)| file(inode, name)));
        entries
    }
}

/// The entries that each directory begins with.
fn dots(inode: InodeNo, parent: InodeNo) -> Vec<Entry> {
    let directory = |inode, name: &str| Entry { inode, kind: FileKind::Directory, name: name.into() };
    vec![directory(inode, "."), directory(parent, "..")]
}
