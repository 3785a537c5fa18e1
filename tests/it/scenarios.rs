//! Short lives of a store, which the tests stop, disturb and count at each of their calls.

use std::time::Duration;

use keyfs::store::Result;
use keyfs::{Durability, Store, Timestamp};

use crate::actors::{NOON, TestClock, try_writer};
use crate::ledger::Ledger;
use crate::memory_directory::{Call, MemoryDirectory, record};

/// A short life of a store.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Makes the directory as it is before, and notes what it holds.
    prepare: fn(&MemoryDirectory, &mut Ledger),
    act: fn(&Life<'_>, &mut Ledger) -> Result<()>,
}

/// What a scenario acts with.
struct Life<'a> {
    store: &'a Store,
    directory: &'a MemoryDirectory,
    durability: Durability,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The store is dropped.
    Drop,
    /// The store, which cannot watch names, is made durable, then dropped.
    MakeDurable,
}

/// One way to live a scenario.
#[derive(Clone, Copy)]
pub(crate) struct Course {
    pub(crate) scenario: &'static Scenario,
    pub(crate) durability: Durability,
    pub(crate) end: End,
}

impl Course {
    pub(crate) fn name(&self) -> String {
        format!("{}, {:?}, {:?}", self.scenario.name, self.durability, self.end)
    }

    /// The directory before the store is opened, and what it holds.
    pub(crate) fn prepare(&self) -> (MemoryDirectory, Ledger) {
        let (directory, mut ledger) = (MemoryDirectory::new(), Ledger::default());
        (self.scenario.prepare)(&directory, &mut ledger);
        (if self.end == End::MakeDurable { directory.without_watches() } else { directory }, ledger)
    }

    /// Lives up to the end or the first error.
    pub(crate) fn live(&self, directory: &MemoryDirectory, ledger: &mut Ledger) -> Result<()> {
        let store = try_writer(directory, self.durability, TestClock::at(NOON))?;
        self.live_with(&store, directory, ledger)
    }

    /// The same, with a store that is open.
    pub(crate) fn live_with(&self, store: &Store, directory: &MemoryDirectory, ledger: &mut Ledger) -> Result<()> {
        (self.scenario.act)(&Life { store, directory, durability: self.durability }, ledger)?;
        if self.end == End::MakeDurable { ledger.make_durable(store) } else { Ok(()) }
    }

    /// The calls of the whole course, undisturbed.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let (directory, mut ledger) = self.prepare();
        self.live(&directory, &mut ledger).unwrap();
        directory.take_calls()
    }
}

/// All courses of some scenarios.
pub(crate) fn courses(scenarios: &'static [Scenario]) -> impl Iterator<Item = Course> {
    scenarios.iter().flat_map(|scenario| {
        let course = move |(durability, end)| Course { scenario, durability, end };
        [(Durability::Background, End::Drop), (Durability::Background, End::MakeDurable), (Durability::Sync, End::Drop)]
            .map(course)
    })
}

fn nothing(_: &MemoryDirectory, ledger: &mut Ledger) {
    ledger.begin("a", None);
}

fn one_key(directory: &MemoryDirectory, ledger: &mut Ledger) {
    directory.plant(10, "a", Some(0));
    ledger.begin("a", Some(0));
}

fn three_keys(directory: &MemoryDirectory, ledger: &mut Ledger) {
    for (at, key) in ["a", "b", "c"].into_iter().enumerate() {
        directory.plant(10 + at as u128, key, Some(0));
        ledger.begin(key, Some(0));
    }
}

/// A record that another writer has left behind, and its successor, of which nobody knows whether it is durable.
fn left_behind(directory: &MemoryDirectory, ledger: &mut Ledger) {
    one_key(directory, ledger);
    directory.plant_unsynced(20, &record("a", Some(1)));
    ledger.foreign("a", Some(1));
}

/// A durable record and an older one that another writer has left behind.
fn durable_over_stale(directory: &MemoryDirectory, ledger: &mut Ledger) {
    directory.plant(10, "a", Some(-1));
    directory.plant(20, "a", Some(0));
    ledger.begin("a", Some(0));
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "put new", prepare: nothing, act: |life, ledger| ledger.put(life.store, "a", 1, life.durability) },
    Scenario {
        name: "put replace",
        prepare: one_key,
        act: |life, ledger| ledger.put(life.store, "a", 1, life.durability),
    },
    Scenario {
        name: "put replace three times",
        prepare: one_key,
        act: |life, ledger| (1..=3).try_for_each(|value| ledger.put(life.store, "a", value, life.durability)),
    },
    Scenario {
        name: "put replace, durable in between",
        prepare: one_key,
        act: |life, ledger| {
            ledger.put(life.store, "a", 1, life.durability)?;
            ledger.make_durable(life.store)?;
            ledger.put(life.store, "a", 2, life.durability)
        },
    },
    Scenario {
        name: "put in the background, then put durably",
        prepare: one_key,
        act: |life, ledger| {
            ledger.put(life.store, "a", 1, Durability::Background)?;
            ledger.put(life.store, "a", 2, Durability::Sync)?;
            ledger.put(life.store, "a", 3, life.durability)
        },
    },
    Scenario { name: "remove", prepare: one_key, act: |life, ledger| ledger.remove(life.store, "a", life.durability) },
    Scenario {
        name: "remove and put again",
        prepare: one_key,
        act: |life, ledger| {
            ledger.remove(life.store, "a", life.durability)?;
            ledger.put(life.store, "a", 1, life.durability)
        },
    },
    Scenario { name: "clear", prepare: three_keys, act: |life, ledger| ledger.clear(life.store, life.durability) },
    Scenario {
        name: "put over a foreign record that was seen",
        prepare: one_key,
        act: |life, ledger| {
            life.directory.plant_unsynced(20, &record("a", Some(1)));
            ledger.foreign("a", Some(1));
            life.store.synchronize()?;
            ledger.put(life.store, "a", 2, life.durability)
        },
    },
    Scenario {
        name: "put over a foreign record that was not seen",
        prepare: one_key,
        act: |life, ledger| {
            life.directory.plant_unsynced(20, &record("a", Some(1)));
            ledger.foreign("a", Some(1));
            ledger.put(life.store, "a", 2, life.durability)?;
            life.store.synchronize().map(drop)
        },
    },
    Scenario {
        name: "heal a survivor",
        prepare: |directory, ledger| {
            directory.plant(20, "a", Some(0));
            ledger.begin("a", Some(0));
        },
        act: |life, ledger| {
            // What a writer does whose clock is behind: a lower number, and the higher one is gone.
            life.directory.plant(15, "a", Some(1));
            life.directory.erase(20);
            ledger.foreign("a", Some(1));
            life.store.synchronize()?;
            if life.store.version("a").is_some_and(|version| version.timestamp > Timestamp::from_micros(20)) {
                ledger.adopted("a");
            }
            Ok(())
        },
    },
];

/// Scenarios that need the grace time to pass.
pub(crate) const SLOW_SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "collect a stale record",
        prepare: left_behind,
        act: |life, _| {
            std::thread::sleep(GRACE);
            life.store.synchronize().map(drop)
        },
    },
    Scenario {
        name: "put while a stale record waits to be collected",
        prepare: durable_over_stale,
        act: |life, ledger| {
            std::thread::sleep(GRACE);
            life.store.synchronize()?;
            ledger.put(life.store, "a", 1, life.durability)
        },
    },
];

/// A little more than the time for which a successor must have been seen.
pub(crate) const GRACE: Duration = Duration::from_millis(1050);
