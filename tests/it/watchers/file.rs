//! A watch on the file of a key.

use std::fs::{self, File};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::inotify::ReadFlags;
use serde_json::json;

use super::inotify::{Watcher, count, is};
use super::{QUIET, SECOND, print_times};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// What happens to a file that changes.
const CHANGED: ReadFlags = ReadFlags::CLOSE_WRITE;

/// "A watch on a file goes on hearing of each later change, by others [...]." "When the key is removed, [...] it ends with
/// `DELETE_SELF`, as on any file system."
#[test]
fn a_watch_hears_of_each_later_change_by_others() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let path = mounted.path().join("key");
    let watcher = Watcher::on(&path);
    let mut times = Vec::new();
    for number in 1..=20 {
        store.put("key", json!(number)).unwrap();
        let began = Instant::now();
        watcher.wait_for(SECOND, is(CHANGED, ""));
        times.push(began.elapsed());
        // Every other time nobody looks, so that nobody but the watch knows an inode.
        if number % 2 == 0 {
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{number}\n"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    print_times("a change until the file's watch", times);
    assert_eq!(watcher.until_quiet(QUIET), []);
    store.remove("key").unwrap();
    watcher.wait_for(SECOND, is(ReadFlags::DELETE_SELF, ""));
}

/// "[...] also while others have the key open.": those who open it again at once, and those who keep each version open.
#[test]
fn a_watch_goes_on_while_readers_have_the_key_open() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let path = mounted.path().join("key");
    let watcher = Watcher::on(&path);
    let ended = AtomicBool::new(false);
    let mut held = vec![File::open(&path).unwrap()];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                fs::read(&path).unwrap();
            }
        });
        for number in 1..=40 {
            store.put("key", json!(number)).unwrap();
            held.push(File::open(&path).unwrap());
            watcher.wait_for(SECOND, is(CHANGED, ""));
        }
        ended.store(true, Ordering::Relaxed);
    });
    let late = Watcher::on(&path);
    store.put("key", json!("last")).unwrap();
    for watcher in [&watcher, &late] {
        watcher.wait_for(SECOND, is(CHANGED, ""));
        assert_eq!(fs::read_to_string(&path).unwrap(), "\"last\"\n");
    }
}

/// Watches that began at different versions all hear of a later change, and of the removal.
#[test]
fn watches_of_different_age_all_hear() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    let path = mounted.path().join("key");
    let mut watchers = Vec::new();
    for number in 0..5 {
        store.put("key", json!(number)).unwrap();
        watchers.push(Watcher::on(&path));
        std::thread::sleep(Duration::from_millis(30));
    }
    watchers.iter().for_each(|watcher| assert!(watcher.until_quiet(QUIET / 4).len() < 100));
    let all_hear = |what| {
        for watcher in &watchers {
            watcher.wait_for(SECOND, is(what, ""));
        }
    };
    store.put("key", json!("all")).unwrap();
    all_hear(CHANGED);
    fs::write(&path, "\"own\"").unwrap();
    all_hear(CHANGED);
    store.remove("key").unwrap();
    all_hear(ReadFlags::DELETE_SELF);
}

/// "[...] and by saves through the same mount, [...]" "[...] or replaced by a rename (`mv`, `sed -i`), it ends with
/// `DELETE_SELF`, [...]." "Only while the key is watched as a file is each save one change more."
#[test]
fn a_watch_hears_of_saves_through_the_same_mount() {
    let Some(mounted) = Mounted::new() else { return };
    let path = mounted.path().join("key");
    let shell = |script: &str| {
        let status = Command::new("sh").args(["-ec", script]).current_dir(mounted.path()).status().unwrap();
        assert!(status.success(), "{script}");
    };
    let gone = ReadFlags::DELETE_SELF;
    let directory = Watcher::on(&mounted.path());
    shell("echo 0 > key");
    for (script, text, told) in [
        ("echo 1 > key", "1\n", CHANGED),
        ("echo 2 > key; echo 3 > key", "3\n", CHANGED),
        ("sed -i s/3/4/ key", "4\n", gone),
        ("echo 5 > .new; mv .new key", "5\n", gone),
    ] {
        directory.until_quiet(QUIET / 2);
        let watcher = Watcher::on(&path);
        shell(script);
        watcher.wait_for(SECOND, is(told, ""));
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{script}");
        let events = directory.until_quiet(QUIET / 2);
        let changes = count(&events, CHANGED, "key");
        println!("{script}: {} events for the directory, of these {changes} saves", events.len());
        // Each save, and for each at most one more event: the watch sits on an older version.
        assert!(changes <= 2 * script.matches("> key").count(), "{script}: {events:?}");
        assert!(watcher.until_quiet(QUIET / 4).len() <= 6);
    }
}

/// A file that is not saved yet can be watched as well.
#[test]
fn a_watch_on_a_new_empty_file_hears_of_its_first_save() {
    let Some(mounted) = Mounted::new() else { return };
    let path = mounted.path().join("key");
    File::create(&path).unwrap();
    let watcher = Watcher::on(&path);
    fs::write(&path, "1").unwrap();
    watcher.wait_for(SECOND, is(CHANGED, ""));
    foreign_store(&mounted.store_path()).put("key", json!(2)).unwrap();
    watcher.wait_for(SECOND, is(CHANGED, ""));
}

/// Nobody else tells them: the kernel knows only the last version to be unlinked.
#[test]
fn a_key_that_is_removed_through_the_mount_is_gone_for_watches_of_old_versions() {
    let Some(mounted) = Mounted::new() else { return };
    let store = foreign_store(&mounted.store_path());
    store.put("key", json!(0)).unwrap();
    let path = mounted.path().join("key");
    let watcher = Watcher::on(&path);
    store.put("key", json!(1)).unwrap();
    watcher.wait_for(SECOND, is(CHANGED, ""));
    fs::remove_file(&path).unwrap();
    watcher.wait_for(SECOND, is(ReadFlags::DELETE_SELF, ""));
}
