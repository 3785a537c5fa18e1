//! The watch on the names of `d/`, on inotify.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::standing::{Standing, Watched, identity};
use crate::record::Timestamp;
use crate::store::directory::{NameEvent, Watch};

/// The bytes that one read of events takes at most: some three hundred events.
const BUFFER_BYTES: usize = 16 << 10;

/// What tells that the directory has gone, or is no longer where the store looks for it.
const LOST: ReadFlags = ReadFlags::QUEUE_OVERFLOW
    .union(ReadFlags::IGNORED)
    .union(ReadFlags::UNMOUNT)
    .union(ReadFlags::DELETE_SELF)
    .union(ReadFlags::MOVE_SELF);

/// An inotify queue of the names in one directory.
pub(super) struct NameWatch {
    queue: OwnedFd,
    /// Which events are those of the store directory.
    store: i32,
    /// Rings for whoever waits.
    bell: OwnedFd,
    data: Watched,
}

impl NameWatch {
    /// Begins to watch `data`, which is `d/` in `store`; what happens from now on is in the queue.
    pub(super) fn new(store: &OwnedFd, data: &OwnedFd, standing: Standing) -> io::Result<NameWatch> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let names = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::MOVED_FROM;
        let itself = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR;
        inotify::add_watch(&queue, path_of(data), names | itself)?;
        // A directory that is open somewhere does not tell that it is deleted; the one that holds it does.
        let names = WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::MOVED_FROM;
        let store_watch = inotify::add_watch(&queue, path_of(store), names | itself)?;
        let (held, named) = (fs::fstat(data)?, fs::statat(store, "d", AtFlags::SYMLINK_NOFOLLOW)?);
        let (held, named) = (identity(&held), identity(&named));
        if held != named {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(NameWatch { queue, store: store_watch, bell, data: Watched::new(standing, held) })
    }
}

/// By descriptor, so that the watch is on the directory that is listed, wherever its path leads now.
fn path_of(directory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", directory.as_raw_fd())
}

impl Watch for NameWatch {
    fn drain(&self) -> io::Result<Option<Vec<NameEvent>>> {
        if self.data.has_gone() {
            return Ok(None);
        }
        let mut events = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = Reader::new(&self.queue, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok(Some(events)),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let flags = event.events();
            let name = event.file_name().map_or(&b""[..], |name| name.to_bytes());
            if flags.intersects(LOST) || (event.wd() == self.store && name == b"d") {
                return Ok(None);
            }
            if event.wd() == self.store {
                continue;
            }
            let Some(timestamp) = Timestamp::from_file_name(name) else {
                events.push(NameEvent::Foreign);
                continue;
            };
            // What is moved here may have taken the place of another file, of which no event tells.
            if !flags.contains(ReadFlags::CREATE) {
                events.push(NameEvent::Vanished(timestamp));
            }
            if flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                events.push(NameEvent::Appeared(timestamp));
            }
        }
    }

    fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let end = Instant::now().checked_add(timeout);
        loop {
            let mut ready = [&self.queue, &self.bell].map(|fd| PollFd::new(fd, PollFlags::IN));
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            // Longer than the system can count is for ever.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut ready, left.as_ref()) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn wake(&self) {
        // Refused only when it has rung already.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }
}
