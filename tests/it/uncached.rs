//! The file system over a store that keeps no value in memory, whose records others replace at the worst moment.

use std::ffi::OsStr;

use keyfs::vfs::{
    AttributeChange, Attributes, Caller, InodeNo, OpenMode, RenameMode, Vfs, VfsError, VfsOptions, VfsResult,
    with_text_shape,
};
use keyfs::{Identifier, OpenOptions, Store};

use crate::actors::{reader, shown};
use crate::memory_directory::{Call, Effect, MemoryDirectory, record};

const CALLER: Caller = Caller { thread: 7, process: 7 };
const OTHER: Caller = Caller { thread: 8, process: 8 };
const READ: OpenMode = OpenMode { read: true, write: false, append: false, truncate: false, exclusive: false };
const CHANGE: OpenMode = OpenMode { read: true, write: true, append: false, truncate: false, exclusive: false };

/// Something that changes names.
type Change<'a> = &'a dyn Fn(&Uncached) -> VfsResult<()>;

struct Uncached {
    directory: MemoryDirectory,
    vfs: Vfs<Store>,
}

impl Uncached {
    /// With the value 0 of "key", as the record 10.
    fn new() -> Uncached {
        let directory = MemoryDirectory::new();
        directory.plant(10, "key", Some(0));
        let options = OpenOptions::writer(Identifier::new("mount").unwrap()).cached_bytes(0);
        let store = Store::with_directory(Box::new(directory.clone()), with_text_shape(options)).unwrap();
        Uncached { directory, vfs: Vfs::new(store, VfsOptions::default()) }
    }

    /// Others replace a record.
    fn replace(&self, old: u128, new: u128, value: i64) {
        self.directory.plant(new, "key", Some(value));
        assert!(self.directory.erase(old));
    }

    /// Others replace a record just before it is read, or opened for that, the first time.
    fn replace_before_read(&self, old: u128, new: u128, value: i64) {
        let mut done = false;
        self.directory.intrude(move |_, call, directory| {
            let reads = matches!(call, Call::Read(read) | Call::Open(read) if read.as_micros() == old);
            if !done && reads {
                done = true;
                directory.plant(new, "key", Some(value));
                directory.erase(old);
            }
        });
    }

    fn look_as(&self, caller: Caller) -> Attributes {
        self.vfs.lookup(caller, InodeNo::ROOT, OsStr::new("key")).unwrap()
    }

    fn look(&self) -> Attributes {
        self.look_as(CALLER)
    }

    fn open(&self, inode: InodeNo, mode: OpenMode) -> VfsResult<String> {
        let handle = self.vfs.open(CALLER, inode, mode)?.handle;
        let text = self.vfs.read(handle, 0, 100).unwrap().to_vec();
        self.vfs.release(handle).unwrap();
        Ok(String::from_utf8(text).unwrap())
    }

    fn is_sent_away(&self, inode: InodeNo, mode: OpenMode) -> bool {
        matches!(self.open(inode, mode), Err(VfsError::Stale))
    }
}

#[test]
fn sizes_are_known_and_texts_are_read_at_each_open() {
    let files = Uncached::new();
    files.directory.take_calls();
    let found = files.look();
    let reads = || files.directory.take_calls().into_iter().filter(|call| matches!(call, Call::Read(_))).count();
    assert_eq!((found.size, reads()), (2, 0));
    assert_eq!(
        (files.open(found.inode, READ).unwrap(), files.open(found.inode, READ).unwrap()),
        ("0\n".into(), "0\n".into())
    );
    assert_eq!(reads(), 2);
    let handle = files.vfs.open(CALLER, found.inode, READ).unwrap().handle;
    assert_eq!((files.open(found.inode, READ).unwrap(), reads()), ("0\n".into(), 1), "who has it open shares it");
    files.vfs.release(handle).unwrap();
}

#[test]
fn a_value_is_not_read_for_a_draft_that_is_emptied() {
    const SAVE: OpenMode = OpenMode { read: false, write: true, append: false, truncate: true, exclusive: false };
    let files = Uncached::new();
    for (mode, read) in [(SAVE, 0), (OpenMode { truncate: false, ..SAVE }, 1)] {
        let found = files.look();
        files.directory.take_calls();
        assert!(matches!(files.vfs.open(CALLER, found.inode, mode), Err(VfsError::Stale)));
        let draft = files.look();
        assert_eq!(draft.size, 2);
        files.vfs.open(CALLER, draft.inode, mode).unwrap();
        let reads = files.directory.take_calls().into_iter().filter(|call| matches!(call, Call::Read(_))).count();
        assert_eq!(reads, read, "{mode:?}");
    }
}

#[test]
fn a_record_that_goes_before_it_is_read_sends_the_open_away_once() {
    let files = Uncached::new();
    let found = files.look();
    files.replace_before_read(10, 20, 22);
    assert!(files.is_sent_away(found.inode, READ));
    let found = files.look();
    assert_eq!((found.size, files.open(found.inode, READ).unwrap()), (3, "22\n".into()));
}

/// "An open never serves a superseded version, except the very version that the lookup of the same open has just given."
#[test]
fn a_second_try_reads_the_version_that_it_was_led_to_though_it_has_gone() {
    let files = Uncached::new();
    let found = files.look();
    files.replace(10, 20, 1);
    assert!(files.is_sent_away(found.inode, READ));
    files.replace_before_read(20, 30, 22);
    let found = files.look();
    assert_eq!(found.size, 3, "what was found first has gone while it was read");
    files.replace(30, 40, 333);
    assert_eq!(files.open(found.inode, READ).unwrap(), "22\n");
    assert!(files.is_sent_away(found.inode, READ), "that open is over");
}

#[test]
fn a_second_try_reads_the_version_that_it_was_led_to_though_another_has_closed_it() {
    let files = Uncached::new();
    let found = files.look();
    files.replace(10, 20, 22);
    assert!(files.is_sent_away(found.inode, READ));
    let other = files.vfs.open(OTHER, files.look_as(OTHER).inode, READ).unwrap().handle;
    let found = files.look();
    files.vfs.release(other).unwrap();
    files.replace(20, 30, 333);
    assert_eq!((found.size, files.open(found.inode, READ).unwrap()), (3, "22\n".into()));
}

/// The kernel gives the thread what another one has looked up before it was sent away, for which nothing was held.
#[test]
fn a_second_try_that_another_thread_has_looked_up_reads_the_newest_version() {
    let files = Uncached::new();
    let found = files.look();
    files.replace(10, 20, 1);
    let others = files.look_as(OTHER);
    assert!(files.is_sent_away(found.inode, READ));
    files.replace(20, 30, 22);
    let opened = files.vfs.open(CALLER, others.inode, READ).unwrap();
    assert!(opened.direct && !opened.keep_cache, "not through the pages of the version that has gone");
    assert_eq!(&*files.vfs.read(opened.handle, 0, 100).unwrap(), b"22\n");
}

#[test]
fn a_change_in_place_begins_with_the_newest_version_whatever_goes_meanwhile() {
    let files = Uncached::new();
    let found = files.look();
    assert!(files.is_sent_away(found.inode, CHANGE));
    files.replace_before_read(10, 20, 22);
    let draft = files.look();
    assert_eq!((draft.size, files.open(draft.inode, CHANGE).unwrap()), (3, "22\n".into()));
    files.replace_before_read(20, 30, 3);
    assert!(files.is_sent_away(files.look_as(OTHER).inode, CHANGE));
    assert_eq!(files.open(files.look_as(OTHER).inode, CHANGE).unwrap(), "3\n", "without a lookup of its own");
}

#[test]
fn names_are_changed_whatever_goes_meanwhile() {
    let name = OsStr::new("key");
    let rename = |files: &Uncached, to: &str| {
        files.vfs.rename(InodeNo::ROOT, name, InodeNo::ROOT, OsStr::new(to), RenameMode::Replace)
    };
    let changes: [(Change<'_>, &[(&str, i64)]); 4] = [
        (&|files| rename(files, "other"), &[("other", 22)]),
        (&|files| rename(files, ".scratch"), &[]),
        (&|files| files.vfs.unlink(CALLER, InodeNo::ROOT, name), &[]),
        (
            &|files| {
                files.directory.plant(5, "other", Some(9));
                files.vfs.rename(InodeNo::ROOT, name, InodeNo::ROOT, OsStr::new("other"), RenameMode::Exchange)
            },
            &[("key", 9), ("other", 22)],
        ),
    ];
    for (at, (change, expected)) in changes.iter().enumerate() {
        let files = Uncached::new();
        files.replace_before_read(10, 20, 22);
        change(&files).unwrap();
        files.vfs.save_all();
        let store = reader(&files.directory);
        let left: Vec<_> = store.keys().iter().map(|key| (key.to_string(), shown(&store, &key.to_string()))).collect();
        let expected: Vec<_> = expected.iter().map(|(key, value)| ((*key).to_owned(), Some(*value))).collect();
        assert_eq!(left, expected, "change {at}");
    }
}

#[test]
fn a_key_is_cut_by_its_name_whatever_goes_meanwhile() {
    let files = Uncached::new();
    let change = AttributeChange { size: Some(2), ..AttributeChange::default() };
    let found = files.look();
    files.replace_before_read(10, 20, 22);
    assert!(
        matches!(files.vfs.setattr(found.inode, None, change), Err(VfsError::Stale)),
        "of the version that has gone"
    );
    files.directory.work_alone();
    files.vfs.setattr(files.look().inode, None, change).unwrap();
    assert_eq!(shown(&reader(&files.directory), "key"), Some(22));
}

/// Nobody does that; but the kernel would cut a text that is longer than its file.
#[test]
fn a_record_that_somebody_has_written_into_has_another_inode_and_size() {
    let files = Uncached::new();
    let found = files.look();
    files.directory.overwrite(10, &record("key", Some(12345)));
    assert!(files.is_sent_away(found.inode, READ));
    let anew = files.look();
    assert!(anew.inode != found.inode && anew.size == 6, "{anew:?}");
    assert_eq!(files.open(anew.inode, READ).unwrap(), "12345\n");
    assert_eq!(files.vfs.getattr(found.inode).unwrap().size, 2, "that of an inode never changes");
    let files = Uncached::new();
    files.directory.overwrite(10, &record("key", Some(12345)));
    assert!(files.is_sent_away(files.look().inode, CHANGE));
    assert_eq!(files.open(files.look().inode, CHANGE).unwrap(), "12345\n");
}

#[test]
fn who_only_looks_does_not_hear_that_a_record_cannot_be_opened_for_who_is_to_read_it() {
    let files = Uncached::new();
    let found = files.look();
    files.replace(10, 20, 22);
    assert!(files.is_sent_away(found.inode, READ));
    files.directory.fail(|_, call| matches!(call, Call::Open(_)).then_some((libc::EMFILE, Effect::None)));
    assert_eq!(files.look_as(OTHER).size, 3);
    let failed = files.vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new("key")).unwrap_err();
    assert_eq!(failed.errno(), libc::EMFILE);
}

/// What cannot be read can be removed, and is not put back when a new text is refused.
#[test]
fn a_key_whose_record_cannot_be_read_fails_to_open_and_is_removed() {
    let files = Uncached::new();
    let found = files.look();
    files.directory.fail(|_, call| matches!(call, Call::Read(_)).then_some((libc::EIO, Effect::None)));
    for mode in [READ, CHANGE] {
        let error = match files.open(found.inode, mode) {
            Err(VfsError::Stale) => files.vfs.lookup(CALLER, InodeNo::ROOT, OsStr::new("key")).unwrap_err(),
            other => other.unwrap_err(),
        };
        assert_eq!(error.errno(), libc::EIO, "{error:?}");
    }
    files.vfs.unlink(CALLER, InodeNo::ROOT, OsStr::new("key")).unwrap();
    files.directory.work_again();
    assert!(reader(&files.directory).is_empty());
}
