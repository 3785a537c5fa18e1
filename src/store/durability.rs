//! Making records durable, and unlinking what they supersede only then.
//!
//! The superseded record of a key stays until its successor is known to be on disk; records in between go at once. So a
//! loss of power leaves each key its last durable value or a later one, and a put still waits for no disk.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::{Condvar, Mutex};

use super::directory::StagedRecord;
use super::error::{Error, Result};
use super::options::Durability;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// How long the background thread lets records gather before it makes them durable together.
const GATHERING: Duration = Duration::from_millis(100);

/// Records whose file is kept open until it is durable; of more, the file is opened again.
const OPEN_FILES: usize = 64;

/// From how many records on one `syncfs` is cheaper than an `fdatasync` each.
const GROUP_RECORDS: usize = 32;

/// What is published and not known to be on disk.
#[derive(Default)]
pub(super) struct Pending {
    queue: Mutex<Queue>,
    /// Signalled when there is something to do, or somebody waits.
    work: Condvar,
    /// Signalled when a group is done.
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: HashMap<Key, Job, RandomState>,
    /// Keys of the group that is being made durable now.
    in_progress: BTreeSet<Key>,
    open_files: usize,
    /// Keys whose newest record could not be made durable, with the reason.
    failed: HashMap<Key, (Timestamp, io::Error), RandomState>,
    /// True when somebody waits for the queue to run empty.
    urgent: bool,
    stopping: bool,
}

/// A record to make durable, and what may go when it is.
struct Job {
    successor: Timestamp,
    staged: Option<Held>,
    superseded: Vec<Timestamp>,
    /// True for a record of this store that was never known to be on disk: superseded, it may go at once.
    own: bool,
}

/// A published record whose file is kept open: as long as it is, no other file can have its inode number.
pub(super) struct Held {
    pub(super) file: Box<dyn StagedRecord>,
    pub(super) inode: u64,
}

impl Shared {
    /// Leaves a published record to the background thread.
    pub(super) fn make_durable_later(
        &self,
        key: &Key,
        successor: Timestamp,
        staged: Held,
        superseded: Option<Timestamp>,
    ) {
        let (in_between, is_first) = {
            let mut queue = self.pending.queue.lock();
            let is_first = queue.waiting.is_empty();
            let staged = (queue.open_files < OPEN_FILES).then_some(staged);
            queue.open_files += usize::from(staged.is_some());
            let job = Job { successor, staged, superseded: superseded.into_iter().collect(), own: true };
            (queue.add(key, job), is_first)
        };
        // While more gathers the thread sleeps: waking it for each record would cost more than the record.
        if is_first {
            self.pending.work.notify_one();
        }
        if let Some((timestamp, held)) = in_between {
            self.unlink_held(key, timestamp, held.as_ref());
        }
    }

    /// Makes the name of a record durable whose bytes are, and unlinks what it supersedes.
    pub(super) fn make_name_durable(
        &self,
        key: &Key,
        timestamp: Timestamp,
        superseded: Option<Timestamp>,
    ) -> Result<()> {
        if let Err(source) = self.directory.sync() {
            self.pending.queue.lock().note_failure(key, timestamp, copy(&source));
            let path = self.directory.path().join(timestamp.to_string());
            return Err(Error::NotDurable { key: key.clone(), path, source });
        }
        let mut below: BTreeSet<_> = self.pending.queue.lock().take_below(key, timestamp).into_iter().collect();
        below.extend(superseded);
        for timestamp in below {
            self.unlink_record(key, timestamp, None);
        }
        Ok(())
    }

    /// Waits until everything that was published is on disk, what has failed before being written again.
    pub(super) fn make_all_durable(&self) -> Result<()> {
        let mut queue = self.pending.queue.lock();
        let failed: Vec<_> = queue.failed.keys().cloned().collect();
        failed.iter().for_each(|key| queue.try_again(key));
        while !(queue.waiting.is_empty() && queue.in_progress.is_empty()) {
            queue.urgent = true;
            self.pending.work.notify_one();
            self.pending.done.wait(&mut queue);
        }
        let failed = queue.failed.keys().next().cloned();
        failed.map_or(Ok(()), |key| Err(queue.failure(&key, self)))
    }

    /// Waits until the newest record of a key is on disk, being written again if that has failed before.
    pub(super) fn make_key_durable(&self, key: &Key) -> Result<()> {
        let mut queue = self.pending.queue.lock();
        queue.try_again(key);
        while queue.waiting.contains_key(key) || queue.in_progress.contains(key) {
            queue.urgent = true;
            self.pending.work.notify_one();
            self.pending.done.wait(&mut queue);
        }
        if queue.failed.contains_key(key) { Err(queue.failure(key, self)) } else { Ok(()) }
    }

    /// Leaves older records of a key to the background thread, which first makes sure of the newest one.
    pub(super) fn retire_later(&self, key: &Key, successor: Timestamp, superseded: Vec<Timestamp>) {
        let mut queue = self.pending.queue.lock();
        if !queue.waiting.contains_key(key) && !queue.in_progress.contains(key) {
            queue.waiting.insert(key.clone(), Job { successor, staged: None, superseded, own: false });
            drop(queue);
            self.pending.work.notify_one();
        }
    }

    /// Whether something waits to be made durable.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.queue.lock().waiting.is_empty()
    }

    /// The background thread: makes groups of records durable until the store is dropped.
    pub(super) fn run_durability(&self) {
        while let Some(group) = self.pending.next_group() {
            let outcome = self.make_group_durable(group);
            self.pending.finish_group(outcome);
        }
    }

    /// Makes durable what is waiting, in this thread: for when no other could be started.
    pub(super) fn make_waiting_durable(&self) {
        while self.has_pending() {
            self.pending.queue.lock().urgent = true;
            if let Some(group) = self.pending.next_group() {
                let outcome = self.make_group_durable(group);
                self.pending.finish_group(outcome);
            }
        }
    }

    /// Asks the background thread to finish what is waiting and to end.
    pub(super) fn stop_durability(&self) {
        self.pending.queue.lock().stopping = true;
        self.pending.work.notify_one();
    }

    /// Makes a group durable and unlinks what it supersedes; returns the records that failed.
    fn make_group_durable(&self, group: Vec<(Key, Job)>) -> Vec<(Key, Timestamp, Option<io::Error>)> {
        let mut synced: Vec<_> = if group.len() >= GROUP_RECORDS {
            let all = self.directory.sync_all().err();
            let failed = |key: &Key, job: &Job| self.known_failure(key, job).or_else(|| all.as_ref().map(copy));
            group.into_iter().map(|(key, job)| (failed(&key, &job), key, job)).map(|(e, k, j)| (k, j, e)).collect()
        } else {
            let sync = |(key, mut job): (Key, Job)| {
                let failed = self.known_failure(&key, &job).or_else(|| self.sync_one(&mut job).err());
                (key, job, failed)
            };
            group.into_iter().map(sync).collect()
        };
        if let Err(error) = self.directory.sync() {
            synced.iter_mut().for_each(|(_, _, failed)| *failed = failed.take().or_else(|| Some(copy(&error))));
        }
        synced.into_iter().map(|(key, job, error)| self.retire(key, job, error)).collect()
    }

    fn sync_one(&self, job: &mut Job) -> io::Result<()> {
        match job.staged.take() {
            Some(mut staged) => staged.file.sync(),
            None => match self.directory.sync_record(job.successor) {
                // Superseded by another process meanwhile: nothing to make durable, and nothing may go for its sake.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    job.superseded.clear();
                    Ok(())
                }
                result => result,
            },
        }
    }

    /// Why the record of a job could not be made durable before; a second sync that succeeds would prove nothing.
    fn known_failure(&self, key: &Key, job: &Job) -> Option<io::Error> {
        let queue = self.pending.queue.lock();
        queue.failed.get(key).filter(|(timestamp, _)| *timestamp == job.successor).map(|(_, error)| copy(error))
    }

    /// Unlinks what a durable record supersedes; a failed one is written again as a new record, once.
    fn retire(&self, key: Key, job: Job, error: Option<io::Error>) -> (Key, Timestamp, Option<io::Error>) {
        let Some(error) = error else {
            for timestamp in job.superseded {
                self.unlink_record(&key, timestamp, Some(job.successor));
            }
            return (key, job.successor, None);
        };
        let known = self.state.read().index.current_and_highest(key.as_wtf8());
        let Some((current, highest)) = known.filter(|(current, _)| current.timestamp == job.successor) else {
            // Superseded meanwhile, by this process or another: its successor has a job or is not ours to judge.
            return (key, job.successor, None);
        };
        log::error!("{key}: {} is not known to be on disk: {error}; writing it again", job.successor);
        // Never a second sync of the same file: after a failure the kernel may have forgotten the lost bytes.
        match self.publish_again(&key, current.value.as_ref(), highest, Durability::Sync) {
            Ok(Some(timestamp)) => {
                for superseded in job.superseded {
                    self.unlink_record(&key, superseded, Some(timestamp));
                }
                (key, timestamp, None)
            }
            Ok(None) => (key, job.successor, None),
            Err(again) => {
                log::error!("{key}: {again}");
                (key, job.successor, Some(error))
            }
        }
    }
}

/// The same error once more, without what it wraps.
fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

impl Queue {
    /// Adds a job to that of the same key; returns the record between the two, which may go at once.
    fn add(&mut self, key: &Key, job: Job) -> Option<(Timestamp, Option<Held>)> {
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

    /// Takes away the waiting job of a key when a durable record above it has been published.
    fn take_below(&mut self, key: &Key, durable: Timestamp) -> Vec<Timestamp> {
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
    fn try_again(&mut self, key: &Key) {
        if self.waiting.contains_key(key) || self.in_progress.contains(key) {
            return;
        }
        if let Some((successor, _)) = self.failed.get(key) {
            let job = Job { successor: *successor, staged: None, superseded: Vec::new(), own: true };
            self.waiting.insert(key.clone(), job);
        }
    }

    /// Remembers that a record is not known to be on disk, unless a later one of its key is known not to be.
    fn note_failure(&mut self, key: &Key, timestamp: Timestamp, error: io::Error) {
        if self.failed.get(key).is_none_or(|(known, _)| *known <= timestamp) {
            self.failed.insert(key.clone(), (timestamp, error));
        }
    }

    /// The failure of a key as an error.
    fn failure(&self, key: &Key, shared: &Shared) -> Error {
        let (timestamp, source) = match self.failed.get(key) {
            Some((timestamp, error)) => (*timestamp, copy(error)),
            None => (Timestamp::ZERO, io::ErrorKind::Other.into()),
        };
        Error::NotDurable { key: key.clone(), path: shared.directory.path().join(timestamp.to_string()), source }
    }
}

impl Job {
    /// Takes the place of a job while it is taken out.
    fn done() -> Job {
        Job { successor: Timestamp::ZERO, staged: None, superseded: Vec::new(), own: false }
    }
}

impl Pending {
    /// Waits for work, lets more of it gather, and takes all of it; `None` when the store is dropped and all is done.
    fn next_group(&self) -> Option<Vec<(Key, Job)>> {
        let mut queue = self.queue.lock();
        while queue.waiting.is_empty() {
            if queue.stopping {
                return None;
            }
            self.work.wait(&mut queue);
        }
        let gathered = std::time::Instant::now() + GATHERING;
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

    fn finish_group(&self, outcome: Vec<(Key, Timestamp, Option<io::Error>)>) {
        let mut queue = self.queue.lock();
        queue.in_progress.clear();
        for (key, timestamp, error) in outcome {
            match error {
                Some(error) => queue.note_failure(&key, timestamp, error),
                None if queue.failed.get(&key).is_some_and(|(failed, _)| *failed <= timestamp) => {
                    queue.failed.remove(&key);
                }
                None => {}
            }
        }
        queue.urgent = false;
        drop(queue);
        self.done.notify_all();
    }
}
