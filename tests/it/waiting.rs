//! Waiting for changes: nothing is missed, nothing is stolen, nobody sleeps for ever.

use std::path::Path;
use std::time::{Duration, Instant};

use keyfs::Durability::Background;
use keyfs::{Identifier, OpenOptions, Store};

use crate::actors::{number, reader, shown, writer};
use crate::memory_directory::{Call, MemoryDirectory};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(5);

fn one_record() -> MemoryDirectory {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    directory
}

#[test]
fn who_waits_sleeps_while_nothing_changes_and_takes_nothing_of_what_does() {
    let directory = one_record();
    let store = reader(&directory);
    assert!(!store.wait_for_changes(SHORT).unwrap(), "nothing has changed");
    directory.plant(20, "a", Some(1));
    directory.take_calls();
    for _ in 0..3 {
        assert!(store.wait_for_changes(LONG).unwrap(), "a change that was not taken in");
    }
    assert_eq!(directory.take_calls(), [Call::Wait; 3]);
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert!(!store.wait_for_changes(SHORT).unwrap(), "it was taken in");
}

#[test]
fn own_puts_wake_once() {
    let directory = one_record();
    let store = writer(&directory, Background);
    store.put("a", number(1)).unwrap();
    store.make_durable().unwrap();
    let mut woken = 0;
    while store.wait_for_changes(SHORT).unwrap() {
        woken += 1;
        assert_eq!(store.synchronize().unwrap(), []);
    }
    assert!(woken <= 1, "a busy loop");
}

#[test]
fn each_change_ends_a_wait_even_when_the_watch_is_lost_meanwhile() {
    let directory = one_record();
    let store = reader(&directory);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            while shown(&store, "a") != Some(200) {
                assert!(store.wait_for_changes(LONG).unwrap());
                store.synchronize().unwrap();
            }
        });
        for value in 1..=200 {
            directory.plant(10 + value, "a", Some(value as i64));
            match value % 7 {
                0 => directory.lose_events(),
                // The other thread waits for what this one takes away.
                3 => drop(store.synchronize().unwrap()),
                _ => {}
            }
            std::thread::sleep(Duration::from_micros(value as u64 * 5));
        }
        waiting.join().unwrap();
    });
}

#[test]
fn without_a_watch_it_is_time_to_look_after_a_pause_that_grows() {
    let directory = one_record().without_watches();
    let store = reader(&directory);
    let pause = || {
        let began = Instant::now();
        assert!(store.wait_for_changes(LONG).unwrap());
        began.elapsed()
    };
    let (first, second, third) = (pause(), pause(), pause());
    assert!(first >= Duration::from_millis(40) && third > second && second > first, "{first:?} {second:?} {third:?}");
    directory.plant(20, "a", Some(1));
    store.synchronize().unwrap();
    assert!(pause() < third, "changes are looked for more often where there are some");
}

/// "`wait_for_changes`: `stop_waiting` ends the wait for good."
#[test]
fn waiting_is_stopped_for_good_with_and_without_a_watch() {
    for directory in [one_record(), one_record().without_watches()] {
        let store = reader(&directory);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| while store.wait_for_changes(LONG).unwrap() {});
            std::thread::sleep(SHORT);
            let stopped = Instant::now();
            store.stop_waiting();
            waiting.join().unwrap();
            assert!(stopped.elapsed() < LONG / 6);
        });
        directory.plant(20, "a", Some(1));
        assert!(!store.wait_for_changes(LONG).unwrap());
    }
}

/// Opens a store on a real disk.
fn on_disk(path: &Path, identifier: &str) -> Store {
    Store::open(path, OpenOptions::writer(Identifier::new(identifier).unwrap())).unwrap()
}

/// "`wait_for_changes`: waits until a synchronisation may find something."
#[test]
fn on_a_real_disk_a_foreign_put_ends_the_wait_and_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (on_disk(directory.path(), "here"), on_disk(directory.path(), "there"));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            while shown(&here, "a") != Some(100) {
                assert!(here.wait_for_changes(LONG).unwrap());
                here.synchronize().unwrap();
            }
        });
        for value in 1..=100 {
            there.put("a", number(value)).unwrap();
            std::thread::sleep(Duration::from_micros(300));
        }
        waiting.join().unwrap();
        let waiting = scope.spawn(|| while here.wait_for_changes(LONG).unwrap() {});
        here.stop_waiting();
        waiting.join().unwrap();
    });
}

/// "`put`: publishes; visible to everybody on return."
#[test]
fn on_a_real_disk_each_put_and_remove_is_seen_when_it_has_returned() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (on_disk(directory.path(), "here"), on_disk(directory.path(), "there"));
    for value in 0..500 {
        there.put("a", number(value)).unwrap();
        here.synchronize().unwrap();
        assert_eq!(shown(&here, "a"), Some(value));
        if value % 10 == 0 {
            there.remove("a").unwrap();
            here.synchronize().unwrap();
            assert_eq!(shown(&here, "a"), None);
        }
        if value % 50 == 0 {
            here.put("a", number(-1)).unwrap();
            assert!(there.remove("a").unwrap());
        }
    }
}

#[test]
fn on_a_real_disk_more_changes_than_the_queue_holds_are_seen_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path(), "here");
    let d = directory.path().join("d");
    std::fs::write(d.join("1"), crate::memory_directory::record("a", Some(0))).unwrap();
    for number in 2..20_000 {
        std::fs::rename(d.join((number - 1).to_string()), d.join(number.to_string())).unwrap();
    }
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert_eq!((shown(&store, "a"), store.version("a").unwrap().timestamp.as_micros()), (Some(0), 19_999));
    std::fs::write(d.join("20001"), crate::memory_directory::record("a", Some(1))).unwrap();
    assert_eq!((store.synchronize().unwrap().len(), shown(&store, "a")), (1, Some(1)));
}

#[test]
fn on_a_real_disk_a_file_that_is_moved_over_a_record_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path(), "here");
    let timestamp = store.put("a", number(0)).unwrap().to_string();
    for value in 1..4 {
        let aside = directory.path().join("restored");
        std::fs::write(&aside, crate::memory_directory::record("a", Some(value))).unwrap();
        std::fs::rename(&aside, directory.path().join("d").join(&timestamp)).unwrap();
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "a"), Some(value));
    }
}

/// "`synchronize`: A directory `d/` that was deleted [...] is an error, never an empty store."
#[test]
fn on_a_real_disk_a_directory_that_was_deleted_is_an_error_and_one_made_anew_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    let there = on_disk(directory.path(), "there");
    there.put("a", number(0)).unwrap();
    drop(there);
    store.synchronize().unwrap();
    assert_eq!(shown(&store, "a"), Some(0));
    let d = directory.path().join("d");
    std::fs::remove_dir_all(&d).unwrap();
    for _ in 0..2 {
        assert!(store.wait_for_changes(LONG).unwrap());
        assert!(store.synchronize().is_err(), "taken for empty");
        assert_eq!(shown(&store, "a"), Some(0), "what was known stays");
    }
    std::fs::create_dir(&d).unwrap();
    for value in 1..3 {
        std::fs::write(d.join((value + 5).to_string()), crate::memory_directory::record("a", Some(value))).unwrap();
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "a"), Some(value));
    }
}

/// "`synchronize`: A directory `d/` that was deleted or moved away, [...] or in whose place is an empty one although there were
/// records, is an error, never an empty store, until it is back or another one with records is there."
#[test]
fn on_a_real_disk_a_directory_that_was_moved_away_is_an_error_and_found_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let (d, moved) = (directory.path().join("d"), directory.path().join("moved"));
    let there = on_disk(directory.path(), "there");
    there.put("a", number(0)).unwrap();
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    for value in 1..4 {
        std::fs::rename(&d, &moved).unwrap();
        assert!(store.synchronize().is_err(), "taken for empty, or followed");
        assert!(there.synchronize().is_err() && there.put("a", number(-1)).is_err(), "nobody else would see it");
        std::fs::create_dir(&d).unwrap();
        for _ in 0..2 {
            assert!(store.synchronize().is_err(), "taken for empty");
            assert_eq!(shown(&store, "a"), Some(value - 1), "what was known stays");
        }
        std::fs::remove_dir(&d).unwrap();
        std::fs::rename(&moved, &d).unwrap();
        there.synchronize().unwrap();
        there.put("a", number(value)).unwrap();
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "a"), Some(value));
    }
    drop(there);
    std::fs::rename(&d, &moved).unwrap();
    std::fs::create_dir(&d).unwrap();
    std::fs::write(d.join("20"), crate::memory_directory::record("b", Some(7))).unwrap();
    assert_eq!(store.synchronize().unwrap().len(), 2, "another one with a record");
    assert_eq!((shown(&store, "a"), shown(&store, "b")), (None, Some(7)));
}

/// An empty one in place of an empty one takes nothing away.
#[test]
fn on_a_real_disk_an_empty_directory_can_be_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let d = directory.path().join("d");
    let store = on_disk(directory.path(), "here");
    for round in 0..3 {
        std::fs::remove_dir(&d).unwrap();
        assert!(store.synchronize().is_err(), "there is none in round {round}");
        std::fs::create_dir(&d).unwrap();
        assert_eq!(store.synchronize().unwrap(), []);
    }
    store.put("a", number(1)).unwrap();
    assert_eq!(std::fs::read_dir(&d).unwrap().count(), 1);
    store.make_durable().unwrap();
    std::fs::remove_dir_all(&d).unwrap();
    std::fs::create_dir(&d).unwrap();
    assert!(store.synchronize().is_err(), "an own record, which no listing has shown, was there");
}
