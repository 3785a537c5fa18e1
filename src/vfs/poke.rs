//! Letting those hear who watch the mount with inotify.
//!
//! The kernel tells watchers what is done through the mount, and nothing of what others do to the store. So a thread of
//! this program, the poker, repeats each change through the mount as if it made it: it opens and truncates a file to the
//! size that it has, creates one that is there already, unlinks one that is gone. The file system knows the poker by its
//! thread and changes nothing for it; no record is written, so two mounts of a store never answer each other.
//!
//! A watch on a file is one on an inode, that of an old version: the lookups of the poker are answered with just those
//! inodes, and what it opens by a name that the kernel has kept from others is answered ESTALE, after which it looks up.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::Vfs;
use super::attributes::{Caller, InodeNo, OpenMode, Opened};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::handle::OpenFile;
use super::inode::{InodeKind, Placeholder};
use super::open::add_handle;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

/// How long after a change watchers hear of it: several changes in this time are one, and the kernel has forgotten by
/// then the inodes that nobody watches.
const DELAY: Duration = Duration::from_millis(20);

/// The most superseded inodes of one key that are looked after: with more, these are open files rather than watches.
const INODES: usize = 64;

/// How many times longer than a poke took the poker rests: it is a small part of what the mount does.
const REST: u32 = 10;

/// The same when it could go on without a pause: it is hardly ever in the way of who unmounts.
const LONG_REST: u32 = 100;

/// After so long without a pause the poker rests longer.
const SPELL: Duration = Duration::from_millis(200);

/// The longest of these rests: after a poke that took long because the machine is busy, watchers are not to wait for ever.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// What the poker is to repeat through the mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poke {
    /// Create the file of this name and close it; then change it so many times.
    Create(OsString, usize),
    /// Open it for writing, truncate it to the size that it has, and close it: so many times.
    Change(OsString, usize),
    /// Unlink it, at most so many times: until there is no such file.
    Unlink(OsString, usize),
}

/// Who changed a key that watchers have not heard of yet.
#[derive(Clone, Copy, Debug)]
struct Unheard {
    /// Whether the key was live when they last heard of it.
    was_live: bool,
    /// Whether somebody else changed it: who saves through the mount is heard by those who watch the directory.
    foreign: bool,
    since: Instant,
}

/// What is being repeated.
struct Current {
    name: OsString,
    key: Key,
    /// Whether the file is to be created first: until then there is no such file for the poker.
    creating: bool,
    /// What the poker is to reach, the next one last; its lookups are answered with that, and with none: no such file.
    /// Counted as open, or the kernel could forget them in the meantime.
    inodes: Vec<InodeNo>,
    /// Whether the next one was looked up.
    looked_up: bool,
}

/// The changes that watchers are to hear of.
#[derive(Default)]
pub(super) struct Pokes {
    /// Whether there is a poker; without it nothing is noted.
    pub(super) noted: bool,
    /// How often watchers were told of something, and how long that took.
    pub(super) told: u64,
    pub(super) took: Duration,
    unheard: HashMap<Key, Unheard, RandomState>,
    /// Their keys, those that wait longest first.
    order: VecDeque<Key>,
    current: Option<Current>,
    /// Since when the poker has had no pause.
    busy_since: Option<Instant>,
}

impl Pokes {
    /// Notes a change of a key by somebody else, or by a request through the mount.
    pub(super) fn note(&mut self, key: &Key, was_live: bool, foreign: bool) {
        if !self.noted {
            return;
        }
        if let Some(unheard) = self.unheard.get_mut(key) {
            unheard.foreign |= foreign;
        } else {
            self.unheard.insert(key.clone(), Unheard { was_live, foreign, since: Instant::now() });
            self.order.push_back(key.clone());
        }
    }

    /// How many keys have changed that watchers have not heard of yet.
    pub(super) fn waiting(&self) -> usize {
        self.order.len()
    }

    /// When the next change is to be heard of.
    fn due(&self) -> Option<Instant> {
        let first = self.unheard.get(self.order.front()?)?;
        Some(first.since + DELAY)
    }

    fn take(&mut self) -> Option<(Key, Unheard)> {
        let key = self.order.pop_front()?;
        let unheard = self.unheard.remove(&key)?;
        Some((key, unheard))
    }

    fn current(&mut self, name: &OsStr) -> VfsResult<&mut Current> {
        self.current.as_mut().filter(|current| current.name == name).ok_or(VfsError::NotFound)
    }
}

impl<E: Engine> Vfs<E> {
    /// Begins to note changes: from now on a poker must repeat them.
    pub fn begin_pokes(&self) {
        self.state.lock().pokes.noted = true;
    }

    /// Notes no changes any more: there is no poker.
    pub fn end_pokes(&self) {
        self.state.lock().pokes = Pokes::default();
    }

    /// Lets this thread be the poker, whose requests are not what they look like.
    pub fn set_poker(&self, thread: u32) {
        self.poker.store(thread, Ordering::Relaxed);
    }

    pub(super) fn is_poker(&self, caller: Caller) -> bool {
        caller.thread != 0 && caller.thread == self.poker.load(Ordering::Relaxed)
    }

    /// Waits for a change that watchers are to hear of; none after [`Vfs::close`]. To be repeated at once, by the poker,
    /// who then says so with [`Vfs::poke_ended`].
    pub fn next_poke(&self) -> Option<Poke> {
        let mut state = self.state.lock();
        while !state.closed {
            match state.pokes.due() {
                None => {
                    state.pokes.busy_since = None;
                    self.poked.wait(&mut state);
                }
                Some(due) if due > Instant::now() => {
                    state.pokes.busy_since = None;
                    self.poked.wait_until(&mut state, due);
                }
                Some(_) => {
                    let taken = state.pokes.take();
                    if let Some(poke) = taken.and_then(|(key, unheard)| self.prepare_poke(&mut state, &key, unheard)) {
                        return Some(poke);
                    }
                }
            }
        }
        None
    }

    /// Notes that the poker has repeated a change, and returns how long it is to rest.
    pub fn poke_ended(&self, took: Duration) -> Duration {
        let mut state = self.state.lock();
        state.end_poke();
        let pokes = &mut state.pokes;
        pokes.told += 1;
        pokes.took += took;
        let busy = pokes.busy_since.get_or_insert_with(Instant::now).elapsed();
        let long = if busy > SPELL { (took * LONG_REST).min(LONGEST_REST) } else { Duration::ZERO };
        long.max(took * REST)
    }

    fn prepare_poke(&self, state: &mut State, key: &Key, unheard: Unheard) -> Option<Poke> {
        let file_name = self.options.naming.name_of(key);
        let name = file_name.as_os_str().to_owned();
        let live = self.live(state, key);
        let mut inodes = state.superseded_inodes(key, INODES);
        let poke = match (unheard.was_live, &live) {
            _ if !unheard.foreign && inodes.is_empty() => return None,
            (false, None) => return None,
            (false, Some(_)) if unheard.foreign => Poke::Create(name.clone(), inodes.len()),
            (_, Some(live)) => {
                if inodes.is_empty() {
                    inodes.push(self.version_inode(state, &file_name, key, live).ok()?);
                }
                Poke::Change(name.clone(), inodes.len())
            }
            (true, None) => {
                if inodes.is_empty() {
                    inodes.push(state.add_ghost(&file_name, key));
                }
                // Once more for what the kernel may have kept under the name.
                Poke::Unlink(name.clone(), inodes.len() + 1)
            }
        };
        inodes.iter().for_each(|&inode| state.inodes.opened(inode));
        // Of a poker that did not come to its end.
        state.end_poke();
        let creating = matches!(poke, Poke::Create(..));
        state.pokes.current = Some(Current { name, key: key.clone(), creating, inodes, looked_up: false });
        Some(poke)
    }

    /// What a lookup of the poker is answered with: the kernel may look up twice before it opens.
    pub(super) fn lookup_of_poker(&self, state: &mut State, name: &OsStr) -> VfsResult<InodeNo> {
        let current = state.pokes.current(name)?;
        current.looked_up = true;
        current.inodes.last().copied().filter(|_| !current.creating).ok_or(VfsError::NotFound)
    }

    /// Opens a file for the poker: nothing can be read or written through the handle.
    ///
    /// [`VfsError::Stale`] for another than was looked up: the kernel has kept the name from somebody's lookup.
    pub(super) fn open_of_poker(&self, state: &mut State, inode: InodeNo) -> VfsResult<Opened> {
        let current = state.pokes.current.as_mut().filter(|current| !current.creating);
        let next = current.filter(|current| current.inodes.last() == Some(&inode));
        next.ok_or(VfsError::Stale)?.inodes.pop();
        let opened = opened_by_poker(state, inode);
        state.inodes.closed(inode);
        Ok(opened)
    }

    /// The file of a key that others have made, for the poker to create; none when it is gone again.
    pub(super) fn create_of_poker(&self, state: &mut State, name: &OsStr) -> VfsResult<(InodeNo, Opened)> {
        let current = state.pokes.current(name)?;
        current.creating = false;
        let key = current.key.clone();
        let live = self.live(state, &key).ok_or(VfsError::NotFound)?;
        let inode = self.version_inode(state, &self.options.naming.name_of(&key), &key, &live)?;
        Ok((inode, opened_by_poker(state, inode)))
    }

    /// Lets the poker unlink a name: nothing is removed, and not even this happens when the key is live again.
    pub(super) fn unlink_of_poker(&self, state: &mut State, name: &OsStr) -> VfsResult<()> {
        let current = state.pokes.current(name)?;
        let key = current.key.clone();
        // What the kernel had kept under the name was none of these.
        let unlinked = if std::mem::take(&mut current.looked_up) {
            current.inodes.pop()
        } else {
            current.inodes.pop_if(|only| state.inodes.is_ghost(*only))
        };
        unlinked.into_iter().for_each(|inode| state.inodes.closed(inode));
        if self.live(state, &key).is_some() { Err(VfsError::NotFound) } else { Ok(()) }
    }
}

fn opened_by_poker(state: &mut State, inode: InodeNo) -> Opened {
    let handle = add_handle(state, inode, OpenFile::Poked, OpenMode::default());
    Opened { handle, keep_cache: true, direct: false, no_flush: true }
}

impl State {
    /// Lets go of what the poker was to reach.
    fn end_poke(&mut self) {
        for inode in self.pokes.current.take().map_or_else(Vec::new, |current| current.inodes) {
            self.inodes.closed(inode);
        }
    }

    /// An inode for a key that is gone, to unlink.
    fn add_ghost(&mut self, name: &FileName, key: &Key) -> InodeNo {
        let number = self.inodes.new_number();
        let modified = self.names_changed;
        let ghost = Placeholder { name: name.clone(), key: key.clone(), modified, linked: false };
        self.inodes.add(number, InodeKind::Placeholder(ghost));
        number
    }
}
