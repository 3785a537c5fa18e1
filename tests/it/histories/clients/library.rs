use std::path::Path;

use keyfs::{Identifier, Key, OpenOptions, Store, Timestamp};

use super::{Actor, name, sights_of_names};
use crate::histories::event::{Sight, What};

/// The library, which makes records durable in the background.
pub(in crate::histories) struct Library(Store);

impl Library {
    pub(in crate::histories) fn open(path: &Path) -> Library {
        Library(Store::open(path, OpenOptions::writer(Identifier::new("library").unwrap())).unwrap())
    }
}

fn number(timestamp: Timestamp) -> Option<u64> {
    Some(timestamp.as_micros().try_into().unwrap())
}

impl Actor for Library {
    fn put(&mut self, key: usize, value: u64) -> What {
        let timestamp = self.0.put(&name(key), serde_json::Value::from(value)).unwrap();
        What::Put { key, value, number: number(timestamp) }
    }

    fn remove(&mut self, key: usize) -> What {
        let removed = self.0.remove(&name(key)).unwrap();
        // Nobody else synchronises this store: what it knows now it knew when it removed.
        let number = self.0.version(&name(key)).and_then(|version| number(version.timestamp));
        if removed { What::Remove { key, number } } else { What::Saw(vec![Sight::new(key, None, number)]) }
    }

    fn get(&mut self, key: usize) -> Vec<Sight> {
        loop {
            self.0.synchronize().unwrap();
            let Some(version) = self.0.version(&name(key)) else { return vec![Sight::new(key, None, None)] };
            let number = number(version.timestamp);
            if !version.is_live {
                return vec![Sight::new(key, None, number)];
            }
            // A version whose record has gone before it was read is no answer.
            if let Some(value) = self.0.value_of(&name(key), version.timestamp).unwrap() {
                return vec![Sight::new(key, Some(value.text().parse().unwrap()), number)];
            }
        }
    }

    fn list(&mut self) -> Vec<Sight> {
        self.0.synchronize().unwrap();
        let names: Vec<_> = self.0.keys().iter().map(Key::to_string).collect();
        sights_of_names(&names)
    }
}
