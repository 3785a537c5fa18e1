//! `keyfs umount`.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::place::{Place, finish};
use crate::mounted::{Mounted, is_mounted};

/// A process that has its working directory in a mount.
struct User(Child);

impl User {
    fn of(place: &Place) -> User {
        let user = User(Command::new("sleep").arg("60").current_dir(place.mount_point()).spawn().unwrap());
        // Until it has become its program, it has the name of this one.
        let comm = format!("/proc/{}/comm", user.0.id());
        let began = Instant::now();
        while fs::read_to_string(&comm).unwrap().trim() != "sleep" {
            assert!(began.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(2));
        }
        user
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// "Names who holds it when busy."
#[test]
fn a_busy_mount_stays_and_the_message_names_who_uses_it() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    let user = User::of(&place);
    let output = finish(place.keyfs().arg("umount").arg(place.mount_point()));
    assert_eq!(output.status.code(), Some(32), "{}", output.stderr);
    let named = format!("sleep ({})", user.0.id());
    assert!(output.stderr.contains("busy") && output.stderr.contains(&named), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    assert!(is_mounted(&place.mount_point()));
    drop(user);
    place.umount();
    place.expect_no_daemon();
}

/// "`-z` lazily."
#[test]
fn a_busy_mount_is_taken_away_lazily() {
    let Some(place) = Place::new() else { return };
    for option in ["-z", "--lazy"] {
        place.mount(&[]);
        let user = User::of(&place);
        let output = finish(place.keyfs().args(["umount", option]).arg(place.mount_point()));
        assert!(output.status.success(), "{}", output.stderr);
        assert!(!is_mounted(&place.mount_point()));
        drop(user);
        place.expect_no_daemon();
    }
}

#[test]
fn what_is_not_mounted_cannot_be_unmounted() {
    let Some(place) = Place::new() else { return };
    for (path, why) in [
        (place.mount_point(), "no keyfs is mounted here"),
        (place.path().join("missing"), "missing"),
        ("/proc".into(), "no keyfs is mounted here"),
    ] {
        for option in [None, Some("-z")] {
            let output = finish(place.keyfs().arg("umount").args(option).arg(&path));
            assert_eq!(output.status.code(), Some(32), "{}", output.stderr);
            assert!(output.stderr.starts_with("keyfs: umount ") && output.stderr.contains(why), "{}", output.stderr);
        }
    }
}

#[test]
fn a_mount_whose_daemon_was_killed_can_be_unmounted() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    place.kill_daemon();
    place.umount();
    assert_eq!(fs::read_dir(place.mount_point()).unwrap().count(), 0);
}

/// A daemon ends by itself, whoever unmounts. "and `umount` end the daemon with status 0."
#[test]
fn unmounting_by_other_means_ends_the_daemon_with_status_0() {
    let Some(mut mounted) = Mounted::new() else { return };
    fs::write(mounted.path().join("key"), "1").unwrap();
    let began = Instant::now();
    let unmount = || Command::new("fusermount3").arg("-u").arg(mounted.path()).stderr(Stdio::null()).status().unwrap();
    while !unmount().success() {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    let status = mounted.wait();
    assert!(status.success(), "{status}: {}", mounted.said());
}
