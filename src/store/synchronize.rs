//! Taking in what other writers have done.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::change::{Change, UnreadableReason, Version};
use super::chase::chase;
use super::directory::{Identity, ListedRecord, Listing};
use super::error::{Context, Error, Result};
use super::freshness::Listed;
use super::index::{Difference, Epoch, Index};
use super::load::{Loaded, load, load_one};
use super::shared::{Shared, State};
use super::stale::SeenSince;
use crate::record::{Key, Timestamp};

/// Listings that are tried before the names are watched: a record that vanishes in all of them has a busy writer.
const PLAIN_LISTINGS: usize = 3;

/// Unreadable files that are looked at again in one synchronisation.
const RETRIED_FILES: usize = 64;

/// What the last listing left behind. Guarded by the scan lock, which is the first in the lock order.
#[derive(Default)]
pub(super) struct Scan {
    listed: Option<Listed>,
    /// The unreadable file after which the next round of retries goes on.
    retried: Timestamp,
    seen_since: SeenSince,
    /// Keys with a survivor that could not be published again yet.
    unhealed: BTreeSet<Key>,
    pub(super) foreign_names: usize,
    pub(super) foreign_examples: Vec<std::ffi::OsString>,
}

/// Records that were read in a try that had to be repeated.
pub(super) type LoadedRecords = HashMap<Timestamp, Loaded, RandomState>;

/// What one look at the directory gave.
struct Sight {
    epoch: Epoch,
    /// Known names that are gone.
    removed: Vec<Timestamp>,
    /// What is new, newest first.
    added: Vec<(Timestamp, Loaded)>,
    /// False when some record could not be caught: then nothing may be concluded from what is missing.
    exact: bool,
}

impl Shared {
    /// Takes in the changes of other writers, and says what they are.
    pub(super) fn synchronize(&self) -> Result<Vec<Change>> {
        let mut scan = self.scan.lock();
        let Some(stamp) = self.directory.stamp().context("look at", self.directory.path())? else {
            return Ok(Vec::new());
        };
        let unreadable = self.next_unreadable(&mut scan);
        let mut changes = Vec::new();
        if !scan.listed.is_some_and(|listed| listed.is_unchanged(stamp)) {
            let before = Listed::before_listing(stamp);
            let sight = self.look(&mut scan)?;
            let exact = sight.exact;
            let (changed, complete) = self.apply(sight);
            scan.listed = (exact && complete).then_some(before);
            changes = changed;
        }
        // After all that can fail, so that no change is taken in without being told.
        changes.extend(self.retry_unreadable(unreadable));
        changes.append(&mut self.state.write().untold);
        if self.options.identifier.is_some() {
            scan.unhealed.extend(self.endangered(&changes));
            scan.unhealed.retain(|key| !self.heal(key));
            self.collect_stale(&mut scan.seen_since);
        }
        Ok(changes)
    }

    /// Lists the directory and reads what is new, again while records vanish between the two.
    fn look(&self, scan: &mut Scan) -> Result<Sight> {
        let mut loaded = LoadedRecords::default();
        for attempt in 1.. {
            let last = attempt > PLAIN_LISTINGS;
            let epoch = self.state.write().index.begin_listing();
            let listing = if last { self.chased_listing(&mut loaded)? } else { None };
            let exact_by_chase = listing.is_some();
            let listing = match listing {
                Some(listing) => listing,
                None => self.directory.list().context("list", self.directory.path())?,
            };
            scan.foreign_names = listing.foreign_names;
            scan.foreign_examples.clone_from(&listing.foreign_examples);
            let difference = self.state.read().index.difference(&listing.records, epoch);
            let Difference { added, removed } = difference;
            let added = self.read_listed(&added, &mut loaded);
            let vanished = added.iter().any(|(_, loaded)| matches!(loaded, Loaded::Vanished));
            if !vanished || last {
                return Ok(Sight { epoch, removed, added, exact: !vanished || exact_by_chase });
            }
            loaded.extend(added);
        }
        Ok(Sight { epoch: 0, removed: Vec::new(), added: Vec::new(), exact: false })
    }

    /// A listing whose every record has been read, or `None` where names cannot be watched.
    fn chased_listing(&self, loaded: &mut LoadedRecords) -> Result<Option<Listing>> {
        let is_known = |entry: &ListedRecord| self.state.read().index.inode(entry.timestamp) == Some(entry.inode);
        let read = |entry: ListedRecord| load_one(&*self.directory, entry, self.options.record_limit);
        chase(&*self.directory, is_known, read, loaded).context("watch", self.directory.path())
    }

    /// Reads listed records, but for those that an earlier try has read.
    fn read_listed(&self, listed: &[ListedRecord], loaded: &mut LoadedRecords) -> Vec<(Timestamp, Loaded)> {
        let limit = self.options.record_limit;
        if loaded.is_empty() {
            return load(&*self.directory, listed, limit);
        }
        let missing: Vec<_> = listed.iter().filter(|entry| !is_loaded(loaded, entry)).copied().collect();
        loaded.extend(load(&*self.directory, &missing, limit));
        let take =
            |entry: &ListedRecord| (entry.timestamp, loaded.remove(&entry.timestamp).unwrap_or(Loaded::Vanished));
        listed.iter().map(take).collect()
    }

    /// Brings the index up to date with what was seen; false when records that have gone had to be kept.
    fn apply(&self, sight: Sight) -> (Vec<Change>, bool) {
        let mut state = self.state.write();
        if state.index.is_empty() {
            // Before the first listing nothing was known, so nothing need be noted of what was.
            state.index.reserve(sight.added.len());
            self.insert_loaded(&mut state, sight.added, |_, _| ());
            return (state.index.all_changes(), true);
        }
        let mut before: HashMap<Key, Option<Version>, RandomState> = HashMap::default();
        let removed = if sight.exact { sight.removed } else { Vec::new() };
        for &timestamp in &removed {
            if let Some(key) = state.index.key_of(timestamp).cloned() {
                let current = state.index.current(key.as_wtf8()).cloned();
                before.entry(key).or_insert(current);
            }
        }
        self.insert_loaded(&mut state, sight.added, |index, key| {
            before.entry(key.clone()).or_insert_with(|| index.current(key.as_wtf8()).cloned());
        });
        // Only now, so that what has replaced a record is known when that is removed.
        let mut complete = true;
        for timestamp in removed {
            // While the file cannot be opened that has perhaps taken its place, the value is not gone.
            if state.index.may_have_an_unread_successor(timestamp) {
                complete = false;
            } else {
                state.index.remove_missing(timestamp, sight.epoch);
            }
        }
        let changed = before.into_iter().filter_map(|(key, old)| {
            let new = state.index.current(key.as_wtf8()).cloned();
            (old != new).then_some(Change { key, old, new })
        });
        (changed.collect(), complete)
    }

    /// The files that could not be read whose turn it is to be looked at again: some of them, if there are many.
    fn next_unreadable(&self, scan: &mut Scan) -> Vec<(Timestamp, Identity)> {
        let state = self.state.read();
        let after = state.index.unreadable_files().filter(|(timestamp, _)| *timestamp > scan.retried);
        let files: Vec<_> = after.take(RETRIED_FILES).map(|(timestamp, file)| (timestamp, file.identity)).collect();
        scan.retried = if files.len() == RETRIED_FILES { files[RETRIED_FILES - 1].0 } else { Timestamp::ZERO };
        files
    }

    /// Inserts what was read, telling `note` each key before.
    fn insert_loaded(&self, state: &mut State, loaded: Vec<(Timestamp, Loaded)>, mut note: impl FnMut(&Index, &Key)) {
        // Oldest first, so that most records simply supersede the one before.
        for (timestamp, loaded) in loaded.into_iter().rev() {
            match loaded {
                Loaded::Record { inode, record } => {
                    note(&state.index, &record.key);
                    state.index.insert(timestamp, inode, record);
                }
                Loaded::Unreadable(file) => {
                    log::warn!("{}/{timestamp}: {}", self.directory.path().display(), file.reason);
                    state.index.insert_unreadable(timestamp, file);
                }
                Loaded::Vanished => {}
            }
        }
    }

    /// Looks again at files that could not be read: those that have changed, and those that the system refused.
    fn retry_unreadable(&self, files: Vec<(Timestamp, Identity)>) -> Vec<Change> {
        let worth_reading = files.into_iter().filter(|(timestamp, identity)| {
            let transient = self.state.read().index.unreadable_reason(*timestamp).map(UnreadableReason::is_transient);
            match transient {
                // Read, or gone, or replaced since.
                None => false,
                Some(true) => true,
                Some(false) => self.directory.identify(*timestamp).is_ok_and(|now| now != *identity),
            }
        });
        let entry = |timestamp, inode| ListedRecord { timestamp, inode, regular: true };
        let added: Vec<_> = worth_reading.map(|(timestamp, identity)| entry(timestamp, identity.inode)).collect();
        if added.is_empty() {
            return Vec::new();
        }
        let added = self.read_listed(&added, &mut LoadedRecords::default());
        self.apply(Sight { epoch: 0, removed: Vec::new(), added, exact: false }).0
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
        match self.publish_again(key, survivor.value.as_ref(), highest, self.options.durability) {
            // Published, if not durable: the failure is remembered with the key.
            Ok(_) | Err(Error::NotDurable { .. }) => true,
            Err(error) => {
                log::warn!("{key}: {error}");
                false
            }
        }
    }
}

/// Whether exactly this file has been read; one that vanished has not.
fn is_loaded(loaded: &LoadedRecords, entry: &ListedRecord) -> bool {
    match loaded.get(&entry.timestamp) {
        Some(Loaded::Record { inode, .. }) => *inode == entry.inode,
        Some(Loaded::Unreadable(file)) => file.identity.inode == entry.inode,
        Some(Loaded::Vanished) | None => false,
    }
}
