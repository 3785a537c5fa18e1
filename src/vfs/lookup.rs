use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::attributes::{Attributes, Caller, InodeNo, Kept};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::{ControlDirectory, ControlInode, InodeKind};
use super::retry::Wanted;
use super::state::State;
use super::{CONTROL_NAME, Vfs};
use crate::record::Key;
use crate::view::{FileName, Name, NameError};

/// What a name in the root directory stands for, checked.
pub(super) enum Target {
    Key(FileName, Key),
    Scratch(FileName),
    /// The control directory.
    Control,
}

impl<E: Engine> Vfs<E> {
    /// Finds what has a name, after taking in what others have done. Counts as one lookup of the inode.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotFound`]; [`VfsError::NotADirectory`] when the parent is none; [`VfsError::Engine`].
    pub fn lookup(&self, caller: Caller, parent: InodeNo, name: &OsStr) -> VfsResult<Attributes> {
        if parent != InodeNo::ROOT {
            return self.lookup_control(parent, name);
        }
        if self.is_poker(caller) {
            let mut state = self.state.lock();
            let inode = self.lookup_of_poker(&mut state, name)?;
            state.inodes.looked_up(inode);
            // Only for the poker: the next who looks the name up is to ask.
            return Ok(Attributes { kept: Kept::Nothing, ..self.attributes(&state, inode)? });
        }
        self.settled(|| {
            if name != CONTROL_NAME {
                self.synchronize()?;
            }
            self.lookup_in_root(caller, name)
        })
    }

    fn lookup_in_root(&self, caller: Caller, name: &OsStr) -> VfsResult<Attributes> {
        let mut state = self.state.lock();
        let inode = match self.target(&mut state, name) {
            Ok(Target::Control) => ControlDirectory::Root.inode(),
            Ok(Target::Scratch(name)) => state.find_scratch(&name)?,
            Ok(Target::Key(name, key)) => {
                let inode = self.lookup_key(&mut state, caller, &name, &key)?;
                state.retries.answered(caller, &name, inode);
                inode
            }
            Err(VfsError::Name(NameError::TooLong)) => return Err(NameError::TooLong.into()),
            // A name that nothing can have.
            Err(VfsError::Name(_) | VfsError::LongKey) => return Err(VfsError::NotFound),
            Err(other) => return Err(other),
        };
        state.inodes.looked_up(inode);
        // Of what it is not told the kernel would never let go.
        self.entry_attributes(&state, inode).inspect_err(|_| state.inodes.forget(inode, 1))
    }

    /// The attributes of what a name leads to, and whether the kernel may keep them and the name.
    pub(super) fn entry_attributes(&self, state: &State, inode: InodeNo) -> VfsResult<Attributes> {
        let attributes = self.attributes(state, inode)?;
        let may_be_kept = match &state.inodes.get(inode)?.kind {
            InodeKind::Version(version) => state.retries.may_be_kept(&version.name),
            _ => true,
        };
        let kept = if may_be_kept { attributes.kept } else { Kept::Nothing };
        Ok(Attributes { kept, ..attributes })
    }

    /// Checks a name in the root directory.
    ///
    /// [`VfsError::LongKey`] for the name of a long key that does not exist.
    pub(super) fn target(&self, state: &mut State, name: &OsStr) -> VfsResult<Target> {
        if name == CONTROL_NAME {
            return Ok(Target::Control);
        }
        match self.options.naming.parse(name.as_bytes())? {
            Name::Key(key) => {
                let name = self.options.naming.name_of(&key);
                // What others put under the name is never hidden by a file of this mount.
                let temporary = state.temporaries.contains(&name) && self.live(state, &key).is_none();
                Ok(if temporary { Target::Scratch(name) } else { Target::Key(name, key) })
            }
            Name::Scratch(name) => Ok(Target::Scratch(name)),
            Name::LongKey(name) => {
                let key = self.long_key(state, &name).ok_or(VfsError::LongKey)?;
                Ok(Target::Key(name, key))
            }
        }
    }

    /// The key whose name holds only its hash, found among the live keys.
    fn long_key(&self, state: &mut State, name: &FileName) -> Option<Key> {
        let known = state.long_keys.get(name).cloned();
        if known.as_ref().is_some_and(|key| self.engine.version(key).is_some()) {
            return known;
        }
        state.long_keys.clear();
        for (key, _) in self.engine.list() {
            if self.options.naming.may_be_long(&key) {
                state.long_keys.insert(self.options.naming.name_of(&key), key);
            }
        }
        state.long_keys.get(name).cloned()
    }

    fn lookup_key(&self, state: &mut State, caller: Caller, name: &FileName, key: &Key) -> VfsResult<InodeNo> {
        let live = self.live(state, key);
        let retry = state.retries.at_lookup(caller, name);
        let draft = match retry {
            // The kernel looks up twice, and both answers must be the same draft.
            Some((Wanted::Draft | Wanted::Emptied, Some(answered))) if state.inodes.contains(answered) => {
                return Ok(answered);
            }
            Some((Wanted::Draft, _)) => self.new_draft(state, name, key, live.as_ref()),
            Some((Wanted::Emptied, _)) => self.emptied_draft(state, name, key, live.as_ref()),
            Some((Wanted::Shared, _)) => self.shared_draft(state, name, key, live.as_ref()),
            Some((Wanted::Read, _)) | None => Err(VfsError::Stale),
        };
        match (draft, &live) {
            (Err(VfsError::Stale), Some(live)) => {
                let inode = self.version_inode(state, name, key, live)?;
                match self.hold_for_retries(state, inode) {
                    // It is not this caller who waits for it.
                    Err(VfsError::Engine(_)) if retry.is_none() => {}
                    held => held?,
                }
                Ok(inode)
            }
            (Err(VfsError::Stale), None) => match state.placeholders.get(name) {
                Some(&placeholder) => Ok(placeholder),
                None => {
                    state.retries.found_nothing(caller, name);
                    Err(VfsError::NotFound)
                }
            },
            (draft, _) => draft,
        }
    }

    /// Finds what has a name below the control directory.
    fn lookup_control(&self, parent: InodeNo, name: &OsStr) -> VfsResult<Attributes> {
        let report = self.report_for(parent, name);
        let mut state = self.state.lock();
        let InodeKind::Control(ControlInode::Directory(directory)) = state.inodes.get(parent)?.kind else {
            return Err(VfsError::NotADirectory);
        };
        let inode = self.control_inode(&mut state, directory, name, report)?;
        state.inodes.looked_up(inode);
        self.attributes(&state, inode).inspect_err(|_| state.inodes.forget(inode, 1))
    }
}
