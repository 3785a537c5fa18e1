use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::attributes::InodeNo;
use super::error::{VfsError, VfsResult};
use super::inode::{ControlDirectory, ControlInode, Inode, InodeKind};

/// The first number that is given to an inode which is not there from the start.
const FIRST_NUMBER: u64 = 16;

/// All inodes that the kernel or a handle can name.
pub(super) struct InodeTable {
    inodes: HashMap<InodeNo, Inode, RandomState>,
    next: u64,
}

impl ControlDirectory {
    pub(super) const ALL: [ControlDirectory; 3] =
        [ControlDirectory::Root, ControlDirectory::Rejected, ControlDirectory::Info];

    /// The inode number of the directory, which never changes.
    pub(super) fn inode(self) -> InodeNo {
        match self {
            ControlDirectory::Root => InodeNo(2),
            ControlDirectory::Rejected => InodeNo(3),
            ControlDirectory::Info => InodeNo(4),
        }
    }
}

impl InodeTable {
    pub(super) fn new() -> InodeTable {
        let mut table = InodeTable { inodes: HashMap::default(), next: FIRST_NUMBER };
        table.add(InodeNo::ROOT, InodeKind::Root);
        for directory in ControlDirectory::ALL {
            table.add(directory.inode(), InodeKind::Control(ControlInode::Directory(directory)));
        }
        table
    }

    /// A number that was never given out before.
    pub(super) fn new_number(&mut self) -> InodeNo {
        self.next += 1;
        InodeNo(self.next)
    }

    /// Adds an inode under a number that is free.
    pub(super) fn add(&mut self, number: InodeNo, kind: InodeKind) {
        self.inodes.insert(number, Inode { lookups: 0, handles: 0, kind });
    }

    pub(super) fn get(&self, number: InodeNo) -> VfsResult<&Inode> {
        self.inodes.get(&number).ok_or(VfsError::Stale)
    }

    pub(super) fn get_mut(&mut self, number: InodeNo) -> VfsResult<&mut Inode> {
        self.inodes.get_mut(&number).ok_or(VfsError::Stale)
    }

    pub(super) fn contains(&self, number: InodeNo) -> bool {
        self.inodes.contains_key(&number)
    }

    /// Notes that the kernel was given the inode once more.
    pub(super) fn looked_up(&mut self, number: InodeNo) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.lookups += 1;
        }
    }

    /// Notes that the kernel has forgotten the inode `count` times; it never has below zero.
    pub(super) fn forget(&mut self, number: InodeNo, count: u64) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.lookups = inode.lookups.saturating_sub(count);
        }
        self.drop_unused(number);
    }

    pub(super) fn opened(&mut self, number: InodeNo) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.handles += 1;
        }
    }

    pub(super) fn closed(&mut self, number: InodeNo) {
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.handles = inode.handles.saturating_sub(1);
        }
        self.drop_unused(number);
    }

    /// Drops an inode that nobody can name any more.
    pub(super) fn drop_unused(&mut self, number: InodeNo) {
        if self.inodes.get(&number).is_some_and(Inode::is_unused) {
            self.inodes.remove(&number);
        }
    }

    /// Whether the kernel knows an inode; one that is of no use to anybody is dropped.
    pub(super) fn retain_known(&mut self, number: InodeNo) -> bool {
        self.drop_unused(number);
        self.inodes.get(&number).is_some_and(|inode| inode.lookups > 0)
    }

    /// Whether no name leads to an inode that stands for a key without a value.
    pub(super) fn is_ghost(&self, number: InodeNo) -> bool {
        matches!(self.get(number), Ok(Inode { kind: InodeKind::Placeholder(placeholder), .. }) if !placeholder.linked)
    }

    /// All inodes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Inode> {
        self.inodes.values()
    }

    /// How many inodes there are.
    pub(super) fn count(&self) -> usize {
        self.inodes.len()
    }

    /// All inodes, to find those of a name.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (InodeNo, &mut Inode)> {
        self.inodes.iter_mut().map(|(number, inode)| (*number, inode))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::{ScratchContent, ScratchInode};
    use super::*;
    use crate::view::{FileName, Name};

    fn scratch(linked: bool) -> InodeKind {
        let Ok(Name::Scratch(name)) = FileName::parse(b".x") else { panic!("not scratch") };
        let content = ScratchContent::Symlink { target: Default::default(), modified: std::time::UNIX_EPOCH };
        InodeKind::Scratch(ScratchInode { name, content, linked, became_key: false })
    }

    #[test]
    fn an_inode_goes_when_neither_the_kernel_nor_a_handle_nor_a_name_leads_to_it() {
        let mut table = InodeTable::new();
        for linked in [false, true] {
            let number = table.new_number();
            table.add(number, scratch(linked));
            table.looked_up(number);
            table.looked_up(number);
            table.opened(number);
            table.forget(number, 1);
            table.closed(number);
            assert!(table.contains(number), "the kernel still has it");
            // More than it was given: never below zero.
            table.forget(number, 9);
            assert_eq!(table.contains(number), linked);
        }
    }

    #[test]
    fn the_directories_stay_and_numbers_are_never_given_twice() {
        let mut table = InodeTable::new();
        table.forget(InodeNo::ROOT, 5);
        assert!(table.contains(InodeNo::ROOT));
        let first = table.new_number();
        table.add(first, scratch(false));
        table.drop_unused(first);
        assert!(!table.contains(first) && table.new_number() > first);
    }
}
