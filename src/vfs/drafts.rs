//! Which drafts there are, and what happens to them when their name does something else.

use std::time::SystemTime;

use super::Vfs;
use super::attributes::InodeNo;
use super::draft::Draft;
use super::engine::{Engine, LiveVersion};
use super::error::{VfsError, VfsResult};
use super::inode::{DraftInode, InodeKind, Placeholder};
use super::state::State;
use crate::record::Key;
use crate::view::{FileName, file_text};

impl<E: Engine> Vfs<E> {
    /// A new draft of a key, which begins with the text of its version; empty for a placeholder.
    ///
    /// [`VfsError::Stale`] when neither is there; [`VfsError::NoRoom`] when all drafts would have too many bytes.
    pub(super) fn new_draft(
        &self,
        state: &mut State,
        name: &FileName,
        key: &Key,
        live: Option<&LiveVersion>,
    ) -> VfsResult<InodeNo> {
        let (shown_inode, draft, modified, base) = match live {
            Some(live) => {
                let inode = self.version_inode(state, name, key, live)?;
                let text = self.bytes_of(state, inode);
                state.inodes.drop_unused(inode);
                let text = text?;
                if state.draft_bytes.get().saturating_add(text.len() as u64) > state.limits.draft_bytes {
                    return Err(VfsError::NoRoom);
                }
                (inode, Draft::of_text(text), live.modified, Some(live.number))
            }
            None => {
                let placeholder = *state.placeholders.get(name).ok_or(VfsError::Stale)?;
                (placeholder, Draft::default(), SystemTime::now(), None)
            }
        };
        let (name, key) = (name.clone(), key.clone());
        let draft = DraftInode { name, key, draft, unopened: None, modified, base, shown_inode, replaces: None };
        Ok(state.add_draft(draft))
    }

    /// A new draft of a key for who opens it and empties it: the text of its version is not read.
    ///
    /// [`VfsError::Stale`] when neither version nor placeholder is there.
    pub(super) fn emptied_draft(
        &self,
        state: &mut State,
        name: &FileName,
        key: &Key,
        live: Option<&LiveVersion>,
    ) -> VfsResult<InodeNo> {
        let Some(live) = live else { return self.new_draft(state, name, key, None) };
        let shown_inode = self.version_inode(state, name, key, live)?;
        let InodeKind::Version(version) = &state.inodes.get(shown_inode)?.kind else { return Err(VfsError::Stale) };
        let unopened = Some(version.shape.len);
        state.inodes.drop_unused(shown_inode);
        let (modified, base, name, key) = (live.modified, Some(live.number), name.clone(), key.clone());
        let draft = Draft::default();
        Ok(state.add_draft(DraftInode { name, key, draft, unopened, modified, base, shown_inode, replaces: None }))
    }

    /// The draft that all share who change a key in place: locks are of inodes, so who waits for one must wait on the
    /// same inode as all others.
    pub(super) fn shared_draft(
        &self,
        state: &mut State,
        name: &FileName,
        key: &Key,
        live: Option<&LiveVersion>,
    ) -> VfsResult<InodeNo> {
        if let Some(&shared) = state.shared_drafts.get(name)
            && state.is_shared_draft(shared, name)
        {
            self.refresh(state, shared, live)?;
            return Ok(shared);
        }
        let draft = self.new_draft(state, name, key, live)?;
        let State { shared_drafts, inodes, .. } = state;
        shared_drafts.retain(|_, &mut inode| inodes.contains(inode));
        shared_drafts.insert(name.clone(), draft);
        Ok(draft)
    }

    /// Lets a shared draft that nobody has changed begin with the newest version.
    fn refresh(&self, state: &mut State, number: InodeNo, live: Option<&LiveVersion>) -> VfsResult<()> {
        let Some(live) = live else { return Ok(()) };
        let key = match &state.inodes.get(number)?.kind {
            InodeKind::Draft(draft) if !draft.draft.dirty && draft.base != Some(live.number) => draft.key.clone(),
            _ => return Ok(()),
        };
        let text = file_text(&self.value(&key, live.number)?).into_bytes();
        if let InodeKind::Draft(draft) = &mut state.inodes.get_mut(number)?.kind {
            draft.draft.becomes(text);
            draft.base = Some(live.number);
            draft.modified = live.modified;
        }
        Ok(())
    }
}

impl State {
    /// Gives a draft an inode.
    fn add_draft(&mut self, mut draft: DraftInode) -> InodeNo {
        draft.draft.count_in(&self.draft_bytes);
        let number = self.inodes.new_number();
        self.inodes.add(number, InodeKind::Draft(Box::new(draft)));
        number
    }

    /// Whether a shared draft is still one: somebody has it open, or will open it in a moment.
    fn is_shared_draft(&self, number: InodeNo, name: &FileName) -> bool {
        let Ok(inode) = self.inodes.get(number) else { return false };
        let InodeKind::Draft(draft) = &inode.kind else { return false };
        let attached = draft.name == *name && !draft.draft.detached;
        attached && (inode.handles > 0 || self.retries.awaits(number))
    }

    /// Makes the empty file of a key that does not exist yet.
    pub(super) fn add_placeholder(&mut self, name: &FileName, key: &Key) -> InodeNo {
        let number = self.inodes.new_number();
        let placeholder =
            Placeholder { name: name.clone(), key: key.clone(), modified: SystemTime::now(), linked: true };
        self.inodes.add(number, InodeKind::Placeholder(placeholder));
        self.placeholders.insert(name.clone(), number);
        number
    }

    /// Lets a placeholder's name go.
    pub(super) fn remove_placeholder(&mut self, name: &FileName) -> Option<InodeNo> {
        let number = self.placeholders.remove(name)?;
        if let Ok(InodeKind::Placeholder(placeholder)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            placeholder.linked = false;
        }
        self.inodes.drop_unused(number);
        Some(number)
    }

    /// Detaches the drafts of a name that was removed or replaced: what is still written to them is dropped.
    pub(super) fn detach_drafts(&mut self, name: &FileName) {
        self.remove_placeholder(name);
        for draft in self.drafts_of(name) {
            draft.draft.detached = true;
        }
    }

    /// Lets the drafts of a name follow it to the key that it becomes: what is still written to them is put there.
    pub(super) fn rename_drafts(&mut self, from: &FileName, to: &FileName, key: &Key) {
        for draft in self.drafts_of(from) {
            draft.name = to.clone();
            draft.key = key.clone();
            // That was the value of the old name.
            draft.replaces = None;
        }
        if let Some(shared) = self.shared_drafts.remove(from) {
            self.shared_drafts.insert(to.clone(), shared);
        }
    }

    /// The drafts whose text would be put under a name.
    fn drafts_of(&mut self, name: &FileName) -> impl Iterator<Item = &mut DraftInode> {
        self.inodes.iter_mut().filter_map(move |(_, inode)| match &mut inode.kind {
            InodeKind::Draft(draft) if draft.name == *name && !draft.draft.detached => Some(&mut **draft),
            _ => None,
        })
    }
}
