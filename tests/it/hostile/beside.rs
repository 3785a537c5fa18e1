//! What somebody has planted in the directory of the store itself, where a mount keeps what is not in the store.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::process::Signal;

use super::outside::SECRET;
use super::plants::Place;
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

/// From so many keys on a snapshot is read and made.
const MANY: usize = 600;

fn fifo(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
}

/// What is planted in a store, `outside` being a directory beside it.
type Plant = fn(store: &Path, outside: &Path);

fn snapshot(store: &Path) -> std::path::PathBuf {
    store.join(format!("keyfs-snapshot.{}", rustix::process::geteuid().as_raw()))
}

/// The folder of the first place, in which a mount keeps things.
fn folder(store: &Path, name: &str) -> std::path::PathBuf {
    let folder = store.join("keyfs.me/0").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

const PLANTS: [(&str, Plant); 23] = [
    ("the shelf a link", |store, outside| symlink(outside, store.join("keyfs.me")).unwrap()),
    ("the shelf a dangling link", |store, _| symlink("/nowhere", store.join("keyfs.me")).unwrap()),
    ("the shelf a file", |store, _| fs::write(store.join("keyfs.me"), "x").unwrap()),
    ("the shelf a FIFO", |store, _| fifo(&store.join("keyfs.me"))),
    ("the place a link", |store, outside| {
        fs::create_dir(store.join("keyfs.me")).unwrap();
        symlink(outside, store.join("keyfs.me/0")).unwrap();
    }),
    ("the place a file", |store, _| {
        fs::create_dir(store.join("keyfs.me")).unwrap();
        fs::write(store.join("keyfs.me/0"), "x").unwrap();
    }),
    ("another place a link", |store, outside| {
        fs::create_dir(store.join("keyfs.me")).unwrap();
        symlink(outside, store.join("keyfs.me/7")).unwrap();
    }),
    ("scratch a link", |store, outside| {
        fs::create_dir_all(store.join("keyfs.me/0")).unwrap();
        symlink(outside.join("scratch"), store.join("keyfs.me/0/scratch")).unwrap();
    }),
    ("staging a link", |store, outside| {
        fs::create_dir_all(store.join("keyfs.me/0")).unwrap();
        symlink(outside, store.join("keyfs.me/0/staging")).unwrap();
    }),
    ("rejected a file", |store, _| {
        fs::create_dir_all(store.join("keyfs.me/0")).unwrap();
        fs::write(store.join("keyfs.me/0/rejected"), "x").unwrap();
    }),
    ("links in scratch", |store, outside| {
        symlink(outside.join("secret"), folder(store, "scratch").join(".secret")).unwrap();
        symlink(".itself", folder(store, "scratch").join(".itself")).unwrap();
    }),
    ("a FIFO in scratch", |store, _| fifo(&folder(store, "scratch").join(".mine"))),
    ("a socket in scratch", |store, _| drop(UnixListener::bind(folder(store, "scratch").join(".mine")).unwrap())),
    ("a directory in scratch", |store, _| fs::create_dir(folder(store, "scratch").join(".mine")).unwrap()),
    ("100 GiB in scratch", |store, _| {
        fs::File::create(folder(store, "scratch").join(".large")).unwrap().set_len(100 << 30).unwrap();
    }),
    ("links among the refused texts", |store, outside| {
        symlink(outside.join("secret"), folder(store, "rejected").join("key")).unwrap();
        symlink(outside.join("secret"), folder(store, "rejected").join("key.error")).unwrap();
    }),
    ("a FIFO among the refused texts", |store, _| {
        fifo(&folder(store, "rejected").join("key"));
        fifo(&folder(store, "rejected").join("key.error"));
    }),
    ("a reason of 100 GiB", |store, _| {
        fs::write(folder(store, "rejected").join("large"), "x").unwrap();
        fs::File::create(folder(store, "rejected").join("large.error")).unwrap().set_len(100 << 30).unwrap();
    }),
    ("the snapshot a link", |store, outside| symlink(outside.join("secret"), snapshot(store)).unwrap()),
    ("the snapshot a FIFO", |store, _| fifo(&snapshot(store))),
    ("the snapshot a directory", |store, _| fs::create_dir(snapshot(store)).unwrap()),
    ("the snapshot garbage", |store, _| fs::write(snapshot(store), vec![0xa5; 1 << 20]).unwrap()),
    ("the snapshot 100 GiB", |store, _| {
        fs::File::create(snapshot(store)).unwrap().set_len(100 << 30).unwrap();
    }),
];

/// Uses a mount as somebody does who knows of nothing.
fn use_it(what: &str, root: &Path, keys: usize) {
    let names: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let listed = names.iter().filter(|name| !name.to_string_lossy().starts_with('.')).count();
    assert_eq!(listed, keys, "{what}: the listing");
    assert_eq!(fs::read_to_string(root.join("key 1")).unwrap(), "1\n", "{what}");
    fs::write(root.join("key 1"), "1").unwrap();
    fs::write(root.join(".own"), "no JSON").unwrap_or_else(|error| panic!("{what}: a scratch file: {error}"));
    assert_eq!(fs::read(root.join(".own")).unwrap(), b"no JSON", "{what}");
    assert_eq!(fs::write(root.join("key 2"), "{no").unwrap_err().raw_os_error(), Some(libc::EINVAL), "{what}");
    assert_eq!(fs::read_to_string(root.join(".keyfs/rejected/key 2")).unwrap(), "{no", "{what}");
    for name in fs::read_dir(root.join(".keyfs/rejected")).unwrap() {
        let mut start = [0; 100];
        if let Ok(file) = fs::File::open(name.unwrap().path()) {
            let read = std::os::unix::fs::FileExt::read_at(&file, &mut start, 0).unwrap_or(0);
            assert!(!String::from_utf8_lossy(&start[..read]).contains(SECRET), "{what}: shown");
        }
    }
    // Whoever reads through such a link reads what he may read anyway; the daemon has only told where it leads.
    fs::remove_file(root.join(".own")).unwrap();
}

/// "When the directory itself cannot be used ([...] a link is in its place) the mount says so in its log and keeps all of
/// this in memory."
#[test]
fn what_is_planted_beside_the_records_is_neither_followed_nor_removed() {
    for (what, plant) in PLANTS {
        let place = Place::new();
        let others = foreign_store(&place.store());
        let keys = if what.contains("snapshot") { MANY } else { 5 };
        for number in 0..keys {
            others.put(format!("key {number}").as_str(), serde_json::json!(number)).unwrap();
        }
        drop(others);
        let _ = fs::remove_file(snapshot(&place.store()));
        plant(&place.store(), place.outside.path());
        let planted = kinds(&place.store());
        let Some(mut mounted) = Mounted::held_for(super::serving::HANG, Some(&place.store()), &["-i", "me"]) else {
            return;
        };
        use_it(what, &mounted.path(), keys);
        mounted.mount_again(Signal::TERM);
        use_it(what, &mounted.path(), keys);
        drop(mounted);
        place.outside.assert_untouched();
        let left = kinds(&place.store());
        for (path, kind) in planted {
            // A snapshot is the mount's own: it may replace it, but for a directory.
            let replaced = what.starts_with("the snapshot") && !kind.is_dir();
            let stays = left.iter().any(|(found, now)| *found == path && *now == kind);
            assert!(stays || replaced, "{what}: {} has gone", path.display());
        }
    }
}

/// All that is below a directory but records, and what it is.
fn kinds(store: &Path) -> Vec<(std::path::PathBuf, fs::FileType)> {
    let (mut found, mut directories) = (Vec::new(), vec![store.to_owned()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != "d" {
                directories.push(entry.path());
            }
            // Directories that a mount makes itself go when they are empty.
            if !kind.is_dir() || entry.path().starts_with(store.join("keyfs.me/0/scratch")) {
                found.push((entry.path(), kind));
            }
        }
    }
    found
}
