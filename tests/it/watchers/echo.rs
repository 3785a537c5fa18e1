//! Telling watchers writes nothing, so that two mounts of one store never answer each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::fs::inotify::ReadFlags;
use serde_json::json;

use super::inotify::{Watcher, is};
use super::{QUIET, SECOND, requests};
use crate::behaviour::foreign_store;
use crate::mounted::Mounted;

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// "[...] without a record being written." "Telling writes nothing into the store: mounts of one store do not answer each other, and come to rest." One foreign put, two mounts that are watched, and then silence.
#[test]
fn one_foreign_put_leads_to_no_record_and_to_silence() {
    let Some(mounted) = Mounted::new() else { return };
    let Some(other) = Mounted::of(Some(&mounted.store_path()), &["-i", "other"]) else { return };
    let store = foreign_store(&mounted.store_path());
    let data = mounted.store_path().join("d");
    let mounts = [mounted.path(), other.path()];
    let watchers = [Watcher::on(&mounts[0]), Watcher::on(&mounts[1])];
    // A put of a new key, one of an old key, a removal.
    for value in [Some(0), Some(1), None] {
        if let Some(value) = value {
            store.put("key", json!(value)).unwrap();
        } else {
            store.remove("key").unwrap();
        }
        store.make_durable().unwrap();
        let records = Watcher::on(&data);
        let before = names(&data);
        for watcher in &watchers {
            watcher.wait_for(SECOND, is(ReadFlags::CLOSE_WRITE | ReadFlags::DELETE, "key"));
            watcher.until_quiet(QUIET);
        }
        let told = mounts.each_ref().map(|mount| requests(mount));
        assert!(told.iter().all(|&requests| requests > 0), "nothing was told: {told:?}");
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(mounts.each_ref().map(|mount| requests(mount)), told, "requests go on after {value:?}");
        assert!(watchers.iter().all(|watcher| watcher.until_quiet(Duration::ZERO).is_empty()));
        let stir = records.until_quiet(Duration::ZERO);
        assert!(stir.iter().all(|event| event.what.intersects(ReadFlags::DELETE)), "written: {stir:?}");
        assert!(names(&data).is_subset(&before));
    }
}
