//! How long a bare `stat` of a known name lags behind what others do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyfs::Store;

use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

const CHANGES: u64 = 1_000;

/// After which something is broken, not late.
const NEVER: Duration = Duration::from_secs(5);

/// "A bare `stat` of a name that the kernel already knows follows within milliseconds."
const MEDIAN: Duration = Duration::from_millis(10);

/// The size that a stat shows; none when there is no file.
fn size(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|found| found.len())
}

/// How long it takes until a stat shows this.
#[track_caller]
fn time_until(path: &Path, expected: Option<u64>) -> Duration {
    let began = Instant::now();
    while size(path) != expected {
        assert!(began.elapsed() < NEVER, "{}: {:?} instead of {expected:?}", path.display(), size(path));
        std::thread::yield_now();
    }
    began.elapsed()
}

#[track_caller]
fn assert_short(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what}: {} times: median {:?}, p99 {:?}, max {:?}", times.len(), at(50), at(99), at(100));
    assert!(at(50) < MEDIAN, "{what}: median {:?}", at(50));
}

fn value(number: u64) -> String {
    "x".repeat((number % 1000) as usize)
}

fn put(store: &Store, key: &str, number: u64) {
    store.put(key, serde_json::Value::from(value(number))).unwrap();
}

fn expected(number: u64) -> Option<u64> {
    Some(value(number).len() as u64 + 3)
}

#[test]
fn a_stat_follows_the_changes_of_other_programs() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let path = mounted.path().join("key");
    put(&store, "key", 0);
    time_until(&path, expected(0));
    let measure = |change: &dyn Fn(u64) -> (PathBuf, Option<u64>)| -> Vec<Duration> {
        (1..=CHANGES)
            .map(|number| {
                let (path, expected) = change(number);
                time_until(&path, expected)
            })
            .collect()
    };
    let puts = measure(&|number| {
        put(&store, "key", number);
        (path.clone(), expected(number))
    });
    assert_short("stat after a put", puts);
    let name = |number: u64| format!("key {number}");
    let adds = measure(&|number| {
        let path = mounted.path().join(name(number));
        assert_eq!(size(&path), None);
        put(&store, &name(number), number);
        (path, expected(number))
    });
    assert_short("stat after an addition", adds);
    let removes = measure(&|number| {
        store.remove(name(number).as_str()).unwrap();
        (mounted.path().join(name(number)), None)
    });
    assert_short("stat after a removal", removes);
}

#[test]
fn a_stat_follows_what_is_saved_in_another_mount() {
    let Some(mounted) = Mounted::new() else { return };
    let Some(other) = Mounted::of(Some(&mounted.store_path()), &["-i", "other"]) else { return };
    let save = |number: u64| fs::write(other.path().join("key"), format!("\"{}\"\n", value(number))).unwrap();
    let path = mounted.path().join("key");
    save(0);
    time_until(&path, expected(0));
    let saves = (1..=CHANGES).map(|number| {
        save(number);
        time_until(&path, expected(number))
    });
    assert_short("stat after a save in another mount", saves.collect());
}
