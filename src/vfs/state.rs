use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use foldhash::fast::RandomState;

use super::attributes::InodeNo;
use super::engine::{LiveVersion, VersionNumber};
use super::handle::Handles;
use super::inode::{Draft, DraftInode, InodeKind, ScratchInode, VersionInode};
use super::inode_table::InodeTable;
use super::rejected::Rejected;
use super::retry::Retries;
use crate::record::Key;
use crate::view::FileName;

/// The most bytes of one draft or scratch file.
pub(super) const FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The most scratch files and placeholders together.
pub(super) const NAMELESS_FILES: usize = 10_000;

/// All that changes while a file system is mounted.
pub(super) struct State {
    pub(super) inodes: InodeTable,
    pub(super) handles: Handles,
    pub(super) retries: Retries,
    pub(super) rejected: Rejected,
    /// Scratch files by name.
    pub(super) scratch: BTreeMap<FileName, InodeNo>,
    /// Keys that do not exist yet but whose file was created in this mount.
    pub(super) placeholders: BTreeMap<FileName, InodeNo>,
    /// The keys of names that hold only a hash of the key, as of the last listing.
    pub(super) long_keys: HashMap<FileName, Key, RandomState>,
    /// The inode of the newest version of each key that was looked up or listed.
    slots: HashMap<Key, Slot, RandomState>,
}

struct Slot {
    number: VersionNumber,
    inode: InodeNo,
}

impl State {
    pub(super) fn new() -> State {
        State {
            inodes: InodeTable::new(),
            handles: Handles::default(),
            retries: Retries::default(),
            rejected: Rejected::default(),
            scratch: BTreeMap::new(),
            placeholders: BTreeMap::new(),
            long_keys: HashMap::default(),
            slots: HashMap::default(),
        }
    }

    /// The inode number of a version, the same as long as the version is the newest one.
    pub(super) fn slot(&mut self, key: &Key, number: VersionNumber) -> InodeNo {
        if let Some(slot) = self.slots.get(key).filter(|slot| slot.number == number) {
            return slot.inode;
        }
        let inode = self.inodes.new_number();
        self.slots.insert(key.clone(), Slot { number, inode });
        inode
    }

    /// Lets a key's newest version be this inode.
    pub(super) fn set_slot(&mut self, key: &Key, number: VersionNumber, inode: InodeNo) {
        self.slots.insert(key.clone(), Slot { number, inode });
    }

    /// Gives the newest version of a key a fresh inode when the one that it has was changed in place and nobody
    /// changes it any more.
    ///
    /// Not while a second open of it is to come, which cannot be sent away again: locks are of inodes, and who waits for
    /// one must wait on the same inode as all others.
    fn leave_spoiled_slot(&mut self, key: &Key) {
        let Some(slot) = self.slots.get(key) else { return };
        let quiet = match self.inodes.get(slot.inode).map(|inode| &inode.kind) {
            Ok(InodeKind::Version(version)) => version.is_spoiled(),
            _ => false,
        };
        if quiet && !self.retries.awaits(slot.inode) {
            self.slots.remove(key);
        }
    }

    /// Forgets the inode numbers of keys that are not live any more.
    pub(super) fn retain_slots(&mut self, live: usize, is_live: impl Fn(&Key) -> bool) {
        if self.slots.len() > 2 * live + 64 {
            self.slots.retain(|key, _| is_live(key));
        }
    }

    /// The inode of a live version, made when there is none yet.
    pub(super) fn version_inode(&mut self, name: &FileName, key: &Key, live: &LiveVersion) -> InodeNo {
        self.leave_spoiled_slot(key);
        let number = self.slot(key, live.number);
        if !self.inodes.contains(number) {
            let version = VersionInode::new(name.clone(), key.clone(), live.number, live.modified, live.value.clone());
            self.inodes.add(number, InodeKind::Version(version));
        }
        number
    }

    /// A new draft of a live key; it begins with the text of the version.
    pub(super) fn draft_of_version(&mut self, name: &FileName, key: &Key, live: &LiveVersion) -> InodeNo {
        let version = self.version_inode(name, key, live);
        let bytes = match self.inodes.get_mut(version).map(|inode| &mut inode.kind) {
            Ok(InodeKind::Version(version)) => version.text().to_vec(),
            _ => Vec::new(),
        };
        self.inodes.drop_unused(version);
        let draft = Draft::of_text(&bytes);
        self.add_draft(name, key, draft, live.modified, Some(version))
    }

    /// A placeholder for a key that does not exist yet.
    pub(super) fn add_placeholder(&mut self, name: &FileName, key: &Key) -> InodeNo {
        let number = self.add_draft(name, key, Draft::default(), SystemTime::now(), None);
        self.placeholders.insert(name.clone(), number);
        number
    }

    fn add_draft(
        &mut self,
        name: &FileName,
        key: &Key,
        draft: Draft,
        modified: SystemTime,
        shown_inode: Option<InodeNo>,
    ) -> InodeNo {
        let number = self.inodes.new_number();
        let placeholder = shown_inode.is_none();
        let (name, key) = (name.clone(), key.clone());
        let draft = DraftInode { name, key, draft, modified, shown_inode, placeholder };
        self.inodes.add(number, InodeKind::Draft(draft));
        number
    }

    /// Lets a placeholder's name go; its draft lives on with its handles.
    pub(super) fn remove_placeholder(&mut self, name: &FileName) -> Option<InodeNo> {
        let number = self.placeholders.remove(name)?;
        if let Ok(InodeKind::Draft(draft)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            draft.placeholder = false;
        }
        self.inodes.drop_unused(number);
        Some(number)
    }

    /// A new, empty scratch file.
    pub(super) fn add_scratch(&mut self, name: &FileName, bytes: Vec<u8>, mode: u16) -> InodeNo {
        let number = self.inodes.new_number();
        let scratch = ScratchInode { bytes, modified: SystemTime::now(), mode, linked: true };
        self.inodes.add(number, InodeKind::Scratch(scratch));
        self.scratch.insert(name.clone(), number);
        number
    }

    /// Lets a scratch file's name go; its bytes live on with its handles.
    pub(super) fn remove_scratch(&mut self, name: &FileName) -> Option<InodeNo> {
        let number = self.scratch.remove(name)?;
        if let Ok(InodeKind::Scratch(scratch)) = self.inodes.get_mut(number).map(|inode| &mut inode.kind) {
            scratch.linked = false;
        }
        self.inodes.drop_unused(number);
        Some(number)
    }

    /// Lets a scratch file's name go for a key's: what is still written to its handles is a draft of the key.
    pub(super) fn scratch_becomes_draft(&mut self, from: &FileName, to: &FileName, key: &Key) {
        let Some(number) = self.remove_scratch(from) else { return };
        let writers = self.handles.writers().filter(|&inode| inode == number).count();
        let Ok(inode) = self.inodes.get_mut(number) else { return };
        if let InodeKind::Scratch(scratch) = &mut inode.kind
            && writers > 0
        {
            let bytes = std::mem::take(&mut scratch.bytes);
            let writers = u32::try_from(writers).unwrap_or(u32::MAX);
            let mut draft = Draft::of_text(&bytes);
            draft.writers = writers;
            let (name, key, modified) = (to.clone(), key.clone(), scratch.modified);
            inode.kind =
                InodeKind::Draft(DraftInode { name, key, draft, modified, shown_inode: None, placeholder: false });
        }
    }

    /// Detaches the drafts of a name that was removed or replaced: what is still written to them is dropped.
    pub(super) fn detach_drafts(&mut self, name: &FileName) {
        self.remove_placeholder(name);
        for (_, inode) in self.inodes.iter_mut() {
            match &mut inode.kind {
                InodeKind::Draft(draft) if draft.name == *name => draft.draft.detached = true,
                InodeKind::Version(version) if version.name == *name => {
                    if let Some(draft) = &mut version.in_place {
                        draft.detached = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// Lets the drafts of a name follow it to the key that it becomes: what is still written to them is put there.
    pub(super) fn rename_drafts(&mut self, from: &FileName, to: &FileName, key: &Key) {
        for (_, inode) in self.inodes.iter_mut() {
            let (name, of) = match &mut inode.kind {
                InodeKind::Draft(draft) if !draft.draft.detached => (&mut draft.name, &mut draft.key),
                InodeKind::Version(version) if version.in_place.as_ref().is_some_and(|draft| !draft.detached) => {
                    (&mut version.name, &mut version.key)
                }
                _ => continue,
            };
            if *name == *from {
                *name = to.clone();
                *of = key.clone();
            }
        }
    }

    /// Whether there is room for one more file that is no key yet.
    pub(super) fn has_room(&self) -> bool {
        self.scratch.len() + self.placeholders.len() < NAMELESS_FILES
    }
}
