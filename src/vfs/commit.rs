use std::ffi::OsString;

use super::Vfs;
use super::attributes::{Caller, HandleNo, InodeNo};
use super::engine::{Engine, VersionNumber};
use super::error::{VfsError, VfsResult};
use super::inode::{DraftInode, Inode, InodeKind};
use super::state::State;
use crate::record::{Key, Value};
use crate::view::{FileName, parse_file_text};

impl<E: Engine> Vfs<E> {
    /// Saves what a handle has written, as closing a descriptor does; may be called many times for one handle.
    ///
    /// A blank text changes nothing: a shell closes a descriptor of the file before it writes. Nor does a text that is
    /// merely not complete, when another process than the one that opened the file closes its copy of the descriptor: a
    /// program that a script runs knows nothing of what the script will still write. And when a process closes a copy that
    /// neither opened the file nor wrote to it, nothing is saved: every program that is started closes what it inherited,
    /// perhaps in the middle of a save. `process_of` tells the process of a thread, zero when it is not known.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotJson`]: the text stays, and the value too. [`VfsError::Engine`].
    pub fn flush(&self, handle: HandleNo, closer: Caller, process_of: impl Fn(u32) -> u32) -> VfsResult<()> {
        let (inode, opener, writer) = match self.state.lock().handles.get(handle)? {
            open if !open.write => return Ok(()),
            open => (open.inode, open.opener, open.writer),
        };
        let inherited = is_inherited(opener, closer, &process_of);
        if inherited && closer.thread != writer && !is_of_writer(writer, closer, &process_of) {
            return Ok(());
        }
        let mut state = self.state.lock();
        let saved = self.commit(&mut state, inode);
        if let Err(error @ VfsError::NotJson(_)) = &saved {
            if inherited && is_incomplete(&state, inode) {
                return Ok(());
            }
            // Now, not at the release: that comes when the program has already been told.
            self.keep_refused(&mut state, inode, error);
        }
        drop(state);
        self.shelve_refused();
        saved
    }

    /// Saves what a handle has written and waits until it is safe from a loss of power.
    ///
    /// # Errors
    ///
    /// Those of [`Vfs::flush`].
    pub fn fsync(&self, handle: HandleNo) -> VfsResult<()> {
        let opener = self.state.lock().handles.get(handle)?.opener;
        self.flush(handle, opener, |_| opener.process)?;
        if let Some(file) = self.scratch_of(handle)? {
            return Ok(self.shelf.sync_scratch(&file)?);
        }
        let key = {
            let state = self.state.lock();
            match &state.inodes.get(state.handles.get(handle)?.inode)?.kind {
                InodeKind::Draft(draft) => draft.key.clone(),
                InodeKind::Version(version) => version.key.clone(),
                InodeKind::Placeholder(_) | InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => {
                    return Ok(());
                }
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
        self.remove_departed(&mut self.state.lock(), None)?;
        self.shelf.sync_scratch_names()?;
        Ok(self.engine.make_all_durable()?)
    }

    /// Closes a handle. The last writer of a draft saves it, or has its text refused and kept for the person to see.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`]; a refused text is no error here, because nobody would hear of it.
    pub fn release(&self, handle: HandleNo) -> VfsResult<()> {
        // Closed after the lock is released: that may take the disk.
        let closed;
        let mut replaced = None;
        let mut state = self.state.lock();
        closed = state.handles.remove(handle)?;
        state.pollers.remove(handle);
        if closed.write
            && self.is_last_writer(&mut state, closed.inode)
            && let Err(error) = self.commit(&mut state, closed.inode)
        {
            replaced = self.reject(&mut state, closed.inode, &error);
        }
        state.inodes.closed(closed.inode);
        self.note_closed(&mut state, closed.inode);
        drop(state);
        if let Some(replaced) = replaced {
            self.put_back(&replaced);
        }
        self.shelve_refused();
        Ok(())
    }

    /// Lets the time of a file that looks temporary begin when nobody has it open any more.
    fn note_closed(&self, state: &mut State, number: InodeNo) {
        let name = match state.inodes.get(number) {
            Ok(Inode { kind: InodeKind::Scratch(scratch), handles: 0, .. }) => scratch.name.clone(),
            _ => return,
        };
        self.closed_temporary(state, &name);
    }

    /// Counts a writer out; true for the last one of a draft.
    fn is_last_writer(&self, state: &mut State, inode: InodeNo) -> bool {
        let Some(draft) = draft_of(state, inode) else { return false };
        draft.draft.writers = draft.draft.writers.saturating_sub(1);
        draft.draft.writers == 0
    }

    /// Puts a draft that has changed as the value of its key.
    pub(super) fn commit(&self, state: &mut State, number: InodeNo) -> VfsResult<()> {
        let Some(draft) = draft_of(state, number) else { return Ok(()) };
        if !draft.draft.dirty || draft.draft.detached {
            return Ok(());
        }
        let Some(value) = parse_file_text(&draft.draft.bytes)? else { return Ok(()) };
        let (name, key) = (draft.name.clone(), draft.key.clone());
        let version = self.put(state, &name, &key, &value)?;
        if let Some(draft) = draft_of(state, number) {
            draft.draft.dirty = false;
            draft.base = Some(version);
            draft.replaces = None;
        }
        Ok(())
    }

    /// Puts a value under a key, and lets its name lead there.
    pub(super) fn put(&self, state: &mut State, name: &FileName, key: &Key, value: &Value) -> VfsResult<VersionNumber> {
        let is_new = self.live(state, key).is_none();
        let version = self.engine.put(key, value)?;
        state.departures.cancel(key);
        state.rejected.saved(name.as_os_str(), value);
        if let Some(placeholder) = state.remove_placeholder(name) {
            state.add_superseded(key, placeholder);
        }
        state.drop_temporary(name);
        self.note_version(state, key);
        if is_new {
            self.note_names(state);
        }
        Ok(version)
    }

    /// Drops a draft whose text was refused, and keeps the text for the person to see.
    ///
    /// What had the name before, and was renamed away for the new text, is there again; what was unlinked for it is
    /// returned.
    fn reject(&self, state: &mut State, number: InodeNo, error: &VfsError) -> Option<Replaced> {
        let name = self.keep_refused_at_release(state, number, error)?;
        log::warn!("{name}: the text was refused: {error}; it is kept as {}/rejected/{name}", super::CONTROL_NAME);
        let draft = draft_of(state, number)?;
        draft.draft.drop_text();
        let (key, replaced) = (draft.key.clone(), draft.replaces.take());
        if state.remove_placeholder(&name).is_some() | state.departures.restore(&key) {
            self.note_names(state);
            self.timer.notify_all();
        }
        replaced.map(|value| Replaced { name, key, value })
    }

    /// Puts back what was unlinked for a text that was refused, unless somebody else has put the key meanwhile.
    fn put_back(&self, Replaced { name, key, value }: &Replaced) {
        let result = self.synchronize().and_then(|()| {
            let mut state = self.state.lock();
            match self.engine.version(key) {
                Some(_) => Ok(()),
                None => self.put(&mut state, name, key, value).map(|_| ()),
            }
        });
        if let Err(error) = result {
            log::error!("{name}: the value that it had before cannot be put back: {error}");
        }
    }

    /// Keeps the text of a draft for the person to see, unless that was done when it was refused before. The kernel releases a
    /// file some time after its close has told of that: what stands then is not what stood, and the text that was kept may
    /// have been removed since, or another text saved.
    fn keep_refused_at_release(&self, state: &mut State, number: InodeNo, error: &VfsError) -> Option<FileName> {
        let draft = draft_of(state, number)?;
        match draft.draft.refused {
            Some(_) => Some(draft.name.clone()),
            None => self.keep_refused(state, number, error),
        }
    }

    /// Keeps the text of a draft for the person to see, unless it is what was kept last under its name, which is returned.
    pub(super) fn keep_refused(&self, state: &mut State, number: InodeNo, error: &VfsError) -> Option<FileName> {
        let draft = draft_of(state, number)?;
        let name = draft.name.clone();
        let (refused, replaced, key) = (draft.draft.refused, draft.replaces.clone(), draft.key.clone());
        let stood = self.standing_value(&key).or(replaced);
        if refused.is_some_and(|number| state.rejected.keeps(name.as_os_str(), number)) {
            state.rejected.set_stood(name.as_os_str(), stood);
        } else {
            let bytes = draft_of(state, number)?.draft.bytes.clone();
            let refusal = state.rejected.add(OsString::from(name.as_os_str()), bytes, error.explanation(), stood);
            draft_of(state, number)?.draft.refused = Some(refusal);
        }
        Some(name)
    }
}

/// The value of a key that was unlinked for a new text.
struct Replaced {
    name: FileName,
    key: Key,
    value: Value,
}

/// Whether another process closes its copy of a descriptor than the one that opened the file.
fn is_inherited(opener: Caller, closer: Caller, process_of: impl Fn(u32) -> u32) -> bool {
    let known = opener.process != 0 && closer.thread != 0;
    known && closer.thread != opener.thread && {
        let process = process_of(closer.thread);
        process != 0 && process != opener.process
    }
}

/// Whether the process that closes is the one that wrote last.
fn is_of_writer(writer: u32, closer: Caller, process_of: impl Fn(u32) -> u32) -> bool {
    writer != 0 && process_of(writer) == process_of(closer.thread)
}

/// Whether the text of a draft is a beginning that can still become a value.
fn is_incomplete(state: &State, number: InodeNo) -> bool {
    match state.inodes.get(number).map(|inode| &inode.kind) {
        Ok(InodeKind::Draft(draft)) => draft.draft.is_incomplete(),
        _ => false,
    }
}

/// The draft that an inode is.
fn draft_of(state: &mut State, number: InodeNo) -> Option<&mut DraftInode> {
    match state.inodes.get_mut(number).map(|inode| &mut inode.kind) {
        Ok(InodeKind::Draft(draft)) => Some(draft),
        _ => None,
    }
}
