//! Waiting for a change of an open key, with poll or epoll.

use std::collections::HashMap;

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
}

impl Pollers {
    /// Takes what waits for a change of a key.
    pub(super) fn take(&mut self, key: &Key) -> impl Iterator<Item = Then> {
        self.keys.remove(key).into_iter().flat_map(HashMap::into_values)
    }

    /// Forgets a handle that was closed.
    pub(super) fn remove(&mut self, handle: HandleNo) {
        if self.keys.is_empty() {
            return;
        }
        self.keys.retain(|_, handles| {
            handles.remove(&handle);
            !handles.is_empty()
        });
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
            state.pollers.keys.entry(key).or_default().insert(handle, wake);
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
