//! A store on a file system of which keyfs does not know that it tells of each change: as on a network.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use tempfile::TempDir;

use super::finish;
use crate::behaviour::foreign_store;
use crate::mounted::{Mounted, keyfs, unmount_lazily};

/// A directory on such a file system, as long as this lives.
struct Overlay(TempDir);

impl Overlay {
    /// None where only root could make it.
    fn new() -> Option<Overlay> {
        if !rustix::process::geteuid().is_root() {
            let _ = writeln!(std::io::stderr(), "!!! NOT RUN, only root can mount an overlay: {}", module_path!());
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (upper, merged) = (path.join("upper"), path.join("merged"));
        fs::create_dir(&upper).unwrap();
        fs::create_dir(&merged).unwrap();
        // An overlay does not lie on every file system.
        mount("none", &upper, "tmpfs", MountFlags::empty(), None).unwrap();
        for name in ["lower", "changes", "work"] {
            fs::create_dir(upper.join(name)).unwrap();
        }
        let overlay = Overlay(directory);
        let option = |name: &str, place: &str| format!("{name}={}", upper.join(place).display());
        let options = [option("lowerdir", "lower"), option("upperdir", "changes"), option("workdir", "work")].join(",");
        let options = std::ffi::CString::new(options).unwrap();
        mount("overlay", &merged, "overlay", MountFlags::empty(), Some(&*options)).unwrap();
        Some(overlay)
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("merged")
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        unmount_lazily(&self.path());
        unmount_lazily(&self.0.path().join("upper"));
    }
}

/// "On network and unknown file systems [...] each synchronisation lists. [...] `keyfs mount --sync-interval SECONDS` and `-o
/// sync_interval=SECONDS` have it list at most as often as they say"
#[test]
fn a_mount_looks_at_such_a_store_as_often_as_was_asked() {
    let Some(overlay) = Overlay::new() else { return };
    let store = overlay.path().join("store");
    fs::create_dir(&store).unwrap();
    let other = foreign_store(&store);
    let asked: [&[&str]; 3] = [&[], &["--sync-interval", "1000"], &["-o", "sync_interval=1000"]];
    for (at, arguments) in asked.iter().enumerate() {
        let Some(mounted) = Mounted::of(Some(&store), arguments) else { return };
        let (key, text) = (format!("key {at}"), mounted.path().join(format!("key {at}")));
        assert!(!text.exists());
        other.put(key.as_str(), serde_json::json!(7)).unwrap();
        // Longer than a mount waits before it looks by itself.
        let wait = if arguments.is_empty() { 0 } else { 1_500 };
        std::thread::sleep(Duration::from_millis(wait));
        assert_eq!(fs::read_to_string(&text).ok().as_deref(), arguments.is_empty().then_some("7\n"), "{arguments:?}");
        fs::write(mounted.path().join("own"), format!("{at}\n")).unwrap();
        assert_eq!(fs::read_to_string(mounted.path().join("own")).unwrap(), format!("{at}\n"));
    }
}

#[test]
fn an_interval_that_is_none_is_refused() {
    let output = finish(keyfs().args(["mount", "--sync-interval", "often", "/", "/"]));
    assert!(
        output.stderr.contains("sync_interval=often: sync_interval takes a number of seconds"),
        "{}",
        output.stderr
    );
    assert!(!Path::new("/d").exists());
}
