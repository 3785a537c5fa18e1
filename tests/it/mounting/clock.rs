//! A daemon whose clock is wrong, or jumps.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyfs::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, keyfs};

/// A mount whose daemon believes in a clock that the test sets.
struct Wrong {
    mounted: Mounted,
    offset: PathBuf,
    _directory: TempDir,
}

impl Wrong {
    /// With a clock that is off by so much, as `faketime` writes it: `-2h`.
    fn by(offset: &str) -> Option<Wrong> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("offset");
        fs::write(&file, offset).unwrap();
        let library = preloaded();
        let variables = [
            ("LD_PRELOAD", OsStr::new(&library)),
            ("FAKETIME_TIMESTAMP_FILE", file.as_os_str()),
            ("FAKETIME_NO_CACHE", OsStr::new("1")),
            // What waits for a time must not wait for another one.
            ("DONT_FAKE_MONOTONIC", OsStr::new("1")),
            // Else the daemon starts itself anew, and what libfaketime shares with its children stays in /dev/shm.
            ("MALLOC_ARENA_MAX", OsStr::new("1")),
            ("MALLOC_MMAP_THRESHOLD_", OsStr::new("262144")),
        ];
        // From within the sandbox nobody could read what the clock says.
        let mut command = keyfs();
        command.envs(variables);
        let mounted = Mounted::with_command(command, &["-o", "sandbox=off"])?;
        Some(Wrong { mounted, offset: file, _directory: directory })
    }

    fn set(&self, offset: &str) {
        fs::write(&self.offset, offset).unwrap();
    }

    fn save(&self, name: &str, text: &str) {
        fs::write(self.mounted.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.mounted.path().join(name)).unwrap()
    }
}

/// The library that `faketime` has programs begin with.
fn preloaded() -> String {
    let output = Command::new("faketime").args(["now", "printenv", "LD_PRELOAD"]).output().unwrap();
    let library = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(library.contains("libfaketime"), "{library}");
    library
}

fn number(store: &keyfs::Store, key: &str) -> Timestamp {
    store.version(key).unwrap().timestamp
}

fn seconds_ahead(timestamp: Timestamp) -> i64 {
    let now = i64::try_from(Timestamp::now().as_micros() / 1_000_000).unwrap();
    i64::try_from(timestamp.as_micros() / 1_000_000).unwrap() - now
}

/// "A put goes above every number that this process has seen for the key."
#[test]
fn a_mount_whose_clock_is_behind_or_steps_back_never_loses_a_save() {
    let Some(wrong) = Wrong::by("-2h") else { return };
    let store = foreign_store(&wrong.mounted.store_path());
    store.put("key", json!(1)).unwrap();
    wrong.save("key", "2");
    wrong.save("own", "1");
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().text(), "2");
    assert!((-7300..-7100).contains(&seconds_ahead(number(&store, "own"))), "its clock is behind");
    for (round, offset) in ["+1h", "-1h", "-3h", "+0", "-1d"].into_iter().enumerate() {
        wrong.set(offset);
        let text = format!("\"{round}\"");
        wrong.save("key", &text);
        wrong.save("own", &text);
        store.synchronize().unwrap();
        for key in ["key", "own"] {
            assert_eq!(store.get(key).unwrap().unwrap().text(), text, "{key} at {offset}");
        }
        store.put("key", json!([round])).unwrap();
        assert_eq!(wrong.read("key"), format!("[\n  {round}\n]\n"), "at {offset}");
    }
    assert!(seconds_ahead(number(&store, "own")) > 3500, "it stays above what it has once put");
}

/// "A record from the far future is honoured, because the original honours it" and overtaken by the next put.
#[test]
fn what_a_mount_with_a_clock_ahead_has_saved_is_told_and_overtaken() {
    let Some(wrong) = Wrong::by("+1d") else { return };
    wrong.save("key", "1");
    let path = wrong.mounted.store_path();
    let command = |arguments: &[&str]| {
        let output = keyfs().arg("-d").arg(&path).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, odd) = command(&["check"]);
    assert!(status == Some(1) && odd.contains("of key is ") && odd.contains(" s ahead of the clock"), "{odd}");
    assert_eq!(command(&["put", "key", "2"]).0, Some(0));
    assert_eq!(command(&["get", "key"]).1, "2\n");
    assert_eq!(wrong.read("key"), "2\n");
    let here = Mounted::of(Some(Path::new(&path)), &["-i", "other"]).unwrap();
    fs::write(here.path().join("key"), "3").unwrap();
    assert_eq!(wrong.read("key"), "3\n");
    fs::remove_file(here.path().join("key")).unwrap();
    assert!(!wrong.mounted.path().join("key").exists());
    assert_eq!(command(&["contains", "key"]).0, Some(1));
}
