use super::Vfs;
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::InodeKind;
use super::lookup::Target;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

impl<E: Engine> Vfs<E> {
    /// Exchanges what two names lead to: the values of two keys, or two scratch files.
    ///
    /// The values of keys are put one after the other; when the second cannot be put, the first is put back.
    pub(super) fn exchange(&self, state: &mut State, one: &Target, other: &Target) -> VfsResult<()> {
        match (one, other) {
            (Target::Key(one, key), Target::Key(other, other_key)) => {
                self.exchange_keys(state, one, key, other, other_key)
            }
            (Target::Scratch(one), Target::Scratch(other)) => state.exchange_scratch(one, other),
            // One would have to be JSON, and the other would have to be written first.
            _ => Err(VfsError::Invalid),
        }
    }

    fn exchange_keys(
        &self,
        state: &mut State,
        one: &FileName,
        key: &Key,
        other: &FileName,
        other_key: &Key,
    ) -> VfsResult<()> {
        // A placeholder has no value.
        let first = self.live(state, key).ok_or(VfsError::Invalid)?;
        let second = self.live(state, other_key).ok_or(VfsError::Invalid)?;
        let (first, second) = (self.value(key, first.number)?, self.value(other_key, second.number)?);
        self.put(state, one, key, &second)?;
        if let Err(error) = self.put(state, other, other_key, &first) {
            if let Err(again) = self.put(state, one, key, &first) {
                log::error!("{one}: the value that it had before it was exchanged cannot be put back: {again}");
            }
            return Err(error);
        }
        state.exchange_drafts((one, key), (other, other_key));
        Ok(())
    }
}

impl State {
    /// Lets the drafts of two names follow them: what is still written to them is put under the other one.
    fn exchange_drafts(&mut self, one: (&FileName, &Key), other: (&FileName, &Key)) {
        for (_, inode) in self.inodes.iter_mut() {
            let InodeKind::Draft(draft) = &mut inode.kind else { continue };
            let (name, key) = match &draft.name {
                name if name == one.0 => other,
                name if name == other.0 => one,
                _ => continue,
            };
            draft.name = name.clone();
            draft.key = key.clone();
        }
        let (first, second) = (self.shared_drafts.remove(one.0), self.shared_drafts.remove(other.0));
        self.shared_drafts.extend(first.map(|draft| (other.0.clone(), draft)));
        self.shared_drafts.extend(second.map(|draft| (one.0.clone(), draft)));
    }

    /// Exchanges the names of two scratch files.
    fn exchange_scratch(&mut self, one: &FileName, other: &FileName) -> VfsResult<()> {
        if self.temporaries.contains(one) || self.temporaries.contains(other) {
            return Err(VfsError::Invalid);
        }
        let first = *self.scratch.get(one).ok_or(VfsError::NotFound)?;
        let second = *self.scratch.get(other).ok_or(VfsError::NotFound)?;
        self.shelf.exchange_scratch(one, other)?;
        for (name, number) in [(other, first), (one, second)] {
            self.scratch.insert(name.clone(), number);
            if let InodeKind::Scratch(scratch) = &mut self.inodes.get_mut(number)?.kind {
                scratch.name = name.clone();
            }
        }
        Ok(())
    }
}
