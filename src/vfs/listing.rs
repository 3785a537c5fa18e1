use std::collections::VecDeque;
use std::ffi::OsStr;
use std::sync::Arc;

use super::Vfs;
use super::attributes::{Attributes, Entry, FileKind, HandleNo, InodeNo, OpenMode};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::{ControlDirectory, ControlInode, InodeKind};
use super::lookup::Target;
use super::open::add_handle;
use super::report::EngineReport;
use super::state::State;
use crate::view::FileName;

/// A directory that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedDirectory {
    /// The handle for what follows.
    pub handle: HandleNo,
    /// The kernel may keep the listing that it reads.
    pub cache: bool,
    /// The listing that the kernel has kept is still right.
    pub keep_cache: bool,
}

/// Listings that are remembered for handles that have read others' pieces of them.
const REMEMBERED: usize = 4;

/// What the kernel may know of the listing of the root directory.
#[derive(Default)]
pub(super) struct ListingCache {
    /// The state of the listing that it may have kept.
    kept: Option<u64>,
    /// The state of the listing that the handles are filling its cache with, and how many they are.
    filling: Option<(u64, usize)>,
    /// The last listings that were given to it.
    given: VecDeque<Arc<Listing>>,
}

impl ListingCache {
    /// Whether a handle that is opened in this state may fill the cache, and whether what is there is right.
    ///
    /// Handles of another state that are still open may bring an old listing yet: then nothing is kept.
    fn open(&mut self, state: u64) -> (bool, bool) {
        let handles = match self.filling {
            Some((filling, _)) if filling != state => return (false, false),
            Some((_, handles)) => handles,
            None => 0,
        };
        self.filling = Some((state, handles + 1));
        (true, self.kept == Some(state))
    }

    /// Notes that the kernel uses a handle that fills the cache.
    ///
    /// So it has taken the answer to its opening, and has dropped what was there: before, a second handle that was told
    /// to keep the cache would read the old listing.
    fn used(&mut self) {
        if let Some((state, _)) = self.filling {
            self.kept = Some(state);
        }
    }

    fn close(&mut self) {
        self.used();
        self.filling = self.filling.and_then(|(state, handles)| (handles > 1).then(|| (state, handles - 1)));
        if self.filling.is_none() {
            self.given.drain(..self.given.len().saturating_sub(1));
        }
    }

    fn give(&mut self, listing: &Arc<Listing>) {
        if self.given.len() == REMEMBERED {
            self.given.pop_front();
        }
        self.given.push_back(Arc::clone(listing));
    }

    /// The listing of a state, which all handles that fill the cache share: another one could show more already, what has
    /// been taken in and not noted yet, and their pieces would not fit together.
    fn of_state(&self, state: u64) -> Option<Arc<Listing>> {
        self.given.back().filter(|listing| listing.state == state).cloned()
    }

    /// The listing that has given an offset to the kernel's cache.
    fn that_gave(&self, offset: u64) -> Option<Arc<Listing>> {
        self.given.iter().rev().find(|listing| listing.has_given(offset)).cloned()
    }
}

/// A directory as one handle reads it.
pub(super) struct Listing {
    /// The state of the root directory that it shows.
    state: u64,
    entries: Vec<Entry>,
}

impl Listing {
    /// Where in the listing an offset is.
    fn index(&self, offset: u64) -> usize {
        ((offset & u64::from(u32::MAX)) as usize).min(self.entries.len())
    }

    /// The offset after an entry. It tells listings apart, so that the kernel never joins pieces of two in its cache.
    fn offset_after(&self, index: usize) -> u64 {
        (self.state & 0x7fff_ffff) << 32 | (index as u64 + 1)
    }

    /// Whether an offset is one of this listing.
    fn has_given(&self, offset: u64) -> bool {
        offset >> 32 == self.state & 0x7fff_ffff
    }
}

impl<E: Engine> Vfs<E> {
    /// Opens a directory, after taking in what others have done.
    ///
    /// # Errors
    ///
    /// [`VfsError::NotADirectory`], [`VfsError::Engine`].
    pub fn opendir(&self, inode: InodeNo) -> VfsResult<OpenedDirectory> {
        self.synchronize_for(inode)?;
        let mut state = self.state.lock();
        state.check_open_files()?;
        let is_root = match &state.inodes.get(inode)?.kind {
            InodeKind::Root => true,
            InodeKind::Control(ControlInode::Directory(_)) => false,
            _ => return Err(VfsError::NotADirectory),
        };
        let listing = state.listing;
        let (cache, keep_cache) = if is_root { state.listing_cache.open(listing) } else { (false, false) };
        let mode = OpenMode { read: true, ..OpenMode::default() };
        let file = OpenFile::Directory { listing: None, fills_cache: cache };
        Ok(OpenedDirectory { handle: add_handle(&mut state, inode, file, mode), cache, keep_cache })
    }

    /// Gives the entries from `offset` on to `sink`, each with the offset of the next one, until `sink` says it is full.
    ///
    /// The listing is of the moment at which the handle reads its beginning, and stays so until it does again.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`].
    pub fn readdir(&self, handle: HandleNo, offset: u64, mut sink: impl FnMut(&Entry, u64) -> bool) -> VfsResult<()> {
        let listing = self.listing(&mut self.state.lock(), handle, offset)?;
        for (index, entry) in listing.entries.iter().enumerate().skip(listing.index(offset)) {
            if sink(entry, listing.offset_after(index)) {
                break;
            }
        }
        Ok(())
    }

    /// As [`Vfs::readdir`], with the attributes of what each name leads to now; a name that leads nowhere any more is
    /// left out.
    ///
    /// Each entry that `sink` takes counts as one lookup of the inode, but for the directory itself and its parent.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`].
    pub fn readdir_plus(
        &self,
        handle: HandleNo,
        offset: u64,
        mut sink: impl FnMut(&Entry, u64, &Attributes) -> bool,
    ) -> VfsResult<()> {
        let directory = self.state.lock().handles.get(handle)?.inode;
        // What some control files show takes the disk: not with the lock held.
        let report = (directory == ControlDirectory::Root.inode()).then(|| self.engine.report());
        let mut state = self.state.lock();
        let listing = self.listing(&mut state, handle, offset)?;
        for (index, entry) in listing.entries.iter().enumerate().skip(listing.index(offset)) {
            let Some(inode) = self.entry_inode(&mut state, directory, entry, report.as_ref()) else { continue };
            let full = sink(entry, listing.offset_after(index), &self.entry_attributes(&state, inode)?);
            if full {
                state.inodes.drop_unused(inode);
                break;
            }
            if !is_dots(&entry.name) {
                state.inodes.looked_up(inode);
            }
        }
        Ok(())
    }

    /// What the name of an entry leads to at this moment.
    fn entry_inode(
        &self,
        state: &mut State,
        directory: InodeNo,
        entry: &Entry,
        report: Option<&EngineReport>,
    ) -> Option<InodeNo> {
        if is_dots(&entry.name) {
            return Some(entry.inode);
        }
        if let InodeKind::Control(ControlInode::Directory(directory)) = state.inodes.get(directory).ok()?.kind {
            return self.control_inode(state, directory, &entry.name, report.cloned()).ok();
        }
        match self.target(state, &entry.name).ok()? {
            Target::Control => None,
            Target::Scratch(name) => state.scratch.get(&name).copied(),
            Target::Key(name, key) => match self.live(state, &key) {
                Some(live) => {
                    let inode = self.version_inode(state, &name, &key, &live).ok()?;
                    // When it has gone meanwhile it is listed all the same.
                    _ = self.hold_for_retries(state, inode);
                    Some(inode)
                }
                None => state.placeholders.get(&name).copied(),
            },
        }
    }

    /// Closes a directory.
    ///
    /// # Errors
    ///
    /// [`VfsError::BadHandle`].
    pub fn releasedir(&self, handle: HandleNo) -> VfsResult<()> {
        let mut state = self.state.lock();
        let closed = state.handles.remove(handle)?;
        if let OpenFile::Directory { fills_cache: true, .. } = closed.file {
            state.listing_cache.close();
        }
        state.inodes.closed(closed.inode);
        Ok(())
    }

    /// The listing of a handle; made anew when its beginning is read.
    fn listing(&self, state: &mut State, handle: HandleNo, offset: u64) -> VfsResult<Arc<Listing>> {
        let open = state.handles.get(handle)?;
        let OpenFile::Directory { listing, fills_cache } = &open.file else { return Err(VfsError::BadHandle) };
        let (listing, fills_cache) = (listing.clone(), *fills_cache);
        if fills_cache {
            state.listing_cache.used();
        }
        if let Some(listing) = &listing
            && (if offset == 0 { listing.state == state.listing } else { listing.has_given(offset) })
        {
            return Ok(Arc::clone(listing));
        }
        // The kernel may have lost a listing while it gave it to this handle, which then goes on where another has begun.
        let begun = if fills_cache { state.listing_cache.that_gave(offset) } else { None };
        if offset != 0
            && let Some(listing) = begun.or(listing)
        {
            state.handles.set_listing(handle, Arc::clone(&listing));
            return Ok(listing);
        }
        if fills_cache && let Some(listing) = state.listing_cache.of_state(state.listing) {
            state.handles.set_listing(handle, Arc::clone(&listing));
            return Ok(listing);
        }
        let inode = state.handles.get(handle)?.inode;
        let entries = match &state.inodes.get(inode)?.kind {
            InodeKind::Root => self.root_entries(state),
            InodeKind::Control(ControlInode::Directory(directory)) => {
                let directory = *directory;
                let parent =
                    if directory == ControlDirectory::Root { InodeNo::ROOT } else { ControlDirectory::Root.inode() };
                let mut entries = dots(inode, parent);
                entries.extend(self.control_entries(state, directory));
                entries
            }
            _ => return Err(VfsError::NotADirectory),
        };
        let listing = Arc::new(Listing { state: state.listing, entries });
        if fills_cache {
            state.listing_cache.give(&listing);
        }
        state.handles.set_listing(handle, Arc::clone(&listing));
        Ok(listing)
    }

    /// The keys, the placeholders and the scratch files of this mount.
    fn root_entries(&self, state: &mut State) -> Vec<Entry> {
        let file = |inode, name: &FileName| Entry { inode, kind: FileKind::Regular, name: name.as_os_str().to_owned() };
        let keys = self.engine.list();
        let mut entries = dots(InodeNo::ROOT, InodeNo::ROOT);
        entries.reserve(keys.len());
        state.retain_slots(keys.len(), |key| self.engine.version(key).is_some());
        for (key, number) in &keys {
            if !state.departures.hides(key, *number) {
                let inode = state.slot(key, *number);
                entries.push(file(inode, &self.options.naming.name_of(key)));
            }
        }
        for (name, &inode) in &state.placeholders {
            // Somebody else may have put the key meanwhile: then it is listed already.
            if !self.is_overtaken(state, inode) {
                entries.push(file(inode, name));
            }
        }
        let kind = |inode: InodeNo| match state.inodes.get(inode).map(|inode| &inode.kind) {
            Ok(InodeKind::Scratch(scratch)) => scratch.kind(),
            _ => FileKind::Regular,
        };
        let shown = state.scratch.iter().filter(|(name, _)| !self.is_hidden(state, name));
        entries.extend(shown.map(|(name, &inode)| Entry { kind: kind(inode), ..file(inode, name) }));
        entries
    }

    /// Whether a scratch file that looks temporary has the name of a key that others have put.
    fn is_hidden(&self, state: &State, name: &FileName) -> bool {
        let key = state.temporaries.key_of(name);
        key.is_some_and(|key| self.live(state, key).is_some())
    }

    /// Whether the key of a placeholder is live by now.
    fn is_overtaken(&self, state: &State, inode: InodeNo) -> bool {
        match state.inodes.get(inode).map(|inode| &inode.kind) {
            Ok(InodeKind::Placeholder(placeholder)) => self.live(state, &placeholder.key).is_some(),
            _ => false,
        }
    }
}

fn is_dots(name: &OsStr) -> bool {
    name == "." || name == ".."
}

/// The entries that each directory begins with.
fn dots(inode: InodeNo, parent: InodeNo) -> Vec<Entry> {
    let directory = |inode, name: &str| Entry { inode, kind: FileKind::Directory, name: name.into() };
    vec![directory(inode, "."), directory(parent, "..")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_kept_only_while_nobody_can_bring_an_old_one() {
        let mut cache = ListingCache::default();
        assert_eq!(cache.open(1), (true, false), "the first reads");
        assert_eq!(cache.open(1), (true, false), "the kernel may not have heard yet that it is to drop what it has");
        cache.used();
        assert_eq!(cache.open(1), (true, true), "nothing has changed");
        cache.close();
        assert_eq!(cache.open(2), (false, false), "two are still reading the old listing");
        cache.close();
        assert_eq!(cache.open(2), (false, false), "one is");
        cache.close();
        assert_eq!(cache.open(2), (true, false), "what was kept is old");
        cache.used();
        assert_eq!(cache.open(2), (true, true));
    }

    #[test]
    fn offsets_tell_listings_apart() {
        let listing = |state| Listing { state, entries: dots(InodeNo::ROOT, InodeNo::ROOT) };
        assert_ne!(listing(1).offset_after(0), listing(2).offset_after(0));
        assert_eq!(listing(7).index(listing(7).offset_after(0)), 1);
        assert_eq!(listing(7).index(u64::MAX), 2);
        assert_eq!(listing(7).index(0), 0);
    }
}
