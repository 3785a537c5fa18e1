use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use foldhash::fast::RandomState;

use super::attributes::InodeNo;
use super::departing::Departures;
use super::engine::VersionNumber;
use super::handle::Handles;
use super::inode::{Inode, InodeKind};
use super::inode_table::InodeTable;
use super::limits::Limits;
use super::listing::ListingCache;
use super::poke::Pokes;
use super::poll::Pollers;
use super::rejected::Rejected;
use super::removed::Removed;
use super::retry::Retries;
use super::room::DraftBytes;
use super::shelf::Shelf;
use super::temporary::Temporaries;
use crate::record::Key;
use crate::view::FileName;

/// All that changes while a file system is mounted.
pub(super) struct State {
    pub(super) inodes: InodeTable,
    pub(super) handles: Handles,
    pub(super) retries: Retries,
    pub(super) limits: Limits,
    pub(super) draft_bytes: DraftBytes,
    pub(super) rejected: Rejected,
    /// Where scratch files and refused texts are kept.
    pub(super) shelf: Arc<Shelf>,
    /// Scratch files by name, which may be that of a key; each has the same name on the shelf.
    pub(super) scratch: BTreeMap<FileName, InodeNo>,
    /// Keys that do not exist yet but whose file was created in this mount.
    pub(super) placeholders: BTreeMap<FileName, InodeNo>,
    /// The drafts that all share who change a key in place; some may be gone already.
    pub(super) shared_drafts: HashMap<FileName, InodeNo, RandomState>,
    /// The keys of names that hold only a hash of the key, as of the last listing.
    pub(super) long_keys: HashMap<FileName, Key, RandomState>,
    /// Keys that were renamed away and are removed in a moment.
    pub(super) departures: Departures,
    /// Scratch files that look temporary, and may become keys.
    pub(super) temporaries: Temporaries,
    /// Values of keys that were unlinked a moment ago.
    pub(super) removed: Removed,
    /// Changes that watchers are to hear of.
    pub(super) pokes: Pokes,
    /// Programs that wait for a change of a key.
    pub(super) pollers: Pollers,
    /// Goes up with each change of what a listing shows.
    pub(super) listing: u64,
    /// What the kernel may know of that.
    pub(super) listing_cache: ListingCache,
    /// When names last came or went.
    pub(super) names_changed: SystemTime,
    /// Whether the threads that serve the file system shall end.
    pub(super) closed: bool,
    /// The inode of the newest version of each key that was looked up or listed.
    slots: HashMap<Key, Slot, RandomState>,
}

/// The inodes of a key.
#[derive(Default)]
struct Slot {
    newest: Option<(VersionNumber, InodeNo)>,
    /// Superseded ones that the kernel may still know.
    older: Vec<InodeNo>,
}

impl State {
    pub(super) fn new(shelf: &Arc<Shelf>, limits: Limits) -> State {
        State {
            inodes: InodeTable::new(),
            handles: Handles::default(),
            retries: Retries::default(),
            limits,
            draft_bytes: DraftBytes::default(),
            rejected: Rejected::new(shelf, limits),
            shelf: Arc::clone(shelf),
            scratch: BTreeMap::new(),
            placeholders: BTreeMap::new(),
            shared_drafts: HashMap::default(),
            long_keys: HashMap::default(),
            departures: Departures::default(),
            removed: Removed::default(),
            temporaries: Temporaries::default(),
            pokes: Pokes::default(),
            pollers: Pollers::default(),
            listing: 0,
            listing_cache: ListingCache::default(),
            names_changed: SystemTime::now(),
            closed: false,
            slots: HashMap::default(),
        }
    }

    /// The inode number of a version, the same as long as the version is the newest one.
    pub(super) fn slot(&mut self, key: &Key, number: VersionNumber) -> InodeNo {
        if let Some(Slot { newest: Some((newest, inode)), .. }) = self.slots.get(key)
            && *newest == number
        {
            return *inode;
        }
        self.new_slot(key, number)
    }

    /// A new inode number of a version, which is the newest one.
    pub(super) fn new_slot(&mut self, key: &Key, number: VersionNumber) -> InodeNo {
        let inode = self.inodes.new_number();
        let slot = self.slots.entry(key.clone()).or_default();
        slot.older.extend(slot.newest.replace((number, inode)).map(|(_, older)| older));
        inode
    }

    /// Lets go of all inodes of a key but that of its newest version; true when the kernel may know one of them.
    pub(super) fn retire_inodes(&mut self, key: &Key, newest: Option<VersionNumber>) -> bool {
        let Some(slot) = self.slots.get_mut(key) else { return false };
        let superseded = slot.newest.take_if(|(number, _)| Some(*number) != newest);
        slot.older.extend(superseded.map(|(_, inode)| inode));
        slot.older.retain(|&inode| self.inodes.retain_known(inode));
        let known = !slot.older.is_empty();
        if slot.newest.is_none() && !known {
            self.slots.remove(key);
        }
        known
    }

    /// The key of a version that the kernel knows no more once it has forgotten it so many times.
    pub(super) fn key_of_last_lookup(&self, inode: InodeNo, count: u64) -> Option<Key> {
        match self.inodes.get(inode) {
            Ok(Inode { kind: InodeKind::Version(version), lookups, .. }) if *lookups <= count => {
                Some(version.key.clone())
            }
            _ => None,
        }
    }

    /// Lets go of the superseded inodes of a key that the kernel has forgotten, and of all when nothing is left.
    pub(super) fn prune_slot(&mut self, key: &Key) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        slot.older.retain(|&inode| self.inodes.retain_known(inode));
        if slot.newest.is_none() && slot.older.is_empty() {
            self.slots.remove(key);
        }
    }

    /// Notes that an inode of a key is superseded which was none of a version.
    pub(super) fn add_superseded(&mut self, key: &Key, inode: InodeNo) {
        if self.inodes.contains(inode) {
            self.slots.entry(key.clone()).or_default().older.push(inode);
        }
    }

    /// The superseded inodes of a key that the kernel still knows, because somebody has them open or watches them; first
    /// those that nobody has open, then the oldest.
    pub(super) fn superseded_inodes(&mut self, key: &Key, most: usize) -> Vec<InodeNo> {
        let Some(slot) = self.slots.get_mut(key) else { return Vec::new() };
        slot.older.retain(|&inode| self.inodes.retain_known(inode));
        let mut inodes = slot.older.clone();
        inodes.sort_by_key(|&inode| self.inodes.get(inode).is_ok_and(|inode| inode.handles > 0));
        inodes.truncate(most);
        inodes
    }

    /// Whether somebody has a name open for writing.
    pub(super) fn has_writer(&self, name: &FileName) -> bool {
        self.handles.writers().any(|inode| match self.inodes.get(inode).map(|inode| &inode.kind) {
            Ok(InodeKind::Draft(draft)) => draft.name == *name && !draft.draft.detached,
            _ => false,
        })
    }

    /// Forgets the inode numbers of keys that are not live any more.
    pub(super) fn retain_slots(&mut self, live: usize, is_live: impl Fn(&Key) -> bool) {
        if self.slots.len() > 2 * live + 64 {
            self.slots.retain(|key, slot| is_live(key) || !slot.older.is_empty());
        }
    }
}
