use std::sync::Arc;
use std::time::SystemTime;

use super::Vfs;
use super::attributes::HandleNo;
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::InodeKind;
use super::shelf::OnShelf;
use super::state::FILE_BYTES;

/// Bytes that a read gives: a piece of a text that is shared, or a copy of changing bytes.
#[derive(Clone, Debug)]
pub struct ReadBytes {
    text: Arc<[u8]>,
    range: std::ops::Range<usize>,
}

impl ReadBytes {
    fn of(text: Arc<[u8]>, offset: u64, length: u32) -> ReadBytes {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        let end = start.saturating_add(length as usize).min(text.len());
        ReadBytes { text, range: start..end }
    }
}

impl std::ops::Deref for ReadBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.text[self.range.clone()]
    }
}

impl<E: Engine> Vfs<E> {
    /// Reads at most `length` bytes from `offset` on; fewer at the end of the file.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`], [`VfsError::IsADirectory`].
    pub fn read(&self, handle: HandleNo, offset: u64, length: u32) -> VfsResult<ReadBytes> {
        let state = self.state.lock();
        let open = state.handles.get(handle)?;
        let on_shelf = match &open.file {
            OpenFile::OnShelf(file) if !matches!(state.inodes.get(open.inode)?.kind, InodeKind::Draft(_)) => {
                Some(Arc::clone(file))
            }
            _ => None,
        };
        if let Some(file) = on_shelf {
            drop(state);
            let text = file.read_at(offset, length).on_shelf("read", "a scratch file")?;
            return Ok(ReadBytes::of(text, 0, length));
        }
        match &open.file {
            OpenFile::Snapshot(text) => Ok(ReadBytes::of(Arc::clone(text), offset, length)),
            OpenFile::Directory { .. } => Err(VfsError::IsADirectory),
            OpenFile::Poked => Err(VfsError::BadHandle),
            OpenFile::Inode | OpenFile::OnShelf(_) => {
                let bytes = match &state.inodes.get(open.inode)?.kind {
                    InodeKind::Draft(draft) => &draft.draft.bytes,
                    _ => return Err(VfsError::BadHandle),
                };
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(length as usize).min(bytes.len());
                Ok(ReadBytes::of(bytes[start..end].into(), 0, length))
            }
        }
    }

    /// Notes which thread writes through a handle: the process that wrote is one whose closing of a descriptor saves.
    pub fn note_writer(&self, handle: HandleNo, thread: u32) {
        self.state.lock().handles.set_writer(handle, thread);
    }

    /// Writes bytes at `offset`, or at the end when the file was opened for appending.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`]; [`VfsError::TooLarge`] before anything is written; [`VfsError::NotJson`] as soon as a
    /// text that is written in order can no longer become JSON: the text is kept for the person to see.
    pub fn write(&self, handle: HandleNo, offset: u64, bytes: &[u8]) -> VfsResult<u32> {
        if let Some(written) = self.write_scratch(handle, offset, bytes)? {
            return Ok(written);
        }
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let open = state.handles.get(handle)?;
        if !open.write {
            return Err(VfsError::BadHandle);
        }
        let (number, append) = (open.inode, open.append);
        let inode = state.inodes.get_mut(number)?;
        let length = match &inode.kind {
            InodeKind::Draft(draft) => draft.draft.bytes.len(),
            _ => return Err(VfsError::BadHandle),
        };
        let offset = if append { length as u64 } else { offset };
        let end = offset.checked_add(bytes.len() as u64).filter(|&end| end <= FILE_BYTES);
        let offset = end.and_then(|_| usize::try_from(offset).ok()).ok_or(VfsError::TooLarge)?;
        let written = match &mut inode.kind {
            InodeKind::Draft(draft) => {
                draft.modified = SystemTime::now();
                draft.draft.write(offset, bytes)
            }
            _ => Ok(()),
        };
        if let Err(error) = written {
            let error = VfsError::from(error);
            self.keep_refused(state, number, &error);
            drop(guard);
            self.shelve_refused();
            return Err(error);
        }
        u32::try_from(bytes.len()).map_err(|_| VfsError::TooLarge)
    }
}
