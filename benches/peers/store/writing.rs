//! Putting and removing.

use std::ops::Range;

use keyfs::{Durability, Store, Value};

use super::records::{Peer, key, record, value};
use super::stage::{StoreStage, seconds};
use crate::measure::Stage;

/// Puts as a caller does who has the value as text.
fn put(store: &Store, key: &str, count: usize, durability: Durability) {
    store.put_with(key, Value::parse(&value(count)).unwrap(), durability).unwrap();
}

/// Replaces the values of keys, the first ones again when all have had their turn; the mean of `count` puts.
fn put_batch(
    stage: &mut StoreStage,
    peer: Peer,
    numbers: Range<usize>,
    count: usize,
    durability: Durability,
) -> Vec<f64> {
    let numbers: Vec<_> = numbers.cycle().take(count).collect();
    let keys: Vec<_> = numbers.iter().map(|&number| key(number)).collect();
    let sync = durability == Durability::Sync;
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(keys.iter().enumerate(), |(at, key)| put(store, key, at, durability))
        }
        Peer::Original | Peer::Diskcache | Peer::Sqlite => stage.loaded(peer).put(&keys, &value(0)),
        Peer::Bare => seconds(numbers.iter().zip(&keys).enumerate(), |(at, (&number, key))| {
            stage.bare.replace(number, record(key, &value(at)).as_bytes(), sync).unwrap();
        }),
        Peer::Files => seconds(keys.iter().enumerate(), |(at, key)| stage.files.put(key, &value(at), sync)),
    };
    vec![total / count as f64]
}

pub(super) fn put_burst(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    put_batch(stage, peer, peer.own_numbers(stage.keys), 50, Durability::Background)
}

pub(super) fn put_sustained(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    // The others leave nothing to a background, which only a longer run would show.
    let count = if matches!(peer, Peer::Keyfs | Peer::Bare) { 10_000 } else { 2_000 };
    put_batch(stage, peer, peer.own_numbers(stage.keys), count, Durability::Background)
}

pub(super) fn put_one_key(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    let first = peer.own_numbers(stage.keys).start;
    put_batch(stage, peer, first..first + 1, 200, Durability::Background)
}

pub(super) fn put_sync(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    let set_sync = |stage: &mut StoreStage, is_on| {
        if matches!(peer, Peer::Diskcache | Peer::Sqlite) {
            stage.loaded(peer).set_sync(is_on);
        }
    };
    if peer == Peer::Original {
        return vec![];
    }
    set_sync(stage, true);
    let samples = put_batch(stage, peer, peer.own_numbers(stage.keys), 20, Durability::Sync);
    set_sync(stage, false);
    samples
}

pub(super) fn put_new(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    const BATCH: usize = 50;
    let keys = stage.new_keys(BATCH);
    let first = stage.bare.next_number();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(keys.iter().enumerate(), |(at, key)| put(store, key, at, Durability::Background))
        }
        Peer::Original | Peer::Diskcache | Peer::Sqlite => stage.loaded(peer).put(&keys, &value(0)),
        Peer::Bare => seconds(keys.iter().enumerate(), |(at, key)| {
            stage.bare.create(record(key, &value(at)).as_bytes(), false).unwrap();
        }),
        Peer::Files => seconds(keys.iter().enumerate(), |(at, key)| stage.files.put(key, &value(at), false)),
    };
    // Every store stays as large as it was.
    stage.settle();
    match peer {
        Peer::Diskcache | Peer::Sqlite => drop(stage.loaded(peer).remove(&keys)),
        Peer::Files => keys.iter().for_each(|key| stage.files.remove(key)),
        Peer::Keyfs | Peer::Original | Peer::Bare => stage.bare.remove_new(first).unwrap(),
    }
    vec![total / BATCH as f64]
}

pub(super) fn remove(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    const BATCH: usize = 10;
    let numbers = peer.own_numbers(stage.keys).start..peer.own_numbers(stage.keys).start + BATCH;
    let keys: Vec<_> = numbers.clone().map(key).collect();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(&keys, |key| assert!(store.remove(key).unwrap()))
        }
        Peer::Original | Peer::Diskcache | Peer::Sqlite => stage.loaded(peer).remove(&keys),
        Peer::Bare => seconds(numbers.clone().zip(&keys), |(number, key)| {
            stage.bare.replace(number, record(key, "null").replace("false", "true").as_bytes(), false).unwrap();
        }),
        Peer::Files => seconds(&keys, |key| stage.files.remove(key)),
    };
    stage.settle();
    put_batch(stage, peer, numbers, BATCH, Durability::Background);
    vec![total / BATCH as f64]
}
