//! Which drafts there are, and what happens to them when their name does something else.

use std::time::SystemTime;

use super::attributes::InodeNo;
use super::draft::Draft;
use super::engine::LiveVersion;
use super::inode::{DraftInode, InodeKind, Placeholder};
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

impl State {
    /// A new draft of a key, which begins with the text of its version; empty for a placeholder.
    ///
    /// `None` when neither is there.
    pub(super) fn new_draft(&mut self, name: &FileName, key: &Key, live: Option<&LiveVersion>) -> Option<InodeNo> {
        let (shown_inode, draft, modified, base) = match live {
            Some(live) => {
                let inode = self.version_inode(name, key, live);
                (inode, Draft::of_text(&self.text_of(inode)), live.modified, Some(live.number))
            }
            None => (*self.placeholders.get(name)?, Draft::default(), SystemTime::now(), None),
        };
        self.inodes.drop_unused(shown_inode);
        let number = self.inodes.new_number();
        let (name, key) = (name.clone(), key.clone());
        let draft = DraftInode { name, key, draft, modified, base, shown_inode, replaces: None };
        self.inodes.add(number, InodeKind::Draft(Box::new(draft)));
        Some(number)
    }

    /// The draft that all share who change a key in place: locks are of inodes, so who waits for one must wait on the
    /// same inode as all others.
    pub(super) fn shared_draft(&mut self, name: &FileName, key: &Key, live: Option<&LiveVersion>) -> Option<InodeNo> {
        if let Some(&shared) = self.shared_drafts.get(name)
            && self.is_shared_draft(shared, name)
        {
            self.refresh(shared, live);
            return Some(shared);
        }
        let draft = self.new_draft(name, key, live)?;
        self.shared_drafts.retain(|_, &mut inode| self.inodes.contains(inode));
        self.shared_drafts.insert(name.clone(), draft);
        Some(draft)
    }

    /// Whether a shared draft is still one: somebody has it open, or will open it in a moment.
    fn is_shared_draft(&self, number: InodeNo, name: &FileName) -> bool {
        let Ok(inode) = self.inodes.get(number) else { return false };
        let InodeKind::Draft(draft) = &inode.kind else { return false };
        let attached = draft.name == *name && !draft.draft.detached;
        attached && (inode.handles > 0 || self.retries.awaits(number))
    }

    /// Lets a shared draft that nobody has changed begin with the newest version.
    fn refresh(&mut self, number: InodeNo, live: Option<&LiveVersion>) {
        let Some(live) = live else { return };
        let outdated = match self.inodes.get(number).map(|inode| &inode.kind) {
            Ok(InodeKind::Draft(draft)) => !draft.draft.dirty && draft.base != Some(live.number),
            _ => false,
        };
        if !outdated {
            return;
        }
        let text = crate::view::file_text(&live.value).into_bytes();
        if let Ok(InodeKind::Draft(draft)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            draft.draft.becomes(&text);
            draft.base = Some(live.number);
            draft.modified = live.modified;
        }
    }

    /// The text of a version inode.
    pub(super) fn text_of(&mut self, number: InodeNo) -> std::sync::Arc<[u8]> {
        match self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            Ok(InodeKind::Version(version)) => version.text(),
            _ => std::sync::Arc::new([]),
        }
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
