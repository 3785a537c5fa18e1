//! The bare system calls: what an operation costs without any store around it.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{self, AtFlags, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::path::Arg;

use super::records::{NEW_KEYS, key, record, value};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The directory of records by its descriptor, and the number under which each key was put last.
pub(crate) struct Bare {
    records: OwnedFd,
    numbers: Vec<u64>,
    last: u64,
    buffer: Vec<MaybeUninit<u8>>,
}

/// The clock as the names of records have it.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

impl Bare {
    /// Writes `keys` records into a new store, all an hour old.
    pub(crate) fn populate(store: &Path, keys: usize) -> io::Result<Bare> {
        let path = store.join("d");
        std::fs::create_dir(&path)?;
        let first = now() - 3_600_000_000;
        let numbers: Vec<_> = (first..).take(keys).collect();
        for (at, number) in numbers.iter().enumerate() {
            std::fs::write(path.join(number.to_string()), record(&key(at), &value(0)))?;
        }
        let records = fs::open(&path, DIRECTORY, Mode::empty())?;
        // So that what is measured later does not wait for this.
        fs::syncfs(&records)?;
        Ok(Bare { records, numbers, last: 0, buffer: vec![MaybeUninit::uninit(); keys * 48 + (1 << 20)] })
    }

    /// Writes a record under a new name.
    pub(crate) fn create(&mut self, bytes: &[u8], sync: bool) -> io::Result<u64> {
        let file = fs::openat(
            &self.records,
            ".",
            OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o666),
        )?;
        rustix::io::write(&file, bytes)?;
        if sync {
            fs::fdatasync(&file)?;
        }
        loop {
            self.last = now().max(self.last + 1);
            match fs::linkat(&file, "", &self.records, self.last.to_string(), AtFlags::EMPTY_PATH) {
                Err(Errno::EXIST) => {}
                linked => return Ok(linked.map(|()| self.last)?),
            }
        }
    }

    /// Puts a key that is there: a new record, and the old one removed.
    pub(crate) fn replace(&mut self, at: usize, bytes: &[u8], sync: bool) -> io::Result<()> {
        let number = self.create(bytes, sync)?;
        if sync {
            fs::fsync(&self.records)?;
        }
        let old = std::mem::replace(&mut self.numbers[at], number);
        Ok(fs::unlinkat(&self.records, old.to_string(), AtFlags::empty())?)
    }

    /// Removes the records of new keys that were put since the number `since`.
    pub(crate) fn remove_new(&mut self, since: u64) -> io::Result<()> {
        let mut numbers = self.list()?;
        numbers.retain(|number| *number >= since);
        for number in numbers {
            let name = number.to_string();
            let file = fs::openat(&self.records, &name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
            let text = io::read_to_string(std::fs::File::from(file))?;
            if text.contains(NEW_KEYS) {
                fs::unlinkat(&self.records, &name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// Waits until all that was written is on disk, so that nobody pays for another one.
    pub(crate) fn sync_disk(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.records)?)
    }

    /// The least number that a record put from now on can have.
    pub(crate) fn next_number(&self) -> u64 {
        now().max(self.last + 1)
    }

    /// Lists the directory, and gives the numbers in it.
    pub(crate) fn list(&mut self) -> io::Result<Vec<u64>> {
        let directory = fs::openat(&self.records, ".", DIRECTORY, Mode::empty())?;
        let mut entries = RawDir::new(&directory, &mut self.buffer);
        let mut numbers = Vec::with_capacity(self.numbers.len());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            numbers.extend(std::str::from_utf8(name).ok().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(numbers)
    }

    /// Lists the directory and reads each record.
    pub(crate) fn read_all(&mut self) -> io::Result<()> {
        self.list()?.into_iter().try_for_each(|number| self.read(number.to_string()))
    }

    fn read(&self, name: impl Arg) -> io::Result<()> {
        let file = fs::openat(&self.records, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        fs::fstat(&file)?;
        rustix::io::read(&file, &mut [0; 4096])?;
        Ok(())
    }

    /// Begins to watch the names of the records.
    pub(crate) fn watch(&self) -> io::Result<OwnedFd> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let path = format!("/proc/self/fd/{}", self.records.as_raw_fd());
        inotify::add_watch(&queue, path, WatchFlags::CREATE | WatchFlags::DELETE)?;
        Ok(queue)
    }

    /// Empties the queue of a watch, reads the records that have come, and gives their number.
    pub(crate) fn read_new(&self, queue: &OwnedFd) -> io::Result<usize> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(queue, &mut buffer);
        let mut read = 0;
        loop {
            let event = match events.next() {
                Err(Errno::AGAIN) => return Ok(read),
                event => event?,
            };
            if let (true, Some(name)) = (event.events().contains(ReadFlags::CREATE), event.file_name()) {
                self.read(name)?;
                read += 1;
            }
        }
    }
}
