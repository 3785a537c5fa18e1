//! Telling watchers is hardly ever in the way of who unmounts, and costs little.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keyfs::Store;
use rustix::process::Signal;
use serde_json::json;

use super::status;
use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, is_mounted, keyfs};

const TRIES: usize = 20;

/// Puts as fast as it can while something else is done.
fn in_a_storm<T>(store: &Store, keys: usize, work: impl FnOnce() -> T) -> (T, usize) {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let storm = scope.spawn(|| {
            let mut number = 0;
            while !ended.load(Ordering::Relaxed) {
                store.put(format!("key{}", number % keys).as_str(), json!(number)).unwrap();
                number += 1;
            }
            number
        });
        let result = work();
        ended.store(true, Ordering::Relaxed);
        (result, storm.join().unwrap())
    })
}

/// How many of some mounts were unmounted at the first try in the middle of a storm.
fn unmounted(unmount: impl Fn(&Mounted) -> bool) -> usize {
    let mut done = 0;
    for _ in 0..TRIES {
        let Some(mut mounted) = Mounted::new() else { return TRIES };
        let store = foreign_store(&mounted.store_path());
        let storm = || {
            std::thread::sleep(Duration::from_millis(260));
            unmount(&mounted)
        };
        if in_a_storm(&store, 50, storm).0 {
            done += 1;
            let status = mounted.wait();
            assert!(status.success() && !is_mounted(&mounted.path()), "{status}: {}", mounted.said());
        }
    }
    done
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// "`umount` by hand may find the mount busy for the moment in which something is told, which is rare; [...]"
#[test]
fn umount_is_hardly_ever_told_that_the_mount_is_busy() {
    let round = || unmounted(|mounted| succeeds(Command::new("umount").arg(mounted.path())));
    let done = round();
    println!("umount succeeds {done} times of {TRIES}");
    // About one try in fifty fails on a busy machine: two in one round do happen.
    assert!(done >= TRIES - 1 || round() >= TRIES - 1, "{done} of {TRIES}, and then no better");
}

/// "[...] `keyfs umount` [...] try again."
#[test]
fn keyfs_umount_unmounts_in_the_middle_of_a_storm() {
    assert_eq!(unmounted(|mounted| succeeds(keyfs().arg("umount").arg(mounted.path()))), TRIES);
}

/// "[...] and `SIGTERM` try again."
#[test]
fn sigterm_unmounts_in_the_middle_of_a_storm() {
    let terminated = unmounted(|mounted| {
        mounted.signal(Signal::TERM);
        true
    });
    assert_eq!(terminated, TRIES);
}

/// "The poker rests many times as long as it works.": however many keys change, and however fast. "`.keyfs/status` has under
/// `watching`: [...] how often that was done and how long it took (`told`, `toldMicroseconds`), [...]" "`status`: what
/// watchers were told, [...]"
#[test]
fn telling_rests_longer_than_it_works() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let watching = || status(&mounted.path())["watching"].clone();
    let count = |watching: &serde_json::Value, name: &str| watching[name].as_u64().unwrap();
    let (before, began) = (watching(), Instant::now());
    let ((), puts) = in_a_storm(&store, 1000, || std::thread::sleep(Duration::from_secs(3)));
    let (after, took) = (watching(), began.elapsed());
    let told = count(&after, "told") - count(&before, "told");
    let worked = Duration::from_micros(count(&after, "toldMicroseconds") - count(&before, "toldMicroseconds"));
    println!("{puts} puts in {took:?}: {told} were told in {worked:?}");
    assert!(told > 10, "{told}");
    // A tenth, and the first and the last one.
    assert!(worked < took / 8, "{worked:?} of {took:?}");
    assert!((told as usize) < puts, "{told} of {puts}");
}
