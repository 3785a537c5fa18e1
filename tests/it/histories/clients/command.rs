use std::path::{Path, PathBuf};

use super::{Actor, name, sights_of_names};
use crate::histories::event::{Sight, What};
use crate::mounted::keyfs;

/// The command, which opens the store anew each time, and returns when what it has done is on disk.
pub(in crate::histories) struct Command(PathBuf);

impl Command {
    pub(in crate::histories) fn on(path: &Path) -> Command {
        Command(path.to_owned())
    }

    /// Its output; none when it says with its exit status that there is no such key.
    fn run(&self, arguments: &[&str]) -> Option<String> {
        let output = keyfs().arg("-d").arg(&self.0).args(["-i", "command"]).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) if said.is_empty() => Some(String::from_utf8(output.stdout).unwrap()),
            Some(1) if arguments[0] == "get" => None,
            other => panic!("keyfs {arguments:?}: {other:?}: {said}"),
        }
    }
}

impl Actor for Command {
    fn put(&mut self, key: usize, value: u64) -> What {
        self.run(&["put", &name(key), &value.to_string()]);
        What::Put { key, value, number: None }
    }

    /// It does not say whether the key was there. If not, another removal stands where this one would.
    fn remove(&mut self, key: usize) -> What {
        self.run(&["rm", &name(key)]);
        What::Remove { key, number: None }
    }

    fn get(&mut self, key: usize) -> Vec<Sight> {
        let value = self.run(&["get", &name(key)]);
        vec![Sight::new(key, value.map(|value| value.trim_end().parse().unwrap()), None)]
    }

    fn list(&mut self) -> Vec<Sight> {
        let names: Vec<_> = self.run(&["keys"]).unwrap().lines().map(str::to_owned).collect();
        sights_of_names(&names)
    }
}
