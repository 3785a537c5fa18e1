//! A directory of JSON files, one a key: what people have without a store.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use keyfs::Key;
use keyfs::view::FileName;
use serde_json::Value;

/// The directory; a file is replaced by a rename, so that no reader sees half of one.
pub(crate) struct Files {
    directory: PathBuf,
}

impl Files {
    pub(crate) fn populate(directory: &Path, keys: impl Iterator<Item = String>, value: &str) -> Files {
        fs::create_dir(directory).unwrap();
        let files = Files { directory: directory.to_owned() };
        keys.for_each(|key| fs::write(files.path(&key), value).unwrap());
        files
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(FileName::of_key(&Key::from(key)).as_str())
    }

    /// Reads all of them, as an open store has them.
    pub(crate) fn load(&self) -> HashMap<std::ffi::OsString, Value> {
        let entries = fs::read_dir(&self.directory).unwrap().map(Result::unwrap);
        entries
            .map(|entry| (entry.file_name(), serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap()))
            .collect()
    }

    pub(crate) fn get(&self, key: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(key)).unwrap()).unwrap()
    }

    pub(crate) fn put(&self, key: &str, value: &str, sync: bool) {
        let temporary = self.directory.join(".new");
        let mut file = File::create(&temporary).unwrap();
        file.write_all(value.as_bytes()).unwrap();
        if sync {
            file.sync_data().unwrap();
        }
        fs::rename(&temporary, self.path(key)).unwrap();
        if sync {
            File::open(&self.directory).unwrap().sync_all().unwrap();
        }
    }

    pub(crate) fn remove(&self, key: &str) {
        fs::remove_file(self.path(key)).unwrap();
    }
}
