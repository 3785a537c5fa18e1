//! What goes on in a storm: each worker repeats one step, on keys of its own that others only look at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use keyfs::Store;
use rustix::fs::FlockOperation;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::values::{file_text, value, value_of_length};

/// Where the storm is.
pub(super) struct Place {
    mount: PathBuf,
    store: Store,
}

impl Place {
    pub(super) fn new(mount: PathBuf, store: Store) -> Place {
        Place { mount, store }
    }

    fn path(&self, name: &str, round: u64, of: u64) -> PathBuf {
        self.mount.join(format!("{name} {}", round % of))
    }

    fn put(&self, name: &str, round: u64, of: u64, value: String) -> io::Result<()> {
        let key = format!("{name} {}", round % of);
        self.store.put(key.as_str(), serde_json::Value::from(value)).map(drop).map_err(io::Error::other)
    }
}

type Step = fn(&Place, u64) -> io::Result<()>;

/// Three large values and some others, which streaming readers, savers and writers share.
const LARGE: u64 = 3;
const SMALL: u64 = 8;

pub(super) const WORKERS: [(&str, Step); 15] = [
    ("reader of pages", |place, round| stream(place, round, 4096)),
    ("reader of megabytes", |place, round| stream(place, round, 1 << 20)),
    ("reader of both", |place, round| stream(place, round, if round % 2 == 0 { 4096 } else { 1 << 20 })),
    ("reader of small ones", |place, round| read_whole(&place.path("small", round, SMALL)).map(drop)),
    ("ls -l", list),
    ("ls", |place, _| fs::read_dir(&place.mount)?.try_for_each(|entry| entry.map(drop))),
    ("watcher", watch),
    ("foreign writer", put_small),
    ("foreign writer of large ones", put_large),
    ("saver", |place, round| fs::write(place.path("small", round * 3, SMALL), file_text(round))),
    ("counter", count),
    ("saver who syncs", save_and_sync),
    ("renamer", rename),
    ("remover", remove),
    ("truncater", truncate),
];

/// Makes the keys that are never absent.
pub(super) fn prepare(place: &Place) {
    (0..LARGE).for_each(|round| put_large(place, round).unwrap());
    (0..SMALL).for_each(|round| place.put("small", round, SMALL, value(round)).unwrap());
    (0..200).for_each(|round| place.put("steady", round, 200, value(1)).unwrap());
    place.store.put("counter 0", serde_json::Value::from(0)).unwrap();
}

fn put_large(place: &Place, round: u64) -> io::Result<()> {
    let length = 500_000 + (round * 7919 % 1000) as usize * 2_000;
    std::thread::sleep(Duration::from_millis(5));
    place.put("large", round, LARGE, value_of_length(round, length))
}

fn put_small(place: &Place, round: u64) -> io::Result<()> {
    place.put("small", round, SMALL, value(round))?;
    match round % 3 {
        0 => place.put("passing", round, 30, value(round)),
        _ => place.store.remove(format!("passing {}", round % 30).as_str()).map(drop).map_err(io::Error::other),
    }
}

/// Opens anew, so that the kernel's cache is cold whenever somebody has put.
fn stream(place: &Place, round: u64, piece: usize) -> io::Result<()> {
    let file = File::open(place.path("large", round, LARGE))?;
    let size = file.metadata()?.len();
    let mut text = Vec::new();
    let mut buffer = vec![0; piece];
    loop {
        match file.read_at(&mut buffer, text.len() as u64)? {
            0 => break,
            read => text.extend_from_slice(&buffer[..read]),
        }
    }
    check_whole(&text, size)
}

fn read_whole(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    check_whole(&text, file.metadata()?.len())?;
    Ok(text)
}

/// Checks that a text is one value, from its first number to its last.
fn check_whole(text: &[u8], size: u64) -> io::Result<()> {
    let parts: Vec<&[u8]> = text.split(|&byte| byte == b':').collect();
    let is_whole = match parts[..] {
        [begin, filling, end] => {
            let number = begin.strip_prefix(b"\"");
            number.is_some() && end.strip_suffix(b"\"\n") == number && filling.iter().all(|&byte| byte == filling[0])
        }
        _ => false,
    };
    if is_whole && text.len() as u64 == size {
        return Ok(());
    }
    let begin = String::from_utf8_lossy(&text[..text.len().min(30)]).into_owned();
    Err(io::Error::other(format!("torn: {size} bytes by fstat, {} read: {begin:?}...", text.len())))
}

/// Whoever looks at what others remove may come too late.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn list(place: &Place, _: u64) -> io::Result<()> {
    let mut steady = 0;
    for entry in fs::read_dir(&place.mount)? {
        let entry = entry?;
        unless_gone(fs::symlink_metadata(entry.path()))?;
        steady += u32::from(entry.file_name().to_string_lossy().starts_with("steady"));
    }
    if steady == 200 { Ok(()) } else { Err(io::Error::other(format!("{steady} of 200 keys are listed"))) }
}

/// Watches the directory and some files for a moment.
fn watch(place: &Place, round: u64) -> io::Result<()> {
    let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    inotify::add_watch(&queue, &place.mount, WatchFlags::ALL_EVENTS)?;
    for at in 0..3 {
        inotify::add_watch(&queue, place.path("large", at, LARGE), WatchFlags::ALL_EVENTS)?;
        inotify::add_watch(&queue, place.path("small", round + at, SMALL), WatchFlags::ALL_EVENTS)?;
    }
    std::thread::sleep(Duration::from_millis(20));
    let mut events = [0; 65536];
    match rustix::io::read(&queue, &mut events) {
        Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Counts under a lock, in place.
fn count(place: &Place, round: u64) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(place.path("counter", 0, 1))?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
    let mut bytes = [0; 30];
    let read = file.read_at(&mut bytes, 0)?;
    let counted: u64 = String::from_utf8_lossy(&bytes[..read]).trim().parse().map_err(io::Error::other)?;
    if round != counted {
        return Err(io::Error::other(format!("{counted} instead of {round}")));
    }
    file.write_all_at(format!("{}\n", round + 1).as_bytes(), 0)?;
    Ok(crate::behaviour::close(file.into())?)
}

fn save_and_sync(place: &Place, round: u64) -> io::Result<()> {
    let mut file = File::create(place.path("synced", round, 5))?;
    file.write_all(file_text(round).as_bytes())?;
    file.sync_all()?;
    std::thread::sleep(Duration::from_millis(10));
    Ok(crate::behaviour::close(file.into())?)
}

/// Saves through a scratch file, and moves the key away and back.
fn rename(place: &Place, round: u64) -> io::Result<()> {
    let (key, other) = (place.path("moved", round, 4), place.path("moved away", round, 4));
    let scratch = place.mount.join(".scratch");
    fs::write(&scratch, file_text(round))?;
    fs::rename(&scratch, &key)?;
    fs::rename(&key, &other)?;
    match read_whole(&other)? == file_text(round).as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("not what was renamed")),
    }
}

fn remove(place: &Place, round: u64) -> io::Result<()> {
    let path = place.path("removed", round, 10);
    fs::write(&path, file_text(round))?;
    let held = File::open(&path)?;
    fs::remove_file(&path)?;
    if File::open(&path).is_ok() {
        return Err(io::Error::other("it is still there"));
    }
    let size = held.metadata()?.len();
    let mut text = Vec::new();
    (&held).read_to_end(&mut text)?;
    check_whole(&text, size)
}

/// Cuts a text by name to nothing, which changes nothing, and by handle to write a shorter one.
fn truncate(place: &Place, round: u64) -> io::Result<()> {
    let path = place.path("cut", 0, 1);
    fs::write(&path, file_text(round))?;
    nix::unistd::truncate(&path, 0)?;
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut text = vec![0; file.metadata()?.len() as usize];
    file.read_exact_at(&mut text, 0)?;
    check_whole(&text, text.len() as u64)?;
    file.set_len(0)?;
    file.write_all_at(file_text(round + 1).as_bytes(), 0)?;
    Ok(crate::behaviour::close(file.into())?)
}
