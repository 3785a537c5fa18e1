//! Values that are not in memory: each is read from its record when it is asked for.

use std::time::Duration;

use keyfs::Durability::Background;
use keyfs::store::UnreadableReason;
use keyfs::{Error, Identifier, OpenOptions, Store, Timestamp, Value};

use crate::actors::{number, reader, shown, writer};
use crate::memory_directory::{Call, Effect, MemoryDirectory, record};

/// A store that keeps no value in memory.
fn forgetful(directory: &MemoryDirectory) -> Store {
    let options = OpenOptions::read_only().cached_bytes(0);
    Store::with_directory(Box::new(directory.clone()), options).unwrap()
}

/// The values 0 of "a" and 1 of "b", and no "c".
fn two_values() -> (MemoryDirectory, Store) {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    directory.plant(11, "b", Some(1));
    directory.plant(12, "c", None);
    let store = forgetful(&directory);
    directory.take_calls();
    (directory, store)
}

fn at(micros: u128) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn errno(error: &Error) -> Option<i32> {
    match error {
        Error::Io { source, .. } => source.raw_os_error(),
        _ => None,
    }
}

/// "`get`: gives the value [...] else from its record." "others are read from their records each time"
#[test]
fn a_value_that_is_not_in_memory_is_read_and_nothing_else_is() {
    let (directory, store) = two_values();
    assert_eq!((shown(&store, "a"), shown(&store, "a")), (Some(0), Some(0)));
    assert_eq!(directory.take_calls(), [Call::Read(at(10)); 2]);
    assert_eq!((shown(&store, "c"), shown(&store, "d"), store.keys().len()), (None, None, 2));
    assert!(store.contains("b") && store.version("c").is_some_and(|version| !version.is_live));
    assert_eq!(directory.take_calls(), []);
    let store = reader(&directory);
    directory.take_calls();
    assert_eq!((shown(&store, "a"), shown(&store, "b")), (Some(0), Some(1)));
    assert_eq!(directory.take_calls(), [], "there is room for these");
}

/// "`get`: where others have replaced that since the last synchronisation, their value, of which the next one tells"
#[test]
fn a_record_that_was_replaced_meanwhile_is_followed_and_told_of_later() {
    for store in [false, true] {
        let (directory, watching) = two_values();
        let store = if store { forgetful(&directory.without_watches()) } else { watching };
        directory.plant(20, "a", Some(2));
        directory.plant(21, "b", None);
        assert!(directory.erase(10) && directory.erase(11));
        assert_eq!((shown(&store, "a"), shown(&store, "b")), (Some(2), None));
        let mut told = store.synchronize().unwrap();
        told.sort_by(|one, other| one.key.cmp(&other.key));
        let told: Vec<_> = told
            .iter()
            .map(|change| (change.key.to_string(), change.old.unwrap().timestamp, change.new.unwrap().timestamp))
            .collect();
        assert_eq!(told, [("a".to_owned(), at(10), at(20)), ("b".to_owned(), at(11), at(21))]);
        assert_eq!(store.synchronize().unwrap(), []);
    }
}

#[test]
fn who_waits_for_changes_hears_of_one_that_was_taken_in_for_a_value() {
    let (directory, store) = two_values();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait_for_changes(Duration::from_secs(60)).unwrap());
        directory.plant(20, "a", Some(2));
        directory.erase(10);
        assert_eq!(shown(&store, "a"), Some(2));
        assert!(waiting.join().unwrap());
    });
    assert!(store.wait_for_changes(Duration::ZERO).unwrap(), "nobody was told yet");
    assert_eq!(store.synchronize().unwrap().len(), 1);
}

/// Two files under one name, one after the other, without an event that tells of it.
#[test]
fn a_name_that_stands_for_another_file_is_not_believed() {
    for key in ["a", "b"] {
        let (directory, store) = two_values();
        store.synchronize().unwrap();
        assert!(directory.erase(10) && directory.link_foreign(10, &record(key, Some(7))));
        let expected = if key == "a" { Some(7) } else { None };
        assert_eq!(shown(&store, "a"), expected, "{key}");
        assert_eq!(store.synchronize().unwrap().iter().filter(|change| *change.key.as_wtf8() == *b"a").count(), 1);
    }
}

/// Nobody does that; but what stands in a snapshot may also be a lie.
#[test]
fn a_record_that_says_something_else_than_is_known_is_read_anew() {
    for (key, value, expected) in
        [("b", Some(7), (None, Some(1))), ("z", Some(7), (None, Some(1))), ("a", None, (None, Some(1)))]
    {
        let (directory, store) = two_values();
        directory.overwrite(10, &record(key, value));
        assert_eq!((shown(&store, "a"), shown(&store, "b")), expected, "{key}");
        assert_eq!(shown(&store, "z"), value.filter(|_| key == "z"));
        assert!(
            store.synchronize().unwrap().iter().any(|change| change.old.is_some_and(|old| old.timestamp == at(10)))
        );
    }
    let directory = MemoryDirectory::new().with_snapshots();
    (0..600).for_each(|number| directory.plant(number + 1, &format!("key {number}"), Some(0)));
    drop(reader(&directory));
    directory.overwrite(1, &record("other", Some(5)));
    let store = reader(&directory);
    assert!(store.contains("key 0"), "so says the snapshot");
    assert_eq!((shown(&store, "key 0"), shown(&store, "other"), store.len()), (None, Some(5), 600));
}

/// "`get`: `Io`, and `Unreadable` for a record that was damaged since: neither is taken for a key that is gone"
/// "`value_of`: as `get`"
#[test]
fn a_record_that_cannot_be_read_is_an_error_and_the_key_stays() {
    let (directory, store) = two_values();
    directory.overwrite(10, b"damaged");
    for error in [store.get("a").unwrap_err(), store.value_of("a", at(10)).unwrap_err()] {
        assert!(matches!(&error, Error::Unreadable { reason: UnreadableReason::NotARecord(_), .. }), "{error:?}");
        assert!(error.to_string().starts_with("cannot read the record memory/d/10: line 1"), "{error}");
    }
    directory.fail(|_, call| matches!(call, Call::Read(_)).then_some((libc::EMFILE, Effect::None)));
    for error in [store.get("b").unwrap_err(), store.value_of("b", at(11)).unwrap_err()] {
        assert_eq!(errno(&error), Some(libc::EMFILE), "{error:?}");
    }
    directory.work_again();
    assert!(store.contains("a") && store.contains("b"));
    assert_eq!((shown(&store, "b"), store.synchronize().unwrap()), (Some(1), vec![]));
}

/// "`value_of`: the same for one version; nothing when it is not the newest any more"
#[test]
fn the_value_of_a_version_is_never_that_of_another() {
    let (directory, store) = two_values();
    let value = |timestamp| store.value_of("a", timestamp).unwrap().map(|value| value.to_string());
    assert_eq!((value(at(10)).as_deref(), value(at(11))), (Some("0"), None));
    directory.plant(20, "a", Some(2));
    assert_eq!(value(at(10)).as_deref(), Some("0"), "it is not known yet");
    store.synchronize().unwrap();
    assert_eq!((value(at(10)), value(at(20)).as_deref()), (None, Some("2")));
    directory.erase(20);
    assert_eq!(value(at(20)), None, "it has gone");
}

#[test]
fn a_superseded_record_gives_no_value_though_it_is_in_memory() {
    let (directory, _) = two_values();
    let store = reader(&directory);
    directory.plant(20, "a", Some(2));
    store.synchronize().unwrap();
    assert!(directory.bytes(10).is_some());
    assert_eq!((store.value_of("a", at(10)).unwrap(), store.cached_value("a", at(10))), (None, None));
    assert_eq!(store.cached_value("a", at(20)).unwrap().text(), "2");
}

/// "Values stay in memory up to 64 MiB (`OpenOptions::cached_bytes`) [...] so a store may be larger than memory."
#[test]
fn values_are_right_whether_there_is_room_for_them_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let options = |bytes| OpenOptions::writer(Identifier::new("me").unwrap()).cached_bytes(bytes);
    let value = |at: usize| Value::parse(&format!("\"{at}{}\"", "x".repeat(10_000))).unwrap();
    let keys: Vec<_> = (0..300).map(|at| format!("key {at}")).collect();
    let check = |store: &Store| {
        for round in 0..3 {
            for (at, key) in keys.iter().enumerate() {
                assert_eq!(store.get(key.as_str()).unwrap(), Some(value(at)), "{round}: {key}");
            }
        }
        let cached = |key: &&String| {
            let timestamp = store.version(key.as_str()).unwrap().timestamp;
            store.cached_value(key.as_str(), timestamp).is_some()
        };
        keys.iter().filter(cached).count()
    };
    let store = Store::open(directory.path(), options(100_000)).unwrap();
    for (at, key) in keys.iter().enumerate() {
        store.put(key.as_str(), value(at)).unwrap();
    }
    assert!((1..=10).contains(&check(&store)));
    drop(store);
    for (bytes, kept) in [(0, 0..=0), (100_000, 1..=10), (64 << 20, 300..=300)] {
        let cached = check(&Store::open(directory.path(), options(bytes)).unwrap());
        assert!(kept.contains(&cached), "{cached} values in {bytes} bytes");
    }
    assert_eq!(check(&Store::open(directory.path(), OpenOptions::read_only()).unwrap()), 300);
}

fn length(value: &Value) -> u64 {
    value.text().len() as u64
}

/// "`OpenOptions::measure` has something known of each value without reading it again"
#[test]
fn what_is_measured_is_known_without_reading() {
    let (directory, store) = two_values();
    assert_eq!(store.version("a").unwrap().measure, None);
    let options = OpenOptions::writer(Identifier::new("me").unwrap()).cached_bytes(0).measure(length);
    let store = Store::with_directory(Box::new(directory.clone()), options).unwrap();
    directory.plant(20, "a", Some(12345));
    store.synchronize().unwrap();
    store.put("d", number(-77)).unwrap();
    directory.take_calls();
    let measured = ["a", "b", "c", "d"].map(|key| store.version(key).unwrap().measure);
    assert_eq!(measured, [Some(5), Some(1), None, Some(3)]);
    assert!(!directory.take_calls().iter().any(|call| matches!(call, Call::Read(_))));
}

/// What was put and is not known to be on disk is not read from there to be written again.
#[test]
fn what_a_failed_sync_has_lost_is_written_again_from_memory() {
    let directory = MemoryDirectory::new();
    let options = OpenOptions::writer(Identifier::new("me").unwrap()).cached_bytes(0);
    let store = Store::with_directory(Box::new(directory.clone()), options).unwrap();
    let mut failures = 3;
    directory.fail(move |_, call| {
        let fails = failures > 0 && call.syncs();
        failures -= i32::from(fails);
        fails.then_some((libc::EIO, Effect::Lost))
    });
    store.put("a", number(1)).unwrap();
    assert!(store.make_durable().is_err());
    let lost = store.version("a").unwrap().timestamp;
    directory.overwrite(lost.as_micros(), b"\0\0\0\0");
    store.make_durable().unwrap();
    assert!(store.version("a").unwrap().timestamp > lost);
    assert_eq!(shown(&store, "a"), Some(1));
    drop(writer(&directory, Background));
}

/// "A key of which a record could not be made durable is left out."
#[test]
fn a_snapshot_is_without_what_could_not_be_made_durable() {
    let directory = MemoryDirectory::new().with_snapshots();
    for number in 0..600 {
        directory.plant(number + 1, &format!("key {number}"), Some(0));
    }
    let store = writer(&directory, Background);
    directory.fail(|_, call| (call.syncs() && call != Call::SyncAll).then_some((libc::EIO, Effect::Lost)));
    store.put("lost", number(1)).unwrap();
    assert!(store.make_durable().is_err());
    let lost = store.version("lost").unwrap().timestamp;
    for number in 0..100 {
        directory.plant(number + 1_000, &format!("more {number}"), Some(0));
    }
    store.synchronize().unwrap();
    directory.take_calls();
    drop(store);
    assert!(directory.take_calls().contains(&Call::WriteSnapshot));
    let store = reader(&directory);
    let read: Vec<_> = directory.take_calls().into_iter().filter(|call| matches!(call, Call::Read(_))).collect();
    let newer = |call: &Call| matches!(call, Call::Read(timestamp) if *timestamp >= lost);
    assert!(read.len() == 1 && newer(&read[0]), "{read:?}");
    assert_eq!(shown(&store, "lost"), Some(1));
}
