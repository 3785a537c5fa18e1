use std::ffi::OsString;
use std::time::Duration;

use super::Store;
use super::change::Unreadable;
use crate::record::{Key, Timestamp};

/// How far a record may be ahead of the clock before it is odd: the clocks of several hosts are not the same.
pub(super) const AHEAD: Duration = Duration::from_secs(60);

/// The most records from the future that are named.
const FUTURE_EXAMPLES: usize = 100;

/// What is odd among the records of a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oddities {
    /// Files that are named like records and cannot be read as such.
    pub unreadable: Vec<Unreadable>,
    /// How many records are more than a minute ahead of the clock. They count all the same, until the key is put anew.
    pub future_records: usize,
    /// Some of these records.
    pub future_examples: Vec<FutureRecord>,
    /// How many names in `d/` are not those of records.
    pub foreign_names: usize,
    /// Some of these names.
    pub foreign_examples: Vec<OsString>,
}

/// A record that is ahead of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FutureRecord {
    /// Its number.
    pub timestamp: Timestamp,
    /// Its key.
    pub key: Key,
    /// By how much.
    pub ahead: Duration,
}

impl Store {
    /// What is odd among the records, as of the last synchronisation; takes a look at each of them in memory.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        let now = self.shared.options.clock.now();
        let scan = self.shared.scan.lock();
        let index = &self.shared.state.read().index;
        let mut odd = Oddities {
            unreadable: index.unreadable(),
            foreign_names: scan.foreign_names,
            foreign_examples: scan.foreign_examples.clone(),
            ..Oddities::default()
        };
        for (timestamp, _, key, _) in index.records().filter(|(timestamp, ..)| timestamp.since(now) >= AHEAD) {
            odd.future_records += 1;
            if odd.future_examples.len() < FUTURE_EXAMPLES {
                odd.future_examples.push(FutureRecord { timestamp, key: key.clone(), ahead: timestamp.since(now) });
            }
        }
        odd
    }
}
