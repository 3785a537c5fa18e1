use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::Vfs;
use super::attributes::{InodeNo, RenameMode};
use super::convert::{Ready, Step};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::InodeKind;
use super::lookup::Target;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Renames a file; `mode` says what becomes of whatever has the new name.
    ///
    /// A scratch file that becomes a key is put, a key that becomes a scratch file is removed, and a key that becomes
    /// another key is put and then removed; a text that is not JSON stays where it is.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotFound`], [`VfsError::Exists`], [`VfsError::NotJson`] and [`VfsError::Blank`] for a scratch file
    /// that is no value, [`VfsError::ReadOnly`], [`VfsError::NotPermitted`] below `.keyfs`, [`VfsError::Name`],
    /// [`VfsError::Invalid`] for a symbolic link that is to become a key and for a key and a scratch file that are to be
    /// exchanged, [`VfsError::Shelf`], [`VfsError::Engine`].
    pub fn rename(
        &self,
        parent: InodeNo,
        name: &OsStr,
        new_parent: InodeNo,
        new_name: &OsStr,
        mode: RenameMode,
    ) -> VfsResult<()> {
        self.check_writable()?;
        let control = Self::is_control(name) || Self::is_control(new_name);
        if parent != InodeNo::ROOT || new_parent != InodeNo::ROOT || control {
            return Err(VfsError::NotPermitted);
        }
        self.settled(|| {
            self.synchronize()?;
            self.rename_in_steps(name, new_name, mode)
        })
    }

    fn rename_in_steps(&self, name: &OsStr, new_name: &OsStr, mode: RenameMode) -> VfsResult<()> {
        let mut ready = Ready::Nothing;
        loop {
            match self.try_rename(name, new_name, mode, ready) {
                Ok(Step::Done) => return Ok(()),
                Ok(step) => ready = self.make_ready(step)?,
                Err(error) => {
                    self.shelve_refused();
                    return Err(error);
                }
            }
        }
    }

    fn try_rename(&self, name: &OsStr, new_name: &OsStr, mode: RenameMode, ready: Ready) -> VfsResult<Step> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let from = self.target(state, name).map_err(|_| VfsError::NotFound)?;
        if !self.exists(state, &from) {
            return Err(VfsError::NotFound);
        }
        let to = self.target(state, new_name)?;
        match (mode, self.exists(state, &to)) {
            (RenameMode::NoReplace, true) => return Err(VfsError::Exists),
            (RenameMode::Exchange, false) => return Err(VfsError::NotFound),
            _ => {}
        }
        if name == new_name {
            return Ok(Step::Done);
        }
        let to = match to {
            // What is renamed to a key's name is put there, also when a file that looks temporary has it.
            Target::Scratch(name) => match state.temporaries.key_of(&name).cloned() {
                Some(key) => Target::Key(name, key),
                None => Target::Scratch(name),
            },
            other => other,
        };
        let step = match (from, to) {
            (from, to) if mode == RenameMode::Exchange => self.exchange(state, &from, &to).map(|()| Step::Done),
            (Target::Scratch(from), Target::Scratch(to)) => state.move_scratch(&from, &to).map(|()| Step::Done),
            (Target::Scratch(from), Target::Key(to, key)) => self.scratch_to_key(state, ready, &from, &to, &key),
            (Target::Key(from, key), Target::Scratch(to)) => self.key_to_scratch(state, ready, &from, &key, &to),
            (Target::Key(from, key), Target::Key(to, new_key)) => {
                self.key_to_key(state, &from, &key, &to, &new_key).map(|()| Step::Done)
            }
            (Target::Control, _) | (_, Target::Control) => Err(VfsError::NotPermitted),
        };
        let step = step?;
        if let Step::Done = step {
            // The kernel takes it that the inode of the one name now has the other.
            self.note_name(state, name);
            self.note_name(state, new_name);
            self.note_names(state);
        }
        Ok(step)
    }

    /// Whether there is something for a name to lead to.
    pub(super) fn exists(&self, state: &State, target: &Target) -> bool {
        match target {
            Target::Control => true,
            Target::Scratch(name) => state.scratch.contains_key(name),
            Target::Key(name, key) => self.live(state, key).is_some() || state.placeholders.contains_key(name),
        }
    }

    fn key_to_key(&self, state: &mut State, from: &FileName, key: &Key, to: &FileName, new: &Key) -> VfsResult<()> {
        let Some(live) = self.live(state, key) else {
            return self.placeholder_to_key(state, from, to, new);
        };
        self.put(state, to, new, &self.value(key, live.number)?)?;
        state.detach_drafts(to);
        if is_backup_name(from, to) {
            self.depart(state, from, key, live.number);
        } else {
            self.engine.remove(key)?;
        }
        state.remove_placeholder(from);
        state.drop_temporary(from);
        state.rename_drafts(from, to, new);
        Ok(())
    }

    /// A placeholder has no value to put: its file only changes its name, unless a value would be replaced.
    fn placeholder_to_key(&self, state: &mut State, from: &FileName, to: &FileName, new: &Key) -> VfsResult<()> {
        if self.live(state, new).is_some() {
            return Err(VfsError::Blank);
        }
        state.detach_drafts(to);
        state.drop_temporary(to);
        let inode = state.placeholders.remove(from).ok_or(VfsError::NotFound)?;
        if let InodeKind::Placeholder(placeholder) = &mut state.inodes.get_mut(inode)?.kind {
            placeholder.name = to.clone();
            placeholder.key = new.clone();
        }
        state.placeholders.insert(to.clone(), inode);
        state.rename_drafts(from, to, new);
        Ok(())
    }
}

/// Whether a key is renamed as `sed -i.bak` and `cp -b -S .bak` do before they make it again: to its own name and more.
fn is_backup_name(from: &FileName, to: &FileName) -> bool {
    let (from, to) = (from.as_os_str().as_bytes(), to.as_os_str().as_bytes());
    to.strip_prefix(from).is_some_and(|rest| rest.starts_with(b"."))
}
