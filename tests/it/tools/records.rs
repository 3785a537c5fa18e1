//! The records that appear in a store: counted as they come, because a superseded one goes again.

use std::fs::File;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

/// A record that has appeared.
pub(super) struct Appeared {
    /// The number of the row that ran, or had run last.
    pub(super) row: usize,
    /// The key, and whether it was put; nothing when the record had gone before it could be read.
    pub(super) read: Option<(String, bool)>,
}

impl Appeared {
    /// As a row says it: `put KEY`, `remove KEY`.
    pub(super) fn text(&self) -> String {
        match &self.read {
            Some((key, true)) => format!("put {key}"),
            Some((key, false)) => format!("remove {key}"),
            None => "?".to_owned(),
        }
    }
}

/// A watch on the records of a store, and on a directory of marks, whose events stand in the same queue.
pub(super) struct Records {
    queue: Arc<OwnedFd>,
    watch: i32,
    marks: PathBuf,
    thread: JoinHandle<Vec<Appeared>>,
}

impl Records {
    /// Watches a store from now on; `marks` is an empty directory.
    pub(super) fn watch(store: &Path, marks: PathBuf) -> Records {
        let directory = store.join("d");
        let queue = Arc::new(inotify::init(CreateFlags::CLOEXEC).unwrap());
        let watch = inotify::add_watch(&queue, &directory, WatchFlags::CREATE | WatchFlags::MOVED_TO).unwrap();
        inotify::add_watch(&queue, &marks, WatchFlags::CREATE).unwrap();
        let events = Arc::clone(&queue);
        let thread = thread::spawn(move || read_all(&events, watch, &directory));
        Records { queue, watch, marks, thread }
    }

    /// Says that a row begins: what appears from now on is its.
    pub(super) fn begin(&self, row: usize) {
        File::create(self.marks.join(row.to_string())).unwrap();
    }

    /// Stops watching; all that has appeared, in its order.
    pub(super) fn stop(self) -> Vec<Appeared> {
        // The last event tells that the watch has gone.
        inotify::remove_watch(&self.queue, self.watch).unwrap();
        self.thread.join().unwrap()
    }
}

fn read_all(queue: &OwnedFd, watch: i32, directory: &Path) -> Vec<Appeared> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(queue, &mut buffer);
    let (mut appeared, mut row) = (Vec::new(), 0);
    loop {
        let event = events.next().unwrap();
        assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW), "more records than can be counted");
        if event.events().contains(ReadFlags::IGNORED) {
            return appeared;
        }
        let name = event.file_name().unwrap().to_str().unwrap();
        if event.wd() == watch {
            appeared.push(Appeared { row, read: read(&directory.join(name)) });
        } else {
            row = name.parse().unwrap();
        }
    }
}

fn read(path: &Path) -> Option<(String, bool)> {
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).unwrap();
    Some((record["key"].as_str().unwrap().to_owned(), record["bDeleted"] == false))
}
