//! Those who write as fast as they can.

use std::fs;
use std::ops::Range;
use std::path::Path;

use keyfs::Store;

use super::progress::{PLACES, Progress};
use super::tally::Tally;
use super::values::{file_text, is_removal, value};
use crate::python::Python;

/// The keys that the library puts and removes.
pub(super) const BY_LIBRARY: Range<usize> = 0..16;

/// The keys that the Python original puts and removes.
pub(super) const BY_PYTHON: Range<usize> = 16..24;

/// Counts the keys that were added one after the other.
pub(super) const NEWCOMERS: usize = PLACES - 1;

/// Counts those of them that were removed again.
pub(super) const LEAVERS: usize = PLACES - 2;

/// How many newcomers stay.
const STAY: u64 = 40;

/// The key of a place.
pub(super) fn key(place: usize) -> String {
    format!("key {place}")
}

/// The name of a key that is new.
pub(super) fn newcomer(number: u64) -> String {
    format!("new {number}")
}

/// Puts and removes through the library until it is told to stop; and adds a key that is new each time.
pub(super) fn put_and_remove(store: &Store, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    for number in 1.. {
        for place in BY_LIBRARY {
            if progress.is_stopped() {
                return tally;
            }
            progress.begin(place, number);
            match is_removal(number) {
                true => drop(store.remove(key(place).as_str()).unwrap()),
                false => drop(store.put(key(place).as_str(), serde_json::Value::from(value(number))).unwrap()),
            }
            progress.end(place, number);
            tally.count("put or removed");
            if place % 2 == 0 {
                add_one(store, progress);
            }
        }
    }
    tally
}

/// Adds a key that is new, and removes an older one.
fn add_one(store: &Store, progress: &Progress) {
    let number = progress.reached(NEWCOMERS).returned + 1;
    progress.begin(NEWCOMERS, number);
    store.put(newcomer(number).as_str(), serde_json::Value::from(number)).unwrap();
    progress.end(NEWCOMERS, number);
    if number > STAY {
        progress.begin(LEAVERS, number - STAY);
        store.remove(newcomer(number - STAY).as_str()).unwrap();
        progress.end(LEAVERS, number - STAY);
    }
}

/// Puts and removes with the Python original.
pub(super) fn put_and_remove_in_python(python: &mut Python, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    for number in 1.. {
        for place in BY_PYTHON {
            if progress.is_stopped() {
                return tally;
            }
            progress.begin(place, number);
            match is_removal(number) {
                true => python.remove(key(place).as_str()),
                false => python.put(key(place).as_str(), &format!("\"{}\"", value(number))),
            }
            progress.end(place, number);
            tally.count("put or removed");
        }
    }
    tally
}

/// Saves and removes files in a mount.
pub(super) fn save_and_unlink(mount: &Path, places: Range<usize>, progress: &Progress) -> Tally {
    let mut tally = Tally::default();
    for number in 1.. {
        for place in places.clone() {
            if progress.is_stopped() {
                return tally;
            }
            progress.begin(place, number);
            let path = mount.join(key(place));
            let done = match is_removal(number) {
                true => fs::remove_file(&path),
                false => fs::write(&path, file_text(number)),
            };
            progress.end(place, number);
            tally.note("saved or removed", done.map_err(|error| format!("{}: {error}", path.display())));
        }
    }
    tally
}
