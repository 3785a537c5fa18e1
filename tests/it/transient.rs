//! What cannot be read for a while is not absent, and a failure of a synchronisation forgets no change.

use keyfs::Durability::{Background, Sync};
use keyfs::Timestamp;
use keyfs::store::UnreadableReason;

use crate::actors::{NOON, number, reader, shown, writer};
use crate::memory_directory::{Call, Effect, MemoryDirectory};

fn replaced(directory: &MemoryDirectory) {
    directory.plant(20, "a", Some(1));
    directory.erase(10);
}

fn one_record() -> MemoryDirectory {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    directory
}

#[test]
fn a_running_store_keeps_what_it_has_while_the_successor_cannot_be_read() {
    for error in [libc::EMFILE, libc::ENFILE, libc::EACCES, libc::EIO, libc::ENOMEM] {
        for store_of in [reader, |directory: &MemoryDirectory| writer(directory, Background)] {
            let directory = one_record();
            let store = store_of(&directory);
            replaced(&directory);
            directory.fail(move |_, call| matches!(call, Call::Read(_)).then_some((error, Effect::None)));
            for round in 0..3 {
                store.synchronize().unwrap();
                assert_eq!(shown(&store, "a"), Some(0), "error {error}: absent in round {round}");
                assert_eq!(store.oddities().unreadable.len(), 1);
                directory.plant_foreign_names(round);
            }
            directory.work_again();
            let changes = store.synchronize().unwrap();
            assert_eq!((changes.len(), shown(&store, "a")), (1, Some(1)), "error {error}: not tried again");
            assert_eq!(store.oddities().unreadable, []);
            directory.plant(30, "a", None);
            directory.erase(20);
            store.synchronize().unwrap();
            assert_eq!(shown(&store, "a"), None);
        }
    }
}

#[test]
fn a_record_that_could_not_be_opened_at_the_start_is_tried_again_though_nothing_has_changed() {
    let directory = one_record();
    directory.fail(|_, call| matches!(call, Call::Read(_)).then_some((libc::EMFILE, Effect::None)));
    let store = reader(&directory);
    assert!(matches!(store.oddities().unreadable[0].reason, UnreadableReason::Io(_)));
    directory.work_again();
    assert_eq!(store.synchronize().unwrap().len(), 1);
    assert_eq!(shown(&store, "a"), Some(0));
}

/// "`check_complete`: tells whether each record could be read at the last synchronisation; one that this user may not read is
/// left out, and is no failure; `Error::Io` with a record that the system refused to read: a key that is not known may be
/// there."
#[test]
fn a_record_that_the_system_refuses_to_read_makes_what_is_known_incomplete() {
    for (error, complains) in [(libc::EMFILE, true), (libc::EIO, true), (libc::EINTR, true), (libc::EACCES, false)] {
        let directory = one_record();
        directory.plant_bytes(11, b"no record");
        directory.fail(move |_, call| matches!(call, Call::Read(_)).then_some((error, Effect::None)));
        let store = reader(&directory);
        assert_eq!(shown(&store, "a"), None);
        let failure = store.check_complete().err().map(|failure| (failure.raw_os_error(), failure.to_string()));
        assert_eq!(failure.as_ref().map(|(errno, _)| *errno), complains.then_some(Some(error)));
        assert!(failure.is_none_or(|(_, message)| message.contains("/10: ")), "it names no record");
        directory.work_again();
        store.synchronize().unwrap();
        store.check_complete().unwrap();
        assert_eq!((shown(&store, "a"), store.oddities().unreadable.len()), (Some(0), 1));
    }
}

#[test]
fn however_much_was_left_out_it_is_all_read_as_soon_as_that_can_be() {
    let directory = one_record();
    let store = reader(&directory);
    (100..500).for_each(|number| directory.plant(number, &number.to_string(), Some(1)));
    directory.fail(|_, call| matches!(call, Call::Read(_)).then_some((libc::EMFILE, Effect::None)));
    store.synchronize().unwrap();
    assert!(store.check_complete().is_err());
    directory.work_again();
    assert_eq!(store.synchronize().unwrap().len(), 400);
    store.check_complete().unwrap();
}

#[test]
fn a_file_that_is_repaired_in_place_is_read_again() {
    let directory = MemoryDirectory::new();
    directory.plant_bytes(10, b"");
    let store = reader(&directory);
    assert_eq!(store.len(), 0);
    directory.overwrite(10, &crate::memory_directory::record("a", Some(1)));
    store.synchronize().unwrap();
    assert_eq!(shown(&store, "a"), Some(1));
}

/// "`synchronize`: takes in foreign changes and returns them." "`synchronize`: `Error::Io`; what was known stays."
#[test]
fn a_synchronisation_that_fails_forgets_no_change() {
    for (failing, watched) in [(Call::Stamp, true), (Call::List, true), (Call::Stamp, false), (Call::List, false)] {
        let directory = if watched { one_record() } else { one_record().without_watches() };
        directory.plant_bytes(11, b"");
        let store = reader(&directory);
        directory.overwrite(11, &crate::memory_directory::record("b", Some(1)));
        replaced(&directory);
        directory.fail(move |_, call| [failing, Call::Drain].contains(&call).then_some((libc::EIO, Effect::None)));
        assert!(store.synchronize().is_err());
        assert_eq!(shown(&store, "a"), Some(0), "what was known stays");
        directory.work_again();
        let mut changed: Vec<_> =
            store.synchronize().unwrap().into_iter().map(|change| change.key.to_string()).collect();
        changed.sort();
        assert_eq!(changed, ["a", "b"], "each change is told once");
    }
}

#[test]
fn healing_that_fails_is_no_failure_of_the_synchronisation_and_is_tried_again() {
    let directory = MemoryDirectory::new();
    directory.plant(20, "a", Some(0));
    let store = writer(&directory, Sync);
    directory.plant(15, "a", Some(1));
    directory.erase(20);
    directory.fail(|_, call| call.writes().then_some((libc::ENOSPC, Effect::None)));
    assert_eq!(store.synchronize().unwrap().len(), 1, "the change is told");
    assert_eq!(shown(&store, "a"), Some(1));
    directory.work_again();
    store.synchronize().unwrap();
    assert!(directory.names()[0] > Timestamp::from_micros(20), "{:?}", directory.names());
    assert_eq!(shown(&reader(&directory), "a"), Some(1));
}

#[test]
fn healing_overrides_nobody_who_puts_meanwhile() {
    // The other process takes the number of its clock, or, when it has seen 20 as well, the next one.
    for first in [u128::from(NOON) - 5, 21] {
        for at in 0..12 {
            let directory = MemoryDirectory::new();
            directory.plant(20, "a", Some(0));
            let store = writer(&directory, Background);
            directory.plant(15, "a", Some(1));
            directory.erase(20);
            directory.take_calls();
            directory.intrude(move |place, _, directory| {
                let bytes = crate::memory_directory::record("a", Some(2));
                if place == at {
                    assert!((first..first + 9).any(|number| directory.link_foreign(number, &bytes)));
                }
            });
            store.synchronize().unwrap();
            store.make_durable().unwrap();
            let intruded = directory.count() > at;
            directory.work_alone();
            store.synchronize().unwrap();
            let expected = if intruded { 2 } else { 1 };
            assert_eq!(shown(&store, "a"), Some(expected), "put as {first} before call {at}");
            assert_eq!(shown(&reader(&directory), "a"), Some(expected), "put as {first} before call {at}");
        }
    }
}

#[test]
fn writing_a_failed_record_again_overrides_nobody_who_puts_meanwhile() {
    for at in 0..12 {
        let directory = one_record();
        let store = std::sync::Arc::new(writer(&directory, Background));
        store.put("a", number(1)).unwrap();
        directory.take_calls();
        let mut failures = 1;
        directory.fail(move |_, call| {
            let fails = failures > 0 && matches!(call, Call::SyncStaged(_));
            failures -= usize::from(fails);
            fails.then_some((libc::EIO, Effect::Lost))
        });
        let putting = std::sync::Arc::downgrade(&store);
        directory.intrude(move |place, _, _| {
            if place == at
                && let Some(store) = putting.upgrade()
            {
                store.put("a", number(2)).unwrap();
            }
        });
        store.make_durable().unwrap();
        store.make_durable().unwrap();
        if directory.count() > at + 3 {
            assert_eq!(shown(&store, "a"), Some(2), "put before call {at}");
            assert_eq!(shown(&reader(&directory), "a"), Some(2), "put before call {at}");
        }
    }
}

#[test]
fn a_put_beside_a_listing_is_not_forgotten_and_one_after_it_is_found() {
    put_beside_a_listing(&one_record());
    put_beside_a_listing(&one_record().without_watches());
}

fn put_beside_a_listing(directory: &MemoryDirectory) {
    let store = std::sync::Arc::new(writer(directory, Background));
    let putting = std::sync::Arc::clone(&store);
    directory.plant(20, "b", Some(0));
    directory.lose_events();
    directory.intrude_after(
        |call| call == Call::List,
        move |directory| {
            putting.put("a", number(1)).unwrap();
            directory.plant(21, "c", Some(0));
        },
    );
    let changes = store.synchronize().unwrap();
    assert_eq!((changes.len(), shown(&store, "a")), (1, Some(1)), "the own put was taken for gone");
    assert_eq!((shown(&store, "b"), shown(&store, "c")), (Some(0), None));
    assert_eq!(store.synchronize().unwrap().len(), 1, "the record beside the listing was missed");
    assert_eq!(shown(&store, "c"), Some(0));
}

#[test]
fn a_superseded_name_that_has_become_another_record_stays_and_is_told() {
    let directory = one_record();
    let store = writer(&directory, Background);
    store.put("a", number(1)).unwrap();
    directory.erase(10);
    directory.plant(10, "b", Some(7));
    store.make_durable().unwrap();
    assert_eq!(shown(&reader(&directory), "b"), Some(7), "another key's record was unlinked");
    let changes = store.synchronize().unwrap();
    assert_eq!(changes.iter().map(|change| change.key.to_string()).collect::<Vec<_>>(), ["b"]);
    assert_eq!((shown(&store, "a"), shown(&store, "b")), (Some(1), Some(7)));
}
