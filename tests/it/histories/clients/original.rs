use std::collections::BTreeMap;
use std::path::Path;

use super::{Actor, KEYS, name};
use crate::histories::event::{Sight, What};
use crate::python::Python;

/// The Python original: one instance, which has loaded all keys. To a key that it had created it would be deaf.
pub(in crate::histories) struct Original(Python);

impl Original {
    pub(in crate::histories) fn start(path: &Path) -> Original {
        Original(Python::start(path, Some("original")))
    }

    /// The number of the record that it has written.
    fn write(&mut self, operation: &str) -> Option<u64> {
        self.0.ask(operation).unwrap().as_u64()
    }
}

impl Actor for Original {
    fn put(&mut self, key: usize, value: u64) -> What {
        let number = self.write(&format!(r#""put_numbered", "key": "{}", "value": {value}"#, name(key)));
        What::Put { key, value, number }
    }

    /// It writes a tombstone whether or not the key is there.
    fn remove(&mut self, key: usize) -> What {
        let number = self.write(&format!(r#""remove_numbered", "key": "{}""#, name(key)));
        What::Remove { key, number }
    }

    /// What it takes in for one key it takes in for all, so all are told.
    fn get(&mut self, _: usize) -> Vec<Sight> {
        self.list()
    }

    fn list(&mut self) -> Vec<Sight> {
        let answer = self.0.ask(r#""look""#).unwrap();
        let known: BTreeMap<String, (u64, Option<u64>)> = serde_json::from_value(answer).unwrap();
        let sight = |key| {
            let (number, value) = known[&name(key)];
            Sight::new(key, value, Some(number))
        };
        (0..KEYS).map(sight).collect()
    }
}
