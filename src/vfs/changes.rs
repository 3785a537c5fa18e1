//! What follows from a change of a key, whoever made it.

use std::ffi::OsStr;
use std::time::SystemTime;

use super::Vfs;
use super::engine::{Engine, ForeignChange};
use super::error::VfsResult;
use super::notices::Notice;
use super::state::State;
use crate::record::Key;

impl<E: Engine> Vfs<E> {
    /// Takes in what others have done, and lets the kernel know of it. Not to be called with the lock held.
    ///
    /// # Errors
    ///
    /// [`VfsError::Engine`](super::VfsError::Engine).
    pub fn synchronize(&self) -> VfsResult<()> {
        // Held until all is noted: who finds nothing new must not go on with what another has found and not noted yet.
        let _taking_in = self.taking_in.lock();
        let changes = self.engine.synchronize()?;
        if !changes.is_empty() {
            self.note_foreign(&mut self.state.lock(), &changes);
        }
        Ok(self.engine.check_complete()?)
    }

    fn note_foreign(&self, state: &mut State, changes: &[ForeignChange]) {
        for change @ ForeignChange { key, before, now } in changes {
            state.listing += 1;
            if before.is_some() != now.is_some() {
                self.note_names(state);
            }
            if !self.engine.is_own(change) {
                state.pokes.note(key, before.is_some(), true);
            }
            self.note_version(state, key);
        }
        self.poked.notify_all();
    }

    /// Lets the kernel forget what the name of a key led to, if it may know that.
    pub(super) fn note_version(&self, state: &mut State, key: &Key) {
        state.listing += 1;
        let newest = self.live(state, key).map(|live| live.number);
        if newest.is_some() {
            state.removed.forget(key);
        }
        if state.retire_inodes(key, newest) {
            self.notices.add(Notice::Name(self.options.naming.name_of(key).as_os_str().to_owned()));
            // Who watches the file itself watches an inode that was superseded.
            state.pokes.note(key, true, false);
            self.poked.notify_all();
        }
        for wake in state.pollers.take(key) {
            self.notices.add_then(wake);
        }
    }

    /// Lets the kernel forget what a name led to.
    pub(super) fn note_name(&self, state: &mut State, name: &OsStr) {
        state.listing += 1;
        self.notices.add(Notice::Name(name.to_owned()));
    }

    /// Notes that names came or went.
    pub(super) fn note_names(&self, state: &mut State) {
        state.listing += 1;
        state.names_changed = SystemTime::now();
        self.notices.add(Notice::Root);
    }
}
