use std::ops::{Deref, Range};
use std::sync::Arc;
use std::time::SystemTime;

use super::Vfs;
use super::attributes::HandleNo;
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::InodeKind;
use super::shelf::OnShelf;
use super::text::{LargeText, Text};

/// Bytes that a read gives: a piece of a text that is shared, or of their own.
#[derive(Clone, Debug)]
pub struct ReadBytes(Bytes);

#[derive(Clone, Debug)]
enum Bytes {
    Shared(Arc<[u8]>, Range<usize>),
    Own(Vec<u8>),
}

/// A read that was begun.
#[derive(Debug)]
pub enum Reading {
    /// These bytes.
    Done(ReadBytes),
    /// Of a large text, which may take long: finish it where nobody waits.
    Large(LargePiece),
}

/// A piece of a large text that is to be made.
#[derive(Debug)]
pub struct LargePiece {
    text: Arc<LargeText>,
    offset: u64,
    length: u32,
}

/// The part of `whole` bytes that a read of `length` from `offset` on gives.
fn part(whole: usize, offset: u64, length: u32) -> Range<usize> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(whole);
    start..start.saturating_add(length as usize).min(whole)
}

impl Deref for ReadBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Shared(text, range) => &text[range.clone()],
            Bytes::Own(bytes) => bytes,
        }
    }
}

impl<E: Engine> Vfs<E> {
    /// Reads at most `length` bytes from `offset` on; fewer at the end of the file.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`], [`VfsError::IsADirectory`]; [`VfsError::Engine`] when a large value cannot be read, and
    /// [`VfsError::Stale`] when somebody has written into its record.
    pub fn read(&self, handle: HandleNo, offset: u64, length: u32) -> VfsResult<ReadBytes> {
        match self.begin_read(handle, offset, length)? {
            Reading::Done(bytes) => Ok(bytes),
            Reading::Large(piece) => self.finish_read(&piece),
        }
    }

    /// Finishes a read that was begun.
    ///
    /// # Errors
    ///
    /// Those of a large text that [`Vfs::read`] has.
    pub fn finish_read(&self, piece: &LargePiece) -> VfsResult<ReadBytes> {
        let LargePiece { text, offset, length } = piece;
        Ok(ReadBytes(Bytes::Own(self.read_large(text, *offset, *length)?)))
    }

    /// As [`Vfs::read`], but only begins what may take long.
    ///
    /// # Errors
    ///
    /// Those of [`Vfs::read`].
    pub fn begin_read(&self, handle: HandleNo, offset: u64, length: u32) -> VfsResult<Reading> {
        let state = self.state.lock();
        let open = state.handles.get(handle)?;
        let inode = open.inode;
        let own = match &open.file {
            OpenFile::Directory { .. } => return Err(VfsError::IsADirectory),
            OpenFile::Poked => return Err(VfsError::BadHandle),
            OpenFile::Snapshot(Text::Whole(text)) => {
                let piece = part(text.len(), offset, length);
                return Ok(Reading::Done(ReadBytes(Bytes::Shared(Arc::clone(text), piece))));
            }
            OpenFile::Snapshot(Text::Large(text)) => {
                return Ok(Reading::Large(LargePiece { text: Arc::clone(text), offset, length }));
            }
            OpenFile::Inode | OpenFile::OnShelf(_) => match (&state.inodes.get(inode)?.kind, &open.file) {
                (InodeKind::Draft(draft), _) => {
                    let bytes = &draft.draft.bytes;
                    bytes[part(bytes.len(), offset, length)].to_vec()
                }
                (_, OpenFile::OnShelf(file)) => {
                    let file = Arc::clone(file);
                    drop(state);
                    file.read_at(offset, length).on_shelf("read", "a scratch file")?
                }
                _ => return Err(VfsError::BadHandle),
            },
        };
        Ok(Reading::Done(ReadBytes(Bytes::Own(own))))
    }

    /// Notes which thread writes through a handle: the process that wrote is one whose closing of a descriptor saves.
    pub fn note_writer(&self, handle: HandleNo, thread: u32) {
        self.state.lock().handles.set_writer(handle, thread);
    }

    /// Writes bytes at `offset`, or at the end when the file was opened for appending.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`]; [`VfsError::TooLarge`] and [`VfsError::NoRoom`] before anything is written; [`VfsError::NotJson`] as soon as a
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
        let end = offset.checked_add(bytes.len() as u64).filter(|&end| end <= state.limits.file_bytes);
        let end = end.and_then(|end| usize::try_from(end).ok()).ok_or(VfsError::TooLarge)?;
        let offset = end - bytes.len();
        let written = match &mut inode.kind {
            InodeKind::Draft(draft) => {
                draft.draft.make_room(end, state.limits.draft_bytes)?;
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
