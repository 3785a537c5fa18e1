//! Mounting and unmounting, as a user does: through the command.

mod arenas;
mod clock;
mod entering;
mod guarding;
mod leaving;
mod mistakes;
mod network;
mod ordinary;
mod place;
mod remote;
mod round_trips;
mod sandbox;
mod shelf;
mod signals;
mod syncing;
mod unmounting;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, is_mounted};
use place::{Place, finish};

/// "Goes to the background and returns 0 once the mount answers." "The parent returns when the mount answers."
#[test]
fn a_mount_in_the_background_answers_when_the_command_returns() {
    let Some(place) = Place::new() else { return };
    place.store().put("key", serde_json::json!([1])).unwrap();
    let output = place.mount(&[]);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    assert_eq!(fs::read_to_string(place.mount_point().join("key")).unwrap(), "[\n  1\n]\n");
    fs::write(place.mount_point().join("new"), "2").unwrap();
    assert_eq!(fs::read_dir(place.mount_point()).unwrap().count(), 2);
    place.umount();
    place.expect_no_daemon();
    assert_eq!(place.store().get("new").unwrap().unwrap().to_string(), "2");
}

/// "Shown as type `fuse.keyfs` with the store as its source."
#[test]
fn the_mount_table_shows_the_type_and_the_store() {
    let Some(place) = Place::named("with a space") else { return };
    place.mount(&[]);
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let escaped = |path: &Path| path.to_str().unwrap().replace(' ', "\\040");
    let line = format!("{} {} fuse.keyfs ", escaped(&place.store_path()), escaped(&place.mount_point()));
    assert!(table.lines().any(|entry| entry.starts_with(&line)), "{line:?} is not in\n{table}");
    place.umount();
}

#[test]
fn relative_paths_are_taken_from_where_the_command_is_run() {
    let Some(place) = Place::new() else { return };
    place.store().put("key", serde_json::json!(1)).unwrap();
    for (directory, store, mount_point) in [
        ("", "store", "mount"),
        ("", "./store/", "mount/"),
        ("store", "../store", "../mount"),
        ("mount", "../store", "."),
    ] {
        let directory = place.path().join(directory);
        let output = finish(place.keyfs().args(["mount", store, mount_point]).current_dir(&directory));
        assert!(output.status.success(), "{store} {mount_point}: {}", output.stderr);
        assert_eq!(fs::read_to_string(place.mount_point().join("key")).unwrap(), "1\n");
        assert_eq!(place.daemon_directory(), Path::new("/"), "the daemon keeps its directory busy");
        let outside = place.path();
        let path = if mount_point == "." { "mount" } else { mount_point };
        let from = if mount_point == "." { &outside } else { &directory };
        let output = finish(place.keyfs().args(["umount", path]).current_dir(from));
        assert!(output.status.success(), "{store} {mount_point}: {}", output.stderr);
        place.expect_no_daemon();
    }
}

/// The daemon lets go of what the command was started with: who reads the other end of a pipe would wait for ever.
#[test]
fn a_pipe_of_the_command_ends_when_it_returns() {
    let Some(place) = Place::new() else { return };
    for redirection in ["| cat", "2>&1 | cat", "</dev/null >/dev/null 2>&1", "<&- >&- 2>&-", "<&-", ">&-", "2>&-"] {
        let script = format!("\"$1\" mount \"$2\" \"$3\" {redirection}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(env!("CARGO_BIN_EXE_keyfs"));
        let output = finish(shell.arg(place.store_path()).arg(place.mount_point()));
        assert!(output.status.success(), "{redirection}: {}", output.stderr);
        assert!(is_mounted(&place.mount_point()), "{redirection}");
        assert_eq!(fs::read_dir(place.mount_point()).unwrap().count(), 0, "{redirection}");
        place.umount();
        place.expect_no_daemon();
    }
}

/// "When the daemon dies the mount point says so; mounting the same store there again heals it." "A mount whose daemon
/// has died is taken away and replaced when the same store is mounted there again."
#[test]
fn a_mount_whose_daemon_was_killed_is_healed_by_mounting_again() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    fs::write(place.mount_point().join("key"), "1").unwrap();
    place.kill_daemon();
    let error = fs::read_dir(place.mount_point()).unwrap_err();
    // The second while the death is still being noticed.
    assert!(matches!(error.raw_os_error(), Some(libc::ENOTCONN | libc::ECONNABORTED)), "{error}");
    let other = place.path().join("other");
    fs::create_dir(&other).unwrap();
    let output = finish(place.keyfs().arg("mount").arg(&other).arg(place.mount_point()));
    assert_eq!(output.status.code(), Some(32), "another store was mounted over a dead mount: {}", output.stderr);
    place.mount(&[]);
    assert_eq!(fs::read_to_string(place.mount_point().join("key")).unwrap(), "1\n");
    place.umount();
    assert!(!is_mounted(&place.mount_point()), "the dead mount is still below");
}

/// A listing with all that a write could change.
fn listing(directory: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let about = fs::metadata(&directory).unwrap();
        found.push((directory.clone(), about.len(), about.modified().unwrap()));
        for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                directories.push(entry.path());
            } else {
                found.push((entry.path(), about.len(), about.modified().unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// "A reader without an identifier writes nothing at all, not even the directory `d/`." "A read-only mount opens the
/// store without an identifier, so it writes nothing at all."
#[test]
fn a_mount_for_reading_writes_nothing_at_all_into_the_store() {
    for filled in [true, false] {
        for option in ["-r", "-oro"] {
            let Some(place) = Place::new() else { return };
            if filled {
                let store = foreign_store(&place.store_path());
                for number in 0..5 {
                    store.put("key", serde_json::json!(number)).unwrap();
                }
                store.put("removed", serde_json::json!(0)).unwrap();
                store.remove("removed").unwrap();
            }
            let before = listing(&place.store_path());
            place.mount(&[option]);
            let root = place.mount_point();
            assert_eq!(fs::read_dir(&root).unwrap().count(), usize::from(filled));
            assert_eq!(fs::read_to_string(root.join("key")).is_ok(), filled);
            for name in ["key", "new", ".scratch", "x~"] {
                let error = fs::write(root.join(name), "1").unwrap_err();
                assert_eq!(error.raw_os_error(), Some(libc::EROFS), "{name}");
            }
            assert!(fs::remove_file(root.join("key")).is_err());
            assert!(fs::rename(root.join("key"), root.join("new")).is_err());
            place.umount();
            place.expect_no_daemon();
            assert_eq!(listing(&place.store_path()), before, "{option}");
        }
    }
}

/// "Owner and group of the files are those of the mounting user, mode 0644 less the umask." "Files belong to the user
/// who mounts (`-o uid=`, `gid=`, `umask=`)." "stat: mode 0644 less the umask."
#[test]
fn owner_and_mode_are_those_of_the_user_and_can_be_given() {
    use std::os::unix::fs::MetadataExt;
    let Some(mounted) = Mounted::of(None, &["-o", "umask=077,uid=7,gid=8"]) else { return };
    foreign_store(&mounted.store_path()).put("key", serde_json::json!(1)).unwrap();
    let about = fs::metadata(mounted.path().join("key")).unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid(), about.gid()), (0o600, 7, 8));
    let Some(mounted) = Mounted::of(None, &["-o", "umask=0"]) else { return };
    foreign_store(&mounted.store_path()).put("key", serde_json::json!(1)).unwrap();
    assert_eq!(fs::metadata(mounted.path().join("key")).unwrap().mode() & 0o7777, 0o644);
    let Some(mounted) = Mounted::new() else { return };
    foreign_store(&mounted.store_path()).put("key", serde_json::json!(1)).unwrap();
    let about = fs::metadata(mounted.path().join("key")).unwrap();
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    assert_eq!((about.uid(), about.gid()), (user, group));
    let mode = fs::metadata(mounted.store_path().join("d")).unwrap().mode() & 0o666;
    assert_eq!(about.mode() & 0o7777, 0o644 & mode, "the umask that the store's directory was made with");
}

/// The status counts each request that the kernel has sent, with its time, and how many were answered with an error.
/// "`status`: and the figures of each operation." "`operationsInMicroseconds` has each operation that the kernel has
/// asked for: how often, how often the answer was an error number [...] and how long it took from the arrival of the
/// request until the answer was known: `min`, `mean` and `max` [...] `p50` and `p99`." "how often the answer was an
/// error number (also no such file, and the `ESTALE` after which the kernel looks up again)."
#[test]
fn the_status_counts_requests() {
    let Some(mounted) = Mounted::new() else { return };
    let operations = || {
        let status = fs::read(mounted.path().join(".keyfs/status")).unwrap();
        let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
        status["operationsInMicroseconds"].clone()
    };
    let count = |operations: &serde_json::Value, name: &str, what: &str| operations[name][what].as_u64().unwrap_or(0);
    let before = operations();
    assert!(before["mkdir"].is_null(), "nobody has asked: {before}");
    for _ in 0..10 {
        fs::write(mounted.path().join("key"), "[1]").unwrap();
        assert!(fs::metadata(mounted.path().join("missing")).is_err());
        assert!(fs::create_dir(mounted.path().join("directory")).is_err());
    }
    let after = operations();
    let more = |name, what| count(&after, name, what) - count(&before, name, what);
    assert_eq!((more("mkdir", "count"), more("mkdir", "errors")), (10, 10));
    assert_eq!((more("write", "count"), more("write", "errors")), (10, 0));
    assert!(more("flush", "count") >= 10 && more("lookup", "errors") >= 10, "{after}");
    assert_eq!(more("open", "errors"), 9, "all but the first, which has created it, are told to look again");
    for (name, operation) in after.as_object().unwrap() {
        let figures = ["min", "p50", "p99", "max"].map(|figure| operation[figure].as_f64().unwrap());
        assert!(figures.is_sorted(), "{name}: {operation}");
        assert!((figures[0]..=figures[3]).contains(&operation["mean"].as_f64().unwrap()), "{name}: {operation}");
    }
    let flush = after["flush"]["min"].as_f64().unwrap();
    assert!((1.0..1e7).contains(&flush), "a put takes microseconds, not {flush}");
}
