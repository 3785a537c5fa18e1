//! Texts that are not JSON.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{
    APPEND, FileSystem, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, text, try_save,
};
use super::subject::put;

super::unlike_a_plain_directory! {
    a_text_that_is_not_json_is_refused_and_the_value_stays
    a_write_is_refused_as_soon_as_the_text_is_hopeless
    what_is_not_written_in_order_is_refused_when_it_is_closed
    a_refused_write_can_be_written_again
    a_refused_text_is_kept_with_the_reason
    a_refused_text_is_kept_until_the_key_is_saved_well
    a_refused_text_can_be_removed
    the_reason_gives_way_to_the_text_of_a_key_that_is_called_so
    a_new_file_whose_text_was_refused_is_gone
    fsync_refuses_too_and_the_text_can_be_corrected
    a_change_in_place_that_is_not_json_is_refused
    appending_to_a_value_is_refused
    a_hole_is_refused
    bytes_that_are_not_utf8_are_refused
    values_that_the_original_could_not_read_are_refused
}

const BAD: &str = "{\n  \"a\": 1,\n}\n";

/// What is kept of a refused text, at once when close(2) has failed.
#[track_caller]
fn rejected(files: &dyn FileSystem, name: &[u8]) -> (String, String) {
    let path = [b".keyfs/rejected/", name].concat();
    let error = [&path[..], b".error"].concat();
    (text(files, &path), text(files, &error))
}

/// The kernel tells of the end of a handle a moment after close(2) has returned.
#[track_caller]
fn assert_soon_missing(files: &dyn FileSystem, name: &[u8]) {
    for _ in 0..2000 {
        if files.stat(name).is_err() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_missing(files, name);
}

/// "Else `close`/`fsync` fail with EINVAL; [...] and the key keeps its value." "close (flush), `fsync`: `EINVAL` when
/// the text is not JSON: [...] the value stands."
fn a_text_that_is_not_json_is_refused_and_the_value_stays(files: &dyn FileSystem, store: &Store) {
    let timestamp = put(store, "key", 1);
    for bad in [BAD, "{", "1 2", "nul", "\"", "[1,]", "'a'", "01", "\u{feff}1", "\0"] {
        assert_eq!(try_save(files, b"key", bad), Err(Errno::INVAL), "{bad:?}");
        assert_text(files, b"key", "1\n");
        assert_listed(files, &["key"]);
    }
    store.synchronize().unwrap();
    assert_eq!(store.version("key").unwrap().timestamp, timestamp);
}

/// "`write` fails with EINVAL as soon as what was written in order can no longer become JSON." "Text that is not JSON
/// never replaces a value, and the person is told as early as the system allows." "write: `EINVAL` as soon as a text
/// that is written in order [...] can no longer become JSON: it is kept under `.keyfs/rejected/NAME`."
fn a_write_is_refused_as_soon_as_the_text_is_hopeless(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", SAVE).unwrap();
    assert_eq!(file.write_at(0, b"{\n  \"a\": "), Ok(9));
    assert_eq!(file.write_at(9, b"tru"), Ok(3));
    assert_eq!(file.write_at(12, b"th}\n"), Err(Errno::INVAL));
    // Before anything is closed: so also a program that looks at nothing else is told.
    let (kept, reason) = rejected(files, b"key");
    assert_eq!(kept, "{\n  \"a\": truth}\n");
    assert!(reason.contains("line 2, column 11"), "{reason:?}");
    assert_eq!(file.close(), Err(Errno::INVAL));
    assert_text(files, b"key", "1\n");
}

/// "What was written in order": an editor may write the end before the beginning.
fn what_is_not_written_in_order_is_refused_when_it_is_closed(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", SAVE).unwrap();
    assert_eq!(file.write_at(3, b"]}}\n"), Ok(4));
    assert_eq!(file.write_at(0, b"[2,"), Ok(3));
    assert_eq!(file.close(), Err(Errno::INVAL));
    let file = files.open(b"key", SAVE).unwrap();
    assert_eq!(file.write_at(3, b"3]\n"), Ok(3));
    assert_eq!(file.write_at(0, b"[2,"), Ok(3));
    assert_eq!(file.close(), Ok(()));
    assert_text(files, b"key", "[\n  2,\n  3\n]\n");
}

/// A refused write has written nothing, so the next one begins where it did. "write: and the next write may begin where
/// this one did."
fn a_refused_write_can_be_written_again(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", SAVE).unwrap();
    assert_eq!(file.write_at(0, b"[1, "), Ok(4));
    assert_eq!(file.write_at(4, b"two, three, four]\n"), Err(Errno::INVAL));
    assert_eq!(file.write_at(4, b"2]\n"), Ok(3));
    assert_eq!(file.close(), Ok(()));
    assert_text(files, b"key", "[\n  1,\n  2\n]\n");
}

/// "The text is kept under `.keyfs/rejected/NAME` with the reason." "close (flush), `fsync`: and is kept under
/// `.keyfs/rejected/NAME`, its reason under `NAME.error`." "`rejected/NAME.error`: why: one line with line, column and
/// a piece of the text; then, for a text that is not JSON, the line concerned and a caret under the spot."
/// "`rejected/`: the texts that were refused [...] listed, readable." "`info/NAME`: the last refusal."
fn a_refused_text_is_kept_with_the_reason(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    assert_eq!(try_save(files, b"key", BAD), Err(Errno::INVAL));
    let (kept, reason) = rejected(files, b"key");
    assert_eq!(kept, BAD);
    let line = "not JSON: line 3, column 1: a member name in double quotes is expected here: }";
    assert_eq!(reason, format!("{line}\n  }}\n  ^\n"));
    assert_eq!(files.list(b".keyfs/rejected").unwrap(), [b"key"]);
    let info: serde_json::Value = serde_json::from_str(&text(files, b".keyfs/info/key")).unwrap();
    assert_eq!(info["lastError"].as_str(), Some(line));
}

/// The reason tells what is wrong now, so it goes when nothing is. "`rejected/`: and by the next good save of the same
/// name."
fn a_refused_text_is_kept_until_the_key_is_saved_well(files: &dyn FileSystem, _: &Store) {
    assert_eq!(try_save(files, b"key", BAD), Err(Errno::INVAL));
    rejected(files, b"key");
    save(files, b"key", "1\n");
    assert_missing(files, b".keyfs/rejected/key");
    assert_missing(files, b".keyfs/rejected/key.error");
    let info: serde_json::Value = serde_json::from_str(&text(files, b".keyfs/info/key")).unwrap();
    assert!(info["lastError"].is_null(), "{info}");
}

/// A person who has seen it may throw it away. "`rejected/`: removed with `rm`." "`rejected/`: readable, and removed
/// with `rm` and."
fn a_refused_text_can_be_removed(files: &dyn FileSystem, _: &Store) {
    assert_eq!(try_save(files, b"key", BAD), Err(Errno::INVAL));
    rejected(files, b"key");
    files.unlink(b".keyfs/rejected/key").unwrap();
    assert_missing(files, b".keyfs/rejected/key");
    assert_eq!(files.unlink(b".keyfs/rejected/key"), Err(Errno::NOENT));
}

/// "`rejected/NAME.error`: of a key that is called so and was refused itself, its text."
fn the_reason_gives_way_to_the_text_of_a_key_that_is_called_so(files: &dyn FileSystem, _: &Store) {
    assert_eq!(try_save(files, b"key", BAD), Err(Errno::INVAL));
    assert!(text(files, b".keyfs/rejected/key.error").contains("line 3"));
    assert_eq!(try_save(files, b"key.error", "{no"), Err(Errno::INVAL));
    assert_eq!(text(files, b".keyfs/rejected/key.error"), "{no");
    assert!(text(files, b".keyfs/rejected/key.error.error").contains("line 1"));
}

/// "Text that is not JSON never replaces a value", and where there is none it makes none. "last close (release): a
/// placeholder whose text was refused goes."
fn a_new_file_whose_text_was_refused_is_gone(files: &dyn FileSystem, store: &Store) {
    assert_eq!(try_save(files, b"key", BAD), Err(Errno::INVAL));
    assert_eq!(rejected(files, b"key").0, BAD);
    assert_soon_missing(files, b"key");
    assert_listed(files, &[]);
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (0, 0));
}

/// "Else `close`/`fsync` fail with EINVAL." "close (flush), `fsync`: `EINVAL` when the text is not JSON: it stays in
/// the draft."
fn fsync_refuses_too_and_the_text_can_be_corrected(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    for flags in [SAVE, READ_WRITE | OFlags::TRUNC, WRITE] {
        let file = files.open(b"key", flags).unwrap();
        file.write_at(0, b"[1,\n").unwrap();
        assert_eq!(file.fsync(), Err(Errno::INVAL), "{flags:?}");
        assert_eq!(rejected(files, b"key").0, "[1,\n", "{flags:?}: kept before it is closed");
        file.write_at(3, b"2]\n").unwrap();
        assert_eq!(file.fsync(), Ok(()), "{flags:?}");
        file.close().unwrap();
        assert_text(files, b"key", "[\n  1,\n  2\n]\n");
        save(files, b"key", "1\n");
    }
}

/// "Text that is not JSON never replaces a value."
fn a_change_in_place_that_is_not_json_is_refused(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "[\n  1\n]\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.write_at(0, b"{").unwrap();
    assert_eq!(file.close(), Err(Errno::INVAL));
    assert_eq!(rejected(files, b"key").0, "{\n  1\n]\n");
    assert_text(files, b"key", "[\n  1\n]\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    assert_eq!(file.read_at(0, 100), Ok(b"[\n  1\n]\n".to_vec()));
    file.close().unwrap();
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().to_string(), "[1]");
}

/// "`write` fails with EINVAL [...] else `close`": two values in a row are none. "write: `EINVAL` as soon as a text
/// that is written in order (also: appended to a value) can no longer become JSON."
fn appending_to_a_value_is_refused(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", APPEND).unwrap();
    let answers = [file.write_at(0, b"2\n").map(|_| ()), file.close()];
    assert!(answers.contains(&Err(Errno::INVAL)), "{answers:?}");
    assert_text(files, b"key", "1\n");
    assert_eq!(rejected(files, b"key").0, "1\n2\n");
}

/// "Text that is not JSON": a NUL is none. "write: a gap is filled with NUL, which is not JSON."
fn a_hole_is_refused(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(2, b"1\n").unwrap();
    assert_eq!(file.close(), Err(Errno::INVAL));
    assert_text(files, b"key", "1\n");
}

/// "In UTF-8."
fn bytes_that_are_not_utf8_are_refused(files: &dyn FileSystem, _: &Store) {
    for bytes in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"\"\xc3"] {
        assert_eq!(try_save(files, b"key", bytes), Err(Errno::INVAL));
        assert_soon_missing(files, b"key");
    }
}

/// "Every record that we write is read by the original."
fn values_that_the_original_could_not_read_are_refused(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    let digits = "9".repeat(5000);
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    for text in [&digits, &deep] {
        assert_eq!(try_save(files, b"key", text), Err(Errno::INVAL));
        assert_text(files, b"key", "1\n");
    }
}
