//! Scratch files that become keys, and keys that become scratch files.
//!
//! Both take the disk for longer than the lock may be held: what a rename needs is made ready without the lock, and used
//! with it, if it is still the newest then; else it is made ready again.

use std::sync::Arc;

use super::Vfs;
use super::engine::{Engine, VersionNumber};
use super::error::{VfsError, VfsResult};
use super::inode::InodeKind;
use super::limits::Limits;
use super::scratch::ScratchContent;
use super::shelf::{Contents, OnShelf, ShelfFile, Staged};
use super::state::State;
use crate::record::{Key, SyntaxError, Value};
use crate::view::{FileName, file_text, parse_file_text};

/// What a rename has come to.
pub(super) enum Step {
    Done,
    /// The bytes of a scratch file are to be read first.
    Read(FileName, Arc<ShelfFile>),
    /// The text of a key is to be written first.
    Write(FileName, KeyText),
}

/// What was made ready for it.
#[derive(Default)]
pub(super) enum Ready {
    #[default]
    Nothing,
    Read {
        file: Arc<ShelfFile>,
        contents: Contents,
        value: Result<Option<Value>, SyntaxError>,
    },
    Written {
        text: KeyText,
        staged: Staged,
    },
}

impl Ready {
    /// Whether what was read is a value, as far as anything was read.
    pub(super) fn may_be_a_value(&self) -> bool {
        !matches!(self, Ready::Read { value: Ok(None) | Err(_), .. })
    }
}

/// The text that the file of a key shows: that of a version, or the empty one of a placeholder.
pub(super) struct KeyText {
    key: Key,
    number: Option<VersionNumber>,
}

impl<E: Engine> Vfs<E> {
    /// Does what a step needs; without the lock.
    pub(super) fn make_ready(&self, step: Step) -> VfsResult<Ready> {
        match step {
            Step::Done => Ok(Ready::Nothing),
            Step::Read(name, file) => {
                let contents = file.contents(Limits::MOST_FILE_BYTES).on_shelf("read", name.as_os_str())?;
                let value = parse_file_text(&contents.bytes);
                Ok(Ready::Read { file, contents, value })
            }
            Step::Write(name, text) => {
                let bytes = match text.number {
                    Some(number) => file_text(&self.value(&text.key, number)?),
                    None => String::new(),
                };
                if !self.take_scratch_room(bytes.len() as u64) {
                    return Err(VfsError::NoRoom);
                }
                let staged = self.shelf.stage(&name, bytes.as_bytes(), 0o644)?;
                Ok(Ready::Written { text, staged })
            }
        }
    }

    pub(super) fn scratch_to_key(
        &self,
        state: &mut State,
        ready: Ready,
        from: &FileName,
        to: &FileName,
        key: &Key,
    ) -> VfsResult<Step> {
        let inode = *state.scratch.get(from).ok_or(VfsError::NotFound)?;
        let InodeKind::Scratch(scratch) = &mut state.inodes.get_mut(inode)?.kind else {
            return Err(VfsError::NotFound);
        };
        if let ScratchContent::Symlink { .. } = scratch.content {
            return Err(VfsError::Invalid);
        }
        let now = scratch.file(&self.shelf)?;
        let Ready::Read { file, contents, value } = ready else { return Ok(Step::Read(from.clone(), now)) };
        let Some(frozen) = file.freeze(&contents).filter(|_| Arc::ptr_eq(&file, &now)) else {
            return Ok(Step::Read(from.clone(), now));
        };
        match value {
            Ok(Some(value)) => self.put(state, to, key, &value)?,
            Ok(None) => return Err(VfsError::Blank),
            Err(error) => {
                let reason = VfsError::from(error);
                log::warn!("{to}: the text of {from} was refused: {reason}");
                let stood = self.standing_value(key);
                state.rejected.add(to.as_os_str().to_owned(), contents.bytes, reason.explanation(), stood);
                return Err(reason);
            }
        };
        state.detach_drafts(to);
        state.scratch_becomes_draft(from, &contents.bytes, to, key);
        frozen.end();
        Ok(Step::Done)
    }

    pub(super) fn key_to_scratch(
        &self,
        state: &mut State,
        ready: Ready,
        from: &FileName,
        key: &Key,
        to: &FileName,
    ) -> VfsResult<Step> {
        if !state.has_room() {
            return Err(VfsError::NoRoom);
        }
        let now = KeyText { key: key.clone(), number: self.live(state, key).map(|live| live.number) };
        match ready {
            Ready::Written { text, staged } if text.number == now.number => {
                state.add_staged(to, staged)?;
                state.detach_drafts(from);
                state.drop_temporary(from);
                if let Some(number) = now.number {
                    self.depart(state, from, key, number);
                }
                Ok(Step::Done)
            }
            _ => Ok(Step::Write(to.clone(), now)),
        }
    }
}
