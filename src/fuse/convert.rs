//! What the file system says, in the words of the FUSE protocol, and the other way round.

use std::time::{Duration, SystemTime};

use fuser::{Errno, FileAttr, FileHandle, FileType, FopenFlags, INodeNo, PollEvents, RenameFlags, Request, TimeOrNow};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::vfs::{
    Attributes, Caller, FileKind, HandleNo, InodeNo, Kept, Opened, OpenedDirectory, Operation, RenameMode, VfsError,
};

/// How long the kernel may keep what lasts: until it is told otherwise.
const LASTING: Duration = Duration::from_secs(3600);

/// For the checks between a lookup and the open that it is for: the kernel counts in ticks of up to 10 ms.
const BRIEFLY: Duration = Duration::from_millis(10);

pub(super) fn inode(number: INodeNo) -> InodeNo {
    InodeNo(number.0)
}

pub(super) fn handle(number: FileHandle) -> HandleNo {
    HandleNo(number.0)
}

pub(super) fn caller(request: &Request) -> Caller {
    Caller { thread: request.pid(), process: 0 }
}

/// Who asks, with the process, for whoever opens or closes a file that can be written.
pub(super) fn caller_with_process(request: &Request) -> Caller {
    let thread = request.pid();
    Caller { thread, process: process_id_of(thread) }
}

/// The process that a thread belongs to; zero when it is not known.
pub(super) fn process_id_of(thread: u32) -> u32 {
    process_of(thread).unwrap_or(0)
}

/// The process that a thread belongs to; none when it has ended.
fn process_of(thread: u32) -> Option<u32> {
    if is_main_thread(thread) {
        return Some(thread);
    }
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok())
}

/// Whether a thread is the first one of its process, as most are who save; false where the kernel does not tell. Reading that
/// in `/proc` takes as long as the way from the kernel to here and back.
fn is_main_thread(thread: u32) -> bool {
    let pid = i32::try_from(thread).ok().and_then(Pid::from_raw);
    // Others have no descriptor.
    pid.is_some_and(|pid| pidfd_open(pid, PidfdFlags::empty()).is_ok())
}

pub(super) fn errno(operation: Operation, error: &VfsError) -> Errno {
    let operation = operation.name();
    match error {
        // What happens all day: a name that is not there, a version that was superseded.
        VfsError::NotFound | VfsError::Stale | VfsError::Exists => log::trace!("{operation}: {error}"),
        VfsError::Engine(_) | VfsError::Shelf(_) => log::error!("{operation}: {error}"),
        _ => log::debug!("{operation}: {error}"),
    }
    Errno::from_i32(error.errno())
}

pub(super) fn file_type(kind: FileKind) -> FileType {
    match kind {
        FileKind::Regular => FileType::RegularFile,
        FileKind::Directory => FileType::Directory,
        FileKind::Symlink => FileType::Symlink,
    }
}

/// The attributes as the kernel takes them, under the number that it knows the inode by or the one that it shows.
pub(super) fn file_attr(attributes: &Attributes, number: InodeNo) -> FileAttr {
    let time = attributes.modified;
    FileAttr {
        ino: INodeNo(number.0),
        size: attributes.size,
        blocks: attributes.size.div_ceil(512),
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind: file_type(attributes.kind),
        perm: attributes.mode,
        nlink: if attributes.kind == FileKind::Directory { 2 } else { 1 },
        uid: attributes.uid,
        gid: attributes.gid,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

pub(super) fn open_flags(opened: &Opened) -> FopenFlags {
    let mut flags = FopenFlags::empty();
    flags.set(FopenFlags::FOPEN_KEEP_CACHE, opened.keep_cache);
    flags.set(FopenFlags::FOPEN_DIRECT_IO, opened.direct);
    flags.set(FopenFlags::FOPEN_NOFLUSH, opened.no_flush);
    flags
}

pub(super) fn system_time(time: TimeOrNow) -> SystemTime {
    match time {
        TimeOrNow::SpecificTime(time) => time,
        TimeOrNow::Now => SystemTime::now(),
    }
}

/// How long the kernel may answer for a name and its attributes itself.
pub(super) fn lifetime(attributes: &Attributes) -> Duration {
    if attributes.kept == Kept::Lasting { LASTING } else { Duration::ZERO }
}

/// How long the kernel may answer for the attributes alone, after a lookup.
pub(super) fn attribute_lifetime(attributes: &Attributes) -> Duration {
    if attributes.kept == Kept::Briefly { BRIEFLY } else { lifetime(attributes) }
}

/// As sysfs does: always readable and writable, and an exception when the value has changed.
pub(super) fn poll_events(changed: bool) -> PollEvents {
    let ready = PollEvents::POLLIN | PollEvents::POLLRDNORM | PollEvents::POLLOUT | PollEvents::POLLWRNORM;
    if changed { ready | PollEvents::POLLPRI | PollEvents::POLLERR } else { ready }
}

/// None for flags that mean nothing here.
pub(super) fn rename_mode(flags: RenameFlags) -> Option<RenameMode> {
    match flags {
        RenameFlags::RENAME_NOREPLACE => Some(RenameMode::NoReplace),
        RenameFlags::RENAME_EXCHANGE => Some(RenameMode::Exchange),
        _ => flags.is_empty().then_some(RenameMode::Replace),
    }
}

pub(super) fn directory_flags(opened: &OpenedDirectory) -> FopenFlags {
    let mut flags = FopenFlags::empty();
    flags.set(FopenFlags::FOPEN_CACHE_DIR, opened.cache);
    flags.set(FopenFlags::FOPEN_KEEP_CACHE, opened.keep_cache);
    flags
}

#[cfg(test)]
mod tests {
    use rustix::thread::gettid;

    use super::*;

    fn number(pid: Pid) -> u32 {
        pid.as_raw_nonzero().get().unsigned_abs()
    }

    #[test]
    fn the_process_of_a_thread_is_known_whether_it_is_the_first_one_or_not() {
        let process = std::process::id();
        let of_another = || {
            let thread = number(gettid());
            (thread == process, is_main_thread(thread), process_id_of(thread))
        };
        let other = std::thread::scope(|scope| scope.spawn(of_another).join().unwrap());
        assert_eq!(other, (false, false, process));
        assert_eq!((is_main_thread(process), process_id_of(process)), (true, process));
        assert_eq!([0, u32::MAX, i32::MAX.unsigned_abs()].map(process_id_of), [0; 3]);
    }
}
