//! Making records durable, and unlinking what they supersede only then.
//!
//! The superseded record of a key stays until its successor is known to be on disk; records in between go at once. So a
//! loss of power leaves each key its last durable value or a later one, and a put still waits for no disk.

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{Error, Result};
use super::options::Durability;
use super::pending::{Failure, Held, Job, OPEN_FILES, Outcome, Said, copy};
use super::reading::Sought;
use super::shared::Shared;
use crate::record::{Key, Timestamp};

/// From how many records on one `syncfs` is cheaper than an `fdatasync` each.
const GROUP_RECORDS: usize = 32;

impl Shared {
    /// Leaves a published record to the background thread.
    pub(super) fn make_durable_later(
        &self,
        key: &Key,
        successor: Timestamp,
        value: Said,
        staged: Held,
        superseded: Option<Timestamp>,
    ) {
        let (in_between, is_first) = {
            let mut queue = self.pending.queue.lock();
            let is_first = queue.waiting.is_empty();
            let staged = (queue.open_files < OPEN_FILES).then_some(staged);
            queue.open_files += usize::from(staged.is_some());
            let mut below = queue.take_left(key);
            below.extend(superseded);
            let job = Job { successor, value, staged, superseded: below, own: true };
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
        value: Said,
        superseded: Option<Timestamp>,
    ) -> Result<()> {
        if let Err(source) = self.directory.sync() {
            let failure = Failure { timestamp, error: copy(&source), value };
            self.pending.queue.lock().note_failure(key, failure);
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
            let job = Job { successor, value: Said::Unread, staged: None, superseded, own: false };
            queue.waiting.insert(key.clone(), job);
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
            self.finish_group(group);
        }
    }

    /// Makes a group durable. Whoever waits for it hears of it in any case: of a panic, which is a bug, as of a failure.
    fn finish_group(&self, group: Vec<(Key, Job)>) {
        let outcomes = catch_unwind(AssertUnwindSafe(|| self.make_group_durable(group)));
        self.pending.finish_group(outcomes.unwrap_or_else(|_| self.failures_of_a_bug()));
    }

    /// Of none of the group that is in progress is it known whether it is on disk.
    fn failures_of_a_bug(&self) -> Vec<(Key, Outcome)> {
        log::error!("a bug: the thread that makes records durable has panicked");
        let keys = self.pending.queue.lock().in_progress.clone();
        let index = &self.state.read().index;
        let failure = |key: Key| {
            let (current, _) = index.current_and_highest(key.as_wtf8())?;
            let (timestamp, error) = (current.timestamp, io::ErrorKind::Other.into());
            Some((key, Err(Failure { timestamp, error, value: Said::Unread })))
        };
        keys.into_iter().filter_map(failure).collect()
    }

    /// Makes durable what is waiting, in this thread: for when no other could be started.
    pub(super) fn make_waiting_durable(&self) {
        while self.has_pending() {
            self.pending.queue.lock().urgent = true;
            if let Some(group) = self.pending.next_group() {
                self.finish_group(group);
            }
        }
    }

    /// Asks the background thread to finish what is waiting and to end.
    pub(super) fn stop_durability(&self) {
        self.pending.queue.lock().stopping = true;
        self.pending.work.notify_one();
    }

    /// Makes a group durable and unlinks what it supersedes; returns the records that failed.
    fn make_group_durable(&self, group: Vec<(Key, Job)>) -> Vec<(Key, Outcome)> {
        let mut synced: Vec<_> = if group.len() >= GROUP_RECORDS {
            let all = self.directory.sync_all().err();
            let failed = |key: &Key, job: &Job| self.known_failure(key, job).or_else(|| all.as_ref().map(copy));
            group.into_iter().map(|(key, job)| (failed(&key, &job), key, job)).map(|(e, k, j)| (k, j, e)).collect()
        } else {
            let sync = |(key, mut job): (Key, Job)| {
                let failed = self.known_failure(&key, &job).or_else(|| self.sync_one(&key, &mut job).err());
                (key, job, failed)
            };
            group.into_iter().map(sync).collect()
        };
        if let Err(error) = self.directory.sync() {
            synced.iter_mut().for_each(|(_, _, failed)| *failed = failed.take().or_else(|| Some(copy(&error))));
        }
        synced.into_iter().map(|(key, job, error)| self.retire(key, job, error)).collect()
    }

    fn sync_one(&self, key: &Key, job: &mut Job) -> io::Result<()> {
        match job.staged.take() {
            Some(mut staged) => staged.file.sync(),
            None => match self.directory.sync_record(job.successor) {
                // Superseded by another process meanwhile: nothing to make durable, and nothing may go for its sake.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.pending.queue.lock().leave(key, std::mem::take(&mut job.superseded));
                    Ok(())
                }
                result => result,
            },
        }
    }

    /// Why the record of a job could not be made durable before; a second sync that succeeds would prove nothing.
    fn known_failure(&self, key: &Key, job: &Job) -> Option<io::Error> {
        let queue = self.pending.queue.lock();
        queue.failed.get(key).filter(|failure| failure.timestamp == job.successor).map(|failure| copy(&failure.error))
    }

    /// Unlinks what a durable record supersedes; a failed one is written again as a new record, once.
    fn retire(&self, key: Key, job: Job, error: Option<io::Error>) -> (Key, Outcome) {
        let successor = job.successor;
        let Some(error) = error else {
            let stays = |&timestamp: &Timestamp| !self.unlink_record(&key, timestamp, Some(successor));
            let left = job.superseded.into_iter().filter(stays).collect();
            self.pending.queue.lock().leave(&key, left);
            return (key, Ok(successor));
        };
        let known = self.state.read().index.current_and_highest(key.as_wtf8());
        let Some((_, highest)) = known.filter(|(current, _)| current.timestamp == successor) else {
            // Superseded meanwhile, by this process or another: its successor has a job or is not ours to judge.
            return (key, Ok(successor));
        };
        log::error!("{key}: {successor} is not known to be on disk: {error}; writing it again");
        let value = match self.said_by(&key, &job) {
            Ok(Sought::Value(value)) => Some(value),
            Ok(Sought::Tombstone) => None,
            Ok(Sought::Gone) => return (key, Ok(successor)),
            Err(unread) => {
                log::error!("{key}: {unread}");
                return (key, Err(Failure { timestamp: successor, error, value: Said::Unread }));
            }
        };
        // Never a second sync of the same file: after a failure the kernel may have forgotten the lost bytes.
        match self.publish_again(&key, value.as_ref(), highest, Durability::Sync) {
            Ok(Some(timestamp)) => {
                for superseded in job.superseded {
                    self.unlink_record(&key, superseded, Some(timestamp));
                }
                (key, Ok(timestamp))
            }
            Ok(None) => (key, Ok(successor)),
            Err(again) => {
                log::error!("{key}: {again}");
                (key, Err(Failure { timestamp: successor, error, value: Said::of(value) }))
            }
        }
    }

    /// What the record of a job says.
    fn said_by(&self, key: &Key, job: &Job) -> Result<Sought> {
        match &job.value {
            Said::Value(value) => Ok(Sought::Value(value.clone())),
            Said::Tombstone => Ok(Sought::Tombstone),
            Said::Unread => self.value_of(key.as_wtf8(), job.successor),
        }
    }
}
