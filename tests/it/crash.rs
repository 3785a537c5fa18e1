//! The store's promise: a crash at any moment leaves each key its last value or a later one, never torn, never gone.
//!
//! Proved by stopping after each prefix of the calls of each scenario, and by enumerating all that a loss of power at
//! that moment may leave.

use keyfs::{Durability, Store};

use crate::actors::{NOON, TestClock, number, reader, shown, try_writer};
use crate::ledger::{Ledger, Mishap};
use crate::memory_directory::{Call, MemoryDirectory};
use crate::scenarios::{Course, SCENARIOS, SLOW_SCENARIOS, courses};

#[test]
fn a_crash_after_any_call_leaves_the_old_value_or_the_new_one() {
    for course in courses(SCENARIOS) {
        let calls = course.calls().len();
        (0..=calls + 1).for_each(|stop| crash(course, stop));
    }
}

#[test]
fn a_crash_while_stale_records_are_collected_leaves_the_newest() {
    std::thread::scope(|scope| {
        for course in courses(SLOW_SCENARIOS) {
            scope.spawn(move || {
                let calls = course.calls().len();
                // Each waits for the grace time, so all wait together.
                std::thread::scope(|scope| {
                    (0..=calls + 1).for_each(|stop| drop(scope.spawn(move || crash(course, stop))));
                });
            });
        }
    });
}

/// "dropping the store: waits until what was put is on disk."
#[test]
fn dropping_a_store_makes_durable_all_that_was_put() {
    for course in courses(SCENARIOS) {
        let (directory, mut ledger) = course.prepare();
        course.live(&directory, &mut ledger).unwrap();
        ledger.was_dropped();
        for left in directory.after_power_loss() {
            ledger.check(&reader(&left), Mishap::PowerLost, &course.name());
        }
    }
}

/// Lives a course up to the call `stop`, and looks at all that may be left.
fn crash(course: Course, stop: usize) {
    let context = format!("{}, stopped after {stop} calls", course.name());
    let (directory, mut ledger) = course.prepare();
    directory.stop_after(stop);
    // Whether the life ended early shows in what is left; the ledger knows what was acknowledged.
    let _ = course.live(&directory, &mut ledger);
    let left = directory.after_process_crash();
    let survivor = reader(&left);
    assert!(survivor.oddities().unreadable.is_empty(), "{context}: torn");
    ledger.check(&survivor, Mishap::ProcessDied, &context);
    check_recovery(&left, &ledger, Mishap::ProcessDied, &context);
    for left in directory.after_power_loss() {
        check_recovery(&left, &ledger, Mishap::PowerLost, &context);
    }
}

/// Looks at what is left, as a reader and as a writer, and goes on with it.
fn check_recovery(left: &MemoryDirectory, ledger: &Ledger, mishap: Mishap, context: &str) {
    let before = reader(left);
    ledger.check(&before, mishap, context);
    assert!(!left.take_calls().into_iter().any(Call::writes), "{context}: a reader has written");
    let clock = TestClock::at(NOON + 1_000_000);
    let writer = try_writer(left, Durability::Sync, clock).unwrap();
    writer.synchronize().unwrap();
    agree(&writer, &before, ledger, context);
    for key in ledger.keys() {
        writer.put(key, number(99)).unwrap();
    }
    drop(writer);
    before.synchronize().unwrap();
    for key in ledger.keys() {
        assert_eq!(shown(&before, key), Some(99), "{context}: a put after the crash");
    }
}

/// Two stores show the same.
fn agree(one: &Store, other: &Store, ledger: &Ledger, context: &str) {
    for key in ledger.keys() {
        assert_eq!(shown(one, key), shown(other, key), "{context}: {key}");
    }
}
