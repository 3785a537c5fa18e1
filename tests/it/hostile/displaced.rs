//! A store that goes away under a mount, and comes back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::plants::Place;
use crate::behaviour::{close, foreign_store};
use crate::mounted::{Mounted, save};

/// How long it may take until a mount has found out, and until it works again, on a machine that does other things too.
const SOON: Duration = Duration::from_secs(10);

/// Something that lies over a directory, as long as this lives.
pub(super) struct Over(PathBuf);

impl Over {
    /// None where only root could do it.
    pub(super) fn new(path: &Path) -> Option<Over> {
        if !rustix::process::geteuid().is_root() {
            let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can mount over a store: {}", module_path!());
            return None;
        }
        mount("none", path, "tmpfs", MountFlags::empty(), None).unwrap();
        Some(Over(path.to_owned()))
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

fn names(root: &Path) -> std::io::Result<Vec<String>> {
    let entries = fs::read_dir(root)?;
    let mut names: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    Ok(names)
}

/// A store with three keys, mounted.
pub(super) fn three_keys() -> Option<(Place, Mounted)> {
    let place = Place::new();
    let others = foreign_store(&place.store());
    for key in ["a", "b", "c"] {
        others.put(key, serde_json::json!(1)).unwrap();
    }
    drop(others);
    let mounted = Mounted::of(Some(&place.store()), &["-i", "me"])?;
    assert_eq!(names(&mounted.path()).unwrap(), ["a", "b", "c"]);
    Some((place, mounted))
}

/// From some moment on the mount says that the store is gone, and says neither that a key is nor that there is none.
#[track_caller]
pub(super) fn assert_gone(what: &str, mounted: &Mounted) {
    let root = mounted.path();
    let began = Instant::now();
    loop {
        match names(&root) {
            Ok(listed) => assert_eq!(listed, ["a", "b", "c"], "{what}: taken for removed"),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::ESTALE), "{what}");
                break;
            }
        }
        assert!(began.elapsed() < SOON, "{what}: not found out");
        std::thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..3 {
        assert_eq!(names(&root).unwrap_err().raw_os_error(), Some(libc::ESTALE), "{what}");
        for name in ["a", "new"] {
            let error = fs::read(root.join(name)).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ESTALE), "{what}: {name}");
            assert_eq!(save(&root.join(name), "2"), Err(Errno::STALE), "{what}: {name}");
        }
        assert!(fs::remove_file(root.join("b")).is_err(), "{what}");
    }
    let status = fs::read_to_string(root.join(".keyfs/status")).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert!(status["store"]["lastSynchronisation"]["error"].is_string(), "{what}: {status:#}");
}

/// Deletes a directory with all that is in it, although a mount may publish a value again whose newer record has gone.
#[track_caller]
pub(super) fn delete(directory: &Path) {
    while let Err(error) = fs::remove_dir_all(directory) {
        assert_eq!(error.kind(), std::io::ErrorKind::DirectoryNotEmpty, "{error}");
    }
}

/// From some moment on all works again.
#[track_caller]
pub(super) fn assert_back(what: &str, place: &Place, mounted: &Mounted) {
    let root = mounted.path();
    let began = Instant::now();
    while names(&root).is_err() {
        assert!(began.elapsed() < SOON, "{what}: it does not recover");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(names(&root).unwrap(), ["a", "b", "c"], "{what}");
    let others = foreign_store(&place.store());
    for value in 2..5 {
        others.put("a", serde_json::json!(value)).unwrap();
        assert_eq!(fs::read_to_string(root.join("a")).unwrap(), format!("{value}\n"), "{what}");
        save(&root.join("b"), &value.to_string()).unwrap();
        others.synchronize().unwrap();
        assert_eq!(others.get("b").unwrap().unwrap().text(), value.to_string(), "{what}");
    }
    place.outside.assert_untouched();
}

/// "Any operation that does so fails with the error of the store when that is impossible, `ESTALE` when the store's
/// directory is gone."
#[test]
fn a_store_that_is_moved_away_is_an_error_until_it_is_back() {
    let Some((place, mounted)) = three_keys() else { return };
    let away = place.path().join("away");
    for what in ["d", "", "d", ""] {
        let path = place.store().join(what);
        let mut draft = fs::File::create(mounted.path().join("c")).unwrap();
        fs::rename(&path, &away).unwrap();
        assert_gone(&format!("moved: {what:?}"), &mounted);
        draft.write_all(b"2").unwrap();
        assert_eq!(close(draft.into()), Err(Errno::STALE), "saved where nobody sees it: {what:?}");
        fs::rename(&away, &path).unwrap();
        assert_back(&format!("moved: {what:?}"), &place, &mounted);
    }
}

/// "`synchronize`: that something was mounted over (seen after a second at the latest) [...] is an error, never an empty
/// store, until it is back"
#[test]
fn a_store_that_something_lies_over_is_an_error_until_it_is_gone() {
    let Some((place, mounted)) = three_keys() else { return };
    for (what, with_records) in [("d", false), ("", false), ("", true), ("d", true)] {
        let path = place.store().join(what);
        let Some(over) = Over::new(&path) else { return };
        if with_records && what.is_empty() {
            fs::create_dir(path.join("d")).unwrap();
        }
        assert_gone(&format!("mounted over {what:?}"), &mounted);
        drop(over);
        assert_back(&format!("mounted over {what:?}"), &place, &mounted);
    }
}

#[test]
fn a_store_that_is_deleted_is_an_error() {
    let Some((place, mounted)) = three_keys() else { return };
    delete(&place.store());
    assert_gone("deleted", &mounted);
    // Another one in its place is not this one.
    fs::create_dir_all(place.d()).unwrap();
    assert_gone("made anew", &mounted);
}
