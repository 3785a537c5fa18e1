//! When a snapshot is read and when it is made.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use super::format::{Kept, Snapshot, encode};
use crate::store::index::{Epoch, Index};
use crate::store::shared::Shared;

/// From how many records on a snapshot is worth its file.
const FEWEST_RECORDS: usize = 500;

/// One record of so many may be missing in a snapshot before it is made anew.
const MISSING_SHARE: usize = 8;

impl Shared {
    /// An index of what the last snapshot tells, if there is one and it is whole.
    pub(in crate::store) fn index_of_snapshot(&self, epoch: Epoch) -> Option<Index> {
        let bytes = match self.directory.read_snapshot() {
            Ok(bytes) => bytes?,
            Err(error) => {
                log::debug!("no snapshot of {}: {error}", self.directory.path().display());
                return None;
            }
        };
        let is_measured = self.options.measure.is_some();
        let index = Snapshot::parse(bytes).and_then(|snapshot| {
            let records = snapshot.records(is_measured);
            Index::of_records(self.options.cached_bytes, epoch, snapshot.len(), records)
        });
        if index.is_none() {
            log::info!("the snapshot of {} is damaged or of another version", self.directory.path().display());
        }
        index
    }

    /// Makes a snapshot if the last one lacks much of what is known.
    pub(in crate::store) fn keep_snapshot(&self) {
        if !self.is_worth_a_snapshot() {
            return;
        }
        let missing = self.not_in_snapshot.swap(0, Ordering::Relaxed);
        let records: Vec<_> = {
            let state = self.state.read();
            let records = state.index.records();
            records.map(|(timestamp, inode, key, content)| (timestamp, inode, key.clone(), content)).collect()
        };
        // On disk before the snapshot is: after a loss of power nothing is in it that the directory has lost.
        let kept = self.directory.sync_all().and_then(|()| self.directory.write_snapshot(&self.encoded(records)));
        if let Err(error) = kept {
            log::debug!("no snapshot of {} is kept: {error}", self.directory.path().display());
            self.not_in_snapshot.fetch_add(missing, Ordering::Relaxed);
        }
    }

    /// A snapshot without the keys of which a record could not be made durable: that a later sync succeeds proves nothing.
    fn encoded(&self, mut records: Vec<Kept>) -> Vec<u8> {
        let failed = self.pending.failed_keys();
        records.retain(|(_, _, key, _)| !failed.contains(key));
        encode(records)
    }

    /// Keeps a snapshot in a thread of its own, where one is needed and can be had.
    pub(in crate::store) fn keep_snapshot_in_background(self: &Arc<Shared>) -> Option<JoinHandle<()>> {
        if !self.is_worth_a_snapshot() {
            return None;
        }
        let shared = Arc::clone(self);
        let thread = std::thread::Builder::new().name("keyfs-snapshot".to_owned());
        thread.spawn(move || shared.keep_snapshot()).ok()
    }

    fn is_worth_a_snapshot(&self) -> bool {
        if !self.directory.keeps_snapshots() {
            return false;
        }
        let (known, missing) = (self.state.read().index.len(), self.not_in_snapshot.load(Ordering::Relaxed));
        known >= FEWEST_RECORDS && missing > known / MISSING_SHARE
    }
}
