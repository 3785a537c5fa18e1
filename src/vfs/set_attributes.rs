use super::Vfs;
use super::attributes::{AttributeChange, Attributes, HandleNo, InodeNo};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::{ControlInode, InodeKind};
use super::state::State;
use crate::view::parse_file_text;

impl<E: Engine> Vfs<E> {
    /// Changes attributes. Of a key only the length means anything; mode, times and the own owner are accepted and
    /// change no value.
    ///
    /// A new length through a handle changes the draft. Without one there is no close to save at: then the cut text must
    /// be a value, or blank, which changes nothing.
    ///
    /// # Errors
    ///
    /// [`VfsError::ReadOnly`]; [`VfsError::NotPermitted`] for another owner; [`VfsError::TooLarge`] before any memory is
    /// taken; [`VfsError::NotJson`]; [`VfsError::IsADirectory`]; [`VfsError::Engine`].
    pub fn setattr(&self, inode: InodeNo, handle: Option<HandleNo>, change: AttributeChange) -> VfsResult<Attributes> {
        if let Some(handle) = handle
            && matches!(self.state.lock().handles.get(handle)?.file, OpenFile::Poked)
        {
            return self.getattr(inode);
        }
        self.check_writable()?;
        let other_owner = change.uid.is_some_and(|uid| uid != self.options.uid);
        let other_group = change.gid.is_some_and(|gid| gid != self.options.gid);
        if other_owner || other_group {
            return Err(VfsError::NotPermitted);
        }
        self.settled(|| self.try_setattr(inode, handle, change))
    }

    fn try_setattr(&self, inode: InodeNo, handle: Option<HandleNo>, change: AttributeChange) -> VfsResult<Attributes> {
        if change.size.is_some() && handle.is_none() {
            self.synchronize()?;
        }
        let resized = match change.size {
            Some(size) => self.resize_scratch(inode, size)?,
            None => false,
        };
        let mut state = self.state.lock();
        if let Some(size) = change.size.filter(|_| !resized) {
            // Of a handle that leads past the kernel's inode, its own.
            let target = handle.map_or(Ok(inode), |handle| state.handles.get(handle).map(|open| open.inode))?;
            self.resize(&mut state, target, size)?;
        }
        if let InodeKind::Scratch(scratch) = &mut state.inodes.get_mut(inode)?.kind {
            scratch.set(&self.shelf, change.mode, change.modified)?;
        }
        self.attributes(&state, inode)
    }

    fn resize(&self, state: &mut State, number: InodeNo, size: u64) -> VfsResult<()> {
        let size = usize::try_from(size)
            .ok()
            .filter(|&size| size as u64 <= state.limits.file_bytes)
            .ok_or(VfsError::TooLarge)?;
        match &mut state.inodes.get_mut(number)?.kind {
            InodeKind::Root | InodeKind::Control(ControlInode::Directory(_)) => Err(VfsError::IsADirectory),
            InodeKind::Control(_) => Err(VfsError::NotPermitted),
            InodeKind::Scratch(_) => Err(VfsError::Invalid),
            InodeKind::Draft(draft) if draft.unopened.is_some() => Err(VfsError::Stale),
            InodeKind::Draft(draft) => {
                draft.draft.make_room(size, state.limits.draft_bytes)?;
                draft.draft.resize(size);
                Ok(())
            }
            // No text of NUL is a value.
            InodeKind::Placeholder(_) if size == 0 => Ok(()),
            InodeKind::Placeholder(_) => parse_file_text(&[0]).map(|_| ()).map_err(VfsError::from),
            InodeKind::Version(_) => self.resize_by_name(state, number, size),
        }
    }

    /// Cuts or lengthens the text of a key without a handle.
    fn resize_by_name(&self, state: &mut State, number: InodeNo, size: usize) -> VfsResult<()> {
        let InodeKind::Version(version) = &state.inodes.get(number)?.kind else { return Ok(()) };
        let (name, key, newest) = (version.name.clone(), version.key.clone(), version.number);
        if self.live(state, &key).is_none_or(|live| live.number != newest) {
            return Err(VfsError::Stale);
        }
        let mut text = self.bytes_of(state, number)?;
        if text.len() == size {
            return Ok(());
        }
        text.resize(size, 0);
        if let Some(value) = parse_file_text(&text)? {
            self.put(state, &name, &key, &value)?;
        }
        Ok(())
    }
}
