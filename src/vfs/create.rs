use std::ffi::OsStr;
use std::sync::Arc;

use super::Vfs;
use super::attributes::{Attributes, Caller, InodeNo, OpenMode, Opened};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::InodeKind;
use super::lookup::Target;
use super::shelf::{ShelfFile, TEMPORARY};
use super::state::State;
use super::temporary::looks_temporary;
use crate::record::Key;
use crate::view::{FileName, Name};

impl<E: Engine> Vfs<E> {
    /// Creates a file and opens it; opens the one that is there unless `mode` wants a new one.
    ///
    /// A key begins as a placeholder, empty, that only this mount shows; it becomes a key with the first valid text. What
    /// is opened is a draft: nobody else sees what is being written.
    /// A new name that looks temporary is a scratch file for a moment. `asked` are the permission bits that the program
    /// asked for, `umask` those that it does not want. Counts as one lookup of the inode.
    ///
    /// # Errors
    ///
    /// [`VfsError::Exists`], [`VfsError::ReadOnly`], [`VfsError::Name`] for a name that nobody can have,
    /// [`VfsError::LongKey`], [`VfsError::NoRoom`], [`VfsError::NotPermitted`] below `.keyfs`, [`VfsError::Engine`].
    pub fn create(
        &self,
        caller: Caller,
        parent: InodeNo,
        name: &OsStr,
        asked: u16,
        umask: u16,
        mode: OpenMode,
    ) -> VfsResult<(Attributes, Opened)> {
        self.check_writable()?;
        if parent != InodeNo::ROOT {
            return Err(VfsError::NotPermitted);
        }
        if self.is_poker(caller) {
            let mut state = self.state.lock();
            let (inode, opened) = self.create_of_poker(&mut state, name)?;
            state.inodes.looked_up(inode);
            return Ok((self.entry_attributes(&state, inode)?, opened));
        }
        self.settled(|| {
            self.synchronize()?;
            self.create_in_root(caller, name, asked, umask, mode)
        })
    }

    fn create_in_root(
        &self,
        caller: Caller,
        name: &OsStr,
        asked: u16,
        umask: u16,
        mut mode: OpenMode,
    ) -> VfsResult<(Attributes, Opened)> {
        let permissions = asked & !umask & 0o777;
        let mut state = self.state.lock();
        state.check_open_files()?;
        let target = self.target(&mut state, name)?;
        if mode.exclusive && self.exists(&state, &target) {
            return Err(VfsError::Exists);
        }
        if let Target::Key(name, _) = &target {
            // A second try that found the key gone at its lookup ends here.
            state.retries.take(caller, name);
        }
        let (inode, new_file) = match target {
            Target::Control => return Err(VfsError::IsADirectory),
            Target::Scratch(name) => self.scratch_to_open(&mut state, &name, permissions)?,
            Target::Key(name, key) if self.is_temporary(&state, &name, &key, asked, mode) => {
                state.temporaries.add(&name, &key, None);
                self.scratch_to_open(&mut state, &name, permissions | TEMPORARY)
                    .inspect_err(|_| state.temporaries.remove(&name))?
            }
            Target::Key(name, key) => (self.draft_to_open(&mut state, &name, &key, mode)?, None),
        };
        // A new file is open as long as this is held, and empty.
        mode.truncate &= new_file.is_none();
        state.inodes.looked_up(inode);
        let opened = self.open_scratch(&mut state, caller, inode, mode);
        drop(new_file);
        let opened = opened.inspect_err(|_| state.inodes.forget(inode, 1))?;
        let attributes = self.attributes(&state, inode);
        drop(state);
        if attributes.is_err() {
            // The kernel is told of neither, and so would never let go of them.
            self.release(opened.handle)?;
            self.state.lock().inodes.forget(inode, 1);
        }
        Ok((attributes?, opened))
    }

    /// Whether this is a new name that looks temporary. One that was a key a moment ago is not new.
    fn is_temporary(&self, state: &State, name: &FileName, key: &Key, asked: u16, mode: OpenMode) -> bool {
        let is_new = self.engine.version(key).is_none()
            && !state.placeholders.contains_key(name)
            && !state.removed.contains(key);
        let naming = &self.options.naming;
        let is_live = |name: &str| match naming.parse(name.as_bytes()) {
            Ok(Name::Key(key)) => self.live(state, &key).is_some(),
            _ => false,
        };
        is_new && looks_temporary(name, asked, mode, is_live)
    }

    /// The scratch file of a name, and the open file if it had to be made.
    fn scratch_to_open(
        &self,
        state: &mut State,
        name: &FileName,
        permissions: u16,
    ) -> VfsResult<(InodeNo, Option<Arc<ShelfFile>>)> {
        if let Some(&inode) = state.scratch.get(name) {
            return Ok((inode, None));
        }
        if !state.has_room() {
            return Err(VfsError::NoRoom);
        }
        let (inode, file) = state.add_scratch(name, permissions)?;
        self.note_names(state);
        Ok((inode, Some(file)))
    }

    /// A draft for whoever creates a key, or opens one that has come in between: of its own, unless others who open the
    /// key for reading and writing are to share it.
    fn draft_to_open(&self, state: &mut State, name: &FileName, key: &Key, mode: OpenMode) -> VfsResult<InodeNo> {
        let live = self.live(state, key);
        let removed = match live {
            Some(_) => None,
            None => state.removed.take(key),
        };
        if live.is_none() && !state.placeholders.contains_key(name) {
            if !state.has_room() {
                return Err(VfsError::NoRoom);
            }
            state.add_placeholder(name, key);
            self.note_names(state);
        }
        let draft = match mode.is_in_place() && !mode.exclusive {
            true => self.shared_draft(state, name, key, live.as_ref()),
            false => self.new_draft(state, name, key, live.as_ref()),
        };
        let number = draft?;
        if let InodeKind::Draft(draft) = &mut state.inodes.get_mut(number)?.kind {
            draft.replaces = removed;
        }
        Ok(number)
    }
}
