//! Making records durable, and unlinking what they supersede only then.
//!
//! The superseded record of a key stays until its successor is known to be on disk; records in between go at once. So a
//! loss of power leaves each key its last durable value or a later one, and a put still waits for no disk.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::{Condvar, Mutex};

use super::change::UnreadableReason;
use super::directory::{ListedRecord, StagedRecord};
use super::error::{Error, Result};
use super::index::UnreadableFile;
use super::load::{Loaded, load_one};
use super::options::Durability;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// How long the background thread lets records gather before it makes them durable together.
const GATHERING: Duration = Duration::from_millis(100);

/// Records whose file is kept open until it is durable; of more, the file is opened again.
const OPEN_FILES: usize = 64;

/// From how many records on one `syncfs` is cheaper than an `fdatasync` each.
const GROUP_RECORDS: usize = 32;

/// Up to which size a record is read to prove that it is still the same one, before it is unlinked.
const PROVED_BYTES: u64 = 64 * 1024;

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
            let job = Job { successor, staged, superseded: superseded.into_iter().collect() };
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
        self.directory.sync().map_err(|source| {
            let path = self.directory.path().join(timestamp.to_string());
            Error::NotDurable { key: key.clone(), path, source }
        })?;
        let earlier = self.pending.queue.lock().take_below(key, timestamp);
        for timestamp in earlier.into_iter().chain(superseded) {
            self.unlink_record(key, timestamp);
        }
        Ok(())
    }

    /// Waits until everything that was published is on disk.
    pub(super) fn make_all_durable(&self) -> Result<()> {
        let mut queue = self.pending.queue.lock();
        while !(queue.waiting.is_empty() && queue.in_progress.is_empty()) {
            queue.urgent = true;
            self.pending.work.notify_one();
            self.pending.done.wait(&mut queue);
        }
        let failed = queue.failed.keys().next().cloned();
        failed.map_or(Ok(()), |key| Err(queue.failure(&key, self)))
    }

    /// Waits until the newest record of a key is on disk.
    pub(super) fn make_key_durable(&self, key: &Key) -> Result<()> {
        let mut queue = self.pending.queue.lock();
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
            queue.waiting.insert(key.clone(), Job { successor, staged: None, superseded });
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
            let copy = |error: &io::Error| {
                error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
            };
            group.into_iter().map(|(key, job)| (key, job, all.as_ref().map(copy))).collect()
        } else {
            let sync = |(key, mut job): (Key, Job)| {
                let result = self.sync_one(&mut job);
                (key, job, result.err())
            };
            group.into_iter().map(sync).collect()
        };
        if let Err(error) = self.directory.sync() {
            let kind = error.kind();
            let failure = || error.raw_os_error().map_or_else(|| kind.into(), io::Error::from_raw_os_error);
            synced.iter_mut().for_each(|(_, _, failed)| *failed = failed.take().or_else(|| Some(failure())));
        }
        synced.into_iter().map(|(key, job, error)| self.retire(key, job, error)).collect()
    }

    fn sync_one(&self, job: &mut Job) -> io::Result<()> {
        match job.staged.take() {
            Some(mut staged) => staged.file.sync(),
            None => self.directory.sync_record(job.successor),
        }
    }

    /// Unlinks what a durable record supersedes; a failed one is written again as a new record, once.
    fn retire(&self, key: Key, job: Job, error: Option<io::Error>) -> (Key, Timestamp, Option<io::Error>) {
        let Some(error) = error else {
            // A successor that somebody removed meanwhile supersedes nothing.
            if job.superseded.is_empty() || self.directory.identify(job.successor).is_ok() {
                job.superseded.into_iter().for_each(|timestamp| self.unlink_record(&key, timestamp));
            }
            return (key, job.successor, None);
        };
        let current = self.state.read().index.current(key.as_wtf8()).cloned();
        let is_newest = current.as_ref().is_some_and(|current| current.timestamp == job.successor);
        if error.kind() == io::ErrorKind::NotFound || !is_newest {
            // Superseded meanwhile, by this process or another: its successor has a job or is not ours to judge.
            return (key, job.successor, None);
        }
        log::error!("{key}: {} is not known to be on disk: {error}; writing it again", job.successor);
        // Never a second sync of the same file: after a failure the kernel may have forgotten the lost bytes.
        let value = current.and_then(|current| current.value);
        match self.publish(&key, value.as_ref(), Durability::Sync) {
            Ok(timestamp) => {
                job.superseded.into_iter().for_each(|timestamp| self.unlink_record(&key, timestamp));
                (key, timestamp, None)
            }
            Err(again) => {
                log::error!("{key}: {again}");
                (key, job.successor, Some(error))
            }
        }
    }

    /// Removes the name of a superseded record of a key; somebody else may have been faster.
    ///
    /// The name may even be another record's by now: freed by another writer, and taken again under a clock that was
    /// set back or that ticks slowly. Its inode number proves nothing, since file systems give freed ones out again.
    fn unlink_record(&self, key: &Key, timestamp: Timestamp) {
        let path = || self.directory.path().join(timestamp.to_string());
        let entry = ListedRecord { timestamp, inode: 0, regular: true };
        match load_one(&*self.directory, entry, PROVED_BYTES.min(self.options.record_limit)) {
            Loaded::Vanished => return self.state.write().index.remove(timestamp),
            Loaded::Unreadable(file) if self.is_same_large_file(timestamp, &file) => {}
            Loaded::Record { inode, record } if record.key != *key => {
                log::info!("{} has become a record of {}, and stays", path().display(), record.key);
                self.state.write().index.insert(timestamp, inode, record);
                return;
            }
            Loaded::Unreadable(file) => {
                log::warn!("the superseded record {} stays: {}", path().display(), file.reason);
                return;
            }
            Loaded::Record { .. } => {}
        }
        self.unlink_proved(timestamp);
    }

    /// Removes the name of a superseded record that is known to be its own.
    fn unlink_proved(&self, timestamp: Timestamp) {
        match self.directory.unlink(timestamp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = self.directory.path().join(timestamp.to_string());
                log::warn!("cannot remove the superseded record {}: {error}", path.display());
            }
            _ => self.state.write().index.remove(timestamp),
        }
    }

    /// As [`Shared::unlink_record`]; a file that is still open proves by its inode number alone whose the name is.
    fn unlink_held(&self, key: &Key, timestamp: Timestamp, held: Option<&Held>) {
        let is_same = |held: &Held| self.directory.identify(timestamp).is_ok_and(|found| found.inode == held.inode);
        if held.is_some_and(is_same) {
            self.unlink_proved(timestamp);
        } else {
            self.unlink_record(key, timestamp);
        }
    }
}

impl Shared {
    /// Whether a file that is too large to be read for the purpose still has the inode of the record.
    fn is_same_large_file(&self, timestamp: Timestamp, file: &UnreadableFile) -> bool {
        let large = matches!(file.reason, UnreadableReason::TooLarge(_));
        large && self.state.read().index.inode(timestamp) == Some(file.identity.inode)
    }
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
        *waiting = newer;
        Some((older.successor, older.staged))
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

    /// The failure of a key as an error.
    fn failure(&self, key: &Key, shared: &Shared) -> Error {
        let (timestamp, source) = match self.failed.get(key) {
            Some((timestamp, error)) => {
                let kind = error.kind();
                (*timestamp, error.raw_os_error().map_or_else(|| kind.into(), io::Error::from_raw_os_error))
            }
            None => (Timestamp::ZERO, io::ErrorKind::Other.into()),
        };
        Error::NotDurable { key: key.clone(), path: shared.directory.path().join(timestamp.to_string()), source }
    }
}

impl Job {
    /// Takes the place of a job while it is taken out.
    fn done() -> Job {
        Job { successor: Timestamp::ZERO, staged: None, superseded: Vec::new() }
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
                Some(error) => drop(queue.failed.insert(key, (timestamp, error))),
                None => drop(queue.failed.remove(&key)),
            }
        }
        queue.urgent = false;
        drop(queue);
        self.done.notify_all();
    }
}
