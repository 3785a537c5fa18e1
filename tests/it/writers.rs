//! Several writers on one directory, in any order, against the rule that the greatest number wins.

use std::collections::BTreeMap;

use keyfs::Durability::{self, Background, Sync};
use keyfs::{Store, Timestamp};
use proptest::prelude::*;

use crate::actors::{NOON, Original, TestClock, number, reader, shown, try_writer};
use crate::memory_directory::MemoryDirectory;

const KEYS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Act {
    Put(usize, usize, bool),
    Remove(usize, usize),
    Clear(usize),
    Synchronise(usize),
    MakeDurable(usize),
    /// Sets a clock this many microseconds after noon.
    SetClock(usize, u64),
    Restart(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let (who, key) = (0..2usize, 0..KEYS.len());
    prop_oneof![
        6 => (who.clone(), key.clone(), any::<bool>()).prop_map(|(who, key, sync)| Act::Put(who, key, sync)),
        2 => (who.clone(), key).prop_map(|(who, key)| Act::Remove(who, key)),
        1 => who.clone().prop_map(Act::Clear),
        4 => who.clone().prop_map(Act::Synchronise),
        2 => who.clone().prop_map(Act::MakeDurable),
        // Few values, so that clocks are equal and are set back often.
        3 => (who.clone(), 0..4u64).prop_map(|(who, at)| Act::SetClock(who, at * 3)),
        1 => who.prop_map(Act::Restart),
    ]
}

/// Two stores, each with its clock; the second one cannot watch names.
struct World {
    directory: MemoryDirectory,
    clocks: [TestClock; 2],
    stores: [Option<Store>; 2],
    next_value: i64,
}

impl World {
    fn new(tick: u64) -> World {
        let directory = MemoryDirectory::new();
        let clocks = [0, 1].map(|_| TestClock::ticking(NOON, tick));
        let stores = [0, 1].map(|who| Some(open(who, &directory, &clocks[who])));
        World { directory, clocks, stores, next_value: 0 }
    }

    fn store(&self, who: usize) -> &Store {
        self.stores[who].as_ref().unwrap()
    }

    fn value(&mut self) -> i64 {
        self.next_value += 1;
        self.next_value
    }

    fn restart(&mut self, who: usize) {
        self.stores[who] = None;
        self.stores[who] = Some(open(who, &self.directory, &self.clocks[who]));
    }

    /// All synchronise until they know the last word of all, and see the same.
    fn settle(&self) {
        for _ in 0..3 {
            self.stores.iter().flatten().for_each(|store| {
                store.synchronize().unwrap();
                store.make_durable().unwrap();
            });
        }
        let fresh = reader(&self.directory);
        for store in self.stores.iter().flatten() {
            KEYS.iter().for_each(|key| assert_eq!(shown(store, key), shown(&fresh, key), "{key}"));
            assert_eq!(store.keys(), fresh.keys());
        }
    }
}

fn open(who: usize, directory: &MemoryDirectory, clock: &TestClock) -> Store {
    let directory = if who == 0 { directory.clone() } else { directory.without_watches() };
    try_writer(&directory, Background, clock.clone()).unwrap()
}

fn durability(sync: bool) -> Durability {
    if sync { Sync } else { Background }
}

/// The greatest number of each key and what it says.
type Model = BTreeMap<&'static str, (Timestamp, Option<i64>)>;

fn note(model: &mut Model, key: &'static str, timestamp: Timestamp, value: Option<i64>) {
    let known = model.entry(key).or_insert((timestamp, value));
    assert!(known.0 != timestamp || known.1 == value, "{timestamp} was given twice for {key}");
    if known.0 <= timestamp {
        *known = (timestamp, value);
    }
}

fn do_as_modelled(world: &mut World, model: &mut Model, act: &Act) {
    match *act {
        Act::Put(who, key, sync) => {
            let (key, value) = (KEYS[key], world.value());
            let seen = world.store(who).version(key).map(|version| version.timestamp);
            let timestamp = world.store(who).put_with(key, number(value), durability(sync)).unwrap();
            assert!(Some(timestamp) > seen, "a put lost to a number that was known");
            note(model, key, timestamp, Some(value));
        }
        Act::Remove(who, key) => {
            let removed = world.store(who).remove(KEYS[key]).unwrap();
            assert_eq!(removed, model.get(KEYS[key]).is_some_and(|(_, value)| value.is_some()));
            if removed {
                let version = world.store(who).version(KEYS[key]).unwrap();
                note(model, KEYS[key], version.timestamp, None);
            }
        }
        Act::Clear(who) => {
            world.store(who).clear().unwrap();
            for key in KEYS {
                let Some(version) = world.store(who).version(key) else { continue };
                note(model, key, version.timestamp, None);
            }
        }
        Act::Synchronise(who) => drop(world.store(who).synchronize().unwrap()),
        Act::MakeDurable(who) => world.store(who).make_durable().unwrap(),
        Act::SetClock(who, micros) => world.clocks[who].set(NOON + micros),
        Act::Restart(who) => world.restart(who),
    }
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_greatest_number_wins_at_every_moment(acts in prop::collection::vec(act(), 1..40)) {
        let (mut world, mut model) = (World::new(1), Model::new());
        for act in &acts {
            do_as_modelled(&mut world, &mut model, act);
            let fresh = reader(&world.directory);
            for key in KEYS {
                let expected = model.get(key).and_then(|(_, value)| *value);
                assert_eq!(shown(&fresh, key), expected, "{key} after {act:?}");
            }
        }
        world.settle();
    }

    #[test]
    fn with_a_writer_like_the_original_no_key_is_ever_without_a_record(
        acts in prop::collection::vec((act(), 0..4usize, 0..KEYS.len()), 1..40),
    ) {
        let mut world = World::new(TICK);
        let (mut original, clock) = (Original::default(), TestClock::ticking(NOON, TICK));
        let mut given = BTreeMap::<&str, Vec<Option<i64>>>::new();
        let mut seconds = [0; 3];
        for (at, (act, original_does, key)) in acts.iter().enumerate() {
            match *act {
                Act::SetClock(who, second) => {
                    // Within one life, `own last + 1` would take a number next to another key's, which is taken again.
                    let before = std::mem::replace(&mut seconds[who], second);
                    if second < before {
                        world.restart(who);
                    }
                }
                _ if *original_does == 2 => seconds[2] = *key as u64,
                _ => {}
            }
            for (who, clock) in world.clocks.iter().chain([&clock]).enumerate() {
                clock.set(a_time_of_its_own(seconds[who], at, who));
            }
            do_beside_the_original(&mut world, &mut given, act);
            match original_does {
                0 => original.synchronize(&world.directory),
                1 => {
                    let value = world.value();
                    original.put(&world.directory, KEYS[*key], Some(value), &clock);
                    given.entry(KEYS[*key]).or_default().push(Some(value));
                }
                _ => {}
            }
            let fresh = reader(&world.directory);
            for (key, given) in &given {
                assert!(fresh.version(*key).is_some(), "{key} has no record any more after {act:?}, {original_does}");
                assert!(given.contains(&shown(&fresh, key)), "{key}: not a value that was given");
            }
        }
        world.settle();
    }
}

/// More than the numbers that the acts of one case can take above a number, each one above the last.
const TICK: u64 = 100;

/// A time of which no other act has a microsecond, whatever the second: so no freed number is taken again.
///
/// The original unlinks by number whatever stands there, and nobody can keep it from that.
fn a_time_of_its_own(second: u64, act: usize, who: usize) -> u64 {
    NOON + second * 1_000_000 + act as u64 * 6000 + who as u64 * 2000
}

#[test]
fn the_numbers_of_a_writer_only_grow_whatever_its_clock_does() {
    let world = World::new(1);
    let first = world.store(0).put("a", number(1)).unwrap();
    // A name that was freed is not taken again: whoever has seen it would not look.
    world.store(0).put("a", number(2)).unwrap();
    world.store(0).make_durable().unwrap();
    let mut last = first.next().unwrap();
    for (key, time) in [("b", NOON), ("c", NOON - 1_000_000), ("b", 0), ("d", NOON)] {
        world.clocks[0].set(time);
        let timestamp = world.store(0).put(key, number(3)).unwrap();
        assert!(timestamp > last, "{key}");
        last = timestamp;
    }
}

/// What a store puts after it has synchronised is seen by everybody, whatever the clocks say.
fn do_beside_the_original(world: &mut World, given: &mut BTreeMap<&'static str, Vec<Option<i64>>>, act: &Act) {
    match *act {
        Act::Put(who, key, sync) => {
            let value = world.value();
            world.store(who).synchronize().unwrap();
            world.store(who).put_with(KEYS[key], number(value), durability(sync)).unwrap();
            given.entry(KEYS[key]).or_default().push(Some(value));
            assert_eq!(shown(&reader(&world.directory), KEYS[key]), Some(value), "a put was lost");
        }
        Act::Remove(who, key) => {
            if world.store(who).remove(KEYS[key]).unwrap() {
                given.entry(KEYS[key]).or_default().push(None);
            }
        }
        Act::Clear(who) => {
            world.store(who).clear().unwrap();
            given.values_mut().for_each(|given| given.push(None));
        }
        Act::Synchronise(who) => drop(world.store(who).synchronize().unwrap()),
        Act::MakeDurable(who) => world.store(who).make_durable().unwrap(),
        // Done before, for all clocks.
        Act::SetClock(..) => {}
        Act::Restart(who) => world.restart(who),
    }
}
