//! Taking in what other writers have done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change::{Change, UnreadableReason};
use super::directory::{Identity, ListedRecord, Watch};
use super::error::{Error, Result, is_passing};
use super::freshness::Listed;
use super::load::{Loaded, load};
use super::look::Sight;
use super::news::News;
use super::reading::Sought;
use super::shared::{Shared, State};
use super::stale::SeenSince;
use crate::record::{Key, Timestamp};

/// Unreadable files that are looked at again in one synchronisation.
const RETRIED_FILES: usize = 64;

/// What the last look left behind. Guarded by the scan lock, which is the first in the lock order.
#[derive(Default)]
pub(super) struct Scan {
    /// Tells what has happened since the last look, where that can be had.
    pub(super) watch: Option<Arc<dyn Watch>>,
    /// The directory before the last listing; proves that nothing has changed where there is no watch.
    pub(super) listed: Option<Listed>,
    /// The unreadable file after which the next round of retries goes on.
    retried: Timestamp,
    seen_since: SeenSince,
    /// Keys with a survivor that could not be published again yet.
    unhealed: BTreeSet<Key>,
    pub(super) foreign_names: usize,
    pub(super) foreign_examples: Vec<std::ffi::OsString>,
}

impl Shared {
    /// Takes in the changes of other writers, and says what they are.
    pub(super) fn synchronize(&self) -> Result<Vec<Change>> {
        let mut scan = self.scan.lock();
        let has_looked = self.take_in(&mut scan)?;
        let changes = self.state.write().take_untold();
        if !changes.is_empty() {
            self.waiting.has_changed();
        }
        if self.options.identifier.is_some() {
            scan.unhealed.extend(self.endangered(&changes));
            scan.unhealed.retain(|key| !self.heal(key));
            self.collect_stale(&mut scan.seen_since, has_looked);
        }
        Ok(changes)
    }

    /// Takes in the changes of other writers for somebody who does not tell them: the next synchronisation does, and
    /// whoever waits for changes hears that there is something to tell.
    pub(super) fn take_in_untold(&self) -> Result<()> {
        let mut scan = self.scan.lock();
        self.take_in(&mut scan)?;
        self.distrust(&mut scan);
        Ok(())
    }

    /// Looks at the directory and takes in what has changed; false when there was nothing to look at.
    fn take_in(&self, scan: &mut Scan) -> Result<bool> {
        let unreadable = self.next_unreadable(scan);
        let sight = self.look(scan)?;
        let has_looked = sight.is_some();
        if let Some(sight) = sight {
            let exact = sight.exact;
            if !(self.apply(sight) && exact) {
                self.distrust(scan);
            }
        }
        self.retry_unreadable(unreadable);
        self.retry_refused();
        Ok(has_looked)
    }

    /// Brings the index up to date with what was seen; false when records that have gone had to be kept.
    fn apply(&self, Sight { news, exact }: Sight) -> bool {
        let mut state = self.state.write();
        let mut gone = if exact { news.gone } else { BTreeMap::new() };
        for timestamp in gone.keys() {
            if let Some(key) = state.index.key_of(*timestamp).cloned() {
                state.note(&key);
            }
        }
        // A name that was freed and taken again stands for another file now.
        gone.retain(|timestamp, _| !news.read.contains_key(timestamp));
        if state.index.is_empty() {
            state.index.reserve(news.read.len());
        }
        self.insert_loaded(&mut state, news.read);
        // Only now, so that what has replaced a record is known when that is removed.
        let mut complete = true;
        for (timestamp, epoch) in gone {
            // While the file cannot be opened that has perhaps taken its place, the value is not gone.
            if state.index.may_have_an_unread_successor(timestamp) {
                complete = false;
            } else {
                state.index.remove_missing(timestamp, epoch);
            }
        }
        complete
    }

    /// The files that could not be read whose turn it is to be looked at again: some of them, if there are many.
    fn next_unreadable(&self, scan: &mut Scan) -> Vec<(Timestamp, Identity)> {
        let state = self.state.read();
        let after = state.index.unreadable_files().filter(|(timestamp, _)| *timestamp > scan.retried);
        let files: Vec<_> = after.take(RETRIED_FILES).map(|(timestamp, file)| (timestamp, file.identity)).collect();
        scan.retried = if files.len() == RETRIED_FILES { files[RETRIED_FILES - 1].0 } else { Timestamp::ZERO };
        files
    }

    /// Inserts what was read.
    fn insert_loaded(&self, state: &mut State, loaded: BTreeMap<Timestamp, Loaded>) {
        // Oldest first, so that most records simply supersede the one before.
        for (timestamp, loaded) in loaded {
            match loaded {
                Loaded::Record(record) => {
                    state.note(&record.key);
                    state.index.insert(timestamp, record);
                }
                Loaded::Unreadable(file) => {
                    log::warn!("{}/{timestamp}: {}", self.directory.path().display(), file.reason);
                    state.index.insert_unreadable(timestamp, file);
                }
                Loaded::Vanished => {}
            }
        }
    }

    /// Reads what the system has refused for want of something, however much it is, as long as nothing is wanting now.
    fn retry_refused(&self) {
        loop {
            let refused: Vec<_> = {
                let index = &self.state.read().index;
                let passing = index.refused().filter(|(_, errno)| is_passing(*errno)).take(RETRIED_FILES);
                passing.map(|(timestamp, _)| (timestamp, Identity::default())).collect()
            };
            if refused.is_empty() || !self.retry_unreadable(refused) {
                return;
            }
        }
    }

    /// Looks again at files that could not be read: those that have changed, and those that the system refused. True when some
    /// of these were read.
    fn retry_unreadable(&self, files: Vec<(Timestamp, Identity)>) -> bool {
        let worth_reading = files.into_iter().filter(|(timestamp, identity)| {
            let kind = |reason: &UnreadableReason| (reason.is_transient(), *reason == UnreadableReason::NotAFile);
            let kind = self.state.read().index.unreadable_reason(*timestamp).map(kind);
            match kind {
                // Read, or gone, or replaced since.
                None => false,
                Some((true, _)) => true,
                // A device or a FIFO never becomes a file; a listing tells no more of it than its inode number.
                Some((_, is_no_file)) => self
                    .directory
                    .identify(*timestamp)
                    .is_ok_and(|now| if is_no_file { now.inode != identity.inode } else { now != *identity }),
            }
        });
        let entry = |timestamp, inode| ListedRecord { timestamp, inode, regular: true };
        let added: Vec<_> = worth_reading.map(|(timestamp, identity)| entry(timestamp, identity.inode)).collect();
        if added.is_empty() {
            return false;
        }
        let read: BTreeMap<_, _> = load(&*self.directory, &added, &self.options.loading()).into_iter().collect();
        let has_read = read.values().any(|loaded| match loaded {
            Loaded::Record(_) => true,
            Loaded::Unreadable(file) => file.errno.is_none(),
            Loaded::Vanished => false,
        });
        self.apply(Sight { news: News::of_read(read), exact: false });
        has_read
    }

    /// The keys among those that changed whose survivor is below a number that was seen.
    fn endangered(&self, changes: &[Change]) -> Vec<Key> {
        let state = self.state.read();
        let survivors = changes.iter().filter_map(|change| Some((&change.key, change.new.as_ref()?)));
        let below = survivors.filter(|(key, now)| state.index.highest(key.as_wtf8()) > Some(now.timestamp));
        below.map(|(key, _)| key.clone()).collect()
    }

    /// Publishes a survivor again above a greater number that was seen for its key and has gone; false when it could not.
    ///
    /// Whoever has seen that number would take the survivor for an old record, and the original would delete it.
    fn heal(&self, key: &Key) -> bool {
        let Some((survivor, highest)) = self.state.read().index.current_and_highest(key.as_wtf8()) else { return true };
        if survivor.timestamp >= highest {
            return true;
        }
        log::info!("{key}: publishing {} again, above a greater number that has gone", survivor.timestamp);
        let survivor = match self.value_of(key.as_wtf8(), survivor.timestamp) {
            Ok(Sought::Value(value)) => Ok(Some(value)),
            Ok(Sought::Tombstone) => Ok(None),
            // The next synchronisation tells by what it was replaced.
            Ok(Sought::Gone) => return false,
            Err(error) => Err(error),
        };
        let published =
            survivor.and_then(|value| self.publish_again(key, value.as_ref(), highest, self.options.durability));
        match published {
            // Published, if not durable: the failure is remembered with the key.
            Ok(_) | Err(Error::NotDurable { .. }) => true,
            Err(error) => {
                log::warn!("{key}: {error}");
                false
            }
        }
    }
}
