//! What lies outside the store and must neither be shown nor changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Stands in each file outside, and must stand nowhere else.
pub(super) const SECRET: &str = "what nobody may see";

/// A directory with files beside a store.
pub(super) struct Outside {
    path: PathBuf,
    before: Vec<(PathBuf, u64, u32, i64, i64, Vec<u8>)>,
}

impl Outside {
    pub(super) fn new(path: PathBuf) -> Outside {
        fs::create_dir_all(path.join("d")).unwrap();
        fs::write(path.join("secret"), SECRET).unwrap();
        fs::write(path.join("record"), record("stolen")).unwrap();
        fs::write(path.join("d/1700000000000000"), record("stolen")).unwrap();
        fs::write(path.join("linked"), r#"{"key": "outside", "bDeleted": false, "value": "outside"}"#).unwrap();
        fs::write(path.join("no record"), "no record").unwrap();
        fs::create_dir_all(path.join("scratch")).unwrap();
        fs::write(path.join("scratch/.secret"), SECRET).unwrap();
        let before = state(&path);
        Outside { path, before }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    #[track_caller]
    pub(super) fn assert_untouched(&self) {
        assert_eq!(state(&self.path), self.before, "what lies outside the store has changed");
    }
}

/// A record whose value is secret.
fn record(key: &str) -> String {
    format!(r#"{{"key": "{key}", "bDeleted": false, "value": "{SECRET}"}}"#)
}

/// All that a change would show in.
fn state(path: &Path) -> Vec<(PathBuf, u64, u32, i64, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let about = fs::symlink_metadata(&path).unwrap();
        let bytes = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        if about.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.push((path, about.ino(), about.mode(), about.mtime(), about.mtime_nsec(), bytes));
    }
    found.sort();
    found
}
