//! What a mount has put off when it ends.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use super::place::{Place, finish};
use crate::mounted::{Mounted, is_mounted, keyfs};

/// Renames a key away, and makes a file that looks temporary.
fn put_off(place: &Place) {
    let root = place.mount_point();
    fs::write(root.join("key"), "1").unwrap();
    fs::rename(root.join("key"), root.join("key~")).unwrap();
    fs::write(root.join("new.tmp"), "2").unwrap();
}

fn live(place: &Place) -> Vec<String> {
    place.store().keys().iter().map(ToString::to_string).collect()
}

/// "Unmounting and `fsync` of the directory remove what waits." "Unmounting publishes what is closed."
#[test]
fn unmounting_does_what_waits() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    put_off(&place);
    place.umount();
    place.expect_no_daemon();
    assert_eq!(live(&place), ["new.tmp"]);
}

/// "after a crash of the daemon the key is still there." "after a crash the next mount with the same identifier does."
#[test]
fn a_crash_costs_no_key() {
    let Some(place) = Place::new() else { return };
    place.mount(&["-i", "me"]);
    put_off(&place);
    place.kill_daemon();
    assert_eq!(live(&place), ["key"]);
    place.mount(&["-i", "somebody-else"]);
    assert_eq!(fs::read_to_string(place.mount_point().join("key")).unwrap(), "1\n");
    place.umount();
    place.expect_no_daemon();
    assert_eq!(live(&place), ["key"]);
    place.mount(&["-i", "me"]);
    let began = Instant::now();
    while live(&place) != ["key", "new.tmp"] {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", live(&place));
        std::thread::sleep(Duration::from_millis(10));
    }
    place.umount();
}

/// "`keyfs umount` and `umount` end the daemon with status 0."
#[test]
fn the_command_ends_the_daemon_with_status_0() {
    let Some(mut mounted) = Mounted::new() else { return };
    fs::write(mounted.path().join("key"), "1").unwrap();
    let began = Instant::now();
    // Other tests start processes, which hold what this one has open until they have become their program.
    while !keyfs().arg("umount").arg(mounted.path()).status().unwrap().success() {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert!(!is_mounted(&mounted.path()));
    let status = mounted.wait();
    assert!(status.success(), "{status}: {}", mounted.said());
}

/// "5: there is no mount, or it does not answer."
#[test]
fn a_mount_that_does_not_answer_is_said() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    place.kill_daemon();
    for command in ["path", "key"] {
        let output = finish(place.keyfs().args([command, "web", "--mount"]).arg(place.mount_point()));
        assert_eq!((output.status.code(), output.stdout.as_str()), (Some(5), ""), "{}", output.stderr);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    }
}

/// "they are files on disk, in `STORE/keyfs.<identifier>/` (`format.md`)."
#[test]
fn scratch_files_are_in_a_directory_of_the_store() {
    let Some(mounted) = Mounted::of(None, &["-i", "me"]) else { return };
    fs::write(mounted.path().join(".scratch"), "x").unwrap();
    let found = mounted.store_path().join("keyfs.me/0/scratch/.scratch");
    assert_eq!(fs::read_to_string(found).unwrap(), "x");
}

/// What makes the shelf `keyfs.me` unusable in a store.
type Spoil = fn(&std::path::Path);

/// "When the directory itself cannot be used [...] it belongs to another user; a link is in its place) the mount says so
/// in its log and keeps all of this in memory."
#[test]
fn a_directory_that_cannot_be_used_is_said_and_done_without() {
    let link: Spoil = |shelf| symlink("/tmp", shelf).unwrap();
    let of_another: Spoil = |shelf| {
        fs::create_dir(shelf).unwrap();
        std::os::unix::fs::chown(shelf, Some(65_534), None).unwrap();
    };
    let is_root = rustix::process::geteuid().is_root();
    for spoil in [Some(link), is_root.then_some(of_another)].into_iter().flatten() {
        let store = tempfile::tempdir().unwrap();
        let shelf = store.path().join("keyfs.me");
        spoil(&shelf);
        let Some(mounted) = Mounted::of(Some(store.path()), &["-i", "me"]) else { return };
        assert!(mounted.said().contains("will go with the mount"), "{}", mounted.said());
        fs::write(mounted.path().join(".scratch"), "x").unwrap();
        assert_eq!(fs::read_to_string(mounted.path().join(".scratch")).unwrap(), "x");
        let refused =
            Command::new("bash").args(["-c", "echo '{no' > key"]).current_dir(mounted.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(fs::read_to_string(mounted.path().join(".keyfs/rejected/key")).unwrap(), "{no\n");
        drop(mounted);
        let kept = fs::read_dir(store.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(kept.filter(|name| name != "d").all(|name| name == "keyfs.me"), "something is left");
    }
}
