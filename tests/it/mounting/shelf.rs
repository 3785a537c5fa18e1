//! What a mount keeps outside the store, and what becomes of it when the daemon dies.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::place::{Place, finish};
use crate::mounted::Mounted;
use crate::python::Python;

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Fills a mount with one of everything that is not in the store.
fn fill(root: &Path) {
    fs::write(root.join("key"), "1").unwrap();
    fs::write(root.join(".scratch"), b"\0no JSON").unwrap();
    fs::set_permissions(root.join(".scratch"), PermissionsExt::from_mode(0o700)).unwrap();
    let file = fs::File::options().write(true).open(root.join(".scratch")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::new(1_500_000_000, 7000)).unwrap();
    fs::write(root.join("#gone#"), "x").unwrap();
    fs::remove_file(root.join("#gone#")).unwrap();
    symlink("user@host.1:2", root.join(".#key")).unwrap();
    let mut file = fs::File::create(root.join("key")).unwrap();
    assert_eq!(file.write_all(b"{no").unwrap_err().raw_os_error(), Some(libc::EINVAL));
}

#[track_caller]
fn assert_filled(root: &Path) {
    assert_eq!(names(root), [".#key", ".scratch", "key"]);
    assert_eq!(fs::read_to_string(root.join("key")).unwrap(), "1\n");
    assert_eq!(fs::read(root.join(".scratch")).unwrap(), b"\0no JSON");
    let about = fs::metadata(root.join(".scratch")).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o700);
    assert_eq!(about.modified().unwrap(), UNIX_EPOCH + Duration::new(1_500_000_000, 7000));
    assert_eq!(fs::read_link(root.join(".#key")).unwrap(), Path::new("user@host.1:2"));
    let is_link = |entry: fs::DirEntry| entry.file_name() == ".#key" && entry.file_type().unwrap().is_symlink();
    assert!(fs::read_dir(root).unwrap().any(|entry| is_link(entry.unwrap())), "not listed as a link");
    assert_eq!(names(&root.join(".keyfs/rejected")), ["key"]);
    assert_eq!(fs::read_to_string(root.join(".keyfs/rejected/key")).unwrap(), "{no");
    let reason = fs::read_to_string(root.join(".keyfs/rejected/key.error")).unwrap();
    assert!(reason.contains("line 1"), "{reason:?}");
    let last = fs::read_to_string(root.join(".keyfs/last-error")).unwrap();
    assert!(
        last.contains("Z key ") && last.contains(reason.lines().next().unwrap()) && last.ends_with('\n'),
        "{last:?}"
    );
}

/// "Scratch files [...] survive a crash of the mount, and never reach `d/`." "They are seen in this mount only and
/// never reach the store, but they are files on disk [...] and so are the refused texts: they survive the daemon. A
/// clean unmount leaves them there and the next mount of the store with the same identifier shows them again, with
/// their bytes, mode and time. Of a mount that crashed they are found likewise." "`last-error`: the last refusal in one
/// line: when (UTC), the name, why; empty before the first."
#[test]
fn what_is_not_in_the_store_survives_kill_and_unmount() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    assert_eq!(fs::read_to_string(place.mount_point().join(".keyfs/last-error")).unwrap(), "");
    fill(&place.mount_point());
    assert_filled(&place.mount_point());
    place.kill_daemon();
    place.mount(&[]);
    assert_filled(&place.mount_point());
    place.umount();
    place.expect_no_daemon();
    let mut python = Python::start(&place.store_path(), Some("python"));
    assert_eq!(python.keys().len(), 1, "the original sees what is not in the store");
    python.put("python", "2");
    drop(python);
    place.mount(&[]);
    fs::remove_file(place.mount_point().join("python")).unwrap();
    assert_filled(&place.mount_point());
    // What was taken away stays away.
    for name in [".#key", ".scratch", ".keyfs/rejected/key", "key"] {
        fs::remove_file(place.mount_point().join(name)).unwrap();
    }
    place.umount();
    place.expect_no_daemon();
    assert_eq!(names(&place.store_path()), ["d", "t.python"], "nothing is left of an empty shelf");
}

/// "and shows no scratch files."
#[test]
fn a_mount_for_reading_shows_and_touches_nothing_of_it() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    fill(&place.mount_point());
    place.kill_daemon();
    let before = super::listing(&place.store_path());
    place.mount(&["-r"]);
    assert_eq!(names(&place.mount_point()), ["key"]);
    place.umount();
    place.expect_no_daemon();
    assert_eq!(super::listing(&place.store_path()), before);
}

/// Two mounts of one store with one identifier do not share; when both have crashed the next one has it all. "They are
/// seen in this mount only." "when several mounts have left a file of one name, the others are called
/// `.NAME.recovered`."
#[test]
fn two_mounts_at_once_keep_their_files_apart() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    {
        let Some(mut other) = Mounted::of(Some(&place.store_path()), &[]) else { return };
        for (root, bytes) in [(place.mount_point(), "one"), (other.path(), "two")] {
            fs::write(root.join(".same"), bytes).unwrap();
            fs::write(root.join(format!(".{bytes}")), bytes).unwrap();
        }
        assert_eq!(names(&other.path()), [".same", ".two"]);
        other.signal(rustix::process::Signal::KILL);
        other.wait();
    }
    place.kill_daemon();
    place.mount(&[]);
    let root = place.mount_point();
    assert_eq!(names(&root), [".one", ".same", ".same.recovered", ".two"]);
    assert_eq!(fs::read_to_string(root.join(".same")).unwrap(), "one");
    assert_eq!(fs::read_to_string(root.join(".same.recovered")).unwrap(), "two");
    place.umount();
}

#[test]
fn what_somebody_has_planted_is_left_alone() {
    let Some(place) = Place::new() else { return };
    place.mount(&[]);
    fs::write(place.mount_point().join(".mine"), "mine").unwrap();
    place.umount();
    place.expect_no_daemon();
    let shelf = fs::read_dir(place.store_path()).unwrap().map(|entry| entry.unwrap().path());
    let shelf = shelf.into_iter().find(|path| path.to_str().unwrap().contains("keyfs.")).unwrap();
    let planted = shelf.join("0/scratch/.fifo");
    nix::unistd::mkfifo(&planted, nix::sys::stat::Mode::S_IRWXU).unwrap();
    place.mount(&[]);
    assert_eq!(names(&place.mount_point()), [".mine"]);
    // A name that is taken on the disk.
    assert!(fs::write(place.mount_point().join(".fifo"), "x").is_err());
    place.umount();
    assert!(fs::symlink_metadata(&planted).unwrap().file_type().is_fifo());
}

/// The longest writer identifier leaves no room for the whole name.
#[test]
fn every_identifier_has_a_shelf() {
    let Some(place) = Place::new() else { return };
    let identifier = "i".repeat(250);
    place.mount(&["-i", &identifier]);
    fs::write(place.mount_point().join(".scratch"), "x").unwrap();
    place.kill_daemon();
    place.mount(&["-i", &identifier]);
    assert_eq!(names(&place.mount_point()), [".scratch"]);
    place.umount();
}

/// A write waits for nobody's: many at once to one file, and to others, all arrive.
#[test]
fn many_append_to_one_scratch_file_and_nothing_is_lost() {
    let Some(mounted) = Mounted::new() else { return };
    let path = mounted.path().join(".log");
    fs::write(&path, "").unwrap();
    let script = "for i in $(seq 100); do echo line >> \"$1\"; done";
    let run = || finish(std::process::Command::new("sh").args(["-c", script, "sh"]).arg(&path)).status.success();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        assert!(writers.into_iter().all(|writer| writer.join().unwrap()));
    });
    assert_eq!(fs::read_to_string(&path).unwrap(), "line\n".repeat(400));
}
