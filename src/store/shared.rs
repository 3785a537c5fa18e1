use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, RwLock};

use super::change::Change;
use super::directory::{Directory, ListedRecord};
use super::error::{Error, Result};
use super::index::{Content, Difference, Index, Sighting};
use super::load::LoadedRecord;
use super::options::{Durability, OpenOptions};
use super::pending::{Held, Pending, Said};
use super::publish::{Published, following};
use super::synchronize::Scan;
use super::waiting::Waiting;
use crate::record::{Key, Timestamp, Value, encode};

/// What the store and its background thread share.
///
/// Lock order: `scan`, then `state`, then `pending`; `waiting` is held for no other. No lock but `scan` is held during a
/// system call.
pub(super) struct Shared {
    pub(super) directory: Box<dyn Directory>,
    pub(super) options: OpenOptions,
    /// Guards the watch and the last listing; held during a look at the directory, so that one thread looks at a time.
    pub(super) scan: Mutex<Scan>,
    /// Guards what is known of the directory.
    pub(super) state: RwLock<State>,
    /// Guards what is not known to be on disk yet.
    pub(super) pending: Pending,
    pub(super) waiting: Waiting,
    /// Set when something was found out that no event will tell of: the next synchronisation lists.
    pub(super) in_doubt: AtomicBool,
    /// How many records have become known that are not in the last snapshot.
    pub(super) not_in_snapshot: AtomicUsize,
}

/// What is known of the directory.
pub(super) struct State {
    pub(super) index: Index,
    last_own: Timestamp,
    /// Whether the store is open: what opening it shows is no change.
    pub(super) is_open: bool,
    /// The keys that others may have changed, which the next synchronisation is to tell, and what was known of them.
    untold: HashMap<Key, Option<Sighting>, RandomState>,
}

impl State {
    pub(super) fn new(options: &OpenOptions) -> State {
        let index = Index::with_room(options.cached_bytes);
        State { index, last_own: Timestamp::ZERO, is_open: false, untold: HashMap::default() }
    }

    /// Notes what is known of a key, before what others have done to it becomes known.
    pub(super) fn note(&mut self, key: &Key) {
        if self.is_open && !self.untold.contains_key(key) {
            self.untold.insert(key.clone(), self.index.sighting(key.as_wtf8()));
        }
    }

    /// Begins with an index that a snapshot has told of, as far as a listing shows the same; gives what else is listed.
    pub(super) fn begin_with(&mut self, told: Index, listed: &[ListedRecord]) -> Difference {
        let mut told = told;
        let difference = told.keep_listed(listed);
        told.records().for_each(|(_, _, key, _)| self.note(key));
        self.index = told;
        difference
    }

    /// Takes in a record of another key that was found under a name of which something else was known.
    pub(super) fn take_in_between(&mut self, timestamp: Timestamp, record: LoadedRecord) {
        self.note(&record.key);
        self.index.insert(timestamp, record);
    }

    /// What others have changed and nobody was told of, in no order.
    pub(super) fn take_untold(&mut self) -> Vec<Change> {
        let index = &self.index;
        let changed = self.untold.drain().filter_map(|(key, old)| {
            let new = index.sighting(key.as_wtf8());
            let version = |sighting: Sighting| sighting.version;
            (old != new).then(|| Change { key, old: old.map(version), new: new.map(version) })
        });
        changed.collect()
    }

    /// The number of the next record of a key: not below the clock, above all that was seen of the key, above `taken`
    /// and all own numbers.
    fn next_timestamp(&mut self, key: &Key, now: Timestamp, taken: Timestamp) -> Result<Timestamp> {
        let highest = self.index.highest(key.as_wtf8()).max(Some(taken));
        let after_key = highest.map_or(Ok(Timestamp::ZERO), |highest| following(key, highest))?;
        // A record from the far future must not drag every later put along: only numbers near the clock are kept.
        let after_own = self.last_own.next().unwrap_or(Timestamp::ZERO);
        let next = now.max(after_key).max(after_own);
        self.last_own = now.max(after_own);
        Ok(next)
    }
}

impl Shared {
    /// Publishes a value, or a tombstone when there is none, and makes it durable as asked.
    pub(super) fn publish(&self, key: &Key, value: Option<&Value>, durability: Durability) -> Result<Timestamp> {
        let numbers = |taken| self.allocate(key, taken).map(Some);
        let published = self.publish_as(key, value, durability, numbers)?;
        // `allocate` always has a number or an error.
        published.ok_or_else(|| Error::NoTimestampLeft { key: key.clone(), timestamp: Timestamp::ZERO })
    }

    /// Publishes again what a key has, just above `floor`; `None` when somebody has put the key meanwhile, whose value
    /// is the newer one.
    pub(super) fn publish_again(
        &self,
        key: &Key,
        value: Option<&Value>,
        floor: Timestamp,
        durability: Durability,
    ) -> Result<Option<Timestamp>> {
        self.publish_as(key, value, durability, |taken| self.number_just_above(key, floor, taken))
    }

    fn publish_as(
        &self,
        key: &Key,
        value: Option<&Value>,
        durability: Durability,
        numbers: impl FnMut(Timestamp) -> Result<Option<Timestamp>>,
    ) -> Result<Option<Timestamp>> {
        let bytes = self.record_bytes(key, value)?;
        let epoch = self.state.read().index.epoch();
        let Some(published) = self.publish_bytes(&bytes, durability, numbers)? else { return Ok(None) };
        let Published { timestamp, inode, staged } = published;
        let value = value.map(|value| stored_value(value, &bytes));
        let content = Content::of(value.as_ref(), self.options.measure);
        let record = LoadedRecord { inode, key: key.clone(), content, value: value.clone() };
        self.not_in_snapshot.fetch_add(1, Ordering::Relaxed);
        let (superseded, looked) = {
            let index = &mut self.state.write().index;
            (index.insert(timestamp, record).superseded, index.epoch() != epoch)
        };
        // A look meanwhile may have taken the event that somebody has removed the name before it was known here.
        if looked && !self.directory.identify(timestamp).is_ok_and(|found| found.inode == inode) {
            self.in_doubt.store(true, Ordering::Relaxed);
        }
        match durability {
            Durability::Background => {
                self.make_durable_later(key, timestamp, Said::of(value), Held { file: staged, inode }, superseded);
            }
            Durability::Sync => self.make_name_durable(key, timestamp, Said::of(value), superseded)?,
        }
        Ok(Some(timestamp))
    }

    fn record_bytes(&self, key: &Key, value: Option<&Value>) -> Result<Vec<u8>> {
        if self.options.identifier.is_none() {
            return Err(Error::ReadOnly);
        }
        let bytes = encode(key, value);
        let (size, limit) = (bytes.len() as u64, self.options.record_limit);
        if size > limit { Err(Error::TooLarge { key: key.clone(), size, limit }) } else { Ok(bytes) }
    }

    /// The number for the next try to publish a record of `key`, `taken` being the last one that was not free.
    pub(super) fn allocate(&self, key: &Key, taken: Timestamp) -> Result<Timestamp> {
        let now = self.options.clock.now();
        self.state.write().next_timestamp(key, now, taken)
    }
}

/// The value as it stands in the record, which is what a reader of the record will see.
fn stored_value(value: &Value, record: &[u8]) -> Value {
    let text = value.text();
    if record.len() > text.len() && record[..record.len() - 1].ends_with(text.as_bytes()) {
        value.clone()
    } else {
        Value::from_checked(&value.to_ascii())
    }
}
