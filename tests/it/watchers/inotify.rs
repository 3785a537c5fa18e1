//! A queue of inotify events, for tests.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// What has happened, and to which name in a directory; to the watched file itself, the name is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) what: ReadFlags,
    pub(super) name: String,
}

/// A watch on one path.
pub(super) struct Watcher {
    queue: OwnedFd,
}

impl Watcher {
    /// Watches for changes, not for reading.
    pub(super) fn on(path: &Path) -> Watcher {
        let changes = WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB;
        let names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE;
        let itself = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&queue, path, changes | names | itself).unwrap();
        Watcher { queue }
    }

    /// The events up to one that is looked for, and it; fails when it does not come in time.
    #[track_caller]
    pub(super) fn wait_for(&self, limit: Duration, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let end = Instant::now() + limit;
        let mut events = Vec::new();
        while !events.iter().any(&wanted) {
            assert!(self.is_ready(end), "not within {limit:?}; there were {events:?}");
            events.extend(self.read());
        }
        events
    }

    /// All events until there is none for so long.
    pub(super) fn until_quiet(&self, quiet: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        while self.is_ready(Instant::now() + quiet) {
            events.extend(self.read());
        }
        events
    }

    fn is_ready(&self, end: Instant) -> bool {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).unwrap();
        poll(&mut [PollFd::new(&self.queue, PollFlags::IN)], Some(&left)).unwrap() > 0
    }

    fn read(&self) -> Vec<Event> {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = Reader::new(&self.queue, &mut buffer);
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map_or(String::new(), |name| name.to_str().unwrap().to_owned());
                    assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW));
                    events.push(Event { what: event.events(), name });
                }
                Err(Errno::AGAIN) => return events,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Whether an event tells of one of some things that happened to a name.
pub(super) fn is(what: ReadFlags, name: &str) -> impl Fn(&Event) -> bool {
    move |event| event.what.intersects(what) && event.name == name
}

/// How many events tell of one of some things.
pub(super) fn count(events: &[Event], what: ReadFlags, name: &str) -> usize {
    events.iter().filter(|event| is(what, name)(event)).count()
}
