//! After a failed sync the kernel may have forgotten the bytes: the record is written again, never synced again.

use std::collections::BTreeSet;

use keyfs::Durability::{Background, Sync};
use keyfs::{Error, Store, Timestamp};

use crate::actors::{NOON, TestClock, number, reader, shown, try_writer, writer};
use crate::ledger::assert_clear;
use crate::memory_directory::{Call, Effect, MemoryDirectory};
use crate::scenarios::GRACE;

/// A store with the durable value 0 under `a`.
fn store_with_a_value() -> (MemoryDirectory, Store) {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let store = writer(&directory, Background);
    directory.take_calls();
    (directory, store)
}

/// Fails the first `times` calls of a kind, and loses what they were to make durable.
fn lose(directory: &MemoryDirectory, mut times: usize, kind: fn(Call) -> bool) {
    directory.fail(move |_, call| {
        let fails = times > 0 && kind(call);
        times -= usize::from(fails);
        fails.then_some((libc::EIO, Effect::Lost))
    });
}

#[track_caller]
fn assert_left(directory: &MemoryDirectory, allowed: &[i64]) {
    for left in directory.after_power_loss() {
        let found = shown(&reader(&left), "a");
        assert!(found.is_some_and(|found| allowed.contains(&found)), "{found:?} after a loss of power");
    }
}

#[test]
fn a_failed_sync_of_a_record_writes_it_again_as_a_new_one() {
    let (directory, store) = store_with_a_value();
    lose(&directory, 1, |call| matches!(call, Call::SyncStaged(_)));
    store.put("a", number(1)).unwrap();
    let lost = store.version("a").unwrap().timestamp;
    store.make_durable().unwrap();
    let calls = directory.take_calls();
    let files: Vec<_> = calls.iter().filter(|call| matches!(call, Call::SyncStaged(_))).collect();
    assert!(files.len() == 2 && files[0] != files[1], "{calls:?}");
    assert!(!calls.iter().any(|call| matches!(call, Call::SyncRecord(_))), "{calls:?}");
    assert!(store.version("a").unwrap().timestamp > lost);
    assert_eq!((shown(&store, "a"), directory.names().len()), (Some(1), 1));
    assert_left(&directory, &[1]);
}

#[test]
fn a_failed_sync_of_the_names_writes_the_records_again() {
    let (directory, store) = store_with_a_value();
    lose(&directory, 1, |call| call == Call::Sync);
    store.put("a", number(1)).unwrap();
    store.make_durable().unwrap();
    assert_left(&directory, &[1]);
}

#[test]
fn a_failed_sync_of_all_writes_each_record_again() {
    let (directory, store) = store_with_a_value();
    lose(&directory, 1, |call| call == Call::SyncAll);
    for at in 0..40 {
        store.put(&format!("k{at}"), number(at)).unwrap();
    }
    store.put("a", number(1)).unwrap();
    store.make_durable().unwrap();
    drop(store);
    assert_eq!(directory.names().len(), 41);
    let left = directory.after_power_loss();
    assert!(left.iter().all(|left| reader(left).len() == 41 && shown(&reader(left), "a") == Some(1)));
}

#[test]
fn while_syncs_fail_the_old_record_stays_and_the_failure_is_told() {
    let kinds: [fn(Call) -> bool; 2] = [|call| call == Call::Sync, |call| matches!(call, Call::SyncStaged(_))];
    for kind in kinds {
        let (directory, store) = store_with_a_value();
        lose(&directory, usize::MAX, kind);
        store.put("a", number(1)).unwrap();
        for failure in [store.make_durable().unwrap_err(), store.make_key_durable("a").unwrap_err()] {
            assert!(matches!(failure, Error::NotDurable { .. }));
            assert_clear(&failure, "make_durable");
        }
        store.make_key_durable("another").unwrap();
        assert!(directory.names().contains(&Timestamp::from_micros(10)), "the durable record has gone");
        assert_eq!(shown(&reader(&directory), "a"), Some(1), "but everybody sees the new one");
        assert_left(&directory, &[0, 1]);
        directory.work_again();
        store.put("a", number(2)).unwrap();
        store.make_durable().unwrap();
        assert_left(&directory, &[2]);
    }
}

/// "`put`: `NotDurable`: the new value is visible, but not known to be on disk." "`make_durable`, `make_key_durable`:
/// `NotDurable`."
#[test]
fn a_durable_put_whose_name_cannot_be_synced_is_told_and_not_forgotten() {
    let (directory, store) = store_with_a_value();
    lose(&directory, usize::MAX, |call| call == Call::Sync);
    let failure = store.put_with("a", number(1), Sync).unwrap_err();
    assert!(matches!(failure, Error::NotDurable { .. }));
    assert_clear(&failure, "put");
    assert!(matches!(store.make_key_durable("a"), Err(Error::NotDurable { .. })), "it is still not durable");
    assert_left(&directory, &[0, 1]);
    directory.work_again();
    store.make_durable().unwrap();
    assert_left(&directory, &[1]);
}

/// "`make_durable`, `make_key_durable`: wait until what was put is on disk."
#[test]
fn asking_again_for_durability_writes_again_what_has_failed() {
    let (directory, store) = store_with_a_value();
    store.put("new", number(1)).unwrap();
    lose(&directory, usize::MAX, Call::syncs);
    assert!(store.make_durable().is_err() && store.make_durable().is_err());
    directory.work_again();
    store.make_durable().unwrap();
    let left = directory.after_power_loss();
    assert!(left.iter().all(|left| shown(&reader(left), "new") == Some(1)));
}

#[test]
fn collecting_stale_records_trusts_no_name_whose_sync_has_failed() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let clock = TestClock::at(NOON);
    let store = try_writer(&directory, Background, clock.clone()).unwrap();
    lose(&directory, 2, |call| call == Call::Sync);
    store.put("a", number(1)).unwrap();
    assert!(store.make_durable().is_err());
    store.synchronize().unwrap();
    std::thread::sleep(GRACE);
    clock.set(NOON + 2_000_000);
    store.synchronize().unwrap();
    drop(store);
    assert!(!directory.names().contains(&Timestamp::from_micros(10)), "nothing was collected");
    assert_left(&directory, &[0, 1]);
}

#[test]
fn no_file_is_synced_twice_after_a_failure() {
    let (directory, store) = store_with_a_value();
    lose(&directory, 3, |call| matches!(call, Call::SyncStaged(_)));
    for value in 1..=3 {
        store.put("a", number(value)).unwrap();
        let _ = store.make_durable();
    }
    let mut synced = BTreeSet::new();
    for call in directory.take_calls() {
        if let Call::SyncStaged(file) = call {
            assert!(synced.insert(file), "file {file} was synced again");
        }
    }
    assert_left(&directory, &[3]);
}

/// Else whoever waits for it would wait for ever.
#[test]
fn a_panic_while_records_are_made_durable_is_a_failure_and_they_are_written_again() {
    let (directory, store) = store_with_a_value();
    let mut has_panicked = false;
    directory.intrude(move |_, call, _| {
        if matches!(call, Call::SyncStaged(_)) && !std::mem::replace(&mut has_panicked, true) {
            panic!("on purpose");
        }
    });
    store.put("a", number(1)).unwrap();
    assert!(matches!(store.make_durable(), Err(Error::NotDurable { .. })));
    assert_eq!(shown(&store, "a"), Some(1));
    store.make_durable().unwrap();
    assert_left(&directory, &[1]);
}
