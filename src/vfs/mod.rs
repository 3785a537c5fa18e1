//! The file system: what each operation of a mount means, without a mount.
//!
//! [`Vfs`] is an ordinary type that answers lookups, opens, reads and writes with values or errors; it knows neither the
//! FUSE protocol nor the format of a store, which it reaches through the trait [`Engine`]. Each version of a key's text
//! has an inode of its own whose content never changes; who opens an inode that was superseded is told to look the name
//! up again. What is being written is a draft, which nobody else sees, until it is closed and becomes a value.

mod attributes;
mod changes;
mod commit;
mod control;
mod convert;
mod create;
mod departing;
mod draft;
mod drafts;
mod engine;
mod error;
mod exchange;
mod handle;
mod histogram;
mod inode;
mod inode_table;
mod limits;
mod listing;
mod lookup;
mod notices;
mod observed;
mod open;
mod poke;
mod poll;
mod readme;
mod rejected;
mod removed;
mod rename;
mod report;
mod retry;
mod room;
mod scratch;
mod scratch_bytes;
mod set_attributes;
mod shelf;
mod state;
mod statistics;
mod status;
mod store_engine;
mod symlink;
mod temporary;
mod text;
mod texts;
mod timers;
mod transfer;
mod unlink;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use parking_lot::{Condvar, Mutex};

pub use attributes::{
    AttributeChange, Attributes, Caller, Entry, FileKind, HandleNo, InodeNo, Kept, OpenMode, Opened, RenameMode,
};
pub use engine::{Engine, EngineError, ForeignChange, LiveVersion, Pinned, Space, VersionNumber};
pub use error::{VfsError, VfsResult};
pub use limits::Limits;
pub use listing::OpenedDirectory;
pub use notices::{Notice, Then};
pub use poke::Poke;
pub use report::EngineReport;
pub use shelf::ShelfError;
pub use statistics::{Operation, Statistics};
pub use store_engine::with_text_shape;
pub use transfer::{LargePiece, ReadBytes, Reading};

use crate::view::Naming;
use inode::{ControlInode, InodeKind};
use notices::Notices;
use observed::Observed;
use room::ScratchRoom;
use shelf::Shelf;
use state::State;

/// The name of the directory, not listed, that tells about the mount.
pub const CONTROL_NAME: &str = ".keyfs";

/// Who owns the files, what may be done to them, and how they are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VfsOptions {
    /// The owner of all files.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// The permission bits that no file has.
    pub umask: u16,
    /// Nothing can be changed.
    pub read_only: bool,
    /// How keys become file names.
    pub naming: Naming,
    /// The directory in which scratch files and refused texts are kept, made when it is missing; the directory above it
    /// must exist. Without one they go with the [`Vfs`], as when nothing can be changed.
    pub shelf: Option<PathBuf>,
    /// The most that is held beside the store.
    pub limits: Limits,
}

/// A store seen as a directory of files.
///
/// All methods may be called from several threads at once. One lock guards the inodes and handles; it is held while a
/// value is put, and never while others' changes are taken in or a value is made durable.
pub struct Vfs<E> {
    engine: Observed<E>,
    options: VfsOptions,
    /// Held while others' changes are taken in and noted. Taken before `state`.
    taking_in: Mutex<()>,
    /// Guards inodes, handles, drafts and scratch files. Taken before any lock of the engine.
    state: Mutex<State>,
    /// Tells the thread that does what is due in its time that there is something new to wait for.
    timer: Condvar,
    /// Tells the poker that there is a change to be heard of.
    poked: Condvar,
    /// The thread of the poker, zero when there is none.
    poker: AtomicU32,
    notices: Notices,
    /// Where scratch files and refused texts are; also reached without the lock.
    shelf: Arc<Shelf>,
    scratch_room: ScratchRoom,
    started: std::time::SystemTime,
    statistics: Statistics,
}

impl<E: Engine> Vfs<E> {
    /// Shows an engine as a file system.
    pub fn new(engine: E, options: VfsOptions) -> Vfs<E> {
        let read_only = options.read_only || !engine.is_writable();
        let shelf = Arc::new(Shelf::open(options.shelf.as_deref().filter(|_| !read_only)));
        let mut state = State::new(&shelf, options.limits);
        state.add_found_scratch(&options.naming);
        Vfs {
            engine: Observed::new(engine),
            options: VfsOptions { read_only, ..options },
            taking_in: Mutex::new(()),
            state: Mutex::new(state),
            timer: Condvar::new(),
            poked: Condvar::new(),
            poker: AtomicU32::new(0),
            notices: Notices::default(),
            shelf,
            scratch_room: ScratchRoom::default(),
            started: std::time::SystemTime::now(),
            statistics: Statistics::new(),
        }
    }

    /// Where whoever passes requests on counts them.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The attributes of an inode.
    ///
    /// # Errors
    ///
    /// [`VfsError::Stale`] when nobody can know the inode any more.
    pub fn getattr(&self, inode: InodeNo) -> VfsResult<Attributes> {
        self.attributes(&self.state.lock(), inode)
    }

    /// Notes that the kernel has forgotten an inode that it was given `count` times.
    pub fn forget(&self, inode: InodeNo, count: u64) {
        let mut state = self.state.lock();
        let superseded = state.key_of_last_lookup(inode, count);
        state.inodes.forget(inode, count);
        if let Some(key) = superseded {
            state.prune_slot(&key);
        }
    }

    /// The space of what keeps the values.
    ///
    /// # Errors
    ///
    /// [`VfsError::Engine`].
    pub fn statfs(&self) -> VfsResult<Space> {
        Ok(self.engine.space()?)
    }

    /// Saves every draft that is a value, removes the keys that were renamed away, and publishes what only looked
    /// temporary; texts that are no values stay as they are, for their writers to finish.
    pub fn save_all(&self) {
        let mut state = self.state.lock();
        let drafts: Vec<_> = state.handles.writers().collect();
        for inode in drafts {
            if let Err(error) = self.commit(&mut state, inode) {
                log::warn!("a text that is still being written cannot be saved now: {error}");
            }
        }
        if let Err(error) = self.remove_departed(&mut state, None) {
            log::error!("a key that was renamed away cannot be removed: {error}");
        }
        drop(state);
        self.publish_temporaries(None);
    }

    /// Closes what is still open, and saves all: for when the mount has gone. The kernel may have dropped what it had not
    /// told yet, so nothing is open any more, whatever was said.
    pub fn end(&self) {
        let open: Vec<_> = self.state.lock().handles.numbers().collect();
        for handle in open {
            if let Err(error) = self.release(handle) {
                log::debug!("an open file cannot be closed at the end: {error}");
            }
        }
        self.save_all();
    }

    fn check_writable(&self) -> VfsResult<()> {
        if self.options.read_only { Err(VfsError::ReadOnly) } else { Ok(()) }
    }

    fn attributes(&self, state: &State, number: InodeNo) -> VfsResult<Attributes> {
        let inode = state.inodes.get(number)?;
        let (kind, size, modified, mode) = match &inode.kind {
            InodeKind::Root => (FileKind::Directory, 0, state.names_changed, 0o755),
            InodeKind::Control(ControlInode::Directory(_)) => (FileKind::Directory, 0, self.started, 0o755),
            InodeKind::Control(ControlInode::File { text, modified }) => {
                (FileKind::Regular, text.len() as u64, *modified, 0o444)
            }
            InodeKind::Version(version) => (FileKind::Regular, version.shape.len, version.modified, 0o644),
            InodeKind::Placeholder(placeholder) => (FileKind::Regular, 0, placeholder.modified, 0o644),
            InodeKind::Control(ControlInode::Refused { size, modified, .. }) => {
                (FileKind::Regular, *size, *modified, 0o444)
            }
            InodeKind::Draft(draft) => (FileKind::Regular, draft.len(), draft.modified, 0o644),
            InodeKind::Scratch(scratch) => {
                let found = scratch.stat(&self.shelf)?;
                (scratch.kind(), found.size, found.modified, found.mode)
            }
        };
        let shown_inode = match &inode.kind {
            InodeKind::Draft(draft) => draft.shown_inode,
            _ => number,
        };
        let kept = match &inode.kind {
            InodeKind::Root | InodeKind::Version(_) | InodeKind::Control(ControlInode::Directory(_)) => Kept::Lasting,
            // When it is emptied, the kernel forgets its attributes but for the owner and the mode.
            InodeKind::Draft(draft) if draft.unopened.is_some() => Kept::Briefly,
            InodeKind::Control(_) | InodeKind::Placeholder(_) | InodeKind::Draft(_) | InodeKind::Scratch(_) => {
                Kept::Nothing
            }
        };
        let write_bits = if self.options.read_only { 0o222 } else { 0 };
        let mode = if kind == FileKind::Symlink { mode } else { mode & !self.options.umask & !write_bits };
        let (uid, gid) = (self.options.uid, self.options.gid);
        Ok(Attributes { inode: number, shown_inode, kind, size, modified, mode, uid, gid, kept })
    }
}

impl<E> Drop for Vfs<E> {
    fn drop(&mut self) {
        self.shelf.tidy();
    }
}
