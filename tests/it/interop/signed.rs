//! Values that show whether they are whole, whose they are, and in which order they were put.

use std::collections::HashMap;

use keyfs::{Store, Value};
use serde::{Deserialize, Serialize};

/// A value with a checksum over the rest of it; `driver.py` makes the same.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signed {
    key: String,
    pub(super) writer: String,
    pub(super) counter: u64,
    filler: String,
    checksum: u32,
}

impl Signed {
    pub(super) fn new(key: &str, writer: &str, counter: u64) -> Signed {
        let filler = "x".repeat((counter * 37 % 300) as usize);
        let checksum = adler32(&format!("{key} {writer} {counter} {filler}"));
        Signed { key: key.to_owned(), writer: writer.to_owned(), counter, filler, checksum }
    }

    pub(super) fn to_value(&self) -> Value {
        Value::from_serialize(self).unwrap()
    }
}

/// The checksum of RFC 1950.
fn adler32(text: &str) -> u32 {
    let (low, high) = text.bytes().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(byte)) % 65521;
        (low, (high + low) % 65521)
    });
    high << 16 | low
}

/// What one observer has seen so far.
#[derive(Default)]
pub(super) struct Watched {
    /// The last counter of each writer on each key.
    counters: HashMap<(String, String), u64>,
    /// How often a key was looked at.
    pub(super) looks: usize,
    /// How often it had a value that the look before had not seen.
    pub(super) news: usize,
}

impl Watched {
    /// Looks at a live key: it is there, its value is whole, and no older than what was seen before.
    #[track_caller]
    pub(super) fn check(&mut self, store: &Store, key: &str) -> Signed {
        self.looks += 1;
        let value = store.get(key).unwrap();
        let value = value.unwrap_or_else(|| panic!("{key} is live and was not seen in look {}", self.looks));
        let signed: Signed = value.deserialize().unwrap();
        let text = format!("{} {} {} {}", signed.key, signed.writer, signed.counter, signed.filler);
        assert_eq!((signed.key.as_str(), signed.checksum), (key, adler32(&text)), "torn: {value}");
        let last = self.counters.entry((key.to_owned(), signed.writer.clone())).or_default();
        assert!(signed.counter >= *last, "{key} went back from {last} to {}", signed.counter);
        self.news += usize::from(signed.counter > *last);
        *last = signed.counter;
        signed
    }
}
