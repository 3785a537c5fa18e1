//! What was asked of a store, what it has answered, and what a directory must therefore hold.

use std::collections::BTreeMap;

use keyfs::store::Result;
use keyfs::{Durability, Error, Store};

use crate::actors::{number, shown};

/// All that a key was given, in order; `None` is its absence.
struct History {
    given: Vec<Option<i64>>,
    /// Everybody sees this one or a later one.
    acknowledged: usize,
    /// The last one that the store itself has acknowledged, which is what it makes durable.
    own: usize,
    /// A loss of power leaves this one or a later one.
    durable: usize,
}

/// The histories of the keys.
#[derive(Default)]
pub(crate) struct Ledger(BTreeMap<&'static str, History>);

/// What has happened to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// Nothing, or the death of the process.
    ProcessDied,
    PowerLost,
}

impl Ledger {
    /// A key that had this durable value before the test began.
    pub(crate) fn begin(&mut self, key: &'static str, value: Option<i64>) {
        self.0.insert(key, History { given: vec![value], acknowledged: 0, own: 0, durable: 0 });
    }

    /// A value that another process has given and that is not durable.
    pub(crate) fn foreign(&mut self, key: &'static str, value: Option<i64>) {
        let history = self.history(key);
        history.given.push(value);
        history.acknowledged = history.given.len() - 1;
    }

    /// The store has published again what another process has given.
    pub(crate) fn adopted(&mut self, key: &'static str) {
        let history = self.history(key);
        history.own = history.acknowledged;
    }

    fn history(&mut self, key: &'static str) -> &mut History {
        self.0.get_mut(key).unwrap_or_else(|| panic!("{key} has no history"))
    }

    /// Notes an attempt to give a key a value, and what came of it.
    pub(crate) fn attempt<T>(
        &mut self,
        key: &'static str,
        value: Option<i64>,
        durability: Durability,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let history = self.history(key);
        history.given.push(value);
        let last = history.given.len() - 1;
        let result = attempt();
        if result.is_ok() {
            (history.acknowledged, history.own) = (last, last);
            if durability == Durability::Sync {
                history.durable = last;
            }
        }
        result
    }

    pub(crate) fn put(&mut self, store: &Store, key: &'static str, value: i64, durability: Durability) -> Result<()> {
        self.attempt(key, Some(value), durability, || store.put_with(key, number(value), durability)).map(drop)
    }

    pub(crate) fn remove(&mut self, store: &Store, key: &'static str, durability: Durability) -> Result<()> {
        self.attempt(key, None, durability, || store.remove_with(key, durability)).map(drop)
    }

    /// Clears a store; keys that are not reached keep what they have.
    pub(crate) fn clear(&mut self, store: &Store, durability: Durability) -> Result<()> {
        self.0.values_mut().for_each(|history| history.given.push(None));
        store.clear()?;
        for history in self.0.values_mut() {
            history.acknowledged = history.given.len() - 1;
            history.own = history.acknowledged;
            if durability == Durability::Sync {
                history.durable = history.acknowledged;
            }
        }
        Ok(())
    }

    pub(crate) fn make_durable(&mut self, store: &Store) -> Result<()> {
        store.make_durable()?;
        self.was_dropped();
        Ok(())
    }

    /// The store was dropped, which makes durable what it has put.
    pub(crate) fn was_dropped(&mut self) {
        self.0.values_mut().for_each(|history| history.durable = history.own.max(history.durable));
    }

    pub(crate) fn keys(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// Whether a store shows each key as it may be after a mishap.
    #[track_caller]
    pub(crate) fn check(&self, store: &Store, mishap: Mishap, context: &str) {
        for (key, history) in &self.0 {
            let from = if mishap == Mishap::PowerLost { history.durable } else { history.acknowledged };
            let found = shown(store, key);
            assert!(
                history.given[from..].contains(&found),
                "{context}: {key} has {found:?} after {mishap:?}, not one of {:?}",
                &history.given[from..]
            );
        }
        let strange: Vec<_> =
            store.keys().into_iter().filter(|key| !self.0.keys().any(|k| key.as_str() == Some(k))).collect();
        assert!(strange.is_empty(), "{context}: {strange:?}");
    }
}

/// Whether an error says what was done, to what, and why.
#[track_caller]
pub(crate) fn assert_clear(error: &Error, context: &str) {
    let message = error.to_string();
    let concerned = message.contains(crate::memory_directory::PATH) && !message.contains('\n');
    let has_cause = error.raw_os_error().is_some_and(|number| message.contains(&format!("(os error {number})")));
    assert!(concerned && has_cause, "{context}: unclear: {message}");
}
