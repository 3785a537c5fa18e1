//! A directory of records that something else takes the place of under a mount.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::displaced::{assert_back, assert_gone, delete, three_keys};

type Plant = fn(path: &Path, outside: &Path);

const PLANTS: [(&str, Plant); 6] = [
    ("a link to records elsewhere", |path, outside| symlink(outside.join("d"), path).unwrap()),
    ("a link to itself", |path, _| symlink(path, path).unwrap()),
    ("a dangling link", |path, _| symlink("/nowhere", path).unwrap()),
    ("a file", |path, _| fs::write(path, "x").unwrap()),
    ("a FIFO", |path, _| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap()),
    ("an empty directory", |path, _| fs::create_dir(path).unwrap()),
];

fn remove(path: &Path) {
    if fs::symlink_metadata(path).unwrap().is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }.unwrap();
}

/// In the place of the directory of records, or of the store itself.
#[test]
fn what_takes_the_place_of_the_records_is_an_error_until_they_are_back() {
    let Some((place, mounted)) = three_keys() else { return };
    let away = place.path().join("away");
    for path in [place.d(), place.store()] {
        for (what, plant) in PLANTS {
            let what = format!("{what} in place of {}", path.display());
            fs::rename(&path, &away).unwrap();
            plant(&path, place.outside.path());
            assert_gone(&what, &mounted);
            remove(&path);
            fs::rename(&away, &path).unwrap();
            assert_back(&what, &place, &mounted);
        }
    }
}

/// A backup is another directory with the same records.
#[test]
fn records_that_were_deleted_and_are_restored_are_served() {
    let Some((place, mounted)) = three_keys() else { return };
    for round in 0..3 {
        let backup = place.path().join(format!("backup {round}"));
        fs::create_dir(&backup).unwrap();
        for entry in fs::read_dir(place.d()).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), backup.join(entry.file_name())).unwrap();
        }
        delete(&place.d());
        assert_gone("deleted", &mounted);
        fs::create_dir(place.d()).unwrap();
        assert_gone("empty", &mounted);
        fs::remove_dir(place.d()).unwrap();
        fs::rename(&backup, place.d()).unwrap();
        assert_back("restored", &place, &mounted);
    }
}
