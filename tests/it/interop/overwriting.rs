//! Keys that are overwritten without pause while others look: a live key is never seen absent, torn or older.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keyfs::{Store, Value};

use super::Directory;
use super::watched::Watched;
use crate::signed::Signed;

/// For how long the writers write at least.
const TIME: Duration = Duration::from_secs(4);

/// How often live keys are looked at, at least; a fresh open of a busy store takes a tenth of a second in a debug build.
const LOOKS: usize = 1500;

/// Keys that only the library overwrites.
const OURS: usize = 30;

/// Keys that only the original overwrites.
const THEIRS: usize = 30;

/// Keys that both overwrite.
const SHARED: usize = 4;

/// The keys that are overwritten: ours, then those of both, then theirs.
fn live_keys() -> Vec<String> {
    let named = |name: &'static str, count| (0..count).map(move |number| format!("{name} {number}"));
    named("rust", OURS).chain(named("both", SHARED)).chain(named("python", THEIRS)).collect()
}

/// A store with keys that nobody touches, and the live ones.
fn store_with(keys: u32) -> Directory {
    let directory = Directory::new();
    let store = directory.writer("rust");
    for number in 0..keys {
        let record = format!(r#"{{"key": "still {number}", "bDeleted": false, "value": {number}}}"#);
        directory.write_by_hand(1_700_000_000_000_000 + u128::from(number), record);
    }
    for key in live_keys() {
        store.put(&key, Signed::new(&key, "nobody", 1).to_value()).unwrap();
    }
    directory
}

/// Overwrites keys until told to stop.
fn overwrite(store: &Store, keys: &[String], stop: &AtomicBool) {
    for counter in 1.. {
        for key in keys {
            store.put(key, Signed::new(key, "rust", counter).to_value()).unwrap();
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
}

/// Stops the writer of the library also when the observer panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets both programs overwrite while `look` is called again and again with the live keys.
fn while_both_overwrite(directory: &Directory, mut look: impl FnMut(&mut Watched, &[String])) {
    let keys = live_keys();
    let (ours, theirs) = (&keys[..OURS + SHARED], &keys[OURS..]);
    // The instance has loaded the keys that it overwrites, so that it unlinks what it supersedes.
    let python = directory.python("python");
    python.send(&format!(r#""overwrite", "keys": {theirs:?}, "writer": "python""#));
    let (store, stop) = (directory.writer("rust"), AtomicBool::new(false));
    let mut watched = Watched::default();
    std::thread::scope(|scope| {
        let stop = Stop(&stop);
        scope.spawn(|| overwrite(&store, ours, stop.0));
        let begin = Instant::now();
        while begin.elapsed() < TIME || watched.looks < LOOKS {
            look(&mut watched, &keys);
        }
        drop(stop);
    });
    // The next request ends the overwriting.
    python.send(r#""synchronize""#);
    assert!(python.receive().unwrap().as_u64().unwrap() > 50, "the original hardly wrote");
    python.receive().unwrap();
    assert!(watched.news > LOOKS / 2, "only {} of {} looks showed news", watched.news, watched.looks);
}

#[test]
fn live_keys_are_never_absent_in_fresh_opens() {
    let directory = store_with(3000);
    while_both_overwrite(&directory, |watched, keys| {
        let store = directory.reader();
        keys.iter().for_each(|key| drop(watched.check(&store, key)));
        assert_eq!(store.len(), 3000 + keys.len());
    });
}

#[test]
fn live_keys_are_never_absent_in_a_running_reader() {
    let directory = store_with(3000);
    let store = directory.reader();
    while_both_overwrite(&directory, |watched, keys| {
        store.synchronize().unwrap();
        keys.iter().for_each(|key| drop(watched.check(&store, key)));
        assert_eq!(store.len(), 3000 + keys.len());
    });
}

#[test]
fn one_hot_key_among_very_many_is_never_absent_in_fresh_opens() {
    let directory = store_with(30_000);
    let hot = &live_keys()[..1];
    let (store, stop) = (directory.writer("rust"), AtomicBool::new(false));
    let mut watched = Watched::default();
    std::thread::scope(|scope| {
        let stop = Stop(&stop);
        scope.spawn(|| overwrite(&store, hot, stop.0));
        let begin = Instant::now();
        while begin.elapsed() < TIME || watched.looks < 4 {
            let store = directory.reader();
            watched.check(&store, &hot[0]);
            assert_eq!(store.get("still 29999").unwrap(), Some(Value::parse("29999").unwrap()));
        }
        drop(stop);
    });
    assert!(watched.news > watched.looks / 2, "only {} of {} looks showed news", watched.news, watched.looks);
}
