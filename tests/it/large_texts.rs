//! Large values through the file system: their texts are printed while they are read.

use std::ffi::OsStr;

use keyfs::record::encode;
use keyfs::vfs::{
    Attributes, Caller, HandleNo, InodeNo, OpenMode, Reading, Vfs, VfsError, VfsOptions, VfsResult, with_text_shape,
};
use keyfs::view::file_text;
use keyfs::{Key, OpenOptions, Store, Value};

use crate::memory_directory::{Call, Effect, MemoryDirectory};

const CALLER: Caller = Caller { thread: 7, process: 7 };
const OTHER: Caller = Caller { thread: 8, process: 8 };
const READ: OpenMode = OpenMode { read: true, write: false, append: false, truncate: false, exclusive: false };

/// The largest read that the kernel asks for.
const REQUEST: u32 = 1024 * 1024;

/// An array of so many elements and one; each takes ten bytes of the text.
fn value(elements: usize) -> Value {
    Value::parse(&format!("[{}0]", "1234.5, ".repeat(elements))).unwrap()
}

/// A file system over a store that keeps no value in memory, with a record of the key "large".
struct Large {
    directory: MemoryDirectory,
    vfs: Vfs<Store>,
}

impl Large {
    fn new(value: &Value) -> Large {
        let directory = MemoryDirectory::new();
        directory.plant_bytes(10, &encode(&Key::from("large"), Some(value)));
        let options = with_text_shape(OpenOptions::read_only().cached_bytes(0));
        let store = Store::with_directory(Box::new(directory.clone()), options).unwrap();
        Large { directory, vfs: Vfs::new(store, VfsOptions::default()) }
    }

    fn look(&self) -> Attributes {
        self.vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new("large")).unwrap()
    }

    fn open(&self, inode: InodeNo) -> HandleNo {
        let opened = self.vfs.open(CALLER, inode, READ).unwrap();
        assert!(opened.keep_cache && !opened.direct);
        opened.handle
    }

    /// All that a handle gives, asked for as the kernel does.
    fn try_whole(&self, handle: HandleNo) -> VfsResult<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            match &*self.vfs.read(handle, whole.len() as u64, REQUEST)? {
                [] => return Ok(whole),
                piece => whole.extend_from_slice(piece),
            }
        }
    }

    fn whole(&self, handle: HandleNo) -> Vec<u8> {
        self.try_whole(handle).unwrap()
    }

    /// How often the record was opened, and read, since this was asked last.
    fn calls(&self) -> (usize, usize) {
        let calls = self.directory.take_calls();
        let count = |is_it: fn(&Call) -> bool| calls.iter().filter(|call| is_it(call)).count();
        (count(|call| matches!(call, Call::Open(_))), count(|call| matches!(call, Call::Read(_))))
    }
}

#[track_caller]
fn assert_same(one: &[u8], other: &[u8]) {
    assert!(one == other, "{} bytes, and {} others", one.len(), other.len());
}

/// "read: A text of 1 MiB and more is printed while it is read: opening it reads nothing, and beside the value no copy is
/// held"
#[test]
fn a_large_value_is_read_when_its_text_is_and_not_when_it_is_opened() {
    let value = value(300_000);
    let files = Large::new(&value);
    files.calls();
    let found = files.look();
    let handles = [files.open(found.inode), files.open(found.inode)];
    assert_eq!(files.calls(), (1, 0), "they share it");
    let text = file_text(&value).into_bytes();
    assert_eq!(found.size, text.len() as u64);
    for handle in handles {
        assert_same(&files.whole(handle), &text);
        assert_same(&files.vfs.read(handle, 2_000_000, 5000).unwrap(), &text[2_000_000..2_005_000]);
        assert_same(&files.vfs.read(handle, u64::MAX, 5000).unwrap(), b"");
    }
    assert_eq!(files.calls(), (0, 1));
    handles.iter().for_each(|handle| files.vfs.release(*handle).unwrap());
    let handle = files.open(files.look().inode);
    assert_eq!(files.calls(), (1, 0), "the kernel may still have all of it");
    files.vfs.release(handle).unwrap();
}

/// "Who serves a request does not wait for a large record to be read."
#[test]
fn a_large_read_only_begins_where_requests_are_served() {
    let value = value(200_000);
    let files = Large::new(&value);
    let handle = files.open(files.look().inode);
    files.calls();
    let Reading::Large(piece) = files.vfs.begin_read(handle, 1_000_000, REQUEST).unwrap() else { panic!("it is done") };
    assert_eq!(files.calls(), (0, 0));
    let text = file_text(&value).into_bytes();
    assert_same(&files.vfs.finish_read(&piece).unwrap(), &text[1_000_000..]);
    assert_eq!(files.calls(), (0, 1));
}

#[test]
fn the_text_of_a_large_value_is_whole_although_its_record_has_gone() {
    let value = value(200_000);
    let files = Large::new(&value);
    let handle = files.open(files.look().inode);
    files.directory.plant(20, "large", Some(1));
    assert!(files.directory.erase(10));
    assert_eq!(files.look().size, 2);
    assert_same(&files.whole(handle), file_text(&value).as_bytes());
}

/// "An open never serves a superseded version, except the very version that the lookup of the same open has just given."
#[test]
fn a_second_try_is_served_a_large_version_that_has_gone() {
    let files = Large::new(&value(150_000));
    let found = files.look();
    let replace = |old, new, value: &Value| {
        files.directory.plant_bytes(new, &encode(&Key::from("large"), Some(value)));
        assert!(files.directory.erase(old));
    };
    let second = value(160_000);
    replace(10, 20, &second);
    assert!(matches!(files.vfs.open(CALLER, found.inode, READ), Err(VfsError::Stale)));
    let other = files.vfs.lookup(OTHER, InodeNo::ROOT, OsStr::new("large")).unwrap();
    let other = files.vfs.open(OTHER, other.inode, READ).unwrap().handle;
    let found = files.look();
    files.vfs.release(other).unwrap();
    replace(20, 30, &value(170_000));
    assert_same(&files.whole(files.open(found.inode)), file_text(&second).as_bytes());
}

/// What cannot be printed in order is printed whole.
#[test]
fn a_large_value_with_duplicate_members_is_read_like_any_other() {
    let twice = format!(r#"{{"a": 1, "b": {}, "a": {{}}}}"#, value(200_000).text());
    let value = Value::parse(&twice).unwrap();
    let files = Large::new(&value);
    let found = files.look();
    let text = file_text(&value).into_bytes();
    assert_eq!(found.size, text.len() as u64);
    assert_same(&files.whole(files.open(found.inode)), &text);
}

/// "read: of such a text: `ESTALE`, at the latest at its end, when somebody has written into its record; `EIO` when that
/// cannot be read"
#[test]
fn a_large_record_that_somebody_has_written_into_is_stale_and_looked_at_again() {
    let files = Large::new(&value(200_000));
    for elements in [110_000, 210_000] {
        let handle = files.open(files.look().inode);
        let other = value(elements);
        files.directory.overwrite(10, &encode(&Key::from("large"), Some(&other)));
        let error = files.try_whole(handle).err().unwrap();
        assert!(matches!(error, VfsError::Stale) && error.errno() == libc::ESTALE, "{elements}: {error:?}");
        files.vfs.release(handle).unwrap();
        let found = files.look();
        assert_eq!(found.size, file_text(&other).len() as u64);
        let handle = files.open(found.inode);
        assert_same(&files.whole(handle), file_text(&other).as_bytes());
        files.vfs.release(handle).unwrap();
    }
    let handle = files.open(files.look().inode);
    files.directory.overwrite(10, b"{");
    assert_eq!(files.vfs.read(handle, 0, REQUEST).err().unwrap().errno(), libc::EIO);
    files.vfs.release(handle).unwrap();
}

#[test]
fn a_large_value_that_the_disk_does_not_give_is_read_when_it_does() {
    let value = value(200_000);
    let files = Large::new(&value);
    let handle = files.open(files.look().inode);
    files.directory.fail(|_, call| matches!(call, Call::Read(_)).then_some((libc::EIO, Effect::None)));
    assert_eq!(files.vfs.read(handle, 0, REQUEST).err().unwrap().errno(), libc::EIO);
    files.directory.work_again();
    assert_same(&files.whole(handle), file_text(&value).as_bytes());
    files.directory.fail(|_, call| matches!(call, Call::Open(_)).then_some((libc::EMFILE, Effect::None)));
    files.vfs.release(handle).unwrap();
    assert_eq!(files.vfs.open(CALLER, files.look().inode, READ).err().unwrap().errno(), libc::EMFILE);
}

/// "and beside the value no copy is held"
#[cfg(all(feature = "cli", feature = "fuse"))]
#[test]
fn a_daemon_holds_a_large_value_once_while_it_is_read() {
    use crate::behaviour::foreign_store;
    use crate::mounted::Mounted;

    let Some(mounted) = Mounted::new() else { return };
    let memory = |what: &str| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", mounted.process())).unwrap();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(what)?.trim().strip_suffix(" kB"));
        kilobytes.unwrap().parse::<u64>().unwrap() * 1024
    };
    let before = memory("VmRSS:");
    let value = value(3_000_000);
    foreign_store(&mounted.store_path()).put("large", &value).unwrap();
    assert_same(&std::fs::read(mounted.path().join("large")).unwrap(), file_text(&value).as_bytes());
    let (most, once) = (memory("VmHWM:") - before, value.text().len() as u64);
    assert!(most < once * 3 / 2, "{most} bytes for a value of {once}");
}
