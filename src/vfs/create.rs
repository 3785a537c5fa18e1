use std::ffi::OsStr;

use super::Vfs;
use super::attributes::{Attributes, Caller, InodeNo, OpenMode, Opened};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::lookup::Target;
use super::state::State;

impl<E: Engine> Vfs<E> {
    /// Creates a file and opens it; opens the one that is there unless `mode` wants a new one.
    ///
    /// A key begins as a placeholder that only this mount shows; it becomes a key with its first valid text.
    /// `permissions` are the bits that the program asked for, less its umask. Counts as one lookup of the inode.
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
        permissions: u16,
        mode: OpenMode,
    ) -> VfsResult<(Attributes, Opened)> {
        self.check_writable()?;
        if parent != InodeNo::ROOT {
            return Err(VfsError::NotPermitted);
        }
        self.engine.synchronize()?;
        let mut state = self.state.lock();
        let target = self.target(&mut state, name)?;
        if mode.exclusive && self.exists(&state, &target) {
            return Err(VfsError::Exists);
        }
        if let Target::Key(name, _) = &target {
            // A second try that found the key gone at its lookup ends here.
            state.retries.take(caller, name);
        }
        let existing = self.existing(&mut state, &target);
        let inode = match (existing, target) {
            (_, Target::Control) => return Err(VfsError::IsADirectory),
            (Some(inode), _) => inode,
            (None, _) if !state.has_room() => return Err(VfsError::NoRoom),
            (None, Target::Scratch(name)) => state.add_scratch(&name, Vec::new(), permissions & 0o777),
            (None, Target::Key(name, key)) => state.add_placeholder(&name, &key),
        };
        let opened = self.open_bytes(&mut state, inode, mode)?;
        state.inodes.looked_up(inode);
        Ok((self.attributes(&state, inode)?, opened))
    }

    /// What is there already to be opened for writing: a live key gives a draft of it.
    fn existing(&self, state: &mut State, target: &Target) -> Option<InodeNo> {
        match target {
            Target::Control => None,
            Target::Scratch(name) => state.scratch.get(name).copied(),
            Target::Key(name, key) => match self.engine.version(key) {
                Some(live) => Some(state.draft_of_version(name, key, &live)),
                None => state.placeholders.get(name).copied(),
            },
        }
    }
}
