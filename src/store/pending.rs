//! What is published and not known to be on disk: a queue, and what has failed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use parking_lot::{Condvar, Mutex};

use super::directory::StagedRecord;
use super::error::Error;
use super::shared::Shared;
use crate::record::{Key, Timestamp, Value};

/// How long the background thread lets records gather before it makes them durable together.
const GATHERING: Duration = Duration::from_millis(100);

/// Records whose file is kept open until it is durable; of more, the file is opened again.
pub(super) const OPEN_FILES: usize = 64;

/// Keys of which is kept in mind what could not go yet.
const LEFT_KEYS: usize = 1000;

/// What is published and not known to be on disk.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) queue: Mutex<Queue>,
    /// Signalled when there is something to do, or somebody waits.
    pub(super) work: Condvar,
    /// Signalled when a group is done.
    pub(super) done: Condvar,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: HashMap<Key, Job, RandomState>,
    /// Keys of the group that is being made durable now.
    pub(super) in_progress: BTreeSet<Key>,
    pub(super) open_files: usize,
    /// Keys whose newest record could not be made durable.
    pub(super) failed: HashMap<Key, Failure, RandomState>,
    /// Records that could not go because somebody else had superseded their successor meanwhile; they go with the next own one.
    left: HashMap<Key, Vec<Timestamp>, RandomState>,
    /// True when somebody waits for the queue to run empty.
    pub(super) urgent: bool,
    pub(super) stopping: bool,
}

/// A record that could not be made durable.
pub(super) struct Failure {
    pub(super) timestamp: Timestamp,
    pub(super) error: io::Error,
    /// What it says, if it is known without its file, which may have lost that.
    pub(super) value: Said,
}

/// What a record says.
#[derive(Clone)]
pub(super) enum Said {
    Value(Value),
    Tombstone,
    /// It is somebody else's, and must be read.
    Unread,
}

impl Said {
    /// Of an own record.
    pub(super) fn of(value: Option<Value>) -> Said {
        value.map_or(Said::Tombstone, Said::Value)
    }
}

/// A record to make durable, and what may go when it is.
pub(super) struct Job {
    pub(super) successor: Timestamp,
    /// What is written again when it must be: after a failed sync the file is not to be trusted.
    pub(super) value: Said,
    pub(super) staged: Option<Held>,
    pub(super) superseded: Vec<Timestamp>,
    /// True for a record of this store that was never known to be on disk: superseded, it may go at once.
    pub(super) own: bool,
}

/// The record that is on disk now, or the one that is not known to be.
pub(super) type Outcome = Result<Timestamp, Failure>;

/// A published record whose file is kept open: as long as it is, no other file can have its inode number.
pub(super) struct Held {
    pub(super) file: Box<dyn StagedRecord>,
    pub(super) inode: u64,
}

/// The same error once more, without what it wraps.
pub(super) fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

impl Queue {
    /// Adds a job to that of the same key; returns the record between the two, which may go at once.
    pub(super) fn add(&mut self, key: &Key, job: Job) -> Option<(Timestamp, Option<Held>)> {
        let Some(waiting) = self.waiting.get_mut(key) else {
            self.waiting.insert(key.clone(), job);
            return None;
        };
        let (mut newer, older) = if job.successor > waiting.successor {
            (job, std::mem::replace(waiting, Job::done()))
        } else {
            (std::mem::replace(waiting, Job::done()), job)
        };
        self.open_files -= usize::from(older.staged.is_some());
        newer.superseded.extend(older.superseded);
        newer.superseded.retain(|&timestamp| timestamp != older.successor);
        if !older.own {
            // Somebody else's record, and perhaps the last durable one.
            newer.superseded.push(older.successor);
        }
        let in_between = older.own.then_some((older.successor, older.staged));
        *waiting = newer;
        in_between
    }

    /// Keeps in mind what could not go yet; beyond many keys, it is left to the collection of what others have left behind.
    pub(super) fn leave(&mut self, key: &Key, superseded: Vec<Timestamp>) {
        if !superseded.is_empty() && (self.left.len() < LEFT_KEYS || self.left.contains_key(key)) {
            self.left.entry(key.clone()).or_default().extend(superseded);
        }
    }

    /// Takes what could not go before.
    pub(super) fn take_left(&mut self, key: &Key) -> Vec<Timestamp> {
        if self.left.is_empty() { Vec::new() } else { self.left.remove(key).unwrap_or_default() }
    }

    /// Takes away the waiting job of a key when a durable record above it has been published.
    pub(super) fn take_below(&mut self, key: &Key, durable: Timestamp) -> Vec<Timestamp> {
        self.failed.remove(key);
        if self.waiting.get(key).is_none_or(|job| job.successor > durable) {
            return Vec::new();
        }
        let Some(job) = self.waiting.remove(key) else { return Vec::new() };
        self.open_files -= usize::from(job.staged.is_some());
        let mut below = job.superseded;
        if job.successor < durable {
            below.push(job.successor);
        }
        below
    }

    /// Has a key whose newest record could not be made durable written again.
    pub(super) fn try_again(&mut self, key: &Key) {
        if self.waiting.contains_key(key) || self.in_progress.contains(key) {
            return;
        }
        if let Some(Failure { timestamp, value, .. }) = self.failed.get(key) {
            let (successor, value) = (*timestamp, value.clone());
            let job = Job { successor, value, staged: None, superseded: Vec::new(), own: true };
            self.waiting.insert(key.clone(), job);
        }
    }

    /// Remembers that a record is not known to be on disk, unless a later one of its key is known not to be.
    pub(super) fn note_failure(&mut self, key: &Key, failure: Failure) {
        if self.failed.get(key).is_none_or(|known| known.timestamp <= failure.timestamp) {
            self.failed.insert(key.clone(), failure);
        }
    }

    /// The failure of a key as an error.
    pub(super) fn failure(&self, key: &Key, shared: &Shared) -> Error {
        let (timestamp, source) = match self.failed.get(key) {
            Some(failure) => (failure.timestamp, copy(&failure.error)),
            None => (Timestamp::ZERO, io::ErrorKind::Other.into()),
        };
        Error::NotDurable { key: key.clone(), path: shared.directory.path().join(timestamp.to_string()), source }
    }
}

impl Job {
    /// Takes the place of a job while it is taken out.
    pub(super) fn done() -> Job {
        Job { successor: Timestamp::ZERO, value: Said::Unread, staged: None, superseded: Vec::new(), own: false }
    }
}

impl Pending {
    /// Waits for work, lets more of it gather, and takes all of it; `None` when the store is dropped and all is done.
    pub(super) fn next_group(&self) -> Option<Vec<(Key, Job)>> {
        let mut queue = self.queue.lock();
        while queue.waiting.is_empty() {
            if queue.stopping {
                return None;
            }
            self.work.wait(&mut queue);
        }
        let gathered = Instant::now() + GATHERING;
        while !queue.urgent && !queue.stopping {
            if self.work.wait_until(&mut queue, gathered).timed_out() {
                break;
            }
        }
        let group: Vec<_> = std::mem::take(&mut queue.waiting).into_iter().collect();
        queue.in_progress = group.iter().map(|(key, _)| key.clone()).collect();
        queue.open_files = 0;
        Some(group)
    }

    /// The keys with a record that could not be made durable.
    pub(super) fn failed_keys(&self) -> HashSet<Key, RandomState> {
        self.queue.lock().failed.keys().cloned().collect()
    }

    pub(super) fn finish_group(&self, outcomes: Vec<(Key, Outcome)>) {
        let mut queue = self.queue.lock();
        queue.in_progress.clear();
        for (key, outcome) in outcomes {
            match outcome {
                Err(failure) => queue.note_failure(&key, failure),
                Ok(timestamp) if queue.failed.get(&key).is_some_and(|failed| failed.timestamp <= timestamp) => {
                    queue.failed.remove(&key);
                }
                Ok(_) => {}
            }
        }
        queue.urgent = false;
        drop(queue);
        self.done.notify_all();
    }
}
