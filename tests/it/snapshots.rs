//! Snapshots of large stores: they spare reading, and are never believed where there is doubt.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use keyfs::vfs::with_text_shape;
use keyfs::{Identifier, OpenOptions, Store, Value};
use tempfile::TempDir;

use crate::memory_directory::{Call, MemoryDirectory};

/// More than a store must hold to be worth a snapshot.
const KEYS: usize = 600;

fn writer() -> OpenOptions {
    OpenOptions::writer(Identifier::new("test").unwrap())
}

fn value(text: &str) -> Value {
    Value::parse(text).unwrap()
}

/// A store with many keys, which was closed.
fn large() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), writer()).unwrap();
    for number in 0..KEYS {
        store.put(format!("key {number}").as_str(), value(&number.to_string())).unwrap();
    }
    store.put("removed", value("1")).unwrap();
    store.remove("removed").unwrap();
    directory
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn snapshot_name() -> String {
    format!("keyfs-snapshot.{}", rustix::process::geteuid().as_raw())
}

fn snapshot(directory: &TempDir) -> PathBuf {
    directory.path().join(snapshot_name())
}

/// Overwrites all records in place, which nobody does: who reads them again finds nothing.
fn spoil(directory: &TempDir) {
    for name in names(&directory.path().join("d")) {
        fs::write(directory.path().join("d").join(name), "spoilt").unwrap();
    }
}

#[track_caller]
fn assert_whole(store: &Store) {
    assert_eq!((store.len(), store.tombstones(), store.oddities().unreadable.len()), (KEYS, 1, 0));
    for number in 0..KEYS {
        assert!(store.contains(format!("key {number}").as_str()));
    }
}

/// "The records of a large store are in a *snapshot* when it is closed, and opening it again reads none of them: it costs
/// the listing." "dropping the store: may keep a snapshot."
#[test]
fn a_large_store_is_opened_without_reading_its_records() {
    let directory = large();
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned(), snapshot_name()]));
    spoil(&directory);
    assert_whole(&Store::open(directory.path(), writer()).unwrap());
    assert_whole(&Store::open(directory.path(), OpenOptions::read_only()).unwrap());
    fs::remove_file(snapshot(&directory)).unwrap();
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    assert_eq!((store.len(), store.oddities().unreadable.len()), (0, KEYS + 1));
}

/// "A store of fewer than 500 records has none."
#[test]
fn a_small_store_has_none() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), writer()).unwrap();
    for number in 0..499 {
        store.put(format!("key {number}").as_str(), value("1")).unwrap();
    }
    drop(store);
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned()]));
}

/// "Only its user can read it."
#[test]
fn only_its_user_can_read_it() {
    let directory = large();
    assert_eq!(fs::metadata(snapshot(&directory)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_has_changed_since_is_read() {
    let directory = large();
    {
        let other = Store::open(directory.path(), OpenOptions::writer(Identifier::new("other").unwrap())).unwrap();
        other.put("key 1", value("\"changed\"")).unwrap();
        other.put("new", value("\"new\"")).unwrap();
        other.remove("key 2").unwrap();
        other.put("removed", value("\"again\"")).unwrap();
    }
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    let shown =
        ["key 1", "key 2", "key 3", "new", "removed"].map(|key| store.get(key).unwrap().map(|value| value.to_string()));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(shown, [text("\"changed\""), None, text("3"), text("\"new\""), text("\"again\"")]);
    assert_eq!(store.len(), KEYS + 1);
}

/// "a record is taken from it only when the listing shows the same name with the same inode number"
#[test]
fn a_name_that_another_file_has_now_is_read() {
    let directory = large();
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    let record = directory.path().join("d").join(store.version("key 5").unwrap().timestamp.to_string());
    drop(store);
    let inode = fs::metadata(&record).unwrap().ino();
    let other = directory.path().join("other");
    fs::write(&other, r#"{"key": "key 5", "bDeleted": false, "value": "another file"}"#).unwrap();
    assert_ne!(fs::metadata(&other).unwrap().ino(), inode);
    fs::rename(&other, &record).unwrap();
    let store = Store::open(directory.path(), OpenOptions::read_only()).unwrap();
    assert_eq!(store.get("key 5").unwrap(), Some(value("\"another file\"")));
    assert_eq!(store.get("key 6").unwrap(), Some(value("6")));
}

/// "whatever looks wrong in a snapshot has all of it thrown away"
#[test]
fn a_damaged_snapshot_is_as_good_as_none() {
    let directory = large();
    let path = snapshot(&directory);
    let good = fs::read(&path).unwrap();
    let damages: [&dyn Fn(); 6] = [
        &|| fs::write(&path, "").unwrap(),
        &|| fs::write(&path, &good[..good.len() - 1]).unwrap(),
        &|| {
            let mut bytes = good.clone();
            bytes[good.len() / 2] ^= 1;
            fs::write(&path, bytes).unwrap();
        },
        &|| {
            fs::remove_file(&path).unwrap();
            symlink("/dev/zero", &path).unwrap();
        },
        &|| {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        },
        &|| {
            fs::remove_dir(&path).unwrap();
            let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
            assert!(made.success());
        },
    ];
    for damage in damages {
        damage();
        assert_whole(&Store::open(directory.path(), OpenOptions::read_only()).unwrap());
    }
    fs::remove_file(&path).unwrap();
    fs::write(&path, "damaged").unwrap();
    drop(Store::open(directory.path(), writer()).unwrap());
    spoil(&directory);
    assert_whole(&Store::open(directory.path(), writer()).unwrap());
}

/// "A snapshot is made when an eighth of the records is not in the last one, after opening and when the store is dropped; a
/// writer's lies in the store (`format.md`)."
#[test]
fn a_snapshot_is_made_anew_when_an_eighth_is_not_in_it() {
    let directory = large();
    let inode = || fs::metadata(snapshot(&directory)).unwrap().ino();
    // Held, so that its inode number is not given out again.
    let first = fs::File::open(snapshot(&directory)).unwrap();
    let add = |numbers: std::ops::Range<usize>| {
        let store = Store::open(directory.path(), writer()).unwrap();
        for number in numbers {
            store.put(format!("more {number}").as_str(), value("1")).unwrap();
        }
    };
    add(0..60);
    assert_eq!(inode(), first.metadata().unwrap().ino(), "60 of 661 are not in it");
    add(60..100);
    assert_ne!(inode(), first.metadata().unwrap().ino(), "100 of 701 are not in it");
    fs::write(snapshot(&directory), "damaged").unwrap();
    let store = Store::open(directory.path(), writer()).unwrap();
    let began = std::time::Instant::now();
    while fs::metadata(snapshot(&directory)).unwrap().len() < 10_000 {
        assert!(began.elapsed().as_secs() < 10, "no snapshot is made after opening");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(store);
}

/// "The reading commands take `$XDG_CACHE_HOME/keyfs`, else `~/.cache/keyfs`."
#[cfg(feature = "cli")]
#[test]
fn commands_that_read_keep_snapshots_in_the_user_s_cache() {
    let (directory, home) = (large(), tempfile::tempdir().unwrap());
    fs::remove_file(snapshot(&directory)).unwrap();
    for (variable, cache) in [("XDG_CACHE_HOME", "keyfs"), ("HOME", ".cache/keyfs")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyfs"));
        command.env_remove("XDG_CACHE_HOME").env_remove("HOME").env(variable, home.path());
        let output = command.arg("-d").arg(directory.path()).arg("count").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{KEYS}\n"));
        assert_eq!(names(&home.path().join(cache)).len(), 1, "{variable}");
    }
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned()]));
}

/// "a read-only mount keeps none."
#[cfg(all(feature = "cli", feature = "fuse"))]
#[test]
fn a_read_only_mount_keeps_none() {
    let directory = large();
    fs::remove_file(snapshot(&directory)).unwrap();
    let stat = fs::metadata(directory.path()).unwrap();
    let Some(mounted) = crate::mounted::Mounted::of(Some(directory.path()), &["-r"]) else { return };
    assert_eq!(names(&mounted.path()).len(), KEYS);
    drop(mounted);
    let [cache, home] = ["XDG_CACHE_HOME", "HOME"].map(|name| std::env::var_os(name).map(PathBuf::from));
    for place in cache.into_iter().chain(home.map(|home| home.join(".cache"))) {
        assert!(!place.join("keyfs").join(format!("{:x}-{:x}.snapshot", stat.dev(), stat.ino())).exists());
    }
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned()]));
}

/// "A reader writes nothing into the store: it uses the snapshot that is there, and keeps one in its cache directory if it
/// was given one (`OpenOptions::cache`)."
#[test]
fn a_reader_keeps_its_snapshot_in_its_cache_directory() {
    let directory = large();
    fs::remove_file(snapshot(&directory)).unwrap();
    drop(Store::open(directory.path(), OpenOptions::read_only()).unwrap());
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned()]));
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("a/cache");
    let options = || OpenOptions::read_only().cache(&cache);
    drop(Store::open(directory.path(), options()).unwrap());
    assert_eq!(names(directory.path()), BTreeSet::from(["d".to_owned()]));
    assert_eq!(names(&cache).len(), 1, "{:?}", names(&cache));
    spoil(&directory);
    assert_whole(&Store::open(directory.path(), options()).unwrap());
    // That of another store is another file.
    let other = large();
    fs::remove_file(snapshot(&other)).unwrap();
    assert_whole(&Store::open(other.path(), options()).unwrap());
    assert_eq!(names(&cache).len(), 2);
}

/// "What is in it is on disk before it is."
#[test]
fn all_records_are_on_disk_before_the_snapshot_is_written() {
    let directory = MemoryDirectory::new().with_snapshots();
    for number in 0..KEYS {
        directory.plant(number as u128 + 1, &format!("key {number}"), Some(0));
    }
    drop(crate::actors::reader(&directory));
    let calls = directory.take_calls();
    assert_eq!(calls[calls.len() - 2..], [Call::SyncAll, Call::WriteSnapshot]);
    drop(crate::actors::reader(&directory));
    assert!(directory.take_calls().iter().all(|call| !matches!(call, Call::Read(_))), "read again");

    let directory = MemoryDirectory::new().with_snapshots();
    for number in 0..KEYS {
        directory.plant(number as u128 + 1, &format!("key {number}"), Some(0));
    }
    directory.fail(|_, call| (call == Call::SyncAll).then_some((libc::EIO, crate::memory_directory::Effect::None)));
    drop(crate::actors::reader(&directory));
    assert!(!directory.take_calls().contains(&Call::WriteSnapshot), "written without a sync");
}

/// "A mount reads again what somebody has put into a snapshot who needs no sizes."
#[test]
fn sizes_are_known_although_the_snapshot_is_of_somebody_who_needs_none() {
    let directory = large();
    let store = Store::open(directory.path(), with_text_shape(OpenOptions::read_only())).unwrap();
    assert_whole(&store);
    assert!(store.keys().iter().all(|key| store.version(key).unwrap().measure.is_some()));
}

/// The directory of a reader may be filled, and have a snapshot, only after it was opened.
#[test]
fn what_a_snapshot_spares_reading_of_an_open_store_is_told_as_a_change() {
    let directory = MemoryDirectory::new().with_snapshots().without_watches();
    let store = crate::actors::reader(&directory);
    for number in 0..KEYS {
        directory.plant(number as u128 + 1, &format!("key {number}"), Some(0));
    }
    drop(crate::actors::reader(&directory));
    directory.take_calls();
    assert_eq!(store.synchronize().unwrap().len(), KEYS);
    assert!(directory.take_calls().iter().all(|call| !matches!(call, Call::Read(_))), "read");
    assert_eq!(store.synchronize().unwrap(), []);
}
