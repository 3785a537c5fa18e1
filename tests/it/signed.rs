//! Values that show whether they are whole, whose they are, and in which order they were put.

use keyfs::Value;
use serde::{Deserialize, Serialize};

/// A value with a checksum over the rest of it; `driver.py` makes the same.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Signed {
    key: String,
    pub(crate) writer: String,
    pub(crate) counter: u64,
    filler: String,
    checksum: u32,
}

impl Signed {
    pub(crate) fn new(key: &str, writer: &str, counter: u64) -> Signed {
        Signed::filled(key, writer, counter, "x".repeat((counter * 37 % 300) as usize))
    }

    pub(crate) fn filled(key: &str, writer: &str, counter: u64, filler: String) -> Signed {
        let checksum = adler32(&text(key, writer, counter, &filler));
        Signed { key: key.to_owned(), writer: writer.to_owned(), counter, filler, checksum }
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::from_serialize(self).unwrap()
    }

    /// Reads a value that a key has; an error when it is not whole, or another key's.
    pub(crate) fn read(key: &str, value: &Value) -> Result<Signed, String> {
        let torn = |why: &str| {
            let begin: String = value.to_ascii().chars().take(200).collect();
            format!("torn: {why}: {begin}")
        };
        let signed: Signed = value.deserialize().map_err(|error| torn(&error.to_string()))?;
        let text = text(&signed.key, &signed.writer, signed.counter, &signed.filler);
        match (signed.key == key, signed.checksum == adler32(&text)) {
            (true, true) => Ok(signed),
            (false, _) => Err(torn("another key's")),
            (_, false) => Err(torn("the checksum is wrong")),
        }
    }
}

fn text(key: &str, writer: &str, counter: u64, filler: &str) -> String {
    format!("{key} {writer} {counter} {filler}")
}

/// The checksum of RFC 1950.
fn adler32(text: &str) -> u32 {
    let (low, high) = text.bytes().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(byte)) % 65521;
        (low, (high + low) % 65521)
    });
    high << 16 | low
}
