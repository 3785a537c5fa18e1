//! A mount by an ordinary user, through fusermount3. Only root can become one.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entering::is_root;
use super::place::{NOBODY, Place, as_nobody, finish};
use crate::mounted::Mounted;

/// A place, as long as an ordinary user may open the device, which not every system lets all of them.
struct Allowed(Place, #[allow(dead_code)] MutexGuard<'static, ()>);

/// Held by the test that lets him.
static DEVICE: Mutex<()> = Mutex::new(());

fn set_acl(arguments: [&str; 2]) {
    let output = finish(Command::new("setfacl").args(arguments).arg("/dev/fuse"));
    assert!(output.status.success(), "setfacl: {}", output.stderr);
}

impl Allowed {
    fn new() -> Option<Allowed> {
        if !is_root() {
            return None;
        }
        let place = Place::new()?;
        let guard = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
        set_acl(["-m", &format!("u:{NOBODY}:rw")]);
        Some(Allowed(place, guard))
    }
}

impl Drop for Allowed {
    fn drop(&mut self) {
        set_acl(["-x", &format!("u:{NOBODY}")]);
    }
}

impl Deref for Allowed {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

/// Mounts as a user who owns nothing else, with further arguments; says what the command has said.
fn mount(place: &Place, arguments: &[&str]) -> super::place::Output {
    let mut command = place.keyfs_of_nobody();
    command.arg("mount").args(arguments).arg(place.store_path()).arg(place.mount_point());
    finish(&mut command)
}

#[track_caller]
fn succeeds(output: &super::place::Output) {
    assert!(output.status.success(), "{}: {}", output.status, output.stderr);
}

#[test]
fn an_ordinary_user_mounts_saves_and_unmounts() {
    let Some(place) = Allowed::new() else { return };
    succeeds(&mount(&place, &[]));
    let key = place.mount_point().join("key");
    let shell = |script: &str| finish(as_nobody("sh").args(["-c", script, "sh"]).arg(&key));
    succeeds(&shell("echo '[1]' > \"$1\" && cat \"$1\""));
    let seen = shell("cat \"$1\"");
    assert_eq!(seen.stdout, "[\n  1\n]\n");
    assert_eq!(fs::read(&key).unwrap_err().raw_os_error(), Some(libc::EACCES), "root is somebody else");
    for entry in fs::read_dir(place.store_path().join("d")).unwrap() {
        let found = entry.unwrap().metadata().unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (NOBODY, NOBODY, 0o644));
    }
    succeeds(&finish(place.keyfs_of_nobody().arg("umount").arg(place.mount_point())));
    place.expect_no_daemon();
}

#[test]
fn a_dead_mount_of_an_ordinary_user_is_healed_by_mounting_again() {
    let Some(place) = Allowed::new() else { return };
    succeeds(&mount(&place, &[]));
    place.kill_daemon();
    succeeds(&mount(&place, &[]));
    let listed = finish(as_nobody("ls").arg(place.mount_point()));
    assert_eq!((listed.status.success(), listed.stdout.as_str()), (true, ""), "{}", listed.stderr);
    succeeds(&finish(place.keyfs_of_nobody().arg("umount").arg(place.mount_point())));
    place.expect_no_daemon();
}

/// "Root is warned when he mounts a store that others may write to."
#[test]
fn root_is_warned_of_a_store_that_others_may_write_to() {
    if !is_root() {
        return;
    }
    for (mode, is_warned) in [(0o755, false), (0o777, true), (0o775, true)] {
        let store = tempfile::tempdir().unwrap();
        fs::set_permissions(store.path(), PermissionsExt::from_mode(mode)).unwrap();
        let Some(mounted) = Mounted::of(Some(store.path()), &[]) else { return };
        assert_eq!(mounted.said().contains("root serves what others may write"), is_warned, "{}", mounted.said());
    }
}

/// "An ordinary user may give `-o allow_other` only when `/etc/fuse.conf` has the line `user_allow_other`; otherwise the mount
/// fails with status 32 and says so."
#[test]
fn what_is_missing_to_let_others_in_is_said() {
    let Some(place) = Allowed::new() else { return };
    let allowed =
        fs::read_to_string("/etc/fuse.conf").is_ok_and(|text| text.lines().any(|line| line == "user_allow_other"));
    let output = mount(&place, &["-o", "allow_other"]);
    if allowed {
        succeeds(&output);
        succeeds(&finish(place.keyfs_of_nobody().arg("umount").arg(place.mount_point())));
        return;
    }
    assert_eq!(output.status.code(), Some(32));
    let why =
        "allow_other: only root may; others when /etc/fuse.conf has this line, which root can add: user_allow_other";
    assert_eq!(output.stderr, format!("keyfs: mount {}: {why}\n", place.mount_point().display()));
}
