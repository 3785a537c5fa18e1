//! Files that are never keys: their inodes, and how names come and go.

use std::sync::{Arc, Weak};
use std::time::SystemTime;

use super::Vfs;
use super::attributes::{FileKind, HandleNo, InodeNo};
use super::draft::Draft;
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::{DraftInode, InodeKind};
use super::shelf::{Change, FileStat, Found, OnShelf, Shelf, ShelfFile, Staged};
use super::state::{FILE_BYTES, State};
use crate::record::Key;
use crate::view::FileName;

/// A file that is never a key.
pub(super) struct ScratchInode {
    /// Its name on the shelf, the last one when it has none any more.
    pub(super) name: FileName,
    pub(super) content: ScratchContent,
    /// Whether a name leads here.
    pub(super) linked: bool,
    /// The name became that of a key: who has the file open reads on, and nobody writes to it.
    pub(super) became_key: bool,
}

pub(super) enum ScratchContent {
    File { file: ScratchFile, mode: u16 },
    Symlink { target: Arc<[u8]>, modified: SystemTime },
}

/// The file in which the bytes are. It is open only while somebody uses it: there may be more files than descriptors.
pub(super) enum ScratchFile {
    /// It can be opened by its name.
    Named(Weak<ShelfFile>),
    /// It has no name on the shelf (any more).
    Held(Arc<ShelfFile>),
}

impl ScratchFile {
    fn new(shelf: &Shelf, file: &Arc<ShelfFile>) -> ScratchFile {
        if shelf.is_on_disk() { ScratchFile::Named(Arc::downgrade(file)) } else { ScratchFile::Held(Arc::clone(file)) }
    }

    /// The file, if it is open.
    fn open(&self) -> Option<Arc<ShelfFile>> {
        match self {
            ScratchFile::Named(file) => file.upgrade(),
            ScratchFile::Held(file) => Some(Arc::clone(file)),
        }
    }
}

impl ScratchInode {
    pub(super) fn kind(&self) -> FileKind {
        match self.content {
            ScratchContent::File { .. } => FileKind::Regular,
            ScratchContent::Symlink { .. } => FileKind::Symlink,
        }
    }

    /// Size, time of modification and permission bits.
    pub(super) fn stat(&self, shelf: &Shelf) -> VfsResult<FileStat> {
        match &self.content {
            ScratchContent::Symlink { target, modified } => {
                Ok(FileStat { size: target.len() as u64, modified: *modified, mode: 0o777 })
            }
            ScratchContent::File { file, mode } => {
                let found = match file.open() {
                    Some(file) => file.stat().on_shelf("look at", self.name.as_os_str())?,
                    None if self.linked => shelf.stat_scratch(&self.name)?.ok_or(VfsError::Stale)?,
                    None => return Err(VfsError::Stale),
                };
                Ok(FileStat { mode: *mode, ..found })
            }
        }
    }

    /// The open file, to change or to read it. Nobody opens a symbolic link, or what has become a key.
    pub(super) fn file(&mut self, shelf: &Shelf) -> VfsResult<Arc<ShelfFile>> {
        if self.became_key { Err(VfsError::Stale) } else { self.open_file(shelf) }
    }

    fn open_file(&mut self, shelf: &Shelf) -> VfsResult<Arc<ShelfFile>> {
        let ScratchContent::File { file, .. } = &mut self.content else { return Err(VfsError::Stale) };
        if let Some(open) = file.open() {
            return Ok(open);
        }
        if !self.linked {
            return Err(VfsError::Stale);
        }
        let open = Arc::new(shelf.open_scratch(&self.name)?);
        *file = ScratchFile::Named(Arc::downgrade(&open));
        Ok(open)
    }

    /// Sets the permission bits and the time of modification, on the shelf too.
    pub(super) fn set(&mut self, shelf: &Shelf, mode: Option<u16>, modified: Option<SystemTime>) -> VfsResult<()> {
        if mode.is_none() && modified.is_none() {
            return Ok(());
        }
        if let ScratchContent::Symlink { modified: shown, .. } = &mut self.content {
            if let Some(modified) = modified {
                if self.linked {
                    shelf.set_symlink_modified(&self.name, modified)?;
                }
                *shown = modified;
            }
            return Ok(());
        }
        let file = self.open_file(shelf)?;
        if let (Some(new), ScratchContent::File { mode, .. }) = (mode, &mut self.content) {
            file.set_mode(new & 0o777).on_shelf("set the mode of", self.name.as_os_str())?;
            *mode = new & 0o777;
        }
        if let Some(modified) = modified {
            file.set_modified(modified).on_shelf("set the time of", self.name.as_os_str())?;
        }
        Ok(())
    }

    /// Keeps the file open when its name is about to go: who was led to it can still use it.
    fn hold(&mut self, shelf: &Shelf) {
        // Without a descriptor it is gone like any file whose name is; that is no reason not to remove it.
        let open = self.open_file(shelf).ok();
        if let (Some(open), ScratchContent::File { file, .. }) = (open, &mut self.content) {
            *file = ScratchFile::Held(open);
        }
    }
}

impl State {
    /// Shows what earlier mounts have left. The name of a key is not one that leads to a scratch file.
    pub(super) fn add_found_scratch(&mut self) {
        for (name, found) in self.shelf.found_scratch() {
            if !name.is_scratch() {
                log::warn!("{name}: a scratch file with the name of a key; left alone");
                continue;
            }
            let content = match found {
                Found::File { mode } => ScratchContent::File { file: ScratchFile::Named(Weak::new()), mode },
                Found::Symlink { target, modified } => ScratchContent::Symlink { target: target.into(), modified },
            };
            self.add_scratch_inode(&name, content);
        }
    }

    fn add_scratch_inode(&mut self, name: &FileName, content: ScratchContent) -> InodeNo {
        let number = self.inodes.new_number();
        let scratch = ScratchInode { name: name.clone(), content, linked: true, became_key: false };
        self.inodes.add(number, InodeKind::Scratch(scratch));
        self.scratch.insert(name.clone(), number);
        number
    }

    /// A new, empty scratch file of a name that is free; open as long as the answer is held.
    pub(super) fn add_scratch(&mut self, name: &FileName, mode: u16) -> VfsResult<(InodeNo, Arc<ShelfFile>)> {
        let mode = mode & 0o777;
        let file = Arc::new(self.shelf.create_scratch(name, mode)?);
        let content = ScratchContent::File { file: ScratchFile::new(&self.shelf, &file), mode };
        Ok((self.add_scratch_inode(name, content), file))
    }

    /// A new symbolic link of a name that is free.
    pub(super) fn add_symlink(&mut self, name: &FileName, target: &[u8]) -> VfsResult<InodeNo> {
        self.shelf.symlink(name, target)?;
        let content = ScratchContent::Symlink { target: target.into(), modified: SystemTime::now() };
        Ok(self.add_scratch_inode(name, content))
    }

    /// Gives a staged text a name, in place of what has it.
    pub(super) fn add_staged(&mut self, name: &FileName, staged: Staged) -> VfsResult<()> {
        let mode = 0o644;
        self.hold_scratch(name);
        let file = self.shelf.replace(staged, name)?;
        self.forget_scratch(name);
        let content = ScratchContent::File { file: ScratchFile::new(&self.shelf, &Arc::new(file)), mode };
        self.add_scratch_inode(name, content);
        Ok(())
    }

    /// The scratch file of a name; one that somebody has taken away from the shelf is gone.
    pub(super) fn find_scratch(&mut self, name: &FileName) -> VfsResult<InodeNo> {
        let number = *self.scratch.get(name).ok_or(VfsError::NotFound)?;
        let gone = match self.inodes.get(number).map(|inode| &inode.kind) {
            Ok(InodeKind::Scratch(scratch)) => matches!(scratch.stat(&self.shelf), Err(VfsError::Stale)),
            _ => true,
        };
        if gone {
            self.forget_scratch(name);
            return Err(VfsError::NotFound);
        }
        Ok(number)
    }

    /// Removes a scratch file; its bytes live on with its handles.
    pub(super) fn remove_scratch(&mut self, name: &FileName) -> VfsResult<()> {
        if !self.scratch.contains_key(name) {
            return Err(VfsError::NotFound);
        }
        self.hold_scratch(name);
        self.shelf.unlink_scratch(name)?;
        self.forget_scratch(name);
        Ok(())
    }

    /// Gives a scratch file another name, in place of what has it.
    pub(super) fn move_scratch(&mut self, from: &FileName, to: &FileName) -> VfsResult<()> {
        self.hold_scratch(to);
        self.shelf.rename_scratch(from, to)?;
        self.forget_scratch(to);
        let number = self.scratch.remove(from).ok_or(VfsError::NotFound)?;
        self.scratch.insert(to.clone(), number);
        if let InodeKind::Scratch(scratch) = &mut self.inodes.get_mut(number)?.kind {
            scratch.name = to.clone();
        }
        Ok(())
    }

    fn hold_scratch(&mut self, name: &FileName) {
        let Some(number) = self.scratch.get(name) else { return };
        if let Ok(InodeKind::Scratch(scratch)) = self.inodes.get_mut(*number).map(|inode| &mut inode.kind) {
            scratch.hold(&self.shelf);
        }
    }

    /// Lets no name lead to a scratch file that is not on the shelf any more.
    fn forget_scratch(&mut self, name: &FileName) -> Option<InodeNo> {
        let number = self.scratch.remove(name)?;
        if let Ok(InodeKind::Scratch(scratch)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            scratch.linked = false;
        }
        self.inodes.drop_unused(number);
        Some(number)
    }

    /// Lets a scratch file with this text go for a key: what is still written to its handles is a draft of the key.
    pub(super) fn scratch_becomes_draft(&mut self, from: &FileName, text: &[u8], to: &FileName, key: &Key) {
        self.hold_scratch(from);
        if let Err(error) = self.shelf.unlink_scratch(from) {
            log::error!("{from} is a key now, and its scratch file stays: {error}");
        }
        let Some(number) = self.forget_scratch(from) else { return };
        let writers = self.handles.writers().filter(|&inode| inode == number).count();
        let Ok(inode) = self.inodes.get_mut(number) else { return };
        let InodeKind::Scratch(scratch) = &mut inode.kind else { return };
        scratch.became_key = true;
        if writers > 0 {
            let mut draft = Draft::of_text(text);
            draft.writers = u32::try_from(writers).unwrap_or(u32::MAX);
            let (name, key, modified) = (to.clone(), key.clone(), SystemTime::now());
            let draft = DraftInode { name, key, draft, modified, base: None, shown_inode: number, replaces: None };
            inode.kind = InodeKind::Draft(Box::new(draft));
        }
    }
}

/// What takes the disk for longer than the lock may be held.
impl<E: Engine> Vfs<E> {
    /// The scratch file that a handle is open on.
    pub(super) fn scratch_of(&self, handle: HandleNo) -> VfsResult<Option<Arc<ShelfFile>>> {
        let state = self.state.lock();
        let open = state.handles.get(handle)?;
        Ok(match (&open.file, &state.inodes.get(open.inode)?.kind) {
            (OpenFile::OnShelf(file), InodeKind::Scratch(_)) => Some(Arc::clone(file)),
            _ => None,
        })
    }

    /// Writes to a scratch file; none when the handle is not open on one.
    pub(super) fn write_scratch(&self, handle: HandleNo, offset: u64, bytes: &[u8]) -> VfsResult<Option<u32>> {
        while let Some(file) = self.scratch_of(handle)? {
            let open = |state: &State| state.handles.get(handle).map(|open| (open.write, open.append));
            let (write, append) = open(&self.state.lock())?;
            if !write {
                return Err(VfsError::BadHandle);
            }
            let offset = (!append).then_some(offset);
            match file.write_at(offset, bytes, FILE_BYTES).on_shelf("write", "a scratch file")? {
                Change::Done(written) => return Ok(u32::try_from(written).ok()),
                Change::TooLarge => return Err(VfsError::TooLarge),
                // It has become the draft of a key meanwhile.
                Change::Ended => {}
            }
        }
        Ok(None)
    }

    /// Cuts or lengthens a scratch file; false when the inode is none.
    pub(super) fn resize_scratch(&self, inode: InodeNo, size: u64) -> VfsResult<bool> {
        let file = match &mut self.state.lock().inodes.get_mut(inode)?.kind {
            InodeKind::Scratch(scratch) => scratch.file(&self.shelf)?,
            _ => return Ok(false),
        };
        if size > FILE_BYTES {
            return Err(VfsError::TooLarge);
        }
        Ok(file.resize(size).on_shelf("cut", "a scratch file")? != Change::Ended)
    }
}
