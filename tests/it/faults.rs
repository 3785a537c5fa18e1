//! Each call fails once, and each from one on, with each error number: the error is clear, nothing is lost, and the
//! next operation works.

use keyfs::store::Result;
use keyfs::{Durability, Store};

use crate::actors::{NOON, TestClock, number, reader, shown, try_writer};
use crate::ledger::{Ledger, Mishap, assert_clear};
use crate::memory_directory::{Call, Effect, MemoryDirectory};
use crate::scenarios::{Course, SCENARIOS, courses};

const NUMBERS: [i32; 10] = [
    libc::ENOSPC,
    libc::EIO,
    libc::EMFILE,
    libc::EEXIST,
    libc::ENOENT,
    libc::EDQUOT,
    libc::EROFS,
    libc::ENOMEM,
    libc::EINTR,
    libc::EACCES,
];

/// Which calls fail, given the place of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Extent {
    Once,
    /// The disk is full or read-only from then on: what writes fails.
    EachWrite,
    /// Everything fails from then on.
    Everything,
}

#[derive(Clone, Copy)]
struct Trial {
    course: Course,
    place: usize,
    number: i32,
    effect: Effect,
    extent: Extent,
}

/// "`put`: `Io`: the old value stands."
#[test]
fn a_call_that_fails_once_loses_nothing() {
    for course in courses(SCENARIOS) {
        for (place, call) in course.calls().into_iter().enumerate() {
            for effect in EFFECTS.into_iter().filter(|effect| possible(*effect, call) == *effect) {
                for number in NUMBERS {
                    Trial { course, place, number, effect, extent: Extent::Once }.run();
                }
            }
        }
    }
}

#[test]
fn calls_that_fail_from_one_on_lose_nothing() {
    for course in courses(SCENARIOS) {
        for place in 0..course.calls().len() {
            for (number, extent) in [
                (libc::ENOSPC, Extent::EachWrite),
                (libc::EROFS, Extent::EachWrite),
                (libc::EIO, Extent::Everything),
                (libc::EMFILE, Extent::Everything),
                (libc::ENOENT, Extent::Everything),
            ] {
                EFFECTS.into_iter().for_each(|effect| Trial { course, place, number, effect, extent }.run());
            }
        }
    }
}

const EFFECTS: [Effect; 3] = [Effect::None, Effect::Done, Effect::Lost];

/// What the failing call does: a name may have been changed, a sync done or lost, before the answer fails.
fn possible(effect: Effect, call: Call) -> Effect {
    match effect {
        Effect::Done if call.syncs() || matches!(call, Call::Publish(_) | Call::Unlink(_)) => Effect::Done,
        Effect::Lost if call.syncs() => Effect::Lost,
        _ => Effect::None,
    }
}

impl Trial {
    fn run(self) {
        let (directory, mut ledger) = self.course.prepare();
        directory.fail(move |place, call| {
            let fails = match self.extent {
                Extent::Once => place == self.place,
                Extent::EachWrite => place >= self.place && call.writes(),
                Extent::Everything => place >= self.place,
            };
            fails.then(|| (self.number, possible(self.effect, call)))
        });
        let context = self.context();
        match try_writer(&directory, self.course.durability, TestClock::at(NOON)) {
            Ok(store) => {
                let lived = self.course.live_with(&store, &directory, &mut ledger);
                self.check_life(&store, &lived, &directory, &ledger);
                self.go_on(store, &directory, &ledger);
            }
            Err(error) => assert_clear(&error, &context),
        }
        assert_eq!(directory.staged(), 0, "{context}: a file is still open");
        directory.work_again();
        let fresh = try_writer(&directory, Durability::Sync, TestClock::at(NOON + 1_000_000)).unwrap();
        for key in ledger.keys() {
            fresh.put(key, number(60)).unwrap();
        }
    }

    fn context(&self) -> String {
        let Trial { course, place, number, effect, extent } = self;
        format!("{}: error {number} at call {place} ({extent:?}, effect {effect:?})", course.name())
    }

    /// The error is clear, the old value or the new one stands, and the store recovers its view.
    fn check_life(&self, store: &Store, lived: &Result<()>, directory: &MemoryDirectory, ledger: &Ledger) {
        let context = self.context();
        if let Err(error) = lived {
            assert_clear(error, &context);
        }
        ledger.check(&reader(&directory.after_process_crash()), Mishap::ProcessDied, &context);
        directory.after_power_loss().iter().for_each(|left| ledger.check(&reader(left), Mishap::PowerLost, &context));
        directory.work_again();
        store.synchronize().unwrap();
        ledger.check(store, Mishap::ProcessDied, &context);
        let fresh = reader(directory);
        for key in ledger.keys() {
            assert_eq!(shown(store, key), shown(&fresh, key), "{context}: the store's view of {key}");
        }
    }

    /// The next operations work, durably.
    fn go_on(&self, store: Store, directory: &MemoryDirectory, ledger: &Ledger) {
        let context = self.context();
        for key in ledger.keys() {
            store.put(key, number(50)).unwrap();
        }
        store.make_durable().unwrap_or_else(|error| panic!("{context}: {error}"));
        for left in directory.after_power_loss() {
            let left = reader(&left);
            for key in ledger.keys() {
                assert_eq!(shown(&left, key), Some(50), "{context}: {key} after the next put and a loss of power");
            }
        }
        drop(store);
        let fresh = reader(directory);
        assert!(ledger.keys().into_iter().all(|key| shown(&fresh, key) == Some(50)), "{context}: the next put");
    }
}
