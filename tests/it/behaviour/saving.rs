//! Whole texts: how shells, editors and programs save, and who sees what meanwhile.

use keyfs::Store;
use rustix::fs::OFlags;

use super::file_system::{
    FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, text, whole,
};

super::as_on_a_plain_directory! {
    a_new_file_has_the_text_that_was_saved
    a_shorter_text_replaces_a_longer_one
    a_longer_text_replaces_a_shorter_one
    a_text_saved_in_small_pieces_is_whole
    a_text_saved_out_of_order_is_whole
    a_text_of_five_megabytes_is_whole
    a_descriptor_closed_before_the_first_write_does_no_harm
    what_is_synchronised_is_seen_before_it_is_closed
    a_handle_may_save_more_than_once
    a_dropped_handle_saves_too
    an_empty_write_changes_nothing
    a_handle_reads_on_after_the_file_was_replaced
    a_handle_reads_on_after_the_file_was_removed
    reading_beyond_the_end_gives_nothing
    open_read_write_sees_what_it_has_written
}

super::unlike_a_plain_directory! {
    what_a_handle_reads_is_one_value_while_others_save
    an_unfinished_save_is_seen_by_nobody_else
    an_unfinished_save_of_the_same_thread_is_not_seen_either
    of_two_savers_the_last_close_wins_whole
    opening_to_empty_and_closing_keeps_the_value
    a_touched_new_file_is_a_placeholder_that_is_not_in_the_store
    saving_any_accepted_text_gives_the_canonical_one
    a_save_is_in_the_store_when_close_has_returned
    opened_read_write_a_key_is_changed_in_place
}

fn a_new_file_has_the_text_that_was_saved(files: &dyn FileSystem) {
    for (name, saved) in [
        ("number", "1\n"),
        ("object", "{\n  \"a\": 1,\n  \"b\": []\n}\n"),
        ("text", "\"naïve 漢字 🎉\"\n"),
        ("null", "null\n"),
        ("float", "1e400\n"),
    ] {
        save(files, name.as_bytes(), saved);
        assert_text(files, name.as_bytes(), saved);
    }
    assert_listed(files, &["number", "object", "text", "null", "float"]);
}

fn a_shorter_text_replaces_a_longer_one(files: &dyn FileSystem) {
    save(files, b"key", "123456789\n");
    save(files, b"key", "1\n");
    assert_text(files, b"key", "1\n");
}

fn a_longer_text_replaces_a_shorter_one(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    assert_text(files, b"key", "1\n");
    save(files, b"key", "123456789\n");
    assert_text(files, b"key", "123456789\n");
}

fn a_text_saved_in_small_pieces_is_whole(files: &dyn FileSystem) {
    let saved = format!("\"{}\"\n", "0123456789".repeat(100));
    for flags in [SAVE, SAVE | OFlags::APPEND, READ_WRITE | OFlags::CREATE | OFlags::TRUNC] {
        let file = files.open(b"key", flags).unwrap();
        for (index, piece) in saved.as_bytes().chunks(7).enumerate() {
            assert_eq!(file.write_at(index as u64 * 7, piece), Ok(piece.len()));
        }
        file.close().unwrap();
        assert_text(files, b"key", &saved);
    }
}

fn a_text_saved_out_of_order_is_whole(files: &dyn FileSystem) {
    let saved = "\"0123456789\"\n";
    let file = files.open(b"key", SAVE).unwrap();
    for start in [9, 3, 6, 0] {
        file.write_at(start, &saved.as_bytes()[start as usize..]).unwrap();
    }
    file.close().unwrap();
    assert_text(files, b"key", saved);
}

fn a_text_of_five_megabytes_is_whole(files: &dyn FileSystem) {
    // Each place has another content, so that an exchange of two pages would be seen.
    let numbers: String = (0..700_000).map(|number| format!("{number:07} ")).collect();
    let saved = format!("\"{numbers}\"\n");
    save(files, b"key", &saved);
    let found = text(files, b"key");
    assert_eq!(found.len(), saved.len());
    assert!(found == saved, "the text differs");
    let file = files.open(b"key", READ).unwrap();
    assert_eq!(file.read_at(3_000_000, 16), Ok(saved.as_bytes()[3_000_000..3_000_016].to_vec()));
}

fn a_descriptor_closed_before_the_first_write_does_no_harm(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    for name in [&b"key"[..], b"new"] {
        let file = files.open(name, SAVE).unwrap();
        assert_eq!(file.close_duplicate(), Ok(()));
        file.write_at(0, b"22\n").unwrap();
        file.close().unwrap();
        assert_text(files, name, "22\n");
    }
}

fn what_is_synchronised_is_seen_before_it_is_closed(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(0, b"22\n").unwrap();
    file.fsync().unwrap();
    assert_text(files, b"key", "22\n");
    file.close().unwrap();
    assert_text(files, b"key", "22\n");
}

fn a_handle_may_save_more_than_once(files: &dyn FileSystem) {
    for flags in [SAVE, READ_WRITE | OFlags::CREATE] {
        let file = files.open(b"key", flags).unwrap();
        for saved in ["100\n", "22\n", "3\n"] {
            file.truncate(0).unwrap();
            file.write_at(0, saved.as_bytes()).unwrap();
            file.close_duplicate().unwrap();
            assert_text(files, b"key", saved);
        }
        file.close().unwrap();
        assert_text(files, b"key", "3\n");
    }
}

fn a_dropped_handle_saves_too(files: &dyn FileSystem) {
    let file = files.open(b"key", SAVE).unwrap();
    file.write_at(0, b"1\n").unwrap();
    drop(file);
    assert_text(files, b"key", "1\n");
}

fn an_empty_write_changes_nothing(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", WRITE).unwrap();
    assert_eq!(file.write_at(5, b""), Ok(0));
    file.close().unwrap();
    assert_text(files, b"key", "1\n");
}

fn a_handle_reads_on_after_the_file_was_replaced(files: &dyn FileSystem) {
    save(files, b"key", "\"old\"\n");
    let file = files.open(b"key", READ).unwrap();
    assert_eq!(file.read_at(0, 2), Ok(b"\"o".to_vec()));
    save(files, b".new", "\"replaced\"\n");
    files.rename(b".new", b"key").unwrap();
    assert_eq!(file.read_at(2, 100), Ok(b"ld\"\n".to_vec()));
    assert_eq!(whole(&*file), b"\"old\"\n");
    assert_eq!(file.stat().unwrap().size, 6);
    assert_text(files, b"key", "\"replaced\"\n");
}

fn a_handle_reads_on_after_the_file_was_removed(files: &dyn FileSystem) {
    save(files, b"key", "\"old\"\n");
    let file = files.open(b"key", READ).unwrap();
    files.unlink(b"key").unwrap();
    assert_eq!(whole(&*file), b"\"old\"\n");
    assert_eq!(file.stat().unwrap().size, 6);
    assert_missing(files, b"key");
}

fn reading_beyond_the_end_gives_nothing(files: &dyn FileSystem) {
    save(files, b"key", "123\n");
    let file = files.open(b"key", READ).unwrap();
    for (offset, expected) in [(3, &b"\n"[..]), (4, b""), (5, b""), (1 << 40, b"")] {
        assert_eq!(file.read_at(offset, 10), Ok(expected.to_vec()), "at {offset}");
    }
    assert_eq!(file.read_at(1, 2), Ok(b"23".to_vec()));
}

/// "read: or from the draft." "write: into the draft."
fn open_read_write_sees_what_it_has_written(files: &dyn FileSystem) {
    save(files, b"key", "123\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.write_at(1, b"9").unwrap();
    assert_eq!(whole(&*file), b"193\n");
    file.write_at(3, b"45\n").unwrap();
    assert_eq!(whole(&*file), b"19345\n");
    assert_eq!(file.stat().unwrap().size, 6);
    file.close().unwrap();
    assert_text(files, b"key", "19345\n");
}

/// "What an open file reads is one value from begin to end, never a mixture."
fn what_a_handle_reads_is_one_value_while_others_save(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "\"old value\"\n");
    let (first, second) = (files.open(b"key", READ).unwrap(), files.open(b"key", READ).unwrap());
    assert_eq!(first.read_at(0, 5), Ok(b"\"old ".to_vec()));
    save(files, b"key", "2\n");
    save(files, b"key", "\"a longer value than before\"\n");
    assert_eq!(first.read_at(5, 100), Ok(b"value\"\n".to_vec()));
    assert_eq!(whole(&*second), b"\"old value\"\n");
    assert_eq!(second.stat().unwrap().size, 12);
    assert_text(files, b"key", "\"a longer value than before\"\n");
}

/// "An unfinished save is seen by nobody else, on the same mount neither: who opens a key while somebody saves it in
/// place gets the last value." "open for writing only, or with `O_TRUNC`: gives a draft with an inode of its own."
fn an_unfinished_save_is_seen_by_nobody_else(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "\"old\"\n");
    for flags in [SAVE, WRITE] {
        let saver = files.open(b"key", flags).unwrap();
        saver.write_at(0, b"\"new").unwrap();
        std::thread::scope(|scope| {
            let reads = scope.spawn(|| {
                assert_text(files, b"key", "\"old\"\n");
                store.synchronize().unwrap();
                assert_eq!(store.get("key").unwrap().unwrap().to_string(), "\"old\"");
            });
            reads.join().unwrap();
        });
        saver.truncate(0).unwrap();
    }
    assert_text(files, b"key", "\"old\"\n");
}

/// "An unfinished save is seen by nobody else."
fn an_unfinished_save_of_the_same_thread_is_not_seen_either(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "\"old\"\n");
    let saver = files.open(b"key", SAVE).unwrap();
    saver.write_at(0, b"\"new").unwrap();
    assert_text(files, b"key", "\"old\"\n");
    saver.write_at(4, b"er\"\n").unwrap();
    saver.close().unwrap();
    assert_text(files, b"key", "\"newer\"\n");
}

/// "Two savers at once: the last close wins whole." "Two who save the same key at once: the last close wins whole."
fn of_two_savers_the_last_close_wins_whole(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "\"old\"\n");
    let (first, second) = (files.open(b"key", SAVE).unwrap(), files.open(b"key", SAVE).unwrap());
    first.write_at(0, b"\"the first").unwrap();
    second.write_at(0, b"\"2").unwrap();
    // Each complete at the last moment: whoever inherits a descriptor saves when he closes it.
    second.write_at(2, b"nd\"\n").unwrap();
    second.close().unwrap();
    assert_text(files, b"key", "\"2nd\"\n");
    first.write_at(10, b" one\"\n").unwrap();
    first.close().unwrap();
    assert_text(files, b"key", "\"the first one\"\n");
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().to_string(), "\"the first one\"");
}

/// "A blank text changes nothing." "close (flush), `fsync`: blank changes nothing and is no error."
fn opening_to_empty_and_closing_keeps_the_value(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "1\n");
    let before = store.synchronize().map(|_| store.version("key")).unwrap();
    save(files, b"key", "");
    save(files, b"key", " \n\t\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.truncate(0).unwrap();
    file.close().unwrap();
    assert_text(files, b"key", "1\n");
    store.synchronize().unwrap();
    assert_eq!(store.version("key"), before, "a blank text has written a record");
}

/// "Saving is putting. [...] A blank text changes nothing." "create: a key begins as a *placeholder*, which only this
/// mount shows, empty, until its first commit." "lookup: finds a live key, a placeholder."
fn a_touched_new_file_is_a_placeholder_that_is_not_in_the_store(files: &dyn FileSystem, store: &Store) {
    save(files, b"new", "");
    assert_text(files, b"new", "");
    assert_listed(files, &["new"]);
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (0, 0));
    save(files, b"new", "1\n");
    assert_text(files, b"new", "1\n");
    assert_listed(files, &["new"]);
    save(files, b"other", "");
    files.unlink(b"other").unwrap();
    assert_missing(files, b"other");
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0));
}

/// "Saving accepts any JSON text that the original's parser accepts (so also `NaN`), in UTF-8, with or without a final
/// line feed."
fn saving_any_accepted_text_gives_the_canonical_one(files: &dyn FileSystem, _: &Store) {
    for (saved, canonical) in [
        ("1", "1\n"),
        (" 1 \r\n", "1\n"),
        ("NaN", "NaN\n"),
        ("[1,2]", "[\n  1,\n  2\n]\n"),
        ("{\"b\":1,\"a\":{}}", "{\n  \"b\": 1,\n  \"a\": {}\n}\n"),
        ("\"\\u00e9\"", "\"é\"\n"),
        ("1.0e5", "1.0e5\n"),
    ] {
        save(files, b"key", saved);
        assert_text(files, b"key", canonical);
    }
}

/// "Other processes see it when `close` has returned." "close (flush), `fsync`: *commits*: a draft that has changed and
/// is JSON is put."
fn a_save_is_in_the_store_when_close_has_returned(files: &dyn FileSystem, store: &Store) {
    for number in 0..50 {
        save(files, b"key", format!("{number}\n"));
        store.synchronize().unwrap();
        assert_eq!(store.get("key").unwrap().unwrap().to_string(), number.to_string());
    }
}

/// "Opened O_RDWR without O_TRUNC, a key is changed in place, so that read-modify-write under a lock is exact." "open
/// for reading and writing, without `O_TRUNC`: changes the key in place: all who have it open so share one draft."
fn opened_read_write_a_key_is_changed_in_place(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "10\n");
    let (first, second) = (files.open(b"key", READ_WRITE).unwrap(), files.open(b"key", READ_WRITE).unwrap());
    first.write_at(0, b"20\n").unwrap();
    assert_eq!(whole(&*second), b"20\n");
    first.close().unwrap();
    second.write_at(1, b"1").unwrap();
    second.close().unwrap();
    assert_text(files, b"key", "21\n");
}
