//! The watch on the names of `d/`, on inotify.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::record::Timestamp;
use crate::store::directory::{NameEvent, Watch};

/// The bytes that one read of events takes at most.
const BUFFER_BYTES: usize = 64 << 10;

/// An inotify queue of the names in one directory.
pub(super) struct NameWatch {
    queue: OwnedFd,
    buffer: Vec<MaybeUninit<u8>>,
}

impl NameWatch {
    /// Begins to watch; what happens from now on is in the queue.
    pub(super) fn new(data: &OwnedFd) -> io::Result<NameWatch> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // By descriptor, so that the watch is on the directory that is listed, wherever its path leads now.
        let path = format!("/proc/self/fd/{}", data.as_raw_fd());
        let names = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::MOVED_FROM;
        inotify::add_watch(&queue, path, names | WatchFlags::ONLYDIR)?;
        Ok(NameWatch { queue, buffer: vec![MaybeUninit::uninit(); BUFFER_BYTES] })
    }
}

impl Watch for NameWatch {
    fn drain(&mut self) -> io::Result<Option<Vec<NameEvent>>> {
        let mut events = Vec::new();
        let mut reader = Reader::new(&self.queue, &mut self.buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok(Some(events)),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let flags = event.events();
            if flags.intersects(ReadFlags::QUEUE_OVERFLOW | ReadFlags::IGNORED) {
                return Ok(None);
            }
            let name = event.file_name().map_or(&b""[..], |name| name.to_bytes());
            let Some(timestamp) = Timestamp::from_file_name(name) else { continue };
            let appeared = flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
            events.push(if appeared { NameEvent::Appeared(timestamp) } else { NameEvent::Vanished(timestamp) });
        }
    }
}
