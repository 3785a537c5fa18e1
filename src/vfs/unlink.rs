use std::ffi::OsStr;

use super::Vfs;
use super::attributes::{Caller, InodeNo};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::lookup::Target;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Removes a key or a scratch file. What is still written to open handles of it is dropped.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotFound`], [`VfsError::ReadOnly`], [`VfsError::IsADirectory`], [`VfsError::Engine`].
    pub fn unlink(&self, caller: Caller, parent: InodeNo, name: &OsStr) -> VfsResult<()> {
        self.check_writable()?;
        if parent != InodeNo::ROOT {
            return self.unlink_control(parent, name);
        }
        if self.is_poker(caller) {
            return self.unlink_of_poker(&mut self.state.lock(), name);
        }
        // Without the lock: a key goes that only others have seen, whatever that takes.
        self.settled(|| {
            self.synchronize()?;
            let mut state = self.state.lock();
            match self.target(&mut state, name) {
                Ok(Target::Control) => Err(VfsError::IsADirectory),
                Ok(Target::Scratch(name)) => {
                    state.remove_scratch(&name)?;
                    self.note_names(&mut state);
                    Ok(())
                }
                Ok(Target::Key(name, key)) => self.unlink_key(&mut state, &name, &key),
                Err(_) => Err(VfsError::NotFound),
            }
        })
    }

    fn unlink_key(&self, state: &mut State, name: &FileName, key: &Key) -> VfsResult<()> {
        let live = self.live(state, key);
        let value = match live.map(|live| self.value(key, live.number)) {
            Some(Err(VfsError::Superseded)) => return Err(VfsError::Superseded),
            // What cannot be read can be removed; only it is not remembered.
            value => value.and_then(Result::ok),
        };
        match &live {
            Some(live) if state.departures.is_restored(key) => self.depart(state, name, key, live.number),
            Some(_) => self.engine.remove(key).map(|_| ())?,
            None if state.placeholders.contains_key(name) => {}
            None => return Err(VfsError::NotFound),
        }
        state.detach_drafts(name);
        state.drop_temporary(name);
        self.note_version(state, key);
        self.note_names(state);
        if let Some(value) = value {
            state.removed.add(key, value);
        }
        Ok(())
    }
}
