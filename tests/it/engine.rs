//! What the file system asks of the store: to be told of foreign changes, and to remove what it has seen.

use std::ffi::OsStr;
use std::time::Duration;

use keyfs::Durability::Background;
use keyfs::vfs::{Caller, Engine, ForeignChange, InodeNo, VersionNumber, Vfs, VfsOptions};

use crate::actors::{reader, shown, writer};
use crate::memory_directory::MemoryDirectory;

fn change(key: &str, before: Option<u128>, now: Option<u128>) -> ForeignChange {
    ForeignChange { key: key.into(), before: before.map(VersionNumber), now: now.map(VersionNumber) }
}

#[test]
fn foreign_changes_are_told_once_with_the_versions_that_were_and_are_live() {
    let directory = MemoryDirectory::new();
    directory.plant(10, "a", Some(0));
    let store = reader(&directory);
    let synchronize = || Engine::synchronize(&store).unwrap();
    directory.plant(20, "a", Some(1));
    assert_eq!(synchronize(), [change("a", Some(10), Some(20))]);
    assert_eq!(synchronize(), []);
    directory.plant(30, "a", None);
    assert_eq!(synchronize(), [change("a", Some(20), None)]);
    directory.plant(40, "a", Some(2));
    assert_eq!(synchronize(), [change("a", None, Some(40))]);
}

/// "unlink: synchronises."
#[test]
fn unlinking_a_name_takes_in_first_what_others_have_put_under_it() {
    let directory = MemoryDirectory::new();
    let vfs = Vfs::new(writer(&directory, Background), VfsOptions::default());
    directory.plant(10, "a", Some(0));
    vfs.unlink(Caller::default(), InodeNo::ROOT, OsStr::new("a")).unwrap();
    assert_eq!(shown(&reader(&directory), "a"), None);
    assert!(vfs.unlink(Caller::default(), InodeNo::ROOT, OsStr::new("a")).is_err());
}

#[test]
fn removing_through_the_engine_does_not_synchronise() {
    let directory = MemoryDirectory::new();
    let store = writer(&directory, Background);
    directory.plant(10, "a", Some(0));
    assert!(!Engine::remove(&store, &"a".into()).unwrap());
    Engine::synchronize(&store).unwrap();
    assert!(Engine::remove(&store, &"a".into()).unwrap());
}

#[test]
fn nobody_waits_once_waiting_was_stopped() {
    let directory = MemoryDirectory::new();
    let store = reader(&directory);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| while Engine::wait_for_changes(&store, Duration::from_secs(60)).unwrap() {});
        Engine::stop_waiting(&store);
        waiting.join().unwrap();
    });
    assert!(!store.wait_for_changes(Duration::from_secs(60)).unwrap());
}
