//! Parts of texts: overwriting, appending, cutting, lengthening.

use keyfs::Store;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::file_system::{FileSystem, READ_WRITE, WRITE, assert_listed, assert_text, save, whole};

super::as_on_a_plain_directory! {
    bytes_in_the_middle_are_overwritten
    bytes_at_the_end_are_added
    a_text_cut_short_is_written_anew
    a_text_written_first_is_cut_to_its_size_last
    a_text_made_longer_is_filled_with_nul_and_written_over
    a_text_written_beyond_its_end_is_filled_with_nul
    appending_goes_to_the_end_whatever_was_written_before
    two_who_append_to_one_file_each_add_to_the_end
    cutting_by_name_to_the_same_size_changes_nothing
    cutting_a_missing_file_fails
}

super::unlike_a_plain_directory! {
    cutting_by_name_to_a_value_puts_it
    cutting_by_name_to_no_value_is_refused
    cutting_by_name_to_nothing_keeps_the_value
}

fn bytes_in_the_middle_are_overwritten(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        save(files, b"key", "[\n  1,\n  2\n]\n");
        let file = files.open(b"key", flags).unwrap();
        assert_eq!(file.write_at(4, b"7"), Ok(1));
        file.close().unwrap();
        assert_text(files, b"key", "[\n  7,\n  2\n]\n");
    }
}

fn bytes_at_the_end_are_added(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        save(files, b"key", "[\n  1\n]\n");
        let file = files.open(b"key", flags).unwrap();
        file.write_at(5, b",\n  2\n]\n").unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "[\n  1,\n  2\n]\n");
    }
}

/// "truncate with a handle: cuts the draft."
fn a_text_cut_short_is_written_anew(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE, WRITE | OFlags::CREATE] {
        save(files, b"key", "\"a long text\"\n");
        let file = files.open(b"key", flags).unwrap();
        file.truncate(3).unwrap();
        assert_eq!(file.stat().unwrap().size, 3, "{flags:?}");
        file.truncate(0).unwrap();
        file.write_at(0, b"1\n").unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "1\n");
    }
}

fn a_text_written_first_is_cut_to_its_size_last(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        save(files, b"key", "\"a long text\"\n");
        let file = files.open(b"key", flags).unwrap();
        file.write_at(0, b"42\n").unwrap();
        file.truncate(3).unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "42\n");
    }
}

/// "truncate with a handle: cuts the draft, or fills it with NUL."
fn a_text_made_longer_is_filled_with_nul_and_written_over(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.truncate(6).unwrap();
    assert_eq!(file.stat().unwrap().size, 6);
    assert_eq!(whole(&*file), b"1\n\0\0\0\0");
    file.write_at(1, b"2345\n").unwrap();
    file.close().unwrap();
    assert_text(files, b"key", "12345\n");
}

/// "write: a gap is filled with NUL."
fn a_text_written_beyond_its_end_is_filled_with_nul(files: &dyn FileSystem) {
    save(files, b"key", "1\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    file.write_at(5, b"\n").unwrap();
    assert_eq!(whole(&*file), b"1\n\0\0\0\n");
    file.write_at(1, b"2345").unwrap();
    file.close().unwrap();
    assert_text(files, b"key", "12345\n");
}

/// "write: `O_APPEND` at its end."
fn appending_goes_to_the_end_whatever_was_written_before(files: &dyn FileSystem) {
    for flags in [WRITE, READ_WRITE] {
        save(files, b"key", "[\n  1\n]\n");
        let file = files.open(b"key", flags | OFlags::APPEND).unwrap();
        file.truncate(5).unwrap();
        file.write_at(0, b",\n  2").unwrap();
        file.write_at(0, b"\n]\n").unwrap();
        file.close().unwrap();
        assert_text(files, b"key", "[\n  1,\n  2\n]\n");
    }
}

fn two_who_append_to_one_file_each_add_to_the_end(files: &dyn FileSystem) {
    save(files, b".log", "");
    let flags = WRITE | OFlags::APPEND;
    let (first, second) = (files.open(b".log", flags).unwrap(), files.open(b".log", flags).unwrap());
    first.write_at(0, b"one ").unwrap();
    second.write_at(0, b"two ").unwrap();
    first.write_at(0, b"three").unwrap();
    first.close().unwrap();
    second.close().unwrap();
    assert_text(files, b".log", "one two three");
}

fn cutting_by_name_to_the_same_size_changes_nothing(files: &dyn FileSystem) {
    save(files, b"key", "123\n");
    files.truncate(b"key", 4).unwrap();
    assert_text(files, b"key", "123\n");
}

fn cutting_a_missing_file_fails(files: &dyn FileSystem) {
    assert_eq!(files.truncate(b"key", 0), Err(Errno::NOENT));
    assert_listed(files, &[]);
}

/// "`O_APPEND`, partial overwrite, truncate [...] work." "truncate by name: the cut text must be a value, which is then
/// put."
fn cutting_by_name_to_a_value_puts_it(files: &dyn FileSystem, store: &Store) {
    save(files, b"key", "12345\n");
    files.truncate(b"key", 2).unwrap();
    assert_text(files, b"key", "12\n");
    store.synchronize().unwrap();
    assert_eq!(store.get("key").unwrap().unwrap().to_string(), "12");
}

/// "Text that is not JSON never replaces a value." "truncate by name: `EINVAL`; `EFBIG` beyond 256 MiB."
fn cutting_by_name_to_no_value_is_refused(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "\"text\"\n");
    assert_eq!(files.truncate(b"key", 3), Err(Errno::INVAL));
    assert_eq!(files.truncate(b"key", 100), Err(Errno::INVAL));
    assert_text(files, b"key", "\"text\"\n");
    assert_eq!(files.truncate(b"key", 1 << 40), Err(Errno::FBIG));
    assert_text(files, b"key", "\"text\"\n");
}

/// "A blank text changes nothing." "truncate by name: blank changes nothing."
fn cutting_by_name_to_nothing_keeps_the_value(files: &dyn FileSystem, _: &Store) {
    save(files, b"key", "1\n");
    files.truncate(b"key", 0).unwrap();
    assert_text(files, b"key", "1\n");
    let file = files.open(b"key", READ_WRITE).unwrap();
    assert_eq!(whole(&*file), b"1\n");
}
