use std::ffi::OsStr;
use std::sync::Arc;

use parking_lot::MutexGuard;

use super::Vfs;
use super::attributes::{Caller, HandleNo, InodeNo, OpenMode, Opened};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::{Handle, OpenFile};
use super::inode::{ControlInode, InodeKind};
use super::rejected::OpenText;
use super::retry::Wanted;
use super::shelf::OnShelf;
use super::state::State;
use super::text::Text;
use crate::record::Key;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Opens a file, after taking in what others have done.
    ///
    /// A handle for reading keeps one text from begin to end. A key opened for writing is answered [`VfsError::Stale`]
    /// once: the lookup that the kernel then repeats for the same thread gives it a draft with an inode of its own, so
    /// that nobody else sees the unfinished text. All who open a key for reading and writing share one draft, so that
    /// a lock on it means something.
    ///
    /// # Errors
    ///
    /// [`VfsError::Stale`] also when the inode was superseded: look up the name again. [`VfsError::IsADirectory`],
    /// [`VfsError::ReadOnly`], [`VfsError::Engine`].
    pub fn open(&self, caller: Caller, inode: InodeNo, mode: OpenMode) -> VfsResult<Opened> {
        if mode.write {
            self.check_writable()?;
        }
        if self.is_poker(caller) {
            return self.open_of_poker(&mut self.state.lock(), inode);
        }
        self.settled(|| {
            self.synchronize_for(inode)?;
            self.try_open(caller, inode, mode)
        })
    }

    fn try_open(&self, caller: Caller, inode: InodeNo, mode: OpenMode) -> VfsResult<Opened> {
        let text = if mode.write { None } else { self.ready_text(caller, inode)? };
        let mut state = self.state.lock();
        state.check_open_files()?;
        let (name, key, is_draft) = match &state.inodes.get(inode)?.kind {
            InodeKind::Root | InodeKind::Control(ControlInode::Directory(_)) => return Err(VfsError::IsADirectory),
            InodeKind::Control(ControlInode::File { text, .. }) => {
                let file = OpenFile::Snapshot(Text::Whole(text.clone()));
                let handle = add_handle(&mut state, inode, file, OpenMode { write: false, ..mode });
                // What stands there changes under the same inode only when the kernel has forgotten it.
                return Ok(Opened { handle, keep_cache: false, direct: true, no_flush: true });
            }
            InodeKind::Control(ControlInode::Refused { name, .. }) => {
                let name = name.clone();
                return open_refused(&mut state, inode, &name, mode);
            }
            InodeKind::Scratch(scratch) if scratch.became_key => {
                let name = scratch.name.clone();
                state.retries.expect(caller, &name, Wanted::of(mode));
                return Err(VfsError::Stale);
            }
            InodeKind::Scratch(_) => return self.open_scratch(&mut state, caller, inode, mode),
            InodeKind::Draft(draft) => (draft.name.clone(), draft.key.clone(), true),
            InodeKind::Version(version) => (version.name.clone(), version.key.clone(), false),
            InodeKind::Placeholder(placeholder) => (placeholder.name.clone(), placeholder.key.clone(), false),
        };
        let retry = state.retries.at_lookup(caller, &name);
        let opened = match mode.write {
            _ if is_draft => self.open_draft(&mut state, caller, inode, mode, &name, &key),
            true => self.open_for_change(&mut state, caller, mode, &name, &key),
            false => self.open_for_reading(&mut state, caller, inode, &name, &key, text),
        };
        if let (Err(VfsError::Superseded), Some(retry)) = (&opened, retry) {
            // What is begun again is a second try as before.
            state.retries.put_back(caller, &name, retry);
        }
        opened
    }

    /// Opens a draft, whose bytes all its handles share.
    pub(super) fn open_bytes(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        mode: OpenMode,
    ) -> VfsResult<Opened> {
        if let InodeKind::Draft(draft) = &mut state.inodes.get_mut(inode)?.kind {
            match (mode.truncate, draft.unopened) {
                (true, _) => draft.draft.clear(),
                (false, Some(_)) => return Err(VfsError::Stale),
                (false, None) => {}
            }
            draft.unopened = None;
            draft.draft.writers += u32::from(mode.write);
        }
        let handle = add_handle(state, inode, OpenFile::Inode, mode);
        state.handles.set_opener(handle, caller);
        Ok(Opened { handle, keep_cache: false, direct: false, no_flush: !mode.write })
    }

    /// Opens a scratch file; releases the lock while it is emptied.
    pub(super) fn open_scratch(
        &self,
        state: &mut MutexGuard<'_, State>,
        caller: Caller,
        inode: InodeNo,
        mode: OpenMode,
    ) -> VfsResult<Opened> {
        let file = match &mut state.inodes.get_mut(inode)?.kind {
            InodeKind::Scratch(scratch) => scratch.file(&self.shelf)?,
            _ => return self.open_bytes(state, caller, inode, mode),
        };
        if mode.truncate {
            MutexGuard::unlocked(state, || file.resize(0, |_| true)).on_shelf("empty", "a scratch file")?;
            if !matches!(state.inodes.get(inode)?.kind, InodeKind::Scratch(_)) {
                // It has become the draft of a key meanwhile.
                return self.open_bytes(state, caller, inode, mode);
            }
        }
        let handle = add_handle(state, inode, OpenFile::OnShelf(file), mode);
        state.handles.set_opener(handle, caller);
        Ok(Opened { handle, keep_cache: false, direct: false, no_flush: !mode.write })
    }

    /// Opens the newest version, whose `text` was made ready. Anything else is sent away once; when the kernel comes for
    /// the second time, it has looked the name up after the first, and what it found was the newest at that moment.
    fn open_for_reading(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        name: &FileName,
        key: &Key,
        text: Option<Text>,
    ) -> VfsResult<Opened> {
        let newest = self.live(state, key).map(|live| live.number);
        let (is_current, text) = match &mut state.inodes.get_mut(inode)?.kind {
            InodeKind::Version(version) => {
                // What another has made ready meanwhile is as good, and shared.
                let text = version.text().or(text);
                text.iter().for_each(|text| version.share(text));
                (newest == Some(version.number) && text.is_some(), text)
            }
            InodeKind::Placeholder(placeholder) => (placeholder.linked && newest.is_none(), Some(Text::empty())),
            _ => (false, None),
        };
        let is_second_try = matches!(state.retries.take(caller, name), Some((Wanted::Read, _)));
        match text {
            Some(text) if is_current || is_second_try => {
                let mode = OpenMode { read: true, ..OpenMode::default() };
                let handle = add_handle(state, inode, OpenFile::Snapshot(text), mode);
                Ok(Opened { handle, keep_cache: true, direct: false, no_flush: true })
            }
            // It was led here by the lookup of another thread, and the version has gone since.
            None if is_second_try => self.open_past(state, inode, name, key),
            _ => {
                state.retries.expect(caller, name, Wanted::Read);
                Err(VfsError::Stale)
            }
        }
    }

    /// Sends an open for writing to a draft: away first, or to one that only this handle leads to.
    fn open_for_change(
        &self,
        state: &mut State,
        caller: Caller,
        mode: OpenMode,
        name: &FileName,
        key: &Key,
    ) -> VfsResult<Opened> {
        let wanted = Wanted::of(mode);
        let second_try = state.retries.take(caller, name).is_some_and(|(before, _)| before == wanted);
        if !second_try && caller.thread != 0 {
            state.retries.expect(caller, name, wanted);
            return Err(VfsError::Stale);
        }
        // The second try without a lookup of its own (another thread was looking, or it came through /proc/self/fd), or a
        // thread that cannot be told from others: the kernel knows only the inode of the version, so bytes go past the
        // pages that it keeps of that.
        let live = self.live(state, key);
        let draft = match wanted {
            Wanted::Shared => self.shared_draft(state, name, key, live.as_ref()),
            Wanted::Emptied => self.emptied_draft(state, name, key, live.as_ref()),
            Wanted::Draft | Wanted::Read => self.new_draft(state, name, key, live.as_ref()),
        };
        let opened = self.open_bytes(state, caller, draft?, mode)?;
        Ok(Opened { direct: true, ..opened })
    }

    /// Opens a draft, for the thread that was led to it. Any other is sent away first: it may have been led there by the
    /// lookup of another thread, or it comes through /proc/self/fd.
    fn open_draft(
        &self,
        state: &mut State,
        caller: Caller,
        inode: InodeNo,
        mode: OpenMode,
        name: &FileName,
        key: &Key,
    ) -> VfsResult<Opened> {
        let retry = state.retries.take(caller, name);
        // Whoever was to empty it and comes to do something else wants another draft: this one has no text.
        let suits = |wanted: Wanted| wanted != Wanted::Read && (wanted != Wanted::Emptied || mode.truncate);
        let led_here = retry.is_some_and(|(wanted, answered)| suits(wanted) && answered == Some(inode));
        match retry {
            _ if caller.thread == 0 || (mode.write && led_here) => self.open_bytes(state, caller, inode, mode),
            // Nobody else was looked up for it: the very file that the thread has a descriptor of.
            Some((Wanted::Draft | Wanted::Emptied | Wanted::Shared, None)) if mode.write => {
                self.open_bytes(state, caller, inode, mode)
            }
            Some((Wanted::Draft | Wanted::Emptied | Wanted::Shared, Some(_))) if mode.write => {
                let draft = self.new_draft(state, name, key, self.live(state, key).as_ref())?;
                let opened = self.open_bytes(state, caller, draft, mode)?;
                Ok(Opened { direct: true, ..opened })
            }
            Some((Wanted::Read, _)) if !mode.write => self.open_past(state, inode, name, key),
            _ => {
                state.retries.expect(caller, name, Wanted::of(mode));
                Err(VfsError::Stale)
            }
        }
    }

    /// Opens the newest version for who was led to another file of its name: past the pages that the kernel keeps of that.
    fn open_past(&self, state: &mut State, inode: InodeNo, name: &FileName, key: &Key) -> VfsResult<Opened> {
        let text = match self.live(state, key) {
            Some(live) => {
                let version = self.version_inode(state, name, key, &live)?;
                self.text_of(state, version)?
            }
            None => Text::empty(),
        };
        let mode = OpenMode { read: true, ..OpenMode::default() };
        let handle = add_handle(state, inode, OpenFile::Snapshot(text), mode);
        Ok(Opened { handle, keep_cache: false, direct: true, no_flush: true })
    }
}

/// Opens a refused text, which may have been replaced by another since it was looked up.
fn open_refused(state: &mut State, inode: InodeNo, name: &OsStr, mode: OpenMode) -> VfsResult<Opened> {
    let file = match state.rejected.open(name)?.ok_or(VfsError::Stale)? {
        OpenText::Memory(text) => OpenFile::Snapshot(Text::Whole(text)),
        OpenText::File(file) => OpenFile::OnShelf(Arc::new(file)),
    };
    let handle = add_handle(state, inode, file, OpenMode { write: false, ..mode });
    Ok(Opened { handle, keep_cache: false, direct: true, no_flush: true })
}

/// Notes an open file.
pub(super) fn add_handle(state: &mut State, inode: InodeNo, file: OpenFile, mode: OpenMode) -> HandleNo {
    state.inodes.opened(inode);
    state.handles.add(Handle {
        inode,
        file,
        write: mode.write,
        append: mode.append,
        opener: Caller::default(),
        writer: 0,
    })
}
