//! Taking in what others have done.

use std::time::Duration;

use super::records::{Peer, key, record, value};
use super::stage::{StoreStage, seconds};

pub(super) fn unchanged(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    const BATCH: usize = 1_000;
    // An mtime proves nothing until it is old enough.
    std::thread::sleep(Duration::from_millis(30));
    match peer {
        Peer::Keyfs => {
            let store = stage.store();
            store.synchronize().unwrap();
            vec![seconds(0..BATCH, |_| _ = store.synchronize().unwrap()) / BATCH as f64]
        }
        Peer::Original => {
            let original = stage.loaded(peer);
            original.synchronize();
            vec![original.synchronize()]
        }
        Peer::Bare => {
            let queue = stage.bare.watch().unwrap();
            vec![seconds(0..BATCH, |_| assert_eq!(stage.bare.read_new(&queue).unwrap(), 0)) / BATCH as f64]
        }
        Peer::Diskcache | Peer::Sqlite | Peer::Files => vec![],
    }
}

pub(super) fn one_change(stage: &mut StoreStage, peer: Peer) -> Vec<f64> {
    const BATCH: usize = 5;
    match peer {
        Peer::Keyfs => drop(stage.store().synchronize().unwrap()),
        Peer::Original => drop(stage.loaded(peer).synchronize()),
        Peer::Bare => {}
        Peer::Diskcache | Peer::Sqlite | Peer::Files => return vec![],
    }
    let queue = stage.bare.watch().unwrap();
    let mut total = 0.0;
    for number in Peer::Bare.own_numbers(stage.keys).take(BATCH) {
        stage.bare.replace(number, record(&key(number), &value(number + 1)).as_bytes(), false).unwrap();
        total += match peer {
            Peer::Keyfs => seconds([stage.store()], |store| assert_eq!(store.synchronize().unwrap().len(), 1)),
            Peer::Bare => seconds([()], |()| assert_eq!(stage.bare.read_new(&queue).unwrap(), 1)),
            _ => stage.loaded(Peer::Original).synchronize(),
        };
    }
    vec![total / BATCH as f64]
}
