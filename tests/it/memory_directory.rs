//! A directory in memory that can stop, fail, count, and lose its power.
//!
//! It keeps what is *live*, which every process sees, apart from what is *durable*, which survives a loss of power:
//! bytes become durable when their file is synced, names when the directory is.

mod calls;
mod name_queue;
mod power_loss;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use keyfs::Timestamp;
use keyfs::record::encode;
use keyfs::store::directory::NameEvent;
use name_queue::NameQueue;

/// A call of the trait that a store has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Stamp,
    List,
    Watch,
    Drain,
    Wait,
    Read(Timestamp),
    Open(Timestamp),
    Identify(Timestamp),
    Create,
    Write,
    /// With the number of the file.
    SyncStaged(u64),
    Publish(Timestamp),
    Unlink(Timestamp),
    SyncRecord(Timestamp),
    Sync,
    SyncAll,
    Space,
    ReadSnapshot,
    WriteSnapshot,
}

impl Call {
    /// Whether the call changes anything, or makes it durable: a reader must never make it.
    pub(crate) fn writes(self) -> bool {
        use Call::{Create, Publish, Sync, SyncAll, SyncRecord, SyncStaged, Unlink, Write};
        matches!(self, Create | Write | SyncStaged(_) | Publish(_) | Unlink(_) | SyncRecord(_) | Sync | SyncAll)
    }

    /// Whether the call makes something durable.
    pub(crate) fn syncs(self) -> bool {
        matches!(self, Call::SyncStaged(_) | Call::SyncRecord(_) | Call::Sync | Call::SyncAll)
    }
}

/// What a call that fails has done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// All of it: the answer was lost.
    Done,
    /// A sync has lost what it was to make durable, and takes it for clean: later syncs succeed without it.
    Lost,
}

/// An error number and what the failing call does.
pub(crate) type Fault = (i32, Effect);

type Faults = Box<dyn FnMut(usize, Call) -> Option<Fault> + Send>;
/// Which call is meant.
type Meant = fn(Call) -> bool;
type OnlyOnce = Box<dyn FnOnce(&MemoryDirectory) + Send>;
type Intruder = Box<dyn FnMut(usize, Call, &MemoryDirectory) + Send>;

/// A handle on the directory; clones share it.
#[derive(Clone)]
pub(crate) struct MemoryDirectory {
    state: Arc<Mutex<State>>,
    /// Whether names can be watched through this handle.
    watchable: bool,
    /// Whether snapshots are kept.
    keeps_snapshots: bool,
    /// Whether the stamp tells of each change.
    trusted: bool,
}

#[derive(Default)]
struct State {
    files: BTreeMap<u64, File>,
    names: BTreeMap<Timestamp, u64>,
    durable_names: BTreeMap<Timestamp, u64>,
    /// What became of names since the last sync, step by step: each of these steps may be on disk or not.
    unsynced_names: BTreeMap<Timestamp, Vec<Option<u64>>>,
    /// Names whose sync has failed so that no later one helps.
    lost_names: BTreeSet<Timestamp>,
    /// Names of what is no regular file.
    irregular: BTreeSet<Timestamp>,
    foreign_names: usize,
    /// Counts changes; also the directory's mtime, which is thus far in the past, as the rule of the equal mtime wants.
    changes: u64,
    last_file: u64,
    staged: usize,
    calls: Vec<Call>,
    stop_after: Option<usize>,
    faults: Option<Faults>,
    intruder: Option<Intruder>,
    intruder_after: Option<(Meant, OnlyOnce)>,
    watches: Vec<Weak<NameQueue>>,
    snapshot: Option<Vec<u8>>,
}

struct File {
    bytes: Vec<u8>,
    synced: bool,
    /// A sync has failed so that no later one helps.
    lost: bool,
    changed: u64,
}

impl MemoryDirectory {
    pub(crate) fn new() -> MemoryDirectory {
        MemoryDirectory { state: Arc::default(), watchable: true, keeps_snapshots: false, trusted: true }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The process dies after `calls` calls: each later one fails and has no effect.
    pub(crate) fn stop_after(&self, calls: usize) {
        self.state().stop_after = Some(calls);
    }

    /// Asks `faults` of each call, by its place and kind, whether it fails.
    pub(crate) fn fail(&self, faults: impl FnMut(usize, Call) -> Option<Fault> + Send + 'static) {
        self.state().faults = Some(Box::new(faults));
    }

    /// From now on all calls succeed.
    pub(crate) fn work_again(&self) {
        self.state().faults = None;
    }

    /// Lets another process act just before each call.
    pub(crate) fn intrude(&self, intruder: impl FnMut(usize, Call, &MemoryDirectory) + Send + 'static) {
        self.state().intruder = Some(Box::new(intruder));
    }

    /// Lets somebody act just after the next call that is meant, before the one who has made it knows its outcome.
    pub(crate) fn intrude_after(&self, is_meant: Meant, intruder: impl FnOnce(&MemoryDirectory) + Send + 'static) {
        self.state().intruder_after = Some((is_meant, Box::new(intruder)));
    }

    /// From now on nobody else acts.
    pub(crate) fn work_alone(&self) {
        self.state().intruder = None;
    }

    /// The same, and it keeps snapshots.
    pub(crate) fn with_snapshots(&self) -> MemoryDirectory {
        MemoryDirectory { keeps_snapshots: true, ..self.clone() }
    }

    /// The same directory for somebody who cannot watch its names.
    pub(crate) fn without_watches(&self) -> MemoryDirectory {
        MemoryDirectory { watchable: false, ..self.clone() }
    }

    /// The same directory on a network file system.
    pub(crate) fn on_a_network(&self) -> MemoryDirectory {
        MemoryDirectory { trusted: false, ..self.without_watches() }
    }

    /// Whoever watches the names has missed something, as when the queue overflows.
    pub(crate) fn lose_events(&self) {
        self.state().watches.drain(..).filter_map(|watch| watch.upgrade()).for_each(|queue| queue.miss());
    }

    /// The calls that were made since the last time.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// How many calls were made since the last time that they were taken.
    pub(crate) fn count(&self) -> usize {
        self.state().calls.len()
    }

    /// Files that have been created and that the store still holds open.
    pub(crate) fn staged(&self) -> usize {
        self.state().staged
    }

    /// The names of records, oldest first.
    pub(crate) fn names(&self) -> Vec<Timestamp> {
        self.state().names.keys().copied().collect()
    }

    /// The bytes under a record's name.
    pub(crate) fn bytes(&self, number: u128) -> Option<Vec<u8>> {
        let state = self.state();
        let file = state.names.get(&Timestamp::from_micros(number))?;
        Some(state.files[file].bytes.clone())
    }

    /// Another process publishes bytes under a name, which must be free; they are not durable yet.
    pub(crate) fn plant_unsynced(&self, number: u128, bytes: &[u8]) {
        let mut state = self.state();
        let file = state.new_file();
        state.files.get_mut(&file).unwrap().bytes = bytes.to_vec();
        state.link(Timestamp::from_micros(number), file).unwrap();
    }

    /// Another process publishes bytes durably under a name, which must be free.
    pub(crate) fn plant_bytes(&self, number: u128, bytes: &[u8]) {
        self.plant_unsynced(number, bytes);
        let mut state = self.state();
        let timestamp = Timestamp::from_micros(number);
        let file = state.names[&timestamp];
        state.files.get_mut(&file).unwrap().synced = true;
        state.durable_names.insert(timestamp, file);
        state.unsynced_names.remove(&timestamp);
    }

    /// Another process publishes a record durably; no value makes a tombstone.
    pub(crate) fn plant(&self, number: u128, key: &str, value: Option<i64>) {
        self.plant_bytes(number, &record(key, value));
    }

    /// Something stands under a name that is no regular file.
    pub(crate) fn plant_irregular(&self, number: u128) {
        self.plant_bytes(number, b"");
        self.state().irregular.insert(Timestamp::from_micros(number));
    }

    /// Names appear that are not those of records.
    pub(crate) fn plant_foreign_names(&self, count: usize) {
        let mut state = self.state();
        state.foreign_names = count;
        state.changes += 1;
        state.tell(NameEvent::Foreign);
    }

    /// Another process changes the bytes of a file in place.
    pub(crate) fn overwrite(&self, number: u128, bytes: &[u8]) {
        let mut state = self.state();
        state.changes += 1;
        let changes = state.changes;
        let file = state.names[&Timestamp::from_micros(number)];
        let file = state.files.get_mut(&file).unwrap();
        *file = File { bytes: bytes.to_vec(), synced: true, lost: false, changed: changes };
    }

    /// Another process removes a name; false when it was not there.
    pub(crate) fn erase(&self, number: u128) -> bool {
        self.state().unlink(Timestamp::from_micros(number)).is_ok()
    }

    /// Another process publishes bytes under a name unless it is taken.
    pub(crate) fn link_foreign(&self, number: u128, bytes: &[u8]) -> bool {
        let mut state = self.state();
        let file = state.new_file();
        state.files.get_mut(&file).unwrap().bytes = bytes.to_vec();
        state.link(Timestamp::from_micros(number), file).is_ok()
    }
}

impl State {
    fn new_file(&mut self) -> u64 {
        self.last_file += 1;
        let file = File { bytes: Vec::new(), synced: false, lost: false, changed: self.changes };
        self.files.insert(self.last_file, file);
        self.last_file
    }

    fn link(&mut self, timestamp: Timestamp, file: u64) -> io::Result<()> {
        if self.names.contains_key(&timestamp) {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        self.names.insert(timestamp, file);
        self.name_changed(timestamp, Some(file));
        Ok(())
    }

    fn unlink(&mut self, timestamp: Timestamp) -> io::Result<()> {
        self.names.remove(&timestamp).ok_or(io::Error::from_raw_os_error(libc::ENOENT))?;
        self.name_changed(timestamp, None);
        Ok(())
    }

    fn name_changed(&mut self, timestamp: Timestamp, now: Option<u64>) {
        self.changes += 1;
        self.lost_names.remove(&timestamp);
        self.unsynced_names.entry(timestamp).or_default().push(now);
        let event = if now.is_some() { NameEvent::Appeared(timestamp) } else { NameEvent::Vanished(timestamp) };
        self.tell(event);
    }

    /// Tells everybody who watches the names.
    fn tell(&mut self, event: NameEvent) {
        self.watches.retain(|watch| watch.upgrade().map(|queue| queue.push(event)).is_some());
    }

    fn file(&mut self, timestamp: Timestamp) -> io::Result<(u64, &mut File)> {
        let gone = || io::Error::from_raw_os_error(libc::ENOENT);
        let file = *self.names.get(&timestamp).ok_or_else(gone)?;
        Ok((file, self.files.get_mut(&file).unwrap()))
    }

    fn sync_names(&mut self) {
        for (timestamp, steps) in std::mem::take(&mut self.unsynced_names) {
            match steps.last() {
                _ if self.lost_names.contains(&timestamp) => drop(self.unsynced_names.insert(timestamp, steps)),
                Some(Some(file)) => drop(self.durable_names.insert(timestamp, *file)),
                _ => drop(self.durable_names.remove(&timestamp)),
            }
        }
    }
}

/// The bytes of a record; no value makes a tombstone.
pub(crate) fn record(key: &str, value: Option<i64>) -> Vec<u8> {
    let value = value.map(|value| keyfs::Value::parse(&value.to_string()).unwrap());
    encode(&key.into(), value.as_ref())
}

/// The path that messages show.
pub(crate) const PATH: &str = "memory/d";
