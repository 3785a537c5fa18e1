//! A store with everything in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::contents::{self, LARGE, Verdict};
use super::names::{FOREIGN_FILES, odd_names};
use super::outside::{Outside, SECRET};

/// The number of the first planted record.
const FIRST: u128 = 1_700_000_000_000_000;

/// Records of the year 9999, at the ends of signed and unsigned numbers, and at the end of all numbers.
pub(super) const FAR: [u128; 5] =
    [253_402_300_799_999_999, i64::MAX as u128, u64::MAX as u128, u64::MAX as u128 + 1, u128::MAX];

/// What must be served and counted.
#[derive(Default)]
pub(super) struct Planted {
    /// The file texts of the keys that are live.
    pub(super) texts: BTreeMap<String, String>,
    pub(super) tombstones: usize,
    /// Files that are named like records and are none.
    pub(super) odd: usize,
    pub(super) foreign_names: usize,
}

impl Planted {
    pub(super) fn things(&self) -> usize {
        self.texts.len() + self.tombstones + self.odd + self.foreign_names
    }
}

/// A directory for a store, what lies outside of it, and a mount.
pub(super) struct Place {
    directory: TempDir,
    pub(super) outside: Outside,
    next: u128,
    pub(super) planted: Planted,
    /// The records of the keys.
    pub(super) records: BTreeMap<String, PathBuf>,
}

impl Place {
    pub(super) fn new() -> Place {
        let directory = tempfile::Builder::new().prefix("keyfs-hostile.").tempdir().unwrap();
        let outside = Outside::new(directory.path().join("outside"));
        fs::create_dir_all(directory.path().join("store/d")).unwrap();
        Place { directory, outside, next: FIRST, planted: Planted::default(), records: BTreeMap::new() }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    pub(super) fn d(&self) -> PathBuf {
        self.store().join("d")
    }

    /// The path of a record that is not there yet.
    fn next(&mut self) -> PathBuf {
        self.next += 1;
        self.d().join(self.next.to_string())
    }

    fn odd(&mut self) -> PathBuf {
        self.planted.odd += 1;
        self.next()
    }

    /// Plants a record of a key with a number as its value, or a tombstone.
    pub(super) fn plant(&mut self, number: u128, key: &str, value: Option<i64>) {
        let path = self.d().join(number.to_string());
        fs::write(&path, crate::memory_directory::record(key, value)).unwrap();
        self.records.insert(key.to_owned(), path);
        match value {
            Some(value) => drop(self.planted.texts.insert(key.to_owned(), format!("{value}\n"))),
            None => self.planted.tombstones += 1,
        }
    }

    /// Notes that a planted file is the record of a live key.
    fn is_good(&mut self, record: PathBuf, key: &str, text: String) {
        self.planted.texts.insert(key.to_owned(), text);
        self.records.insert(key.to_owned(), record);
    }

    /// Plants all that there is.
    pub(super) fn plant_all(&mut self) {
        self.plant_kinds();
        self.plant_sizes();
        self.plant_contents();
        self.plant_numbers();
        self.plant_names();
    }

    fn plant_contents(&mut self) {
        for contents in contents::all() {
            let path = self.next();
            fs::write(&path, &contents.bytes).unwrap_or_else(|error| panic!("{}: {error}", contents.what));
            match contents.verdict {
                Verdict::Odd => self.planted.odd += 1,
                Verdict::Good(key, text) => self.is_good(path, &key, text),
            }
        }
    }

    /// Plants records near the clock and far from it.
    pub(super) fn plant_numbers(&mut self) {
        for (at, number) in FAR.into_iter().enumerate() {
            self.plant(number, &format!("far {at}"), Some(at as i64));
            self.plant(number - 10, &format!("removed far {at}"), None);
        }
        for number in 0..10 {
            self.next += 1;
            self.plant(self.next, &format!("good {number}"), Some(number));
        }
    }

    /// Plants names that are none of records.
    pub(super) fn plant_names(&mut self) {
        for name in odd_names() {
            fs::write(self.d().join(name), crate::memory_directory::record("odd name", Some(1))).unwrap();
            self.planted.foreign_names += 1;
        }
        for number in 0..FOREIGN_FILES {
            fs::write(self.d().join(format!("foreign {number}")), "").unwrap();
            self.planted.foreign_names += 1;
        }
    }

    /// Plants a record that only its owner may read, or root, whatever its mode.
    pub(super) fn plant_private(&mut self) {
        let private = self.next();
        fs::write(&private, crate::memory_directory::record("mode 000", Some(1))).unwrap();
        fs::set_permissions(&private, PermissionsExt::from_mode(0o000)).unwrap();
        match rustix::process::geteuid().is_root() {
            true => self.is_good(private, "mode 000", "1\n".to_owned()),
            false => self.planted.odd += 1,
        }
    }

    /// Plants what is no regular file, or not one of this directory alone.
    pub(super) fn plant_kinds(&mut self) {
        let outside = self.outside.path().to_owned();
        let good = self.d().join((FIRST + 1000).to_string());
        self.plant(FIRST + 1000, "linked to", Some(1));
        for target in [
            outside.join("secret"),
            outside.join("record"),
            outside.join("d"),
            "/etc/passwd".into(),
            "/etc/shadow".into(),
            "/dev/zero".into(),
            "/dev/stdin".into(),
            "/proc/self/environ".into(),
            "/nowhere".into(),
            ".".into(),
            "..".into(),
            good,
        ] {
            symlink(target, self.odd()).unwrap();
        }
        let itself = self.odd();
        symlink(&itself, &itself).unwrap();
        let (one, other) = (self.odd(), self.odd());
        symlink(&one, &other).unwrap();
        symlink(&other, &one).unwrap();
        for _ in 0..3 {
            nix::unistd::mkfifo(&self.odd(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        // It stays when the listener has gone.
        drop(UnixListener::bind(self.odd()).unwrap());
        let devices =
            [(FileType::CharacterDevice, 1, 5), (FileType::CharacterDevice, 5, 0), (FileType::BlockDevice, 7, 0)];
        for (kind, major, minor) in devices {
            let made = rustix::fs::mknodat(CWD, self.next(), kind, Mode::RWXU, rustix::fs::makedev(major, minor));
            self.planted.odd += usize::from(made.is_ok());
            assert!(made.is_ok() || !rustix::process::geteuid().is_root(), "{made:?}");
        }
        fs::create_dir(self.odd()).unwrap();
        let directory = self.odd();
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("1700000000000000"), SECRET).unwrap();
        fs::hard_link(outside.join("no record"), self.odd()).unwrap();
        // A record is one wherever else it has a name.
        let linked = self.next();
        fs::hard_link(outside.join("linked"), &linked).unwrap();
        self.is_good(linked, "outside", "\"outside\"\n".to_owned());
    }

    /// Plants files that are too large, or only seem to be large, and one that only its owner may read.
    fn plant_sizes(&mut self) {
        File::create(self.odd()).unwrap().set_len(100 << 30).unwrap();
        File::create(self.odd()).unwrap().set_len(200_000_000).unwrap();
        let never_ends = "{\"key\": \"k\", \"bDeleted\": false, \"value\": \"";
        for (beginning, bytes) in [("200 MB of ", 200_000_000), (never_ends, LARGE)] {
            let mut file = File::create(self.odd()).unwrap();
            file.write_all(beginning.as_bytes()).unwrap();
            (0..bytes / 1_000_000).for_each(|_| file.write_all(&[b'x'; 1_000_000]).unwrap());
        }
        self.plant_private();
    }

    /// All that stands in `d/`, and what would show a change of it.
    pub(super) fn state(&self) -> Vec<(PathBuf, u64, u32, u64, i64, i64)> {
        let entries = fs::read_dir(self.d()).unwrap().map(|entry| entry.unwrap());
        let mut found: Vec<_> = entries
            .map(|entry| {
                let about = fs::symlink_metadata(entry.path()).unwrap();
                let changed = (about.mtime(), about.mtime_nsec());
                (entry.path(), about.ino(), about.mode(), about.len(), changed.0, changed.1)
            })
            .collect();
        found.sort();
        found
    }
}
