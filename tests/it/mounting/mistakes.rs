//! Each mistake has its own message, and leaves nothing mounted.

use std::ffi::OsStr;
use std::fs;

use super::place::{Place, finish};
use crate::mounted::is_mounted;

/// Runs `keyfs mount` in both ways, and asserts the status and that the one line says why.
#[track_caller]
fn assert_refused(place: &Place, arguments: &[&OsStr], status: i32, why: &str) {
    for foreground in [false, true] {
        let mut command = place.keyfs();
        command.arg("mount").args(foreground.then_some("-f")).args(arguments);
        let output = finish(&mut command);
        assert_eq!(output.status.code(), Some(status), "{why}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{why}");
        let lines: Vec<&str> = output.stderr.lines().collect();
        assert!(matches!(lines[..], [line] if line.starts_with("keyfs: mount ") && line.contains(why)), "{lines:?}");
    }
}

/// "Exit status: 32 mount failed." "The mount point must be an existing, empty directory (`-o nonempty` to hide what is
/// in it)."
#[test]
fn a_mount_point_that_cannot_be_is_refused() {
    let Some(place) = Place::new() else { return };
    let store = place.store_path();
    let missing = place.path().join("missing");
    assert_refused(&place, &[store.as_ref(), missing.as_ref()], 32, "missing: the mount point does not exist");
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert_refused(&place, &[store.as_ref(), file.as_ref()], 32, "file: the mount point is not a directory");
    fs::write(place.mount_point().join("hidden"), "").unwrap();
    let mount_point = place.mount_point();
    assert_refused(&place, &[store.as_ref(), mount_point.as_ref()], 32, "mount: the mount point is not empty");
    assert!(!is_mounted(&mount_point));
    place.mount(&["-o", "nonempty"]);
    place.umount();
}

#[test]
fn a_store_that_cannot_be_is_refused() {
    let Some(place) = Place::new() else { return };
    let mount_point = place.mount_point();
    let missing = place.path().join("missing");
    assert_refused(&place, &[missing.as_ref(), mount_point.as_ref()], 32, "missing");
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert_refused(&place, &[file.as_ref(), mount_point.as_ref()], 32, "file");
    assert!(!is_mounted(&mount_point));
}

/// "neither may lie inside the other."
#[test]
fn store_and_mount_point_may_not_lie_in_one_another() {
    let Some(place) = Place::new() else { return };
    let (store, around) = (place.store_path(), place.path());
    let nonempty = OsStr::new("-ononempty");
    assert_refused(&place, &[nonempty, store.as_ref(), around.as_ref()], 32, "the store lies inside the mount point");
    assert_refused(&place, &[nonempty, store.as_ref(), store.as_ref()], 32, "lies inside the");
    let inside = store.join("inside");
    fs::create_dir(&inside).unwrap();
    assert_refused(&place, &[store.as_ref(), inside.as_ref()], 32, "the mount point lies inside the store");
    // Through a link, too.
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&inside, &link).unwrap();
    assert_refused(&place, &[store.as_ref(), link.as_ref()], 32, "the mount point lies inside the store");
}

#[test]
fn a_store_is_not_mounted_twice_on_one_place() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    let (store, mount_point) = (place.store_path(), place.mount_point());
    assert_refused(&place, &[store.as_ref(), mount_point.as_ref()], 32, "is mounted here already");
    assert!(is_mounted(&mount_point));
    place.umount();
    assert!(!is_mounted(&mount_point));
}

/// "2 usage". "`mount` refuses any other."
#[test]
fn an_option_that_is_none_is_a_mistake_of_usage() {
    let Some(place) = Place::new() else { return };
    let (store, mount_point) = (place.store_path(), place.mount_point());
    for (option, why) in [
        ("-ospeed=9", "speed: no such mount option"),
        ("-oro,Speed", "Speed: no such mount option"),
        ("-oumask=9", "umask takes an octal number"),
        ("-ouid=me", "uid takes a number"),
        ("-osuffix=json", "suffix takes a dot and 1 to 31 bytes more"),
        ("-osuffix=.json~", "suffix takes a dot and 1 to 31 bytes more"),
    ] {
        assert_refused(&place, &[option.as_ref(), store.as_ref(), mount_point.as_ref()], 2, why);
    }
    assert!(!is_mounted(&mount_point));
    // What belongs in an fstab line means nothing here.
    place.mount(&["-o", "_netdev,nofail,x-systemd.automount", "-o", "noatime"]);
    place.umount();
}
