//! What each operation asks of the directory, call by call.

use std::time::Duration;

use keyfs::Durability::{Background, Sync};
use keyfs::Timestamp;

use crate::actors::{NOON, number, reader, shown, writer};
use crate::memory_directory::{Call, MemoryDirectory};

/// The kinds of the calls since the last time.
fn kinds(directory: &MemoryDirectory) -> Vec<String> {
    let kind = |call: Call| format!("{call:?}").split('(').next().unwrap_or_default().to_owned();
    directory.take_calls().into_iter().map(kind).collect()
}

fn three_records() -> MemoryDirectory {
    let directory = MemoryDirectory::new();
    for (number, key) in [(10, "a"), (11, "b"), (12, "c")] {
        directory.plant(number, key, Some(0));
    }
    directory
}

/// "`Store::open`: and synchronises."
#[test]
fn opening_looks_once_lists_once_and_reads_each_record_once_newest_first() {
    let directory = three_records();
    let _store = reader(&directory);
    let read = |number| Call::Read(Timestamp::from_micros(number));
    assert_eq!(directory.take_calls(), [Call::Stamp, Call::Watch, Call::List, read(12), read(11), read(10)]);
}

/// "`synchronize`: one empty `read` while nothing has changed, or one `stat` where names cannot be watched."
/// "`contains`, `keys`, `len`, `version`: answer from memory." "`get`: gives the value from memory."
#[test]
fn synchronising_an_unchanged_store_is_one_call_and_reading_a_value_is_nothing() {
    unchanged(&three_records(), "Drain");
    unchanged(&three_records().without_watches(), "Stamp");
}

/// Synchronises where nothing has changed, which is this call.
fn unchanged(directory: &MemoryDirectory, look: &str) {
    directory.plant_bytes(13, b"no record");
    for store in [reader(directory), writer(directory, Background)] {
        directory.take_calls();
        assert_eq!((shown(&store, "a"), store.len(), store.contains("x")), (Some(0), 3, false));
        assert_eq!((store.keys().len(), store.tombstones(), store.version("b").is_some()), (3, 0, true));
        assert_eq!(kinds(directory), [""; 0]);
        directory.overwrite(13, b"no record");
        store.synchronize().unwrap();
        directory.take_calls();
        store.synchronize().unwrap();
        // One look at the file that cannot be read, for it may have been repaired in place.
        assert_eq!(kinds(directory), [look, "Identify"]);
        directory.erase(13);
        store.synchronize().unwrap();
        directory.take_calls();
        for _ in 0..3 {
            assert_eq!(store.synchronize().unwrap(), []);
            assert_eq!(kinds(directory), [look]);
        }
        directory.plant_bytes(13, b"no record");
    }
}

#[test]
fn one_change_is_one_read_and_a_listing_only_where_names_are_not_watched() {
    let watched: &[&str] = &["Drain", "Read"];
    let unwatched: &[&str] = &["Stamp", "Watch", "List", "Read"];
    for (directory, expected) in [(three_records(), watched), (three_records().without_watches(), unwatched)] {
        let store = reader(&directory);
        // A put, a remove, and a put that removes what it supersedes.
        for (number, value) in [(20, Some(1)), (21, None), (22, Some(2))] {
            directory.plant(number, "a", value);
            if number == 22 {
                directory.erase(21);
            }
            directory.take_calls();
            assert_eq!(store.synchronize().unwrap().len(), 1);
            assert_eq!(kinds(&directory), expected);
        }
        directory.erase(10);
        directory.take_calls();
        assert_eq!(store.synchronize().unwrap(), []);
        assert_eq!(kinds(&directory).last().map(String::as_str), expected[..expected.len() - 1].last().copied());
    }
}

#[test]
fn own_changes_are_neither_read_nor_listed() {
    let directory = three_records();
    let store = writer(&directory, Background);
    for number_put in 0..3 {
        store.put("a", number(number_put)).unwrap();
        store.put("new", number(number_put)).unwrap();
        store.make_durable().unwrap();
        directory.take_calls();
        assert_eq!(store.synchronize().unwrap(), []);
        assert_eq!(store.synchronize().unwrap(), []);
        assert_eq!(kinds(&directory), ["Drain", "Drain"]);
    }
    directory.plant(u128::from(NOON) * 2, "b", Some(1));
    store.put("a", number(9)).unwrap();
    directory.take_calls();
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert_eq!(kinds(&directory), ["Drain", "Read"]);
}

#[test]
fn missed_events_cost_one_listing_and_the_next_change_none() {
    let directory = three_records();
    let store = reader(&directory);
    directory.plant(20, "a", Some(1));
    directory.lose_events();
    directory.take_calls();
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert_eq!(kinds(&directory), ["Drain", "Stamp", "Watch", "List", "Read"]);
    directory.plant(21, "a", Some(2));
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert_eq!(kinds(&directory), ["Drain", "Read"]);
}

#[test]
fn a_put_in_the_background_returns_after_three_calls_and_the_rest_comes_in_order() {
    let directory = three_records();
    let store = writer(&directory, Background);
    directory.take_calls();
    store.put("a", number(1)).unwrap();
    assert_eq!(kinds(&directory), ["Create", "Write", "Publish"]);
    store.make_durable().unwrap();
    assert_eq!(kinds(&directory), ["SyncStaged", "Sync", "Read", "Identify", "Unlink"]);
    assert_eq!(directory.staged(), 0);
}

#[test]
fn a_record_in_between_goes_at_once_and_is_never_synced() {
    let directory = three_records();
    let store = writer(&directory, Background);
    directory.take_calls();
    store.put("a", number(1)).unwrap();
    store.put("a", number(2)).unwrap();
    assert_eq!(kinds(&directory), ["Create", "Write", "Publish", "Create", "Write", "Publish", "Identify", "Unlink"]);
    assert_eq!(directory.names().len(), 4, "the durable record stays");
    store.make_durable().unwrap();
    assert_eq!(kinds(&directory), ["SyncStaged", "Sync", "Read", "Identify", "Unlink"]);
    assert_eq!(directory.names().len(), 3);
}

/// "`remove`, `clear`: synchronise, then write tombstones for live keys only."
#[test]
fn a_durable_put_syncs_the_bytes_before_the_name_and_the_name_before_it_unlinks() {
    let directory = three_records();
    let store = writer(&directory, Sync);
    directory.take_calls();
    store.put("a", number(1)).unwrap();
    assert_eq!(kinds(&directory), ["Create", "Write", "SyncStaged", "Publish", "Sync", "Read", "Unlink"]);
    store.remove("a").unwrap();
    let expected = ["Drain", "Create", "Write", "SyncStaged", "Publish", "Sync", "Read", "Unlink"];
    assert_eq!(kinds(&directory), expected);
    store.remove("a").unwrap();
    assert_eq!(kinds(&directory), ["Drain"], "a tombstone is not written again");
    store.clear().unwrap();
    assert_eq!(kinds(&directory).iter().filter(|kind| *kind == "Publish").count(), 2);
    store.clear().unwrap();
    assert_eq!(kinds(&directory), ["Drain"]);
}

/// "`remove_without_synchronizing`: the same for a caller who has just synchronised and has seen the changes."
/// "`remove_without_synchronizing`: as `put`."
#[test]
fn a_remove_by_somebody_who_has_synchronised_looks_at_nothing_again() {
    let directory = three_records();
    let store = writer(&directory, Sync);
    directory.plant(20, "late", Some(1));
    directory.take_calls();
    assert!(!store.remove_without_synchronizing("late", Sync).unwrap());
    assert_eq!(kinds(&directory), [""; 0]);
    assert!(store.remove_without_synchronizing("a", Sync).unwrap());
    assert_eq!(kinds(&directory), ["Create", "Write", "SyncStaged", "Publish", "Sync", "Read", "Unlink"]);
    assert!(store.remove("late").unwrap() && !store.contains("late"));
    assert!(reader(&directory).remove_without_synchronizing("a", Sync).is_err());
}

#[test]
fn a_durable_put_over_one_that_waits_unlinks_each_superseded_record_once() {
    let directory = three_records();
    let store = writer(&directory, Background);
    directory.take_calls();
    store.put("a", number(1)).unwrap();
    store.put_with("a", number(2), Sync).unwrap();
    let unlinks = || kinds(&directory).into_iter().filter(|kind| kind == "Unlink").count();
    assert_eq!((unlinks(), directory.names().len(), directory.staged()), (2, 3, 0));
    drop(store);
    assert_eq!(unlinks(), 0);
}

#[test]
fn many_puts_are_made_durable_by_one_sync_of_all_and_hold_few_files_open() {
    let directory = MemoryDirectory::new();
    let store = writer(&directory, Background);
    for at in 0..200 {
        store.put(&format!("k{at}"), number(at)).unwrap();
        assert!(directory.staged() <= 65, "{} files are open", directory.staged());
    }
    directory.take_calls();
    store.make_durable().unwrap();
    assert_eq!(kinds(&directory), ["SyncAll", "Sync"]);
    assert_eq!(directory.staged(), 0);
    assert!(directory.after_power_loss().iter().all(|left| reader(left).len() == 200));
}

/// "Without an identifier everything that writes fails with `ReadOnly`, and nothing is written." "`put`: `ReadOnly`."
/// "`remove`, `clear`: as `put`."
#[test]
fn a_reader_makes_no_call_that_writes() {
    let directory = three_records();
    directory.plant(5, "a", Some(-1));
    directory.plant_bytes(13, b"no record");
    let store = reader(&directory);
    directory.plant(20, "a", Some(1));
    store.synchronize().unwrap();
    // A survivor below a greater number that has gone: a writer would publish it again.
    directory.erase(20);
    store.synchronize().unwrap();
    assert_eq!(shown(&store, "a"), Some(0));
    for refused in [store.put("a", number(1)).is_err(), store.remove("a").is_err(), store.clear().is_err()] {
        assert!(refused);
    }
    store.make_durable().unwrap();
    drop(store);
    assert!(!directory.take_calls().into_iter().any(Call::writes));
}

#[test]
fn a_taken_number_costs_one_more_try_each() {
    let directory = MemoryDirectory::new();
    // The synchronisation at the start looks at the clock once.
    for taken in 1..=25 {
        directory.plant_bytes(u128::from(NOON) + taken, b"somebody else's");
    }
    let store = writer(&directory, Sync);
    directory.take_calls();
    store.put("a", number(1)).unwrap();
    let kinds = kinds(&directory);
    assert_eq!(kinds.iter().filter(|kind| *kind == "Publish").count(), 26);
    assert_eq!(kinds.iter().filter(|kind| *kind == "Create").count(), 1);
}

#[test]
fn a_record_that_vanishes_after_the_listing_is_chased() {
    for watchable in [true, false] {
        let directory = if watchable { three_records() } else { three_records().without_watches() };
        let store = reader(&directory);
        let mut newest = 20;
        directory.plant(newest, "a", Some(20));
        directory.erase(10);
        // A busy writer: six times, when its record is about to be read, it has been replaced.
        directory.intrude(move |_, call, directory| {
            if newest < 26 && call == Call::Read(Timestamp::from_micros(newest)) {
                directory.plant(newest + 1, "a", Some(newest as i64 + 1));
                directory.erase(newest);
                newest += 1;
            }
        });
        store.synchronize().unwrap();
        assert_eq!(shown(&store, "a"), Some(if watchable { 26 } else { 0 }), "never absent");
        (0..2).for_each(|_| drop(store.synchronize().unwrap()));
        assert_eq!(shown(&store, "a"), Some(26));
    }
}

/// "On network and unknown file systems, where neither events nor the time of the directory can be trusted, each
/// synchronisation lists. `OpenOptions::sync_interval` [...] have it list at most as often as they say: until then it finds
/// nothing, unless something has shown that what is known is wrong."
#[test]
fn where_only_a_listing_tells_it_is_made_as_often_as_was_asked() {
    let directory = three_records().on_a_network();
    let open = |seconds| {
        let options = keyfs::OpenOptions::read_only().cached_bytes(0).sync_interval(Duration::from_secs_f64(seconds));
        keyfs::Store::with_directory(Box::new(directory.clone()), options).unwrap()
    };
    let lists = |store: &keyfs::Store| {
        directory.take_calls();
        let changes = store.synchronize().unwrap().len();
        (kinds(&directory).iter().filter(|kind| *kind == "List").count(), changes)
    };
    let (always, seldom, soon) = (open(0.0), open(1000.0), open(0.2));
    assert_eq!([lists(&always), lists(&always), lists(&seldom)], [(1, 0), (1, 0), (0, 0)]);
    directory.plant(20, "a", Some(7));
    assert!(directory.erase(10));
    assert_eq!([lists(&always), lists(&seldom)], [(1, 1), (0, 0)]);
    std::thread::sleep(Duration::from_millis(250));
    assert_eq!(lists(&soon), (1, 1));
    assert_eq!(shown(&seldom, "a"), Some(7), "the record has gone that was known");
    assert_eq!(lists(&seldom).1, 1);
}
