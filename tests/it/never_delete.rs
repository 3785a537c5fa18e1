//! What is never deleted, and what a writer may collect.

use keyfs::Durability::Background;
use keyfs::{Store, Timestamp};

use crate::actors::{NOON, TestClock, number, reader, shown, try_writer};
use crate::memory_directory::{Call, Effect, MemoryDirectory};
use crate::scenarios::GRACE;

/// A writer whose clock is at noon, and which has seen the directory for the grace time.
fn writer_of_a_second_ago(directory: &MemoryDirectory) -> Store {
    let clock = TestClock::at(NOON);
    let store = try_writer(directory, Background, clock.clone()).unwrap();
    std::thread::sleep(GRACE);
    store
}

fn has(directory: &MemoryDirectory, number: u128) -> bool {
    directory.names().contains(&Timestamp::from_micros(number))
}

#[test]
fn only_records_with_a_present_and_older_successor_are_collected() {
    let noon = u128::from(NOON);
    let directory = MemoryDirectory::new();
    // Stale: superseded by a record and by a tombstone.
    directory.plant(10, "stale", Some(0));
    directory.plant(11, "stale", Some(1));
    directory.plant(12, "stale", Some(2));
    directory.plant(20, "removed", Some(0));
    directory.plant(21, "removed", None);
    // Newest, or not to be judged.
    directory.plant(30, "alone", Some(0));
    directory.plant(31, "tombstone", None);
    directory.plant_bytes(32, b"");
    directory.plant_bytes(33, b"{\"key\": \"stale\"");
    directory.plant_irregular(34);
    directory.plant_foreign_names(2);
    // Superseded by a record that is younger than the grace time, or of the future.
    directory.plant(40, "young", Some(0));
    directory.plant(noon - 500_000, "young", Some(1));
    directory.plant(50, "future", Some(0));
    directory.plant(noon + 1_000_000_000, "future", Some(1));
    let all = directory.names().len();
    let observer = reader(&directory);
    let store = try_writer(&directory, Background, TestClock::at(NOON)).unwrap();
    for _ in 0..3 {
        store.synchronize().unwrap();
    }
    store.make_durable().unwrap();
    assert_eq!(directory.names().len(), all, "collected before the grace time");
    std::thread::sleep(GRACE);
    directory.take_calls();
    observer.synchronize().unwrap();
    drop(observer);
    assert!(!directory.take_calls().into_iter().any(Call::writes), "a reader collects nothing");
    store.synchronize().unwrap();
    store.make_durable().unwrap();
    let mut unlinked: Vec<_> =
        directory.take_calls().into_iter().filter(|call| matches!(call, Call::Unlink(_))).collect();
    unlinked.sort_by_key(|call| format!("{call:?}"));
    assert_eq!(unlinked, [10, 11, 20].map(|number| Call::Unlink(Timestamp::from_micros(number))));
    assert_eq!((shown(&store, "stale"), shown(&store, "removed"), store.tombstones()), (Some(2), None, 2));
}

#[test]
fn a_successor_is_made_durable_before_the_stale_record_goes() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    directory.plant_unsynced(11, &crate::memory_directory::record("a", Some(1)));
    let store = writer_of_a_second_ago(&directory);
    directory.take_calls();
    store.synchronize().unwrap();
    store.make_durable().unwrap();
    let (old, new) = (Timestamp::from_micros(10), Timestamp::from_micros(11));
    let expected =
        [Call::Drain, Call::SyncRecord(new), Call::Sync, Call::Read(old), Call::Identify(new), Call::Unlink(old)];
    assert_eq!(directory.take_calls(), expected);
}

#[test]
fn the_older_record_stays_when_its_successor_goes_meanwhile() {
    let outcomes = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|at| scope.spawn(move || successor_goes_before(at))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(outcomes.contains(&true), "never at a time that matters");
}

/// The successor is unlinked just before the call at `at`; true when that left the older record to be the newest.
fn successor_goes_before(at: usize) -> bool {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    directory.plant(11, "a", Some(1));
    let store = writer_of_a_second_ago(&directory);
    directory.take_calls();
    directory.intrude(move |place, call, directory| {
        // Between the last look and the unlinking there is no call; the system offers no way to join the two.
        if place == at && !matches!(call, Call::Unlink(_)) {
            directory.erase(11);
        }
    });
    store.synchronize().unwrap();
    store.make_durable().unwrap();
    drop(store);
    directory.work_alone();
    let fresh = reader(&directory);
    assert!(fresh.contains("a"), "call {at}: both records have gone");
    shown(&fresh, "a") == Some(0)
}

#[test]
fn a_stale_record_whose_unlinking_failed_is_collected_later() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let clock = TestClock::at(NOON);
    let store = try_writer(&directory, Background, clock.clone()).unwrap();
    directory.fail(|_, call| matches!(call, Call::Unlink(_)).then_some((libc::EIO, Effect::None)));
    store.put("a", number(1)).unwrap();
    store.make_durable().unwrap();
    assert!(has(&directory, 10));
    directory.work_again();
    store.synchronize().unwrap();
    std::thread::sleep(GRACE);
    clock.set(NOON + 2_000_000);
    store.synchronize().unwrap();
    store.make_durable().unwrap();
    assert_eq!((has(&directory, 10), directory.names().len(), shown(&store, "a")), (false, 1, Some(1)));
}

#[test]
fn the_survivor_is_healed_and_stays_until_that_is_durable() {
    let directory = MemoryDirectory::new();
    directory.plant(20, "a", Some(0));
    directory.plant(21, "b", Some(0));
    let store = try_writer(&directory, Background, TestClock::at(NOON)).unwrap();
    directory.plant(15, "a", Some(1));
    directory.erase(20);
    directory.plant(16, "b", None);
    directory.erase(21);
    store.synchronize().unwrap();
    assert!(has(&directory, 15) && has(&directory, 16));
    store.make_durable().unwrap();
    assert_eq!(directory.names(), [21, 22].map(Timestamp::from_micros));
    let fresh = reader(&directory);
    assert_eq!((shown(&fresh, "a"), shown(&fresh, "b"), fresh.tombstones()), (Some(1), None, 1));
}
