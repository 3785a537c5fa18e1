//! Two stores of ours and two processes of the original, against a map in which the last write wins.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use keyfs::{Key, Store, Value};

use super::{Directory, everything};
use crate::python::Python;
use crate::random::Random;

/// Operations of one run.
const OPERATIONS: u64 = 2400;

/// The parties, and what all of them are to show.
struct World {
    directory: Directory,
    ours: [Store; 2],
    theirs: [Python; 2],
    /// Reads only; made anew for each look, because an instance is deaf to keys that it has created itself.
    fresh: Python,
    keys: Vec<Key>,
    /// Live keys and values as JSON texts. Its order is that of the keys.
    model: BTreeMap<Key, String>,
}

impl World {
    fn new() -> World {
        let directory = Directory::new();
        let mut keys: Vec<_> = ["", "a", "a/b", "é\n", "🎉"].into_iter().map(Key::from).collect();
        keys.push(Key::from_wtf8(b"\xed\xa0\x80").unwrap());
        World {
            ours: ["rust1", "rust2"].map(|name| directory.writer(name)),
            theirs: ["python1", "python2"].map(|name| directory.python(name)),
            fresh: directory.python("fresh"),
            directory,
            keys,
            model: BTreeMap::new(),
        }
    }

    /// One operation of one party; says what it was.
    fn step(&mut self, random: &mut Random, number: u64) -> String {
        let key = self.keys[random.below(self.keys.len() as u64) as usize].clone();
        let party = random.below(2) as usize;
        let operation = random.below(100);
        if random.below(2) == 0 {
            self.step_of_ours(party, operation, &key, number)
        } else {
            self.step_of_theirs(party, operation, &key, number)
        }
    }

    fn step_of_ours(&mut self, party: usize, operation: u64, key: &Key, number: u64) -> String {
        let store = &mut self.ours[party];
        match operation {
            0..60 => {
                let text = value(number);
                store.put(key, Value::parse(&text).unwrap()).unwrap();
                self.model.insert(key.clone(), text);
                format!("ours[{party}].put({key:?}, {number})")
            }
            60..95 => {
                let was_live = self.model.remove(key).is_some();
                assert_eq!(store.remove(key).unwrap(), was_live, "remove({key:?})");
                format!("ours[{party}].remove({key:?})")
            }
            95..98 => {
                assert_eq!(store.clear().unwrap(), self.model.len(), "clear");
                self.model.clear();
                format!("ours[{party}].clear()")
            }
            _ => {
                *store = self.directory.writer(["rust1", "rust2"][party]);
                format!("ours[{party}] opened again")
            }
        }
    }

    fn step_of_theirs(&mut self, party: usize, operation: u64, key: &Key, number: u64) -> String {
        let python = &mut self.theirs[party];
        match operation {
            0..55 => {
                let text = value(number);
                python.put(key, &text);
                self.model.insert(key.clone(), text);
                format!("theirs[{party}].put({key:?}, {number})")
            }
            55..85 => {
                // Without this it would not know of a key that only others have put.
                python.synchronize();
                python.remove(key);
                self.model.remove(key);
                format!("theirs[{party}].remove({key:?})")
            }
            85..90 => {
                python.synchronize();
                format!("theirs[{party}].synchronize()")
            }
            90..93 => {
                // A new instance: with a key of its own creation, clearing would stop there.
                python.reopen();
                python.clear();
                self.model.clear();
                format!("theirs[{party}].clear()")
            }
            _ => {
                python.reopen();
                format!("theirs[{party}] made anew")
            }
        }
    }

    /// Checks that everybody shows what the model holds.
    fn check(&mut self, context: &str) {
        let expected: Vec<_> = self.model.iter().map(|(key, text)| (key.to_json(), text.clone())).collect();
        for (party, store) in self.ours.iter().enumerate() {
            store.synchronize().unwrap();
            assert_eq!(everything(store), expected, "ours[{party}] after {context}");
            assert_eq!(store.len(), expected.len(), "ours[{party}] after {context}");
        }
        self.fresh.reopen();
        assert_eq!(self.fresh.everything(), expected, "a new instance of theirs after {context}");
    }
}

fn value(number: u64) -> String {
    match number % 4 {
        0 => number.to_string(),
        1 => format!("[{number}, null]"),
        2 => format!("{{\"n\": {number}}}"),
        _ => format!("\"\\u00e9{number}\""),
    }
}

#[test]
fn whatever_the_parties_do_one_after_another_the_last_write_wins() {
    let seed = std::env::var("KEYFS_TEST_SEED").map_or_else(
        |_| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
        |seed| seed.parse().unwrap(),
    );
    println!("KEYFS_TEST_SEED={seed}");
    let (mut random, mut world) = (Random(seed), World::new());
    for number in 0..OPERATIONS {
        let operation = world.step(&mut random, number);
        world.check(&format!("operation {number}, {operation}"));
    }
    let reader = world.directory.reader();
    let expected: Vec<_> = world.model.iter().map(|(key, text)| (key.to_json(), text.clone())).collect();
    assert_eq!(everything(&reader), expected);
}
