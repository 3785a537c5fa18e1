use super::Vfs;
use super::attributes::{Caller, HandleNo, InodeNo, OpenMode, Opened};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::{Handle, OpenFile};
use super::inode::{ControlInode, Draft, InodeKind};
use super::retry::Wanted;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Opens a file, after taking in what others have done.
    ///
    /// A handle for reading keeps one text from begin to end. A key opened for writing only, or emptied, is answered
    /// [`VfsError::Stale`] once: the lookup that the kernel then repeats for the same thread gives it a draft with an
    /// inode of its own, so that nobody else sees the unfinished text. Opened for reading and writing, a key is changed
    /// in place.
    ///
    /// # Errors
    ///
    /// [`VfsError::Stale`] also when the inode was superseded: look up the name again. [`VfsError::IsADirectory`],
    /// [`VfsError::ReadOnly`], [`VfsError::Engine`].
    pub fn open(&self, caller: Caller, inode: InodeNo, mode: OpenMode) -> VfsResult<Opened> {
        if mode.write {
            self.check_writable()?;
        }
        self.engine.synchronize()?;
        let mut state = self.state.lock();
        let (name, key) = match &state.inodes.get(inode)?.kind {
            InodeKind::Root | InodeKind::Control(ControlInode::Directory(_)) => return Err(VfsError::IsADirectory),
            InodeKind::Control(ControlInode::File { text, .. }) => {
                let file = OpenFile::Snapshot(text.clone());
                let handle = add_handle(&mut state, inode, file, OpenMode { write: false, ..mode });
                // What stands there changes under the same inode only when the kernel has forgotten it.
                return Ok(Opened { handle, keep_cache: false, direct: true, no_flush: true });
            }
            InodeKind::Draft(draft) => {
                let name = draft.name.clone();
                // The second try ends here: what this thread looks up next is not for it.
                state.retries.take(caller, &name);
                return self.open_bytes(&mut state, inode, mode);
            }
            InodeKind::Scratch(_) => return self.open_bytes(&mut state, inode, mode),
            InodeKind::Version(version) => (version.name.clone(), version.key.clone()),
        };
        if mode.write {
            self.open_for_change(&mut state, caller, inode, mode, &name, &key)
        } else {
            self.open_for_reading(&mut state, caller, inode, &name, &key)
        }
    }

    /// Opens a draft or a scratch file, whose bytes all its handles share.
    pub(super) fn open_bytes(&self, state: &mut State, inode: InodeNo, mode: OpenMode) -> VfsResult<Opened> {
        match &mut state.inodes.get_mut(inode)?.kind {
            InodeKind::Draft(draft) => {
                if mode.truncate {
                    draft.draft.clear();
                }
                draft.draft.writers += u32::from(mode.write);
            }
            InodeKind::Scratch(scratch) if mode.truncate => scratch.bytes.clear(),
            _ => {}
        }
        let handle = add_handle(state, inode, OpenFile::Inode, mode);
        Ok(Opened { handle, keep_cache: false, direct: false, no_flush: !mode.write })
    }

    fn open_for_reading(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        name: &FileName,
        key: &Key,
    ) -> VfsResult<Opened> {
        self.check_current(state, caller, inode, name, key)?;
        let InodeKind::Version(version) = &mut state.inodes.get_mut(inode)?.kind else {
            return Err(VfsError::Stale);
        };
        // When somebody changes the key in place, the kernel's pages are his; others get the last value past them.
        let direct = version.in_place.is_some() || version.spoiled;
        let file = OpenFile::Snapshot(version.text());
        let mode = OpenMode { read: true, ..OpenMode::default() };
        let handle = add_handle(state, inode, file, mode);
        Ok(Opened { handle, keep_cache: !direct, direct, no_flush: true })
    }

    fn open_for_change(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        mode: OpenMode,
        name: &FileName,
        key: &Key,
    ) -> VfsResult<Opened> {
        if mode.truncate || !mode.read {
            let second_try = matches!(state.retries.take(caller, name), Some((Wanted::Draft, _)));
            // The second try without a lookup in between (through /proc/self/fd), or a thread that cannot be told
            // from others: then in place, which loses nothing.
            if !second_try && caller.thread != 0 {
                state.retries.expect(caller, name, Wanted::Draft);
                return Err(VfsError::Stale);
            }
        } else {
            self.check_current(state, caller, inode, name, key)?;
        }
        let InodeKind::Version(version) = &mut state.inodes.get_mut(inode)?.kind else {
            return Err(VfsError::Stale);
        };
        let text = version.text();
        let draft = version.in_place.get_or_insert_with(|| Draft::of_text(&text));
        if mode.truncate {
            draft.clear();
            version.spoiled = true;
        }
        draft.writers += 1;
        let handle = add_handle(state, inode, OpenFile::Inode, mode);
        Ok(Opened { handle, keep_cache: false, direct: false, no_flush: false })
    }

    /// Checks that an inode is the newest version of its key, or the one that this very open looked up.
    ///
    /// What was changed in place is left for a fresh inode with pages of its own, but for those who were led to it.
    fn check_current(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        name: &FileName,
        key: &Key,
    ) -> VfsResult<()> {
        let InodeKind::Version(version) = &state.inodes.get(inode)?.kind else { return Err(VfsError::Stale) };
        let newest = self.engine.version(key).is_some_and(|live| live.number == version.number);
        let current = newest && !version.is_spoiled();
        let looked_up = state.retries.take(caller, name).and_then(|(_, answered)| answered);
        if current || looked_up == Some(inode) {
            return Ok(());
        }
        state.retries.expect(caller, name, Wanted::Read);
        Err(VfsError::Stale)
    }
}

/// Notes an open file.
pub(super) fn add_handle(state: &mut State, inode: InodeNo, file: OpenFile, mode: OpenMode) -> HandleNo {
    state.inodes.opened(inode);
    state.handles.add(Handle { inode, file, write: mode.write, append: mode.append })
}
