//! How much of what they may have together drafts and scratch files have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Vfs;
use super::engine::Engine;
use super::inode::InodeKind;
use super::state::State;

/// The bytes of all drafts.
#[derive(Clone, Debug, Default)]
pub(super) struct DraftBytes(Arc<AtomicU64>);

impl DraftBytes {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What a draft that has none yet has of them.
    pub(super) fn share(&self) -> Share {
        Share { all: self.clone(), own: 0 }
    }
}

/// What one draft has of the bytes of all, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Share {
    all: DraftBytes,
    own: u64,
}

impl Share {
    pub(super) fn set(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        if bytes >= self.own {
            self.all.0.fetch_add(bytes - self.own, Ordering::Relaxed);
        } else {
            self.all.0.fetch_sub(self.own - bytes, Ordering::Relaxed);
        }
        self.own = bytes;
    }

    /// What all others have.
    pub(super) fn others(&self) -> u64 {
        self.all.get().saturating_sub(self.own)
    }

    /// Moves to the bytes of all drafts of a mount.
    pub(super) fn join(&mut self, all: &DraftBytes) {
        let own = self.own as usize;
        *self = all.share();
        self.set(own);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// By how many bytes scratch files may grow before all of them are looked at again.
///
/// What they lose is not counted: whoever finds no room looks how much there is.
#[derive(Debug, Default)]
pub(super) struct ScratchRoom(AtomicU64);

impl ScratchRoom {
    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

impl<E: Engine> Vfs<E> {
    /// Takes room for so many more bytes of scratch files; false when there is none. Not with the state locked.
    pub(super) fn take_scratch_room(&self, bytes: u64) -> bool {
        if bytes == 0 || self.scratch_room.take(bytes) {
            return true;
        }
        let used = self.state.lock().scratch_bytes();
        self.scratch_room.0.store(self.options.limits.scratch_bytes.saturating_sub(used), Ordering::Relaxed);
        self.scratch_room.take(bytes)
    }
}

impl State {
    /// The bytes that all scratch files take, those included whose names have gone and that are still open.
    pub(super) fn scratch_bytes(&self) -> u64 {
        let size = |kind: &InodeKind| match kind {
            InodeKind::Scratch(scratch) => scratch.stat(&self.shelf).map_or(0, |found| found.taken),
            _ => 0,
        };
        self.inodes.iter().map(|inode| size(&inode.kind)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_given_back_with_its_draft() {
        let all = DraftBytes::default();
        let (mut one, mut other) = (all.share(), Share::default());
        one.set(10);
        other.set(7);
        assert_eq!(all.get(), 10, "the other one is of no mount yet");
        other.join(&all);
        assert_eq!(all.get(), 17);
        one.set(4);
        assert_eq!(all.get(), 11);
        drop(other);
        assert_eq!(all.get(), 4);
    }
}
