//! Opening, and getting what is there.

use super::records::{Peer, key};
use super::stage::{StoreStage, open_store, seconds};
use crate::caches;

pub(super) fn open(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    stage.close();
    timed(stage, peer)
}

pub(super) fn open_cold(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    stage.close();
    if !caches::drop_all() {
        return vec![];
    }
    timed(stage, peer)
}

/// As [`open`] where nobody has kept anything but the records.
pub(super) fn open_anew(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    stage.close();
    match peer {
        Peer::Keyfs => stage.remove_snapshot(),
        Peer::Bare => return vec![seconds([()], |()| stage.bare.read_all().unwrap())],
        Peer::Diskcache | Peer::Sqlite => return vec![],
        Peer::Original | Peer::Files => {}
    }
    timed(stage, peer)
}

fn timed(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    vec![match peer {
        Peer::Keyfs => {
            let (path, mut store) = (stage.path(), None);
            let seconds = seconds([()], |()| store = Some(open_store(&path)));
            assert_eq!(store.map(|store| store.len()), Some(stage.keys));
            seconds
        }
        Peer::Original | Peer::Diskcache | Peer::Sqlite => {
            let (python, path) = stage.python(peer);
            python.open(&path)
        }
        Peer::Bare => seconds([()], |()| drop(stage.bare.list().unwrap())),
        Peer::Files => seconds([()], |()| assert_eq!(stage.files.load().len(), stage.keys)),
    }]
}

pub(super) fn get(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    // Who reads the disk at each get is measured well enough by fewer.
    let batch = if matches!(peer, Peer::Keyfs | Peer::Original) { 20_000 } else { 2_000 };
    // In an order that caches do not foresee, the same for all.
    let keys: Vec<_> = (0..batch).map(|at| key(at * 7919 % stage.keys)).collect();
    let total = match peer {
        Peer::Keyfs => {
            let store = stage.store();
            seconds(&keys, |key| assert!(std::hint::black_box(store.get(key)).is_ok_and(|value| value.is_some())))
        }
        Peer::Original | Peer::Diskcache | Peer::Sqlite => stage.loaded(peer).get(&keys),
        Peer::Files => seconds(&keys, |key| drop(std::hint::black_box(stage.files.get(key)))),
        Peer::Bare => return vec![],
    };
    vec![total / batch as f64]
}
