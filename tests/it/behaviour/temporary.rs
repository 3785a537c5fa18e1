//! Names that look temporary.

use keyfs::Store;
use rustix::io::Errno;

use super::file_system::{FileSystem, SAVE, assert_listed, assert_missing, assert_text, save};
use super::subject::put;

super::as_on_a_plain_directory! {
    a_temporary_file_is_renamed_over_another
    a_temporary_file_is_there_until_it_is_unlinked
}

super::unlike_a_plain_directory! {
    what_looks_temporary_is_no_key_until_it_has_stayed_for_a_moment
    what_is_renamed_in_time_was_never_a_key
    what_is_no_value_stays_a_scratch_file
    the_time_begins_with_the_last_close
    a_name_that_was_a_key_a_moment_ago_is_not_new
    what_others_have_put_since_counts
    what_is_renamed_to_its_name_is_put
    it_does_not_come_back_when_the_key_of_its_name_goes
}

/// Names that look temporary, and how they are made.
fn make(files: &dyn FileSystem, way: usize, text: &str) -> &'static [u8] {
    let name: &[u8] = [&b"sedAbC123"[..], b"key.tmp", b"key.oAbC123"][way];
    let file = match way {
        0 => files.make_temporary(name).unwrap(),
        1 => files.open(name, SAVE).unwrap(),
        _ => files.open(name, SAVE | rustix::fs::OFlags::EXCL).unwrap(),
    };
    file.write_at(0, text.as_bytes()).unwrap();
    file.close().unwrap();
    name
}

const WAYS: std::ops::Range<usize> = 0..3;

/// "Many tools write a file beside the one that they save, and rename it over it."
fn a_temporary_file_is_renamed_over_another(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    for way in WAYS {
        let text = format!("{way}\n");
        let name = make(files, way, &text);
        assert_text(files, name, &text);
        files.rename(name, b"key").unwrap();
        assert_text(files, b"key", &text);
        assert_listed(files, &["key"]);
    }
}

/// "A new name, made in a way that looks so, is a scratch file until it is renamed, unlinked."
fn a_temporary_file_is_there_until_it_is_unlinked(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    for way in WAYS {
        let name = make(files, way, "2\n");
        assert_eq!(files.make_temporary(name).err(), Some(Errno::EXIST));
        files.unlink(name).unwrap();
        assert_missing(files, name);
        assert_listed(files, &["key"]);
    }
}

fn live(store: &Store) -> Vec<String> {
    store.synchronize().unwrap();
    store.keys().iter().map(ToString::to_string).collect()
}

/// "Scratch until it is renamed, unlinked, or has stayed for a second after its last close; then valid JSON is
/// published under it." "create: A new name that looks temporary is a scratch file for a moment (see below)." "A new
/// name, made in a way that looks so, is a scratch file until it is renamed, unlinked, or has stayed for one second
/// after its last close." "After the second a text that is JSON is published under the name, like any key."
fn what_looks_temporary_is_no_key_until_it_has_stayed_for_a_moment(files: &dyn FileSystem, store: &Store) {
    for way in WAYS {
        save(files, b"key", "1\n");
        let name = make(files, way, "{\"a\":1}");
        assert_eq!(live(store), ["key"]);
        assert_text(files, name, "{\"a\":1}");
        files.let_time_pass();
        let shown = std::str::from_utf8(name).unwrap();
        assert_eq!(live(store), ["key", shown]);
        assert_text(files, name, "{\n  \"a\": 1\n}\n");
        files.unlink(name).unwrap();
        assert_eq!(live(store), ["key"]);
    }
}

fn what_is_renamed_in_time_was_never_a_key(files: &dyn FileSystem, store: &Store) {
    for way in WAYS {
        save(files, b"key", "1\n");
        let name = make(files, way, "2\n");
        files.rename(name, b"key").unwrap();
        files.let_time_pass();
        assert_eq!((live(store), store.tombstones()), (vec!["key".to_owned()], 0));
        assert_eq!(store.get("key").unwrap().unwrap().to_string(), "2");
    }
}

/// "anything else stays a scratch file."
fn what_is_no_value_stays_a_scratch_file(files: &dyn FileSystem, store: &Store) {
    for text in ["{no", " \n", "[1,"] {
        let name = make(files, 0, text);
        files.let_time_pass();
        assert_eq!(live(store), Vec::<String>::new());
        assert_text(files, name, text);
        assert_eq!(files.rename(name, b"key"), Err(Errno::INVAL));
        files.unlink(name).unwrap();
    }
}

/// "or has stayed for one second after its last close." "`fsync` makes the scratch file durable and does not publish
/// it."
fn the_time_begins_with_the_last_close(files: &dyn FileSystem, store: &Store) {
    let file = files.make_temporary(b"new").unwrap();
    file.write_at(0, b"1").unwrap();
    file.fsync().unwrap();
    files.let_time_pass();
    assert_eq!(live(store), Vec::<String>::new());
    file.close().unwrap();
    assert_eq!(live(store), Vec::<String>::new());
    files.let_time_pass();
    assert_eq!(live(store), ["new"]);
}

/// "A name that was a key until ten seconds ago is not new."
fn a_name_that_was_a_key_a_moment_ago_is_not_new(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    files.unlink(b"key").unwrap();
    let file = files.make_temporary(b"key").unwrap();
    file.write_at(0, b"2").unwrap();
    file.close().unwrap();
    assert_eq!(live(store), ["key"]);
}

/// "What others put under the name meanwhile is shown at once, and is not overridden by the older text."
fn what_others_have_put_since_counts(files: &dyn FileSystem, store: &Store) {
    let name = make(files, 0, "1\n");
    put(store, std::str::from_utf8(name).unwrap(), 2);
    assert_text(files, name, "2\n");
    assert_listed(files, &["sedAbC123"]);
    files.let_time_pass();
    assert_text(files, name, "2\n");
    assert_eq!(live(store), ["sedAbC123"]);
}

fn what_is_renamed_to_its_name_is_put(files: &dyn FileSystem, store: &Store) {
    for from in [&b".scratch"[..], b"old"] {
        let name = make(files, 1, "1\n");
        save(files, from, "2\n");
        files.rename(from, name).unwrap();
        assert_text(files, name, "2\n");
        assert_listed(files, &["key.tmp"]);
        assert_eq!(live(store), ["key.tmp"]);
        files.unlink(name).unwrap();
    }
}

fn it_does_not_come_back_when_the_key_of_its_name_goes(files: &dyn FileSystem, store: &Store) {
    let ways: [fn(&dyn FileSystem, &[u8]); 3] = [
        |files, name| files.unlink(name).unwrap(),
        |files, name| files.rename(name, b"other").unwrap(),
        |files, name| files.rename(name, b".other").unwrap(),
    ];
    for go in ways {
        let name = make(files, 0, "1\n");
        put(store, std::str::from_utf8(name).unwrap(), 2);
        assert_text(files, name, "2\n");
        go(files, name);
        assert_missing(files, name);
        files.let_time_pass();
        assert_missing(files, name);
    }
}
