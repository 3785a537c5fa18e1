//! The file system and its shelf: what happens when the disk refuses, and when others get in between.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keyfs::vfs::{Engine, EngineError, Vfs, VfsOptions};
use keyfs::{Identifier, Key, OpenOptions, Store};
use rustix::fs::OFlags;
use rustix::io::Errno;
use tempfile::TempDir;

use crate::behaviour::{FileSystem, Kernel, foreign_store, read_whole, vfs_of};
use crate::standing_before::{Before, StandingBefore};

const READ: OFlags = OFlags::RDONLY;
const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);

fn save<E: Engine>(files: &Kernel<'_, E>, name: &str, text: &str) -> Result<(), Errno> {
    let file = files.open(name.as_bytes(), SAVE)?;
    file.write_at(0, text.as_bytes())?;
    file.close()
}

fn text<E: Engine>(files: &Kernel<'_, E>, name: &str) -> Result<String, Errno> {
    Ok(String::from_utf8(read_whole(&*files.open(name.as_bytes(), READ)?)).unwrap())
}

fn listed<E: Engine>(files: &Kernel<'_, E>) -> Vec<String> {
    files.list(b".").unwrap().into_iter().map(|name| String::from_utf8(name).unwrap()).collect()
}

fn place_of(store: &TempDir) -> PathBuf {
    store.path().join("keyfs.mount/0")
}

/// Mounts again; in the place of before, which somebody else holds for a moment when another test starts a process: that
/// has every descriptor until it has become its program.
fn again(store: &TempDir) -> Vfs<Store> {
    loop {
        let vfs = vfs_of(store.path(), false);
        if !store.path().join("keyfs.mount/1").exists() {
            return vfs;
        }
    }
}

/// How many descriptors of this process are of files below a directory.
fn open_below(directory: &Path) -> usize {
    let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|target| target.starts_with(directory) && target != directory).count()
}

#[test]
fn files_that_nobody_uses_are_not_open() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    for number in 0..300 {
        save(&files, &format!(".{number}"), "x").unwrap();
    }
    let scratch = place_of(&store).canonicalize().unwrap().join("scratch");
    assert_eq!(open_below(&scratch), 0);
    assert_eq!(files.rename(b".8", b"key"), Err(Errno::INVAL));
    fs::create_dir(scratch.join(".taken")).unwrap();
    assert_eq!(files.rename(b".8", b".taken"), Err(Errno::EXIST));
    let open = files.open(b".7", READ).unwrap();
    assert_eq!(open_below(&scratch), 1);
    files.unlink(b".7").unwrap();
    assert_eq!(read_whole(&*open), b"x");
    drop(open);
    assert_eq!((listed(&files).len(), open_below(&scratch)), (299, 0));
}

/// "a refused text that the disk does not take is kept in memory until the mount ends."
#[test]
fn a_refused_text_that_the_disk_does_not_take_is_kept_in_memory() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    fs::create_dir(place_of(&store).join("rejected/key")).unwrap();
    assert_eq!(save(&files, "key", "{no"), Err(Errno::INVAL));
    assert_eq!(save(&files, "other", "[no"), Err(Errno::INVAL));
    for (name, kept) in [("key", "{no"), ("other", "[no")] {
        assert_eq!(text(&files, &format!(".keyfs/rejected/{name}")).unwrap(), kept);
        assert!(text(&files, &format!(".keyfs/rejected/{name}.error")).unwrap().contains("line 1"));
    }
    assert_eq!(fs::read_to_string(place_of(&store).join("rejected/other")).unwrap(), "[no");
    drop(vfs);
    let vfs = again(&store);
    let files = Kernel::new(&vfs);
    assert_eq!(files.list(b".keyfs/rejected").unwrap(), [b"other"]);
    assert!(text(&files, ".keyfs/last-error").unwrap().contains("Z other not JSON"));
}

/// The newest stay, on the disk too. "`rejected/`: at most 100 [...] the oldest go."
#[test]
fn at_most_a_hundred_refused_texts_are_kept() {
    let store = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let vfs = again(&store);
        let files = Kernel::new(&vfs);
        for number in 0..70 {
            assert_eq!(save(&files, &format!("{round}-{number:02}"), "{no"), Err(Errno::INVAL));
        }
    }
    let kept = fs::read_dir(place_of(&store).join("rejected")).unwrap().count();
    assert_eq!(kept, 200, "texts and reasons");
    let vfs = again(&store);
    let names = Kernel::new(&vfs).list(b".keyfs/rejected").unwrap();
    assert_eq!((names.len(), names[0].as_slice(), names[99].as_slice()), (100, &b"0-40"[..], &b"1-69"[..]));
}

/// "`rejected/NAME.error`: why: one line."
#[test]
fn a_refused_text_with_the_longest_name_has_a_reason() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    let name = "k".repeat(255);
    assert_eq!(save(&files, &name, "{no"), Err(Errno::INVAL));
    assert_eq!(text(&files, &format!(".keyfs/rejected/{name}")).unwrap(), "{no");
    assert!(text(&files, &format!(".keyfs/rejected/{name}.error")).unwrap().contains("line 1"));
}

/// "symlink, readlink: The daemon never follows one."
#[test]
fn a_file_that_somebody_took_away_from_the_shelf_is_gone() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    save(&files, ".x", "1").unwrap();
    fs::remove_file(place_of(&store).join("scratch/.x")).unwrap();
    assert_eq!(text(&files, ".x"), Err(Errno::NOENT));
    assert_eq!(listed(&files), [""; 0]);
    save(&files, ".x", "2").unwrap();
    assert_eq!(text(&files, ".x").unwrap(), "2");
    // A link to a secret in its place is not followed.
    let secret = store.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    fs::remove_file(place_of(&store).join("scratch/.x")).unwrap();
    symlink(&secret, place_of(&store).join("scratch/.x")).unwrap();
    assert_eq!(save(&files, ".x", "3"), Err(Errno::LOOP));
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
}

/// What is written to a scratch file while it becomes a key is in the key when the writer has closed.
#[test]
fn a_write_during_the_rename_to_a_key_is_not_lost() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    for round in 0..200 {
        let files = Kernel::new(&vfs);
        let file = files.open(b".draft", SAVE).unwrap();
        file.write_at(0, b"1000").unwrap();
        let renamed = AtomicBool::new(false);
        let last = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut number = 1000;
                while !renamed.load(Ordering::Relaxed) || number % 7 != 0 {
                    number = 1000 + (number + 1) % 9000;
                    assert_eq!(file.write_at(0, number.to_string().as_bytes()), Ok(4));
                }
                file.close().unwrap();
                number
            });
            Kernel::new(&vfs).rename(b".draft", b"key").unwrap();
            renamed.store(true, Ordering::Relaxed);
            writer.join().unwrap()
        });
        assert_eq!(text(&files, "key").unwrap(), format!("{last}\n"), "round {round}");
        assert_eq!(listed(&files), ["key"]);
    }
}

/// Who was led to the scratch file and comes too late finds no file in which his text would be lost.
#[test]
fn what_became_a_key_is_not_opened_as_a_scratch_file() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    save(&files, ".x", "1").unwrap();
    let reader = files.open(b".x", READ).unwrap();
    let rename = || match files.rename(b".x", b"key") {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => panic!("{error}"),
    };
    let late = Kernel::interrupted(&vfs, &rename);
    for flags in [OFlags::WRONLY, OFlags::RDWR, OFlags::WRONLY | OFlags::TRUNC] {
        assert_eq!(late.open(b".x", flags).err(), Some(Errno::NOENT), "{flags:?}");
        files.rename(b"key", b".x").unwrap();
    }
    assert_eq!((read_whole(&*reader), reader.stat().unwrap().size), (b"1".to_vec(), 1));
}

/// As on a plain directory, where the lookup and the open are one.
#[test]
fn who_was_led_to_a_scratch_file_can_open_it_when_its_name_has_gone() {
    let store = tempfile::tempdir().unwrap();
    let vfs = vfs_of(store.path(), false);
    let files = Kernel::new(&vfs);
    save(&files, ".x", "1").unwrap();
    let unlink = || files.unlink(b".x").unwrap();
    let file = Kernel::interrupted(&vfs, &unlink);
    let file = file.open(b".x", READ).unwrap();
    assert_eq!((read_whole(&*file), listed(&files)), (b"1".to_vec(), Vec::<String>::new()));
}

/// A store that removes nothing while it is told not to.
struct Stubborn {
    store: Store,
    refuses: Arc<AtomicBool>,
}

impl Before for Stubborn {
    fn store(&self) -> impl Deref<Target = Store> {
        &self.store
    }

    fn remove(&self, key: &Key) -> Result<bool, EngineError> {
        match self.refuses.load(Ordering::Relaxed) {
            true => Err(EngineError { errno: libc::ENOSPC, source: "the disk is full".into() }),
            false => Engine::remove(&self.store, key),
        }
    }
}

/// The key is gone in this mount, as its user wants it; others see it until it can be removed. "While the store cannot
/// remove it, that is tried again every two seconds."
#[test]
fn a_key_that_was_renamed_away_is_removed_as_soon_as_the_store_can() {
    for on_disk in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let writer = OpenOptions::writer(Identifier::new("mount").unwrap());
        let store = Store::open(directory.path(), writer).unwrap();
        let shelf = on_disk.then(|| directory.path().join("keyfs.mount"));
        let engine = Stubborn { store, refuses: Arc::new(AtomicBool::new(true)) };
        let refuses = Arc::clone(&engine.refuses);
        let vfs = Vfs::new(StandingBefore(engine), VfsOptions { shelf, ..VfsOptions::default() });
        let files = Kernel::new(&vfs);
        save(&files, "key", "1\n").unwrap();
        files.rename(b"key", b"key~").unwrap();
        let others = || foreign_store(directory.path()).len();
        for seconds in [3, 6] {
            assert!(vfs.run_due(Instant::now() + Duration::from_secs(seconds)).is_some(), "it is tried again");
            assert_eq!((listed(&files), others()), (vec!["key~".into()], 1));
        }
        refuses.store(false, Ordering::Relaxed);
        assert_eq!(vfs.run_due(Instant::now() + Duration::from_secs(9)), None);
        assert_eq!((listed(&files), others()), (vec!["key~".into()], 0));
    }
}
