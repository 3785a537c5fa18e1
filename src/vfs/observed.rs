use std::collections::VecDeque;
use std::ops::Deref;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use super::engine::{Engine, EngineError, ForeignChange, VersionNumber};
use crate::record::{Key, Value};

/// How many own changes are remembered: far more than can happen while a synchronisation is under way.
const OWN_CHANGES: usize = 256;

/// An engine that is watched: when it synchronised last, and which save failed last.
///
/// The methods here stand before those of the engine with the same names; all others are the engine's.
pub(super) struct Observed<E> {
    engine: E,
    /// Taken after all other locks, and never held while the engine works.
    last: Mutex<Last>,
    /// The last own changes. Taken like `last`.
    own: Mutex<VecDeque<OwnChange>>,
}

/// What was seen last.
#[derive(Clone, Debug, Default)]
pub(super) struct Last {
    pub(super) synchronisation: Option<Synchronisation>,
    pub(super) failed_save: Option<FailedSave>,
}

/// What this mount has done itself. Numbers of versions are told apart whatever the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnChange {
    Put(VersionNumber),
    /// The version that was removed.
    Removed(VersionNumber),
}

/// How a synchronisation went.
#[derive(Clone, Debug)]
pub(super) struct Synchronisation {
    /// When it began.
    pub(super) at: SystemTime,
    pub(super) took: Duration,
    pub(super) error: Option<String>,
}

/// What the engine could not save.
#[derive(Clone, Debug)]
pub(super) struct FailedSave {
    pub(super) at: SystemTime,
    /// None when it was all that had been put.
    pub(super) key: Option<Key>,
    pub(super) error: String,
}

impl<E: Engine> Observed<E> {
    pub(super) fn new(engine: E) -> Observed<E> {
        Observed { engine, last: Mutex::default(), own: Mutex::default() }
    }

    /// What was seen last.
    pub(super) fn last(&self) -> Last {
        self.last.lock().clone()
    }

    pub(super) fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError> {
        let (at, began) = (SystemTime::now(), Instant::now());
        let result = self.engine.synchronize();
        let error = result.as_ref().err().map(ToString::to_string);
        self.last.lock().synchronisation = Some(Synchronisation { at, took: began.elapsed(), error });
        result
    }

    pub(super) fn check_complete(&self) -> Result<(), EngineError> {
        let result = self.engine.check_complete();
        if let (Err(error), Some(last)) = (&result, &mut self.last.lock().synchronisation) {
            last.error = Some(error.to_string());
        }
        result
    }

    pub(super) fn put(&self, key: &Key, value: &Value) -> Result<VersionNumber, EngineError> {
        let number = self.saved(Some(key), self.engine.put(key, value))?;
        self.note_own(OwnChange::Put(number));
        Ok(number)
    }

    pub(super) fn remove(&self, key: &Key) -> Result<bool, EngineError> {
        let before = self.engine.version(key);
        let removed = self.saved(Some(key), self.engine.remove(key))?;
        if let Some(before) = before {
            self.note_own(OwnChange::Removed(before.number));
        }
        Ok(removed)
    }

    fn note_own(&self, change: OwnChange) {
        let mut own = self.own.lock();
        if own.len() == OWN_CHANGES {
            own.pop_front();
        }
        own.push_back(change);
    }

    /// Whether a change that was found is one of this mount: a synchronisation can find it before the engine has noted it.
    pub(super) fn is_own(&self, change: &ForeignChange) -> bool {
        let own = match (change.before, change.now) {
            (_, Some(now)) => OwnChange::Put(now),
            (Some(before), None) => OwnChange::Removed(before),
            (None, None) => return false,
        };
        self.own.lock().contains(&own)
    }

    pub(super) fn make_durable(&self, key: &Key) -> Result<(), EngineError> {
        self.saved(Some(key), self.engine.make_durable(key))
    }

    pub(super) fn make_all_durable(&self) -> Result<(), EngineError> {
        self.saved(None, self.engine.make_all_durable())
    }

    /// Notes a save that failed.
    fn saved<T>(&self, key: Option<&Key>, result: Result<T, EngineError>) -> Result<T, EngineError> {
        if let Err(error) = &result {
            let failed = FailedSave { at: SystemTime::now(), key: key.cloned(), error: error.to_string() };
            self.last.lock().failed_save = Some(failed);
        }
        result
    }
}

impl<E> Deref for Observed<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.engine
    }
}
