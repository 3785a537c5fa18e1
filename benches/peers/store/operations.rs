//! What is measured of stores.

use super::records::Peer;
use super::stage::StoreStage;
use super::{following, reading, writing};
use crate::measure::{AS_ASKED, Figure, Operation};

type OfStore = Operation<StoreStage, Peer>;

const fn operation(
    figures: &'static [Figure],
    note: &'static str,
    sample: fn(&mut StoreStage, Peer) -> Vec<f64>,
) -> OfStore {
    Operation { figures, note, most_rounds: AS_ASKED, sample }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static OfStore> {
    OPENING.iter().chain(&OPERATIONS).chain(&FOLLOWING)
}

/// Those that are measured of a million keys, too.
pub(crate) fn of_a_million() -> impl Iterator<Item = &'static OfStore> {
    OPENING.iter().chain(&FOLLOWING)
}

/// Those that come first, while nothing is loaded yet.
static OPENING: [OfStore; 3] = [
    operation(&[Figure::seconds("open", "open, warm")], OPENED, reading::open),
    operation(
        &[Figure::seconds("open-anew", "open, warm, without a snapshot")],
        "floor: list the directory; open, fstat, read and close each record; the JSON files: read and parse all of them",
        reading::open_anew,
    ),
    Operation {
        figures: &[Figure::seconds("open-cold", "open, cold")],
        note: "the kernel was told to forget all that it keeps of the disk; floor: list the directory",
        most_rounds: |keys| if keys > 100_000 { 1 } else { 3 },
        sample: reading::open_cold,
    },
];

const OPENED: &str = "floor: list the directory; the JSON files: read and parse all of them";
const REPLACED: &str = "floor: create, write, link, unlink; the JSON files: create, write, rename";

static OPERATIONS: [OfStore; 7] = [
    operation(&[Figure::seconds("get", "get")], "the JSON files: open, read, parse", reading::get),
    operation(&[Figure::seconds("put-burst", "put, replacing: 50 at once after a rest")], REPLACED, writing::put_burst),
    operation(
        &[Figure::seconds("put-sustained", "put, replacing: 10,000 without pause")],
        "floor: create, write, link, unlink; those that leave nothing to a background: 2,000",
        writing::put_sustained,
    ),
    operation(&[Figure::seconds("put-one-key", "put, replacing: one key 200 times")], REPLACED, writing::put_one_key),
    operation(
        &[Figure::seconds("put-sync", "put, replacing, on disk when it returns")],
        "floor: create, write, fdatasync, link, fsync the directory, unlink; SQLite: `synchronous = FULL`",
        writing::put_sync,
    ),
    operation(&[Figure::seconds("put-new", "put of a new key")], "floor: create, write, link", writing::put_new),
    operation(&[Figure::seconds("remove", "remove")], "floor: create, write, link, unlink", writing::remove),
];

/// What is asked of a store that others have changed, or not.
static FOLLOWING: [OfStore; 2] = [
    operation(
        &[Figure::seconds("synchronize-unchanged", "synchronise, nothing changed")],
        "floor: read the empty queue of an inotify watch",
        following::unchanged,
    ),
    operation(
        &[Figure::seconds("synchronize-one", "synchronise, one foreign change")],
        "floor: read the queue of an inotify watch; open, fstat, read and close the record",
        following::one_change,
    ),
];
