//! What is measured: each operation, by each peer that has it.

use std::ops::Range;
use std::time::Duration;

use keyfs::{Durability, Store, Value};

use crate::records::{Peer, key, record, value};
use crate::stage::{Stage, open_store, seconds};

/// An operation that is measured.
pub(crate) struct Operation {
    /// How it is selected on the command line.
    pub(crate) name: &'static str,
    /// What it is, for the table.
    pub(crate) title: &'static str,
    /// What the floor is.
    pub(crate) floor: &'static str,
    /// Measures it once: seconds for one operation, the mean of a batch; `None` where the peer has no such operation.
    pub(crate) sample: fn(&mut Stage, Peer) -> Option<f64>,
}

/// All of them; `open` comes first, while nothing is loaded yet.
pub(crate) const OPERATIONS: [Operation; 10] = [
    Operation { name: "open", title: "open, warm", floor: "list the directory", sample: open },
    Operation { name: "get", title: "get", floor: "", sample: get },
    Operation {
        name: "put-burst",
        title: "put, replacing: 50 at once after a rest",
        floor: "create, write, link, unlink",
        sample: put_burst,
    },
    Operation {
        name: "put-sustained",
        title: "put, replacing: 10,000 without pause",
        floor: "create, write, link, unlink",
        sample: put_sustained,
    },
    Operation {
        name: "put-one-key",
        title: "put, replacing: one key 200 times",
        floor: "create, write, link, unlink",
        sample: put_one_key,
    },
    Operation {
        name: "put-sync",
        title: "put, replacing, on disk when it returns",
        floor: "create, write, fdatasync, link, fsync the directory, unlink",
        sample: put_sync,
    },
    Operation { name: "put-new", title: "put of a new key", floor: "create, write, link", sample: put_new },
    Operation { name: "remove", title: "remove", floor: "create, write, link, unlink", sample: remove },
    Operation {
        name: "synchronize-unchanged",
        title: "synchronise, nothing changed",
        floor: "read the empty queue of a watch",
        sample: synchronize_unchanged,
    },
    Operation {
        name: "synchronize-one",
        title: "synchronise, one foreign change",
        floor: "read the queue of a watch, read the record",
        sample: synchronize_one,
    },
];

fn open(stage: &mut Stage, peer: Peer) -> Option<f64> {
    let path = stage.path();
    stage.close();
    Some(match peer {
        Peer::Keyfs => {
            let mut store = None;
            let seconds = seconds([()], |()| store = Some(open_store(&path)));
            assert_eq!(store.map(|store| store.len()), Some(stage.keys));
            seconds
        }
        Peer::Original => stage.original.open(&path),
        Peer::Bare => seconds([()], |()| drop(stage.bare.list().unwrap())),
    })
}

fn get(stage: &mut Stage, peer: Peer) -> Option<f64> {
    const BATCH: usize = 20_000;
    // In an order that caches do not foresee, the same for both.
    let keys: Vec<_> = (0..BATCH).map(|at| key(at * 7919 % stage.keys)).collect();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(&keys, |key| assert!(std::hint::black_box(store.get(key)).is_some()))
        }
        Peer::Original => stage.loaded_original().get(&keys),
        Peer::Bare => return None,
    };
    Some(total / BATCH as f64)
}

/// Puts as a caller does who has the value as text.
fn put(store: &Store, key: &str, count: usize, durability: Durability) {
    store.put_with(key, Value::parse(&value(count)).unwrap(), durability).unwrap();
}

/// Replaces the values of keys, the first ones again when all have had their turn; the mean of `count` puts.
fn put_batch(stage: &mut Stage, peer: Peer, numbers: Range<usize>, count: usize, durability: Durability) -> f64 {
    let numbers: Vec<_> = numbers.cycle().take(count).collect();
    let keys: Vec<_> = numbers.iter().map(|&number| key(number)).collect();
    let sync = durability == Durability::Sync;
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(keys.iter().enumerate(), |(at, key)| put(store, key, at, durability))
        }
        Peer::Original => stage.loaded_original().put(&keys, &value(0)),
        Peer::Bare => seconds(numbers.iter().zip(&keys).enumerate(), |(at, (&number, key))| {
            stage.bare.replace(number, record(key, &value(at)).as_bytes(), sync).unwrap();
        }),
    };
    total / count as f64
}

fn put_burst(stage: &mut Stage, peer: Peer) -> Option<f64> {
    let own = peer.own_numbers(stage.keys);
    Some(put_batch(stage, peer, own, 50, Durability::Background))
}

fn put_sustained(stage: &mut Stage, peer: Peer) -> Option<f64> {
    let own = peer.own_numbers(stage.keys);
    // The original leaves nothing to a background, which only a longer run would show.
    let count = if peer == Peer::Original { 2_000 } else { 10_000 };
    Some(put_batch(stage, peer, own, count, Durability::Background))
}

fn put_one_key(stage: &mut Stage, peer: Peer) -> Option<f64> {
    let first = peer.own_numbers(stage.keys).start;
    Some(put_batch(stage, peer, first..first + 1, 200, Durability::Background))
}

fn put_sync(stage: &mut Stage, peer: Peer) -> Option<f64> {
    let own = peer.own_numbers(stage.keys);
    (peer != Peer::Original).then(|| put_batch(stage, peer, own, 20, Durability::Sync))
}

fn put_new(stage: &mut Stage, peer: Peer) -> Option<f64> {
    const BATCH: usize = 50;
    let keys = stage.new_keys(BATCH);
    let first = stage.bare.next_number();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(keys.iter().enumerate(), |(at, key)| put(store, key, at, Durability::Background))
        }
        Peer::Original => stage.loaded_original().put(&keys, &value(0)),
        Peer::Bare => seconds(keys.iter().enumerate(), |(at, key)| {
            stage.bare.create(record(key, &value(at)).as_bytes(), false).unwrap();
        }),
    };
    // The store stays as large as it was.
    stage.settle();
    stage.bare.remove_new(first).unwrap();
    Some(total / BATCH as f64)
}

fn remove(stage: &mut Stage, peer: Peer) -> Option<f64> {
    const BATCH: usize = 10;
    let numbers = peer.own_numbers(stage.keys).start..peer.own_numbers(stage.keys).start + BATCH;
    let keys: Vec<_> = numbers.clone().map(key).collect();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(&keys, |key| assert!(store.remove(key).unwrap()))
        }
        Peer::Original => stage.loaded_original().remove(&keys),
        Peer::Bare => seconds(numbers.clone().zip(&keys), |(number, key)| {
            stage.bare.replace(number, record(key, "null").replace("false", "true").as_bytes(), false).unwrap();
        }),
    };
    stage.settle();
    put_batch(stage, peer, numbers, BATCH, Durability::Background);
    Some(total / BATCH as f64)
}

fn synchronize_unchanged(stage: &mut Stage, peer: Peer) -> Option<f64> {
    const BATCH: usize = 1_000;
    // An mtime proves nothing until it is old enough.
    std::thread::sleep(Duration::from_millis(30));
    match peer {
        Peer::Keyfs => {
            let store = stage.store();
            store.synchronize().unwrap();
            Some(seconds(0..BATCH, |_| _ = store.synchronize().unwrap()) / BATCH as f64)
        }
        Peer::Original => {
            let original = stage.loaded_original();
            original.synchronize();
            Some(original.synchronize())
        }
        Peer::Bare => {
            let queue = stage.bare.watch().unwrap();
            Some(seconds(0..BATCH, |_| assert_eq!(stage.bare.read_new(&queue).unwrap(), 0)) / BATCH as f64)
        }
    }
}

fn synchronize_one(stage: &mut Stage, peer: Peer) -> Option<f64> {
    const BATCH: usize = 5;
    match peer {
        Peer::Keyfs => drop(stage.store().synchronize().unwrap()),
        Peer::Original => drop(stage.loaded_original().synchronize()),
        Peer::Bare => {}
    }
    let queue = stage.bare.watch().unwrap();
    let mut total = 0.0;
    for number in Peer::Bare.own_numbers(stage.keys).take(BATCH) {
        stage.bare.replace(number, record(&key(number), &value(number + 1)).as_bytes(), false).unwrap();
        total += match peer {
            Peer::Keyfs => seconds([stage.store()], |store| assert_eq!(store.synchronize().unwrap().len(), 1)),
            Peer::Original => stage.loaded_original().synchronize(),
            Peer::Bare => seconds([()], |()| assert_eq!(stage.bare.read_new(&queue).unwrap(), 1)),
        };
    }
    Some(total / BATCH as f64)
}
