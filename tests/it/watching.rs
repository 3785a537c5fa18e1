//! A store that follows names event by event sees what one sees that lists them.

use std::sync::Arc;

use keyfs::store::{Change, Oddities};
use keyfs::{Store, Timestamp, Value, Version};
use proptest::prelude::*;

use crate::actors::{NOON, Original, TestClock, number, reader, shown, try_writer};
use crate::memory_directory::{Call, MemoryDirectory, record};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Few numbers, so that names are freed and taken again often.
const NUMBERS: u128 = 12;

#[derive(Clone, Debug)]
enum Act {
    /// Publishes a record, a tombstone, or what is no record.
    Plant(u128, usize, Option<bool>),
    Erase(u128),
    /// Puts bytes of a record where something unreadable is.
    Repair(u128, usize),
    ForeignNames(usize),
    LoseEvents,
    /// One of two writers puts, removes, clears, or makes durable and synchronises.
    Write(usize, usize, u8),
    /// The original puts or synchronises.
    Original(usize, bool),
    /// Nobody else acts until both have synchronised and show the same.
    Compare,
    /// While the watching store synchronises, another process acts before the call at this place.
    Intrude(usize, Box<Act>),
}

fn quiet_act() -> impl Strategy<Value = Act> {
    let (number, key) = (1..NUMBERS, 0..KEYS.len());
    prop_oneof![
        6 => (number.clone(), key.clone(), prop::option::weighted(0.8, any::<bool>()))
            .prop_map(|(number, key, what)| Act::Plant(number, key, what)),
        6 => number.clone().prop_map(Act::Erase),
        1 => (number, key.clone()).prop_map(|(number, key)| Act::Repair(number, key)),
        1 => (0..3usize).prop_map(Act::ForeignNames),
        1 => Just(Act::LoseEvents),
        4 => (0..2usize, key.clone(), 0..4u8).prop_map(|(who, key, what)| Act::Write(who, key, what)),
        2 => (key, any::<bool>()).prop_map(|(key, puts)| Act::Original(key, puts)),
        4 => Just(Act::Compare),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => quiet_act(),
        1 => (0..6usize, quiet_act()).prop_map(|(place, act)| Act::Intrude(place, Box::new(act))),
    ]
}

/// Two readers, one of which watches, and those who write.
struct World {
    directory: MemoryDirectory,
    watching: Store,
    listing: Store,
    writers: [Store; 2],
    original: Original,
    clock: TestClock,
    next_value: i64,
}

impl World {
    fn new() -> World {
        let directory = MemoryDirectory::new();
        let clock = TestClock::at(NOON);
        let writer = |_| try_writer(&directory, keyfs::Durability::Background, clock.clone()).unwrap();
        World {
            watching: reader(&directory),
            listing: reader(&directory.without_watches()),
            writers: [0, 1].map(writer),
            original: Original::default(),
            clock,
            next_value: 0,
            directory,
        }
    }

    fn act(&mut self, act: &Act) {
        self.next_value += 1;
        match *act {
            Act::Write(who, key, what) => {
                let (store, key) = (&self.writers[who], KEYS[key]);
                match what {
                    0 => drop(store.put(key, number(self.next_value)).unwrap()),
                    1 => drop(store.remove(key).unwrap()),
                    2 => drop(store.clear().unwrap()),
                    _ => drop(store.synchronize().unwrap()),
                }
                store.make_durable().unwrap();
            }
            Act::Original(key, true) => {
                self.original.put(&self.directory, KEYS[key], Some(self.next_value), &self.clock);
            }
            Act::Original(_, false) => self.original.synchronize(&self.directory),
            Act::Compare => self.compare(),
            Act::Intrude(place, ref act) => self.intrude(place, (**act).clone()),
            ref other => do_alone(&self.directory, other, self.next_value),
        }
    }

    fn compare(&self) {
        let changes = [&self.watching, &self.listing].map(|store| sorted(store.synchronize().unwrap()));
        assert_eq!(changes[0], changes[1], "the changes that are told");
        assert_eq!(view(&self.watching), view(&self.listing));
    }

    /// Another process acts in the middle of a synchronisation, which then may have seen it or not; the next one has.
    fn intrude(&mut self, place: usize, act: Act) {
        self.compare();
        self.directory.take_calls();
        let value = self.next_value;
        self.directory.intrude(move |at, _, directory| {
            if at == place {
                do_alone(directory, &act, value);
            }
        });
        self.watching.synchronize().unwrap();
        self.directory.work_alone();
        self.watching.synchronize().unwrap();
        check(&self.watching, &self.directory);
        // What came first is told apart by who has looked in between: both begin anew.
        self.watching = reader(&self.directory);
        self.listing = reader(&self.directory.without_watches());
    }
}

/// What a process does that has no store.
fn do_alone(directory: &MemoryDirectory, act: &Act, value: i64) {
    match *act {
        Act::Plant(number, key, what) => {
            let bytes = what.map(|live| record(KEYS[key], live.then_some(value)));
            directory.link_foreign(number, &bytes.unwrap_or_default());
        }
        Act::Erase(number) => drop(directory.erase(number)),
        Act::Repair(number, key) => {
            if directory.bytes(number).is_some_and(|bytes| bytes.is_empty()) {
                directory.overwrite(number, &record(KEYS[key], Some(value)));
            }
        }
        Act::ForeignNames(count) => directory.plant_foreign_names(count),
        Act::LoseEvents => directory.lose_events(),
        Act::Write(..) | Act::Original(..) | Act::Compare | Act::Intrude(..) => {}
    }
}

fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    changes
}

/// The newest record of a key, and its value.
type Seen = (Option<Version>, Option<Value>);

fn view(store: &Store) -> (Vec<Seen>, usize, usize, Oddities) {
    let seen = KEYS.map(|key| (store.version(key), store.get(key).unwrap()));
    (seen.to_vec(), store.len(), store.tombstones(), store.oddities())
}

/// What a store shows of each key is in the directory, and a key with a record is not without one.
fn check(store: &Store, directory: &MemoryDirectory) {
    for key in KEYS {
        let records = directory.names().into_iter().filter_map(|name| {
            let record = keyfs::record::decode(&directory.bytes(name.as_micros())?).ok()?;
            (record.key.to_string() == key).then_some((name, !record.deleted))
        });
        let records: Vec<(Timestamp, bool)> = records.collect();
        let version = store.version(key).map(|version| (version.timestamp, version.is_live));
        match version {
            Some(version) => assert!(records.contains(&version), "{key}: {version:?} has gone; there are {records:?}"),
            None => assert_eq!(records, [], "{key} was missed"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn following_names_shows_what_listing_them_shows(acts in prop::collection::vec(act(), 1..40)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.compare();
    }
}

/// A file that was there before and could not be read has not come after the others when somebody writes a record into it.
#[test]
fn a_file_that_becomes_a_record_is_as_old_as_its_name() {
    for directory in [MemoryDirectory::new(), MemoryDirectory::new().without_watches()] {
        directory.link_foreign(1, b"");
        directory.plant(8, "c", None);
        directory.plant(2, "c", None);
        let store = reader(&directory);
        for bytes in [b"no record yet".to_vec(), record("c", Some(1))] {
            directory.overwrite(1, &bytes);
            store.synchronize().unwrap();
        }
        directory.erase(8);
        store.synchronize().unwrap();
        assert_eq!(store.version("c").map(|version| version.timestamp), Some(Timestamp::from_micros(2)));
    }
}

#[test]
fn a_name_that_was_freed_and_taken_again_is_read_again() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let store = reader(&directory);
    directory.erase(10);
    directory.plant(10, "b", Some(1));
    store.synchronize().unwrap();
    assert_eq!((shown(&store, "a"), shown(&store, "b")), (None, Some(1)));
}

/// A writer and a way to have it synchronise in the middle of its own calls.
fn writer_that_looks(directory: &MemoryDirectory) -> (Arc<Store>, impl Fn() + Send + use<>) {
    let store = try_writer(directory, keyfs::Durability::Background, TestClock::at(NOON)).unwrap();
    let store = Arc::new(store);
    let looking = Arc::downgrade(&store);
    (store, move || drop(looking.upgrade().unwrap().synchronize().unwrap()))
}

#[test]
fn a_put_that_is_superseded_and_removed_before_it_is_known_here_is_not_kept() {
    // The other process is as fast as can be: it acts between the naming of the record and its being noted.
    for looks in [false, true] {
        let directory = MemoryDirectory::new();
        directory.plant(10, "a", Some(0));
        let (store, look) = writer_that_looks(&directory);
        directory.intrude_after(
            |call| matches!(call, Call::Publish(_)),
            move |directory| {
                let own = directory.names().pop().unwrap().as_micros();
                directory.plant(9, "a", Some(2));
                directory.erase(own);
                directory.erase(10);
                if looks {
                    look();
                }
            },
        );
        store.put("a", number(1)).unwrap();
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "a"), Some(2), "looks meanwhile: {looks}");
    }
}

#[test]
fn a_name_that_is_taken_again_as_soon_as_it_is_unlinked_is_not_forgotten() {
    for looks in [false, true] {
        let directory = MemoryDirectory::new();
        directory.plant(10, "a", Some(0));
        let (store, look) = writer_that_looks(&directory);
        directory.intrude_after(
            |call| matches!(call, Call::Unlink(_)),
            move |directory| {
                directory.plant(10, "b", Some(2));
                if looks {
                    look();
                }
            },
        );
        store.put("a", number(1)).unwrap();
        store.make_durable().unwrap();
        store.synchronize().unwrap();
        assert_eq!((shown(&store, "a"), shown(&store, "b")), (Some(1), Some(2)), "looks meanwhile: {looks}");
    }
}

#[test]
fn a_record_found_under_a_superseded_name_and_gone_again_is_not_kept() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let (store, look) = writer_that_looks(&directory);
    store.put("a", number(1)).unwrap();
    directory.erase(10);
    directory.plant(10, "b", Some(2));
    // It is read to prove that it may be unlinked; then it goes, and somebody looks.
    directory.intrude_after(
        |call| matches!(call, Call::Read(_)),
        move |directory| {
            directory.erase(10);
            look();
        },
    );
    store.make_durable().unwrap();
    store.synchronize().unwrap();
    assert_eq!((shown(&store, "a"), shown(&store, "b")), (Some(1), None));
}
