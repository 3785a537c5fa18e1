//! Keys that were renamed to make room: their removal waits, because the next thing that many editors do is to make them
//! again.
//!
//! Renaming a key away, creating it anew and unlinking the old one is how vim, emacs and `cp -b` save. Others must not
//! see the key vanish in between: to them it is one put. So the key is gone in this mount at once, and removed from the
//! store only when nobody has made it again for a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::Vfs;
use super::engine::{Engine, LiveVersion, VersionNumber};
use super::error::VfsResult;
use super::state::State;
use crate::record::Key;
use crate::view::FileName;

/// How long the removal of a key that was renamed away waits for the key to be made again.
const PATIENCE: Duration = Duration::from_secs(2);

/// A key that is gone in this mount, and whose removal waits.
struct Departing {
    name: FileName,
    /// The version that was renamed away; a later one is somebody else's, and stays.
    number: VersionNumber,
    until: Instant,
}

/// The keys whose removal waits.
#[derive(Default)]
pub(super) struct Departures {
    keys: HashMap<Key, Departing, RandomState>,
    /// Keys that are there again because the new text was refused, and until when that matters.
    restored: HashMap<Key, Instant, RandomState>,
}

impl Departures {
    /// Whether this version of the key was renamed away.
    pub(super) fn hides(&self, key: &Key, number: VersionNumber) -> bool {
        !self.keys.is_empty() && self.keys.get(key).is_some_and(|departing| departing.number == number)
    }

    /// Lets the key be there again; true when it was hidden.
    pub(super) fn cancel(&mut self, key: &Key) -> bool {
        self.restored.remove(key);
        self.keys.remove(key).is_some()
    }

    /// Lets the key be there again because its new text was refused; true when it was hidden.
    pub(super) fn restore(&mut self, key: &Key) -> bool {
        let restored = self.cancel(key);
        if restored {
            self.restored.insert(key.clone(), Instant::now() + PATIENCE);
        }
        restored
    }

    /// Whether the key is there again since a moment: a tool that unlinks it now clears up after the refusal, and will
    /// rename its backup to it.
    pub(super) fn is_restored(&self, key: &Key) -> bool {
        self.restored.contains_key(key)
    }

    /// When the next removal is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.keys.values().map(|departing| departing.until).chain(self.restored.values().copied()).min()
    }
}

impl<E: Engine> Vfs<E> {
    /// The live version of a key, as this mount shows it.
    pub(super) fn live(&self, state: &State, key: &Key) -> Option<LiveVersion> {
        self.engine.version(key).filter(|live| !state.departures.hides(key, live.number))
    }

    /// Takes a key out of this mount, and has it removed unless it is made again.
    pub(super) fn depart(&self, state: &mut State, name: &FileName, key: &Key, number: VersionNumber) {
        let departing = Departing { name: name.clone(), number, until: Instant::now() + PATIENCE };
        state.departures.keys.insert(key.clone(), departing);
        self.timer.notify_all();
    }

    /// Removes the keys that were not made again: those whose time has come, or all of them.
    ///
    /// Who has the name open for writing is waited for.
    pub(super) fn remove_departed(&self, state: &mut State, now: Option<Instant>) -> VfsResult<()> {
        state.departures.restored.retain(|_, until| now.is_some_and(|now| *until > now));
        if state.departures.keys.is_empty() {
            return Ok(());
        }
        let is_due = |departing: &Departing| now.is_none_or(|now| departing.until <= now);
        let all = state.departures.keys.iter();
        let due: Vec<_> = all.filter(|(_, departing)| is_due(departing)).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.remove_one_departed(state, &key, now)?;
        }
        Ok(())
    }

    fn remove_one_departed(&self, state: &mut State, key: &Key, now: Option<Instant>) -> VfsResult<()> {
        let Some(departing) = state.departures.keys.get_mut(key) else { return Ok(()) };
        let (name, number) = (departing.name.clone(), departing.number);
        if let Some(now) = now {
            // Until it is done, and for the next try if the store fails.
            departing.until = now + PATIENCE;
            if state.has_writer(&name) {
                return Ok(());
            }
        }
        if self.engine.version(key).is_some_and(|live| live.number == number) {
            self.engine.remove(key)?;
        }
        state.departures.keys.remove(key);
        Ok(())
    }
}
