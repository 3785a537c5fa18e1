use std::ffi::OsStr;

use super::Vfs;
use super::attributes::InodeNo;
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::lookup::Target;

impl<E: Engine> Vfs<E> {
    /// Removes a key or a scratch file. What is still written to open handles of it is dropped.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotFound`], [`VfsError::ReadOnly`], [`VfsError::IsADirectory`], [`VfsError::Engine`].
    pub fn unlink(&self, parent: InodeNo, name: &OsStr) -> VfsResult<()> {
        self.check_writable()?;
        if parent != InodeNo::ROOT {
            return self.unlink_control(parent, name);
        }
        // Without the lock: a key goes that only others have seen, whatever that takes.
        self.engine.synchronize()?;
        let mut state = self.state.lock();
        match self.target(&mut state, name) {
            Ok(Target::Control) => Err(VfsError::IsADirectory),
            Ok(Target::Scratch(name)) => state.remove_scratch(&name).map(|_| ()).ok_or(VfsError::NotFound),
            Ok(Target::Key(name, key)) => {
                let removed = self.engine.remove(&key)?;
                let placeholder = state.placeholders.contains_key(&name);
                state.detach_drafts(&name);
                if removed || placeholder { Ok(()) } else { Err(VfsError::NotFound) }
            }
            Err(_) => Err(VfsError::NotFound),
        }
    }
}
