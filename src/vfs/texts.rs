//! The texts of versions: in memory while somebody holds them, else made from the engine's values.

use std::sync::Arc;

use super::Vfs;
use super::attributes::{Caller, InodeNo};
use super::engine::{Engine, LiveVersion, Pinned, VersionNumber};
use super::error::{VfsError, VfsResult};
use super::inode::{InodeKind, VersionInode};
use super::state::State;
use super::text::{LARGE_BYTES, LargeText, Text};
use crate::record::{Key, Value};
use crate::view::{FileName, TextShape, file_text, file_text_shape};

/// How often an operation begins again because others replace what it needs before it is read.
const TRIES: usize = 1000;

/// What is kept of a version for somebody who was led to it.
#[derive(Clone)]
pub(super) enum HeldText {
    Text(Text),
    Pinned(Arc<dyn Pinned>),
}

impl<E: Engine> Vfs<E> {
    /// Does something that begins with a synchronisation, again as long as a version that it needs has gone.
    pub(super) fn settled<T>(&self, mut attempt: impl FnMut() -> VfsResult<T>) -> VfsResult<T> {
        for _ in 1..TRIES {
            match attempt() {
                Err(VfsError::Superseded) => {}
                result => return result,
            }
        }
        attempt()
    }

    /// The value of a live version.
    ///
    /// [`VfsError::Superseded`] when it has gone: what follows is known after a synchronisation.
    pub(super) fn value(&self, key: &Key, number: VersionNumber) -> VfsResult<Value> {
        self.engine.value(key, number)?.ok_or(VfsError::Superseded)
    }

    /// The value that a key has, if it can be read.
    pub(super) fn standing_value(&self, key: &Key) -> Option<Value> {
        let live = self.engine.version(key)?;
        self.engine.value(key, live.number).ok().flatten()
    }

    /// The shape of the text of a live version.
    pub(super) fn text_shape(&self, key: &Key, live: &LiveVersion) -> VfsResult<TextShape> {
        match live.text {
            Some(shape) => Ok(shape),
            None => Ok(file_text_shape(&self.value(key, live.number)?)),
        }
    }

    /// The inode of a live version, made when there is none yet.
    pub(super) fn version_inode(
        &self,
        state: &mut State,
        name: &FileName,
        key: &Key,
        live: &LiveVersion,
    ) -> VfsResult<InodeNo> {
        let mut number = state.slot(key, live.number);
        if let Ok(InodeKind::Version(version)) = state.inodes.get(number).map(|inode| &inode.kind)
            && live.text.is_some_and(|shape| shape.len != version.shape.len)
        {
            // Somebody has written into the record. The size of an inode never changes.
            number = state.new_slot(key, live.number);
        }
        if !state.inodes.contains(number) {
            let shape = self.text_shape(key, live)?;
            let version = VersionInode::new(name.clone(), key.clone(), live.number, live.modified, shape);
            state.inodes.add(number, InodeKind::Version(version));
        }
        Ok(number)
    }

    /// Holds a version that a name leads to for those who were sent away from the name: their second try must succeed when
    /// the version is superseded before it is opened.
    pub(super) fn hold_for_retries(&self, state: &mut State, inode: InodeNo) -> VfsResult<()> {
        let InodeKind::Version(version) = &state.inodes.get(inode)?.kind else { return Ok(()) };
        if !state.retries.wants_to_hold(&version.name, inode) {
            return Ok(());
        }
        let held = match version.text() {
            Some(text) => HeldText::Text(text),
            None => {
                let pinned = self.engine.pin(&version.key, version.number)?;
                HeldText::Pinned(pinned.ok_or(VfsError::Superseded)?)
            }
        };
        state.retries.hold(&version.name, inode, &held);
        Ok(())
    }

    /// The text of a version inode, made without the lock; `None` for any other inode, and when the version has gone and
    /// is not held for the caller.
    pub(super) fn ready_text(&self, caller: Caller, inode: InodeNo) -> VfsResult<Option<Text>> {
        let (key, number, shape, held) = {
            let state = self.state.lock();
            let InodeKind::Version(version) = &state.inodes.get(inode)?.kind else { return Ok(None) };
            let held = match version.text() {
                Some(text) => Some(HeldText::Text(text)),
                None => state.retries.held(caller, &version.name, inode),
            };
            (version.key.clone(), version.number, version.shape, held)
        };
        let pinned = match held {
            Some(HeldText::Text(text)) => return Ok(Some(text)),
            Some(HeldText::Pinned(pinned)) => Some(pinned),
            None => None,
        };
        match self.make_text(&key, number, shape, pinned) {
            Err(VfsError::Superseded) => Ok(None),
            text => text.map(Some),
        }
    }

    /// Makes the text of a version, of what is pinned if it is; a large one only begins.
    ///
    /// [`VfsError::Superseded`] when the version has gone, or is not as long as was said of it before: the kernel would
    /// cut it.
    fn make_text(
        &self,
        key: &Key,
        number: VersionNumber,
        shape: TextShape,
        pinned: Option<Arc<dyn Pinned>>,
    ) -> VfsResult<Text> {
        if shape.len >= LARGE_BYTES {
            let pinned = match pinned {
                Some(pinned) => Some(pinned),
                None => self.engine.pin(key, number)?,
            };
            let pinned = pinned.ok_or(VfsError::Superseded)?;
            return Ok(Text::Large(Arc::new(LargeText::new(key.clone(), number, shape, pinned))));
        }
        let value = match pinned {
            Some(pinned) => pinned.value()?,
            None => self.engine.value(key, number)?,
        };
        let value = value.ok_or(VfsError::Superseded)?;
        Ok(Text::Whole(self.checked_bytes(key, number, shape.len, &value)?.into()))
    }

    /// The bytes of a version's text; [`VfsError::Superseded`] when they are not as many as was said before.
    fn checked_bytes(&self, key: &Key, number: VersionNumber, text_len: u64, value: &Value) -> VfsResult<Vec<u8>> {
        let text = file_text(value).into_bytes();
        if text.len() as u64 != text_len {
            self.engine.doubt(key, number);
            return Err(VfsError::Superseded);
        }
        Ok(text)
    }

    /// The bytes of a version inode for a draft that begins with them, with the lock held.
    ///
    /// [`VfsError::Superseded`] when the version has gone.
    pub(super) fn bytes_of(&self, state: &State, inode: InodeNo) -> VfsResult<Vec<u8>> {
        let InodeKind::Version(version) = &state.inodes.get(inode)?.kind else { return Ok(Vec::new()) };
        if let Some(Text::Whole(text)) = version.text() {
            return Ok(text.to_vec());
        }
        let value = self.value(&version.key, version.number)?;
        self.checked_bytes(&version.key, version.number, version.shape.len, &value)
    }

    /// The text of a version inode, with the lock held.
    ///
    /// [`VfsError::Superseded`] when the version has gone.
    pub(super) fn text_of(&self, state: &mut State, inode: InodeNo) -> VfsResult<Text> {
        let InodeKind::Version(version) = &mut state.inodes.get_mut(inode)?.kind else { return Ok(Text::empty()) };
        if let Some(text) = version.text() {
            return Ok(text);
        }
        let text = self.make_text(&version.key, version.number, version.shape, None)?;
        version.share(&text);
        Ok(text)
    }

    /// Reads a piece of a large text.
    ///
    /// [`VfsError::Stale`] when somebody has written into what holds the value.
    pub(super) fn read_large(&self, text: &LargeText, offset: u64, length: u32) -> VfsResult<Vec<u8>> {
        text.read(offset, length as usize)?.ok_or_else(|| {
            self.engine.doubt(&text.key, text.number);
            VfsError::Stale
        })
    }
}
