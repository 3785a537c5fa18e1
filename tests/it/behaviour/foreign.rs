//! What other programs do to the store, as seen here.

use std::sync::atomic::{AtomicU32, Ordering};

use keyfs::Store;
use rustix::io::Errno;

use super::file_system::{
    FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, text, try_text, whole,
};
use super::kernel::Kernel;
use super::subject::{foreign_store, put, vfs_of};

super::unlike_a_plain_directory! {
    a_foreign_put_is_seen_by_the_next_open
    a_foreign_put_is_seen_by_the_thread_that_saved_just_before
    a_foreign_new_key_is_seen_at_the_first_look
    a_foreign_put_is_listed
    a_foreign_remove_is_seen
    a_foreign_clear_is_seen
    a_handle_keeps_the_text_that_it_opened
    a_foreign_put_during_a_save_loses_to_the_save
    a_foreign_remove_during_a_save_loses_to_the_save
    a_foreign_put_takes_the_place_of_a_placeholder
    an_exclusive_create_loses_to_a_foreign_put
    a_foreign_value_is_renamed_with_what_it_is_now
}

/// "After another process's put, remove or clear has returned, the next `open` and the next listing through the mount
/// see it." "open for reading: synchronises."
fn a_foreign_put_is_seen_by_the_next_open(files: &dyn FileSystem, store: &Store) {
    for number in 0..100_u32 {
        let text = "x".repeat((number % 7) as usize * 1000) + &number.to_string();
        put(store, "key", text.as_str());
        assert_text(files, b"key", &format!("\"{text}\"\n"));
    }
}

/// The same, for a thread whose earlier open was answered twice.
fn a_foreign_put_is_seen_by_the_thread_that_saved_just_before(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "0\n");
    for number in 1..20_u32 {
        save(files, b"key", format!("\"saved {number}\"\n"));
        let held = files.open(b"key", READ).unwrap();
        put(store, "key", number);
        assert_text(files, b"key", &format!("{number}\n"));
        put(store, "key", number * 1000);
        assert_text(files, b"key", &format!("{}\n", number * 1000));
        assert_eq!(String::from_utf8(whole(&*held)).unwrap(), format!("\"saved {number}\"\n"));
    }
}

/// "And so does the first look at a name that is new." "lookup: synchronises; finds a live key." "open for writing only, or
/// with `O_TRUNC`: synchronises." "Synchronises means: takes in what others have done before it answers."
fn a_foreign_new_key_is_seen_at_the_first_look(files: &dyn FileSystem, store: &Store) {
    for number in 0..30 {
        let key = format!("key {number}");
        assert_eq!(files.stat(key.as_bytes()), Err(Errno::NOENT));
        put(store, key.as_str(), number);
        let text = format!("{number}\n");
        match number % 3 {
            0 => assert_eq!(files.stat(key.as_bytes()).unwrap().size, text.len() as u64),
            1 => assert_text(files, key.as_bytes(), &text),
            _ => assert_eq!(files.open(key.as_bytes(), SAVE).map(|_| ()), Ok(())),
        }
        assert_text(files, key.as_bytes(), &text);
    }
}

/// "The next `open` and the next listing through the mount see it." "opendir, readdir: synchronises."
fn a_foreign_put_is_listed(files: &dyn FileSystem, store: &Store) {
    let names: Vec<String> = (0..50).map(|number| format!("key {number}")).collect();
    for end in 0..names.len() {
        let names: Vec<&str> = names[..=end].iter().map(String::as_str).collect();
        put(store, names[end], 1);
        assert_listed(files, &names);
    }
}

/// "After another process's put, remove or clear has returned". "open for reading: `ENOENT`." "unlink: `ENOENT`."
fn a_foreign_remove_is_seen(files: &dyn FileSystem, store: &Store) {
    put(store, "other", 1);
    for number in 0..20 {
        put(store, "key", number);
        assert_text(files, b"key", &format!("{number}\n"));
        store.remove("key").unwrap();
        match number % 3 {
            0 => assert_eq!(try_text(files, b"key"), Err(Errno::NOENT)),
            1 => assert_listed(files, &["other"]),
            _ => assert_eq!(files.open(b"key", WRITE).err(), Some(Errno::NOENT)),
        }
        assert_missing(files, b"key");
        assert_eq!(files.unlink(b"key"), Err(Errno::NOENT));
    }
}

/// "After another process's put, remove or clear has returned".
fn a_foreign_clear_is_seen(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    save(files, b"b", "1\n");
    save(files, b".scratch", "1\n");
    store.clear().unwrap();
    assert_listed(files, &[".scratch"]);
    assert_missing(files, b"a");
}

/// "What an open file reads is one value from begin to end, never a mixture." "open for reading: the handle holds one
/// text until it is closed." "read: from the handle's text."
fn a_handle_keeps_the_text_that_it_opened(files: &dyn FileSystem, store: &Store) {
    let old = format!("\"{}\"\n", "old".repeat(100_000));
    save(files, b"key", &old);
    let file = files.open(b"key", READ).unwrap();
    assert_eq!(file.read_at(0, 10), Ok(old.as_bytes()[..10].to_vec()));
    put(store, "key", "short");
    assert_text(files, b"key", "\"short\"\n");
    assert_eq!(whole(&*file), old.as_bytes());
    store.remove("key").unwrap();
    assert_missing(files, b"key");
    assert_eq!(whole(&*file), old.as_bytes());
    assert_eq!(file.stat().unwrap().size, old.len() as u64);
}

/// "Two savers at once: the last close wins whole." "A foreign put between opening and closing a draft is superseded by
/// the commit."
fn a_foreign_put_during_a_save_loses_to_the_save(files: &dyn FileSystem, store: &Store) {
    put(store, "key", 1);
    for (flags, saved) in [(SAVE, "10\n"), (READ_WRITE, "20\n"), (WRITE, "30\n")] {
        let file = files.open(b"key", flags).unwrap();
        file.truncate(0).unwrap();
        file.write_at(0, b"[").unwrap();
        put(store, "key", "foreign");
        // Complete at the last moment: whoever inherits the descriptor saves when he closes it.
        file.write_at(0, saved.as_bytes()).unwrap();
        file.close().unwrap();
        assert_text(files, b"key", saved);
        store.synchronize().unwrap();
        assert_eq!(store.get("key").unwrap().unwrap().to_string(), saved.trim_end(), "{flags:?}");
    }
}

/// The same for a remove: the save is the later of the two.
fn a_foreign_remove_during_a_save_loses_to_the_save(files: &dyn FileSystem, store: &Store) {
    for flags in [SAVE, READ_WRITE, WRITE] {
        put(store, "key", 1);
        let file = files.open(b"key", flags).unwrap();
        file.write_at(0, b"[").unwrap();
        store.remove("key").unwrap();
        assert_missing(files, b"key");
        file.write_at(0, b"2\n").unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "2\n");
        files.unlink(b"key").unwrap();
        store.synchronize().unwrap();
    }
}

/// A key that is there is no placeholder any more.
fn a_foreign_put_takes_the_place_of_a_placeholder(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "");
    assert_text(files, b"key", "");
    put(store, "key", 1);
    assert_text(files, b"key", "1\n");
    assert_listed(files, &["key"]);
    store.remove("key").unwrap();
    assert_eq!(text_or_nothing(files), "", "an older text has come back");
}

fn text_or_nothing(files: &dyn FileSystem) -> String {
    try_text(files, b"key").unwrap_or_default()
}

/// `O_EXCL` means that nobody else has it, wherever he is. "create: `EEXIST` with `O_EXCL`."
fn an_exclusive_create_loses_to_a_foreign_put(files: &dyn FileSystem, store: &Store) {
    assert_missing(files, b"key");
    put(store, "key", 1);
    assert_eq!(files.open(b"key", SAVE | rustix::fs::OFlags::EXCL).err(), Some(Errno::EXIST));
    assert_text(files, b"key", "1\n");
}

/// "`mv` [...] of a key to another key puts and removes": puts what the key is now. "rename, of any kind: synchronises
/// first."
fn a_foreign_value_is_renamed_with_what_it_is_now(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    put(store, "a", 2);
    files.rename(b"a", b"b").unwrap();
    assert_text(files, b"b", "2\n");
    put(store, "b", 3);
    files.rename(b"b", b"b~").unwrap();
    assert_text(files, b"b~", "3\n");
}

/// Runs a behaviour on the file system without a mount, with a foreign put or remove between each lookup and its open.
fn interrupted(interrupt: impl Fn(&Store, u32) + Sync, behaviour: impl Fn(&dyn FileSystem, u32)) {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    put(&store, "key", "first");
    let count = AtomicU32::new(0);
    let between = || interrupt(&store, count.fetch_add(1, Ordering::Relaxed));
    let kernel = Kernel::interrupted(&vfs, &between);
    for _ in 0..10 {
        behaviour(&kernel, count.load(Ordering::Relaxed));
    }
}

fn put_number(store: &Store, number: u32) {
    put(store, "key", number);
}

/// The kernel tries an open twice at most; the value may change each time. "Who opens a file reads one whole value, the
/// newest one at that moment or a later one." "open for reading: `ESTALE` never reaches a program: the kernel looks up
/// again."
#[test]
fn an_open_succeeds_however_often_the_key_is_put_in_between() {
    interrupted(put_number, |files, before| {
        let read: u32 = text(files, b"key").trim_end().parse().unwrap();
        assert!(read >= before, "{read} is older than the value {before} that was there before the open");
    });
}

#[test]
fn an_open_to_save_succeeds_however_often_the_key_is_put_in_between() {
    for flags in [SAVE, WRITE, READ_WRITE, READ_WRITE | rustix::fs::OFlags::TRUNC] {
        interrupted(put_number, |files, _| {
            let file = files.open(b"key", flags).unwrap_or_else(|error| panic!("{flags:?}: {error}"));
            file.truncate(0).unwrap();
            file.write_at(0, b"7777\n").unwrap();
            file.close().unwrap();
            let file = files.open(b"key", READ).unwrap();
            assert!(whole(&*file) != b"", "{flags:?}");
        });
    }
}

/// Another thread changes the key in place and closes, so that the inode that was looked up is left for a fresh one.
#[test]
fn an_open_to_change_succeeds_however_often_others_change_the_key_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let vfs = vfs_of(directory.path(), false);
    save(&Kernel::new(&vfs), b"counter", "0\n");
    let change = || {
        std::thread::scope(|scope| scope.spawn(|| count_one(&Kernel::new(&vfs))).join().unwrap());
    };
    let interrupted = Kernel::interrupted(&vfs, &change);
    for _ in 0..20 {
        count_one(&interrupted);
    }
    let counted: u32 = text(&Kernel::new(&vfs), b"counter").trim_end().parse().unwrap();
    assert!(counted >= 40, "{counted}: an update was lost");
}

fn count_one(files: &Kernel) {
    let file = files.open(b"counter", READ_WRITE).unwrap();
    let count: u32 = String::from_utf8(whole(&*file)).unwrap().trim_end().parse().unwrap();
    file.write_at(0, format!("{}\n", count + 1).as_bytes()).unwrap();
    file.close().unwrap();
}

#[test]
fn no_replace_fails_when_another_program_was_faster() {
    let directory = tempfile::tempdir().unwrap();
    let (vfs, store) = (vfs_of(directory.path(), false), foreign_store(directory.path()));
    let faster = || {
        put(&store, "new", "foreign");
    };
    let files = Kernel::interrupted(&vfs, &faster);
    for from in [&b"key"[..], b".scratch"] {
        save(&Kernel::new(&vfs), from, "1\n");
        assert_eq!(files.rename_no_replace(from, b"new"), Err(Errno::EXIST));
        assert_text(&Kernel::new(&vfs), from, "1\n");
        assert_text(&Kernel::new(&vfs), b"new", "\"foreign\"\n");
        store.remove("new").unwrap();
    }
}

#[test]
fn an_open_of_a_key_that_is_removed_in_between_says_so() {
    interrupted(
        |store, _| {
            store.remove("key").unwrap();
        },
        |files, _| {
            let answer = files.open(b"key", READ).err();
            assert_eq!(answer, Some(Errno::NOENT));
        },
    );
}
