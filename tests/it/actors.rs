//! Who acts on a directory in memory: stores with a clock of their own, and a writer like the original.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfs::record::decode;
use keyfs::store::Clock;
use keyfs::{Durability, Identifier, OpenOptions, Store, Timestamp};

use crate::memory_directory::{MemoryDirectory, record};

/// A clock that tests set; each look at it takes a microsecond, or more.
#[derive(Clone)]
pub(crate) struct TestClock {
    micros: Arc<AtomicU64>,
    tick: u64,
}

impl TestClock {
    pub(crate) fn at(micros: u64) -> TestClock {
        TestClock::ticking(micros, 1)
    }

    pub(crate) fn ticking(micros: u64, tick: u64) -> TestClock {
        TestClock { micros: Arc::new(AtomicU64::new(micros)), tick }
    }

    pub(crate) fn set(&self, micros: u64) {
        self.micros.store(micros, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(u128::from(self.micros.fetch_add(self.tick, Ordering::Relaxed)))
    }
}

/// The time at which clocks of tests begin, which is later than all planted records.
pub(crate) const NOON: u64 = 1_000_000_000;

pub(crate) fn reader(directory: &MemoryDirectory) -> Store {
    Store::with_directory(Box::new(directory.clone()), OpenOptions::read_only()).unwrap()
}

pub(crate) fn try_writer(
    directory: &MemoryDirectory,
    durability: Durability,
    clock: TestClock,
) -> keyfs::store::Result<Store> {
    let identifier = Identifier::new("test").unwrap();
    let options = OpenOptions::writer(identifier).durability(durability).clock(Arc::new(clock));
    Store::with_directory(Box::new(directory.clone()), options)
}

pub(crate) fn writer(directory: &MemoryDirectory, durability: Durability) -> Store {
    try_writer(directory, durability, TestClock::at(NOON)).unwrap()
}

pub(crate) fn number(value: i64) -> serde_json::Value {
    value.into()
}

/// The number that a store has under a key.
pub(crate) fn shown(store: &Store, key: &str) -> Option<i64> {
    store.get(key).unwrap().map(|value| value.text().parse().unwrap())
}

/// A writer as the original is: it unlinks what it has replaced, and each record that it takes for older.
///
/// Without the original's bug that makes it deaf to keys of its own, which would only make it do less.
#[derive(Default)]
pub(crate) struct Original {
    seen: BTreeMap<Timestamp, ()>,
    known: BTreeMap<String, (Timestamp, Option<i64>)>,
}

impl Original {
    pub(crate) fn synchronize(&mut self, directory: &MemoryDirectory) {
        let names = directory.names();
        self.seen.retain(|name, ()| names.contains(name));
        for name in names {
            if self.seen.insert(name, ()).is_none() {
                self.take_in(directory, name);
            }
        }
    }

    fn take_in(&mut self, directory: &MemoryDirectory, name: Timestamp) {
        let Some(bytes) = directory.bytes(name.as_micros()) else { return };
        let Ok(record) = decode(&bytes) else { return };
        let key = record.key.to_string();
        if self.known.get(&key).is_some_and(|(known, _)| *known >= name) {
            directory.erase(name.as_micros());
        } else {
            let value = (!record.deleted).then(|| record.value.text().parse().unwrap());
            self.known.insert(key, (name, value));
        }
    }

    pub(crate) fn put(&mut self, directory: &MemoryDirectory, key: &str, value: Option<i64>, clock: &TestClock) {
        let mut name = clock.now().as_micros();
        while !directory.link_foreign(name, &record(key, value)) {
            name += 1;
        }
        let name = Timestamp::from_micros(name);
        self.seen.insert(name, ());
        if let Some((replaced, _)) = self.known.insert(key.to_owned(), (name, value)) {
            directory.erase(replaced.as_micros());
        }
    }
}

/// Reads what a store says about itself, so that no answer panics on odd contents.
pub(crate) fn ask_everything(store: &Store) {
    for key in store.keys() {
        assert!(store.contains(&key) && store.get(&key).unwrap().is_some() && store.version(&key).is_some());
    }
    assert_eq!(store.len(), store.keys().len());
    let _ = (store.is_empty(), store.tombstones(), store.oddities(), store.space());
}
