//! What is odd in a directory is named with its reason, and only what nobody can need any more is removed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfs::store::{Check, FileKind, Repair, What};
use keyfs::{Identifier, OpenOptions, Store, Timestamp};
use tempfile::TempDir;

use crate::actors::TestClock;
use crate::memory_directory::record;

/// Two hours after the begin of a test, in microseconds, by the clock of the system that stamps files.
fn later() -> u64 {
    u64::try_from(Timestamp::now().as_micros()).unwrap() + 2 * 3600 * 1_000_000
}

fn at(micros: u64) -> OpenOptions {
    OpenOptions::writer(Identifier::new("w").unwrap()).clock(Arc::new(TestClock::at(micros)))
}

fn check(store: &TempDir, options: &OpenOptions) -> Vec<(String, What)> {
    shown(&Check::of(store.path(), options).unwrap())
}

fn shown(check: &Check) -> Vec<(String, What)> {
    let odd = check.oddities.iter();
    odd.map(|oddity| (oddity.path.to_string_lossy().into_owned(), oddity.what.clone())).collect()
}

fn kinds(odd: &[(String, What)]) -> Vec<(&str, &str)> {
    odd.iter().map(|(path, what)| (path.as_str(), what.name())).collect()
}

/// A store with these files; directories are made on the way.
fn store_with(files: &[(&str, &[u8])]) -> TempDir {
    let store = TempDir::new().unwrap();
    fs::create_dir(store.path().join("d")).unwrap();
    for (name, bytes) in files {
        let path = store.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    store
}

/// Each path below a directory, with what a file holds.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        found.insert(entry.path(), kind.is_file().then(|| fs::read(entry.path()).unwrap()));
        if kind.is_dir() {
            found.extend(contents(&entry.path()));
        }
    }
    found
}

/// "`keyfs check` (`store::Check`) reads every record and writes nothing."
#[test]
fn a_sound_store_has_nothing_odd_and_is_counted() {
    let (one, two, gone) = (record("a", Some(1)), record("b", Some(2)), record("c", None));
    let store = store_with(&[("d/1", &one), ("d/2", &two), ("d/3", &gone)]);
    fs::create_dir(store.path().join("keyfs.host")).unwrap();
    let before = contents(store.path());
    let check = Check::of(store.path(), &OpenOptions::read_only()).unwrap();
    assert_eq!((check.keys, check.tombstones, check.records), (2, 1, 3));
    assert_eq!(shown(&check), []);
    assert_eq!(contents(store.path()), before);
}

/// "`foreign`: a name that no store uses, in the store, in `d/` or among the temporary files of a writer"
/// "`wrong-kind`: a link, file or directory under a name of the store that is for something else" "`unreadable`: a file that is
/// named like a record and cannot be read as one" "`future`: a record more than a minute ahead of the clock" "`hard-linked`: a
/// record that has further names" "`private`: a record that not all can read who can look into `d/`" "`temporary`: a file that
/// a put has left, and that nobody has touched for an hour" "`unfinished-snapshot`, `damaged-snapshot`: a snapshot that was left
/// an hour ago or longer, and one that is not used"
#[test]
fn each_odd_name_is_told_with_its_reason() {
    let (good, other) = (record("good", Some(1)), record("other", Some(1)));
    let store = store_with(&[
        ("d/1", &good),
        ("d/2", b"{\"key\": \"good\""),
        ("d/007", b"no number"),
        ("d/5", &other),
        ("d/8", &record("future", Some(1))),
        ("notes.txt", b""),
        ("t.w/r1.2.3", b"left"),
        ("t.w/17", b"left"),
        ("t.w/mine", b"kept"),
        ("keyfs-snapshot.0.17.3", b"half"),
        ("keyfs-snapshot.77777", b"keyfs-s\x03 damaged"),
        ("outside", b""),
    ]);
    let path = |name: &str| store.path().join(name);
    symlink("/etc/passwd", path("d/3")).unwrap();
    fs::create_dir(path("d/4")).unwrap();
    fs::hard_link(path("d/5"), path("outside2")).unwrap();
    fs::set_permissions(path("d/5"), PermissionsExt::from_mode(0o600)).unwrap();
    fs::set_permissions(path("d"), PermissionsExt::from_mode(0o755)).unwrap();
    let far = later() + 3_600_000_000;
    fs::rename(path("d/8"), path(&format!("d/{far}"))).unwrap();
    symlink("/etc", path("keyfs.host")).unwrap();
    let before = contents(store.path());
    let found = check(&store, &at(later()));
    let future = format!("d/{far}");
    let expected = [
        ("d/007", "foreign"),
        (future.as_str(), "future"),
        ("d/2", "unreadable"),
        ("d/3", "unreadable"),
        ("d/4", "unreadable"),
        ("d/5", "hard-linked"),
        ("d/5", "private"),
        ("keyfs-snapshot.0.17.3", "unfinished-snapshot"),
        ("keyfs-snapshot.77777", "damaged-snapshot"),
        ("keyfs.host", "wrong-kind"),
        ("notes.txt", "foreign"),
        ("outside", "foreign"),
        ("outside2", "foreign"),
        ("t.w/17", "temporary"),
        ("t.w/mine", "foreign"),
        ("t.w/r1.2.3", "temporary"),
    ];
    assert_eq!(kinds(&found), expected);
    let reason = |name: &str| found.iter().find(|(path, _)| path == name).unwrap().1.to_string();
    assert!(reason("d/2").starts_with("cannot be read as a record: "), "{}", reason("d/2"));
    assert_eq!(reason("d/3"), "cannot be read as a record: not a regular file");
    assert!(reason(&future).contains("of future") && reason(&future).contains(" s ahead of the clock"));
    assert_eq!(reason("keyfs.host"), "a symbolic link where a directory belongs; left alone");
    assert_eq!(contents(store.path()), before, "a check writes nothing");
}

/// "`--repair` (`store::Repair`) removes files that puts have left an hour ago or longer, unfinished and damaged snapshots, and
/// records that were superseded long ago, whose successors it makes durable first. It removes nothing else." "`superseded`: a
/// record that a newer one of its key has superseded, when both are older than a second"
#[test]
fn a_repair_removes_what_nobody_can_need_and_nothing_else() {
    let (old, middle, new) = (record("key", Some(1)), record("key", Some(2)), record("key", Some(3)));
    let store = store_with(&[
        ("d/1", &old),
        ("d/2", &middle),
        ("d/3", &new),
        ("d/4", b"no record"),
        ("d/5", &record("removed", Some(1))),
        ("d/6", &record("removed", None)),
        ("d/notes.txt", b"somebody's"),
        ("notes.txt", b"somebody's"),
        ("t.w/r1.2.3", b"left"),
        ("t.other/17", b"left"),
        ("t.w/mine", b"somebody's"),
        ("keyfs-snapshot.0.17.3", b"half"),
        ("keyfs-snapshot.77777", b"damaged"),
    ]);
    let Repair { repaired, after } = Repair::of(store.path(), &at(later())).unwrap();
    let gone = ["d/1", "d/2", "d/5", "keyfs-snapshot.0.17.3", "keyfs-snapshot.77777", "t.other/17", "t.w/r1.2.3"];
    let repaired: Vec<_> = repaired.iter().map(|oddity| oddity.path.to_string_lossy()).collect();
    assert_eq!(repaired, gone);
    let left = ["d/4", "d/notes.txt", "notes.txt", "t.w/mine"];
    assert_eq!(shown(&after).iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), left);
    let files = contents(store.path()).into_iter().filter(|(_, bytes)| bytes.is_some()).map(|(path, _)| path);
    let files: Vec<_> = files.map(|path| path.strip_prefix(store.path()).unwrap().to_owned()).collect();
    let stays = ["d/3", "d/4", "d/6", "d/notes.txt", "notes.txt", "t.w/mine"];
    assert_eq!(files, stays.map(PathBuf::from));
    let reader = Store::open(store.path(), OpenOptions::read_only()).unwrap();
    assert_eq!(reader.get("key").unwrap().unwrap().text(), "3");
    assert!(!reader.contains("removed") && reader.version("removed").is_some());
}

/// What a put that is under way needs is touched by nobody.
#[test]
fn what_is_young_is_neither_odd_nor_removed() {
    let now = u64::try_from(Timestamp::now().as_micros()).unwrap();
    let (newest, young, old) = (format!("d/{now}"), format!("d/{}", now - 1), format!("d/{}", now - 60_000_000));
    let value = record("key", Some(1));
    let files: [(&str, &[u8]); 5] = [
        (&newest, &value),
        (&young, &value),
        (&old, &value),
        ("t.w/r1.2.3", b"on its way"),
        ("keyfs-snapshot.0.17.3", b"on its way"),
    ];
    let store = store_with(&files);
    let half_a_second_later = at(now + 500_000);
    assert_eq!(check(&store, &half_a_second_later), []);
    let before = contents(store.path());
    let Repair { repaired, .. } = Repair::of(store.path(), &half_a_second_later).unwrap();
    assert_eq!(repaired, []);
    assert_eq!(contents(store.path()), before);
}

/// "What a record from the future has superseded stays until the clock has come there."
#[test]
fn what_a_record_from_the_future_has_superseded_is_told_and_stays() {
    let now = later();
    let far = format!("d/{}", now + 3_600_000_000);
    let young = format!("d/{}", now - 500_000);
    let store = store_with(&[
        ("d/1", &record("key", Some(1))),
        (&young, &record("key", Some(2))),
        (&far, &record("key", Some(3))),
    ]);
    let Repair { repaired, after } = Repair::of(store.path(), &at(now)).unwrap();
    assert_eq!(repaired, []);
    assert_eq!(kinds(&shown(&after)), [("d/1", "superseded"), (far.as_str(), "future")]);
}

#[test]
fn without_an_identifier_nothing_is_repaired() {
    let store = store_with(&[("t.w/r1.2.3", b"left")]);
    let options = OpenOptions::read_only().clock(Arc::new(TestClock::at(later())));
    let refused = Repair::of(store.path(), &options).unwrap_err();
    assert_eq!(refused.to_string(), "the store is open for reading only");
    assert!(store.path().join("t.w/r1.2.3").exists());
}

#[test]
fn each_kind_of_file_is_called_by_its_name() {
    let store = store_with(&[]);
    let path = |name: &str| store.path().join("d").join(name);
    fs::create_dir(path("directory")).unwrap();
    symlink("nowhere", path("link")).unwrap();
    fs::write(path("file"), "").unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    let found: Vec<_> = check(&store, &OpenOptions::read_only()).into_iter().map(|(_, what)| what).collect();
    let expected = [FileKind::Directory, FileKind::Fifo, FileKind::File, FileKind::Link, FileKind::Socket];
    assert_eq!(found, expected.map(What::Foreign));
}
