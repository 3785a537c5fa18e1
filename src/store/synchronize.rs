//! Taking in what other writers have done.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::change::{Change, UnreadableReason, Version};
use super::chase::chase;
use super::directory::{ListedRecord, Listing};
use super::error::{Context, Result};
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
        let mut changes = self.retry_unreadable(&mut scan);
        if !scan.listed.is_some_and(|listed| listed.is_unchanged(stamp)) {
            let before = Listed::before_listing(stamp);
            let sight = self.look(&mut scan)?;
            scan.listed = sight.exact.then_some(before);
            changes.extend(self.apply(sight));
        }
        if self.options.identifier.is_some() {
            self.heal(&changes)?;
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

    /// Brings the index up to date with what was seen.
    fn apply(&self, sight: Sight) -> Vec<Change> {
        let mut state = self.state.write();
        if state.index.is_empty() {
            // Before the first listing nothing was known, so nothing need be noted of what was.
            state.index.reserve(sight.added.len());
            self.insert_loaded(&mut state, sight.added, |_, _| ());
            return state.index.all_changes();
        }
        let mut before: HashMap<Key, Option<Version>, RandomState> = HashMap::default();
        let removed = if sight.exact { &sight.removed[..] } else { &[] };
        for &timestamp in removed {
            if let Some(key) = state.index.key_of(timestamp).cloned() {
                let current = state.index.current(key.as_wtf8()).cloned();
                before.entry(key).or_insert(current);
            }
        }
        self.insert_loaded(&mut state, sight.added, |index, key| {
            before.entry(key.clone()).or_insert_with(|| index.current(key.as_wtf8()).cloned());
        });
        // Only now, so that what has replaced a record is known when that is removed.
        for &timestamp in removed {
            state.index.remove_missing(timestamp, sight.epoch);
        }
        let changed = before.into_iter().filter_map(|(key, old)| {
            let new = state.index.current(key.as_wtf8()).cloned();
            (old != new).then_some(Change { key, old, new })
        });
        changed.collect()
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
    fn retry_unreadable(&self, scan: &mut Scan) -> Vec<Change> {
        let files: Vec<_> = {
            let state = self.state.read();
            let after = state.index.unreadable_files().filter(|(timestamp, _)| *timestamp > scan.retried);
            let files = after.take(RETRIED_FILES);
            files.map(|(timestamp, file)| (timestamp, file.identity, is_transient(&file.reason))).collect()
        };
        scan.retried = if files.len() == RETRIED_FILES { files[RETRIED_FILES - 1].0 } else { Timestamp::ZERO };
        let worth_reading = files.into_iter().filter(|(timestamp, identity, transient)| {
            *transient || self.directory.identify(*timestamp).is_ok_and(|now| now != *identity)
        });
        let entry = |timestamp, inode| ListedRecord { timestamp, inode, regular: true };
        let added: Vec<_> = worth_reading.map(|(timestamp, identity, _)| entry(timestamp, identity.inode)).collect();
        if added.is_empty() {
            return Vec::new();
        }
        let added = self.read_listed(&added, &mut LoadedRecords::default());
        self.apply(Sight { epoch: 0, removed: Vec::new(), added, exact: false })
    }

    /// Publishes a survivor again above a greater number that was seen for its key and has gone.
    ///
    /// Whoever has seen that number would take the survivor for an old record, and the original would delete it.
    fn heal(&self, changes: &[Change]) -> Result<()> {
        let endangered: Vec<(&Key, &Version)> = {
            let state = self.state.read();
            let survivors = changes.iter().filter_map(|change| Some((&change.key, change.new.as_ref()?)));
            survivors.filter(|(key, now)| state.index.highest(key.as_wtf8()) > Some(now.timestamp)).collect()
        };
        for (key, survivor) in endangered {
            log::info!("{key}: publishing {} again, above a greater number that has gone", survivor.timestamp);
            self.publish(key, survivor.value.as_ref(), self.options.durability)?;
        }
        Ok(())
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

fn is_transient(reason: &UnreadableReason) -> bool {
    matches!(reason, UnreadableReason::Io(_))
}
