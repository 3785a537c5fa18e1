//! Files that are never keys: their inodes, and how names come and go.

use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use super::attributes::{FileKind, InodeNo};
use super::draft::Draft;
use super::error::{VfsError, VfsResult};
use super::inode::{DraftInode, InodeKind};
use super::shelf::{FileStat, Found, OnShelf, Shelf, ShelfFile, Staged};
use super::state::State;
use crate::record::Key;
use crate::view::{FileName, Name, Naming};

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
                let size = target.len() as u64;
                Ok(FileStat { size, taken: size, modified: *modified, mode: 0o777 })
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
}

impl State {
    /// Shows what earlier mounts have left. What only looked temporary is published in a moment.
    pub(super) fn add_found_scratch(&mut self, naming: &Naming) {
        for (name, found) in self.shelf.found_scratch() {
            let name = match (naming.parse(name.as_bytes()), &found) {
                (Ok(Name::Scratch(name)), _) => name,
                (Ok(Name::Key(key)), Found::File { temporary: true, .. }) => {
                    let name = naming.name_of(&key);
                    self.temporaries.add(&name, &key, Some(Instant::now()));
                    name
                }
                _ => {
                    log::warn!("{}: not the name of a scratch file; left alone", name.display());
                    continue;
                }
            };
            let content = match found {
                Found::File { mode, .. } => ScratchContent::File { file: ScratchFile::Named(Weak::new()), mode },
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
        let file = Arc::new(self.shelf.create_scratch(name, mode)?);
        let content = ScratchContent::File { file: ScratchFile::new(&self.shelf, &file), mode: mode & 0o777 };
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
        let open = self.open_scratch(name);
        let file = self.shelf.replace(staged, name)?;
        self.forget_scratch(name, open);
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
            self.forget_scratch(name, None);
            return Err(VfsError::NotFound);
        }
        Ok(number)
    }

    /// Removes a scratch file; its bytes live on with its handles.
    pub(super) fn remove_scratch(&mut self, name: &FileName) -> VfsResult<()> {
        if !self.scratch.contains_key(name) {
            return Err(VfsError::NotFound);
        }
        let open = self.open_scratch(name);
        self.shelf.unlink_scratch(name)?;
        self.forget_scratch(name, open);
        Ok(())
    }

    /// Removes the file that only looks temporary when its name becomes that of a key, or ceases to be one: it must not
    /// come back when the key goes.
    pub(super) fn drop_temporary(&mut self, name: &FileName) {
        if self.temporaries.contains(name)
            && let Err(error) = self.remove_scratch(name)
        {
            log::error!("{name}: the scratch file of the same name stays: {error}");
        }
    }

    /// Gives a scratch file another name, in place of what has it.
    pub(super) fn move_scratch(&mut self, from: &FileName, to: &FileName) -> VfsResult<()> {
        let open = self.open_scratch(to);
        self.shelf.rename_scratch(from, to)?;
        self.forget_scratch(to, open);
        self.temporaries.remove(from);
        let number = self.scratch.remove(from).ok_or(VfsError::NotFound)?;
        self.scratch.insert(to.clone(), number);
        if let InodeKind::Scratch(scratch) = &mut self.inodes.get_mut(number)?.kind {
            scratch.name = to.clone();
        }
        Ok(())
    }

    /// The file of a name that is about to go, so that who was led to it can still use it.
    ///
    /// None when it cannot be opened: then it is gone like the name, which is no reason not to remove it.
    fn open_scratch(&mut self, name: &FileName) -> Option<Arc<ShelfFile>> {
        let number = *self.scratch.get(name)?;
        let InodeKind::Scratch(scratch) = &mut self.inodes.get_mut(number).ok()?.kind else { return None };
        scratch.open_file(&self.shelf).ok()
    }

    /// Lets no name lead to a scratch file that is not on the shelf any more.
    fn forget_scratch(&mut self, name: &FileName, open: Option<Arc<ShelfFile>>) -> Option<InodeNo> {
        self.temporaries.remove(name);
        let number = self.scratch.remove(name)?;
        if let Ok(InodeKind::Scratch(scratch)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            scratch.linked = false;
            if let (Some(open), ScratchContent::File { file, .. }) = (open, &mut scratch.content) {
                *file = ScratchFile::Held(open);
            }
        }
        self.inodes.drop_unused(number);
        Some(number)
    }

    /// Lets a scratch file with this text go for a key: what is still written to its handles is a draft of the key.
    pub(super) fn scratch_becomes_draft(&mut self, from: &FileName, text: &[u8], to: &FileName, key: &Key) {
        let open = self.open_scratch(from);
        let (stays, temporary) = (self.shelf.unlink_scratch(from), self.temporaries.key_of(from).cloned());
        let Some(number) = self.forget_scratch(from, open) else { return };
        if let Err(error) = stays {
            log::error!("{from} is a key now, and its scratch file stays: {error}");
            // So that it can be seen, saved again, and removed: it is there all the same.
            self.add_scratch_inode(from, ScratchContent::File { file: ScratchFile::Named(Weak::new()), mode: 0o644 });
            if let Some(key) = temporary {
                self.temporaries.add(from, &key, None);
            }
        }
        let writers = self.handles.writers().filter(|&inode| inode == number).count();
        let Ok(inode) = self.inodes.get_mut(number) else { return };
        let InodeKind::Scratch(scratch) = &mut inode.kind else { return };
        scratch.became_key = true;
        scratch.name = to.clone();
        if writers > 0 {
            let mut draft = Draft::of_text(text.to_vec());
            draft.count_in(&self.draft_bytes);
            draft.writers = u32::try_from(writers).unwrap_or(u32::MAX);
            let (name, key, modified) = (to.clone(), key.clone(), SystemTime::now());
            let (unopened, base, replaces) = (None, None, None);
            let draft = DraftInode { name, key, draft, unopened, modified, base, shown_inode: number, replaces };
            inode.kind = InodeKind::Draft(Box::new(draft));
        }
    }
}
