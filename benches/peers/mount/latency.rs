//! How soon a watcher is awake after others have put a value.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keyfs::{Store, Value};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::faces::{Face, Faces, name};
use crate::measure::{AS_ASKED, Figure, Group, Operation, Stage};
use crate::numbers::{median, ninety_ninth};
use crate::store::records::{key, value};
use crate::store::stage::open_store;

pub(crate) static GROUP: Group = Group {
    name: "latency",
    many: "keys",
    peers: &["keyfs", "floor"],
    tables: &[("From the begin of a put by another process until a watcher of the mount is awake", &[0, 1])],
};

/// So many puts make a sample.
const PUTS: usize = 100;

/// Who is woken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watcher {
    /// Somebody who watches the mount.
    Mount,
    /// Somebody who watches the directory of the records.
    Records,
}

/// A mounted store, and another program that puts into it.
pub(crate) struct LatencyStage {
    store: Store,
    faces: Faces,
    puts: usize,
}

impl LatencyStage {
    pub(crate) fn new(parent: &Path, keys: usize) -> LatencyStage {
        let faces = Faces::new(parent, keys);
        LatencyStage { store: open_store(&faces.store()), faces, puts: 0 }
    }

    /// The seconds from the begin of a put until a thread is awake that waits for `flags`.
    fn wake(&mut self, descriptor: impl AsFd + Sync, flags: PollFlags) -> f64 {
        const PAUSE: Duration = Duration::from_millis(3);
        const LIMIT: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };
        self.puts += 1;
        let value = Value::parse(&value(self.puts)).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let woken = poll(&mut [PollFd::new(&descriptor, flags)], Some(&LIMIT)).unwrap();
                (woken, Instant::now())
            });
            // By then it sleeps.
            thread::sleep(PAUSE);
            let began = Instant::now();
            self.store.put(&key(0), value).unwrap();
            let (woken, at) = waiter.join().unwrap();
            assert_eq!(woken, 1, "nobody was woken");
            at.duration_since(began).as_secs_f64()
        })
    }

    fn path(&self) -> PathBuf {
        self.faces.root(Face::Keyfs).join(name(0))
    }
}

impl Stage for LatencyStage {
    type Peer = Watcher;
    const GROUP: &'static Group = &GROUP;
    const PEERS: &'static [Watcher] = &[Watcher::Mount, Watcher::Records];

    fn size(&self) -> usize {
        self.faces.keys
    }

    fn settle(&mut self) {
        self.faces.settle();
    }
}

pub(crate) static OPERATIONS: [Operation<LatencyStage, Watcher>; 2] = [
    Operation {
        figures: &[
            Figure::seconds("poll", "until poll on the open key returns, median"),
            Figure::seconds("poll-p99", "until poll on the open key returns, 99 of 100"),
        ],
        note: FLOOR,
        most_rounds: AS_ASKED,
        sample: polled,
    },
    Operation {
        figures: &[
            Figure::seconds("inotify", "until an inotify event on the mount, median"),
            Figure::seconds("inotify-p99", "until an inotify event on the mount, 99 of 100"),
        ],
        note: FLOOR,
        most_rounds: AS_ASKED,
        sample: watched,
    },
];

const FLOOR: &str = "the same until an inotify event on the directory of the records, which no daemon stands before";

fn summary(samples: Vec<f64>) -> Vec<f64> {
    vec![median(samples.clone()).unwrap(), ninety_ninth(samples)]
}

fn polled(stage: &mut LatencyStage, watcher: Watcher) -> Vec<f64> {
    if watcher == Watcher::Records {
        return watched(stage, watcher);
    }
    // A handle that has been woken stays awake, so each wait has a new one.
    summary((0..PUTS).map(|_| stage.wake(File::open(stage.path()).unwrap(), PollFlags::PRI)).collect())
}

/// A watch on a directory, for what follows a put.
fn watch(directory: &Path, changes: WatchFlags) -> OwnedFd {
    let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&queue, directory, changes).unwrap();
    queue
}

/// Reads all events until there was none for a while; whatever belongs to the last put has come by then.
fn drain(queue: &OwnedFd) {
    const QUIET: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    let mut buffer = [MaybeUninit::uninit(); 4096];
    while poll(&mut [PollFd::new(queue, PollFlags::IN)], Some(&QUIET)).unwrap() > 0 {
        let mut events = Reader::new(queue, &mut buffer);
        while events.next().map_err(|error| assert_eq!(error, Errno::AGAIN)).is_ok() {}
    }
}

fn watched(stage: &mut LatencyStage, watcher: Watcher) -> Vec<f64> {
    let names = WatchFlags::CREATE | WatchFlags::MOVED_TO;
    let queue = match watcher {
        Watcher::Mount => watch(&stage.faces.root(Face::Keyfs), names | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE),
        Watcher::Records => watch(&stage.faces.store().join("d"), names),
    };
    let one = |_| {
        drain(&queue);
        // Only what the kernel knows is repeated for watchers.
        std::fs::symlink_metadata(stage.path()).unwrap();
        stage.wake(&queue, PollFlags::IN)
    };
    summary((0..PUTS).map(one).collect())
}
