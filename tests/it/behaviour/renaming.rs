//! Renames among keys and scratch files.

use keyfs::Store;
use rustix::io::Errno;

use super::file_system::{
    FileSystem, READ, READ_WRITE, SAVE, WRITE, assert_listed, assert_missing, assert_text, save, try_text,
    wait_for_close, whole,
};

super::as_on_a_plain_directory! {
    every_kind_of_file_becomes_every_other
    a_file_that_is_replaced_is_gone
    a_missing_file_cannot_be_renamed
    a_file_renamed_to_itself_stays
    no_replace_fails_when_the_name_is_taken
    no_replace_renames_when_the_name_is_free
    two_files_of_one_kind_are_exchanged
    nothing_is_exchanged_with_a_missing_file
    what_is_written_after_an_exchange_goes_to_the_other_name
    a_new_empty_file_changes_its_name
    a_key_is_moved_away_and_made_again
    an_open_reader_follows_the_file
    what_is_written_after_a_rename_goes_to_the_new_name
    what_is_written_to_a_renamed_scratch_file_goes_to_the_key
    what_is_written_after_the_file_was_replaced_is_dropped
}

super::unlike_a_plain_directory! {
    renaming_a_key_is_a_put_and_a_remove
    renaming_a_scratch_file_is_a_put
    exchanging_two_keys_is_two_puts
    a_key_and_a_scratch_file_are_not_exchanged
    a_tool_that_puts_the_old_text_back_after_a_refusal_changes_nothing
    renaming_a_key_to_scratch_is_a_remove_in_a_moment
    a_key_that_is_renamed_away_and_made_again_is_put_once
    the_value_is_there_again_when_the_new_text_is_refused
    the_value_of_the_old_name_is_not_put_under_a_new_one
    a_renamed_scratch_file_is_refused_like_a_key
    renaming_to_a_name_that_cannot_be_fails_and_keeps_the_file
}

const KINDS: [&[u8]; 2] = [b"key", b".scratch"];
const NEW_KINDS: [&[u8]; 2] = [b"new", b"scratch~"];

fn shown(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap()
}

fn every_kind_of_file_becomes_every_other(files: &dyn FileSystem) {
    for from in KINDS {
        for to in NEW_KINDS {
            for replaced in [false, true] {
                save(files, from, "1\n");
                if replaced {
                    save(files, to, "\"replaced\"\n");
                }
                files.rename(from, to).unwrap();
                assert_text(files, to, "1\n");
                assert_missing(files, from);
                assert_listed(files, &[shown(to)]);
                files.unlink(to).unwrap();
            }
        }
    }
}

fn a_file_that_is_replaced_is_gone(files: &dyn FileSystem) {
    save(files, b"a", "1\n");
    save(files, b"b", "2\n");
    let before = files.open(b"b", READ).unwrap();
    files.rename(b"a", b"b").unwrap();
    assert_text(files, b"b", "1\n");
    assert_eq!(whole(&*before), b"2\n");
    assert_listed(files, &["b"]);
}

/// "rename, of any kind: `ENOENT`."
fn a_missing_file_cannot_be_renamed(files: &dyn FileSystem) {
    save(files, b"there", "1\n");
    for from in KINDS {
        for to in [&b"new"[..], b"there", b".new"] {
            assert_eq!(files.rename(from, to), Err(Errno::NOENT));
            assert_eq!(files.rename_no_replace(from, to), Err(Errno::NOENT));
        }
    }
    assert_listed(files, &["there"]);
    assert_text(files, b"there", "1\n");
}

fn a_file_renamed_to_itself_stays(files: &dyn FileSystem) {
    for name in KINDS {
        save(files, name, "1\n");
        files.rename(name, name).unwrap();
        assert_text(files, name, "1\n");
        assert_eq!(files.rename_no_replace(name, name), Err(Errno::EXIST));
        assert_text(files, name, "1\n");
    }
}

/// "rename with `RENAME_NOREPLACE`: unless the new name exists." "rename with `RENAME_NOREPLACE`: `EEXIST`."
fn no_replace_fails_when_the_name_is_taken(files: &dyn FileSystem) {
    for from in KINDS {
        for to in NEW_KINDS {
            save(files, from, "1\n");
            save(files, to, "2\n");
            assert_eq!(files.rename_no_replace(from, to), Err(Errno::EXIST));
            assert_text(files, from, "1\n");
            assert_text(files, to, "2\n");
        }
    }
}

/// "rename with `RENAME_NOREPLACE`: as above."
fn no_replace_renames_when_the_name_is_free(files: &dyn FileSystem) {
    for from in KINDS {
        for to in NEW_KINDS {
            save(files, from, "1\n");
            files.rename_no_replace(from, to).unwrap();
            assert_text(files, to, "1\n");
            assert_listed(files, &[shown(to)]);
            files.unlink(to).unwrap();
        }
    }
}

/// "rename key to key: A placeholder only changes its name."
fn a_new_empty_file_changes_its_name(files: &dyn FileSystem) {
    save(files, b"a", "");
    files.rename(b"a", b"b").unwrap();
    assert_listed(files, &["b"]);
    assert_text(files, b"b", "");
    files.rename(b"b", b".c").unwrap();
    assert_listed(files, &[".c"]);
    assert_text(files, b".c", "");
}

fn a_key_is_moved_away_and_made_again(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    files.rename(b"key", b"key~").unwrap();
    assert_missing(files, b"key");
    assert_text(files, b"key~", "1\n");
    save(files, b"key", "2\n");
    files.unlink(b"key~").unwrap();
    assert_text(files, b"key", "2\n");
    assert_listed(files, &["key"]);
}

fn an_open_reader_follows_the_file(files: &dyn FileSystem) {
    for from in KINDS {
        for to in NEW_KINDS {
            save(files, from, "1\n");
            let file = files.open(from, READ).unwrap();
            files.rename(from, to).unwrap();
            assert_eq!(whole(&*file), b"1\n");
            assert_eq!(file.stat().unwrap().size, 2);
        }
    }
}

/// "rename key to key: Open drafts go with it."
fn what_is_written_after_a_rename_goes_to_the_new_name(files: &dyn FileSystem) {
    for flags in [SAVE, WRITE, READ_WRITE] {
        save(files, b"a", "1\n");
        let file = files.open(b"a", flags).unwrap();
        files.rename(b"a", b"b").unwrap();
        file.write_at(0, b"2\n").unwrap();
        file.close().unwrap();
        assert_missing(files, b"a");
        assert_text(files, b"b", "2\n");
    }
}

/// "rename scratch to key: what is still written to its handles is a draft of the key."
fn what_is_written_to_a_renamed_scratch_file_goes_to_the_key(files: &dyn FileSystem) {
    let file = files.open(b".scratch", SAVE).unwrap();
    file.write_at(0, b"1\n").unwrap();
    files.rename(b".scratch", b"key").unwrap();
    assert_text(files, b"key", "1\n");
    file.write_at(0, b"23\n").unwrap();
    file.close().unwrap();
    assert_text(files, b"key", "23\n");
    assert_listed(files, &["key"]);
}

/// "rename key to key: those of a key that is replaced are dropped."
fn what_is_written_after_the_file_was_replaced_is_dropped(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        for from in KINDS.map(|name| if name == b"key" { &b"other"[..] } else { name }) {
            save(files, b"key", "1\n");
            save(files, from, "2\n");
            let file = files.open(b"key", flags).unwrap();
            file.write_at(0, b"3\n").unwrap();
            files.rename(from, b"key").unwrap();
            file.write_at(0, b"4\n").unwrap();
            file.close().unwrap();
            assert_text(files, b"key", "2\n");
        }
    }
}

/// "`mv` [...] of a key to another key puts and removes." "rename key to key: puts the value under the new key, then
/// removes the old one; at once."
fn renaming_a_key_is_a_put_and_a_remove(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    save(files, b"b", "2\n");
    files.rename(b"a", b"b").unwrap();
    store.synchronize().unwrap();
    assert_eq!((store.get("a").unwrap(), store.get("b").unwrap().unwrap().to_string()), (None, "1".to_owned()));
    assert_eq!(store.tombstones(), 1);
}

/// "`mv` of a scratch file onto a key puts", and scratch files "never reach `d/`". "rename scratch to key: puts its
/// text."
fn renaming_a_scratch_file_is_a_put(files: &dyn FileSystem, store: &Store) {
    save(files, b".a", "1\n");
    files.rename(b".a", b"b").unwrap();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0));
    assert_eq!(store.get("b").unwrap().unwrap().to_string(), "1");
}

/// Names that "are never keys": what a key is renamed to is then no key. "rename key to scratch: writes the text to a
/// scratch file, and takes the key out of this mount; the key is removed two seconds later, unless it was made again
/// (see below)."
fn renaming_a_key_to_scratch_is_a_remove_in_a_moment(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    files.rename(b"a", b"a~").unwrap();
    assert_missing(files, b"a");
    assert_listed(files, &["a~"]);
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0), "it may be made again");
    files.let_time_pass();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (0, 1));
    assert_text(files, b"a~", "1\n");
}

/// "rename with `RENAME_EXCHANGE`: Two scratch files exchange their names."
fn two_files_of_one_kind_are_exchanged(files: &dyn FileSystem) {
    for (one, other) in [(&b"a"[..], &b"b"[..]), (b".a", b"b~")] {
        save(files, one, "1\n");
        save(files, other, "2\n");
        files.exchange(one, other).unwrap();
        assert_text(files, one, "2\n");
        assert_text(files, other, "1\n");
        files.exchange(one, one).unwrap();
        assert_text(files, one, "2\n");
        files.unlink(one).unwrap();
        assert_text(files, other, "1\n");
        files.unlink(other).unwrap();
    }
}

/// "rename with `RENAME_EXCHANGE`: `ENOENT` when one is missing."
fn nothing_is_exchanged_with_a_missing_file(files: &dyn FileSystem) {
    for name in KINDS {
        save(files, name, "1\n");
        assert_eq!(files.exchange(name, b"missing"), Err(Errno::NOENT));
        assert_eq!(files.exchange(b"missing", name), Err(Errno::NOENT));
        assert_text(files, name, "1\n");
    }
}

/// "rename with `RENAME_EXCHANGE`: open drafts follow their file."
fn what_is_written_after_an_exchange_goes_to_the_other_name(files: &dyn FileSystem) {
    for (one, other) in [(&b"a"[..], &b"b"[..]), (b".a", b"b~")] {
        save(files, one, "1\n");
        save(files, other, "2\n");
        let file = files.open(one, WRITE).unwrap();
        files.exchange(one, other).unwrap();
        file.write_at(0, b"3\n").unwrap();
        file.close().unwrap();
        assert_text(files, one, "2\n");
        assert_text(files, other, "3\n");
    }
}

/// "EXCHANGE of two keys swaps their values." "rename with `RENAME_EXCHANGE`: puts to each of two keys the value of the
/// other."
fn exchanging_two_keys_is_two_puts(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    save(files, b"b", "2\n");
    files.exchange(b"a", b"b").unwrap();
    store.synchronize().unwrap();
    let value = |key: &str| store.get(key).unwrap().map(|value| value.to_string());
    assert_eq!((value("a").as_deref(), value("b").as_deref()), (Some("2"), Some("1")));
    assert_eq!((store.len(), store.tombstones()), (2, 0));
}

/// "rename with `RENAME_EXCHANGE`: `EINVAL` for a key and a scratch file."
fn a_key_and_a_scratch_file_are_not_exchanged(files: &dyn FileSystem, _: &Store) {
    save(files, b"a", "1\n");
    save(files, b".a", "2\n");
    assert_eq!(files.exchange(b"a", b".a"), Err(Errno::INVAL));
    assert_eq!(files.exchange(b".a", b"a"), Err(Errno::INVAL));
    assert_text(files, b"a", "1\n");
    assert_text(files, b".a", "2\n");
}

/// The dance of editors: others see one put. "When its name gets a new value before that, it is not removed at all."
/// "Many editors save by renaming the key away (`KEY~`, `KEY.bak`), creating it anew, and unlinking the old one."
fn a_key_that_is_renamed_away_and_made_again_is_put_once(files: &dyn FileSystem, store: &Store) {
    for backup in [&b"a~"[..], b"a.bak"] {
        save(files, b"a", "1\n");
        files.rename(b"a", backup).unwrap();
        save(files, b"a", "2\n");
        files.unlink(backup).unwrap();
        assert_text(files, b"a", "2\n");
        files.let_time_pass();
        store.synchronize().unwrap();
        assert_eq!(store.get("a").unwrap().map(|value| value.to_string()).as_deref(), Some("2"));
        assert_text(files, b"a", "2\n");
    }
}

/// As vim does. "When it is unlinked in the next two seconds, as vim does before it renames its backup to the key, that waits
/// likewise." "`rejected/`: [...] unless that only puts back the value that stood, as some tools do when they are told"
fn a_tool_that_puts_the_old_text_back_after_a_refusal_changes_nothing(files: &dyn FileSystem, store: &Store) {
    save(files, b"a", "1\n");
    files.rename(b"a", b"a~").unwrap();
    let file = files.open(b"a", SAVE).unwrap();
    assert_eq!(file.write_at(0, b"{\"no\":"), Ok(6));
    assert_eq!(file.close(), Err(Errno::INVAL));
    files.unlink(b"a").unwrap();
    assert_missing(files, b"a");
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0), "others see it all the while");
    files.rename(b"a~", b"a").unwrap();
    files.let_time_pass();
    store.synchronize().unwrap();
    assert_eq!((store.len(), store.tombstones()), (1, 0));
    assert_text(files, b"a", "1\n");
    assert_text(files, b".keyfs/rejected/a", "{\"no\":");
    save(files, b"a", "2\n");
    assert_missing(files, b".keyfs/rejected/a");
}

/// A refused text costs no value, whatever became of the old file before. "last close (release): a text that is refused
/// now is kept likewise and dropped; [...] a value that was unlinked or renamed away for it is there again." "unlink:
/// when the same name is created again and its text is refused, the value is put back." "When what is written under the
/// name is refused, the old value is there again."
fn the_value_is_there_again_when_the_new_text_is_refused(files: &dyn FileSystem, store: &Store) {
    type MakeRoom = fn(&dyn FileSystem);
    let ways: [MakeRoom; 2] = [|files| files.rename(b"a", b"a~").unwrap(), |files| files.unlink(b"a").unwrap()];
    for make_room in ways {
        save(files, b"a", "1\n");
        make_room(files);
        let file = files.open(b"a", SAVE).unwrap();
        assert_eq!(file.write_at(0, b"{\"no\":"), Ok(6));
        assert_eq!(file.close(), Err(Errno::INVAL));
        wait_for_close(|| try_text(files, b"a").as_deref() == Ok("1\n"));
        assert_text(files, b"a", "1\n");
        assert_text(files, b".keyfs/rejected/a", "{\"no\":");
        files.let_time_pass();
        store.synchronize().unwrap();
        assert_eq!(store.get("a").unwrap().map(|value| value.to_string()).as_deref(), Some("1"));
    }
}

/// "Canonical (one name a key; a name that is nobody's canonical name is ENOENT, creating it EINVAL)." "rename, of any
/// kind: for the new name `EINVAL`, `EILSEQ` and `ENAMETOOLONG` as to create it."
fn renaming_to_a_name_that_cannot_be_fails_and_keeps_the_file(files: &dyn FileSystem, _: &Store) {
    for from in KINDS {
        save(files, from, "1\n");
        assert_eq!(files.rename(from, b"%41"), Err(Errno::INVAL));
        assert_eq!(files.rename(from, b"a\xff"), Err(Errno::ILSEQ));
        assert_eq!(files.rename(from, &[b'a'; 256]), Err(Errno::NAMETOOLONG));
        assert_text(files, from, "1\n");
    }
    assert_eq!(files.rename(b"%41", b"b"), Err(Errno::NOENT));
}

fn the_value_of_the_old_name_is_not_put_under_a_new_one(files: &dyn FileSystem, _: &Store) {
    save(files, b"a", "1\n");
    files.unlink(b"a").unwrap();
    let file = files.open(b"a", SAVE).unwrap();
    files.rename(b"a", b"b").unwrap();
    file.write_at(0, b"{\"no\":").unwrap();
    assert_eq!(file.close(), Err(Errno::INVAL));
    wait_for_close(|| files.list(b".").unwrap().is_empty());
    assert_listed(files, &[]);
}

/// "Else `close`/`fsync` fail with EINVAL", also when the file was opened under another name.
fn a_renamed_scratch_file_is_refused_like_a_key(files: &dyn FileSystem, _: &Store) {
    save(files, b".scratch", "1\n");
    let file = files.open(b".scratch", READ_WRITE).unwrap();
    files.rename(b".scratch", b"key").unwrap();
    file.truncate(0).unwrap();
    file.write_at(0, b"{").unwrap();
    assert_eq!(file.close(), Err(Errno::INVAL));
    assert_text(files, b"key", "1\n");
}
