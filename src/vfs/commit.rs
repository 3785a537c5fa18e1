use std::ffi::OsString;
use std::time::SystemTime;

use super::Vfs;
use super::attributes::{HandleNo, InodeNo};
use super::engine::{Engine, VersionNumber};
use super::error::{VfsError, VfsResult};
use super::inode::{Draft, InodeKind};
use super::state::State;
use crate::record::{Key, Value};
use crate::view::{FileName, parse_file_text};

impl<E: Engine> Vfs<E> {
    /// Saves what a handle has written, as closing a descriptor does; may be called many times for one handle.
    ///
    /// A blank text changes nothing: a shell closes a descriptor of the file before it writes.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotJson`]: the text stays, and the value too. [`VfsError::Engine`].
    pub fn flush(&self, handle: HandleNo) -> VfsResult<()> {
        let mut state = self.state.lock();
        let open = state.handles.get(handle)?;
        if !open.write {
            return Ok(());
        }
        let inode = open.inode;
        let saved = self.commit(&mut state, inode);
        if let Err(error @ VfsError::NotJson(_)) = &saved {
            // Now, not at the release: that comes when the program has already been told.
            keep_refused(&mut state, inode, error);
        }
        saved
    }

    /// Saves what a handle has written and waits until it is safe from a loss of power.
    ///
    /// # Errors
    ///
    /// Those of [`Vfs::flush`].
    pub fn fsync(&self, handle: HandleNo) -> VfsResult<()> {
        self.flush(handle)?;
        let key = {
            let state = self.state.lock();
            match &state.inodes.get(state.handles.get(handle)?.inode)?.kind {
                InodeKind::Draft(draft) => draft.key.clone(),
                InodeKind::Version(version) => version.key.clone(),
                InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => return Ok(()),
            }
        };
        Ok(self.engine.make_durable(&key)?)
    }

    /// Waits until all that was saved is safe from a loss of power, as fsync of the directory does.
    ///
    /// # Errors
    ///
    /// [`VfsError::Engine`].
    pub fn make_all_durable(&self) -> VfsResult<()> {
        Ok(self.engine.make_all_durable()?)
    }

    /// Closes a handle. The last writer of a draft saves it, or has its text refused and kept for the person to see.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`]; a refused text is no error here, because nobody would hear of it.
    pub fn release(&self, handle: HandleNo) -> VfsResult<()> {
        let mut state = self.state.lock();
        let closed = state.handles.remove(handle)?;
        if closed.write && self.is_last_writer(&mut state, closed.inode) {
            if let Err(error) = self.commit(&mut state, closed.inode) {
                self.reject(&mut state, closed.inode, &error);
            }
            end_change_in_place(&mut state, closed.inode);
        }
        state.inodes.closed(closed.inode);
        Ok(())
    }

    /// Counts a writer out; true for the last one of a draft.
    fn is_last_writer(&self, state: &mut State, inode: InodeNo) -> bool {
        let Ok(inode) = state.inodes.get_mut(inode) else { return false };
        let Some(draft) = draft_of(&mut inode.kind) else { return false };
        draft.writers = draft.writers.saturating_sub(1);
        draft.writers == 0
    }

    /// Puts a draft that has changed as the value of its key.
    pub(super) fn commit(&self, state: &mut State, number: InodeNo) -> VfsResult<()> {
        let inode = state.inodes.get_mut(number)?;
        let (name, key) = match &inode.kind {
            InodeKind::Draft(draft) => (draft.name.clone(), draft.key.clone()),
            InodeKind::Version(version) => (version.name.clone(), version.key.clone()),
            InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => return Ok(()),
        };
        let Some(draft) = draft_of(&mut inode.kind) else { return Ok(()) };
        if !draft.dirty || draft.detached {
            return Ok(());
        }
        let Some(value) = parse_file_text(&draft.bytes)? else { return Ok(()) };
        let version = self.engine.put(&key, &value)?;
        draft.dirty = false;
        self.committed(state, number, &name, &key, version, value);
        Ok(())
    }

    /// Lets the name of a key that was put lead to the new version.
    fn committed(
        &self,
        state: &mut State,
        number: InodeNo,
        name: &FileName,
        key: &Key,
        version: VersionNumber,
        value: Value,
    ) {
        state.rejected.remove(name.as_os_str());
        state.remove_placeholder(name);
        let modified = self.engine.version(key).map_or_else(SystemTime::now, |live| live.modified);
        let in_place = match state.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            Ok(InodeKind::Version(changed)) => {
                changed.becomes(version, modified, value);
                true
            }
            _ => false,
        };
        if in_place {
            // Others that wait for a lock on this very inode must find the new version in it.
            state.set_slot(key, version, number);
        }
    }

    /// Drops a draft whose text was refused, and keeps the text for the person to see.
    pub(super) fn reject(&self, state: &mut State, number: InodeNo, error: &VfsError) {
        let Some(name) = keep_refused(state, number, error) else { return };
        log::warn!("{name}: the text was refused: {error}; it is kept as {}/rejected/{name}", super::CONTROL_NAME);
        if let Some(draft) = state.inodes.get_mut(number).ok().and_then(|inode| draft_of(&mut inode.kind)) {
            draft.bytes = Vec::new();
            draft.dirty = false;
        }
        state.remove_placeholder(&name);
    }
}

/// Keeps the text of a draft for the person to see, and returns the name under which it is kept.
pub(super) fn keep_refused(state: &mut State, number: InodeNo, error: &VfsError) -> Option<FileName> {
    let inode = state.inodes.get_mut(number).ok()?;
    let name = match &inode.kind {
        InodeKind::Draft(draft) => draft.name.clone(),
        InodeKind::Version(version) => version.name.clone(),
        InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => return None,
    };
    let draft = draft_of(&mut inode.kind)?;
    if !draft.refused {
        draft.refused = true;
        state.rejected.add(OsString::from(name.as_os_str()), draft.bytes.clone(), error.to_string());
    }
    Some(name)
}

/// The draft of an inode that has one.
fn draft_of(kind: &mut InodeKind) -> Option<&mut Draft> {
    match kind {
        InodeKind::Draft(draft) => Some(&mut draft.draft),
        InodeKind::Version(version) => version.in_place.as_mut(),
        InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => None,
    }
}

/// When the last handle that could change a version in place is closed, the next lookup finds a fresh inode.
fn end_change_in_place(state: &mut State, number: InodeNo) {
    if let Ok(InodeKind::Version(version)) = state.inodes.get_mut(number).map(|inode| &mut inode.kind) {
        version.in_place = None;
    }
}
