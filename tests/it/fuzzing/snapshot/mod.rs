//! Snapshots, which whoever may write the file may forge, hash and all.

mod directory;
mod told;

use keyfs::vfs::with_text_shape;
use keyfs::{Key, OpenOptions, Store, Value};

use directory::{Present, RECORDS, is_of};
use told::{all_are_so, told};

/// What a file of the present version begins with, before its hash.
const MAGIC: &[u8] = b"keyfs-s\x03";

/// A snapshot that says what is so spares reading and changes nothing of what is shown; of one that does not, no value is
/// believed. The first byte says whether the others are the file, or what stands in it after its hash.
pub(crate) fn check(bytes: &[u8]) {
    let Some(file) = file(bytes) else { return };
    for measures in [false, true] {
        let (store, read) = open(Some(file.clone()), measures);
        let told = told(&file, MAGIC, measures);
        if all_are_so(&told, measures) {
            assert_eq!(read, RECORDS.len() - told.len(), "needless reading, or too little");
            let (without, _) = open(None, measures);
            assert_eq!(view(&store), view(&without), "with the snapshot something else is shown");
        }
        assert_nothing_is_invented(&store);
        store.synchronize().unwrap();
        assert_nothing_is_invented(&store);
    }
}

fn file(bytes: &[u8]) -> Option<Vec<u8>> {
    let (&kind, bytes) = bytes.split_first()?;
    let hash = *blake3::hash(bytes).as_bytes();
    Some(if kind % 8 == 7 { bytes.to_vec() } else { [MAGIC, &hash, bytes].concat() })
}

/// A reader, and how many records it has read.
fn open(snapshot: Option<Vec<u8>>, measures: bool) -> (Store, usize) {
    let options = OpenOptions::read_only();
    let options = if measures { with_text_shape(options) } else { options };
    let present = Present::with(snapshot);
    let store = Store::with_directory(Box::new(present.clone()), options).unwrap();
    (store, present.records_read())
}

/// Of each live key its number, its measure and its value; and how many tombstones and unreadable records there are.
type View = (Vec<(Key, String, Option<Value>)>, usize, usize);

fn view(store: &Store) -> View {
    let shown = |key: Key| {
        let version = store.version(&key).unwrap();
        let value = store.get(&key).unwrap();
        (key, format!("{version:?}"), value)
    };
    (store.keys().into_iter().map(shown).collect(), store.tombstones(), store.oddities().unreadable.len())
}

fn assert_nothing_is_invented(store: &Store) {
    for key in store.keys() {
        // A key may be told of that is none; its value is not.
        if let Ok(Some(value)) = store.get(&key) {
            assert!(is_of(&key, &value), "{key:?} never was {value}");
        }
    }
}
