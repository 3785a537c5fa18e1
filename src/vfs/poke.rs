//! Letting those hear who watch the mount with inotify.
//!
//! The kernel tells watchers what is done through the mount, and nothing of what others do to the store. So a thread of
//! this program, the poker, repeats each change through the mount as if it made it: it opens and truncates a file to the
//! size that it has, creates one that is there already, unlinks one that is gone. The file system knows the poker by its
//! thread and changes nothing for it; no record is written, so two mounts of a store never answer each other.
//!
//! A watch on a file is one on an inode, that of an old version: the lookups of the poker are answered with just those
//! inodes.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
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

/// How long after a change watchers hear of it: several changes in this time are one, and the kernel has forgotten by
/// then the inodes that nobody watches.
const DELAY: Duration = Duration::from_millis(20);

/// The most superseded inodes of one key that are looked after: with more, these are open files rather than watches.
const INODES: usize = 16;

/// What the poker is to repeat through the mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poke {
    /// Create the file of this name, and close it.
    Create(OsString),
    /// Open it for writing, truncate it to the size that it has, and close it: so many times.
    Change(OsString, usize),
    /// Unlink it.
    Unlink(OsString),
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
    /// What the lookups of the poker are answered with, one after the other, from the last on; none: no such file.
    inodes: Vec<InodeNo>,
}

/// The changes that watchers are to hear of.
#[derive(Default)]
pub(super) struct Pokes {
    /// The poker's thread; without it nothing is noted.
    poker: Option<u32>,
    unheard: HashMap<Key, Unheard, RandomState>,
    /// Their keys, those that wait longest first.
    order: VecDeque<Key>,
    current: Option<Current>,
}

impl Pokes {
    /// Notes a change of a key by somebody else, or by a request through the mount.
    pub(super) fn note(&mut self, key: &Key, was_live: bool, foreign: bool) {
        if self.poker.is_none() {
            return;
        }
        if let Some(unheard) = self.unheard.get_mut(key) {
            unheard.foreign |= foreign;
        } else {
            self.unheard.insert(key.clone(), Unheard { was_live, foreign, since: Instant::now() });
            self.order.push_back(key.clone());
        }
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

    pub(super) fn is_poker(&self, caller: Caller) -> bool {
        self.poker == Some(caller.thread)
    }
}

impl<E: Engine> Vfs<E> {
    /// Lets this thread be the poker; from now on changes are noted for it.
    pub fn begin_pokes(&self, thread: u32) {
        self.state.lock().pokes.poker = Some(thread);
    }

    /// Waits for a change that watchers are to hear of; none after [`Vfs::close`]. To be repeated at once, by the poker.
    pub fn next_poke(&self) -> Option<Poke> {
        let mut state = self.state.lock();
        loop {
            state.pokes.current = None;
            if state.closed {
                return None;
            }
            match state.pokes.due() {
                None => self.poked.wait(&mut state),
                Some(due) if due > Instant::now() => {
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
    }

    fn prepare_poke(&self, state: &mut State, key: &Key, unheard: Unheard) -> Option<Poke> {
        let file_name = self.options.naming.name_of(key);
        let name = file_name.as_os_str().to_owned();
        let live = self.live(state, key);
        let mut inodes = state.superseded_inodes(key, INODES);
        let poke = match (unheard.was_live, &live) {
            _ if !unheard.foreign && inodes.is_empty() => return None,
            (false, None) => return None,
            (false, Some(_)) if unheard.foreign => Poke::Create(name.clone()),
            (true, None) if unheard.foreign => {
                if inodes.is_empty() {
                    inodes.push(state.add_ghost(&file_name, key));
                }
                Poke::Unlink(name.clone())
            }
            (_, live) => {
                if let (true, Some(live)) = (inodes.is_empty(), live) {
                    inodes.push(state.version_inode(&file_name, key, live));
                }
                Poke::Change(name.clone(), inodes.len())
            }
        };
        let current = Current { name, key: key.clone(), inodes };
        state.pokes.current = Some(current);
        Some(poke)
    }

    /// What a lookup of the poker is answered with; none when it is no lookup for a poke.
    pub(super) fn lookup_of_poker(
        &self,
        state: &mut State,
        caller: Caller,
        name: &OsStr,
    ) -> Option<VfsResult<InodeNo>> {
        if !state.pokes.is_poker(caller) {
            return None;
        }
        let current = state.pokes.current.as_mut().filter(|current| current.name == name)?;
        let answer = if current.inodes.len() > 1 { current.inodes.pop() } else { current.inodes.last().copied() };
        Some(answer.filter(|&inode| state.inodes.contains(inode)).ok_or(VfsError::NotFound))
    }

    /// Opens a file for the poker: nothing can be read or written through the handle.
    pub(super) fn open_of_poker(&self, state: &mut State, inode: InodeNo) -> Opened {
        let handle = add_handle(state, inode, OpenFile::Poked, OpenMode::default());
        Opened { handle, keep_cache: true, direct: false, no_flush: true }
    }

    /// The inode of a key that others have made, for the poker to create; none when it is gone again.
    pub(super) fn create_of_poker(&self, state: &mut State, name: &OsStr) -> VfsResult<InodeNo> {
        let current = state.pokes.current.as_ref().filter(|current| current.name == name).ok_or(VfsError::NotFound)?;
        let key = current.key.clone();
        let live = self.live(state, &key).ok_or(VfsError::NotFound)?;
        Ok(state.version_inode(&self.options.naming.name_of(&key), &key, &live))
    }

    /// Lets the poker unlink a name: nothing is removed, and not even this happens when the key is live again.
    pub(super) fn unlink_of_poker(&self, state: &mut State, name: &OsStr) -> VfsResult<()> {
        let current = state.pokes.current.as_ref().filter(|current| current.name == name).ok_or(VfsError::NotFound)?;
        let key = current.key.clone();
        if self.live(state, &key).is_some() { Err(VfsError::NotFound) } else { Ok(()) }
    }
}

impl State {
    /// An inode for a key that is gone, to unlink.
    fn add_ghost(&mut self, name: &crate::view::FileName, key: &Key) -> InodeNo {
        let number = self.inodes.new_number();
        let modified = self.names_changed;
        let ghost = Placeholder { name: name.clone(), key: key.clone(), modified, linked: false };
        self.inodes.add(number, InodeKind::Placeholder(ghost));
        number
    }
}
