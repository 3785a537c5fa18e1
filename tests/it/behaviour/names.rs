//! File names of keys.

use keyfs::view::{FileName, rfc3339};
use keyfs::{Key, Store};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    FileSystem, READ, READ_WRITE, SAVE, assert_listed, assert_missing, assert_text, save, text, try_save, whole,
};
use super::subject::put;

super::as_on_a_plain_directory! {
    ordinary_names_are_as_they_are
    normal_forms_are_different_names
    names_of_255_bytes_are_the_longest
    the_dots_are_directories
}

super::unlike_a_plain_directory! {
    each_key_has_its_name
    names_that_are_nobodys_are_not_found_and_cannot_be_made
    names_that_are_not_utf8_cannot_be_made
    keys_too_long_for_a_name_are_read_written_and_removed
    keys_too_long_for_a_name_cannot_be_made
    the_control_directory_is_not_listed_and_can_be_opened
    the_control_directory_cannot_be_changed
    the_readme_is_about_this_mount
}

const NAMES: [&str; 10] =
    ["someKey", "naïve 漢字 🎉", "cpu%", "a b", "-dash", "100% sure", "a.json", "tab%09", "~a", "#x"];

fn ordinary_names_are_as_they_are(files: &dyn FileSystem) {
    for (number, name) in NAMES.iter().enumerate() {
        save(files, name.as_bytes(), format!("{number}\n"));
    }
    assert_listed(files, &NAMES);
    for (number, name) in NAMES.iter().enumerate() {
        assert_text(files, name.as_bytes(), &format!("{number}\n"));
    }
}

fn normal_forms_are_different_names(files: &dyn FileSystem) {
    save(files, "\u{e9}".as_bytes(), "1\n");
    assert_missing(files, "e\u{301}".as_bytes());
    save(files, "e\u{301}".as_bytes(), "2\n");
    assert_text(files, "\u{e9}".as_bytes(), "1\n");
    assert_listed(files, &["e\u{301}", "\u{e9}"]);
}

/// "lookup: `ENAMETOOLONG` beyond 255 bytes." "create: `ENAMETOOLONG` beyond 255 bytes."
fn names_of_255_bytes_are_the_longest(files: &dyn FileSystem) {
    for first in [b'a', b'.'] {
        let name = [vec![first], vec![b'a'; 254]].concat();
        save(files, &name, "1\n");
        assert_text(files, &name, "1\n");
        let longer = [vec![first], vec![b'a'; 255]].concat();
        assert_eq!(files.open(&longer, READ).err(), Some(Errno::NAMETOOLONG));
        assert_eq!(files.open(&longer, SAVE).err(), Some(Errno::NAMETOOLONG));
        assert_eq!(files.stat(&longer), Err(Errno::NAMETOOLONG));
        assert_eq!(files.unlink(&longer), Err(Errno::NAMETOOLONG));
        assert_eq!(files.rename(&name, &longer), Err(Errno::NAMETOOLONG));
        files.unlink(&name).unwrap();
    }
    assert_listed(files, &[]);
}

fn the_dots_are_directories(files: &dyn FileSystem) {
    assert!(files.stat(b".").unwrap().is_directory);
    assert_eq!(files.open(b".", SAVE).err(), Some(Errno::ISDIR));
    assert_listed(files, &[]);
}

/// The table of contract section 5. "The empty key is `%`, the key `%` is `%25`."
fn each_key_has_its_name(files: &dyn FileSystem, store: &Store) {
    let table: [(&[u8], &str); 16] = [
        (b"someKey", "someKey"),
        ("naïve 漢字 🎉".as_bytes(), "naïve 漢字 🎉"),
        (b"cpu%", "cpu%"),
        (b"a b", "a b"),
        (b"a/b", "a%2Fb"),
        (b"\n", "%0A"),
        (b"a%2Fb", "a%252Fb"),
        (b"", "%"),
        (b"%", "%25"),
        (b".", "%2E"),
        (b"..", "%2E."),
        (b".profile", "%2Eprofile"),
        (b"x~", "x%7E"),
        (b"#x#", "%23x#"),
        (b"\xed\xa0\x80", "%ED%A0%80"),
        (b".keyfs", "%2Ekeyfs"),
    ];
    for (number, (key, name)) in table.iter().enumerate() {
        let key = Key::from_wtf8(key).unwrap();
        // One way.
        put(store, &key, number);
        assert_text(files, name.as_bytes(), &format!("{number}\n"));
        // And the other.
        save(files, name.as_bytes(), format!("{}\n", number + 100));
        store.synchronize().unwrap();
        assert_eq!(store.get(&key).unwrap().unwrap().to_string(), (number + 100).to_string(), "{name}");
    }
    assert_listed(files, &table.map(|(_, name)| name));
    for (key, name) in table {
        files.unlink(name.as_bytes()).unwrap();
        store.synchronize().unwrap();
        assert!(!store.contains(&Key::from_wtf8(key).unwrap()), "{name}");
        save(files, name.as_bytes(), "1\n");
    }
    store.synchronize().unwrap();
    assert_eq!(store.len(), table.len());
}

/// "A name that is nobody's canonical name is ENOENT, creating it EINVAL." "lookup: `ENOENT`, also for a name that is
/// nobody's." "create: `EINVAL` for a name that is nobody's." "Each key has exactly one name; `%2f` for `/`, or `%41`
/// for `A`, are nobody's."
fn names_that_are_nobodys_are_not_found_and_cannot_be_made(files: &dyn FileSystem, store: &Store) {
    for (key, name) in [("A", "%41"), ("a/b", "a%2fb"), ("é", "%C3%A9"), ("#", "%23#%23"), ("\n", "\n"), ("x%", "x%25")]
    {
        put(store, key, 1);
        let name = name.as_bytes();
        assert_missing(files, name);
        assert_eq!(try_save(files, name, "2\n"), Err(Errno::INVAL), "{}", name.escape_ascii());
        assert_eq!(files.unlink(name), Err(Errno::NOENT), "{}", name.escape_ascii());
        assert_eq!(files.rename(name, b"new"), Err(Errno::NOENT), "{}", name.escape_ascii());
        store.synchronize().unwrap();
        assert_eq!(store.get(key).unwrap().unwrap().to_string(), "1");
    }
}

/// "Names that are not UTF-8 cannot be created (EILSEQ)." "create: `EILSEQ` for one that is not UTF-8."
fn names_that_are_not_utf8_cannot_be_made(files: &dyn FileSystem, _: &Store) {
    for name in [&b"a\xff"[..], b"\xed\xa0\x80", b".\xff", b"\xc3~"] {
        assert_missing(files, name);
        assert_eq!(try_save(files, name, "1\n"), Err(Errno::ILSEQ), "{}", name.escape_ascii());
    }
    assert_listed(files, &[]);
}

/// "Such a file can be read, written and removed." "Such a file can be read, written, removed." "`info/NAME`: JSON: the
/// exact key." "Such a file can be read, written, removed and renamed."
fn keys_too_long_for_a_name_are_read_written_and_removed(files: &dyn FileSystem, store: &Store) {
    let key = Key::from("long ".repeat(100));
    let name = FileName::of_key(&key);
    put(store, &key, 1);
    let bytes = name.as_str().as_bytes();
    assert_text(files, bytes, "1\n");
    assert_listed(files, &[name.as_str()]);
    save(files, bytes, "22\n");
    assert_text(files, bytes, "22\n");
    let file = files.open(bytes, READ_WRITE).unwrap();
    file.write_at(0, b"33\n").unwrap();
    file.close().unwrap();
    store.synchronize().unwrap();
    assert_eq!(store.get(&key).unwrap().unwrap().to_string(), "33");
    let info = files.open(&[b".keyfs/info/", bytes].concat(), READ).unwrap();
    let info = String::from_utf8(whole(&*info)).unwrap();
    assert!(info.contains(&format!("\"key\": \"{}\"", "long ".repeat(100))), "{info}");
    files.rename(bytes, b"short").unwrap();
    assert_missing(files, bytes);
    assert_text(files, b"short", "33\n");
    assert_eq!(files.rename(b"short", bytes), Err(Errno::INVAL));
    put(store, &key, 4);
    files.rename(b"short", bytes).unwrap();
    assert_text(files, bytes, "33\n");
    files.unlink(bytes).unwrap();
    assert_missing(files, bytes);
    store.synchronize().unwrap();
    assert!(store.is_empty());
}

/// "[...] and is created with the command or the library." "create: and for the name of a long key." "it is created
/// with the command or the library, because its name does not tell the key."
fn keys_too_long_for_a_name_cannot_be_made(files: &dyn FileSystem, _: &Store) {
    let name = FileName::of_key(&Key::from("x".repeat(300)));
    assert_missing(files, name.as_str().as_bytes());
    assert_eq!(try_save(files, name.as_str().as_bytes(), "1\n"), Err(Errno::INVAL));
    assert_listed(files, &[]);
}

/// "`.keyfs/` in the root can be opened by name and is not listed." "lookup: or `.keyfs`." "opendir, readdir: `.keyfs`
/// is not listed." "`info/NAME`: JSON: the exact key, its timestamp in microseconds and as a time (RFC 3339, UTC), the
/// size of its text." "`info/NAME`: opened by name, not listed."
fn the_control_directory_is_not_listed_and_can_be_opened(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "[\n  1\n]\n");
    assert_listed(files, &["key"]);
    assert!(files.stat(b".keyfs").unwrap().is_directory);
    let listed = files.list(b".keyfs").unwrap();
    for name in ["README", "info", "rejected", "status"] {
        assert!(listed.contains(&name.as_bytes().to_vec()), "{name} is not in {listed:?}");
    }
    let readme = files.open(b".keyfs/README", READ).unwrap();
    let text = String::from_utf8(whole(&*readme)).unwrap();
    assert!(text.contains("keyfs"), "{text}");
    assert_eq!(readme.stat().unwrap().size, text.len() as u64);
    let info = files.open(b".keyfs/info/key", READ).unwrap();
    let info: serde_json::Value = serde_json::from_slice(&whole(&*info)).unwrap();
    assert_eq!((&info["key"], &info["size"], &info["lastError"]), (&"key".into(), &8.into(), &().into()));
    let modified = files.stat(b"key").unwrap().modified;
    let micros = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
    assert_eq!((&info["timestamp"], &info["time"]), (&micros.into(), &rfc3339(modified).into()));
    assert_eq!(files.stat(b".keyfs/info/missing"), Err(Errno::NOENT));
    assert_eq!(files.list(b".keyfs/info").unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(files.stat(b".keyfs/missing"), Err(Errno::NOENT));
}

/// What the mount says about itself is not the user's. "create: `EPERM` below `.keyfs`." "unlink: of what stands below
/// `.keyfs`, `EPERM`." "rename, of any kind: `EPERM` to and from `.keyfs`."
fn the_control_directory_cannot_be_changed(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    for name in [&b".keyfs/new"[..], b".keyfs/info/new", b".keyfs/rejected/new"] {
        assert_eq!(try_save(files, name, "1\n"), Err(Errno::PERM));
    }
    for name in [&b".keyfs/README"[..], b".keyfs/info/key"] {
        assert!(try_save(files, name, "1\n").is_err());
        assert_eq!(files.unlink(name), Err(Errno::PERM));
        assert_eq!(files.truncate(name, 0), Err(Errno::PERM));
        assert_eq!(files.rename(name, b"new"), Err(Errno::PERM));
        assert_eq!(files.rename(b"key", name), Err(Errno::PERM));
    }
    assert!(matches!(files.unlink(b".keyfs"), Err(Errno::PERM | Errno::ISDIR)));
    assert_eq!(files.rename(b".keyfs", b"new"), Err(Errno::PERM));
    assert_eq!(files.rename(b"key", b".keyfs/new"), Err(Errno::PERM));
    assert_eq!(files.open(b".keyfs", SAVE - OFlags::TRUNC).err(), Some(Errno::ISDIR));
    assert_listed(files, &["key"]);
    store.synchronize().unwrap();
    assert_eq!(store.len(), 1);
}

/// "A page about this very mount." "`README`: a page about this very mount: its store, how its files are named."
fn the_readme_is_about_this_mount(files: &dyn FileSystem, store: &Store) {
    let text = text(files, b".keyfs/README");
    assert!(text.starts_with(&format!("This directory is a keyfs mount of {}\n", store.path().display())), "{text}");
    assert!(text.contains("names that begin with a dot or end with ~, or begin and end with #"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 100 || line.contains(store.path().to_str().unwrap())), "{text}");
}
