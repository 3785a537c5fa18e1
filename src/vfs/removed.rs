//! The last values of keys that were unlinked a moment ago.
//!
//! `install`, `tar`, `cp --remove-destination` and `mv` from another file system unlink a file before they write it anew.
//! When that new text is refused, the old value is put back: a text that is not JSON never costs a value.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::record::{Key, Value};

/// How long after the unlink the same name is taken for a new version of the file.
const VALID: Duration = Duration::from_secs(10);

/// The most values that are remembered.
const VALUES: usize = 64;

/// The most bytes of them together.
const BYTES: usize = 64 * 1024 * 1024;

struct RemovedValue {
    key: Key,
    value: Value,
    at: Instant,
}

/// The values, the oldest first.
#[derive(Default)]
pub(super) struct Removed {
    values: VecDeque<RemovedValue>,
}

impl Removed {
    /// Remembers the value that a key had.
    pub(super) fn add(&mut self, key: &Key, value: Value) {
        self.take(key);
        self.values.push_back(RemovedValue { key: key.clone(), value, at: Instant::now() });
        while self.values.len() > VALUES || self.values.len() > 1 && self.bytes() > BYTES {
            self.values.pop_front();
        }
    }

    /// Forgets the value of a key that was put or removed since.
    pub(super) fn forget(&mut self, key: &Key) {
        self.values.retain(|removed| removed.key != *key);
    }

    /// Whether a key was unlinked a moment ago.
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.values.iter().any(|removed| removed.key == *key && removed.at.elapsed() < VALID)
    }

    /// Takes the value that a key had until a moment ago.
    pub(super) fn take(&mut self, key: &Key) -> Option<Value> {
        self.values.retain(|removed| removed.at.elapsed() < VALID);
        let at = self.values.iter().position(|removed| removed.key == *key)?;
        self.values.remove(at).map(|removed| removed.value)
    }

    fn bytes(&self) -> usize {
        self.values.iter().map(|removed| removed.value.text().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    /// "unlink: The value is remembered [...] (at most 64 values."
    #[test]
    fn a_value_is_taken_once_and_the_oldest_go_first() {
        let mut removed = Removed::default();
        let keys: Vec<Key> = (0..VALUES + 2).map(|number| Key::from(number.to_string().as_str())).collect();
        for key in &keys {
            removed.add(key, value("1"));
        }
        assert!(removed.take(&keys[0]).is_none() && removed.take(&keys[1]).is_none());
        assert_eq!(removed.take(&keys[2]), Some(value("1")));
        assert!(removed.take(&keys[2]).is_none());
    }

    /// "unlink: The value is remembered [...] 64 MiB)."
    /// "unlink: The value is remembered for 10 s." "A name that was a key until ten seconds ago is not new."
    #[test]
    fn a_value_is_remembered_for_ten_seconds() {
        for (seconds, is_remembered) in [(9.9, true), (10.0, false)] {
            let mut removed = Removed::default();
            let key = Key::from("key");
            removed.add(&key, value("1"));
            removed.values[0].at = Instant::now().checked_sub(Duration::from_secs_f64(seconds)).unwrap();
            assert_eq!(removed.contains(&key), is_remembered);
            assert_eq!(removed.take(&key).is_some(), is_remembered);
        }
    }

    #[test]
    fn large_values_push_others_out_but_never_themselves() {
        let mut removed = Removed::default();
        let large = value(&format!("\"{}\"", "x".repeat(BYTES)));
        removed.add(&Key::from("small"), value("1"));
        removed.add(&Key::from("large"), large.clone());
        assert!(removed.take(&Key::from("small")).is_none());
        assert_eq!(removed.take(&Key::from("large")), Some(large));
    }
}
