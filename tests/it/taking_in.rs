//! Listings while another thread takes in what others have done.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use keyfs::vfs::{Engine, EngineError, Entry, ForeignChange, InodeNo, Vfs, VfsOptions};
use keyfs::{OpenOptions, Store};

use crate::behaviour::{foreign_store, vfs_of};
use crate::standing_before::{Before, StandingBefore};

/// A store whose armed synchronisation lets somebody else begin one before it tells what it has found.
struct Slow {
    store: Store,
    armed: Arc<AtomicBool>,
    found: Arc<Barrier>,
}

impl Before for Slow {
    fn store(&self) -> impl Deref<Target = Store> {
        &self.store
    }

    fn synchronize(&self) -> Result<Vec<ForeignChange>, EngineError> {
        let changes = Engine::synchronize(&self.store)?;
        if self.armed.swap(false, Ordering::SeqCst) {
            self.found.wait();
            // The other one goes on now, or waits until this has been told.
            std::thread::sleep(Duration::from_millis(300));
        }
        Ok(changes)
    }
}

/// "The next listing through the mount see[s] it", also when it is another thread that has found the change and not yet
/// noted it: what the kernel has kept must not count as right. "opendir, readdir: The kernel keeps a listing while
/// nothing has changed."
#[test]
fn a_listing_waits_until_what_another_thread_has_found_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let store = foreign_store(directory.path());
    let (armed, found) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(2)));
    let slow = Slow {
        store: Store::open(directory.path(), OpenOptions::read_only()).unwrap(),
        armed: Arc::clone(&armed),
        found: Arc::clone(&found),
    };
    let vfs = Vfs::new(StandingBefore(slow), VfsOptions::default());
    let open = || {
        let opened = vfs.opendir(InodeNo::ROOT).unwrap();
        vfs.readdir(opened.handle, 0, |_, _| true).unwrap();
        vfs.releasedir(opened.handle).unwrap();
        opened.keep_cache
    };
    assert_eq!((open(), open()), (false, true));
    store.put("key", serde_json::Value::from(1)).unwrap();
    armed.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        scope.spawn(|| vfs.synchronize().unwrap());
        found.wait();
        assert!(!open(), "the listing that the kernel has kept is old");
    });
}

/// The kernel has given the first piece of a listing from its cache to one who opens the directory, and has then lost it.
#[test]
fn a_listing_that_another_handle_has_begun_is_read_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    for key in ["b", "c", "d"] {
        store.put(key, serde_json::Value::from(1)).unwrap();
    }
    let read = |handle, offset| {
        let mut entries = Vec::new();
        let mut add = |entry: &Entry, next| entries.push((entry.name.clone().into_string().unwrap(), next));
        vfs.readdir(handle, offset, |entry, next| {
            add(entry, next);
            false
        })
        .unwrap();
        entries
    };
    let first = vfs.opendir(InodeNo::ROOT).unwrap();
    let all = read(first.handle, 0);
    let second = vfs.opendir(InodeNo::ROOT).unwrap();
    assert!(second.keep_cache);
    vfs.releasedir(first.handle).unwrap();
    store.put("a", serde_json::Value::from(1)).unwrap();
    vfs.synchronize().unwrap();
    // After ".", ".." and "b".
    assert_eq!(read(second.handle, all[2].1), all[3..], "all but what came from the cache, once");
}
