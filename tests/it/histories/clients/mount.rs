use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::{Actor, name, sights_of_names};
use crate::behaviour::close;
use crate::histories::event::{Sight, What};

/// A program that uses files in a mount, and is the only one there.
pub(in crate::histories) struct Mount(PathBuf);

impl Mount {
    pub(in crate::histories) fn at(path: PathBuf) -> Mount {
        Mount(path)
    }

    fn path(&self, key: usize) -> PathBuf {
        self.0.join(name(key))
    }
}

impl Actor for Mount {
    /// In place, or every third time by a file beside it.
    fn put(&mut self, key: usize, value: u64) -> What {
        let text = format!("{value}\n");
        if value.is_multiple_of(3) {
            let beside = self.0.join(".beside");
            fs::write(&beside, text).unwrap();
            fs::rename(&beside, self.path(key)).unwrap();
        } else {
            let mut file = File::create(self.path(key)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            close(file.into()).unwrap();
        }
        What::Put { key, value, number: None }
    }

    fn remove(&mut self, key: usize) -> What {
        match fs::remove_file(self.path(key)) {
            Ok(()) => What::Remove { key, number: None },
            Err(error) if error.kind() == ErrorKind::NotFound => What::Saw(vec![Sight::new(key, None, None)]),
            Err(error) => panic!("rm {}: {error}", self.path(key).display()),
        }
    }

    fn get(&mut self, key: usize) -> Vec<Sight> {
        let mut file = match File::open(self.path(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return vec![Sight::new(key, None, None)],
            other => other.unwrap(),
        };
        let found = file.metadata().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(found.len(), text.len() as u64, "{}: {text:?}", self.path(key).display());
        let number = found.mtime() as u64 * 1_000_000 + found.mtime_nsec() as u64 / 1000;
        vec![Sight::new(key, Some(text.trim_end().parse().unwrap()), Some(number))]
    }

    fn list(&mut self) -> Vec<Sight> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        sights_of_names(&names)
    }
}
