//! Waiting for a change of an open key, with poll or epoll.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use super::Vfs;
use super::attributes::HandleNo;
use super::engine::Engine;
use super::error::VfsResult;
use super::inode::InodeKind;
use super::notices::Then;
use super::state::State;
use crate::record::Key;

/// What is to be woken when a key changes.
#[derive(Default)]
pub(super) struct Pollers {
    keys: HashMap<Key, HashMap<HandleNo, Then, RandomState>, RandomState>,
    /// The key under which a handle waits.
    handles: HashMap<HandleNo, Key, RandomState>,
}

impl Pollers {
    /// Lets a handle wait, once.
    fn add(&mut self, key: Key, handle: HandleNo, wake: Then) {
        // The key of a draft can have been renamed.
        self.remove(handle);
        self.handles.insert(handle, key.clone());
        self.keys.entry(key).or_default().insert(handle, wake);
    }

    /// Takes what waits for a change of a key.
    pub(super) fn take(&mut self, key: &Key) -> impl Iterator<Item = Then> {
        let waiting = self.keys.remove(key).unwrap_or_default();
        waiting.keys().for_each(|handle| drop(self.handles.remove(handle)));
        waiting.into_values()
    }

    /// How many handles wait.
    pub(super) fn count(&self) -> usize {
        self.keys.values().map(HashMap::len).sum()
    }

    /// Forgets a handle that was closed.
    pub(super) fn remove(&mut self, handle: HandleNo) {
        let Some(key) = self.handles.remove(&handle) else { return };
        let Entry::Occupied(mut waiting) = self.keys.entry(key) else { return };
        waiting.get_mut().remove(&handle);
        if waiting.get().is_empty() {
            waiting.remove();
        }
    }
}

impl<E: Engine> Vfs<E> {
    /// Whether the key of an open file has another value than the one that the handle was opened on; a removed one too.
    ///
    /// When it has not, `wake` is called once as soon as it has. Like an attribute in sysfs, a changed key stays changed
    /// for the handle: the new value is there for who opens the file again.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`](super::VfsError::BadHandle), [`VfsError::Engine`](super::VfsError::Engine).
    pub fn poll(&self, handle: HandleNo, wake: Option<Then>) -> VfsResult<bool> {
        self.synchronize()?;
        let mut state = self.state.lock();
        let Some((key, changed)) = self.key_of_handle(&state, handle)? else { return Ok(false) };
        if let (false, Some(wake)) = (changed, wake) {
            state.pollers.add(key, handle, wake);
        }
        Ok(changed)
    }

    /// The key that a handle is open on, and whether it has changed since.
    fn key_of_handle(&self, state: &State, handle: HandleNo) -> VfsResult<Option<(Key, bool)>> {
        let (key, seen) = match &state.inodes.get(state.handles.get(handle)?.inode)?.kind {
            InodeKind::Version(version) => (&version.key, Some(version.number)),
            InodeKind::Placeholder(placeholder) => (&placeholder.key, None),
            InodeKind::Draft(draft) => (&draft.key, draft.base),
            InodeKind::Root | InodeKind::Control(_) | InodeKind::Scratch(_) => return Ok(None),
        };
        let now = self.live(state, key).map(|live| live.number);
        Ok(Some((key.clone(), now != seen)))
    }
}
